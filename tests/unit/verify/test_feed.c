/*
 * Following a revocation feed: what a verifier refuses because of it, what a hostile or broken issuer can do to it, how
 * often is asked, and its end. ATTACKS 35, 36, 37; against an issuer of our own on loopback, with clocks that the test
 * moves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/fault.h"
#include "feed_fixture.h"

/* ATTACKS 35: a token is refused from the moment that the feed names it, kept or not, and no other one is. */
static void attack_35_revoked_while_kept(void **state)
{
	static const struct {
		const char *entry;
		enum mintmark_verdict old, fresh, other; /* epochs 1 and 2 of c; another client's */
	} rows[] = {
		{"", V(VALID), V(VALID), V(VALID)},
		{"{\"seq\":1,\"client_id\":\"c\",\"epoch\":2,\"until\":9000}", V(REVOKED), V(VALID), V(VALID)},
		{"{\"seq\":1,\"client_id\":\"c\",\"epoch\":3,\"until\":9000}", V(REVOKED), V(REVOKED), V(VALID)},
		{"{\"seq\":1,\"client_id\":\"C\",\"epoch\":3,\"until\":9000}", V(VALID), V(VALID), V(VALID)},
		{"{\"seq\":1,\"account\":\"a\",\"epoch\":5,\"until\":9000}", V(REVOKED), V(REVOKED), V(REVOKED)},
		{"{\"seq\":1,\"account\":\"a\",\"epoch\":4,\"until\":9000}", V(VALID), V(VALID), V(VALID)},
		{"{\"seq\":1,\"account\":\"c\",\"epoch\":9,\"until\":9000}", V(VALID), V(VALID), V(VALID)},
		{"{\"seq\":1,\"jti\":\"old\",\"until\":9000}", V(REVOKED), V(VALID), V(VALID)},
		{"{\"seq\":1,\"client_id\":\"c\",\"epoch\":2,\"until\":1500}", V(VALID), V(VALID), V(VALID)}, /* over */
	};
	struct str old = token_with("old", "c", 1), fresh = token_with("fresh", "c", 2);
	struct str other = token_with("o", "d", 0);
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (unsigned off = 0; off <= OFF(CACHE); off += OFF(CACHE)) {
			answer(0, 0, false, "");
			start_feed(60, 100);
			mintmark_verifier *verifier = make_verifier(off);
			assert_int_equal(check(verifier, old, NULL), V(VALID));
			assert_int_equal(check(verifier, old, "write"), V(SCOPE));
			answer(0, 1, false, rows[i].entry);
			pass(POLL_S);
			if (check(verifier, old, NULL) != rows[i].old ||
			    check(verifier, fresh, NULL) != rows[i].fresh ||
			    check(verifier, other, NULL) != rows[i].other)
				fail_msg("row %zu", i);
			/* revoked comes before what scopes the token has: ask for no others, get a new token */
			assert_int_equal(check(verifier, old, "write"),
					 rows[i].old == V(VALID) ? V(SCOPE) : rows[i].old);
			mintmark_verifier_free(verifier);
			stop_feed();
		}
	}
}

