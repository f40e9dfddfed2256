/*
 * The rules and the emitter of claims; see keyd_policy.h. RFC 9068 2.2, OpenID Connect Core 2, Back-Channel Logout
 * 2.4. This is where a compromised server is stopped: nothing here may depend on what the caller says about itself.
 */
#include "keys/keyd_policy.h"

#include "json/json.h"

enum {
	C_ISS = 1 << 0, C_SUB = 1 << 1, C_AUD = 1 << 2, C_JTI = 1 << 3, C_CLIENT = 1 << 4, C_SCOPE = 1 << 5,
	C_EPOCH = 1 << 6,
};

struct kind_row {
	const char *typ;
	unsigned mandatory, forbidden;
	const char *extra_mandatory, *extra_forbidden; /* members of the extra claims */
	size_t extra_max;                              /* bytes of them */
};

/* RFC 8725 3.11: kinds differ in typ, so that none passes for another. */
static const struct kind_row kinds[TOKEN_KINDS] = {
	/* RFC 9068 2.1, 2.2 */
	[TOKEN_ACCESS] = {"at+jwt", C_ISS | C_SUB | C_AUD | C_JTI | C_CLIENT, 0, NULL, NULL, SIGNER_EXTRA_MAX},
	/* OpenID Connect Core 2 */
	[TOKEN_ID] = {"JWT", C_ISS | C_SUB | C_AUD, C_SCOPE | C_CLIENT | C_EPOCH, NULL, NULL, SIGNER_EXTRA_MAX},
	/* OpenID Connect Back-Channel Logout 2.4 */
	[TOKEN_LOGOUT] = {"logout+jwt", C_ISS | C_AUD | C_JTI, C_SCOPE | C_CLIENT | C_EPOCH, "events", "nonce",
			  SIGNER_EXTRA_MAX},
	/* The revocation feed, for everybody and about nobody in particular: docs/revocation.md. */
	[TOKEN_FEED] = {"revocations+jwt", C_ISS, C_SUB | C_AUD | C_JTI | C_CLIENT | C_SCOPE | C_EPOCH, "revocations",
			"nonce", SIGNER_FEED_EXTRA_MAX},
};

/* The fixed claims in the order in which they are written; the times stand behind aud. */
static const struct {
	const char *name;
	unsigned bit;
	size_t offset;
} fixed[] = {
	{"iss", C_ISS, offsetof(struct sign_claims, iss)},
	{"sub", C_SUB, offsetof(struct sign_claims, sub)},
	{"aud", C_AUD, offsetof(struct sign_claims, aud)},
	{"jti", C_JTI, offsetof(struct sign_claims, jti)},
	{"client_id", C_CLIENT, offsetof(struct sign_claims, client_id)},
	{"scope", C_SCOPE, offsetof(struct sign_claims, scope)},
};

enum { FIXED = sizeof(fixed) / sizeof(fixed[0]), FIRST_AFTER_TIMES = 3 };

/* How a byte is written in a JSON string: as it is, with a backslash, refused, or part of UTF-8. */
enum { B_PLAIN, B_ESCAPE, B_BAD, B_HIGH };

static const unsigned char byte_class[256] = {
	[0 ... 0x1F] = B_BAD, ['"'] = B_ESCAPE, ['\\'] = B_ESCAPE, [0x7F] = B_BAD, [0x80 ... 0xFF] = B_HIGH,
};

const char *keyd_policy_typ(enum token_kind kind) { return kinds[kind].typ; }

static struct str claim_at(const struct sign_claims *claims, size_t i)
{
	return *(const struct str *)(const void *)((const char *)claims + fixed[i].offset);
}

/* The value of a fixed claim, quoted. False: control character or no UTF-8. */
static bool put_value(struct buf *out, struct str value)
{
	unsigned seen = 0;
	char *at = buf_reserve(out, 2 * value.len + 2);
	if (!at)
		return true; /* the buffer remembers */
	char *start = at;
	*at++ = '"';
	for (size_t i = 0; i < value.len; i++) {
		unsigned c = byte_class[(unsigned char)value.p[i]];
		seen |= 1U << c;
		if (c == B_ESCAPE)
			*at++ = '\\';
		*at++ = value.p[i];
	}
	*at++ = '"';
	out->len += (size_t)(at - start);
	return !(seen & 1U << B_BAD) && (!(seen & 1U << B_HIGH) || str_is_utf8(value));
}

static bool put_claim(struct buf *out, size_t i, struct str value)
{
	buf_put_char(out, i == 0 ? '{' : ',');
	buf_put_char(out, '"');
	buf_put(out, str_of(fixed[i].name));
	buf_put_mem(out, "\":", 2);
	return put_value(out, value);
}

