/* Resource indicators; see resource.h. RFC 8707 2, RFC 9068 3 and 5. */
#include "oauth/resource.h"

static bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static bool is_scheme(struct str scheme)
{
	if (scheme.len == 0 || !is_alpha(scheme.p[0]))
		return false;
	for (size_t i = 1; i < scheme.len; i++) {
		char c = scheme.p[i];
		if (!is_alpha(c) && !(c >= '0' && c <= '9') && c != '+' && c != '-' && c != '.')
			return false;
	}
	return true;
}

bool resource_is_uri(struct str uri)
{
	struct str scheme, rest;
	/* RFC 8707 2: an absolute URI, and no fragment. */
	if (uri.len > MODEL_AUDIENCE_MAX || !str_cut(uri, ':', &scheme, &rest) || !is_scheme(scheme) || rest.len == 0)
		return false;
	for (size_t i = 0; i < rest.len; i++) {
		unsigned char c = (unsigned char)rest.p[i];
		if (c <= 0x20 || c >= 0x7F || strchr("#\"<>\\^`{|}", c))
			return false;
	}
	if (str_has_prefix(rest, STR("//")) && (rest.len == 2 || rest.p[2] == '/'))
		return false; /* an empty authority names no host */
	return true;
}

static const struct api *find_api(const struct client_view *view, struct str audience)
{
	for (size_t i = 0; i < view->n_apis; i++)
		if (str_eq(view->apis[i].audience, audience)) /* RFC 8707 2: compared exactly */
			return &view->apis[i];
	return NULL;
}

int resource_requested(struct call *call, const struct api **ret_api)
{
	const struct form_value *first = call_param(call, PARAM_RESOURCE);
	if (!first) {
		*ret_api = NULL;
		return 0;
	}
	for (const struct form_value *value = first; value; value = value->next) {
		if (!resource_is_uri(value->value))
			FAIL(call, INVALID_TARGET, "resource is no absolute URI without fragment");
		if (!str_eq(value->value, first->value))
			FAIL(call, INVALID_TARGET, "two different resources");
	}
	const struct api *api = find_api(call->client, first->value);
	if (!api)
		FAIL(call, INVALID_TARGET, "unknown resource, or none of this client's");
	*ret_api = api;
	return 0;
}
