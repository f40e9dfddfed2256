/*
 * Following a revocation feed; see feed.h and mintmark/feed.h. One thread asks; the lock is never held while the
 * network is at work. Must never take back a refusal because of an answer that was not whole, nor call old what is
 * fresh or fresh what is old: an answer is as old as its question.
 */
#include "verify/feed.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/fault.h"
#include "base/rand.h"
#include "json/json.h"

enum { STRINGS_MAX = 8192, S_NS = 1000000000, MS_NS = 1000000, ARENA_MAX = 1 << 20, KEYS_LOOK_MS = 20 };
enum { GAP_MS = 100, BACKOFF_MS = 250, SWEEP_S = 60 };

struct mintmark_feed {
	_Atomic unsigned refs;
	_Atomic uint64_t version;       /* of what is known; 0: nothing yet */
	_Atomic int64_t fresh_until_ns; /* end of the last good answer's age */

	struct fetch_source source;
	struct feed_timing timing;
	struct arena strings; /* of source */
	struct str url;       /* with '?' or '&' behind it */
	struct mintmark_keyset *keyset;
	atomic_bool ending;

	/* the thread's own */
	char id[FEED_ID_MAX];
	size_t id_len;
	int64_t since;           /* what is asked from */
	bool begins;             /* from the beginning, whatever is known */
	struct feed_table *next; /* a new beginning, until it was read to its end */
	int64_t swept_ns, due_ns;
	unsigned failures;       /* in a row */
	enum verdict refused;    /* why an answer did not verify */

	pthread_t thread;
	pthread_mutex_t lock; /* for everything below */
	pthread_cond_t changed;
	struct feed_table *table; /* NULL: nothing was read to its end yet */
	int64_t asked_ns;         /* when the last good answer was asked for */
	uint64_t rounds;
	enum fetch_cause last;
	enum verdict verdict;
};

/* A request and what came of it. */
struct round {
	int64_t sent_ns, sent_s, wait_s;
	struct arena arena;
	struct feed_page page;
};

static void free_feed(struct mintmark_feed *feed)
{
	feed_table_free(feed->table);
	feed_table_free(feed->next);
	keyset_unref(feed->keyset);
	(void)pthread_cond_destroy(&feed->changed);
	(void)pthread_mutex_destroy(&feed->lock);
	arena_done(&feed->strings);
	free(feed);
}

static int new_feed(struct mintmark_feed **ret_feed)
{
	struct mintmark_feed *feed = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*feed));
	if (!feed)
		return E_NOMEM;
	feed->refs = 1;
	feed->fresh_until_ns = INT64_MIN;
	arena_init(&feed->strings, STRINGS_MAX);
	if (!clock_cond_init(&feed->changed) || pthread_mutex_init(&feed->lock, NULL) != 0) {
		free(feed);
		return E_INTERNAL;
	}
	*ret_feed = feed;
	return 0;
}

/* Wait for a change, at most so long by the machine's clock; the caller holds the lock. */
static void wait_for(struct mintmark_feed *feed, int64_t left_ns)
{
	(void)clock_cond_wait(&feed->changed, &feed->lock, clock_mono_ns() + left_ns);
}

static void pause_for(struct mintmark_feed *feed, int64_t ms)
{
	pthread_mutex_lock(&feed->lock);
	if (!atomic_load(&feed->ending))
		wait_for(feed, ms * MS_NS);
	pthread_mutex_unlock(&feed->lock);
}

/*
 * Keys of another generation than seen (0: any), referenced; NULL: there are none within the time. Waits in small
 * steps, because the end of a key set's fetch does not wake us and freeing the feed must not wait for it.
 */
static struct keyset_snapshot *await_keys(struct mintmark_feed *feed, uint64_t seen)
{
	int64_t end_ns = clock_mono_ns() + (int64_t)feed->timing.timeout_ms * MS_NS;
	bool may_come = seen == 0 || keyset_ask_nowait(feed->keyset, seen);
	while (may_come && !atomic_load(&feed->ending) && clock_mono_ns() < end_ns) {
		uint64_t generation = keyset_generation(feed->keyset);
		if (generation != 0 && generation != seen)
			return keyset_get(feed->keyset, false);
		may_come = seen != 0 || keyset_is_awaited(feed->keyset);
		if (may_come)
			pause_for(feed, KEYS_LOOK_MS);
	}
	return NULL;
}

