/*
 * Key sets and the thread that keeps a fetched one fresh; see keyset.h and mintmark/keyset.h. ledger 7517 10: a grace
 * for new keys, and no refetch without bound. The lock is never held during a fetch. Must never let a failed or
 * unusable answer displace a good set.
 */
#include "verify/keyset.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"

enum { STRINGS_MAX = 8192, S_NS = 1000000000, MS_NS = 1000000 };

struct mintmark_keyset {
	_Atomic unsigned refs;
	_Atomic uint64_t generation;     /* of current; 0: none */
	_Atomic int64_t usable_until_ns; /* end of current's age */

	struct fetch_source source;
	struct keyset_timing timing;
	struct arena strings; /* of source */
	bool is_fixed;
	atomic_bool ending;

	pthread_t thread;
	pthread_mutex_t lock; /* for everything below */
	pthread_cond_t changed;
	struct keyset_snapshot *current;
	unsigned char digest[SHA256_LEN];
	int64_t fetched_ns;   /* when current was */
	int64_t started_ns;   /* when the last fetch was */
	int64_t due_ns;       /* when the next one is */
	uint64_t fetches;     /* that ended */
	bool fetching, asked; /* under way; wanted because of an unknown key */
	bool has_ticket;      /* keyset_ask_nowait asked; its caller's thread is to wait for that fetch */
	enum fetch_cause last;
	const char *what;
};

void keyset_snapshot_unref(struct keyset_snapshot *snapshot)
{
	if (!snapshot || atomic_fetch_sub_explicit(&snapshot->refs, 1, memory_order_acq_rel) != 1)
		return;
	jwks_free(snapshot->jwks);
	free(snapshot);
}

static int new_snapshot(struct jwks *jwks, uint64_t generation, struct keyset_snapshot **ret_snapshot)
{
	struct keyset_snapshot *snapshot = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*snapshot));
	if (!snapshot)
		return E_NOMEM;
	*snapshot = (struct keyset_snapshot){.refs = 1, .generation = generation, .jwks = jwks};
	*ret_snapshot = snapshot;
	return 0;
}

static void free_keyset(struct mintmark_keyset *keyset)
{
	keyset_snapshot_unref(keyset->current);
	(void)pthread_cond_destroy(&keyset->changed);
	(void)pthread_mutex_destroy(&keyset->lock);
	arena_done(&keyset->strings);
	free(keyset);
}

static int new_keyset(struct mintmark_keyset **ret_keyset)
{
	struct mintmark_keyset *keyset = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*keyset));
	if (!keyset)
		return E_NOMEM;
	keyset->refs = 1;
	keyset->what = "key set";
	arena_init(&keyset->strings, STRINGS_MAX);
	if (!clock_cond_init(&keyset->changed) || pthread_mutex_init(&keyset->lock, NULL) != 0) {
		free(keyset);
		return E_INTERNAL;
	}
	*ret_keyset = keyset;
	return 0;
}

int keyset_new_fixed(struct jwks *jwks, struct mintmark_keyset **ret_keyset)
{
	struct mintmark_keyset *keyset;
	struct keyset_snapshot *snapshot;
	TRY(new_keyset(&keyset));
	int rc = new_snapshot(jwks, 1, &snapshot);
	if (rc < 0) {
		free_keyset(keyset);
		return rc;
	}
	keyset->is_fixed = true;
	keyset->current = snapshot;
	keyset->last = FETCH_DONE;
	keyset->usable_until_ns = INT64_MAX;
	keyset->generation = 1;
	*ret_keyset = keyset;
	return 0;
}

/* Wait for a change, at most so long by the machine's clock; the caller holds the lock. */
static void wait_for(struct mintmark_keyset *keyset, int64_t left_ns)
{
	(void)clock_cond_wait(&keyset->changed, &keyset->lock, clock_mono_ns() + left_ns);
}

/* When a good answer is to be asked for again, from its start: four fifths of its life. */
static int64_t lifetime_ns(const struct keyset_timing *timing, int64_t max_age_s)
{
	int64_t life_s = timing->refresh_s;
	if (max_age_s >= 0 && max_age_s < life_s)
		life_s = max_age_s;
	int64_t life_ns = life_s * S_NS / 5 * 4, least_ns = (int64_t)timing->interval_s * S_NS;
	return life_ns > least_ns ? life_ns : least_ns;
}

