/* Definitions in, names and descriptions out. */
#include "core.h"

#include "series/catalog.h"

static const struct {
	const char *json;
	int verdict;
	const char *why; /* is in the sentence */
} rows[] = {
	{"", E_SYNTAX, "JSON"},
	{"[]", E_SYNTAX, "JSON"},
	{"{}", E_SYNTAX, "series"},
	{"{\"series\":{}}", E_SYNTAX, "series"},
	{"{\"series\":[1]}", E_SYNTAX, "series 1"},
	{"{\"series\":[{}]}", E_SYNTAX, "id"},
	{"{\"series\":[{\"id\":\"x\"}]}", E_SYNTAX, "id"},
	{"{\"series\":[{\"id\":\"" UUID_NONE "\",\"nmae\":\"x\"}]}", E_SYNTAX, "unknown"},
	{"{\"series\":[{\"id\":\"" UUID_NONE "\",\"name\":1}]}", E_SYNTAX, "name"},
	{"{\"series\":[{\"id\":\"" UUID_NONE "\",\"name\":\"a\\u0007\"}]}", E_SYNTAX, "name"},
	{"{\"series\":[{\"id\":\"" UUID_NONE "\",\"scale\":\"1\"}]}", E_SYNTAX, "scale"},
	{"{\"series\":[{\"id\":\"" UUID_NONE "\",\"names\":[]}]}", E_SYNTAX, "names"},
	{"{\"series\":[{\"id\":\"" UUID_NONE "\",\"names\":{\"other\":\"a\"}}]}", E_SYNTAX, "domain"},
	{"{\"series\":[{\"id\":\"" UUID_NONE "\",\"names\":{\"id\":\"" UUID_A "\"}}]}", E_SYNTAX, "id"},
	{"{\"series\":[{\"id\":\"" UUID_NONE "\",\"names\":{\"raalabs\":1}}]}", E_SYNTAX, "raalabs"},
	{"{\"series\":[{\"id\":\"" UUID_NONE "\",\"names\":{\"raalabs\":[1]}}]}", E_SYNTAX, "raalabs"},
	{"{\"series\":[{\"id\":\"" UUID_NONE "\",\"names\":{\"raalabs\":\"a/*\"}}]}", E_SYNTAX, "raalabs"},
	{"{\"series\":[{\"id\":\"" UUID_NONE "\"},{\"id\":\"" UUID_NONE "\",\"names\":{\"raalabs\":\"\"}}]}", E_SYNTAX,
	 "series 2"},
};

static int find(struct core *core, const char *text, int64_t *ret_n)
{
	struct series_db_reader reader = {0};
	assert_int_equal(series_db_read(core->db, &reader), 0);
	int rc = catalog_find(reader.db, str_of(text), ret_n);
	series_db_read_end(&reader);
	return rc;
}

static void test_bad_definitions(void **state)
{
	struct core *core = *state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct define_result result;
		struct buf why;
		int64_t n;
		buf_init(&why, 1024);
		assert_int_equal(define_run(core->db, str_of(rows[i].json), &why, &result), rows[i].verdict);
		buf_put_char(&why, '\0');
		if (!strstr(why.p, rows[i].why))
			fail_msg("row %zu: %s", i, why.p);
		buf_done(&why);
		assert_int_equal(find(core, UUID_NONE, &n), E_SERIES_UNKNOWN); /* all or nothing */
	}
}

static void test_find(void **state)
{
	struct core *core = *state;
	int64_t a, n;
	assert_int_equal(find(core, UUID_A, &a), 0);
	assert_true(find(core, "id/" UUID_A, &n) == 0 && n == a);
	assert_true(find(core, "raalabs/IMO1/ME ShaftPower", &n) == 0 && n == a);
	assert_true(find(core, "jsmea/ME//Power/", &n) == 0 && n == a);
	assert_true(find(core, "jsmea/ME//Power", &n) == 0 && n != a);
	assert_int_equal(find(core, "maker/IMO1/M/x", &n), E_SERIES_AMBIGUOUS);
	assert_int_equal(find(core, "raalabs/IMO1/*", &n), E_SERIES_EXPRESSION);
	assert_int_equal(find(core, "raalabs", &n), E_SERIES_EXPRESSION);
	assert_int_equal(find(core, "", &n), E_SERIES_EXPRESSION);
	assert_int_equal(find(core, "id/" UUID_A "," UUID_B, &n), E_SERIES_EXPRESSION);
	assert_int_equal(find(core, "raalabs/x", &n), E_SERIES_UNKNOWN);
	assert_int_equal(find(core, "other/x", &n), E_SERIES_UNKNOWN);
}

