/* API verbs. */
#include "store_test.h"

static void same(struct api got, struct api want)
{
	expect_str(got.id, want.id);
	expect_str(got.audience, want.audience);
	expect_str(got.name, want.name);
	expect_str(got.alg, want.alg);
	assert_int_equal(got.lifetime_s, want.lifetime_s);
	assert_int_equal(got.created_s, want.created_s);
	assert_int_equal(got.n_scopes, want.n_scopes);
	for (size_t i = 0; i < want.n_scopes; i++) {
		expect_str(got.scopes[i].name, want.scopes[i].name);
		expect_str(got.scopes[i].description, want.scopes[i].description);
	}
}

static void absent(void **state)
{
	struct world *world = *state;
	struct api api = an_api(world, 1), *list;
	size_t n = 7;
	FAILS(store_api_update(world->store, &api, false, &a_note), E_ABSENT);
	FAILS(store_api_delete(world->store, api.id, &a_note), E_ABSENT);
	FAILS(store_api_get(world->store, api.id, false, &world->arena, &api), E_ABSENT);
	FAILS(store_api_get(world->store, api.audience, true, &world->arena, &api), E_ABSENT);
	OK(store_api_list(world->store, &world->arena, &list, &n));
	assert_int_equal(n, 0);
}

static void taken(void **state)
{
	struct world *world = *state;
	struct api one = an_api(world, 1), two = an_api(world, 2);
	struct api_scope twice[] = {{STR("a"), STR("")}, {STR("a"), STR("")}};
	OK(store_api_put(world->store, &one, &a_note));
	two.id = one.id;
	FAILS(store_api_put(world->store, &two, &a_note), E_EXISTS);
	two = an_api(world, 2);
	two.audience = one.audience;
	FAILS(store_api_put(world->store, &two, &a_note), E_EXISTS);
	two = an_api(world, 2);
	two.scopes = twice;
	two.n_scopes = 2;
	FAILS(store_api_put(world->store, &two, &a_note), E_EXISTS);
	two.id = one.id;
	FAILS(store_api_update(world->store, &two, false, &a_note), E_EXISTS);
	same(get_api(world, one.id), one);
	FAILS(store_api_get(world->store, STR("mmr_0002"), false, &world->arena, &two), E_ABSENT);
	assert_int_equal(audit_count(world), 1);
}

static void put_get_list(void **state)
{
	struct world *world = *state;
	struct api one = an_api(world, 1), two = an_api(world, 2), got, *list;
	size_t n;
	one.created_s = two.created_s + 10;
	OK(store_api_put(world->store, &one, &a_note));
	OK(store_api_put(world->store, &two, &a_note));
	OK(store_api_get(world->store, one.audience, true, &world->arena, &got));
	same(got, one);
	world_reopen(world);
	OK(store_api_list(world->store, &world->arena, &list, &n));
	assert_int_equal(n, 2);
	same(list[0], two);
	same(list[1], one);
}

static struct client put_client(struct world *world, unsigned n)
{
	static struct scope_grant grants[] = {{STR(""), STR("openid")},
					      {STR("mmr_0001"), STR("admin")},
					      {STR("mmr_0001"), STR("read")},
					      {STR("mmr_0001"), STR("write")},
					      {STR("mmr_0002"), STR("read")}};
	struct client client = a_client(world, n);
	client.grants = grants;
	client.n_grants = COUNT(grants);
	client.default_api = STR("mmr_0001");
	OK(store_client_put(world->store, &client, &a_note));
	return client;
}

