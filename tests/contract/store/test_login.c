/* What an account signs in with: password, TOTP (RFC 6238), recovery codes, passkeys (WebAuthn), accounts elsewhere. */
#include "people.h"

#define ACCOUNT STR("mma_0001")
#define NOBODY STR("mma_none")

static struct login get_login(struct world *world)
{
	struct login login;
	OK(store_login_get(world->store, ACCOUNT, &world->arena, &login));
	return login;
}

static int session_lives(struct world *world, unsigned n)
{
	struct session session;
	struct account account;
	return store_session_get(world->store, hash_of(world, n), NOW_S, &world->arena, &session, &account);
}

static void put_session(struct world *world, unsigned n, const char *account)
{
	struct session session = a_session(world, n);
	session.account_id = str_of(account);
	OK(store_session_put(world->store, &session, NULL, &a_note));
}

static struct login_totp a_totp(unsigned char (*codes)[32], size_t n)
{
	for (size_t i = 0; i < n; i++)
		memset(codes[i], (int)i + 1, sizeof(codes[i]));
	return (struct login_totp){STR("sealed\0key\xff"), true, 1000, (const unsigned char(*)[32])codes, n};
}

static void refused(void **state)
{
	struct world *world = *state;
	unsigned char codes[MODEL_RECOVERY_MAX + 1][32];
	struct login login;
	struct login_totp totp = a_totp(codes, MODEL_RECOVERY_MAX + 1);
	int64_t entries = audit_count(world);
	FAILS(store_login_get(world->store, NOBODY, &world->arena, &login), E_ABSENT);
	FAILS(store_login_set_password(world->store, NOBODY, STR("$argon2id$x"), NULL, 0, &a_note), E_ABSENT);
	FAILS(store_login_set_password(world->store, ACCOUNT, STR("a\nb"), NULL, 0, &a_note), E_SYNTAX);
	FAILS(store_login_set_password(world->store, ACCOUNT, STR("x"), NULL, -1, &a_note), E_SYNTAX);
	FAILS(store_login_set_totp(world->store, ACCOUNT, &totp, &a_note), E_LIMIT);
	totp.n_recovery = 1;
	FAILS(store_login_set_totp(world->store, NOBODY, &totp, &a_note), E_ABSENT);
	totp.sealed = STR(""); /* codes of nothing */
	FAILS(store_login_set_totp(world->store, ACCOUNT, &totp, &a_note), E_SYNTAX);
	FAILS(store_login_use_totp(world->store, ACCOUNT, 1), E_ABSENT);
	FAILS(store_login_use_totp(world->store, NOBODY, 1), E_ABSENT);
	FAILS(store_login_use_recovery(world->store, ACCOUNT, hash_of(world, 1), &a_note), E_ABSENT);
	FAILS(store_login_use_recovery(world->store, ACCOUNT, NULL, &a_note), E_SYNTAX);
	assert_int_equal(audit_count(world), entries);
	login = get_login(world);
	assert_int_equal(login.phc.len + login.totp.len + login.n_recovery, 0);
	assert_false(login.totp_on);
}

static void a_password_keeps_tokens(void **state)
{
	struct world *world = *state;
	put_session(world, 1, "mma_0001");
	put_session(world, 2, "mma_0001");
	put_session(world, 3, "mma_0002");
	OK(store_login_set_password(world->store, ACCOUNT, STR("$argon2id$one"), hash_of(world, 2), 0, &a_note));
	world_reopen(world);
	IS(get_login(world).phc, "$argon2id$one");
	assert_int_equal(get_login(world).password_s, NOW_S);
	FAILS(session_lives(world, 1), E_ABSENT);
	OK(session_lives(world, 2));
	OK(session_lives(world, 3));
	assert_int_equal(get_account(world, ACCOUNT).epoch, 1);
	/* Somebody else's session is no exception. */
	OK(store_login_set_password(world->store, ACCOUNT, STR(""), hash_of(world, 3), 0, &a_note));
	assert_int_equal(get_login(world).phc.len, 0);
	FAILS(session_lives(world, 2), E_ABSENT);
	OK(session_lives(world, 3));
}

