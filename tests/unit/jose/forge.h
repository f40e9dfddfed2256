/*
 * Tools of the token tests: a key of each algorithm, a key set of their public halves, and tokens with any header and
 * payload.
 */
#ifndef TESTS_JOSE_FORGE_H
#define TESTS_JOSE_FORGE_H

#include "base/enc.h"
#include "jose/jws.h"
#include "jose/jwt.h"

static struct sig_key *forge_keys[SIG_ALGS];
static struct jwks *forge_jwks; /* kid = the algorithm's name */
static struct arena forge_arena;

static inline int forge_setup(void **state)
{
	char kid[16];
	struct buf text;
	(void)state;
	arena_init(&forge_arena, 1 << 20);
	buf_init(&text, 65536);
	buf_put(&text, STR("{\"keys\":["));
	for (enum sig_alg alg = SIG_NONE + 1; alg < SIG_ALGS; alg++) {
		struct str name = str_of(sig_alg_row(alg)->name);
		memcpy(kid, name.p, name.len);
		if (sig_key_generate(alg, &forge_keys[alg]) < 0 ||
		    jwk_emit(forge_keys[alg], str_mem(kid, name.len), &text) < 0)
			return -1;
		buf_put(&text, alg + 1 < SIG_ALGS ? STR(",") : STR("]}"));
	}
	int rc = jwks_parse(buf_str(&text), 65536, &forge_jwks);
	buf_done(&text);
	return rc;
}

static inline int forge_teardown(void **state)
{
	(void)state;
	for (enum sig_alg alg = SIG_NONE + 1; alg < SIG_ALGS; alg++)
		sig_key_unref(forge_keys[alg]);
	jwks_free(forge_jwks);
	arena_done(&forge_arena);
	return 0;
}

/* A token signed by the algorithm's key, whatever the header says. Lives in the arena. */
static inline struct str forge_token(enum sig_alg alg, struct str header, struct str payload)
{
	struct sig_signer *signer = NULL;
	struct buf out;
	struct str copy = {0};
	buf_init(&out, 1 << 18);
	if (sig_signer_new(forge_keys[alg], &signer) < 0 || jws_emit(signer, header, payload, &out) < 0 ||
	    arena_str(&forge_arena, buf_str(&out), &copy) < 0)
		copy = STR("forging failed");
	sig_signer_free(signer);
	buf_done(&out);
	return copy;
}

/* Parse and verify against the set. */
static inline enum verdict forge_check(struct str token, unsigned algs)
{
	struct jws jws;
	enum verdict verdict = jws_parse(token, &forge_arena, &jws);
	return verdict == VERDICT_VALID ? jws_verify(&jws, forge_jwks, algs) : verdict;
}

/* "b64url(a).b64url(b).c" in the arena. */
static inline struct str forge_raw(struct str header, struct str payload, struct str sig_text)
{
	struct buf out;
	struct str copy = {0};
	buf_init(&out, 1 << 18);
	enc_b64url(&out, header);
	buf_put_char(&out, '.');
	enc_b64url(&out, payload);
	buf_put_char(&out, '.');
	buf_put(&out, sig_text);
	if (arena_str(&forge_arena, buf_str(&out), &copy) < 0)
		copy = STR("forging failed");
	buf_done(&out);
	return copy;
}

#endif
