/*
 * struct call: one request on its way down a table of steps. A step is `int step(struct call *)`: it reads and decides,
 * or builds, or commits; rules know no sockets, no SQL and no status numbers.
 *
 * A step returns 0 (next step), a negative code (the call is over, reply.c words it), or CALL_SIGN: go on with the next
 * step once call->job is signed; or CALL_WAIT: run this same step again, on the loop, once something happened that it
 * waits for. E_WOULD_BLOCK means: run this same step again on a thread that may block; so
 * everything before it in the step must be without effect. One thread owns a call at any time.
 */
#ifndef OAUTH_CALL_H
#define OAUTH_CALL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/form_value.h"
#include "base/pool.h"
#include "base/secret.h"
#include "crypto/sig.h"
#include "keys/signer.h"
#include "oauth/auth_reason.h"
#include "oauth/directory.h"

enum { CALL_SIGN = 1, CALL_WAIT = 2, CALL_ARENA_MAX = 1048576, CALL_REASON_MAX = 160, CALL_WHY_MAX = 256 };

struct call;
struct clock;
struct grant;
struct http_request;
struct mailer;
struct jwks;
struct person;
struct recent;
struct revoked;
struct throttle;
struct upstream;
struct web;

typedef int call_step(struct call *call);

/* The parameters of the endpoints that take forms; the index into call->params. */
enum call_param {
	PARAM_GRANT_TYPE,
	PARAM_SCOPE,
	PARAM_RESOURCE,
	PARAM_CLIENT_ID,
	PARAM_CLIENT_SECRET,
	PARAM_CLIENT_ASSERTION,
	PARAM_CLIENT_ASSERTION_TYPE,
	PARAM_TOKEN,
	PARAM_TOKEN_TYPE_HINT,
	PARAM_AUTHORIZATION_DETAILS,
	PARAM_CODE,
	PARAM_REDIRECT_URI,
	PARAM_CODE_VERIFIER,
	PARAM_REFRESH_TOKEN,
	PARAM_DEVICE_CODE,
	CALL_PARAMS
};

/* Who may make himself an account: only who was invited, anybody with an e-mail address, nobody. */
enum people_signup { SIGNUP_INVITE, SIGNUP_OPEN, SIGNUP_OFF };

/* What the operator decided about people. */
struct people_policy {
	enum people_signup signup;
	uint32_t password_min;      /* characters */
	uint32_t password_score;    /* 0..4 of zxcvbn */
	int64_t session_idle_s, session_max_s;
	int64_t invite_s, link_s;   /* how long links are good: invitations; verification, reset */
};

/* What the operator decided, as far as rules need it. Immutable; swapped as a whole on reload. */
struct oauth_policy {
	struct str issuer;          /* byte for byte as configured */
	bool connect_family;        /* which paths are told to others: /connect/… or /oauth2/… */
	enum sig_alg default_alg;   /* for tokens that are for ourselves */
	int64_t lifetime_s;         /* where neither client nor API says one */
	int64_t lifetime_max_s;     /* no access token lives longer */
	int64_t device_lifetime_s;  /* RFC 8628 3.2 */
	int64_t device_interval_s;
	struct people_policy people;
	int64_t code_s;             /* authorization codes */
	int64_t id_token_s;
	int64_t refresh_s;          /* a refresh token that is not used; never 0 */
	int64_t family_s;           /* all that comes from one authorization, however often it is refreshed */
	int64_t refresh_grace_s;    /* an old refresh token works once more; 0: never */
	int64_t pushed_s;           /* pushed authorization requests (RFC 9126) */
	bool par_required;          /* RFC 9126 5 */
	struct str_list self_service; /* scopes or audiences that people give to their own credentials; "*": all */
};

/* The key that signs now, per algorithm; an empty kid: no active key. Immutable. */
struct signing_kids {
	struct str kid[SIG_ALGS];
};

/* What an OpenAPI document asks for, in an arena. */
enum { CALL_OPERATIONS_SHOWN = 500 };
struct call_operation {
	struct str request; /* "GET /pets" */
	struct str needs;   /* for people to read: "pets:read and pets:list, or pets:all" */
};
struct call_openapi {
	struct api_scope *scopes; /* each once; its description is the first operation that needs it */
	size_t n_scopes;
	struct call_operation *operations; /* the first CALL_OPERATIONS_SHOWN */
	size_t n_operations;      /* all */
};