static enum fetch_cause verify_page(struct mintmark_feed *feed, struct str text, struct round *round,
				    struct str *ret_claims)
{
	const struct feed_rules rules = {feed->source.issuer, feed->timing.skew_s,
					 clock_now_s(feed->timing.clock)};
	struct keyset_snapshot *keys = await_keys(feed, 0);
	if (!keys)
		return FETCH_NO_KEYS;
	uint64_t generation = keys->generation;
	feed->refused = feed_page_verify(text, keys->jwks, &rules, &round->arena, ret_claims);
	keyset_snapshot_unref(keys);
	/* the feed may be the first to use a new key */
	if (feed->refused == VERDICT_KEY_UNKNOWN && (keys = await_keys(feed, generation))) {
		feed->refused = feed_page_verify(text, keys->jwks, &rules, &round->arena, ret_claims);
		keyset_snapshot_unref(keys);
	}
	return feed->refused == VERDICT_VALID ? FETCH_DONE : FETCH_UNTRUSTED;
}

static enum fetch_cause read_page(struct mintmark_feed *feed, struct str text, struct round *round)
{
	struct str claims;
	enum fetch_cause cause = verify_page(feed, text, round, &claims);
	if (cause != FETCH_DONE)
		return cause;
	int rc = feed_page_parse(claims, &round->arena, &round->page);
	if (rc < 0)
		return rc == E_NOMEM ? FETCH_MEMORY : rc == E_LIMIT ? FETCH_LIMIT : FETCH_SYNTAX;
	/* an answer that somebody kept and hands out again would hide what came since */
	return round->page.iat_s >= round->sent_s - feed->timing.skew_s ? FETCH_DONE : FETCH_OLD;
}

/* Whether what is known holds now; then, and only then, the server may hold a request. */
static bool is_fresh(struct mintmark_feed *feed)
{
	return feed->timing.now_ns() < atomic_load_explicit(&feed->fresh_until_ns, memory_order_acquire);
}

static enum fetch_cause request(struct mintmark_feed *feed, struct round *round)
{
	_cleanup_(buf_done) struct buf url, text;
	struct fetch_source source = feed->source;
	bool may_be_held = is_fresh(feed) && !feed->begins && !feed->next && feed->failures == 0;
	round->wait_s = may_be_held ? feed->timing.poll_ns / S_NS : 0;
	source.timeout_ms = feed->timing.timeout_ms + (uint32_t)round->wait_s * 1000;
	buf_init(&url, STRINGS_MAX);
	buf_init(&text, FEED_PAGE_MAX);
	buf_printf(&url, "%.*ssince=%" PRId64 "&wait=%" PRId64, STR_ARG(feed->url), feed->since,
		   round->wait_s);
	if (buf_status(&url) < 0)
		return FETCH_MEMORY;
	round->sent_ns = feed->timing.now_ns();
	round->sent_s = clock_now_s(feed->timing.clock);
	enum fetch_cause cause = fetch_jwt(&source, buf_str(&url), &text);
	return cause == FETCH_DONE ? read_page(feed, buf_str(&text), round) : cause;
}

/* Read everything anew; what is known stays in force until that was read to its end. */
static void begin(struct mintmark_feed *feed)
{
	feed_table_free(TAKE(feed->next));
	feed->begins = true;
	feed->since = 0;
}

