/*
 * One check of a token; see verifier.h. RFC 9068 4. A token is looked up by its digest or verified, then judged for
 * this call. Must never hand out a token that is not valid now, and never fetch in a caller's thread.
 */
#include "verify/verifier.h"

#include "verify/mintmark_verdict.h"
#include "verify/policy.h"

/* Longer tokens are rare, and a kept one takes four times its size. */
enum { CACHED_MAX = 4096 };

/* One call's reading of the world. */
struct call {
	struct mintmark_verifier *verifier;
	struct str text;
	int64_t now_s;
	uint64_t generation; /* of the keys that decided */
	bool may_wait;       /* for a fetch */
	bool would_wait;     /* no verdict: the answer is one fetch away */
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

/* Whether there are, or may be, other keys than those that decided. */
static bool ask_for_keys(struct call *call)
{
	if (call->may_wait)
		return keyset_ask(call->verifier->keyset, call->generation);
	call->would_wait = keyset_ask_nowait(call->verifier->keyset, call->generation);
	return false;
}

/* The present keys, referenced. NULL: none, or they would have to be waited for. */
static struct keyset_snapshot *get_keys(struct call *call)
{
	call->would_wait = !call->may_wait && keyset_is_awaited(call->verifier->keyset);
	return call->would_wait ? NULL : keyset_get(call->verifier->keyset, call->may_wait);
}

/* Verify against the present keys and, when the key is unknown and a fetch brought others, once more. */
static enum verdict verify_fresh(struct call *call, struct mintmark_token *token)
{
	struct verify_report report;
	struct keyset_snapshot *keys = get_keys(call);
	if (!keys)
		return VERDICT_KEYS;
	enum verdict verdict = verify_with(call, keys, token, &report);
	keyset_snapshot_unref(keys);
	if (!names_unknown_key(&report) || !ask_for_keys(call))
		return verdict;
	if (!(keys = keyset_get(call->verifier->keyset, false)))
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

static enum verdict judge_revocation(struct call *call, struct mintmark_token *token)
{
	struct mintmark_feed *feed = call->verifier->feed;
	if (!feed)
		return VERDICT_VALID;
	if (feed_is_awaited(feed)) {
		call->would_wait = !call->may_wait;
		if (call->would_wait)
			return VERDICT_STALE;
		feed_wait(feed, 0);
	}
	enum verdict verdict = feed_judge(feed, &token->claims, &token->clean);
	return verdict == VERDICT_STALE && call->verifier->feed_may_be_old ? VERDICT_VALID : verdict;
}

/* What depends on the call and not on the token alone, for kept and fresh tokens alike: ATTACKS 35. */
static enum verdict judge(struct call *call, struct mintmark_token *token, const char *scopes)
{
	enum verdict verdict = judge_revocation(call, token);
	if (verdict != VERDICT_VALID)
		return verdict;
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

enum verdict verifier_check(struct mintmark_verifier *verifier, struct str token, const char *scopes,
			    struct mintmark_token **ret_token)
{
	struct call call = {
		.verifier = verifier, .text = token, .now_s = clock_now_s(verifier->clock), .may_wait = true};
	return check(&call, scopes, ret_token);
}

int verifier_check_nowait(struct mintmark_verifier *verifier, struct str token, const char *scopes,
			  enum mintmark_verdict *ret_verdict, struct mintmark_token **ret_token)
{
	struct call call = {.verifier = verifier, .text = token, .now_s = clock_now_s(verifier->clock)};
	enum verdict verdict = check(&call, scopes, ret_token);
	if (call.would_wait)
		return E_WOULD_BLOCK;
	*ret_verdict = mintmark_verdict_of(verdict);
	return 0;
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

/* What the feed says of a token that passed all other checks but, perhaps, the scopes'. */
static enum verdict explain_revocation(const struct mintmark_verifier *verifier, const struct verify_report *report,
				       struct buf *out)
{
	_Atomic uint64_t clean = 0;
	struct feed_state state;
	bool passed = report->verdict == VERDICT_VALID || report->verdict == VERDICT_SCOPE;
	enum verdict verdict = verifier->feed && passed ? feed_judge(verifier->feed, &report->claims, &clean)
							: VERDICT_VALID;
	if (verdict == VERDICT_STALE && verifier->feed_may_be_old)
		return VERDICT_VALID;
	if (verdict == VERDICT_REVOKED) {
		buf_put(out, str_of(verdict_text(verdict)));
		feed_put_reason(verifier->feed, &report->claims, out);
	}
	if (verdict == VERDICT_STALE) {
		feed_describe(verifier->feed, &state);
		feed_put_text(&state, out);
	}
	return verdict;
}

enum verdict verifier_explain(struct mintmark_verifier *verifier, struct str text, const char *scopes,
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
		enum verdict revoked = explain_revocation(verifier, &report, out);
		if (revoked == VERDICT_VALID)
			verify_explain(&policy, &report, out);
		keyset_snapshot_unref(keys);
		return revoked == VERDICT_VALID ? verdict : revoked;
	}
	enum verdict verdict = rc == 0 ? VERDICT_KEYS : rc == E_NOMEM ? VERDICT_INTERNAL : VERDICT_POLICY;
	keyset_describe(verifier->keyset, &state);
	if (verdict == VERDICT_KEYS)
		keyset_put_text(&state, out);
	else
		buf_put(out, str_of(verdict_text(verdict)));
	return verdict;
}