static void update_keeps_the_grants_of_scopes_that_stay(void **state)
{
	struct world *world = *state;
	struct api one = an_api(world, 1), two = an_api(world, 2);
	struct api_scope scopes[] = {{STR("new"), STR("n")}, {STR("read"), STR("May read more")}};
	OK(store_api_put(world->store, &one, &a_note));
	OK(store_api_put(world->store, &two, &a_note));
	struct client client = put_client(world, 1), got;
	struct api change = one;
	change.name = STR("other");
	change.audience = STR("https://not.looked/at");
	change.alg = STR("EdDSA");
	change.lifetime_s = 60;
	change.created_s = 1;
	change.scopes = scopes;
	change.n_scopes = 2;
	OK(store_api_update(world->store, &change, false, &a_note));
	change.audience = one.audience;
	change.created_s = one.created_s;
	same(get_api(world, one.id), change);
	got = get_client(world, client.id);
	assert_int_equal(got.n_grants, 3);
	IS(got.grants[0].scope, "openid");
	expect_str(got.grants[1].api_id, one.id);
	IS(got.grants[1].scope, "read");
	expect_str(got.grants[2].api_id, two.id);
	same(get_api(world, two.id), two);
	change.n_scopes = 0;
	OK(store_api_update(world->store, &change, false, &a_note));
	assert_int_equal(get_client(world, client.id).n_grants, 2);
	assert_int_equal(get_api(world, one.id).n_scopes, 0);
}

static void delete_takes_grants_and_defaults(void **state)
{
	struct world *world = *state;
	struct api one = an_api(world, 1), two = an_api(world, 2);
	OK(store_api_put(world->store, &one, &a_note));
	OK(store_api_put(world->store, &two, &a_note));
	struct client client = put_client(world, 1), got;
	OK(store_api_delete(world->store, one.id, &a_note));
	FAILS(store_api_get(world->store, one.id, false, &world->arena, &one), E_ABSENT);
	got = get_client(world, client.id);
	assert_int_equal(got.n_grants, 2);
	IS(got.grants[0].scope, "openid");
	expect_str(got.grants[1].api_id, two.id);
	assert_int_equal(got.default_api.len, 0);
	one = an_api(world, 1);
	OK(store_api_put(world->store, &one, &a_note)); /* id and audience are free again, the grants do not return */
	assert_int_equal(get_client(world, client.id).n_grants, 2);
}

/* RFC 7662 2.1: who may ask about an API's tokens. */
static void resource_servers(void **state)
{
	struct world *world = *state;
	struct api api = an_api(world, 1), other = an_api(world, 2);
	struct client one = a_client(world, 1), two = a_client(world, 2);
	struct str both[] = {two.id, one.id, two.id}, lost[] = {one.id, STR("mmc_lost")};
	OK(store_client_put(world->store, &one, &a_note));
	OK(store_client_put(world->store, &two, &a_note));
	api.servers = (struct str_list){lost, 2};
	FAILS(store_api_put(world->store, &api, &a_note), E_ABSENT);
	api.servers = (struct str_list){both, 3};
	OK(store_api_put(world->store, &api, &a_note));
	other.servers = (struct str_list){both, 1};
	OK(store_api_put(world->store, &other, &a_note));
	assert_int_equal(get_api(world, api.id).servers.n, 2);
	assert_true(str_eq(get_api(world, api.id).servers.v[0], one.id));
	assert_int_equal(get_client(world, two.id).serves.n, 2);
	assert_true(str_eq(get_client(world, one.id).serves.v[0], api.audience));
	api.servers = (struct str_list){lost, 2};
	OK(store_api_update(world->store, &api, false, &a_note)); /* not looked at */
	assert_int_equal(get_api(world, api.id).servers.n, 2);
	FAILS(store_api_update(world->store, &api, true, &a_note), E_ABSENT);
	assert_int_equal(get_api(world, api.id).servers.n, 2);
	OK(store_client_delete(world->store, two.id, UNTIL_S, &a_note));
	assert_int_equal(get_api(world, api.id).servers.n, 1);
	api.servers = (struct str_list){0};
	OK(store_api_update(world->store, &api, true, &a_note));
	assert_int_equal(get_client(world, one.id).serves.n, 0);
	api.servers = (struct str_list){lost, 1};
	OK(store_api_update(world->store, &api, true, &a_note));
	OK(store_api_delete(world->store, api.id, &a_note));
	assert_int_equal(get_client(world, one.id).serves.n, 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(resource_servers, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(absent, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(taken, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(put_get_list, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(update_keeps_the_grants_of_scopes_that_stay, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(delete_takes_grants_and_defaults, world_setup, world_teardown),
};

int main(int argc, char **argv)
{
	world_backend(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
