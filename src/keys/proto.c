/* Encoding of the messages between server and keyd; see proto.h. */
#include "keys/proto.h"

enum { CLAIMS_FIXED = 1 + 8 + 8 };

/* The strings of sign_claims in the order of the wire, each with its maximum. */
static const struct {
	size_t offset, max;
} texts[] = {
	{offsetof(struct sign_claims, kid), PROTO_KID_MAX}, {offsetof(struct sign_claims, iss), 512},
	{offsetof(struct sign_claims, sub), 512},           {offsetof(struct sign_claims, aud), 1024},
	{offsetof(struct sign_claims, client_id), 512},     {offsetof(struct sign_claims, scope), PROTO_TEXT_MAX},
	{offsetof(struct sign_claims, jti), 256},           {offsetof(struct sign_claims, extra), SIGNER_EXTRA_MAX},
};

enum { TEXTS = sizeof(texts) / sizeof(texts[0]) };

static struct str *text_at(struct sign_claims *claims, size_t i)
{
	return (struct str *)(void *)((char *)claims + texts[i].offset);
}

static struct str text_of(const struct sign_claims *claims, size_t i)
{
	return *(const struct str *)(const void *)((const char *)claims + texts[i].offset);
}

void proto_put_head(struct buf *out, enum proto_verb verb, uint32_t seq)
{
	buf_put_u8(out, (uint8_t)verb);
	buf_put_u32be(out, seq);
}

int proto_get_head(struct cur *cur, unsigned *ret_verb, uint32_t *ret_seq)
{
	uint8_t verb;
	uint32_t seq;
	TRY(cur_u8(cur, &verb));
	TRY(cur_u32be(cur, &seq));
	*ret_verb = verb;
	*ret_seq = seq;
	return 0;
}

void proto_put_reply_head(struct buf *out, enum proto_verb verb, enum proto_status status, uint32_t seq)
{
	buf_put_u8(out, (uint8_t)verb);
	buf_put_u8(out, (uint8_t)status);
	buf_put_u32be(out, seq);
}

int proto_get_reply_head(struct cur *cur, unsigned *ret_verb, enum proto_status *ret_status, uint32_t *ret_seq)
{
	uint8_t verb, status;
	uint32_t seq;
	TRY(cur_u8(cur, &verb));
	TRY(cur_u8(cur, &status));
	TRY(cur_u32be(cur, &seq));
	if (status >= PROTO_STATUSES)
		return E_SYNTAX;
	*ret_verb = verb;
	*ret_status = (enum proto_status)status;
	*ret_seq = seq;
	return 0;
}

void proto_put_claims(struct buf *out, const struct sign_claims *claims)
{
	buf_put_u8(out, (uint8_t)claims->kind);
	buf_put_u64be(out, (uint64_t)claims->iat_s);
	buf_put_u64be(out, (uint64_t)claims->exp_s);
	for (size_t i = 0; i < TEXTS; i++)
		buf_put_str16(out, text_of(claims, i));
}

int proto_get_claims(struct cur *cur, struct sign_claims *ret_claims)
{
	struct sign_claims claims = {0};
	uint8_t kind;
	uint64_t iat, exp;
	TRY(cur_u8(cur, &kind));
	TRY(cur_u64be(cur, &iat));
	TRY(cur_u64be(cur, &exp));
	if (kind >= TOKEN_KINDS || iat > INT64_MAX || exp > INT64_MAX)
		return E_SYNTAX;
	for (size_t i = 0; i < TEXTS; i++)
		TRY(cur_str16(cur, texts[i].max, text_at(&claims, i)));
	claims.kind = (enum token_kind)kind;
	claims.iat_s = (int64_t)iat;
	claims.exp_s = (int64_t)exp;
	*ret_claims = claims;
	return 0;
}

size_t proto_claims_len(const struct sign_claims *claims)
{
	size_t len = CLAIMS_FIXED;
	for (size_t i = 0; i < TEXTS; i++)
		len += 2 + text_of(claims, i).len;
	return len;
}
