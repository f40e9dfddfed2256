/*
 * The public verifier; see mintmark/verify.h. RFC 9068 4. A token is looked up by its digest or verified, then judged
 * for this call. Must never hand out a token that is not valid now, and never fetch in a caller's thread.
 */
#include "verify/verifier.h"

#include <stdlib.h>

#include "base/fault.h"
#include "verify/mintmark_verdict.h"
#include "verify/policy.h"

/* Longer tokens are rare, and a kept one takes four times its size. */
enum { POLICY_MAX = 65536, CACHE_DEFAULT = 4096, CACHED_MAX = 4096, CALL_MAX = 262144, TEXT_MAX = 65536 };

void mintmark_verifier_free(mintmark_verifier *verifier)
{
	if (!verifier)
		return;
	token_cache_free(verifier->cache);
	keyset_unref(verifier->keyset);
	arena_done(&verifier->arena);
	free(verifier);
}

static void free_verifier(mintmark_verifier **verifier) { mintmark_verifier_free(*verifier); }

static int take_keyset(struct mintmark_verifier *verifier, const struct mintmark_policy *policy,
		       struct mintmark_keyset *keyset)
{
	if (!keyset)
		return mintmark_keyset_discover(policy->issuer, NULL, &verifier->keyset);
	verifier->keyset = keyset_ref(keyset);
	return MINTMARK_OK;
}

static int make_cache(struct mintmark_verifier *verifier, const struct mintmark_policy *policy)
{
	unsigned n = policy->cache_tokens > 0 ? policy->cache_tokens : CACHE_DEFAULT;
	if (policy->off & MINTMARK_OFF_CACHE)
		return MINTMARK_OK;
	return token_cache_new(n, &verifier->cache) < 0 ? MINTMARK_ERROR_MEMORY : MINTMARK_OK;
}

int mintmark_verifier_new(const struct mintmark_policy *policy, mintmark_keyset *keyset,
			  mintmark_verifier **ret_verifier)
{
	if (!policy || !ret_verifier)
		return MINTMARK_ERROR_ARGUMENT;
	_cleanup_(free_verifier) struct mintmark_verifier *verifier =
		fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*verifier));
	if (!verifier)
		return MINTMARK_ERROR_MEMORY;
	arena_init(&verifier->arena, POLICY_MAX);
	verifier->clock = &clock_system;
	TRY(policy_read(policy, &verifier->arena, &verifier->policy, &verifier->scopes));
	TRY(make_cache(verifier, policy));
	TRY(take_keyset(verifier, policy, keyset));
	*ret_verifier = TAKE(verifier);
	return MINTMARK_OK;
}

/* One call's reading of the world. */
struct call {
	struct mintmark_verifier *verifier;
	struct str text;
	int64_t now_s;
	uint64_t generation; /* of the keys that decided */
};

static bool names_unknown_key(const struct verify_report *report)
{
	return report->verdict == VERDICT_KEY_UNKNOWN && report->jws.kid.p;
}

static enum verdict verify_with(struct call *call, struct keyset_snapshot *keys, struct mintmark_token *token,
				struct verify_report *report)
{
	call->generation = keys->generation;
	enum verdict verdict = verify_token(&call->verifier->policy, keys->jwks, call->text, call->now_s,
					    &token->arena, report);
	token->claims = report->claims;
	token->payload = report->jws.payload;
	return verdict;
}

/* Verify against the present keys and, when the key is unknown and a fetch brought others, once more. */
static enum verdict verify_fresh(struct call *call, struct mintmark_token *token)
{
	struct mintmark_keyset *keyset = call->verifier->keyset;
	struct verify_report report;
	struct keyset_snapshot *keys = keyset_get(keyset, true);
	if (!keys)
		return VERDICT_KEYS;
	enum verdict verdict = verify_with(call, keys, token, &report);
	keyset_snapshot_unref(keys);
	if (!names_unknown_key(&report) || !keyset_ask(keyset, call->generation))
		return verdict;
	if (!(keys = keyset_get(keyset, false)))
		return VERDICT_KEYS;
	arena_reset(&token->arena);
	verdict = verify_with(call, keys, token, &report);
	keyset_snapshot_unref(keys);
	return verdict;
}

static bool has_scopes(const struct mintmark_verifier *verifier, struct str scope, const char *wanted)
{
	struct str word, rest = str_of(wanted);
	if (!verify_has_scopes(scope, &verifier->scopes))
		return false;
	while (str_cut(rest, ' ', &word, &rest))
		if (word.len > 0 && !jwt_has_scope(scope, word))
			return false;
	return rest.len == 0 || jwt_has_scope(scope, rest);
}

/* What depends on the call and not on the token alone, for kept and fresh tokens alike: ATTACKS 35. */
static enum verdict judge(const struct call *call, const struct mintmark_token *token, const char *scopes)
{
	return has_scopes(call->verifier, token->claims.scope, scopes) ? VERDICT_VALID : VERDICT_SCOPE;
}

