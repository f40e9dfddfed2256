/* The route table; see route.h. */
#include "server/route.h"

#include <stdlib.h>

#include "admin/manage_api.h"
#include "base/fault.h"
#include "oauth/clientauth.h"
#include "oauth/grant.h"
#include "oauth/person.h"
#include "web/account_page.h"
#include "web/admin_list.h"
#include "web/credential.h"
#include "web/authorize_page.h"
#include "web/device_page.h"
#include "web/account_pages.h"
#include "web/invite_page.h"
#include "web/reset_page.h"
#include "web/signin_page.h"
#include "web/signup_page.h"
#include "web/logout_page.h"
#include "web/web.h"
#include "web/web_factor.h"
#include "web/web_passkey.h"
#include "web/web_totp.h"
#include "web/web_upstream.h"

/* RFC 6749 3.2. The order is pinned by a test: shape, client, grant, resource, scope; then sign; then commit; then
 * answer. */
static call_step *const token_steps[] = {
	ep_token_read,      grant_step_present, clientauth_step,  grant_step_find, grant_step_allowed,
	grant_step_check,   grant_step_mint,    grant_step_mint_id, grant_step_commit, ep_token_reply, NULL,
};
/* RFC 7009 2, RFC 7662 2: the client authenticates as above. */
static call_step *const revoke_steps[] = {
	ep_token_read, ep_revoke_present, clientauth_step, ep_revoke_commit, NULL,
};
/* Whoever holds a secret may end it: no other authentication. */
static call_step *const leaked_steps[] = {ep_token_read, ep_revoke_present, ep_leaked_end, NULL};
static call_step *const introspect_steps[] = {
	ep_token_read, ep_revoke_present, clientauth_step_secret, ep_introspect_answer, NULL,
};
/* RFC 8628 3.1: the client authenticates as at the token endpoint. */
static call_step *const device_steps[] = {ep_token_read, clientauth_step, ep_device_check, ep_device_make, NULL};
static call_step *const device_page_steps[] = {
	web_step_begin, web_step_signed_in, device_page_step, NULL,
};
/* docs/rapidata.md */
static call_step *const bridge_steps[] = {
	ep_bridge_begin, person_mint, person_mint_id, ep_bridge_commit, ep_bridge_reply, NULL,
};
static call_step *const bridge_page_steps[] = {
	web_step_begin, web_step_signed_in, device_page_bridge_step, NULL,
};
static call_step *const credential_create_steps[] = {ep_credentials_authorize, ep_credentials_create, NULL};
static call_step *const credential_list_steps[] = {ep_credentials_authorize, ep_credentials_list, NULL};
static call_step *const credential_steps[] = {ep_credentials_authorize, ep_credentials_one, NULL};
/* RFC 9126 2: the client authenticates as at the token endpoint. */
static call_step *const pushed_steps[] = {ep_token_read, clientauth_step, ep_par_push, NULL};
static call_step *const userinfo_steps[] = {ep_userinfo_answer, NULL};
static call_step *const authorize_steps[] = {web_step_begin, authorize_page_show, NULL};
static call_step *const consent_steps[] = {web_step_begin, web_step_signed_in, authorize_page_consent, NULL};
static call_step *const logout_steps[] = {web_step_begin, logout_page_show, NULL};
static call_step *const logout_confirm_steps[] = {web_step_begin, logout_page_confirm, NULL};
static call_step *const register_steps[] = {ep_register_authorize, ep_register_create, NULL};
static call_step *const registered_steps[] = {ep_register_manage, NULL};
static call_step *const feed_steps[] = {ep_feed_read, ep_feed_wait, ep_feed_mint, ep_feed_reply, NULL};
static call_step *const jwks_steps[] = {ep_metadata_jwks, NULL};
static call_step *const metadata_steps[] = {ep_metadata_document, NULL};
static call_step *const manage_steps[] = {ep_manage_find, ep_manage_authorize, ep_manage_run, NULL};
static call_step *const openapi_steps[] = {ep_manage_description, NULL};
static call_step *const healthz_steps[] = {ep_status_healthz, NULL};
static call_step *const readyz_steps[] = {ep_status_readyz, NULL};
static call_step *const metrics_steps[] = {ep_status_metrics, NULL};
static call_step *const static_steps[] = {ep_static, NULL};
/* Pages: steps of src/web. */
static call_step *const start_steps[] = {web_step_begin, web_step_start, NULL};
static call_step *const signin_steps[] = {web_step_begin, signin_page, NULL};
static call_step *const signout_steps[] = {web_step_begin, signin_page_out, NULL};
static call_step *const invite_steps[] = {web_step_begin, invite_page, NULL};
static call_step *const signup_steps[] = {web_step_begin, signup_page, NULL};
static call_step *const verify_steps[] = {web_step_begin, account_email_verify, NULL};
static call_step *const reset_steps[] = {web_step_begin, reset_page_ask, NULL};
static call_step *const reset_new_steps[] = {web_step_begin, reset_page_new, NULL};
static call_step *const password_steps[] = {web_step_begin, web_step_signed_in, account_password_page, NULL};
static call_step *const email_steps[] = {web_step_begin, web_step_fresh, account_email_page, NULL};
static call_step *const review_steps[] = {web_step_begin, web_step_fresh, account_review_page, NULL};
static call_step *const sessions_steps[] = {web_step_begin, web_step_signed_in, account_sessions_page, NULL};

