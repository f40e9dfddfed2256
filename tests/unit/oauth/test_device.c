/* device.c and grant_device.c: RFC 8628 3.4, 3.5; ledger 8628-1, 8628-2, 8628-4, 8628-5. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"
#include "oauth/device.h"
#include "oauth/person.h"

#define OK(expr) assert_int_equal((expr), 0)

enum { LIFE_S = 600, INTERVAL_S = 5 };

static const struct audit_note note = {FIXTURE_NOW_S, STR("test"), STR("test"), STR("test"), STR("")};

static void put_app(struct fixture *fixture, const char *id, unsigned grant_types)
{
	static struct scope_grant grants[] = {{STR(""), STR("openid")}, {STR(""), STR("offline_access")},
					      {STR("mmr_orders"), STR("orders:read")}};
	const struct client client = {.id = str_of(id), .kind = CLIENT_APP, .auth = CLIENT_AUTH_NONE,
				      .name = str_of(id), .created_s = 1, .grants = grants, .n_grants = 3,
				      .default_api = STR("mmr_orders"), .app = {.grant_types = grant_types}};
	OK(store_client_put(fixture->env.store, &client, &note));
}

static int setup(void **state)
{
	OK(fixture_setup(state));
	struct fixture *fixture = *state;
	fixture->policy.device_lifetime_s = LIFE_S;
	fixture->policy.device_interval_s = INTERVAL_S;
	put_app(fixture, "mmc_tv", CLIENT_GRANT_DEVICE | CLIENT_GRANT_REFRESH);
	put_app(fixture, "mmc_radio", CLIENT_GRANT_DEVICE);
	put_app(fixture, "mmc_site", CLIENT_GRANT_CODE);
	return 0;
}

/* A device that waits, and its normalised user code. */
static void make(struct fixture *fixture, struct device_made *made, char code[USER_CODE_LEN + 1])
{
	fixture_authenticate(fixture, "mmc_tv");
	OK(device_check_client(&fixture->call));
	OK(device_make(&fixture->call, DEVICE_CODE, STR("openid offline_access"), STR("TV/1\x1b[31m"), made));
	OK(user_code_parse(str_of(made->user_code), code));
}

static void decide(struct fixture *fixture, const char *code, enum device_state to)
{
	const struct device decision = {.state = to, .account_id = STR("mma_ada"),
					.scope = STR("openid offline_access"), .methods = AUTH_PASSWORD,
					.auth_s = FIXTURE_NOW_S - 7};
	OK(store_device_decide(fixture->env.store, str_of(code), &decision, FIXTURE_NOW_S, &note));
}

/* The grant's check, `after_s` after the device was made. */
static int ask(struct fixture *fixture, const char *client, const struct device_made *made, int64_t after_s)
{
	fixture_authenticate(fixture, client);
	fixture->call.now_us = (FIXTURE_NOW_S + after_s) * 1000000;
	fixture_param(fixture, PARAM_DEVICE_CODE, made->code);
	return grant_device.check(&fixture->call);
}

/* As if both were signed. */
static int commit(struct fixture *fixture)
{
	struct call *call = &fixture->call;
	assert_int_equal(grant_device.mint(call), CALL_SIGN);
	buf_put(&call->token, STR("signed"));
	call->job.status = 0;
	assert_int_equal(grant_device.mint_id(call), CALL_SIGN);
	buf_put(&call->person->id_token, STR("signed too"));
	call->job.status = 0;
	return grant_device.commit(call);
}

static void refuses_what_is_no_code_of_this_client(void **state)
{
	struct fixture *fixture = *state;
	struct device_made made, none = {.code = "mmd_nothing"};
	char code[USER_CODE_LEN + 1];
	make(fixture, &made, code);
	assert_int_equal(ask(fixture, "mmc_tv", &none, 1), E_INVALID_GRANT);
	none.code[0] = '\0';
	fixture_authenticate(fixture, "mmc_tv");
	assert_int_equal(grant_device.check(&fixture->call), E_INVALID_REQUEST);
	decide(fixture, code, DEVICE_APPROVED);
	assert_int_equal(ask(fixture, "mmc_radio", &made, 1), E_INVALID_GRANT); /* 8628-5 */
	OK(ask(fixture, "mmc_tv", &made, 1));                                   /* and it is still good */
}

static void only_clients_with_the_grant_may_begin(void **state)
{
	struct fixture *fixture = *state;
	static const char *const others[] = {"mmc_site", "mmc_both", "mmc_ada"};
	for (size_t i = 0; i < 3; i++) {
		fixture_authenticate(fixture, others[i]);
		assert_int_equal(device_check_client(&fixture->call), E_UNAUTHORIZED_CLIENT);
	}
}

static void says_where_it_stands(void **state) /* 8628-1: RFC 8628 3.5 */
{
	struct fixture *fixture = *state;
	struct device_made made;
	char code[USER_CODE_LEN + 1];
	make(fixture, &made, code);
	assert_int_equal(ask(fixture, "mmc_tv", &made, 0), E_AUTHORIZATION_PENDING);
	assert_int_equal(ask(fixture, "mmc_tv", &made, INTERVAL_S), E_AUTHORIZATION_PENDING);
	assert_int_equal(ask(fixture, "mmc_tv", &made, LIFE_S - 1), E_AUTHORIZATION_PENDING);
	assert_int_equal(ask(fixture, "mmc_tv", &made, LIFE_S), E_EXPIRED_TOKEN);
	make(fixture, &made, code);
	decide(fixture, code, DEVICE_DENIED);
	assert_int_equal(ask(fixture, "mmc_tv", &made, 1), E_ACCESS_DENIED);
	assert_int_equal(ask(fixture, "mmc_tv", &made, LIFE_S), E_EXPIRED_TOKEN);
	make(fixture, &made, code);
	decide(fixture, code, DEVICE_APPROVED);
	assert_int_equal(ask(fixture, "mmc_tv", &made, LIFE_S), E_EXPIRED_TOKEN); /* approved, but never fetched */
}

