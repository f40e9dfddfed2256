/* Devices (RFC 8628) and the bridge: asked for, decided once, redeemed once. */
#include "people.h"

static struct device get(struct world *world, unsigned n)
{
	struct device device = {0};
	OK(store_device_peek(world->store, hash_of(world, n), STR(""), &world->arena, &device));
	return device;
}

static void put(struct world *world, unsigned n)
{
	struct device device = a_device(world, n);
	OK(store_device_put(world->store, &device));
}

static int decide(struct world *world, const char *code, enum device_state what, int64_t now_s)
{
	struct device decision = a_decision(what);
	return store_device_decide(world->store, str_of(code), &decision, now_s, &a_note);
}

static int redeem(struct world *world, unsigned device, unsigned n, int64_t now_s)
{
	struct issue issue = an_issue(world, n, true);
	issue.now_s = now_s;
	return store_device_redeem(world->store, hash_of(world, device), &issue, &a_note);
}

static void refused(void **state)
{
	struct world *world = *state;
	struct device device = a_device(world, 1), got;
	device.client_id = STR("mmc_none");
	FAILS(store_device_put(world->store, &device), E_ABSENT);
	device = a_device(world, 1);
	device.api_id = STR("mmr_none");
	FAILS(store_device_put(world->store, &device), E_ABSENT);
	device = a_device(world, 1);
	device.state = DEVICE_APPROVED; /* by nobody */
	FAILS(store_device_put(world->store, &device), E_SYNTAX);
	device = a_device(world, 1);
	device.user_code = STR("");
	FAILS(store_device_put(world->store, &device), E_SYNTAX);
	FAILS(store_device_peek(world->store, hash_of(world, 1), STR(""), &world->arena, &got), E_ABSENT);
	FAILS(store_device_peek(world->store, NULL, STR(""), &world->arena, &got), E_SYNTAX);
	FAILS(store_device_peek(world->store, NULL, STR("CODE0001"), &world->arena, &got), E_ABSENT);
	FAILS(store_device_poll(world->store, hash_of(world, 1), NOW_S), E_ABSENT);
	FAILS(decide(world, "CODE0001", DEVICE_APPROVED, NOW_S), E_ABSENT);
	FAILS(decide(world, "CODE0001", DEVICE_REDEEMED, NOW_S), E_SYNTAX);
	FAILS(decide(world, "CODE0001", DEVICE_PENDING, NOW_S), E_SYNTAX);
	FAILS(redeem(world, 1, 1, NOW_S), E_ABSENT);
	put(world, 1);
	struct device nobodys = a_decision(DEVICE_APPROVED);
	nobodys.account_id = STR("");
	FAILS(store_device_decide(world->store, STR("CODE0001"), &nobodys, NOW_S, &a_note), E_SYNTAX);
	nobodys.account_id = STR("mma_none");
	FAILS(store_device_decide(world->store, STR("CODE0001"), &nobodys, NOW_S, &a_note), E_ABSENT);
	assert_int_equal(get(world, 1).state, DEVICE_PENDING);
}

static void comes_back_as_it_was(void **state)
{
	struct world *world = *state;
	struct device got;
	put(world, 1);
	put(world, 2);
	world_reopen(world);
	OK(store_device_peek(world->store, NULL, STR("CODE0001"), &world->arena, &got));
	assert_memory_equal(got.sha256, hash_of(world, 1), 32);
	assert_int_equal(got.kind, DEVICE_CODE);
	IS(got.user_code, "CODE0001");
	IS(got.client_id, "mmc_0001");
	IS(got.scope, "read");
	IS(got.api_id, "mmr_0001");
	IS(got.addr, "192.0.2.9");
	IS(got.agent, "tool/2");
	IS(got.note, "a program on zoe's laptop");
	assert_int_equal(got.interval_s, 5);
	assert_int_equal(got.polled_s, 0);
	assert_int_equal(got.created_s, NOW_S);
	assert_int_equal(got.expires_s, NOW_S + 600);
	assert_int_equal(got.state, DEVICE_PENDING);
	assert_int_equal(got.account_id.len, 0);
	assert_int_equal(get(world, 2).kind, DEVICE_BRIDGE);
}