static void test_describe(void **state)
{
	struct core *core = *state;
	struct series_db_reader reader = {0};
	struct catalog_names names;
	struct catalog_info info;
	struct arena arena;
	int64_t a, b;
	assert_int_equal(find(core, UUID_A, &a), 0);
	assert_int_equal(find(core, UUID_B, &b), 0);
	arena_init(&arena, 1 << 20);
	assert_int_equal(series_db_read(core->db, &reader), 0);
	assert_int_equal(catalog_describe(reader.db, 999, &arena, &info), E_ABSENT);
	assert_int_equal(catalog_describe(reader.db, a, &arena, &info), 0);
	assert_true(str_eq(info.name, STR("Power")) && str_eq(info.uom, STR("kW")));
	assert_true(!info.description.p && !info.source.p && !info.vessel_imo.p);
	assert_true(info.has_range_high && info.range_high == 15000.5 && !info.has_scale && !info.has_range_low);
	assert_int_equal(catalog_names(reader.db, a, &arena, &names), 0);
	assert_int_equal(names.n, 3);
	assert_true(names.v[0].domain == EXPRESSION_RAALABS && names.v[2].domain == EXPRESSION_JSMEA);
	assert_true(str_eq(names.v[2].name, STR("ME//Power/")));
	assert_int_equal(catalog_names(reader.db, b, &arena, &names), 0);
	assert_true(names.n == 3 && str_eq(names.v[0].name, STR("IMO1/Alias")));
	series_db_read_end(&reader);
	arena_done(&arena);
}

/* A second definition replaces names and description; points stay. */
static void test_redefine(void **state)
{
	struct core *core = *state;
	struct define_result result;
	struct buf why;
	int64_t before, after;
	buf_init(&why, 1024);
	assert_int_equal(find(core, UUID_C, &before), 0);
	core_write(core, before, 1, 2);
	struct str json = STR("{\"series\":[{\"id\":\"" UUID_C "\",\"names\":{\"raalabs\":\"IMO3/x\"}}]}");
	assert_int_equal(define_run(core->db, json, &why, &result), 0);
	assert_true(result.created == 0 && result.changed == 1);
	assert_true(find(core, "raalabs/IMO3/x", &after) == 0 && after == before);
	assert_int_equal(find(core, "raalabs/IMO2/ME ShaftPower", &after), E_SERIES_UNKNOWN);
	assert_int_equal(core_count(core), 1);
	core_define(core, core_definitions);
	buf_done(&why);
}

static int resolve(struct core *core, const char *text, int64_t work, size_t *ret_n)
{
	struct series_db_reader reader = {0};
	struct catalog_matches matches = {0};
	struct expression expression;
	struct arena arena;
	arena_init(&arena, 16 << 20);
	assert_int_equal(expression_parse_joined(str_of(text), &expression), 0);
	assert_int_equal(series_db_read(core->db, &reader), 0);
	int rc = catalog_resolve(reader.db, &expression, &arena, &matches, &work);
	*ret_n = matches.n;
	series_db_read_end(&reader);
	arena_done(&arena);
	return rc;
}

/* What is above the bounds is refused, and one less is not. */
static void test_limits(void **state)
{
	struct core *core = *state;
	struct buf json;
	size_t n;
	buf_init(&json, 16 << 20);
	buf_put(&json, STR("{\"series\":["));
	for (int i = 0; i <= CATALOG_MATCHES_MAX; i++)
		buf_printf(&json, "%s{\"id\":\"11111111-1111-1111-1111-%012d\",\"names\":{\"parameters\":\"v/%s/%d\"}}",
			   i ? "," : "", i, i == 0 ? "h" : "g", i);
	buf_put(&json, STR("]}"));
	buf_put_char(&json, '\0');
	core_define(core, json.p);
	buf_done(&json);
	assert_int_equal(resolve(core, "parameters/v/*/*", CATALOG_WORK_MAX, &n), E_SERIES_LIMIT);
	assert_int_equal(resolve(core, "id/*", CATALOG_WORK_MAX, &n), E_SERIES_LIMIT);
	assert_int_equal(resolve(core, "parameters/v/g/*", CATALOG_WORK_MAX, &n), 0);
	assert_int_equal(n, CATALOG_MATCHES_MAX);
	assert_int_equal(resolve(core, "parameters/v/g/*", 1000000, &n), E_SERIES_LIMIT); /* too much work */
	assert_int_equal(resolve(core, "parameters/v/h/*", 1000000, &n), 0); /* the prefix narrows what is looked at */
	assert_int_equal(n, 1);
}

static int setup(void **state)
{
	static struct core core;
	core_open(&core);
	core_define(&core, core_definitions);
	*state = &core;
	return 0;
}

static int teardown(void **state)
{
	core_close(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_bad_definitions), cmocka_unit_test(test_find),
					   cmocka_unit_test(test_describe),        cmocka_unit_test(test_redefine),
					   cmocka_unit_test(test_limits)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
