/*
 * Security schemes: which of them are "a bearer token of our issuer" (OpenAPI 3.1.0 4.8.27 to 4.8.29). See load.h.
 * Fails closed: whatever is not certainly ours is not usable.
 */
#include "openapi/load.h"

enum { DECLARED_MAX = 1024 };

static int note(const struct load *load, struct load_scheme *scheme, const char *what)
{
	scheme->usable = false;
	return arena_printf(load->set, &scheme->note, "the scheme '%s' %s", tree_show(scheme->name).text, what);
}

static int need_text(const struct load *load, const struct tree *node, struct str name, struct str *ret_text)
{
	struct str text = {0};
	TRY(load_text(load, node, name, &text));
	if (!text.p)
		return tree_fail(&load->file, node->at, "'%s' is missing", tree_show(name).text);
	*ret_text = text;
	return 0;
}

/* "https://host[:port]" and what follows. False: it is no http URL. */
static bool cut_origin(struct str url, struct str *ret_origin, struct str *ret_rest)
{
	size_t scheme = str_has_prefix(url, STR("https://")) ? 8 : str_has_prefix(url, STR("http://")) ? 7 : 0;
	struct str rest = {url.p + scheme, url.len - scheme};
	size_t host = str_find(rest, '/');
	if (scheme == 0 || host == 0)
		return false;
	*ret_origin = (struct str){url.p, scheme + host};
	*ret_rest = (struct str){rest.p + host, rest.len - host};
	return true;
}

static struct str cut_slash(struct str s)
{
	return s.len > 0 && s.p[s.len - 1] == '/' ? (struct str){s.p, s.len - 1} : s;
}

static bool is_concat(struct str text, struct str a, struct str b, struct str c)
{
	return text.len == a.len + b.len + c.len && str_has_prefix(text, a) &&
	       str_eq((struct str){text.p + a.len, b.len}, b) && str_eq((struct str){text.p + a.len + b.len, c.len}, c);
}

/* OpenID Connect Discovery 1.0 4: the issuer's own; RFC 8414 3.1: or the form that is put before the issuer's path. */
static bool is_discovery(const struct load *load, struct str url)
{
	struct str origin, path;
	if (load->issuer.len == 0)
		return true;
	if (is_concat(url, cut_slash(load->issuer), STR("/.well-known/openid-configuration"), STR("")))
		return true;
	return cut_origin(load->issuer, &origin, &path) &&
	       is_concat(url, origin, STR("/.well-known/oauth-authorization-server"), cut_slash(path));
}

/* An endpoint below the issuer: same origin, same path before it, nothing in it that could lead elsewhere. */
static bool is_ours(const struct load *load, struct str url)
{
	struct str issuer = cut_slash(load->issuer), origin, rest;
	char mem[2048];
	struct path path;
	if (load->issuer.len == 0)
		return true;
	if (!cut_origin(url, &origin, &rest) || !str_has_prefix(url, issuer) || url.len <= issuer.len ||
	    url.p[issuer.len] != '/')
		return false;
	return path_parse(rest, mem, sizeof(mem), &path) == 0;
}

static int read_openid(const struct load *load, const struct tree *node, struct load_scheme *scheme)
{
	struct str url = {0};
	scheme->scopes_allowed = true;
	TRY(need_text(load, node, STR("openIdConnectUrl"), &url));
	return is_discovery(load, url) ? 0 : note(load, scheme, "names the discovery document of another issuer");
}

static int add_scopes(const struct load *load, const struct tree *flow, struct load_scheme *scheme)
{
	const struct tree *scopes = tree_get(flow, STR("scopes"));
	if (!tree_is(scopes, TREE_MAP))
		return load_fail(load, flow, "a flow must have a mapping of scopes");
	if (scopes->n > DECLARED_MAX - scheme->scopes.n)
		return load_fail(load, scopes, "too many scopes");
	for (size_t i = 0; i < scopes->n; i++)
		scheme->scopes.v[scheme->scopes.n++] = scopes->members[i].name;
	return 0;
}

/* The endpoint that gives the token: the token endpoint, or for implicit the authorization endpoint. */
static int read_flow(const struct load *load, const struct tree *flow, struct str kind, struct load_scheme *scheme)
{
	static const char *const kinds[] = {"authorizationCode", "clientCredentials", "password", "implicit"};
	bool implicit = str_eq(kind, STR("implicit")), known = false;
	struct str url = {0};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		known = known || str_eq(kind, str_of(kinds[i]));
	if (!known)
		return tree_fail(&load->file, flow->at, "'%s' is no flow of OAuth 2.0", tree_show(kind).text);
	if (!tree_is(flow, TREE_MAP))
		return load_fail(load, flow, "a flow must be a mapping");
	TRY(load_check_members(load, flow, " authorizationUrl tokenUrl refreshUrl scopes ", "a flow"));
	TRY(need_text(load, flow, implicit ? STR("authorizationUrl") : STR("tokenUrl"), &url));
	TRY(add_scopes(load, flow, scheme));
	return is_ours(load, url) ? 0 : note(load, scheme, "gets its tokens from another issuer");
}

static int read_oauth2(const struct load *load, const struct tree *node, struct load_scheme *scheme)
{
	const struct tree *flows = tree_get(node, STR("flows"));
	if (!tree_is(flows, TREE_MAP))
		return load_fail(load, node, "an oauth2 scheme must have a mapping of flows");
	scheme->scopes_allowed = scheme->scopes_declared = true;
	scheme->scopes.v = arena_array(load->temp, DECLARED_MAX, sizeof(struct str));
	if (!scheme->scopes.v)
		return E_NOMEM;
	for (size_t i = 0; i < flows->n; i++)
		if (!str_has_prefix(flows->members[i].name, STR("x-")))
			TRY(read_flow(load, flows->members[i].value, flows->members[i].name, scheme));
	return 0;
}

static int read_http(const struct load *load, const struct tree *node, struct load_scheme *scheme)
{
	struct str name = {0};
	scheme->scopes_allowed = load->v31;
	TRY(need_text(load, node, STR("scheme"), &name));
	/* RFC 9110 11.1: names of authentication schemes know no case */
	return str_eq_ci(name, STR("bearer")) ? 0 : note(load, scheme, "is http, but not bearer");
}

static int read_key(const struct load *load, const struct tree *node, struct load_scheme *scheme)
{
	(void)node;
	scheme->scopes_allowed = load->v31;
	return note(load, scheme, "is an apiKey");
}

static int read_tls(const struct load *load, const struct tree *node, struct load_scheme *scheme)
{
	if (!load->v31)
		return load_fail(load, node, "mutualTLS came with OpenAPI 3.1");
	scheme->scopes_allowed = true;
	return note(load, scheme, "is mutualTLS");
}

int load_scheme(const struct load *load, const struct tree *node, struct load_scheme *scheme)
{
	static const struct {
		const char *type;
		int (*read)(const struct load *load, const struct tree *node, struct load_scheme *scheme);
	} types[] = {
		{"openIdConnect", read_openid}, {"oauth2", read_oauth2}, {"http", read_http},
		{"apiKey", read_key},           {"mutualTLS", read_tls},
	};
	struct str type = {0};
	TRY(load_ref(load, node, &node));
	TRY(load_check_members(load, node, " type description name in scheme bearerFormat flows openIdConnectUrl ",
			       "a security scheme"));
	TRY(need_text(load, node, STR("type"), &type));
	scheme->usable = true;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (str_eq(type, str_of(types[i].type)))
			return types[i].read(load, node, scheme);
	return tree_fail(&load->file, node->at, "'%s' is no type of a security scheme", tree_show(type).text);
}
