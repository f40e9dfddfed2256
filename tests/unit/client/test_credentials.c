/* The file of id-and-secret pairs: what other programs write, what we write, and what neither should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "client/credentials.h"

static struct credentials list;
static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, CREDENTIALS_ARENA);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_done(&arena);
	return 0;
}

static void test_bad_files(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"", "[]", "{", "{\"a\":1}", "{\"a\":{}}", "{\"a\":[1]}", "{\"a\":[{}]}", "{\"a\":[{\"client_id\":1}]}",
		"{\"a\":[{\"client_id\":\"x\"}]}", "{\"a\":[{\"client_id\":\"\",\"client_secret\":\"y\"}]}",
		"{\"a\":[{\"client_id\":\"x\",\"client_secret\":\"y\",\"last_used\":7}]}", "{\"a\":[],\"a\":[]}",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(credentials_parse(str_of(bad[i]), &arena, &list), E_SYNTAX);
}

static void test_too_many(void **state)
{
	(void)state;
	_cleanup_(buf_done) struct buf text;
	buf_init(&text, 65536);
	buf_put(&text, STR("{\"a\":["));
	for (int i = 0; i <= CREDENTIALS_MAX; i++)
		buf_printf(&text, "%s{\"client_id\":\"%d\",\"client_secret\":\"s\"}", i ? "," : "", i);
	buf_put(&text, STR("]}"));
	assert_int_equal(credentials_parse(buf_str(&text), &arena, &list), E_LIMIT);
}

static void test_times(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t us;
	} rows[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2025-03-01T12:00:00Z", INT64_C(1740830400000000)},
		{"2024-02-29 12:00:00", INT64_C(1709208000000000)},
		{"2025-03-01T12:00:00.5Z", INT64_C(1740830400500000)},
		{"2025-03-01T12:00:00.123456789Z", INT64_C(1740830400123456)},
		{"2025-03-01T14:00:00+02:00", INT64_C(1740830400000000)},
		{"2025-03-01T07:30:00.25-04:30", INT64_C(1740830400250000)},
	};
	static const char *const bad[] = {"",
					  "2025",
					  "2025-03-01",
					  "2025-13-01T00:00:00Z",
					  "2025-03-01T24:00:00Z",
					  "2025-03-01T12:00:00X",
					  "2025-03-01T12:00:00+2",
					  "2025-03-01T12:00:00Zz",
					  "x025-03-01T12:00:00Z",
					  "0025-03-01T12:00:00Z"};
	int64_t us;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(credentials_read_time(str_of(rows[i].text), &us), 0);
		assert_int_equal(us, rows[i].us);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(credentials_read_time(str_of(bad[i]), &us), E_SYNTAX);
	char text[64];
	struct buf out;
	buf_init_fixed(&out, text, sizeof(text));
	credentials_put_time(&out, INT64_C(1740830400000042));
	assert_true(str_eq(buf_str(&out), STR("2025-03-01T12:00:00.000042Z")));
}

static const char sample[] =
	"{\"https://auth.a\":[{\"display_name\":\"n\",\"client_id\":\"old\",\"client_secret\":\"s1\","
	"\"endpoint\":\"https://auth.a\","
	"\"created_at\":\"2025-01-01T00:00:00Z\",\"last_used\":\"2025-01-02T00:00:00.5Z\",\"more\":[1]},"
	"{\"client_id\":\"new\",\"client_secret\":\"s2\",\"last_used\":\"2025-01-02T02:00:00+01:00\"}],"
	"\"https://auth.b/\":[{\"client_id\":\"b\",\"client_secret\":\"s3\"}]}";

static void test_newest(void **state)
{
	(void)state;
	assert_int_equal(credentials_parse(STR(sample), &arena, &list), 0);
	assert_int_equal(list.n, 3);
	assert_true(str_eq(credentials_newest(&list, STR("https://auth.a"))->client_id, STR("new")));
	assert_true(str_eq(credentials_newest(&list, STR("https://auth.a/"))->client_id, STR("new")));
	assert_true(str_eq(credentials_newest(&list, STR("https://auth.b"))->client_id, STR("b")));
	assert_null(credentials_newest(&list, STR("https://auth")));
	assert_null(credentials_newest(&list, (struct str){0})); /* two issuers: which one is meant? */
	credentials_remove(&list, credentials_find(&list, (struct str){0}, STR("b")));
	assert_true(str_eq(credentials_newest(&list, (struct str){0})->client_id, STR("new")));
}

static void test_round_trip(void **state)
{
	(void)state;
	_cleanup_(buf_done) struct buf first, second;
	buf_init(&first, 65536);
	buf_init(&second, 65536);
	assert_int_equal(credentials_parse(STR(sample), &arena, &list), 0);
	const struct credential pair = {
		.endpoint = STR("https://auth.b/"), .client_id = STR("\"\\\n"), .client_secret = STR("s")};
	assert_int_equal(credentials_put(&list, &pair), 0);
	assert_int_equal(credentials_put(&list, &pair), 0); /* in its own place */
	assert_int_equal(list.n, 4);
	credentials_emit(&list, &first);
	assert_int_equal(credentials_parse(buf_str(&first), &arena, &list), 0);
	assert_int_equal(list.n, 4);
	assert_non_null(credentials_find(&list, STR("https://auth.b/"), STR("\"\\\n")));
	credentials_emit(&list, &second);
	assert_true(str_eq(buf_str(&first), buf_str(&second)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bad_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_times, setup, teardown),
		cmocka_unit_test_setup_teardown(test_newest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
