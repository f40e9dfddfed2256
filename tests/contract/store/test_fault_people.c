/* The fault sweep over the verbs for people; see fault_sweep.h. */
#include "fault_sweep.h"
#include "people.h"

#define ACCOUNT STR("mma_0001")

static void nothing(struct world *world, unsigned n)
{
	(void)world;
	(void)n;
}

static int session_put(struct world *world, unsigned n)
{
	struct session session = a_session(world, n);
	return store_session_put(world->store, &session, n > 1 ? hash_of(world, n - 1) : NULL, &a_note);
}

static void a_session_stands(struct world *world, unsigned n) { OK(session_put(world, n)); }

static int session_touch(struct world *world, unsigned n)
{
	return store_session_touch(world->store, hash_of(world, n), NOW_S + 1, NOW_S + 9999, STR("::1"));
}

static int session_end(struct world *world, unsigned n)
{
	(void)n;
	return store_session_end(world->store, ACCOUNT, STR(""), NULL, &a_note);
}

static int login_set_password(struct world *world, unsigned n)
{
	struct str phc = name_of(world, "$argon2id$", n);
	return store_login_set_password(world->store, ACCOUNT, phc, hash_of(world, n), UNTIL_S, &a_note);
}

static int login_set_totp(struct world *world, unsigned n)
{
	unsigned char codes[3][32] = {{1}, {2}, {3}};
	const struct login_totp totp = {STR("sealed"), true, n, (const unsigned char(*)[32])codes, 3};
	return store_login_set_totp(world->store, ACCOUNT, &totp, &a_note);
}

static void totp_stands(struct world *world, unsigned n) { OK(login_set_totp(world, n)); }

static int login_reset_factors(struct world *world, unsigned n)
{
	(void)n;
	return store_login_reset_factors(world->store, ACCOUNT, &a_note);
}

static int login_use_totp(struct world *world, unsigned n)
{
	return store_login_use_totp(world->store, ACCOUNT, n + 1);
}

static int login_use_recovery(struct world *world, unsigned n)
{
	(void)n;
	return store_login_use_recovery(world->store, ACCOUNT, (const unsigned char[32]){2}, &a_note);
}

/* One at a time: an account may have so many only. */
static void no_passkeys(struct world *world, unsigned n)
{
	struct passkey *list;
	size_t count;
	(void)n;
	OK(store_passkey_list(world->store, ACCOUNT, &world->arena, &list, &count));
	for (size_t i = 0; i < count; i++)
		OK(store_passkey_delete(world->store, ACCOUNT, list[i].id, &a_note));
}

static int passkey_put(struct world *world, unsigned n)
{
	struct passkey passkey = a_passkey(world, n);
	return store_passkey_put(world->store, &passkey, &a_note);
}

static void a_passkey_stands(struct world *world, unsigned n)
{
	no_passkeys(world, n);
	OK(passkey_put(world, n));
}

static int passkey_rename(struct world *world, unsigned n)
{
	return store_passkey_rename(world->store, ACCOUNT, a_passkey(world, n).id, STR("another name"), &a_note);
}

static int passkey_delete(struct world *world, unsigned n)
{
	return store_passkey_delete(world->store, ACCOUNT, a_passkey(world, n).id, &a_note);
}

static int passkey_use(struct world *world, unsigned n)
{
	return store_passkey_use(world->store, a_passkey(world, n).id, 7, NOW_S);
}

static int upstream_put(struct world *world, unsigned n)
{
	struct upstream_link link = a_link(world, n);
	return store_upstream_put(world->store, &link, &a_note);
}

static void a_link_stands(struct world *world, unsigned n) { OK(upstream_put(world, n)); }

static int upstream_delete(struct world *world, unsigned n)
{
	return store_upstream_delete(world->store, ACCOUNT, a_link(world, n).issuer, &a_note);
}

static int once_put(struct world *world, unsigned n)
{
	struct once once = a_once(world, ONCE_PAR, n);
	return store_once_put(world->store, &once, &a_note);
}

static void a_once_stands(struct world *world, unsigned n) { OK(once_put(world, n)); }

static int once_take(struct world *world, unsigned n)
{
	struct once once;
	const struct store_once_key key = {hash_of(world, n), ONCE_PAR, NOW_S};
	return store_once_take(world->store, &key, &world->arena, &once, &a_note);
}