/* The table that a page belongs to: the present one, or a new beginning's. FETCH_NOTHING: ask from there first. */
static enum fetch_cause place(struct mintmark_feed *feed, const struct feed_page *page, struct feed_table **ret_table)
{
	bool is_same = !feed->begins && str_eq(page->feed, str_mem(feed->id, feed->id_len));
	if (page->since != 0 && page->since != feed->since)
		return FETCH_ORDER;
	if (is_same && page->since == feed->since) {
		*ret_table = feed->next ? feed->next : feed->table;
		return FETCH_DONE;
	}
	begin(feed);
	if (page->since != 0) /* another history, and we know nothing of its beginning */
		return FETCH_NOTHING;
	if (feed_table_new(feed->timing.entries_max, &feed->next) < 0)
		return FETCH_MEMORY;
	memcpy(feed->id, page->feed.p, page->feed.len);
	feed->id_len = page->feed.len;
	feed->begins = false;
	*ret_table = feed->next;
	return FETCH_DONE;
}

static int put_entries(struct feed_table *table, const struct feed_page *page)
{
	for (size_t i = 0; i < page->n; i++) {
		if (page->entries[i].until_s <= page->iat_s) /* over by the issuer's own clock */
			continue;
		int rc = feed_table_put(table, &page->entries[i]);
		if (rc == E_LIMIT) {
			feed_table_sweep(table, page->iat_s);
			rc = feed_table_put(table, &page->entries[i]);
		}
		TRY(rc);
	}
	return 0;
}

static void raise_version(struct mintmark_feed *feed)
{
	atomic_fetch_add_explicit(&feed->version, 1, memory_order_release);
}

/* A page that was read to its end; the caller holds the lock. */
static void finish(struct mintmark_feed *feed, const struct round *round)
{
	if (feed->next) {
		feed_table_free(feed->table);
		feed->table = TAKE(feed->next);
		raise_version(feed);
	}
	feed->asked_ns = round->sent_ns;
	atomic_store_explicit(&feed->fresh_until_ns, round->sent_ns + feed->timing.max_age_ns, memory_order_release);
	if (feed->swept_ns + (int64_t)SWEEP_S * S_NS > round->sent_ns)
		return;
	/* by the issuer's clock: ours may jump, and what is forgotten does not come back */
	feed_table_sweep(feed->table, round->page.iat_s - feed->timing.skew_s);
	feed->swept_ns = round->sent_ns;
}

/* Put a page in place; the caller holds the lock. FETCH_NOTHING: ask again, from the beginning. */
static enum fetch_cause take(struct mintmark_feed *feed, const struct round *round)
{
	const struct feed_page *page = &round->page;
	struct feed_table *table;
	enum fetch_cause cause = place(feed, page, &table);
	if (cause != FETCH_DONE)
		return cause;
	int rc = put_entries(table, page);
	if (table == feed->table && page->n > 0)
		raise_version(feed);
	if (rc == E_LIMIT) {
		/* fail closed: there are revocations that we can't keep */
		atomic_store_explicit(&feed->fresh_until_ns, INT64_MIN, memory_order_release);
		begin(feed);
		return FETCH_ENTRIES;
	}
	if (rc < 0)
		return FETCH_MEMORY;
	feed->since = page->seq;
	if (!page->more)
		finish(feed, round);
	return FETCH_DONE;
}

/* A pause after a failure, twice as long each time, less a random part: not all verifiers of an issuer at once. */
static int64_t backoff_ns(const struct mintmark_feed *feed)
{
	uint16_t noise = 0;
	int64_t pause_ns = (int64_t)BACKOFF_MS * MS_NS << (feed->failures < 16 ? feed->failures : 16);
	int64_t most_ns = 2 * feed->timing.poll_ns;
	pause_ns = pause_ns < most_ns ? pause_ns : most_ns;
	if (rand_public(&noise, sizeof(noise)) < 0)
		noise = 0;
	return pause_ns - pause_ns / 2 * noise / UINT16_MAX;
}

static int64_t due_ns(const struct mintmark_feed *feed, const struct round *round, enum fetch_cause cause)
{
	if (cause == FETCH_NOTHING || (cause == FETCH_DONE && round->page.more))
		return round->sent_ns;
	if (cause != FETCH_DONE)
		return feed->timing.now_ns() + backoff_ns(feed);
	/* news, or a request that the server was not to hold */
	bool at_once = round->page.n > 0 || round->wait_s < feed->timing.poll_ns / S_NS;
	return round->sent_ns + (at_once ? (int64_t)GAP_MS * MS_NS : feed->timing.poll_ns);
}

