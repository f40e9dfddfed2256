/*
 * Metadata of registered clients; see registration.h. RFC 7591 2, 2.1, 2.3, 3.2.2, 5; OpenID Connect Dynamic Client
 * Registration 2; RFC 9126 6.1. What is known is a row of members[]; each reads its member, or fills in what holds when
 * it isn't there.
 */
#include "oauth/registration.h"

#include <stdio.h>

#include "crypto/sig.h"
#include "oauth/redirect.h"
#include "oauth/scope.h"

enum { RESPONSE_CODE = 1, LONGEST_STATEMENT = 16384 };

struct reading {
	const struct json *document;
	const struct registration_policy *policy;
	struct arena *arena;
	char *why;
	struct registration out;
	unsigned response_types;
	bool update, names_grants, names_responses;
};

struct choice {
	const char *name;
	unsigned value;
};

static const struct choice auth_methods[] = {
	{"client_secret_basic", CLIENT_AUTH_BASIC},
	{"client_secret_post", CLIENT_AUTH_POST},
	{"none", CLIENT_AUTH_NONE},
};
static const struct choice grant_types[] = {
	{"authorization_code", CLIENT_GRANT_CODE},
	{"refresh_token", CLIENT_GRANT_REFRESH},
	{"urn:ietf:params:oauth:grant-type:device_code", CLIENT_GRANT_DEVICE},
	{"client_credentials", CLIENT_GRANT_SELF},
};
static const struct choice response_types[] = {{"code", RESPONSE_CODE}};
static const struct choice application_types[] = {{"web", false}, {"native", true}};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct choice *find(const struct choice *choices, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(name, str_of(choices[i].name)))
			return &choices[i];
	return NULL;
}

unsigned registration_grant_type(struct str name)
{
	const struct choice *choice = find(grant_types, COUNT(grant_types), name);
	return choice ? choice->value : 0;
}

static int refuse(struct reading *in, int code, const char *name, const char *what)
{
	snprintf(in->why, REGISTRATION_WHY_MAX, "%s %s", name, what);
	return code;
}

static int unfit(struct reading *in, const char *name, const char *what)
{
	return refuse(in, E_INVALID_METADATA, name, what);
}

/* --- reading one member --- */

static int read_choice(struct reading *in, const char *name, const struct choice *choices, size_t n,
		       unsigned *ret_value)
{
	struct str value;
	if (json_get_str(in->document, name, &value) < 0)
		return unfit(in, name, "is no text.");
	const struct choice *choice = find(choices, n, value);
	if (!choice)
		return unfit(in, name, "has a value that is not supported.");
	*ret_value = choice->value;
	return 0;
}

static int read_bits(struct reading *in, const char *name, const struct choice *choices, size_t n, unsigned *ret_bits)
{
	const struct json *array;
	unsigned bits = 0;
	struct str value;
	if (json_get_array(in->document, name, &array) < 0 || json_array_len(array) > 2 * n)
		return unfit(in, name, "is no array, or longer than there are values.");
	for (size_t i = 0; i < json_array_len(array); i++) {
		const struct choice *choice = NULL;
		if (json_at_str(array, i, &value) == 0)
			choice = find(choices, n, value);
		if (!choice)
			return unfit(in, name, "has a value that is not supported.");
		bits |= choice->value;
	}
	*ret_bits = bits;
	return 0;
}

/* RFC 7591 5: by what kind of app it is, so application_type has been read before. */
static int read_redirects(struct reading *in, const char *name, struct str_list *ret_uris)
{
	const struct json *array;
	if (json_get_array(in->document, name, &array) < 0 || json_array_len(array) > MODEL_URIS_MAX)
		return refuse(in, E_INVALID_REDIRECT_URI, name, "is no array, or has more than 32 URIs.");
	struct str_list uris = {arena_array(in->arena, json_array_len(array) + 1, sizeof(struct str)), 0};
	if (!uris.v)
		return E_NOMEM;
	for (size_t i = 0; i < json_array_len(array); i++) {
		struct str *uri = &uris.v[uris.n];
		if (json_at_str(array, i, uri) < 0 || !redirect_may_register(*uri, in->out.app.native, NULL))
			return refuse(in, E_INVALID_REDIRECT_URI, name, "has a URI that such an app may not have.");
		uris.n += !str_list_has(uris, *uri);
	}
	*ret_uris = uris;
	return 0;
}

