/* What scopes (RFC 6749 3.3) and authorization_details (RFC 9396 2) permit. */
#include "core.h"

#include "series/permit.h"

#define AUDIENCE "urn:example:series"
#define READ "series:read:"
/* The claim with one object of our type. */
#define DETAIL(members) "[{\"type\":\"series\"," members "}]"
#define IDENTIFIER "\"identifier\":\"raalabs/IMO1/*\""

static const struct {
	struct str token;
	int verdict;
} scopes[] = {
	{BYTES("series:measurements"), E_SERIES_EXPRESSION},
	{BYTES("series:read"), E_SERIES_EXPRESSION},
	{BYTES(READ), E_SERIES_EXPRESSION},
	{BYTES(READ "raalabs"), E_SERIES_EXPRESSION},
	{BYTES(READ "raalabs/"), E_SERIES_EXPRESSION},
	{BYTES(READ "other/a"), E_SERIES_EXPRESSION},
	{BYTES(READ "*/a"), E_SERIES_EXPRESSION},
	{BYTES(READ "raalabs/a%"), E_SERIES_EXPRESSION},
	{BYTES(READ "raalabs/a%2"), E_SERIES_EXPRESSION},
	{BYTES(READ "raalabs/a%zz"), E_SERIES_EXPRESSION},
	{BYTES(READ "raalabs/a%2Fb"), E_SERIES_EXPRESSION},
	{BYTES(READ "raalabs/a%2fb"), E_SERIES_EXPRESSION},
	{BYTES(READ "raalabs/a%2A"), E_SERIES_EXPRESSION},
	{BYTES(READ "raalabs/a%00"), E_SERIES_EXPRESSION},
	{BYTES(READ "raalabs/a%5Cb"), E_SERIES_EXPRESSION},
	{BYTES(READ "raalabs/a%0Ab"), E_SERIES_EXPRESSION},
	{BYTES(READ "raalabs/a%ff"), E_SERIES_EXPRESSION},
	{BYTES(READ "raalabs/%2E%2E/b"), E_SERIES_EXPRESSION},
	{BYTES(READ "id/x"), E_SERIES_EXPRESSION},
	{BYTES(READ "raalabs/IMO1/ME%20ShaftPower"), 0},
	{BYTES(READ "raalabs/100%25"), 0},
	{BYTES(READ "jsmea/%C3%A4//b/"), 0},
	{BYTES(READ "raalabs/*/ME*"), 0},
	{BYTES(READ "id/*"), 0},
	{BYTES(READ "id/" UUID_A "," UUID_B), 0},
};

static void test_scopes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(scopes); i++)
		if (permit_check_scope(scopes[i].token) != scopes[i].verdict)
			fail_msg("%.*s", STR_ARG(scopes[i].token));
}

