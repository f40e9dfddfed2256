/* Clients of the server, by the operations of admin/admin.h; see gate_live.h. */
#include "cli/gate_live.h"

#include "base/clock.h"
#include "cli/ask.h"
#include "cli/cli.h"

enum { ARGS_MAX = 4096, SCOPE_TEXT_MAX = 65536, PAGE = 100 };

/* One text (empty: none) and, above 0, a limit. */
static void put_args(struct buf *args, const char *name, struct str value, unsigned limit)
{
	struct json_out out;
	json_out_init(&out, args);
	json_open(&out, NULL, '{');
	if (value.len > 0)
		json_str(&out, name, value);
	if (limit > 0)
		json_int(&out, "limit", limit);
	json_close(&out, '}');
}

/* An operation with one text as its argument. Exit status; what fails is printed. */
static int ask_one(struct gate_live *live, const char *op, const char *name, struct str value, struct json **ret_doc,
		   const struct json **ret_result)
{
	_cleanup_(buf_done) struct buf args;
	buf_init(&args, ARGS_MAX);
	put_args(&args, name, value, PAGE);
	int rc = ask(&live->transport, op, buf_str(&args), ret_doc, ret_result);
	return rc < 0 ? args_fail_code(rc, "%s", op) : EXIT_OK;
}

static int get(struct gate_live *live, const char *op, const char *name, struct str value, struct json **ret_doc,
	       const struct json **ret_result)
{
	_cleanup_(buf_done) struct buf args;
	buf_init(&args, ARGS_MAX);
	put_args(&args, name, value, 0);
	return ask(&live->transport, op, buf_str(&args), ret_doc, ret_result);
}

int gate_live_open(struct gate_live *live, struct cli *cli, const char *audience)
{
	const struct json *result = NULL;
	live->audience = str_of(audience);
	int status = transport_choose(&live->transport, cli);
	if (status == EXIT_OK)
		status = transport_open(&live->transport, false, false);
	if (status != EXIT_OK)
		return status;
	int rc = get(live, "api.get", "api", live->audience, &live->api, &result);
	if (rc == E_ABSENT)
		return args_fail(EXIT_NOT_FOUND, "the server has no API %s", audience);
	if (rc < 0 || json_get_array(result, "scopes", &live->scopes) < 0)
		return args_fail_code(rc < 0 ? rc : E_IO, "api.get");
	return EXIT_OK;
}

void gate_live_close(struct gate_live *live)
{
	json_free(live->api);
	live->api = NULL;
	transport_close(&live->transport);
}

/* Scopes that belong to no API; a token for any may carry them (OIDC Core 5.4). offline_access never gets into one. */
static bool is_identity(struct str scope)
{
	static const char *const names[] = {"openid", "profile", "email", "roles"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq(scope, str_of(names[i])))
			return true;
	return false;
}

bool gate_live_has_scope(const struct gate_live *live, struct str scope)
{
	for (size_t i = 0; i < json_array_len(live->scopes); i++) {
		const struct json *row;
		struct str name;
		if (json_at_object(live->scopes, i, &row) == 0 && json_get_str(row, "name", &name) == 0 &&
		    str_eq(name, scope))
			return true;
	}
	return is_identity(scope);
}

/* The grant for our API; false: there is none. */
static bool find_grant(const struct gate_live *live, const struct json *client, struct buf *scope)
{
	const struct json *grants, *grant;
	struct str audience, text;
	if (json_get_array(client, "grants", &grants) < 0)
		return false;
	for (size_t i = 0; i < json_array_len(grants); i++) {
		if (json_at_object(grants, i, &grant) < 0 || json_get_str(grant, "audience", &audience) < 0 ||
		    json_get_str(grant, "scope", &text) < 0 || !str_eq(audience, live->audience))
			continue;
		buf_put(scope, text);
		return true;
	}
	return false;
}

static void add_identity(const struct json *client, struct buf *scope)
{
	struct str rest = {0}, one;
	if (json_get_str(client, "scope", &rest) < 0)
		return;
	for (bool more = true; more;) {
		more = str_cut(rest, ' ', &one, &rest);
		one = more ? one : rest;
		if (!is_identity(one))
			continue;
		buf_put_char(scope, ' ');
		buf_put(scope, one);
	}
}

static bool is_disabled(const struct json *object)
{
	bool disabled = true;
	return json_get_bool(object, "disabled", &disabled) < 0 || disabled;
}

/* Exit status; *ret_lives. */
static int check_life(struct gate_live *live, const struct json *client, bool *ret_lives)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	const struct json *account = NULL;
	struct str account_id;
	int64_t expires_s = 0;
	*ret_lives = false;
	if (is_disabled(client) || json_get_int(client, "expires_at", &expires_s) < 0 ||
	    (expires_s != 0 && expires_s <= clock_now_s(&clock_system)))
		return EXIT_OK;
	*ret_lives = true;
	if (json_get_str(client, "account_id", &account_id) < 0)
		return EXIT_OK;
	int rc = get(live, "account.get", "account", account_id, &doc, &account);
	*ret_lives = rc == 0 && !is_disabled(account);
	return rc == 0 || rc == E_ABSENT ? EXIT_OK : args_fail_code(rc, "account.get");
}

struct visit {
	void (*on_client)(void *arg, const struct gate_live_client *client);
	void *arg;
};

static int visit(struct gate_live *live, struct str id, const struct visit *visitor)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	_cleanup_(buf_done) struct buf scope;
	const struct json *result = NULL;
	struct gate_live_client client = {0};
	bool lives = false;
	buf_init(&scope, SCOPE_TEXT_MAX);
	int rc = get(live, "client.get", "client_id", id, &doc, &result);
	if (rc == E_ABSENT) /* deleted while we look */
		return EXIT_OK;
	if (rc < 0 || json_get_str(result, "client_id", &client.id) < 0 ||
	    json_get_str(result, "client_name", &client.name) < 0)
		return args_fail_code(rc < 0 ? rc : E_IO, "client.get");
	if (!find_grant(live, result, &scope))
		return EXIT_OK;
	add_identity(result, &scope);
	if (buf_status(&scope) < 0)
		return args_fail_code(buf_status(&scope), "client.get");
	int status = check_life(live, result, &lives);
	client.scope = buf_str(&scope);
	if (status == EXIT_OK && lives)
		visitor->on_client(visitor->arg, &client);
	return status;
}

/* One page; after: the last id of the page before, and of this one afterwards; empty at the end. */
static int visit_page(struct gate_live *live, struct buf *after, const struct visit *visitor)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	const struct json *result = NULL, *clients, *client;
	struct str id, next = {0};
	int status = ask_one(live, "client.list", "after", buf_str(after), &doc, &result);
	if (status == EXIT_OK && json_get_array(result, "clients", &clients) < 0)
		status = args_fail_code(E_IO, "client.list");
	for (size_t i = 0; status == EXIT_OK && i < json_array_len(clients); i++)
		if (json_at_object(clients, i, &client) == 0 && json_get_str(client, "client_id", &id) == 0)
			status = visit(live, id, visitor);
	buf_reset(after);
	if (status == EXIT_OK && json_get_str(result, "next", &next) == 0)
		buf_put(after, next);
	return status;
}

int gate_live_each(struct gate_live *live, void (*on_client)(void *arg, const struct gate_live_client *client),
		   void *arg)
{
	const struct visit visitor = {on_client, arg};
	_cleanup_(buf_done) struct buf after;
	buf_init(&after, ARGS_MAX);
	int status;
	do
		status = visit_page(live, &after, &visitor);
	while (status == EXIT_OK && after.len > 0);
	return status;
}