/* Put a good answer in place; takes result->jwks. False: no memory. The caller holds the lock. */
static bool install(struct mintmark_keyset *keyset, struct fetch_result *result)
{
	bool is_same = keyset->current && memcmp(keyset->digest, result->digest, SHA256_LEN) == 0;
	struct keyset_snapshot *fresh = NULL;
	if (is_same) {
		jwks_free(result->jwks);
	} else if (new_snapshot(result->jwks, atomic_load(&keyset->generation) + 1, &fresh) < 0) {
		jwks_free(result->jwks);
		return false;
	}
	keyset->fetched_ns = keyset->started_ns;
	atomic_store(&keyset->usable_until_ns, keyset->fetched_ns + (int64_t)keyset->timing.max_age_s * S_NS);
	if (is_same)
		return true;
	keyset_snapshot_unref(keyset->current);
	keyset->current = fresh;
	memcpy(keyset->digest, result->digest, SHA256_LEN);
	atomic_store(&keyset->generation, fresh->generation); /* kept tokens of older ones are not found any more */
	return true;
}

/* One fetch, without the lock while the network is at work. */
static void fetch(struct mintmark_keyset *keyset)
{
	struct fetch_result result;
	const char *what;
	keyset->fetching = true;
	keyset->asked = false;
	keyset->started_ns = keyset->timing.now_ns();
	pthread_mutex_unlock(&keyset->lock);
	enum fetch_cause cause = fetch_keys(&keyset->source, &result, &what);
	pthread_mutex_lock(&keyset->lock);
	if (cause == FETCH_DONE && !install(keyset, &result))
		cause = FETCH_MEMORY;
	keyset->due_ns = keyset->started_ns + (cause == FETCH_DONE ? lifetime_ns(&keyset->timing, result.max_age_s)
								   : (int64_t)keyset->timing.interval_s * S_NS);
	keyset->last = cause;
	keyset->what = what;
	keyset->fetches++;
	keyset->fetching = keyset->has_ticket = false;
	pthread_cond_broadcast(&keyset->changed);
}

static void *keep(void *arg)
{
	struct mintmark_keyset *keyset = arg;
	pthread_mutex_lock(&keyset->lock);
	while (!atomic_load(&keyset->ending)) {
		int64_t left_ns = keyset->due_ns - keyset->timing.now_ns();
		if (left_ns <= 0 || keyset->asked)
			fetch(keyset);
		else
			wait_for(keyset, left_ns);
	}
	pthread_mutex_unlock(&keyset->lock);
	return NULL;
}

static int copy_source(struct mintmark_keyset *keyset, const struct fetch_source *source)
{
	struct str ca_file;
	keyset->source = *source;
	keyset->source.cancel = &keyset->ending;
	TRY(arena_str(&keyset->strings, source->issuer, &keyset->source.issuer));
	TRY(arena_str(&keyset->strings, source->url, &keyset->source.url));
	if (!source->ca_file)
		return 0;
	TRY(arena_str(&keyset->strings, str_of(source->ca_file), &ca_file));
	keyset->source.ca_file = ca_file.p;
	return 0;
}

int keyset_new_fetched(const struct fetch_source *source, const struct keyset_timing *timing,
		       struct mintmark_keyset **ret_keyset)
{
	struct mintmark_keyset *keyset;
	TRY(new_keyset(&keyset));
	keyset->timing = *timing;
	keyset->due_ns = timing->now_ns();
	int rc = copy_source(keyset, source);
	if (rc == 0)
		rc = fetch_thread_new(keep, keyset, &keyset->thread);
	if (rc < 0) {
		free_keyset(keyset);
		return rc;
	}
	*ret_keyset = keyset;
	return 0;
}

struct mintmark_keyset *keyset_ref(struct mintmark_keyset *keyset)
{
	atomic_fetch_add_explicit(&keyset->refs, 1, memory_order_relaxed);
	return keyset;
}

const struct fetch_source *keyset_source(const struct mintmark_keyset *keyset) { return &keyset->source; }

void keyset_poke(struct mintmark_keyset *keyset)
{
	pthread_mutex_lock(&keyset->lock);
	pthread_cond_broadcast(&keyset->changed);
	pthread_mutex_unlock(&keyset->lock);
}

