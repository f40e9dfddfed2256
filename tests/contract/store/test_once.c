/* What is good for one use: links in mails, pushed requests, challenges. */
#include "people.h"

static int peek(struct world *world, unsigned n, enum once_kind kind, int64_t now_s)
{
	struct once once;
	return store_once_peek(world->store, &(struct store_once_key){hash_of(world, n), kind, now_s}, &world->arena,
			       &once);
}

static int take(struct world *world, unsigned n, enum once_kind kind, int64_t now_s)
{
	struct once once;
	return store_once_take(world->store, &(struct store_once_key){hash_of(world, n), kind, now_s}, &world->arena,
			       &once, NULL);
}

static void put(struct world *world, enum once_kind kind, unsigned n)
{
	struct once once = a_once(world, kind, n);
	OK(store_once_put(world->store, &once, NULL));
}

static void refused(void **state)
{
	static char longest[MODEL_ONCE_MAX + 1];
	struct world *world = *state;
	struct once once = a_once(world, ONCE_KINDS, 1), *list;
	size_t n;
	memset(longest, 'x', sizeof(longest));
	FAILS(store_once_put(world->store, &once, NULL), E_SYNTAX);
	once = a_once(world, ONCE_RESET, 1);
	once.account_id = STR("mma_none");
	FAILS(store_once_put(world->store, &once, NULL), E_ABSENT);
	once.account_id = STR("");
	once.data = str_mem(longest, sizeof(longest));
	FAILS(store_once_put(world->store, &once, NULL), E_LIMIT);
	once.data = STR("a\0b");
	FAILS(store_once_put(world->store, &once, NULL), E_SYNTAX);
	once.data = STR("\xff");
	FAILS(store_once_put(world->store, &once, NULL), E_SYNTAX);
	once.data = str_mem(longest, MODEL_ONCE_MAX);
	OK(store_once_put(world->store, &once, NULL));
	FAILS(store_once_put(world->store, &once, NULL), E_EXISTS);
	FAILS(peek(world, 1, ONCE_KINDS, NOW_S), E_SYNTAX);
	FAILS(peek(world, 1, ONCE_RESET, 0), E_SYNTAX);
	FAILS(peek(world, 2, ONCE_RESET, NOW_S), E_ABSENT);
	FAILS(take(world, 2, ONCE_RESET, NOW_S), E_ABSENT);
	const struct store_once_range none = {ONCE_RESET, NOW_S, 0}, many = {ONCE_RESET, NOW_S, 1001};
	FAILS(store_once_list(world->store, &none, &world->arena, &list, &n), E_LIMIT);
	FAILS(store_once_list(world->store, &many, &world->arena, &list, &n), E_LIMIT);
}

static void taken_once(void **state)
{
	struct world *world = *state;
	struct once got;
	int64_t entries = audit_count(world);
	put(world, ONCE_RESET, 1);
	assert_int_equal(audit_count(world), entries);
	world_reopen(world);
	OK(peek(world, 1, ONCE_RESET, NOW_S));
	const struct store_once_key key = {hash_of(world, 1), ONCE_RESET, NOW_S};
	OK(store_once_take(world->store, &key, &world->arena, &got, &a_note));
	assert_int_equal(audit_count(world), entries + 1);
	assert_memory_equal(got.sha256, hash_of(world, 1), 32);
	IS(got.account_id, "mma_0001");
	IS(got.data, "first line\nsecond");
	assert_int_equal(got.kind, ONCE_RESET);
	assert_int_equal(got.created_s, NOW_S + 1);
	assert_int_equal(got.expires_s, NOW_S + 3600);
	FAILS(peek(world, 1, ONCE_RESET, NOW_S), E_ABSENT);
	FAILS(store_once_take(world->store, &key, &world->arena, &got, &a_note), E_ABSENT);
	assert_int_equal(audit_count(world), entries + 1);
	world_reopen(world);
	FAILS(take(world, 1, ONCE_RESET, NOW_S), E_ABSENT);
}

/* A link of one kind is no other's, and trying it as such uses nothing up. */
static void of_its_kind_alone(void **state)
{
	struct world *world = *state;
	for (enum once_kind kind = 0; kind < ONCE_KINDS; kind++)
		put(world, kind, kind);
	for (enum once_kind kind = 0; kind < ONCE_KINDS; kind++) {
		FAILS(take(world, kind, (kind + 1) % ONCE_KINDS, NOW_S), E_ABSENT);
		FAILS(peek(world, kind, (kind + 1) % ONCE_KINDS, NOW_S), E_ABSENT);
		OK(take(world, kind, kind, NOW_S));
	}
}

