/*
 * ATTACKS 23, 24: eight threads bring the same code, refresh token, device code, link, TOTP code, recovery code. One
 * wins, on every backend; where reuse ends a family it has ended when the loser hears of it, with its access tokens.
 */
#include <stdio.h>

#include "racer.h"

enum { ROUNDS = 30 };

/* What the racers bring: made before, since an arena has one owner. */
struct supply {
	unsigned char sha256[32];
	struct family families[RACERS];
	struct refresh refreshes[RACERS];
	struct family_token tokens[RACERS];
	struct issue issues[RACERS];
	unsigned round;
};

static void set_hash(unsigned char sha256[32], unsigned kind, unsigned round, unsigned n)
{
	memset(sha256, 0, 32);
	sha256[0] = (unsigned char)kind;
	sha256[1] = (unsigned char)round;
	sha256[2] = (unsigned char)n;
	sha256[3] = 1;
}

/* One of the RACERS answers that could be given; the token lives an hour. */
static void fill(struct world *world, struct supply *supply, unsigned n, bool first)
{
	const unsigned number = supply->round * RACERS + n;
	struct family *family = &supply->families[n];
	*family = (struct family){.id = name_of(world, first ? "mmg_" : "mmg_of", number),
				  .client_id = name_of(world, "mmc_", 1),
				  .account_id = name_of(world, "mma_", 1),
				  .scope = STR("openid"),
				  .created_s = NOW_S,
				  .expires_s = UNTIL_S};
	supply->refreshes[n] = (struct refresh){.created_s = NOW_S, .expires_s = UNTIL_S};
	set_hash(supply->refreshes[n].sha256, first ? 1 : 2, supply->round, n);
	supply->tokens[n] = (struct family_token){name_of(world, first ? "first" : "next", number), NOW_S + 3600};
	supply->issues[n] =
		(struct issue){first ? family : NULL, &supply->refreshes[n], &supply->tokens[n], .now_s = NOW_S + 1};
}

static struct supply *make_supply(struct world *world, unsigned round, bool first)
{
	struct supply *supply = arena_alloc(&world->arena, sizeof(*supply));
	assert_non_null(supply);
	supply->round = round;
	for (unsigned n = 0; n < RACERS; n++)
		fill(world, supply, n, first);
	return supply;
}

static void put_people(struct world *world)
{
	struct account account = an_account(world, 1);
	struct client client = a_client(world, 1);
	client.id = name_of(world, "mmc_", 1);
	account.id = name_of(world, "mma_", 1);
	OK(store_account_put(world->store, &account, &a_note));
	OK(store_client_put(world->store, &client, &a_note));
}

static struct code a_code(struct world *world, unsigned round)
{
	struct code code = {.client_id = name_of(world, "mmc_", 1),
			    .account_id = name_of(world, "mma_", 1),
			    .redirect_uri = STR("https://app.example/back"),
			    .scope = STR("openid"),
			    .created_s = NOW_S,
			    .expires_s = NOW_S + 60};
	set_hash(code.sha256, 3, round, 0);
	return code;
}

static bool is_in_feed(struct world *world, struct str jti)
{
	struct revocation_page page = {0};
	int64_t after = 0;
	do {
		OK(store_revocation_list(world->store, after, 1000, &world->arena, &page));
		for (size_t i = 0; i < page.n; i++) {
			if (page.revocations[i].kind == REVOCATION_JTI && str_eq(page.revocations[i].id, jti))
				return true;
		}
		after = page.n > 0 ? page.revocations[page.n - 1].seq : 0;
	} while (page.n == 1000);
	return false;
}

