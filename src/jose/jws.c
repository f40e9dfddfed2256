/*
 * Reading, verifying and writing compact JWS; see jws.h. RFC 7515 4.1, 5.1, 5.2, 7.1, appendix C; RFC 7516 9; RFC 7797
 * 6; RFC 8725 3. Reads strangers' bytes. Must never take a key or an address of a key from the token, nor let the token
 * choose the algorithm.
 */
#include "jose/jws.h"

#include "base/enc.h"
#include "json/json_view.h"

/* Cut at exactly two dots (RFC 7515 7.1). Five parts are a JWE (RFC 7516 9). */
static enum verdict split(struct str token, struct str ret_parts[3])
{
	struct str rest = token;
	size_t dots = 0;
	for (size_t i = 0; i < token.len; i++)
		dots += token.p[i] == '.';
	if (dots != 2)
		return dots == 4 && token.p[0] != '{' ? VERDICT_ENCRYPTED : VERDICT_SEGMENTS;
	(void)str_cut(rest, '.', &ret_parts[0], &rest);
	(void)str_cut(rest, '.', &ret_parts[1], &ret_parts[2]);
	/* an empty payload is lawful, and signed as such; an empty signature is `none` in disguise */
	if (ret_parts[0].len == 0 || ret_parts[2].len == 0)
		return VERDICT_SEGMENTS;
	return VERDICT_VALID;
}

static enum verdict decode(struct str text, size_t max, struct arena *arena, struct str *ret_bytes)
{
	size_t size = text.len / 4 * 3 + 3, len;
	if (size > max + 3)
		return VERDICT_TOO_LARGE;
	char *bytes = arena_alloc(arena, size);
	if (!bytes)
		return VERDICT_INTERNAL;
	/* RFC 7515 2: no padding, white space or other characters */
	if (enc_b64url_decode(text, bytes, size, &len) < 0)
		return VERDICT_ENCODING;
	*ret_bytes = str_mem(bytes, len);
	return len > max ? VERDICT_TOO_LARGE : VERDICT_VALID;
}

/* An optional string member, copied; absent leaves *ret_value alone. */
static enum verdict copy_member(const struct json_view *header, const char *name, struct arena *arena,
				struct str *ret_value)
{
	struct str value;
	int rc = json_view_str(header, name, &value);
	if (rc == E_ABSENT)
		return VERDICT_VALID;
	if (rc < 0)
		return VERDICT_HEADER;
	return arena_str(arena, value, ret_value) < 0 ? VERDICT_INTERNAL : VERDICT_VALID;
}

static enum verdict read_strings(const struct json_view *header, struct arena *arena, struct jws *jws)
{
	const struct {
		const char *name;
		struct str *value;
	} members[] = {{"kid", &jws->kid}, {"typ", &jws->typ}, {"cty", &jws->cty}};
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		enum verdict verdict = copy_member(header, members[i].name, arena, members[i].value);
		if (verdict != VERDICT_VALID)
			return verdict;
	}
	if (jws->kid.p && (jws->kid.len == 0 || jws->kid.len > JWK_KID_MAX))
		return VERDICT_HEADER;
	return VERDICT_VALID;
}

static enum verdict read_header(const struct json_view *header, struct arena *arena, struct jws *jws)
{
	struct str alg;
	if (json_view_has(header, "enc") || json_view_has(header, "zip")) /* RFC 7516 9, 4.1.2, 4.1.3 */
		return VERDICT_ENCRYPTED;
	/* RFC 7515 4.1.11, RFC 7797 6: no extension is understood here */
	if (json_view_has(header, "crit") || json_view_has(header, "b64"))
		return VERDICT_CRITICAL;
	if (json_view_str(header, "alg", &alg) < 0) /* RFC 7515 4.1.1 */
		return VERDICT_ALG_UNKNOWN;
	jws->alg = sig_alg_find(alg);
	if (jws->alg == SIG_NONE) /* RFC 8725 3.2: `none` is no name in our table */
		return VERDICT_ALG_UNKNOWN;
	return read_strings(header, arena, jws);
}

static enum verdict parse_header(struct arena *arena, struct jws *jws)
{
	struct json_view header;
	int rc = json_view_parse(jws->header, &header); /* RFC 7515 4: names unique; RFC 8725 3.7: UTF-8 */
	if (rc < 0)
		return rc == E_NOMEM ? VERDICT_INTERNAL : VERDICT_HEADER;
	enum verdict verdict = read_header(&header, arena, jws);
	json_view_done(&header);
	return verdict;
}

