/* The management API as a transport; see remote.h. Secrets come from the environment or a file, never from argv. */
#include "cli/remote.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "admin/admin.h"
#include "admin/manage_api.h"
#include "base/enc.h"
#include "base/secret.h"
#include "cli/cli.h"
#include "cli/files.h"
#include "cli/remote_request.h"
#include "http/http_out.h"

enum { DOCUMENT_MAX = 262144, FORM_MAX = 8192, HEADER_MAX = 2 * REMOTE_TOKEN_MAX };

/* Note why a call failed. Returns E_IO. */
static int fail(struct remote *remote, int status, const char *fmt, ...) printf_like(3, 4);
static int fail(struct remote *remote, int status, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vsnprintf(remote->why, sizeof(remote->why), fmt, args);
	va_end(args);
	remote->status = status;
	return E_IO;
}

static const char *text_of(int code)
{
	static const struct {
		int code;
		const char *text;
	} rows[] = {
		{E_SYNTAX, "is no URL that can be used"},
		{E_INVALID_REQUEST, "is refused: it must be https, or http on this machine (a loopback address)"},
		{E_TIMEOUT, "does not answer in time"},
		{E_LIMIT, "sends too much"},
		{E_NOT_FOUND, "has no such document"},
		{E_NOMEM, "can not be asked: there is no memory"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].code == code)
			return rows[i].text;
	return "can not be reached (or its certificate is not trusted: see --ca-file)";
}

static struct http_out_limits limits_of(const struct remote *remote)
{
	return (struct http_out_limits){.timeout_ms = remote->timeout_ms, .max_bytes = ADMIN_ANSWER_MAX,
					.allow_private = true, .allow_http = true, .http_near_only = true,
					.ca_file = remote->ca_file};
}

/* $NAME, or what stands in the file $NAME_FILE up to its last line end. */
static int read_variable(const char *name, struct buf *out)
{
	char file_name[64];
	const char *value = getenv(name);
	snprintf(file_name, sizeof(file_name), "%s_FILE", name);
	const char *path = getenv(file_name);
	bool given = value && value[0];
	if (!given && (!path || !path[0]))
		return args_fail(EXIT_USAGE, "--server needs the client's credentials: $%s or $%s is not set", name,
				 file_name);
	if (given)
		buf_put(out, str_of(value));
	if (!given && files_read(path, out) < 0)
		return args_fail(EXIT_FAILED, "%s can not be read", path);
	while (out->len > 0 && strchr("\r\n", out->p[out->len - 1]))
		out->len--;
	if (buf_status(out) < 0 || out->len == 0)
		return args_fail(EXIT_USAGE, "$%s is empty or too long", name);
	return EXIT_OK;
}

static bool copy(struct str text, char *ret_text, size_t size)
{
	if (text.len == 0 || text.len >= size || memchr(text.p, '\0', text.len))
		return false;
	memcpy(ret_text, text.p, text.len);
	ret_text[text.len] = '\0';
	return true;
}

/* RFC 8414 3.3: the issuer in the metadata is the one that was asked for, byte for byte. */
static int read_metadata(struct remote *remote, struct str text)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	struct str issuer, endpoint;
	if (json_parse_object_max(text, DOCUMENT_MAX, &doc) < 0 || json_get_str(doc, "issuer", &issuer) < 0 ||
	    json_get_str(doc, "token_endpoint", &endpoint) < 0)
		return args_fail(EXIT_FAILED, "the metadata of %s are not those of an authorization server",
				 remote->server);
	if (!str_eq(issuer, str_of(remote->server)))
		return args_fail(EXIT_FAILED, "the server calls itself %.*s: say --server exactly so",
				 STR_ARG(issuer));
	/* the secret goes there: only to the machine that was named */
	if (!copy(endpoint, remote->token_endpoint, sizeof(remote->token_endpoint)) ||
	    !http_out_same_origin(endpoint, issuer))
		return args_fail(EXIT_FAILED, "the token endpoint of %s is on another server", remote->server);
	return EXIT_OK;
}

