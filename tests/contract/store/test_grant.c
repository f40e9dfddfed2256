/*
 * Codes, families, refresh tokens: each is good once, and who comes second ends what began with it (RFC 6749 4.1.2,
 * RFC 9700 4.14.2).
 */
#include "people.h"

static int redeem(struct world *world, unsigned code, unsigned n, int64_t now_s)
{
	struct issue issue = an_issue(world, n, true);
	issue.now_s = now_s;
	return store_code_redeem(world->store, hash_of(world, code), &issue, &a_note);
}

/* Refresh token `old` gives number n. */
static int rotate(struct world *world, unsigned old, unsigned n, int64_t grace_s, int64_t now_s)
{
	struct issue issue = an_issue(world, n, false);
	issue.now_s = now_s;
	return store_refresh_rotate(world->store, hash_of(world, 1000 + old), grace_s, &issue, &a_note);
}

static void put(struct world *world, unsigned n)
{
	struct code code = a_code(world, n);
	OK(store_code_put(world->store, &code, NULL));
}

static struct audit_entry newest_entry(struct world *world)
{
	struct audit_entry *entries;
	size_t n;
	OK(store_audit_list(world->store, audit_count(world) - 1, 10, &world->arena, &entries, &n));
	assert_int_equal(n, 1);
	return entries[0];
}

static void codes_refused(void **state)
{
	struct world *world = *state;
	struct code code = a_code(world, 1), got;
	bool used;
	code.client_id = STR("mmc_none");
	FAILS(store_code_put(world->store, &code, NULL), E_ABSENT);
	code = a_code(world, 1);
	code.account_id = STR("mma_none");
	FAILS(store_code_put(world->store, &code, NULL), E_ABSENT);
	code = a_code(world, 1);
	code.api_id = STR("mmr_none");
	FAILS(store_code_put(world->store, &code, NULL), E_ABSENT);
	code.api_id = STR("");
	code.nonce = STR("a\nb");
	FAILS(store_code_put(world->store, &code, NULL), E_SYNTAX);
	code.nonce = STR("");
	OK(store_code_put(world->store, &code, NULL)); /* for ourselves */
	FAILS(store_code_put(world->store, &code, NULL), E_EXISTS);
	FAILS(store_code_peek(world->store, hash_of(world, 2), &world->arena, &got, &used), E_ABSENT);
	FAILS(redeem(world, 2, 2, NOW_S), E_ABSENT);
	struct issue issue = an_issue(world, 1, false);
	FAILS(store_code_redeem(world->store, code.sha256, &issue, &a_note), E_SYNTAX);
	issue = an_issue(world, 1, true);
	issue.access = NULL;
	FAILS(store_code_redeem(world->store, code.sha256, &issue, &a_note), E_SYNTAX);
	issue = an_issue(world, 1, true);
	FAILS(store_refresh_rotate(world->store, hash_of(world, 1001), 0, &issue, &a_note), E_SYNTAX);
	FAILS(rotate(world, 1, 2, -1, NOW_S), E_SYNTAX);
	FAILS(rotate(world, 1, 2, 0, NOW_S), E_ABSENT);
}

