/* A provider's metadata and what must stop before any request: OpenID Connect Discovery 3, 4.3; ATTACKS 43, 48. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "account/upstream_site.h"
#include "base/fault.h"
#include "fixture.h"

#define OK(expr) assert_int_equal((expr), 0)
#define ENDPOINTS                                                                                                      \
	"\"authorization_endpoint\":\"https://up.example/a\",\"token_endpoint\":\"https://up.example/t\","             \
	"\"jwks_uri\":\"https://up.example/k\""
#define ALGS "\"id_token_signing_alg_values_supported\":[\"RS256\",\"none\",\"HS256\",\"ES256K\"]"
#define ISSUER "\"issuer\":\"https://up.example\""

static int parse(const char *text, struct upstream_site *site)
{
	*site = (struct upstream_site){.algs = 0};
	arena_init(&site->arena, 65536);
	return upstream_site_parse(STR("https://up.example"), str_of(text), site);
}

static void metadata_are_refused(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"", "[]", "{}", "{" ISSUER "}", "{" ISSUER "," ENDPOINTS "}", "{" ENDPOINTS "," ALGS "}",
		"{\"issuer\":\"https://up.example/\"," ENDPOINTS "," ALGS "}",
		"{\"issuer\":\"https://UP.example\"," ENDPOINTS "," ALGS "}",
		"{" ISSUER "," ENDPOINTS ",\"id_token_signing_alg_values_supported\":[\"none\",\"HS256\"]}",
		"{" ISSUER "," ENDPOINTS "," ALGS ",\"userinfo_endpoint\":7}",
		"{" ISSUER "," ENDPOINTS "," ALGS ",\"authorization_response_iss_parameter_supported\":\"yes\"}",
		"{" ISSUER "," ALGS ",\"authorization_endpoint\":\"javascript:1\",\"token_endpoint\":\"https://x\","
		"\"jwks_uri\":\"https://x\"}",
		"{" ISSUER "," ALGS ",\"authorization_endpoint\":\"http://up.example/a\","
		"\"token_endpoint\":\"https://x\",\"jwks_uri\":\"https://x\"}",
		"{" ISSUER "," ALGS ",\"authorization_endpoint\":\"https://x/\\r\\nA: b\","
		"\"token_endpoint\":\"https://x\",\"jwks_uri\":\"https://x\"}",
		"{" ISSUER "," ALGS ",\"authorization_endpoint\":\"https://x/#f\",\"token_endpoint\":\"https://x\","
		"\"jwks_uri\":\"https://x\"}",
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct upstream_site site;
		if (parse(rows[i], &site) == 0)
			fail_msg("%s", rows[i]);
		arena_done(&site.arena);
	}
}

static void metadata_are_read(void **state)
{
	(void)state;
	struct upstream_site site;
	OK(parse("{" ISSUER "," ENDPOINTS "," ALGS "}", &site));
	assert_int_equal(site.algs, JWK_ALG(SIG_RS256)); /* RFC 8725 3.1: never none or HMAC */
	assert_true(site.takes_basic && !site.takes_post && !site.sends_iss && site.userinfo.len == 0);
	arena_done(&site.arena);
	OK(parse("{" ISSUER "," ENDPOINTS "," ALGS ",\"authorization_response_iss_parameter_supported\":true,"
		 "\"token_endpoint_auth_methods_supported\":[\"client_secret_post\"],"
		 "\"userinfo_endpoint\":\"https://up.example/me\"}", &site));
	assert_true(!site.takes_basic && site.takes_post && site.sends_iss && site.userinfo.len > 0);
	arena_done(&site.arena);
}

/* ATTACKS 43: where requests may go, by what the operator allowed by name. */
static void test_attack_43_limits_of_requests(void **state)
{
	(void)state;
	struct upstream_options options = {.issuer = STR("https://up.example/tenant")};
	static const struct {
		const char *url;
		bool allowed; /* a private address, with private_addresses */
	} rows[] = {
		{"https://up.example/k", true}, {"https://up.example:443/k", true},
		{"https://UP.example/k", true}, {"https://up.example:8443/k", false},
		{"http://up.example/k", false}, {"https://up.example.evil/k", false},
		{"https://10.0.0.1/k", false},  {"https://a@up.example/k", false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		options.private_addresses = false;
		assert_false(upstream_site_limits(&options, str_of(rows[i].url)).allow_private);
		options.private_addresses = true;
		struct http_out_limits limits = upstream_site_limits(&options, str_of(rows[i].url));
		if (limits.allow_private && !rows[i].allowed)
			fail_msg("%s", rows[i].url);
		assert_true(limits.http_near_only && !limits.allow_http && limits.timeout_ms <= 5000);
	}
	assert_true(upstream_site_limits(&options, STR("https://up.example/k")).allow_private);
}

/* ATTACKS 48: without entropy nobody is sent anywhere, and nothing is asked. */
static void test_attack_48_upstream_without_entropy(void **state)
{
	(void)state;
#ifdef MINTMARK_FAULTS
	struct fixture *f = *state;
	const struct upstream_options options = {.slot = 1, .issuer = STR("https://up.example"), .client_id = STR("x")};
	const struct upstream_errand errand = {.browser = STR("browser"), .continue_to = STR("/")};
	struct upstream *upstream;
	struct str url = {NULL, 0};
	OK(upstream_new(&options, &upstream));
	fault_arm(FAULT_RANDOM, 1);
	assert_int_equal(upstream_begin(&f->call, upstream, &errand, &url), E_RANDOM);
	fault_arm(FAULT_RANDOM, 0);
	assert_null(url.p);
	upstream_free(upstream);
#endif
}

/* A state that is not ours is found out before anything is asked. */
static void unknown_states_are_refused(void **state)
{
	struct fixture *f = *state;
	const struct upstream_options options = {.slot = 1, .issuer = STR("https://up.example"), .client_id = STR("x")};
	static const char *const rows[] = {"", "x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
					   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
	struct upstream *upstream;
	OK(upstream_new(&options, &upstream));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct upstream_reply reply = {.state = str_of(rows[i]), .code = STR("c")};
		struct upstream_errand errand = {.browser = STR("browser")};
		struct upstream_person person;
		assert_int_equal(upstream_finish(&f->call, upstream, &reply, &errand, &person), E_ABSENT);
	}
	upstream_free(upstream);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metadata_are_refused), cmocka_unit_test(metadata_are_read),
		cmocka_unit_test(test_attack_43_limits_of_requests), TEST(test_attack_48_upstream_without_entropy),
		TEST(unknown_states_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
