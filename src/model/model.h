/*
 * The things the store keeps, as plain structs without behaviour. Strings and arrays are borrowed from the arena the
 * struct was read into (or from the caller on the way in). Times are seconds since 1970 (_s); 0 means "never" or "not
 * set".
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

enum client_kind { CLIENT_SERVICE, CLIENT_ACCOUNT };

/* How a client may authenticate at the token endpoint (RFC 7591 2). ANY: Basic or body, for clients made by us. */
enum client_auth {
	CLIENT_AUTH_ANY,
	CLIENT_AUTH_BASIC,
	CLIENT_AUTH_POST,
	CLIENT_AUTH_NONE,
	CLIENT_AUTH_PRIVATE_KEY_JWT,
};

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

struct client {
	struct str id;              /* "mmc_" + 22 base62; imported ones: [A-Za-z0-9._~-]{3,64}, no mmc_/mma_ prefix */
	enum client_kind kind;
	struct str account_id;      /* CLIENT_ACCOUNT only */
	struct str name;
	enum client_auth auth;
	bool disabled;
	int64_t expires_s;
	int64_t lifetime_s;         /* of its access tokens; 0: the API's */
	struct str default_api;     /* api id; the audience when neither resource nor scope says one */
	int64_t epoch;
	int64_t created_s;
	struct scope_grant *grants; /* what it may ask for */
	size_t n_grants;
	struct client_secret *secrets; /* all, revoked and expired ones too, oldest first */
	size_t n_secrets;
	struct str_list serves;     /* audiences of the APIs whose resource server it is (RFC 7662 2.1) */
};

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

/* One line of gathered last-use figures. */
struct usage_row {
	struct str secret_id;
	int64_t last_used_s;
	struct str addr;
	int64_t count; /* uses since the last flush */
};

#endif
