/* clientauth_step() with chosen secrets: what the throttle hears of, and whom it holds. CC-22, ATTACKS 22. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "crypto/password.h"

enum { FAILURES = 3 }; /* of the fixture's throttle */

#define CHOSEN "a secret that somebody chose"

static int setup(void **state)
{
	static const struct audit_note note = {FIXTURE_NOW_S, STR("test"), STR("test"), STR("test"), STR("")};
	char phc_mem[PASSWORD_PHC_MAX];
	struct buf phc;
	if (fixture_setup(state) < 0)
		return -1;
	struct fixture *fixture = *state;
	buf_init_fixed(&phc, phc_mem, sizeof(phc_mem));
	assert_int_equal(password_hash(secret_of(STR(CHOSEN)), &phc), 0);
	struct client_secret secret = {
		.id = STR("mmk_chosen"), .form = SECRET_CHOSEN, .phc = buf_str(&phc), .created_s = 1};
	struct client client = {
		.id = STR("legacy"), .name = STR("l"), .created_s = 1, .secrets = &secret, .n_secrets = 1};
	assert_int_equal(store_client_put(fixture->env.store, &client, &note), 0);
	return directory_count_imported(fixture->env.directory);
}

static int attempt(struct fixture *fixture, const char *id, const char *secret)
{
	fixture_reset(fixture);
	fixture->call.lane = LANE_HASH;
	fixture_param(fixture, PARAM_CLIENT_ID, id);
	fixture_param(fixture, PARAM_CLIENT_SECRET, secret);
	return clientauth_step(&fixture->call);
}

static void holds_guesses_of_one_pair(void **state)
{
	struct fixture *fixture = *state;
	for (int i = 0; i < FAILURES; i++)
		assert_int_equal(attempt(fixture, "legacy", "wrong"), E_INVALID_CLIENT);
	assert_int_equal(attempt(fixture, "legacy", CHOSEN), E_THROTTLED);
}

/* Unknown ids that fill the measure of the address buy no further guesses at a chosen secret. */
static void holds_guesses_from_a_full_address(void **state)
{
	struct fixture *fixture = *state;
	char id[32];
	for (int i = 0; i < FAILURES * THROTTLE_ADDR_FACTOR; i++) {
		snprintf(id, sizeof(id), "mmc_unknown%d", i);
		assert_int_equal(attempt(fixture, id, "wrong"), E_INVALID_CLIENT);
	}
	assert_int_equal(attempt(fixture, "mmc_unknown", "wrong"), E_THROTTLED);
	assert_int_equal(attempt(fixture, "legacy", CHOSEN), 0); /* the owner is heard */
	for (int i = 0; i < FAILURES; i++)
		assert_int_equal(attempt(fixture, "legacy", "wrong"), E_THROTTLED);
	assert_int_equal(attempt(fixture, "legacy", CHOSEN), E_THROTTLED);
}

/* A right secret from a network that is not the client's: told apart from a wrong one, which learns nothing of it. */
static void networks_bound_right_secrets(void **state)
{
	static const struct audit_note note = {FIXTURE_NOW_S, STR("test"), STR("test"), STR("test"), STR("")};
	static const struct {
		const char *addr;
		int code;
	} rows[] = {
		{"192.0.2.7", 0}, {"2001:db8::1", 0}, {"198.51.100.9", 0}, {"198.51.100.8", E_FOREIGN_NETWORK},
		{"192.0.3.7", E_FOREIGN_NETWORK}, {"::1", E_FOREIGN_NETWORK}, {"unix", E_FOREIGN_NETWORK},
		{"", E_FOREIGN_NETWORK}, {"::ffff:192.0.2.7", 0},
	};
	struct fixture *fixture = *state;
	struct str networks[] = {STR("192.0.2.0/24"), STR("2001:db8::/32"), STR("198.51.100.9")};
	struct client client;
	assert_int_equal(store_client_get(fixture->env.store, STR("mmc_both"), &fixture->call.arena, &client), 0);
	client.networks = (struct str_list){networks, 3};
	assert_int_equal(store_client_update(fixture->env.store, &client, false, &note), 0);
	directory_drop(fixture->env.directory, STR(""));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fixture_reset(fixture);
		fixture->call.peer_addr = str_of(rows[i].addr);
		fixture_param(fixture, PARAM_CLIENT_ID, "mmc_both");
		fixture_param(fixture, PARAM_CLIENT_SECRET, fixture->service_secret);
		assert_int_equal(clientauth_step(&fixture->call), rows[i].code);
		assert_int_equal(fixture->call.secret != NULL, rows[i].code == 0);
	}
	fixture_reset(fixture);
	fixture->call.peer_addr = STR("::1");
	fixture_param(fixture, PARAM_CLIENT_ID, "mmc_both");
	fixture_param(fixture, PARAM_CLIENT_SECRET, "mms_wrong");
	assert_int_equal(clientauth_step(&fixture->call), E_INVALID_CLIENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(holds_guesses_of_one_pair, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(holds_guesses_from_a_full_address, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(networks_bound_right_secrets, setup, fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
