/* access.c: the claims of access tokens, RFC 9068 2.2. CC-38, CC-40, CC-41. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/enc.h"
#include "json/json.h"
#include "token/access.h"

enum { DRAWS = 1000000, JTI_BYTES = 16 };

static struct str roles[] = {STR("user"), STR("editor")};
static const struct client client = {.id = STR("mmc_0000000000000000000000")};
static const struct account account = {
	.id = STR("mma_0000000000000000000000"),
	.email = STR("alice@example.com"),
	.email_verified = true,
	.name = STR("Alice"),
	.roles = {roles, 2},
};
static const struct token_access plain = {
	.kid = STR("kid"),
	.issuer = STR("https://as.example/"),
	.audience = STR("https://api.example"),
	.client = &client,
	.scope = STR("a b"),
	.iat_s = 1700000000,
	.lifetime_s = 3600,
};

static void puts_only_what_was_granted(void **state) /* CC-38 */
{
	static const struct {
		const char *scope, *extra;
	} rows[] = {
		{"", ""},
		{"a", ""},
		{"emails xemail email2 rolesprofile", ""},
		{"openid offline_access", ""},
		{"email", "{\"email\":\"alice@example.com\",\"email_verified\":true}"},
		{"a roles", "{\"roles\":[\"user\",\"editor\"]}"},
		{"profile a", "{\"name\":\"Alice\"}"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena arena;
		struct sign_claims claims;
		struct token_access access = plain;
		arena_init(&arena, 65536);
		access.account = &account;
		access.scope = str_of(rows[i].scope);
		assert_int_equal(token_access_claims(&access, &arena, &claims), 0);
		assert_true(str_eq(claims.extra, str_of(rows[i].extra)));
		arena_done(&arena);
	}
}

/* RFC 9068 2.2: sub is the client where it stands for itself. RFC 9700 4.15: an account otherwise, never mixed up. */
static void names_the_subject(void **state) /* CC-38 */
{
	struct arena arena;
	struct sign_claims claims;
	struct token_access access = plain;
	(void)state;
	arena_init(&arena, 65536);
	access.scope = STR("email roles profile");
	assert_int_equal(token_access_claims(&access, &arena, &claims), 0);
	assert_true(str_eq(claims.sub, client.id) && str_eq(claims.client_id, client.id));
	assert_int_equal(claims.extra.len, 0); /* nobody's e-mail address without an account */
	access.account = &account;
	assert_int_equal(token_access_claims(&access, &arena, &claims), 0);
	assert_true(str_eq(claims.sub, account.id) && str_eq(claims.client_id, client.id));
	arena_done(&arena);
}

/* ATTACKS 42: what a token was issued under goes with it, as the client was when it authenticated. */
static void carries_the_epochs(void **state)
{
	struct arena arena;
	struct sign_claims claims;
	struct token_access access = plain;
	struct client regenerated = client;
	struct account disabled_once = account;
	(void)state;
	arena_init(&arena, 65536);
	regenerated.epoch = 3;
	disabled_once.epoch = 2;
	assert_int_equal(token_access_claims(&access, &arena, &claims), 0);
	assert_true(claims.epoch == 0 && claims.account_epoch == 0);
	access.client = &regenerated;
	assert_int_equal(token_access_claims(&access, &arena, &claims), 0);
	assert_true(claims.epoch == 3 && claims.account_epoch == 0);
	access.account = &disabled_once;
	assert_int_equal(token_access_claims(&access, &arena, &claims), 0);
	assert_true(claims.epoch == 3 && claims.account_epoch == 2);
	arena_done(&arena);
}

static void copies_the_rest(void **state) /* CC-39, CC-41 */
{
	struct arena arena;
	struct sign_claims claims;
	(void)state;
	arena_init(&arena, 65536);
	assert_int_equal(token_access_claims(&plain, &arena, &claims), 0);
	assert_int_equal(claims.kind, TOKEN_ACCESS);
	assert_true(str_eq(claims.kid, plain.kid) && str_eq(claims.iss, plain.issuer));
	assert_true(str_eq(claims.aud, plain.audience));
	assert_true(str_eq(claims.scope, plain.scope));
	assert_int_equal(claims.iat_s, 1700000000);
	assert_int_equal(claims.exp_s, 1700003600);
	arena_done(&arena);
}

static void fails_without_memory(void **state)
{
	struct arena arena;
	struct token_access access = plain;
	struct sign_claims claims = {.iat_s = 77};
	(void)state;
	access.account = &account;
	access.scope = STR("email");
	arena_init(&arena, 0);
	assert_int_equal(token_access_claims(&access, &arena, &claims), E_NOMEM);
	assert_int_equal(claims.iat_s, 77); /* untouched */
	arena_done(&arena);
}

struct jti {
	unsigned char bytes[JTI_BYTES];
};

static int compare(const void *a, const void *b) { return memcmp(a, b, sizeof(struct jti)); }

static void never_draws_a_jti_twice(void **state) /* CC-40: a million */
{
	struct jti *drawn = calloc(DRAWS, sizeof(*drawn));
	struct arena arena;
	(void)state;
	assert_non_null(drawn);
	arena_init(&arena, 65536);
	for (size_t i = 0; i < DRAWS; i++) {
		struct sign_claims claims;
		size_t len = 0;
		arena_reset(&arena);
		if (token_access_claims(&plain, &arena, &claims) < 0 ||
		    enc_b64url_decode(claims.jti, drawn[i].bytes, JTI_BYTES, &len) < 0 || len != JTI_BYTES)
			fail_msg("token %zu has no jti of %d bytes", i, JTI_BYTES);
	}
	arena_done(&arena);
	qsort(drawn, DRAWS, sizeof(*drawn), compare);
	for (size_t i = 1; i < DRAWS; i++)
		if (compare(&drawn[i - 1], &drawn[i]) == 0)
			fail_msg("the same jti came twice");
	free(drawn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fails_without_memory),
		cmocka_unit_test(puts_only_what_was_granted),
		cmocka_unit_test(names_the_subject),
		cmocka_unit_test(carries_the_epochs),
		cmocka_unit_test(copies_the_rest),
		cmocka_unit_test(never_draws_a_jti_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
