/*
 * "Sign in with …": this server as a relying party of somebody else's OpenID provider. Authorization code with PKCE,
 * state, nonce and iss; id token checked as OpenID Connect Core 3.1.3.7 says. RFC 6749 4.1, RFC 7636, RFC 9207, RFC
 * 9700 2.1 and 4.4 (a redirect URI of its own for each provider).
 *
 * State, nonce and code_verifier follow from one random text and the browser's form cookie: the store knows a hash, the
 * provider the state, and nobody without the cookie can go on. All requests leave by http/http_out.h: the provider's
 * addresses are public ones unless the operator said otherwise, then those at the issuer's own origin alone may be
 * private. Blocks; pool threads of LANE_HASH, so that a slow provider holds up no other page. Must never log a code, a
 * token, or a secret.
 */
#ifndef ACCOUNT_UPSTREAM_H
#define ACCOUNT_UPSTREAM_H

#include "base/secret.h"
#include "oauth/call.h"
#include "store/store.h"

enum { UPSTREAM_WAIT_S = 600, UPSTREAM_URL_MAX = 8192, UPSTREAM_MAX = 3, UPSTREAM_SECRET_MAX = 512 };

/* What the operator says about a provider; borrowed for its life. */
struct upstream_options {
	unsigned slot;            /* 1 .. UPSTREAM_MAX: part of the redirect URI */
	struct str label;         /* what people read */
	struct str issuer, client_id;
	struct secret secret;     /* empty: a public client */
	struct str_list scopes;
	struct str_list domains;  /* e-mail domains that it speaks for */
	bool create;              /* whom it knows with a verified address gets an account */
	bool asks_anew;           /* when told to, though it never says so: no auth_time */
	bool private_addresses;
	const char *ca_file;      /* NULL: the system's */
};

struct upstream;
/* Fetches nothing yet. E_NOMEM, E_RANDOM. */
must_check int upstream_new(const struct upstream_options *options, struct upstream **ret_upstream);
void upstream_free(struct upstream *upstream);
const struct upstream_options *upstream_options(const struct upstream *upstream);

/* Somebody goes there. */
struct upstream_errand {
	struct str account_id;   /* whom to link it to; empty: to sign in */
	struct str browser;      /* his form cookie */
	struct str continue_to;  /* as web_continue gave it */
	bool again;              /* he is to show there once more who he is (prompt=login) */
	int64_t begun_s;         /* set when he comes back */
};
/*
 * Where to send the browser, in the call's arena. E_UNAVAILABLE: the provider does not answer as it should, now or a
 * moment ago. E_THROTTLED: begun too often from there. E_RANDOM, E_CRYPTO, E_STORE, E_NOMEM.
 */
must_check int upstream_begin(struct call *call, struct upstream *upstream, const struct upstream_errand *errand,
			      struct str *ret_url);

/* What came back with the browser; len 0: absent. */
struct upstream_reply {
	struct str state, code, iss, error;
};
/* Who it is, by the provider's word. In the call's arena. */
struct upstream_person {
	struct str subject;
	struct str email;        /* as address_parse gives it; empty: none */
	bool email_verified;
	struct str name;         /* may be empty */
	int64_t auth_s;          /* when he showed there who he is, at the latest; 0: it doesn't say */
};
/*
 * errand's browser is an input, the rest comes out. E_ABSENT: an unknown, used or expired state, or one of another
 * browser or provider. E_ACCESS_DENIED: the provider said no (or the person did there). E_INVALID_GRANT: what it
 * answered does not hold: iss, signature, nonce, at_hash ... E_UNAVAILABLE: it doesn't answer.
 */
must_check int upstream_finish(struct call *call, struct upstream *upstream, const struct upstream_reply *reply,
			       struct upstream_errand *errand, struct upstream_person *ret_person);

/*
 * What the sign-in there says about when it was: AUTH_UNDATED or nothing, of enum auth_method. E_ACCESS_DENIED: the
 * errand wanted it once more, and the provider did not show that it asked (OpenID Connect Core 3.1.2.1: auth_time is
 * required after max_age).
 */
must_check int upstream_dated(struct call *call, const struct upstream *upstream, const struct upstream_errand *errand,
			      const struct upstream_person *person, unsigned *ret_methods);

/*
 * The account of somebody who signs in (no errand.account_id). One that is linked; else, where the provider speaks for
 * the domain of a verified address, the one that has this verified address, or (options.create) a new one.
 * E_ABSENT: none of that. E_ACCESS_DENIED: it is disabled.
 */
must_check int upstream_account(struct call *call, const struct upstream *upstream,
				const struct upstream_person *person, struct account *ret_account);
/* E_EXISTS: linked to somebody already, or the account has one at this issuer. */
must_check int upstream_link(struct call *call, const struct upstream *upstream, const struct upstream_person *person,
			     struct str account_id);

#endif
