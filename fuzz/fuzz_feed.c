/*
 * Answers of a revocation feed. Input is the claims of a page; or 's' and the signed text of one, of which nothing
 * verifies that the fixture's keys did not sign. A page that is read holds what its header promises, and whatever it
 * names is refused afterwards.
 */
#include <stdlib.h>

#include "jws_fixture.h"
#include "verify/feed_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct jwks *keys;

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_entry(const struct feed_table *table, const struct feed_entry *entry)
{
	struct jwt_claims claims = {0};
	struct str *names[FEED_KINDS] = {&claims.client_id, &claims.sub, &claims.jti};
	*names[entry->kind] = entry->name;
	check(feed_table_revokes(table, &claims, NULL));
	check(entry->until_s > 0 && entry->name.len > 0 && entry->name.len <= FEED_NAME_MAX);
}

static void check_page(struct str claims, struct arena *arena)
{
	struct feed_page page;
	struct feed_table *table;
	int64_t last;
	if (feed_page_parse(claims, arena, &page) < 0)
		return;
	check(page.since >= 0 && page.seq >= page.since && page.n <= FEED_PAGE_ENTRIES_MAX && page.feed.len > 0);
	check(!page.more || page.n > 0);
	check(feed_table_new(FEED_PAGE_ENTRIES_MAX, &table) == 0);
	last = page.since;
	for (size_t i = 0; i < page.n; last = page.entries[i++].seq) {
		check(page.entries[i].seq > last && page.entries[i].seq <= page.seq);
		check(feed_table_put(table, &page.entries[i]) == 0);
	}
	for (size_t i = 0; i < page.n; i++)
		check_entry(table, &page.entries[i]);
	check(feed_table_count(table) <= page.n);
	feed_table_sweep(table, INT64_MAX);
	check(feed_table_count(table) == 0);
	feed_table_free(table);
}

static void check_text(struct str text, struct arena *arena)
{
	const struct feed_rules rules = {STR("https://as"), 10, 1500};
	struct str claims = {0};
	enum verdict verdict = feed_page_verify(text, keys, &rules, arena, &claims);
	check(verdict != VERDICT_UNCHECKED && verdict < VERDICTS && verdict != VERDICT_INTERNAL);
	check(verdict != VERDICT_VALID); /* the fixture signed no feed */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_mem(data, size);
	struct arena arena;
	if (!keys)
		check(jwks_parse(str_of(fixture_jwks), 65536, &keys) == 0);
	arena_init(&arena, 1 << 20);
	if (size > 0 && data[0] == 's')
		check_text(str_mem(text.p + 1, size - 1), &arena);
	else
		check_page(text, &arena);
	arena_done(&arena);
	return 0;
}
