/*
 * A process writes from four threads, says after each verb through a pipe what was acknowledged, and is killed
 * with SIGKILL at a random moment. Whoever opens the file next finds all that was acknowledged, nothing by halves,
 * and an unbroken audit chain.
 */
#include "store_test.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 40, WRITERS = 4, PER_ROUND = 100000 };

/* What a writer says: "client number n stands" or "regeneration n of client 0 is done". */
struct ack {
	uint32_t regeneration;
	uint32_t n;
};

struct job {
	struct world world; /* own arena, shared store */
	int pipe;
	unsigned first;
};

static struct client make_client(struct world *world, unsigned n, struct client_secret *secret)
{
	static struct scope_grant grants[] = {{STR("mmr_0001"), STR("read")}, {STR("mmr_0001"), STR("write")}};
	struct client client = a_client(world, n);
	client.id = name_of(world, n % 2 ? "legacy-" : "mmc_", n);
	*secret = a_secret(world, client.id, 1);
	client.grants = grants;
	client.n_grants = 2;
	client.secrets = secret;
	client.n_secrets = 1;
	return client;
}

static void say(const struct job *job, struct ack ack)
{
	if (write(job->pipe, &ack, sizeof(ack)) != sizeof(ack))
		_exit(3);
}

static void *put_clients(void *arg)
{
	struct job *job = arg;
	for (unsigned n = job->first;; n += WRITERS) {
		struct client_secret secret;
		struct client client = make_client(&job->world, n, &secret);
		if (store_client_put(job->world.store, &client, &a_note) != 0)
			_exit(2);
		say(job, (struct ack){0, n});
		arena_reset(&job->world.arena);
	}
	return NULL;
}

static void *regenerate(void *arg)
{
	struct job *job = arg;
	for (unsigned n = job->first;; n++) {
		struct client_secret secret = a_secret(&job->world, STR("mmc_rotated"), n);
		if (store_secret_regenerate(job->world.store, &secret, NOW_S + n, UNTIL_S, &a_note) != 0)
			_exit(2);
		say(job, (struct ack){1, n});
		arena_reset(&job->world.arena);
	}
	return NULL;
}

static void write_until_killed(const struct world *world, int pipe_fd, unsigned first, unsigned first_regeneration)
{
	static struct job jobs[WRITERS + 1];
	pthread_t threads[WRITERS + 1];
	struct world mine = *world;
	if (world_open(&mine) < 0)
		_exit(1);
	for (unsigned i = 0; i <= WRITERS; i++) {
		bool rotates = i == WRITERS;
		jobs[i] = (struct job){.pipe = pipe_fd, .first = rotates ? first_regeneration : first + i};
		jobs[i].world.store = mine.store;
		arena_init(&jobs[i].world.arena, 1 << 20);
		if (pthread_create(&threads[i], NULL, rotates ? regenerate : put_clients, &jobs[i]) != 0)
			_exit(1);
	}
	pause();
}

/* What stands for sure, over all rounds. */
struct known {
	struct ack *acks;
	size_t n, room;
	unsigned regenerations; /* acknowledged */
	unsigned next_regeneration;
};

static void note_ack(struct known *known, struct ack ack)
{
	if (ack.regeneration) {
		known->regenerations = ack.n;
		return;
	}
	if (known->n == known->room) {
		known->room = known->room ? 2 * known->room : 1024;
		known->acks = realloc(known->acks, known->room * sizeof(struct ack));
		assert_non_null(known->acks);
	}
	known->acks[known->n++] = ack;
}

static void run_and_kill(struct world *world, unsigned round, struct known *known)
{
	struct ack ack;
	int fds[2], status;
	assert_int_equal(pipe(fds), 0);
	pid_t pid = fork();
	if (pid == 0)
		write_until_killed(world, fds[1], (round + 1) * PER_ROUND, known->next_regeneration);
	close(fds[1]);
	assert_true(read(fds[0], &ack, sizeof(ack)) == sizeof(ack)); /* it runs */
	note_ack(known, ack);
	usleep((useconds_t)(rand() % 30000));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	while (read(fds[0], &ack, sizeof(ack)) == sizeof(ack))
		note_ack(known, ack);
	close(fds[0]);
}

static void check_whole(const struct client *client)
{
	assert_int_equal(client->n_grants, 2);
	assert_int_equal(client->n_secrets, 1);
	assert_int_equal(client->epoch, 1);
}

/* Every client that is there is whole, and the figures that follow from them are right. */
static unsigned check_all(struct world *world)
{
	struct store_client_range range = {.range.limit = 1000};
	struct client *list;
	unsigned n = 0;
	int64_t imported = 0, counted = -1;
	size_t n_list;
	do {
		OK(store_client_list(world->store, &range, &world->arena, &list, &n_list));
		for (size_t i = 0; i < n_list; i++) {
			imported += !str_has_prefix(list[i].id, STR("mmc_"));
			range.range.after = list[i].id;
		}
		n += (unsigned)n_list;
	} while (n_list == range.range.limit);
	OK(store_client_count_imported(world->store, &counted));
	assert_int_equal(counted, imported);
	return n;
}

/* The rotated client: exactly one secret lives, and it is not older than the last one that was acknowledged. */
static unsigned check_rotated(struct world *world, const struct known *known)
{
	struct client client = get_client(world, STR("mmc_rotated"));
	unsigned done = (unsigned)client.epoch - 1, living = 0;
	for (size_t i = 0; i < client.n_secrets; i++) {
		if (client.secrets[i].revoked_s != 0)
			continue;
		living++;
		assert_int_equal(client.secrets[i].created_s, NOW_S + done);
	}
	assert_int_equal(living, done > 0);
	assert_true(done >= known->regenerations);
	return done;
}

static void check_round(struct world *world, struct known *known, size_t from)
{
	OK(world_open(world));
	unsigned clients = check_all(world), regenerations = check_rotated(world, known);
	for (size_t i = from; i < known->n; i++) {
		struct client_secret secret;
		struct client want = make_client(world, known->acks[i].n, &secret), got = get_client(world, want.id);
		check_whole(&got);
	}
	assert_int_equal(audit_count(world), 1 + clients + regenerations); /* the API, each client, each regeneration */
	known->next_regeneration = regenerations + 1;
	store_close(world->store);
	world->store = NULL;
	arena_reset(&world->arena);
}

static void killed_at_random_moments(void **state)
{
	struct world *world = *state;
	struct known known = {.next_regeneration = 1};
	struct api api = an_api(world, 1);
	struct client rotated = a_client(world, 1);
	rotated.id = STR("mmc_rotated");
	OK(world_open(world));
	OK(store_api_put(world->store, &api, &a_note));
	OK(store_client_put(world->store, &rotated, &a_note));
	store_close(world->store);
	world->store = NULL;
	srand(7);
	for (unsigned round = 0; round < ROUNDS; round++) {
		size_t from = known.n;
		run_and_kill(world, round, &known);
		check_round(world, &known, round % 10 == 9 ? 0 : from);
	}
	print_message("# %zu clients and %u regenerations acknowledged\n", known.n, known.regenerations);
	assert_true(known.n > ROUNDS);
	free(known.acks);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(killed_at_random_moments, world_setup_folder, world_teardown),
};

int main(int argc, char **argv)
{
	world_backend(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
