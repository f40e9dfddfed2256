/*
 * Bearer tokens of requests; see series_auth.h. RFC 6750 2.1 (the header alone: neither form nor query), 3, 3.1. Must
 * never decide by anything but the verifier's verdict and the document's scopes.
 */
#include "series/series_auth.h"

#include "series/series_http.h"
#include "verify/verifier.h"

enum { TOKEN_NONE = 1 };

/* 0 with the token; TOKEN_NONE: there is none. E_INVALID_REQUEST. */
static int find_token(struct series_call *call, struct str *ret_token)
{
	const struct http_request *request = call->task->request;
	struct str value, scheme, rest;
	int rc = http_header_one(request, STR("Authorization"), &value);
	if (rc == E_ABSENT)
		return TOKEN_NONE;
	if (rc < 0)
		return series_call_fail(call, E_INVALID_REQUEST, "Authorization must be there once.");
	if (!str_cut(value, ' ', &scheme, &rest)) {
		scheme = value;
		rest = (struct str){"", 0};
	}
	if (!str_eq_ci(scheme, STR("Bearer"))) /* RFC 9110 11.1: the scheme's case does not count */
		return TOKEN_NONE;
	while (rest.len > 0 && rest.p[0] == ' ')
		rest = (struct str){rest.p + 1, rest.len - 1};
	if (!str_is_b64token(rest)) /* RFC 6750 2.1 */
		return series_call_fail(call, E_INVALID_REQUEST,
					"Authorization: Bearer must be followed by one token.");
	if (call->params[PARAM_ACCESS_TOKEN].present) /* RFC 6750 2, 3.1: one method per request */
		return series_call_fail(call, E_INVALID_REQUEST,
					"The token must be in the Authorization header alone.");
	*ret_token = rest;
	return 0;
}

static int verify(struct series_call *call, struct str token)
{
	enum mintmark_verdict verdict;
	mintmark_verifier *verifier = call->http->options.verifier;
	if (call->task->may_block)
		verdict = mintmark_verifier_check(verifier, token.p, token.len, NULL, &call->token);
	else
		TRY(verifier_check_nowait(verifier, token, NULL, &verdict, &call->token));
	if (verdict == MINTMARK_VERDICT_VALID)
		return 0;
	int status = mintmark_verdict_status(verdict);
	if (status >= 500)
		return series_call_fail(call, E_UNAVAILABLE, "%s", mintmark_verdict_text(verdict));
	call->has_token_error = true;
	return series_call_fail(call, E_INVALID_TOKEN, "%s", mintmark_verdict_text(verdict));
}

static int decide(struct series_call *call, enum openapi_verdict verdict)
{
	switch (verdict) {
	case OPENAPI_PUBLIC:
	case OPENAPI_ALLOWED:
		return 0;
	case OPENAPI_NEEDS_TOKEN:
		return series_call_fail(call, E_INVALID_TOKEN, "A token is needed: Authorization: Bearer.");
	case OPENAPI_NEEDS_SCOPE:
		return E_INSUFFICIENT_SCOPE;
	default:
		return E_FORBIDDEN;
	}
}

int series_auth_check(struct series_call *call)
{
	const struct openapi_operation *operation = call->match.operation;
	struct str token = {0}, scope;
	enum openapi_verdict verdict = openapi_judge(operation, NULL, &call->needed);
	if (verdict == OPENAPI_PUBLIC)
		return 0;
	int rc = call->token ? 0 : find_token(call, &token);
	if (rc == TOKEN_NONE)
		return decide(call, verdict);
	TRY(rc);
	if (!call->token)
		TRY(verify(call, token));
	scope = str_of(mintmark_token_scopes(call->token));
	return decide(call, openapi_judge(operation, &scope, &call->needed));
}

/* RFC 6750 3.1: no error when no token was sent; whatever a good token does not permit is insufficient_scope. */
static const char *error_of(const struct series_call *call, int code)
{
	if (err_row(code)->status == 403)
		return err_row(E_INSUFFICIENT_SCOPE)->wire;
	return call->has_token_error ? err_row(E_INVALID_TOKEN)->wire : NULL;
}

void series_auth_challenge(const struct series_call *call, int code, struct buf *headers)
{
	const char *error = error_of(call, code);
	int status = err_row(code)->status;
	size_t n = code == E_INVALID_TOKEN || code == E_INSUFFICIENT_SCOPE ? call->needed.n : 0;
	if (status != 401 && status != 403)
		return;
	buf_put(headers, STR("WWW-Authenticate: Bearer realm=\"mintmark\""));
	if (error)
		buf_printf(headers, ", error=\"%s\"", error);
	for (size_t i = 0; i < n; i++) {
		buf_put(headers, i == 0 ? STR(", scope=\"") : STR(" "));
		buf_put(headers, call->needed.v[i]);
	}
	buf_put(headers, n > 0 ? STR("\"\r\n") : STR("\r\n"));
}
