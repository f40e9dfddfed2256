/* Leaky buckets for failed client authentication, in a table of fixed size; see throttle.h. */
#include "oauth/throttle.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/rand.h"
#include "crypto/digest.h"

enum { WAYS = 8, SHARDS = 64, CLIENT_HASHED_MAX = 256, ENTRIES_MAX = 16777216 };

/* empty_us: when the bucket will have drained (the "theoretical arrival time" of GCRA). In the past: a free entry. */
struct entry {
	uint64_t tag;
	uint64_t empty_us : 63;
	uint64_t announced : 1;
};
_Static_assert(sizeof(struct entry) == 16, "throttle.h and configuration.md promise 16 bytes");

struct shard {
	_Alignas(64) pthread_mutex_t mutex;
};

struct throttle {
	unsigned char key[16];
	_Atomic uint32_t failures, window_s;
	_Atomic uint64_t last_empty_us; /* no bucket drains later than this */
	uint32_t n_pairs, n_addrs;      /* buckets of each; powers of two */
	struct entry (*buckets)[WAYS];  /* those of pairs first */
	struct shard shards[SHARDS];
};

/* One bucket to look at: its tag, and what one failure adds. */
struct meter {
	uint64_t tag;
	uint32_t bucket; /* index */
	uint64_t now_us, step_us, window_us;
};

static uint32_t buckets_for(uint32_t entries)
{
	uint32_t n = 1;
	while (n < entries / WAYS && n < ENTRIES_MAX / WAYS)
		n *= 2;
	return n * WAYS < entries && n < ENTRIES_MAX / WAYS ? n * 2 : n;
}

static int init(struct throttle *throttle, const struct throttle_limits *limits, uint32_t entries)
{
	throttle->n_pairs = buckets_for(entries);
	throttle->n_addrs = buckets_for(entries / 4);
	TRY(rand_bytes(throttle->key, sizeof(throttle->key)));
	throttle_set_limits(throttle, limits);
	size_t n = (size_t)throttle->n_pairs + throttle->n_addrs;
	throttle->buckets = fault_hit(FAULT_ALLOC) ? NULL : calloc(n, sizeof(*throttle->buckets));
	return throttle->buckets ? 0 : E_NOMEM;
}

int throttle_new(const struct throttle_limits *limits, uint32_t entries, struct throttle **ret_throttle)
{
	struct throttle *throttle =
		fault_hit(FAULT_ALLOC) ? NULL : aligned_alloc(_Alignof(struct throttle), sizeof(*throttle));
	if (!throttle)
		return E_NOMEM;
	memset(throttle, 0, sizeof(*throttle));
	for (size_t i = 0; i < SHARDS; i++)
		pthread_mutex_init(&throttle->shards[i].mutex, NULL);
	int rc = init(throttle, limits, entries);
	if (rc < 0) {
		throttle_free(throttle);
		return rc;
	}
	*ret_throttle = throttle;
	return 0;
}

void throttle_free(struct throttle *throttle)
{
	if (!throttle)
		return;
	for (size_t i = 0; i < SHARDS; i++)
		pthread_mutex_destroy(&throttle->shards[i].mutex);
	free(throttle->buckets);
	free(throttle);
}

void throttle_set_limits(struct throttle *throttle, const struct throttle_limits *limits)
{
	atomic_store_explicit(&throttle->failures, limits->failures > 0 ? limits->failures : 1, memory_order_relaxed);
	atomic_store_explicit(&throttle->window_s, limits->window_s > 0 ? limits->window_s : 1, memory_order_relaxed);
}

size_t throttle_memory(const struct throttle *throttle)
{
	return sizeof(*throttle) + ((size_t)throttle->n_pairs + throttle->n_addrs) * sizeof(*throttle->buckets);
}

