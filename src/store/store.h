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

/* What somebody brings that is good for one use. */
struct store_once_key {
	const unsigned char *sha256; /* 32 bytes */
	enum once_kind kind;
	int64_t now_s;
};

/* --- accounts --- */
/* E_EXISTS: the id or the e-mail address is taken. */
must_check int store_account_put(struct store *store, const struct account *account, const struct audit_note *note);
/* What a new account begins with; all of it, or nothing. Each but the account may be absent. */
struct enrolment {
	const struct account *account;
	struct str phc;                     /* its password, set at its created_s */
	const struct upstream_link *link;   /* account_id is not looked at */
	const struct store_once_key *taken; /* what is used up for it: an invitation */
};
/*
 * E_REUSED: what is to be used up is unknown, of another kind, used, or expired. E_EXISTS: id, address, or link are
 * taken; what was to be used up stays good.
 */
must_check int store_account_enrol(struct store *store, const struct enrolment *enrolment,
				   const struct audit_note *note);
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
/* Replaces email, email_verified, name. Another address ends all of the account's that is good for one use, links that
 * went to the old one among it. E_ABSENT. E_EXISTS: another has the e-mail address. */
must_check int store_account_update(struct store *store, const struct account *account, const struct audit_note *note);
/* The same, and uses up what proves the address. E_REUSED: it is unknown, of another kind, used, or expired. */
must_check int store_account_confirm(struct store *store, const struct account *account,
				     const struct store_once_key *taken, const struct audit_note *note);
/* Replaces the roles; their order is kept. E_ABSENT. */
must_check int store_account_set_roles(struct store *store, struct str id, struct str_list roles,
				       const struct audit_note *note);
/*
 * Going from enabled to disabled raises the epoch and says so in the feed (until_s as there). Either way all of the
 * account's that is good for one use ends. E_ABSENT.
 */
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
/* The same, and uses up the token that lets it. E_REUSED: it is unknown, of another kind, used, or expired. */
must_check int store_client_register(struct store *store, const struct client *client,
				     const struct store_once_key *taken, const struct audit_note *note);
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
/*
 * Replaces name, auth, expires_s, lifetime_s, default_api, networks, app (but vouched, unused_since_s), held (but
 * whether it is disabled); with set_grants the grants. Another name or other redirect URIs of an app: what people
 * allowed it (consents) is forgotten, they allowed it to what they saw; their logins stay. E_ABSENT: client, API,
 * scope.
 */
must_check int store_client_update(struct store *store, const struct client *client, bool set_grants,
				   const struct audit_note *note);
/*
 * By an administrator: disabled, it is held; enabled, it is not. Going from enabled to disabled raises the epoch and
 * says so in the feed (until_s as there). E_ABSENT.
 */
must_check int store_client_set_disabled(struct store *store, struct str id, bool disabled, int64_t until_s,
					 const struct audit_note *note);
/* The same by its owner: what is held stays as it is. E_CONFLICT: an administrator disabled what is to be enabled. */
must_check int store_client_set_disabled_own(struct store *store, struct str id, bool disabled, int64_t until_s,
					     const struct audit_note *note);
/* With its secrets and grants; its last epoch is ended in the feed (until_s as there). E_ABSENT. */
must_check int store_client_delete(struct store *store, struct str id, int64_t until_s, const struct audit_note *note);
/* Whose registration access token (RFC 7592) has this hash; the id is in the arena. E_ABSENT: nobody's. */
must_check int store_client_find_registered(struct store *store, const unsigned char sha256[32], struct arena *arena,
					    struct str *ret_id);
/*
 * Of the apps that registered themselves and never got a consent, a login or a token, the one that has waited longest
 * goes, as by store_client_delete; the note's target is its id. E_ABSENT: there is none from before then.
 */
struct store_unused {
	int64_t open_before_s;    /* registered by nobody's leave; 0: none of them goes */
	int64_t vouched_before_s; /* with an initial access token */
	int64_t until_s;          /* as there */
};
must_check int store_client_forget_unused(struct store *store, const struct store_unused *unused, struct arena *arena,
					  struct str *ret_id, const struct audit_note *note);
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
/*
 * The same, and the client's other living secrets end at others_s at the latest (0: they stay as they are): a rotation
 * with an overlap.
 */
struct secret_terms {
	int64_t until_s;  /* as above */
	int64_t others_s;
};
must_check int store_secret_rotate(struct store *store, const struct client_secret *secret,
				   const struct secret_terms *terms, const struct audit_note *note);
