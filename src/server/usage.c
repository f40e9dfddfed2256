/*
 * Last-use figures between two flushes; see usage.h. A slot has two tables: `live` takes notes, `full` is being
 * written. They change places when `full` is empty, so a failed flush needs no putting back and the memory is bounded
 * by two tables per slot.
 */
#include "server/usage.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/rand.h"
#include "crypto/digest.h"

enum { LINE = 64, ADDR_MAX = 45, ROWS_FIRST = 64 };

struct row {
	uint64_t hash;
	int64_t last_used_s, count;
	unsigned char id_len, addr_len;
	char id[MODEL_ID_MAX], addr[ADDR_MAX];
};

/* Rows lie densely in the order of their first use, so memory is touched as needed; the index finds them. */
struct table {
	struct row *rows;
	uint32_t *index; /* 2 * cap places: row number + 1; 0 is free */
	uint32_t n, cap; /* cap: a power of two, or 0 */
};

struct usage_slot {
	_Alignas(LINE) pthread_mutex_t mutex; /* guards live */
	struct table live;
	const unsigned char *key;
	_Atomic uint64_t lost;
	struct table full; /* the drainer's alone, under usage.drain */
	uint32_t written;  /* rows of full that are in the store */
};

struct usage {
	unsigned char key[16];
	pthread_mutex_t drain;
	unsigned n_slots;
	struct usage_slot *slots;
};

static void done_table(struct table *table)
{
	free(table->rows);
	free(table->index);
	*table = (struct table){0};
}

int usage_new(unsigned slots, struct usage **ret_usage)
{
	if (slots == 0 || slots > USAGE_SLOTS_MAX)
		return E_LIMIT;
	struct usage *usage = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*usage));
	if (!usage)
		return E_NOMEM;
	pthread_mutex_init(&usage->drain, NULL);
	usage->slots = fault_hit(FAULT_ALLOC) ? NULL : aligned_alloc(LINE, slots * sizeof(*usage->slots));
	int rc = usage->slots ? rand_bytes(usage->key, sizeof(usage->key)) : E_NOMEM;
	if (rc < 0) {
		usage_free(usage);
		return rc;
	}
	memset(usage->slots, 0, slots * sizeof(*usage->slots));
	for (; usage->n_slots < slots; usage->n_slots++) {
		pthread_mutex_init(&usage->slots[usage->n_slots].mutex, NULL);
		usage->slots[usage->n_slots].key = usage->key;
	}
	*ret_usage = usage;
	return 0;
}

void usage_free(struct usage *usage)
{
	if (!usage)
		return;
	for (unsigned i = 0; i < usage->n_slots; i++) {
		pthread_mutex_destroy(&usage->slots[i].mutex);
		done_table(&usage->slots[i].live);
		done_table(&usage->slots[i].full);
	}
	pthread_mutex_destroy(&usage->drain);
	free(usage->slots);
	free(usage);
}

struct usage_slot *usage_slot(struct usage *usage, unsigned index) { return &usage->slots[index]; }

/* The place in the index of this id: its own, or the free one where it would stand. The index is at most half full. */
static uint32_t place_of(const struct table *table, uint64_t hash, struct str id)
{
	uint32_t mask = table->cap * 2 - 1, at = (uint32_t)hash & mask;
	for (; table->index[at] > 0; at = (at + 1) & mask) {
		const struct row *row = &table->rows[table->index[at] - 1];
		if (row->hash == hash && str_eq(str_mem(row->id, row->id_len), id))
			break;
	}
	return at;
}

static void fill_index(struct table *table)
{
	uint32_t mask = table->cap * 2 - 1;
	for (uint32_t i = 0; i < table->n; i++) {
		uint32_t at = (uint32_t)table->rows[i].hash & mask;
		while (table->index[at] > 0)
			at = (at + 1) & mask;
		table->index[at] = i + 1;
	}
}

static bool grow(struct table *table)
{
	uint32_t cap = table->cap > 0 ? table->cap * 2 : ROWS_FIRST;
	if (cap > USAGE_ROWS_MAX || fault_hit(FAULT_ALLOC))
		return false;
	uint32_t *index = calloc((size_t)cap * 2, sizeof(*index));
	struct row *rows = index ? realloc(table->rows, cap * sizeof(*rows)) : NULL;
	if (!rows) {
		free(index);
		return false;
	}
	free(table->index);
	*table = (struct table){.rows = rows, .index = index, .n = table->n, .cap = cap};
	fill_index(table);
	return true;
}

