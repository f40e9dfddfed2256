/*
 * RFC 7520's examples and RFC 8037's, as collected in the reference folder: what is offered here verifies and gives the
 * payload back; each thing that is not offered is refused, by name. Sections of RFC 7520 in brackets.
 */
#include "base/enc.h"
#include "vectors.h"

static size_t count, failed;

static void report(bool ok, const char *name, const char *what)
{
	printf("%s %zu - %s: %s\n", ok ? "ok" : "not ok", ++count, name, what);
	failed += !ok;
}

static const struct {
	const char *file;
	int code;
	const char *what;
} keys[] = {
	{"rfc7520_jwk_3_1.ec_public_key.json", E_ABSENT, "P-521 is not offered (3.1)"},
	{"rfc7520_jwk_3_2.ec_private_key.json", E_ABSENT, "P-521 is not offered (3.2)"},
	{"rfc7520_jwk_3_3.rsa_public_key.json", 0, "RSA public key, for RS256 and PS256 (3.3)"},
	{"rfc7520_jwk_3_4.rsa_private_key.json", E_SYNTAX, "a private key is no public one (3.4)"},
	{"rfc7520_jwk_3_5.symmetric_key_mac_computation.json", E_ABSENT, "HMAC does not exist here (3.5)"},
	{"rfc7520_jwk_3_6.symmetric_key_encryption.json", E_ABSENT, "encryption does not exist here (3.6)"},
};

static void run_keys(void)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		_cleanup_(json_freep) struct json *doc = NULL;
		struct jwk jwk = {0};
		int rc = vectors_load(keys[i].file, &doc);
		rc = rc == 0 ? jwk_parse(doc, &jwk) : E_IO;
		report(rc == keys[i].code && (rc < 0 || (jwk.by_alg[SIG_RS256] && jwk.by_alg[SIG_PS256])), keys[i].file,
		       keys[i].what);
		jwk_done(&jwk);
	}
}

static const struct {
	const char *file;
	enum verdict verdict;
	const char *what;
} tokens[] = {
	{"rfc7520_jws_4_1.rsa_v15_signature.json", VERDICT_VALID, "RS256 verifies (4.1)"},
	{"rfc7520_jws_4_2.rsa-pss_signature.json", VERDICT_ALG_UNKNOWN, "PS384 is not offered (4.2)"},
	{"rfc7520_jws_4_3.ecdsa_signature.json", VERDICT_ALG_UNKNOWN, "ES512 is not offered (4.3)"},
	{"rfc7520_jws_4_4.hmac-sha2_integrity_protection.json", VERDICT_ALG_UNKNOWN, "HMAC does not exist here (4.4)"},
	{"rfc7520_jws_4_5.signature_with_detached_content.json", VERDICT_ALG_UNKNOWN,
	 "HMAC, and detached content (4.5)"},
	{"rfc7520_jws_4_6.protecting_specific_header_fields.json", VERDICT_SEGMENTS,
	 "JSON serialisation is not spoken (4.6)"},
	{"rfc7520_jws_4_7.protecting_content_only.json", VERDICT_SEGMENTS, "JSON serialisation is not spoken (4.7)"},
	{"rfc7520_jws_4_8.multiple_signatures.json", VERDICT_SEGMENTS, "JSON serialisation is not spoken (4.8)"},
	{"rfc7520_curve25519_jws.json", VERDICT_VALID, "Ed25519 verifies (RFC 8037 A.5)"},
	{"rfc7520_curve25519_ecdh-es.json", VERDICT_ENCRYPTED, "encryption does not exist here (RFC 8037 A.6)"},
};

