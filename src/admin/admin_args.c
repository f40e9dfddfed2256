/* Parameters of administration operations, by one table; see admin_ops.h. RFC 6749 3.3 and appendix A. */
#include "admin/admin_ops.h"
#include "oauth/scope.h"

#define LAST_S 253402300799LL /* 9999-12-31T23:59:59Z */

enum { LIFETIME_MIN_S = 30, ELEMENTS_MAX = 256 };

enum type { TEXT, TEXTS, SCOPE, OBJECTS, SECRET, NUMBER, BOOLEAN };

static const struct row {
	const char *name;
	enum type type;
	int64_t min, max; /* bytes of a text or of each element; the value of a number */
} rows[ARG_COUNT] = {
	[ARG_CLIENT_ID] = {"client_id", TEXT, 1, MODEL_ID_MAX},
	[ARG_CLIENT_SECRET] = {"client_secret", SECRET, 8, 256},
	[ARG_CLIENT_NAME] = {"client_name", TEXT, 1, MODEL_NAME_MAX},
	[ARG_SECRET_ID] = {"secret_id", TEXT, 1, MODEL_ID_MAX},
	[ARG_SECRET_EXPIRES_AT] = {"client_secret_expires_at", NUMBER, 0, LAST_S},
	[ARG_LABEL] = {"label", TEXT, 0, MODEL_LABEL_MAX},
	[ARG_AUTH_METHOD] = {"token_endpoint_auth_method", TEXT, 1, 32},
	[ARG_DEFAULT_AUDIENCE] = {"default_audience", TEXT, 0, MODEL_AUDIENCE_MAX},
	[ARG_EXPIRES_AT] = {"expires_at", NUMBER, 0, LAST_S},
	[ARG_TOKEN_LIFETIME] = {"token_lifetime", NUMBER, 0, LAST_S},
	[ARG_SCOPE] = {"scope", SCOPE, 0, MODEL_SCOPE_MAX},
	[ARG_AUDIENCES] = {"audiences", TEXTS, 1, MODEL_AUDIENCE_MAX},
	[ARG_ACCOUNT] = {"account", TEXT, 1, 254},
	[ARG_EMAIL] = {"email", TEXT, 3, 254},
	[ARG_EMAIL_VERIFIED] = {"email_verified", BOOLEAN, 0, 1},
	[ARG_NAME] = {"name", TEXT, 0, MODEL_NAME_MAX},
	[ARG_ROLES] = {"roles", TEXTS, 1, 64},
	[ARG_API] = {"api", TEXT, 1, MODEL_AUDIENCE_MAX},
	[ARG_AUDIENCE] = {"audience", TEXT, 1, MODEL_AUDIENCE_MAX},
	[ARG_ALG] = {"alg", TEXT, 1, 16},
	[ARG_SCOPES] = {"scopes", OBJECTS, 0, 0},
	[ARG_RESOURCE_SERVERS] = {"resource_servers", TEXTS, 1, MODEL_ID_MAX},
	[ARG_REVOKE_TOKENS] = {"revoke_tokens", BOOLEAN, 0, 1},
	[ARG_NOW] = {"now", BOOLEAN, 0, 1},
	[ARG_AFTER] = {"after", TEXT, 0, MODEL_ID_MAX},
	[ARG_AFTER_SEQ] = {"after_seq", NUMBER, 0, INT64_MAX},
	[ARG_LIMIT] = {"limit", NUMBER, 1, ADMIN_LIST_MAX},
	[ARG_PAGE] = {"page", NUMBER, 1, ADMIN_SCAN_MAX},
	[ARG_PAGE_SIZE] = {"page_size", NUMBER, 1, ADMIN_LIST_MAX},
	[ARG_SORT] = {"sort", TEXT, 1, 64},
	[ARG_FILTER] = {"filter", OBJECTS, 0, 0}, /* [{"field": "client_name", "op": "prefix", "value": "x"}] */
	[ARG_CLIENTS] = {"clients", BOOLEAN, 0, 1},
	[ARG_NETWORKS] = {"networks", TEXTS, 1, MODEL_ADDR_MAX},
	[ARG_OTHERS_EXPIRE_AT] = {"others_expire_at", NUMBER, 0, LAST_S},
	[ARG_KIND] = {"kind", TEXT, 1, 16},
	[ARG_REDIRECT_URIS] = {"redirect_uris", TEXTS, 1, MODEL_URI_MAX},
	[ARG_LOGOUT_URIS] = {"post_logout_redirect_uris", TEXTS, 1, MODEL_URI_MAX},
	[ARG_APPLICATION_TYPE] = {"application_type", TEXT, 1, 16},
	[ARG_GRANT_TYPES] = {"grant_types", TEXTS, 1, 64},
	[ARG_TRUSTED] = {"trusted", BOOLEAN, 0, 1},
	[ARG_PAR_REQUIRED] = {"require_pushed_authorization_requests", BOOLEAN, 0, 1},
	[ARG_ID_TOKEN_ALG] = {"id_token_signed_response_alg", TEXT, 1, 16},
	[ARG_CLIENT_URI] = {"client_uri", TEXT, 0, MODEL_URI_MAX},
	[ARG_LOGO_URI] = {"logo_uri", TEXT, 0, MODEL_URI_MAX},
	[ARG_POLICY_URI] = {"policy_uri", TEXT, 0, MODEL_URI_MAX},
	[ARG_TOS_URI] = {"tos_uri", TEXT, 0, MODEL_URI_MAX},
	[ARG_HELD] = {"held", TEXTS, 1, 16},
};

