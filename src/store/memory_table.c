/* The memory backend's rows for people; see memory_table.h. */
#include "store/memory_table.h"

#include <stddef.h>
#include <stdlib.h>

#include "store/memory.h"

enum { STRS_MAX = 12, NONE = 0xffff };

/* Offsets of members; NONE where there is none. created: what lists are ordered by. */
struct shape {
	size_t size, model_size;
	size_t sha256, created;
	size_t owner[MEMORY_OWNERS];
	size_t n_strs;
	size_t strs[STRS_MAX]; /* the first is the id */
};

#define AT(type, member) offsetof(struct type, member)
#define SHA(type) AT(type, sha256)

static const struct shape shapes[MEMORY_TABLES] = {
	[MEMORY_SESSION] = {sizeof(struct session), sizeof(struct session), SHA(session), AT(session, auth_s),
			    {AT(session, account_id), NONE}, 4,
			    {AT(session, id), AT(session, account_id), AT(session, addr), AT(session, agent)}},
	[MEMORY_LOGIN] = {sizeof(struct memory_login), sizeof(struct login), NONE, NONE,
			  {AT(memory_login, account_id), NONE}, 3,
			  {AT(memory_login, account_id), AT(memory_login, login.phc), AT(memory_login, login.totp)}},
	[MEMORY_PASSKEY] = {sizeof(struct passkey), sizeof(struct passkey), NONE, AT(passkey, created_s),
			    {AT(passkey, account_id), NONE}, 4,
			    {AT(passkey, id), AT(passkey, account_id), AT(passkey, name), AT(passkey, key)}},
	[MEMORY_UPSTREAM] = {sizeof(struct upstream_link), sizeof(struct upstream_link), NONE,
			     AT(upstream_link, created_s), {AT(upstream_link, account_id), NONE}, 4,
			     {AT(upstream_link, issuer), AT(upstream_link, subject), AT(upstream_link, account_id),
			      AT(upstream_link, email)}},
	[MEMORY_ONCE] = {sizeof(struct once), sizeof(struct once), SHA(once), AT(once, created_s),
			 {AT(once, account_id), NONE}, 2, {AT(once, account_id), AT(once, data)}},
	[MEMORY_CODE] = {sizeof(struct memory_code), sizeof(struct code), SHA(code), AT(code, created_s),
			 {AT(code, account_id), AT(code, client_id)}, 9,
			 {AT(memory_code, family_id), AT(code, client_id), AT(code, account_id), AT(code, session_id),
			  AT(code, redirect_uri), AT(code, scope), AT(code, api_id), AT(code, nonce),
			  AT(code, challenge)}},
	[MEMORY_FAMILY] = {sizeof(struct family), sizeof(struct family), NONE, AT(family, created_s),
			   {AT(family, account_id), AT(family, client_id)}, 7,
			   {AT(family, id), AT(family, client_id), AT(family, account_id), AT(family, session_id),
			    AT(family, scope), AT(family, api_id), AT(family, nonce)}},
	[MEMORY_REFRESH] = {sizeof(struct memory_refresh), sizeof(struct refresh), SHA(refresh),
			    AT(refresh, created_s), {NONE, NONE}, 1, {AT(refresh, family_id)}},
	[MEMORY_TOKEN] = {sizeof(struct memory_token), sizeof(struct family_token), NONE, NONE, {NONE, NONE}, 2,
			  {AT(memory_token, family_id), AT(family_token, jti)}},
	[MEMORY_DEVICE] = {sizeof(struct memory_device), sizeof(struct device), SHA(device), AT(device, created_s),
			   {AT(device, account_id), AT(device, client_id)}, 10,
			   {AT(device, user_code), AT(device, client_id), AT(device, scope), AT(device, api_id),
			    AT(device, addr), AT(device, agent), AT(device, note), AT(device, account_id),
			    AT(device, session_id), AT(memory_device, family_id)}},
	[MEMORY_CONSENT] = {sizeof(struct consent), sizeof(struct consent), NONE, AT(consent, created_s),
			    {AT(consent, account_id), AT(consent, client_id)}, 3,
			    {AT(consent, client_id), AT(consent, account_id), AT(consent, scope)}},
	[MEMORY_DAY] = {sizeof(struct memory_day), sizeof(struct use_day), NONE, AT(use_day, day),
			{NONE, AT(memory_day, client_id)}, 1, {AT(memory_day, client_id)}},
	[MEMORY_HOST] = {sizeof(struct memory_host), sizeof(struct secret_host), NONE, AT(secret_host, last_s),
			 {NONE, AT(memory_host, client_id)}, 3,
			 {AT(secret_host, addr), AT(secret_host, secret_id), AT(memory_host, client_id)}},
};

static char *row_at(const struct memory_state *state, enum memory_table table, size_t i)
{
	return state->rows[table].p + i * shapes[table].size;
}

static struct str str_at(const void *row, size_t offset)
{
	return *(const struct str *)(const void *)((const char *)row + offset);
}

void *memory_table_by_hash(const struct memory_state *state, enum memory_table table, const unsigned char sha256[32])
{
	for (size_t i = 0; i < state->rows[table].n; i++) {
		char *row = row_at(state, table, i);
		if (memcmp(row + shapes[table].sha256, sha256, 32) == 0)
			return row;
	}
	return NULL;
}

void *memory_table_by_id(const struct memory_state *state, enum memory_table table, struct str id)
{
	for (size_t i = 0; i < state->rows[table].n; i++) {
		char *row = row_at(state, table, i);
		if (str_eq(str_at(row, shapes[table].strs[0]), id))
			return row;
	}
	return NULL;
}

