/*
 * A verdict in a person's words: the table's sentence with what was found in this token; see verify.h. Must never echo
 * unescaped bytes.
 */
#include "verify/verify.h"

#include <inttypes.h>

#include "json/json.h"

enum { SHOWN_MAX = 200 };

struct view {
	const struct verify_policy *policy;
	const struct verify_report *report;
	struct buf *out;
};

static void put_quoted(struct buf *out, struct str s)
{
	if (!s.p) {
		buf_put(out, STR("absent"));
		return;
	}
	bool cut = s.len > SHOWN_MAX;
	json_put_quoted(out, cut ? str_mem(s.p, SHOWN_MAX) : s);
	if (cut)
		buf_put(out, STR(" (cut)"));
}

static void put_pair(struct buf *out, const char *name, struct str value)
{
	buf_put(out, str_of(name));
	buf_put(out, STR(" is "));
	put_quoted(out, value);
}

static void put_header(const struct view *view)
{
	put_pair(view->out, "alg", str_of(sig_alg_row(view->report->jws.alg)->name));
	buf_put(view->out, STR(", "));
	put_pair(view->out, "kid", view->report->jws.kid);
}

static void put_keys(const struct view *view)
{
	put_header(view);
	buf_printf(view->out, "; the set has %zu usable and %zu other keys", view->report->n_keys,
		   view->report->n_keys_skipped);
}

static void put_typ(const struct view *view) { put_pair(view->out, "typ", view->report->jws.typ); }

static void put_issuer(const struct view *view)
{
	put_pair(view->out, "iss", view->report->claims.iss);
	buf_put(view->out, STR(", expected "));
	put_quoted(view->out, view->policy->issuer);
}

static void put_audience(const struct view *view)
{
	const struct str_list *aud = &view->report->claims.aud;
	for (size_t i = 0; i < aud->n; i++) {
		buf_put(view->out, i > 0 ? STR(", ") : STR("aud is "));
		put_quoted(view->out, aud->v[i]);
	}
	buf_put(view->out, STR("; expected "));
	put_quoted(view->out, view->policy->audience);
}

static void put_missing_claims(const struct view *view)
{
	const struct jwt_claims *claims = &view->report->claims;
	unsigned waive = view->policy->waive, require = JWT_ACCESS_TOKEN & ~view->policy->optional;
	const struct {
		const char *name;
		bool missing;
	} rows[] = {{"iss", claims->iss.len == 0 && !(waive & JWT_ANY_ISSUER)},
		    {"sub", claims->sub.len == 0 && (require & JWT_SUB)},
		    {"aud", claims->aud.n == 0 && !(waive & JWT_ANY_AUDIENCE)},
		    {"exp", claims->exp_s < 0 && !(waive & JWT_NO_EXP)},
		    {"iat", claims->iat_s < 0 && (require & JWT_IAT)},
		    {"jti", claims->jti.len == 0 && (require & JWT_JTI)},
		    {"client_id", claims->client_id.len == 0 && (require & JWT_CLIENT_ID)}};
	const char *before = "missing: ";
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!rows[i].missing)
			continue;
		buf_printf(view->out, "%s%s", before, rows[i].name);
		before = ", ";
	}
}

static void put_expired(const struct view *view)
{
	buf_printf(view->out, "exp was %" PRId64 " s ago", view->report->now_s - view->report->claims.exp_s);
}

static void put_not_yet(const struct view *view)
{
	buf_printf(view->out, "nbf is in %" PRId64 " s", view->report->claims.nbf_s - view->report->now_s);
}

static void put_future(const struct view *view)
{
	buf_printf(view->out, "iat is in %" PRId64 " s", view->report->claims.iat_s - view->report->now_s);
}

static void put_bound(const struct view *view) { buf_put(view->out, STR("it has the claim cnf")); }

static void put_missing_scopes(const struct view *view)
{
	const struct str_list *scopes = &view->policy->scopes;
	const char *before = "missing: ";
	for (size_t i = 0; i < scopes->n; i++) {
		if (jwt_has_scope(view->report->claims.scope, scopes->v[i]))
			continue;
		buf_put(view->out, str_of(before));
		put_quoted(view->out, scopes->v[i]);
		before = ", ";
	}
}

static void (*const details[VERDICTS])(const struct view *) = {
	[VERDICT_ALG_REFUSED] = put_header,
	[VERDICT_KEY_UNKNOWN] = put_keys,
	[VERDICT_KEY_AMBIGUOUS] = put_keys,
	[VERDICT_KEY_ALG] = put_header,
	[VERDICT_SIGNATURE] = put_header,
	[VERDICT_TYPE] = put_typ,
	[VERDICT_CLAIM_MISSING] = put_missing_claims,
	[VERDICT_ISSUER] = put_issuer,
	[VERDICT_AUDIENCE] = put_audience,
	[VERDICT_EXPIRED] = put_expired,
	[VERDICT_NOT_YET] = put_not_yet,
	[VERDICT_FUTURE] = put_future,
	[VERDICT_BOUND] = put_bound,
	[VERDICT_SCOPE] = put_missing_scopes,
};

void verify_explain(const struct verify_policy *policy, const struct verify_report *report, struct buf *out)
{
	const struct view view = {policy, report, out};
	struct str text = str_of(verdict_text(report->verdict));
	void (*put)(const struct view *) =
		report->verdict < VERDICTS && report->has_header ? details[report->verdict] : NULL;
	if (!put) {
		buf_put(out, text);
		return;
	}
	buf_put(out, str_mem(text.p, text.len - 1)); /* the full stop moves behind the details */
	buf_put(out, STR(" ("));
	put(&view);
	buf_put(out, STR(")."));
}
