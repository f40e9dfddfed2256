/*
 * Inside of admin/: what a handler of an operation gets, and the handlers. Not for anybody else.
 */
#ifndef ADMIN_ADMIN_OPS_H
#define ADMIN_ADMIN_OPS_H

#include "admin/admin.h"
#include "json/json.h"

/* Every parameter of every operation; admin_args.c has their rows (name in JSON, type, bounds). */
enum admin_arg {
	ARG_CLIENT_ID,
	ARG_CLIENT_SECRET,
	ARG_CLIENT_NAME,
	ARG_SECRET_ID,
	ARG_SECRET_EXPIRES_AT,
	ARG_LABEL,
	ARG_AUTH_METHOD,
	ARG_DEFAULT_AUDIENCE,
	ARG_EXPIRES_AT,
	ARG_TOKEN_LIFETIME,
	ARG_SCOPE,
	ARG_AUDIENCES,
	ARG_ACCOUNT,
	ARG_EMAIL,
	ARG_EMAIL_VERIFIED,
	ARG_NAME,
	ARG_ROLES,
	ARG_API,
	ARG_AUDIENCE,
	ARG_ALG,
	ARG_SCOPES,
	ARG_RESOURCE_SERVERS,
	ARG_REVOKE_TOKENS,
	ARG_NOW,
	ARG_AFTER,
	ARG_AFTER_SEQ,
	ARG_LIMIT,
	ARG_PAGE,
	ARG_PAGE_SIZE,
	ARG_SORT,
	ARG_FILTER,
	ARG_CLIENTS,
	ARG_NETWORKS,
	ARG_OTHERS_EXPIRE_AT,
	ARG_KIND,
	ARG_REDIRECT_URIS,
	ARG_LOGOUT_URIS,
	ARG_APPLICATION_TYPE,
	ARG_GRANT_TYPES,
	ARG_TRUSTED,
	ARG_PAR_REQUIRED,
	ARG_ID_TOKEN_ALG,
	ARG_CLIENT_URI,
	ARG_LOGO_URI,
	ARG_POLICY_URI,
	ARG_TOS_URI,
	ARG_HELD,
	ARG_COUNT
};

#define ARG(name) (1ULL << ARG_##name)

struct admin_value {
	bool set;
	struct str s;            /* texts */
	int64_t i;               /* numbers; booleans as 0 and 1 */
	struct str_list list;    /* lists of texts, and scope strings split into tokens */
	const struct json *json; /* lists of objects */
};

/* One call: lives on the stack of admin_call. */
struct admin_ctx {
	struct admin *admin;
	struct arena arena;
	int64_t now_s;
	const char *op;
	struct admin_value args[ARG_COUNT];
	struct str owner;      /* client.list: of this account alone; empty: of all */
	struct str only;       /* the one value of admin_list.indexed that is asked for; empty: any */
	struct json_out out;   /* inside the result object */
	struct buf *buf;       /* what out writes into */
	struct api *apis;      /* admin_api_load() */
	size_t n_apis;
	bool apis_loaded;
	struct admin_failure failure; /* why empty: the text of err.def */
};

/* --- admin.c --- */
/* Notes the reason for the peer and returns code. The text must hold no secret. */
must_check int admin_fail(struct admin_ctx *ctx, int code, const char *fmt, ...) printf_like(3, 4);
/* An audit note of this call about target; detail is short and never secret. */
struct audit_note admin_note(struct admin_ctx *ctx, struct str target, struct str detail);
/* Tell the owner of caches. Right after the commit. */
void admin_changed(const struct admin_ctx *ctx, enum admin_change what, struct str id);
/*
 * Right before a change that must not happen unless it can be acknowledged: 0 when what is written so far and the end
 * of the answer have room. So the answer of a change is written first. E_NOMEM, E_LIMIT.
 */
must_check int admin_ready(struct admin_ctx *ctx);
/* Until when the feed names what this change ends. */
int64_t admin_until_s(const struct admin_ctx *ctx);

/* --- admin_args.c --- */
/*
 * Reads args (NULL: none) by the table: unknown members, wrong types, bounds, control characters. Sets ctx->args.
 * E_INVALID_REQUEST ...
 */
must_check int admin_args_read(struct admin_ctx *ctx, uint64_t required, uint64_t optional, const struct json *args);
/* 1 << the parameter's enum admin_arg; 0 when there is no such parameter. */
uint64_t admin_args_bit(struct str name);
enum admin_param admin_args_type(enum admin_arg arg);
/* Valid UTF-8 without control and text-direction characters: safe for terminals, logs and pages. */
bool admin_args_is_text(struct str text);
/* A moment that lies ahead, or 0 for never. E_INVALID_REQUEST. */
must_check int admin_args_future(struct admin_ctx *ctx, enum admin_arg arg, int64_t *ret_s);
/* ARG_TOKEN_LIFETIME within the policy, or 0 when it may be left to another's (zero_allowed). E_INVALID_REQUEST. */
must_check int admin_args_lifetime(struct admin_ctx *ctx, bool zero_allowed, int64_t *ret_s);