static void over_at_the_very_second(void **state)
{
	struct world *world = *state;
	put(world, ONCE_INVITE, 1);
	put(world, ONCE_INVITE, 2);
	FAILS(peek(world, 1, ONCE_INVITE, NOW_S + 3600), E_ABSENT);
	FAILS(take(world, 1, ONCE_INVITE, NOW_S + 3600), E_ABSENT);
	OK(peek(world, 1, ONCE_INVITE, NOW_S + 3599));
	OK(take(world, 1, ONCE_INVITE, NOW_S + 3599));
}

static void listed(void **state)
{
	struct world *world = *state;
	struct once *list, nobodys = a_once(world, ONCE_INVITE, 4);
	size_t n;
	nobodys.account_id = STR("");
	OK(store_once_put(world->store, &nobodys, NULL));
	put(world, ONCE_INVITE, 2);
	put(world, ONCE_INVITE, 3);
	put(world, ONCE_RESET, 1);
	const struct store_once_range two = {ONCE_INVITE, NOW_S, 2}, late = {ONCE_INVITE, NOW_S + 3600, 10};
	OK(store_once_list(world->store, &two, &world->arena, &list, &n));
	assert_int_equal(n, 2);
	assert_memory_equal(list[0].sha256, hash_of(world, 4), 32);
	assert_int_equal(list[0].account_id.len, 0);
	assert_memory_equal(list[1].sha256, hash_of(world, 3), 32);
	OK(store_once_list(world->store, &late, &world->arena, &list, &n));
	assert_int_equal(n, 0);
}

/* --- used up by what it lets happen: both, or neither --- */

static struct store_once_key key_of(struct world *world, unsigned n, enum once_kind kind)
{
	return (struct store_once_key){hash_of(world, n), kind, NOW_S};
}

static bool has_account(struct world *world, const char *id)
{
	struct account got;
	return store_account_get(world->store, str_of(id), false, &world->arena, &got) == 0;
}

static void an_invitation_and_its_account(void **state)
{
	struct world *world = *state;
	struct account account = an_account(world, 7), same_address = an_account(world, 8), got;
	struct upstream_link link = a_link(world, 7), found;
	struct store_once_key key = key_of(world, 1, ONCE_INVITE), wrong = key_of(world, 1, ONCE_ADMIN),
			      late = key_of(world, 1, ONCE_INVITE);
	struct enrolment enrolment = {&account, STR("$argon2id$x"), &link, &wrong};
	struct login login;
	int64_t entries = audit_count(world);
	put(world, ONCE_INVITE, 1);
	late.now_s = NOW_S + 3600;
	FAILS(store_account_enrol(world->store, &enrolment, &a_note), E_REUSED);
	enrolment.taken = &late;
	FAILS(store_account_enrol(world->store, &enrolment, &a_note), E_REUSED);
	enrolment.taken = &key;
	same_address.email = get_account(world, STR("mma_0001")).email;
	enrolment.account = &same_address;
	FAILS(store_account_enrol(world->store, &enrolment, &a_note), E_EXISTS);
	link.issuer = STR("a\nb");
	enrolment.account = &account;
	FAILS(store_account_enrol(world->store, &enrolment, &a_note), E_SYNTAX);
	link = a_link(world, 7);
	OK(store_upstream_put(world->store, &link, &a_note)); /* of another account */
	FAILS(store_account_enrol(world->store, &enrolment, &a_note), E_EXISTS);
	OK(store_upstream_delete(world->store, link.account_id, link.issuer, &a_note));
	assert_false(has_account(world, "mma_0007"));
	assert_int_equal(audit_count(world), entries + 2);
	OK(peek(world, 1, ONCE_INVITE, NOW_S)); /* good still */

	OK(store_account_enrol(world->store, &enrolment, &a_note));
	assert_int_equal(audit_count(world), entries + 3);
	world_reopen(world);
	got = get_account(world, account.id);
	expect_str(got.email, account.email);
	OK(store_login_get(world->store, account.id, &world->arena, &login));
	IS(login.phc, "$argon2id$x");
	assert_int_equal(login.password_s, account.created_s);
	OK(store_upstream_get(world->store, link.issuer, link.subject, &world->arena, &found));
	expect_str(found.account_id, account.id);
	FAILS(peek(world, 1, ONCE_INVITE, NOW_S), E_ABSENT);
	struct account next = an_account(world, 9);
	const struct enrolment again = {.account = &next, .taken = &key};
	FAILS(store_account_enrol(world->store, &again, &a_note), E_REUSED);
	const struct enrolment alone = {.account = &next};
	OK(store_account_enrol(world->store, &alone, &a_note));
}