/* A page that shows a form and takes it. */
#define PAGE(path, steps) {path, ROUTE_PAGES, ROUTE_GET | ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_PAGE, steps}
/* One that only shows. */
#define SHOWN(path, steps) {path, ROUTE_PAGES, ROUTE_GET, ROUTE_ISSUER_PATH | ROUTE_PAGE, steps}
#define SHOWN_ONCE(path, steps) {path, ROUTE_PAGES, ROUTE_GET, ROUTE_ISSUER_PATH | ROUTE_PAGE | ROUTE_ONCE, steps}

static call_step *const account_steps[] = {web_step_begin, web_step_signed_in, account_page, NULL};
static call_step *const apps_steps[] = {web_step_begin, web_step_signed_in, account_page_apps, NULL};
static call_step *const apps_end_steps[] = {web_step_begin, web_step_signed_in, account_page_end, NULL};
/* Administration. What changes something wants a sign-in of the last minutes. */
static call_step *const admin_home_steps[] = {web_step_begin, web_step_admin, admin_home_step, NULL};
static call_step *const admin_list_steps[] = {web_step_begin, web_step_admin, admin_list_step, NULL};
static call_step *const admin_show_steps[] = {web_step_begin, web_step_admin, admin_list_show, NULL};
static call_step *const admin_form_steps[] = {web_step_begin, web_step_admin, web_step_fresh, admin_form_step, NULL};
static call_step *const admin_import_steps[] = {web_step_begin, web_step_admin, web_step_fresh, admin_import_step,
						NULL};
static call_step *const admin_verify_steps[] = {web_step_begin, web_step_admin, admin_home_verify, NULL};
#define CREDENTIAL_STEPS(step)                                                                            \
	static call_step *const own_##step##_steps[] = {web_step_begin, web_step_signed_in,                   \
							credential_step_##step, NULL};                        \
	static call_step *const any_##step##_steps[] = {web_step_begin, web_step_admin, ANY_FRESH_##step      \
							credential_step_##step, NULL}
#define ANY_FRESH_list
#define ANY_FRESH_show
#define ANY_FRESH_made
#define ANY_FRESH_new web_step_fresh,
#define ANY_FRESH_edit web_step_fresh,
#define ANY_FRESH_change web_step_fresh,
CREDENTIAL_STEPS(list);
CREDENTIAL_STEPS(new);
CREDENTIAL_STEPS(made);
CREDENTIAL_STEPS(show);
CREDENTIAL_STEPS(edit);
CREDENTIAL_STEPS(change);

static call_step *const factor_steps[] = {web_step_begin, web_factor_step, NULL};
static call_step *const totp_steps[] = {web_step_begin, web_step_fresh, web_totp_step, NULL};
static call_step *const passkeys_steps[] = {web_step_begin, web_step_fresh, web_passkey_account, NULL};
static call_step *const passkeys_options_steps[] = {web_step_begin, web_step_fresh, web_passkey_account_options, NULL};
static call_step *const passkey_steps[] = {web_step_begin, web_passkey_signin, NULL};
static call_step *const passkey_options_steps[] = {web_step_begin, web_passkey_signin_options, NULL};
static call_step *const upstream_steps[] = {web_step_begin_hash, web_upstream_begin, NULL};
static call_step *const upstream_back_steps[] = {web_step_begin_hash, web_upstream_back, NULL};
static call_step *const upstreams_steps[] = {web_step_begin_hash, web_step_fresh, web_upstream_account, NULL};
static call_step *const totp_picture_steps[] = {web_step_begin, web_step_fresh, web_totp_picture, NULL};

