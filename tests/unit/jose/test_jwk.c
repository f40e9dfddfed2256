/* One JWK: what is none (RFC 7517 4, RFC 7518 6, RFC 8037 2), what is, and what we write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "jose/jwk.h"
#include "keys.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int parse(const char *text, struct jwk *ret_jwk)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	assert_int_equal(json_parse_object(str_of(text), &doc), 0);
	return jwk_parse(doc, ret_jwk);
}

/* RFC 7517 4.1, RFC 7517 4.2, RFC 7517 4.3, RFC 7518 6.2.1, RFC 7518 6.2.2, RFC 7518 6.3.1.1, RFC 8037 2;
 * ledger 7517-3, 7517-4, 7517-5, 7517-8, 7517-9, 8725-3.4, 8725-3.5. */
static void refuses(void **state)
{
	static const struct {
		const char *what, *text;
		int code;
	} rows[] = {
		{"no kty", "{\"crv\":\"P-256\"," EC_X "," EC_Y "}", E_SYNTAX},
		{"kty is a number", "{\"kty\":1}", E_SYNTAX},
		{"unknown kty (7517-6: skipped)", "{\"kty\":\"XYZ\"}", E_ABSENT},
		{"symmetric (7517-9)", "{\"kty\":\"oct\",\"k\":\"AAAA\",\"alg\":\"HS256\"}", E_ABSENT},
		{"kty in lower case", "{\"kty\":\"ec\",\"crv\":\"P-256\"," EC_X "," EC_Y "}", E_ABSENT},
		{"unknown crv", "{\"kty\":\"EC\",\"crv\":\"P-521\"," EC_X "," EC_Y "}", E_ABSENT},
		{"X25519 is not for signing (ATTACKS 4)", "{\"kty\":\"OKP\",\"crv\":\"X25519\"," OKP_X "}", E_ABSENT},
		{"no crv", "{\"kty\":\"EC\"," EC_X "," EC_Y "}", E_ABSENT},
		{"crv is a number", "{\"kty\":\"EC\",\"crv\":256}", E_SYNTAX},
		{"unknown alg", "{" RSA ",\"alg\":\"RSA1_5\"}", E_ABSENT},
		{"alg none", "{" RSA ",\"alg\":\"none\"}", E_ABSENT},
		{"alg empty", "{" RSA ",\"alg\":\"\"}", E_ABSENT},
		{"HS256 on an RSA key (ATTACKS 2)", "{" RSA ",\"alg\":\"HS256\"}", E_ABSENT},
		{"alg of another kty", "{" RSA ",\"alg\":\"ES256\"}", E_SYNTAX},
		{"alg of another curve", "{" EC ",\"alg\":\"ES384\"}", E_SYNTAX},
		{"alg is no string", "{" RSA ",\"alg\":[\"RS256\"]}", E_SYNTAX},
		{"use enc (7517-3)", "{" EC ",\"use\":\"enc\"}", E_ABSENT},
		{"use is no string", "{" EC ",\"use\":1}", E_SYNTAX},
		{"key_ops without verify", "{" EC ",\"key_ops\":[\"sign\"]}", E_ABSENT},
		{"key_ops empty", "{" EC ",\"key_ops\":[]}", E_ABSENT},
		{"key_ops against use", "{" EC ",\"use\":\"sig\",\"key_ops\":[\"deriveKey\"]}", E_ABSENT},
		{"key_ops twice the same", "{" EC ",\"key_ops\":[\"verify\",\"verify\"]}", E_SYNTAX},
		{"key_ops no array", "{" EC ",\"key_ops\":\"verify\"}", E_SYNTAX},
		{"private member (7517-1, ATTACKS 34)", "{" EC ",\"d\":\"AAAA\"}", E_SYNTAX},
		{"private RSA member", "{" RSA ",\"qi\":\"AAAA\"}", E_SYNTAX},
		{"kid empty", "{" EC ",\"kid\":\"\"}", E_SYNTAX},
		{"kid is no string (ATTACKS 6)", "{" EC ",\"kid\":7}", E_SYNTAX},
		{"no y", "{\"kty\":\"EC\",\"crv\":\"P-256\"," EC_X "}", E_SYNTAX},
		{"x with padding",
		 "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU=\"," EC_Y "}",
		 E_SYNTAX},
		{"x cut (7517-4)",
		 "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvR\"," EC_Y "}",
		 E_SYNTAX},
		{"not on the curve (8725-3.4)",
		 "{\"kty\":\"EC\",\"crv\":\"P-256\"," EC_X ",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1\"}",
		 E_SYNTAX},
		{"another curve's point", "{\"kty\":\"EC\",\"crv\":\"P-384\"," EC_X "," EC_Y "}", E_SYNTAX},
		{"n with a leading zero octet (7517-5)", "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"AN" RSA_N "\"}",
		 E_SYNTAX},
		{"short n (7517-8)",
		 "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4\"}",
		 E_SYNTAX},
		{"e = 1", "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQ\"}", E_SYNTAX},
		{"no e", "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\"}", E_SYNTAX},
		{"empty x", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"\"}", E_SYNTAX},
		{"Ed25519 as ES256", "{" OKP ",\"alg\":\"ES256\"}", E_SYNTAX},
		{"small order Ed25519",
		 "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
		 E_SYNTAX},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct jwk jwk = {.kid_len = 77};
		int rc = parse(rows[i].text, &jwk);
		if (rc != rows[i].code || jwk.kid_len != 77)
			fail_msg("%s: %d", rows[i].what, rc);
	}
}