static void a_registration_token_and_its_client(void **state)
{
	struct world *world = *state;
	struct client app = an_app(world, 7), got, lost = an_app(world, 8), taken = an_app(world, 1);
	const struct store_once_key key = key_of(world, 1, ONCE_REGISTER), wrong = key_of(world, 2, ONCE_REGISTER);
	put(world, ONCE_REGISTER, 1);
	lost.default_api = STR("mmr_none");
	FAILS(store_client_register(world->store, &lost, &key, &a_note), E_ABSENT);
	FAILS(store_client_register(world->store, &taken, &key, &a_note), E_EXISTS);
	FAILS(store_client_register(world->store, &app, &wrong, &a_note), E_REUSED);
	FAILS(store_client_register(world->store, &app, NULL, &a_note), E_SYNTAX);
	FAILS(store_client_get(world->store, app.id, &world->arena, &got), E_ABSENT);
	OK(peek(world, 1, ONCE_REGISTER, NOW_S));
	OK(store_client_register(world->store, &app, &key, &a_note));
	(void)get_client(world, app.id);
	lost.default_api = STR("");
	FAILS(store_client_register(world->store, &lost, &key, &a_note), E_REUSED);
	FAILS(store_client_get(world->store, lost.id, &world->arena, &got), E_ABSENT);
}

static void a_link_and_its_password(void **state)
{
	struct world *world = *state;
	struct session session = a_session(world, 5), got;
	struct account account;
	struct login login;
	const struct store_once_key key = key_of(world, 1, ONCE_RESET), wrong = key_of(world, 1, ONCE_VERIFY);
	struct str id = STR("mma_0001"), phc = STR("$argon2id$new");
	put(world, ONCE_RESET, 1);
	put(world, ONCE_VERIFY, 2);
	OK(store_session_put(world->store, &session, NULL, &a_note));
	FAILS(store_login_reset_password(world->store, STR("mma_none"), phc, &key, UNTIL_S, &a_note), E_ABSENT);
	FAILS(store_login_reset_password(world->store, id, phc, &wrong, UNTIL_S, &a_note), E_REUSED);
	OK(peek(world, 1, ONCE_RESET, NOW_S));
	OK(store_session_get(world->store, session.sha256, NOW_S, &world->arena, &got, &account));
	OK(store_login_reset_password(world->store, id, phc, &key, UNTIL_S, &a_note));
	OK(store_login_get(world->store, id, &world->arena, &login));
	expect_str(login.phc, phc);
	FAILS(store_session_get(world->store, session.sha256, NOW_S, &world->arena, &got, &account), E_ABSENT);
	FAILS(peek(world, 2, ONCE_VERIFY, NOW_S), E_ABSENT); /* as with every new password */
	FAILS(store_login_reset_password(world->store, id, STR("$argon2id$x"), &key, UNTIL_S, &a_note), E_REUSED);
	OK(store_login_get(world->store, id, &world->arena, &login));
	expect_str(login.phc, phc);
}

static void a_link_and_its_address(void **state)
{
	struct world *world = *state;
	struct account account = get_account(world, STR("mma_0001")), lost = an_account(world, 9);
	const struct store_once_key key = key_of(world, 1, ONCE_VERIFY), wrong = key_of(world, 3, ONCE_VERIFY);
	put(world, ONCE_VERIFY, 1);
	put(world, ONCE_RESET, 2);
	FAILS(store_account_confirm(world->store, &lost, &key, &a_note), E_ABSENT);
	account.email = get_account(world, STR("mma_0002")).email;
	FAILS(store_account_confirm(world->store, &account, &key, &a_note), E_EXISTS);
	account.email = STR("new@example.com");
	account.email_verified = true;
	FAILS(store_account_confirm(world->store, &account, &wrong, &a_note), E_REUSED);
	FAILS(store_account_confirm(world->store, &account, NULL, &a_note), E_SYNTAX);
	assert_false(str_eq(get_account(world, account.id).email, account.email));
	OK(peek(world, 1, ONCE_VERIFY, NOW_S));
	OK(store_account_confirm(world->store, &account, &key, &a_note));
	expect_str(get_account(world, account.id).email, account.email);
	FAILS(peek(world, 2, ONCE_RESET, NOW_S), E_ABSENT); /* went to the old address */
	FAILS(store_account_confirm(world->store, &account, &key, &a_note), E_REUSED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, people_setup, world_teardown)
static const struct CMUnitTest tests[] = {
	TEST(refused), TEST(taken_once), TEST(of_its_kind_alone), TEST(over_at_the_very_second), TEST(listed),
	TEST(an_invitation_and_its_account), TEST(a_registration_token_and_its_client), TEST(a_link_and_its_password),
	TEST(a_link_and_its_address),
};

int main(int argc, char **argv)
{
	world_backend(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
