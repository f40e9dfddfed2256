/* Housekeeping by the clock; see keeper.h. */
#include "server/keeper.h"

#include <errno.h>
#include <time.h>

#include "admin/rotation.h"
#include "base/clock.h"
#include "base/log.h"
#include "oauth/revoked.h"
#include "server/server.h"
#include "server/usage.h"
#include "store/store.h"

enum { LIFECYCLE_EVERY_S = 60, SWEEPS = 20, SWEEP_ROWS = 500, UNUSED_EACH = 100, DAY_S = 86400, ARENA_MAX = 8 << 20 };

/* Under keys_lock. */
static int advance(struct server *server, const struct config *config, bool *ret_changed)
{
	struct lifecycle_policy policy;
	struct arena arena;
	arena_init(&arena, ARENA_MAX);
	int rc = rotation_policy(&server->rotation, config, &arena, &policy);
	if (rc == 0)
		rc = rotation_advance(&server->rotation, &policy, ret_changed);
	arena_done(&arena);
	return rc;
}

static int load_keys(struct server *server, const struct config *config)
{
	bool changed = false;
	pthread_mutex_lock(&server->keys_lock);
	int rc = rotation_load(&server->rotation);
	if (rc == 0)
		rc = advance(server, config, &changed);
	pthread_mutex_unlock(&server->keys_lock);
	if (rc < 0)
		LOG(LOG_WARN, "keys_not_loaded", F("error", err_row(rc)->symbol));
	atomic_store(&server->ready, rc == 0);
	return rc;
}

int keeper_prepare(struct server *server)
{
	int rc = load_keys(server, server->config);
	if (rc < 0 && rc != E_SIGNER)
		return rc;
	return server_refresh(server, server->config);
}

static void flush_usage(struct server *server)
{
	static uint64_t lost;
	int rc = usage_flush(server->usage, server->env.store);
	if (usage_lost(server->usage) > lost)
		LOG(LOG_WARN, "usage_lost", F("uses", (long)(usage_lost(server->usage) - lost)));
	lost = usage_lost(server->usage);
	if (rc < 0)
		LOG(LOG_WARN, "usage_not_flushed", F("error", err_row(rc)->symbol));
}

/* The current configuration, with a reference. */
static struct config *current_config(struct server *server)
{
	struct snapshot *snapshot = server_snapshot(server);
	struct config *config = config_ref(snapshot->config);
	snapshot_unref(snapshot);
	return config;
}

static void publish(struct server *server)
{
	int rc = server_refresh(server, NULL);
	if (rc == 0)
		return;
	LOG(LOG_WARN, "refresh_failed", F("error", err_row(rc)->symbol));
	atomic_store(&server->stale, true);
}

static void advance_keys(struct server *server)
{
	_cleanup_(config_unrefp) struct config *config = current_config(server);
	bool changed = false;
	pthread_mutex_lock(&server->keys_lock);
	int rc = advance(server, config, &changed);
	pthread_mutex_unlock(&server->keys_lock);
	if (rc < 0)
		LOG(LOG_WARN, "key_lifecycle_failed", F("error", err_row(rc)->symbol));
	if (changed) /* also when a later step failed: a key is published as soon as it is stored */
		publish(server);
}

/* Also what an administrator's change could not finish. */
static void reload_keys(struct server *server)
{
	_cleanup_(config_unrefp) struct config *config = current_config(server);
	atomic_store(&server->stale, false);
	int rc = load_keys(server, config);
	if (rc == 0 && revoked_is_stale(server->env.revoked))
		rc = server_revoked(server);
	if (rc == 0)
		rc = directory_count_imported(server->env.directory);
	if (rc == 0)
		publish(server);
	else
		atomic_store(&server->stale, true);
}

/* What no living token is concerned by any more leaves the feed. */
static void sweep_revocations(struct server *server)
{
	int64_t now_s = clock_now_s(server->clock);
	if (revoked_sweep(server->env.revoked, now_s) == 0)
		return;
	int rc = store_revocation_sweep(server->env.store, now_s);
	if (rc < 0)
		LOG(LOG_WARN, "revocations_not_swept", F("error", err_row(rc)->symbol));
}

/* Sessions, links, codes, families that are over; a part at a time, so that others get at the store. */
static void sweep_people(struct server *server)
{
	bool more = true;
	for (int i = 0; more && i < SWEEPS; i++) {
		int rc = store_sweep(server->env.store, clock_now_s(server->clock), SWEEP_ROWS, &more);
		if (rc < 0) {
			LOG(LOG_WARN, "store_not_swept", F("error", err_row(rc)->symbol));
			return;
		}
	}
}

