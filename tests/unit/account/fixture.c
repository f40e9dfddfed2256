/* See fixture.h. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/seal.h"
#include "oauth/throttle.h"

#define OK(expr) assert_int_equal((expr), 0)

static const unsigned char master[SEAL_MASTER_LEN] = {1, 2, 3};

/* keyd's own code, in this process. */
static struct fixture *fixture_of(struct call *call)
{
	return (struct fixture *)(void *)((char *)call - offsetof(struct fixture, call));
}

static int seal(struct call *call, struct str purpose, struct secret plain, struct buf *ret_sealed)
{
	return fixture_of(call)->keyd_is_gone ? E_SIGNER : seal_close(master, purpose, STR(""), plain, ret_sealed);
}

static int open_sealed(struct call *call, struct str purpose, struct str sealed, struct buf *ret_plain)
{
	bool ok = !fixture_of(call)->keyd_is_gone && seal_open(master, purpose, STR(""), sealed, ret_plain) == 0;
	return ok ? 0 : E_SIGNER;
}

int fixture_setup(void **state)
{
	static const struct audit_note note = {FIXTURE_NOW_S, STR("test"), STR("test"), STR("test"), STR("")};
	struct store_options options = {.kind = STORE_MEMORY, .readers = 1, .cache_kib = 64};
	struct throttle_limits limits = {3, 60};
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	assert_non_null(fixture);
	OK(store_open(&options, &fixture->env.store));
	struct throttle_limits codes = {8, 3600};
	OK(throttle_new(&limits, 1024, &fixture->env.people));
	OK(throttle_new(&codes, 1024, &fixture->env.codes));
	fixture->env.seal = seal;
	fixture->env.open = open_sealed;
	fixture->policy = (struct oauth_policy){.issuer = STR("https://id.example")};
	fixture->ada = (struct account){.id = STR("mma_ada"), .email = STR("ada@example.com"), .name = STR("Ada"),
					.created_s = 1};
	fixture->bob = (struct account){.id = STR("mma_bob"), .email = STR("bob@example.com"), .created_s = 1};
	OK(store_account_put(fixture->env.store, &fixture->ada, &note));
	OK(store_account_put(fixture->env.store, &fixture->bob, &note));
	arena_init(&fixture->call.arena, CALL_ARENA_MAX);
	fixture_call(fixture, 0);
	*state = fixture;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;
	call_reset(&fixture->call);
	arena_done(&fixture->call.arena);
	throttle_free(fixture->env.people);
	throttle_free(fixture->env.codes);
	store_close(fixture->env.store);
	free(fixture);
	return 0;
}

void fixture_call(struct fixture *fixture, int64_t after_s)
{
	call_reset(&fixture->call);
	fixture->call.env = &fixture->env;
	fixture->call.policy = &fixture->policy;
	fixture->call.now_us = (FIXTURE_NOW_S + after_s) * 1000000;
	fixture->call.peer_addr = STR("192.0.2.1");
	fixture->call.may_block = true;
}

size_t fixture_audited(struct fixture *fixture, const char *action)
{
	struct audit_entry *entries;
	struct arena arena;
	size_t n, found = 0;
	arena_init(&arena, 1 << 20);
	OK(store_audit_list(fixture->env.store, 0, 1000, &arena, &entries, &n));
	for (size_t i = 0; i < n; i++)
		found += str_eq(entries[i].action, str_of(action));
	arena_done(&arena);
	return found;
}