/* --- admin_page.c --- */
/* One member of a list's objects, for sorting and filtering. */
enum admin_column_type { COLUMN_TEXT, COLUMN_NUMBER, COLUMN_BOOLEAN };
struct admin_column {
	const char *name;
	enum admin_column_type type;
	bool sorts;            /* lists that are walked: an index serves it */
	enum store_order order; /* which one */
};
struct admin_cell {
	struct str s;
	int64_t i;             /* numbers; booleans as 0 and 1 */
};
/* Rows and their cells are borrowed from the arena that fetch got. */
struct admin_list {
	const struct admin_column *columns; /* the first one is the id, which cursors name */
	size_t n_columns, row_size;
	void (*cell)(const void *row, size_t column, struct admin_cell *ret_cell);
	int (*emit)(struct admin_ctx *ctx, const void *row); /* its members, into an object that is open */
	/*
	 * In the order that the range says, from range->skip or behind range->after (audit: its number as text). NULL
	 * range: all there is, in the usual order.
	 */
	int (*fetch)(struct admin_ctx *ctx, const struct store_range *range, struct arena *arena, void **ret_rows,
		     size_t *ret_n);
	/* NULL: the list is short; it is always fetched whole, and every column sorts. */
	int64_t (*total)(const struct store_counts *counts);
	size_t scan_max; /* rows that are looked at for one page with filters */
	/*
	 * A column (never the first; 0: none) with an index: with a filter for one value of it, `fetch` gets the value
	 * as ctx->only and may leave out the rows that have another.
	 */
	size_t indexed;
};
/*
 * A whole list operation. By ARG_AFTER and ARG_LIMIT, or (asked for, or ctx->admin->paged) a page by ARG_PAGE,
 * ARG_PAGE_SIZE, ARG_SORT, ARG_FILTER. name: of the array, for callers that don't get "items". E_INVALID_REQUEST.
 */
must_check int admin_page(struct admin_ctx *ctx, const struct admin_list *list, const char *name);

/* --- admin_bound.c --- */
/* Whether the caller may make or change the client so that it looks like this. E_INSUFFICIENT_SCOPE. */
must_check int admin_bound_client(struct admin_ctx *ctx, const struct client *client);
/* The same of every client that acts for the account. Walks them all. E_INSUFFICIENT_SCOPE, E_STORE, E_NOMEM. */
must_check int admin_bound_account(struct admin_ctx *ctx, struct str account_id);
/* Whether the caller's token has the scope. E_INSUFFICIENT_SCOPE. */
must_check int admin_bound_scope(struct admin_ctx *ctx, const char *scope);
/* E_CONFLICT: it is the management API of this server, which stays as it is. */
must_check int admin_bound_api(struct admin_ctx *ctx, const struct api *api);
/* E_INVALID_SCOPE: the name is one that only the management API has. */
must_check int admin_bound_name(struct admin_ctx *ctx, struct str scope);

/* --- admin_register.c --- */
must_check int admin_register_token(struct admin_ctx *ctx);

/* --- admin_usage.c --- */
must_check int admin_usage_list(struct admin_ctx *ctx);
must_check int admin_usage_get(struct admin_ctx *ctx);

/* --- admin_api.c --- */
/* All APIs, read once per call into ctx->apis. */
must_check int admin_api_load(struct admin_ctx *ctx);
/* By id or audience in ctx->apis; NULL. */
const struct api *admin_api_find(const struct admin_ctx *ctx, struct str key);
must_check int admin_api_create(struct admin_ctx *ctx);
must_check int admin_api_list(struct admin_ctx *ctx);
must_check int admin_api_get(struct admin_ctx *ctx);
must_check int admin_api_update(struct admin_ctx *ctx);
must_check int admin_api_delete(struct admin_ctx *ctx);

/* --- admin_account.c --- */
/* By id or e-mail address. E_ABSENT. */
must_check int admin_account_find(struct admin_ctx *ctx, struct account *ret_account);
must_check int admin_account_create(struct admin_ctx *ctx);
must_check int admin_account_list(struct admin_ctx *ctx);
must_check int admin_account_get(struct admin_ctx *ctx);
must_check int admin_account_update(struct admin_ctx *ctx);
must_check int admin_account_delete(struct admin_ctx *ctx);
must_check int admin_account_roles(struct admin_ctx *ctx);
must_check int admin_account_disable(struct admin_ctx *ctx);
must_check int admin_account_enable(struct admin_ctx *ctx);

