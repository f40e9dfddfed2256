/*
 * The memory backend, shared by its files: the reference the other backends are compared with, so simple before fast.
 * A write verb copies the whole state, changes the copy, and puts it in place of the old one when nothing failed. One
 * mutex around everything.
 */
#ifndef STORE_MEMORY_H
#define STORE_MEMORY_H

#include <pthread.h>

#include "store/memory_table.h"
#include "store/store_ops.h"

/* Everything but the audit chain; strings and arrays are in its own arena. Arrays are sorted by id. */
struct memory_state {
	struct arena arena;
	struct account *accounts;
	struct client *clients;
	struct api *apis;
	struct signing_key *keys;
	size_t n_accounts, n_clients, n_apis, n_keys;
	struct revocation *revocations; /* these are sorted by seq */
	size_t n_revocations;
	int64_t revocation_seq;
	struct memory_rows rows[MEMORY_TABLES];
	struct str reused; /* the family that this very change ended */
};

/*
 * UNCHANGED: a verb that found nothing to change, 0 for the caller, no audit entry. REUSED: E_REUSED for the caller,
 * but what happened because of it stays.
 */
enum { MEMORY_UNCHANGED = 1, MEMORY_REUSED = 2 };
/* At most so many rows in lists that have no limit of their own. */
enum { MEMORY_LIST_MAX = 1000 };

/* Locks and copies, with room for so many more elements in each array. On failure nothing is locked. E_NOMEM. */
must_check int memory_begin(struct store *store, size_t room, struct memory_state **ret_next);
/* Takes `next` as the new state when rc is 0, else drops it; unlocks. note may be NULL. Returns the outcome. */
must_check int memory_end(struct store *store, struct memory_state *next, int rc, const struct audit_note *note);
/* Locks for reading. */
const struct memory_state *memory_lock(struct store *store);
/* For memory_unlock(store, rc) at the end of a read: unlocks and gives rc. */
must_check int memory_unlock(struct store *store, int rc);

/*
 * The place of id among n elements of size bytes that start with their id (struct str): true when it is there, else
 * where it belongs.
 */
bool memory_find(const void *array, size_t n, size_t size, struct str id, size_t *ret_at);
/* Moves the tail of an array with room up or down by one element. */
void memory_open_gap(void *array, size_t *n, size_t size, size_t at);
void memory_close_gap(void *array, size_t *n, size_t size, size_t at);

/* What lists are made of. */
struct memory_row {
	struct str id;
	int64_t created_s;
	const void *object;
};
/* Sorts n rows and finds those that a range means. E_ABSENT: by time, and there is no row `after`. */
must_check int memory_cut(struct memory_row *rows, size_t n, const struct store_range *range,
			  struct memory_row **ret_rows, size_t *ret_n);

struct account *memory_account(const struct memory_state *state, struct str id);
struct client *memory_client(const struct memory_state *state, struct str id);
struct api *memory_api(const struct memory_state *state, struct str id);

/* All tokens of the account end: its epoch rises, and the feed says so. E_NOMEM. */
must_check int memory_account_raise(struct memory_state *next, struct account *account, int64_t now_s, int64_t until_s);

/* Takes the client at this place out with all that is its, and off the resource servers. */
void memory_client_remove(struct memory_state *next, size_t at);

/* memory_copy.c: deep copies; the target may be the source. E_NOMEM. */
must_check int memory_copy_account(struct arena *arena, const struct account *from, struct account *ret_to);
must_check int memory_copy_client(struct arena *arena, const struct client *from, struct client *ret_to);
must_check int memory_copy_app(struct arena *arena, const struct client_app *from, struct client_app *ret_to);
must_check int memory_copy_api(struct arena *arena, const struct api *from, struct api *ret_to);
must_check int memory_copy_key(struct arena *arena, const struct signing_key *from, struct signing_key *ret_to);
must_check int memory_copy_grants(struct arena *arena, const struct client *from, struct client *to);
must_check int memory_copy_secret(struct arena *arena, const struct client_secret *from, struct client_secret *ret_to);
must_check int memory_copy_strs(struct arena *arena, struct str_list from, struct str_list *ret_to);
must_check int memory_copy_revocation(struct arena *arena, const struct revocation *from, struct revocation *ret_to);
must_check int memory_copy_entry(struct arena *arena, const struct audit_entry *from, struct audit_entry *ret_to);