/* The bytes that stand for a source: IPv4 whole, IPv6 its /64, anything else its text (cut). Returns their number. */
static size_t put_source(struct str addr, unsigned char out[64])
{
	char copy[INET6_ADDRSTRLEN];
	unsigned char v6[16];
	static const unsigned char v4_mapped[12] = {[10] = 0xFF, [11] = 0xFF};
	size_t n = addr.len < 63 ? addr.len : 63;
	if (addr.len < sizeof(copy)) {
		memcpy(copy, addr.len > 0 ? addr.p : "", addr.len);
		copy[addr.len] = '\0';
		out[0] = '4';
		if (inet_pton(AF_INET, copy, out + 1) == 1)
			return 5;
		if (inet_pton(AF_INET6, copy, v6) == 1) {
			bool mapped = memcmp(v6, v4_mapped, sizeof(v4_mapped)) == 0;
			out[0] = mapped ? '4' : '6';
			memcpy(out + 1, mapped ? v6 + 12 : v6, mapped ? 4 : 8);
			return mapped ? 5 : 9;
		}
	}
	out[0] = 't';
	memcpy(out + 1, n > 0 ? addr.p : "", n);
	return n + 1;
}

/* client.p NULL: the address alone. Longer client ids than any that exists share their beginning. */
static uint64_t tag_of(const struct throttle *throttle, struct str client, struct str addr)
{
	unsigned char bytes[2 + 64 + CLIENT_HASHED_MAX];
	size_t n = client.len < CLIENT_HASHED_MAX ? client.len : CLIENT_HASHED_MAX;
	size_t source_len = put_source(addr, bytes + 2);
	bytes[0] = client.p ? 'p' : 'a';
	bytes[1] = (unsigned char)source_len;
	if (n > 0)
		memcpy(bytes + 2 + source_len, client.p, n);
	uint64_t tag = digest_siphash(throttle->key, str_mem(bytes, 2 + source_len + n));
	return tag > 0 ? tag : 1; /* 0 marks an entry that was never used */
}

static struct meter meter_of(const struct throttle *throttle, uint64_t tag, uint32_t factor, int64_t now_s)
{
	uint64_t failures = (uint64_t)atomic_load_explicit(&throttle->failures, memory_order_relaxed) * factor;
	uint64_t window_us = (uint64_t)atomic_load_explicit(&throttle->window_s, memory_order_relaxed) * 1000000;
	uint64_t step_us = window_us / failures;
	return (struct meter){.tag = tag, .now_us = (uint64_t)(now_s > 0 ? now_s : 0) * 1000000, .window_us = window_us,
		.step_us = step_us > 0 ? step_us : 1};
}

static struct meter meter_pair(const struct throttle *throttle, struct str client, struct str addr, int64_t now_s)
{
	uint64_t tag = tag_of(throttle, client.p ? client : STR(""), addr);
	struct meter meter = meter_of(throttle, tag, 1, now_s);
	meter.bucket = (uint32_t)tag & (throttle->n_pairs - 1);
	return meter;
}

static struct meter meter_addr(const struct throttle *throttle, struct str addr, int64_t now_s)
{
	uint64_t tag = tag_of(throttle, (struct str){NULL, 0}, addr);
	struct meter meter = meter_of(throttle, tag, THROTTLE_ADDR_FACTOR, now_s);
	meter.bucket = throttle->n_pairs + ((uint32_t)tag & (throttle->n_addrs - 1));
	return meter;
}

/*
 * What the bucket holds, as time until it is empty. More than a window can only come from a clock set back (or a
 * shorter window): up to two count as full, since threads read the clock at slightly different moments; beyond that
 * the entry means nothing any more.
 */
static uint64_t level_us(const struct entry *entry, const struct meter *meter)
{
	uint64_t left = entry->empty_us > meter->now_us ? entry->empty_us - meter->now_us : 0;
	if (left > 2 * meter->window_us)
		return 0;
	return left < meter->window_us ? left : meter->window_us;
}

/* Time until one more failure fits; 0: it fits now. */
static uint64_t wait_us(uint64_t level, const struct meter *meter)
{
	uint64_t full = meter->window_us - meter->step_us;
	return level > full ? level - full : 0;
}

static struct entry *find(struct entry *bucket, uint64_t tag)
{
	for (unsigned i = 0; i < WAYS; i++)
		if (bucket[i].tag == tag)
			return &bucket[i];
	return NULL;
}

/*
 * The entry nearest to drained makes room, and the newcomer starts where that one stood, and with what was told about
 * it: a stored count can be too high but never too low ("Space-Saving", Metwally, Agrawal, El Abbadi, 2005).
 */
static struct entry *make_room(struct entry *bucket, uint64_t tag)
{
	struct entry *least = &bucket[0];
	for (unsigned i = 1; i < WAYS && least->tag > 0; i++)
		if (bucket[i].tag == 0 ||
			bucket[i].empty_us <= least->empty_us) /* among equals the one that came last */
			least = &bucket[i];
	least->tag = tag;
	return least;
}