/* NULL: there is no room. */
static struct row *find_or_add(struct table *table, uint64_t hash, struct str id)
{
	uint32_t at = 0;
	if (table->cap > 0) {
		at = place_of(table, hash, id);
		if (table->index[at] > 0)
			return &table->rows[table->index[at] - 1];
	}
	if (table->n == table->cap) {
		if (!grow(table))
			return NULL;
		at = place_of(table, hash, id);
	}
	struct row *row = &table->rows[table->n++];
	*row = (struct row){.hash = hash, .id_len = (unsigned char)id.len};
	memcpy(row->id, id.p, id.len);
	table->index[at] = table->n;
	return row;
}

static void note(struct row *row, int64_t now_s, struct str addr)
{
	row->count++;
	if (now_s < row->last_used_s)
		return;
	row->last_used_s = now_s;
	row->addr_len = (unsigned char)(addr.len < ADDR_MAX ? addr.len : ADDR_MAX);
	if (row->addr_len > 0)
		memcpy(row->addr, addr.p, row->addr_len);
}

bool usage_note(struct usage_slot *slot, struct str secret_id, int64_t now_s, struct str addr)
{
	if (secret_id.len == 0 || secret_id.len > MODEL_ID_MAX)
		return false; /* no secret has such an id: the store would skip the row */
	uint64_t hash = digest_siphash(slot->key, secret_id);
	pthread_mutex_lock(&slot->mutex);
	struct row *row = find_or_add(&slot->live, hash, secret_id);
	if (row)
		note(row, now_s, addr);
	bool due = !row || slot->live.n >= USAGE_ROWS_DUE;
	pthread_mutex_unlock(&slot->mutex);
	if (!row)
		atomic_fetch_add_explicit(&slot->lost, 1, memory_order_relaxed);
	return due;
}

/* A table that grew large is given back; a small one is kept for the next round. */
static void empty_table(struct table *table)
{
	if (table->cap > USAGE_ROWS_DUE) {
		done_table(table);
		return;
	}
	if (table->cap > 0)
		memset(table->index, 0, (size_t)table->cap * 2 * sizeof(*table->index));
	table->n = 0;
}

static void swap_tables(struct usage_slot *slot)
{
	pthread_mutex_lock(&slot->mutex);
	struct table live = slot->live;
	slot->live = slot->full;
	slot->full = live;
	pthread_mutex_unlock(&slot->mutex);
}

static int write_full(struct usage_slot *slot, int (*write)(void *arg, const struct usage_row *rows, size_t n),
	void *arg)
{
	struct usage_row batch[USAGE_BATCH_ROWS];
	while (slot->written < slot->full.n) {
		uint32_t left = slot->full.n - slot->written, n = left < USAGE_BATCH_ROWS ? left : USAGE_BATCH_ROWS;
		for (uint32_t i = 0; i < n; i++) {
			const struct row *row = &slot->full.rows[slot->written + i];
			batch[i] = (struct usage_row){.secret_id = str_mem(row->id, row->id_len),
				.last_used_s = row->last_used_s,
				.addr = str_mem(row->addr, row->addr_len),
				.count = row->count};
		}
		TRY(write(arg, batch, n));
		slot->written += n;
	}
	empty_table(&slot->full);
	slot->written = 0;
	return 0;
}

static int drain_slot(struct usage_slot *slot, int (*write)(void *arg, const struct usage_row *rows, size_t n),
	void *arg)
{
	TRY(write_full(slot, write, arg)); /* what an earlier flush could not write */
	swap_tables(slot);
	return write_full(slot, write, arg);
}

int usage_drain(struct usage *usage, int (*write)(void *arg, const struct usage_row *rows, size_t n), void *arg)
{
	int rc = 0;
	pthread_mutex_lock(&usage->drain);
	for (unsigned i = 0; rc == 0 && i < usage->n_slots; i++)
		rc = drain_slot(&usage->slots[i], write, arg);
	pthread_mutex_unlock(&usage->drain);
	return rc;
}

static int write_store(void *arg, const struct usage_row *rows, size_t n) { return store_usage_flush(arg, rows, n); }

int usage_flush(struct usage *usage, struct store *store) { return usage_drain(usage, write_store, store); }

uint64_t usage_lost(const struct usage *usage)
{
	uint64_t total = 0;
	for (unsigned i = 0; i < usage->n_slots; i++)
		total += atomic_load_explicit(&usage->slots[i].lost, memory_order_relaxed);
	return total;
}