static int account_enrol(struct world *world, unsigned n)
{
	struct account account = an_account(world, 100 + n);
	struct upstream_link link = a_link(world, n);
	const struct store_once_key key = {hash_of(world, n), ONCE_PAR, NOW_S};
	const struct enrolment enrolment = {&account, STR("$argon2id$x"), &link, &key};
	return store_account_enrol(world->store, &enrolment, &a_note);
}

static int account_confirm(struct world *world, unsigned n)
{
	struct account account = an_account(world, 1);
	const struct store_once_key key = {hash_of(world, n), ONCE_PAR, NOW_S};
	account.email = name_of(world, "new@example.com", n);
	return store_account_confirm(world->store, &account, &key, &a_note);
}

static int client_register(struct world *world, unsigned n)
{
	struct client app = an_app(world, 100 + n);
	const struct store_once_key key = {hash_of(world, n), ONCE_PAR, NOW_S};
	return store_client_register(world->store, &app, &key, &a_note);
}

static int login_reset_password(struct world *world, unsigned n)
{
	const struct store_once_key key = {hash_of(world, n), ONCE_PAR, NOW_S};
	struct str phc = name_of(world, "$argon2id$", n);
	return store_login_reset_password(world->store, ACCOUNT, phc, &key, UNTIL_S, &a_note);
}

static int code_put(struct world *world, unsigned n)
{
	struct code code = a_code(world, n);
	return store_code_put(world->store, &code, code.sha256); /* the pushed request has the same number */
}

static void a_code_stands(struct world *world, unsigned n)
{
	a_once_stands(world, n);
	OK(code_put(world, n));
}

static int code_redeem(struct world *world, unsigned n)
{
	struct issue issue = an_issue(world, n, true);
	return store_code_redeem(world->store, hash_of(world, n), &issue, &a_note);
}

static void a_family_stands(struct world *world, unsigned n)
{
	a_code_stands(world, n);
	OK(code_redeem(world, n));
}

/* Reuse is what is meant to happen here, as a whole or not at all. */
static int meant(int rc) { return rc == E_REUSED ? 0 : rc; }

static int code_reuse(struct world *world, unsigned n)
{
	struct issue issue = an_issue(world, n, true);
	return meant(store_code_redeem(world->store, hash_of(world, n), &issue, &a_note));
}

static int rotate(struct world *world, unsigned n, unsigned token)
{
	struct issue issue = an_issue(world, 10000 + n, false);
	return store_refresh_rotate(world->store, hash_of(world, token), 0, &issue, &a_note);
}

static int refresh_rotate(struct world *world, unsigned n) { return rotate(world, n, 1000 + n); }

static void a_rotated_one_stands(struct world *world, unsigned n)
{
	a_family_stands(world, n);
	OK(refresh_rotate(world, n));
}

static int refresh_reuse(struct world *world, unsigned n) { return meant(rotate(world, 20000 + n, 1000 + n)); }

static int family_end(struct world *world, unsigned n)
{
	return store_family_end(world->store, name_of(world, "mmg_", n), &a_note);
}

static int device_put(struct world *world, unsigned n)
{
	struct device device = a_device(world, n);
	return store_device_put(world->store, &device);
}

static void a_device_stands(struct world *world, unsigned n) { OK(device_put(world, n)); }

static int device_poll(struct world *world, unsigned n)
{
	return store_device_poll(world->store, hash_of(world, n), NOW_S);
}

static int device_decide(struct world *world, unsigned n)
{
	const struct device decision = a_decision(DEVICE_APPROVED);
	return store_device_decide(world->store, name_of(world, "CODE", n), &decision, NOW_S, &a_note);
}

static void an_approved_one_stands(struct world *world, unsigned n)
{
	a_device_stands(world, n);
	OK(device_decide(world, n));
}

static int device_redeem(struct world *world, unsigned n)
{
	struct issue issue = an_issue(world, n, true);
	return store_device_redeem(world->store, hash_of(world, n), &issue, &a_note);
}

static int consent_put(struct world *world, unsigned n)
{
	struct consent consent = a_consent(world, 1);
	consent.changed_s = NOW_S + 10 + n;
	return store_consent_put(world->store, &consent, &a_note);
}

static void consent_stands(struct world *world, unsigned n)
{
	a_family_stands(world, n);
	OK(consent_put(world, n));
}

