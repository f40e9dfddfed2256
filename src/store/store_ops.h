/*
 * What a storage backend is: one table of functions, one per verb of store.h, with the same outcomes. The front
 * (store.c) has checked lengths, characters, ranges and pointers before it calls. Only in this folder.
 */
#ifndef STORE_STORE_OPS_H
#define STORE_STORE_OPS_H

#include <stdatomic.h>

#include "store/store.h"

struct client_switch {
	bool disabled, by_owner;
	int64_t until_s;
};
/* What is held afterwards. */
static inline unsigned store_ops_held(unsigned held, const struct client_switch *to)
{
	if (to->by_owner)
		return held;
	return to->disabled ? held | CLIENT_HELD_DISABLED : held & ~(unsigned)CLIENT_HELD_DISABLED;
}

/* taken: NULL where nothing is used up, here and below. */
struct new_password {
	struct str phc;
	const unsigned char *except; /* NULL: all sessions end */
	const struct store_once_key *taken;
	int64_t until_s;
};

struct store_ops {
	void (*close)(struct store *store);
	int (*account_put)(struct store *store, const struct enrolment *enrolment, const struct audit_note *note);
	int (*account_get)(struct store *store, struct str key, bool by_email, struct arena *arena,
			   struct account *ret_account);
	int (*account_list)(struct store *store, const struct store_range *range, struct arena *arena,
			    struct account **ret_accounts, size_t *ret_n);
	int (*account_update)(struct store *store, const struct account *account, const struct store_once_key *taken,
			      const struct audit_note *note);
	int (*account_set_roles)(struct store *store, struct str id, struct str_list roles,
				 const struct audit_note *note);
	int (*account_set_disabled)(struct store *store, struct str id, bool disabled, int64_t until_s,
				    const struct audit_note *note);
	int (*account_delete)(struct store *store, struct str id, bool with_clients, int64_t until_s,
			      const struct audit_note *note);
	int (*client_put)(struct store *store, const struct client *clients, size_t n,
			  const struct store_once_key *taken, const struct audit_note *note);
	int (*client_get)(struct store *store, struct str id, struct arena *arena, struct client *ret_client);
	int (*client_list)(struct store *store, const struct store_client_range *range, struct arena *arena,
			   struct client **ret_clients, size_t *ret_n);
	int (*client_update)(struct store *store, const struct client *client, bool set_grants,
			     const struct audit_note *note);
	int (*client_set_disabled)(struct store *store, struct str id, const struct client_switch *to,
				   const struct audit_note *note);
	int (*client_delete)(struct store *store, struct str id, int64_t until_s, const struct audit_note *note);
	int (*client_find_registered)(struct store *store, const unsigned char sha256[32], struct arena *arena,
				      struct str *ret_id);
	int (*client_forget_unused)(struct store *store, const struct store_unused *unused, struct arena *arena,
				    struct str *ret_id, const struct audit_note *note);
	int (*client_count_imported)(struct store *store, int64_t *ret_n);
	int (*secret_rotate)(struct store *store, const struct client_secret *secret, const struct secret_terms *terms,
			     const struct audit_note *note);
	int (*secret_revoke)(struct store *store, struct str client_id, struct str secret_id, int64_t now_s,
			     int64_t until_s, const struct audit_note *note);
	int (*secret_find)(struct store *store, const unsigned char sha256[32], struct arena *arena,
			   struct client_secret *ret_secret);
	int (*secret_regenerate)(struct store *store, const struct client_secret *secret, int64_t now_s,
				 int64_t until_s, const struct audit_note *note);
	int (*usage_flush)(struct store *store, const struct usage_row *rows, size_t n);
	int (*use_history)(struct store *store, struct str client_id, int64_t from_day, struct arena *arena,
			   struct use_day **ret_days, size_t *ret_n);
	int (*secret_hosts)(struct store *store, struct str client_id, struct arena *arena,
			    struct secret_host **ret_hosts, size_t *ret_n);
	int (*api_put)(struct store *store, const struct api *api, const struct audit_note *note);
	int (*api_get)(struct store *store, struct str key, bool by_audience, struct arena *arena, struct api *ret_api);
	int (*api_list)(struct store *store, struct arena *arena, struct api **ret_apis, size_t *ret_n);
	int (*api_update)(struct store *store, const struct api *api, bool set_servers, const struct audit_note *note);
	int (*api_delete)(struct store *store, struct str id, const struct audit_note *note);
	int (*revocation_put_jti)(struct store *store, const struct revocation *token, const struct audit_note *note);
	int (*revocation_list)(struct store *store, int64_t after_seq, unsigned limit, struct arena *arena,
			       struct revocation_page *ret_page);
	int (*revocation_sweep)(struct store *store, int64_t now_s);
	int (*session_put)(struct store *store, const struct session *session, const unsigned char *replaces,
			   const struct audit_note *note);
	int (*session_get)(struct store *store, const unsigned char sha256[32], int64_t now_s, struct arena *arena,
			   struct session *ret_session, struct account *ret_account);
	int (*session_touch)(struct store *store, const unsigned char sha256[32], int64_t now_s, int64_t expires_s,
			     struct str addr);
	int (*session_list)(struct store *store, struct str account_id, int64_t now_s, struct arena *arena,
			    struct session **ret_sessions, size_t *ret_n);
	int (*session_end)(struct store *store, struct str account_id, struct str id, const unsigned char *except,
			   const struct audit_note *note);
	int (*login_get)(struct store *store, struct str account_id, struct arena *arena, struct login *ret_login);
	int (*login_set_password)(struct store *store, struct str account_id, const struct new_password *password,
				  const struct audit_note *note);
	int (*login_reset_factors)(struct store *store, struct str account_id, const struct audit_note *note);
	int (*login_set_totp)(struct store *store, struct str account_id, const struct login_totp *totp,
			      const struct audit_note *note);
	int (*login_use_totp)(struct store *store, struct str account_id, int64_t step);
	int (*login_use_recovery)(struct store *store, struct str account_id, const unsigned char sha256[32],
				  const struct audit_note *note);
	int (*passkey_put)(struct store *store, const struct passkey *passkey, const struct audit_note *note);
	int (*passkey_get)(struct store *store, struct str id, struct arena *arena, struct passkey *ret_passkey);
	int (*passkey_list)(struct store *store, struct str account_id, struct arena *arena,
			    struct passkey **ret_passkeys, size_t *ret_n);
	int (*passkey_rename)(struct store *store, struct str account_id, struct str id, struct str name,
			      const struct audit_note *note);
	int (*passkey_delete)(struct store *store, struct str account_id, struct str id, const struct audit_note *note);
	int (*passkey_use)(struct store *store, struct str id, int64_t counter, int64_t now_s);
	int (*upstream_put)(struct store *store, const struct upstream_link *link, const struct audit_note *note);
	int (*upstream_get)(struct store *store, struct str issuer, struct str subject, struct arena *arena,
			    struct upstream_link *ret_link);
	int (*upstream_list)(struct store *store, struct str account_id, struct arena *arena,
			     struct upstream_link **ret_links, size_t *ret_n);
	int (*upstream_delete)(struct store *store, struct str account_id, struct str issuer,
			       const struct audit_note *note);
	int (*once_put)(struct store *store, const struct once *once, const struct audit_note *note);
	int (*once_peek)(struct store *store, const struct store_once_key *key, struct arena *arena,
			 struct once *ret_once);
	int (*once_take)(struct store *store, const struct store_once_key *key, struct arena *arena,
			 struct once *ret_once, const struct audit_note *note);
	int (*once_list)(struct store *store, const struct store_once_range *range, struct arena *arena,
			 struct once **ret_onces, size_t *ret_n);
	int (*code_put)(struct store *store, const struct code *code, const unsigned char *pushed);
	int (*code_peek)(struct store *store, const unsigned char sha256[32], struct arena *arena,
			 struct code *ret_code, bool *ret_used);
	int (*code_redeem)(struct store *store, const unsigned char sha256[32], const struct issue *issue,
			   const struct audit_note *note);
	int (*refresh_peek)(struct store *store, const unsigned char sha256[32], struct arena *arena,
			    struct refresh *ret_refresh, struct family *ret_family);
	int (*refresh_rotate)(struct store *store, const unsigned char sha256[32], int64_t grace_s,
			      const struct issue *issue, const struct audit_note *note);
	int (*family_end)(struct store *store, struct str id, const struct audit_note *note);
	int (*family_get)(struct store *store, struct str id, struct arena *arena, struct family *ret_family);
	int (*family_list)(struct store *store, struct str account_id, int64_t now_s, struct arena *arena,
			   struct family **ret_families, size_t *ret_n);
	int (*device_put)(struct store *store, const struct device *device);
	int (*device_peek)(struct store *store, const unsigned char *sha256, struct str user_code, struct arena *arena,
			   struct device *ret_device);
	int (*device_poll)(struct store *store, const unsigned char sha256[32], int64_t now_s);
	int (*device_decide)(struct store *store, struct str user_code, const struct device *decision, int64_t now_s,
			     const struct audit_note *note);
	int (*device_redeem)(struct store *store, const unsigned char sha256[32], const struct issue *issue,
			     const struct audit_note *note);
	int (*consent_get)(struct store *store, struct str account_id, struct str client_id, struct arena *arena,
			   struct consent *ret_consent);
	int (*consent_put)(struct store *store, const struct consent *consent, const struct audit_note *note);
	int (*consent_list)(struct store *store, struct str account_id, struct arena *arena,
			    struct consent **ret_consents, size_t *ret_n);
	int (*consent_delete)(struct store *store, struct str account_id, struct str client_id,
			      const struct audit_note *note);
	int (*sweep)(struct store *store, int64_t now_s, unsigned limit, bool *ret_more);
	int (*key_put)(struct store *store, const struct signing_key *key, const struct audit_note *note);
	int (*key_list)(struct store *store, bool with_gone, struct arena *arena, struct signing_key **ret_keys,
			size_t *ret_n);
	int (*key_advance)(struct store *store, const struct key_move *moves, size_t n, int64_t now_s,
			   const struct audit_note *note);
	int (*audit_append)(struct store *store, const struct audit_note *note);
	int (*audit_list)(struct store *store, int64_t after_seq, unsigned limit, struct arena *arena,
			  struct audit_entry **ret_entries, size_t *ret_n);
	int (*audit_about)(struct store *store, const struct store_audit_about *about, struct arena *arena,
			   struct audit_entry **ret_entries, size_t *ret_n);
	int (*audit_verify)(struct store *store, int64_t *ret_seq);
	int (*count)(struct store *store, struct store_counts *ret_counts);
	int (*probe)(struct store *store);
};

/* The first member of every backend's own struct. */
struct store {
	const struct store_ops *ops;
	_Atomic uint64_t reads, read_us, writes, commits, commit_us, failures;
};

/* store_prepare */
void sqlite_prepare(void);
must_check int sqlite_open(const struct store_options *options, struct store **ret_store);
must_check int memory_open(const struct store_options *options, struct store **ret_store);

#endif
