/*
 * The store: verbs, each one transaction with the outcomes named here. Times are passed in, never read. Results live
 * in the caller's arena; what a verb is given is borrowed until it returns. Every verb may be called from any thread
 * that may block (pool, control, CLI); none from an event loop.
 *
 * Errors of every verb: E_STORE (the disk or the database failed) and E_NOMEM. Both mean: nothing was changed. No
 * reader of this process ever sees a change that failed; should the process be killed while the disk still refuses to
 * sync, a change that failed at its very end may be there after the restart (whole, never in part), as with any
 * database. The store recovers by itself once the disk is well; the caller just tries again.
 * Errors of every verb that is given strings: E_LIMIT (longer or more than MODEL_…_MAX of model.h), E_SYNTAX (empty
 * where a value is needed, not UTF-8, a control character, a negative time, an impossible combination): defects of
 * the caller, nothing was changed.
 * Named beside each verb: what else can come. A write verb returns 0 only after its transaction is durable (fsync).
 *
 * Every verb that changes something worth auditing takes a note (never NULL) and appends it to the audit chain in the
 * same transaction; a call that finds nothing to change returns 0 and appends nothing.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/arena.h"
#include "model/model.h"

struct store;

struct audit_note {
	int64_t now_s;
	struct str actor, action, target, detail;
};

struct revocation_page {
	struct revocation *revocations;
	size_t n;
	struct revocation_feed feed;
};

enum store_kind { STORE_SQLITE, STORE_MEMORY };

struct store_options {
	enum store_kind kind;
	const char *path;   /* STORE_SQLITE: the database file; "<path>.lock" is the lock file */
	bool create;        /* make it when it is absent (0600), else E_ABSENT */
	unsigned readers;   /* read-only connections at most, 1..64; opened when first needed */
	unsigned cache_kib; /* page cache per connection, 64..1048576 */
};

/* Reads now what the database library needs from outside the store's folder: before a sandbox closes. Any thread. */
void store_prepare(void);
/*
 * Opens, takes the lock, runs missing migrations, starts the writer thread. Takes milliseconds whatever the size. The
 * memory store is for tests. E_LOCKED: another process (or another open in this one) has it. E_ABSENT: no file and
 * not create. E_SYNTAX: the file is no Mintmark store, or of a newer version. E_LIMIT: an option is out of range.
 * E_STORE, E_NOMEM. Don't fork without exec afterwards.
 */
must_check int store_open(const struct store_options *options, struct store **ret_store);
/* Waits for queued writes, checkpoints, closes, gives the lock back. No verb may be running. NULL is allowed. */
void store_close(struct store *store);

/* --- accounts --- */
/* E_EXISTS: the id or the e-mail address is taken. */
must_check int store_account_put(struct store *store, const struct account *account, const struct audit_note *note);
/* by_email: the key is an e-mail address instead of an id. E_ABSENT. */
must_check int store_account_get(struct store *store, struct str key, bool by_email, struct arena *arena,
				 struct account *ret_account);
/*
 * In an order that an index serves, those behind the id `after` (empty: from the start; by time, the id of one that is
 * there), without the first `skip` of them, at most limit (1..1000).
 */
enum store_order { STORE_BY_ID, STORE_BY_TIME }; /* by created_s, then id */
struct store_range {
	struct str after;
	unsigned limit;
	enum store_order order;
	bool descending;
	size_t skip;
};
must_check int store_account_list(struct store *store, const struct store_range *range, struct arena *arena,
				  struct account **ret_accounts, size_t *ret_n);
/* Replaces email, email_verified, name. E_ABSENT. E_EXISTS: another has the e-mail address. */
must_check int store_account_update(struct store *store, const struct account *account, const struct audit_note *note);
/* Replaces the roles; their order is kept. E_ABSENT. */
must_check int store_account_set_roles(struct store *store, struct str id, struct str_list roles,
				       const struct audit_note *note);
/* Going from enabled to disabled raises the epoch and says so in the feed (until_s as there). E_ABSENT. */
must_check int store_account_set_disabled(struct store *store, struct str id, bool disabled, int64_t until_s,
					  const struct audit_note *note);
