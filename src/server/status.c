/* Readiness and figures; see status.h. */
#include "server/status.h"

#include "account/mailer.h"
#include "base/clock.h"
#include "oauth/revoked.h"
#include "server/server.h"
#include "server/worker.h"
#include "store/store.h"

enum { PROBE_EVERY_NS = 1000000000, KEY_ROWS_MAX = SIG_ALGS * 4 };

int status_probe_store(struct server *server)
{
	/* One asks; who comes meanwhile gets the last answer, or a slow disk would hold all pool threads here. */
	if (pthread_mutex_trylock(&server->probe_lock) != 0)
		return atomic_load(&server->probe_result);
	int64_t now_ns = clock_mono_ns();
	if (server->probed_ns == 0 || now_ns - server->probed_ns >= PROBE_EVERY_NS) {
		server->probe_result = store_probe(server->env.store);
		server->probed_ns = now_ns;
	}
	int rc = server->probe_result;
	pthread_mutex_unlock(&server->probe_lock);
	return rc;
}

static void add_http(struct http_server_stats *sum, const struct http_server_stats *part)
{
	sum->accepted += part->accepted;
	sum->refused_cap += part->refused_cap;
	sum->refused_syntax += part->refused_syntax;
	sum->timeouts += part->timeouts;
	sum->handshakes_failed += part->handshakes_failed;
	sum->open += part->open;
}

static void add_signer(struct signer_stats *sum, const struct signer_stats *part)
{
	sum->batches += part->batches;
	sum->jobs += part->jobs;
	sum->failures += part->failures;
	sum->round_trip_us += part->round_trip_us;
}

static size_t list_keys(const struct snapshot *snapshot, struct metrics_keys rows[KEY_ROWS_MAX])
{
	size_t n = 0;
	for (enum sig_alg alg = SIG_ES256; alg < SIG_ALGS; alg++)
		for (enum key_state state = KEY_NEXT; state < KEY_GONE; state++)
			if (snapshot->key_counts[alg][state] > 0)
				rows[n++] = (struct metrics_keys){sig_alg_row(alg)->name, state,
								  snapshot->key_counts[alg][state]};
	return n;
}

void status_metrics(struct server *server, struct buf *out)
{
	struct http_server_stats http = {0};
	struct signer_stats signer = {0};
	struct store_stats store;
	struct metrics_feed feed = {revoked_count(server->env.revoked), (uint64_t)revoked_seq(server->env.revoked), 0};
	struct metrics_keys keys[KEY_ROWS_MAX];
	struct mailer_stats mails = {0};
	if (server->env.mailer)
		mailer_stats(server->env.mailer, &mails);
	const struct metrics_mail mail = {mails.sent, mails.failed, mails.waiting};
	for (unsigned i = 0; i < server->n_workers; i++) {
		struct worker_stats stats;
		worker_stats(&server->workers[i], &stats);
		add_http(&http, &stats.http);
		add_signer(&signer, &stats.signer);
		feed.waiting += stats.feed_waiting;
	}
	for (unsigned i = 0; i < server->n_pool; i++) {
		pthread_mutex_lock(&server->pool_signers[i].lock);
		add_signer(&signer, &server->pool_signers[i].stats);
		pthread_mutex_unlock(&server->pool_signers[i].lock);
	}
	store_stats(server->env.store, &store);
	struct snapshot *snapshot = server_snapshot(server);
	struct metrics_extra extra = {
		.store = &store,
		.signer = &signer,
		.http = &http,
		.feed = &feed,
		.mail = &mail,
		.keys = keys,
		.n_keys = list_keys(snapshot, keys),
		.keyd_up = atomic_load(&server->ready),
		.started_s = server->started_s,
	};
	metrics_emit(server->metrics, &extra, out);
	snapshot_unref(snapshot);
}
