/* revoked.c: the feed in memory says what the store says, or nothing at all. RFC 7009 2.1, ATTACKS 42. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/fault.h"
#include "token/revocations.h"

enum { UNTIL_S = FIXTURE_NOW_S + 3600, MANY = 1500 };

static const struct audit_note note = {FIXTURE_NOW_S, STR("test"), STR("test"), STR("test"), STR("")};

/* Each of a client of its own: the bound per client is another test's. */
static void put_jti(struct fixture *fixture, unsigned n, int64_t until_s)
{
	char jti[32], owner[32];
	snprintf(jti, sizeof(jti), "jti-%u", n);
	snprintf(owner, sizeof(owner), "mmc_%u", n / 500);
	const struct revocation token = {.id = str_of(jti), .owner = str_of(owner), .until_s = until_s};
	assert_int_equal(store_revocation_put_jti(fixture->env.store, &token, &note), 0);
}

static bool is_revoked(struct fixture *fixture, const char *jti)
{
	bool answer = false;
	assert_int_equal(revoked_jti(fixture->env.revoked, str_of(jti), &answer), 0);
	return answer;
}

static struct revoked_page page_after(struct fixture *fixture, int64_t since)
{
	struct revoked_page page;
	assert_int_equal(revoked_page(fixture->env.revoked, since, &fixture->call.arena, &page), 0);
	return page;
}

static void knows_after_a_refresh(void **state)
{
	struct fixture *fixture = *state;
	char huge[200];
	memset(huge, 'j', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	put_jti(fixture, 1, UNTIL_S);
	assert_int_equal(revoked_refresh(fixture->env.revoked), 0);
	assert_true(is_revoked(fixture, "jti-1"));
	assert_false(is_revoked(fixture, "jti-2"));
	assert_false(is_revoked(fixture, ""));
	assert_false(is_revoked(fixture, huge));
	/* A client of this id is another subject. */
	assert_int_equal(store_client_set_disabled(fixture->env.store, STR("mmc_both"), true, UNTIL_S, &note), 0);
	assert_int_equal(revoked_refresh(fixture->env.revoked), 0);
	assert_false(is_revoked(fixture, "mmc_both"));
	assert_int_equal(revoked_count(fixture->env.revoked), 2);
}

/* A second word about a subject takes the place of the first, at the end. */
static void one_row_per_subject(void **state)
{
	struct fixture *fixture = *state;
	put_jti(fixture, 1, UNTIL_S);
	struct store *store = fixture->env.store;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(store_client_set_disabled(store, STR("mmc_both"), true, UNTIL_S, &note), 0);
		assert_int_equal(revoked_refresh(fixture->env.revoked), 0);
		put_jti(fixture, (unsigned)i + 2, UNTIL_S);
		assert_int_equal(store_client_set_disabled(store, STR("mmc_both"), false, 0, &note), 0);
	}
	assert_int_equal(revoked_refresh(fixture->env.revoked), 0);
	struct revoked_page page = page_after(fixture, 0);
	assert_int_equal(page.n, 5);
	assert_int_equal(page.seq, 7);
	assert_true(str_eq(page.revocations[3].id, STR("mmc_both")));
	assert_int_equal(page.revocations[3].epoch, 3);
	assert_int_equal(page.revocations[3].seq, 6);
}

static void pages_in_order(void **state)
{
	struct fixture *fixture = *state;
	int64_t since = 0;
	unsigned seen = 0, n_pages = 0;
	for (unsigned i = 0; i < MANY; i++)
		put_jti(fixture, i, UNTIL_S);
	assert_int_equal(revoked_refresh(fixture->env.revoked), 0);
	assert_int_equal(revoked_count(fixture->env.revoked), MANY);
	struct revoked_page page = {.more = true};
	for (; page.more; since = page.seq, n_pages++) {
		arena_reset(&fixture->call.arena);
		page = page_after(fixture, since);
		assert_int_equal(page.since, since);
		assert_int_equal(page.feed.seq, MANY);
		for (size_t i = 0; i < page.n; i++)
			assert_int_equal(page.revocations[i].seq, ++seen);
		assert_int_equal(page.seq, seen);
	}
	assert_int_equal(seen, MANY);
	assert_int_equal(n_pages, (MANY + REVOKED_PAGE_MAX - 1) / REVOKED_PAGE_MAX);
	page = page_after(fixture, MANY);
	assert_true(page.n == 0 && !page.more && page.seq == MANY && page.since == MANY);
	page = page_after(fixture, MANY + 1); /* ahead of us: another history, from its beginning */
	assert_true(page.since == 0 && page.n == REVOKED_PAGE_MAX);
	page = page_after(fixture, MANY - 1);
	assert_true(page.n == 1 && page.revocations[0].seq == MANY);
}

