/*
 * The server role: see server.h for what runs in it, server/supervise.h for what the supervisor tells it. Parses
 * network input; must never hold a private key; ends with its supervisor.
 */
#include "server/server.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "account/mailer.h"
#include "admin/admin.h"
#include "admin/manage_api.h"
#include "admin/management.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/trim.h"
#include "crypto/tls.h"
#include "ipc/frame.h"
#include "ipc/note.h"
#include "oauth/recent.h"
#include "oauth/revoked.h"
#include "oauth/throttle.h"
#include "openapi/openapi.h"
#include "server/confine.h"
#include "server/control.h"
#include "server/feed.h"
#include "server/keeper.h"
#include "server/mail.h"
#include "server/page_admin.h"
#include "server/reload.h"
#include "server/route.h"
#include "server/sign_in_with.h"
#include "server/task.h"
#include "server/worker.h"
#include "store/store.h"

enum { EXIT_CONFIG = 78, POOL_WAITING_MAX = 4096, HASHES_WAITING_MAX = 256, SIGN_TIMEOUT_MS = 5000 };

struct snapshot *server_snapshot(struct server *server)
{
	pthread_mutex_lock(&server->snapshot_lock);
	struct snapshot *snapshot = snapshot_ref(server->snapshot);
	pthread_mutex_unlock(&server->snapshot_lock);
	return snapshot;
}

/* Takes over the reference. */
static void set_snapshot(struct server *server, struct snapshot *snapshot)
{
	pthread_mutex_lock(&server->snapshot_lock);
	struct snapshot *old = server->snapshot;
	server->snapshot = snapshot;
	pthread_mutex_unlock(&server->snapshot_lock);
	snapshot_unref(old);
}

/* Under refresh_lock. */
static int refresh(struct server *server, struct config *config)
{
	struct arena arena;
	struct snapshot_source source = {.config = config};
	struct signing_key *keys;
	struct api *apis;
	struct snapshot *snapshot;
	arena_init(&arena, 64 << 20);
	int rc = store_key_list(server->env.store, false, &arena, &keys, &source.n_keys);
	if (rc == 0)
		rc = store_api_list(server->env.store, &arena, &apis, &source.n_apis);
	if (rc == 0) {
		source.keys = keys;
		source.apis = apis;
		rc = snapshot_new(&source, &snapshot);
	}
	arena_done(&arena);
	TRY(rc);
	set_snapshot(server, snapshot);
	return 0;
}

int server_refresh(struct server *server, struct config *config)
{
	pthread_mutex_lock(&server->refresh_lock);
	config = config_ref(config ? config : server->snapshot->config); /* only set under refresh_lock */
	int rc = refresh(server, config);
	config_unref(config);
	pthread_mutex_unlock(&server->refresh_lock);
	return rc;
}

/* The signer of a pool thread, with the channel to the keyd of now. */
static struct pool_signer *take_signer(struct server *server, unsigned thread)
{
	struct pool_signer *own = &server->pool_signers[thread];
	int next_fd = atomic_exchange(&own->next_fd, -1);
	if (next_fd >= 0)
		signer_replace(own->signer, next_fd);
	return own;
}

int server_seal(struct call *call, struct str purpose, struct secret plain, struct buf *ret_sealed)
{
	struct task *task = task_of(call);
	return signer_seal(take_signer(task->worker->server, task->pool_thread)->signer, purpose, plain, ret_sealed);
}

int server_open(struct call *call, struct str purpose, struct str sealed, struct buf *ret_plain)
{
	struct task *task = task_of(call);
	return signer_open(take_signer(task->worker->server, task->pool_thread)->signer, purpose, sealed, ret_plain);
}

int server_sign_blocking(struct server *server, unsigned thread, struct sign_job *job)
{
	struct pool_signer *own = take_signer(server, thread);
	int rc = signer_sign(own->signer, job, SIGN_TIMEOUT_MS);
	pthread_mutex_lock(&own->lock);
	signer_stats(own->signer, &own->stats);
	pthread_mutex_unlock(&own->lock);
	return rc;
}

void server_wake_keeper(struct server *server)
{
	pthread_mutex_lock(&server->keeper_lock);
	server->keeper_due = true;
	pthread_cond_signal(&server->keeper_wake);
	pthread_mutex_unlock(&server->keeper_lock);
}

