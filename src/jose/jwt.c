/*
 * Claims and their checks; see jwt.h. RFC 7519 2, 4.1, 5.1; RFC 8725 3.7 to 3.12; RFC 9068 2.2 and 4. Reads strangers'
 * bytes. Must never accept a token whose audience, issuer or end it does not know.
 */
#include "jose/jwt.h"

#include "json/json_view.h"

static enum verdict copy_claim(const struct json_view *claims, const char *name, struct arena *arena,
			       struct str *ret_value)
{
	struct str value;
	int rc = json_view_str(claims, name, &value);
	if (rc == E_ABSENT)
		return VERDICT_VALID;
	if (rc < 0)
		return VERDICT_CLAIMS;
	return arena_str(arena, value, ret_value) < 0 ? VERDICT_INTERNAL : VERDICT_VALID;
}

/*
 * RFC 7519 2 NumericDate. Whole seconds only: fractions, exponents, strings and numbers out of range are refused, not
 * rounded.
 */
static enum verdict read_time(const struct json_view *claims, const char *name, int64_t *ret_s)
{
	int64_t value_s;
	int rc = json_view_int(claims, name, &value_s);
	if (rc == E_ABSENT)
		return VERDICT_VALID;
	if (rc < 0 || value_s < 0 || value_s > JWT_TIME_MAX_S)
		return VERDICT_TIME;
	*ret_s = value_s;
	return VERDICT_VALID;
}

static enum verdict read_aud_array(const struct json *list, struct arena *arena, struct str_list *ret_aud)
{
	struct str_list aud = {.n = json_array_len(list)};
	if (aud.n == 0 || aud.n > JWT_AUD_MAX)
		return VERDICT_CLAIMS;
	aud.v = arena_array(arena, aud.n, sizeof(*aud.v));
	if (!aud.v)
		return VERDICT_INTERNAL;
	for (size_t i = 0; i < aud.n; i++) {
		struct str value;
		if (json_at_str(list, i, &value) < 0)
			return VERDICT_CLAIMS;
		if (arena_str(arena, value, &aud.v[i]) < 0)
			return VERDICT_INTERNAL;
	}
	*ret_aud = aud;
	return VERDICT_VALID;
}

/* RFC 7519 4.1.3: one string, or an array of them. */
static enum verdict read_aud(const struct json_view *claims, struct arena *arena, struct str_list *ret_aud)
{
	const struct json *list;
	struct str_list aud = {.n = 1};
	if (!json_view_has(claims, "aud"))
		return VERDICT_VALID;
	if (json_view_array(claims, "aud", &list) == 0)
		return read_aud_array(list, arena, ret_aud);
	aud.v = arena_array(arena, 1, sizeof(*aud.v));
	if (!aud.v)
		return VERDICT_INTERNAL;
	enum verdict verdict = copy_claim(claims, "aud", arena, &aud.v[0]);
	if (verdict == VERDICT_VALID)
		*ret_aud = aud;
	return verdict;
}

/* A name that is not registered: another issuer may mean anything by it, so it refuses nothing by itself. */
static int64_t read_epoch(const struct json_view *claims, const char *name)
{
	int64_t value;
	int rc = json_view_int(claims, name, &value);
	if (rc == E_ABSENT)
		return 0;
	return rc < 0 || value < 0 ? -1 : value;
}

static enum verdict read_claims(const struct json_view *doc, struct arena *arena, struct jwt_claims *claims)
{
	const struct {
		const char *name;
		struct str *value;
	} strings[] = {{"iss", &claims->iss}, {"sub", &claims->sub}, {"client_id", &claims->client_id},
		       {"scope", &claims->scope}, {"jti", &claims->jti}};
	const struct {
		const char *name;
		int64_t *value_s;
	} times[] = {{"exp", &claims->exp_s}, {"nbf", &claims->nbf_s}, {"iat", &claims->iat_s}};
	enum verdict verdict = VERDICT_UNCHECKED;
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		if ((verdict = copy_claim(doc, strings[i].name, arena, strings[i].value)) != VERDICT_VALID)
			return verdict;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if ((verdict = read_time(doc, times[i].name, times[i].value_s)) != VERDICT_VALID)
			return verdict;
	claims->epoch = read_epoch(doc, "epoch");
	claims->account_epoch = read_epoch(doc, "account_epoch");
	claims->is_bound = json_view_has(doc, "cnf");
	return read_aud(doc, arena, &claims->aud);
}