static struct entry *lock(struct throttle *throttle, uint32_t bucket, pthread_mutex_t **ret_mutex)
{
	*ret_mutex = &throttle->shards[bucket % SHARDS].mutex;
	pthread_mutex_lock(*ret_mutex);
	return throttle->buckets[bucket];
}

static uint64_t read_wait(struct throttle *throttle, const struct meter *meter)
{
	pthread_mutex_t *mutex;
	const struct entry *entry = find(lock(throttle, meter->bucket, &mutex), meter->tag);
	uint64_t wait = entry ? wait_us(level_us(entry, meter), meter) : 0;
	pthread_mutex_unlock(mutex);
	return wait;
}

static void raise_last(struct throttle *throttle, uint64_t empty_us)
{
	uint64_t last = atomic_load_explicit(&throttle->last_empty_us, memory_order_relaxed);
	while (last < empty_us && !atomic_compare_exchange_weak(&throttle->last_empty_us, &last, empty_us))
		;
}

/* Adds one failure; true when this one filled the bucket and nobody was told yet. */
static bool add(struct throttle *throttle, const struct meter *meter)
{
	pthread_mutex_t *mutex;
	struct entry *bucket = lock(throttle, meter->bucket, &mutex);
	struct entry *entry = find(bucket, meter->tag);
	if (!entry)
		entry = make_room(bucket, meter->tag);
	uint64_t level = level_us(entry, meter);
	if (level == 0)
		entry->announced = 0;
	level = level + meter->step_us < meter->window_us ? level + meter->step_us : meter->window_us;
	entry->empty_us = (meter->now_us + level) & INT64_MAX;
	bool crossed = wait_us(level, meter) > 0 && !entry->announced;
	if (crossed)
		entry->announced = 1;
	raise_last(throttle, meter->now_us + level);
	pthread_mutex_unlock(mutex);
	return crossed;
}

static bool is_quiet(const struct throttle *throttle, int64_t now_s)
{
	uint64_t last_us = atomic_load_explicit(&throttle->last_empty_us, memory_order_acquire);
	return last_us == 0 || (now_s > 0 && (uint64_t)now_s * 1000000 >= last_us);
}

static int verdict(uint64_t wait, uint32_t *ret_retry_after_s)
{
	if (wait == 0)
		return 0;
	*ret_retry_after_s = (uint32_t)((wait + 999999) / 1000000);
	return E_THROTTLED;
}

int throttle_check_pair(struct throttle *throttle, struct str client, struct str addr, int64_t now_s,
	uint32_t *ret_retry_after_s)
{
	if (is_quiet(throttle, now_s))
		return 0;
	struct meter pair = meter_pair(throttle, client, addr, now_s);
	return verdict(read_wait(throttle, &pair), ret_retry_after_s);
}

int throttle_check(struct throttle *throttle, struct str client, struct str addr, int64_t now_s,
	uint32_t *ret_retry_after_s)
{
	if (is_quiet(throttle, now_s))
		return 0;
	struct meter pair = meter_pair(throttle, client, addr, now_s), source = meter_addr(throttle, addr, now_s);
	uint64_t wait = read_wait(throttle, &pair), other = read_wait(throttle, &source);
	return verdict(wait > other ? wait : other, ret_retry_after_s);
}

unsigned throttle_fail(struct throttle *throttle, struct str client, struct str addr, int64_t now_s)
{
	struct meter pair = meter_pair(throttle, client, addr, now_s), source = meter_addr(throttle, addr, now_s);
	unsigned crossed = add(throttle, &pair) ? THROTTLE_CROSSED_PAIR : 0;
	return crossed | (add(throttle, &source) ? THROTTLE_CROSSED_ADDR : 0);
}

void throttle_success(struct throttle *throttle, struct str client, struct str addr, int64_t now_s)
{
	if (is_quiet(throttle, now_s))
		return;
	struct meter pair = meter_pair(throttle, client, addr, now_s);
	pthread_mutex_t *mutex;
	struct entry *entry = find(lock(throttle, pair.bucket, &mutex), pair.tag);
	if (entry)
		entry->empty_us = 0;
	pthread_mutex_unlock(mutex);
}
