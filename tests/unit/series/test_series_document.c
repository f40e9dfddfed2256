/* The embedded OpenAPI document, and that it and the table of routes name the same operations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "json/json.h"
#include "series/series_document.h"
#include "series/series_routes.h"

struct made {
	struct buf yaml, json, why;
	struct openapi *set;
};

static void make(const char *issuer, const char *environment, const char *prefix, struct made *made)
{
	const struct series_http_options options = {.issuer = str_of(issuer), .environment = environment};
	buf_init(&made->why, 4096);
	assert_int_equal(series_document_make(&options, &made->yaml, &made->json), 0);
	const struct openapi_source source = {"series.yaml", buf_str(&made->yaml), prefix};
	int rc = openapi_load(&source, 1, str_of(issuer), &made->set, &made->why);
	if (rc != 0)
		fail_msg("%.*s", STR_ARG(buf_str(&made->why)));
}

static void done(struct made *made)
{
	buf_done(&made->yaml);
	buf_done(&made->json);
	buf_done(&made->why);
	openapi_free(made->set);
}

/* Also with our issuer as the only one that counts: the document names its token endpoint. */
static void every_operation_has_a_row_and_can_be_had(void **state)
{
	static const char *const issuers[] = {"https://as.example", "https://as.example/", "https://as.example/t/1"};
	(void)state;
	for (size_t i = 0; i < sizeof(issuers) / sizeof(issuers[0]); i++) {
		struct made made;
		const struct series_route **table = NULL;
		make(issuers[i], NULL, NULL, &made);
		assert_int_equal(series_routes_bind(made.set, &table), 0);
		assert_int_equal(openapi_count(made.set), series_routes_n);
		for (size_t n = 0; n < series_routes_n; n++) {
			const struct openapi_operation *operation = openapi_at(made.set, n);
			assert_true(str_eq(operation->id, str_of(table[n]->id)));
			assert_true(operation->declared);
			assert_int_not_equal(operation->access, OPENAPI_ACCESS_REFUSED);
		}
		free(table);
		done(&made);
	}
}

static void another_issuers_tokens_open_nothing(void **state)
{
	struct made made;
	(void)state;
	const struct series_http_options options = {.issuer = STR("https://as.example")};
	assert_int_equal(series_document_make(&options, &made.yaml, &made.json), 0);
	buf_init(&made.why, 4096);
	const struct openapi_source source = {"series.yaml", buf_str(&made.yaml), NULL};
	assert_int_equal(openapi_load(&source, 1, STR("https://other.example"), &made.set, &made.why), 0);
	for (size_t n = 0; n < openapi_count(made.set); n++)
		assert_int_not_equal(openapi_at(made.set, n)->access, OPENAPI_ACCESS_TOKEN);
	done(&made);
}

static const char two_operations[] =
	"openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths:\n"
	"  /health:\n    get: {operationId: %s, responses: {}}\n";

static void a_document_and_a_table_that_differ_are_refused(void **state)
{
	static const char *const ids[] = {"health.get", "nothing.get"}; /* rows without operation; the other way */
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct series_route **table = NULL;
		struct openapi *set = NULL;
		struct buf text, why;
		buf_init(&text, 4096);
		buf_init(&why, 4096);
		buf_printf(&text, two_operations, ids[i]);
		const struct openapi_source source = {"x.yaml", buf_str(&text), NULL};
		assert_int_equal(openapi_load(&source, 1, STR(""), &set, &why), 0);
		assert_int_equal(series_routes_bind(set, &table), E_CONFIG);
		assert_null(table);
		openapi_free(set);
		buf_done(&text);
		buf_done(&why);
	}
}

static void environment_stands_in_the_servers(void **state)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	const struct json *servers, *server;
	struct made made;
	struct str url;
	(void)state;
	make("https://as.example/'x", "prod", "/prod", &made); /* a quote must not end the string */
	assert_int_equal(json_parse_object(buf_str(&made.json), &doc), 0);
	assert_int_equal(json_get_array(doc, "servers", &servers), 0);
	assert_int_equal(json_at_object(servers, 0, &server), 0);
	assert_int_equal(json_get_str(server, "url", &url), 0);
	assert_true(str_eq(url, STR("/prod")));
	assert_true(str_eq(openapi_at(made.set, 0)->path, STR("/prod/health")));
	done(&made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_operation_has_a_row_and_can_be_had),
		cmocka_unit_test(another_issuers_tokens_open_nothing),
		cmocka_unit_test(a_document_and_a_table_that_differ_are_refused),
		cmocka_unit_test(environment_stands_in_the_servers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