static int consent_delete(struct world *world, unsigned n)
{
	(void)n;
	return store_consent_delete(world->store, ACCOUNT, STR("mmc_0001"), &a_note);
}

static int sweep_all(struct world *world, unsigned n)
{
	bool more;
	(void)n;
	return store_sweep(world->store, NOW_S + 100000, 100, &more);
}

static int client_update(struct world *world, unsigned n)
{
	struct client app = an_app(world, 1);
	app.app.uri = name_of(world, "https://app.example/", n);
	app.name = name_of(world, "app ", n); /* so consents go */
	return store_client_update(world->store, &app, true, &a_note);
}

static void an_unused_one_stands(struct world *world, unsigned n)
{
	struct client app = an_app(world, 20000 + n);
	app.app.unused_since_s = NOW_S;
	OK(store_client_put(world->store, &app, &a_note));
}

static int client_forget_unused(struct world *world, unsigned n)
{
	struct str id;
	(void)n;
	const struct store_unused unused = {NOW_S + 1, 0, UNTIL_S};
	return store_client_forget_unused(world->store, &unused, &world->arena, &id, &a_note);
}

static void an_account_stands(struct world *world, unsigned n)
{
	struct account account = an_account(world, 10000 + n);
	struct session session = a_session(world, n);
	session.account_id = account.id;
	OK(store_account_put(world->store, &account, &a_note));
	OK(store_session_put(world->store, &session, NULL, &a_note));
}

static int account_delete(struct world *world, unsigned n)
{
	return store_account_delete(world->store, name_of(world, "mma_", 10000 + n), true, UNTIL_S, &a_note);
}

static const struct verb verbs[] = {
	{"session_put", nothing, session_put},
	{"session_touch", a_session_stands, session_touch},
	{"session_end", a_session_stands, session_end},
	{"login_set_password", nothing, login_set_password},
	{"login_set_totp", nothing, login_set_totp},
	{"login_reset_factors", totp_stands, login_reset_factors},
	{"login_use_totp", totp_stands, login_use_totp},
	{"login_use_recovery", totp_stands, login_use_recovery},
	{"passkey_put", no_passkeys, passkey_put},
	{"passkey_rename", a_passkey_stands, passkey_rename},
	{"passkey_delete", a_passkey_stands, passkey_delete},
	{"passkey_use", a_passkey_stands, passkey_use},
	{"upstream_put", nothing, upstream_put},
	{"upstream_delete", a_link_stands, upstream_delete},
	{"once_put", nothing, once_put},
	{"once_take", a_once_stands, once_take},
	{"account_enrol", a_once_stands, account_enrol},
	{"account_confirm", a_once_stands, account_confirm},
	{"client_register", a_once_stands, client_register},
	{"login_reset_password", a_once_stands, login_reset_password},
	{"code_put", a_once_stands, code_put},
	{"code_redeem", a_code_stands, code_redeem},
	{"code_redeem again", a_family_stands, code_reuse},
	{"refresh_rotate", a_family_stands, refresh_rotate},
	{"refresh_rotate again", a_rotated_one_stands, refresh_reuse},
	{"family_end", a_family_stands, family_end},
	{"device_put", nothing, device_put},
	{"device_poll", a_device_stands, device_poll},
	{"device_decide", a_device_stands, device_decide},
	{"device_redeem", an_approved_one_stands, device_redeem},
	{"consent_put", nothing, consent_put},
	{"consent_delete", consent_stands, consent_delete},
	{"sweep", a_session_stands, sweep_all},
	{"client_update", consent_stands, client_update},
	{"client_forget_unused", an_unused_one_stands, client_forget_unused},
	{"account_delete", an_account_stands, account_delete},
};

static void base(struct world *world) { (void)world; }

static const struct sweep sweep = {verbs, COUNT(verbs), people_setup, base};

static void store_fails(void **state) { fault_sweep(&sweep, state, FAULT_STORE); }
static void memory_fails(void **state) { fault_sweep(&sweep, state, FAULT_ALLOC); }

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(store_fails, people_setup, world_teardown),
	cmocka_unit_test_setup_teardown(memory_fails, people_setup, world_teardown),
};

int main(int argc, char **argv)
{
	world_backend(argc, argv);
	fault_sweep_inside_sqlite();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