/* "Sign out everywhere" ends sessions, families and tokens, but not the browser that asked for it. */
static void a_password_ends_everything(void **state)
{
	struct world *world = *state;
	struct revocation_page page;
	struct family *families;
	size_t n;
	put_session(world, 11, "mma_0001");
	put_session(world, 12, "mma_0001");
	put_session(world, 13, "mma_0002");
	a_family_lives(world, 1);
	OK(store_login_set_password(world->store, ACCOUNT, STR("$argon2id$two"), hash_of(world, 12), UNTIL_S, &a_note));
	FAILS(session_lives(world, 11), E_ABSENT);
	OK(session_lives(world, 12));
	OK(session_lives(world, 13));
	assert_int_equal(get_account(world, ACCOUNT).epoch, 2);
	OK(store_revocation_list(world->store, 0, 10, &world->arena, &page));
	assert_int_equal(page.n, 1);
	assert_int_equal(page.revocations[0].kind, REVOCATION_ACCOUNT);
	assert_int_equal(page.revocations[0].epoch, 2);
	assert_int_equal(page.revocations[0].until_s, UNTIL_S);
	OK(store_family_list(world->store, ACCOUNT, NOW_S, &world->arena, &families, &n));
	assert_int_equal(n, 0);
	OK(store_login_set_password(world->store, ACCOUNT, STR("$argon2id$three"), NULL, UNTIL_S, &a_note));
	FAILS(session_lives(world, 12), E_ABSENT);
	assert_int_equal(get_account(world, ACCOUNT).epoch, 3);
}

/* What somebody else set going before: a link to another address, a first factor, a code, a device let in. */
static void put_pending(struct world *world)
{
	const enum once_kind kinds[] = {ONCE_VERIFY, ONCE_RESET, ONCE_FACTOR};
	struct code code = a_code(world, 31);
	struct device device = a_device(world, 33), decision = a_decision(DEVICE_APPROVED);
	for (unsigned i = 0; i < 3; i++) {
		struct once once = a_once(world, kinds[i], 34 + i);
		OK(store_once_put(world->store, &once, NULL));
	}
	OK(store_code_put(world->store, &code, NULL));
	OK(store_device_put(world->store, &device));
	OK(store_device_decide(world->store, device.user_code, &decision, NOW_S, &a_note));
}

static void check_links(struct world *world, int rc)
{
	const enum once_kind kinds[] = {ONCE_VERIFY, ONCE_RESET, ONCE_FACTOR};
	struct once once;
	for (unsigned i = 0; i < 3; i++) {
		const struct store_once_key key = {hash_of(world, 34 + i), kinds[i], NOW_S};
		assert_int_equal(store_once_peek(world->store, &key, &world->arena, &once), rc);
	}
}

static void check_grants_ended(struct world *world)
{
	struct issue issue = an_issue(world, 32, true);
	FAILS(store_code_redeem(world->store, hash_of(world, 31), &issue, &a_note), E_ABSENT);
	FAILS(store_device_redeem(world->store, hash_of(world, 33), &issue, &a_note), E_CONFLICT);
}

static void a_password_ends_what_was_under_way(void **state)
{
	struct world *world = *state;
	struct issue issue = an_issue(world, 32, true);
	struct once other = a_once(world, ONCE_RESET, 40), once;
	const struct store_once_key key = {hash_of(world, 40), ONCE_RESET, NOW_S};
	other.account_id = STR("mma_0002");
	OK(store_once_put(world->store, &other, NULL));
	put_pending(world);
	OK(store_login_set_password(world->store, ACCOUNT, STR("$argon2id$one"), NULL, 0, &a_note));
	check_links(world, E_ABSENT);
	OK(store_once_peek(world->store, &key, &world->arena, &once));
	OK(store_code_redeem(world->store, hash_of(world, 31), &issue, &a_note)); /* tokens go on */
}

