/*
 * What every verb checks before a backend sees it: lengths, characters, ranges (model/model.h). Pure functions,
 * thread-safe. E_LIMIT: longer or more than allowed. E_SYNTAX: empty where a value is needed, not UTF-8, a control
 * character, a negative time, an impossible combination.
 */
#ifndef STORE_CHECK_H
#define STORE_CHECK_H

#include "store/store.h"

must_check int check_id(struct str id);
/* For reading: a key that can't exist is simply absent. */
must_check int check_key(struct str key, size_t max);
/* The same for a key of bytes. */
must_check int check_key_bytes(struct str key, size_t max);
must_check int check_limit(unsigned limit);
must_check int check_now(int64_t now_s);
/* A revocation's end; 0 only where none is needed. */
must_check int check_end(int64_t until_s, bool needed);
must_check int check_note(const struct audit_note *note);
must_check int check_id_note(struct str id, const struct audit_note *note);
must_check int check_account(const struct account *account);
must_check int check_roles(struct str_list roles);
must_check int check_client(const struct client *client);
/* client_id empty: not looked at. */
must_check int check_secret(const struct client_secret *secret);
must_check int check_usage(const struct usage_row *row);
must_check int check_api(const struct api *api);
must_check int check_signing_key(const struct signing_key *key);
must_check int check_move(const struct key_move *move);

/* People. */
must_check int check_hash(const unsigned char *sha256); /* not NULL */
must_check int check_addr(struct str addr);             /* may be empty */
must_check int check_session(const struct session *session);
must_check int check_phc(struct str phc); /* may be empty */
must_check int check_totp(const struct login_totp *totp);
must_check int check_passkey(const struct passkey *passkey);
must_check int check_passkey_name(struct str name);
must_check int check_upstream(const struct upstream_link *link);
must_check int check_once(const struct once *once);
must_check int check_once_kind(enum once_kind kind);
must_check int check_code(const struct code *code);
/* first: it begins a family; else it goes on in one. */
must_check int check_issue(const struct issue *issue, bool first);
/* What is redeemed for a new family: a code, or a device. */
must_check int check_redeem(const unsigned char sha256[32], const struct issue *issue, const struct audit_note *note);
must_check int check_device(const struct device *device);
must_check int check_decision(const struct device *decision);
must_check int check_consent(const struct consent *consent);

#endif