/* Words about the same subjects over and over, and sweeps between: what is left comes in order, from any number on. */
static void keeps_the_order_over_gaps(void **state)
{
	enum { SUBJECTS = 7, ROUNDS = 40 };
	struct fixture *fixture = *state;
	struct store *store = fixture->env.store;
	for (unsigned i = 0; i < ROUNDS; i++) {
		put_jti(fixture, i, UNTIL_S + i % SUBJECTS);
		assert_int_equal(store_client_set_disabled(store, STR("mmc_both"), true, UNTIL_S + 99, &note), 0);
		assert_int_equal(store_client_set_disabled(store, STR("mmc_both"), false, 0, &note), 0);
		assert_int_equal(revoked_refresh(fixture->env.revoked), 0);
		assert_int_equal(revoked_count(fixture->env.revoked), i + 2);
	}
	assert_true(revoked_sweep(fixture->env.revoked, UNTIL_S + 3) > 0);
	size_t left = revoked_count(fixture->env.revoked);
	for (int64_t since = 0; since <= 2 * ROUNDS; since++) {
		arena_reset(&fixture->call.arena);
		struct revoked_page page = page_after(fixture, since);
		int64_t last = since;
		for (size_t i = 0; i < page.n; i++) {
			assert_true(page.revocations[i].seq > last);
			last = page.revocations[i].seq;
		}
		assert_int_equal(page.n, left);
		assert_false(page.more);
		left -= page.n > 0 && page.revocations[0].seq == since + 1;
	}
	assert_int_equal(left, 0);
}

static void sweeps(void **state)
{
	struct fixture *fixture = *state;
	for (unsigned i = 0; i < 200; i++)
		put_jti(fixture, i, FIXTURE_NOW_S + 1 + i);
	assert_int_equal(revoked_refresh(fixture->env.revoked), 0);
	assert_int_equal(revoked_sweep(fixture->env.revoked, FIXTURE_NOW_S), 0);
	assert_int_equal(revoked_sweep(fixture->env.revoked, FIXTURE_NOW_S + 150), 150);
	assert_false(is_revoked(fixture, "jti-149"));
	assert_true(is_revoked(fixture, "jti-150"));
	assert_int_equal(page_after(fixture, 0).n, 50);
	assert_int_equal(page_after(fixture, 0).feed.seq, 200);
	assert_int_equal(revoked_sweep(fixture->env.revoked, INT64_MAX), 50);
	assert_int_equal(page_after(fixture, 10).n, 0);
	put_jti(fixture, 1000, UNTIL_S);
	assert_int_equal(revoked_refresh(fixture->env.revoked), 0);
	assert_int_equal(page_after(fixture, 200).n, 1);
}

/* ATTACKS 48: a clock that was an hour ahead and is set right again brings no revoked token back. */
static void test_attack_48_an_hour_ahead_and_back(void **state)
{
	struct fixture *fixture = *state;
	enum { EXP_S = FIXTURE_NOW_S + 1, AHEAD_S = 3600 };
	put_jti(fixture, 1, EXP_S + REVOKED_SKEW_S);
	assert_int_equal(revoked_refresh(fixture->env.revoked), 0);
	assert_int_equal(revoked_sweep(fixture->env.revoked, FIXTURE_NOW_S + AHEAD_S), 0);
	assert_true(is_revoked(fixture, "jti-1"));
	assert_int_equal(revoked_sweep(fixture->env.revoked, EXP_S + REVOKED_SKEW_S), 1);
}

