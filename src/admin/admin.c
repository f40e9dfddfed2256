/* The table of operations and the walk from request to answer; see admin.h. */
#include "admin/admin_ops.h"

#include <stdarg.h>
#include <stdio.h>

#include "config/config.h"
#include "oauth/revoked.h"

enum { ARENA_MAX = 32 << 20, ANSWER_END_MAX = 64 };

struct op {
	const char *name;
	int (*run)(struct admin_ctx *ctx);
	uint64_t required, optional; /* bits of enum admin_arg */
};

#define SECRET_ARGS (ARG(SECRET_EXPIRES_AT) | ARG(LABEL))
#define CLIENT_ARGS \
	(ARG(AUTH_METHOD) | ARG(DEFAULT_AUDIENCE) | ARG(EXPIRES_AT) | ARG(TOKEN_LIFETIME) | ARG(SCOPE) | \
	 ARG(AUDIENCES) | ARG(NETWORKS) | ARG(REDIRECT_URIS) | ARG(LOGOUT_URIS) | ARG(APPLICATION_TYPE) | \
	 ARG(GRANT_TYPES) | ARG(TRUSTED) | ARG(PAR_REQUIRED) | ARG(ID_TOKEN_ALG) | ARG(CLIENT_URI) | ARG(LOGO_URI) | \
	 ARG(POLICY_URI) | ARG(TOS_URI))
#define SHEET_ARGS  (ARG(LIMIT) | ARG(PAGE) | ARG(PAGE_SIZE) | ARG(SORT) | ARG(FILTER))
#define PAGE_ARGS   (ARG(AFTER) | SHEET_ARGS)
/* Changes nothing and needs no signer: runs without admin->lock. */
#define READS       (1ULL << 63)
/* Tells when secrets were used last: "never" must be true. */
#define FIGURES     (1ULL << 62)
_Static_assert(ARG_COUNT <= 62, "arguments and flags share the bits");
#define API_ARGS    (ARG(NAME) | ARG(ALG) | ARG(TOKEN_LIFETIME) | ARG(SCOPES) | ARG(RESOURCE_SERVERS))

static const struct op ops[] = {
	{"client.create", admin_client_create, ARG(CLIENT_NAME),
		CLIENT_ARGS | SECRET_ARGS | ARG(CLIENT_ID) | ARG(CLIENT_SECRET) | ARG(ACCOUNT) | ARG(KIND)},
	{"client.list", admin_client_list, 0, PAGE_ARGS | ARG(ACCOUNT) | READS | FIGURES},
	{"client.get", admin_client_get, ARG(CLIENT_ID), READS | FIGURES},
	{"client.update", admin_client_update, ARG(CLIENT_ID), CLIENT_ARGS | ARG(CLIENT_NAME) | ARG(HELD)},
	{"client.disable", admin_client_disable, ARG(CLIENT_ID), 0},
	{"client.enable", admin_client_enable, ARG(CLIENT_ID), 0},
	{"client.delete", admin_client_delete, ARG(CLIENT_ID), 0},
	{"registration.token", admin_register_token, 0, ARG(EXPIRES_AT) | ARG(LABEL)},
	{"secret.add", admin_secret_add, ARG(CLIENT_ID),
		SECRET_ARGS | ARG(CLIENT_SECRET) | ARG(REVOKE_TOKENS) | ARG(OTHERS_EXPIRE_AT)},
	{"secret.get", admin_secret_get, ARG(CLIENT_ID) | ARG(SECRET_ID), READS | FIGURES},
	{"secret.list", admin_secret_list, ARG(CLIENT_ID), READS | FIGURES},
	{"secret.revoke", admin_secret_revoke, ARG(CLIENT_ID) | ARG(SECRET_ID), ARG(REVOKE_TOKENS)},
	{"secret.regenerate", admin_secret_regenerate, ARG(CLIENT_ID), SECRET_ARGS | ARG(REVOKE_TOKENS)},
	{"account.create", admin_account_create, ARG(EMAIL), ARG(NAME) | ARG(ROLES) | ARG(EMAIL_VERIFIED)},
	{"account.invite", admin_people_invite, ARG(EMAIL), ARG(ROLES)},
	{"account.reset", admin_people_reset, ARG(ACCOUNT), 0},
	{"account.factors-reset", admin_people_factors, ARG(ACCOUNT), 0},
	{"account.list", admin_account_list, 0, PAGE_ARGS | READS},
	{"account.get", admin_account_get, ARG(ACCOUNT), READS},
	{"account.update", admin_account_update, ARG(ACCOUNT), ARG(EMAIL) | ARG(NAME) | ARG(EMAIL_VERIFIED)},
	{"account.delete", admin_account_delete, ARG(ACCOUNT), ARG(CLIENTS)},
	{"account.roles", admin_account_roles, ARG(ACCOUNT) | ARG(ROLES), 0},
	{"account.disable", admin_account_disable, ARG(ACCOUNT), 0},
	{"account.enable", admin_account_enable, ARG(ACCOUNT), 0},
	{"api.create", admin_api_create, ARG(AUDIENCE), API_ARGS},
	{"api.list", admin_api_list, 0, PAGE_ARGS | READS},
	{"api.get", admin_api_get, ARG(API), READS},
	{"api.update", admin_api_update, ARG(API), API_ARGS},
	{"api.delete", admin_api_delete, ARG(API), 0},
	{"key.list", admin_key_list, 0, PAGE_ARGS | READS},
	{"key.rotate", admin_key_rotate, 0, ARG(ALG) | ARG(NOW)},
	{"audit.list", admin_audit_list, 0, ARG(AFTER_SEQ) | SHEET_ARGS | READS},
	{"audit.verify", admin_audit_verify, 0, READS},
	{"usage.list", admin_usage_list, 0, PAGE_ARGS | READS | FIGURES},
	{"usage.get", admin_usage_get, ARG(CLIENT_ID), READS | FIGURES},
};