/* What a call may use of the process. Shared by all threads. */
struct call_env {
	struct store *store;
	struct directory *directory;
	struct throttle *throttle; /* of wrong secrets */
	struct throttle *people;   /* of wrong passwords */
	struct throttle *codes;    /* of wrong codes of authenticator apps, by account alone */
	struct mailer *mailer;     /* NULL: no mails are sent */
	struct revoked *revoked;
	/*
	 * After the store ended tokens by itself (reuse, a family's end): the feed is read anew, then told. NULL:
	 * nobody asks. E_STORE, E_NOMEM.
	 */
	int (*tokens_ended)(void *arg);
	void *tokens_ended_arg;
	struct upstream *const *upstreams; /* UPSTREAM_MAX of account/upstream.h, NULL where there is none */
	struct throttle *strangers; /* of what is kept for somebody who did not prove who he is; NULL: not counted */
	struct throttle *guesses;  /* of codes that people type, and of open registrations */
	/* keyd's SEAL and OPEN, for a step that may block; purpose: of keyd's table. E_SIGNER (keys/signer.h). */
	int (*seal)(struct call *call, struct str purpose, struct secret plain, struct buf *ret_sealed);
	int (*open)(struct call *call, struct str purpose, struct str sealed, struct buf *ret_plain);
	/*
	 * For pages: an operation of admin/admin.h, request as there; the bare result is appended. why: safe to show.
	 * Blocks. The codes of the operation.
	 */
	int (*administer)(struct call *call, struct str actor, struct str request, struct buf *out,
			  char why[CALL_WHY_MAX]);
	/* What an OpenAPI document asks for. E_SYNTAX: why says where. E_LIMIT, E_NOMEM. */
	int (*read_openapi)(struct str text, struct arena *arena, struct call_openapi *ret_read,
			    char why[CALL_WHY_MAX]);
	/*
	 * Last uses of secrets that are only in memory go into the store: before a page says that one is unused.
	 * NULL: there are none. Blocks. E_STORE, E_NOMEM.
	 */
	int (*flush_use)(struct call *call);
	unsigned char prompt_key[16]; /* of authorize_prompted; new at each start */
	struct recent *recent;     /* figures of the last hours, for the overview */
};

/* How a sign-in with a password went; for figures, and for the grid on which answers go out. */
enum call_signin { SIGNIN_NONE, SIGNIN_OK, SIGNIN_FAILED, SIGNIN_THROTTLED, CALL_SIGNINS };

/* Which pool threads a blocking step wants: hashing a chosen secret must not hold up cache misses. */
enum call_lane { LANE_STORE = POOL_LIGHT, LANE_HASH = POOL_HEAVY };

/* What a page's steps answer; server/ makes status line and headers of it. All in the call's arena. */
struct call_answer {
	int status;             /* 0: no page was made */
	struct str location;    /* of a redirect (303) */
	struct str cookies;     /* whole Set-Cookie lines with CRLF */
	struct str media_type;  /* empty: text/html; charset=utf-8 */
	struct str form_action; /* one more source for the policy's form-action; empty: 'self' alone */
	bool script;            /* the page needs our script (passkeys, copy buttons) */
	struct buf *body;       /* the server's; where the page is written */
};

struct call {
	const struct call_env *env;
	const struct oauth_policy *policy;
	const struct signing_kids *kids;
	const struct jwks *keys;    /* that we publish: what our own tokens are checked with */
	struct arena arena;
	int64_t now_us;             /* the one clock reading of this request */
	struct str request_id;
	struct str peer_addr;       /* numeric source address, by trusted proxies' word where configured */
	const struct http_request *request; /* for steps of server/ only */
	bool may_block;
	enum call_lane lane;

	/* what the request says */
	unsigned n_authorization;   /* Authorization header fields */
	struct secret authorization; /* the first one's value */
	struct form_value params[CALL_PARAMS];

	/* what the rules found out */
	struct client_view *client; /* one reference, released by call_reset */
	bool is_public;             /* the client has no secret: who asks is not known */
	bool via_basic;             /* the caller tried the Authorization header */
	struct str presented_id;    /* client id as presented, not verified; for the throttle. Log call_client_id */
	const struct client_secret *secret; /* the one that fitted */
	const struct grant *grant;
	const struct api *api;      /* the resource; NULL: the token is for ourselves */
	struct str audience;
	struct str scope;           /* granted, space-separated */
	int64_t lifetime_s;
	enum sig_alg alg;           /* of the signature */
	struct sign_job job;
	struct buf token;           /* the signed token */
	struct person *person;      /* whom the tokens act for; see oauth/person.h. NULL: nobody */

	/* pages */
	struct web *web;            /* what the page steps share; see web/web.h */
	struct call_answer answer;
	enum call_signin signin;

	/* how it failed; only for the log and for retry_after_s */
	char reason[CALL_REASON_MAX];
	uint32_t retry_after_s;
	bool auth_failed;
	enum auth_reason auth_reason; /* with auth_failed */
	bool throttle_began;        /* this failure was the one that started throttling: worth an audit entry */
};

/* Note why, for the log, and return the code. The text must not carry secrets. */
must_check int call_fail(struct call *call, int code, const char *fmt, ...) printf_like(3, 4);
#define FAIL(call, sym, ...) return call_fail(call, E_##sym, __VA_ARGS__)

/*
 * Before something is kept for somebody who did not prove who he is (a device request, a pushed request, a challenge):
 * counts it by `what` and source address. E_THROTTLED: too often; call->retry_after_s.
 */
must_check int call_count_stranger(struct call *call, struct str what);

/*
 * Who asked, for log and audit: the client's id, or what was presented where it has the form of one of ours; else
 * "unknown", for it may be a secret that was put into the wrong field (CC-49). Empty: nothing was presented.
 */
struct str call_client_id(const struct call *call);

/* Let go of what the steps acquired; wipe token and arena. The call can be used for the next request. */
void call_reset(struct call *call);

/* What a step that asks the store begins with. E_WOULD_BLOCK: it runs again, on a thread that may block. */
must_check static inline int call_to_store_lane(struct call *call)
{
	if (call->may_block)
		return 0;
	call->lane = LANE_STORE;
	return E_WOULD_BLOCK;
}

static inline int64_t call_now_s(const struct call *call) { return call->now_us / 1000000; }
static inline const struct form_value *call_param(const struct call *call, enum call_param param)
{
	return call->params[param].present ? &call->params[param] : NULL;
}

#endif
