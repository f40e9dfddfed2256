/*
 * The token endpoint's own two steps: reading the request and wording the answer. RFC 6749 3.2, 4.4.2, 5.1, appendix B.
 * The rules between them are in oauth/. Revocation and introspection read their requests by the same step.
 */
#include "http/form.h"
#include "http/request.h"
#include "server/reply.h"
#include "server/route.h"

static const struct form_param params[CALL_PARAMS] = {
	[PARAM_GRANT_TYPE] = {"grant_type", false},
	[PARAM_SCOPE] = {"scope", false},
	[PARAM_RESOURCE] = {"resource", true}, /* RFC 8707 2 */
	[PARAM_CLIENT_ID] = {"client_id", false},
	[PARAM_CLIENT_SECRET] = {"client_secret", false},
	[PARAM_CLIENT_ASSERTION] = {"client_assertion", false},
	[PARAM_CLIENT_ASSERTION_TYPE] = {"client_assertion_type", false},
	[PARAM_TOKEN] = {"token", false}, /* RFC 7009 2.1, RFC 7662 2.1 */
	[PARAM_TOKEN_TYPE_HINT] = {"token_type_hint", false},
	[PARAM_AUTHORIZATION_DETAILS] = {"authorization_details", false}, /* RFC 9396 2 */
	[PARAM_CODE] = {"code", false}, /* RFC 6749 4.1.3 */
	[PARAM_REDIRECT_URI] = {"redirect_uri", false},
	[PARAM_CODE_VERIFIER] = {"code_verifier", false}, /* RFC 7636 4.5 */
	[PARAM_REFRESH_TOKEN] = {"refresh_token", false}, /* RFC 6749 6 */
	[PARAM_DEVICE_CODE] = {"device_code", false}, /* RFC 8628 3.4 */
};
static const struct form_table table = {params, CALL_PARAMS};

/* Nothing is taken from the query. Credentials there are a mistake that must show (RFC 6749 2.3.1), so are doubled
 * parameters (CC-07). */
static int check_query(struct call *call)
{
	uint64_t present = form_names_present(call->request->query, &table);
	uint64_t credentials = 1U << PARAM_CLIENT_SECRET | 1U << PARAM_CLIENT_ASSERTION | 1U << PARAM_TOKEN |
			       1U << PARAM_CODE | 1U << PARAM_CODE_VERIFIER | 1U << PARAM_REFRESH_TOKEN;
	if (present & credentials)
		FAIL(call, INVALID_REQUEST, "credentials in the query");
	for (unsigned i = 0; i < CALL_PARAMS; i++)
		if ((present >> i & 1) && call->params[i].present && !params[i].repeats)
			FAIL(call, INVALID_REQUEST, "parameter %s in query and body", params[i].name);
	return 0;
}

int ep_token_read(struct call *call)
{
	struct str media_type;
	/* CC-03: exactly one, and the right one. */
	if (http_header_one(call->request, STR("Content-Type"), &media_type) < 0 || !form_is_media_type(media_type))
		FAIL(call, INVALID_REQUEST, "content type is not application/x-www-form-urlencoded");
	int rc = form_parse(call->request->body, &table, &call->arena, call->params);
	if (rc < 0)
		return call_fail(call, rc, "malformed form, or a parameter twice");
	return check_query(call);
}

int ep_token_reply(struct call *call)
{
	reply_token(task_of(call));
	return 0;
}