struct admin_policy admin_policy_of(const struct config *config)
{
	return (struct admin_policy){config->tokens.access_lifetime_s, config->tokens.lifetime_max_s,
				     config->tokens.default_alg, config->issuer,
				     config->accounts.invite_s, config->accounts.link_s,
				     config->compat.rapidata};
}

const char *admin_op_name(size_t i) { return i < sizeof(ops) / sizeof(ops[0]) ? ops[i].name : NULL; }

int admin_fail(struct admin_ctx *ctx, int code, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vsnprintf(ctx->failure.why, sizeof(ctx->failure.why), fmt, args);
	va_end(args);
	return code;
}

/* What has no room for the address is noted without: the entry counts more. */
static struct str with_peer(struct admin_ctx *ctx, struct str detail)
{
	struct str peer = ctx->admin->peer, text;
	if (peer.len == 0 || detail.len + strlen(" from ") + peer.len > MODEL_DETAIL_MAX ||
	    arena_printf(&ctx->arena, &text, "%.*s from %.*s", STR_ARG(detail), STR_ARG(peer)) < 0)
		return detail;
	return text;
}

struct audit_note admin_note(struct admin_ctx *ctx, struct str target, struct str detail)
{
	detail = with_peer(ctx, detail);
	return (struct audit_note){ctx->now_s, ctx->admin->actor, str_of(ctx->op), target, detail};
}

void admin_changed(const struct admin_ctx *ctx, enum admin_change what, struct str id)
{
	if (ctx->admin->changed)
		ctx->admin->changed(ctx->admin->arg, what, id);
}

int admin_ready(struct admin_ctx *ctx)
{
	(void)!buf_reserve(ctx->buf, ANSWER_END_MAX);
	return buf_status(ctx->buf);
}

int64_t admin_until_s(const struct admin_ctx *ctx) { return ctx->now_s + REVOKED_KEEP_S; }

static const struct op *find(struct str name)
{
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (str_eq(name, str_of(ops[i].name)))
			return &ops[i];
	return NULL;
}

bool admin_op_requires(const char *op, const char *param)
{
	const struct op *row = find(str_of(op));
	return row && (admin_args_bit(str_of(param)) & row->required);
}

enum admin_param admin_param_of(const char *op, struct str name)
{
	const struct op *row = find(str_of(op));
	uint64_t bit = admin_args_bit(name);
	if (!row || !(bit & (row->required | row->optional)))
		return ADMIN_NO_PARAM;
	return admin_args_type((enum admin_arg)__builtin_ctzll(bit));
}

