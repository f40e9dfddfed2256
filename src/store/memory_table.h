/*
 * The memory backend's rows for people: one unordered array per kind of row, all handled alike. Which members are
 * strings, and whose a row is, says a table (memory_table.c), so that copies and cascades forget none.
 */
#ifndef STORE_MEMORY_TABLE_H
#define STORE_MEMORY_TABLE_H

#include "store/store_ops.h"

struct memory_state;

enum memory_table {
	MEMORY_SESSION, MEMORY_LOGIN, MEMORY_PASSKEY, MEMORY_UPSTREAM, MEMORY_ONCE, MEMORY_CODE, MEMORY_FAMILY,
	MEMORY_REFRESH, MEMORY_TOKEN, MEMORY_DEVICE, MEMORY_CONSENT, MEMORY_DAY, MEMORY_HOST, MEMORY_TABLES
};

struct memory_rows {
	char *p;
	size_t n, room;
};

/* Rows that hold more than the model's struct; it comes first. */
struct memory_login {
	struct login login;
	struct str account_id;
	unsigned char recovery[MODEL_RECOVERY_MAX][32]; /* login.n_recovery of them */
};
struct memory_code {
	struct code code;
	bool used;
	struct str family_id; /* what began with it */
};
struct memory_refresh {
	struct refresh refresh;
	unsigned char successor[32]; /* of a rotated one */
	bool regranted;              /* it was good once more */
};
struct memory_token {
	struct family_token token;
	struct str family_id;
};
struct memory_device {
	struct device device;
	struct str family_id; /* of a redeemed one */
};
struct memory_day {
	struct use_day day;
	struct str client_id;
};
struct memory_host {
	struct secret_host host;
	struct str client_id;
};

/* Each row of a table, as a pointer named row. state is a name, not a call. */
#define MEMORY_EACH(type, row, state, table)                                 \
	for (type *row = (type *)(void *)(state)->rows[table].p,             \
		  *row##_end = row ? row + (state)->rows[table].n : row;     \
	     row != row##_end; row++)

/* The row with this hash (of the tables that have one), or whose first string is id; NULL. */
void *memory_table_by_hash(const struct memory_state *state, enum memory_table table, const unsigned char sha256[32]);
void *memory_table_by_id(const struct memory_state *state, enum memory_table table, struct str id);
/* A deep copy of the model's struct in a row. E_NOMEM. */
must_check int memory_table_read(struct arena *arena, enum memory_table table, const void *row, void *ret_model);
/* All tables of a state. E_NOMEM. */
must_check int memory_table_copy(const struct memory_state *from, struct memory_state *to);
/* Appends a deep copy; rows may move. E_NOMEM. */
must_check int memory_table_add(struct memory_state *next, enum memory_table table, const void *row);
/* Takes a row out; those behind it move up. */
void memory_table_drop(struct memory_state *next, enum memory_table table, const void *row);

/* Some rows of a table. */
struct memory_some {
	enum memory_table table;
	bool (*has)(const struct memory_state *state, const void *row, const void *arg);
	const void *arg;
};
/* Takes them out, at most limit; how many there were. */
size_t memory_table_drop_some(struct memory_state *next, const struct memory_some *some, size_t limit);
/* Copies of the model's structs, oldest or newest first, at most limit. E_NOMEM. */
struct memory_listing {
	bool newest_first;
	size_t limit;
};
must_check int memory_table_list(const struct memory_state *state, const struct memory_some *some,
				 struct memory_listing order, struct arena *arena, void *ret_models, size_t *ret_n);
/* Takes out the rows that are of this account (client), and what hangs on them. */
enum memory_owner { MEMORY_OF_ACCOUNT, MEMORY_OF_CLIENT, MEMORY_OWNERS };
void memory_table_forget(struct memory_state *next, enum memory_owner owner, struct str id);
/* Takes out the tokens of families that are gone. */
void memory_table_drop_orphans(struct memory_state *next);

#endif