static const struct {
	const char *details;
	int verdict;
	size_t n;
} details[] = {
	{"", E_INVALID_TOKEN, 0},
	{"{}", E_INVALID_TOKEN, 0},
	{"null", E_INVALID_TOKEN, 0},
	{"[1]", E_INVALID_TOKEN, 0},
	{"[[]]", E_INVALID_TOKEN, 0},
	{"[{}]", E_INVALID_TOKEN, 0},
	{"[{\"type\":1}]", E_INVALID_TOKEN, 0},
	{"[{\"type\":\"series\"}]", E_INVALID_TOKEN, 0},
	{DETAIL(IDENTIFIER ",\"identifiers\":[]"), E_INVALID_TOKEN, 0},
	{DETAIL("\"identifier\":1"), E_INVALID_TOKEN, 0},
	{DETAIL("\"identifier\":\"raalabs\""), E_INVALID_TOKEN, 0},
	{DETAIL("\"identifier\":\"other/a\""), E_INVALID_TOKEN, 0},
	{DETAIL("\"identifiers\":[1]"), E_INVALID_TOKEN, 0},
	{DETAIL("\"identifiers\":\"raalabs/a\""), E_INVALID_TOKEN, 0},
	{DETAIL(IDENTIFIER ",\"until\":\"2024-01-01\""), E_INVALID_TOKEN, 0}, /* a limit that is not understood */
	{DETAIL(IDENTIFIER ",\"from\":\"now\""), E_INVALID_TOKEN, 0},
	{DETAIL(IDENTIFIER ",\"from\":0"), E_INVALID_TOKEN, 0},
	{DETAIL(IDENTIFIER ",\"from\":null"), E_INVALID_TOKEN, 0},
	{DETAIL(IDENTIFIER ",\"from\":\"2024-02-01\",\"to\":\"2024-01-01\""), E_INVALID_TOKEN, 0},
	{DETAIL(IDENTIFIER ",\"from\":\"2024-01-01\",\"to\":\"2024-01-01\""), E_INVALID_TOKEN, 0},
	{DETAIL(IDENTIFIER ",\"locations\":\"" AUDIENCE "\""), E_INVALID_TOKEN, 0},
	{DETAIL(IDENTIFIER ",\"locations\":[1]"), E_INVALID_TOKEN, 0},
	{DETAIL(IDENTIFIER ",\"actions\":{}"), E_INVALID_TOKEN, 0},
	/* one that is not understood spoils the others */
	{"[{\"type\":\"series\"," IDENTIFIER "},{\"type\":\"series\"}]", E_INVALID_TOKEN, 0},
	{"[]", 0, 0},
	{"[{\"type\":\"payment\",\"amount\":1}]", 0, 0},
	{DETAIL(IDENTIFIER ",\"locations\":[]"), 0, 0},
	{DETAIL(IDENTIFIER ",\"locations\":[\"urn:example:other\"]"), 0, 0},
	{DETAIL(IDENTIFIER ",\"actions\":[\"write\"]"), 0, 0},
	{DETAIL("\"identifiers\":[]"), 0, 0},
	{DETAIL(IDENTIFIER), 0, 1},
	{DETAIL(IDENTIFIER ",\"locations\":[\"urn:example:other\",\"" AUDIENCE "\"],\"actions\":[\"read\"]"), 0, 1},
	{DETAIL("\"identifiers\":[\"raalabs/a\",\"id/*\"],\"from\":\"2024-01-01\""), 0, 2},
};

static void test_details(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(details); i++) {
		struct permit_set permits = {.n = 77};
		struct arena arena;
		arena_init(&arena, 1 << 20);
		int rc = permit_parse(STR(""), str_of(details[i].details), STR(AUDIENCE), &arena, &permits);
		if (rc != details[i].verdict || permits.n != (rc < 0 ? 77 : details[i].n))
			fail_msg("%s: %d, %zu", details[i].details, rc, permits.n);
		arena_done(&arena);
	}
}

static void test_scope_claim(void **state)
{
	(void)state;
	struct permit_set permits;
	struct arena arena;
	arena_init(&arena, 1 << 20);
	struct str scope = STR("openid " READ "raalabs/a " READ "raalabs/b%zz series:measurements " READ "id/*");
	assert_int_equal(permit_parse(scope, (struct str){0}, STR(AUDIENCE), &arena, &permits), 0);
	assert_int_equal(permits.n, 2);
	assert_int_equal(permits.n_malformed, 1);
	arena_done(&arena);
}

static void test_too_many(void **state)
{
	(void)state;
	struct permit_set permits;
	struct arena arena;
	struct buf scope;
	arena_init(&arena, 1 << 20);
	buf_init(&scope, 1 << 16);
	for (int i = 0; i <= PERMIT_MAX; i++)
		buf_printf(&scope, READ "raalabs/a%d ", i);
	assert_int_equal(permit_parse(buf_str(&scope), (struct str){0}, STR(""), &arena, &permits), E_LIMIT);
	buf_done(&scope);
	arena_done(&arena);
}

