/*
 * A server that answers every request with the same ~900 bytes of JSON on our HTTP layer: for wire tests, and the
 * yardstick of a bare reply.
 *
 *   http_probe --port N [--loops N] [--cert FILE --key FILE] [--head-ms N ...] [--async] [--echo] [--stream MIB]
 *              [--unix PATH]
 *
 * SIGTERM: drain and end. SIGHUP: load the certificate anew. SIGUSR1: print the counters of all loops as one JSON line.
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "crypto/tls.h"
#include "http/server.h"

enum { LOOPS_MAX = 16, WAITING_MAX = 4096, BODY_LEN = 900, PIECE_LEN = 65536 };

struct options {
	unsigned port, loops, async, echo, big, stream; /* stream: MiB in pieces */
	const char *cert, *key, *unix_path;
	struct http_limits limits;
};

struct worker {
	pthread_t thread;
	struct loop *loop;
	struct http_server *server;
	struct http_exchange *waiting[WAITING_MAX];
	size_t n_waiting;
};

static struct options options = {
	.loops = 1,
	/* a test names the deadline that it is about; no other may be near on a machine that stands still */
	.limits = {.handshake_ms = 600000, .head_ms = 600000, .body_ms = 600000, .idle_ms = 600000, .write_ms = 600000,
		   .drain_ms = 600000, .connections_max = 20000},
};
static struct worker workers[LOOPS_MAX];
static char body[BODY_LEN];
static char *big_body;
static char piece[PIECE_LEN];

static void make_body(void)
{
	memset(body, 'a', sizeof(body));
	memset(piece, 'p', sizeof(piece));
	memcpy(body, "{\"access_token\":\"", 17);
	memcpy(body + sizeof(body) - 20, "\",\"expires_in\":3600}", 20);
	if (options.big > 0 && (big_body = malloc(options.big)))
		memset(big_body, 'b', options.big);
}

struct stream {
	struct http_exchange *exchange;
	size_t left;
};

static void end_stream(struct stream *stream, int rc)
{
	http_stream_end(stream->exchange, rc == 0);
	free(stream);
}

static void write_pieces(struct stream *stream)
{
	int rc = 0;
	while (rc == 0 && stream->left > 0) {
		rc = http_stream_write(stream->exchange, (struct str){piece, sizeof(piece)});
		stream->left -= sizeof(piece);
	}
	if (rc < 0 || stream->left == 0)
		end_stream(stream, rc < 0 ? rc : 0);
}

static void on_writable(struct http_exchange *exchange, int rc, void *arg)
{
	struct stream *stream = arg;
	(void)exchange;
	if (rc < 0)
		end_stream(stream, rc);
	else
		write_pieces(stream);
}

static void answer_in_pieces(struct http_exchange *exchange)
{
	struct http_reply reply = {.status = 200, .headers = STR("Content-Type: text/plain\r\n")};
	struct stream *stream = malloc(sizeof(*stream));
	*stream = (struct stream){exchange, (size_t)options.stream << 20};
	int rc = http_stream_begin(exchange, &reply, on_writable, stream);
	if (rc < 0)
		end_stream(stream, rc);
	else if (rc == 0)
		write_pieces(stream);
}

static void answer(struct http_exchange *exchange)
{
	if (options.stream > 0) {
		answer_in_pieces(exchange);
		return;
	}
	const struct http_request *request = http_exchange_request(exchange);
	struct http_reply reply = {
		.status = 200,
		.headers = STR("Content-Type: application/json\r\nCache-Control: no-store\r\n"),
		.body = {body, sizeof(body)},
	};
	if (options.echo)
		reply.body = request->body;
	if (big_body)
		reply.body = (struct str){big_body, options.big};
	http_exchange_reply(exchange, &reply);
}

static void on_request(struct http_exchange *exchange, const struct http_request *request, void *arg)
{
	struct worker *worker = arg;
	(void)request;
	if (options.async && worker->n_waiting < WAITING_MAX)
		worker->waiting[worker->n_waiting++] = exchange;
	else
		answer(exchange);
}

/* The way the product answers: all requests of a round together. */
static void on_round(void *arg)
{
	struct worker *worker = arg;
	for (size_t i = 0; i < worker->n_waiting; i++) /* grows while pipelined requests come up */
		answer(worker->waiting[i]);
	worker->n_waiting = 0;
}

static void on_refuse(int code, struct str peer, struct buf *headers, struct buf *out, int *ret_status, void *arg)
{
	(void)peer;
	(void)arg;
	*ret_status = err_row(code)->status;
	buf_put(headers, STR("Content-Type: application/json\r\nCache-Control: no-store\r\n"));
	buf_printf(out, "{\"error\":\"%s\"}", err_row(code)->wire);
}

static int listen_tcp(void)
{
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 4096) < 0)
		return -1;
	return fd;
}

static int listen_unix(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", options.unix_path);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 128) < 0)
		return -1;
	return fd;
}

static int start_worker(struct worker *worker, struct tls_context *tls)
{
	TRY(loop_new(&worker->loop));
	struct http_server_options server_options = {
		.loop = worker->loop, .limits = options.limits, .handler = {on_request, on_refuse, worker}};
	TRY(http_server_new(&server_options, &worker->server));
	int fd = listen_tcp();
	if (fd < 0)
		return E_IO;
	TRY(http_server_listen(worker->server, fd, tls));
	loop_set_round_hook(worker->loop, on_round, worker);
	if (!options.unix_path || worker != workers)
		return 0;
	fd = listen_unix();
	return fd < 0 ? E_IO : http_server_listen(worker->server, fd, NULL);
}

