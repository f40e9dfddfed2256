/*
 * The public face of the verifier; see mintmark/verify.h. Must never pass an unchecked policy on.
 */
#include "verify/verifier.h"

#include <stdlib.h>

#include "base/fault.h"
#include "verify/mintmark_verdict.h"
#include "verify/policy.h"
#include "verify/public.h"

enum { POLICY_MAX = 65536, CACHE_DEFAULT = 4096, CALL_MAX = 262144, TEXT_MAX = 65536 };

void mintmark_verifier_free(mintmark_verifier *verifier)
{
	if (!verifier)
		return;
	token_cache_free(verifier->cache);
	feed_unref(verifier->feed);
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

/* The issuer's, over a way that is trusted as far as its keys' is. */
static int make_feed(struct mintmark_verifier *verifier, const char *issuer)
{
	const struct fetch_source *keys = keyset_source(verifier->keyset);
	const struct mintmark_feed_options options = {.size = sizeof(options),
						      .ca_file = keys->ca_file,
						      .flags = keys->plain_http ? MINTMARK_FEED_PLAIN_HTTP : 0};
	return mintmark_feed_new(issuer, verifier->keyset, &options, &verifier->feed);
}

static int take_feed(struct mintmark_verifier *verifier, const struct mintmark_policy *policy)
{
	verifier->feed_may_be_old = policy->off & MINTMARK_OFF_REVOCATION_AGE;
	if (policy->off & MINTMARK_OFF_REVOCATION)
		return MINTMARK_OK;
	if (!policy->feed)
		return make_feed(verifier, policy->issuer);
	verifier->feed = feed_ref(policy->feed);
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
	TRY(take_feed(verifier, policy));
	*ret_verifier = TAKE(verifier);
	return MINTMARK_OK;
}

enum mintmark_verdict mintmark_verifier_check(mintmark_verifier *verifier, const char *token, size_t len,
					      const char *scopes, mintmark_token **ret_token)
{
	if (!verifier || !token)
		return MINTMARK_VERDICT_POLICY;
	return mintmark_verdict_of(verifier_check(verifier, str_mem(token, len), scopes, ret_token));
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
		verdict = verifier_explain(verifier, str_mem(token, len), scopes, &arena, &out);
	else
		buf_put(&out, str_of(verdict_text(verdict)));
	if (ret_text && size > 0)
		public_put_text(&out, ret_text, size);
	buf_done(&out);
	arena_done(&arena);
	return mintmark_verdict_of(verdict);
}
