/* Id token claims; see id_token.h. OpenID Connect Core 2, 3.1.3.6; RFC 8176 2. */
#include "token/id_token.h"

#include "base/enc.h"
#include "crypto/digest.h"
#include "json/json.h"

/* OpenID Connect Core 3.1.3.6: the left half of the hash that belongs to the algorithm, base64url. */
static int put_at_hash(const struct id_token *id, struct json_out *out)
{
	unsigned char digest[DIGEST_MAX];
	char mem[ENC_B64URL_LEN(DIGEST_MAX / 2)];
	struct buf text;
	size_t len = 0;
	TRY(digest_of_alg(id->alg, id->access_token, digest, &len));
	buf_init_fixed(&text, mem, sizeof(mem));
	enc_b64url(&text, str_mem(digest, len / 2));
	json_str(out, "at_hash", buf_str(&text));
	return buf_status(&text);
}

/* RFC 8176 2. Signing in elsewhere, and by a link in a mail, have no name there. */
static void put_amr(const struct id_token *id, struct json_out *out)
{
	static const struct {
		unsigned methods;
		const char *name;
	} rows[] = {
		{AUTH_PASSWORD, "pwd"}, {AUTH_TOTP | AUTH_RECOVERY, "otp"}, {AUTH_PASSKEY, "pop"},
	};
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	unsigned found = 0;
	for (size_t i = 0; i < ROWS; i++)
		found += (id->methods & rows[i].methods) != 0;
	if (found == 0)
		return;
	json_open(out, "amr", '[');
	for (size_t i = 0; i < ROWS; i++)
		if (id->methods & rows[i].methods)
			json_str(out, NULL, str_of(rows[i].name));
	if (found > 1 || (id->methods & AUTH_PASSKEY)) /* a passkey is possession, and PIN or body */
		json_str(out, NULL, STR("mfa"));
	json_close(out, ']');
}

static int make_extra(const struct id_token *id, struct arena *arena, struct str *ret_extra)
{
	char *mem = arena_alloc(arena, SIGNER_EXTRA_MAX);
	struct buf text;
	struct json_out out;
	if (!mem)
		return E_NOMEM;
	buf_init_fixed(&text, mem, SIGNER_EXTRA_MAX);
	json_out_init(&out, &text);
	json_open(&out, NULL, '{');
	/* OpenID Connect Core 2: required after max_age, which an undated sign-in does not satisfy; harmless else. */
	if (!(id->methods & AUTH_UNDATED))
		json_int(&out, "auth_time", id->auth_s);
	if (id->nonce.len > 0)
		json_str(&out, "nonce", id->nonce); /* OpenID Connect Core 3.1.2.1: unchanged */
	TRY(put_at_hash(id, &out));
	put_amr(id, &out);
	json_close(&out, '}');
	TRY(buf_status(&text));
	*ret_extra = buf_str(&text);
	return 0;
}

int id_token_claims(const struct id_token *id, struct arena *arena, struct sign_claims *ret_claims)
{
	struct sign_claims claims = {
		.kind = TOKEN_ID,
		.kid = id->kid,
		.iss = id->issuer,
		.sub = id->account_id,
		.aud = id->client_id, /* OpenID Connect Core 2 */
		.iat_s = id->iat_s,
		.exp_s = id->iat_s + id->lifetime_s,
	};
	TRY(make_extra(id, arena, &claims.extra));
	*ret_claims = claims;
	return 0;
}
