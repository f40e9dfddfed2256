/* The life of a verified token; see token.h. */
#include "verify/token.h"

#include <stdlib.h>

#include "base/fault.h"

int token_new(struct mintmark_token **ret_token)
{
	struct mintmark_token *token = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*token));
	if (!token)
		return E_NOMEM;
	token->refs = 1;
	arena_init(&token->arena, TOKEN_ARENA_MAX);
	*ret_token = token;
	return 0;
}

struct mintmark_token *token_ref(struct mintmark_token *token)
{
	atomic_fetch_add_explicit(&token->refs, 1, memory_order_relaxed);
	return token;
}

void token_unref(struct mintmark_token *token)
{
	if (!token || atomic_fetch_sub_explicit(&token->refs, 1, memory_order_acq_rel) != 1)
		return;
	free(atomic_load_explicit(&token->table, memory_order_relaxed));
	arena_done(&token->arena);
	free(token);
}

void token_unrefp(struct mintmark_token **token) { token_unref(*token); }