/* Of the answers that were prepared one was given. Its number. */
static unsigned given(struct world *world, const struct supply *supply)
{
	unsigned n_given = 0, which = 0;
	for (unsigned n = 0; n < RACERS; n++) {
		struct refresh refresh;
		struct family family;
		const unsigned char *sha256 = supply->refreshes[n].sha256;
		int rc = store_refresh_peek(world->store, sha256, &world->arena, &refresh, &family);
		if (rc == E_ABSENT)
			continue;
		OK(rc);
		assert_true(family.ended_s > 0);
		n_given++;
		which = n;
	}
	assert_int_equal(n_given, 1);
	return which;
}

static void redeem_code(struct racer *racer)
{
	const struct supply *supply = racer->args;
	count(racer, store_code_redeem(racer->world->store, supply->sha256, &supply->issues[racer->number], &a_note));
}

static void attack_23_one_redeems_a_code(void **state)
{
	struct world *world = *state;
	put_people(world);
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct supply *supply = make_supply(world, round, true);
		struct code code = a_code(world, round);
		memcpy(supply->sha256, code.sha256, sizeof(code.sha256));
		OK(store_code_put(world->store, &code, NULL));
		const int64_t before = audit_count(world);
		struct racer sum = race(world, redeem_code, supply, E_REUSED);
		assert_int_equal(sum.won, 1);
		assert_int_equal(sum.refused, RACERS - 1);
		assert_true(is_in_feed(world, supply->tokens[given(world, supply)].jti));
		assert_int_equal(audit_count(world), before + 2); /* the redemption and the end */
	}
}

static void rotate(struct racer *racer)
{
	const struct supply *supply = racer->args;
	count(racer, store_refresh_rotate(racer->world->store, supply->sha256, 0, &supply->issues[racer->number],
					  &a_note));
}

/* A code that was redeemed, and what the refresh token that it gave is exchanged for. */
static struct supply *make_rotation(struct world *world, unsigned round)
{
	struct supply *first = make_supply(world, round, true);
	struct supply *next = make_supply(world, round, false);
	struct code code = a_code(world, round);
	OK(store_code_put(world->store, &code, NULL));
	OK(store_code_redeem(world->store, code.sha256, &first->issues[0], &a_note));
	memcpy(next->sha256, first->refreshes[0].sha256, sizeof(next->sha256));
	return next;
}

static void attack_24_one_rotates_a_refresh_token(void **state)
{
	struct world *world = *state;
	put_people(world);
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct supply *supply = make_rotation(world, round);
		const int64_t before = audit_count(world);
		struct racer sum = race_as(&(struct racer){
			.world = world, .run = rotate, .args = supply, .expected = E_REUSED, .later = E_ABSENT});
		assert_int_equal(sum.won, 1);
		assert_int_equal(sum.refused, 1); /* who came second ended the family, who came third found none */
		assert_int_equal(sum.late, RACERS - 2);
		assert_true(is_in_feed(world, supply->tokens[given(world, supply)].jti));
		assert_true(is_in_feed(world, name_of(world, "first", round * RACERS)));
		assert_int_equal(audit_count(world), before + 1);
	}
}

static void rotate_in_grace(struct racer *racer)
{
	const struct supply *supply = racer->args;
	count(racer, store_refresh_rotate(racer->world->store, supply->sha256, 30, &supply->issues[racer->number],
					  &a_note));
}

/* RFC 9700 4.14.2: a grace is good for one more, however many come. */
static void grace_is_good_once(void **state)
{
	struct world *world = *state;
	put_people(world);
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct supply *supply = make_rotation(world, round);
		struct racer sum = race_as(&(struct racer){.world = world,
							   .run = rotate_in_grace,
							   .args = supply,
							   .expected = E_REUSED,
							   .later = E_ABSENT});
		assert_int_equal(sum.won, 2);
		assert_int_equal(sum.refused, 1);
		assert_int_equal(sum.late, RACERS - 3);
	}
}

static void redeem_device(struct racer *racer)
{
	const struct supply *supply = racer->args;
	count(racer, store_device_redeem(racer->world->store, supply->sha256, &supply->issues[racer->number], &a_note));
}

