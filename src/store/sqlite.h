/*
 * The SQLite backend, shared by its files. One writer thread owns the only read-write connection; readers borrow
 * read-only ones.
 */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include <pthread.h>

#include "sql/db.h"
#include "sql/query.h"
#include "store/store_ops.h"

/* A write verb that waits for the writer thread; lives on its caller's stack. */
struct sqlite_job;

/*
 * What a verb's work may come to beside 0 and a failure. Its changes stay, and no audit entry is written here.
 * UNCHANGED: 0 for the caller. REUSED, POLLED_TOO_FAST: the error of that name, of which the change is a part.
 */
enum { SQLITE_UNCHANGED = 1, SQLITE_REUSED, SQLITE_POLLED_TOO_FAST };

struct sqlite {
	struct store store; /* first: the front sees only this */
	char *path;
	unsigned cache_kib;
	int lock_fd;

	struct {
		pthread_mutex_t lock;
		pthread_cond_t back;
		struct db *idle[64]; /* used as a stack: the warmest connection first */
		unsigned n_idle, n_open, max;
	} readers;

	struct {
		pthread_t thread;
		bool started;
		pthread_mutex_t lock; /* guards the queue and closing */
		pthread_cond_t work;
		struct sqlite_job *first, **end;
		size_t n_queued;
		bool closing;
		/* Below: the writer thread's own. */
		struct db *db;
		size_t last_batch;
		int moved_pages; /* how long the log was at the last checkpoint */
		bool sick;       /* the last batch failed and the log may hold pages of it */
	} writer;
};

static inline struct sqlite *sqlite_of(struct store *store) { return (struct sqlite *)store; }

/* sqlite_file.c: the database file and its lock. E_ABSENT, E_LOCKED, E_STORE, E_NOMEM. */
must_check int sqlite_file_prepare(const char *path, bool create, int *ret_lock_fd);

/*
 * sqlite_write.c: hands work to the writer and waits until its transaction is durable. work runs on the writer's thread
 * inside the transaction, gets args and gives 0, SQLITE_… or a negative code, whereupon only its own changes are
 * undone. note NULL: nothing to audit.
 */
must_check int sqlite_write(struct store *store, int (*work)(struct db *db, const void *args), const void *args,
			    const struct audit_note *note);
must_check int sqlite_write_start(struct sqlite *sqlite);
/* Finishes what is queued, ends the thread. */
void sqlite_write_stop(struct sqlite *sqlite);

/* sqlite_read.c: a read-only connection inside a transaction, so that all statements see one state. E_STORE, E_NOMEM.
 */
struct sqlite_reader {
	struct sqlite *sqlite;
	struct db *db;
};
must_check int sqlite_read_begin(struct store *store, struct sqlite_reader *ret_reader);
/* For _cleanup_; a connection in doubt is closed instead of kept. */
void sqlite_read_end(struct sqlite_reader *reader);
void sqlite_read_close_all(struct sqlite *sqlite);

/* sqlite_audit.c: appends a link inside the writer's transaction. */
must_check int sqlite_audit_link(struct db *db, const struct audit_note *note);

/* Row numbers of text ids. E_ABSENT. */
must_check int sqlite_account_n(struct db *db, struct str id, int64_t *ret_n);
must_check int sqlite_account_load(struct db *db, struct str id, struct arena *arena, struct account *ret_account);
must_check int sqlite_api_n(struct db *db, struct str id, int64_t *ret_n);
must_check int sqlite_client_n(struct db *db, struct str id, int64_t *ret_n);

/* Before other changes of a client: when and until when its earlier tokens are named; until_s 0: they stay alive. */
struct sqlite_end {
	int64_t now_s, until_s;
};
/* sqlite_revocation.c: the next word of the feed; its seq and, for a jti, nothing else is made up here. */
must_check int sqlite_revocation_put(struct db *db, const struct revocation *revocation);
/* As that, of a jti that a family gave: without a bound, and one that is revoked already changes nothing. */
must_check int sqlite_revocation_end_jti(struct db *db, const struct revocation *token);
/* The epoch of a client or an account rises and the feed says so, and codes and devices that nobody redeemed are worth
 * nothing; nothing happens when end.until_s is 0. */
must_check int sqlite_revocation_raise(struct db *db, enum revocation_kind kind, int64_t n, struct sqlite_end end);

/* sqlite_secret.c */
must_check int sqlite_secret_insert(struct db *db, int64_t client_n, const struct client_secret *secret);
must_check int sqlite_secret_load(struct db *db, int64_t client_n, struct arena *arena, struct client *client);

/*
 * Where a range begins, as its queries want it: created_s (by time only), then id. E_ABSENT: by time, and there is no
 * row `after`. created: how to look its time up, a literal.
 */