static const struct route rows[] = {
	{"/oauth2/token", ROUTE_TOKEN, ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_FORM, token_steps},
	{"/connect/token", ROUTE_TOKEN, ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_FORM, token_steps},
	{"/oauth2/revoke", ROUTE_REVOKE, ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_FORM, revoke_steps},
	{"/connect/revocation", ROUTE_REVOKE, ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_FORM, revoke_steps},
	{"/oauth2/leaked", ROUTE_LEAKED, ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_FORM, leaked_steps},
	{"/oauth2/introspect", ROUTE_INTROSPECT, ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_FORM, introspect_steps},
	{"/connect/introspect", ROUTE_INTROSPECT, ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_FORM, introspect_steps},
	{"/oauth2/device_authorization", ROUTE_DEVICE, ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_FORM, device_steps},
	{"/connect/deviceauthorization", ROUTE_DEVICE, ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_FORM, device_steps},
	{"/device", ROUTE_PAGES, ROUTE_GET | ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_PAGE, device_page_steps},
	{"/oauth2/par", ROUTE_PUSHED, ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_FORM, pushed_steps},
	{"/connect/par", ROUTE_PUSHED, ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_FORM, pushed_steps},
	{"/oauth2/userinfo", ROUTE_USERINFO, ROUTE_GET | ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_FORM, userinfo_steps},
	{"/connect/userinfo", ROUTE_USERINFO, ROUTE_GET | ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_FORM, userinfo_steps},
	{"/oauth2/authorize", ROUTE_AUTHORIZE, ROUTE_GET | ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_PAGE | ROUTE_ONCE,
	 authorize_steps},
	{"/connect/authorize", ROUTE_AUTHORIZE, ROUTE_GET | ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_PAGE | ROUTE_ONCE,
	 authorize_steps},
	{"/consent", ROUTE_PAGES, ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_PAGE, consent_steps},
	{"/oauth2/logout", ROUTE_LOGOUT, ROUTE_GET | ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_PAGE, logout_steps},
	{"/connect/logout", ROUTE_LOGOUT, ROUTE_GET | ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_PAGE, logout_steps},
	{"/logout", ROUTE_PAGES, ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_PAGE, logout_confirm_steps},
	{"/oauth2/register", ROUTE_REGISTER, ROUTE_POST, ROUTE_ISSUER_PATH, register_steps},
	{"/connect/register", ROUTE_REGISTER, ROUTE_POST, ROUTE_ISSUER_PATH, register_steps},
	{"/client/register", ROUTE_REGISTER, ROUTE_POST, ROUTE_ISSUER_PATH, register_steps},
	{"/oauth2/register/", ROUTE_REGISTER, 0, ROUTE_ISSUER_PATH | ROUTE_BELOW, registered_steps},
	{"/identity/bridge-token", ROUTE_BRIDGE, ROUTE_GET | ROUTE_POST,
	 ROUTE_ISSUER_PATH | ROUTE_COMPAT | ROUTE_ONCE, bridge_steps},
	{"/connect/authorize/external", ROUTE_PAGES, ROUTE_GET | ROUTE_POST,
	 ROUTE_ISSUER_PATH | ROUTE_PAGE | ROUTE_COMPAT, bridge_page_steps},
	{"/client", ROUTE_CREDENTIALS, ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_COMPAT, credential_create_steps},
	{"/Client", ROUTE_CREDENTIALS, ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_COMPAT, credential_create_steps},
	{"/clients", ROUTE_CREDENTIALS, ROUTE_GET, ROUTE_ISSUER_PATH | ROUTE_COMPAT, credential_list_steps},
	{"/client/", ROUTE_CREDENTIALS, 0, ROUTE_ISSUER_PATH | ROUTE_BELOW | ROUTE_COMPAT, credential_steps},
	{"/Client/", ROUTE_CREDENTIALS, 0, ROUTE_ISSUER_PATH | ROUTE_BELOW | ROUTE_COMPAT, credential_steps},
	{"/revocations", ROUTE_FEED, ROUTE_GET, ROUTE_ISSUER_PATH | ROUTE_PUBLIC, feed_steps},
	{"/.well-known/jwks.json", ROUTE_JWKS, ROUTE_GET, ROUTE_ISSUER_PATH | ROUTE_PUBLIC, jwks_steps},
	{"/.well-known/jwks", ROUTE_JWKS, ROUTE_GET, ROUTE_ISSUER_PATH | ROUTE_PUBLIC, jwks_steps},
	{"/.well-known/openid-configuration", ROUTE_METADATA, ROUTE_GET, ROUTE_ISSUER_PATH | ROUTE_PUBLIC,
	 metadata_steps},
	{"/.well-known/oauth-authorization-server", ROUTE_METADATA, ROUTE_GET, ROUTE_INSERTED | ROUTE_PUBLIC,
	 metadata_steps},
	{MANAGE_API_PATH "/", ROUTE_MANAGE, 0, ROUTE_ISSUER_PATH | ROUTE_BELOW | ROUTE_PROBLEM,
	 manage_steps},
	{"/openapi/v1.json", ROUTE_OPENAPI, ROUTE_GET, ROUTE_ISSUER_PATH | ROUTE_PUBLIC, openapi_steps},
	{"/", ROUTE_PAGES, ROUTE_GET, ROUTE_ISSUER_PATH | ROUTE_PAGE, start_steps},
	{"/signin/factor", ROUTE_PAGES, ROUTE_GET | ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_PAGE, factor_steps},
	{"/signin/passkey", ROUTE_PAGES, ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_PAGE, passkey_steps},
	{"/signin/passkey/options", ROUTE_PAGES, ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_PAGE, passkey_options_steps},
	{"/signin/upstream", ROUTE_PAGES, ROUTE_GET, ROUTE_ISSUER_PATH | ROUTE_PAGE, upstream_steps},
	SHOWN_ONCE("/signin/upstream/1", upstream_back_steps),
	SHOWN_ONCE("/signin/upstream/2", upstream_back_steps),
	SHOWN_ONCE("/signin/upstream/3", upstream_back_steps),
	{"/account/upstream", ROUTE_PAGES, ROUTE_GET | ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_PAGE, upstreams_steps},
	{"/account/passkeys", ROUTE_PAGES, ROUTE_GET | ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_PAGE, passkeys_steps},
	{"/account/passkeys/options", ROUTE_PAGES, ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_PAGE, passkeys_options_steps},
	{"/account/totp", ROUTE_PAGES, ROUTE_GET | ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_PAGE, totp_steps},
	{"/account/totp/picture", ROUTE_PAGES, ROUTE_GET, ROUTE_ISSUER_PATH | ROUTE_PAGE, totp_picture_steps},
	PAGE("/signin", signin_steps),
	{"/signout", ROUTE_PAGES, ROUTE_POST, ROUTE_ISSUER_PATH | ROUTE_PAGE, signout_steps},
	PAGE("/invite", invite_steps),
	SHOWN("/account", account_steps),
	PAGE("/account/review", review_steps),
	SHOWN("/account/apps", apps_steps),
	PAGE("/account/apps/end", apps_end_steps),
	SHOWN("/admin", admin_home_steps),
	SHOWN("/admin/clients", any_list_steps),
	PAGE("/admin/clients/new", any_new_steps),
	SHOWN_ONCE("/admin/clients/made", any_made_steps),
	SHOWN("/admin/clients/show", any_show_steps),
	PAGE("/admin/clients/edit", any_edit_steps),
	PAGE("/admin/clients/rotate", any_change_steps),
	PAGE("/admin/clients/regenerate", any_change_steps),
	PAGE("/admin/clients/revoke", any_change_steps),
	PAGE("/admin/clients/disable", any_change_steps),
	PAGE("/admin/clients/enable", any_change_steps),
	PAGE("/admin/clients/delete", any_change_steps),
	SHOWN("/admin/accounts", admin_list_steps),
	SHOWN("/admin/accounts/show", admin_show_steps),
	PAGE("/admin/accounts/invite", admin_form_steps),
	PAGE("/admin/accounts/roles", admin_form_steps),
	PAGE("/admin/accounts/reset", admin_form_steps),
	PAGE("/admin/accounts/factors", admin_form_steps),
	PAGE("/admin/accounts/disable", admin_form_steps),
	PAGE("/admin/accounts/enable", admin_form_steps),
	PAGE("/admin/accounts/delete", admin_form_steps),
	SHOWN("/admin/apis", admin_list_steps),
	SHOWN("/admin/apis/show", admin_show_steps),
	PAGE("/admin/apis/new", admin_form_steps),
	PAGE("/admin/apis/edit", admin_form_steps),
	PAGE("/admin/apis/import", admin_import_steps),
	PAGE("/admin/apis/delete", admin_form_steps),
	SHOWN("/admin/keys", admin_list_steps),
	PAGE("/admin/keys/rotate", admin_form_steps),
	SHOWN("/admin/audit", admin_list_steps),
	PAGE("/admin/audit/verify", admin_verify_steps),
	SHOWN("/tokens", own_list_steps),
	PAGE("/tokens/new", own_new_steps),
	SHOWN_ONCE("/tokens/made", own_made_steps),
	SHOWN("/tokens/show", own_show_steps),
	PAGE("/tokens/edit", own_edit_steps),
	PAGE("/tokens/rotate", own_change_steps),
	PAGE("/tokens/regenerate", own_change_steps),
	PAGE("/tokens/revoke", own_change_steps),
	PAGE("/tokens/disable", own_change_steps),
	PAGE("/tokens/enable", own_change_steps),
	PAGE("/tokens/delete", own_change_steps),
	PAGE("/signup", signup_steps),
	PAGE("/verify", verify_steps),
	PAGE("/reset", reset_steps),
	PAGE("/reset/new", reset_new_steps),
	PAGE("/account/password", password_steps),
	PAGE("/account/email", email_steps),
	PAGE("/account/sessions", sessions_steps),
	{"/static/mintmark.css", ROUTE_STATIC, ROUTE_GET, ROUTE_ISSUER_PATH, static_steps},
	{"/static/mintmark.js", ROUTE_STATIC, ROUTE_GET, ROUTE_ISSUER_PATH, static_steps},
	{"/static/favicon.svg", ROUTE_STATIC, ROUTE_GET, ROUTE_ISSUER_PATH, static_steps},
	{"/healthz", ROUTE_HEALTHZ, ROUTE_GET, 0, healthz_steps},
	{"/readyz", ROUTE_READYZ, ROUTE_GET, 0, readyz_steps},
	{"/metrics", ROUTE_METRICS, ROUTE_GET, ROUTE_OPERATOR, metrics_steps},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

const char *const route_names[ROUTE_IDS] = {
	"token", "jwks", "metadata", "healthz", "readyz", "metrics", "revoke", "introspect", "revocations", "manage",
	"openapi", "pages", "static", "register", "device", "bridge", "credentials", "authorize",
	"pushed", "userinfo", "logout", "leaked", "unknown",
};

struct routes {
	struct arena arena;
	struct str paths[ROWS];
};

int route_table_new(struct str issuer, struct routes **ret_routes)
{
	struct str prefix = str_url_path(issuer); /* RFC 8414 3.1, OpenID Connect Discovery 4 */
	struct routes *routes = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*routes));
	if (!routes)
		return E_NOMEM;
	arena_init(&routes->arena, 65536);
	for (size_t i = 0; i < ROWS; i++) {
		struct str before = rows[i].flags & ROUTE_ISSUER_PATH ? prefix : (struct str){0};
		struct str behind = rows[i].flags & ROUTE_INSERTED ? prefix : (struct str){0};
		int rc = arena_printf(&routes->arena, &routes->paths[i], "%.*s%s%.*s", STR_ARG(before), rows[i].path,
				      STR_ARG(behind));
		if (rc < 0) {
			route_table_free(routes);
			return rc;
		}
	}
	*ret_routes = routes;
	return 0;
}

void route_table_free(struct routes *routes)
{
	if (!routes)
		return;
	arena_done(&routes->arena);
	free(routes);
}

const struct route *route_find(const struct routes *routes, struct str path)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].flags & ROUTE_BELOW ? str_has_prefix(path, routes->paths[i])
						: str_eq(routes->paths[i], path))
			return &rows[i];
	return NULL;
}

const char *route_allow(const struct route *route)
{
	bool once = route->flags & ROUTE_ONCE;
	if (route->methods == (ROUTE_GET | ROUTE_POST))
		return once ? "GET, POST" : "GET, HEAD, POST";
	if (route->methods & ROUTE_POST)
		return "POST";
	return once ? "GET" : "GET, HEAD";
}

bool route_allows(const struct route *route, struct str method)
{
	if (route->flags & ROUTE_BELOW)
		return true;
	if (str_eq(method, STR("POST")))
		return route->methods & ROUTE_POST;
	if (str_eq(method, STR("HEAD")) && (route->flags & ROUTE_ONCE))
		return false;
	return (route->methods & ROUTE_GET) && (str_eq(method, STR("GET")) || str_eq(method, STR("HEAD")));
}