/* One secret dies now (now_s > 0). E_ABSENT. A revoked one stays as it is: 0. */
must_check int store_secret_revoke(struct store *store, struct str client_id, struct str secret_id, int64_t now_s,
				   int64_t until_s, const struct audit_note *note);
/* Whose generated secret has this hash, dead or alive; the ids are in the arena. E_ABSENT: nobody's. */
must_check int store_secret_find(struct store *store, const unsigned char sha256[32], struct arena *arena,
				 struct client_secret *ret_secret);
/*
 * All secrets of the client that are not revoked are (now_s > 0), the new one is added: all or nothing. E_ABSENT.
 * E_CONFLICT: a chosen one for an mmc_ id. E_EXISTS: the id of the secret is taken.
 */
must_check int store_secret_regenerate(struct store *store, const struct client_secret *secret, int64_t now_s,
				       int64_t until_s, const struct audit_note *note);
/* Adds counts, raises last-used times, the address goes with the latest; skips secrets that are gone. n may be 0. */
must_check int store_usage_flush(struct store *store, const struct usage_row *rows, size_t n);

/* Uses per day of a client's secrets from from_day on, in order. Days older than 92 are forgotten by usage_flush. */
must_check int store_use_history(struct store *store, struct str client_id, int64_t from_day, struct arena *arena,
				 struct use_day **ret_days, size_t *ret_n);
/* Where each secret of a client was used from, newest first; of each the newest MODEL_HOSTS_MAX are remembered. */
must_check int store_secret_hosts(struct store *store, struct str client_id, struct arena *arena,
				  struct secret_host **ret_hosts, size_t *ret_n);

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

/* --- sessions: browsers that are signed in --- */
/* replaces: the hash of a session that ends in the same transaction (a new cookie after each sign-in); NULL: none.
 * E_EXISTS: hash or id. E_ABSENT: no such account, or it is disabled. */
must_check int store_session_put(struct store *store, const struct session *session, const unsigned char *replaces,
				 const struct audit_note *note);
/*
 * With its account. E_ABSENT: unknown, expired (expires_s <= now_s), of an older account_epoch, or the account is
 * disabled.
 */
must_check int store_session_get(struct store *store, const unsigned char sha256[32], int64_t now_s,
				 struct arena *arena, struct session *ret_session, struct account *ret_account);
/* Where it was seen last, and until when it lives now. Not audited; callers do it at most once a minute. E_ABSENT. */
must_check int store_session_touch(struct store *store, const unsigned char sha256[32], int64_t now_s,
				   int64_t expires_s, struct str addr);
/* Those of an account that live, newest sign-in (auth_s) first, at most 1000. */
must_check int store_session_list(struct store *store, struct str account_id, int64_t now_s, struct arena *arena,
				  struct session **ret_sessions, size_t *ret_n);
/* One by id, or (empty id) all of the account but the one with the hash `except` (NULL: really all). E_ABSENT: no such
 * session of this account. */
must_check int store_session_end(struct store *store, struct str account_id, struct str id,
				 const unsigned char *except, const struct audit_note *note);

/* --- what an account signs in with --- */
/* E_ABSENT: no such account. One that never set anything up has an empty struct. */
must_check int store_login_get(struct store *store, struct str account_id, struct arena *arena,
			       struct login *ret_login);
/*
 * Replaces the password (empty phc: none), and ends all sessions but `except` (NULL: all) and all of the account's that
 * is good for one use: links in mails, a first factor that waits for its second. until_s > 0: raises the account's
 * epoch and says so in the feed, so that tokens and families end too, and codes and approved devices that nobody
 * redeemed; the session `except` takes over the new epoch. E_ABSENT.
 */
must_check int store_login_set_password(struct store *store, struct str account_id, struct str phc,
					const unsigned char *except, int64_t until_s, const struct audit_note *note);
/* The same without `except`, and uses up the link that lets it. E_REUSED: it is unknown, of another kind, used, or
 * expired. */
must_check int store_login_reset_password(struct store *store, struct str account_id, struct str phc,
					  const struct store_once_key *taken, int64_t until_s,
					  const struct audit_note *note);
/* Replaces key, state and recovery codes (SHA-256 each, at most MODEL_RECOVERY_MAX); an empty key: all are gone.
 * totp_step starts at `step`. E_ABSENT. */
struct login_totp {
	struct str sealed;
	bool on;
	int64_t step;
	const unsigned char (*recovery)[32];
	size_t n_recovery;
};
must_check int store_login_set_totp(struct store *store, struct str account_id, const struct login_totp *totp,
				    const struct audit_note *note);
/*
 * For somebody who lost them: TOTP with its recovery codes and all passkeys are gone, all sessions end, and all of the
 * account's that is good for one use. The password stays. E_ABSENT.
 */