struct sqlite_bound {
	int64_t created_s;
	struct str id;
};
must_check int sqlite_bound_of(struct db *db, const char *created, const struct store_range *range,
			       struct sqlite_bound *ret_bound);
/* Binds what is left: the bound, then limit and skip. */
void sqlite_bind_range(struct query *query, const struct sqlite_bound *bound, const struct store_range *range);

/* The verbs, by file. */
int sqlite_account_put(struct store *store, const struct enrolment *enrolment, const struct audit_note *note);
int sqlite_account_get(struct store *store, struct str key, bool by_email, struct arena *arena,
		       struct account *ret_account);
int sqlite_account_list(struct store *store, const struct store_range *range, struct arena *arena,
			struct account **ret_accounts, size_t *ret_n);
int sqlite_account_update(struct store *store, const struct account *account, const struct store_once_key *taken,
			  const struct audit_note *note);
int sqlite_account_delete(struct store *store, struct str id, bool with_clients, int64_t until_s,
			  const struct audit_note *note);
int sqlite_account_set_roles(struct store *store, struct str id, struct str_list roles, const struct audit_note *note);
int sqlite_account_set_disabled(struct store *store, struct str id, bool disabled, int64_t until_s,
				const struct audit_note *note);

int sqlite_client_put(struct store *store, const struct client *clients, size_t n,
		      const struct store_once_key *taken, const struct audit_note *note);
int sqlite_client_get(struct store *store, struct str id, struct arena *arena, struct client *ret_client);
int sqlite_client_list(struct store *store, const struct store_client_range *range, struct arena *arena,
		       struct client **ret_clients, size_t *ret_n);
int sqlite_client_update(struct store *store, const struct client *client, bool set_grants,
			 const struct audit_note *note);
int sqlite_client_set_disabled(struct store *store, struct str id, const struct client_switch *to,
			       const struct audit_note *note);
int sqlite_client_delete(struct store *store, struct str id, int64_t until_s, const struct audit_note *note);
int sqlite_client_find_registered(struct store *store, const unsigned char sha256[32], struct arena *arena,
				  struct str *ret_id);
int sqlite_client_forget_unused(struct store *store, const struct store_unused *unused, struct arena *arena,
			       struct str *ret_id, const struct audit_note *note);
int sqlite_client_count_imported(struct store *store, int64_t *ret_n);

int sqlite_secret_rotate(struct store *store, const struct client_secret *secret, const struct secret_terms *terms,
		      const struct audit_note *note);
int sqlite_secret_find(struct store *store, const unsigned char sha256[32], struct arena *arena,
		       struct client_secret *ret_secret);
int sqlite_secret_revoke(struct store *store, struct str client_id, struct str secret_id, int64_t now_s,
			 int64_t until_s, const struct audit_note *note);
int sqlite_secret_regenerate(struct store *store, const struct client_secret *secret, int64_t now_s, int64_t until_s,
			     const struct audit_note *note);

int sqlite_api_put(struct store *store, const struct api *api, const struct audit_note *note);
int sqlite_api_get(struct store *store, struct str key, bool by_audience, struct arena *arena, struct api *ret_api);
int sqlite_api_list(struct store *store, struct arena *arena, struct api **ret_apis, size_t *ret_n);
int sqlite_api_update(struct store *store, const struct api *api, bool set_servers, const struct audit_note *note);
int sqlite_api_delete(struct store *store, struct str id, const struct audit_note *note);

int sqlite_revocation_put_jti(struct store *store, const struct revocation *token, const struct audit_note *note);
int sqlite_revocation_list(struct store *store, int64_t after_seq, unsigned limit, struct arena *arena,
			   struct revocation_page *ret_page);
int sqlite_revocation_sweep(struct store *store, int64_t now_s);

int sqlite_key_put(struct store *store, const struct signing_key *key, const struct audit_note *note);
int sqlite_key_list(struct store *store, bool with_gone, struct arena *arena, struct signing_key **ret_keys,
		    size_t *ret_n);
int sqlite_key_advance(struct store *store, const struct key_move *moves, size_t n, int64_t now_s,
		       const struct audit_note *note);

int sqlite_audit_append(struct store *store, const struct audit_note *note);
int sqlite_audit_list(struct store *store, int64_t after_seq, unsigned limit, struct arena *arena,
		      struct audit_entry **ret_entries, size_t *ret_n);
int sqlite_audit_about(struct store *store, const struct store_audit_about *about, struct arena *arena,
		       struct audit_entry **ret_entries, size_t *ret_n);
int sqlite_audit_verify(struct store *store, int64_t *ret_seq);

#endif