static void *run_worker(void *arg)
{
	struct worker *worker = arg;
	if (loop_run(worker->loop) < 0)
		fprintf(stderr, "http_probe: loop failed\n");
	return NULL;
}

static void on_drained(void *arg)
{
	struct worker *worker = arg;
	loop_stop(worker->loop);
}

static void drain_worker(void *arg)
{
	struct worker *worker = arg;
	http_server_drain(worker->server, on_drained, worker);
}

struct swap {
	struct worker *worker;
	struct tls_context *tls;
};

static void swap_tls(void *arg)
{
	struct swap *swap = arg;
	http_server_set_tls(swap->worker->server, swap->tls);
	tls_context_unref(swap->tls);
	free(swap);
}

static void reload(void)
{
	struct tls_context *tls = NULL;
	char why[256];
	if (!options.cert || tls_context_open(options.cert, options.key, why, sizeof(why), &tls) < 0)
		return;
	for (unsigned i = 0; i < options.loops; i++) {
		struct swap *swap = malloc(sizeof(*swap));
		*swap = (struct swap){&workers[i], tls_context_ref(tls)};
		if (loop_post(workers[i].loop, swap_tls, swap) < 0)
			free(swap);
	}
	tls_context_unref(tls);
}

static void print_stats(void *arg)
{
	struct worker *worker = arg;
	struct http_server_stats s;
	http_server_stats(worker->server, &s);
	printf("{\"accepted\":%llu,\"refused_cap\":%llu,\"refused_syntax\":%llu,\"timeouts\":%llu,\"handshakes_"
	       "failed\":%llu,\"open\":%llu}\n",
	       (unsigned long long)s.accepted, (unsigned long long)s.refused_cap, (unsigned long long)s.refused_syntax,
	       (unsigned long long)s.timeouts, (unsigned long long)s.handshakes_failed, (unsigned long long)s.open);
	fflush(stdout);
}

static void post_all(void (*fn)(void *arg))
{
	for (unsigned i = 0; i < options.loops; i++)
		if (loop_post(workers[i].loop, fn, &workers[i]) < 0)
			fprintf(stderr, "http_probe: out of memory\n");
}

static const struct number_option {
	const char *name;
	unsigned *value;
} numbers[] = {
	{"port", &options.port},
	{"loops", &options.loops},
	{"async", &options.async},
	{"echo", &options.echo},
	{"big", &options.big},
	{"stream", &options.stream},
	{"handshake-ms", &options.limits.handshake_ms},
	{"head-ms", &options.limits.head_ms},
	{"body-ms", &options.limits.body_ms},
	{"idle-ms", &options.limits.idle_ms},
	{"write-ms", &options.limits.write_ms},
	{"drain-ms", &options.limits.drain_ms},
	{"connections-max", &options.limits.connections_max},
	{"per-addr-max", &options.limits.connections_per_addr_max},
	{"requests-max", &options.limits.requests_per_connection},
};

static const struct text_option {
	const char *name;
	const char **value;
} texts[] = {{"cert", &options.cert}, {"key", &options.key}, {"unix", &options.unix_path}};

static int set_option(const char *name, const char *value)
{
	uint64_t number = 0;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(name, texts[i].name) == 0) {
			*texts[i].value = value;
			return 0;
		}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (strcmp(name, numbers[i].name) == 0) {
			TRY(str_to_u64(str_of(value), UINT32_MAX, &number));
			*numbers[i].value = (unsigned)number;
			return 0;
		}
	return E_CONFIG;
}

static void serve_signals(const sigset_t *signals)
{
	for (;;) {
		int signal_number = 0;
		sigwait(signals, &signal_number);
		if (signal_number == SIGHUP)
			reload();
		else if (signal_number == SIGUSR1)
			post_all(print_stats);
		else
			return;
	}
}

int main(int argc, char **argv)
{
	sigset_t signals;
	struct tls_context *tls = NULL;
	char why[256] = "";
	for (int i = 1; i + 1 < argc; i += 2)
		if (strncmp(argv[i], "--", 2) != 0 || set_option(argv[i] + 2, argv[i + 1]) < 0) {
			fprintf(stderr, "http_probe: bad option %s\n", argv[i]);
			return 2;
		}
	make_body();
	if (options.cert && tls_context_open(options.cert, options.key, why, sizeof(why), &tls) < 0) {
		fprintf(stderr, "http_probe: %s\n", why);
		return 1;
	}
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	for (unsigned i = 0; i < options.loops && i < LOOPS_MAX; i++)
		if (start_worker(&workers[i], tls) < 0 ||
		    pthread_create(&workers[i].thread, NULL, run_worker, &workers[i]) != 0) {
			fprintf(stderr, "http_probe: cannot start\n");
			return 1;
		}
	printf("ready\n");
	fflush(stdout);
	serve_signals(&signals);
	post_all(drain_worker);
	for (unsigned i = 0; i < options.loops && i < LOOPS_MAX; i++) {
		pthread_join(workers[i].thread, NULL);
		http_server_free(workers[i].server);
		loop_free(workers[i].loop);
	}
	tls_context_unref(tls);
	free(big_body);
	return 0;
}
