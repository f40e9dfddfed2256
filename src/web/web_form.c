/*
 * Reading what a page's form sent. Three things stand between a foreign site and a change: where the request comes from
 * (Origin, Sec-Fetch-Site), cookies that are SameSite, and a field that only our own pages know. Server process, pool.
 */
#include "http/request.h"
#include "base/secret.h"
#include "web/web.h"

/* scheme://host[:port] of the issuer: RFC 6454 6.2. */
static struct str issuer_origin(const struct call *call)
{
	struct str issuer = call->policy->issuer, scheme, rest;
	if (!str_cut(issuer, ':', &scheme, &rest) || rest.len < 2)
		return issuer;
	size_t host = str_find(str_mem(rest.p + 2, rest.len - 2), '/');
	return str_mem(issuer.p, scheme.len + 3 + host);
}

/* A browser that sends neither is old; then the field alone decides. "null" is what our own referrer policy makes of
 * the origin. */
static int check_site(struct call *call)
{
	struct str value;
	int rc = http_header_one(call->request, STR("Sec-Fetch-Site"), &value);
	if (rc != E_ABSENT && (rc < 0 || !(str_eq(value, STR("same-origin")) || str_eq(value, STR("none")))))
		FAIL(call, FORBIDDEN, "form from another site");
	rc = http_header_one(call->request, STR("Origin"), &value);
	if (rc == E_ABSENT || (rc == 0 && str_eq(value, STR("null"))))
		return 0;
	if (rc < 0 || !str_eq(value, issuer_origin(call)))
		FAIL(call, FORBIDDEN, "form from another origin");
	return 0;
}

static int check_csrf(struct call *call)
{
	static const struct form_param params[] = {{"csrf", false}};
	static const struct form_table table = {params, 1};
	struct form_value value;
	TRY(form_parse(call->request->body, &table, &call->arena, &value));
	struct str csrf = call->web->csrf;
	if (!value.present || !secret_eq(value.value.p, value.value.len, csrf.p, csrf.len))
		FAIL(call, FORBIDDEN, "form without its secret");
	return 0;
}

int web_form(struct call *call, const struct form_table *table, struct form_value *values)
{
	struct str media_type;
	if (!call->web->is_post)
		return form_parse(call->request->query, table, &call->arena, values);
	TRY(check_site(call));
	if (http_header_one(call->request, STR("Content-Type"), &media_type) < 0 || !form_is_media_type(media_type))
		FAIL(call, INVALID_REQUEST, "content type of a form");
	TRY(check_csrf(call));
	return form_parse(call->request->body, table, &call->arena, values);
}
