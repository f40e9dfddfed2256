/*
 * The cache of verified tokens; see token_cache.h. ATTACKS 35: it must never outlive what it caches, which is why
 * generation and exp are judged at every find. Sets of four by bits of the digest; sixteen locks.
 */
#include "verify/token_cache.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/fault.h"

enum { WAYS = 4, LOCKS = 16 };

struct entry {
	unsigned char digest[SHA256_LEN];
	uint64_t generation;
	uint64_t used; /* reading of the lock's counter */
	struct mintmark_token *token; /* NULL: free */
};

struct guard {
	_Alignas(64) pthread_mutex_t lock; /* a cache line each */
	uint64_t uses;
};

struct token_cache {
	struct guard guards[LOCKS];
	size_t sets; /* a power of two */
	struct entry entries[];
};

int token_cache_new(unsigned n, struct token_cache **ret_cache)
{
	size_t sets = 1;
	while (sets * WAYS < n)
		sets *= 2;
	size_t size = sizeof(struct token_cache) + sets * WAYS * sizeof(struct entry);
	size = (size + 63) / 64 * 64;
	struct token_cache *cache = fault_hit(FAULT_ALLOC) ? NULL : aligned_alloc(64, size);
	if (!cache)
		return E_NOMEM;
	memset(cache, 0, size);
	cache->sets = sets;
	for (size_t i = 0; i < LOCKS; i++)
		(void)pthread_mutex_init(&cache->guards[i].lock, NULL); /* without attributes it can't fail */
	*ret_cache = cache;
	return 0;
}

void token_cache_free(struct token_cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < cache->sets * WAYS; i++)
		token_unref(cache->entries[i].token);
	for (size_t i = 0; i < LOCKS; i++)
		(void)pthread_mutex_destroy(&cache->guards[i].lock);
	free(cache);
}

/* The set of a digest, and its lock, taken. */
static struct entry *lock_set(struct token_cache *cache, const unsigned char *digest, struct guard **ret_guard)
{
	uint64_t bits;
	memcpy(&bits, digest, sizeof(bits));
	size_t set = (size_t)bits & (cache->sets - 1);
	*ret_guard = &cache->guards[set % LOCKS];
	pthread_mutex_lock(&(*ret_guard)->lock);
	return &cache->entries[set * WAYS];
}

static struct entry *find(struct entry *set, const unsigned char *digest)
{
	for (size_t i = 0; i < WAYS; i++)
		if (set[i].token && memcmp(set[i].digest, digest, SHA256_LEN) == 0)
			return &set[i];
	return NULL;
}

struct mintmark_token *token_cache_find(struct token_cache *cache, const unsigned char digest[SHA256_LEN],
					uint64_t generation, int64_t dead_s)
{
	struct guard *guard;
	struct mintmark_token *found = NULL, *dropped = NULL;
	struct entry *entry = find(lock_set(cache, digest, &guard), digest);
	if (entry && (entry->generation != generation ||
		      (entry->token->claims.exp_s >= 0 && entry->token->claims.exp_s <= dead_s)))
		dropped = TAKE(entry->token);
	else if (entry) {
		entry->used = ++guard->uses;
		found = token_ref(entry->token);
	}
	pthread_mutex_unlock(&guard->lock);
	token_unref(dropped);
	return found;
}

static struct entry *choose(struct entry *set, const unsigned char *digest)
{
	struct entry *chosen = find(set, digest);
	for (size_t i = 0; i < WAYS && !chosen; i++)
		if (!set[i].token)
			chosen = &set[i];
	if (chosen)
		return chosen;
	chosen = set;
	for (size_t i = 1; i < WAYS; i++)
		if (set[i].used < chosen->used)
			chosen = &set[i];
	return chosen;
}

void token_cache_put(struct token_cache *cache, const unsigned char digest[SHA256_LEN], uint64_t generation,
		     struct mintmark_token *token)
{
	struct guard *guard;
	struct entry *entry = choose(lock_set(cache, digest, &guard), digest);
	struct mintmark_token *dropped = entry->token;
	memcpy(entry->digest, digest, SHA256_LEN);
	entry->generation = generation;
	entry->used = ++guard->uses;
	entry->token = token_ref(token);
	pthread_mutex_unlock(&guard->lock);
	token_unref(dropped);
}