/* Each of these is no answer: nothing changes but the age, and at its end every token is refused. */
static void attack_37_bad_answers_count_for_nothing(void **state)
{
#define CLAIMS(iss, iat, rest) "{\"iss\":\"" iss "\",\"iat\":" iat ",\"exp\":2000," rest "}"
#define EMPTY "\"feed\":\"f\",\"since\":0,\"seq\":0,\"more\":false,\"revocations\":[]"
	static const struct {
		const char *head, *header, *claims;
		enum fetch_cause cause;
	} rows[] = {
		{"HTTP/1.1 500 Oops\r\nContent-Type: application/jwt\r\n", FEED_HEADER, CLAIMS(AS, "1505", EMPTY),
		 FETCH_STATUS},
		{"HTTP/1.1 404 No\r\nContent-Type: application/jwt\r\n", FEED_HEADER, CLAIMS(AS, "1505", EMPTY),
		 FETCH_STATUS},
		{"HTTP/1.1 304 Not Modified\r\n", FEED_HEADER, CLAIMS(AS, "1505", EMPTY), FETCH_STATUS},
		{"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n", FEED_HEADER, CLAIMS(AS, "1505", EMPTY),
		 FETCH_STATUS},
		{issuer_ok, FEED_HEADER, CLAIMS(AS, "1505", EMPTY), FETCH_JWT},
		{feed_ok, "{\"alg\":\"ES256\",\"kid\":\"ES256\",\"typ\":\"at+jwt\"}", CLAIMS(AS, "1505", EMPTY),
		 FETCH_UNTRUSTED},
		{feed_ok, "{\"alg\":\"none\",\"typ\":\"revocations+jwt\"}", CLAIMS(AS, "1505", EMPTY), FETCH_UNTRUSTED},
		{feed_ok, "{\"alg\":\"ES256\",\"kid\":\"x\",\"typ\":\"revocations+jwt\"}", CLAIMS(AS, "1505", EMPTY),
		 FETCH_UNTRUSTED},
		{feed_ok, FEED_HEADER, CLAIMS("https://other", "1505", EMPTY), FETCH_UNTRUSTED},
		{feed_ok, FEED_HEADER, CLAIMS(AS, "1494", EMPTY), FETCH_OLD}, /* kept by somebody, shown again */
		{feed_ok, FEED_HEADER, CLAIMS(AS, "1516", EMPTY), FETCH_UNTRUSTED},
		{feed_ok, FEED_HEADER, CLAIMS(AS, "1505", "\"x\":1"), FETCH_SYNTAX},
		{feed_ok, FEED_HEADER,
		 CLAIMS(AS, "1505", "\"feed\":\"f\",\"since\":4,\"seq\":4,\"more\":false,\"revocations\":[]"),
		 FETCH_ORDER},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		answer(0, 0, false, "");
		start_feed(60, 100);
		mintmark_verifier *verifier = make_verifier(0), *open = make_verifier(OFF(REVOCATION_AGE));
		struct str token = token_with("j", "c", 0);
		assert_int_equal(check(verifier, token, NULL), V(VALID));
		answer_with(rows[i].head, forge_token(SIG_ES256, str_of(rows[i].header), str_of(rows[i].claims)));
		pass(POLL_S);
		if (state_of().last != rows[i].cause)
			fail_msg("row %zu: %s", i, fetch_text(state_of().last));
		assert_int_equal(check(verifier, token, NULL), V(VALID));
		move_mono(60 - POLL_S - 1);
		assert_int_equal(check(verifier, token, NULL), V(VALID));
		move_mono(1);
		assert_int_equal(check(verifier, token, NULL), V(STALE));
		assert_int_equal(check(open, token, NULL), V(VALID));
		mintmark_verifier_free(verifier);
		mintmark_verifier_free(open);
		stop_feed();
	}
}

/* An outage ends in refusals at the stated age, and they end by themselves; what was revoked before stays so. */
static void attack_37_outage_ends_in_refusal(void **state)
{
	struct str token = token_with("j", "c", 0), gone = token_with("g", "d", 0);
	(void)state;
	answer(0, 3, false, "{\"seq\":3,\"client_id\":\"d\",\"epoch\":1,\"until\":9000}");
	start_feed(30, 100);
	mintmark_verifier *verifier = make_verifier(0), *open = make_verifier(OFF(REVOCATION_AGE));
	assert_int_equal(check(verifier, token, NULL), V(VALID));
	answer_with("HTTP/1.1 503 Down\r\n", STR(""));
	pass(30);
	assert_int_equal(check(verifier, token, NULL), V(STALE));
	assert_int_equal(check(verifier, gone, NULL), V(REVOKED));
	assert_int_equal(check(open, token, NULL), V(VALID));
	assert_int_equal(check(open, gone, NULL), V(REVOKED));
	answer(3, 3, false, "");
	pass(2 * POLL_S); /* the longest pause after a failure */
	assert_int_equal(check(verifier, token, NULL), V(VALID));
	assert_int_equal(check(verifier, gone, NULL), V(REVOKED));
	mintmark_verifier_free(verifier);
	mintmark_verifier_free(open);
	stop_feed();
}

static void expect_query(const char *wanted)
{
	char text[128];
	query(text);
	assert_string_equal(text, wanted);
}