bool admin_args_is_text(struct str text)
{
	while (text.len > 0) {
		size_t n = str_printable(text);
		if (n == 0)
			return false;
		text = (struct str){text.p + n, text.len - n};
	}
	return true;
}

/* RFC 6749 A.2: a secret consists of visible ASCII characters and spaces. */
static bool is_secret(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] < 0x20 || text.p[i] > 0x7E)
			return false;
	return true;
}

static int check_text(struct admin_ctx *ctx, const struct row *row, struct str text)
{
	if (text.len < (size_t)row->min || text.len > (size_t)row->max)
		return admin_fail(ctx, E_INVALID_REQUEST, "%s must have %d to %d bytes.", row->name, (int)row->min,
				  (int)row->max);
	if (row->type == SECRET && !is_secret(text))
		return admin_fail(ctx, E_INVALID_REQUEST, "%s may hold printable ASCII characters only.", row->name);
	if (!admin_args_is_text(text))
		return admin_fail(ctx, E_INVALID_REQUEST, "%s holds a control character.", row->name);
	return 0;
}

/* Like scope_parse, but an empty text is allowed: no scopes. */
static int split_scope(struct admin_ctx *ctx, struct str text, struct str_list *ret_list)
{
	if (text.len == 0)
		return 0;
	int rc = scope_parse(text, &ctx->arena, ret_list);
	if (rc == E_INVALID_SCOPE)
		return admin_fail(ctx, rc, "scope must be at most %d scope tokens (RFC 6749 section 3.3) with single "
					   "spaces between.", MODEL_SCOPES_MAX);
	return rc;
}

static int read_text(struct admin_ctx *ctx, const struct row *row, const struct json *args, struct admin_value *value)
{
	if (json_get_str(args, row->name, &value->s) < 0)
		return admin_fail(ctx, E_INVALID_REQUEST, "%s must be a text.", row->name);
	if (row->type == SCOPE)
		return split_scope(ctx, value->s, &value->list);
	return check_text(ctx, row, value->s);
}

static int read_texts(struct admin_ctx *ctx, const struct row *row, const struct json *array, struct str_list *ret_list)
{
	size_t n = json_array_len(array);
	struct str_list list = {arena_array(&ctx->arena, n + 1, sizeof(struct str)), 0};
	if (!list.v)
		return E_NOMEM;
	for (size_t i = 0; i < n; i++) {
		struct str text;
		if (json_at_str(array, i, &text) < 0)
			return admin_fail(ctx, E_INVALID_REQUEST, "%s must be an array of texts.", row->name);
		TRY(check_text(ctx, row, text));
		if (!str_list_has(list, text))
			list.v[list.n++] = text;
	}
	*ret_list = list;
	return 0;
}

static int read_array(struct admin_ctx *ctx, const struct row *row, const struct json *args, struct admin_value *value)
{
	if (json_get_array(args, row->name, &value->json) < 0)
		return admin_fail(ctx, E_INVALID_REQUEST, "%s must be an array.", row->name);
	if (json_array_len(value->json) > ELEMENTS_MAX)
		return admin_fail(ctx, E_INVALID_REQUEST, "%s has more than %d elements.", row->name, ELEMENTS_MAX);
	return row->type == TEXTS ? read_texts(ctx, row, value->json, &value->list) : 0;
}

