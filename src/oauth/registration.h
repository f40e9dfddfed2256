/*
 * Client metadata of dynamic registration: what a program says about itself, judged and kept, and told back. RFC 7591
 * 2, 3.2.1; RFC 7592 2.2; OpenID Connect Dynamic Client Registration 2. Rules only: no store, no HTTP. Nothing that is
 * named by a URL here is ever fetched. Pure but for the arena; thread-safe.
 */
#ifndef OAUTH_REGISTRATION_H
#define OAUTH_REGISTRATION_H

#include "base/arena.h"
#include "json/json.h"
#include "model/model.h"

/* What the operator allows programs that register themselves. */
struct registration_policy {
	struct str_list scopes;  /* they may have at most; one that names none gets all of them */
	unsigned grant_types;    /* enum client_grant_type */
};

/* What a registration says. Strings live in the document or the arena. */
struct registration {
	struct str name;
	enum client_auth auth;
	struct client_app app;
	struct str_list scopes;  /* all of them within the policy */
	struct str client_id, client_secret; /* of an update (RFC 7592 2.2); empty: not sent */
};

enum { REGISTRATION_WHY_MAX = 160 };

/*
 * document: the JSON object. update: RFC 7592 2.2. E_INVALID_REDIRECT_URI, E_INVALID_STATEMENT, E_UNAPPROVED_STATEMENT,
 * E_INVALID_METADATA (everything else that can't be), E_NOMEM; ret_why says what is wrong then, safe to show and
 * without anything of the document. What is not known is ignored (RFC 7591 2). Fuzzed.
 */
must_check int registration_parse(const struct json *document, const struct registration_policy *policy, bool update,
				  struct arena *arena, struct registration *ret_registration,
				  char ret_why[REGISTRATION_WHY_MAX]);
/* All metadata of a registered client with what was filled in for it, into the object that is open. E_NOMEM. */
must_check int registration_emit(const struct client *client, struct arena *arena, struct json_out *out);

/* The bit of a grant type by its wire name; 0: none that an app can have. */
unsigned registration_grant_type(struct str name);

#endif