static void refuses_long_kid(void **state)
{
	char text[1024] = "{" EC ",\"kid\":\"";
	size_t start = strlen(text);
	struct jwk jwk = {0};
	(void)state;
	memset(text + start, 'k', JWK_KID_MAX + 1);
	memcpy(text + start + JWK_KID_MAX + 1, "\"}", 3);
	assert_int_equal(parse(text, &jwk), E_SYNTAX);
	memcpy(text + start + JWK_KID_MAX, "\"}", 3);
	assert_int_equal(parse(text, &jwk), 0);
	assert_int_equal(jwk.kid_len, JWK_KID_MAX);
	jwk_done(&jwk);
}

static void algorithms_follow_from_the_key(void **state)
{
	static const struct {
		const char *text;
		unsigned algs;
	} rows[] = {
		{"{" EC "}", JWK_ALG(SIG_ES256)},
		{"{" EC ",\"alg\":\"ES256\",\"use\":\"sig\",\"key_ops\":[\"sign\",\"verify\"],\"unknown\":{}}",
		 JWK_ALG(SIG_ES256)},
		{"{" OKP "}", JWK_ALG(SIG_EDDSA)},
		{"{" RSA "}", JWK_ALG(SIG_RS256) | JWK_ALG(SIG_PS256)},
		{"{" RSA ",\"alg\":\"RS256\"}", JWK_ALG(SIG_RS256)},
		{"{" RSA ",\"alg\":\"PS256\",\"crv\":\"P-256\"}", JWK_ALG(SIG_PS256)},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct jwk jwk = {0};
		unsigned algs = 0;
		assert_int_equal(parse(rows[i].text, &jwk), 0);
		for (enum sig_alg alg = SIG_NONE; alg < SIG_ALGS; alg++)
			algs |= jwk.by_alg[alg] ? JWK_ALG(alg) : 0;
		assert_int_equal(algs, rows[i].algs);
		jwk_done(&jwk);
	}
}