/* The server holds a request only while we know all there is; after a failure the first answer must come at once. */
static void asks_for_what_is_new(void **state)
{
	(void)state;
	answer(0, 7, false, "{\"seq\":7,\"jti\":\"j\",\"until\":9000}");
	start_feed(60, 100);
	expect_query("since=0&wait=0");
	answer(7, 7, false, "");
	pass(1); /* there was news: again soon */
	expect_query("since=7&wait=5");
	move_mono(POLL_S - 1);
	assert_int_equal(state_of().rounds, 2);
	pass(1);
	expect_query("since=7&wait=5");
	answer_with("HTTP/1.1 503 Down\r\n", STR(""));
	pass(POLL_S);
	answer(7, 8, false, "{\"seq\":8,\"jti\":\"k\",\"until\":9000}");
	pass(2 * POLL_S);
	expect_query("since=7&wait=0");
	assert_int_equal(state_of().entries, 2);
	stop_feed();
}

/* Pages are one answer: nothing counts as fresh before the last one, and what the first names counts at once. */
static void pages_belong_together(void **state)
{
	(void)state;
	answer(0, 1, true, "{\"seq\":1,\"client_id\":\"c\",\"epoch\":1,\"until\":9000}");
	hold("f", 1, 2, false, "{\"seq\":2,\"jti\":\"x\",\"until\":9000}");
	start_feed_silently(60, 100);
	until_query("since=1&wait=0");
	mintmark_verifier *verifier = make_verifier(0);
	enum mintmark_verdict verdict = V(UNCHECKED);
	struct str token = token_with("j", "d", 0), revoked = token_with("k", "c", 0);
	assert_int_equal(verifier_check_nowait(verifier, token, NULL, &verdict, NULL), E_WOULD_BLOCK);
	release();
	after(1);
	assert_int_equal(check(verifier, token, NULL), V(VALID));
	assert_int_equal(check(verifier, revoked, NULL), V(REVOKED));
	assert_int_equal(state_of().entries, 2);
	mintmark_verifier_free(verifier);
	stop_feed();
}

/* A server whose store was made anew, or came back from a copy: its history is read from the beginning. */
static void another_history_is_read_from_its_beginning(void **state)
{
	static const char d_is_gone[] = "{\"seq\":4,\"client_id\":\"d\",\"epoch\":1,\"until\":9000}";
	static const char x_is_gone[] = "{\"seq\":6,\"jti\":\"x\",\"until\":9000}";
	struct str c = token_with("j", "c", 0), d = token_with("k", "d", 0);
	(void)state;
	for (int is_same = 0; is_same < 2; is_same++) {
		answer(0, 5, false, "{\"seq\":5,\"client_id\":\"c\",\"epoch\":1,\"until\":9000}");
		start_feed(60, 100);
		mintmark_verifier *verifier = make_verifier(0);
		assert_int_equal(check(verifier, c, NULL), V(REVOKED));
		assert_int_equal(check(verifier, d, NULL), V(VALID));
		/* g has something behind 5 too, but what is before it is unknown; f begins again by itself */
		answer_as(is_same ? "f" : "g", is_same ? 0 : 5, is_same ? 4 : 6, false,
			  is_same ? d_is_gone : x_is_gone);
		if (!is_same)
			hold("g", 0, 4, false, d_is_gone);
		uint64_t rounds = state_of().rounds;
		move_mono(POLL_S);
		if (!is_same) {
			until_query("since=0&wait=0");
			assert_int_equal(check(verifier, c, NULL), V(REVOKED));
		}
		release();
		after(rounds + 1);
		assert_int_equal(check(verifier, c, NULL), V(VALID));
		assert_int_equal(check(verifier, d, NULL), V(REVOKED));
		mintmark_verifier_free(verifier);
		stop_feed();
	}
}

