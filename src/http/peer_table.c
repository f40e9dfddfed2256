/* See peer_table.h. Grows at half full, deletes by shifting back, so there are no tombstones to pile up. */
#include "http/peer_table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/rand.h"
#include "crypto/digest.h"

enum { KEY_LEN = 16, SLOTS_MIN = 64 };

struct slot {
	unsigned char key[KEY_LEN];
	unsigned count; /* 0: free */
};

struct peer_table {
	unsigned char seed[16];
	size_t mask, used;
	struct slot *slots;
};

static void make_key(const unsigned char addr[16], unsigned char ret_key[KEY_LEN])
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
	memcpy(ret_key, addr, KEY_LEN);
	if (memcmp(addr, mapped, sizeof(mapped)) != 0)
		memset(ret_key + 8, 0, 8);
}

static size_t home(const struct peer_table *table, const unsigned char key[KEY_LEN])
{
	return (size_t)digest_siphash(table->seed, str_mem(key, KEY_LEN)) & table->mask;
}

static struct slot *find(const struct peer_table *table, const unsigned char key[KEY_LEN])
{
	size_t at = home(table, key);
	while (table->slots[at].count > 0 && memcmp(table->slots[at].key, key, KEY_LEN) != 0)
		at = (at + 1) & table->mask;
	return &table->slots[at];
}

int peer_table_new(struct peer_table **ret_table)
{
	struct peer_table *table = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*table));
	if (!table)
		return E_NOMEM;
	table->mask = SLOTS_MIN - 1;
	table->slots = calloc(SLOTS_MIN, sizeof(*table->slots));
	int rc = table->slots ? rand_bytes(table->seed, sizeof(table->seed)) : E_NOMEM;
	if (rc < 0) {
		peer_table_free(table);
		return rc;
	}
	*ret_table = table;
	return 0;
}

void peer_table_free(struct peer_table *table)
{
	if (!table)
		return;
	free(table->slots);
	free(table);
}

static int grow(struct peer_table *table)
{
	size_t n = (table->mask + 1) * 2;
	struct slot *old = table->slots;
	struct slot *slots = fault_hit(FAULT_ALLOC) ? NULL : calloc(n, sizeof(*slots));
	if (!slots)
		return E_NOMEM;
	size_t old_n = table->mask + 1;
	table->slots = slots;
	table->mask = n - 1;
	for (size_t i = 0; i < old_n; i++)
		if (old[i].count > 0)
			*find(table, old[i].key) = old[i];
	free(old);
	return 0;
}

int peer_table_add(struct peer_table *table, const unsigned char addr[16], unsigned max)
{
	unsigned char key[KEY_LEN];
	if (table->used * 2 > table->mask)
		TRY(grow(table));
	make_key(addr, key);
	struct slot *slot = find(table, key);
	if (max > 0 && slot->count >= max)
		return E_THROTTLED;
	if (slot->count == 0) {
		memcpy(slot->key, key, KEY_LEN);
		table->used++;
	}
	slot->count++;
	return 0;
}

/* Close the gap at slot `hole`: whoever stands behind it and may live there moves up. */
static void shift_back(struct peer_table *table, size_t hole)
{
	size_t at = hole;
	for (;;) {
		at = (at + 1) & table->mask;
		if (table->slots[at].count == 0)
			break;
		size_t wanted = home(table, table->slots[at].key);
		if (((at - wanted) & table->mask) < ((at - hole) & table->mask))
			continue;
		table->slots[hole] = table->slots[at];
		hole = at;
	}
	table->slots[hole].count = 0;
}

void peer_table_drop(struct peer_table *table, const unsigned char addr[16])
{
	unsigned char key[KEY_LEN];
	make_key(addr, key);
	struct slot *slot = find(table, key);
	if (slot->count == 0 || --slot->count > 0)
		return;
	table->used--;
	shift_back(table, (size_t)(slot - table->slots));
}

unsigned peer_table_count(const struct peer_table *table, const unsigned char addr[16])
{
	unsigned char key[KEY_LEN];
	make_key(addr, key);
	return find(table, key)->count;
}
