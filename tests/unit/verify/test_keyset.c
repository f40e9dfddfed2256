/*
 * Key sets that are fetched: when, how often, from where, and what happens when the issuer is slow, broken or hostile.
 * ATTACKS 36, 37; ledger 7517-10; against an issuer of our own on loopback, with a clock that the test moves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "forge.h"
#include "issuer.h"
#include "verify/keyset.h"

enum { REFRESH_S = 300, INTERVAL_S = 10, MAX_AGE_S = 3600 };

static _Atomic int64_t clock_ns = INT64_C(1000000000000);
static int64_t now_ns(void) { return atomic_load(&clock_ns); }

static struct issuer issuer;
static char metadata[2048], keys_a[8192], keys_b[8192];

static void pass(struct mintmark_keyset *keyset, int64_t seconds)
{
	atomic_fetch_add(&clock_ns, seconds * 1000000000);
	keyset_poke(keyset);
}

static struct keyset_state state_of(struct mintmark_keyset *keyset)
{
	struct keyset_state state;
	keyset_describe(keyset, &state);
	return state;
}

/* Until so many fetches have ended. */
static struct keyset_state after(struct mintmark_keyset *keyset, uint64_t fetches)
{
	for (int i = 0; i < 30000 && state_of(keyset).fetches < fetches; i++)
		(void)poll(NULL, 0, 2);
	assert_int_equal(state_of(keyset).fetches, fetches);
	return state_of(keyset);
}

static struct mintmark_keyset *make(bool discovers, uint32_t timeout_ms)
{
	struct mintmark_keyset *keyset;
	struct keyset_timing timing = {REFRESH_S, INTERVAL_S, MAX_AGE_S, timeout_ms, now_ns};
	struct fetch_source source = {.timeout_ms = timeout_ms};
	if (discovers)
		source.issuer = str_of(issuer.url);
	else
		source.url = str_of(issuer.jwks_url);
	assert_int_equal(keyset_new_fetched(&source, &timing, &keyset), 0);
	return keyset;
}

static void put_set(enum sig_alg first, enum sig_alg last, char *ret_text, size_t size)
{
	struct buf out;
	buf_init_fixed(&out, ret_text, size - 1);
	buf_put(&out, STR("{\"keys\":["));
	for (enum sig_alg alg = first; alg <= last; alg++) {
		assert_int_equal(jwk_emit(forge_keys[alg], str_of(sig_alg_row(alg)->name), &out), 0);
		buf_put(&out, alg < last ? STR(",") : STR("]}"));
	}
	assert_int_equal(buf_status(&out), 0);
	ret_text[out.len] = '\0';
}

static int start(void **state)
{
	(void)state;
	put_set(SIG_ES256, SIG_ES256, keys_a, sizeof(keys_a));
	put_set(SIG_ES256, SIG_RS256, keys_b, sizeof(keys_b));
	issuer_start(&issuer, str_of(keys_a), metadata, sizeof(metadata));
	return 0;
}

static int stop(void **state)
{
	(void)state;
	issuer_stop(&issuer);
	return 0;
}

