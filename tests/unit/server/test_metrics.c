/* The text of /metrics, read back by a strict parser of the Prometheus text format 0.0.4; see server/metrics.h. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "server/metrics.h"

enum { TEXT_MAX = 1 << 20, SERIES_MAX = 4096, FAMILIES_MAX = 128 };

/* What was read. */
struct exposition {
	struct str series[SERIES_MAX]; /* name and labels as they stand there */
	double values[SERIES_MAX];
	size_t n;
	struct str families[FAMILIES_MAX], types[FAMILIES_MAX];
	size_t n_families;
	bool helped; /* a HELP line waits for its TYPE line */
};

static bool is_name_char(char c, bool first)
{
	return c == '_' || c == ':' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(!first && c >= '0' && c <= '9');
}

static size_t name_len(struct str s)
{
	size_t n = 0;
	while (n < s.len && is_name_char(s.p[n], n == 0))
		n++;
	return n;
}

static void skip_bytes(struct str *s, size_t n)
{
	assert_true(n <= s->len);
	s->p += n;
	s->len -= n;
}

static void expect(struct str *s, struct str token)
{
	if (!str_has_prefix(*s, token))
		fail_msg("expected '%.*s' before '%.*s'", STR_ARG(token), STR_ARG(*s));
	skip_bytes(s, token.len);
}

static struct str take_name(struct str *s)
{
	struct str name = {s->p, name_len(*s)};
	assert_true(name.len > 0);
	skip_bytes(s, name.len);
	return name;
}

static void read_help(struct exposition *read, struct str line)
{
	assert_false(read->helped);
	struct str name = take_name(&line);
	expect(&line, STR(" "));
	assert_true(line.len > 0);
	for (size_t i = 0; i < read->n_families; i++)
		assert_false(str_eq(read->families[i], name)); /* each family stands in one place */
	assert_true(read->n_families < FAMILIES_MAX);
	read->families[read->n_families] = name;
	read->helped = true;
}

static void read_type(struct exposition *read, struct str line)
{
	assert_true(read->helped);
	assert_true(str_eq(take_name(&line), read->families[read->n_families]));
	expect(&line, STR(" "));
	bool counter = str_eq(line, STR("counter"));
	assert_true(counter || str_eq(line, STR("gauge")) || str_eq(line, STR("histogram")));
	struct str family = read->families[read->n_families];
	bool total = family.len > 6 && str_eq((struct str){family.p + family.len - 6, 6}, STR("_total"));
	assert_int_equal(counter, total);
	read->types[read->n_families++] = line;
	read->helped = false;
}

/* {name="value",...}; values here never need escapes. */
static void read_labels(struct str *line)
{
	expect(line, STR("{"));
	for (;;) {
		struct str label = take_name(line), value, rest;
		assert_false(str_eq(label, STR("client")) || str_eq(label, STR("client_id")) ||
			str_eq(label, STR("address")));
		expect(line, STR("=\""));
		assert_true(str_cut(*line, '"', &value, &rest));
		assert_int_equal(str_find(value, '\\'), value.len);
		*line = rest;
		if (str_has_prefix(*line, STR("}")))
			break;
		expect(line, STR(","));
	}
	expect(line, STR("}"));
}

static double read_value(struct str text)
{
	char copy[64], *end;
	assert_true(text.len > 0 && text.len < sizeof(copy));
	memcpy(copy, text.p, text.len);
	copy[text.len] = '\0';
	for (size_t i = 0; i < text.len; i++)
		assert_true((copy[i] >= '0' && copy[i] <= '9') || copy[i] == '.');
	double value = strtod(copy, &end);
	assert_true(*end == '\0');
	return value;
}

static bool belongs(const struct exposition *read, struct str name)
{
	struct str family = read->families[read->n_families - 1], rest;
	if (!str_has_prefix(name, family))
		return false;
	rest = (struct str){name.p + family.len, name.len - family.len};
	if (!str_eq(read->types[read->n_families - 1], STR("histogram")))
		return rest.len == 0;
	return str_eq(rest, STR("_bucket")) || str_eq(rest, STR("_sum")) || str_eq(rest, STR("_count"));
}