void keyset_unref(struct mintmark_keyset *keyset)
{
	if (!keyset || atomic_fetch_sub_explicit(&keyset->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (!keyset->is_fixed) {
		atomic_store(&keyset->ending, true);
		keyset_poke(keyset);
		pthread_join(keyset->thread, NULL);
	}
	free_keyset(keyset);
}

uint64_t keyset_generation(struct mintmark_keyset *keyset)
{
	uint64_t generation = atomic_load_explicit(&keyset->generation, memory_order_acquire);
	if (keyset->is_fixed || generation == 0)
		return generation;
	/* fail closed: an outage must not keep a withdrawn key alive for ever */
	return keyset->timing.now_ns() < atomic_load_explicit(&keyset->usable_until_ns, memory_order_acquire)
		       ? generation
		       : 0;
}

/* The caller holds the lock. */
static void wait_first(struct mintmark_keyset *keyset, int64_t timeout_ns)
{
	int64_t end_ns = clock_mono_ns() + timeout_ns;
	for (int64_t left_ns = timeout_ns; keyset->fetches == 0 && left_ns > 0; left_ns = end_ns - clock_mono_ns())
		wait_for(keyset, left_ns);
}

/* Discovery asks for two or three documents. */
static int64_t patience_ns(const struct mintmark_keyset *keyset)
{
	return (int64_t)keyset->timing.timeout_ms * MS_NS * (keyset->source.url.len > 0 ? 1 : 3);
}

struct keyset_snapshot *keyset_get(struct mintmark_keyset *keyset, bool wait)
{
	struct keyset_snapshot *snapshot = NULL;
	pthread_mutex_lock(&keyset->lock);
	if (wait && !keyset->is_fixed)
		wait_first(keyset, patience_ns(keyset));
	if (keyset_generation(keyset) != 0) {
		snapshot = keyset->current;
		atomic_fetch_add_explicit(&snapshot->refs, 1, memory_order_relaxed);
	}
	pthread_mutex_unlock(&keyset->lock);
	return snapshot;
}

/* Wait for the end of the fetch that is asked for or under way; the caller holds the lock. */
static void wait_end(struct mintmark_keyset *keyset)
{
	uint64_t before = keyset->fetches;
	int64_t end_ns = clock_mono_ns() + patience_ns(keyset);
	for (int64_t left_ns = patience_ns(keyset); keyset->fetches == before && left_ns > 0;
	     left_ns = end_ns - clock_mono_ns())
		wait_for(keyset, left_ns);
}

/* Ask for a fetch unless one is under way or came to its end within the interval; the caller holds the lock. */
static bool ask(struct mintmark_keyset *keyset)
{
	int64_t rest_until_ns = keyset->started_ns + (int64_t)keyset->timing.interval_s * S_NS;
	if (keyset->fetching || keyset->asked || keyset->timing.now_ns() < rest_until_ns)
		return false;
	keyset->asked = true;
	pthread_cond_broadcast(&keyset->changed);
	return true;
}

bool keyset_ask(struct mintmark_keyset *keyset, uint64_t seen)
{
	if (keyset->is_fixed)
		return false;
	pthread_mutex_lock(&keyset->lock);
	/* whoever comes while a fetch is under way, or soon after one, goes on with what there is */
	if (atomic_load(&keyset->generation) == seen && (keyset->has_ticket || ask(keyset))) {
		keyset->has_ticket = false;
		wait_end(keyset);
	}
	bool is_other = atomic_load(&keyset->generation) != seen;
	pthread_mutex_unlock(&keyset->lock);
	return is_other;
}

bool keyset_ask_nowait(struct mintmark_keyset *keyset, uint64_t seen)
{
	if (keyset->is_fixed)
		return false;
	pthread_mutex_lock(&keyset->lock);
	bool is_other = atomic_load(&keyset->generation) != seen;
	if (!is_other && ask(keyset))
		keyset->has_ticket = is_other = true;
	pthread_mutex_unlock(&keyset->lock);
	return is_other;
}

bool keyset_is_awaited(struct mintmark_keyset *keyset)
{
	if (keyset->is_fixed || atomic_load_explicit(&keyset->generation, memory_order_acquire) != 0)
		return false;
	pthread_mutex_lock(&keyset->lock);
	bool is_awaited = keyset->fetches == 0;
	pthread_mutex_unlock(&keyset->lock);
	return is_awaited;
}

void keyset_wait(struct mintmark_keyset *keyset, uint32_t timeout_ms)
{
	pthread_mutex_lock(&keyset->lock);
	if (!keyset->is_fixed)
		wait_first(keyset, (int64_t)timeout_ms * MS_NS);
	pthread_mutex_unlock(&keyset->lock);
}

void keyset_describe(struct mintmark_keyset *keyset, struct keyset_state *ret_state)
{
	pthread_mutex_lock(&keyset->lock);
	*ret_state = (struct keyset_state){.has_set = keyset_generation(keyset) != 0,
					   .is_fixed = keyset->is_fixed,
					   .fetches = keyset->fetches,
					   .last = keyset->last,
					   .what = keyset->what};
	if (keyset->current)
		ret_state->n_keys = keyset->current->jwks->n;
	if (keyset->current && !keyset->is_fixed)
		ret_state->age_s = (keyset->timing.now_ns() - keyset->fetched_ns) / S_NS;
	pthread_mutex_unlock(&keyset->lock);
}

void keyset_put_text(const struct keyset_state *state, struct buf *out)
{
	if (state->is_fixed) {
		buf_printf(out, "The key set is fixed and has %zu keys.", state->n_keys);
		return;
	}
	if (state->n_keys == 0)
		buf_put(out, STR("There is no key set yet: "));
	else
		buf_printf(out, "The key set has %zu keys and is %" PRId64 " s old%s: ", state->n_keys, state->age_s,
			   state->has_set ? "" : ", which is too old");
	buf_printf(out, "at the last of %" PRIu64 " fetches the %s %s.", state->fetches, state->what,
		   fetch_text(state->last));
}