/* ATTACKS 37: each of these leaves the last good set in place, and is tried again only after the interval. */
static void attack_37_bad_answers_displace_nothing(void **state)
{
	static const char twins[] = "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"a\","
				    "\"x\":\"2-SQo9TkzLu0c1mAaKyGEAsELWcqaACCtcDPhqhHUlU\"},"
				    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"a\","
				    "\"x\":\"s2PJbXLGLzF92mrCbSgCtfSZQfWW5ocyBAGWl_ndn5Y\","
				    "\"y\":\"VEfPRtcnBOJDIws5UkL_shlHPE9DhHBq2xFuzrBGEoU\"}]}";
	static char blank[65536];
	const struct {
		struct issuer_page page;
		enum fetch_cause cause;
	} rows[] = {
		{{"HTTP/1.1 500 Oops\r\nContent-Type: application/json\r\n", STR("{}"), 1}, FETCH_STATUS},
		{{"HTTP/1.1 404 No\r\nContent-Type: application/json\r\n", STR("{}"), 1}, FETCH_STATUS},
		{{"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n", STR(""), 1}, FETCH_STATUS},
		{{"HTTP/1.1 304 Not Modified\r\n", STR(""), 1}, FETCH_STATUS},
		{{"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n", str_of(keys_b), 1}, FETCH_TYPE},
		{{"HTTP/1.1 200 OK\r\nContent-Type: text/json\r\n", str_of(keys_b), 1}, FETCH_TYPE},
		{{"HTTP/1.1 200 OK\r\n", str_of(keys_b), 1}, FETCH_TYPE},
		{{NULL, STR(""), 1}, FETCH_SYNTAX},
		{{NULL, STR("{\"keys\":[]}"), 1}, FETCH_EMPTY},
		{{NULL, STR("{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}"), 1}, FETCH_EMPTY},
		{{NULL, STR("{\"keys\":{}}"), 1}, FETCH_SYNTAX},
		{{NULL, STR("{\"keys\":[],\"keys\":[]}"), 1}, FETCH_SYNTAX},
		{{NULL, STR("<html>"), 1}, FETCH_SYNTAX},
		{{NULL, str_of(twins), 1}, FETCH_TWINS},
		{{NULL, str_mem(blank, sizeof(blank)), 1600}, FETCH_LIMIT}, /* 100 MB */
		{{"hello\r\n", STR(""), 1}, FETCH_NETWORK},
	};
	(void)state;
	memset(blank, ' ', sizeof(blank));
	struct mintmark_keyset *keyset = make(false, 60000);
	assert_true(after(keyset, 1).has_set);
	pass(keyset, REFRESH_S);
	uint64_t fetches = 2, generation = keyset_generation(keyset);
	(void)after(keyset, fetches);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		issuer_set(&issuer, ISSUER_JWKS, rows[i].page);
		pass(keyset, i == 0 ? REFRESH_S : INTERVAL_S);
		struct keyset_state now = after(keyset, ++fetches);
		if (now.last != rows[i].cause || keyset_generation(keyset) != generation)
			fail_msg("row %zu: %s", i, fetch_text(now.last));
		pass(keyset, INTERVAL_S - 1);
		assert_int_equal(after(keyset, fetches).fetches, fetches);
		atomic_fetch_sub(&clock_ns, INT64_C(1000000000) * (INTERVAL_S - 1));
	}
	keyset_unref(keyset);
}

/* ATTACKS 37: kept through an outage up to its age, then nothing; and back again by itself. */
static void attack_37_outage_ends_in_refusal(void **state)
{
	(void)state;
	struct mintmark_keyset *keyset = make(true, 60000);
	assert_true(after(keyset, 1).has_set);
	issuer_set(&issuer, ISSUER_JWKS, (struct issuer_page){"HTTP/1.1 503 Down\r\n", STR(""), 1});
	pass(keyset, MAX_AGE_S - 1);
	assert_true(after(keyset, 2).has_set);
	pass(keyset, 1);
	assert_int_equal(keyset_generation(keyset), 0);
	assert_null(keyset_get(keyset, true));
	assert_false(state_of(keyset).has_set);
	issuer_set(&issuer, ISSUER_JWKS, (struct issuer_page){NULL, str_of(keys_a), 1});
	pass(keyset, INTERVAL_S);
	assert_true(after(keyset, 3).has_set);
	assert_int_equal(keyset_generation(keyset), 1); /* the very same set: kept tokens stay valid */
	keyset_unref(keyset);
}