/*
 * Its last epoch is ended in the feed (until_s as there): so are all tokens of the clients that act for it. E_ABSENT.
 * E_CONFLICT: clients act for it; with_clients: they go too, with their secrets and grants.
 */
must_check int store_account_delete(struct store *store, struct str id, bool with_clients, int64_t until_s,
				    const struct audit_note *note);

/* --- clients --- */
/*
 * With its grants (each once, however often it is named) and its first secrets (their client_id is not looked at).
 * E_EXISTS: its id or the id of a secret is taken. E_ABSENT: account, API or scope does not exist; identity scopes
 * always exist. E_LIMIT: more than MODEL_SECRETS_MAX secrets or MODEL_SCOPES_MAX grants. E_CONFLICT: as in
 * store_secret_add. An id that the feed still names starts at the epoch named there: tokens of its predecessor stay
 * dead, its own live. `serves` is not looked at.
 */
must_check int store_client_put(struct store *store, const struct client *client, const struct audit_note *note);
/* n >= 1 clients in one transaction with one note, for imports: all or none. Errors as above, of the first to fail. */
must_check int store_client_put_many(struct store *store, const struct client *clients, size_t n,
				     const struct audit_note *note);
/*
 * With grants, ordered by API id and scope, all secrets that are kept, ordered by created_s and id, and the audiences
 * it serves, sorted. E_ABSENT.
 */
must_check int store_client_get(struct store *store, struct str id, struct arena *arena, struct client *ret_client);
/* Which: those of account_id (empty: all). */
struct store_client_range {
	struct str account_id;
	struct store_range range;
};
/* Without grants, secrets and audiences it serves. */
must_check int store_client_list(struct store *store, const struct store_client_range *range, struct arena *arena,
				 struct client **ret_clients, size_t *ret_n);
/* Replaces name, auth, expires_s, lifetime_s, default_api; with set_grants the grants. E_ABSENT: client, API, scope. */
must_check int store_client_update(struct store *store, const struct client *client, bool set_grants,
				   const struct audit_note *note);
/* Going from enabled to disabled raises the epoch and says so in the feed (until_s as there). E_ABSENT. */
must_check int store_client_set_disabled(struct store *store, struct str id, bool disabled, int64_t until_s,
					 const struct audit_note *note);
/* With its secrets and grants; its last epoch is ended in the feed (until_s as there). E_ABSENT. */
must_check int store_client_delete(struct store *store, struct str id, int64_t until_s, const struct audit_note *note);
/* How many clients have an imported id (no mmc_ prefix): decides whether unknown ids cost a password hash. Cheap. */
must_check int store_client_count_imported(struct store *store, int64_t *ret_n);

/* --- secrets --- */
/*
 * created_s of the new secret is "now": a secret lives while it is neither revoked nor expired by then. Of the dead
 * ones the newest MODEL_SECRETS_DEAD_MAX are kept. E_ABSENT: no such client. E_LIMIT: it has MODEL_SECRETS_MAX living
 * ones. E_CONFLICT: a second living chosen secret, or a chosen one for an mmc_ id. E_EXISTS: the id of the secret is
 * taken.
 * until_s, here and in the next two: 0, and the client's tokens stay as they are; else its epoch rises in the same
 * transaction, and the feed says so until then.
 */
must_check int store_secret_add(struct store *store, const struct client_secret *secret, int64_t until_s,
				const struct audit_note *note);
/* One secret dies now (now_s > 0). E_ABSENT. A revoked one stays as it is: 0. */
must_check int store_secret_revoke(struct store *store, struct str client_id, struct str secret_id, int64_t now_s,
				   int64_t until_s, const struct audit_note *note);
/*
 * All secrets of the client that are not revoked are (now_s > 0), the new one is added: all or nothing. E_ABSENT.
 * E_CONFLICT: a chosen one for an mmc_ id. E_EXISTS: the id of the secret is taken.
 */
must_check int store_secret_regenerate(struct store *store, const struct client_secret *secret, int64_t now_s,
				       int64_t until_s, const struct audit_note *note);
/* Adds counts, raises last-used times, the address goes with the latest; skips secrets that are gone. n may be 0. */
must_check int store_usage_flush(struct store *store, const struct usage_row *rows, size_t n);

