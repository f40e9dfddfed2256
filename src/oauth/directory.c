/*
 * The client cache; see directory.h. Sharded: each shard is a fixed array of sets (hash -> a few slots, least recently
 * used goes). Server process, all threads. Must never hand out a view that was loaded before a drop and published after
 * it.
 */
#include "oauth/directory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/rand.h"
#include "crypto/digest.h"
#include "store/store.h"

enum { WAYS = 8, LOCKS = 64, VIEW_ARENA_MAX = 262144, VIEW_BLOCK = 1024 /* most views need one or two */ };

struct cached {
	struct client_view view; /* first: a view is handed out as its address */
	_Atomic unsigned refs;
	struct arena arena;
};

struct slot {
	struct cached *cached; /* NULL: free */
	uint64_t hash;
	uint64_t used;         /* the directory's tick at the last hit */
};

struct directory {
	struct store *store;
	unsigned char hash_key[16];
	_Atomic uint64_t generation;
	_Atomic uint64_t tick, hits, misses;
	_Atomic bool imported;
	size_t n_sets;
	pthread_mutex_t locks[LOCKS]; /* set i is guarded by lock i % LOCKS */
	struct slot slots[];          /* n_sets * WAYS */
};

static struct cached *as_cached(struct client_view *view) { return (struct cached *)(void *)view; }

int directory_new(struct store *store, size_t entries, struct directory **ret_directory)
{
	size_t n_sets = (entries + WAYS - 1) / WAYS;
	if (n_sets < 2)
		n_sets = 2;
	size_t size = sizeof(struct directory) + n_sets * WAYS * sizeof(struct slot);
	struct directory *directory = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, size);
	if (!directory)
		return E_NOMEM;
	directory->store = store;
	directory->n_sets = n_sets;
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_init(&directory->locks[i], NULL);
	int rc = rand_bytes(directory->hash_key, sizeof(directory->hash_key));
	if (rc == 0)
		rc = directory_count_imported(directory);
	if (rc < 0) {
		directory_free(directory);
		return rc;
	}
	*ret_directory = directory;
	return 0;
}

void directory_free(struct directory *directory)
{
	if (!directory)
		return;
	for (size_t i = 0; i < directory->n_sets * WAYS; i++)
		directory_view_unref(directory->slots[i].cached ? &directory->slots[i].cached->view : NULL);
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&directory->locks[i]);
	free(directory);
}

void directory_view_unref(struct client_view *view)
{
	if (!view)
		return;
	struct cached *cached = as_cached(view);
	if (atomic_fetch_sub_explicit(&cached->refs, 1, memory_order_acq_rel) > 1)
		return;
	arena_done(&cached->arena);
	free(cached);
}

struct set {
	pthread_mutex_t *lock;
	struct slot *slots; /* WAYS of them */
	uint64_t hash;
};

static struct set find_set(struct directory *directory, struct str id)
{
	uint64_t hash = digest_siphash(directory->hash_key, id);
	size_t index = (size_t)(hash % directory->n_sets);
	return (struct set){&directory->locks[index % LOCKS], &directory->slots[index * WAYS], hash};
}

static struct slot *find_slot(const struct set *set, struct str id)
{
	for (size_t i = 0; i < WAYS; i++) {
		struct slot *slot = &set->slots[i];
		if (slot->cached && slot->hash == set->hash && str_eq(slot->cached->view.client.id, id))
			return slot;
	}
	return NULL;
}

static struct client_view *look_up(struct directory *directory, struct str id)
{
	struct set set = find_set(directory, id);
	struct client_view *view = NULL;
	pthread_mutex_lock(set.lock);
	struct slot *slot = find_slot(&set, id);
	if (slot) {
		slot->used = atomic_fetch_add_explicit(&directory->tick, 1, memory_order_relaxed);
		atomic_fetch_add_explicit(&slot->cached->refs, 1, memory_order_relaxed);
		view = &slot->cached->view;
	}
	pthread_mutex_unlock(set.lock);
	return view;
}

static void empty_slot(struct slot *slot)
{
	if (slot->cached)
		directory_view_unref(&slot->cached->view);
	*slot = (struct slot){0};
}

