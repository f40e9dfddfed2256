/*
 * Demo objects; see demo.h. A secret can be read only once, so demo.env is the only place that has it: where a crash
 * (or a person) lost it, the client is found by its name and gets one more secret.
 */
#include "cli/demo.h"

#include <netinet/in.h>
#include <stdio.h>

#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/demo_series.h"
#include "cli/files.h"
#include "cli/print.h"

#define AUDIENCE "https://api.example.com/measurements"
#define EMAIL    "demo@example.com"

enum { ENV_TEXT_MAX = 16384, PATH_ROOM = 4096, VALUE_MAX = 256, AFTER_MAX = 80, PORT_DEFAULT = 8080 };

struct demo_client {
	const char *name, *account; /* account: "" for a service client */
	const char *id_variable, *secret_variable;
	const char *scope;
};

static const struct demo_client clients[] = {
	{"Demo service", "", "SERVICE_CLIENT_ID", "SERVICE_CLIENT_SECRET", "measurements:read measurements:write"},
	{"Demo credential", EMAIL, "ACCOUNT_CLIENT_ID", "ACCOUNT_CLIENT_SECRET",
		"openid profile email roles api measurements:read measurements:write"},
};

enum { N_CLIENTS = sizeof(clients) / sizeof(clients[0]) };

struct pair {
	char id[VALUE_MAX], secret[VALUE_MAX];
};

/*
 * The value of NAME=value in the file's text; false when there is none or it is too long. Quotes are those of
 * print_shell_word; ids and secrets hold none.
 */
static bool find_variable(struct str text, const char *name, char ret_value[VALUE_MAX])
{
	struct str line, head, value;
	for (bool more = text.len > 0; more;) {
		more = str_cut(text, '\n', &line, &text);
		if (!more)
			line = text;
		if (!str_cut(line, '=', &head, &value) || !str_eq(head, str_of(name)))
			continue;
		if (value.len >= 2 && value.p[0] == '\'' && value.p[value.len - 1] == '\'')
			value = (struct str){value.p + 1, value.len - 2};
		if (value.len == 0 || value.len >= VALUE_MAX)
			return false;
		memcpy(ret_value, value.p, value.len);
		ret_value[value.len] = '\0';
		return true;
	}
	return false;
}

static void put_variable(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, "%s=", name);
	print_shell_word(out, value);
	buf_put_char(out, '\n');
}

/* Run op; E_EXISTS is as good as done. */
static int make(struct transport *transport, const char *op, const char *args)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	const struct json *result;
	int rc = ask(transport, op, str_of(args), &doc, &result);
	return rc == E_EXISTS ? 0 : rc;
}

static int make_api(struct transport *transport)
{
	return make(transport, "api.create",
		"{\"audience\":\"" AUDIENCE "\",\"name\":\"Demo measurements\",\"scopes\":["
		"{\"name\":\"measurements:read\",\"description\":\"Read measurements\"},"
		"{\"name\":\"measurements:write\",\"description\":\"Send measurements\"},"
		"{\"name\":\"api\",\"description\":\"Use the API as its SDK does\"}]}");
}

static int make_account(struct transport *transport)
{
	return make(transport, "account.create",
		"{\"email\":\"" EMAIL "\",\"email_verified\":true,\"name\":\"Demo person\",\"roles\":[\"developer\"]}");
}

static bool exists(struct transport *transport, const char *id)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	const struct json *result;
	char args[VALUE_MAX + 32];
	snprintf(args, sizeof(args), "{\"client_id\":\"%.*s\"}", VALUE_MAX - 1, id);
	return ask(transport, "client.get", str_of(args), &doc, &result) == 0;
}

static bool copy(struct str value, char *ret_text, size_t size)
{
	if (value.len >= size)
		return false;
	memcpy(ret_text, value.p, value.len);
	ret_text[value.len] = '\0';
	return true;
}

/* The client of this name in one page. */
static bool find_in_page(const struct json *page, const struct demo_client *client, char ret_id[VALUE_MAX])
{
	const struct json *array, *object;
	struct str name, kind, id;
	if (json_get_array(page, "clients", &array) < 0)
		return false;
	for (size_t i = 0; i < json_array_len(array); i++) {
		if (json_at_object(array, i, &object) < 0 || json_get_str(object, "client_name", &name) < 0 ||
		    json_get_str(object, "kind", &kind) < 0 || json_get_str(object, "client_id", &id) < 0)
			continue;
		if (str_eq(name, str_of(client->name)) &&
		    str_eq(kind, client->account[0] ? STR("account") : STR("service")))
			return copy(id, ret_id, VALUE_MAX);
	}
	return false;
}

/* E_ABSENT when no client has the name. */
static int find_client(struct transport *transport, const struct demo_client *client, char ret_id[VALUE_MAX])
{
	char after[AFTER_MAX] = "";
	for (;;) {
		_cleanup_(json_freep) struct json *doc = NULL;
		const struct json *page;
		struct str next;
		char args[AFTER_MAX + 32];
		snprintf(args, sizeof(args), "{\"after\":\"%s\"}", after);
		TRY(ask(transport, "client.list", str_of(args), &doc, &page));
		if (find_in_page(page, client, ret_id))
			return 0;
		if (json_get_str(page, "next", &next) < 0 || !copy(next, after, sizeof(after)))
			return E_ABSENT;
	}
}

static void put_create(const struct demo_client *client, size_t size, char *ret_args)
{
	bool credential = client->account[0] != '\0';
	snprintf(ret_args, size,
		 "{\"client_name\":\"%s\",\"scope\":\"%s\",\"audiences\":[\"" AUDIENCE "\"],"
		 "\"label\":\"demo.env\"%s%s%s}",
		 client->name, client->scope, credential ? ",\"account\":\"" : "", client->account,
		 credential ? "\"" : "");
}

