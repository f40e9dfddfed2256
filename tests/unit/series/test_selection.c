/* Expressions, permissions and range together: who gets which series of which time. */
#include "core.h"

#include "series/selection.h"

#define READ "series:read:"
#define YEAR_2024 \
	"[{\"type\":\"series\",\"identifier\":\"raalabs/*/ME*\",\"from\":\"2024-01-01\",\"to\":\"2025-01-01\"}]"

/* Series by the last letter of their UUIDs, in the order of the answer; NULL: refused. */
static const struct {
	const char *scope, *details, *expressions; /* separated by '|' */
	int verdict;
	const char *series;
} rows[] = {
	/* unknown */
	{READ "id/*", NULL, "raalabs/IMO9/x", E_SERIES_UNKNOWN, NULL},
	{READ "id/*", NULL, "raalabs/IMO9/*", E_SERIES_UNKNOWN, NULL},
	{READ "id/*", NULL, "id/" UUID_NONE, E_SERIES_UNKNOWN, NULL},
	{READ "id/*", NULL, "id/" UUID_A "," UUID_NONE, E_SERIES_UNKNOWN, NULL},
	{READ "id/*", NULL, "raalabs/IMO1/ME ShaftPower|raalabs/IMO9/x", E_SERIES_UNKNOWN, NULL},
	{READ "id/*", NULL, "maker/IMO1/ME ShaftPower", E_SERIES_UNKNOWN, NULL}, /* not its name in that domain */
	{READ "id/*", NULL, "jsmea/ME/Power", E_SERIES_UNKNOWN, NULL},
	{READ "id/*", NULL, "raalabs/imo1/ME ShaftPower", E_SERIES_UNKNOWN, NULL},
	/* not permitted, by whatever name */
	{"", NULL, "raalabs/IMO1/ME ShaftPower", E_SERIES_DENIED, NULL},
	{"series:measurements", NULL, "id/" UUID_A, E_SERIES_DENIED, NULL},
	{READ "raalabs/IMO2/*", NULL, "raalabs/IMO1/ME ShaftPower", E_SERIES_DENIED, NULL},
	{READ "raalabs/IMO2/*", NULL, "jsmea/ME//Power/", E_SERIES_DENIED, NULL},
	{READ "raalabs/IMO2/*", NULL, "id/" UUID_A, E_SERIES_DENIED, NULL},
	{READ "raalabs/IMO2/*", NULL, "id/" UUID_C "," UUID_A, E_SERIES_DENIED, NULL},
	{READ "raalabs/IMO2/*", NULL, "raalabs/IMO2/*|raalabs/IMO1/ME ShaftPower", E_SERIES_DENIED, NULL},
	/* a name of two series, of which one is permitted */
	{READ "id/" UUID_A, NULL, "maker/IMO1/M/x", E_SERIES_DENIED, NULL},
	/* permitted, but not then */
	{"", "[{\"type\":\"series\",\"identifier\":\"id/*\",\"to\":\"2020-01-01\"}]", "id/" UUID_A, E_SERIES_PERIOD,
		NULL},
	/* the permitted part */
	{"", NULL, "raalabs/IMO1/*", 0, ""},
	{READ "raalabs/IMO2/*", NULL, "raalabs/IMO1/*", 0, ""},
	{READ "raalabs/IMO2/*", NULL, "raalabs/*/*", 0, "c"},
	{READ "raalabs/IMO2/*", NULL, "jsmea/ME//*", 0, "c"},
	{READ "raalabs/IMO2/*", NULL, "id/*", 0, "c"},
	{READ "raalabs/*/*", NULL, "raalabs/*/ME ShaftPower", 0, "ac"},
	{"", "[{\"type\":\"series\",\"identifier\":\"id/*\",\"to\":\"2020-01-01\"}]", "raalabs/*/*", 0, ""},
	/* by any of its names, once */
	{READ "raalabs/IMO1/Alias", NULL, "raalabs/IMO1/ME ShaftTorque", 0, "b"},
	{READ "id/*", NULL, "raalabs/IMO1/*", 0, "ba"}, /* by name: Alias, ME ShaftPower */
	{READ "id/*", NULL, "raalabs/IMO1/ME ShaftPower|jsmea/ME//Power/|id/" UUID_A, 0, "a"},
	{READ "id/*", NULL, "maker/IMO1/M/x", 0, "ab"},
	{READ "id/*", NULL, "id/" UUID_C "," UUID_A "," UUID_C, 0, "ca"},
	{READ "id/*", NULL, "jsmea/ME//Power", 0, "c"},
	{READ "id/*", NULL, "jsmea/ME//Power/", 0, "a"},
	{READ "id/*", NULL, "jsmea/ME/*/Power", 0, "c"},
	{"", YEAR_2024, "raalabs/*/*", 0, "bac"},
};

static size_t read_expressions(const char *text, struct expression *expressions)
{
	struct str one, rest = str_of(text);
	size_t n = 0;
	for (bool more = true; more; n++) {
		more = str_cut(rest, '|', &one, &rest);
		assert_int_equal(expression_parse_joined(more ? one : rest, &expressions[n]), 0);
	}
	return n;
}

static void expect_series(const char *expressions, const struct selection *selection, const char *wanted)
{
	char got[16] = "";
	for (size_t i = 0; i < selection->n; i++)
		got[i] = "0123456789abcdef"[selection->v[i].match.id.b[15] & 15];
	if (strcmp(got, wanted) != 0)
		fail_msg("%s: %s, want %s", expressions, got, wanted);
}