static enum verdict parse(struct str token, size_t max, struct arena *arena, struct jws *ret_jws)
{
	struct str parts[3];
	struct jws jws = {0};
	enum verdict verdict;
	if (token.len > max)
		return VERDICT_TOO_LARGE;
	if ((verdict = split(token, parts)) != VERDICT_VALID)
		return verdict;
	if ((verdict = decode(parts[0], JWS_HEADER_MAX, arena, &jws.header)) != VERDICT_VALID)
		return verdict;
	if ((verdict = parse_header(arena, &jws)) != VERDICT_VALID)
		return verdict;
	if ((verdict = decode(parts[1], max, arena, &jws.payload)) != VERDICT_VALID)
		return verdict;
	if ((verdict = decode(parts[2], JWS_TOKEN_MAX, arena, &jws.sig)) != VERDICT_VALID)
		return verdict;
	jws.signing_input = str_mem(token.p, (size_t)(parts[2].p - token.p) - 1);
	*ret_jws = jws;
	return VERDICT_VALID;
}

enum verdict jws_parse(struct str token, struct arena *arena, struct jws *ret_jws)
{
	return parse(token, JWS_TOKEN_MAX, arena, ret_jws);
}

enum verdict jws_parse_document(struct str text, struct arena *arena, struct jws *ret_jws)
{
	return parse(text, JWS_DOCUMENT_MAX, arena, ret_jws);
}

/* The key a token without kid means: the only one for its algorithm. */
static enum verdict find_only(const struct jwks *keys, enum sig_alg alg, const struct sig_key **ret_key)
{
	const struct sig_key *found = NULL;
	for (size_t i = 0; i < keys->n; i++) {
		if (!keys->keys[i].by_alg[alg])
			continue;
		if (found)
			return VERDICT_KEY_AMBIGUOUS;
		found = keys->keys[i].by_alg[alg];
	}
	if (!found)
		return VERDICT_KEY_UNKNOWN;
	*ret_key = found;
	return VERDICT_VALID;
}

static enum verdict find_key(const struct jws *jws, const struct jwks *keys, const struct sig_key **ret_key)
{
	if (!jws->kid.p)
		return find_only(keys, jws->alg, ret_key);
	const struct jwk *jwk = jwks_find(keys, jws->kid);
	if (!jwk)
		return VERDICT_KEY_UNKNOWN;
	if (!jwk->by_alg[jws->alg]) /* RFC 8725 3.1: one key, one algorithm */
		return VERDICT_KEY_ALG;
	*ret_key = jwk->by_alg[jws->alg];
	return VERDICT_VALID;
}

enum verdict jws_verify(const struct jws *jws, const struct jwks *keys, unsigned algs)
{
	const struct sig_key *key;
	if (!sig_alg_row(jws->alg))
		return VERDICT_ALG_UNKNOWN;
	if (!(algs & JWK_ALG(jws->alg))) /* RFC 8725 3.1: the caller's set, never the token's wish */
		return VERDICT_ALG_REFUSED;
	enum verdict verdict = find_key(jws, keys, &key);
	if (verdict != VERDICT_VALID)
		return verdict;
	int rc = sig_verify(key, jws->signing_input, jws->sig);
	if (rc == 0)
		return VERDICT_VALID;
	return rc == E_SIGNATURE ? VERDICT_SIGNATURE : VERDICT_INTERNAL;
}

int jws_emit_header(enum sig_alg alg, struct str typ, struct str kid, struct buf *out)
{
	const struct sig_alg_row *row = sig_alg_row(alg);
	struct json_out json;
	if (!row)
		return E_CRYPTO;
	json_out_init(&json, out);
	json_open(&json, NULL, '{');
	json_str(&json, "alg", str_of(row->name));
	if (typ.len > 0)
		json_str(&json, "typ", typ);
	if (kid.len > 0)
		json_str(&json, "kid", kid);
	json_close(&json, '}');
	return buf_status(out);
}

int jws_sign(struct sig_signer *signer, size_t start, struct buf *out)
{
	unsigned char sig[SIG_MAX];
	size_t len = 0;
	TRY(buf_status(out));
	TRY(sig_sign(signer, str_mem(out->p + start, out->len - start), sig, &len));
	buf_put_char(out, '.');
	enc_b64url(out, str_mem(sig, len));
	return buf_status(out);
}

int jws_emit(struct sig_signer *signer, struct str header, struct str payload, struct buf *out)
{
	size_t start = out->len;
	enc_b64url(out, header);
	buf_put_char(out, '.');
	enc_b64url(out, payload);
	return jws_sign(signer, start, out);
}
