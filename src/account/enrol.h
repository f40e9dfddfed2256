/* New accounts, with their first password. Server process, pool threads. */
#ifndef ACCOUNT_ENROL_H
#define ACCOUNT_ENROL_H

#include "base/secret.h"
#include "oauth/call.h"

struct enrol_terms {
	struct str email;      /* as address_parse gave it */
	bool email_verified;
	struct str name;       /* as enrol_name gave it */
	struct str_list roles;
	struct str phc;        /* of the password; empty: none yet */
	const char *how;       /* for the audit trail: "invitation", "sign-up" ... */
};

/*
 * A name for people as somebody typed it, blanks around it cut. E_SYNTAX: empty, too long, or with characters that
 * can't be shown.
 */
must_check int enrol_name(struct str text, struct str *ret_name);
/* E_EXISTS: the address is taken. E_RANDOM, E_STORE, E_NOMEM. In the call's arena. */
must_check int enrol_account(struct call *call, const struct enrol_terms *terms, struct account *ret_account);

#endif