static enum verdict obtain(struct call *call, struct mintmark_token **ret_token)
{
	_cleanup_(token_unrefp) struct mintmark_token *token = NULL;
	unsigned char digest[SHA256_LEN];
	struct token_cache *cache = call->text.len <= CACHED_MAX ? call->verifier->cache : NULL;
	uint64_t generation = cache ? keyset_generation(call->verifier->keyset) : 0;
	if (cache && digest_sha256(call->text, digest) < 0)
		return VERDICT_INTERNAL;
	if (generation != 0 && (*ret_token = token_cache_find(cache, digest, generation,
							       call->now_s - call->verifier->policy.skew_s)))
		return VERDICT_VALID;
	if (token_new(&token) < 0)
		return VERDICT_INTERNAL;
	enum verdict verdict = verify_fresh(call, token);
	if (verdict != VERDICT_VALID)
		return verdict;
	if (cache)
		token_cache_put(cache, digest, call->generation, token);
	*ret_token = TAKE(token);
	return VERDICT_VALID;
}

static enum verdict check(struct call *call, const char *scopes, struct mintmark_token **ret_token)
{
	_cleanup_(token_unrefp) struct mintmark_token *token = NULL;
	enum verdict verdict = obtain(call, &token);
	if (verdict != VERDICT_VALID || (verdict = judge(call, token, scopes)) != VERDICT_VALID)
		return verdict;
	if (ret_token)
		*ret_token = TAKE(token);
	return VERDICT_VALID;
}

enum mintmark_verdict mintmark_verifier_check(mintmark_verifier *verifier, const char *token, size_t len,
					      const char *scopes, mintmark_token **ret_token)
{
	if (!verifier || !token)
		return MINTMARK_VERDICT_POLICY;
	struct call call = {.verifier = verifier, .text = str_mem(token, len), .now_s = clock_now_s(verifier->clock)};
	return mintmark_verdict_of(check(&call, scopes, ret_token));
}

static int add_scopes(const struct str_list *own, const char *more, struct arena *arena, struct str_list *ret_scopes)
{
	struct str_list call, all;
	TRY(policy_scopes(more, arena, &call));
	all = (struct str_list){arena_array(arena, own->n + call.n, sizeof(struct str)), own->n + call.n};
	if (!all.v)
		return E_NOMEM;
	for (size_t i = 0; i < all.n; i++)
		all.v[i] = i < own->n ? own->v[i] : call.v[i - own->n];
	*ret_scopes = all;
	return 0;
}

static enum verdict explain(struct mintmark_verifier *verifier, struct str text, const char *scopes,
			    struct arena *arena, struct buf *out)
{
	struct verify_policy policy = verifier->policy;
	struct verify_report report;
	struct keyset_state state;
	int rc = add_scopes(&verifier->scopes, scopes, arena, &policy.scopes);
	struct keyset_snapshot *keys = rc == 0 ? keyset_get(verifier->keyset, false) : NULL;
	if (keys) {
		enum verdict verdict = verify_token(&policy, keys->jwks, text, clock_now_s(verifier->clock), arena,
						    &report);
		verify_explain(&policy, &report, out);
		keyset_snapshot_unref(keys);
		return verdict;
	}
	enum verdict verdict = rc == 0 ? VERDICT_KEYS : rc == E_NOMEM ? VERDICT_INTERNAL : VERDICT_POLICY;
	keyset_describe(verifier->keyset, &state);
	if (verdict == VERDICT_KEYS)
		keyset_put_text(&state, out);
	else
		buf_put(out, str_of(verdict_text(verdict)));
	return verdict;
}

static void copy_text(const struct buf *out, char *ret_text, size_t size)
{
	if (!ret_text || size == 0)
		return;
	size_t len = out->len < size - 1 ? out->len : size - 1;
	while (len > 0 && len < out->len && ((unsigned char)out->p[len] & 0xc0) == 0x80)
		len--; /* not in the middle of a character */
	if (len > 0)
		memcpy(ret_text, out->p, len);
	ret_text[len] = '\0';
}

enum mintmark_verdict mintmark_verifier_explain(mintmark_verifier *verifier, const char *token, size_t len,
						const char *scopes, char *ret_text, size_t size)
{
	struct arena arena;
	struct buf out;
	enum verdict verdict = VERDICT_POLICY;
	arena_init(&arena, CALL_MAX);
	buf_init(&out, TEXT_MAX);
	if (verifier && token)
		verdict = explain(verifier, str_mem(token, len), scopes, &arena, &out);
	else
		buf_put(&out, str_of(verdict_text(verdict)));
	copy_text(&out, ret_text, size);
	buf_done(&out);
	arena_done(&arena);
	return mintmark_verdict_of(verdict);
}
