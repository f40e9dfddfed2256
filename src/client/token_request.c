/* Asking for a token; see token_request.h. RFC 6749 2.3.1, 3.2, 5. Must never log or report what it sends. */
#include "client/token_request.h"

#include <inttypes.h>

#include "base/enc.h"
#include "base/fault.h"
#include "http/http_out.h"
#include "json/json.h"

enum { BASIC_MAX = 32768, ERROR_ROOM = 64 };

void token_request_put(struct buf *form, const char *name, struct str value)
{
	if (value.len == 0)
		return;
	if (form->len > 0)
		buf_put_char(form, '&');
	buf_put(form, str_of(name));
	buf_put_char(form, '=');
	enc_url(form, value);
}

/* RFC 6749 2.3.1: id and secret are form-encoded before Basic. */
static void put_basic(const struct token_request *request, struct buf *out)
{
	_cleanup_(buf_done) struct buf pair;
	buf_init(&pair, BASIC_MAX);
	enc_url(&pair, request->id);
	buf_put_char(&pair, ':');
	enc_url(&pair, request->secret);
	buf_put(out, STR("Authorization: Basic "));
	if (buf_status(&pair) < 0)
		out->status = buf_status(&pair);
	enc_b64(out, buf_str(&pair));
}

int token_request_network(struct trouble *trouble, int rc, struct str url, const char *why,
			  const struct settings *settings)
{
	static const struct {
		int rc, code;
		const char *text;
	} rows[] = {
		{E_SYNTAX, MINTMARK_ERROR_ARGUMENT, "is no URL that can be used"},
		{E_INVALID_REQUEST, MINTMARK_ERROR_REFUSED,
		 "may not be asked: https is needed (plain http only on this machine), and no private address that "
		 "metadata alone name"},
		{E_LIMIT, MINTMARK_ERROR_LIMIT, "sends a larger answer than any token needs. Is it the right address"},
		{E_TIMEOUT, MINTMARK_ERROR_TIMEOUT, "does not answer in time. Try again, or allow more time"},
		{E_NOMEM, MINTMARK_ERROR_MEMORY, "can not be asked: there is no memory"},
	};
	if (settings->cancel && atomic_load(settings->cancel))
		return trouble_set(trouble, MINTMARK_ERROR_CANCELLED, "The call was cancelled.");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].rc == rc) {
			trouble_set(trouble, rows[i].code, "%.*s %s%s", STR_ARG(url), rows[i].text,
				    rc == E_LIMIT ? "?" : ".");
			trouble->is_passing = rc == E_TIMEOUT;
			return rows[i].code;
		}
	return trouble_set_passing(trouble, MINTMARK_ERROR_NETWORK,
				   "%.*s can not be reached, or is not trusted%s%s. Does it run, and are the address "
				   "and this machine's clock right?", STR_ARG(url), why[0] ? ": " : "", why);
}

/* What an error of RFC 6749 5.2 (and 8707 2, 8628 3.5) asks the caller to do. */
static int explain_error(const struct token_request *request, struct str error, struct str text,
			 struct trouble *trouble)
{
	static const struct {
		int error, code;
		const char *advice;
	} rows[] = {
		{E_INVALID_CLIENT, MINTMARK_ERROR_CREDENTIALS, "Check the client's id and secret."},
		{E_UNAUTHORIZED_CLIENT, MINTMARK_ERROR_CREDENTIALS, "The client may not use this grant."},
		{E_INVALID_GRANT, MINTMARK_ERROR_LOGIN, "Log in again."},
		{E_INVALID_SCOPE, MINTMARK_ERROR_SCOPE, "Ask for other scopes, or let the client have these."},
		{E_INVALID_TARGET, MINTMARK_ERROR_SCOPE, "Ask for another audience, or let the client have this one."},
		{E_ACCESS_DENIED, MINTMARK_ERROR_LOGIN, "The person said no."},
		{E_EXPIRED_TOKEN, MINTMARK_ERROR_LOGIN, "Nobody confirmed in time. Log in again."},
	};
	struct str endpoint = request->endpoint;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (str_eq(error, str_of(err_row(rows[i].error)->wire)))
			return trouble_set(trouble, rows[i].code, "%.*s answers %.*s%s%.*s %s", STR_ARG(endpoint),
					   STR_ARG(error), text.len > 0 ? ": " : ".", STR_ARG(text), rows[i].advice);
	return trouble_set(trouble, MINTMARK_ERROR_STATUS, "%.*s answers %.*s%s%.*s", STR_ARG(endpoint), STR_ARG(error),
			   text.len > 0 ? ": " : ".", STR_ARG(text));
}