static void a_password_ends_unredeemed_grants(void **state)
{
	struct world *world = *state;
	put_pending(world);
	OK(store_login_set_password(world->store, ACCOUNT, STR("$argon2id$one"), NULL, UNTIL_S, &a_note));
	check_links(world, E_ABSENT);
	check_grants_ended(world);
}

static void disabling_ends_what_was_under_way(void **state)
{
	struct world *world = *state;
	put_pending(world);
	OK(store_account_set_disabled(world->store, ACCOUNT, true, UNTIL_S, &a_note));
	OK(store_account_set_disabled(world->store, ACCOUNT, false, UNTIL_S, &a_note));
	check_links(world, E_ABSENT);
	check_grants_ended(world);
}

static void another_address_ends_links(void **state)
{
	struct world *world = *state;
	struct account account = get_account(world, ACCOUNT);
	put_pending(world);
	account.name = STR("Zoë");
	OK(store_account_update(world->store, &account, &a_note));
	check_links(world, 0);
	account.email = STR("new@example.com");
	OK(store_account_update(world->store, &account, &a_note));
	check_links(world, E_ABSENT);
}

/* The same for a client: its epoch is not that of codes from before. */
static void disabling_a_client_ends_its_unredeemed_grants(void **state)
{
	struct world *world = *state;
	put_pending(world);
	OK(store_client_set_disabled(world->store, STR("mmc_0001"), true, UNTIL_S, &a_note));
	OK(store_client_set_disabled(world->store, STR("mmc_0001"), false, UNTIL_S, &a_note));
	check_links(world, 0);
	check_grants_ended(world);
}

/* The exception is for a session that lives: one of an older epoch stays over. */
static void an_old_session_is_not_revived(void **state)
{
	struct world *world = *state;
	put_session(world, 1, "mma_0001");
	OK(store_account_set_disabled(world->store, ACCOUNT, true, UNTIL_S, &a_note));
	OK(store_account_set_disabled(world->store, ACCOUNT, false, UNTIL_S, &a_note));
	OK(store_login_set_password(world->store, ACCOUNT, STR("$argon2id$"), hash_of(world, 1), UNTIL_S, &a_note));
	FAILS(session_lives(world, 1), E_ABSENT);
}

/* RFC 6238 5.2 */
static void a_code_is_good_once(void **state)
{
	struct world *world = *state;
	unsigned char codes[2][32];
	struct login_totp totp = a_totp(codes, 2);
	totp.on = false; /* not confirmed yet */
	OK(store_login_set_totp(world->store, ACCOUNT, &totp, &a_note));
	FAILS(store_login_use_totp(world->store, ACCOUNT, 1001), E_ABSENT);
	totp.on = true;
	OK(store_login_set_totp(world->store, ACCOUNT, &totp, &a_note));
	int64_t entries = audit_count(world);
	FAILS(store_login_use_totp(world->store, ACCOUNT, 999), E_REUSED);
	FAILS(store_login_use_totp(world->store, ACCOUNT, 1000), E_REUSED);
	OK(store_login_use_totp(world->store, ACCOUNT, 1002));
	FAILS(store_login_use_totp(world->store, ACCOUNT, 1002), E_REUSED);
	FAILS(store_login_use_totp(world->store, ACCOUNT, 1001), E_REUSED);
	world_reopen(world);
	FAILS(store_login_use_totp(world->store, ACCOUNT, 1002), E_REUSED);
	OK(store_login_use_totp(world->store, ACCOUNT, 1003));
	assert_int_equal(audit_count(world), entries);
	struct login login = get_login(world);
	assert_true(login.totp_on);
	assert_int_equal(login.totp_step, 1003);
	assert_true(str_eq(login.totp, totp.sealed));
}