/* No segment of the path is "." or "..", in whatever spelling: nobody may read another address than he sees. */
static bool has_dot_segment(struct str path)
{
	char plain[MODEL_URI_MAX];
	size_t len = 0;
	for (size_t i = 0; i < path.len && path.p[i] != '?'; i++) {
		bool dot = path.len - i >= 3 && path.p[i] == '%' && path.p[i + 1] == '2' &&
			   (path.p[i + 2] | 0x20) == 'e';
		plain[len++] = dot ? '.' : path.p[i];
		i += dot ? 2 : 0;
	}
	struct str rest = {plain, len}, segment, tail;
	while (str_cut(rest, '/', &segment, &tail)) {
		if (str_eq(segment, STR(".")) || str_eq(segment, STR("..")))
			return true;
		rest = tail;
	}
	return str_eq(rest, STR(".")) || str_eq(rest, STR(".."));
}

/* A page that people may be shown: http(s), a host, no user before it, visible ASCII that needs no quoting. */
static bool is_page(struct str uri)
{
	struct str scheme, rest;
	if (uri.len > MODEL_URI_MAX || !str_cut(uri, ':', &scheme, &rest) || !str_has_prefix(rest, STR("//")))
		return false;
	if (!str_eq_ci(scheme, STR("https")) && !str_eq_ci(scheme, STR("http")))
		return false;
	for (size_t i = 0; i < uri.len; i++)
		if (uri.p[i] <= ' ' || uri.p[i] > '~' || strchr("\"<>\\^`{|}#", uri.p[i]))
			return false;
	rest = (struct str){rest.p + 2, rest.len - 2};
	size_t host_len = str_find(rest, '/');
	struct str host = {rest.p, host_len}, path = {rest.p + host_len, rest.len - host_len};
	return host.len > 0 && host.p[0] != ':' && str_find(host, '@') == host.len && str_find(host, '?') == host.len &&
	       !has_dot_segment(path);
}

static int read_page(struct reading *in, const char *name, struct str *ret_uri)
{
	struct str uri;
	if (json_get_str(in->document, name, &uri) < 0 || !is_page(uri))
		return unfit(in, name, "is no http or https address without user and dot segments.");
	*ret_uri = uri;
	return 0;
}

/* --- the members --- */

static int read_name(struct reading *in, const char *name)
{
	struct str text;
	if (json_get_str(in->document, name, &text) < 0 || text.len == 0 || text.len > MODEL_NAME_MAX)
		return unfit(in, name, "is no text of 1 to 200 bytes.");
	for (size_t at = 0, n; at < text.len; at += n) {
		n = str_printable((struct str){text.p + at, text.len - at});
		if (n == 0) /* it stands on the page where people decide */
			return unfit(in, name, "has a character that can not be shown.");
	}
	if (str_is_blank(text)) /* "… wants to read your mail" */
		return unfit(in, name, "has nothing that can be seen.");
	in->out.name = text;
	return 0;
}

static int read_auth(struct reading *in, const char *name)
{
	unsigned auth = CLIENT_AUTH_BASIC;
	TRY(read_choice(in, name, auth_methods, COUNT(auth_methods), &auth));
	in->out.auth = (enum client_auth)auth;
	return 0;
}

static int read_application_type(struct reading *in, const char *name)
{
	unsigned native = 0;
	TRY(read_choice(in, name, application_types, COUNT(application_types), &native));
	in->out.app.native = native;
	return 0;
}

static int read_grants(struct reading *in, const char *name)
{
	in->names_grants = true;
	TRY(read_bits(in, name, grant_types, COUNT(grant_types), &in->out.app.grant_types));
	if (in->out.app.grant_types & ~in->policy->grant_types)
		return unfit(in, name, "has a grant type that registered programs may not have here.");
	return 0;
}

static int read_responses(struct reading *in, const char *name)
{
	in->names_responses = true;
	return read_bits(in, name, response_types, COUNT(response_types), &in->response_types);
}

static int read_redirect_uris(struct reading *in, const char *name)
{
	return read_redirects(in, name, &in->out.app.redirect_uris);
}

static int read_logout_uris(struct reading *in, const char *name)
{
	return read_redirects(in, name, &in->out.app.logout_uris);
}

static int read_uri(struct reading *in, const char *name) { return read_page(in, name, &in->out.app.uri); }
static int read_logo_uri(struct reading *in, const char *name) { return read_page(in, name, &in->out.app.logo_uri); }
static int read_policy_uri(struct reading *in, const char *name)
{
	return read_page(in, name, &in->out.app.policy_uri);
}

static int read_tos_uri(struct reading *in, const char *name) { return read_page(in, name, &in->out.app.tos_uri); }

static int read_alg(struct reading *in, const char *name)
{
	struct str alg;
	if (json_get_str(in->document, name, &alg) < 0 || sig_alg_find(alg) == SIG_NONE) /* "none" is none of them */
		return unfit(in, name, "is no signature algorithm that we have.");
	in->out.app.id_token_alg = alg;
	return 0;
}

