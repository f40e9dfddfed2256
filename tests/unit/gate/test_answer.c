/* answer.c: challenges of RFC 6750 3 and 3.1, RFC 9728 5.1; identity headers that no claim can break (ATTACKS 39). */
#include "test.h"

#include "gate/answer.h"
#include "verify/token.h"

static void begin(struct daemon_task *task)
{
	*task = (struct daemon_task){.request_id = "id"};
	buf_init(&task->headers, DAEMON_HEADERS_MAX);
	buf_init(&task->body, 65536);
}

static void end(struct daemon_task *task)
{
	buf_done(&task->headers);
	buf_done(&task->body);
}

static void expect_in(const struct buf *text, const char *what)
{
	if (!memmem(text->p, text->len, what, strlen(what)))
		fail_msg("no \"%s\" in \"%.*s\"", what, STR_ARG(buf_str(text)));
}

static void expect_not_in(const struct buf *text, const char *what)
{
	if (memmem(text->p, text->len, what, strlen(what)))
		fail_msg("\"%s\" in \"%.*s\"", what, STR_ARG(buf_str(text)));
}

/* Ledger 6750-1, 6750-2, 6750-3, 9728-5.1. */
static void refusals(void **state)
{
	static struct str two[] = {{"a:read", 6}, {"b:read", 6}};
	static const struct {
		struct refusal refusal;
		const char *metadata, *header, *body;
		int status;
	} rows[] = {
		{{E_TOKEN_MISSING, NULL, {0}},
		 "https://m", "Bearer realm=\"r\", resource_metadata=\"https://m\"\r\n", "token_missing", 401},
		{{E_TOKEN_MISSING, NULL, {0}},
		 "", "WWW-Authenticate: Bearer realm=\"r\"\r\n", "\"request_id\":\"id\"}", 401},
		{{E_INVALID_TOKEN, "It is over.", {0}},
		 "", "error=\"invalid_token\", error_description=\"It is over.\"\r\n", "\"It is over.\"", 401},
		{{E_INVALID_TOKEN, "a \"b\"\r\nX: y", {0}},
		 "", "error_description=\"The access token is", "invalid_token", 401},
		{{E_INSUFFICIENT_SCOPE, NULL, {two, 2}},
		 "https://m", ", scope=\"a:read b:read\", resource_metadata=", "\"scope\":\"a:read b:read\"", 403},
		{{E_UNAVAILABLE, NULL, {0}}, "https://m", "Retry-After: 1\r\n", "temporarily_unavailable", 503},
		{{E_UNDECLARED, NULL, {0}},
		 "https://m", "X-Mintmark-Error: undeclared_operation\r\n", "declares this", 403},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct answer_texts texts = {STR("r"), str_of(rows[i].metadata)};
		struct daemon_task task;
		begin(&task);
		buf_put(&task.headers, STR("X-Left: over\r\n"));
		answer_refuse(&task, &texts, &rows[i].refusal);
		assert_int_equal(task.status, rows[i].status);
		assert_int_equal(task.code, rows[i].refusal.code);
		expect_in(&task.headers, rows[i].header);
		expect_in(&task.body, rows[i].body);
		expect_not_in(&task.headers, "X-Left");
		expect_not_in(&task.headers, "\r\nX: y");
		if (rows[i].refusal.code == E_TOKEN_MISSING) /* RFC 6750 3.1 */
			expect_not_in(&task.headers, " error=");
		if (rows[i].refusal.code == E_UNAVAILABLE || rows[i].refusal.code == E_UNDECLARED)
			expect_not_in(&task.headers, "WWW-Authenticate");
		end(&task);
	}
}

static void identity_is_always_there(void **state)
{
	static const struct openapi_operation operation = {.id = {"x", 1}};
	struct daemon_task task;
	(void)state;
	begin(&task);
	answer_allow(&task, &operation, NULL);
	expect_in(&task.headers, "X-Mintmark-Subject: \r\nX-Mintmark-Client-Id: \r\nX-Mintmark-Scope: \r\n"
				 "X-Mintmark-Expires: \r\nX-Mintmark-Operation: x\r\n");
	assert_int_equal(task.status, 200);
	end(&task);
}

static void claims_can_not_write_headers(void **state)
{
	static const struct openapi_operation operation = {.id = {"", 0}};
	struct daemon_task task;
	mintmark_token *token = NULL;
	(void)state;
	assert_int_equal(token_new(&token), 0);
	token->claims.sub = STR("a\r\nX-Mintmark-Scope: admin\n\x01%\xc3\xa9 b");
	token->claims.client_id = STR("c\td");
	token->claims.scope = STR("s t\n");
	token->claims.exp_s = 17;
	begin(&task);
	answer_allow(&task, &operation, token);
	expect_in(&task.headers, "X-Mintmark-Subject: a%0D%0AX-Mintmark-Scope:%20admin%0A%01%25%C3%A9%20b\r\n");
	expect_in(&task.headers, "X-Mintmark-Client-Id: c%09d\r\nX-Mintmark-Scope: s t%0A\r\n");
	expect_in(&task.headers, "X-Mintmark-Expires: 17\r\n");
	end(&task);
	mintmark_token_free(token);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals),
		cmocka_unit_test(identity_is_always_there),
		cmocka_unit_test(claims_can_not_write_headers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