static void recovery_codes(void **state)
{
	struct world *world = *state;
	unsigned char codes[3][32];
	struct login_totp totp = a_totp(codes, 3);
	OK(store_login_set_totp(world->store, ACCOUNT, &totp, &a_note));
	OK(store_login_set_password(world->store, ACCOUNT, STR("$argon2id$"), NULL, 0, &a_note));
	assert_int_equal(get_login(world).n_recovery, 3); /* neither disturbs the other */
	FAILS(store_login_use_recovery(world->store, STR("mma_0002"), codes[1], &a_note), E_ABSENT);
	OK(store_login_use_recovery(world->store, ACCOUNT, codes[1], &a_note));
	FAILS(store_login_use_recovery(world->store, ACCOUNT, codes[1], &a_note), E_ABSENT);
	assert_int_equal(get_login(world).n_recovery, 2);
	OK(store_login_use_recovery(world->store, ACCOUNT, codes[0], &a_note));
	totp.n_recovery = 1; /* new ones replace what is left */
	OK(store_login_set_totp(world->store, ACCOUNT, &totp, &a_note));
	assert_int_equal(get_login(world).n_recovery, 1);
	FAILS(store_login_use_recovery(world->store, ACCOUNT, codes[2], &a_note), E_ABSENT);
	OK(store_login_set_totp(world->store, ACCOUNT, &(struct login_totp){0}, &a_note));
	FAILS(store_login_use_recovery(world->store, ACCOUNT, codes[0], &a_note), E_ABSENT);
	struct login login = get_login(world);
	assert_true(!login.totp_on && login.totp.len == 0 && login.n_recovery == 0);
	IS(login.phc, "$argon2id$");
}

static void lost_factors_are_taken_away(void **state)
{
	struct world *world = *state;
	unsigned char codes[3][32];
	struct login_totp totp = a_totp(codes, 3);
	struct passkey passkey, other, got;
	struct session session = a_session(world, 1), found;
	struct once once = a_once(world, ONCE_FACTOR, 1);
	struct account account;
	FAILS(store_login_reset_factors(world->store, NOBODY, &a_note), E_ABSENT);
	OK(store_login_set_password(world->store, ACCOUNT, STR("$argon2id$"), NULL, 0, &a_note));
	OK(store_login_set_totp(world->store, ACCOUNT, &totp, &a_note));
	for (unsigned i = 1; i <= 2; i++) {
		passkey = a_passkey(world, i);
		OK(store_passkey_put(world->store, &passkey, &a_note));
	}
	other = a_passkey(world, 3);
	other.account_id = STR("mma_0002");
	OK(store_passkey_put(world->store, &other, &a_note));
	OK(store_session_put(world->store, &session, NULL, &a_note));
	OK(store_once_put(world->store, &once, &a_note));
	OK(store_login_reset_factors(world->store, ACCOUNT, &a_note));
	world_reopen(world);
	struct login login = get_login(world);
	assert_true(!login.totp_on && login.totp.len == 0 && login.totp_step == 0 && login.n_recovery == 0);
	IS(login.phc, "$argon2id$"); /* of this nobody said that it is lost */
	FAILS(store_login_use_recovery(world->store, ACCOUNT, codes[0], &a_note), E_ABSENT);
	for (unsigned i = 1; i <= 2; i++)
		FAILS(store_passkey_get(world->store, a_passkey(world, i).id, &world->arena, &got), E_ABSENT);
	OK(store_passkey_get(world->store, other.id, &world->arena, &got)); /* another's */
	FAILS(store_session_get(world->store, session.sha256, NOW_S, &world->arena, &found, &account), E_ABSENT);
	const struct store_once_key key = {once.sha256, ONCE_FACTOR, NOW_S};
	FAILS(store_once_peek(world->store, &key, &world->arena, &once), E_ABSENT);
	OK(store_login_reset_factors(world->store, ACCOUNT, &a_note)); /* none is left: as good */
}