static void decide(struct racer *racer)
{
	const struct supply *supply = racer->args;
	const struct device decision = {.state = racer->number % 2 ? DEVICE_DENIED : DEVICE_APPROVED,
					.account_id = supply->families[0].account_id,
					.scope = STR("openid"),
					.auth_s = NOW_S};
	count(racer, store_device_decide(racer->world->store, STR("ABCDEFGH"), &decision, NOW_S, &a_note));
}

static void attack_24_one_decides_and_redeems_a_device(void **state)
{
	struct world *world = *state;
	put_people(world);
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct supply *supply = make_supply(world, round, true);
		struct device device = {.user_code = STR("ABCDEFGH"),
					.client_id = name_of(world, "mmc_", 1),
					.scope = STR("openid"),
					.interval_s = 5,
					.created_s = NOW_S,
					.expires_s = NOW_S + 600};
		bool more;
		set_hash(device.sha256, 4, round, 0);
		memcpy(supply->sha256, device.sha256, sizeof(supply->sha256));
		OK(store_device_put(world->store, &device));
		assert_int_equal(race(world, decide, supply, E_CONFLICT).won, 1);
		OK(store_device_peek(world->store, device.sha256, STR(""), &world->arena, &device));
		struct racer sum = race(world, redeem_device, supply,
					device.state == DEVICE_APPROVED ? E_REUSED : E_CONFLICT);
		assert_int_equal(sum.won, device.state == DEVICE_APPROVED);
		if (sum.won)
			assert_true(is_in_feed(world, supply->tokens[given(world, supply)].jti));
		OK(store_sweep(world->store, NOW_S + 8000, 100, &more)); /* the user code is free again */
	}
}

static void take_once(struct racer *racer)
{
	const struct supply *supply = racer->args;
	const struct store_once_key key = {supply->sha256, ONCE_RESET, NOW_S};
	struct arena arena;
	struct once once;
	arena_init(&arena, 1 << 16);
	count(racer, store_once_take(racer->world->store, &key, &arena, &once, &a_note));
	arena_done(&arena);
}

static void one_takes_a_link(void **state)
{
	struct world *world = *state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct supply *supply = make_supply(world, round, true);
		struct once once = {
			.kind = ONCE_RESET, .data = STR("x"), .created_s = NOW_S, .expires_s = NOW_S + 60};
		set_hash(once.sha256, 5, round, 0);
		memcpy(supply->sha256, once.sha256, sizeof(once.sha256));
		OK(store_once_put(world->store, &once, NULL));
		struct racer sum = race(world, take_once, supply, E_ABSENT);
		assert_int_equal(sum.won, 1);
		assert_int_equal(sum.refused, RACERS - 1);
	}
}

static void enrol(struct racer *racer)
{
	const struct supply *supply = racer->args;
	const struct store_once_key key = {supply->sha256, ONCE_INVITE, NOW_S};
	char id[32], email[48];
	snprintf(id, sizeof(id), "mma_%u_%u", supply->round, racer->number);
	snprintf(email, sizeof(email), "%s@example.com", id);
	const struct account account = {.id = str_of(id), .email = str_of(email), .created_s = NOW_S};
	const struct enrolment enrolment = {.account = &account, .phc = STR("$argon2id$x"), .taken = &key};
	count(racer, store_account_enrol(racer->world->store, &enrolment, &a_note));
}

/* Of any number who accept one invitation, with whatever address, one gets an account. */
static void one_is_enrolled(void **state)
{
	struct world *world = *state;
	struct store_counts before, after;
	OK(store_count(world->store, &before));
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct supply *supply = make_supply(world, round, true);
		struct once once = {.kind = ONCE_INVITE, .data = STR("x"), .created_s = NOW_S, .expires_s = NOW_S + 60};
		set_hash(once.sha256, 8, round, 0);
		memcpy(supply->sha256, once.sha256, sizeof(once.sha256));
		OK(store_once_put(world->store, &once, NULL));
		assert_int_equal(race(world, enrol, supply, E_REUSED).won, 1);
	}
	OK(store_count(world->store, &after));
	assert_int_equal(after.accounts - before.accounts, ROUNDS);
}

