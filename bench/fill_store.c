/*
 * How long it takes to fill a SQLite store, to write durably, to open a large one and find a client in it.
 *
 *	fill_store fill PATH CLIENTS       so many clients with two scopes and a secret each, 10,000 per transaction
 *	fill_store rate PATH THREADS SECS  durable client_put per second, one client per call
 *	fill_store read PATH GETS          time of store_open and of the first client_get, then of the others; memory
 *	fill_store drop PATH               time of api_delete, which takes every client's grants with it
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/enc.h"
#include "base/rand.h"
#include "store/store.h"

enum { BATCH = 10000, ID_SIZE = 32, NOW_S = 1700000000 };

#define API_ID "mmr_0000000000000000000000"

static const struct audit_note note = {NOW_S, STR("bench"), STR("client.create"), STR(""), STR("")};

static void check(int rc, const char *what)
{
	if (rc == 0)
		return;
	fprintf(stderr, "%s: %s\n", what, err_row(rc)->symbol);
	exit(1);
}

static double seconds_since(int64_t start_ns) { return (double)(clock_mono_ns() - start_ns) / 1e9; }

struct sample {
	char id[ID_SIZE], secret_id[ID_SIZE];
	struct client_secret secret;
};

static struct str make_id(char *mem, const char *prefix)
{
	unsigned char bytes[17];
	struct buf buf;
	check(rand_public(bytes, sizeof(bytes)), "random");
	buf_init_fixed(&buf, mem, ID_SIZE);
	buf_put(&buf, str_of(prefix));
	enc_base62(&buf, bytes, sizeof(bytes), 22);
	return buf_str(&buf);
}

static struct client make_client(struct sample *sample)
{
	static struct scope_grant grants[] = {{STR(API_ID), STR("read")}, {STR(API_ID), STR("write")}};
	struct client client = {
		.id = make_id(sample->id, "mmc_"),
		.kind = CLIENT_SERVICE,
		.name = STR("nightly export"),
		.default_api = STR(API_ID),
		.epoch = 1,
		.created_s = NOW_S,
		.grants = grants,
		.n_grants = 2,
		.secrets = &sample->secret,
		.n_secrets = 1,
	};
	sample->secret = (struct client_secret){.id = make_id(sample->secret_id, "mmk_"),
						.hint = STR("x7Qa"),
						.label = STR("first"),
						.created_s = NOW_S};
	check(rand_public(sample->secret.sha256, sizeof(sample->secret.sha256)), "random");
	return client;
}

static struct store *open_store(const char *path, bool create)
{
	struct store *store;
	check(store_open(&(struct store_options){STORE_SQLITE, path, create, 4, 2048}, &store), "open");
	return store;
}

static struct store *open_with_api(const char *path)
{
	static struct api_scope scopes[] = {{STR("read"), STR("")}, {STR("write"), STR("")}};
	const struct api api = {.id = STR(API_ID),
				.audience = STR("https://api.example/"),
				.name = STR("Bench"),
				.alg = STR("ES256"),
				.lifetime_s = 3600,
				.created_s = NOW_S,
				.scopes = scopes,
				.n_scopes = 2};
	struct store *store = open_store(path, true);
	int rc = store_api_put(store, &api, &note);
	check(rc == E_EXISTS ? 0 : rc, "api_put");
	return store;
}

static void print_size(const char *path)
{
	struct stat about;
	if (stat(path, &about) == 0)
		printf("file %.1f MiB\n", (double)about.st_size / 1048576);
}

static int fill(const char *path, long clients)
{
	struct store *store = open_with_api(path);
	struct client *batch = calloc(BATCH, sizeof(*batch));
	struct sample *samples = calloc(BATCH, sizeof(*samples));
	int64_t start_ns = clock_mono_ns();
	if (!batch || !samples)
		return 1;
	for (long done = 0; done < clients;) {
		long n = clients - done < BATCH ? clients - done : BATCH;
		for (long i = 0; i < n; i++)
			batch[i] = make_client(&samples[i]);
		check(store_client_put_many(store, batch, (size_t)n, &note), "client_put_many");
		done += n;
	}
	store_close(store);
	printf("%ld clients in %.1f s\n", clients, seconds_since(start_ns));
	print_size(path);
	free(batch);
	free(samples);
	return 0;
}

struct writer {
	struct store *store;
	_Atomic bool *stop;
	long done;
};

static void *write_until_stopped(void *arg)
{
	struct writer *writer = arg;
	while (!atomic_load(writer->stop)) {
		struct sample sample;
		struct client client = make_client(&sample);
		check(store_client_put(writer->store, &client, &note), "client_put");
		writer->done++;
	}
	return NULL;
}

static int rate(const char *path, unsigned threads, double secs)
{
	enum { THREADS_MAX = 64 };
	pthread_t ids[THREADS_MAX];
	struct writer writers[THREADS_MAX];
	_Atomic bool stop = false;
	struct store_stats stats;
	struct store *store = open_with_api(path);
	int64_t start_ns = clock_mono_ns();
	long done = 0;
	if (threads > THREADS_MAX)
		return 1;
	for (unsigned i = 0; i < threads; i++) {
		writers[i] = (struct writer){store, &stop, 0};
		check(pthread_create(&ids[i], NULL, write_until_stopped, &writers[i]) ? E_NOMEM : 0, "thread");
	}
	nanosleep(&(struct timespec){(time_t)secs, 0}, NULL);
	atomic_store(&stop, true);
	for (unsigned i = 0; i < threads; i++) {
		pthread_join(ids[i], NULL);
		done += writers[i].done;
	}
	double took = seconds_since(start_ns);
	store_stats(store, &stats);
	printf("%u threads: %.0f client_put/s, %.1f per commit, %.0f us per commit\n", threads, (double)done / took,
	       (double)stats.writes / (double)stats.commits, (double)stats.commit_us / (double)stats.commits);
	store_close(store);
	return 0;
}

static void print_memory(void)
{
	char line[200];
	FILE *file = fopen("/proc/self/status", "r");
	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "VmRSS", 5) == 0 || strncmp(line, "RssAnon", 7) == 0)
			fputs(line, stdout);
	}
	if (file)
		fclose(file);
}

static int read_clients(const char *path, long gets)
{
	struct arena arena;
	struct client *list, client;
	size_t n;
	char start[ID_SIZE];
	int64_t start_ns = clock_mono_ns(), read_ns = 0;
	struct store *store = open_store(path, false);
	double opened = seconds_since(start_ns);
	arena_init(&arena, 1 << 20);
	for (long i = 0; i < gets; i++) {
		struct store_client_range range = {.range = {.after = make_id(start, "mmc_"), .limit = 1}};
		check(store_client_list(store, &range, &arena, &list, &n), "client_list");
		if (n == 0)
			continue;
		int64_t get_ns = clock_mono_ns();
		check(store_client_get(store, list[0].id, &arena, &client), "client_get");
		read_ns += clock_mono_ns() - get_ns;
		if (i == 0)
			printf("open %.2f ms, open to first client %.2f ms\n", opened * 1e3,
			       seconds_since(start_ns) * 1e3);
		arena_reset(&arena);
	}
	printf("%ld client_get, %.1f us each\n", gets, (double)read_ns / 1e3 / (double)gets);
	print_memory();
	arena_done(&arena);
	store_close(store);
	return 0;
}

static int drop(const char *path)
{
	struct store *store = open_store(path, false);
	int64_t start_ns = clock_mono_ns();
	check(store_api_delete(store, STR(API_ID), &note), "api_delete");
	printf("api_delete %.2f s\n", seconds_since(start_ns));
	store_close(store);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "fill") == 0)
		return fill(argv[2], strtol(argv[3], NULL, 10));
	if (argc == 5 && strcmp(argv[1], "rate") == 0)
		return rate(argv[2], (unsigned)strtol(argv[3], NULL, 10), strtod(argv[4], NULL));
	if (argc == 4 && strcmp(argv[1], "read") == 0)
		return read_clients(argv[2], strtol(argv[3], NULL, 10));
	if (argc == 3 && strcmp(argv[1], "drop") == 0)
		return drop(argv[2]);
	fputs("usage: fill_store fill PATH CLIENTS | rate PATH THREADS SECONDS | read PATH GETS | drop PATH\n", stderr);
	return 2;
}
