/*
 * Authorization requests: RFC 6749 4.1.1, OpenID Connect Core 3.1.2.1, RFC 7636 4.3, RFC 8707, RFC 9126, RFC 9207. The
 * rules; pages and HTTP are in src/web and src/server. Pool threads.
 *
 * Order matters: until authorize_client has passed, nobody is sent anywhere, and what is wrong is told on a page. From
 * then on everything that is wrong is told to the client, by way of the browser.
 */
#ifndef OAUTH_AUTHORIZE_H
#define OAUTH_AUTHORIZE_H

#include "oauth/call.h"

/* Parameters that mean something; all others, `claims` and `ui_locales` too, are ignored. */
enum authorize_param {
	AUTHORIZE_RESPONSE_TYPE,
	AUTHORIZE_CLIENT_ID,
	AUTHORIZE_REDIRECT_URI,
	AUTHORIZE_SCOPE,
	AUTHORIZE_STATE,
	AUTHORIZE_RESPONSE_MODE,
	AUTHORIZE_NONCE,
	AUTHORIZE_PROMPT,
	AUTHORIZE_MAX_AGE,
	AUTHORIZE_LOGIN_HINT,
	AUTHORIZE_ID_TOKEN_HINT,
	AUTHORIZE_CHALLENGE,
	AUTHORIZE_CHALLENGE_METHOD,
	AUTHORIZE_RESOURCE,
	AUTHORIZE_DETAILS,
	AUTHORIZE_REQUEST,
	AUTHORIZE_REQUEST_URI,
	AUTHORIZE_PROMPTED,   /* our own: when the browser was sent to sign in; authorize_prompted */
	AUTHORIZE_PARAMS
};
extern const char *const authorize_names[AUTHORIZE_PARAMS];

/* OpenID Connect Core 3.1.2.1; bits. */
enum authorize_prompt { PROMPT_NONE = 1, PROMPT_LOGIN = 2, PROMPT_CONSENT = 4, PROMPT_SELECT = 8 };

enum { AUTHORIZE_STATE_MAX = 2048, AUTHORIZE_QUERY_MAX = 6144 };

struct authorize {
	struct form_value params[AUTHORIZE_PARAMS]; /* repeated ones are chained */
	struct str query;          /* what the browser came with, in our own spelling, without `prompted` */
	bool is_pushed;            /* params are those of a pushed request */
	unsigned char pushed[32];  /* its hash */
	/* authorize_client */
	struct str redirect_uri;   /* one that the client registered */
	bool form_post;            /* response_mode; else by the query */
	/* authorize_request; and call->api, call->scope, call->audience */
	unsigned prompt;           /* enum authorize_prompt */
	int64_t max_age_s;         /* -1: none */
	struct str_list scopes;
};

/* "urn:ietf:params:oauth:request_uri:mmp_…" (RFC 9126 2.2). */
#define AUTHORIZE_URN "urn:ietf:params:oauth:request_uri:"

/*
 * Form-encoded text of the parameters that are set, appended: what authorize_names reads back. Without `prompted`,
 * which is ours and new at each step.
 */
void authorize_emit(const struct authorize *request, struct buf *out);
/*
 * Who asks, and where would the answer go: sets call->client (unless it is set) and the answer's place.
 * E_INVALID_REQUEST: no such app (any more), or a redirect_uri that it has not registered: nobody may be redirected.
 * E_STORE, E_NOMEM.
 */
must_check int authorize_client(struct call *call, struct authorize *request);
/*
 * Everything else that can be said without knowing the person. Errors of RFC 6749 4.1.2.1, OpenID Connect Core 3.1.2.6,
 * RFC 8707 2, RFC 9396 5; E_NOMEM.
 */
must_check int authorize_request(struct call *call, struct authorize *request);

/*
 * The value of `prompted` for a browser that is sent to the sign-in page now: whoever signs in after this moment did it
 * for this very request. Nobody else can make one, so prompt=login and max_age can't be struck out in the address bar.
 * In the call's arena; E_NOMEM.
 */
must_check int authorize_prompted(struct call *call, const struct authorize *request, struct str *ret_value);

/* What stands between the request and its code. */
enum authorize_need { AUTHORIZE_READY, AUTHORIZE_SIGN_IN, AUTHORIZE_CONSENT };
/*
 * session and account: who is signed in; NULL: nobody. agreed: the person has just said yes to this very request.
 * E_LOGIN_REQUIRED, E_CONSENT_REQUIRED: somebody would have to be asked, and prompt=none forbids it (or: who is signed
 * in is not whom id_token_hint names). E_STORE, E_NOMEM.
 */
must_check int authorize_decide(struct call *call, const struct authorize *request, const struct session *session,
				bool agreed, enum authorize_need *ret_need);
/* Whether a yes is kept for the next time. RFC 8252 8.6: not of an app that anybody can pass for. */
bool authorize_remembers(const struct call *call, const struct authorize *request);
/* A consent's scopes for people: without the ids of the APIs that they belong to. E_NOMEM. */
must_check int authorize_consent_words(struct str scope, struct arena *arena, struct str *ret_text);
/* Keeps the yes. E_STORE, E_NOMEM. */
must_check int authorize_remember(struct call *call, const struct authorize *request, struct str account_id);

/*
 * The code, kept in the store; uses up a pushed request. *ret_code: text in the call's arena. E_INVALID_REQUEST_URI: it
 * was used up meanwhile. E_ACCESS_DENIED: client or account ended meanwhile. E_RANDOM, E_STORE, E_NOMEM.
 */
must_check int authorize_code(struct call *call, const struct authorize *request, const struct session *session,
			      struct str *ret_code);

/* One member of an authorization response. */
struct authorize_field {
	const char *name;
	struct str value;
};
enum { AUTHORIZE_FIELDS = 4 };
/* code: the code, or (error < 0) what went wrong: the members of the answer, state and iss (RFC 9207 2) among them. */
size_t authorize_answer(const struct call *call, const struct authorize *request, struct str code, int error,
			struct authorize_field fields[AUTHORIZE_FIELDS]);
/* The same as a URI to go to. E_NOMEM. */
must_check int authorize_location(struct call *call, const struct authorize *request, struct str code, int error,
				  struct str *ret_uri);

#endif
