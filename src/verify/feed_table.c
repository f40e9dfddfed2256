/* The table of revocations; see feed_table.h. Open addressing with linear steps, at most half full. */
#include "verify/feed_table.h"

#include <stdlib.h>

#include "base/fault.h"
#include "base/rand.h"
#include "crypto/digest.h"

enum { SLOTS_FIRST = 64, KEY_LEN = 16 };

struct slot {
	uint64_t name[2];
	int64_t epoch;
	int64_t until_s; /* 0: free */
};

struct feed_table {
	unsigned char keys[FEED_KINDS][2][KEY_LEN];
	struct slot *slots;
	size_t room; /* slots, a power of two */
	size_t n, max;
};

static struct slot *new_slots(size_t room) { return fault_hit(FAULT_ALLOC) ? NULL : calloc(room, sizeof(struct slot)); }

int feed_table_new(size_t max, struct feed_table **ret_table)
{
	struct feed_table *table = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*table));
	if (!table)
		return E_NOMEM;
	table->max = max;
	table->room = SLOTS_FIRST;
	table->slots = new_slots(table->room);
	int rc = table->slots ? rand_bytes(table->keys, sizeof(table->keys)) : E_NOMEM;
	if (rc < 0) {
		feed_table_free(table);
		return rc;
	}
	*ret_table = table;
	return 0;
}

void feed_table_free(struct feed_table *table)
{
	if (!table)
		return;
	free(table->slots);
	free(table);
}

size_t feed_table_count(const struct feed_table *table) { return table->n; }

static void hash(const struct feed_table *table, enum feed_kind kind, struct str name, uint64_t ret_name[2])
{
	for (size_t i = 0; i < 2; i++)
		ret_name[i] = digest_siphash(table->keys[kind][i], name);
}

/* The slot of a name, or the free one where it belongs: there is always one. */
static struct slot *find(struct slot *slots, size_t room, const uint64_t name[2])
{
	size_t at = (size_t)name[0] & (room - 1);
	while (slots[at].until_s != 0 && (slots[at].name[0] != name[0] || slots[at].name[1] != name[1]))
		at = (at + 1) & (room - 1);
	return &slots[at];
}

/* Move everything that lives beyond now_s into room slots. False: no memory. */
static bool move(struct feed_table *table, size_t room, int64_t now_s)
{
	struct slot *slots = new_slots(room);
	if (!slots)
		return false;
	table->n = 0;
	for (size_t i = 0; i < table->room; i++) {
		if (table->slots[i].until_s <= now_s)
			continue;
		*find(slots, room, table->slots[i].name) = table->slots[i];
		table->n++;
	}
	free(table->slots);
	table->slots = slots;
	table->room = room;
	return true;
}

void feed_table_sweep(struct feed_table *table, int64_t now_s)
{
	size_t over = 0, room = table->room;
	for (size_t i = 0; i < table->room; i++)
		over += table->slots[i].until_s != 0 && table->slots[i].until_s <= now_s;
	while (room > SLOTS_FIRST && (table->n - over) * 8 < room)
		room /= 2;
	if (over > 0)
		(void)move(table, room, now_s);
}

int feed_table_put(struct feed_table *table, const struct feed_entry *entry)
{
	uint64_t name[2];
	hash(table, entry->kind, entry->name, name);
	struct slot *slot = find(table->slots, table->room, name);
	if (slot->until_s == 0) {
		if (table->n >= table->max)
			return E_LIMIT;
		if (table->n * 2 >= table->room) {
			if (!move(table, table->room * 2, 0))
				return E_NOMEM;
			slot = find(table->slots, table->room, name);
		}
		table->n++;
		*slot = (struct slot){.name = {name[0], name[1]}};
	}
	slot->epoch = entry->epoch > slot->epoch ? entry->epoch : slot->epoch;
	slot->until_s = entry->until_s > slot->until_s ? entry->until_s : slot->until_s;
	return 0;
}

bool feed_table_revokes(const struct feed_table *table, const struct jwt_claims *claims,
			struct feed_finding *ret_finding)
{
	const struct {
		enum feed_kind kind;
		struct str name;
		int64_t epoch;
	} rows[] = {{FEED_CLIENT, claims->client_id, claims->epoch},
		    {FEED_ACCOUNT, claims->sub, claims->account_epoch},
		    {FEED_JTI, claims->jti, -1}};
	for (size_t i = 0; table->n > 0 && i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t name[2];
		hash(table, rows[i].kind, rows[i].name, name);
		const struct slot *slot = find(table->slots, table->room, name);
		if (slot->until_s == 0 || rows[i].epoch >= slot->epoch)
			continue;
		if (ret_finding)
			*ret_finding = (struct feed_finding){rows[i].kind, slot->epoch};
		return true;
	}
	return false;
}