/* Refreshed at four fifths of its life: the answer's or ours, whichever is shorter, but not within the interval. */
static void is_refreshed_before_it_expires(void **state)
{
	static const struct {
		const char *field;
		int due_s;
	} rows[] = {{"", 240},
		    {"Cache-Control: public, max-age=100\r\n", 80},
		    {"cache-control: max-age=9999\r\n", 240},
		    {"Cache-Control: max-age=100, no-store\r\n", INTERVAL_S},
		    {"Cache-Control: no-cache\r\n", INTERVAL_S},
		    {"Cache-Control: max-age=-1\r\n", 240}, {"Cache-Control: max-age=1e3, x\r\n", 240}};
	static char heads[sizeof(rows) / sizeof(rows[0])][256]; /* the issuer may still be sending the last one */
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *head = heads[i];
		snprintf(head, sizeof(heads[i]), "%s%s", issuer_ok, rows[i].field);
		issuer_set(&issuer, ISSUER_JWKS, (struct issuer_page){head, str_of(keys_a), 1});
		struct mintmark_keyset *keyset = make(false, 60000);
		(void)after(keyset, 1);
		pass(keyset, rows[i].due_s - 1);
		(void)poll(NULL, 0, 5);
		(void)after(keyset, 1);
		pass(keyset, 1);
		(void)after(keyset, 2);
		keyset_unref(keyset);
	}
}

/* ATTACKS 36; ledger 7517-10: one fetch per interval whatever is asked; a new key is found by it. */
static void attack_36_unknown_keys_cost_one_fetch(void **state)
{
	(void)state;
	struct mintmark_keyset *keyset = make(false, 60000);
	(void)after(keyset, 1);
	uint64_t seen = keyset_generation(keyset);
	for (int i = 0; i < 1000; i++)
		assert_false(keyset_ask(keyset, seen)); /* right after a fetch */
	assert_int_equal(atomic_load(&issuer.hits[ISSUER_JWKS]), 1);
	pass(keyset, INTERVAL_S);
	for (int i = 0; i < 1000; i++)
		assert_false(keyset_ask(keyset, seen)); /* the first one fetches, in vain */
	assert_int_equal(atomic_load(&issuer.hits[ISSUER_JWKS]), 2);
	issuer_set(&issuer, ISSUER_JWKS, (struct issuer_page){NULL, str_of(keys_b), 1});
	pass(keyset, INTERVAL_S);
	assert_true(keyset_ask(keyset, seen));
	assert_int_equal(atomic_load(&issuer.hits[ISSUER_JWKS]), 3);
	struct keyset_snapshot *snapshot = keyset_get(keyset, false);
	assert_non_null(jwks_find(snapshot->jwks, STR("RS256")));
	keyset_snapshot_unref(snapshot);
	keyset_unref(keyset);
}

static void *ask(void *arg) { return keyset_ask(arg, 1) ? arg : NULL; }

/* ATTACKS 36, 37: while the issuer is silent one caller waits, and no other. */
static void attack_36_slow_issuer_pins_nobody(void **state)
{
	pthread_t thread;
	(void)state;
	struct mintmark_keyset *keyset = make(false, 60000);
	(void)after(keyset, 1);
	atomic_store(&issuer.stalls, true);
	pass(keyset, INTERVAL_S);
	assert_int_equal(pthread_create(&thread, NULL, ask, keyset), 0);
	while (atomic_load(&issuer.hits[ISSUER_JWKS]) < 2)
		(void)poll(NULL, 0, 1);
	pass(keyset, INTERVAL_S * 5);
	for (int i = 0; i < 100; i++) { /* each would wait a minute */
		struct keyset_snapshot *snapshot = keyset_get(keyset, true);
		assert_non_null(snapshot);
		keyset_snapshot_unref(snapshot);
		assert_false(keyset_ask(keyset, 1));
	}
	assert_int_equal(atomic_load(&issuer.hits[ISSUER_JWKS]), 2);
	atomic_store(&issuer.stalls, false);
	pthread_join(thread, NULL);
	keyset_unref(keyset);
}