int server_revoked(struct server *server)
{
	int rc = revoked_refresh(server->env.revoked);
	if (rc < 0) {
		LOG(LOG_ERROR, "revocations_unknown", F("error", err_row(rc)->symbol));
		atomic_store(&server->stale, true);
	}
	for (unsigned i = 0; i < server->n_workers; i++)
		feed_news(&server->workers[i]);
	return rc;
}

void server_changed(void *arg, enum admin_change what, struct str id)
{
	struct server *server = arg;
	struct str everybody = {0};
	directory_drop(server->env.directory, what == ADMIN_CHANGE_CLIENT ? id : everybody);
	int rc = 0;
	if (what == ADMIN_CHANGE_CLIENT || what == ADMIN_CHANGE_ACCOUNT)
		rc = server_revoked(server);
	if (rc == 0 && what == ADMIN_CHANGE_CLIENT)
		rc = directory_count_imported(server->env.directory);
	if (what == ADMIN_CHANGE_KEYS)
		rc = rotation_load(&server->rotation);
	if (rc == 0 && (what == ADMIN_CHANGE_KEYS || what == ADMIN_CHANGE_API))
		rc = server_refresh(server, NULL);
	if (rc == 0)
		return;
	LOG(LOG_ERROR, "refresh_failed", F("error", err_row(rc)->symbol));
	atomic_store(&server->stale, true); /* the change is durable: what follows from it must come, if late */
}

int server_publish(struct server *server, struct config *config)
{
	pthread_mutex_lock(&server->keys_lock);
	int rc = server_refresh(server, config);
	if (rc == 0)
		server->admin->policy = admin_policy_of(config);
	pthread_mutex_unlock(&server->keys_lock);
	return rc;
}

/* keyd was started anew: every signer gets its new channel, then the keys go in. */
static void replace_keyd(struct server *server, struct note *note)
{
	size_t wanted = server->n_workers + server->n_pool + 1;
	if (note->n_fds != wanted) {
		LOG(LOG_ERROR, "keyd_note_malformed", F("fds", (long)note->n_fds));
		_exit(1); /* the supervisor starts us anew */
	}
	for (unsigned i = 0; i < server->n_workers; i++)
		if (worker_replace_signer(&server->workers[i], note->fds[i]) < 0)
			_exit(1);
	for (unsigned i = 0; i < server->n_pool; i++) {
		int old = atomic_exchange(&server->pool_signers[i].next_fd, note->fds[server->n_workers + i]);
		frame_close(&old);
	}
	pthread_mutex_lock(&server->keys_lock);
	signer_replace(server->rotation.signer, note->fds[wanted - 1]);
	pthread_mutex_unlock(&server->keys_lock);
	atomic_store(&server->ready, false); /* this keyd knows no key yet */
	keeper_reload_keys(server);
}

/* Until 'T' or the end of the supervisor. */
static void obey(struct server *server)
{
	for (;;) {
		struct pollfd poll_fd = {.fd = server->super, .events = POLLIN};
		struct note note;
		log_flush();
		if (poll(&poll_fd, 1, -1) < 0 && errno != EINTR)
			return;
		int rc = note_receive(server->super, &note);
		if (rc == E_WOULD_BLOCK)
			continue;
		if (rc < 0 || note.len < 1 || note.bytes[0] == 'T')
			return;
		if (note.bytes[0] == 'H')
			reload_take(server, &note);
		if (note.bytes[0] == 'K')
			replace_keyd(server, &note);
	}
}

int server_flush_use(void *arg)
{
	struct server *server = arg;
	return usage_flush(server->usage, server->env.store);
}

static int tokens_ended(void *arg) { return server_revoked(arg); }