static int discover(struct remote *remote)
{
	_cleanup_(buf_done) struct buf url, text;
	struct http_out_limits limits = limits_of(remote);
	buf_init(&url, REMOTE_URL_MAX);
	buf_init(&text, DOCUMENT_MAX);
	limits.max_bytes = DOCUMENT_MAX;
	buf_put(&url, str_trim_end(str_of(remote->server), '/'));
	buf_put(&url, STR("/.well-known/openid-configuration"));
	int rc = buf_status(&url);
	if (rc == 0)
		rc = http_out_get(buf_str(&url), &limits, &text);
	if (rc < 0)
		return args_fail(rc == E_SYNTAX || rc == E_INVALID_REQUEST ? EXIT_USAGE : EXIT_UNREACHABLE, "%s %s",
				 remote->server, text_of(rc));
	return read_metadata(remote, buf_str(&text));
}

int remote_open(struct remote *remote)
{
	struct str server = str_of(remote->server);
	buf_init(&remote->id, REMOTE_CREDENTIAL_MAX);
	buf_init(&remote->secret, REMOTE_CREDENTIAL_MAX);
	buf_init(&remote->token, REMOTE_TOKEN_MAX);
	if (!str_has_prefix(server, STR("https://")) && !str_has_prefix(server, STR("http://")))
		return args_fail(EXIT_USAGE, "--server: '%s' is no URL of a server", remote->server);
	int status = read_variable("MINTMARK_CLIENT_ID", &remote->id);
	if (status == EXIT_OK)
		status = read_variable("MINTMARK_CLIENT_SECRET", &remote->secret);
	return status == EXIT_OK ? discover(remote) : status;
}

void remote_close(struct remote *remote)
{
	buf_done(&remote->id);
	buf_done(&remote->secret);
	buf_done(&remote->token);
}

/* RFC 6749 2.3.1: id and secret are form-encoded before Basic. */
static int put_basic(const struct remote *remote, struct buf *out)
{
	_cleanup_(buf_done) struct buf pair;
	buf_init(&pair, FORM_MAX);
	enc_url(&pair, buf_str(&remote->id));
	buf_put_char(&pair, ':');
	enc_url(&pair, buf_str(&remote->secret));
	TRY(buf_status(&pair));
	buf_put(out, STR("Authorization: Basic "));
	enc_b64(out, buf_str(&pair));
	return buf_status(out);
}

static int put_token_form(const struct remote *remote, const char *scopes, struct buf *out)
{
	_cleanup_(buf_done) struct buf audience;
	buf_init(&audience, REMOTE_URL_MAX);
	manage_api_put(str_of(remote->server), &audience);
	buf_put(out, STR("grant_type=client_credentials&resource="));
	enc_url(out, buf_str(&audience));
	if (scopes[0]) {
		buf_put(out, STR("&scope="));
		enc_url(out, str_of(scopes));
	}
	return buf_status(out);
}

static int read_token(struct remote *remote, int status, struct str text)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	struct str token, error = {0}, why = {0};
	int rc = json_parse_object_max(text, DOCUMENT_MAX, &doc);
	if (rc == 0 && status == 200 && json_get_str(doc, "access_token", &token) == 0 && token.len > 0) {
		buf_reset(&remote->token);
		buf_put(&remote->token, token);
		return buf_status(&remote->token) < 0 ? fail(remote, EXIT_FAILED, "the token is too long") : 0;
	}
	if (rc == 0 && json_get_str(doc, "error", &error) == 0 && json_get_str(doc, "error_description", &why) == 0)
		return fail(remote, EXIT_FAILED, "%s gives no token (%.*s): %.*s", remote->server, STR_ARG(error),
			    STR_ARG(why));
	return fail(remote, EXIT_FAILED, "%s gives no token: status %d", remote->server, status);
}