/* ATTACKS 36: on an event loop the flood stays on the loop; one caller is sent to a thread that waits. */
static void attack_36_event_loops_never_wait(void **state)
{
	(void)state;
	struct mintmark_keyset *keyset = make(false, 60000);
	(void)after(keyset, 1);
	assert_false(keyset_is_awaited(keyset));
	uint64_t seen = keyset_generation(keyset);
	assert_false(keyset_ask_nowait(keyset, seen)); /* within the interval */
	atomic_store(&issuer.stalls, true);
	issuer_set(&issuer, ISSUER_JWKS, (struct issuer_page){NULL, str_of(keys_b), 1});
	pass(keyset, INTERVAL_S);
	assert_true(keyset_ask_nowait(keyset, seen));
	for (int i = 0; i < 1000; i++)
		assert_false(keyset_ask_nowait(keyset, seen));
	while (atomic_load(&issuer.hits[ISSUER_JWKS]) < 2)
		(void)poll(NULL, 0, 1);
	atomic_store(&issuer.stalls, false);
	assert_true(keyset_ask(keyset, seen)); /* waits for the fetch that has begun */
	assert_int_equal(atomic_load(&issuer.hits[ISSUER_JWKS]), 2);
	assert_true(keyset_ask_nowait(keyset, seen)); /* there is another generation: try again */
	assert_false(keyset_ask_nowait(keyset, keyset_generation(keyset)));
	keyset_unref(keyset);
}

static void first_fetch_is_awaited(void **state)
{
	(void)state;
	atomic_store(&issuer.stalls, true);
	struct mintmark_keyset *keyset = make(false, 60000);
	assert_true(keyset_is_awaited(keyset));
	atomic_store(&issuer.stalls, false);
	(void)after(keyset, 1);
	assert_false(keyset_is_awaited(keyset));
	keyset_unref(keyset);
}

/* Freeing a set does not wait for a silent issuer's timeout, nor does a first caller wait longer than it. */
static void waits_are_bounded(void **state)
{
	(void)state;
	atomic_store(&issuer.stalls, true);
	struct mintmark_keyset *keyset = make(false, 60000);
	keyset_wait(keyset, 1);
	assert_int_equal(state_of(keyset).fetches, 0);
	while (atomic_load(&issuer.hits[ISSUER_JWKS]) < 1)
		(void)poll(NULL, 0, 1);
	int64_t began_ns = clock_mono_ns();
	keyset_unref(keyset);
	assert_true(clock_mono_ns() - began_ns < INT64_C(50000000000)); /* its timeout is a minute */
	keyset = make(false, 50);
	assert_null(keyset_get(keyset, true));
	assert_int_equal(after(keyset, 1).last, FETCH_TIMEOUT);
	keyset_unref(keyset);
}

/* RFC 8414 3.3, OpenID Connect Discovery 4.3; ledger 8414 2, 8725-3.8: the issuer byte by byte. */
static void metadata_must_be_the_issuers(void **state)
{
	static const struct {
		const char *text;
		enum fetch_cause cause;
		const char *what;
	} rows[] = {
		{"{\"issuer\":\"%s/\",\"jwks_uri\":\"%s\"}", FETCH_ISSUER, "metadata"},
		{"{\"issuer\":\"HTTP%s\",\"jwks_uri\":\"%s\"}", FETCH_ISSUER, "metadata"},
		{"{\"jwks_uri\":\"%.0s%s\"}", FETCH_SYNTAX, "metadata"},
		{"{\"issuer\":\"%s\"}", FETCH_SYNTAX, "metadata"},
		{"{\"issuer\":\"%s\",\"jwks_uri\":\"http://127.0.0.2:1/%.0s\"}", FETCH_REFUSED, "key set"},
		{"{\"issuer\":\"%s\",\"jwks_uri\":\"http://127.0.0.1/%.0s\"}", FETCH_REFUSED, "key set"},
		{"{\"issuer\":\"%s\",\"jwks_uri\":\"https://169.254.169.254/%.0s\"}", FETCH_REFUSED, "key set"},
		{"{\"issuer\":\"%s\",\"jwks_uri\":\"file:///etc/passwd%.0s\"}", FETCH_REFUSED, "key set"},
		{"{\"issuer\":\"%s\",\"jwks_uri\":\"\"}", FETCH_URL, "key set"},
		{"{\"issuer\":\"%s\",\"jwks_uri\":\"%s\"}", FETCH_DONE, "key set"},
	};
	static char texts[sizeof(rows) / sizeof(rows[0])][512];
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = texts[i];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(text, sizeof(texts[i]), rows[i].text, issuer.url, issuer.jwks_url);
#pragma GCC diagnostic pop
		issuer_set(&issuer, ISSUER_METADATA, (struct issuer_page){NULL, str_of(text), 1});
		struct mintmark_keyset *keyset = make(true, 60000);
		struct keyset_state now = after(keyset, 1);
		if (now.last != rows[i].cause || strcmp(now.what, rows[i].what) != 0 ||
		    now.has_set != (rows[i].cause == FETCH_DONE))
			fail_msg("%s: %s %s", text, now.what, fetch_text(now.last));
		keyset_unref(keyset);
	}
}

