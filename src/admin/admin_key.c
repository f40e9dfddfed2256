/*
 * Administration of signing keys; see admin_ops.h. Ages and retirement are the lifecycle's business (next -> active ->
 * retiring -> gone); here a person asks for a new key, or for one right now.
 */
#include "admin/admin_ops.h"
#include "admin/rotation.h"
#include "crypto/sig.h"

static const char *const state_names[] = {"next", "active", "retiring", "gone"};

/* The newest key of alg in this state; NULL. */
static const struct signing_key *find(const struct signing_key *keys, size_t n, struct str alg, enum key_state state)
{
	const struct signing_key *hit = NULL;
	for (size_t i = 0; i < n; i++)
		if (keys[i].state == state && str_eq(keys[i].alg, alg))
			hit = &keys[i];
	return hit;
}

static int check_alg(struct admin_ctx *ctx, struct str alg)
{
	if (sig_alg_find(alg) == SIG_NONE)
		return admin_fail(ctx, E_INVALID_REQUEST, "alg must be ES256, ES384, RS256, PS256 or EdDSA.");
	return 0;
}

/* A new key, waiting to be used. */
static int make(struct admin_ctx *ctx, struct str alg, struct signing_key *ret_key)
{
	struct admin *admin = ctx->admin;
	if (!admin->signer)
		return admin_fail(ctx, E_SIGNER, "There is no signer process to make a key.");
	struct rotation rotation = {admin->store, admin->signer, admin->clock};
	TRY(rotation_make(&rotation, alg, admin->actor, &ctx->arena, ret_key));
	admin_changed(ctx, ADMIN_CHANGE_KEYS, ret_key->kid);
	return 0;
}

static int emit(struct admin_ctx *ctx, const void *row)
{
	const struct signing_key *key = row;
	struct json_out *out = &ctx->out;
	json_str(out, "kid", key->kid);
	json_str(out, "alg", key->alg);
	json_str(out, "state", str_of(state_names[key->state]));
	json_int(out, "created_at", key->created_s);
	json_int(out, "active_at", key->active_s);
	json_int(out, "retiring_at", key->retiring_s);
	json_int(out, "gone_at", key->gone_s);
	return 0;
}

static const struct admin_column columns[] = {
	{"kid", COLUMN_TEXT, true, 0},   {"alg", COLUMN_TEXT, true, 0},
	{"state", COLUMN_TEXT, true, 0}, {"created_at", COLUMN_NUMBER, true, 0},
};

static void cell(const void *row, size_t column, struct admin_cell *ret_cell)
{
	const struct signing_key *key = row;
	const struct admin_cell cells[] = {
		{key->kid, 0}, {key->alg, 0}, {str_of(state_names[key->state]), 0}, {{0}, key->created_s}};
	*ret_cell = cells[column];
}

static int fetch(struct admin_ctx *ctx, const struct store_range *range, struct arena *arena, void **ret_rows,
		 size_t *ret_n)
{
	struct signing_key *keys;
	(void)range;
	TRY(store_key_list(ctx->admin->store, true, arena, &keys, ret_n));
	*ret_rows = keys;
	return 0;
}

int admin_key_list(struct admin_ctx *ctx)
{
	static const struct admin_list list = {columns, sizeof(columns) / sizeof(columns[0]),
					       sizeof(struct signing_key), cell, emit, fetch, NULL, 0, 0};
	return admin_page(ctx, &list, "keys");
}

/* The next key signs from now on; the active ones retire. One transaction. */
static int promote(struct admin_ctx *ctx, const struct signing_key *keys, size_t n, struct signing_key *next)
{
	size_t n_moves = 0;
	struct key_move *moves = arena_array(&ctx->arena, n + 1, sizeof(*moves));
	if (!moves)
		return E_NOMEM;
	for (size_t i = 0; i < n; i++)
		if (keys[i].state == KEY_ACTIVE && str_eq(keys[i].alg, next->alg))
			moves[n_moves++] = (struct key_move){keys[i].kid, KEY_ACTIVE, KEY_RETIRING};
	moves[n_moves++] = (struct key_move){next->kid, KEY_NEXT, KEY_ACTIVE};
	struct audit_note note = admin_note(ctx, next->kid, next->alg);
	TRY(store_key_advance(ctx->admin->store, moves, n_moves, ctx->now_s, &note));
	next->state = KEY_ACTIVE;
	next->active_s = ctx->now_s;
	admin_changed(ctx, ADMIN_CHANGE_KEYS, next->kid);
	return 0;
}

int admin_key_ensure(struct admin_ctx *ctx, struct str alg)
{
	struct signing_key *keys, key;
	size_t n;
	TRY(check_alg(ctx, alg));
	TRY(store_key_list(ctx->admin->store, false, &ctx->arena, &keys, &n));
	if (find(keys, n, alg, KEY_ACTIVE))
		return 0;
	TRY(make(ctx, alg, &key));
	return promote(ctx, keys, n, &key);
}

/*
 * Without `now`: make sure that a successor is published; it takes over when caches know it. With: it takes over at
 * once.
 */
static int rotate(struct admin_ctx *ctx, const struct signing_key *keys, size_t n, struct str alg)
{
	struct signing_key next;
	const struct signing_key *waiting = find(keys, n, alg, KEY_NEXT);
	if (waiting)
		next = *waiting;
	else
		TRY(make(ctx, alg, &next));
	if (ctx->args[ARG_NOW].i)
		TRY(promote(ctx, keys, n, &next));
	json_open(&ctx->out, NULL, '{');
	TRY(emit(ctx, &next));
	json_close(&ctx->out, '}');
	return 0;
}

/* All algorithms that have a key, or the one asked for. */
int admin_key_rotate(struct admin_ctx *ctx)
{
	const struct admin_value *wanted = &ctx->args[ARG_ALG];
	struct signing_key *keys;
	size_t n;
	if (wanted->set)
		TRY(check_alg(ctx, wanted->s));
	TRY(store_key_list(ctx->admin->store, false, &ctx->arena, &keys, &n));
	json_open(&ctx->out, "keys", '[');
	for (enum sig_alg alg = SIG_NONE + 1; alg < SIG_ALGS; alg++) {
		struct str name = str_of(sig_alg_row(alg)->name);
		if (wanted->set ? str_eq(name, wanted->s) : find(keys, n, name, KEY_ACTIVE) != NULL)
			TRY(rotate(ctx, keys, n, name));
	}
	json_close(&ctx->out, ']');
	return 0;
}
