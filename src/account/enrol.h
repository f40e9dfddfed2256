/* New accounts, with their first password. Server process, pool threads. */
#ifndef ACCOUNT_ENROL_H
#define ACCOUNT_ENROL_H

#include "base/secret.h"
#include "oauth/call.h"
#include "store/store.h"

struct enrol_terms {
	struct str email;      /* as address_parse gave it */
	bool email_verified;
	struct str name;       /* as enrol_name gave it */
	struct str_list roles;
	struct str phc;        /* of the password; empty: none yet */
	const char *how;       /* for the audit trail: "invitation", "sign-up" ... */
	const struct upstream_link *link;   /* an account elsewhere that is connected with it; NULL: none */
	const struct store_once_key *taken; /* the invitation, which is used up with it; NULL: none */
};

/*
 * A name for people as somebody typed it, blanks around it cut. E_SYNTAX: empty, too long, or with characters that
 * can't be shown.
 */
must_check int enrol_name(struct str text, struct str *ret_name);
/*
 * The whole of it in one transaction. E_EXISTS: the address (or the account elsewhere) is taken; the invitation stays
 * good. E_REUSED: the invitation is not good any more. E_RANDOM, E_STORE, E_NOMEM. In the call's arena.
 */
must_check int enrol_account(struct call *call, const struct enrol_terms *terms, struct account *ret_account);

#endif
