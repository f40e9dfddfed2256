/* origin.c: which request is judged. ATTACKS 38: one place is read in each mode; ATTACKS 40: method overrides. */
#include "test.h"

#include "gate/origin.h"

#define NGINX "X-Original-Method: GET\r\nX-Original-URI: /b?c\r\n"
#define FORWARDED "X-Forwarded-Method: PUT\r\nX-Forwarded-Uri: /d?e?f\r\n"

#define REFUSED E_INVALID_REQUEST, NULL, NULL, NULL
#define NOT_OURS E_NOT_FOUND, NULL, NULL, NULL

struct row {
	enum gate_mode mode;
	const char *prefix, *line, *headers;
	int rc;
	const char *method, *path, *query;
};

static const struct row rows[] = {
	/* what is not told, or not once, is refused */
	{GATE_NGINX, "/check", "GET /check", "", REFUSED},
	{GATE_NGINX, "/check", "GET /check", FORWARDED, REFUSED},
	{GATE_NGINX, "/check", "GET /check", NGINX NGINX, REFUSED},
	{GATE_NGINX, "/check", "GET /check", NGINX "x-original-uri: /x\r\n", REFUSED},
	{GATE_NGINX, "/check", "GET /check", "X-Original-Method: \r\nX-Original-URI: /\r\n", REFUSED},
	{GATE_NGINX, "/check", "GET /check", "X-Original-Method: gET\r\nX-Original-URI: /\r\n", REFUSED},
	{GATE_NGINX, "/check", "GET /check", "X-Original-Method: GET\r\nX-Original-URI:\r\n", REFUSED},
	{GATE_NGINX, "/check", "GET /check", "X_Original_Method: GET\r\nX_Original_URI: /\r\n", REFUSED},
	{GATE_FORWARDED, "/check", "GET /check", NGINX, REFUSED},
	/* other paths are no questions */
	{GATE_NGINX, "/check", "GET /check/", NGINX, NOT_OURS},
	{GATE_NGINX, "/check", "GET /", NGINX, NOT_OURS},
	{GATE_FORWARDED, "/check", "GET /check2", FORWARDED, NOT_OURS},
	{GATE_ENVOY, "/check", "GET /check", NGINX, NOT_OURS},
	{GATE_ENVOY, "/check", "GET /checked", "", NOT_OURS},
	{GATE_ENVOY, "/check", "GET /a", "", NOT_OURS},
	{GATE_ENVOY, "", "OPTIONS *", "", NOT_OURS},
	/* nobody may ask for another method than is judged */
	{GATE_ENVOY, "", "GET /a", "X-HTTP-Method-Override: PUT\r\n", REFUSED},
	{GATE_ENVOY, "", "GET /a", "x_http_method_override: PUT\r\n", REFUSED},
	{GATE_NGINX, "/check", "GET /check", NGINX "X-Method-Override: PUT\r\n", REFUSED},
	{GATE_FORWARDED, "/check", "GET /check", FORWARDED "X-HTTP_METHOD: PUT\r\n", REFUSED},
	/* the one place of each mode, and no other */
	{GATE_NGINX, "/check", "POST /check?x", NGINX FORWARDED, 0, "GET", "/b", "c"},
	{GATE_FORWARDED, "/check", "POST /check?x", NGINX FORWARDED, 0, "PUT", "/d", "e?f"},
	{GATE_ENVOY, "/check", "DELETE /check/a?x", NGINX FORWARDED, 0, "DELETE", "/a", "x"},
	{GATE_ENVOY, "", "DELETE /check/a", NGINX FORWARDED, 0, "DELETE", "/check/a", ""},
	{GATE_ENVOY, "", "GET /a", "X-HTTP-Method-Overrides: PUT\r\nX-Methods: x\r\n", 0, "GET", "/a", ""},
};

static void expect(struct str got, const char *want) { assert_true(str_eq(got, str_of(want))); }

static void one_place_decides(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char mem[1024];
		struct http_request request = request_of(rows[i].line, rows[i].headers, mem, sizeof(mem));
		struct origin origin = {STR("untouched"), {0}, {0}};
		int rc = origin_read(rows[i].mode, str_of(rows[i].prefix), &request, &origin);
		if (rc != rows[i].rc)
			fail_msg("row %zu: %d", i, rc);
		expect(origin.method, rows[i].rc == 0 ? rows[i].method : "untouched");
		if (rc < 0)
			continue;
		expect(origin.path, rows[i].path);
		expect(origin.query, rows[i].query);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(one_place_decides)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
