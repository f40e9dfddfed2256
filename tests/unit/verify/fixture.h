/* A verifier over a fixed key set and a clock that stands, for the tests of the public functions. */
#ifndef TESTS_VERIFY_FIXTURE_H
#define TESTS_VERIFY_FIXTURE_H

#include "forge.h"
#include "verify/verifier.h"

#define V(name) MINTMARK_VERDICT_##name
#define OFF(name) MINTMARK_OFF_##name
#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define HEADER(alg) "{\"alg\":\"" alg "\",\"kid\":\"" alg "\",\"typ\":\"at+jwt\"}"
#define ES256 "\"alg\":\"ES256\",\"typ\":\"at+jwt\""
#define IDS "\"sub\":\"s\",\"client_id\":\"c\",\"jti\":\"j\""
#define NAMES "\"iss\":\"https://as\",\"aud\":\"api\""
#define TIMES "\"iat\":1000,\"exp\":2000"
#define GOOD "{" NAMES "," IDS "," TIMES ",\"scope\":\"read write\"}"

static mintmark_keyset *fixture_keyset;
static struct clock fixture_clock;
static const struct mintmark_policy fixture_policy = {
	.size = sizeof(fixture_policy), .issuer = "https://as", .audience = "api", .algorithms = "ES256 RS256",
	.off = MINTMARK_OFF_REVOCATION};

static inline int fixture_setup(void **state)
{
	struct buf text;
	if (forge_setup(state) < 0)
		return -1;
	fixture_clock = clock_fixed(INT64_C(1500000000));
	buf_init(&text, 65536);
	buf_put(&text, STR("{\"keys\":["));
	for (enum sig_alg alg = SIG_NONE + 1; alg < SIG_ALGS; alg++) {
		if (jwk_emit(forge_keys[alg], str_of(sig_alg_row(alg)->name), &text) < 0)
			return -1;
		buf_put(&text, alg + 1 < SIG_ALGS ? STR(",") : STR("]}"));
	}
	int rc = mintmark_keyset_parse(text.p, text.len, &fixture_keyset);
	buf_done(&text);
	return rc;
}

static inline int fixture_teardown(void **state)
{
	mintmark_keyset_free(fixture_keyset);
	return forge_teardown(state);
}

static inline mintmark_verifier *make(struct mintmark_policy p)
{
	mintmark_verifier *verifier;
	assert_int_equal(mintmark_verifier_new(&p, fixture_keyset, &verifier), MINTMARK_OK);
	verifier->clock = &fixture_clock;
	return verifier;
}

static inline enum mintmark_verdict check(mintmark_verifier *verifier, struct str token, const char *scopes)
{
	mintmark_token *accepted = NULL;
	enum mintmark_verdict verdict = mintmark_verifier_check(verifier, token.p, token.len, scopes, &accepted);
	assert_true((verdict == V(VALID)) == (accepted != NULL));
	mintmark_token_free(accepted);
	return verdict;
}

static inline struct str token_of(const char *header, const char *payload)
{
	return forge_token(SIG_ES256, str_of(header), str_of(payload));
}

#endif
