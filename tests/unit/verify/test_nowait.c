/*
 * The verifier on an event loop, over a key set that is fetched: it never waits, says when a thread should, and a flood
 * of unknown keys causes one fetch per interval (ATTACKS 36).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "forge.h"
#include "issuer.h"
#include "verify/verifier.h"

#define V(name) MINTMARK_VERDICT_##name
#define GOOD                                                                                                           \
	"{\"iss\":\"https://as\",\"aud\":\"api\",\"sub\":\"s\",\"client_id\":\"c\",\"jti\":\"j\",\"iat\":1000,"        \
	"\"exp\":2000,\"scope\":\"read\"}"

enum { INTERVAL_S = 10 };

static _Atomic int64_t clock_ns = INT64_C(1000000000000);
static int64_t now_ns(void) { return atomic_load(&clock_ns); }

static struct issuer issuer;
static struct clock clock_at;
static char metadata[2048], keys[2][4096];
static struct mintmark_keyset *keyset;
static mintmark_verifier *verifier;

/* keys[0]: ES256; keys[1]: RS256 beside it */
static void put_keys(void)
{
	for (int i = 0; i < 2; i++) {
		struct buf out;
		buf_init_fixed(&out, keys[i], sizeof(keys[i]) - 1);
		buf_put(&out, STR("{\"keys\":["));
		assert_int_equal(jwk_emit(forge_keys[SIG_ES256], STR("ES256"), &out), 0);
		if (i == 1) {
			buf_put_char(&out, ',');
			assert_int_equal(jwk_emit(forge_keys[SIG_RS256], STR("RS256"), &out), 0);
		}
		buf_put(&out, STR("]}"));
		keys[i][out.len] = '\0';
	}
}

static int start(void **state)
{
	const struct mintmark_policy policy = {.size = sizeof(policy), .issuer = "https://as", .audience = "api",
					       .algorithms = "ES256 RS256",
					       .off = MINTMARK_OFF_REVOCATION};
	const struct keyset_timing timing = {300, INTERVAL_S, 3600, 60000, now_ns};
	(void)state;
	put_keys();
	issuer_start(&issuer, str_of(keys[0]), metadata, sizeof(metadata));
	atomic_store(&issuer.stalls, true);
	const struct fetch_source source = {.url = str_of(issuer.jwks_url), .timeout_ms = 60000};
	clock_at = clock_fixed(INT64_C(1500000000));
	if (keyset_new_fetched(&source, &timing, &keyset) < 0 ||
	    mintmark_verifier_new(&policy, keyset, &verifier) != MINTMARK_OK)
		return -1;
	verifier->clock = &clock_at;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	mintmark_verifier_free(verifier);
	keyset_unref(keyset);
	issuer_stop(&issuer);
	return 0;
}

static struct str token_of(enum sig_alg alg, const char *kid)
{
	char header[128];
	snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}", sig_alg_row(alg)->name,
		 kid);
	return forge_token(alg, str_of(header), STR(GOOD));
}

/* The verdict, or E_WOULD_BLOCK. */
static int check(struct str token, const char *scopes)
{
	enum mintmark_verdict verdict = V(UNCHECKED);
	mintmark_token *accepted = NULL;
	int rc = verifier_check_nowait(verifier, token, scopes, &verdict, &accepted);
	assert_true((rc == 0 && verdict == V(VALID)) == (accepted != NULL));
	assert_true((rc < 0) == (verdict == V(UNCHECKED)));
	mintmark_token_free(accepted);
	return rc < 0 ? rc : (int)verdict;
}

static enum mintmark_verdict wait_for(struct str token)
{
	return mintmark_verifier_check(verifier, token.p, token.len, NULL, NULL);
}

/* Before the first answer nothing can be judged without waiting; whoever waits gets the verdict. */
static void says_when_keys_must_be_waited_for(void **state)
{
	struct str token = token_of(SIG_ES256, "ES256");
	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(check(token, NULL), E_WOULD_BLOCK);
	atomic_store(&issuer.stalls, false);
	assert_int_equal(wait_for(token), V(VALID));
	assert_int_equal(check(token, NULL), V(VALID));
	assert_int_equal(check(token, "read"), V(VALID));
	assert_int_equal(check(token, "write"), V(SCOPE));
	assert_int_equal(check(STR("a.b"), NULL), V(SEGMENTS));
	assert_int_equal(atomic_load(&issuer.hits[ISSUER_JWKS]), 1);
}

/* ATTACKS 36: thousands of unknown keys: one of them is worth a thread, genuine callers are served meanwhile. */
static void attack_36_flood_stays_on_the_loop(void **state)
{
	struct str good = token_of(SIG_ES256, "ES256"), fresh = token_of(SIG_RS256, "RS256");
	(void)state;
	atomic_store(&issuer.stalls, false);
	assert_int_equal(wait_for(good), V(VALID));
	for (int i = 0; i < 500; i++)
		assert_int_equal(check(fresh, NULL), V(KEY_UNKNOWN)); /* within the interval */
	issuer_set(&issuer, ISSUER_JWKS, (struct issuer_page){NULL, str_of(keys[1]), 1});
	atomic_store(&issuer.stalls, true);
	atomic_fetch_add(&clock_ns, INT64_C(1000000000) * INTERVAL_S);
	assert_int_equal(check(fresh, NULL), E_WOULD_BLOCK);
	for (int i = 0; i < 500; i++) {
		assert_int_equal(check(fresh, NULL), V(KEY_UNKNOWN));
		assert_int_equal(check(good, NULL), V(VALID));
	}
	while (atomic_load(&issuer.hits[ISSUER_JWKS]) < 2)
		(void)poll(NULL, 0, 1);
	atomic_store(&issuer.stalls, false);
	assert_int_equal(wait_for(fresh), V(VALID)); /* what the pool's thread does for the one */
	assert_int_equal(atomic_load(&issuer.hits[ISSUER_JWKS]), 2);
	assert_int_equal(check(fresh, NULL), V(VALID));
}

#define FETCHED(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {FETCHED(says_when_keys_must_be_waited_for),
					   FETCHED(attack_36_flood_stays_on_the_loop)};
	return cmocka_run_group_tests(tests, forge_setup, forge_teardown);
}
