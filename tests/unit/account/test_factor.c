/* The second factor against the store in memory and keyd's own sealing: RFC 6238 5.2, RFC 4226 7.3. Refusals first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/fault.h"
#include "fixture.h"

#define OK(expr) assert_int_equal((expr), 0)

/* Ada's code of a moment. */
static struct str code_at(struct fixture *f, int64_t after_s, char ret_code[TOTP_DIGITS + 1], const unsigned char *key)
{
	(void)f;
	OK(totp_code((struct secret){key, TOTP_KEY_LEN}, totp_step(FIXTURE_NOW_S + after_s), ret_code));
	return str_of(ret_code);
}

static void enrol(struct fixture *f, unsigned char ret_key[TOTP_KEY_LEN], struct recovery *ret_recovery)
{
	char code[TOTP_DIGITS + 1];
	OK(factor_enrol(&f->call, f->ada.id));
	OK(factor_pending(&f->call, f->ada.id, ret_key));
	OK(factor_confirm(&f->call, f->ada.id, code_at(f, 0, code, ret_key), ret_recovery));
}

static int finish(struct fixture *f, int64_t after_s, const char *text, struct str code, struct factor_wait *ret_wait)
{
	char own[64];
	assert_true(code.len < sizeof(own));
	memcpy(own, code.p, code.len);
	fixture_call(f, after_s);
	return factor_finish(&f->call, str_of(text), (struct str){own, code.len}, ret_wait);
}

static void begin(struct fixture *f, int64_t after_s, char text[ID_SECRET_LEN + 1])
{
	const struct factor_wait wait = {f->ada.id, AUTH_PASSWORD, STR("/tokens?a=b c")};
	fixture_call(f, after_s);
	OK(factor_begin(&f->call, &wait, text));
}

static void not_needed_before_it_is_confirmed(void **state)
{
	struct fixture *f = *state;
	struct recovery recovery;
	bool needed = true;
	unsigned char key[TOTP_KEY_LEN];
	OK(factor_needed(&f->call, f->ada.id, &needed));
	assert_false(needed);
	assert_int_equal(factor_pending(&f->call, f->ada.id, key), E_ABSENT);
	assert_int_equal(factor_confirm(&f->call, f->ada.id, STR("123456"), &recovery), E_ABSENT);
	assert_int_equal(factor_renew(&f->call, f->ada.id, &recovery), E_ABSENT);
	OK(factor_enrol(&f->call, f->ada.id));
	OK(factor_needed(&f->call, f->ada.id, &needed));
	assert_false(needed);
	assert_int_equal(factor_confirm(&f->call, f->ada.id, STR("12345"), &recovery), E_ACCESS_DENIED);
	OK(factor_needed(&f->call, f->ada.id, &needed));
	assert_false(needed);
	assert_int_equal(factor_needed(&f->call, STR("mma_nobody"), &needed), E_ABSENT);
}

static void on_and_off(void **state)
{
	struct fixture *f = *state;
	struct recovery recovery;
	struct login login;
	unsigned char key[TOTP_KEY_LEN];
	bool needed = false;
	enrol(f, key, &recovery);
	OK(factor_needed(&f->call, f->ada.id, &needed));
	assert_true(needed);
	assert_int_equal(factor_enrol(&f->call, f->ada.id), E_CONFLICT);
	assert_int_equal(factor_pending(&f->call, f->ada.id, key), E_ABSENT); /* the key is not shown again */
	OK(factor_needed(&f->call, f->bob.id, &needed));
	assert_false(needed);
	OK(store_login_get(f->env.store, f->ada.id, &f->call.arena, &login));
	assert_int_equal(login.n_recovery, RECOVERY_CODES);
	assert_null(memmem(login.totp.p, login.totp.len, key, TOTP_KEY_LEN)); /* sealed */
	OK(factor_off(&f->call, f->ada.id));
	OK(factor_off(&f->call, f->ada.id));
	OK(store_login_get(f->env.store, f->ada.id, &f->call.arena, &login));
	assert_true(!login.totp_on && login.totp.len == 0 && login.n_recovery == 0);
	assert_int_equal(fixture_audited(f, "totp.on"), 1);
	assert_int_equal(fixture_audited(f, "totp.off"), 1);
}

