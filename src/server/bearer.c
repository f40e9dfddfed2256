/* See bearer.h. RFC 6750 2.1, 3, 3.1. */
#include "server/bearer.h"

int bearer_refuse(struct call *call, const char *why)
{
	task_of(call)->challenge = STR("Bearer realm=\"mintmark\", error=\"invalid_token\"");
	FAIL(call, INVALID_TOKEN, "%s", why);
}

int bearer_read(struct call *call, struct str *ret_token)
{
	struct str text = {(const char *)call->authorization.p, call->authorization.len}, scheme, token;
	if (call->n_authorization > 1)
		FAIL(call, INVALID_REQUEST, "several Authorization headers");
	if (call->n_authorization == 0 || !str_cut(text, ' ', &scheme, &token) || !str_eq_ci(scheme, STR("Bearer"))) {
		task_of(call)->challenge = STR("Bearer realm=\"mintmark\""); /* RFC 6750 3.1: no error without token */
		FAIL(call, INVALID_TOKEN, "no bearer token");
	}
	while (token.len > 0 && token.p[0] == ' ')
		token = (struct str){token.p + 1, token.len - 1};
	if (!str_is_b64token(token))
		return bearer_refuse(call, "the bearer token is malformed");
	*ret_token = token;
	return 0;
}
