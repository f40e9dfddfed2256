/*
 * Signing in with a password; see account/signin.h. Work is counted, not timed: calls of the password hash and of the
 * store's reads go through wrappers here. CC-15, CC-22 for people.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "account/credential.h"
#include "account/signin.h"
#include "account/strength.h"
#include "base/fault.h"
#include "crypto/password.h"
#include "fixture.h"
#include "oauth/throttle.h"

#define RIGHT STR("tr0mbone gravel sunday kiln")

static unsigned hashes, account_reads, login_reads;

int __real_password_check(struct secret password, struct str phc);
int __real_password_check_nothing(struct secret password);
int __real_store_account_get(struct store *store, struct str key, bool by_email, struct arena *arena,
			     struct account *ret_account);
int __real_store_login_get(struct store *store, struct str id, struct arena *arena, struct login *ret_login);
int __wrap_password_check(struct secret password, struct str phc);
int __wrap_password_check_nothing(struct secret password);
int __wrap_store_account_get(struct store *store, struct str key, bool by_email, struct arena *arena,
			     struct account *ret_account);
int __wrap_store_login_get(struct store *store, struct str id, struct arena *arena, struct login *ret_login);

int __wrap_password_check(struct secret password, struct str phc)
{
	hashes++;
	return __real_password_check(password, phc);
}

int __wrap_password_check_nothing(struct secret password)
{
	hashes++;
	return __real_password_check_nothing(password);
}

int __wrap_store_account_get(struct store *store, struct str key, bool by_email, struct arena *arena,
			     struct account *ret_account)
{
	account_reads++;
	return __real_store_account_get(store, key, by_email, arena, ret_account);
}

int __wrap_store_login_get(struct store *store, struct str id, struct arena *arena, struct login *ret_login)
{
	login_reads++;
	return __real_store_login_get(store, id, arena, ret_login);
}

static const struct audit_note note = {FIXTURE_NOW_S, STR("test"), STR("test"), STR("test"), STR("")};

/* Ada has a password, Bob has none. */
static int setup(void **state)
{
	struct str phc;
	if (fixture_setup(state) != 0)
		return -1;
	struct fixture *fixture = *state;
	assert_int_equal(credential_hash(&fixture->call, secret_of(RIGHT), &phc), 0);
	assert_int_equal(store_login_set_password(fixture->env.store, fixture->ada.id, phc, NULL, 0, &note), 0);
	return 0;
}

static int attempt_from(struct fixture *fixture, struct str addr, struct str email, struct str password)
{
	struct account account;
	struct login login;
	fixture_call(fixture, 0);
	fixture->call.peer_addr = addr;
	hashes = account_reads = login_reads = 0;
	int rc = signin_password(&fixture->call, email, secret_of(password), &account, &login);
	if (rc == 0)
		assert_true(str_eq(account.id, fixture->ada.id) && login.phc.len > 0);
	return rc;
}

static int attempt(struct fixture *fixture, unsigned source, struct str email, struct str password)
{
	static const struct str addrs[] = {STR("192.0.2.1"), STR("192.0.2.2"), STR("192.0.2.3"), STR("192.0.2.4"),
					   STR("192.0.2.5"), STR("192.0.2.6"), STR("192.0.2.7"), STR("192.0.2.8")};
	return attempt_from(fixture, addrs[source], email, password);
}

static void every_refusal_costs_the_same(void **state)
{
	struct fixture *fixture = *state;
	char huge[100000];
	memset(huge, 'x', sizeof(huge));
	const struct {
		struct str email, password;
	} rows[] = {
		{STR("ada@example.com"), STR("wrong")},      {STR("nobody@example.com"), RIGHT},
		{STR("bob@example.com"), RIGHT},             {STR("no address at all"), RIGHT},
		{STR("ada@example.com"), str_mem(huge, sizeof(huge))}, {STR(""), RIGHT},
	};
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(attempt(fixture, i, rows[i].email, rows[i].password), E_ACCESS_DENIED);
		assert_int_equal(hashes, 1);
		assert_int_equal(account_reads, 1);
		assert_int_equal(login_reads, 1);
		assert_int_equal(fixture->call.signin, SIGNIN_FAILED);
	}
	assert_int_equal(store_account_set_disabled(fixture->env.store, fixture->ada.id, true, FIXTURE_NOW_S + 10,
						    &note), 0);
	assert_int_equal(attempt(fixture, 6, STR("ada@example.com"), RIGHT), E_ACCESS_DENIED);
	assert_int_equal(hashes, 1);
	assert_int_equal(account_reads + login_reads, 2);
}