static void passkeys_refused(void **state)
{
	static char long_id[MODEL_PASSKEY_ID_MAX + 1], long_key[MODEL_PASSKEY_KEY_MAX + 1];
	struct world *world = *state;
	struct passkey passkey = a_passkey(world, 1), got;
	passkey.account_id = NOBODY;
	FAILS(store_passkey_put(world->store, &passkey, &a_note), E_ABSENT);
	passkey = a_passkey(world, 1);
	passkey.id = str_mem(long_id, sizeof(long_id));
	FAILS(store_passkey_put(world->store, &passkey, &a_note), E_LIMIT);
	FAILS(store_passkey_get(world->store, passkey.id, &world->arena, &got), E_ABSENT);
	FAILS(store_passkey_rename(world->store, ACCOUNT, passkey.id, STR("x"), &a_note), E_LIMIT);
	FAILS(store_passkey_rename(world->store, ACCOUNT, STR(""), STR("x"), &a_note), E_SYNTAX);
	passkey.id.len--;
	passkey.key = str_mem(long_key, sizeof(long_key));
	FAILS(store_passkey_put(world->store, &passkey, &a_note), E_LIMIT);
	passkey.key.len--;
	OK(store_passkey_put(world->store, &passkey, &a_note));
	passkey.id.len = 0;
	FAILS(store_passkey_put(world->store, &passkey, &a_note), E_SYNTAX);
	FAILS(store_passkey_get(world->store, str_mem(hash_of(world, 1), 32), &world->arena, &got), E_ABSENT);
	FAILS(store_passkey_use(world->store, STR("none"), 1, NOW_S), E_ABSENT);
	FAILS(store_passkey_use(world->store, STR("none"), -1, NOW_S), E_SYNTAX);
}

static void passkeys(void **state)
{
	struct world *world = *state;
	struct passkey passkey = a_passkey(world, 2), got, *list;
	size_t n;
	OK(store_passkey_put(world->store, &passkey, &a_note));
	passkey.account_id = STR("mma_0002");
	FAILS(store_passkey_put(world->store, &passkey, &a_note), E_EXISTS);
	passkey = a_passkey(world, 1);
	OK(store_passkey_put(world->store, &passkey, &a_note));
	world_reopen(world);
	OK(store_passkey_get(world->store, passkey.id, &world->arena, &got));
	assert_true(str_eq(got.id, passkey.id) && str_eq(got.key, passkey.key) && str_eq(got.name, passkey.name));
	IS(got.account_id, "mma_0001");
	assert_int_equal(got.created_s, NOW_S + 1);
	OK(store_passkey_list(world->store, ACCOUNT, &world->arena, &list, &n));
	assert_int_equal(n, 2);
	assert_true(str_eq(list[0].id, passkey.id));
	OK(store_passkey_list(world->store, STR("mma_0002"), &world->arena, &list, &n));
	assert_int_equal(n, 0);
	FAILS(store_passkey_rename(world->store, STR("mma_0002"), passkey.id, STR("x"), &a_note), E_ABSENT);
	OK(store_passkey_rename(world->store, ACCOUNT, passkey.id, STR("at home"), &a_note));
	OK(store_passkey_get(world->store, passkey.id, &world->arena, &got));
	IS(got.name, "at home");
	FAILS(store_passkey_delete(world->store, STR("mma_0002"), passkey.id, &a_note), E_ABSENT);
	OK(store_passkey_delete(world->store, ACCOUNT, passkey.id, &a_note));
	FAILS(store_passkey_get(world->store, passkey.id, &world->arena, &got), E_ABSENT);
	FAILS(store_passkey_delete(world->store, ACCOUNT, passkey.id, &a_note), E_ABSENT);
}

static void so_many_passkeys(void **state)
{
	struct world *world = *state;
	struct passkey passkey;
	for (unsigned n = 0; n < MODEL_PASSKEYS_MAX; n++) {
		passkey = a_passkey(world, n);
		OK(store_passkey_put(world->store, &passkey, &a_note));
	}
	passkey = a_passkey(world, MODEL_PASSKEYS_MAX);
	FAILS(store_passkey_put(world->store, &passkey, &a_note), E_LIMIT);
	passkey.account_id = STR("mma_0002");
	OK(store_passkey_put(world->store, &passkey, &a_note));
}

