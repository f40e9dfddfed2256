/* Claims of the revocation feed; see revocations.h. */
#include "token/revocations.h"

#include "json/json.h"

/* A jti says all there is to say; a client or an account is named with the lowest epoch that is still good. */
static void put_row(struct json_out *out, const struct revocation *row)
{
	static const char *const members[] = {
		[REVOCATION_CLIENT] = "client_id",
		[REVOCATION_ACCOUNT] = "account",
		[REVOCATION_JTI] = "jti",
	};
	json_open(out, NULL, '{');
	json_int(out, "seq", row->seq);
	json_str(out, members[row->kind], row->id);
	if (row->kind != REVOCATION_JTI) {
		json_int(out, "epoch", row->epoch);
		json_int(out, "not_before", row->not_before_s);
	}
	json_int(out, "until", row->until_s);
	json_close(out, '}');
}

int token_revocations_claims(const struct token_revocations *revocations, struct arena *arena,
			     struct sign_claims *ret_claims)
{
	struct buf text;
	struct json_out out;
	char *mem = arena_alloc(arena, SIGNER_FEED_EXTRA_MAX);
	if (!mem)
		return E_NOMEM;
	buf_init_fixed(&text, mem, SIGNER_FEED_EXTRA_MAX);
	json_out_init(&out, &text);
	json_open(&out, NULL, '{');
	json_str(&out, "feed", revocations->feed);
	json_int(&out, "since", revocations->since);
	json_int(&out, "seq", revocations->seq);
	json_bool(&out, "more", revocations->more);
	json_open(&out, "revocations", '[');
	for (size_t i = 0; i < revocations->n; i++)
		put_row(&out, &revocations->revocations[i]);
	json_close(&out, ']');
	json_close(&out, '}');
	TRY(buf_status(&text));
	*ret_claims = (struct sign_claims){
		.kind = TOKEN_FEED,
		.kid = revocations->kid,
		.iss = revocations->issuer,
		.iat_s = revocations->iat_s,
		.exp_s = revocations->iat_s + TOKEN_REVOCATIONS_LIFE_S,
		.extra = buf_str(&text),
	};
	return 0;
}
