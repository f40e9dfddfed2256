/*
 * One JSON Web Key: reading, writing, thumbprint; see jwk.h. RFC 7517 4, RFC 7518 6.2 and 6.3, RFC 8037 2, RFC 7638 3.
 * Reads strangers' bytes. Must never read or write a private member, nor turn a public key into an HMAC key.
 */
#include "jose/jwk.h"

#include "base/enc.h"
#include "crypto/digest.h"

/* Members that only private and symmetric keys have: RFC 7518 6.2.2, 6.3.2, 6.4.1; RFC 8037 2. */
static const char *const private_members[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};

void jwk_done(struct jwk *jwk)
{
	for (enum sig_alg alg = SIG_NONE; alg < SIG_ALGS; alg++)
		sig_key_unref(jwk->by_alg[alg]);
	*jwk = (struct jwk){0};
}

/* An optional string: empty when absent, E_SYNTAX when it is no string. */
static int get_optional(const struct json *object, const char *name, struct str *ret_value)
{
	int rc = json_get_str(object, name, ret_value);
	return rc == E_ABSENT ? 0 : rc;
}

static bool is_algorithm_for(const struct sig_alg_row *row, struct str kty, struct str crv)
{
	return str_eq(kty, str_of(row->kty)) && (!row->crv || str_eq(crv, str_of(row->crv)));
}

/* The algorithms this key may serve: RFC 8725 3.1, decided by the key and never by a token. */
static int find_algorithms(const struct json *object, unsigned *ret_algs)
{
	struct str kty, crv = {0}, name = {0};
	unsigned algs = 0;
	TRY(json_get_str(object, "kty", &kty) < 0 ? E_SYNTAX : 0); /* RFC 7517 4.1 */
	TRY(get_optional(object, "crv", &crv));
	TRY(get_optional(object, "alg", &name));
	for (enum sig_alg alg = SIG_NONE + 1; alg < SIG_ALGS; alg++)
		if (is_algorithm_for(sig_alg_row(alg), kty, crv))
			algs |= JWK_ALG(alg);
	if (algs == 0)
		return E_ABSENT;
	if (json_has(object, "alg")) {
		enum sig_alg alg = sig_alg_find(name);
		if (alg == SIG_NONE)
			return E_ABSENT;
		if (!(algs & JWK_ALG(alg)))
			return E_SYNTAX;
		algs = JWK_ALG(alg);
	}
	*ret_algs = algs;
	return 0;
}

static int check_operations(const struct json *object)
{
	const struct json *list;
	bool verifies = false;
	int rc = json_get_array(object, "key_ops", &list);
	if (rc == E_ABSENT)
		return 0;
	TRY(rc);
	for (size_t i = 0; i < json_array_len(list); i++) {
		struct str op;
		TRY(json_at_str(list, i, &op));
		if (str_eq(op, STR("verify")) && verifies) /* RFC 7517 4.3: no value twice */
			return E_SYNTAX;
		verifies |= str_eq(op, STR("verify"));
	}
	return verifies ? 0 : E_ABSENT;
}

/* RFC 7517 4.2, 4.3: a key says what it is for; both members have to allow verifying. */
static int check_use(const struct json *object)
{
	struct str use = STR("sig");
	TRY(get_optional(object, "use", &use));
	TRY(check_operations(object));
	return str_eq(use, STR("sig")) ? 0 : E_ABSENT;
}

static int check_public(const struct json *object)
{
	for (size_t i = 0; i < sizeof(private_members) / sizeof(private_members[0]); i++)
		if (json_has(object, private_members[i])) /* whoever shows its private half has lost it */
			return E_SYNTAX;
	return 0;
}

static int read_kid(const struct json *object, struct jwk *jwk)
{
	struct str kid = {0};
	TRY(get_optional(object, "kid", &kid)); /* RFC 7517 4.5: a case-sensitive string */
	if (kid.len > JWK_KID_MAX || (kid.len == 0 && json_has(object, "kid")))
		return E_SYNTAX;
	if (kid.len > 0)
		memcpy(jwk->kid, kid.p, kid.len);
	jwk->kid_len = kid.len;
	return 0;
}

/*
 * Room for the longest member: the modulus of RSA-4096 and a little more, so that longer ones are told from malformed
 * ones.
 */
struct member {
	unsigned char bytes[SIG_MAX + 8];
};