/* What nobody used in so many days goes back to before this moment; 0: nothing does. */
static int64_t before(int64_t now_s, int64_t days)
{
	return days > 0 && now_s > days * DAY_S ? now_s - days * DAY_S : 0;
}

/* 0: one of the programs that registered themselves is gone. E_ABSENT: none is due. */
static int forget_unused(struct server *server, const struct store_unused *unused, int64_t now_s)
{
	struct arena arena;
	struct str id;
	const struct audit_note note = {now_s, STR("system"), STR("client.unused"), STR(""), STR("")};
	arena_init(&arena, MODEL_ID_MAX * 4);
	pthread_mutex_lock(&server->keys_lock);
	int rc = store_client_forget_unused(server->env.store, unused, &arena, &id, &note);
	if (rc == 0)
		server_changed(server, ADMIN_CHANGE_CLIENT, id);
	pthread_mutex_unlock(&server->keys_lock);
	arena_done(&arena);
	return rc;
}

void keeper_sweep_registered(struct server *server)
{
	_cleanup_(config_unrefp) struct config *config = current_config(server);
	int64_t now_s = clock_now_s(server->clock);
	const struct store_unused unused = {
		.open_before_s = before(now_s, config->registration.unused_days),
		.vouched_before_s = before(now_s, config->registration.unused_vouched_days),
		.until_s = now_s + REVOKED_KEEP_S,
	};
	int rc = 0;
	for (int i = 0; rc == 0 && i < UNUSED_EACH; i++)
		rc = forget_unused(server, &unused, now_s);
	if (rc < 0 && rc != E_ABSENT)
		LOG(LOG_WARN, "registrations_not_swept", F("error", err_row(rc)->symbol));
}

/* Wait for a wake-up or a second. What is asked is taken under the lock and done without it. */
static void wait(struct server *server, bool *ret_due, bool *ret_keys, bool *ret_end)
{
	int64_t until_ns = clock_mono_ns() + 1000000000;
	pthread_mutex_lock(&server->keeper_lock);
	int rc = 0;
	while (!server->keeper_due && !server->keeper_keys && !server->keeper_end && rc != ETIMEDOUT)
		rc = clock_cond_wait(&server->keeper_wake, &server->keeper_lock, until_ns);
	*ret_due = server->keeper_due;
	*ret_keys = server->keeper_keys;
	*ret_end = server->keeper_end;
	server->keeper_due = false;
	server->keeper_keys = false;
	pthread_mutex_unlock(&server->keeper_lock);
}

static bool is_flush_due(struct server *server, int64_t since_s)
{
	_cleanup_(config_unrefp) struct config *config = current_config(server);
	return since_s >= config->usage.flush_s;
}

static void *run(void *arg)
{
	struct server *server = arg;
	int64_t flushed_s = clock_mono_ns() / 1000000000;
	int64_t advanced_s = flushed_s;
	bool due = false, keys = false, end = false;
	while (!end) {
		wait(server, &due, &keys, &end);
		int64_t now_s = clock_mono_ns() / 1000000000;
		if (keys || (!end && (atomic_load(&server->stale) || !atomic_load(&server->ready))))
			reload_keys(server);
		if (due || end || is_flush_due(server, now_s - flushed_s)) {
			flush_usage(server);
			flushed_s = now_s;
		}
		if (now_s - advanced_s >= LIFECYCLE_EVERY_S) {
			advance_keys(server);
			sweep_revocations(server);
			sweep_people(server);
			keeper_sweep_registered(server);
			advanced_s = now_s;
		}
		log_flush();
	}
	return NULL;
}

int keeper_start(struct server *server)
{
	if (pthread_create(&server->keeper, NULL, run, server) != 0)
		return E_INTERNAL;
	server->keeper_started = true;
	return 0;
}

void keeper_reload_keys(struct server *server)
{
	pthread_mutex_lock(&server->keeper_lock);
	server->keeper_keys = true;
	pthread_cond_signal(&server->keeper_wake);
	pthread_mutex_unlock(&server->keeper_lock);
}

void keeper_stop(struct server *server)
{
	if (!server->keeper_started)
		return;
	pthread_mutex_lock(&server->keeper_lock);
	server->keeper_end = true;
	pthread_cond_signal(&server->keeper_wake);
	pthread_mutex_unlock(&server->keeper_lock);
	pthread_join(server->keeper, NULL);
	server->keeper_started = false;
}
