/*
 * The fault sweep of revocation, introspection and the feed: whatever fails, a living token is never called inactive, a
 * dead one never active, an acknowledged revocation is known everywhere, and the next request is served. RFC 7009
 * 2.2.1, RFC 7662 4, ATTACKS 42.
 */
#include "fault_world.h"

enum { TOKEN_LEN = 4096 };

struct outcome {
	struct reply reply;
	bool reached;
};

static size_t compose_form(const struct world *w, const char *path, const char *token, char *out, size_t size)
{
	char pair[2 * ID_MAX + 2], coded[4 * ID_MAX], body[TOKEN_LEN + 16];
	int len = snprintf(pair, sizeof(pair), "%s:%s", w->client.id, w->client.secret);
	encode(pair, (size_t)len, coded);
	snprintf(body, sizeof(body), "token=%s", token);
	return (size_t)snprintf(out, size,
				"POST %s HTTP/1.1\r\nHost: mint.example\r\nConnection: close\r\n"
				"Authorization: Basic %s\r\nContent-Type: application/x-www-form-urlencoded\r\n"
				"Content-Length: %zu\r\n\r\n%s",
				path, coded, strlen(body), body);
}

static void ask_about(const struct world *w, const char *path, const char *token, struct reply *ret)
{
	char request[TOKEN_LEN + 1024];
	size_t len = compose_form(w, path, token, request, sizeof(request));
	exchange(w, request, len, ret);
}

static void ask_feed(const struct world *w, struct reply *ret)
{
	static const char request[] = "GET /revocations?since=0 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
	exchange(w, request, sizeof(request) - 1, ret);
}

static void take_token(struct world *w, char token[TOKEN_LEN])
{
	static struct reply reply;
	struct json *doc = NULL;
	struct str text;
	ask(w, &w->client, true, &reply);
	assert_int_equal(check_reply(w, &reply, w->client.id), 200);
	assert_int_equal(json_parse_object(reply.body, &doc), 0);
	assert_int_equal(json_get_str(doc, "access_token", &text), 0);
	assert_true(text.len < TOKEN_LEN);
	memcpy(token, text.p, text.len);
	token[text.len] = '\0';
	json_free(doc);
}

/* What the keeper does a second later. */
static void tend(struct world *w)
{
	check_recovered(w, &w->client);
	if (revoked_is_stale(w->server.env.revoked))
		assert_int_equal(server_revoked(&w->server), 0);
}

static bool is_active(struct world *w, const char *token)
{
	static struct reply reply;
	ask_about(w, "/oauth2/introspect", token, &reply);
	assert_int_equal(reply.status, 200);
	if (str_eq(reply.body, STR("{\"active\":false}")))
		return false;
	assert_true(str_has_prefix(reply.body, STR("{\"active\":true,")));
	return true;
}

static void expect_failure(const struct outcome *outcome)
{
	if (!outcome->reached || (outcome->reply.status != 0 && outcome->reply.status < 500))
		fail_msg("not a failure of ours: %s", outcome->reply.text);
}

static void introspect_living(struct world *w, const char *token, const struct outcome *outcome)
{
	if (outcome->reply.status != 200)
		expect_failure(outcome);
	else
		assert_true(str_has_prefix(outcome->reply.body, STR("{\"active\":true,")));
	tend(w);
	assert_true(is_active(w, token));
}

static void introspect_dead(struct world *w, const char *token, const struct outcome *outcome)
{
	if (outcome->reply.status != 200)
		expect_failure(outcome);
	else
		assert_true(str_eq(outcome->reply.body, STR("{\"active\":false}")));
	tend(w);
	assert_false(is_active(w, token));
}

static bool is_in_feed(struct world *w)
{
	struct revocation_page page;
	arena_reset(&w->arena);
	assert_int_equal(store_revocation_list(w->server.env.store, 0, 10, &w->arena, &page), 0);
	return page.n > 0;
}

static void revoke_one(struct world *w, const char *token, const struct outcome *outcome)
{
	static struct reply again;
	if (outcome->reply.status == 200)
		assert_false(is_active(w, token)); /* at once, nobody tended anything */
	else
		expect_failure(outcome);
	if (outcome->reply.status != 200 && is_in_feed(w)) { /* durable, and we may not know it yet */
		ask_about(w, "/oauth2/introspect", token, &again);
		assert_true(again.status == 503 || str_eq(again.body, STR("{\"active\":false}")));
	}
	tend(w);
	if (outcome->reply.status == 200)
		return;
	ask_about(w, "/oauth2/revoke", token, &again);
	assert_int_equal(again.status, 200);
	assert_false(is_active(w, token));
}

static void read_feed(struct world *w, const char *token, const struct outcome *outcome)
{
	static struct reply again;
	(void)token;
	if (outcome->reply.status == 200)
		assert_true(outcome->reply.body.len > 200 && str_has_prefix(outcome->reply.body, STR("eyJ")));
	else
		expect_failure(outcome);
	tend(w);
	w->keyd.clock = clock_fixed((int64_t)(NOW_S + 1) * 1000000); /* a failed answer stands for its second */
	ask_feed(w, &again);
	assert_int_equal(again.status, 200);
}

static const struct {
	const char *name, *path; /* NULL: the feed */
	bool dead, cold;
	void (*check)(struct world *w, const char *token, const struct outcome *outcome);
} scenarios[] = {
	{"introspect, living", "/oauth2/introspect", false, false, introspect_living},
	{"introspect, living, cold", "/oauth2/introspect", false, true, introspect_living},
	{"introspect, dead", "/oauth2/introspect", true, false, introspect_dead},
	{"introspect, dead, cold", "/oauth2/introspect", true, true, introspect_dead},
	{"revoke", "/oauth2/revoke", false, false, revoke_one},
	{"revoke, cold", "/oauth2/revoke", false, true, revoke_one},
	{"feed", NULL, true, false, read_feed},
};

static bool attempt(size_t s, enum fault_kind kind, long nth)
{
	static struct world w;
	static struct outcome outcome;
	static struct reply reply;
	char token[TOKEN_LEN];
	begin(&w);
	take_token(&w, token);
	if (scenarios[s].dead) {
		ask_about(&w, "/oauth2/revoke", token, &reply);
		assert_int_equal(reply.status, 200);
	}
	if (scenarios[s].cold)
		directory_drop(w.server.env.directory, STR(""));
	fault_arm(kind, nth);
	if (scenarios[s].path)
		ask_about(&w, scenarios[s].path, token, &outcome.reply);
	else
		ask_feed(&w, &outcome.reply);
	outcome.reached = fault_reached(kind);
	fault_arm(kind, 0);
	scenarios[s].check(&w, token, &outcome);
	end(&w);
	return outcome.reached;
}

static void nothing_is_called_what_it_is_not(void **state)
{
	static const enum fault_kind kinds[] = {FAULT_ALLOC, FAULT_RANDOM, FAULT_STORE, FAULT_SIGNER, FAULT_WRITE};
	(void)state;
	for (size_t s = 0; s < sizeof(scenarios) / sizeof(scenarios[0]); s++) {
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
			long nth = 1;
			while (attempt(s, kinds[k], nth))
				assert_true(nth++ < TRIALS_MAX);
			print_message("# %s, kind %d: %ld failures\n", scenarios[s].name, (int)kinds[k], nth - 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_called_what_it_is_not)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