static int open_store(struct server *server)
{
	const struct config *config = server->config;
	struct store_options options = {
		.kind = STORE_SQLITE,
		.path = config->store.path.p,
		.readers = config->store.readers,
		.cache_kib = config->store.cache_kib,
	};
	struct throttle_limits throttle = {config->throttle.failures, config->throttle.window_s};
	struct throttle_limits people = {config->accounts.failures, config->accounts.window_s};
	server->env.seal = server_seal;
	server->env.open = server_open;
	server->env.administer = page_admin_run;
	server->env.flush_use = page_admin_flush_use;
	server->env.read_openapi = page_admin_openapi;
	TRY(rand_bytes(server->env.prompt_key, sizeof(server->env.prompt_key)));
	TRY(recent_new(&server->env.recent));
	TRY(store_open(&options, &server->env.store));
	TRY(revoked_new(server->env.store, &server->env.revoked));
	server->env.tokens_ended = tokens_ended;
	server->env.tokens_ended_arg = server;
	TRY(directory_new(server->env.store, config->store.cache_clients, &server->env.directory));
	TRY(throttle_new(&people, config->throttle.entries, &server->env.people));
	struct throttle_limits guesses = {config->device.guesses, config->device.guess_window_s};
	TRY(throttle_new(&guesses, config->throttle.entries, &server->env.guesses));
	/* RFC 4226 7.3: 720 guesses a day at one of 10^6 codes, three of which are good at a time */
	struct throttle_limits codes = {.failures = 30, .window_s = 3600};
	TRY(throttle_new(&codes, 4096, &server->env.codes));
	struct throttle_limits strangers = {config->throttle.strangers, config->throttle.window_s};
	TRY(throttle_new(&strangers, config->throttle.entries, &server->env.strangers));
	return throttle_new(&throttle, config->throttle.entries, &server->env.throttle);
}

static int start_pool(struct server *server, const struct role_fds *fds)
{
	server->pool_signers = calloc(fds->n_pool, sizeof(*server->pool_signers));
	if (!server->pool_signers)
		return E_NOMEM;
	server->n_pool = fds->n_pool;
	for (unsigned i = 0; i < fds->n_pool; i++) {
		atomic_init(&server->pool_signers[i].next_fd, -1);
		pthread_mutex_init(&server->pool_signers[i].lock, NULL);
		TRY(signer_new(fds->keyd[fds->n_loops + i], &server->pool_signers[i].signer));
	}
	unsigned threads = server->config->server.pool_threads; /* the rest hashes passwords */
	struct pool_options options = {fds->n_pool, POOL_WAITING_MAX, HASHES_WAITING_MAX, log_flush,
				       fds->n_pool > threads ? fds->n_pool - threads : 0};
	return pool_new(&options, &server->pool);
}

static int init_workers(struct server *server, const struct role_fds *fds)
{
	server->workers = calloc(fds->n_loops, sizeof(*server->workers));
	if (!server->workers)
		return E_NOMEM;
	server->n_workers = fds->n_loops;
	for (unsigned i = 0; i < fds->n_loops; i++)
		TRY(worker_init(&server->workers[i], server, i, fds->keyd[i]));
	return 0;
}

static int start_workers(struct server *server, const struct role_fds *fds, struct tls_context *tls)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < fds->n_listen; i++) {
		const struct role_listen *listen = &fds->listen[i];
		rc = listen->loop < server->n_workers
			     ? worker_listen(&server->workers[listen->loop], listen->fd, listen->tls ? tls : NULL)
			     : E_INTERNAL;
	}
	for (unsigned i = 0; rc == 0 && i < server->n_workers; i++)
		rc = worker_start(&server->workers[i]);
	return rc;
}

static int start_control(struct server *server, const struct role_fds *fds)
{
	static struct admin admin;
	admin = (struct admin){
		.store = server->env.store,
		.clock = server->clock,
		.signer = server->rotation.signer,
		.mailer = server->env.mailer,
		.actor = STR("cli"),
		.policy = admin_policy_of(server->config),
		.lock = &server->keys_lock,
		.changed = server_changed,
		.flush_use = server_flush_use,
		.arg = server,
	};
	server->admin = &admin;
	return control_start(fds->admin, &admin, &server->control);
}

/* Before the first snapshot: the API's scopes belong into discovery. */
static int prepare_management(struct server *server)
{
	const struct config *config = server->config;
	const struct manage_api_options options = {config->issuer, config->tokens.default_alg,
						   config->tokens.access_lifetime_s, clock_now_s(server->clock)};
	char why_mem[OPENAPI_WHY_MAX];
	struct buf why;
	const struct str path = str_url_path(config->issuer);
	char prefix[CONFIG_WHY_MAX];
	snprintf(prefix, sizeof(prefix), "%.*s%s", STR_ARG(path), MANAGE_API_PATH);
	const struct openapi_source source = {"management.json", {management_text, management_text_len}, prefix};
	buf_init_fixed(&why, why_mem, sizeof(why_mem));
	int rc = openapi_load(&source, 1, STR(""), &server->management, &why);
	if (rc < 0) {
		LOG(LOG_ERROR, "management_description_refused", F("why", buf_str(&why)));
		return E_INTERNAL;
	}
	return manage_api_ensure(server->env.store, &options);
}

static void unref_tls(struct tls_context **tls) { tls_context_unref(*tls); }