/* scopes: "" for all that the client has. */
static int get_token(struct remote *remote, const char *scopes)
{
	_cleanup_(buf_done) struct buf basic, form, text;
	const struct http_out_limits limits = limits_of(remote);
	struct http_out_answer answer;
	buf_init(&basic, FORM_MAX);
	buf_init(&form, FORM_MAX);
	buf_init(&text, DOCUMENT_MAX);
	if (put_basic(remote, &basic) < 0 || put_token_form(remote, scopes, &form) < 0)
		return fail(remote, EXIT_FAILED, "the credentials are too long");
	const struct str headers[] = {buf_str(&basic), STR("Content-Type: application/x-www-form-urlencoded"),
				      STR("Accept: application/json")};
	const struct http_out_request request = {"POST", str_of(remote->token_endpoint), headers, 3, buf_str(&form)};
	remote->token_scopes = NULL;
	int rc = http_out_send(&request, &limits, &text, &answer);
	if (rc < 0)
		return fail(remote, EXIT_UNREACHABLE, "%s %s", remote->server, text_of(rc));
	TRY(read_token(remote, answer.status, buf_str(&text)));
	remote->token_scopes = scopes;
	return 0;
}

static int send_request(struct remote *remote, const struct management_row *row, const struct json *args,
			struct buf *text, int *ret_status)
{
	_cleanup_(buf_done) struct buf base, url, bearer, body;
	const struct http_out_limits limits = limits_of(remote);
	struct http_out_answer answer;
	buf_init(&base, REMOTE_URL_MAX);
	buf_init(&url, HTTP_OUT_URL_MAX);
	buf_init(&bearer, HEADER_MAX);
	buf_init(&body, ADMIN_REQUEST_MAX);
	manage_api_put(str_of(remote->server), &base);
	TRY(remote_request_url(row, args, buf_str(&base), &url));
	if (remote_request_has_body(row))
		TRY(remote_request_body(row, args, &body));
	buf_put(&bearer, STR("Authorization: Bearer "));
	buf_put(&bearer, buf_str(&remote->token));
	TRY(buf_status(&bearer));
	const struct str headers[] = {buf_str(&bearer), STR("Accept: application/json"),
				      STR("Prefer: return=representation"), STR("Content-Type: application/json")};
	const struct http_out_request request = {row->method, buf_str(&url), headers, body.len > 0 ? 4 : 3,
						 buf_str(&body)};
	TRY(http_out_send(&request, &limits, text, &answer));
	*ret_status = answer.status;
	return 0;
}

/* Ask with a token for what the operation needs; where it turns out to need more, with all that the client may. */
static int exchange(struct remote *remote, const struct management_row *row, const struct json *args, struct buf *text,
		    int *ret_status)
{
	if (!remote->token_scopes || (remote->token_scopes[0] && strcmp(remote->token_scopes, row->scopes) != 0))
		TRY(get_token(remote, row->scopes));
	int rc = send_request(remote, row, args, text, ret_status);
	if (rc == 0 && *ret_status == 403 && remote->token_scopes[0]) {
		TRY(get_token(remote, ""));
		buf_reset(text);
		rc = send_request(remote, row, args, text, ret_status);
	}
	if (rc == E_ABSENT)
		return fail(remote, EXIT_USAGE, "an operand is empty");
	return rc < 0 ? fail(remote, EXIT_UNREACHABLE, "%s %s", remote->server, text_of(rc)) : 0;
}

int remote_call(struct remote *remote, struct str request, struct buf *answer)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	_cleanup_(buf_done) struct buf text;
	const struct json *args = NULL;
	struct str op;
	int status = 0;
	buf_init(&text, ADMIN_ANSWER_MAX);
	if (json_parse_object(request, &doc) < 0 || json_get_str(doc, "op", &op) < 0)
		return fail(remote, EXIT_FAILED, "the request can not be sent");
	if (json_has(doc, "args"))
		TRY(json_get_object(doc, "args", &args));
	const struct management_row *row = management_find(op);
	if (!row)
		return fail(remote, EXIT_FAILED, "this command has no way over the network");
	TRY(exchange(remote, row, args, &text, &status));
	if (remote_request_answer(row, status, buf_str(&text), answer) < 0)
		return fail(remote, EXIT_FAILED, "%s answers with status %d, and not as a Mintmark server",
			    remote->server, status);
	return 0;
}