/* Create the client, or give the present one a secret. */
static int make_client(struct transport *transport, const struct demo_client *client, struct pair *ret_pair)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	const struct json *result;
	struct str id, secret;
	char args[1024], found[VALUE_MAX];
	int rc = find_client(transport, client, found);
	if (rc < 0 && rc != E_ABSENT)
		return rc;
	if (rc == 0)
		snprintf(args, sizeof(args), "{\"client_id\":\"%s\",\"label\":\"demo.env\"}", found);
	else
		put_create(client, sizeof(args), args);
	TRY(ask(transport, rc == 0 ? "secret.add" : "client.create", str_of(args), &doc, &result));
	TRY(json_get_str(result, "client_id", &id));
	TRY(json_get_str(result, "client_secret", &secret));
	return copy(id, ret_pair->id, VALUE_MAX) && copy(secret, ret_pair->secret, VALUE_MAX) ? 0 : E_LIMIT;
}

static int make_clients(struct transport *transport, struct str old, struct pair pairs[N_CLIENTS])
{
	for (size_t i = 0; i < N_CLIENTS; i++) {
		bool kept = find_variable(old, clients[i].id_variable, pairs[i].id) &&
			    find_variable(old, clients[i].secret_variable, pairs[i].secret) &&
			    exists(transport, pairs[i].id);
		if (!kept)
			TRY(make_client(transport, &clients[i], &pairs[i]));
	}
	return 0;
}

/* The port that was asked for, else what the file says, else the default one. */
static void put_url(const char *name, unsigned port, struct str old, unsigned default_port, struct buf *out)
{
	char url[VALUE_MAX];
	if (port != 0 || !find_variable(old, name, url))
		snprintf(url, sizeof(url), "http://127.0.0.1:%u", port != 0 ? port : default_port);
	put_variable(out, name, str_of(url));
}

/* Where the server listens first; 0: on no port. */
static unsigned server_port(const struct config *config)
{
	for (size_t i = 0; i < config->listen.n; i++) {
		const struct sockaddr_storage *addr = &config->endpoints[i].addr;
		if (addr->ss_family == AF_INET)
			return ntohs(((const struct sockaddr_in *)addr)->sin_port);
		if (addr->ss_family == AF_INET6)
			return ntohs(((const struct sockaddr_in6 *)addr)->sin6_port);
	}
	return 0;
}

/* Two ports beside the server's. */
static void put_series(const struct transport *transport, const struct demo_options *options, struct str old,
		       struct buf *out)
{
	unsigned port = server_port(transport->config);
	unsigned first = port == 0 ? PORT_DEFAULT + 1 : port <= 65533 ? port + 1 : port - 2;
	put_url("SERIES_URL", options->series_port, old, first, out);
	put_url("GATE_URL", options->gate_port, old, first + 1, out);
	put_variable(out, "SERIES_ALLOWED", str_of(demo_series_allowed));
	put_variable(out, "SERIES_DENIED", str_of(demo_series_denied));
}

static void put_env(const struct transport *transport, const struct pair pairs[N_CLIENTS], struct buf *out)
{
	buf_put(out, STR("# Made by `mintmark init --demo`; to be read by a shell. Holds secrets.\n"));
	put_variable(out, "ISSUER", transport->config->issuer);
	for (size_t i = 0; i < N_CLIENTS; i++) {
		put_variable(out, clients[i].id_variable, str_of(pairs[i].id));
		put_variable(out, clients[i].secret_variable, str_of(pairs[i].secret));
	}
	put_variable(out, "API_AUDIENCE", STR(AUDIENCE));
}

/* A demo.env without SERIES_URL is new, or of a version that knew no series. */
static bool lacks_series(struct str old)
{
	char url[VALUE_MAX];
	return !find_variable(old, "SERIES_URL", url);
}

static int make_objects(struct transport *transport, struct str old, struct pair pairs[N_CLIENTS])
{
	bool complete = lacks_series(old);
	TRY(make_api(transport));
	if (complete)
		TRY(demo_series_complete_api(transport, AUDIENCE));
	TRY(make_account(transport));
	TRY(make_clients(transport, old, pairs));
	return complete ? demo_series_complete_client(transport, AUDIENCE, pairs[0].id) : 0;
}

static int make_all(struct transport *transport, const struct demo_options *options, const char *path)
{
	_cleanup_(buf_done) struct buf old, new;
	struct pair pairs[N_CLIENTS];
	buf_init(&old, ENV_TEXT_MAX);
	buf_init(&new, ENV_TEXT_MAX);
	int rc = files_read(path, &old);
	if (rc < 0 && rc != E_ABSENT)
		return rc;
	rc = make_objects(transport, buf_str(&old), pairs);
	if (rc == 0) {
		put_env(transport, pairs, &new);
		put_series(transport, options, buf_str(&old), &new);
		rc = buf_status(&new);
	}
	explicit_bzero(pairs, sizeof(pairs));
	if (rc == 0 && !str_eq(buf_str(&old), buf_str(&new)))
		rc = files_write(path, 0600, buf_str(&new));
	return rc;
}

int demo_make(struct transport *transport, const struct demo_options *options)
{
	char path[PATH_ROOM];
	int rc = files_join(options->dir, "demo.env", sizeof(path), path);
	if (rc == 0)
		rc = make_all(transport, options, path);
	return rc < 0 ? args_fail_code(rc, "the demo objects can not be made") : EXIT_OK;
}