/* {"op": text, "args": object?} and nothing else. */
static int read_request(struct admin_ctx *ctx, const struct json *doc, const struct op **ret_op)
{
	struct str name, member;
	const struct json *args = NULL, *value;
	for (void *iter = NULL; json_each(doc, &iter, &member, &value);)
		if (!str_eq(member, STR("op")) && !str_eq(member, STR("args")))
			return admin_fail(ctx, E_INVALID_REQUEST, "A request has the members op and args only.");
	if (json_get_str(doc, "op", &name) < 0)
		return admin_fail(ctx, E_INVALID_REQUEST, "The member op is missing or no text.");
	if (json_has(doc, "args") && json_get_object(doc, "args", &args) < 0)
		return admin_fail(ctx, E_INVALID_REQUEST, "The member args is no object.");
	const struct op *op = find(name);
	if (!op)
		return admin_fail(ctx, E_NOT_IMPLEMENTED, "There is no such operation.");
	ctx->op = op->name;
	TRY(admin_args_read(ctx, op->required, op->optional, args));
	*ret_op = op;
	return 0;
}

static int run_locked(struct admin_ctx *ctx, const struct op *op)
{
	if ((op->optional & FIGURES) && ctx->admin->flush_use)
		TRY(ctx->admin->flush_use(ctx->admin->arg));
	pthread_mutex_t *lock = op->optional & READS ? NULL : ctx->admin->lock;
	if (lock)
		pthread_mutex_lock(lock);
	int rc = op->run(ctx);
	if (lock)
		pthread_mutex_unlock(lock);
	return rc;
}

/* wrapped: {"ok":true,"result":{...}} instead of the object alone. */
static int answer_ok(struct admin_ctx *ctx, const struct op *op, bool wrapped)
{
	json_open(&ctx->out, NULL, '{');
	if (wrapped) {
		json_bool(&ctx->out, "ok", true);
		json_open(&ctx->out, "result", '{');
	}
	TRY(run_locked(ctx, op));
	json_close(&ctx->out, '}');
	if (wrapped)
		json_close(&ctx->out, '}');
	return buf_status(ctx->buf);
}

static void answer_failed(struct buf *buf, int rc, const struct admin_failure *failure)
{
	struct json_out out;
	const struct err_row *row = err_row(rc);
	char code[64];
	snprintf(code, sizeof(code), "E_%s", row->symbol);
	json_out_init(&out, buf);
	json_open(&out, NULL, '{');
	json_bool(&out, "ok", false);
	json_str(&out, "error", str_of(row->wire));
	json_str(&out, "error_description", str_of(failure->why));
	json_str(&out, "code", str_of(code));
	json_close(&out, '}');
}

/* Forget a half-written answer: it may hold a secret. */
static void rewind_to(struct buf *buf, size_t start)
{
	if (buf->len > start)
		secret_wipe(buf->p + start, buf->len - start);
	buf->len = start;
	buf->status = 0;
}

static int run(struct admin_ctx *ctx, struct str request, bool wrapped)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	const struct op *op = NULL;
	if (request.len > ADMIN_REQUEST_MAX)
		return admin_fail(ctx, E_TOO_LARGE, "The request is larger than %d bytes.", ADMIN_REQUEST_MAX);
	int rc = json_parse_object(request, &doc);
	if (rc < 0)
		return rc == E_NOMEM ? rc : admin_fail(ctx, E_INVALID_REQUEST, "The request is no valid JSON object.");
	TRY(read_request(ctx, doc, &op));
	return answer_ok(ctx, op, wrapped);
}

static int perform(struct admin *admin, struct str request, bool wrapped, struct buf *out,
		   struct admin_failure *ret_failure)
{
	size_t start = out->len;
	struct admin_ctx ctx = {.admin = admin, .buf = out, .now_s = clock_now_s(admin->clock), .op = ""};
	arena_init(&ctx.arena, ARENA_MAX);
	json_out_init(&ctx.out, out);
	int rc = run(&ctx, request, wrapped);
	if (rc < 0) {
		rewind_to(out, start);
		if (!ctx.failure.why[0])
			snprintf(ctx.failure.why, sizeof(ctx.failure.why), "%s", err_row(rc)->text);
		*ret_failure = ctx.failure;
	}
	arena_done(&ctx.arena);
	return rc;
}

int admin_run(struct admin *admin, struct str request, struct buf *out, struct admin_failure *ret_failure)
{
	return perform(admin, request, false, out, ret_failure);
}

int admin_call(struct admin *admin, struct str request, struct buf *out)
{
	struct admin_failure failure;
	int rc = perform(admin, request, true, out, &failure);
	if (rc < 0)
		answer_failed(out, rc, &failure);
	return buf_status(out);
}