/* RFC 7638 3; RFC 7638 3.1 and RFC 8037 A.3 give these; ledger 7517-7: optional members make no difference. */
static void thumbprints(void **state)
{
	static const struct {
		const char *text;
		enum sig_alg alg;
		const char *print;
	} rows[] = {
		{"{" RSA "}", SIG_RS256, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
		{"{" RSA ",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}", SIG_RS256,
		 "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
		{"{" OKP ",\"use\":\"sig\"}", SIG_EDDSA, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"},
		{"{" EC "}", SIG_ES256, "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct jwk jwk = {0};
		char print[JWK_THUMBPRINT_LEN + 1];
		assert_int_equal(parse(rows[i].text, &jwk), 0);
		assert_int_equal(jwk_thumbprint(jwk.by_alg[rows[i].alg], print), 0);
		assert_string_equal(print, rows[i].print);
		jwk_done(&jwk);
	}
}

/* k * G of P-256 for k = 49350: both coordinates begin with a zero octet. */
#define SMALL "\"x\":\"ACBiT32ylIIMMaIbEKJujhkFPYFHR6b3oOiRa-IpmbU\"," \
	      "\"y\":\"AOon8vj6IRHZ23OPzZzn6Se6US8g_p8MWqQJnBvYUAI\""

/* RFC 7518 6.2.1.2, RFC 7518 6.3.1.1; ledger 7517-4, 7517-5: full coordinates, no leading zero octet in a modulus. */
static void emits_public_members_in_order(void **state)
{
	static const struct {
		const char *text;
		enum sig_alg alg;
		const char *out;
	} rows[] = {
		{"{" EC "}", SIG_ES256,
		 "{\"kty\":\"EC\",\"kid\":\"a\\\"b\",\"use\":\"sig\",\"alg\":\"ES256\",\"crv\":\"P-256\"," EC_X "," EC_Y
		 "}"},
		{"{\"kty\":\"EC\",\"crv\":\"P-256\"," SMALL "}", SIG_ES256,
		 "{\"kty\":\"EC\",\"kid\":\"a\\\"b\",\"use\":\"sig\",\"alg\":\"ES256\",\"crv\":\"P-256\"," SMALL "}"},
		{"{" OKP "}", SIG_EDDSA,
		 "{\"kty\":\"OKP\",\"kid\":\"a\\\"b\",\"use\":\"sig\",\"alg\":\"EdDSA\",\"crv\":\"Ed25519\"," OKP_X
		 "}"},
		{"{" RSA "}", SIG_PS256,
		 "{\"kty\":\"RSA\",\"kid\":\"a\\\"b\",\"use\":\"sig\",\"alg\":\"PS256\",\"n\":\"" RSA_N "\",\"e\":"
													"\"AQAB\"}"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct jwk jwk = {0};
		struct buf out;
		buf_init(&out, 4096);
		assert_int_equal(parse(rows[i].text, &jwk), 0);
		assert_int_equal(jwk_emit(jwk.by_alg[rows[i].alg], STR("a\"b"), &out), 0);
		assert_true(str_eq(buf_str(&out), str_of(rows[i].out)));
		buf_done(&out);
		jwk_done(&jwk);
	}
}

/* Ledger 7517-1: what we publish of a private key has no private member, for any algorithm, and reads back. */
static void never_emits_private_members(void **state)
{
	(void)state;
	for (enum sig_alg alg = SIG_NONE + 1; alg < SIG_ALGS; alg++) {
		struct sig_key *key = NULL;
		struct jwk jwk = {0};
		_cleanup_(json_freep) struct json *doc = NULL;
		struct buf out;
		buf_init(&out, 4096);
		assert_int_equal(sig_key_generate(alg, &key), 0);
		assert_int_equal(jwk_emit(key, STR("k"), &out), 0);
		assert_int_equal(json_parse_object(buf_str(&out), &doc), 0);
		assert_false(json_has(doc, "d") || json_has(doc, "p") || json_has(doc, "q") || json_has(doc, "k"));
		assert_int_equal(jwk_parse(doc, &jwk), 0);
		assert_non_null(jwk.by_alg[alg]);
		jwk_done(&jwk);
		buf_done(&out);
		sig_key_unref(key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses),
		cmocka_unit_test(refuses_long_kid),
		cmocka_unit_test(algorithms_follow_from_the_key),
		cmocka_unit_test(thumbprints),
		cmocka_unit_test(emits_public_members_in_order),
		cmocka_unit_test(never_emits_private_members),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