/* More revocations than are kept: then nobody can tell, so at once every token is refused. */
static void attack_35_full_table_fails_closed(void **state)
{
	struct str token = token_with("j", "e", 0);
	(void)state;
	answer(0, 2, false, "{\"seq\":1,\"jti\":\"1\",\"until\":1600},{\"seq\":2,\"jti\":\"2\",\"until\":9000}");
	start_feed(60, 2);
	mintmark_verifier *verifier = make_verifier(0);
	assert_int_equal(check(verifier, token, NULL), V(VALID));
	answer(2, 3, false, "{\"seq\":3,\"client_id\":\"e\",\"epoch\":1,\"until\":9000}");
	pass(POLL_S);
	assert_int_equal(state_of().last, FETCH_ENTRIES);
	assert_int_equal(check(verifier, token, NULL), V(STALE));
	/* the first one is over by now: there is room again */
	atomic_fetch_add(&wall_us, INT64_C(100000000));
	atomic_fetch_add(&issuer_us, INT64_C(100000000));
	answer(0, 3, false,
	       "{\"seq\":1,\"jti\":\"1\",\"until\":1600},{\"seq\":2,\"jti\":\"2\",\"until\":9000},"
	       "{\"seq\":3,\"client_id\":\"e\",\"epoch\":1,\"until\":9000}");
	pass(2 * POLL_S);
	assert_int_equal(state_of().last, FETCH_DONE);
	assert_int_equal(check(verifier, token, NULL), V(REVOKED));
	mintmark_verifier_free(verifier);
	stop_feed();
}