static const char *check_times(const struct keyd_policy *policy, const struct sign_claims *claims, int64_t now_s)
{
	int64_t cap_s = policy->cap_s[claims->kind];
	if (claims->iat_s < now_s - KEYD_SKEW_S || claims->iat_s > now_s + KEYD_SKEW_S)
		return "iat is not now";
	if (claims->exp_s <= claims->iat_s)
		return "exp is not after iat";
	if (claims->exp_s - claims->iat_s > cap_s || claims->exp_s - now_s > cap_s)
		return "exp is beyond the cap";
	return NULL;
}

static const char *check_presence(const struct kind_row *kind, const struct sign_claims *claims)
{
	unsigned present = 0;
	for (size_t i = 0; i < FIXED; i++)
		present |= claim_at(claims, i).len > 0 ? fixed[i].bit : 0;
	present |= claims->epoch > 0 || claims->account_epoch > 0 ? C_EPOCH : 0;
	if ((present & kind->mandatory) != kind->mandatory)
		return "a mandatory claim is missing";
	return present & kind->forbidden ? "a claim is not for this kind" : NULL;
}

static bool is_fixed_name(struct str name)
{
	for (size_t i = 0; i < FIXED; i++)
		if (str_eq(name, str_of(fixed[i].name)))
			return true;
	return str_eq(name, STR("exp")) || str_eq(name, STR("iat")) || str_eq(name, STR("epoch")) ||
	       str_eq(name, STR("account_epoch"));
}

/* Further claims: what was checked is what is written, so they are written anew from the parsed document. */
static int put_extra(const struct kind_row *kind, struct str extra, struct buf *out, const char **ret_why)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	void *iter = NULL;
	struct str name;
	const struct json *value;
	int rc = extra.len > kind->extra_max ? E_LIMIT : json_parse_object(extra, &doc);
	if (rc == E_NOMEM)
		return rc;
	if (rc < 0) {
		*ret_why = "the extra claims are no strict JSON object";
		return E_INVALID_REQUEST;
	}
	if ((kind->extra_mandatory && !json_has(doc, kind->extra_mandatory)) ||
	    (kind->extra_forbidden && json_has(doc, kind->extra_forbidden))) {
		*ret_why = "an extra claim is missing or forbidden";
		return E_INVALID_REQUEST;
	}
	while (json_each(doc, &iter, &name, &value)) {
		if (is_fixed_name(name)) {
			*ret_why = "an extra claim repeats a fixed one";
			return E_INVALID_REQUEST;
		}
		buf_put_char(out, ',');
		json_put_quoted(out, name);
		buf_put_char(out, ':');
		json_dump(value, out);
	}
	return buf_status(out);
}

static const char *check_fixed(const struct keyd_policy *policy, const struct sign_claims *claims, int64_t now_s)
{
	const struct kind_row *kind = &kinds[claims->kind];
	if (!str_eq(claims->iss, policy->issuer))
		return "iss is not the configured issuer";
	if (kind->extra_mandatory && claims->extra.len == 0)
		return "an extra claim is missing or forbidden";
	const char *why = check_presence(kind, claims);
	return why ? why : check_times(policy, claims, now_s);
}

static void put_times(struct buf *out, const struct sign_claims *claims)
{
	buf_put(out, STR(",\"exp\":"));
	buf_put_i64(out, claims->exp_s);
	buf_put(out, STR(",\"iat\":"));
	buf_put_i64(out, claims->iat_s);
}

static void put_epoch(struct buf *out, struct str name, int64_t epoch)
{
	if (epoch <= 0)
		return;
	buf_put(out, name);
	buf_put_i64(out, epoch);
}

int keyd_policy_emit(const struct keyd_policy *policy, const struct sign_claims *claims, int64_t now_s, struct buf *out,
		     const char **ret_why)
{
	bool clean = true;
	const char *why = check_fixed(policy, claims, now_s);
	if (why) {
		*ret_why = why;
		return E_INVALID_REQUEST;
	}
	for (size_t i = 0; i < FIXED; i++) {
		if (i == FIRST_AFTER_TIMES)
			put_times(out, claims);
		if (claim_at(claims, i).len > 0)
			clean &= put_claim(out, i, claim_at(claims, i));
	}
	if (!clean) {
		*ret_why = "a claim has control characters or is not UTF-8";
		return E_INVALID_REQUEST;
	}
	put_epoch(out, STR(",\"epoch\":"), claims->epoch);
	put_epoch(out, STR(",\"account_epoch\":"), claims->account_epoch);
	if (claims->extra.len > 0)
		TRY(put_extra(&kinds[claims->kind], claims->extra, out, ret_why));
	buf_put_char(out, '}');
	return buf_status(out);
}
