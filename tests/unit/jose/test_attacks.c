/* ATTACKS.md lines 1 to 11, each by its number, against the whole path parse -> choose key -> verify -> claims. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include <sodium.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "forge.h"
#include "keys.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct str claims = {"{\"sub\":\"attacker\"}", 18};

static void refused_as(struct str token, enum verdict want)
{
	enum verdict got = forge_check(token, JWK_ALGS_ALL);
	if (got != want)
		fail_msg("%.*s: %s instead of %s", (int)(token.len < 200 ? token.len : 200), token.p, verdict_name(got),
			 verdict_name(want));
}

/* RFC 8725 3.2; RFC 7515 4.1.1; RFC 7518 3.1: `none` is no name of the table; ledger 7515-2, 8725-3.2. */
static void attack_01_none(void **state)
{
	static const char *const algs[] = {"none", "None", "NONE", "nOnE", "", "null"};
	(void)state;
	for (size_t i = 0; i < COUNT(algs); i++) {
		char header[64];
		struct buf out;
		buf_init_fixed(&out, header, sizeof(header));
		buf_printf(&out, "{\"alg\":\"%s\"}", algs[i]);
		refused_as(forge_raw(buf_str(&out), claims, STR("")), VERDICT_SEGMENTS);
		refused_as(forge_raw(buf_str(&out), claims, STR("AA")), VERDICT_ALG_UNKNOWN);
	}
	refused_as(forge_raw(STR("{\"typ\":\"at+jwt\"}"), claims, STR("AA")), VERDICT_ALG_UNKNOWN);
	refused_as(forge_raw(STR("{\"alg\":\"ES256\",\"kid\":\"ES256\"}"), claims, STR("")), VERDICT_SEGMENTS);
}

