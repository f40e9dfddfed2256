/* Wording of answers; see reply.h. RFC 6749 5.1 and 5.2, RFC 9110, RFC 7617 (challenge). Server process, on a loop or a
 * pool thread. */
#include "server/reply.h"

#include <stdio.h>

#include "json/json.h"
#include "oauth/authorize.h"
#include "oauth/own_token.h"
#include "oauth/person.h"
#include "server/reply_page.h"
#include "server/route.h"

static void begin_headers(struct task *task, int status, struct str media_type)
{
	buf_reset(&task->headers);
	task->status = status;
	buf_put(&task->headers, STR("Content-Type: "));
	buf_put(&task->headers, media_type);
	buf_put(&task->headers, STR("\r\nX-Content-Type-Options: nosniff\r\nX-Request-Id: "));
	buf_put(&task->headers, str_of(task->request_id));
	buf_put(&task->headers, STR("\r\n"));
}

static void begin(struct task *task, int status, struct str media_type)
{
	buf_reset(&task->body);
	begin_headers(task, status, media_type);
}

/* RFC 6749 5.1, 5.2: neither tokens nor errors are kept by anybody. */
static void put_no_store(struct buf *headers)
{
	buf_put(headers, STR("Cache-Control: no-store\r\nPragma: no-cache\r\n"));
}

/* CC-47: off at the token endpoint unless configured; public documents may be read from everywhere. */
static void put_cors(struct task *task)
{
	const struct http_request *request = task->call.request;
	const struct str_list origins = task->snapshot->config->cors.token_origins;
	struct str origin;
	if (!task->route || !request)
		return;
	if (task->route->flags & ROUTE_PUBLIC)
		buf_put(&task->headers, STR("Access-Control-Allow-Origin: *\r\n"));
	if (!(task->route->flags & ROUTE_FORM) || origins.n == 0)
		return;
	buf_put(&task->headers, STR("Vary: Origin\r\n"));
	if (http_header_one(request, STR("Origin"), &origin) < 0 || !str_list_has(origins, origin))
		return;
	buf_put(&task->headers, STR("Access-Control-Allow-Origin: "));
	buf_put(&task->headers, origin);
	buf_put(&task->headers, STR("\r\nAccess-Control-Expose-Headers: X-Request-Id, Retry-After\r\n"));
}

/* An answer that is one object, for whoever asked alone. */
static void begin_object(struct task *task, int status, struct json_out *out)
{
	begin(task, status, STR("application/json"));
	put_no_store(&task->headers);
	put_cors(task);
	json_out_init(out, &task->body);
	json_open(out, NULL, '{');
}

static void put_error_body(struct buf *body, const struct err_row *row, struct str text, struct str request_id)
{
	struct json_out out;
	json_out_init(&out, body);
	json_open(&out, NULL, '{');
	json_str(&out, "error", str_of(row->wire));
	json_str(&out, "error_description", text.len > 0 ? text : str_of(row->text));
	if (request_id.len > 0)
		json_str(&out, "request_id", request_id);
	json_close(&out, '}');
}

/* Headers that belong to a code, whoever asks. */
static void put_error_headers(struct buf *headers, const struct err_row *row, int64_t retry_after_s)
{
	if ((row->status == 503 || row->status == 429) && retry_after_s <= 0)
		retry_after_s = 1;
	if (retry_after_s > 0)
		buf_printf(headers, "Retry-After: %lld\r\n", (long long)retry_after_s);
}