struct reader {
	pthread_t thread;
	struct mintmark_keyset *keyset;
	atomic_bool *ends;
	int wrong;
};

static void *read_keys(void *arg)
{
	struct reader *reader = arg;
	while (!atomic_load(reader->ends)) {
		struct keyset_snapshot *snapshot = keyset_get(reader->keyset, true);
		reader->wrong += !snapshot || !jwks_find(snapshot->jwks, STR("ES256"));
		(void)keyset_ask(reader->keyset, snapshot ? snapshot->generation : 0);
		keyset_snapshot_unref(snapshot);
		reader->wrong += keyset_generation(reader->keyset) == 0;
	}
	return NULL;
}

/* Readers never see anything but a whole set while it is swapped under them. Built with ThreadSanitizer too. */
static void sets_are_swapped_under_readers(void **state)
{
	struct reader readers[4];
	atomic_bool ends = false;
	(void)state;
	struct mintmark_keyset *keyset = make(true, 60000);
	for (size_t i = 0; i < 4; i++) {
		readers[i] = (struct reader){.keyset = keyset, .ends = &ends};
		assert_int_equal(pthread_create(&readers[i].thread, NULL, read_keys, &readers[i]), 0);
	}
	for (int i = 0; i < 20; i++) {
		issuer_set(&issuer, ISSUER_JWKS, (struct issuer_page){NULL, str_of(i % 2 ? keys_a : keys_b), 1});
		uint64_t fetches = state_of(keyset).fetches;
		pass(keyset, REFRESH_S);
		for (int k = 0; k < 60000 && state_of(keyset).fetches == fetches; k++)
			(void)poll(NULL, 0, 1);
	}
	atomic_store(&ends, true);
	for (size_t i = 0; i < 4; i++) {
		pthread_join(readers[i].thread, NULL);
		assert_int_equal(readers[i].wrong, 0);
	}
	assert_true(keyset_generation(keyset) > 10);
	keyset_unref(keyset);
}

/* RFC 8414 3.1: where OpenID's document is not served. */
static void oauth_metadata_serve_too(void **state)
{
	(void)state;
	issuer_set(&issuer, ISSUER_METADATA, (struct issuer_page){"HTTP/1.1 404 No\r\n", STR(""), 1});
	struct mintmark_keyset *keyset = make(true, 60000);
	assert_true(after(keyset, 1).has_set);
	assert_int_equal(atomic_load(&issuer.hits[ISSUER_OAUTH]), 1);
	keyset_unref(keyset);
}