static void read_sample(struct exposition *read, struct str line)
{
	struct str all = line, name = take_name(&line);
	assert_true(read->n_families > 0 && !read->helped);
	if (!belongs(read, name))
		fail_msg("%.*s stands outside its family", STR_ARG(name));
	if (str_has_prefix(line, STR("{")))
		read_labels(&line);
	struct str series = {all.p, all.len - line.len};
	for (size_t i = 0; i < read->n; i++)
		if (str_eq(read->series[i], series))
			fail_msg("%.*s twice", STR_ARG(series));
	expect(&line, STR(" "));
	assert_true(read->n < SERIES_MAX);
	read->series[read->n] = series;
	read->values[read->n++] = read_value(line);
}

static void read_all(struct exposition *read, struct str text)
{
	struct str line;
	assert_true(text.len > 0 && text.p[text.len - 1] == '\n');
	while (str_cut(text, '\n', &line, &text)) {
		if (str_has_prefix(line, STR("# HELP ")))
			read_help(read, (struct str){line.p + 7, line.len - 7});
		else if (str_has_prefix(line, STR("# TYPE ")))
			read_type(read, (struct str){line.p + 7, line.len - 7});
		else
			read_sample(read, line);
	}
	assert_int_equal(text.len, 0);
	assert_false(read->helped);
}

static double value_of(const struct exposition *read, const char *series)
{
	for (size_t i = 0; i < read->n; i++)
		if (str_eq(read->series[i], str_of(series)))
			return read->values[i];
	fail_msg("no %s", series);
	return 0;
}

static bool has(const struct exposition *read, const char *series)
{
	for (size_t i = 0; i < read->n; i++)
		if (str_eq(read->series[i], str_of(series)))
			return true;
	return false;
}

static const char *const endpoints[] = {"token", "jwks"};

static struct metrics *make(unsigned slots)
{
	struct metrics *metrics = NULL;
	assert_int_equal(metrics_new(slots, endpoints, 2, &metrics), 0);
	return metrics;
}

static char text_mem[TEXT_MAX];
static struct exposition exposition;

static const struct exposition *scrape(const struct metrics *metrics, const struct metrics_extra *extra)
{
	struct buf out;
	buf_init_fixed(&out, text_mem, sizeof(text_mem));
	metrics_emit(metrics, extra, &out);
	assert_int_equal(buf_status(&out), 0);
	memset(&exposition, 0, sizeof(exposition));
	read_all(&exposition, buf_str(&out));
	return &exposition;
}

static void refuses_bad_sizes(void **state)
{
	(void)state;
	struct metrics *metrics = NULL;
	assert_int_equal(metrics_new(0, endpoints, 2, &metrics), E_LIMIT);
	assert_int_equal(metrics_new(METRICS_SLOTS_MAX + 1, endpoints, 2, &metrics), E_LIMIT);
	assert_int_equal(metrics_new(1, endpoints, 0, &metrics), E_LIMIT);
	assert_int_equal(metrics_new(1, endpoints, METRICS_ENDPOINTS_MAX + 1, &metrics), E_LIMIT);
	assert_null(metrics);
#ifdef MINTMARK_FAULTS
	for (long nth = 1; nth <= 3; nth++) {
		fault_arm(FAULT_ALLOC, nth);
		assert_int_equal(metrics_new(2, endpoints, 2, &metrics), E_NOMEM);
		assert_null(metrics);
	}
	fault_arm(FAULT_ALLOC, 0);
#endif
	metrics_free(NULL);
}

/* Values out of range must not write beside the counters. */
static void ignores_what_is_out_of_range(void **state)
{
	(void)state;
	struct metrics *metrics = make(1);
	struct metrics_slot *slot = metrics_slot(metrics, 0);
	metrics_request(slot, 2, 0, 1);
	metrics_request(slot, 0, -100000, 1);
	metrics_request(slot, 0, 77, 1);
	metrics_token(slot, SIG_NONE);
	metrics_token(slot, SIG_ALGS);
	metrics_auth_failure(slot, AUTH_REASONS_N);
	const struct exposition *read = scrape(metrics, NULL);
	assert_true(value_of(read, "mintmark_requests_total{endpoint=\"token\",outcome=\"internal\"}") == 1);
	assert_true(value_of(read, "mintmark_requests_total{endpoint=\"token\",outcome=\"ok\"}") == 1);
	assert_true(value_of(read, "mintmark_request_duration_seconds_count{endpoint=\"jwks\"}") == 0);
	metrics_free(metrics);
}

