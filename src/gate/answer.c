/* Wording of answers; see answer.h. RFC 6750 3 and 3.1, RFC 9728 5.1, RFC 9110 10.2.3. */
#include "gate/answer.h"

#include "json/json.h"

static void put_common(struct daemon_task *task)
{
	buf_put(&task->headers, STR("Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Request-Id: "));
	buf_put(&task->headers, str_of(task->request_id));
	buf_put(&task->headers, STR("\r\n"));
}

/* A claim may hold any character, a header field may not: a line break in one would be a header of the caller's. */
static void put_value(struct buf *out, struct str value, bool blanks)
{
	static const char hex[] = "0123456789ABCDEF";
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.p[i];
		if ((c > 0x20 && c < 0x7f && c != '%') || (c == ' ' && blanks)) {
			buf_put_char(out, (char)c);
			continue;
		}
		buf_put_char(out, '%');
		buf_put_char(out, hex[c >> 4]);
		buf_put_char(out, hex[c & 15]);
	}
}

static void put_identity(struct buf *headers, const char *name, struct str value, bool blanks)
{
	buf_put(headers, STR("X-Mintmark-"));
	buf_put(headers, str_of(name));
	buf_put(headers, STR(": "));
	put_value(headers, value, blanks);
	buf_put(headers, STR("\r\n"));
}

/* All of them, whatever there is to say: a proxy overwrites with them what the caller sent. */
static void put_identities(struct buf *headers, mintmark_token *token, struct str operation)
{
	char expires[24] = "";
	struct buf text;
	buf_init_fixed(&text, expires, sizeof(expires));
	if (token && mintmark_token_expiry(token) >= 0)
		buf_put_i64(&text, mintmark_token_expiry(token));
	put_identity(headers, "Subject", str_of(token ? mintmark_token_subject(token) : NULL), false);
	put_identity(headers, "Client-Id", str_of(token ? mintmark_token_client_id(token) : NULL), false);
	put_identity(headers, "Scope", str_of(token ? mintmark_token_scopes(token) : NULL), true);
	put_identity(headers, "Expires", buf_str(&text), false);
	put_identity(headers, "Operation", operation, false);
}

void answer_allow(struct daemon_task *task, const struct openapi_operation *operation, mintmark_token *token)
{
	task->status = 200;
	put_common(task);
	put_identities(&task->headers, token, operation->id);
}

void answer_nobody(struct daemon_task *task) { put_identities(&task->headers, NULL, (struct str){"", 0}); }

static void put_param(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, ", %s=\"", name);
	buf_put(out, value);
	buf_put_char(out, '"');
}

static void put_scopes(struct buf *out, struct str_list scopes)
{
	for (size_t i = 0; i < scopes.n; i++) {
		if (i > 0)
			buf_put_char(out, ' ');
		buf_put(out, scopes.v[i]);
	}
}

/* RFC 6750 3: error_description is of %x20-21 / %x23-5B / %x5D-7E. */
static bool is_quotable(const char *text)
{
	for (; *text; text++)
		if (*text < 0x20 || *text > 0x7e || *text == '"' || *text == '\\')
			return false;
	return true;
}

static struct str text_of(const struct refusal *refusal)
{
	bool own = refusal->text && is_quotable(refusal->text);
	return str_of(own ? refusal->text : err_row(refusal->code)->text);
}

/* RFC 6750 3: one challenge, each parameter once. */
static void put_challenge(struct buf *headers, const struct answer_texts *texts, const struct refusal *refusal)
{
	buf_put(headers, STR("WWW-Authenticate: Bearer realm=\""));
	buf_put(headers, texts->realm);
	buf_put_char(headers, '"');
	if (refusal->code != E_TOKEN_MISSING) { /* RFC 6750 3.1: no error code for who presented no token */
		put_param(headers, "error", str_of(err_row(refusal->code)->wire));
		put_param(headers, "error_description", text_of(refusal));
	}
	if (refusal->scopes.n > 0) { /* RFC 6750 3.1: the scope that is necessary */
		buf_put(headers, STR(", scope=\""));
		put_scopes(headers, refusal->scopes);
		buf_put_char(headers, '"');
	}
	if (texts->metadata_url.len > 0)
		put_param(headers, "resource_metadata", texts->metadata_url);
	buf_put(headers, STR("\r\n"));
}

static void put_body(struct daemon_task *task, const struct refusal *refusal)
{
	struct json_out out;
	char scopes_mem[4096];
	struct buf scopes;
	buf_init_fixed(&scopes, scopes_mem, sizeof(scopes_mem));
	put_scopes(&scopes, refusal->scopes);
	json_out_init(&out, &task->body);
	json_open(&out, NULL, '{');
	json_str(&out, "error", str_of(err_row(refusal->code)->wire));
	json_str(&out, "error_description", text_of(refusal));
	if (scopes.len > 0 && buf_status(&scopes) == 0)
		json_str(&out, "scope", buf_str(&scopes));
	json_str(&out, "request_id", str_of(task->request_id));
	json_close(&out, '}');
}

static bool is_about_tokens(int code)
{
	return code == E_INVALID_TOKEN || code == E_INSUFFICIENT_SCOPE || code == E_TOKEN_MISSING ||
	       code == E_INVALID_REQUEST;
}

void answer_refuse(struct daemon_task *task, const struct answer_texts *texts, const struct refusal *refusal)
{
	const struct err_row *row = err_row(refusal->code);
	buf_reset(&task->headers);
	buf_reset(&task->body);
	task->status = row->status;
	task->code = refusal->code;
	put_common(task);
	buf_put(&task->headers, STR("Content-Type: application/json\r\nX-Mintmark-Error: "));
	buf_put(&task->headers, str_of(row->wire));
	buf_put(&task->headers, STR("\r\n"));
	if (row->status == 503) /* RFC 9110 10.2.3 */
		buf_put(&task->headers, STR("Retry-After: 1\r\n"));
	if (is_about_tokens(refusal->code)) /* RFC 6750 3: 401 always has a challenge */
		put_challenge(&task->headers, texts, refusal);
	put_body(task, refusal);
}