static void settle(struct mintmark_feed *feed, const struct round *round, enum fetch_cause cause)
{
	feed->due_ns = due_ns(feed, round, cause);
	if (cause == FETCH_NOTHING || (cause == FETCH_DONE && round->page.more))
		return; /* not at an end yet */
	feed->failures = cause == FETCH_DONE ? 0 : feed->failures + 1;
	feed->last = cause;
	feed->verdict = feed->refused;
	feed->rounds++;
	pthread_cond_broadcast(&feed->changed);
}

/* One request, without the lock while the network is at work. */
static void ask(struct mintmark_feed *feed)
{
	struct round round = {0};
	arena_init(&round.arena, ARENA_MAX);
	pthread_mutex_unlock(&feed->lock);
	enum fetch_cause cause = request(feed, &round);
	pthread_mutex_lock(&feed->lock);
	if (cause == FETCH_DONE)
		cause = take(feed, &round);
	settle(feed, &round, cause);
	arena_done(&round.arena);
}

static void *follow(void *arg)
{
	struct mintmark_feed *feed = arg;
	pthread_mutex_lock(&feed->lock);
	while (!atomic_load(&feed->ending)) {
		int64_t left_ns = feed->due_ns - feed->timing.now_ns();
		if (left_ns <= 0)
			ask(feed);
		else
			wait_for(feed, left_ns);
	}
	pthread_mutex_unlock(&feed->lock);
	return NULL;
}

/* Below the issuer, or where the operator says; ready for a query. */
static int make_url(struct mintmark_feed *feed, const struct fetch_source *source)
{
	struct str base = source->url.len > 0 ? source->url : str_trim_end(source->issuer, '/');
	return arena_printf(&feed->strings, &feed->url, "%.*s%s%c", STR_ARG(base),
			    source->url.len > 0 ? "" : "/revocations",
			    str_find(base, '?') < base.len ? '&' : '?');
}

static int copy_source(struct mintmark_feed *feed, const struct fetch_source *source)
{
	struct str ca_file;
	feed->source = *source;
	feed->source.cancel = &feed->ending;
	TRY(arena_str(&feed->strings, source->issuer, &feed->source.issuer));
	TRY(make_url(feed, source));
	if (!source->ca_file)
		return 0;
	TRY(arena_str(&feed->strings, str_of(source->ca_file), &ca_file));
	feed->source.ca_file = ca_file.p;
	return 0;
}

int feed_new(const struct fetch_source *source, struct mintmark_keyset *keyset, const struct feed_timing *timing,
	     struct mintmark_feed **ret_feed)
{
	struct mintmark_feed *feed;
	TRY(new_feed(&feed));
	feed->timing = *timing;
	feed->due_ns = feed->swept_ns = timing->now_ns();
	feed->begins = true;
	feed->keyset = keyset_ref(keyset);
	int rc = copy_source(feed, source);
	if (rc == 0)
		rc = fetch_thread_new(follow, feed, &feed->thread);
	if (rc < 0) {
		free_feed(feed);
		return rc;
	}
	*ret_feed = feed;
	return 0;
}

struct mintmark_feed *feed_ref(struct mintmark_feed *feed)
{
	atomic_fetch_add_explicit(&feed->refs, 1, memory_order_relaxed);
	return feed;
}

void feed_poke(struct mintmark_feed *feed)
{
	pthread_mutex_lock(&feed->lock);
	pthread_cond_broadcast(&feed->changed);
	pthread_mutex_unlock(&feed->lock);
}

void feed_unref(struct mintmark_feed *feed)
{
	if (!feed || atomic_fetch_sub_explicit(&feed->refs, 1, memory_order_acq_rel) != 1)
		return;
	atomic_store(&feed->ending, true);
	feed_poke(feed);
	pthread_join(feed->thread, NULL);
	free_feed(feed);
}