/* What can't be read must not pass for "not revoked". */
static void stale_answers_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct revoked *revoked = fixture->env.revoked;
	static const enum fault_kind kinds[] = {FAULT_STORE, FAULT_ALLOC};
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		unsigned failures = 0;
		for (long nth = 1; nth < 1000; nth++) {
			bool answer = false;
			struct revoked_page page;
			char jti[32];
			unsigned n = (unsigned)(1000 * k + (size_t)nth);
			snprintf(jti, sizeof(jti), "jti-%u", n);
			put_jti(fixture, n, UNTIL_S);
			fault_arm(kinds[k], nth);
			int rc = revoked_refresh(revoked);
			bool reached = fault_reached(kinds[k]);
			fault_arm(kinds[k], 0);
			assert_int_equal(revoked_is_stale(revoked), rc < 0);
			if (rc < 0) {
				failures++;
				assert_int_equal(revoked_jti(revoked, str_of(jti), &answer), E_STORE);
				assert_int_equal(revoked_page(revoked, 0, &fixture->call.arena, &page), E_STORE);
				assert_int_equal(revoked_refresh(revoked), 0);
			}
			assert_true(is_revoked(fixture, jti));
			if (!reached)
				break;
		}
		assert_true(failures > 0);
	}
}

static void opens_or_fails_whole(void **state)
{
	struct fixture *fixture = *state;
	struct revoked *revoked = NULL;
	put_jti(fixture, 1, UNTIL_S);
	bool reached = true;
	for (long nth = 1; reached; nth++) {
		fault_arm(FAULT_ALLOC, nth);
		int rc = revoked_new(fixture->env.store, &revoked);
		reached = fault_reached(FAULT_ALLOC);
		fault_arm(FAULT_ALLOC, 0);
		assert_true(rc == 0 || reached);
		if (rc == 0)
			revoked_free(revoked);
	}
}

/* The largest page there can be is signed: ids of the greatest length, every number at its widest. */
static void the_largest_page_fits(void **state)
{
	struct fixture *fixture = *state;
	static struct revocation rows[REVOKED_PAGE_MAX];
	char id[MODEL_ID_MAX];
	struct sign_claims claims;
	memset(id, 'x', sizeof(id));
	for (size_t i = 0; i < REVOKED_PAGE_MAX; i++)
		rows[i] = (struct revocation){.id = str_mem(id, sizeof(id)), .seq = INT64_MAX,
					      .epoch = INT64_MAX, .not_before_s = 99999999999, .until_s = 99999999999};
	struct token_revocations page = {.kid = STR("k"), .issuer = STR("https://as.example"), .feed = STR("f"),
					 .since = INT64_MAX, .seq = INT64_MAX, .more = true, .revocations = rows,
					 .n = REVOKED_PAGE_MAX, .iat_s = 1};
	assert_int_equal(token_revocations_claims(&page, &fixture->call.arena, &claims), 0);
	assert_true(claims.extra.len > SIGNER_FEED_EXTRA_MAX / 2);
	assert_true(claims.exp_s == 301 && claims.kind == TOKEN_FEED);
}

static void the_claims_of_a_page(void **state)
{
	struct fixture *fixture = *state;
	const struct revocation rows[] = {
		{.id = STR("mmc_a"), .kind = REVOCATION_CLIENT, .seq = 12, .epoch = 3, .not_before_s = 5, .until_s = 9},
		{.id = STR("mma_b"), .kind = REVOCATION_ACCOUNT, .seq = 13, .epoch = 2, .not_before_s = 6,
		 .until_s = 9},
		{.id = STR("j"), .kind = REVOCATION_JTI, .seq = 14, .until_s = 7},
	};
	const struct token_revocations page = {.kid = STR("k"), .issuer = STR("https://as.example"), .feed = STR("f"),
					       .since = 11, .seq = 14, .revocations = rows, .n = 3, .iat_s = 1};
	struct sign_claims claims;
	assert_int_equal(token_revocations_claims(&page, &fixture->call.arena, &claims), 0);
	assert_true(str_eq(claims.extra,
			   STR("{\"feed\":\"f\",\"since\":11,\"seq\":14,\"more\":false,\"revocations\":["
			       "{\"seq\":12,\"client_id\":\"mmc_a\",\"epoch\":3,\"not_before\":5,\"until\":9},"
			       "{\"seq\":13,\"account\":\"mma_b\",\"epoch\":2,\"not_before\":6,\"until\":9},"
			       "{\"seq\":14,\"jti\":\"j\",\"until\":7}]}")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(knows_after_a_refresh, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(one_row_per_subject, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(pages_in_order, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(keeps_the_order_over_gaps, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(sweeps, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(test_attack_48_an_hour_ahead_and_back, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(stale_answers_nothing, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(opens_or_fails_whole, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(the_largest_page_fits, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(the_claims_of_a_page, fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
