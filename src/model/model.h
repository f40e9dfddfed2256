/*
 * The things the store keeps, as plain structs, with the few questions about them that several folders ask. Strings and
 * arrays are borrowed from the arena the struct was read into (or from the caller on the way in). Times are seconds
 * since 1970 (_s); 0 means "never" or "not set".
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "base/str.h"

enum { MODEL_ID_MAX = 64, MODEL_NAME_MAX = 200, MODEL_AUDIENCE_MAX = 512, MODEL_SCOPE_MAX = 128, MODEL_SCOPES_MAX = 256,
       MODEL_SECRETS_MAX = 32, MODEL_ROLES_MAX = 32, MODEL_LABEL_MAX = 100,
       MODEL_SECRETS_DEAD_MAX = 32, /* revoked and expired ones that are kept for the list; the oldest go first */
       MODEL_EMAIL_MAX = 254, MODEL_ALG_MAX = 32, MODEL_PHC_MAX = 255, MODEL_HINT_MAX = 8, MODEL_ADDR_MAX = 64,
       MODEL_SERVERS_MAX = 32, /* resource servers of one API */
       MODEL_REVOKED_MAX = 1000, /* living revoked tokens of one client */
       MODEL_SEALED_MAX = 16384, MODEL_JWK_MAX = 8192,
       MODEL_URIS_MAX = 32, MODEL_URI_MAX = 2048, /* redirect URIs of one client */
       MODEL_NETWORKS_MAX = 16, /* from where a client may be used */
       MODEL_PASSKEYS_MAX = 20, MODEL_PASSKEY_ID_MAX = 256, MODEL_PASSKEY_KEY_MAX = 1024, /* of one account; bytes */
       MODEL_RECOVERY_MAX = 16, MODEL_AGENT_MAX = 200, MODEL_NONCE_MAX = 512, MODEL_ONCE_MAX = 16384,
       MODEL_SCOPE_TEXT_MAX = 4096, MODEL_USER_CODE_MAX = 64, MODEL_HOSTS_MAX = 16, /* remembered per secret */
       MODEL_ACTOR_MAX = 128, MODEL_ACTION_MAX = 64, MODEL_TARGET_MAX = 512, MODEL_DETAIL_MAX = 1024 };

struct account {
	struct str id;           /* "mma_" + 22 base62 */
	struct str email;        /* unique, lower-cased domain */
	bool email_verified;
	struct str name;
	struct str_list roles;
	bool disabled;
	int64_t epoch;           /* raised by each change that must end earlier tokens */
	int64_t created_s;
};

/*
 * SERVICE stands for itself. ACCOUNT is a credential that acts for its account. APP is a program that people sign in
 * to: it acts for whoever said so (RFC 6749 4.1, RFC 8628).
 */
enum client_kind { CLIENT_SERVICE, CLIENT_ACCOUNT, CLIENT_APP };

/* How a client may authenticate at the token endpoint (RFC 7591 2). ANY: Basic or body, for clients made by us. */
enum client_auth {
	CLIENT_AUTH_ANY,
	CLIENT_AUTH_BASIC,
	CLIENT_AUTH_POST,
	CLIENT_AUTH_NONE,
	CLIENT_AUTH_PRIVATE_KEY_JWT,
};

/*
 * What an administrator decided about a credential, so that its owner can't undo it; bits. SCOPES: took some away.
 * NETWORKS: set where it may be used from.
 */
enum client_held { CLIENT_HELD_DISABLED = 1, CLIENT_HELD_SCOPES = 2, CLIENT_HELD_NETWORKS = 4, CLIENT_HELD_ALL = 7 };

struct scope_grant {
	struct str api_id; /* empty: an identity scope (openid, profile, email, roles, offline_access) */
	struct str scope;
};

enum secret_form { SECRET_GENERATED, SECRET_CHOSEN };

struct client_secret {
	struct str id;            /* "mmk_" + 22 base62 */
	struct str client_id;
	enum secret_form form;
	unsigned char sha256[32]; /* SECRET_GENERATED: of the whole secret */
	struct str phc;           /* SECRET_CHOSEN: Argon2id PHC string */
	struct str hint;          /* the last four characters; empty for chosen ones */
	struct str label;
	int64_t created_s, expires_s, revoked_s;
	int64_t last_used_s;
	struct str last_used_addr; /* numeric address */
	int64_t use_count;
};

/* Neither revoked nor expired: it authenticates. */
static inline bool model_secret_is_live(const struct client_secret *secret, int64_t now_s)
{
	return secret->revoked_s == 0 && (secret->expires_s == 0 || now_s < secret->expires_s);
}

/* What a CLIENT_APP may do at the token endpoint; bits. */
enum client_grant_type {
	CLIENT_GRANT_CODE = 1, CLIENT_GRANT_REFRESH = 2, CLIENT_GRANT_DEVICE = 4, CLIENT_GRANT_SELF = 8,
};

