/*
 * SIGN: a batch of claims in, a batch of compact JWS out (RFC 7515 3.1, 5.1). keyd only. No heap and no JSON tree on
 * the way of a token without extra claims.
 */
#include "base/enc.h"
#include "base/log.h"
#include "jose/jws.h"
#include "keys/keyd_verbs.h"

/* Append header.claims.signature. */
static int put_token(const struct keyring_key *key, struct sig_signer *signer, enum token_kind kind, struct str claims,
		     struct buf *out)
{
	size_t start = out->len;
	buf_put(out, key->headers[kind]);
	enc_b64url(out, claims);
	return jws_sign(signer, start, out);
}

/* The longest token of these claims fits the wire? */
static bool fits(const struct keyring_key *key, enum token_kind kind, size_t claims_len)
{
	return key->headers[kind].len + ENC_B64URL_LEN(claims_len) + 1 + ENC_B64URL_LEN((size_t)SIG_MAX) <=
	       (kind == TOKEN_FEED ? (size_t)SIGNER_FEED_TOKEN_MAX : (size_t)SIGNER_TOKEN_MAX);
}

static int sign_one(struct keyd_channel *channel, const struct sign_claims *claims, int64_t now_s, struct buf *out,
		    const char **ret_why)
{
	char mem[KEYD_CLAIMS_MAX];
	struct buf text;
	const struct keyring_key *key;
	struct sig_signer *signer;
	TRY(keyring_view_find(&channel->view, claims->kid, &key, &signer));
	buf_init_fixed(&text, mem, sizeof(mem));
	TRY(keyd_policy_emit(&channel->state->policy, claims, now_s, &text, ret_why));
	if (!fits(key, claims->kind, text.len))
		return E_LIMIT;
	return put_token(key, signer, claims->kind, buf_str(&text), out);
}

static enum proto_status status_of(int rc)
{
	switch (rc) {
	case 0:
		return PROTO_OK;
	case E_ABSENT:
		return PROTO_NO_KEY;
	case E_INVALID_REQUEST:
	case E_LIMIT:
		return PROTO_REFUSED;
	default:
		return PROTO_FAILED;
	}
}

/* Sign one job into its place in the answer: u8 status, str16 token. */
static int answer_one(struct keyd_channel *channel, const struct sign_claims *claims, int64_t now_s, struct buf *out,
		      const char **ret_why)
{
	size_t at = out->len;
	buf_put_mem(out, "\0\0", 3);
	TRY(buf_status(out));
	int rc = sign_one(channel, claims, now_s, out, ret_why);
	TRY(buf_status(out));
	if (rc < 0)
		out->len = at + 3;
	size_t len = out->len - at - 3;
	out->p[at] = (char)status_of(rc);
	out->p[at + 1] = (char)(unsigned char)(len >> 8);
	out->p[at + 2] = (char)(unsigned char)(len & 0xFF);
	return rc;
}

int keyd_sign(struct keyd_channel *channel, struct cur *body, struct buf *out, enum proto_status *ret_status)
{
	int64_t now_s = clock_now_s(channel->state->clock);
	struct sign_claims claims;
	const char *why = NULL;
	uint16_t n;
	int failed = 0, code = 0;
	(void)ret_status;
	TRY(cur_u16be(body, &n));
	if (n == 0 || n > SIGNER_BATCH_MAX)
		return E_LIMIT;
	buf_put_u16be(out, n);
	for (unsigned i = 0; i < n; i++) {
		TRY(proto_get_claims(body, &claims));
		int rc = answer_one(channel, &claims, now_s, out, &why);
		TRY(buf_status(out));
		if (rc < 0)
			failed++;
		code = rc < 0 ? rc : code;
	}
	if (failed > 0) /* one line per batch: a server gone mad can't fill the disk faster than it can ask */
		LOG(LOG_WARN, "sign_refused", F("jobs", failed), F("code", err_row(code)->symbol),
		    F("why", why ? why : ""));
	return cur_end(body);
}
