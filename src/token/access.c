/* Access token claims; see access.h. RFC 9068 2.2, 2.2.1, 2.2.3. */
#include "token/access.h"

#include "base/enc.h"
#include "base/rand.h"
#include "json/json.h"

enum { JTI_BYTES = 16 };

/* CC-40: 128 random bits; unique across processes and restarts without any counter to keep. */
static int make_jti(struct arena *arena, struct str *ret_jti)
{
	unsigned char random[JTI_BYTES];
	char *text = arena_alloc(arena, ENC_B64URL_LEN(JTI_BYTES));
	struct buf out;
	if (!text)
		return E_NOMEM;
	TRY(rand_public(random, sizeof(random)));
	buf_init_fixed(&out, text, ENC_B64URL_LEN(JTI_BYTES));
	enc_b64url(&out, str_mem(random, sizeof(random)));
	*ret_jti = buf_str(&out);
	return 0;
}

static int put_account(const struct token_access *access, struct arena *arena, struct str *ret_extra)
{
	const struct account *account = access->account;
	bool email = str_has_word(access->scope, STR("email"));
	bool roles = str_has_word(access->scope, STR("roles"));
	bool profile = str_has_word(access->scope, STR("profile")) && account->name.len > 0;
	char *mem = email || roles || profile ? arena_alloc(arena, SIGNER_EXTRA_MAX) : NULL;
	struct buf text;
	struct json_out out;
	if (!email && !roles && !profile)
		return 0;
	if (!mem)
		return E_NOMEM;
	buf_init_fixed(&text, mem, SIGNER_EXTRA_MAX);
	json_out_init(&out, &text);
	json_open(&out, NULL, '{');
	if (email) {
		json_str(&out, "email", account->email);
		json_bool(&out, "email_verified", account->email_verified);
	}
	if (profile)
		json_str(&out, "name", account->name);
	if (roles)
		json_strs(&out, "roles", account->roles);
	json_close(&out, '}');
	TRY(buf_status(&text));
	*ret_extra = buf_str(&text);
	return 0;
}

int token_access_claims(const struct token_access *access, struct arena *arena, struct sign_claims *ret_claims)
{
	struct sign_claims claims = {
		.kind = TOKEN_ACCESS,
		.kid = access->kid,
		.iss = access->issuer,
		.sub = access->account ? access->account->id : access->client->id,
		.aud = access->audience,
		.client_id = access->client->id,
		.scope = access->scope,
		.iat_s = access->iat_s,
		.exp_s = access->iat_s + access->lifetime_s,
		.epoch = access->client->epoch, /* as it was when the client authenticated */
		.account_epoch = access->account ? access->account->epoch : 0,
	};
	TRY(make_jti(arena, &claims.jti));
	if (access->account)
		TRY(put_account(access, arena, &claims.extra));
	*ret_claims = claims;
	return 0;
}