static void put_code_of_pushed(struct racer *racer)
{
	const struct supply *supply = racer->args;
	struct code code = {.client_id = supply->families[0].client_id,
			    .account_id = supply->families[0].account_id,
			    .created_s = NOW_S,
			    .expires_s = NOW_S + 60};
	set_hash(code.sha256, 6, supply->round, racer->number);
	count(racer, store_code_put(racer->world->store, &code, supply->sha256));
}

/* RFC 9126 4: of any number of authorizations one uses a pushed request. */
static void one_uses_a_pushed_request(void **state)
{
	struct world *world = *state;
	put_people(world);
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct supply *supply = make_supply(world, round, true);
		struct once once = {.kind = ONCE_PAR, .data = STR("x"), .created_s = NOW_S, .expires_s = NOW_S + 60};
		set_hash(once.sha256, 7, round, 0);
		memcpy(supply->sha256, once.sha256, sizeof(once.sha256));
		OK(store_once_put(world->store, &once, NULL));
		assert_int_equal(race(world, put_code_of_pushed, supply, E_REUSED).won, 1);
	}
}

static void use_totp(struct racer *racer)
{
	const int64_t *step = racer->args;
	count(racer, store_login_use_totp(racer->world->store, STR("mma_0001"), *step));
}

static void use_recovery(struct racer *racer)
{
	count(racer, store_login_use_recovery(racer->world->store, STR("mma_0001"), racer->args, &a_note));
}

/* RFC 6238 5.2: a code is good once, and so is a recovery code. */
static void one_uses_a_second_factor(void **state)
{
	struct world *world = *state;
	unsigned char recovery[MODEL_RECOVERY_MAX][32];
	for (unsigned i = 0; i < MODEL_RECOVERY_MAX; i++)
		set_hash(recovery[i], 8, 0, i);
	const struct login_totp totp = {
		.sealed = STR("sealed"), .on = true, .recovery = recovery, .n_recovery = MODEL_RECOVERY_MAX};
	put_people(world);
	OK(store_login_set_totp(world->store, STR("mma_0001"), &totp, &a_note));
	for (int64_t step = 1; step < ROUNDS; step++)
		assert_int_equal(race(world, use_totp, &step, E_REUSED).won, 1);
	for (unsigned i = 0; i < MODEL_RECOVERY_MAX; i++)
		assert_int_equal(race(world, use_recovery, recovery[i], E_ABSENT).won, 1);
}

static void use_passkey(struct racer *racer)
{
	const int64_t *counter = racer->args;
	count(racer, store_passkey_use(racer->world->store, STR("key"), *counter, NOW_S));
}

/* WebAuthn 6.1.1: who shows a number that was shown before is a copy. */
static void one_shows_a_counter(void **state)
{
	struct world *world = *state;
	const struct passkey passkey = {
		.id = STR("key"), .account_id = STR("mma_0001"), .key = STR("cose"), .created_s = NOW_S};
	put_people(world);
	OK(store_passkey_put(world->store, &passkey, &a_note));
	for (int64_t counter = 1; counter < ROUNDS; counter++)
		assert_int_equal(race(world, use_passkey, &counter, E_CONFLICT).won, 1);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(attack_23_one_redeems_a_code, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(attack_24_one_rotates_a_refresh_token, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(grace_is_good_once, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(one_is_enrolled, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(attack_24_one_decides_and_redeems_a_device, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(one_takes_a_link, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(one_uses_a_pushed_request, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(one_uses_a_second_factor, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(one_shows_a_counter, world_setup, world_teardown),
};

int main(int argc, char **argv)
{
	world_backend(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