/* ATTACKS 36: on an event loop the first answer is not waited for; an issuer that is silent pins nobody afterwards. */
static void attack_36_event_loops_never_wait(void **state)
{
	struct str token = token_with("j", "c", 0);
	enum mintmark_verdict verdict = V(UNCHECKED);
	(void)state;
	answer(0, 0, false, "");
	atomic_store(&issuer.stalls, true);
	start_feed_silently(60, 100);
	mintmark_verifier *verifier = make_verifier(0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(verifier_check_nowait(verifier, token, NULL, &verdict, NULL), E_WOULD_BLOCK);
	assert_int_equal(verdict, V(UNCHECKED));
	atomic_store(&issuer.stalls, false);
	assert_int_equal(check(verifier, token, NULL), V(VALID)); /* waits */
	assert_int_equal(verifier_check_nowait(verifier, token, NULL, &verdict, NULL), 0);
	assert_int_equal(verdict, V(VALID));
	atomic_store(&issuer.stalls, true);
	move_mono(59);
	assert_int_equal(verifier_check_nowait(verifier, token, NULL, &verdict, NULL), 0);
	assert_int_equal(verdict, V(VALID));
	move_mono(1);
	assert_int_equal(verifier_check_nowait(verifier, token, NULL, &verdict, NULL), 0);
	assert_int_equal(verdict, V(STALE));
	mintmark_verifier_free(verifier);
	stop_feed(); /* does not wait for the silent one's timeout */
	atomic_store(&issuer.stalls, false);
}

/* A wall clock that jumps ahead and back must not make us forget what is still in force. */
static void clocks_may_jump(void **state)
{
	struct str token = token_with("j", "c", 0);
	(void)state;
	answer(0, 1, false, "{\"seq\":1,\"client_id\":\"c\",\"epoch\":1,\"until\":1900}");
	start_feed(3600, 100);
	mintmark_verifier *verifier = make_verifier(0);
	atomic_fetch_add(&wall_us, INT64_C(3600000000)); /* ours alone */
	pass(120);
	assert_int_equal(state_of().last, FETCH_UNTRUSTED);
	atomic_fetch_sub(&wall_us, INT64_C(3600000000));
	answer(1, 1, false, "");
	pass(120);
	assert_int_equal(state_of().last, FETCH_DONE);
	assert_int_equal(check(verifier, token, NULL), V(REVOKED));
	mintmark_verifier_free(verifier);
	stop_feed();
}

static void explains_itself(void **state)
{
	struct str revoked = token_with("j", "c", 1), single = token_with("one", "d", 0);
	struct str good = token_with("k", "d", 0);
	char text[1024];
	(void)state;
	answer(0, 3, false,
	       "{\"seq\":1,\"client_id\":\"c\",\"epoch\":2,\"until\":9000},{\"seq\":2,\"jti\":\"one\",\"until\":9000},"
	       "{\"seq\":3,\"account\":\"b\",\"epoch\":2,\"until\":9000}");
	start_feed(60, 100);
	mintmark_verifier *verifier = make_verifier(0), *open = make_verifier(OFF(REVOCATION_AGE));
#define EXPLAIN(v, token, scopes) mintmark_verifier_explain(v, (token).p, (token).len, scopes, text, sizeof(text))
	assert_int_equal(EXPLAIN(verifier, revoked, "admin"), V(REVOKED));
	assert_non_null(strstr(text, "Of client \"c\" tokens below epoch 2 are revoked, and this one's is 1."));
	assert_int_equal(EXPLAIN(verifier, single, NULL), V(REVOKED));
	assert_non_null(strstr(text, "It is jti \"one\"."));
	assert_int_equal(EXPLAIN(verifier, good, "admin"), V(SCOPE));
	assert_int_equal(EXPLAIN(verifier, good, NULL), V(VALID));
	assert_int_equal(mintmark_feed_explain(feed, text, sizeof(text)), 0);
	assert_string_equal(text, "The revocation feed has 3 entries and is 0 s old: at the last of 1 readings it was "
				  "fetched.");
	answer_with(feed_ok, STR("x.y.z"));
	pass(60);
	assert_int_equal(EXPLAIN(verifier, good, NULL), V(STALE));
	assert_non_null(strstr(text, "is 60 s old, which is too old: at the last of 2 readings it does not verify ("));
	assert_int_equal(EXPLAIN(open, good, NULL), V(VALID));
	assert_int_equal(mintmark_feed_wait(feed, 1), MINTMARK_ERROR_UNTRUSTED);
	mintmark_verifier_free(verifier);
	mintmark_verifier_free(open);
	stop_feed();
}

struct lane {
	pthread_t thread;
	mintmark_verifier *verifier;
	struct str good, revoked;
	atomic_bool *ends;
	int wrong;
};

static enum mintmark_verdict ask(mintmark_verifier *verifier, struct str token)
{
	return mintmark_verifier_check(verifier, token.p, token.len, NULL, NULL);
}

static void *run_lane(void *arg)
{
	struct lane *lane = arg;
	while (!atomic_load(lane->ends)) {
		lane->wrong += ask(lane->verifier, lane->good) != V(VALID);
		lane->wrong += ask(lane->verifier, lane->revoked) != V(REVOKED);
	}
	return NULL;
}

/* News arrives while threads ask: nobody sees less than what was there before. Built with ThreadSanitizer too. */
static void news_under_readers(void **state)
{
	struct lane lanes[4];
	atomic_bool ends = false;
	char entry[128];
	(void)state;
	answer(0, 1, false, "{\"seq\":1,\"client_id\":\"c\",\"epoch\":1,\"until\":9000}");
	start_feed(3600, 1000);
	mintmark_verifier *verifier = make_verifier(0);
	for (size_t i = 0; i < COUNT(lanes); i++) {
		lanes[i] = (struct lane){.verifier = verifier, .ends = &ends};
		lanes[i].good = token_with("j", "d", 0);
		lanes[i].revoked = token_with("j", "c", 0);
	}
	for (size_t i = 0; i < COUNT(lanes); i++)
		assert_int_equal(pthread_create(&lanes[i].thread, NULL, run_lane, &lanes[i]), 0);
	for (int i = 1; i <= 20; i++) {
		snprintf(entry, sizeof(entry), "{\"seq\":%d,\"client_id\":\"x%d\",\"epoch\":1,\"until\":9000}", i + 1,
			 i);
		answer_as(i > 10 ? "g" : "f", i, i + 1, false, entry);
		pass(POLL_S);
		if (i == 10) /* and a new beginning */
			answer_as("g", 0, 11, false, "{\"seq\":1,\"client_id\":\"c\",\"epoch\":1,\"until\":9000}");
		if (i == 10)
			pass(POLL_S);
	}
	atomic_store(&ends, true);
	for (size_t i = 0; i < COUNT(lanes); i++) {
		pthread_join(lanes[i].thread, NULL);
		assert_int_equal(lanes[i].wrong, 0);
	}
	mintmark_verifier_free(verifier);
	stop_feed();
}

static void options_have_ranges(void **state)
{
	const size_t size = sizeof(struct mintmark_feed_options);
	const struct mintmark_feed_options rows[] = {
		{.size = 0},
		{.size = size - 1},
		{.size = size, .poll_s = 31},
		{.size = size, .max_age_s = 86401},
		{.size = size, .timeout_ms = 60001},
		{.size = size, .skew_s = 61},
		{.size = size, .entries_max = 4194305},
		{.size = size, .flags = 2},
	};
	mintmark_feed *none = NULL;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(mintmark_feed_new(AS, keyset, &rows[i], &none), MINTMARK_ERROR_ARGUMENT);
	assert_int_equal(mintmark_feed_new(NULL, keyset, NULL, &none), MINTMARK_ERROR_ARGUMENT);
	assert_int_equal(mintmark_feed_new("", keyset, NULL, &none), MINTMARK_ERROR_ARGUMENT);
	assert_int_equal(mintmark_feed_new(AS, NULL, NULL, &none), MINTMARK_ERROR_ARGUMENT);
	assert_int_equal(mintmark_feed_new(AS, keyset, NULL, NULL), MINTMARK_ERROR_ARGUMENT);
	assert_int_equal(mintmark_feed_wait(NULL, 1), MINTMARK_ERROR_ARGUMENT);
	assert_null(none);
	mintmark_feed_free(NULL);
}

/* A policy that says nothing about revocation gets the issuer's feed, and refuses as long as there is none. */
static void silence_means_required(void **state)
{
	struct str token = token_with("j", "c", 0);
	struct mintmark_policy policy = fixture_policy;
	mintmark_verifier *verifier;
	char text[512];
	(void)state;
	answer_with("HTTP/1.1 404 No\r\n", STR(""));
	policy.issuer = issuer.url;
	policy.off = 0;
	assert_int_equal(mintmark_verifier_new(&policy, keyset, &verifier), MINTMARK_OK);
	assert_int_equal(mintmark_feed_wait(verifier->feed, 60000), MINTMARK_ERROR_STATUS); /* asked at /revocations */
	assert_true(atomic_load(&issuer.hits[ISSUER_FEED]) > 0);
	assert_int_equal(mintmark_feed_explain(verifier->feed, text, sizeof(text)), 0);
	assert_non_null(strstr(text, "The revocation feed is not there yet: "));
	mintmark_verifier_free(verifier);
	atomic_store(&issuer.stalls, true);
	start_feed_silently(60, 100);
	verifier = make_verifier(0);
	enum mintmark_verdict verdict = V(UNCHECKED);
	assert_int_equal(verifier_check_nowait(verifier, token, NULL, &verdict, NULL), E_WOULD_BLOCK);
	atomic_store(&issuer.stalls, false);
	after(1);
	assert_int_equal(check(verifier, token, NULL), V(STALE));
	mintmark_verifier_free(verifier);
	stop_feed();
}

#ifdef MINTMARK_FAULTS
/* Whatever fails, a feed that can't be read leaves tokens refused, never accepted. */
static void survives_failing_allocations(void **state)
{
	struct str revoked = token_with("j", "c", 0);
	(void)state;
	answer(0, 1, false, "{\"seq\":1,\"client_id\":\"c\",\"epoch\":1,\"until\":9000}");
	for (long nth = 1; nth < 40; nth++) {
		fault_arm(FAULT_ALLOC, nth);
		int rc = try_feed(60, 100);
		if (rc == 0)
			after(1);
		fault_arm(FAULT_ALLOC, 0);
		assert_true(rc == 0 || rc == E_NOMEM || rc == E_INTERNAL);
		if (rc < 0)
			continue;
		mintmark_verifier *verifier = make_verifier(0);
		enum mintmark_verdict verdict = check(verifier, revoked, NULL);
		assert_true(verdict == V(REVOKED) || verdict == V(STALE));
		mintmark_verifier_free(verifier);
		stop_feed();
	}
}
#endif

#define SERVED(test) cmocka_unit_test_setup_teardown(test, start_issuer, stop_issuer)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVED(attack_35_revoked_while_kept),
		SERVED(attack_37_bad_answers_count_for_nothing),
		SERVED(attack_37_outage_ends_in_refusal),
		SERVED(asks_for_what_is_new),
		SERVED(pages_belong_together),
		SERVED(another_history_is_read_from_its_beginning),
		SERVED(attack_35_full_table_fails_closed),
		SERVED(attack_36_event_loops_never_wait),
		SERVED(clocks_may_jump),
		SERVED(explains_itself),
		SERVED(news_under_readers),
		SERVED(options_have_ranges),
		SERVED(silence_means_required),
#ifdef MINTMARK_FAULTS
		SERVED(survives_failing_allocations),
#endif
	};
	return cmocka_run_group_tests(tests, feed_setup, feed_teardown);
}
