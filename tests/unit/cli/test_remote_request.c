/* remote_request.c: every argument finds its place, nothing of a value escapes it; answers keep their words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/remote_request.h"

static const struct {
	const char *op, *args; /* args "": none */
	const char *url;       /* behind the base; "" is a refusal */
	const char *body;      /* NULL: none */
} rows[] = {
	{"client.get", "{\"client_id\":\"mmc_1\"}", "/clients/mmc_1", NULL},
	{"client.get", "{\"client_id\":\"a b?c#d%e\"}", "/clients/a%20b%3Fc%23d%25e", NULL},
	{"client.delete", "{\"client_id\":\"c/secrets/s\"}", "/clients/c%2Fsecrets%2Fs", NULL},
	{"account.get", "{\"account\":\"../clients/c\"}", "/accounts/..%2Fclients%2Fc", NULL},
	{"client.get", "{\"client_id\":\"\"}", "", NULL},
	{"client.get", "{}", "", NULL},
	{"client.get", "", "", NULL},
	{"client.get", "{\"client_id\":7}", "", NULL},
	{"secret.revoke", "{\"client_id\":\"c\",\"secret_id\":\"s\",\"revoke_tokens\":true}",
	 "/clients/c/secrets/s?revoke_tokens=true", NULL},
	{"api.get", "{\"api\":\"https://x.example/a b\"}", "/apis/https%3A//x.example/a%20b", NULL},
	{"account.get", "{\"account\":\"a+b@x.example\"}", "/accounts/a%2Bb%40x.example", NULL},
	{"client.list", "", "/clients?limit=500", NULL},
	{"client.list", "{\"after\":\"mmc_1\"}", "/clients?after=mmc_1", NULL},
	{"client.list", "{\"limit\":5,\"account\":\"a&b\"}", "/clients?limit=5&account=a%26b", NULL},
	{"client.create", "{\"client_name\":\"x\",\"audiences\":[\"a\"]}", "/clients",
	 "{\"client_name\":\"x\",\"audiences\":[\"a\"]}"},
	{"client.update", "{\"client_id\":\"c\",\"client_name\":\"x\"}", "/clients/c", "{\"client_name\":\"x\"}"},
	{"secret.regenerate", "{\"client_id\":\"c\"}", "/clients/c/secrets/regenerate", "{}"},
	{"key.rotate", "", "/keys/rotate", "{}"},
};

static void places_arguments(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct management_row *row = management_find(str_of(rows[i].op));
		struct json *doc = NULL;
		struct buf url, want, body;
		buf_init(&url, 2048);
		buf_init(&want, 2048);
		buf_init(&body, 2048);
		buf_printf(&want, "B%s", rows[i].url);
		assert_non_null(row);
		if (rows[i].args[0])
			assert_int_equal(json_parse_object(str_of(rows[i].args), &doc), 0);
		int rc = remote_request_url(row, doc, STR("B"), &url);
		if (rows[i].url[0] ? rc != 0 || !str_eq(buf_str(&url), buf_str(&want)) : rc == 0)
			fail_msg("row %zu: %d %.*s", i, rc, STR_ARG(buf_str(&url)));
		assert_int_equal(remote_request_has_body(row), rows[i].body != NULL);
		if (rows[i].body) {
			assert_int_equal(remote_request_body(row, doc, &body), 0);
			if (!str_eq(buf_str(&body), str_of(rows[i].body)))
				fail_msg("row %zu: %.*s", i, STR_ARG(buf_str(&body)));
		}
		json_free(doc);
		buf_done(&url);
		buf_done(&want);
		buf_done(&body);
	}
}

static const struct {
	const char *op;
	int status;
	const char *body, *answer; /* answer "": it is none */
} answers[] = {
	{"client.list", 200, "{\"items\":[1],\"next\":\"x\"}",
	 "{\"ok\":true,\"result\":{\"clients\":[1],\"next\":\"x\"}}"},
	{"audit.list", 200, "{\"items\":[]}", "{\"ok\":true,\"result\":{\"entries\":[]}}"},
	{"client.get", 200, "{\"items\":1}", "{\"ok\":true,\"result\":{\"items\":1}}"},
	{"client.create", 201, "{}", "{\"ok\":true,\"result\":{}}"},
	{"client.get", 404, "{\"error\":\"e\",\"error_description\":\"d\",\"code\":\"E_ABSENT\",\"title\":\"t\"}",
	 "{\"ok\":false,\"error\":\"e\",\"error_description\":\"d\",\"code\":\"E_ABSENT\"}"},
	{"client.get", 404, "{\"error\":\"e\",\"error_description\":\"d\"}", ""},
	{"client.get", 404, "{\"error\":1,\"error_description\":\"d\",\"code\":\"E\"}", ""},
	{"client.get", 502, "<html>Bad gateway</html>", ""},
	{"client.get", 302, "", ""},
	{"client.get", 200, "", ""},
	{"client.get", 200, "[]", ""},
};

static void reads_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct buf out;
		buf_init(&out, 4096);
		int rc = remote_request_answer(management_find(str_of(answers[i].op)), answers[i].status,
					       str_of(answers[i].body), &out);
		if ((rc == 0) != (answers[i].answer[0] != '\0') || !str_eq(buf_str(&out), str_of(answers[i].answer)))
			fail_msg("row %zu: %d %.*s", i, rc, STR_ARG(buf_str(&out)));
		buf_done(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(places_arguments), cmocka_unit_test(reads_answers)};
	return cmocka_run_group_tests_name("cli_remote_request", tests, NULL, NULL);
}