/* WebAuthn 6.1.1: a counter that does not rise is a copy of the authenticator; one that never counts is not. */
static void a_copied_passkey(void **state)
{
	static const struct {
		int64_t counter;
		int want;
	} uses[] = {{0, 0}, {0, 0}, {5, 0}, {5, E_CONFLICT}, {4, E_CONFLICT}, {0, E_CONFLICT}, {6, 0}};
	struct world *world = *state;
	struct passkey passkey = a_passkey(world, 1), got;
	OK(store_passkey_put(world->store, &passkey, &a_note));
	for (unsigned i = 0; i < COUNT(uses); i++)
		FAILS(store_passkey_use(world->store, passkey.id, uses[i].counter, NOW_S + i), uses[i].want);
	OK(store_passkey_get(world->store, passkey.id, &world->arena, &got));
	assert_int_equal(got.counter, 6);
	assert_int_equal(got.last_used_s, NOW_S + COUNT(uses) - 1);
}

static void elsewhere(void **state)
{
	struct world *world = *state;
	struct upstream_link link = a_link(world, 1), other = a_link(world, 1), got, *links;
	size_t n;
	other.account_id = NOBODY;
	FAILS(store_upstream_put(world->store, &other, &a_note), E_ABSENT);
	other.issuer = STR("");
	FAILS(store_upstream_put(world->store, &other, &a_note), E_SYNTAX);
	FAILS(store_upstream_get(world->store, link.issuer, link.subject, &world->arena, &got), E_ABSENT);
	OK(store_upstream_put(world->store, &link, &a_note));
	other = a_link(world, 1);
	other.account_id = STR("mma_0002"); /* the subject is somebody's */
	FAILS(store_upstream_put(world->store, &other, &a_note), E_EXISTS);
	other = a_link(world, 1);
	other.subject = STR("another"); /* the account has one there */
	FAILS(store_upstream_put(world->store, &other, &a_note), E_EXISTS);
	other.account_id = STR("mma_0002");
	OK(store_upstream_put(world->store, &other, &a_note));
	other = a_link(world, 2);
	other.subject = link.subject; /* means nothing at another issuer */
	OK(store_upstream_put(world->store, &other, &a_note));
	world_reopen(world);
	OK(store_upstream_get(world->store, link.issuer, link.subject, &world->arena, &got));
	IS(got.account_id, "mma_0001");
	IS(got.email, "zoe@issuer.example");
	assert_int_equal(got.created_s, NOW_S + 1);
	OK(store_upstream_list(world->store, ACCOUNT, &world->arena, &links, &n));
	assert_int_equal(n, 2);
	FAILS(store_upstream_delete(world->store, STR("mma_0002"), other.issuer, &a_note), E_ABSENT);
	OK(store_upstream_delete(world->store, ACCOUNT, link.issuer, &a_note));
	FAILS(store_upstream_delete(world->store, ACCOUNT, link.issuer, &a_note), E_ABSENT);
	FAILS(store_upstream_get(world->store, link.issuer, link.subject, &world->arena, &got), E_ABSENT);
	OK(store_upstream_get(world->store, link.issuer, STR("another"), &world->arena, &got));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, people_setup, world_teardown)
static const struct CMUnitTest tests[] = {
	TEST(refused),
	TEST(a_password_keeps_tokens),
	TEST(a_password_ends_everything),
	TEST(a_password_ends_what_was_under_way),
	TEST(a_password_ends_unredeemed_grants),
	TEST(disabling_ends_what_was_under_way),
	TEST(another_address_ends_links),
	TEST(disabling_a_client_ends_its_unredeemed_grants),
	TEST(an_old_session_is_not_revived),
	TEST(a_code_is_good_once),
	TEST(recovery_codes),
	TEST(lost_factors_are_taken_away),
	TEST(passkeys_refused),
	TEST(passkeys),
	TEST(so_many_passkeys),
	TEST(a_copied_passkey),
	TEST(elsewhere),
};

int main(int argc, char **argv)
{
	world_backend(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
