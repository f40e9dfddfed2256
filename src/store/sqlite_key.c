/* Signing key verbs on SQLite. Private keys come and go sealed; nothing here can open them. */
#include "store/sqlite.h"

struct advance {
	const struct key_move *moves;
	size_t n;
	int64_t now_s;
};

static int put(struct db *db, const void *args)
{
	const struct signing_key *key = args;
	_cleanup_(query_done) struct query query = query_of(
		db,
		"INSERT INTO signing_key (kid, alg, state, sealed, public_jwk, created_s, active_s, retiring_s, gone_s)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
	query_text(&query, key->kid);
	query_text(&query, key->alg);
	query_int(&query, key->state);
	query_blob(&query, key->sealed);
	query_text(&query, key->public_jwk);
	query_int(&query, key->created_s);
	query_int(&query, key->active_s);
	query_int(&query, key->retiring_s);
	query_int(&query, key->gone_s);
	return query_run(&query);
}

int sqlite_key_put(struct store *store, const struct signing_key *key, const struct audit_note *note)
{
	return sqlite_write(store, put, key, note);
}

static void load(struct query *query, struct arena *arena, struct signing_key *key)
{
	key->kid = query_get_str(query, arena);
	key->alg = query_get_str(query, arena);
	key->state = (enum key_state)query_get_int(query);
	key->sealed = query_get_str(query, arena);
	key->public_jwk = query_get_str(query, arena);
	key->created_s = query_get_int(query);
	key->active_s = query_get_int(query);
	key->retiring_s = query_get_int(query);
	key->gone_s = query_get_int(query);
}

int sqlite_key_list(struct store *store, bool with_gone, struct arena *arena, struct signing_key **ret_keys,
		    size_t *ret_n)
{
	_cleanup_(sqlite_read_end) struct sqlite_reader reader = {0};
	TRY(sqlite_read_begin(store, &reader));
	_cleanup_(query_done) struct query query = query_of(
		reader.db,
		"SELECT kid, alg, state, sealed, public_jwk, created_s, active_s, retiring_s, gone_s FROM signing_key"
		" WHERE ?1 OR state <> ?2 ORDER BY created_s, kid");
	query_int(&query, with_gone);
	query_int(&query, KEY_GONE);
	struct signing_key *keys = NULL;
	size_t n = 0;
	int rc;
	while ((rc = query_next(&query)) > 0) {
		TRY(query_grow(arena, &keys, n, sizeof(*keys)));
		load(&query, arena, &keys[n++]);
	}
	TRY(rc);
	*ret_keys = keys;
	*ret_n = n;
	return 0;
}

static const char *const move_sql[] = {
	[KEY_ACTIVE] = "UPDATE signing_key SET state = 1, active_s = ? WHERE kid = ? AND state = ?",
	[KEY_RETIRING] = "UPDATE signing_key SET state = 2, retiring_s = ? WHERE kid = ? AND state = ?",
	[KEY_GONE] = "UPDATE signing_key SET state = 3, gone_s = ?, sealed = zeroblob(0) WHERE kid = ? AND state = ?",
};

static int move_one(struct db *db, const struct key_move *move, int64_t now_s)
{
	_cleanup_(query_done) struct query query = query_of(db, move_sql[move->to]);
	query_int(&query, now_s);
	query_text(&query, move->kid);
	query_int(&query, move->from);
	int rc = query_hit(&query);
	return rc == E_ABSENT ? E_CONFLICT : rc;
}

static int advance(struct db *db, const void *args)
{
	const struct advance *change = args;
	for (size_t i = 0; i < change->n; i++)
		TRY(move_one(db, &change->moves[i], change->now_s));
	return 0;
}

int sqlite_key_advance(struct store *store, const struct key_move *moves, size_t n, int64_t now_s,
		       const struct audit_note *note)
{
	return sqlite_write(store, advance, &(struct advance){moves, n, now_s}, note);
}