/* A user code is one device's as long as that lives; then the newest has it. */
static void user_codes_are_unique_among_the_living(void **state)
{
	struct world *world = *state;
	struct device first = a_device(world, 1), second = a_device(world, 2), got;
	OK(store_device_put(world->store, &first));
	FAILS(store_device_put(world->store, &first), E_EXISTS);
	second.user_code = first.user_code;
	second.created_s = NOW_S + 599;
	second.expires_s = NOW_S + 1200;
	FAILS(store_device_put(world->store, &second), E_EXISTS);
	second.created_s = NOW_S + 600;
	OK(store_device_put(world->store, &second));
	OK(store_device_peek(world->store, NULL, first.user_code, &world->arena, &got));
	assert_memory_equal(got.sha256, second.sha256, 32);
	OK(decide(world, "CODE0001", DEVICE_APPROVED, NOW_S + 600));
	assert_int_equal(get(world, 1).state, DEVICE_PENDING);
	assert_int_equal(get(world, 2).state, DEVICE_APPROVED);
}

/* RFC 8628 3.5: five seconds more for good, each time; asking too soon counts as asking. */
static void polled_too_fast(void **state)
{
	static const struct {
		int64_t at_s;
		int want;
		int64_t interval_s;
	} polls[] = {
		{0, 0, 5}, {4, E_POLLED_TOO_FAST, 10}, {14, 0, 10}, {23, E_POLLED_TOO_FAST, 15}, {38, 0, 15},
	};
	struct world *world = *state;
	put(world, 1);
	for (size_t i = 0; i < COUNT(polls); i++) {
		FAILS(store_device_poll(world->store, hash_of(world, 1), NOW_S + polls[i].at_s), polls[i].want);
		assert_int_equal(get(world, 1).interval_s, polls[i].interval_s);
		assert_int_equal(get(world, 1).polled_s, NOW_S + polls[i].at_s);
	}
}

static void decided_once(void **state)
{
	struct world *world = *state;
	put(world, 1);
	put(world, 2);
	put(world, 3);
	int64_t entries = audit_count(world);
	OK(decide(world, "CODE0001", DEVICE_APPROVED, NOW_S + 599));
	FAILS(decide(world, "CODE0001", DEVICE_DENIED, NOW_S), E_CONFLICT);
	FAILS(decide(world, "CODE0001", DEVICE_APPROVED, NOW_S), E_CONFLICT);
	assert_int_equal(audit_count(world), entries + 1);
	struct device got = get(world, 1);
	assert_int_equal(got.state, DEVICE_APPROVED);
	IS(got.account_id, "mma_0001");
	IS(got.session_id, "mmx_0001");
	IS(got.scope, "read openid");
	assert_int_equal(got.methods, AUTH_PASSWORD);
	assert_int_equal(got.auth_s, NOW_S - 7);
	OK(decide(world, "CODE0002", DEVICE_DENIED, NOW_S));
	FAILS(decide(world, "CODE0002", DEVICE_APPROVED, NOW_S), E_CONFLICT);
	assert_int_equal(get(world, 2).state, DEVICE_DENIED);
	FAILS(decide(world, "CODE0003", DEVICE_APPROVED, NOW_S + 600), E_ABSENT);
	assert_int_equal(get(world, 3).state, DEVICE_PENDING);
}

static void redeemed_once(void **state)
{
	struct world *world = *state;
	for (unsigned n = 1; n <= 4; n++)
		put(world, n);
	FAILS(redeem(world, 1, 1, NOW_S), E_CONFLICT);
	OK(decide(world, "CODE0002", DEVICE_DENIED, NOW_S));
	FAILS(redeem(world, 2, 1, NOW_S), E_CONFLICT);
	OK(decide(world, "CODE0001", DEVICE_APPROVED, NOW_S));
	OK(decide(world, "CODE0003", DEVICE_APPROVED, NOW_S));
	FAILS(redeem(world, 3, 1, NOW_S + 600), E_ABSENT);
	FAILS(redeem(world, 4, 1, NOW_S + 600), E_ABSENT);
	OK(redeem(world, 1, 1, NOW_S + 599));
	assert_int_equal(get(world, 1).state, DEVICE_REDEEMED);
	assert_int_equal(get_family(world, 1).ended_s, 0);
	world_reopen(world);
	FAILS(redeem(world, 1, 2, NOW_S), E_REUSED);
	assert_true(get_family(world, 1).ended_s > 0);
	assert_true(is_revoked(world, STR("jti-0001")));
	FAILS(redeem(world, 1, 2, NOW_S + 601), E_REUSED); /* be it expired now */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, people_setup, world_teardown)
static const struct CMUnitTest tests[] = {
	TEST(refused),
	TEST(comes_back_as_it_was),
	TEST(user_codes_are_unique_among_the_living),
	TEST(polled_too_fast),
	TEST(decided_once),
	TEST(redeemed_once),
};

int main(int argc, char **argv)
{
	world_backend(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