/* RFC 6238 5.2: a code is good once; that of the enrolment was one. */
static void a_code_is_good_once(void **state)
{
	struct fixture *f = *state;
	struct factor_wait wait;
	struct recovery recovery;
	unsigned char key[TOTP_KEY_LEN];
	char text[ID_SECRET_LEN + 1], again[ID_SECRET_LEN + 1], code[TOTP_DIGITS + 1];
	enrol(f, key, &recovery);
	begin(f, 0, text);
	assert_int_equal(finish(f, 0, text, code_at(f, 0, code, key), &wait), E_ACCESS_DENIED);
	assert_int_equal(finish(f, 0, text, code_at(f, -30, code, key), &wait), E_ACCESS_DENIED); /* an older one */
	OK(finish(f, 30, text, code_at(f, 30, code, key), &wait));
	assert_int_equal(wait.methods, AUTH_PASSWORD | AUTH_TOTP);
	assert_true(str_eq(wait.account_id, f->ada.id));
	assert_true(str_eq(wait.continue_to, STR("/tokens?a=b c")));
	begin(f, 30, again);
	assert_int_equal(finish(f, 30, again, code_at(f, 30, code, key), &wait), E_ACCESS_DENIED);
}

static void the_wait_is_good_once_and_not_for_long(void **state)
{
	struct fixture *f = *state;
	struct factor_wait wait;
	struct recovery recovery;
	unsigned char key[TOTP_KEY_LEN];
	char text[ID_SECRET_LEN + 1], code[TOTP_DIGITS + 1];
	enrol(f, key, &recovery);
	begin(f, 60, text);
	assert_int_equal(finish(f, 60, "mml_nonsense", code_at(f, 60, code, key), &wait), E_ABSENT);
	int64_t late = 60 + FACTOR_WAIT_S;
	assert_int_equal(finish(f, late, text, code_at(f, late, code, key), &wait), E_ABSENT);
	OK(finish(f, 90, text, code_at(f, 90, code, key), &wait));
	assert_int_equal(finish(f, 120, text, code_at(f, 120, code, key), &wait), E_ABSENT);
}

static void recovery_codes_are_good_once(void **state)
{
	struct fixture *f = *state;
	struct factor_wait wait;
	struct recovery recovery, newer;
	struct login login;
	unsigned char key[TOTP_KEY_LEN];
	char text[ID_SECRET_LEN + 1];
	enrol(f, key, &recovery);
	begin(f, 0, text);
	assert_int_equal(finish(f, 0, text, STR("0000-0000-0000-0000"), &wait), E_ACCESS_DENIED);
	OK(finish(f, 0, text, str_of(recovery.codes[3]), &wait));
	assert_int_equal(wait.methods, AUTH_PASSWORD | AUTH_RECOVERY);
	begin(f, 1, text);
	assert_int_equal(finish(f, 1, text, str_of(recovery.codes[3]), &wait), E_ACCESS_DENIED);
	OK(store_login_get(f->env.store, f->ada.id, &f->call.arena, &login));
	assert_int_equal(login.n_recovery, RECOVERY_CODES - 1);
	OK(factor_renew(&f->call, f->ada.id, &newer));
	assert_int_equal(finish(f, 61, text, str_of(recovery.codes[4]), &wait), E_ACCESS_DENIED); /* worthless now */
	OK(finish(f, 61, text, str_of(newer.codes[4]), &wait));
	assert_int_equal(fixture_audited(f, "recovery.use"), 2);
	assert_int_equal(fixture_audited(f, "recovery.renew"), 1);
}

/* Guessing is slowed down for one address; the owner at another one is heard. */
static void guesses_are_throttled_without_lock_out(void **state)
{
	struct fixture *f = *state;
	struct factor_wait wait;
	struct recovery recovery;
	unsigned char key[TOTP_KEY_LEN];
	char text[ID_SECRET_LEN + 1], code[TOTP_DIGITS + 1];
	enrol(f, key, &recovery);
	begin(f, 60, text);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(finish(f, 60, text, STR("abcdef"), &wait), E_ACCESS_DENIED);
	assert_int_equal(finish(f, 60, text, code_at(f, 60, code, key), &wait), E_THROTTLED); /* even the right one */
	assert_true(f->call.retry_after_s > 0);
	assert_int_equal(fixture_audited(f, "throttle"), 1);
	fixture_call(f, 60);
	f->call.peer_addr = STR("198.51.100.7");
	OK(factor_finish(&f->call, str_of(text), code_at(f, 60, code, key), &wait));
}