/* The verbs, by file. */
int memory_account_put(struct store *store, const struct enrolment *enrolment, const struct audit_note *note);
int memory_account_get(struct store *store, struct str key, bool by_email, struct arena *arena,
		       struct account *ret_account);
int memory_account_list(struct store *store, const struct store_range *range, struct arena *arena,
			struct account **ret_accounts, size_t *ret_n);
int memory_account_update(struct store *store, const struct account *account, const struct store_once_key *taken,
			  const struct audit_note *note);
int memory_account_delete(struct store *store, struct str id, bool with_clients, int64_t until_s,
			  const struct audit_note *note);
int memory_account_set_roles(struct store *store, struct str id, struct str_list roles, const struct audit_note *note);
int memory_account_set_disabled(struct store *store, struct str id, bool disabled, int64_t until_s,
				const struct audit_note *note);

int memory_client_put(struct store *store, const struct client *clients, size_t n,
		      const struct store_once_key *taken, const struct audit_note *note);
int memory_client_get(struct store *store, struct str id, struct arena *arena, struct client *ret_client);
int memory_client_list(struct store *store, const struct store_client_range *range, struct arena *arena,
		       struct client **ret_clients, size_t *ret_n);
int memory_client_update(struct store *store, const struct client *client, bool set_grants,
			 const struct audit_note *note);
int memory_client_set_disabled(struct store *store, struct str id, const struct client_switch *to,
			       const struct audit_note *note);
int memory_client_delete(struct store *store, struct str id, int64_t until_s, const struct audit_note *note);
int memory_client_find_registered(struct store *store, const unsigned char sha256[32], struct arena *arena,
				  struct str *ret_id);
int memory_client_forget_unused(struct store *store, const struct store_unused *unused, struct arena *arena,
			       struct str *ret_id, const struct audit_note *note);
int memory_client_count_imported(struct store *store, int64_t *ret_n);

int memory_secret_rotate(struct store *store, const struct client_secret *secret, const struct secret_terms *terms,
		      const struct audit_note *note);
int memory_secret_find(struct store *store, const unsigned char sha256[32], struct arena *arena,
		       struct client_secret *ret_secret);
int memory_secret_revoke(struct store *store, struct str client_id, struct str secret_id, int64_t now_s,
			 int64_t until_s, const struct audit_note *note);
int memory_secret_regenerate(struct store *store, const struct client_secret *secret, int64_t now_s, int64_t until_s,
			     const struct audit_note *note);
int memory_secret_usage_flush(struct store *store, const struct usage_row *rows, size_t n);
/* Sorts the secret into the client's, with the checks of store_secret_add. */
must_check int memory_secret_insert(struct memory_state *next, struct client *client,
				    const struct client_secret *secret);

int memory_api_put(struct store *store, const struct api *api, const struct audit_note *note);
int memory_api_get(struct store *store, struct str key, bool by_audience, struct arena *arena, struct api *ret_api);
int memory_api_list(struct store *store, struct arena *arena, struct api **ret_apis, size_t *ret_n);
int memory_api_update(struct store *store, const struct api *api, bool set_servers, const struct audit_note *note);
int memory_api_delete(struct store *store, struct str id, const struct audit_note *note);

int memory_revocation_put_jti(struct store *store, const struct revocation *token, const struct audit_note *note);
int memory_revocation_list(struct store *store, int64_t after_seq, unsigned limit, struct arena *arena,
			   struct revocation_page *ret_page);
int memory_revocation_sweep(struct store *store, int64_t now_s);
/* The next word of the feed; the seq is given here. There is room for one per verb and family token. E_NOMEM. */
must_check int memory_revocation_put(struct memory_state *next, const struct revocation *revocation);
/* What the feed names of a subject; NULL. */
const struct revocation *memory_revocation_find(const struct memory_state *state, enum revocation_kind kind,
						struct str id);
