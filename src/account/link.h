/*
 * Links that are good for one use: invitation, first administrator, verification of an address, password reset. Who
 * holds the text may use it; the store has its SHA-256 alone. Opening a link only looks (mail scanners do that);
 * the form behind it uses it up. Blocks. Thread-safe.
 */
#ifndef ACCOUNT_LINK_H
#define ACCOUNT_LINK_H

#include "base/buf.h"
#include "oauth/id.h"
#include "store/store.h"

enum link_kind { LINK_INVITE, LINK_ADMIN, LINK_VERIFY, LINK_RESET, LINK_KINDS };

struct link_terms {
	enum link_kind kind;
	struct str account_id; /* empty: of nobody yet */
	struct str data;       /* LINK_INVITE, LINK_ADMIN: see link_invited; LINK_VERIFY: address */
	int64_t now_s, lifetime_s;
};

/* A new link's text, NUL behind it; the caller wipes it. E_RANDOM, E_CRYPTO, E_ABSENT: no such account. E_STORE ... */
must_check int link_new(struct store *store, const struct link_terms *terms, const struct audit_note *note,
			char ret_text[ID_SECRET_LEN + 1]);
/* A link as somebody presents it, now. */
struct link_key {
	enum link_kind kind;
	struct str text;
	int64_t now_s;
};
/* What it stands for; it stays good. E_ABSENT: malformed, unknown, used, expired, of another kind. E_STORE ... */
must_check int link_peek(struct store *store, const struct link_key *key, struct arena *arena, struct once *ret_once);
/*
 * For the verb that does what the link is for and uses it up in the same transaction (store.h), so that neither happens
 * without the other. ret_sha256: what ret_key points to. E_ABSENT: malformed. E_CRYPTO.
 */
must_check int link_once(const struct link_key *key, unsigned char ret_sha256[32], struct store_once_key *ret_key);
/* The whole URL, appended. issuer: with or without its last slash. */
void link_url(struct str issuer, enum link_kind kind, struct str text, struct buf *out);
/*
 * The parts of an invitation's data: an address (or "-" for none), then roles, blanks between. roles: at most
 * MODEL_ROLES_MAX, in the arena. E_SYNTAX, E_NOMEM.
 */
must_check int link_invited(struct str data, struct arena *arena, struct str *ret_email, struct str_list *ret_roles);

#endif