static int read_member(const struct json *object, const char *name, struct member *room, struct str *ret_bytes)
{
	struct str text;
	size_t len;
	if (json_get_str(object, name, &text) < 0 ||
	    enc_b64url_decode(text, room->bytes, sizeof(room->bytes), &len) < 0)
		return E_SYNTAX; /* RFC 7518 6.2.1, 6.3.1: base64url, no padding */
	*ret_bytes = str_mem(room->bytes, len);
	return 0;
}

static int read_material(const struct json *object, unsigned algs, struct jwk *jwk)
{
	struct member first, second;
	struct sig_public members = {0};
	if (algs & (JWK_ALG(SIG_RS256) | JWK_ALG(SIG_PS256))) {
		TRY(read_member(object, "n", &first, &members.n));
		TRY(read_member(object, "e", &second, &members.e));
	} else {
		TRY(read_member(object, "x", &first, &members.x));
		if (algs != JWK_ALG(SIG_EDDSA))
			TRY(read_member(object, "y", &second, &members.y));
	}
	for (enum sig_alg alg = SIG_NONE + 1; alg < SIG_ALGS; alg++) {
		members.alg = alg;
		if (algs & JWK_ALG(alg))
			TRY(sig_key_from_public(&members, &jwk->by_alg[alg]));
	}
	return 0;
}

int jwk_parse(const struct json *object, struct jwk *ret_jwk)
{
	_cleanup_(jwk_done) struct jwk jwk = {0};
	unsigned algs;
	TRY(find_algorithms(object, &algs));
	TRY(check_use(object));
	TRY(check_public(object));
	TRY(read_kid(object, &jwk));
	TRY(read_material(object, algs, &jwk));
	*ret_jwk = jwk;
	jwk = (struct jwk){0};
	return 0;
}

static void put_member(struct json_out *out, const char *name, struct str bytes)
{
	char text[ENC_B64URL_LEN(SIG_MAX)];
	struct buf room;
	if (bytes.len == 0)
		return;
	buf_init_fixed(&room, text, sizeof(text));
	enc_b64url(&room, bytes);
	json_str(out, name, buf_str(&room));
}

int jwk_emit(const struct sig_key *key, struct str kid, struct buf *out)
{
	/* ledger 7517 1: there is no way to a private member from here */
	const struct sig_public *members = sig_key_public(key);
	const struct sig_alg_row *row = sig_alg_row(members->alg);
	struct json_out json;
	json_out_init(&json, out);
	json_open(&json, NULL, '{');
	json_str(&json, "kty", str_of(row->kty));
	if (kid.len > 0)
		json_str(&json, "kid", kid);
	json_str(&json, "use", STR("sig"));
	json_str(&json, "alg", str_of(row->name));
	if (row->crv)
		json_str(&json, "crv", str_of(row->crv));
	put_member(&json, "x", members->x);
	put_member(&json, "y", members->y);
	put_member(&json, "n", members->n);
	put_member(&json, "e", members->e);
	json_close(&json, '}');
	return buf_status(out);
}

int jwk_thumbprint(const struct sig_key *key, char ret_text[JWK_THUMBPRINT_LEN + 1])
{
	const struct sig_public *members = sig_key_public(key);
	const struct sig_alg_row *row = sig_alg_row(members->alg);
	char text[ENC_B64URL_LEN(SIG_MAX) + 256];
	unsigned char digest[SHA256_LEN];
	struct buf room;
	struct json_out json;
	buf_init_fixed(&room, text, sizeof(text));
	json_out_init(&json, &room);
	/* RFC 7638 3: the required members only, in order of their names, no white space */
	json_open(&json, NULL, '{');
	if (row->crv)
		json_str(&json, "crv", str_of(row->crv));
	put_member(&json, "e", members->e);
	json_str(&json, "kty", str_of(row->kty));
	put_member(&json, "n", members->n);
	put_member(&json, "x", members->x);
	put_member(&json, "y", members->y);
	json_close(&json, '}');
	TRY(buf_status(&room));
	TRY(digest_sha256(buf_str(&room), digest));
	buf_init_fixed(&room, ret_text, JWK_THUMBPRINT_LEN);
	enc_b64url(&room, str_mem(digest, sizeof(digest)));
	ret_text[JWK_THUMBPRINT_LEN] = '\0';
	return buf_status(&room);
}
