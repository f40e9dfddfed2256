/*
 * The fault sweep of codes and refresh tokens at the token endpoint: the N-th allocation, entropy, store, signer or
 * write call fails. Never two answers with tokens for one code or refresh token, never an answer with half of them,
 * never a family that lives on after its code came twice and somebody was told so. RFC 6749 4.1.2, RFC 9700 4.14.2,
 * ATTACKS 48.
 */
#include "fault_world.h"
#include "oauth/id.h"

static const enum fault_kind kinds[] = {FAULT_ALLOC, FAULT_RANDOM, FAULT_STORE, FAULT_SIGNER, FAULT_WRITE};

#define REDIRECT "https://app.example/back"
#define APP      "mmc_0000000000000000000app"
#define PERSON   "mma_0000000000000000person"

struct grant_text {
	char text[ID_SECRET_LEN + 1];
	const char *field, *type;
};

static const struct audit_note a_note = {NOW_S, STR("test"), STR("test"), STR(""), STR("")};

/* An app, an account, and a code that was granted to them. */
static void put_code(struct world *w, struct grant_text *ret_grant)
{
	static struct str redirects[] = {STR(REDIRECT)};
	struct store *store = w->server.env.store;
	struct api api;
	assert_int_equal(store_api_get(store, STR(AUDIENCE), true, &w->arena, &api), 0);
	struct scope_grant grants[] = {{api.id, STR("a:read")}, {STR(""), STR("offline_access")}};
	const struct account account = {.id = STR(PERSON), .email = STR("p@example.com"), .created_s = NOW_S};
	const struct client app = {
		.id = STR(APP),
		.kind = CLIENT_APP,
		.auth = CLIENT_AUTH_NONE,
		.created_s = NOW_S,
		.grants = grants,
		.n_grants = 2,
		.app = {.grant_types = CLIENT_GRANT_CODE | CLIENT_GRANT_REFRESH, .redirect_uris = {redirects, 1}},
	};
	struct code code = {.client_id = app.id, .account_id = account.id, .redirect_uri = redirects[0],
			    .scope = STR("a:read offline_access"), .api_id = api.id, .methods = AUTH_PASSWORD,
			    .auth_s = NOW_S, .created_s = NOW_S, .expires_s = NOW_S + 60};
	*ret_grant = (struct grant_text){.field = "code", .type = "authorization_code"};
	assert_int_equal(id_bearer_new(BEARER_CODE, ret_grant->text, code.sha256), 0);
	assert_int_equal(store_account_put(store, &account, &a_note), 0);
	assert_int_equal(store_client_put(store, &app, &a_note), 0);
	assert_int_equal(store_code_put(store, &code, NULL), 0);
}

static void bring(const struct world *w, const struct grant_text *grant, struct reply *ret)
{
	char request[2048], body[1024];
	snprintf(body, sizeof(body), "grant_type=%s&client_id=" APP "&redirect_uri=" REDIRECT "&%s=%s", grant->type,
		 grant->field, grant->text);
	int len = snprintf(request, sizeof(request),
			   "POST /oauth2/token HTTP/1.1\r\nHost: mint.example\r\nConnection: close\r\n"
			   "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n\r\n%s",
			   strlen(body), body);
	exchange(w, request, (size_t)len, ret);
}

/* Nothing fails any more; only a pool thread's signer may still need help. */
static void bring_well(struct world *w, const struct grant_text *grant, struct reply *ret)
{
	check_recovered(w, &w->client);
	bring(w, grant, ret);
	if (ret->status == 503) {
		assert_true(keyd_noticed(w));
		recover(w);
		bring(w, grant, ret);
	}
	assert_true(ret->status == 200 || ret->status == 400);
}

/* The refresh token of an answer; the answer is whole, or a failure that gives nothing. */
static bool take_tokens(const struct reply *reply, struct grant_text *ret_refresh)
{
	struct json *doc = NULL;
	struct str access, refresh;
	if (reply->status == 0)
		return false;
	assert_int_equal(json_parse_object(reply->body, &doc), 0);
	if (reply->status != 200) {
		assert_false(json_has(doc, "access_token") || json_has(doc, "refresh_token"));
		json_free(doc);
		return false;
	}
	assert_int_equal(json_get_str(doc, "access_token", &access), 0);
	assert_int_equal(json_get_str(doc, "refresh_token", &refresh), 0);
	assert_int_equal(refresh.len, ID_SECRET_LEN);
	*ret_refresh = (struct grant_text){.field = "refresh_token", .type = "refresh_token"};
	memcpy(ret_refresh->text, refresh.p, refresh.len);
	json_free(doc);
	return true;
}

