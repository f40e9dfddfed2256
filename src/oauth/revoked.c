/*
 * The feed in memory; see revoked.h. An array in the order of seq, with gaps, and a hash table over kind and id. One
 * lock for the table, held for microseconds: strangers ask for pages, so a place in the feed is found by bisection.
 * Another lock makes refreshes wait for each other, so that rows are put in in their order.
 */
#include "oauth/revoked.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/rand.h"
#include "crypto/digest.h"
#include "store/store.h"

enum { BUCKETS_FIRST = 64, LOAD_ROWS = 1000, LOAD_ARENA_MAX = 4 << 20, KEY_MAX = MODEL_ID_MAX + 1 };

struct entry {
	struct entry *next; /* of its bucket */
	size_t place; /* its mark */
	uint64_t hash;
	struct revocation row; /* id lies in text, owner is not kept */
	char text[];
};

/* A place in the order of seq. */
struct mark {
	int64_t seq;
	struct entry *entry; /* NULL: a gap, what stood there was dropped */
};

struct revoked {
	struct store *store;
	unsigned char hash_key[16];
	pthread_mutex_t refresh_lock;
	pthread_mutex_t lock; /* of what follows */
	struct entry **buckets;
	size_t n_buckets, n;
	struct mark *marks;
	size_t n_marks, room;
	char feed[MODEL_ID_MAX];
	size_t feed_len;
	_Atomic int64_t seq; /* written under lock */
	_Atomic bool stale;
};

static int hash_of(const struct revoked *revoked, enum revocation_kind kind, struct str id, uint64_t *ret_hash)
{
	char key[KEY_MAX];
	if (id.len > MODEL_ID_MAX)
		return E_LIMIT;
	key[0] = (char)kind;
	memcpy(key + 1, id.p, id.len);
	*ret_hash = digest_siphash(revoked->hash_key, str_mem(key, id.len + 1));
	return 0;
}

static struct entry **find(struct revoked *revoked, uint64_t hash, enum revocation_kind kind, struct str id)
{
	struct entry **link = &revoked->buckets[hash & (revoked->n_buckets - 1)];
	while (*link && ((*link)->hash != hash || (*link)->row.kind != kind || !str_eq((*link)->row.id, id)))
		link = &(*link)->next;
	return link;
}

static void drop(struct revoked *revoked, struct entry **link)
{
	struct entry *entry = *link;
	*link = entry->next;
	revoked->marks[entry->place].entry = NULL;
	revoked->n--;
	free(entry);
}

static void close_gaps(struct revoked *revoked)
{
	size_t n = 0;
	for (size_t i = 0; i < revoked->n_marks; i++) {
		if (!revoked->marks[i].entry)
			continue;
		revoked->marks[n] = revoked->marks[i];
		revoked->marks[n].entry->place = n;
		n++;
	}
	revoked->n_marks = n;
}

/* Room for so many more. Whoever pays for closing gaps or for moving finds half of the room free afterwards. */
static int reserve(struct revoked *revoked, size_t more)
{
	if (revoked->n_marks + more <= revoked->room && revoked->n_marks <= 2 * revoked->n)
		return 0;
	close_gaps(revoked);
	if (revoked->n_marks + more <= revoked->room / 2)
		return 0;
	size_t room = 2 * (revoked->n_marks + more);
	struct mark *marks = fault_hit(FAULT_ALLOC) ? NULL : reallocarray(revoked->marks, room, sizeof(*marks));
	if (!marks)
		return E_NOMEM;
	revoked->marks = marks;
	revoked->room = room;
	return 0;
}

/* There is room. */
static void append(struct revoked *revoked, struct entry *entry)
{
	struct entry **link = find(revoked, entry->hash, entry->row.kind, entry->row.id);
	if (*link)
		drop(revoked, link);
	struct entry **bucket = &revoked->buckets[entry->hash & (revoked->n_buckets - 1)];
	entry->next = *bucket;
	*bucket = entry;
	entry->place = revoked->n_marks++;
	revoked->marks[entry->place] = (struct mark){entry->row.seq, entry};
	revoked->n++;
}