static int read_par(struct reading *in, const char *name)
{
	return json_get_bool(in->document, name, &in->out.app.par_required) < 0
		       ? unfit(in, name, "is neither true nor false.") : 0;
}

/* ATTACKS 44: what the operator does not let registered programs have, nobody can register. */
static int read_scope(struct reading *in, const char *name)
{
	struct str text;
	if (json_get_str(in->document, name, &text) < 0 || text.len > MODEL_SCOPE_TEXT_MAX)
		return unfit(in, name, "is no text, or too long.");
	int rc = scope_parse(text, in->arena, &in->out.scopes);
	if (rc < 0)
		return rc == E_NOMEM ? rc : unfit(in, name, "is no list of scopes.");
	for (size_t i = 0; i < in->out.scopes.n; i++)
		if (!str_list_has(in->policy->scopes, in->out.scopes.v[i]))
			return unfit(in, name, "has a scope that registered programs may not have here.");
	return 0;
}

static int read_subject_type(struct reading *in, const char *name)
{
	static const struct choice types[] = {{"public", 0}};
	unsigned unused;
	return read_choice(in, name, types, COUNT(types), &unused);
}

/* RFC 7591 2: the two exclude each other. We need neither, as private_key_jwt is not spoken; so both are ignored. */
static int read_jwks(struct reading *in, const char *name)
{
	const struct json *keys;
	if (json_get_object(in->document, name, &keys) < 0)
		return unfit(in, name, "is no object.");
	if (json_has_value(in->document, "jwks_uri"))
		return unfit(in, name, "and jwks_uri exclude each other.");
	return 0;
}

static int read_ignored_page(struct reading *in, const char *name)
{
	struct str unused;
	return read_page(in, name, &unused);
}

/* RFC 7591 2.3, 3.2.2: to leave out what it claims would register something else than what was asked for. */
static int read_statement(struct reading *in, const char *name)
{
	struct str text;
	if (json_get_str(in->document, name, &text) < 0 || text.len > LONGEST_STATEMENT)
		return refuse(in, E_INVALID_STATEMENT, name, "is no signed JWT.");
	size_t dots = 0;
	for (size_t i = 0; i < text.len; i++)
		dots += text.p[i] == '.';
	if (dots != 2)
		return refuse(in, E_INVALID_STATEMENT, name, "is no signed JWT.");
	return refuse(in, E_UNAPPROVED_STATEMENT, name, "is of nobody who is trusted here.");
}

/* RFC 7592 2.2 */
static int read_client_id(struct reading *in, const char *name)
{
	if (in->update && json_get_str(in->document, name, &in->out.client_id) < 0)
		return unfit(in, name, "is no text.");
	return 0;
}

static int read_client_secret(struct reading *in, const char *name)
{
	if (in->update && json_get_str(in->document, name, &in->out.client_secret) < 0)
		return unfit(in, name, "is no text.");
	return 0;
}

static int read_ours(struct reading *in, const char *name)
{
	return in->update ? unfit(in, name, "is not for the client to say.") : 0; /* RFC 7592 2.2 */
}

/* In the order in which they are read; whatever isn't here is ignored (RFC 7591 2), and so is null. */
static const struct {
	const char *name;
	int (*read)(struct reading *in, const char *name);
} members[] = {
	{"software_statement", read_statement},
	{"client_id", read_client_id},
	{"client_secret", read_client_secret},
	{"client_id_issued_at", read_ours},
	{"client_secret_expires_at", read_ours},
	{"registration_access_token", read_ours},
	{"registration_client_uri", read_ours},
	{"application_type", read_application_type},
	{"client_name", read_name},
	{"token_endpoint_auth_method", read_auth},
	{"grant_types", read_grants},
	{"response_types", read_responses},
	{"redirect_uris", read_redirect_uris},
	{"post_logout_redirect_uris", read_logout_uris},
	{"client_uri", read_uri},
	{"logo_uri", read_logo_uri},
	{"policy_uri", read_policy_uri},
	{"tos_uri", read_tos_uri},
	{"scope", read_scope},
	{"id_token_signed_response_alg", read_alg},
	{"require_pushed_authorization_requests", read_par},
	{"subject_type", read_subject_type},
	{"jwks", read_jwks},
	{"jwks_uri", read_ignored_page},
	{"sector_identifier_uri", read_ignored_page},
	{"initiate_login_uri", read_ignored_page},
	{"backchannel_logout_uri", read_ignored_page},
	{"frontchannel_logout_uri", read_ignored_page},
};

/* --- all together --- */

