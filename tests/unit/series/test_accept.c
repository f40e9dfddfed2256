/* accept.c: which format an answer has. RFC 9110 12.4.2, 12.5.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "series/accept.h"

static const struct {
	const char *name, *header;
	int rc;
	enum accept_format format;
} rows[] = {
	{"parquet", "", E_NOT_ACCEPTABLE, 0},
	{"parquet", "application/json", E_NOT_ACCEPTABLE, 0},
	{"xml", "", E_INVALID_REQUEST, 0},
	{"JSON", "", E_INVALID_REQUEST, 0},
	{"", "application/vnd.apache.parquet", E_NOT_ACCEPTABLE, 0},
	{"", "text/html", E_NOT_ACCEPTABLE, 0},
	{"", "application/json;q=0", E_NOT_ACCEPTABLE, 0},
	{"", "application/json;q=0.000, application/x-ndjson; q=0", E_NOT_ACCEPTABLE, 0},
	{"", "application/json;q=2", E_NOT_ACCEPTABLE, 0},     /* malformed: counts for nothing */
	{"", "application/json;q=1.001", E_NOT_ACCEPTABLE, 0},
	{"", "application/json;q=0.1234", E_NOT_ACCEPTABLE, 0},
	{"", "application/json;q=", E_NOT_ACCEPTABLE, 0},
	{"", "application/json;q=0,5", E_NOT_ACCEPTABLE, 0},
	{"", "*/json", E_NOT_ACCEPTABLE, 0},
	{"", "json", E_NOT_ACCEPTABLE, 0},
	{"", "*/*;q=0", E_NOT_ACCEPTABLE, 0},
	{"", "", 0, ACCEPT_JSON},
	{"", "  ", 0, ACCEPT_JSON},
	{"", "*/*", 0, ACCEPT_JSON},
	{"", "application/*", 0, ACCEPT_JSON},
	{"", "application/json", 0, ACCEPT_JSON},
	{"", "APPLICATION/JSON; charset=utf-8", 0, ACCEPT_JSON},
	{"", "application/x-ndjson", 0, ACCEPT_NDJSON},
	{"", "application/ndjson", 0, ACCEPT_NDJSON},
	{"", "application/jsonl", 0, ACCEPT_NDJSON},
	{"", "application/json, application/x-ndjson", 0, ACCEPT_JSON},
	{"", "application/x-ndjson, application/json", 0, ACCEPT_JSON},
	{"", "application/json;q=0.5, application/x-ndjson", 0, ACCEPT_NDJSON},
	{"", "application/json ; q=0.5 , application/x-ndjson ; Q=0.501", 0, ACCEPT_NDJSON},
	{"", "application/x-ndjson;q=0.001", 0, ACCEPT_NDJSON},
	{"", "*/*, application/json;q=0", 0, ACCEPT_NDJSON},
	{"", "application/*;q=0.1, application/x-ndjson;q=0.2", 0, ACCEPT_NDJSON},
	{"", "application/x-ndjson;q=0.2, */*;q=0.1", 0, ACCEPT_NDJSON},
	{"", "application/json;q=0.1, application/*;q=0.9", 0, ACCEPT_NDJSON}, /* by name outranks by type */
	{"", "text/html, application/xhtml+xml, */*;q=0.8", 0, ACCEPT_JSON},
	{"", "nonsense, ;q=1, application/json;q=1.", 0, ACCEPT_JSON},
	{"json", "application/x-ndjson", 0, ACCEPT_JSON}, /* the parameter outranks the header */
	{"ndjson", "application/json", 0, ACCEPT_NDJSON},
	{"ndjson", "text/html", 0, ACCEPT_NDJSON},
};

static void chooses_the_format(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum accept_format format = ACCEPT_FORMATS;
		int rc = accept_choose(str_of(rows[i].name), str_of(rows[i].header), &format);
		if (rc != rows[i].rc || format != (rc == 0 ? rows[i].format : ACCEPT_FORMATS))
			fail_msg("'%s' '%s': %d, format %d", rows[i].name, rows[i].header, rc, (int)format);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(chooses_the_format)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