/* Checks ARG_EMAIL; its unique form. E_INVALID_REQUEST. */
must_check int admin_account_email(struct admin_ctx *ctx, struct str *ret_email);
/* Its members, into an object that is open. */
void admin_account_emit(struct json_out *out, const struct account *account);
/* Checks ARG_ROLES. E_INVALID_REQUEST. */
must_check int admin_account_check_roles(struct admin_ctx *ctx);

/* --- admin_people.c --- */
/*
 * Whether the caller may give these roles, or take over an account that has them: with Admin one may do everything on
 * pages. E_INSUFFICIENT_SCOPE.
 */
must_check int admin_people_bound(struct admin_ctx *ctx, struct str_list roles);
must_check int admin_people_invite(struct admin_ctx *ctx);
must_check int admin_people_factors(struct admin_ctx *ctx);
must_check int admin_people_reset(struct admin_ctx *ctx);

/* --- admin_grant.c --- */
/*
 * Scope names -> grants, among the APIs of ARG_AUDIENCES or, without it, where a name is unique. Without ARG_SCOPE: all
 * scopes of ARG_AUDIENCES. E_INVALID_SCOPE, E_ABSENT, E_CONFLICT.
 */
must_check int admin_grant_resolve(struct admin_ctx *ctx, struct client *client);
/*
 * Sets client->default_api from ARG_DEFAULT_AUDIENCE, else (when it has none) to the API of the first grant. E_ABSENT.
 */
must_check int admin_grant_default(struct admin_ctx *ctx, struct client *client);
/* Members scope and grants. */
must_check int admin_grant_emit(struct admin_ctx *ctx, const struct client *client);

/* --- admin_client.c --- */
/* By ARG_CLIENT_ID. E_ABSENT (noted). */
must_check int admin_client_find(struct admin_ctx *ctx, struct client *ret_client);
must_check int admin_client_create(struct admin_ctx *ctx);
must_check int admin_client_list(struct admin_ctx *ctx);
must_check int admin_client_get(struct admin_ctx *ctx);
must_check int admin_client_update(struct admin_ctx *ctx);
must_check int admin_client_disable(struct admin_ctx *ctx);
must_check int admin_client_enable(struct admin_ctx *ctx);
must_check int admin_client_delete(struct admin_ctx *ctx);

/* --- admin_app.c --- */
/* Of a new client: what kind it is, by ARG_KIND and ARG_ACCOUNT. E_INVALID_REQUEST. */
must_check int admin_app_kind(struct admin_ctx *ctx, struct client *client);
/* The arguments that only apps may have, and whether all of them fit together. E_INVALID_REQUEST, E_SIGNER. */
must_check int admin_app_apply(struct admin_ctx *ctx, struct client *client);
/* Members of an app; none of other kinds. */
void admin_app_emit(struct admin_ctx *ctx, const struct client *client);

/* --- admin_secret.c --- */
/*
 * A secret on its way into the store, with the text that is shown once. Keep on the stack; admin_secret_done wipes it.
 */
struct admin_secret {
	struct client_secret row; /* borrows from the other members */
	char id[32];
	char text[64];            /* a generated secret; empty when it was chosen */
	char phc[160];
};
/*
 * From the arguments: chosen when ARG_CLIENT_SECRET is given (imported ids only), else generated. E_CONFLICT,
 * E_INVALID_REQUEST, E_RANDOM.
 */
must_check int admin_secret_make(struct admin_ctx *ctx, struct str client_id, struct admin_secret *ret_secret);
void admin_secret_done(struct admin_secret *secret);
/* Members secret_id, client_secret (generated ones: the only time), client_secret_expires_at. */
void admin_secret_emit_new(struct admin_ctx *ctx, const struct admin_secret *secret);
/* "live", "expired", "revoked". */
struct str admin_secret_state(const struct client_secret *secret, int64_t now_s);
/* The array `secrets` of a client: everything but the secret. */
void admin_secret_emit_list(struct admin_ctx *ctx, const struct client *client);
must_check int admin_secret_add(struct admin_ctx *ctx);
must_check int admin_secret_get(struct admin_ctx *ctx);
must_check int admin_secret_list(struct admin_ctx *ctx);
must_check int admin_secret_revoke(struct admin_ctx *ctx);
must_check int admin_secret_regenerate(struct admin_ctx *ctx);

/* --- admin_key.c --- */
/*
 * Makes sure that an active key of alg exists. E_INVALID_REQUEST: no such algorithm. E_SIGNER: no key and no signer to
 * make one.
 */
must_check int admin_key_ensure(struct admin_ctx *ctx, struct str alg);
must_check int admin_key_list(struct admin_ctx *ctx);
must_check int admin_key_rotate(struct admin_ctx *ctx);

/* --- admin_audit.c --- */
must_check int admin_audit_list(struct admin_ctx *ctx);
must_check int admin_audit_verify(struct admin_ctx *ctx);

#endif