/* A token under HS256 with any bytes as its key; ledger 7515-1, 7517-9, 8725-3.5. */
static struct str mac_token(const char *header, struct str key)
{
	unsigned char tag[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state mac;
	char text[64];
	struct buf out;
	struct str input = forge_raw(str_of(header), claims, STR(""));
	crypto_auth_hmacsha256_init(&mac, (const unsigned char *)key.p, key.len);
	crypto_auth_hmacsha256_update(&mac, (const unsigned char *)input.p, input.len - 1);
	crypto_auth_hmacsha256_final(&mac, tag);
	buf_init_fixed(&out, text, sizeof(text));
	enc_b64url(&out, str_mem(tag, sizeof(tag)));
	return forge_raw(str_of(header), claims, buf_str(&out));
}

static void attack_02_public_key_as_mac_key(void **state)
{
	struct buf jwk;
	(void)state;
	buf_init(&jwk, 4096);
	assert_int_equal(jwk_emit(forge_keys[SIG_RS256], STR("RS256"), &jwk), 0);
	const struct sig_public *members = sig_key_public(forge_keys[SIG_RS256]);
	const struct str keys[] = {buf_str(&jwk), members->n, sig_key_public(forge_keys[SIG_ES256])->x};
	for (size_t i = 0; i < COUNT(keys); i++) {
		refused_as(mac_token("{\"alg\":\"HS256\",\"kid\":\"RS256\"}", keys[i]), VERDICT_ALG_UNKNOWN);
		refused_as(mac_token("{\"alg\":\"RS256\",\"kid\":\"RS256\"}", keys[i]), VERDICT_SIGNATURE);
		refused_as(mac_token("{\"alg\":\"EdDSA\",\"kid\":\"EdDSA\"}", keys[i]), VERDICT_SIGNATURE);
	}
	buf_done(&jwk);
}

/* The keys of this set have no alg; CVE-2026-44699. */
static void attack_03_key_without_alg(void **state)
{
	struct jws jws;
	struct jwks *bare = NULL;
	(void)state;
	static const char text[] = "{\"keys\":[{" EC ",\"kid\":\"ES256\"},{\"kty\":\"oct\",\"kid\":\"o\",\"k\":\"\"}]}";
	assert_int_equal(jwks_parse(str_of(text), 65536, &bare), 0);
	assert_int_equal(bare->n, 1);
	assert_int_equal(jws_parse(mac_token("{\"alg\":\"HS256\",\"kid\":\"ES256\"}", STR("")), &forge_arena, &jws),
			 VERDICT_ALG_UNKNOWN);
	assert_int_equal(jws_parse(mac_token("{\"alg\":\"HS256\",\"kid\":\"o\"}", STR("")), &forge_arena, &jws),
			 VERDICT_ALG_UNKNOWN);
	assert_int_equal(jws_parse(mac_token("{\"alg\":\"ES256\",\"kid\":\"o\"}", STR("")), &forge_arena, &jws),
			 VERDICT_VALID);
	assert_int_equal(jws_verify(&jws, bare, ~0U), VERDICT_KEY_UNKNOWN);
	jwks_free(bare);
}

/* RFC 8725 3.1: one key, one algorithm; ledger 7515-1, 8725-3.1. */
static void attack_04_key_of_another_algorithm(void **state)
{
	(void)state;
	refused_as(forge_token(SIG_ES384, STR("{\"alg\":\"ES256\",\"kid\":\"ES384\"}"), claims), VERDICT_KEY_ALG);
	refused_as(forge_token(SIG_PS256, STR("{\"alg\":\"PS256\",\"kid\":\"RS256\"}"), claims), VERDICT_KEY_ALG);
	refused_as(forge_token(SIG_RS256, STR("{\"alg\":\"RS256\",\"kid\":\"PS256\"}"), claims), VERDICT_KEY_ALG);
	refused_as(forge_token(SIG_EDDSA, STR("{\"alg\":\"EdDSA\",\"kid\":\"ES256\"}"), claims), VERDICT_KEY_ALG);
	struct jwks *x25519 = NULL;
	struct jws jws;
	static const char text[] = "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"X25519\"," OKP_X "}]}";
	assert_int_equal(jwks_parse(str_of(text), 4096, &x25519), 0);
	assert_int_equal(jws_parse(forge_token(SIG_EDDSA, STR("{\"alg\":\"EdDSA\"}"), claims), &forge_arena, &jws),
			 VERDICT_VALID);
	assert_int_equal(jws_verify(&jws, x25519, JWK_ALGS_ALL), VERDICT_KEY_UNKNOWN);
	jwks_free(x25519);
}

/*
 * CVE-2018-0114. Nothing below src/jose can open a socket, so "no fetch" is a matter of linking. Ledger 7515-4,
 * 8725-3.10.
 */
static void attack_05_key_in_the_header(void **state)
{
	static const char *const members[] = {"\"jku\":\"http://127.0.0.1:1/\"", "\"x5u\":\"http://127.0.0.1:1/\"",
					      "\"x5c\":[\"AAAA\"]", "\"jwk\":%s"};
	struct sig_key *own = NULL;
	struct sig_signer *signer = NULL;
	struct buf jwk, header, token;
	(void)state;
	buf_init(&jwk, 4096);
	assert_int_equal(sig_key_generate(SIG_ES256, &own), 0);
	assert_int_equal(sig_signer_new(own, &signer), 0);
	assert_int_equal(jwk_emit(own, STR("ES256"), &jwk), 0);
	for (size_t i = 0; i < COUNT(members); i++) {
		buf_init(&header, 8192);
		buf_init(&token, 16384);
		buf_put(&header, STR("{\"alg\":\"ES256\",\"kid\":\"ES256\","));
		if (i == 3)
			buf_printf(&header, "\"jwk\":%.*s", STR_ARG(buf_str(&jwk)));
		else
			buf_put(&header, str_of(members[i]));
		buf_put_char(&header, '}');
		assert_int_equal(jws_emit(signer, buf_str(&header), claims, &token), 0);
		refused_as(buf_str(&token), VERDICT_SIGNATURE);
		/* the member alone changes nothing for a sound token */
		assert_int_equal(forge_check(forge_token(SIG_ES256, buf_str(&header), claims), JWK_ALGS_ALL),
				 VERDICT_VALID);
		buf_done(&token);
		buf_done(&header);
	}
	buf_done(&jwk);
	sig_signer_free(signer);
	sig_key_unref(own);
}

/* RFC 7515 4.1.4, RFC 8725 3.10: a kid is compared, byte by byte, and no more; ledger 7515-10, 8725-3.10. */
static void attack_06_kid(void **state)
{
	static const struct {
		const char *kid;
		enum verdict verdict;
	} rows[] = {
		{"\"../../dev/null\"", VERDICT_KEY_UNKNOWN}, {"\"' OR 1=1 --\"", VERDICT_KEY_UNKNOWN},
		{"\"%00\"", VERDICT_KEY_UNKNOWN},            {"\"ES256%00\"", VERDICT_KEY_UNKNOWN},
		{"\"http://127.0.0.1/\"", VERDICT_KEY_UNKNOWN}, {"\"ES256\\u0000\"", VERDICT_HEADER},
		{"7", VERDICT_HEADER},                       {"[\"ES256\"]", VERDICT_HEADER},
		{"null", VERDICT_HEADER},                    {"{}", VERDICT_HEADER},
		{"\"es256\"", VERDICT_KEY_UNKNOWN},          {"\"ES256 \"", VERDICT_KEY_UNKNOWN},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char header[128];
		struct buf out;
		buf_init_fixed(&out, header, sizeof(header));
		buf_printf(&out, "{\"alg\":\"ES256\",\"kid\":%s}", rows[i].kid);
		refused_as(forge_token(SIG_ES256, buf_str(&out), claims), rows[i].verdict);
	}
	/* 257 bytes, and a megabyte */
	static char long_header[1 << 20];
	struct buf out;
	for (size_t len = 257; len < 1000000; len += 999742) {
		buf_init_fixed(&out, long_header, sizeof(long_header));
		buf_put(&out, STR("{\"alg\":\"ES256\",\"kid\":\""));
		for (size_t i = 0; i < len; i++)
			buf_put_char(&out, 'k');
		buf_put(&out, STR("\"}"));
		struct buf token;
		buf_init(&token, 2 << 20);
		enc_b64url(&token, buf_str(&out));
		buf_put(&token, STR(".e30.AA"));
		refused_as(buf_str(&token), len == 257 ? VERDICT_HEADER : VERDICT_TOO_LARGE);
		buf_done(&token);
	}
	struct jwks *jwks = NULL;
	static const char twice[] = "{\"keys\":[{" EC ",\"kid\":\"a\"},{" OKP ",\"kid\":\"a\"}]}";
	assert_int_equal(jwks_parse(str_of(twice), 65536, &jwks), E_CONFLICT);
}

/* RFC 7515 4.1.11, RFC 7797 6; ledger 7515-3, 7515-9. */
static void attack_07_critical(void **state)
{
	static const char *const rows[] = {"\"crit\":[\"x\"],\"x\":1",
					   "\"crit\":[\"x\"]",
					   "\"crit\":[\"b64\"],\"b64\":false",
					   "\"crit\":[]",
					   "\"b64\":false",
					   "\"b64\":true",
					   "\"crit\":[\"exp\"],\"exp\":1",
					   "\"crit\":null",
					   "\"crit\":\"x\"",
					   "\"crit\":[\"alg\"]",
					   "\"crit\":[1]"};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char header[128];
		struct buf out;
		buf_init_fixed(&out, header, sizeof(header));
		buf_printf(&out, "{\"alg\":\"ES256\",\"kid\":\"ES256\",%s}", rows[i]);
		refused_as(forge_token(SIG_ES256, buf_str(&out), claims), VERDICT_CRITICAL);
	}
}