/* The name of a status: RFC 9110 15. */
static const char *title_of(int status)
{
	static const struct {
		int status;
		const char *title;
	} rows[] = {
		{400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"},
		{405, "Method Not Allowed"}, {409, "Conflict"}, {413, "Content Too Large"},
		{415, "Unsupported Media Type"}, {501, "Not Implemented"}, {503, "Service Unavailable"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].status == status)
			return rows[i].title;
	return "Internal Server Error";
}

/* A reason that begins with a parameter's name belongs to that parameter. */
static void put_reasons(struct json_out *out, struct str detail)
{
	struct str name, rest;
	json_open(out, "errors", '{');
	bool named = str_cut(detail, ' ', &name, &rest) && name.len < 64 && name.p[0] >= 'a' && name.p[0] <= 'z';
	if (named) {
		char member[64];
		memcpy(member, name.p, name.len);
		member[name.len] = '\0';
		json_open(out, member, '[');
		json_str(out, NULL, rest);
		json_close(out, ']');
	}
	json_close(out, '}');
}

/* The keys of both families of APIs that this one stands beside: a problem object, and error with its description. */
static void put_problem(struct task *task, const struct err_row *row)
{
	struct json_out out;
	char code[64], instance[64];
	struct str detail = task->detail.len > 0 ? task->detail : str_of(row->text);
	snprintf(code, sizeof(code), "E_%s", row->symbol);
	snprintf(instance, sizeof(instance), "urn:mintmark:request:%s", task->request_id);
	json_out_init(&out, &task->body);
	json_open(&out, NULL, '{');
	json_str(&out, "type", STR("about:blank"));
	json_str(&out, "title", str_of(title_of(row->status)));
	json_int(&out, "status", row->status);
	json_str(&out, "detail", detail);
	json_str(&out, "instance", str_of(instance));
	put_reasons(&out, detail);
	json_str(&out, "error", str_of(row->wire));
	json_str(&out, "error_description", detail);
	json_str(&out, "message", detail);
	json_str(&out, "code", str_of(code));
	json_str(&out, "request_id", str_of(task->request_id));
	json_close(&out, '}');
}

static void put_trace(struct task *task)
{
	buf_printf(&task->headers, "X-Trace-Id: %s\r\n", task->request_id);
}

static void reply_problem(struct task *task, int code)
{
	const struct err_row *row = err_row(code);
	begin(task, row->status, STR("application/json"));
	put_no_store(&task->headers);
	put_trace(task);
	put_error_headers(&task->headers, row, task->call.retry_after_s);
	if (task->challenge.len > 0)
		buf_printf(&task->headers, "WWW-Authenticate: %.*s\r\n", STR_ARG(task->challenge));
	if (code == E_METHOD_NOT_ALLOWED)
		buf_printf(&task->headers, "Allow: %.*s\r\n", STR_ARG(buf_str(&task->allow)));
	put_problem(task, row);
}

void reply_result(struct task *task, int status, struct str location)
{
	begin_headers(task, status, STR("application/json"));
	put_no_store(&task->headers);
	put_trace(task);
	if (location.len > 0)
		buf_printf(&task->headers, "Location: %.*s\r\n", STR_ARG(location));
	if (status == 204)
		buf_reset(&task->body);
}

bool reply_is_json(struct str content_type)
{
	return str_eq_ci(str_trim_ows(str_mem(content_type.p, str_find(content_type, ';'))), STR("application/json"));
}

/* RFC 9110 15.5.6 */
static void put_allow(struct task *task, int code)
{
	struct str allow = buf_str(&task->allow);
	if (code != E_METHOD_NOT_ALLOWED || !task->route)
		return;
	if (allow.len == 0)
		allow = str_of(route_allow(task->route));
	buf_printf(&task->headers, "Allow: %.*s\r\n", STR_ARG(allow));
}

void reply_error(struct task *task, int code)
{
	const struct err_row *row = err_row(code);
	if (task->route && (task->route->flags & ROUTE_PROBLEM)) {
		reply_problem(task, code);
		return;
	}
	if (reply_page_wants(task)) {
		reply_page_error(task, code);
		return;
	}
	begin(task, row->status, STR("application/json"));
	put_no_store(&task->headers);
	put_error_headers(&task->headers, row, task->call.retry_after_s);
	if (code == E_INVALID_CLIENT) /* RFC 6749 5.2, RFC 7617 2: 401 names the scheme to use */
		buf_put(&task->headers, STR("WWW-Authenticate: Basic realm=\"mintmark\", charset=\"UTF-8\"\r\n"));
	else if (task->challenge.len > 0)
		buf_printf(&task->headers, "WWW-Authenticate: %.*s\r\n", STR_ARG(task->challenge));
	put_allow(task, code);
	put_cors(task);
	put_error_body(&task->body, row, task->detail, str_of(task->request_id));
}

void reply_refusal(int code, struct str request_id, struct buf *out_headers, struct buf *out_body, int *ret_status)
{
	const struct err_row *row = err_row(code);
	*ret_status = row->status;
	buf_put(out_headers, STR("Content-Type: application/json\r\nX-Content-Type-Options: nosniff\r\n"));
	put_no_store(out_headers);
	put_error_headers(out_headers, row, 0);
	if (request_id.len > 0) {
		buf_put(out_headers, STR("X-Request-Id: "));
		buf_put(out_headers, request_id);
		buf_put(out_headers, STR("\r\n"));
	}
	put_error_body(out_body, row, (struct str){0}, request_id);
}

/* RFC 6749 5.1, OpenID Connect Core 3.1.3.3. */
static void put_person(struct json_out *out, const struct person *person)
{
	if (person && person->refresh_text[0] != '\0')
		json_str(out, "refresh_token", str_of(person->refresh_text));
	if (person && person->id_token.len > 0)
		json_str(out, "id_token", buf_str(&person->id_token));
}

void reply_token(struct task *task)
{
	struct json_out out;
	begin_object(task, 200, &out);
	json_str(&out, "access_token", buf_str(&task->call.token));
	json_str(&out, "token_type", STR("Bearer"));
	json_int(&out, "expires_in", task->call.lifetime_s);
	put_person(&out, task->call.person);
	json_str(&out, "scope", task->call.scope); /* RFC 6749 5.1: always, so nobody has to guess what was granted */
	json_close(&out, '}');
}

static bool tag_matches(const struct http_request *request, struct str etag)
{
	struct str wanted, tag, rest;
	if (!request || http_header_one(request, STR("If-None-Match"), &wanted) < 0)
		return false;
	if (str_eq(wanted, STR("*")))
		return true;
	while (wanted.len > 0) {
		if (!str_cut(wanted, ',', &tag, &rest)) {
			tag = wanted;
			rest = (struct str){0};
		}
		tag = str_trim_ows(tag);
		if (str_has_prefix(tag, STR("W/"))) /* RFC 9110 13.1.2: weak comparison */
			tag = (struct str){tag.p + 2, tag.len - 2};
		if (str_eq(tag, etag))
			return true;
		wanted = rest;
	}
	return false;
}

void reply_document(struct task *task, const char *media_type, struct str text, struct str etag, int64_t max_age_s)
{
	bool same = etag.len > 0 && tag_matches(task->call.request, etag);
	begin(task, same ? 304 : 200, str_of(media_type));
	if (max_age_s >= 0)
		buf_printf(&task->headers, "Cache-Control: public, max-age=%lld\r\n", (long long)max_age_s);
	else
		put_no_store(&task->headers);
	if (etag.len > 0) {
		buf_put(&task->headers, STR("ETag: "));
		buf_put(&task->headers, etag);
		buf_put(&task->headers, STR("\r\n"));
	}
	put_cors(task);
	if (!same)
		buf_put(&task->body, text);
}

void reply_introspection(struct task *task, const struct own_token *token)
{
	struct json_out out;
	begin_object(task, 200, &out);
	json_bool(&out, "active", token != NULL);
	if (token) {
		json_str(&out, "scope", token->scope);
		json_str(&out, "client_id", token->client_id);
		json_str(&out, "token_type", STR("Bearer"));
		json_int(&out, "exp", token->exp_s);
		json_int(&out, "iat", token->iat_s);
		json_str(&out, "sub", token->sub);
		json_str(&out, "aud", token->audience);
		json_str(&out, "iss", task->call.policy->issuer);
		json_str(&out, "jti", token->jti);
	}
	json_close(&out, '}');
}

void reply_introspection_refresh(struct task *task, const struct refresh *refresh, const struct family *family)
{
	struct json_out out;
	begin_object(task, 200, &out);
	json_bool(&out, "active", true);
	json_str(&out, "scope", family->scope);
	json_str(&out, "client_id", family->client_id);
	json_int(&out, "exp", refresh->expires_s);
	json_int(&out, "iat", refresh->created_s);
	json_str(&out, "sub", family->account_id);
	json_str(&out, "iss", task->call.policy->issuer);
	json_close(&out, '}');
}

void reply_pushed(struct task *task, struct str text)
{
	struct json_out out;
	char mem[128];
	struct buf urn;
	buf_init_fixed(&urn, mem, sizeof(mem));
	buf_put(&urn, STR(AUTHORIZE_URN));
	buf_put(&urn, text);
	begin_object(task, 201, &out);
	json_str(&out, "request_uri", buf_str(&urn));
	json_int(&out, "expires_in", task->call.policy->pushed_s);
	json_close(&out, '}');
}

/* One role is a text, several are a list: what clients of the first family read (`role`); `roles` is always a list. */
static void put_roles(struct json_out *out, struct str_list roles)
{
	if (roles.n == 1)
		json_str(out, "role", roles.v[0]);
	if (roles.n > 1)
		json_strs(out, "role", roles);
	json_strs(out, "roles", roles);
}

void reply_userinfo(struct task *task, const struct own_token *token)
{
	const struct account *account = &token->account;
	struct json_out out;
	begin_object(task, 200, &out);
	json_str(&out, "sub", account->id); /* OpenID Connect Core 5.3.2: the id token's */
	if (str_has_word(token->scope, STR("email"))) { /* 5.4 */
		json_str(&out, "email", account->email);
		json_bool(&out, "email_verified", account->email_verified);
	}
	if (str_has_word(token->scope, STR("profile")) && account->name.len > 0)
		json_str(&out, "name", account->name);
	if (str_has_word(token->scope, STR("roles")))
		put_roles(&out, account->roles);
	json_close(&out, '}');
}

void reply_revoked(struct task *task)
{
	begin(task, 200, STR("application/json"));
	put_no_store(&task->headers);
	put_cors(task);
	buf_put(&task->body, STR("{}"));
}

bool reply_tag_matches(const struct task *task, struct str etag) { return tag_matches(task->call.request, etag); }

void reply_feed(struct task *task, struct str text, struct str etag)
{
	begin(task, text.len > 0 ? 200 : 304, STR("application/jwt"));
	buf_put(&task->headers, STR("Cache-Control: no-cache\r\nETag: "));
	buf_put(&task->headers, etag);
	buf_put(&task->headers, STR("\r\n"));
	put_cors(task);
	buf_put(&task->body, text);
}

void reply_preflight(struct task *task)
{
	begin(task, 204, STR("application/json"));
	put_cors(task);
	buf_put(&task->headers, STR("Access-Control-Allow-Methods: POST\r\n"
				    "Access-Control-Allow-Headers: Authorization, Content-Type\r\n"
				    "Access-Control-Max-Age: 600\r\n"));
}