/* Put a fresh view into the cache, unless something changed since `generation` was read. */
static void publish(struct directory *directory, struct cached *cached, uint64_t generation)
{
	struct str id = cached->view.client.id;
	struct set set = find_set(directory, id);
	pthread_mutex_lock(set.lock);
	/* Under the lock: directory_drop raises the generation before it takes any lock. */
	if (atomic_load(&directory->generation) == generation && !find_slot(&set, id)) {
		struct slot *oldest = &set.slots[0];
		for (size_t i = 0; i < WAYS && oldest->cached; i++)
			if (!set.slots[i].cached || set.slots[i].used < oldest->used)
				oldest = &set.slots[i];
		empty_slot(oldest);
		atomic_fetch_add_explicit(&cached->refs, 1, memory_order_relaxed);
		uint64_t tick = atomic_fetch_add_explicit(&directory->tick, 1, memory_order_relaxed);
		*oldest = (struct slot){cached, set.hash, tick};
	}
	pthread_mutex_unlock(set.lock);
}

static bool needs_api(const struct client_view *view, struct str api_id)
{
	if (api_id.len == 0)
		return false;
	for (size_t i = 0; i < view->n_apis; i++)
		if (str_eq(view->apis[i].id, api_id))
			return false;
	return true;
}

static int load_api(struct directory *directory, struct cached *cached, struct str api_id)
{
	struct client_view *view = &cached->view;
	if (!needs_api(view, api_id))
		return 0;
	int rc = store_api_get(directory->store, api_id, false, &cached->arena, &view->apis[view->n_apis]);
	if (rc == E_ABSENT) /* deleted between the two reads: its grants are void */
		return 0;
	TRY(rc);
	view->n_apis++;
	return 0;
}

static int fill_view(struct directory *directory, struct str id, struct cached *cached)
{
	struct client_view *view = &cached->view;
	TRY(store_client_get(directory->store, id, &cached->arena, &view->client));
	if (view->client.kind == CLIENT_ACCOUNT)
		TRY(store_account_get(directory->store, view->client.account_id, false, &cached->arena,
				      &view->account));
	view->apis = arena_array(&cached->arena, view->client.n_grants + 1, sizeof(*view->apis));
	if (!view->apis)
		return E_NOMEM;
	TRY(load_api(directory, cached, view->client.default_api));
	for (size_t i = 0; i < view->client.n_grants; i++)
		TRY(load_api(directory, cached, view->client.grants[i].api_id));
	return 0;
}

int directory_client(struct directory *directory, struct str id, bool may_block, struct client_view **ret_view)
{
	struct client_view *view = look_up(directory, id);
	if (view) {
		atomic_fetch_add_explicit(&directory->hits, 1, memory_order_relaxed);
		*ret_view = view;
		return 0;
	}
	if (!may_block)
		return E_WOULD_BLOCK;
	atomic_fetch_add_explicit(&directory->misses, 1, memory_order_relaxed);
	uint64_t generation = atomic_load(&directory->generation);
	struct cached *cached = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*cached));
	if (!cached)
		return E_NOMEM;
	atomic_init(&cached->refs, 1);
	arena_init_blocks(&cached->arena, VIEW_ARENA_MAX, VIEW_BLOCK);
	int rc = fill_view(directory, id, cached);
	if (rc < 0) {
		directory_view_unref(&cached->view);
		return rc;
	}
	publish(directory, cached, generation);
	*ret_view = &cached->view;
	return 0;
}

void directory_drop(struct directory *directory, struct str client_id)
{
	atomic_fetch_add(&directory->generation, 1);
	if (client_id.len > 0) {
		struct set set = find_set(directory, client_id);
		pthread_mutex_lock(set.lock);
		struct slot *slot = find_slot(&set, client_id);
		if (slot)
			empty_slot(slot);
		pthread_mutex_unlock(set.lock);
		return;
	}
	for (size_t i = 0; i < directory->n_sets; i++) {
		pthread_mutex_lock(&directory->locks[i % LOCKS]);
		for (size_t w = 0; w < WAYS; w++)
			empty_slot(&directory->slots[i * WAYS + w]);
		pthread_mutex_unlock(&directory->locks[i % LOCKS]);
	}
}

bool directory_has_imported(const struct directory *directory) { return atomic_load(&directory->imported); }

int directory_count_imported(struct directory *directory)
{
	int64_t n;
	TRY(store_client_count_imported(directory->store, &n));
	atomic_store(&directory->imported, n > 0);
	return 0;
}

void directory_stats(struct directory *directory, struct directory_stats *ret_stats)
{
	struct directory_stats stats = {atomic_load(&directory->hits), atomic_load(&directory->misses), 0};
	for (size_t i = 0; i < directory->n_sets; i++) {
		pthread_mutex_lock(&directory->locks[i % LOCKS]);
		for (size_t w = 0; w < WAYS; w++)
			stats.entries += directory->slots[i * WAYS + w].cached != NULL;
		pthread_mutex_unlock(&directory->locks[i % LOCKS]);
	}
	*ret_stats = stats;
}