/* Twice the buckets. Without memory for them the chains just grow longer. */
static void widen(struct revoked *revoked)
{
	size_t n = 2 * revoked->n_buckets;
	struct entry **buckets = fault_hit(FAULT_ALLOC) ? NULL : calloc(n, sizeof(struct entry *));
	if (!buckets)
		return;
	for (size_t i = 0; i < revoked->n_marks; i++) {
		struct entry *entry = revoked->marks[i].entry;
		if (!entry)
			continue;
		struct entry **bucket = &buckets[entry->hash & (n - 1)];
		entry->next = *bucket;
		*bucket = entry;
	}
	free(revoked->buckets);
	revoked->buckets = buckets;
	revoked->n_buckets = n;
}

static int make_entry(const struct revoked *revoked, const struct revocation *row, struct entry **ret_entry)
{
	uint64_t hash;
	TRY(hash_of(revoked, row->kind, row->id, &hash));
	struct entry *entry = fault_hit(FAULT_ALLOC) ? NULL : malloc(sizeof(*entry) + row->id.len);
	if (!entry)
		return E_NOMEM;
	*entry = (struct entry){.hash = hash, .row = *row};
	memcpy(entry->text, row->id.p, row->id.len);
	entry->row.id = str_mem(entry->text, row->id.len);
	entry->row.owner = (struct str){0};
	*ret_entry = entry;
	return 0;
}

static void free_entries(struct entry *first)
{
	while (first) {
		struct entry *next = first->next;
		free(first);
		first = next;
	}
}

/* All of a page, or nothing of it. */
static int make_entries(const struct revoked *revoked, const struct revocation_page *page, struct entry **ret_first)
{
	struct entry *first = NULL, **end = &first;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < page->n; i++) {
		rc = make_entry(revoked, &page->revocations[i], end);
		if (rc == 0)
			end = &(*end)->next;
	}
	if (rc < 0) {
		free_entries(first);
		return rc;
	}
	*ret_first = first;
	return 0;
}

static void append_all(struct revoked *revoked, struct entry *entry)
{
	while (entry) {
		struct entry *next = entry->next;
		append(revoked, entry);
		entry = next;
	}
	while (revoked->n > revoked->n_buckets) {
		size_t before = revoked->n_buckets;
		widen(revoked);
		if (revoked->n_buckets == before)
			break;
	}
}

static int put_page(struct revoked *revoked, const struct revocation_page *page)
{
	struct entry *entry = NULL;
	if (page->feed.id.len > sizeof(revoked->feed))
		return E_STORE;
	TRY(make_entries(revoked, page, &entry));
	bool last = page->n < LOAD_ROWS;
	pthread_mutex_lock(&revoked->lock);
	int rc = reserve(revoked, page->n);
	if (rc < 0) {
		pthread_mutex_unlock(&revoked->lock);
		free_entries(entry);
		return rc;
	}
	append_all(revoked, entry);
	memcpy(revoked->feed, page->feed.id.p, page->feed.id.len);
	revoked->feed_len = page->feed.id.len;
	atomic_store(&revoked->seq, last ? page->feed.seq : page->revocations[page->n - 1].seq);
	pthread_mutex_unlock(&revoked->lock);
	return 0;
}

static int load_page(struct revoked *revoked, bool *ret_last)
{
	struct arena arena;
	struct revocation_page page;
	arena_init(&arena, LOAD_ARENA_MAX);
	int rc = store_revocation_list(revoked->store, atomic_load(&revoked->seq), LOAD_ROWS, &arena, &page);
	if (rc == 0)
		rc = put_page(revoked, &page);
	if (rc == 0)
		*ret_last = page.n < LOAD_ROWS;
	arena_done(&arena);
	return rc;
}

int revoked_refresh(struct revoked *revoked)
{
	int rc = 0;
	pthread_mutex_lock(&revoked->refresh_lock);
	for (bool last = false; rc == 0 && !last;)
		rc = load_page(revoked, &last);
	atomic_store(&revoked->stale, rc < 0);
	pthread_mutex_unlock(&revoked->refresh_lock);
	return rc;
}

int revoked_new(struct store *store, struct revoked **ret_revoked)
{
	struct revoked *revoked = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*revoked));
	if (!revoked)
		return E_NOMEM;
	revoked->store = store;
	pthread_mutex_init(&revoked->refresh_lock, NULL);
	pthread_mutex_init(&revoked->lock, NULL);
	revoked->n_buckets = BUCKETS_FIRST;
	revoked->buckets = fault_hit(FAULT_ALLOC) ? NULL : calloc(BUCKETS_FIRST, sizeof(struct entry *));
	int rc = revoked->buckets ? rand_bytes(revoked->hash_key, sizeof(revoked->hash_key)) : E_NOMEM;
	if (rc == 0)
		rc = revoked_refresh(revoked);
	if (rc < 0) {
		revoked_free(revoked);
		return rc;
	}
	*ret_revoked = revoked;
	return 0;
}