static int start(struct server *server, const struct role_fds *fds)
{
	_cleanup_(unref_tls) struct tls_context *tls = NULL;
	static struct mail_setup mail; /* as long as the process */
	static struct sign_in_with upstreams;
	if (fds->n_keyd != (size_t)fds->n_loops + fds->n_pool + 1)
		return E_CONFIG;
	TRY(metrics_new(fds->n_loops, route_names, ROUTE_IDS, &server->metrics));
	TRY(reload_open_tls(server->config, &tls));
	TRY(mail_prepare(server->config, &mail));
	TRY(sign_in_with_prepare(server->config, &upstreams));
	TRY(confine_server(server->config)); /* before anything starts a thread */
	TRY(open_store(server));
	TRY(mail_start(server, &mail));
	TRY(sign_in_with_start(server, &upstreams));
	TRY(route_table_new(server->config->issuer, &server->routes));
	TRY(prepare_management(server));
	TRY(usage_new(fds->n_loops, &server->usage));
	TRY(init_workers(server, fds));
	TRY(start_pool(server, fds));
	server->rotation = (struct rotation){.store = server->env.store, .clock = server->clock};
	TRY(signer_new(fds->keyd[fds->n_keyd - 1], &server->rotation.signer));
	TRY(keeper_prepare(server));
	TRY(start_control(server, fds));
	TRY(start_workers(server, fds, tls));
	TRY(keeper_start(server));
	TRY(note_send(server->super, STR("R"), NULL, 0));
	trim_start_up();
	return 0;
}

/* Requests in work are answered, usage and queued writes reach the disk. */
static void stop(struct server *server)
{
	for (unsigned i = 0; i < server->n_workers; i++)
		if (server->workers[i].started && worker_drain(&server->workers[i]) < 0)
			loop_stop(server->workers[i].loop);
	for (unsigned i = 0; i < server->n_workers; i++)
		worker_join(&server->workers[i]);
	control_stop(server->control);
	pool_free(server->pool);
	mailer_free(server->env.mailer);
	sign_in_with_stop(server);
	keeper_stop(server);
	for (unsigned i = 0; i < server->n_workers; i++)
		worker_done(&server->workers[i]);
	for (unsigned i = 0; i < server->n_pool; i++)
		signer_free(server->pool_signers[i].signer);
	signer_free(server->rotation.signer);
	free(server->pool_signers);
	free(server->workers);
	usage_free(server->usage);
	metrics_free(server->metrics);
	route_table_free(server->routes);
	openapi_free(server->management);
	throttle_free(server->env.throttle);
	recent_free(server->env.recent);
	throttle_free(server->env.people);
	throttle_free(server->env.guesses);
	throttle_free(server->env.strangers);
	throttle_free(server->env.codes);
	directory_free(server->env.directory);
	revoked_free(server->env.revoked);
	snapshot_unref(server->snapshot);
	store_close(server->env.store);
	config_unref(server->config);
}

int server_main(const char *config_path, const struct role_fds *fds)
{
	static struct server server;
	char why_mem[CONFIG_WHY_MAX];
	struct buf why;
	buf_init_fixed(&why, why_mem, sizeof(why_mem));
	server.clock = &clock_system;
	server.super = fds->super;
	server.started_s = (uint64_t)clock_now_s(server.clock);
	pthread_mutex_init(&server.probe_lock, NULL);
	pthread_mutex_init(&server.refresh_lock, NULL);
	pthread_mutex_init(&server.snapshot_lock, NULL);
	pthread_mutex_init(&server.keeper_lock, NULL);
	pthread_mutex_init(&server.keys_lock, NULL);
	(void)clock_cond_init(&server.keeper_wake);
	int rc = config_load(config_path, &server.config, &why);
	if (rc < 0) {
		LOG(LOG_ERROR, "config_refused", F("why", buf_str(&why)));
		return EXIT_CONFIG;
	}
	log_setup("server", (enum log_level)server.config->log.level, (enum log_format)server.config->log.format);
	rc = start(&server, fds);
	if (rc < 0)
		LOG(LOG_ERROR, "start_failed", F("error", err_row(rc)->symbol));
	if (rc == 0)
		obey(&server);
	stop(&server);
	log_flush();
	if (rc == 0)
		return 0;
	return rc == E_LOCKED || rc == E_CONFIG || rc == E_SYNTAX || rc == E_ABSENT ? EXIT_CONFIG : 1;
}
