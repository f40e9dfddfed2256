/* Encoding of the messages between server and keyd; see proto.h. */
#include "keys/proto.h"

/* The strings of sign_claims in the order of the wire, each with its maximum. */
static const struct {
	size_t offset, max;
} texts[] = {
	{offsetof(struct sign_claims, kid), PROTO_KID_MAX},
	{offsetof(struct sign_claims, iss), 512},
	{offsetof(struct sign_claims, sub), 512},
	{offsetof(struct sign_claims, aud), 1024},
	{offsetof(struct sign_claims, client_id), 512},
	{offsetof(struct sign_claims, scope), SIGNER_SCOPE_MAX},
	{offsetof(struct sign_claims, jti), 256},
	{offsetof(struct sign_claims, extra), SIGNER_FEED_EXTRA_MAX},
};

/* The numbers of sign_claims in the order of the wire. */
static const size_t numbers[] = {
	offsetof(struct sign_claims, iat_s),
	offsetof(struct sign_claims, exp_s),
	offsetof(struct sign_claims, epoch),
	offsetof(struct sign_claims, account_epoch),
};

enum { NUMBERS = sizeof(numbers) / sizeof(numbers[0]) };
enum { TEXTS = sizeof(texts) / sizeof(texts[0]) };

static struct str *text_at(struct sign_claims *claims, size_t i)
{
	return (struct str *)(void *)((char *)claims + texts[i].offset);
}

static struct str text_of(const struct sign_claims *claims, size_t i)
{
	return *(const struct str *)(const void *)((const char *)claims + texts[i].offset);
}

static int64_t number_of(const struct sign_claims *claims, size_t i)
{
	return *(const int64_t *)(const void *)((const char *)claims + numbers[i]);
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
	for (size_t i = 0; i < NUMBERS; i++)
		buf_put_u64be(out, (uint64_t)number_of(claims, i));
	for (size_t i = 0; i < TEXTS; i++)
		buf_put_str16(out, text_of(claims, i));
}

static int get_number(struct cur *cur, int64_t *ret_number)
{
	uint64_t number;
	TRY(cur_u64be(cur, &number));
	if (number > INT64_MAX)
		return E_SYNTAX;
	*ret_number = (int64_t)number;
	return 0;
}

int proto_get_claims(struct cur *cur, struct sign_claims *ret_claims)
{
	struct sign_claims claims = {0};
	uint8_t kind;
	TRY(cur_u8(cur, &kind));
	for (size_t i = 0; i < NUMBERS; i++)
		TRY(get_number(cur, (int64_t *)(void *)((char *)&claims + numbers[i])));
	if (kind >= TOKEN_KINDS)
		return E_SYNTAX;
	for (size_t i = 0; i < TEXTS; i++)
		TRY(cur_str16(cur, texts[i].max, text_at(&claims, i)));
	claims.kind = (enum token_kind)kind;
	*ret_claims = claims;
	return 0;
}

bool proto_claims_fit(const struct sign_claims *claims)
{
	size_t len = 1 + 8 * NUMBERS;
	for (size_t i = 0; i < NUMBERS; i++)
		if (number_of(claims, i) < 0)
			return false;
	for (size_t i = 0; i < TEXTS; i++) {
		if (text_of(claims, i).len > texts[i].max)
			return false;
		len += 2 + text_of(claims, i).len;
	}
	return len <= PROTO_CLAIMS_MAX;
}