/* What only a CLIENT_APP has: RFC 7591 2, OpenID Connect Registration 2. */
struct client_app {
	unsigned grant_types;        /* enum client_grant_type; SELF: client_credentials */
	bool native;                 /* application_type: its loopback redirects may have any port (RFC 8252 7.3) */
	bool trusted;                /* ours: nobody is asked for consent */
	bool par_required;           /* RFC 9126 6 */
	struct str id_token_alg;     /* empty: RS256 */
	struct str_list redirect_uris, logout_uris; /* compared byte for byte */
	struct str uri, logo_uri, policy_uri, tos_uri; /* shown, never fetched */
	bool registered;             /* made by RFC 7591, so the next is set */
	unsigned char registration_sha256[32]; /* of its registration access token (RFC 7592) */
	bool vouched;                /* registered with an initial access token (RFC 7591 1.2) */
	int64_t unused_since_s;      /* registered then, and nobody ever let it in; 0: used, or not registered */
};

struct client {
	struct str id;              /* "mmc_" + 22 base62; imported ones: [A-Za-z0-9._~-]{3,64}, no mmc_/mma_ prefix */
	enum client_kind kind;
	struct str account_id;      /* CLIENT_ACCOUNT only */
	struct str name;
	enum client_auth auth;
	bool disabled;
	unsigned held;              /* enum client_held */
	int64_t expires_s;
	int64_t lifetime_s;         /* of its access tokens; 0: the API's */
	struct str default_api;     /* api id; the audience when neither resource nor scope says one */
	int64_t epoch;
	int64_t created_s;
	struct scope_grant *grants; /* what it may ask for */
	size_t n_grants;
	struct client_secret *secrets; /* all, revoked and expired ones too, oldest first */
	size_t n_secrets;
	struct str_list networks;   /* CIDRs it may be used from; none: from everywhere */
	struct client_app app;      /* CLIENT_APP only */
	struct str_list serves;     /* audiences of the APIs whose resource server it is (RFC 7662 2.1) */
};

static inline bool model_client_has_grant(const struct client *client, const struct scope_grant *grant)
{
	for (size_t i = 0; i < client->n_grants; i++)
		if (str_eq(client->grants[i].api_id, grant->api_id) && str_eq(client->grants[i].scope, grant->scope))
			return true;
	return false;
}

struct api_scope {
	struct str name;
	struct str description;
};

struct api {
	struct str id;         /* "mmr_" + 22 base62 */
	struct str audience;   /* absolute URI without fragment; unique; immutable */
	struct str name;
	struct str alg;        /* signature algorithm name of its tokens */
	int64_t lifetime_s;
	int64_t created_s;
	struct api_scope *scopes;
	size_t n_scopes;
	struct str_list servers; /* ids of the clients that are its resource servers, sorted */
};

static inline bool model_api_has_scope(const struct api *api, struct str name)
{
	for (size_t i = 0; i < api->n_scopes; i++)
		if (str_eq(api->scopes[i].name, name))
			return true;
	return false;
}

enum key_state { KEY_NEXT, KEY_ACTIVE, KEY_RETIRING, KEY_GONE };

struct signing_key {
	struct str kid;        /* RFC 7638 thumbprint */
	struct str alg;
	enum key_state state;
	struct str sealed;     /* private key as keyd sealed it; empty once gone */
	struct str public_jwk; /* JSON object with public members, kid, alg, use */
	int64_t created_s, active_s, retiring_s, gone_s; /* when it entered the state */
};

/* A step of a key's life; `to` comes after `from`. */
struct key_move {
	struct str kid;
	enum key_state from, to;
};

struct audit_entry {
	int64_t seq;           /* 1, 2, 3 ... without gaps */
	int64_t time_s;
	struct str actor;      /* "cli:uid=1000", "system", "client:mmc_..." */
	struct str action;     /* "client.create", "secret.regenerate", "throttle" ... */
	struct str target;     /* id of what changed */
	struct str detail;     /* short text, never a secret */
	unsigned char prev[32], hash[32]; /* hash = SHA-256 over prev and all fields above, each length-prefixed */
};

enum revocation_kind { REVOCATION_CLIENT, REVOCATION_ACCOUNT, REVOCATION_JTI };

/* Something ended before its time: all tokens of a client or an account below an epoch, or one token. */
struct revocation {
	struct str id;        /* of the client or account, or the jti; one row per kind and id */
	int64_t seq;          /* of the newest word about it; rises, may have gaps */
	enum revocation_kind kind;
	int64_t epoch;        /* the lowest that is still good; 0 for a jti */
	int64_t not_before_s; /* when this was said; for people, nothing is decided by it */
	int64_t until_s;      /* from then on no token that it concerns can be alive */
	struct str owner;     /* of a jti: the client that the token was issued to; else empty */
};

/* Where the feed stands. */
struct revocation_feed {
	struct str id;        /* 32 hex digits, made with the store */
	int64_t seq;          /* the newest ever given; 0: none yet */
};

/* --- people: how they prove who they are, and what they allowed --- */

/* How somebody proved it; bits. For `amr` (RFC 8176) and for what a session may do. */
enum auth_method {
	AUTH_PASSWORD = 1, AUTH_TOTP = 2, AUTH_PASSKEY = 4, AUTH_UPSTREAM = 8, AUTH_RECOVERY = 16, AUTH_LINK = 32,
	AUTH_UNDATED = 64, /* with UPSTREAM: nobody says when; auth_s is when we heard of it, and it is never fresh */
};

