/* Key sets: caps, skipping, duplicate kids (RFC 7517 4.5, 5; ATTACKS 6; ledger 7517-2, 7517-6). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/fault.h"
#include "jose/jwk.h"
#include "keys.h"

#define EC_KEY(kid) "{" EC ",\"kid\":\"" kid "\"}"
#define OKP_KEY(kid) "{" OKP ",\"kid\":\"" kid "\"}"
#define RSA_KEY(alg) "{" RSA ",\"kid\":\"r\",\"alg\":\"" alg "\"}"
#define SET(keys) "{\"keys\":[" keys "]}"

/* RFC 7517 5, RFC 7517 4.5. */
static void refuses(void **state)
{
	static const struct {
		const char *what, *text;
		int code;
	} rows[] = {
		{"empty", "", E_SYNTAX},
		{"an array", "[]", E_SYNTAX},
		{"no keys", "{}", E_SYNTAX},
		{"keys no array", "{\"keys\":{}}", E_SYNTAX},
		{"an element that is no object", "{\"keys\":[1]}", E_SYNTAX},
		{"keys twice", "{\"keys\":[],\"keys\":[]}", E_SYNTAX},
		{"one kid, two kinds of key (ATTACKS 6)", SET(EC_KEY("a") "," OKP_KEY("a")), E_CONFLICT},
		{"a member twice in a key", "{\"keys\":[{\"kty\":\"EC\",\"kty\":\"EC\"}]}", E_SYNTAX},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct jwks *jwks = NULL;
		if (jwks_parse(str_of(rows[i].text), 65536, &jwks) != rows[i].code || jwks)
			fail_msg("%s", rows[i].what);
	}
}

static void has_caps(void **state)
{
	struct buf text;
	struct jwks *jwks = NULL;
	(void)state;
	for (size_t n = JWKS_KEYS_MAX; n <= JWKS_KEYS_MAX + 1; n++) {
		buf_init(&text, 65536);
		buf_put(&text, STR("{\"keys\":["));
		for (size_t i = 0; i < n; i++)
			buf_printf(&text, "%s" OKP_KEY("%zu"), i ? "," : "", i);
		buf_put(&text, STR("]}"));
		assert_int_equal(buf_status(&text), 0);
		assert_int_equal(jwks_parse(buf_str(&text), 65536, &jwks), n > JWKS_KEYS_MAX ? E_LIMIT : 0);
		buf_done(&text);
	}
	assert_int_equal(jwks->n, JWKS_KEYS_MAX);
	jwks_free(jwks);
	jwks = NULL;
	assert_int_equal(jwks_parse(STR("{\"keys\":[]}"), 10, &jwks), E_LIMIT);
	assert_int_equal(jwks_parse(STR("{\"keys\":[]}"), 11, &jwks), 0);
	assert_int_equal(jwks->n, 0);
	jwks_free(jwks);
}

/* RFC 7517 5. */
static void skips_what_it_does_not_know(void **state)
{
	struct jwks *jwks = NULL;
	(void)state;
	static const char text[] = "{\"keys\":[{\"kty\":\"NEW\",\"kid\":\"n\"},{}," EC_KEY("a") ","
				   "{\"kty\":\"oct\",\"k\":\"AA\",\"kid\":\"a\"}," OKP_KEY("b") "],\"more\":1}";
	assert_int_equal(jwks_parse(str_of(text), 65536, &jwks), 0);
	assert_int_equal(jwks->n, 2);
	assert_int_equal(jwks->skipped, 3);
	assert_non_null(jwks_find(jwks, STR("a")));
	assert_non_null(jwks_find(jwks, STR("b")));
	assert_null(jwks_find(jwks, STR("n")));
	assert_null(jwks_find(jwks, STR("")));
	assert_null(jwks_find(jwks, STR("A")));
	assert_null(jwks_find(jwks, STR("aa")));
	assert_null(jwks_find(jwks, STR("../a")));
	assert_null(jwks_find(jwks, STR("a\0")));
	jwks_free(jwks);
}

static void keeps_the_same_key_once(void **state)
{
	struct jwks *jwks = NULL;
	(void)state;
	static const char text[] = SET(EC_KEY("a") "," EC_KEY("a") "," RSA_KEY("RS256") "," RSA_KEY("PS256")
				       ",{" OKP "},{" OKP "}");
	assert_int_equal(jwks_parse(str_of(text), 65536, &jwks), 0);
	assert_int_equal(jwks->n, 4); /* two without kid stay two */
	const struct jwk *rsa = jwks_find(jwks, STR("r"));
	assert_true(rsa && rsa->by_alg[SIG_RS256] && rsa->by_alg[SIG_PS256]);
	jwks_free(jwks);
}

static void survives_want_of_memory(void **state)
{
	(void)state;
#ifndef MINTMARK_FAULTS
	skip();
#else
	int rc = E_NOMEM;
	for (long nth = 1; rc != 0; nth++) {
		struct jwks *jwks = NULL;
		fault_arm(FAULT_ALLOC, nth);
		rc = jwks_parse(STR(SET(EC_KEY("a") "," OKP_KEY("b") "," RSA_KEY("RS256"))), 65536, &jwks);
		fault_arm(FAULT_ALLOC, 0);
		assert_true(rc == 0 ? jwks && jwks->n == 3 : !jwks);
		jwks_free(jwks);
	}
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses),
		cmocka_unit_test(has_caps),
		cmocka_unit_test(skips_what_it_does_not_know),
		cmocka_unit_test(keeps_the_same_key_once),
		cmocka_unit_test(survives_want_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