/* What a client or account was allowed and nobody fetched is worth nothing: codes, approved devices. */
void memory_revocation_end_unredeemed(struct memory_state *next, struct str id);
/* Raises a client's epoch and says so; nothing when until_s is 0. */
must_check int memory_client_raise(struct memory_state *next, struct client *client, int64_t now_s, int64_t until_s);

int memory_key_put(struct store *store, const struct signing_key *key, const struct audit_note *note);
int memory_key_list(struct store *store, bool with_gone, struct arena *arena, struct signing_key **ret_keys,
		    size_t *ret_n);
int memory_key_advance(struct store *store, const struct key_move *moves, size_t n, int64_t now_s,
		       const struct audit_note *note);

int memory_use_history(struct store *store, struct str client_id, int64_t from_day, struct arena *arena,
		       struct use_day **ret_days, size_t *ret_n);
int memory_use_hosts(struct store *store, struct str client_id, struct arena *arena, struct secret_host **ret_hosts,
		     size_t *ret_n);
/* One line of usage_flush, of a secret of this client. E_NOMEM. */
must_check int memory_use_add(struct memory_state *next, struct str client_id, const struct usage_row *row);
/* Forgets days that are too old by then. */
void memory_use_forget(struct memory_state *next, int64_t now_s);

int memory_session_put(struct store *store, const struct session *session, const unsigned char *replaces,
		       const struct audit_note *note);
int memory_session_get(struct store *store, const unsigned char sha256[32], int64_t now_s, struct arena *arena,
		       struct session *ret_session, struct account *ret_account);
int memory_session_touch(struct store *store, const unsigned char sha256[32], int64_t now_s, int64_t expires_s,
			 struct str addr);
int memory_session_list(struct store *store, struct str account_id, int64_t now_s, struct arena *arena,
			struct session **ret_sessions, size_t *ret_n);
int memory_session_end(struct store *store, struct str account_id, struct str id, const unsigned char *except,
		       const struct audit_note *note);
/* Ends those of an account but the one with this hash (NULL: all); how many. */
size_t memory_session_end_all(struct memory_state *next, struct str account_id, const unsigned char *except);

int memory_login_get(struct store *store, struct str account_id, struct arena *arena, struct login *ret_login);
int memory_login_set_password(struct store *store, struct str account_id, const struct new_password *password,
			      const struct audit_note *note);
int memory_login_reset_factors(struct store *store, struct str account_id, const struct audit_note *note);
int memory_login_set_totp(struct store *store, struct str account_id, const struct login_totp *totp,
			  const struct audit_note *note);
int memory_login_use_totp(struct store *store, struct str account_id, int64_t step);
int memory_login_use_recovery(struct store *store, struct str account_id, const unsigned char sha256[32],
			      const struct audit_note *note);

int memory_passkey_put(struct store *store, const struct passkey *passkey, const struct audit_note *note);
int memory_passkey_get(struct store *store, struct str id, struct arena *arena, struct passkey *ret_passkey);
int memory_passkey_list(struct store *store, struct str account_id, struct arena *arena, struct passkey **ret_passkeys,
			size_t *ret_n);
int memory_passkey_rename(struct store *store, struct str account_id, struct str id, struct str name,
			  const struct audit_note *note);
int memory_passkey_delete(struct store *store, struct str account_id, struct str id, const struct audit_note *note);
int memory_passkey_use(struct store *store, struct str id, int64_t counter, int64_t now_s);

int memory_upstream_put(struct store *store, const struct upstream_link *link, const struct audit_note *note);
int memory_upstream_get(struct store *store, struct str issuer, struct str subject, struct arena *arena,
			struct upstream_link *ret_link);
int memory_upstream_list(struct store *store, struct str account_id, struct arena *arena,
			 struct upstream_link **ret_links, size_t *ret_n);
int memory_upstream_delete(struct store *store, struct str account_id, struct str issuer,
			   const struct audit_note *note);

