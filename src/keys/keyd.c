/* keyd's main: master key, threads, sandbox; see keyd.h. From the sandbox on it opens nothing. */
#include "keys/keyd.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/trim.h"
#include "ipc/note.h"
#include "ipc/sandbox.h"
#include "keys/keyd_verbs.h"
#include "keys/master.h"

enum { STACK_SIZE = 512 * 1024, EXIT_CONFIG = 78, CAP_MAX_S = 315360000 };

struct worker {
	pthread_t thread;
	pthread_barrier_t *start;
	struct keyd_state *state;
	enum keyd_caller caller;
	int fd;
};

static void *work(void *arg)
{
	struct worker *worker = arg;
	struct keyd_channel channel;
	pthread_barrier_wait(worker->start); /* what libraries do for a new thread is done */
	pthread_barrier_wait(worker->start); /* the sandbox is in place */
	keyd_channel_init(&channel, worker->state, worker->caller);
	int rc = keyd_verbs_serve(&channel, worker->fd);
	if (rc < 0)
		LOG(LOG_WARN, "keyd_channel_ended", F("code", err_row(rc)->symbol), F("fd", worker->fd));
	keyd_channel_done(&channel);
	log_flush();
	/* A channel can't be mended: the supervisor starts us anew with whole ones. At a shutdown nobody signs any
	 * more. */
	_exit(rc < 0 ? 1 : 0);
}

/* ipc/role.h: loops, then pool, then control. */
static enum keyd_caller caller_of(const struct role_fds *fds, size_t i)
{
	if (i < fds->n_loops)
		return KEYD_LOOP;
	return i < (size_t)fds->n_loops + fds->n_pool ? KEYD_POOL : KEYD_CONTROL;
}

/*
 * Once before the sandbox: libraries that load their configuration, look for processor features or open the zone file
 * when they are first used do so now.
 */
static int warm_up(const struct keyd_state *state)
{
	static const enum sig_alg cheap[] = {SIG_ES256, SIG_ES384, SIG_EDDSA};
	_cleanup_(buf_done) struct buf jwk, sealed;
	struct keyring ring;
	int rc = 0;
	buf_init(&jwk, 4 * PROTO_JWK_MAX);
	buf_init(&sealed, PROTO_SEALED_MAX);
	TRY(keyring_init(&ring));
	for (size_t i = 0; rc == 0 && i < sizeof(cheap) / sizeof(cheap[0]); i++) {
		buf_reset(&sealed);
		rc = keyring_generate(state->master, cheap[i], &jwk, &sealed);
		if (rc == 0)
			rc = keyring_load(&ring, state->master, buf_str(&sealed), &jwk);
	}
	keyring_done(&ring);
	return rc;
}

static int check_options(const struct keyd_options *options)
{
	if (options->issuer.len == 0)
		return E_CONFIG;
	for (int kind = 0; kind < TOKEN_KINDS; kind++)
		if (options->cap_s[kind] < 1 || options->cap_s[kind] > CAP_MAX_S)
			return E_CONFIG;
	return 0;
}

static int set_up(const struct keyd_options *options, struct keyd_state *state)
{
	const char *why = "the issuer or a lifetime cap is missing";
	int rc = check_options(options);
	if (rc == 0)
		rc = master_read(options->master_key, state->master, &why);
	if (rc < 0) {
		LOG(LOG_ERROR, "keyd_config", F("why", why));
		return rc;
	}
	state->policy.issuer = options->issuer;
	memcpy(state->policy.cap_s, options->cap_s, sizeof(state->policy.cap_s));
	state->clock = &clock_system;
	TRY(keyring_init(&state->ring));
	return warm_up(state);
}

/* State with the master key on pages of its own that are never swapped out. */
static struct keyd_state *new_state(void)
{
	struct keyd_state *state =
		mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (state == MAP_FAILED)
		return NULL;
	if (mlock(state, sizeof(*state)) < 0)
		LOG(LOG_WARN, "keyd_mlock", F("why", "the master key's page can't be locked into memory"));
	return state;
}

static int start_threads(struct worker *workers, size_t n)
{
	pthread_attr_t attr;
	int rc = 0;
	if (pthread_attr_init(&attr) != 0)
		return E_NOMEM;
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = pthread_create(&workers[i].thread, &attr, work, &workers[i]) == 0 ? 0 : E_NOMEM;
	pthread_attr_destroy(&attr);
	return rc;
}

/* Does not return: after the sandbox the process may only end, not run what libraries registered for the end. */
static int run(struct keyd_state *state, const struct role_fds *fds)
{
	static struct worker workers[ROLE_CHANNEL_MAX];
	static pthread_barrier_t start;
	if (pthread_barrier_init(&start, NULL, (unsigned)fds->n_keyd + 1) != 0)
		return E_NOMEM;
	for (size_t i = 0; i < fds->n_keyd; i++)
		workers[i] = (struct worker){
			.start = &start, .state = state, .caller = caller_of(fds, i), .fd = fds->keyd[i]};
	TRY(start_threads(workers, fds->n_keyd));
	LOG(LOG_INFO, "keyd_started", F("channels", (int)fds->n_keyd));
	log_flush();
	pthread_barrier_wait(&start);
	TRY(sandbox_keyd());
	pthread_barrier_wait(&start);
	if (fds->super >= 0 && note_send(fds->super, STR("R"), NULL, 0) < 0)
		LOG(LOG_WARN, "keyd_no_supervisor");
	trim_start_up();
	for (size_t i = 0; i < fds->n_keyd; i++)
		pthread_join(workers[i].thread, NULL);
	log_flush();
	_exit(0);
}

int keyd_main(const struct keyd_options *options, const struct role_fds *fds)
{
	struct keyd_state *state = new_state();
	int rc = state ? set_up(options, state) : E_NOMEM;
	if (rc == 0)
		rc = run(state, fds);
	LOG(LOG_ERROR, "keyd_failed", F("code", err_row(rc)->symbol));
	log_flush();
	if (state)
		secret_wipe(state->master, sizeof(state->master));
	return rc == E_CONFIG ? EXIT_CONFIG : 1;
}