/* The set of the example's key without its private members; empty where the example has several keys. */
static int public_keys(const struct json *input, struct jwks **ret_jwks)
{
	static const char *const names[] = {"kty", "kid", "use", "crv", "x", "y", "n", "e"};
	const struct json *key;
	struct buf text;
	struct json_out out;
	buf_init(&text, 8192);
	json_out_init(&out, &text);
	json_open(&out, NULL, '{');
	json_open(&out, "keys", '[');
	if (json_get_object(input, "key", &key) == 0) {
		json_open(&out, NULL, '{');
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			struct str value;
			if (json_get_str(key, names[i], &value) == 0)
				json_str(&out, names[i], value);
		}
		json_close(&out, '}');
	}
	json_close(&out, ']');
	json_close(&out, '}');
	int rc = jwks_parse(buf_str(&text), 8192, ret_jwks);
	buf_done(&text);
	return rc;
}

/* The compact form, or where there is none the JSON one as text. */
static int token_text(const struct json *doc, struct buf *out)
{
	const struct json *output, *json;
	struct str compact;
	TRY(json_get_object(doc, "output", &output));
	if (json_get_str(output, "compact", &compact) == 0) {
		buf_put(out, compact);
		return 0;
	}
	TRY(json_get_object(output, "json", &json));
	json_dump(json, out);
	return buf_status(out);
}

static int judge(const char *file, struct arena *arena, enum verdict *ret_verdict, bool *ret_same_payload)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	_cleanup_(jwks_freep) struct jwks *jwks = NULL;
	_cleanup_(buf_done) struct buf token;
	const struct json *input;
	struct str payload = {0};
	struct jws jws;
	buf_init(&token, 65536);
	TRY(vectors_load(file, &doc));
	TRY(json_get_object(doc, "input", &input));
	TRY(public_keys(input, &jwks));
	TRY(token_text(doc, &token));
	*ret_verdict = vectors_verify(buf_str(&token), jwks, arena, &jws);
	*ret_same_payload = *ret_verdict == VERDICT_VALID && json_get_str(input, "payload", &payload) == 0 &&
			    str_eq(payload, jws.payload);
	return 0;
}

static void run_tokens(void)
{
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		enum verdict verdict = VERDICT_UNCHECKED;
		bool same_payload = false;
		struct arena arena;
		arena_init(&arena, 1 << 20);
		int rc = judge(tokens[i].file, &arena, &verdict, &same_payload);
		bool ok = rc == 0 && verdict == tokens[i].verdict && same_payload == (verdict == VERDICT_VALID);
		report(ok, tokens[i].file, tokens[i].what);
		arena_done(&arena);
	}
}

/* RFC 8037 A.4: signing anew gives the same token, byte by byte. */
static int sign_again(const char *file, bool *ret_same)
{
	unsigned char der[48] = {0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
				 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
	_cleanup_(json_freep) struct json *doc = NULL;
	_cleanup_(sig_key_unrefp) struct sig_key *key = NULL;
	_cleanup_(buf_done) struct buf token;
	const struct json *input, *members, *output;
	struct sig_signer *signer = NULL;
	struct str d, payload, compact;
	size_t len;
	buf_init(&token, 4096);
	TRY(vectors_load(file, &doc));
	TRY(json_get_object(doc, "input", &input));
	TRY(json_get_object(doc, "output", &output));
	TRY(json_get_object(input, "key", &members));
	TRY(json_get_str(members, "d", &d));
	TRY(json_get_str(input, "payload", &payload));
	TRY(json_get_str(output, "compact", &compact));
	TRY(enc_b64url_decode(d, der + 16, 32, &len));
	TRY(sig_key_from_private(SIG_EDDSA, secret_of(str_mem(der, sizeof(der))), &key));
	TRY(sig_signer_new(key, &signer));
	int rc = jws_emit(signer, STR("{\"alg\":\"EdDSA\"}"), payload, &token);
	sig_signer_free(signer);
	*ret_same = rc == 0 && str_eq(buf_str(&token), compact);
	return rc;
}

int main(void)
{
	bool same = false;
	if (!vectors_present())
		return vectors_skip();
	run_keys();
	run_tokens();
	report(sign_again("rfc7520_curve25519_jws.json", &same) == 0 && same, "rfc7520_curve25519_jws.json",
	       "Ed25519 signs the same (RFC 8037 A.4)");
	printf("1..%zu\n", count);
	return failed > 0;
}