/* RFC 7591 2.1: what stands there alone decides the other; two that contradict each other can't be. */
static int agree(struct reading *in)
{
	struct client_app *app = &in->out.app;
	if (!in->names_grants)
		app->grant_types = CLIENT_GRANT_CODE & in->policy->grant_types;
	bool code = app->grant_types & CLIENT_GRANT_CODE;
	if (!in->names_responses)
		in->response_types = code ? RESPONSE_CODE : 0;
	if (code != ((in->response_types & RESPONSE_CODE) != 0))
		return unfit(in, "response_types", "and grant_types contradict each other.");
	if (app->grant_types == 0)
		return unfit(in, "grant_types", "is empty.");
	if (app->grant_types == CLIENT_GRANT_REFRESH)
		return unfit(in, "grant_types", "has nothing that gives a first refresh token.");
	/* RFC 7591 5, RFC 6749 4.4: who can keep no secret stands for nobody. */
	if ((app->grant_types & CLIENT_GRANT_SELF) && in->out.auth == CLIENT_AUTH_NONE)
		return unfit(in, "grant_types", "has client_credentials, which needs authentication.");
	if (code && app->redirect_uris.n == 0) /* RFC 7591 2: required of whoever is redirected to */
		return refuse(in, E_INVALID_REDIRECT_URI, "redirect_uris", "is missing.");
	return 0;
}

int registration_parse(const struct json *document, const struct registration_policy *policy, bool update,
		       struct arena *arena, struct registration *ret_registration, char ret_why[REGISTRATION_WHY_MAX])
{
	struct reading in = {.document = document, .policy = policy, .arena = arena, .why = ret_why, .update = update};
	in.out.auth = CLIENT_AUTH_BASIC; /* RFC 7591 2 */
	in.out.scopes = policy->scopes;
	for (size_t i = 0; i < COUNT(members); i++)
		if (json_has_value(document, members[i].name))
			TRY(members[i].read(&in, members[i].name));
	TRY(agree(&in));
	in.out.app.registered = true;
	*ret_registration = in.out;
	return 0;
}

static void emit_bits(struct json_out *out, const char *name, const struct choice *choices, size_t n, unsigned bits)
{
	json_open(out, name, '[');
	for (size_t i = 0; i < n; i++)
		if (choices[i].value & bits)
			json_str(out, NULL, str_of(choices[i].name));
	json_close(out, ']');
}

static void emit_choice(struct json_out *out, const char *name, const struct choice *choices, size_t n, unsigned value)
{
	for (size_t i = 0; i < n; i++)
		if (choices[i].value == value)
			json_str(out, name, str_of(choices[i].name));
}

static void emit_set(struct json_out *out, const char *name, struct str value)
{
	if (value.len > 0)
		json_str(out, name, value);
}

/* The scopes it may ask for; one that several APIs have stands there once. */
static int emit_scope(const struct client *client, struct arena *arena, struct json_out *out)
{
	struct str_list scopes = {arena_array(arena, client->n_grants + 1, sizeof(struct str)), 0};
	struct str text;
	if (!scopes.v)
		return E_NOMEM;
	for (size_t i = 0; i < client->n_grants; i++)
		if (!str_list_has(scopes, client->grants[i].scope))
			scopes.v[scopes.n++] = client->grants[i].scope;
	TRY(scope_sort(scopes, arena, &text)); /* as the store gives them back: told the same each time */
	json_str(out, "scope", text);
	return 0;
}

int registration_emit(const struct client *client, struct arena *arena, struct json_out *out)
{
	const struct client_app *app = &client->app;
	bool code = app->grant_types & CLIENT_GRANT_CODE;
	json_str(out, "client_id", client->id);
	json_int(out, "client_id_issued_at", client->created_s);
	emit_set(out, "client_name", client->name);
	emit_choice(out, "token_endpoint_auth_method", auth_methods, COUNT(auth_methods), client->auth);
	emit_choice(out, "application_type", application_types, COUNT(application_types), app->native);
	emit_bits(out, "grant_types", grant_types, COUNT(grant_types), app->grant_types);
	emit_bits(out, "response_types", response_types, COUNT(response_types), code ? RESPONSE_CODE : 0);
	json_strs(out, "redirect_uris", app->redirect_uris);
	if (app->logout_uris.n > 0)
		json_strs(out, "post_logout_redirect_uris", app->logout_uris);
	emit_set(out, "client_uri", app->uri);
	emit_set(out, "logo_uri", app->logo_uri);
	emit_set(out, "policy_uri", app->policy_uri);
	emit_set(out, "tos_uri", app->tos_uri);
	json_str(out, "id_token_signed_response_alg", app->id_token_alg.len > 0 ? app->id_token_alg : STR("RS256"));
	json_bool(out, "require_pushed_authorization_requests", app->par_required);
	json_str(out, "subject_type", STR("public"));
	return emit_scope(client, arena, out);
}