/* Look up under the lock, which the thread holds for microseconds when there is news. */
static bool is_revoked(struct mintmark_feed *feed, const struct jwt_claims *claims, struct feed_finding *ret_finding,
		       uint64_t *ret_version)
{
	pthread_mutex_lock(&feed->lock);
	bool found = feed->table && feed_table_revokes(feed->table, claims, ret_finding);
	*ret_version = atomic_load_explicit(&feed->version, memory_order_relaxed);
	pthread_mutex_unlock(&feed->lock);
	return found;
}

enum verdict feed_judge(struct mintmark_feed *feed, const struct jwt_claims *claims, _Atomic uint64_t *clean)
{
	uint64_t version = atomic_load_explicit(&feed->version, memory_order_acquire);
	if (version == 0)
		return VERDICT_STALE;
	if (atomic_load_explicit(clean, memory_order_relaxed) != version) {
		if (is_revoked(feed, claims, NULL, &version))
			return VERDICT_REVOKED;
		atomic_store_explicit(clean, version, memory_order_relaxed);
	}
	return is_fresh(feed) ? VERDICT_VALID : VERDICT_STALE;
}

bool feed_is_awaited(struct mintmark_feed *feed)
{
	if (atomic_load_explicit(&feed->version, memory_order_acquire) != 0)
		return false;
	pthread_mutex_lock(&feed->lock);
	bool is_awaited = feed->rounds == 0;
	pthread_mutex_unlock(&feed->lock);
	return is_awaited;
}

/* The keys, and a request or two. */
enum { PATIENCE = 4 };

void feed_wait(struct mintmark_feed *feed, uint32_t timeout_ms)
{
	int64_t timeout_ns = (timeout_ms > 0 ? timeout_ms : (int64_t)feed->timing.timeout_ms * PATIENCE) * MS_NS;
	int64_t end_ns = clock_mono_ns() + timeout_ns;
	pthread_mutex_lock(&feed->lock);
	for (int64_t left_ns = timeout_ns; feed->rounds == 0 && left_ns > 0; left_ns = end_ns - clock_mono_ns())
		wait_for(feed, left_ns);
	pthread_mutex_unlock(&feed->lock);
}

void feed_describe(struct mintmark_feed *feed, struct feed_state *ret_state)
{
	pthread_mutex_lock(&feed->lock);
	*ret_state = (struct feed_state){.has_feed = feed->table,
					 .is_fresh = feed->table && is_fresh(feed),
					 .rounds = feed->rounds,
					 .last = feed->last,
					 .verdict = feed->verdict};
	if (feed->table) {
		ret_state->entries = feed_table_count(feed->table);
		ret_state->age_s = (feed->timing.now_ns() - feed->asked_ns) / S_NS;
	}
	pthread_mutex_unlock(&feed->lock);
}

void feed_put_text(const struct feed_state *state, struct buf *out)
{
	if (!state->has_feed)
		buf_put(out, STR("The revocation feed is not there yet: "));
	else
		buf_printf(out, "The revocation feed has %zu entries and is %" PRId64 " s old%s: ", state->entries,
			   state->age_s, state->is_fresh ? "" : ", which is too old");
	buf_printf(out, "at the last of %" PRIu64 " readings it %s", state->rounds, fetch_text(state->last));
	if (state->last == FETCH_UNTRUSTED)
		buf_printf(out, " (%s)", verdict_name(state->verdict));
	buf_put_char(out, '.');
}

void feed_put_reason(struct mintmark_feed *feed, const struct jwt_claims *claims, struct buf *out)
{
	struct feed_finding finding;
	uint64_t version;
	if (!is_revoked(feed, claims, &finding, &version))
		return;
	if (finding.kind == FEED_JTI) {
		buf_put(out, STR(" It is jti "));
		json_put_quoted(out, claims->jti);
		buf_put_char(out, '.');
		return;
	}
	bool is_client = finding.kind == FEED_CLIENT;
	buf_put(out, is_client ? STR(" Of client ") : STR(" Of account "));
	json_put_quoted(out, is_client ? claims->client_id : claims->sub);
	buf_printf(out, " tokens below epoch %" PRId64 " are revoked, and this one's is %" PRId64 ".", finding.epoch,
		   is_client ? claims->epoch : claims->account_epoch);
}