static void run(struct core *core, size_t row, const struct range *range)
{
	struct expression expressions[8];
	struct permit_set permits;
	struct selection selection = {.n = 77};
	struct arena arena;
	arena_init(&arena, 1 << 20);
	assert_int_equal(permit_parse(str_of(rows[row].scope), str_of(rows[row].details), STR(""), &arena, &permits),
		0);
	struct selection_request request = {&permits, expressions, read_expressions(rows[row].expressions,
		expressions), range};
	int rc = selection_make(core->db, &request, &arena, &selection);
	if (rc != rows[row].verdict)
		fail_msg("%s with %s: %d, want %d", rows[row].expressions, rows[row].scope, rc, rows[row].verdict);
	if (rc == 0)
		expect_series(rows[row].expressions, &selection, rows[row].series);
	else
		assert_int_equal(selection.n, 77);
	arena_done(&arena);
}

static void test_rows(void **state)
{
	struct range range = {core_us("2024-06-01"), core_us("2024-07-01")};
	for (size_t i = 0; i < COUNT(rows); i++)
		run(*state, i, &range);
}

/* Metadata has no time: who may read a series of any time may know what it is. */
static void test_without_range(void **state)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (!rows[i].details)
			run(*state, i, NULL);
}

static void test_range_is_cut(void **state)
{
	struct core *core = *state;
	static const struct {
		const char *from, *to, *cut_from, *cut_to; /* cut_from NULL: E_SERIES_PERIOD */
	} cases[] = {
		{"2023-01-01", "2024-01-01", NULL, NULL}, /* half-open: they touch and share nothing */
		{"2025-01-01", "2026-01-01", NULL, NULL},
		{"2023-01-01", "2024-01-01T00:00:00.000001Z", "2024-01-01", "2024-01-01T00:00:00.000001Z"},
		{"2023-01-01", "2026-01-01", "2024-01-01", "2025-01-01"},
		{"2024-03-01", "2024-04-01", "2024-03-01", "2024-04-01"},
		{"2024-12-01", "2025-02-01", "2024-12-01", "2025-01-01"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct range range = {core_us(cases[i].from), core_us(cases[i].to)};
		struct expression expression;
		struct permit_set permits;
		struct selection selection;
		struct arena arena;
		arena_init(&arena, 1 << 20);
		assert_int_equal(permit_parse(STR(""), STR(YEAR_2024), STR(""), &arena, &permits), 0);
		assert_int_equal(expression_parse_joined(STR("id/" UUID_A), &expression), 0);
		struct selection_request request = {&permits, &expression, 1, &range};
		int rc = selection_make(core->db, &request, &arena, &selection);
		assert_int_equal(rc, cases[i].cut_from ? 0 : E_SERIES_PERIOD);
		if (rc == 0) {
			assert_int_equal(selection.v[0].times.n, 1);
			assert_true(selection.v[0].times.v[0].from_us == core_us(cases[i].cut_from));
			assert_true(selection.v[0].times.v[0].to_us == core_us(cases[i].cut_to));
		}
		arena_done(&arena);
	}
}

static void test_number_of_expressions(void **state)
{
	struct core *core = *state;
	static struct expression expressions[SELECTION_EXPRESSIONS_MAX + 1];
	struct permit_set permits = {0};
	struct selection selection;
	struct arena arena;
	arena_init(&arena, 1 << 20);
	struct selection_request request = {&permits, expressions, 0, NULL};
	assert_int_equal(selection_make(core->db, &request, &arena, &selection), E_INVALID_REQUEST);
	request.n = COUNT(expressions);
	assert_int_equal(selection_make(core->db, &request, &arena, &selection), E_INVALID_REQUEST);
	arena_done(&arena);
}

/* The largest selection, of series with five names each, fits into what a request may take (series_main.c). */
static void test_most_series(void **state)
{
	struct core *core = *state;
	struct range range = {core_us("2024-06-01"), core_us("2024-07-01")};
	struct permit_set permits;
	struct selection selection;
	struct expression expression;
	struct arena arena;
	struct buf json;
	buf_init(&json, 16 << 20);
	buf_put(&json, STR("{\"series\":["));
	for (int i = 0; i < SELECTION_MAX; i++)
		buf_printf(&json,
			"%s{\"id\":\"11111111-1111-1111-1111-%012d\",\"names\":{\"parameters\":\"vessel/group/%d\","
			   "\"jsmea\":[\"vessel//group//%d\",\"b//%d\"],\"maker\":\"v/m/%d\",\"vis-3-8a\":\"v/%d\"}}",
			   i ? "," : "", i, i, i, i, i, i);
	buf_put(&json, STR("]}"));
	buf_put_char(&json, '\0');
	core_define(core, json.p);
	buf_done(&json);
	arena_init(&arena, 8 << 20);
	assert_int_equal(permit_parse(STR(READ "maker/v/m/*"), (struct str){0}, STR(""), &arena, &permits), 0);
	assert_int_equal(expression_parse_joined(STR("parameters/vessel/group/*"), &expression), 0);
	struct selection_request request = {&permits, &expression, 1, &range};
	assert_int_equal(selection_make(core->db, &request, &arena, &selection), 0);
	assert_int_equal(selection.n, SELECTION_MAX);
	arena_done(&arena);
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
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_without_range),
					   cmocka_unit_test(test_range_is_cut),
						cmocka_unit_test(test_number_of_expressions),
					   cmocka_unit_test(test_most_series)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