/* --- APIs --- */
/* E_EXISTS: id or audience taken, or a scope named twice. E_ABSENT: a resource server is no client. */
must_check int store_api_put(struct store *store, const struct api *api, const struct audit_note *note);
/* by_audience: the key is the audience. E_ABSENT. */
must_check int store_api_get(struct store *store, struct str key, bool by_audience, struct arena *arena,
			     struct api *ret_api);
/* All, ordered by created_s and id, with scopes in the order they were given. */
must_check int store_api_list(struct store *store, struct arena *arena, struct api **ret_apis, size_t *ret_n);
/*
 * Replaces name, alg, lifetime_s, scopes, with set_servers the resource servers (each counts once); grants of removed
 * scopes go too. E_ABSENT: the API, or a client of `servers`. E_EXISTS: a scope named twice.
 */
must_check int store_api_update(struct store *store, const struct api *api, bool set_servers,
				const struct audit_note *note);
/* E_ABSENT. Its grants go too; clients that had it as default_api lose the default. */
must_check int store_api_delete(struct store *store, struct str id, const struct audit_note *note);

/* --- revocation: what ended before its time (RFC 7009, the feed) --- */
/*
 * One token ends: id, owner and until_s of `token` count, the rest does not; not_before_s is the note's time. One that
 * is revoked already changes nothing and is 0. E_LIMIT: its owner has MODEL_REVOKED_MAX of them in the feed.
 */
must_check int store_revocation_put_jti(struct store *store, const struct revocation *token,
					const struct audit_note *note);
/*
 * Words with seq > after_seq in order, at most limit (1..1000), and where the feed stands at that moment. Of each
 * subject there is only the newest word. A later word never has an earlier until_s.
 */
must_check int store_revocation_list(struct store *store, int64_t after_seq, unsigned limit, struct arena *arena,
				     struct revocation_page *ret_page);
/* Forgets those with until_s <= now_s. Their seq is not given again. */
must_check int store_revocation_sweep(struct store *store, int64_t now_s);

/* --- signing keys --- */
/* E_EXISTS. */
must_check int store_key_put(struct store *store, const struct signing_key *key, const struct audit_note *note);
/* All that are not gone (all when with_gone), ordered by created_s and kid. */
must_check int store_key_list(struct store *store, bool with_gone, struct arena *arena, struct signing_key **ret_keys,
			      size_t *ret_n);
/*
 * Moves several keys at once, in order, stamping the time of entry (now_s > 0); KEY_GONE erases the sealed key. `to`
 * comes after `from`, else E_SYNTAX. E_CONFLICT: one is not in its `from` state or does not exist; nothing moved.
 */
must_check int store_key_advance(struct store *store, const struct key_move *moves, size_t n, int64_t now_s,
				 const struct audit_note *note);

/* --- audit --- */
must_check int store_audit_append(struct store *store, const struct audit_note *note);
/* Entries with seq > after_seq in order, at most limit (1..1000). */
must_check int store_audit_list(struct store *store, int64_t after_seq, unsigned limit, struct arena *arena,
				struct audit_entry **ret_entries, size_t *ret_n);
/*
 * Recomputes the chain up to its recorded head. 0 and the number of entries; E_SIGNATURE and the first seq that does
 * not fit (the one output that is written on failure). Finds changed, missing, moved and cut-off entries; someone who
 * may write the file can of course recompute the whole chain: to be safe from him too, note the newest hash elsewhere
 * from time to time.
 */
must_check int store_audit_verify(struct store *store, int64_t *ret_seq);

/* --- health --- */
/* How many there are. */
struct store_counts {
	int64_t accounts, clients, audit_seq; /* the newest audit entry's */
};
must_check int store_count(struct store *store, struct store_counts *ret_counts);
/* A trivial read and a trivial durable write. */
must_check int store_probe(struct store *store);
/* Counters since opening, for /metrics. */
struct store_stats {
	uint64_t reads, read_us;
	uint64_t writes, commits, commit_us; /* writes / commits: how many verbs one fsync carried */
	uint64_t failures;                   /* E_STORE and E_NOMEM */
};
/* Takes no lock; the figures need not belong to the same instant. */
void store_stats(struct store *store, struct store_stats *ret_stats);

#endif