/* The family of a refresh token; its hash is that of its text. */
static struct family family_of(struct world *w, const struct grant_text *refresh)
{
	unsigned char sha256[32];
	struct refresh row;
	struct family family;
	assert_int_equal(id_bearer_parse(BEARER_REFRESH, str_of(refresh->text), sha256), 0);
	assert_int_equal(store_refresh_peek(w->server.env.store, sha256, &w->arena, &row, &family), 0);
	return family;
}

/* True when the armed fault was met. */
static bool ask_with_fault(struct world *w, const struct grant_text *grant, enum fault_kind kind, long nth,
			   struct reply *ret)
{
	fault_arm(kind, nth);
	bring(w, grant, ret);
	bool reached = fault_reached(kind);
	fault_arm(kind, 0);
	if (ret->status != 200 && ret->status != 400 && (!reached || (ret->status != 0 && ret->status < 500)))
		fail_msg("kind %d, %ld: %s", (int)kind, nth, ret->text);
	return reached;
}

/* Something that is good once is brought with a fault, and twice without. */
static bool try_grant(enum fault_kind kind, long nth, bool refreshes)
{
	static struct world w;
	static struct reply reply;
	struct grant_text grant, first = {0}, next;
	unsigned won = 0;
	begin(&w);
	put_code(&w, &grant);
	if (refreshes) {
		bring(&w, &grant, &reply);
		assert_true(take_tokens(&reply, &first));
		grant = first;
	}
	bool reached = ask_with_fault(&w, &grant, kind, nth, &reply);
	assert_int_not_equal(reply.status, 400);
	won += take_tokens(&reply, &next);
	for (unsigned i = 0; i < 2; i++) {
		bring_well(&w, &grant, &reply);
		won += take_tokens(&reply, &next);
	}
	assert_true(won <= 1 && (won == 1 || reached)); /* none: it was given, and the answer was lost */
	assert_true(won == 0 || family_of(&w, &next).ended_s > 0);
	assert_true(!refreshes || family_of(&w, &first).ended_s > 0);
	end(&w);
	return reached;
}

/* A used code comes again and something fails: who hears invalid_grant may rely on the family's end. */
static bool try_reuse(enum fault_kind kind, long nth)
{
	static struct world w;
	static struct reply reply;
	struct grant_text grant, first = {0}, none;
	begin(&w);
	put_code(&w, &grant);
	bring(&w, &grant, &reply);
	assert_true(take_tokens(&reply, &first));
	bool reached = ask_with_fault(&w, &grant, kind, nth, &reply);
	assert_false(take_tokens(&reply, &none));
	if (reply.status == 400)
		assert_true(family_of(&w, &first).ended_s > 0);
	bring_well(&w, &grant, &reply);
	assert_int_equal(reply.status, 400);
	assert_true(family_of(&w, &first).ended_s > 0);
	end(&w);
	return reached;
}

static bool try_code(enum fault_kind kind, long nth) { return try_grant(kind, nth, false); }

static bool try_refresh(enum fault_kind kind, long nth) { return try_grant(kind, nth, true); }

static void sweep(const char *name, bool (*attempt)(enum fault_kind kind, long nth))
{
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		long nth = 1;
		while (attempt(kinds[k], nth))
			assert_true(nth++ < TRIALS_MAX);
		print_message("# %s, kind %d: %ld failures\n", name, (int)kinds[k], nth - 1);
	}
}

static void test_attack_48_a_code_survives_every_failure(void **state)
{
	(void)state;
	sweep("code", try_code);
}

static void test_attack_48_a_refresh_token_survives_every_failure(void **state)
{
	(void)state;
	sweep("refresh", try_refresh);
}

static void test_attack_48_reuse_ends_the_family_whatever_fails(void **state)
{
	(void)state;
	sweep("reuse", try_reuse);
}

int main(void)
{
	log_setup("test", LOG_OFF, LOG_TEXT);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attack_48_a_code_survives_every_failure),
		cmocka_unit_test(test_attack_48_a_refresh_token_survives_every_failure),
		cmocka_unit_test(test_attack_48_reuse_ends_the_family_whatever_fails),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