static void right_ones_are_heard(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(attempt(fixture, 0, STR("ada@example.com"), RIGHT), 0);
	assert_int_equal(hashes, 1);
	assert_int_equal(fixture->call.signin, SIGNIN_OK);
	assert_int_equal(attempt(fixture, 0, STR("  Ada@EXAMPLE.com "), RIGHT), 0);
}

/* The fixture allows three failures per pair and thirty per source. */
static void throttles_guessing_and_locks_nobody_out(void **state)
{
	struct fixture *fixture = *state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(attempt(fixture, 0, STR("ada@example.com"), STR("guess")), E_ACCESS_DENIED);
	assert_int_equal(attempt(fixture, 0, STR("ada@example.com"), RIGHT), E_THROTTLED);
	assert_int_equal(hashes, 0); /* guessing costs us nothing */
	assert_int_equal(fixture->call.signin, SIGNIN_THROTTLED);
	assert_true(fixture->call.retry_after_s >= 1);
	assert_int_equal(fixture_audited(fixture, "throttle"), 1);
	assert_int_equal(attempt(fixture, 1, STR("ada@example.com"), RIGHT), 0); /* the owner, from elsewhere */
	assert_int_equal(attempt(fixture, 0, STR("ADA@example.com"), RIGHT), E_THROTTLED); /* the same address */
}

/* One address, however it is spelled. */
static void spelling_buys_no_guesses(void **state)
{
	struct fixture *fixture = *state;
	assert_int_equal(attempt(fixture, 0, STR("ada@example.com"), STR("guess")), E_ACCESS_DENIED);
	assert_int_equal(attempt(fixture, 0, STR("ada@Example.com"), STR("guess")), E_ACCESS_DENIED);
	assert_int_equal(attempt(fixture, 0, STR(" ada@EXAMPLE.COM"), STR("guess")), E_ACCESS_DENIED);
	assert_int_equal(attempt(fixture, 0, STR("ada@exAmple.com"), RIGHT), E_THROTTLED);
}

static void one_source_can_not_spray(void **state)
{
	struct fixture *fixture = *state;
	char email[] = "nobody-00@example.com";
	int rc = E_ACCESS_DENIED;
	for (int i = 0; i < 31 && rc == E_ACCESS_DENIED; i++) {
		email[7] = (char)('0' + i / 10);
		email[8] = (char)('0' + i % 10);
		rc = attempt(fixture, 2, str_of(email), STR("guess"));
	}
	assert_int_equal(rc, E_THROTTLED);
	assert_int_equal(attempt(fixture, 2, STR("ada@example.com"), RIGHT), E_THROTTLED);
	assert_int_equal(attempt(fixture, 3, STR("ada@example.com"), RIGHT), 0);
}

static void again_is_for_the_same_account(void **state)
{
	struct fixture *fixture = *state;
	fixture_call(fixture, 0);
	assert_int_equal(signin_again(&fixture->call, &fixture->ada, secret_of(RIGHT)), 0);
	assert_int_equal(signin_again(&fixture->call, &fixture->ada, secret_of(STR("x"))), E_ACCESS_DENIED);
	assert_int_equal(signin_again(&fixture->call, &fixture->bob, secret_of(RIGHT)), E_ACCESS_DENIED);
}

/* Without entropy there is no hash, so no password is set. */
static void test_attack_48_no_random_no_password(void **state)
{
	struct fixture *fixture = *state;
	struct str phc = STR("untouched");
	fixture_call(fixture, 0);
	fault_arm(FAULT_RANDOM, 1);
	assert_int_equal(credential_hash(&fixture->call, secret_of(RIGHT), &phc), E_RANDOM);
	assert_true(fault_reached(FAULT_RANDOM));
	fault_arm(FAULT_RANDOM, 0);
	assert_true(str_eq(phc, STR("untouched")));
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_refusal_costs_the_same), TEST(right_ones_are_heard),
		TEST(throttles_guessing_and_locks_nobody_out), TEST(one_source_can_not_spray),
		TEST(spelling_buys_no_guesses),
		TEST(again_is_for_the_same_account), TEST(test_attack_48_no_random_no_password),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