static void adds_slots_up(void **state)
{
	(void)state;
	struct metrics *metrics = make(3);
	for (unsigned i = 0; i < 3; i++) {
		struct metrics_slot *slot = metrics_slot(metrics, i);
		metrics_request(slot, 0, 0, 100);
		metrics_request(slot, 0, E_INVALID_CLIENT, 101);
		metrics_request(slot, 1, E_CONFIG, 3000000); /* the last row but one of err.def */
		metrics_token(slot, SIG_ES256);
		metrics_token(slot, SIG_EDDSA);
		metrics_auth_failure(slot, AUTH_WRONG_SECRET);
		metrics_throttle_crossing(slot);
	}
	metrics_token(metrics_slot(metrics, 1), SIG_EDDSA);
	const struct exposition *read = scrape(metrics, NULL);
	static const struct {
		const char *series;
		double value;
	} rows[] = {
		{"mintmark_requests_total{endpoint=\"token\",outcome=\"ok\"}", 3},
		{"mintmark_requests_total{endpoint=\"token\",outcome=\"invalid_client\"}", 3},
		{"mintmark_requests_total{endpoint=\"jwks\",outcome=\"ok\"}", 0},
		{"mintmark_requests_total{endpoint=\"jwks\",outcome=\"config\"}", 3},
		{"mintmark_request_duration_seconds_bucket{endpoint=\"token\",le=\"0.0001\"}", 3},
		{"mintmark_request_duration_seconds_bucket{endpoint=\"token\",le=\"0.00025\"}", 6},
		{"mintmark_request_duration_seconds_bucket{endpoint=\"token\",le=\"+Inf\"}", 6},
		{"mintmark_request_duration_seconds_count{endpoint=\"token\"}", 6},
		{"mintmark_request_duration_seconds_sum{endpoint=\"token\"}", 0.000603},
		{"mintmark_request_duration_seconds_bucket{endpoint=\"jwks\",le=\"2.5\"}", 0},
		{"mintmark_request_duration_seconds_bucket{endpoint=\"jwks\",le=\"+Inf\"}", 3},
		{"mintmark_request_duration_seconds_sum{endpoint=\"jwks\"}", 9},
		{"mintmark_tokens_issued_total{alg=\"ES256\"}", 3},
		{"mintmark_tokens_issued_total{alg=\"EdDSA\"}", 4},
		{"mintmark_tokens_issued_total{alg=\"RS256\"}", 0},
		{"mintmark_auth_failures_total{reason=\"wrong_secret\"}", 3},
		{"mintmark_auth_failures_total{reason=\"unknown_client\"}", 0},
		{"mintmark_throttle_crossings_total", 3},
		{"mintmark_build_info{version=\"" MINTMARK_VERSION "\"}", 1},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (value_of(read, rows[i].series) != rows[i].value)
			fail_msg("%s is %f", rows[i].series, value_of(read, rows[i].series));
	assert_false(has(read, "mintmark_requests_total{endpoint=\"token\",outcome=\"config\"}"));
	assert_false(has(read, "mintmark_keyd_up"));
	assert_true(value_of(read, "process_resident_memory_bytes") > 100000);
	metrics_free(metrics);
}

static void buckets_are_cumulative(void **state)
{
	(void)state;
	struct metrics *metrics = make(1);
	for (uint64_t us = 1; us < 10000000; us += us / 3 + 1)
		metrics_request(metrics_slot(metrics, 0), 0, 0, us);
	const struct exposition *read = scrape(metrics, NULL);
	double before = 0, bound = 0;
	unsigned n = 0;
	for (size_t i = 0; i < read->n; i++) {
		struct str prefix = STR("mintmark_request_duration_seconds_bucket{endpoint=\"token\",le=\"");
		if (!str_has_prefix(read->series[i], prefix))
			continue;
		assert_true(read->values[i] >= before);
		before = read->values[i];
		double le = strtod(read->series[i].p + prefix.len, NULL); /* reads "+Inf" too */
		assert_true(le > bound);
		bound = le;
		n++;
	}
	assert_true(n > 5);
	assert_true(before == value_of(read, "mintmark_request_duration_seconds_count{endpoint=\"token\"}"));
	metrics_free(metrics);
}

static void prints_what_others_count(void **state)
{
	(void)state;
	struct metrics *metrics = make(1);
	struct store_stats store =
		{.reads = 1, .read_us = 1500000, .writes = 3, .commits = 2, .commit_us = 7, .failures = 5};
	struct signer_stats signer = {.batches = 6, .jobs = 60, .failures = 7, .round_trip_us = 1000001};
	struct http_server_stats http = {.accepted = 8,
		.refused_cap = 9,
		.refused_syntax = 10,
		.timeouts = 11,
		.handshakes_failed = 12,
		.open = 13};
	struct metrics_keys keys[] = {{"ES256", KEY_ACTIVE, 1}, {"ES256", KEY_RETIRING, 2}};
	struct metrics_extra extra = {.store = &store,
		.signer = &signer,
		.http = &http,
		.feed = &(struct metrics_feed){7, 9, 2},
		.keys = keys,
		.n_keys = 2,
		.keyd_up = true,
		.started_s = 1700000000};
	const struct exposition *read = scrape(metrics, &extra);
	static const struct {
		const char *series;
		double value;
	} rows[] = {
		{"mintmark_store_reads_total", 1},
		{"mintmark_store_read_seconds_total", 1.5},
		{"mintmark_store_writes_total", 3},
		{"mintmark_store_commits_total", 2},
		{"mintmark_store_commit_seconds_total", 0.000007},
		{"mintmark_store_failures_total", 5},
		{"mintmark_keyd_batches_total", 6},
		{"mintmark_keyd_jobs_total", 60},
		{"mintmark_keyd_failures_total", 7},
		{"mintmark_keyd_round_trip_seconds_total", 1.000001},
		{"mintmark_http_connections_accepted_total", 8},
		{"mintmark_http_connections_refused_total", 9},
		{"mintmark_http_malformed_total", 10},
		{"mintmark_http_timeouts_total", 11},
		{"mintmark_http_handshakes_failed_total", 12},
		{"mintmark_http_connections_open", 13},
		{"mintmark_feed_entries", 7},
		{"mintmark_feed_newest", 9},
		{"mintmark_feed_waiting", 2},
		{"mintmark_keyd_up", 1},
		{"mintmark_keys{alg=\"ES256\",state=\"active\"}", 1},
		{"mintmark_keys{alg=\"ES256\",state=\"retiring\"}", 2},
		{"process_start_time_seconds", 1700000000},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (value_of(read, rows[i].series) != rows[i].value)
			fail_msg("%s is %f", rows[i].series, value_of(read, rows[i].series));
	struct metrics_extra few = {.keyd_up = false};
	read = scrape(metrics, &few);
	assert_true(value_of(read, "mintmark_keyd_up") == 0);
	assert_false(has(read, "mintmark_store_reads_total"));
	metrics_free(metrics);
}

static void reports_a_full_buffer(void **state)
{
	(void)state;
	char mem[1000];
	struct buf out;
	struct metrics *metrics = make(1);
	buf_init_fixed(&out, mem, sizeof(mem));
	metrics_emit(metrics, NULL, &out);
	assert_int_equal(buf_status(&out), E_LIMIT);
	metrics_free(metrics);
}

static void *count(void *arg)
{
	for (unsigned i = 0; i < 20000; i++) {
		metrics_request(arg, 0, 0, i);
		metrics_token(arg, SIG_RS256);
	}
	return NULL;
}

/* Counting threads and a scrape at the same time; under -Db_sanitize=thread this proves that nothing else is shared. */
static void counts_while_scraped(void **state)
{
	(void)state;
	struct metrics *metrics = make(3);
	pthread_t threads[3];
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count, metrics_slot(metrics, i)), 0);
	for (unsigned i = 0; i < 10; i++)
		(void)scrape(metrics, NULL);
	for (unsigned i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	const struct exposition *read = scrape(metrics, NULL);
	assert_true(value_of(read, "mintmark_tokens_issued_total{alg=\"RS256\"}") == 60000);
	assert_true(value_of(read, "mintmark_requests_total{endpoint=\"token\",outcome=\"ok\"}") == 60000);
	metrics_free(metrics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_bad_sizes), cmocka_unit_test(ignores_what_is_out_of_range),
		cmocka_unit_test(reports_a_full_buffer), cmocka_unit_test(adds_slots_up),
		cmocka_unit_test(buckets_are_cumulative), cmocka_unit_test(prints_what_others_count),
		cmocka_unit_test(counts_while_scraped),
	};
	return cmocka_run_group_tests_name("server/metrics", tests, NULL, NULL);
}