/* mintmark/keyset.h: plain http from loopback addresses only. */
static void plain_http_stays_near(void **state)
{
	struct keyset_timing timing = {REFRESH_S, INTERVAL_S, MAX_AGE_S, 500, now_ns};
	struct fetch_source source = {.url = STR("http://192.0.2.1:9/jwks"), .timeout_ms = 500};
	struct mintmark_keyset *keyset;
	(void)state;
	assert_int_equal(keyset_new_fetched(&source, &timing, &keyset), 0);
	assert_int_equal(after(keyset, 1).last, FETCH_REFUSED);
	keyset_unref(keyset);
}

static void options_have_ranges(void **state)
{
	const size_t size = sizeof(struct mintmark_keyset_options);
	const struct mintmark_keyset_options rows[] = {
		{.size = 0}, {.size = size - 1}, {.size = size, .refresh_s = 86401},
		{.size = size, .interval_s = 3601},
		{.size = size, .max_age_s = 2592001}, {.size = size, .timeout_ms = 60001}, {.size = size, .flags = 2}};
	mintmark_keyset *keyset = NULL;
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(mintmark_keyset_url("https://x", &rows[i], &keyset), MINTMARK_ERROR_ARGUMENT);
	assert_int_equal(mintmark_keyset_url(NULL, NULL, &keyset), MINTMARK_ERROR_ARGUMENT);
	assert_int_equal(mintmark_keyset_discover("", NULL, &keyset), MINTMARK_ERROR_ARGUMENT);
	assert_int_equal(mintmark_keyset_url("https://x", NULL, NULL), MINTMARK_ERROR_ARGUMENT);
	assert_int_equal(mintmark_keyset_wait(NULL, 1), MINTMARK_ERROR_ARGUMENT);
	assert_null(keyset);
	mintmark_keyset_free(NULL);
}

static void explains_itself(void **state)
{
	char text[512], tiny[8];
	mintmark_keyset *keyset;
	(void)state;
	assert_int_equal(mintmark_keyset_discover(issuer.url, NULL, &keyset), 0);
	assert_int_equal(mintmark_keyset_wait(keyset, 20000), MINTMARK_OK);
	assert_int_equal(mintmark_keyset_explain(keyset, text, sizeof(text)), 0);
	assert_string_equal(text, "The key set has 1 keys and is 0 s old: at the last of 1 fetches the key set was "
				  "fetched.");
	assert_int_equal(mintmark_keyset_explain(keyset, tiny, sizeof(tiny)), 0);
	assert_string_equal(tiny, "The key");
	mintmark_keyset_free(keyset);
	issuer_set(&issuer, ISSUER_JWKS, (struct issuer_page){NULL, STR("{\"keys\":[]}"), 1});
	assert_int_equal(mintmark_keyset_url(issuer.jwks_url, NULL, &keyset), 0);
	assert_int_equal(mintmark_keyset_wait(keyset, 20000), MINTMARK_ERROR_SYNTAX);
	assert_int_equal(mintmark_keyset_explain(keyset, text, sizeof(text)), 0);
	assert_string_equal(text,
			    "There is no key set yet: at the last of 1 fetches the key set has no usable key.");
	mintmark_keyset_free(keyset);
}

#define FETCHED(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FETCHED(attack_37_bad_answers_displace_nothing),
		FETCHED(attack_37_outage_ends_in_refusal),
		FETCHED(is_refreshed_before_it_expires),
		FETCHED(attack_36_unknown_keys_cost_one_fetch),
		FETCHED(attack_36_slow_issuer_pins_nobody),
		FETCHED(attack_36_event_loops_never_wait),
		FETCHED(first_fetch_is_awaited),
		FETCHED(waits_are_bounded),
		FETCHED(metadata_must_be_the_issuers),
		FETCHED(oauth_metadata_serve_too),
		FETCHED(sets_are_swapped_under_readers),
		cmocka_unit_test(plain_http_stays_near),
		cmocka_unit_test(options_have_ranges),
		FETCHED(explains_itself),
	};
	return cmocka_run_group_tests(tests, forge_setup, forge_teardown);
}