static void slows_down_for_good(void **state) /* 8628-2: RFC 8628 3.5 */
{
	struct fixture *fixture = *state;
	struct device_made made;
	char code[USER_CODE_LEN + 1];
	make(fixture, &made, code);
	assert_int_equal(ask(fixture, "mmc_tv", &made, 0), E_AUTHORIZATION_PENDING);
	assert_int_equal(ask(fixture, "mmc_tv", &made, 4), E_POLLED_TOO_FAST);  /* now 10 s */
	assert_int_equal(ask(fixture, "mmc_tv", &made, 13), E_POLLED_TOO_FAST); /* now 15 s */
	assert_int_equal(ask(fixture, "mmc_tv", &made, 28), E_AUTHORIZATION_PENDING);
	assert_int_equal(ask(fixture, "mmc_tv", &made, 42), E_POLLED_TOO_FAST); /* 15 s still */
	decide(fixture, code, DEVICE_APPROVED);
	OK(ask(fixture, "mmc_tv", &made, 43)); /* the tokens are not held back */
}

static void is_redeemed_once(void **state) /* 8628-4 */
{
	struct fixture *fixture = *state;
	struct device_made made;
	struct family family;
	char code[USER_CODE_LEN + 1], id[ID_LEN + 1];
	make(fixture, &made, code);
	decide(fixture, code, DEVICE_APPROVED);
	OK(ask(fixture, "mmc_tv", &made, 1));
	assert_true(str_eq(fixture->call.scope, STR("openid offline_access")));
	assert_int_equal(fixture->call.person->family.auth_s, FIXTURE_NOW_S - 7);
	OK(commit(fixture));
	assert_true(fixture->call.person->refresh_text[0] != '\0');
	memcpy(id, fixture->call.person->family.id.p, ID_LEN);
	OK(store_family_get(fixture->env.store, str_mem(id, ID_LEN), &fixture->call.arena, &family));
	assert_int_equal(family.ended_s, 0);
	OK(ask(fixture, "mmc_tv", &made, 2));
	assert_int_equal(commit(fixture), E_INVALID_GRANT);
	OK(store_family_get(fixture->env.store, str_mem(id, ID_LEN), &fixture->call.arena, &family));
	assert_true(family.ended_s > 0); /* what the first one got has ended */
}

static void bridges_have_their_own_keys(void **state)
{
	struct fixture *fixture = *state;
	struct device_made made;
	struct device device;
	char hex[DEVICE_KEY_LEN + 1];
	fixture_authenticate(fixture, "mmc_tv");
	OK(device_make(&fixture->call, DEVICE_BRIDGE, STR(""), STR("python"), &made));
	assert_string_not_equal(made.code, made.write_key);
	assert_int_equal(ask(fixture, "mmc_tv", &made, 1), E_INVALID_GRANT); /* a read key is no device code */
	assert_int_equal(device_write_key(STR("BCDF-GHJK"), hex), E_SYNTAX);
	OK(device_write_key(str_of(made.write_key), hex));
	OK(store_device_peek(fixture->env.store, NULL, str_of(hex), &fixture->call.arena, &device));
	assert_int_equal(device.kind, DEVICE_BRIDGE);
	assert_int_equal(device.expires_s, FIXTURE_NOW_S + DEVICE_BRIDGE_S);
	assert_int_equal(device_poll(&fixture->call, &device), E_AUTHORIZATION_PENDING);
	assert_int_equal(device_poll(&fixture->call, &device), E_AUTHORIZATION_PENDING); /* every second is fine */
}

static void keeps_of_the_agent_what_can_be_shown(void **state)
{
	struct fixture *fixture = *state;
	struct device_made made;
	struct device device;
	char code[USER_CODE_LEN + 1];
	make(fixture, &made, code);
	OK(store_device_peek(fixture->env.store, NULL, str_of(code), &fixture->call.arena, &device));
	assert_true(str_eq(device.agent, STR("TV/1")));
	assert_true(str_eq(device.addr, STR("192.0.2.1")));
}

static void never_blocks_a_loop(void **state)
{
	struct fixture *fixture = *state;
	struct device_made made;
	fixture_authenticate(fixture, "mmc_tv");
	fixture->call.may_block = false;
	assert_int_equal(device_make(&fixture->call, DEVICE_CODE, STR("openid"), STR(""), &made), E_WOULD_BLOCK);
	assert_int_equal(grant_device.check(&fixture->call), E_WOULD_BLOCK);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(refuses_what_is_no_code_of_this_client), CASE(only_clients_with_the_grant_may_begin),
		CASE(says_where_it_stands), CASE(slows_down_for_good), CASE(is_redeemed_once),
		CASE(bridges_have_their_own_keys), CASE(keeps_of_the_agent_what_can_be_shown),
		CASE(never_blocks_a_loop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