int memory_once_put(struct store *store, const struct once *once, const struct audit_note *note);
int memory_once_peek(struct store *store, const struct store_once_key *key, struct arena *arena, struct once *ret_once);
int memory_once_take(struct store *store, const struct store_once_key *key, struct arena *arena, struct once *ret_once,
		     const struct audit_note *note);
int memory_once_list(struct store *store, const struct store_once_range *range, struct arena *arena,
		     struct once **ret_onces, size_t *ret_n);
/* All of an account. */
void memory_once_end_all(struct memory_state *next, struct str account_id);
/* Inside a change. What an account signs in with. */
must_check int memory_login_put(struct memory_state *next, struct str account_id, struct str phc, int64_t now_s);
must_check int memory_upstream_insert(struct memory_state *next, const struct upstream_link *link);
/* Uses it up. NULL: there is nothing to. E_REUSED: it is not good (any more). */
must_check int memory_once_use(struct memory_state *next, const struct store_once_key *key);
/* One that is still good; NULL. */
struct once *memory_once_find(const struct memory_state *state, const struct store_once_key *key);

int memory_code_put(struct store *store, const struct code *code, const unsigned char *pushed);
int memory_code_peek(struct store *store, const unsigned char sha256[32], struct arena *arena, struct code *ret_code,
		     bool *ret_used);
int memory_code_redeem(struct store *store, const unsigned char sha256[32], const struct issue *issue,
		       const struct audit_note *note);
int memory_refresh_peek(struct store *store, const unsigned char sha256[32], struct arena *arena,
			struct refresh *ret_refresh, struct family *ret_family);
int memory_refresh_rotate(struct store *store, const unsigned char sha256[32], int64_t grace_s,
			  const struct issue *issue, const struct audit_note *note);

int memory_family_end(struct store *store, struct str id, const struct audit_note *note);
int memory_family_get(struct store *store, struct str id, struct arena *arena, struct family *ret_family);
int memory_family_list(struct store *store, struct str account_id, int64_t now_s, struct arena *arena,
		       struct family **ret_families, size_t *ret_n);
/* The family of an issue begins, with its first tokens. E_ABSENT, E_EXISTS, E_NOMEM. */
must_check int memory_family_begin(struct memory_state *next, const struct issue *issue);
/* The tokens of an issue join a family. E_EXISTS, E_NOMEM. */
must_check int memory_family_give(struct memory_state *next, struct family *family, const struct issue *issue);
/* It ends, and its access tokens are named in the feed; MEMORY_UNCHANGED when it has ended before. E_NOMEM. */
must_check int memory_family_stop(struct memory_state *next, struct family *family, int64_t now_s);
/* What began with this family is used again: MEMORY_REUSED, or E_REUSED when it has ended before. E_NOMEM. */
must_check int memory_family_reuse(struct memory_state *next, struct str family_id, int64_t now_s);
/* memory_end for what ended like that, noted as STORE_REUSED; done_note: of success. */
must_check int memory_family_commit(struct store *store, struct memory_state *next, int rc,
				    const struct audit_note *done_note, const struct audit_note *note);

int memory_device_put(struct store *store, const struct device *device);
int memory_device_peek(struct store *store, const unsigned char *sha256, struct str user_code, struct arena *arena,
		       struct device *ret_device);
int memory_device_poll(struct store *store, const unsigned char sha256[32], int64_t now_s);
int memory_device_decide(struct store *store, struct str user_code, const struct device *decision, int64_t now_s,
			 const struct audit_note *note);
int memory_device_redeem(struct store *store, const unsigned char sha256[32], const struct issue *issue,
			 const struct audit_note *note);

int memory_consent_get(struct store *store, struct str account_id, struct str client_id, struct arena *arena,
		       struct consent *ret_consent);
int memory_consent_put(struct store *store, const struct consent *consent, const struct audit_note *note);
int memory_consent_list(struct store *store, struct str account_id, struct arena *arena, struct consent **ret_consents,
			size_t *ret_n);
int memory_consent_delete(struct store *store, struct str account_id, struct str client_id,
			  const struct audit_note *note);

int memory_once_sweep(struct store *store, int64_t now_s, unsigned limit, bool *ret_more);

#endif