static int read_number(struct admin_ctx *ctx, const struct row *row, const struct json *args, struct admin_value *value)
{
	if (json_get_int(args, row->name, &value->i) < 0)
		return admin_fail(ctx, E_INVALID_REQUEST, "%s must be a whole number.", row->name);
	if (value->i < row->min || value->i > row->max)
		return admin_fail(ctx, E_INVALID_REQUEST, "%s must be %lld to %lld.", row->name, (long long)row->min,
				  (long long)row->max);
	return 0;
}

static int read_boolean(struct admin_ctx *ctx, const struct row *row, const struct json *args,
			struct admin_value *value)
{
	bool truth;
	if (json_get_bool(args, row->name, &truth) < 0)
		return admin_fail(ctx, E_INVALID_REQUEST, "%s must be true or false.", row->name);
	value->i = truth;
	return 0;
}

static int read_value(struct admin_ctx *ctx, const struct row *row, const struct json *args, struct admin_value *value)
{
	static int (*const readers[])(struct admin_ctx *, const struct row *, const struct json *,
				      struct admin_value *) = {
		[TEXT] = read_text,     [SCOPE] = read_text,    [SECRET] = read_text,      [TEXTS] = read_array,
		[OBJECTS] = read_array, [NUMBER] = read_number, [BOOLEAN] = read_boolean,
	};
	return readers[row->type](ctx, row, args, value);
}

static int refuse_unknown(struct admin_ctx *ctx, uint64_t known, const struct json *args)
{
	struct str member;
	const struct json *value;
	for (void *iter = NULL; args && json_each(args, &iter, &member, &value);) {
		size_t i = 0;
		while (i < ARG_COUNT && !str_eq(member, str_of(rows[i].name)))
			i++;
		if (i == ARG_COUNT || !(known >> i & 1))
			return admin_fail(ctx, E_INVALID_REQUEST, "There is a parameter that %s does not know.",
					  ctx->op);
	}
	return 0;
}

uint64_t admin_args_bit(struct str name)
{
	for (size_t i = 0; i < ARG_COUNT; i++)
		if (str_eq(str_of(rows[i].name), name))
			return 1ULL << i;
	return 0;
}

const char *admin_param_name(size_t i) { return i < ARG_COUNT ? rows[i].name : NULL; }

enum admin_param admin_args_type(enum admin_arg arg)
{
	static const enum admin_param types[] = {
		[TEXT] = ADMIN_PARAM_TEXT,     [SCOPE] = ADMIN_PARAM_TEXT,    [SECRET] = ADMIN_PARAM_TEXT,
		[TEXTS] = ADMIN_PARAM_ARRAY,   [OBJECTS] = ADMIN_PARAM_ARRAY, [NUMBER] = ADMIN_PARAM_NUMBER,
		[BOOLEAN] = ADMIN_PARAM_BOOLEAN,
	};
	return types[rows[arg].type];
}

int admin_args_read(struct admin_ctx *ctx, uint64_t required, uint64_t optional, const struct json *args)
{
	TRY(refuse_unknown(ctx, required | optional, args));
	for (size_t i = 0; i < ARG_COUNT; i++) {
		if (!args || !json_has(args, rows[i].name)) {
			if (required >> i & 1)
				return admin_fail(ctx, E_INVALID_REQUEST, "%s is missing.", rows[i].name);
			continue;
		}
		TRY(read_value(ctx, &rows[i], args, &ctx->args[i]));
		ctx->args[i].set = true;
	}
	return 0;
}

int admin_args_future(struct admin_ctx *ctx, enum admin_arg arg, int64_t *ret_s)
{
	const struct admin_value *value = &ctx->args[arg];
	if (value->set && value->i != 0 && value->i <= ctx->now_s)
		return admin_fail(ctx, E_INVALID_REQUEST, "%s lies in the past.", rows[arg].name);
	*ret_s = value->i;
	return 0;
}

int admin_args_lifetime(struct admin_ctx *ctx, bool zero_allowed, int64_t *ret_s)
{
	int64_t lifetime_s = ctx->args[ARG_TOKEN_LIFETIME].i;
	int64_t max_s = ctx->admin->policy.lifetime_max_s;
	if (!(zero_allowed && lifetime_s == 0) && (lifetime_s < LIFETIME_MIN_S || lifetime_s > max_s))
		return admin_fail(ctx, E_INVALID_REQUEST, "token_lifetime must be %d to %lld seconds.", LIFETIME_MIN_S,
				  (long long)max_s);
	*ret_s = lifetime_s;
	return 0;
}