/* A browser that is signed in. */
struct session {
	struct str id;           /* "mmx_" + 22 base62, for lists; the cookie holds another secret */
	unsigned char sha256[32]; /* of the cookie's value */
	struct str account_id;
	int64_t account_epoch;   /* as it was; a session of an older epoch is over */
	unsigned methods;        /* enum auth_method */
	int64_t auth_s;          /* when that was: auth_time */
	int64_t created_s, expires_s, seen_s;
	struct str addr, agent;  /* where from, last; User-Agent cut to its maximum */
};

/* What an account signs in with, beside passkeys. */
struct login {
	struct str phc;            /* Argon2id; empty: no password */
	int64_t password_s;        /* when it was set */
	struct str totp;           /* RFC 6238 key, sealed by keyd; empty: none */
	bool totp_on;              /* confirmed by a first code */
	int64_t totp_step;         /* the newest that was used; 0: none */
	size_t n_recovery;         /* recovery codes that are left */
};

/* A WebAuthn credential. */
struct passkey {
	struct str id;           /* credential id, bytes */
	struct str account_id;
	struct str name;
	struct str key;          /* public key, COSE, bytes */
	int64_t counter;
	int64_t created_s, last_used_s;
};

/* An account at somebody else's OpenID provider. */
struct upstream_link {
	struct str issuer, subject, account_id, email;
	int64_t created_s;
};

/* An authorization code: RFC 6749 4.1.2. */
struct code {
	unsigned char sha256[32];
	struct str client_id, account_id, session_id;
	struct str redirect_uri; /* as it was in the request */
	struct str scope;        /* granted, space-separated */
	struct str api_id;       /* what its access tokens are for; empty: ourselves */
	struct str nonce;
	struct str challenge;    /* RFC 7636, S256; empty: none */
	unsigned methods;        /* enum auth_method */
	int64_t auth_s, created_s, expires_s;
};

/* All tokens that come from one authorization: they end together. */
struct family {
	struct str id;           /* "mmg_" + 22 base62 */
	struct str client_id, account_id, session_id;
	int64_t epoch, account_epoch; /* as they were; an older one is over */
	struct str scope, api_id; /* at most */
	struct str nonce;
	unsigned methods;
	int64_t auth_s, created_s, expires_s; /* however often it is refreshed */
	int64_t ended_s;         /* 0: lives */
	int64_t used_s;          /* when it last gave a token */
};

/* A refresh token: RFC 6749 6. */
struct refresh {
	unsigned char sha256[32];
	struct str family_id;
	int64_t created_s, expires_s;
	int64_t used_s;          /* when it was rotated; 0: not yet */
};

/* An access token that a family gave; named in the feed when the family ends. */
struct family_token {
	struct str jti;
	int64_t until_s;         /* from then on it can't be alive */
};

/* A device (RFC 8628), or a program that waits for a browser beside it (the bridge). */
enum device_kind { DEVICE_CODE, DEVICE_BRIDGE };
enum device_state { DEVICE_PENDING, DEVICE_APPROVED, DEVICE_DENIED, DEVICE_REDEEMED };
struct device {
	unsigned char sha256[32]; /* of the device code, or read key */
	enum device_kind kind;
	struct str user_code;    /* as it is compared: normalised code; of the bridge: hash of the write key, hex */
	struct str client_id, scope, api_id;
	struct str addr, agent;  /* who asks */
	struct str note;         /* what the program said about itself */
	int64_t interval_s, polled_s;
	int64_t created_s, expires_s;
	enum device_state state;
	struct str account_id, session_id; /* who decided */
	unsigned methods;
	int64_t auth_s;
};

/* Something that is good for one use: link in a mail, pushed request, challenge, state of a sign-in elsewhere. */
enum once_kind {
	ONCE_INVITE, ONCE_VERIFY, ONCE_RESET, ONCE_ADMIN, ONCE_PAR, ONCE_PASSKEY, ONCE_UPSTREAM, ONCE_FACTOR,
	ONCE_REGISTER, ONCE_TOTP, ONCE_OTHER, ONCE_KINDS
};
struct once {
	unsigned char sha256[32];
	enum once_kind kind;
	struct str account_id;   /* empty: of nobody yet */
	struct str data;         /* the owner's own form; text */
	int64_t created_s, expires_s;
};

/* What an account allowed an app. */
struct consent {
	struct str account_id, client_id;
	struct str scope;        /* sorted, space-separated */
	int64_t created_s, changed_s;
};

/* Uses of a client's secrets on one day (UTC); days without are left out. */
struct use_day {
	int64_t day;             /* since 1970 */
	int64_t count;
};

/* Where a secret was used from, and when last. */
struct secret_host {
	struct str secret_id, addr;
	int64_t last_s;
};

/* One line of gathered last-use figures. */
struct usage_row {
	struct str secret_id;
	int64_t last_used_s;
	struct str addr;
	int64_t count; /* uses since the last flush */
};

#endif