static void comes_back_as_it_was(void **state)
{
	struct world *world = *state;
	struct code got;
	bool used = true;
	put(world, 1);
	world_reopen(world);
	OK(store_code_peek(world->store, hash_of(world, 1), &world->arena, &got, &used));
	assert_false(used);
	IS(got.client_id, "mmc_0001");
	IS(got.account_id, "mma_0001");
	IS(got.session_id, "mmx_0001");
	IS(got.redirect_uri, "https://app.example/cb");
	IS(got.scope, "openid read");
	IS(got.api_id, "mmr_0001");
	IS(got.nonce, "nonce 0001");
	IS(got.challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
	assert_int_equal(got.methods, AUTH_PASSKEY);
	assert_int_equal(got.auth_s, NOW_S - 5);
	assert_int_equal(got.created_s, NOW_S);
	assert_int_equal(got.expires_s, NOW_S + 60);
}

/* RFC 6749 4.1.2: a code is good once; a replay ends the tokens that the first use gave. */
static void a_code_comes_twice(void **state)
{
	struct world *world = *state;
	struct code got;
	bool used = false;
	put(world, 1);
	int64_t entries = audit_count(world);
	OK(redeem(world, 1, 1, NOW_S));
	assert_int_equal(audit_count(world), entries + 1);
	IS(newest_entry(world).action, "test.change");
	OK(store_code_peek(world->store, hash_of(world, 1), &world->arena, &got, &used));
	assert_true(used);
	assert_int_equal(get_family(world, 1).ended_s, 0);
	assert_false(is_revoked(world, STR("jti-0001")));
	world_reopen(world);
	FAILS(redeem(world, 1, 2, NOW_S), E_REUSED);
	assert_int_equal(get_family(world, 1).ended_s, NOW_S);
	assert_true(is_revoked(world, STR("jti-0001")));
	assert_false(is_revoked(world, STR("jti-0002")));
	IS(newest_entry(world).action, STORE_REUSED);
	IS(newest_entry(world).target, "mmg_0001");
	assert_int_equal(audit_count(world), entries + 2);
	FAILS(rotate(world, 1, 3, 0, NOW_S), E_ABSENT);
	FAILS(redeem(world, 1, 4, NOW_S), E_REUSED); /* ended already: nothing to change */
	assert_int_equal(audit_count(world), entries + 2);
}

static void a_late_replay_ends_it_too(void **state)
{
	struct world *world = *state;
	put(world, 1);
	OK(redeem(world, 1, 1, NOW_S + 59));
	FAILS(redeem(world, 1, 2, NOW_S + 61), E_REUSED);
	assert_true(get_family(world, 1).ended_s > 0);
}

static void test_attack_23_over_at_the_very_second(void **state)
{
	struct world *world = *state;
	struct code got;
	bool used;
	put(world, 1);
	int64_t entries = audit_count(world);
	FAILS(redeem(world, 1, 1, NOW_S + 60), E_ABSENT);
	assert_int_equal(audit_count(world), entries);
	OK(store_code_peek(world->store, hash_of(world, 1), &world->arena, &got, &used)); /* the caller looks */
	assert_false(used);
	OK(redeem(world, 1, 1, NOW_S + 59));
}

/* RFC 9126 4: a pushed request is good for one code. */
static void a_pushed_request_is_used_up(void **state)
{
	struct world *world = *state;
	struct once pushed = a_once(world, ONCE_PAR, 50), other = a_once(world, ONCE_OTHER, 51);
	struct code code = a_code(world, 1), none = a_code(world, 2);
	bool used;
	OK(store_once_put(world->store, &pushed, NULL));
	OK(store_once_put(world->store, &other, NULL));
	none.client_id = STR("mmc_none");
	FAILS(store_code_put(world->store, &none, pushed.sha256), E_ABSENT);
	FAILS(store_code_put(world->store, &code, other.sha256), E_REUSED);
	OK(store_code_put(world->store, &code, pushed.sha256));
	code = a_code(world, 2);
	FAILS(store_code_put(world->store, &code, pushed.sha256), E_REUSED);
	FAILS(store_code_peek(world->store, code.sha256, &world->arena, &code, &used), E_ABSENT);
	pushed = a_once(world, ONCE_PAR, 52);
	pushed.expires_s = NOW_S;
	OK(store_once_put(world->store, &pushed, NULL));
	FAILS(store_code_put(world->store, &code, pushed.sha256), E_REUSED);
}

static void families(void **state)
{
	struct world *world = *state;
	struct family got, *list;
	struct refresh refresh;
	size_t n;
	FAILS(store_family_get(world->store, STR("mmg_0001"), &world->arena, &got), E_ABSENT);
	FAILS(store_family_end(world->store, STR("mmg_0001"), &a_note), E_ABSENT);
	FAILS(store_refresh_peek(world->store, hash_of(world, 1001), &world->arena, &refresh, &got), E_ABSENT);
	a_family_lives(world, 1);
	a_family_lives(world, 2);
	world_reopen(world);
	OK(store_refresh_peek(world->store, hash_of(world, 1001), &world->arena, &refresh, &got));
	assert_memory_equal(refresh.sha256, hash_of(world, 1001), 32);
	IS(refresh.family_id, "mmg_0001");
	assert_int_equal(refresh.expires_s, NOW_S + 1800);
	assert_int_equal(refresh.used_s, 0);
	IS(got.id, "mmg_0001");
	IS(got.client_id, "mmc_0001");
	IS(got.account_id, "mma_0001");
	IS(got.session_id, "mmx_0001");
	IS(got.scope, "openid read");
	IS(got.api_id, "mmr_0001");
	IS(got.nonce, "nonce");
	assert_int_equal(got.methods, AUTH_PASSKEY);
	assert_int_equal(got.auth_s, NOW_S - 5);
	assert_int_equal(got.epoch + got.account_epoch, 2);
	assert_int_equal(got.created_s, NOW_S + 1);
	assert_int_equal(got.expires_s, NOW_S + 3600);
	assert_int_equal(got.used_s, NOW_S);
	OK(store_family_list(world->store, STR("mma_0001"), NOW_S, &world->arena, &list, &n));
	assert_int_equal(n, 2);
	IS(list[0].id, "mmg_0002");
	int64_t entries = audit_count(world);
	OK(store_family_end(world->store, STR("mmg_0002"), &a_note));
	OK(store_family_end(world->store, STR("mmg_0002"), &a_note));
	assert_int_equal(audit_count(world), entries + 1);
	assert_true(is_revoked(world, STR("jti-0002")));
	assert_false(is_revoked(world, STR("jti-0001")));
	OK(store_family_list(world->store, STR("mma_0001"), NOW_S + 3599, &world->arena, &list, &n));
	assert_int_equal(n, 1);
	OK(store_family_list(world->store, STR("mma_0001"), NOW_S + 3600, &world->arena, &list, &n));
	assert_int_equal(n, 0);
}

/* Those of an older epoch are over, whatever their rows say. */
static void families_of_old_epochs(void **state)
{
	struct world *world = *state;
	struct family *list;
	size_t n;
	a_family_lives(world, 1);
	OK(store_client_set_disabled(world->store, STR("mmc_0001"), true, UNTIL_S, &a_note));
	OK(store_family_list(world->store, STR("mma_0001"), NOW_S, &world->arena, &list, &n));
	assert_int_equal(n, 0);
}

static void rotated(void **state)
{
	struct world *world = *state;
	struct refresh refresh;
	struct family family;
	a_family_lives(world, 1);
	int64_t entries = audit_count(world);
	OK(rotate(world, 1, 2, 0, NOW_S + 100));
	OK(rotate(world, 2, 3, 0, NOW_S + 200));
	assert_int_equal(audit_count(world), entries); /* what happens every hour is no news */
	OK(store_refresh_peek(world->store, hash_of(world, 1001), &world->arena, &refresh, &family));
	assert_int_equal(refresh.used_s, NOW_S + 100);
	assert_int_equal(family.used_s, NOW_S + 200);
	OK(store_refresh_peek(world->store, hash_of(world, 1003), &world->arena, &refresh, &family));
	assert_int_equal(refresh.used_s, 0);
	IS(family.id, "mmg_0001");
	struct issue last = an_issue(world, 4, false);
	last.refresh = NULL; /* no more of them */
	OK(store_refresh_rotate(world->store, hash_of(world, 1003), 0, &last, &a_note));
	FAILS(store_refresh_peek(world->store, hash_of(world, 1004), &world->arena, &refresh, &family), E_ABSENT);
}

/* RFC 9700 4.14.2, ATTACKS 24: reuse ends the family, for the thief and for the owner. */
static void reuse_ends_the_family(void **state)
{
	struct world *world = *state;
	a_family_lives(world, 1);
	a_family_lives(world, 7);
	OK(rotate(world, 1, 2, 0, NOW_S));
	world_reopen(world);
	FAILS(rotate(world, 1, 3, 0, NOW_S), E_REUSED);
	assert_int_equal(get_family(world, 1).ended_s, NOW_S);
	IS(newest_entry(world).action, STORE_REUSED);
	IS(newest_entry(world).target, "mmg_0001");
	assert_true(is_revoked(world, STR("jti-0001")) && is_revoked(world, STR("jti-0002")));
	assert_false(is_revoked(world, STR("jti-0003")) || is_revoked(world, STR("jti-0007")));
	FAILS(rotate(world, 2, 4, 0, NOW_S), E_ABSENT); /* its newest is no better */
	OK(rotate(world, 7, 8, 0, NOW_S));
}

/* Only what can be alive is named. */
static void dead_tokens_are_not_named(void **state)
{
	struct world *world = *state;
	struct audit_note late = a_note;
	late.now_s = NOW_S + 900;
	a_family_lives(world, 1);
	OK(store_family_end(world->store, STR("mmg_0001"), &late));
	assert_false(is_revoked(world, STR("jti-0001")));
	assert_int_equal(get_family(world, 1).ended_s, NOW_S + 900);
	late.now_s = 0; /* would be "lives" */
	FAILS(store_family_end(world->store, STR("mmg_0001"), &late), E_SYNTAX);
}

/* However many of a client's tokens the feed has, an ending is never refused. */
static void a_full_feed_stops_no_ending(void **state)
{
	struct world *world = *state;
	a_family_lives(world, 1);
	for (unsigned i = 0; i < MODEL_REVOKED_MAX; i++) {
		const struct revocation token = {
			.id = name_of(world, "other-", i), .owner = STR("mmc_0001"), .until_s = UNTIL_S};
		OK(store_revocation_put_jti(world->store, &token, &a_note));
	}
	OK(store_family_end(world->store, STR("mmg_0001"), &a_note));
	struct revocation_page page;
	OK(store_revocation_list(world->store, MODEL_REVOKED_MAX, 10, &world->arena, &page));
	assert_int_equal(page.n, 1);
	IS(page.revocations[0].id, "jti-0001");
}

static void refresh_tokens_expire(void **state)
{
	struct world *world = *state;
	a_family_lives(world, 1);
	FAILS(rotate(world, 1, 2, 0, NOW_S + 1800), E_ABSENT);
	OK(rotate(world, 1, 2, 0, NOW_S + 1799));
	/* The new one says 1800 too; the family's end comes before any token's. */
	struct issue longer = an_issue(world, 5, false);
	struct refresh refresh = *longer.refresh;
	refresh.expires_s = NOW_S + 999999;
	longer.refresh = &refresh;
	OK(store_refresh_rotate(world->store, hash_of(world, 1002), 0, &longer, &a_note));
	FAILS(rotate(world, 5, 6, 0, NOW_S + 3600), E_ABSENT);
	OK(rotate(world, 5, 6, 0, NOW_S + 3599));
	FAILS(rotate(world, 5, 7, 0, NOW_S + 3600), E_ABSENT);
	assert_int_equal(get_family(world, 1).ended_s, 0);
}

/* An answer may be lost: the old one is good once more, and its first successor dies. */
static void a_lost_answer(void **state)
{
	struct world *world = *state;
	a_family_lives(world, 1);
	OK(rotate(world, 1, 2, 10, NOW_S));
	OK(rotate(world, 1, 3, 10, NOW_S + 10));
	FAILS(rotate(world, 2, 4, 10, NOW_S + 11), E_REUSED); /* the dead successor: two parties */
	assert_true(get_family(world, 1).ended_s > 0);
}

static void the_grace_is_for_once(void **state)
{
	struct world *world = *state;
	a_family_lives(world, 1);
	OK(rotate(world, 1, 2, 10, NOW_S));
	OK(rotate(world, 1, 3, 10, NOW_S + 1));
	FAILS(rotate(world, 1, 4, 10, NOW_S + 2), E_REUSED);
	assert_true(get_family(world, 1).ended_s > 0);
}

static void the_grace_passes(void **state)
{
	struct world *world = *state;
	a_family_lives(world, 1);
	OK(rotate(world, 1, 2, 10, NOW_S));
	FAILS(rotate(world, 1, 3, 10, NOW_S + 11), E_REUSED);
	assert_true(get_family(world, 1).ended_s > 0);
}

static void no_grace_behind_a_used_successor(void **state)
{
	struct world *world = *state;
	a_family_lives(world, 1);
	OK(rotate(world, 1, 2, 10, NOW_S));
	OK(rotate(world, 2, 3, 10, NOW_S + 1));
	FAILS(rotate(world, 1, 4, 10, NOW_S + 1), E_REUSED);
	assert_true(get_family(world, 1).ended_s > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, people_setup, world_teardown)
static const struct CMUnitTest tests[] = {
	TEST(codes_refused),
	TEST(comes_back_as_it_was),
	TEST(a_code_comes_twice),
	TEST(a_late_replay_ends_it_too),
	TEST(test_attack_23_over_at_the_very_second),
	TEST(a_pushed_request_is_used_up),
	TEST(families),
	TEST(families_of_old_epochs),
	TEST(rotated),
	TEST(reuse_ends_the_family),
	TEST(dead_tokens_are_not_named),
	TEST(a_full_feed_stops_no_ending),
	TEST(refresh_tokens_expire),
	TEST(a_lost_answer),
	TEST(the_grace_is_for_once),
	TEST(the_grace_passes),
	TEST(no_grace_behind_a_used_successor),
};

int main(int argc, char **argv)
{
	world_backend(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