enum verdict jwt_parse(struct str payload, struct arena *arena, struct jwt_claims *ret_claims)
{
	struct json_view doc;
	struct jwt_claims claims = {.exp_s = -1, .nbf_s = -1, .iat_s = -1};
	int rc = json_view_parse(payload, &doc); /* RFC 7519 4: names unique; 7.2: an object */
	if (rc < 0)
		return rc == E_NOMEM ? VERDICT_INTERNAL : VERDICT_CLAIMS;
	enum verdict verdict = read_claims(&doc, arena, &claims);
	json_view_done(&doc);
	if (verdict == VERDICT_VALID)
		*ret_claims = claims;
	return verdict;
}

/* RFC 7515 4.1.9: a media type, whose "application/" may be left out; compared without case (RFC 2045 5.1). */
static bool is_typ(struct str typ, struct str wanted)
{
	static const struct str prefix = {"application/", 12};
	if (typ.len == prefix.len + wanted.len && str_eq_ci(str_mem(typ.p, prefix.len), prefix))
		typ = str_mem(typ.p + prefix.len, wanted.len);
	return str_eq_ci(typ, wanted);
}

static enum verdict check_present(const struct jwt_claims *claims, unsigned require, unsigned waive)
{
	const struct {
		unsigned bit;
		struct str value;
	} strings[] = {{JWT_SUB, claims->sub}, {JWT_CLIENT_ID, claims->client_id}, {JWT_JTI, claims->jti}};
	if ((claims->iss.len == 0 && !(waive & JWT_ANY_ISSUER)) || /* RFC 8725 3.8, 3.9 */
	    (claims->aud.n == 0 && !(waive & JWT_ANY_AUDIENCE)) || (claims->exp_s < 0 && !(waive & JWT_NO_EXP)))
		return VERDICT_CLAIM_MISSING;
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		if ((require & strings[i].bit) && strings[i].value.len == 0)
			return VERDICT_CLAIM_MISSING;
	if ((require & JWT_IAT) && claims->iat_s < 0)
		return VERDICT_CLAIM_MISSING;
	return VERDICT_VALID;
}

static enum verdict check_times(const struct jwt_claims *claims, int64_t skew_s, int64_t now_s)
{
	if (claims->exp_s >= 0 && now_s >= claims->exp_s + skew_s) /* RFC 7519 4.1.4: at exp it is over */
		return VERDICT_EXPIRED;
	if (claims->nbf_s > now_s + skew_s) /* RFC 7519 4.1.5; -1 (absent) never is */
		return VERDICT_NOT_YET;
	if (claims->iat_s > now_s + skew_s) /* RFC 7519 4.1.6 */
		return VERDICT_FUTURE;
	return VERDICT_VALID;
}

static bool is_usable(const struct jwt_policy *policy)
{
	return (policy->issuer.len > 0 || (policy->waive & JWT_ANY_ISSUER)) &&
	       (policy->audience.len > 0 || (policy->waive & JWT_ANY_AUDIENCE)) && policy->skew_s >= 0 &&
	       policy->skew_s <= JWT_SKEW_MAX_S;
}

enum verdict jwt_check(const struct jws *jws, const struct jwt_claims *claims, const struct jwt_policy *policy,
		       int64_t now_s)
{
	if (!is_usable(policy) || now_s < 0 || now_s > JWT_TIME_MAX_S)
		return VERDICT_POLICY;
	if (policy->typ.len > 0 && !is_typ(jws->typ, policy->typ)) /* RFC 9068 4, RFC 8725 3.11 */
		return VERDICT_TYPE;
	enum verdict verdict = check_present(claims, policy->require, policy->waive);
	if (verdict != VERDICT_VALID)
		return verdict;
	if (!(policy->waive & JWT_ANY_ISSUER) && !str_eq(claims->iss, policy->issuer)) /* RFC 9068 4: exactly */
		return VERDICT_ISSUER;
	/* RFC 7519 2 StringOrURI: no normalising */
	if (!(policy->waive & JWT_ANY_AUDIENCE) && !str_list_has(claims->aud, policy->audience))
		return VERDICT_AUDIENCE;
	return check_times(claims, policy->skew_s, now_s);
}

bool jwt_has_scope(struct str scope, struct str wanted) { return str_has_word(scope, wanted); }