/* Which times of series A are permitted. */
static const struct {
	const char *scope, *details;
	size_t n;
	const char *from, *to; /* of the first; NULL: all time */
} times[] = {
	{"", NULL, 0, NULL, NULL},
	{"series:measurements", NULL, 0, NULL, NULL},
	{READ "raalabs/IMO2/*", NULL, 0, NULL, NULL},
	{READ "raalabs/*", NULL, 0, NULL, NULL}, /* one level only */
	{READ "raalabs/IMO1", NULL, 0, NULL, NULL},
	{READ "jsmea/ME//Power", NULL, 0, NULL, NULL}, /* the slash at the end is part of the name */
	{READ "maker/IMO1/ME%20ShaftPower", NULL, 0, NULL, NULL}, /* a name of another domain */
	{READ "id/" UUID_B, NULL, 0, NULL, NULL},
	{READ "raalabs/IMO1/*", NULL, 1, NULL, NULL},
	{READ "raalabs/*/ME%20Shaft*", NULL, 1, NULL, NULL},
	{READ "jsmea/ME//Power/", NULL, 1, NULL, NULL},
	{READ "id/" UUID_B "," UUID_A, NULL, 1, NULL, NULL},
	{READ "id/*", NULL, 1, NULL, NULL},
	{"", DETAIL(IDENTIFIER), 1, NULL, NULL},
	{"", DETAIL("\"identifier\":\"raalabs/IMO2/*\""), 0, NULL, NULL},
	{"", DETAIL(IDENTIFIER ",\"from\":\"2024-01-01\",\"to\":\"2024-02-01\""), 1, "2024-01-01", "2024-02-01"},
	/* a scope permits for all time, whatever else is there */
	{READ "id/*", DETAIL(IDENTIFIER ",\"to\":\"2024-02-01\""), 1, NULL, NULL},
	/* times that touch are one; others stay apart */
	{"", "[{\"type\":\"series\"," IDENTIFIER ",\"from\":\"2024-02-01\",\"to\":\"2024-03-01\"},"
	     "{\"type\":\"series\",\"identifier\":\"id/*\",\"from\":\"2024-01-01\",\"to\":\"2024-02-01\"}]", 1,
		"2024-01-01",
	 "2024-03-01"},
	{"", "[{\"type\":\"series\"," IDENTIFIER ",\"from\":\"2024-03-01\",\"to\":\"2024-04-01\"},"
	     "{\"type\":\"series\"," IDENTIFIER ",\"from\":\"2024-01-01\",\"to\":\"2024-02-01\"},"
	     "{\"type\":\"series\"," IDENTIFIER ",\"from\":\"2024-01-10\",\"to\":\"2024-01-20\"}]", 2, "2024-01-01",
		"2024-02-01"},
};

static void test_times(void **state)
{
	struct core *core = *state;
	struct series_db_reader reader = {0};
	struct catalog_match match = {0};
	assert_int_equal(series_db_read(core->db, &reader), 0);
	assert_int_equal(catalog_find(reader.db, STR(UUID_A), &match.n), 0);
	assert_int_equal(uuid_parse(STR(UUID_A), &match.id), 0);
	for (size_t i = 0; i < COUNT(times); i++) {
		struct permit_set permits;
		struct permit_times got;
		struct arena arena;
		int64_t work = 1000000;
		arena_init(&arena, 1 << 20);
		assert_int_equal(permit_parse(str_of(times[i].scope), str_of(times[i].details), STR(AUDIENCE),
			&arena, &permits), 0);
		assert_int_equal(permit_times_of(&permits, reader.db, &match, &arena, &got, &work), 0);
		if (got.n != times[i].n)
			fail_msg("%s %s: %zu", times[i].scope, times[i].details, got.n);
		if (got.n > 0) {
			assert_true(got.v[0].from_us == (times[i].from ? core_us(times[i].from) : MOMENT_MIN_US));
			assert_true(got.v[0].to_us == (times[i].to ? core_us(times[i].to) : MOMENT_END_US));
		}
		work = 1;
		assert_int_equal(permit_times_of(&permits, reader.db, &match, &arena, &got, &work), E_SERIES_LIMIT);
		arena_done(&arena);
	}
	series_db_read_end(&reader);
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
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scopes),      cmocka_unit_test(test_details), cmocka_unit_test(test_scope_claim),
		cmocka_unit_test(test_too_many),    cmocka_unit_test_setup_teardown(test_times, setup, teardown)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