must_check int store_login_reset_factors(struct store *store, struct str account_id, const struct audit_note *note);
/* RFC 6238 5.2: a code is good once. E_REUSED: step is not above the newest one. E_ABSENT: TOTP is off. */
must_check int store_login_use_totp(struct store *store, struct str account_id, int64_t step);
/* One recovery code goes. E_ABSENT: it is none of them (any more). */
must_check int store_login_use_recovery(struct store *store, struct str account_id, const unsigned char sha256[32],
					const struct audit_note *note);
/* E_EXISTS: the id is taken, by whomever. E_LIMIT: MODEL_PASSKEYS_MAX. E_ABSENT: no such account. */
must_check int store_passkey_put(struct store *store, const struct passkey *passkey, const struct audit_note *note);
/* E_ABSENT. */
must_check int store_passkey_get(struct store *store, struct str id, struct arena *arena, struct passkey *ret_passkey);
must_check int store_passkey_list(struct store *store, struct str account_id, struct arena *arena,
				  struct passkey **ret_passkeys, size_t *ret_n);
/* Replaces the name. E_ABSENT: no such passkey of this account. */
must_check int store_passkey_rename(struct store *store, struct str account_id, struct str id, struct str name,
				    const struct audit_note *note);
must_check int store_passkey_delete(struct store *store, struct str account_id, struct str id,
				    const struct audit_note *note);
/* WebAuthn 6.1.1: counter and last use. E_CONFLICT: the counter did not rise although one of the two is not 0: a copy
 * of the authenticator is in use. E_ABSENT. */
must_check int store_passkey_use(struct store *store, struct str id, int64_t counter, int64_t now_s);
/* E_EXISTS: that subject is linked already, or the account has one at this issuer. E_ABSENT: no such account. */
must_check int store_upstream_put(struct store *store, const struct upstream_link *link, const struct audit_note *note);
/* E_ABSENT. */
must_check int store_upstream_get(struct store *store, struct str issuer, struct str subject, struct arena *arena,
				  struct upstream_link *ret_link);
must_check int store_upstream_list(struct store *store, struct str account_id, struct arena *arena,
				   struct upstream_link **ret_links, size_t *ret_n);
/* E_ABSENT. */
must_check int store_upstream_delete(struct store *store, struct str account_id, struct str issuer,
				     const struct audit_note *note);

/* --- what is good for one use --- */
/* note NULL: not audited (allowed here and in store_once_take only). E_EXISTS: the hash. E_ABSENT: the account. */
must_check int store_once_put(struct store *store, const struct once *once, const struct audit_note *note);
/* Without using it up. E_ABSENT: unknown, of another kind, used, or expired. */
must_check int store_once_peek(struct store *store, const struct store_once_key *key, struct arena *arena,
			       struct once *ret_once);
/* Uses it up: of any number of callers exactly one gets it. E_ABSENT as above. */
must_check int store_once_take(struct store *store, const struct store_once_key *key, struct arena *arena,
			       struct once *ret_once, const struct audit_note *note);
/* Those of a kind that are still good at now_s, newest first, at most limit (1..1000). */
struct store_once_range {
	enum once_kind kind;
	int64_t now_s;
	unsigned limit;
};
must_check int store_once_list(struct store *store, const struct store_once_range *range, struct arena *arena,
			       struct once **ret_onces, size_t *ret_n);

/* --- codes, families, refresh tokens --- */
/* pushed: hash of the ONCE_PAR row that is used up with it (RFC 9126 4); NULL: none. E_REUSED: it was used or is
 * expired. E_ABSENT: client, account, API. E_EXISTS: the hash. */
must_check int store_code_put(struct store *store, const struct code *code, const unsigned char *pushed);
/* used: it was redeemed before. E_ABSENT: unknown. Expired ones are returned: the caller looks. */
must_check int store_code_peek(struct store *store, const unsigned char sha256[32], struct arena *arena,
			       struct code *ret_code, bool *ret_used);
/* The action of the audit entry when a family ends because something good for one use came twice. */
#define STORE_REUSED "family.reused"
/* What one redemption gives. */
struct issue {
	const struct family *family;       /* new; of a refresh: NULL, the token's own goes on */
	const struct refresh *refresh;     /* the (next) refresh token; NULL: none. family_id is not looked at */
	const struct family_token *access; /* the access token */
	int64_t now_s;
};
/*
 * RFC 6749 4.1.2: of any number of callers exactly one redeems it. E_REUSED: somebody did before, be it expired now;
 * the family that began then has ended in this very transaction, with its access tokens (in the feed), and the note
 * was written with STORE_REUSED for its action and the family for its target (once: when the family ended before,
 * nothing changes). E_ABSENT: unknown or expired; nothing changed.
 */