/* Many addresses are no more guesses. The fixture allows eight of an account; a recovery code is heard all the same. */
static void guesses_from_many_addresses_are_throttled(void **state)
{
	struct fixture *f = *state;
	struct factor_wait wait;
	struct recovery recovery;
	unsigned char key[TOTP_KEY_LEN];
	char text[ID_SECRET_LEN + 1], code[TOTP_DIGITS + 1], addr[] = "192.0.2.10";
	enrol(f, key, &recovery);
	begin(f, 60, text);
	for (unsigned i = 0; i < 8; i++) {
		fixture_call(f, 60);
		addr[9] = (char)('0' + i);
		f->call.peer_addr = str_of(addr);
		assert_int_equal(factor_finish(&f->call, str_of(text), STR("12345x"), &wait), E_ACCESS_DENIED);
	}
	fixture_call(f, 60);
	f->call.peer_addr = STR("198.51.100.7");
	assert_int_equal(factor_finish(&f->call, str_of(text), code_at(f, 60, code, key), &wait), E_THROTTLED);
	assert_true(f->call.retry_after_s > 0);
	assert_int_equal(fixture_audited(f, "throttle"), 1);
	OK(factor_finish(&f->call, str_of(text), str_of(recovery.codes[0]), &wait));
	begin(f, 3660, text);
	OK(finish(f, 3660, text, code_at(f, 3660, code, key), &wait));
}

/* A sealed key that was moved to another account in the database opens nothing. */
static void a_moved_key_is_refused(void **state)
{
	static const struct audit_note note = {FIXTURE_NOW_S, STR("test"), STR("test"), STR("test"), STR("")};
	struct fixture *f = *state;
	struct factor_wait wait;
	struct recovery recovery;
	struct login login;
	unsigned char key[TOTP_KEY_LEN];
	char text[ID_SECRET_LEN + 1], code[TOTP_DIGITS + 1];
	enrol(f, key, &recovery);
	OK(store_login_get(f->env.store, f->ada.id, &f->call.arena, &login));
	const struct login_totp moved = {.sealed = login.totp, .on = true};
	OK(store_login_set_totp(f->env.store, f->bob.id, &moved, &note));
	const struct factor_wait bob = {f->bob.id, AUTH_PASSWORD, STR("/")};
	OK(factor_begin(&f->call, &bob, text));
	assert_int_equal(finish(f, 0, text, code_at(f, 0, code, key), &wait), E_SIGNER);
}

static void without_keyd_nothing_is_decided(void **state)
{
	struct fixture *f = *state;
	struct factor_wait wait;
	struct recovery recovery;
	unsigned char key[TOTP_KEY_LEN];
	char text[ID_SECRET_LEN + 1], code[TOTP_DIGITS + 1];
	enrol(f, key, &recovery);
	begin(f, 60, text);
	f->keyd_is_gone = true;
	assert_int_equal(finish(f, 60, text, code_at(f, 60, code, key), &wait), E_SIGNER);
	assert_int_equal(factor_enrol(&f->call, f->bob.id), E_SIGNER);
	f->keyd_is_gone = false;
	OK(finish(f, 60, text, code_at(f, 60, code, key), &wait));
}

/* ATTACKS 48: without entropy nothing is begun. */
static void test_attack_48_factor_without_entropy(void **state)
{
	(void)state;
#ifdef MINTMARK_FAULTS
	struct fixture *f = *state;
	const struct factor_wait wait = {f->ada.id, AUTH_PASSWORD, STR("/")};
	struct login login;
	char text[ID_SECRET_LEN + 1] = "untouched";
	fault_arm(FAULT_RANDOM, 1);
	assert_int_equal(factor_enrol(&f->call, f->ada.id), E_RANDOM);
	fault_arm(FAULT_RANDOM, 1);
	assert_int_equal(factor_begin(&f->call, &wait, text), E_RANDOM);
	fault_arm(FAULT_RANDOM, 0);
	assert_string_equal(text, "untouched");
	OK(store_login_get(f->env.store, f->ada.id, &f->call.arena, &login));
	assert_int_equal(login.totp.len, 0);
#endif
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(not_needed_before_it_is_confirmed), TEST(on_and_off), TEST(a_code_is_good_once),
		TEST(the_wait_is_good_once_and_not_for_long), TEST(recovery_codes_are_good_once),
		TEST(guesses_are_throttled_without_lock_out), TEST(guesses_from_many_addresses_are_throttled),
		TEST(a_moved_key_is_refused),
		TEST(without_keyd_nothing_is_decided), TEST(test_attack_48_factor_without_entropy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