/* Ledger 7515-7. The numbers r and s out of range, DER and the high-s policy: tests/unit/crypto/test_sig.c. */
static void attack_08_ecdsa_form(void **state)
{
	static const size_t lengths[] = {1, 63, 65, 72, 96, 512, 513, 9000};
	static const char header[] = "{\"alg\":\"ES256\",\"kid\":\"ES256\"}";
	static char bytes[9000], text[21830];
	(void)state;
	refused_as(forge_raw(str_of(header), claims, STR("")), VERDICT_SEGMENTS);
	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct buf out;
		memset(bytes, 1, sizeof(bytes));
		buf_init_fixed(&out, text, sizeof(text));
		enc_b64url(&out, str_mem(bytes, lengths[i]));
		refused_as(forge_raw(str_of(header), claims, buf_str(&out)), VERDICT_SIGNATURE);
	}
	memset(bytes, 0, 64); /* r = s = 0 */
	struct buf out;
	buf_init_fixed(&out, text, sizeof(text));
	enc_b64url(&out, str_mem(bytes, 64));
	refused_as(forge_raw(str_of(header), claims, buf_str(&out)), VERDICT_SIGNATURE);
	memset(text, 'A', sizeof(text));
	refused_as(forge_raw(str_of(header), claims, str_mem(text, sizeof(text))), VERDICT_TOO_LARGE);
}