must_check int store_code_redeem(struct store *store, const unsigned char sha256[32], const struct issue *issue,
				 const struct audit_note *note);
/* With its family, ended or not. E_ABSENT: unknown. */
must_check int store_refresh_peek(struct store *store, const unsigned char sha256[32], struct arena *arena,
				  struct refresh *ret_refresh, struct family *ret_family);
/*
 * RFC 9700 4.14.2: exactly one caller rotates it. E_REUSED: it was rotated before, be it expired now; the family has
 * ended in this transaction, with its access tokens, noted as with codes. With grace_s > 0 an old token is good once
 * more within grace_s of its rotation, as long as its successor has not been used: the successor then dies and the
 * new one takes its place; whoever brings the dead one ends the family.
 * E_ABSENT: unknown, expired, or the family has ended or expired. The audit note is written only when a family ends.
 */
must_check int store_refresh_rotate(struct store *store, const unsigned char sha256[32], int64_t grace_s,
				    const struct issue *issue, const struct audit_note *note);
/* Ends it and its access tokens. E_ABSENT. One that has ended stays as it is: 0. */
must_check int store_family_end(struct store *store, struct str id, const struct audit_note *note);
must_check int store_family_get(struct store *store, struct str id, struct arena *arena, struct family *ret_family);
/* Living ones (not ended, expires_s > now_s, of the present epochs of client and account) of an account, newest
 * first, at most 1000. */
must_check int store_family_list(struct store *store, struct str account_id, int64_t now_s, struct arena *arena,
				 struct family **ret_families, size_t *ret_n);

/* --- devices (RFC 8628), and the bridge --- */
/* E_EXISTS: hash or user code (of a living one). E_ABSENT: client or API. */
must_check int store_device_put(struct store *store, const struct device *device);
/* By hash of the device code, or (user_code not empty) by user code. E_ABSENT: unknown; expired ones are returned. */
must_check int store_device_peek(struct store *store, const unsigned char *sha256, struct str user_code,
				 struct arena *arena, struct device *ret_device);
/* RFC 8628 3.5: notes that the device asked now. E_POLLED_TOO_FAST: sooner than interval_s after the last time; the
 * interval has grown by 5 s for good. E_ABSENT. */
must_check int store_device_poll(struct store *store, const unsigned char sha256[32], int64_t now_s);
/* state, account_id, session_id, scope, methods, auth_s of `decision` count. E_CONFLICT: decided before. E_ABSENT:
 * unknown or expired. */
must_check int store_device_decide(struct store *store, struct str user_code, const struct device *decision,
				   int64_t now_s, const struct audit_note *note);
/* Exactly one caller redeems an approved one. E_REUSED: redeemed before; its family has ended, as with codes.
 * E_CONFLICT: not approved. E_ABSENT: unknown or expired. */
must_check int store_device_redeem(struct store *store, const unsigned char sha256[32], const struct issue *issue,
				   const struct audit_note *note);

/* --- consent --- */
/* E_ABSENT: never given. */
must_check int store_consent_get(struct store *store, struct str account_id, struct str client_id, struct arena *arena,
				 struct consent *ret_consent);
/* Replaces what was there. E_ABSENT: account or client. */
must_check int store_consent_put(struct store *store, const struct consent *consent, const struct audit_note *note);
must_check int store_consent_list(struct store *store, struct str account_id, struct arena *arena,
				  struct consent **ret_consents, size_t *ret_n);
/*
 * With the families of the pair, as store_family_end, and what was allowed and not fetched yet: codes, approved
 * devices. E_ABSENT: no consent was given; then nothing ends.
 */
must_check int store_consent_delete(struct store *store, struct str account_id, struct str client_id,
				    const struct audit_note *note);

/* Forgets what is over: sessions, codes, devices, one-time rows, refresh tokens and families that expired more than
 * REVOKED_SKEW-like grace (an hour; one-time rows a minute) ago; at most limit rows of each. *ret_more: there is more
 * to forget. */
must_check int store_sweep(struct store *store, int64_t now_s, unsigned limit, bool *ret_more);

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
 * Entries about one target with seq < before_seq (0: from the newest on), newest first, at most limit (1..1000). Costs
 * what it finds, however long the chain is.
 */
struct store_audit_about {
	struct str target;
	int64_t before_seq;
	unsigned limit;
};
must_check int store_audit_about(struct store *store, const struct store_audit_about *about, struct arena *arena,
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
