/* Signing key verbs of the memory backend. */
#include "store/memory.h"

#include <stdlib.h>

static int put(struct memory_state *next, const struct signing_key *key)
{
	size_t at;
	if (memory_find(next->keys, next->n_keys, sizeof(*key), key->kid, &at))
		return E_EXISTS;
	memory_open_gap(next->keys, &next->n_keys, sizeof(*key), at);
	return memory_copy_key(&next->arena, key, &next->keys[at]);
}

int memory_key_put(struct store *store, const struct signing_key *key, const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 1, &next));
	return memory_end(store, next, put(next, key), note);
}

static int compare_age(const void *a, const void *b)
{
	const struct signing_key *x = a, *y = b;
	if (x->created_s != y->created_s)
		return x->created_s < y->created_s ? -1 : 1;
	return str_cmp(x->kid, y->kid);
}

static int list(const struct memory_state *state, bool with_gone, struct arena *arena, struct signing_key **ret_keys,
		size_t *ret_n)
{
	size_t n = 0;
	struct signing_key *keys = arena_array(arena, state->n_keys, sizeof(*keys));
	if (!keys)
		return E_NOMEM;
	for (size_t i = 0; i < state->n_keys; i++) {
		if (with_gone || state->keys[i].state != KEY_GONE)
			TRY(memory_copy_key(arena, &state->keys[i], &keys[n++]));
	}
	if (n > 1)
		qsort(keys, n, sizeof(*keys), compare_age);
	*ret_keys = keys;
	*ret_n = n;
	return 0;
}

int memory_key_list(struct store *store, bool with_gone, struct arena *arena, struct signing_key **ret_keys,
		    size_t *ret_n)
{
	return memory_unlock(store, list(memory_lock(store), with_gone, arena, ret_keys, ret_n));
}

static void enter(struct signing_key *key, enum key_state state, int64_t now_s)
{
	key->state = state;
	if (state == KEY_ACTIVE)
		key->active_s = now_s;
	if (state == KEY_RETIRING)
		key->retiring_s = now_s;
	if (state == KEY_GONE) {
		key->gone_s = now_s;
		key->sealed = STR("");
	}
}

static int advance(struct memory_state *next, const struct key_move *moves, size_t n, int64_t now_s)
{
	for (size_t i = 0; i < n; i++) {
		size_t at;
		if (!memory_find(next->keys, next->n_keys, sizeof(*next->keys), moves[i].kid, &at) ||
		    next->keys[at].state != moves[i].from)
			return E_CONFLICT;
		enter(&next->keys[at], moves[i].to, now_s);
	}
	return 0;
}

int memory_key_advance(struct store *store, const struct key_move *moves, size_t n, int64_t now_s,
		       const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_end(store, next, advance(next, moves, n, now_s), note);
}