/* One change to a sound token. */
static void changed(size_t at, const char *insert, size_t drop, enum verdict want)
{
	static const char header[] = "{\"alg\":\"ES256\",\"kid\":\"ES256\"}";
	struct str good = forge_token(SIG_ES256, str_of(header), claims);
	struct buf out;
	buf_init(&out, 4096);
	if (at > good.len)
		at = good.len;
	buf_put(&out, str_mem(good.p, at));
	buf_put(&out, str_of(insert));
	buf_put(&out, str_mem(good.p + at + drop, good.len - at - drop));
	refused_as(buf_str(&out), want);
	buf_done(&out);
}

/* RFC 7515 2, RFC 7515 4, RFC 7515 7.1, RFC 8725 3.7; ledger 7515-5, 7515-6, 7519-5, 7519-9, 8725-3.7. */
static void attack_09_encodings(void **state)
{
	(void)state;
	static const size_t end = 1 << 20;
	changed(end, "=", 0, VERDICT_ENCODING);
	changed(end, "==", 0, VERDICT_ENCODING);
	changed(end, "\n", 0, VERDICT_ENCODING);
	changed(0, " ", 0, VERDICT_ENCODING);
	changed(10, "\t", 0, VERDICT_ENCODING);
	changed(10, "+", 1, VERDICT_ENCODING);
	changed(10, "/", 1, VERDICT_ENCODING);
	changed(end, ".", 0, VERDICT_SEGMENTS);
	changed(end, ".AA", 0, VERDICT_SEGMENTS);
	changed(end, ".AA.AA", 0, VERDICT_ENCRYPTED);
	changed(end, ".AA.AA.AA", 0, VERDICT_SEGMENTS);
	/* trailing bits: the last of 86 characters carries 4 bits that must be zero */
	struct str good = forge_token(SIG_ES256, STR("{\"alg\":\"ES256\",\"kid\":\"ES256\"}"), claims);
	char *copy = arena_alloc(&forge_arena, good.len);
	assert_non_null(copy);
	memcpy(copy, good.p, good.len);
	char last = copy[good.len - 1];
	copy[good.len - 1] = (char)(last == 'A' ? 'B' : last == 'Q' ? 'R' : last == 'g' ? 'h' : 'x');
	refused_as(str_mem(copy, good.len), VERDICT_ENCODING);
	/* duplicate members, UTF-8, NUL, depth */
	refused_as(forge_token(SIG_ES256, STR("{\"alg\":\"ES256\",\"alg\":\"ES256\"}"), claims), VERDICT_HEADER);
	refused_as(forge_token(SIG_ES256, STR("{\"alg\":\"ES256\",\"x\":\"\xC3\x28\"}"), claims), VERDICT_HEADER);
	refused_as(forge_token(SIG_ES256, STR("{\"alg\":\"ES256\"}\0"), claims), VERDICT_HEADER);
	static char bomb[4000];
	memset(bomb, '[', sizeof(bomb));
	refused_as(forge_token(SIG_ES256, str_mem(bomb, sizeof(bomb)), claims), VERDICT_HEADER);
	struct jwt_claims parsed;
	assert_int_equal(jwt_parse(STR("{\"sub\":\"a\",\"sub\":\"b\"}"), &forge_arena, &parsed), VERDICT_CLAIMS);
	assert_int_equal(jwt_parse(STR("{\"sub\":\"\xFF\"}"), &forge_arena, &parsed), VERDICT_CLAIMS);
	assert_int_equal(jwt_parse(STR("{\"sub\":\"\\u0000\"}"), &forge_arena, &parsed), VERDICT_CLAIMS);
	assert_int_equal(jwt_parse(str_mem(bomb, sizeof(bomb)), &forge_arena, &parsed), VERDICT_CLAIMS);
}