static void keep_error(struct str error, char ret_error[ERROR_ROOM])
{
	size_t len = error.len < ERROR_ROOM - 1 ? error.len : ERROR_ROOM - 1;
	memcpy(ret_error, error.p, len);
	ret_error[len] = '\0';
}

/* Any status but 200. */
static int explain(const struct token_request *request, const struct http_out_answer *answer, struct str text,
		   char ret_error[ERROR_ROOM], struct trouble *trouble)
{
	_cleanup_(json_freep) struct json *document = NULL;
	struct str error, why = {0};
	int status = answer->status;
	if (status >= 300 && status < 400) /* the secret goes to nobody that an answer names */
		return trouble_set(
			trouble, MINTMARK_ERROR_STATUS,
			"%.*s redirects (status %d), which is never followed with credentials. Name the right address.",
			STR_ARG(request->endpoint), status);
	if (status == 429 || status >= 500) {
		int code = status == 429 || status == 503 ? MINTMARK_ERROR_BUSY : MINTMARK_ERROR_STATUS;
		trouble_set_passing(trouble, code,
				    "%.*s answers with status %d: it can not serve now. Try again later.",
				    STR_ARG(request->endpoint), status);
		trouble->retry_after_s = answer->retry_after_s > 0 ? answer->retry_after_s : 0;
		return code;
	}
	if (json_parse_object(text, &document) < 0 || json_get_str(document, "error", &error) < 0)
		return trouble_set(trouble, MINTMARK_ERROR_STATUS,
				   "%.*s answers with status %d and no OAuth error: is it a token endpoint, "
				   "are id and secret right?",
				   STR_ARG(request->endpoint), status);
	if (json_get_str(document, "error_description", &why) < 0)
		why = (struct str){0};
	keep_error(error, ret_error);
	return explain_error(request, error, why.len <= 256 ? why : str_mem(why.p, 256), trouble);
}

static struct http_out_limits limits_of(const struct token_request *request, char *why)
{
	const struct settings *settings = request->settings;
	return (struct http_out_limits){
		.timeout_ms = request->timeout_ms,
		.max_bytes = TOKEN_REQUEST_ANSWER_MAX,
		.allow_private = request->is_own,
		.allow_http = request->is_own,
		.http_near_only = !(settings->flags & MINTMARK_CLIENT_PLAIN_HTTP),
		.ca_file = settings->ca_file,
		.cancel = settings->cancel,
		.why = why,
	};
}

static int build(const struct token_request *request, bool in_body, struct buf *form, struct buf *basic,
		 struct trouble *trouble)
{
	buf_put(form, request->form);
	if (in_body) {
		token_request_put(form, "client_id", request->id);
		token_request_put(form, "client_secret", request->secret);
	} else {
		put_basic(request, basic);
	}
	int rc = buf_status(form) < 0 ? buf_status(form) : buf_status(basic);
	return rc < 0 ? trouble_of(trouble, rc, "the token request") : MINTMARK_OK;
}

int token_request_post(const struct token_request *request, struct buf *out, char ret_error[ERROR_ROOM],
		       struct trouble *trouble)
{
	_cleanup_(buf_done) struct buf form, basic;
	char why[HTTP_OUT_WHY_MAX] = "";
	const struct http_out_limits limits = limits_of(request, why);
	struct http_out_answer answer;
	bool in_body = request->secret.len == 0 || (request->settings->flags & MINTMARK_CLIENT_POST);
	ret_error[0] = '\0';
	buf_init(&form, TOKEN_REQUEST_FORM_MAX);
	buf_init(&basic, BASIC_MAX);
	TRY(build(request, in_body, &form, &basic, trouble));
	const struct str headers[] = {STR("Content-Type: application/x-www-form-urlencoded"),
				      STR("Accept: application/json"), buf_str(&basic)};
	const struct http_out_request post = {"POST", request->endpoint, headers, in_body ? 2 : 3, buf_str(&form)};
	int rc = http_out_send(&post, &limits, out, &answer);
	if (rc < 0)
		return token_request_network(trouble, rc, request->endpoint, why, request->settings);
	return answer.status == 200 ? MINTMARK_OK : explain(request, &answer, buf_str(out), ret_error, trouble);
}

int token_request_send(const struct token_request *request, struct grant *ret_grant, char ret_error[ERROR_ROOM],
		       struct trouble *trouble)
{
	_cleanup_(buf_done) struct buf text;
	buf_init(&text, TOKEN_REQUEST_ANSWER_MAX);
	TRY(token_request_post(request, &text, ret_error, trouble));
	return grant_read_answer(buf_str(&text), request->now_s, ret_grant, trouble);
}