void revoked_free(struct revoked *revoked)
{
	if (!revoked)
		return;
	for (size_t i = 0; i < revoked->n_marks; i++)
		free(revoked->marks[i].entry);
	free(revoked->marks);
	free(revoked->buckets);
	pthread_mutex_destroy(&revoked->lock);
	pthread_mutex_destroy(&revoked->refresh_lock);
	free(revoked);
}

bool revoked_is_stale(const struct revoked *revoked) { return atomic_load(&revoked->stale); }

size_t revoked_sweep(struct revoked *revoked, int64_t now_s)
{
	size_t n = 0;
	pthread_mutex_lock(&revoked->lock);
	for (size_t i = 0; i < revoked->n_marks; i++) {
		struct entry *entry = revoked->marks[i].entry;
		if (!entry || entry->row.until_s > now_s)
			continue;
		drop(revoked, find(revoked, entry->hash, entry->row.kind, entry->row.id));
		n++;
	}
	close_gaps(revoked);
	pthread_mutex_unlock(&revoked->lock);
	return n;
}

int revoked_jti(struct revoked *revoked, struct str jti, bool *ret_is_revoked)
{
	uint64_t hash;
	if (revoked_is_stale(revoked))
		return E_STORE;
	if (hash_of(revoked, REVOCATION_JTI, jti, &hash) < 0) { /* none of ours */
		*ret_is_revoked = false;
		return 0;
	}
	pthread_mutex_lock(&revoked->lock);
	*ret_is_revoked = *find(revoked, hash, REVOCATION_JTI, jti) != NULL;
	pthread_mutex_unlock(&revoked->lock);
	return 0;
}

/* The first entry at or behind a place; n_marks: there is none. */
static size_t skip_gaps(const struct revoked *revoked, size_t place)
{
	while (place < revoked->n_marks && !revoked->marks[place].entry)
		place++;
	return place;
}

static size_t first_after(const struct revoked *revoked, int64_t since)
{
	size_t low = 0, high = revoked->n_marks;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (revoked->marks[middle].seq > since)
			high = middle;
		else
			low = middle + 1;
	}
	return skip_gaps(revoked, low);
}

static int fill_page(const struct revoked *revoked, int64_t since, struct arena *arena, struct revoked_page *page)
{
	page->feed.seq = page->seq = revoked->seq;
	page->since = since < 0 || since > page->seq ? 0 : since;
	TRY(arena_str(arena, str_mem(revoked->feed, revoked->feed_len), &page->feed.id));
	page->revocations = arena_array(arena, REVOKED_PAGE_MAX, sizeof(*page->revocations));
	if (!page->revocations)
		return E_NOMEM;
	size_t place = first_after(revoked, page->since);
	for (; place < revoked->n_marks && page->n < REVOKED_PAGE_MAX; place = skip_gaps(revoked, place + 1)) {
		struct revocation *row = &page->revocations[page->n++];
		*row = revoked->marks[place].entry->row;
		TRY(arena_str(arena, row->id, &row->id));
	}
	page->more = place < revoked->n_marks;
	if (page->more)
		page->seq = page->revocations[page->n - 1].seq;
	return 0;
}

int revoked_page(struct revoked *revoked, int64_t since, struct arena *arena, struct revoked_page *ret_page)
{
	struct revoked_page page = {0};
	if (revoked_is_stale(revoked))
		return E_STORE;
	pthread_mutex_lock(&revoked->lock);
	int rc = fill_page(revoked, since, arena, &page);
	pthread_mutex_unlock(&revoked->lock);
	TRY(rc);
	*ret_page = page;
	return 0;
}

int64_t revoked_seq(const struct revoked *revoked) { return atomic_load(&revoked->seq); }

size_t revoked_count(struct revoked *revoked)
{
	pthread_mutex_lock(&revoked->lock);
	size_t n = revoked->n;
	pthread_mutex_unlock(&revoked->lock);
	return n;
}