/* RFC 7516 9; ledger 8725-3.3, 8725-3.6: refused by their header, so neither p2c, nor a tag, nor zip costs anything. */
static void attack_10_encrypted(void **state)
{
	static const char *const headers[] = {"{\"alg\":\"RSA1_5\",\"enc\":\"A128GCM\"}",
					      "{\"alg\":\"PBES2-HS256+A128KW\",\"enc\":\"A128GCM\",\"p2c\":2147483648}",
					      "{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"zip\":\"DEF\"}",
					      "{\"alg\":\"ES256\",\"kid\":\"ES256\",\"zip\":\"DEF\"}",
					      "{\"alg\":\"ES256\",\"kid\":\"ES256\",\"enc\":\"A128GCM\"}"};
	int64_t start_ns = clock_mono_ns();
	(void)state;
	for (size_t i = 0; i < COUNT(headers); i++) {
		refused_as(forge_token(SIG_ES256, str_of(headers[i]), claims), VERDICT_ENCRYPTED);
		refused_as(forge_raw(str_of(headers[i]), claims, STR("AA.AA.AA")), VERDICT_ENCRYPTED);
	}
	assert_true(clock_mono_ns() - start_ns < 60000000000); /* 2^31 rounds of PBKDF2 would take many times that */
	/* a token within a token is a payload like any other, and no claims */
	struct jwt_claims parsed;
	struct str inner = forge_token(SIG_ES256, STR("{\"alg\":\"ES256\",\"kid\":\"ES256\"}"), claims);
	assert_int_equal(jwt_parse(inner, &forge_arena, &parsed), VERDICT_CLAIMS);
}

/* Ledger 7519-4. The table of values is in test_jwt.c; here the way through a signed token. */
static void attack_11_times(void **state)
{
	static const struct {
		const char *payload;
		enum verdict verdict;
	} rows[] = {
		{"{\"exp\":1e300}", VERDICT_TIME},
		{"{\"exp\":-1}", VERDICT_TIME},
		{"{\"exp\":9223372036854775808}", VERDICT_CLAIMS},
		{"{\"nbf\":1.5}", VERDICT_TIME},
		{"{\"iat\":\"1\"}", VERDICT_TIME},
		{"{\"iat\":null}", VERDICT_TIME},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct jws jws;
		struct jwt_claims parsed;
		struct str token =
			forge_token(SIG_ES256, STR("{\"alg\":\"ES256\",\"kid\":\"ES256\"}"), str_of(rows[i].payload));
		assert_int_equal(jws_parse(token, &forge_arena, &jws), VERDICT_VALID);
		assert_int_equal(jws_verify(&jws, forge_jwks, JWK_ALGS_ALL), VERDICT_VALID);
		assert_int_equal(jwt_parse(jws.payload, &forge_arena, &parsed), rows[i].verdict);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attack_01_none),
		cmocka_unit_test(attack_02_public_key_as_mac_key),
		cmocka_unit_test(attack_03_key_without_alg),
		cmocka_unit_test(attack_04_key_of_another_algorithm),
		cmocka_unit_test(attack_05_key_in_the_header),
		cmocka_unit_test(attack_06_kid),
		cmocka_unit_test(attack_07_critical),
		cmocka_unit_test(attack_08_ecdsa_form),
		cmocka_unit_test(attack_09_encodings),
		cmocka_unit_test(attack_10_encrypted),
		cmocka_unit_test(attack_11_times),
	};
	return cmocka_run_group_tests(tests, forge_setup, forge_teardown);
}