/* to: a flat copy already. */
static int copy_strs(struct arena *arena, enum memory_table table, char *to)
{
	const struct shape *shape = &shapes[table];
	for (size_t i = 0; i < shape->n_strs; i++) {
		struct str *s = (struct str *)(void *)(to + shape->strs[i]);
		TRY(arena_str(arena, *s, s));
	}
	return 0;
}

int memory_table_read(struct arena *arena, enum memory_table table, const void *row, void *ret_model)
{
	char *copy = arena_alloc(arena, shapes[table].size);
	if (!copy)
		return E_NOMEM;
	memcpy(copy, row, shapes[table].size);
	TRY(copy_strs(arena, table, copy));
	memcpy(ret_model, copy, shapes[table].model_size);
	return 0;
}

/* Room for one more. */
static int grow(struct memory_state *next, enum memory_table table)
{
	struct memory_rows *rows = &next->rows[table];
	if (rows->n < rows->room)
		return 0;
	char *p = arena_array(&next->arena, 2 * rows->n + 4, shapes[table].size);
	if (!p)
		return E_NOMEM;
	if (rows->n > 0)
		memcpy(p, rows->p, rows->n * shapes[table].size);
	rows->p = p;
	rows->room = 2 * rows->n + 4;
	return 0;
}

int memory_table_add(struct memory_state *next, enum memory_table table, const void *row)
{
	TRY(grow(next, table));
	char *to = row_at(next, table, next->rows[table].n);
	memcpy(to, row, shapes[table].size);
	TRY(copy_strs(&next->arena, table, to));
	next->rows[table].n++;
	return 0;
}

int memory_table_copy(const struct memory_state *from, struct memory_state *to)
{
	for (enum memory_table table = 0; table < MEMORY_TABLES; table++) {
		for (size_t i = 0; i < from->rows[table].n; i++)
			TRY(memory_table_add(to, table, row_at(from, table, i)));
	}
	return 0;
}

void memory_table_drop(struct memory_state *next, enum memory_table table, const void *row)
{
	struct memory_rows *rows = &next->rows[table];
	size_t at = (size_t)((const char *)row - rows->p) / shapes[table].size;
	memory_close_gap(rows->p, &rows->n, shapes[table].size, at);
}

size_t memory_table_drop_some(struct memory_state *next, const struct memory_some *some, size_t limit)
{
	size_t n = 0, i = 0;
	while (i < next->rows[some->table].n) {
		char *row = row_at(next, some->table, i);
		bool hit = some->has(next, row, some->arg) && ++n <= limit;
		if (hit)
			memory_table_drop(next, some->table, row);
		else
			i++;
	}
	return n;
}

/* Every table with a time has its order in it; those without a name of their own have the hash. */
static struct memory_row order_of(const struct shape *shape, const void *row)
{
	const char *p = row;
	return (struct memory_row){
		.id = shape->sha256 == NONE ? str_at(row, shape->strs[0]) : str_mem(p + shape->sha256, 32),
		.created_s = *(const int64_t *)(const void *)(p + shape->created),
		.object = row,
	};
}

int memory_table_list(const struct memory_state *state, const struct memory_some *some, struct memory_listing order,
		      struct arena *arena, void *ret_models, size_t *ret_n)
{
	const struct shape *shape = &shapes[some->table];
	const size_t all = state->rows[some->table].n;
	const struct store_range range = {.order = STORE_BY_TIME,
					  .descending = order.newest_first,
					  .limit = order.limit < all ? (unsigned)order.limit : (unsigned)all};
	struct memory_row *rows = arena_array(arena, all + 1, sizeof(*rows));
	char *models = arena_array(arena, all + 1, shape->model_size);
	size_t n = 0;
	if (!rows || !models)
		return E_NOMEM;
	for (size_t i = 0; i < all; i++) {
		if (some->has(state, row_at(state, some->table, i), some->arg))
			rows[n++] = order_of(shape, row_at(state, some->table, i));
	}
	TRY(memory_cut(rows, n, &range, &rows, &n));
	for (size_t i = 0; i < n; i++)
		TRY(memory_table_read(arena, some->table, rows[i].object, models + i * shape->model_size));
	*(void **)ret_models = models;
	*ret_n = n;
	return 0;
}

struct member {
	size_t offset;
	struct str value;
};

static bool has_value(const struct memory_state *state, const void *row, const void *arg)
{
	(void)state;
	const struct member *member = arg;
	return str_eq(str_at(row, member->offset), member->value);
}

static bool is_orphan(const struct memory_state *state, const void *row, const void *arg)
{
	const size_t *family_id = arg;
	return !memory_table_by_id(state, MEMORY_FAMILY, str_at(row, *family_id));
}

void memory_table_drop_orphans(struct memory_state *next)
{
	static const size_t of_refresh = AT(refresh, family_id), of_token = AT(memory_token, family_id);
	memory_table_drop_some(next, &(struct memory_some){MEMORY_REFRESH, is_orphan, &of_refresh}, SIZE_MAX);
	memory_table_drop_some(next, &(struct memory_some){MEMORY_TOKEN, is_orphan, &of_token}, SIZE_MAX);
}

void memory_table_forget(struct memory_state *next, enum memory_owner owner, struct str id)
{
	for (enum memory_table table = 0; table < MEMORY_TABLES; table++) {
		const struct member member = {shapes[table].owner[owner], id};
		if (member.offset != NONE)
			memory_table_drop_some(next, &(struct memory_some){table, has_value, &member}, SIZE_MAX);
	}
	memory_table_drop_orphans(next);
}
