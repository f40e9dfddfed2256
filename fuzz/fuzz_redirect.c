/*
 * Redirect URIs: what matches is what was registered, but for a port; and where a page lets forms go is never wider.
 * The input: a registered URI, a newline, the request's.
 */
#include "oauth/redirect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_loopback(struct str uri)
{
	return str_has_prefix(uri, STR("http://127.0.0.1")) || str_has_prefix(uri, STR("http://[::1]"));
}

static void expect(bool truth)
{
	if (!truth)
		__builtin_trap();
}

/* A native app, with a URI that may be registered. */
static void check_native(const struct client_app *app, struct str registered, struct str uri)
{
	if (!redirect_is_registered(app, uri))
		return;
	expect(str_eq(registered, uri) || (is_loopback(registered) && is_loopback(uri)));
	expect(redirect_may_register(uri, true, NULL)); /* what a request brings could have been registered itself */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str registered, uri;
	if (!str_cut(str_mem(data, size), '\n', &registered, &uri))
		return 0;
	struct client_app app = {.redirect_uris = {&registered, 1}, .logout_uris = {&registered, 1}};
	expect(redirect_is_registered(&app, uri) == str_eq(registered, uri)); /* a web app: equality */
	expect(redirect_is_logout(&app, uri) == str_eq(registered, uri));
	app.native = true;
	if (redirect_may_register(registered, true, NULL))
		check_native(&app, registered, uri);
	else
		expect(!redirect_may_register(registered, false, NULL));
	struct str origin = redirect_origin(uri);
	expect(origin.len <= uri.len && (uri.len == 0 || origin.p == uri.p));
	return 0;
}
