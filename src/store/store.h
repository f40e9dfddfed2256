/*
 * The store: verbs, each one transaction with the outcomes named here. Times are passed in, never read. Results live in the caller's
 * arena. Every verb may be called from any thread that may block (pool, control, CLI); none from an event loop.
 *
 * Errors of every verb: E_STORE (the disk or the database failed: nothing was changed, or a change that was not acknowledged was
 * undone), E_NOMEM. Named beside each verb: what else can come. A write verb returns 0 only after its transaction is durable.
 *
 * Every verb that changes something worth auditing takes a note and appends it to the audit chain in the same transaction.
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

enum store_kind { STORE_SQLITE, STORE_MEMORY };

struct store_options {
	enum store_kind kind;
	const char *path;       /* STORE_SQLITE: the database file; "<path>.lock" is the lock file */
	bool create;            /* make it when it is absent (0600), else E_ABSENT */
	unsigned readers;       /* read-only connections kept, 1..64 */
	unsigned cache_kib;     /* page cache per connection */
};

/*
 * Opens, takes the lock (E_LOCKED when another process has it), runs missing migrations. The memory store is for tests.
 * E_SYNTAX: the file is no Mintmark store, or of a newer version.
 */
must_check int store_open(const struct store_options *options, struct store **ret_store);
/* Waits for queued writes, checkpoints, closes, gives the lock back. NULL is allowed. */
void store_close(struct store *store);

/* --- accounts --- */
/* E_EXISTS: the id or the e-mail address is taken. */
must_check int store_account_put(struct store *store, const struct account *account, const struct audit_note *note);
/* by_email: the key is an e-mail address instead of an id. E_ABSENT. */
must_check int store_account_get(struct store *store, struct str key, bool by_email, struct arena *arena, struct account *ret_account);
/* Ordered by id, those after `after` (empty: from the start), at most limit (1..1000). */
must_check int store_account_list(struct store *store, struct str after, unsigned limit, struct arena *arena, struct account **ret_accounts, size_t *ret_n);
/* Replaces the roles. E_ABSENT. */
must_check int store_account_set_roles(struct store *store, struct str id, struct str_list roles, const struct audit_note *note);
/* Disabling raises the epoch. E_ABSENT. */
must_check int store_account_set_disabled(struct store *store, struct str id, bool disabled, const struct audit_note *note);

/* --- clients --- */
/* With its grants and its first secrets. E_EXISTS: the id is taken. E_ABSENT: account, API or scope does not exist. */
must_check int store_client_put(struct store *store, const struct client *client, const struct audit_note *note);
/* With grants and all secrets. E_ABSENT. */
must_check int store_client_get(struct store *store, struct str id, struct arena *arena, struct client *ret_client);
/* Without grants and secrets. account_id empty: all. */
must_check int store_client_list(struct store *store, struct str account_id, struct str after, unsigned limit, struct arena *arena, struct client **ret_clients, size_t *ret_n);
/* Replaces name, auth, expires_s, lifetime_s, default_api and, when set_grants, the grants. E_ABSENT: client, API or scope. */
must_check int store_client_update(struct store *store, const struct client *client, bool set_grants, const struct audit_note *note);
/* Disabling raises the epoch. E_ABSENT. */
must_check int store_client_set_disabled(struct store *store, struct str id, bool disabled, const struct audit_note *note);
/* With its secrets and grants. E_ABSENT. */
must_check int store_client_delete(struct store *store, struct str id, const struct audit_note *note);
/* Number of clients whose id was imported (has no mmc_ prefix): decides whether unknown ids cost a password hash. */
must_check int store_client_count_imported(struct store *store, int64_t *ret_n);

/* --- secrets --- */
/* E_ABSENT: no such client. E_LIMIT: it has MODEL_SECRETS_MAX live ones. E_CONFLICT: a second chosen secret, or a chosen one for an mmc_ id. */
must_check int store_secret_add(struct store *store, const struct client_secret *secret, const struct audit_note *note);
/* One secret dies now. E_ABSENT. Revoking a revoked one changes nothing and is 0. */
must_check int store_secret_revoke(struct store *store, struct str client_id, struct str secret_id, int64_t now_s, const struct audit_note *note);
/* All living secrets of the client die, the epoch rises, the new one is added: all or nothing. E_ABSENT. */
must_check int store_secret_regenerate(struct store *store, const struct client_secret *secret, int64_t now_s, const struct audit_note *note);
/* Adds counts, raises last-used times; rows whose secret is gone are skipped. One transaction for the batch. */
must_check int store_usage_flush(struct store *store, const struct usage_row *rows, size_t n);

/* --- APIs --- */
/* E_EXISTS: id or audience taken. */
must_check int store_api_put(struct store *store, const struct api *api, const struct audit_note *note);
/* by_audience: the key is the audience. E_ABSENT. */
must_check int store_api_get(struct store *store, struct str key, bool by_audience, struct arena *arena, struct api *ret_api);
/* All, ordered by creation, with scopes. */
must_check int store_api_list(struct store *store, struct arena *arena, struct api **ret_apis, size_t *ret_n);
/* Replaces name, alg, lifetime_s and scopes; grants of removed scopes go too. E_ABSENT. */
must_check int store_api_update(struct store *store, const struct api *api, const struct audit_note *note);
/* E_ABSENT. Its grants go too; clients that had it as default_api lose the default. */
must_check int store_api_delete(struct store *store, struct str id, const struct audit_note *note);

/* --- signing keys --- */
/* E_EXISTS. */
must_check int store_key_put(struct store *store, const struct signing_key *key, const struct audit_note *note);
/* All that are not gone (all when with_gone), ordered by created_s. */
must_check int store_key_list(struct store *store, bool with_gone, struct arena *arena, struct signing_key **ret_keys, size_t *ret_n);
struct key_move {
	struct str kid;
	enum key_state from, to;
};
/* Moves several keys at once, stamping the time of entry; KEY_GONE erases the sealed key. E_CONFLICT: one is not in its `from` state; nothing moved. */
must_check int store_key_advance(struct store *store, const struct key_move *moves, size_t n, int64_t now_s, const struct audit_note *note);

/* --- audit --- */
must_check int store_audit_append(struct store *store, const struct audit_note *note);
/* Entries with seq > after_seq in order, at most limit (1..1000). */
must_check int store_audit_list(struct store *store, int64_t after_seq, unsigned limit, struct arena *arena, struct audit_entry **ret_entries, size_t *ret_n);
/* Recomputes the chain. 0 and the number of entries; E_SIGNATURE and the first seq that does not fit. */
must_check int store_audit_verify(struct store *store, int64_t *ret_seq);

/* --- health --- */
/* A trivial read and a trivial durable write. */
must_check int store_probe(struct store *store);
/* Counters since opening, for /metrics. */
struct store_stats {
	uint64_t reads, read_us;
	uint64_t writes, commits, commit_us; /* writes / commits: how many verbs one fsync carried */
	uint64_t failures;
};
void store_stats(struct store *store, struct store_stats *ret_stats);

#endif
