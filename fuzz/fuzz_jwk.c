/* JWK and key sets: what is accepted is public, sound, within caps, and survives being written and read again. */
#include <stdlib.h>

#include "jose/jwk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SET_MAX = 32768 };

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_key(const struct sig_key *key, struct str kid)
{
	char print[JWK_THUMBPRINT_LEN + 1], print_again[JWK_THUMBPRINT_LEN + 1];
	enum sig_alg alg = sig_key_public(key)->alg;
	struct json *doc = NULL;
	struct jwk again = {0};
	struct buf out;
	buf_init(&out, 8192);
	check(jwk_emit(key, kid, &out) == 0);
	check(json_parse_object(buf_str(&out), &doc) == 0 && jwk_parse(doc, &again) == 0);
	check(again.by_alg[alg] && str_eq(jwk_kid(&again), kid));
	check(jwk_thumbprint(key, print) == 0 && jwk_thumbprint(again.by_alg[alg], print_again) == 0);
	check(strcmp(print, print_again) == 0);
	check(sig_verify(key, STR("a"), STR("b")) == E_SIGNATURE);
	jwk_done(&again);
	json_free(doc);
	buf_done(&out);
}

static void check_jwk(const struct jwk *jwk)
{
	unsigned n = 0;
	check(jwk->kid_len <= JWK_KID_MAX && !jwk->by_alg[SIG_NONE]);
	for (enum sig_alg alg = SIG_NONE + 1; alg < SIG_ALGS; alg++) {
		if (!jwk->by_alg[alg])
			continue;
		n++;
		check(sig_key_public(jwk->by_alg[alg])->alg == alg);
		check_key(jwk->by_alg[alg], jwk_kid(jwk));
	}
	check(n == 1 || n == 2);
}

static void check_set(struct str text)
{
	struct jwks *jwks = NULL;
	int rc = jwks_parse(text, SET_MAX, &jwks);
	check(rc == 0 || rc == E_SYNTAX || rc == E_LIMIT || rc == E_CONFLICT);
	for (size_t i = 0; jwks && i < jwks->n; i++) {
		check_jwk(&jwks->keys[i]);
		struct str kid = jwk_kid(&jwks->keys[i]);
		check(kid.len == 0 || jwks_find(jwks, kid) == &jwks->keys[i]);
	}
	check(!jwks || jwks->n + jwks->skipped <= JWKS_KEYS_MAX);
	jwks_free(jwks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_mem(data, size);
	struct json *doc = NULL;
	struct jwk jwk = {0};
	check_set(text);
	if (json_parse_object(text, &doc) < 0)
		return 0;
	int rc = jwk_parse(doc, &jwk);
	check(rc == 0 || rc == E_SYNTAX || rc == E_ABSENT);
	if (rc == 0)
		check_jwk(&jwk);
	jwk_done(&jwk);
	json_free(doc);
	return 0;
}
