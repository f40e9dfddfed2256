/* Worlds and sample objects for the contract tests; see store_test.h. */
#include "store_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"

const struct audit_note a_note = {NOW_S, STR("cli:uid=1000"), STR("test.change"), STR("thing"), STR("because")};

static bool use_sqlite = true;

void world_backend(int argc, char **argv)
{
	use_sqlite = argc < 2 || strcmp(argv[1], "memory") != 0;
	log_setup("test", LOG_OFF, LOG_TEXT);
}

bool world_is_sqlite(void) { return use_sqlite; }

int world_setup_folder(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	if (!world)
		return -1;
	arena_init(&world->arena, 64 << 20);
	snprintf(world->folder, sizeof(world->folder), "/tmp/mintmark-store-XXXXXX");
	if (!mkdtemp(world->folder))
		return -1;
	snprintf(world->path, sizeof(world->path), "%s/store.db", world->folder);
	*state = world;
	return 0;
}

int world_open(struct world *world)
{
	return store_open(&(struct store_options){use_sqlite ? STORE_SQLITE : STORE_MEMORY, world->path, true, READERS,
						  CACHE_KIB},
			  &world->store);
}

int world_setup(void **state)
{
	if (world_setup_folder(state) < 0)
		return -1;
	return world_open(*state);
}

void world_reopen(struct world *world)
{
	if (!use_sqlite)
		return;
	store_close(world->store);
	world->store = NULL;
	OK(world_open(world));
}

int world_teardown(void **state)
{
	static const char *const tails[] = {"", "-wal", "-shm", ".lock"};
	struct world *world = *state;
	char name[120];
#ifdef MINTMARK_FAULTS
	for (int kind = 0; kind < FAULT_KINDS; kind++)
		fault_arm((enum fault_kind)kind, 0);
#endif
	store_close(world->store);
	for (size_t i = 0; i < COUNT(tails); i++) {
		snprintf(name, sizeof(name), "%s%s", world->path, tails[i]);
		unlink(name);
	}
	rmdir(world->folder);
	arena_done(&world->arena);
	free(world);
	return 0;
}

void expect_str(struct str got, struct str want)
{
	if (!str_eq(got, want))
		print_message("got \"%.*s\", want \"%.*s\"\n", STR_ARG(got), STR_ARG(want));
	assert_true(str_eq(got, want));
}

struct str name_of(struct world *world, const char *prefix, unsigned n)
{
	struct str name;
	OK(arena_printf(&world->arena, &name, "%s%04u", prefix, n));
	return name;
}

struct account an_account(struct world *world, unsigned n)
{
	static struct str roles[] = {STR("admin"), STR("dev")};
	return (struct account){
		.id = name_of(world, "mma_", n),
		.email = name_of(world, "someone@example.", n),
		.email_verified = true,
		.name = name_of(world, "Zoë ", n),
		.roles = {roles, 2},
		.epoch = 1,
		.created_s = NOW_S + n,
	};
}

struct api an_api(struct world *world, unsigned n)
{
	static struct api_scope scopes[] = {
		{STR("write"), STR("May write")}, {STR("read"), STR("May read")}, {STR("admin"), STR("")}};
	return (struct api){
		.id = name_of(world, "mmr_", n),
		.audience = name_of(world, "https://api.example/", n),
		.name = name_of(world, "API ", n),
		.alg = STR("ES256"),
		.lifetime_s = 3600,
		.created_s = NOW_S + n,
		.scopes = scopes,
		.n_scopes = 3,
	};
}

struct client a_client(struct world *world, unsigned n)
{
	return (struct client){
		.id = name_of(world, "mmc_", n),
		.kind = CLIENT_SERVICE,
		.name = name_of(world, "client ", n),
		.auth = CLIENT_AUTH_ANY,
		.lifetime_s = 600,
		.epoch = 1,
		.created_s = NOW_S + n,
	};
}

struct client_secret a_secret(struct world *world, struct str client, unsigned n)
{
	struct client_secret secret = {
		.client_id = client,
		.form = SECRET_GENERATED,
		.hint = STR("abcd"),
		.label = name_of(world, "label ", n),
		.created_s = NOW_S + n,
	};
	OK(arena_printf(&world->arena, &secret.id, "mmk_%.*s_%04u", STR_ARG(client), n));
	memset(secret.sha256, (int)(n & 0xff), sizeof(secret.sha256));
	return secret;
}

struct signing_key a_key(struct world *world, unsigned n, enum key_state key_state)
{
	return (struct signing_key){
		.kid = name_of(world, "kid", n),
		.alg = STR("ES256"),
		.state = key_state,
		.sealed = key_state == KEY_GONE ? STR("") : STR("sealed\0bytes\xff"),
		.public_jwk = STR("{\"kty\":\"EC\"}"),
		.created_s = NOW_S + n,
		.active_s = key_state >= KEY_ACTIVE ? NOW_S + n : 0,
	};
}

struct account get_account(struct world *world, struct str id)
{
	struct account account = {0};
	OK(store_account_get(world->store, id, false, &world->arena, &account));
	return account;
}

struct api get_api(struct world *world, struct str id)
{
	struct api api = {0};
	OK(store_api_get(world->store, id, false, &world->arena, &api));
	return api;
}

struct client get_client(struct world *world, struct str id)
{
	struct client client = {0};
	OK(store_client_get(world->store, id, &world->arena, &client));
	return client;
}

int64_t audit_count(struct world *world)
{
	int64_t n = -1;
	OK(store_audit_verify(world->store, &n));
	return n;
}
