/* What a question is about; see origin.h. */
#include "gate/origin.h"

enum { METHOD_MAX = 16 };

static const struct {
	struct str method, uri;
} told_by[] = {
	[GATE_NGINX] = {{"X-Original-Method", 17}, {"X-Original-URI", 14}},
	[GATE_FORWARDED] = {{"X-Forwarded-Method", 18}, {"X-Forwarded-Uri", 15}},
};

static char fold(char c)
{
	if (c == '_') /* CGI and what descends from it can't tell them apart (RFC 3875 4.1.18) */
		return '-';
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool same_name(struct str name, struct str folded)
{
	if (name.len != folded.len)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (fold(name.p[i]) != folded.p[i])
			return false;
	return true;
}

/* ATTACKS 40: who judges GET must not let a server behind see DELETE. */
static bool overrides_method(const struct http_request *request)
{
	static const struct str names[] = {
		{"x-http-method-override", 22}, {"x-method-override", 17}, {"x-http-method", 13}};
	for (size_t i = 0; i < request->n_headers; i++)
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
			if (same_name(request->headers[i].name, names[k]))
				return true;
	return false;
}

/* RFC 9110 9.1; ours are upper case, like the methods of an OpenAPI document. */
static bool is_method(struct str method)
{
	if (method.len == 0 || method.len > METHOD_MAX)
		return false;
	for (size_t i = 0; i < method.len; i++)
		if (method.p[i] < 'A' || method.p[i] > 'Z')
			return false;
	return true;
}

static int read_own(struct str prefix, const struct http_request *request, struct origin *ret_origin)
{
	struct str path = request->path;
	if (!str_has_prefix(path, prefix))
		return E_NOT_FOUND;
	path = (struct str){path.p + prefix.len, path.len - prefix.len};
	if (path.len == 0 || path.p[0] != '/')
		return E_NOT_FOUND;
	*ret_origin = (struct origin){request->method, path, request->query};
	return 0;
}

static int read_told(enum gate_mode mode, const struct http_request *request, struct origin *ret_origin)
{
	struct origin origin = {0};
	struct str uri;
	/* Once each: a proxy that adds its own beside the caller's has told us nothing. */
	if (http_header_one(request, told_by[mode].method, &origin.method) < 0 ||
	    http_header_one(request, told_by[mode].uri, &uri) < 0 || !is_method(origin.method) || uri.len == 0)
		return E_INVALID_REQUEST;
	origin.path = uri;
	(void)str_cut(uri, '?', &origin.path, &origin.query);
	*ret_origin = origin;
	return 0;
}

int origin_read(enum gate_mode mode, struct str prefix, const struct http_request *request,
		struct origin *ret_origin)
{
	struct origin origin;
	if (mode != GATE_ENVOY && !str_eq(request->path, prefix))
		return E_NOT_FOUND;
	TRY(mode == GATE_ENVOY ? read_own(prefix, request, &origin) : read_told(mode, request, &origin));
	if (overrides_method(request))
		return E_INVALID_REQUEST;
	*ret_origin = origin;
	return 0;
}
