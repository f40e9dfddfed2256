/* Administration of accounts; see admin_ops.h. OIDC Core 5.1 (claims). */
#include "account/address.h"
#include "admin/admin_ops.h"
#include "oauth/id.h"

/* The form that is unique. */
int admin_account_email(struct admin_ctx *ctx, struct str *ret_email)
{
	int rc = address_parse(ctx->args[ARG_EMAIL].s, &ctx->arena, ret_email);
	if (rc == E_SYNTAX)
		return admin_fail(ctx, E_INVALID_REQUEST, "email must be an address such as name@example.com.");
	return rc;
}

int admin_account_check_roles(struct admin_ctx *ctx)
{
	struct str_list roles = ctx->args[ARG_ROLES].list;
	if (roles.n > MODEL_ROLES_MAX)
		return admin_fail(ctx, E_INVALID_REQUEST, "An account has at most %d roles.", MODEL_ROLES_MAX);
	for (size_t i = 0; i < roles.n; i++)
		for (size_t k = 0; k < roles.v[i].len; k++)
			if (roles.v[i].p[k] <= ' ' || roles.v[i].p[k] > '~' || strchr("\"\\,", roles.v[i].p[k]))
				return admin_fail(ctx, E_INVALID_REQUEST,
						  "A role consists of visible ASCII characters without quotes and "
						  "commas.");
	return 0;
}

int admin_account_find(struct admin_ctx *ctx, struct account *ret_account)
{
	struct str key = ctx->args[ARG_ACCOUNT].s;
	bool is_id = id_has_form(ID_ACCOUNT, key);
	int rc = is_id ? 0 : address_parse(key, &ctx->arena, &key);
	if (rc == E_NOMEM)
		return rc;
	rc = rc == E_SYNTAX ? E_ABSENT : store_account_get(ctx->admin->store, key, !is_id, &ctx->arena, ret_account);
	return rc == E_ABSENT ? admin_fail(ctx, rc, "There is no such account.") : rc;
}

/* Its members, into an object that is open. */
void admin_account_emit(struct json_out *out, const struct account *account)
{
	json_str(out, "account_id", account->id);
	json_str(out, "email", account->email);
	json_bool(out, "email_verified", account->email_verified);
	json_str(out, "name", account->name);
	json_strs(out, "roles", account->roles);
	json_bool(out, "disabled", account->disabled);
	json_int(out, "created_at", account->created_s);
}

int admin_account_create(struct admin_ctx *ctx)
{
	char id[ID_LEN + 1];
	struct account account = {
		.email_verified = ctx->args[ARG_EMAIL_VERIFIED].i != 0,
		.name = ctx->args[ARG_NAME].s,
		.roles = ctx->args[ARG_ROLES].list,
		.created_s = ctx->now_s,
	};
	TRY(admin_account_email(ctx, &account.email));
	TRY(admin_account_check_roles(ctx));
	TRY(admin_people_bound(ctx, account.roles));
	TRY(id_new(ID_ACCOUNT, id));
	account.id = str_of(id);
	admin_account_emit(&ctx->out, &account);
	TRY(admin_ready(ctx));
	struct audit_note note = admin_note(ctx, account.id, account.email);
	int rc = store_account_put(ctx->admin->store, &account, &note);
	if (rc == E_EXISTS)
		return admin_fail(ctx, rc, "There is an account with this e-mail address already.");
	TRY(rc);
	admin_changed(ctx, ADMIN_CHANGE_ACCOUNT, account.id);
	return 0;
}

static const struct admin_column columns[] = {
	{"account_id", COLUMN_TEXT, true, STORE_BY_ID},
	{"email", COLUMN_TEXT, false, 0},
	{"name", COLUMN_TEXT, false, 0},
	{"disabled", COLUMN_BOOLEAN, false, 0},
	{"created_at", COLUMN_NUMBER, true, STORE_BY_TIME},
};

static void cell(const void *row, size_t column, struct admin_cell *ret_cell)
{
	const struct account *account = row;
	const struct admin_cell cells[] = {
		{account->id, 0}, {account->email, 0}, {account->name, 0}, {{0}, account->disabled},
		{{0}, account->created_s},
	};
	*ret_cell = cells[column];
}

static int emit_row(struct admin_ctx *ctx, const void *row)
{
	admin_account_emit(&ctx->out, row);
	return 0;
}

static int fetch(struct admin_ctx *ctx, const struct store_range *range, struct arena *arena, void **ret_rows,
		 size_t *ret_n)
{
	struct account *accounts;
	TRY(store_account_list(ctx->admin->store, range, arena, &accounts, ret_n));
	*ret_rows = accounts;
	return 0;
}

static int64_t total(const struct store_counts *counts) { return counts->accounts; }

int admin_account_list(struct admin_ctx *ctx)
{
	static const struct admin_list list = {
		columns, sizeof(columns) / sizeof(columns[0]), sizeof(struct account), cell, emit_row, fetch, total,
		ADMIN_SCAN_MAX, 0};
	return admin_page(ctx, &list, "accounts");
}

int admin_account_get(struct admin_ctx *ctx)
{
	struct account account;
	TRY(admin_account_find(ctx, &account));
	admin_account_emit(&ctx->out, &account);
	return 0;
}

int admin_account_update(struct admin_ctx *ctx)
{
	struct account account;
	TRY(admin_account_find(ctx, &account));
	TRY(admin_people_bound(ctx, account.roles)); /* a link to reset the password goes to its address */
	if (ctx->args[ARG_EMAIL].set)
		TRY(admin_account_email(ctx, &account.email));
	if (ctx->args[ARG_NAME].set)
		account.name = ctx->args[ARG_NAME].s;
	if (ctx->args[ARG_EMAIL_VERIFIED].set)
		account.email_verified = ctx->args[ARG_EMAIL_VERIFIED].i != 0;
	admin_account_emit(&ctx->out, &account);
	TRY(admin_ready(ctx));
	struct audit_note note = admin_note(ctx, account.id, account.email);
	int rc = store_account_update(ctx->admin->store, &account, &note);
	if (rc == E_EXISTS)
		return admin_fail(ctx, rc, "There is an account with this e-mail address already.");
	TRY(rc);
	admin_changed(ctx, ADMIN_CHANGE_ACCOUNT, account.id);
	return 0;
}

int admin_account_delete(struct admin_ctx *ctx)
{
	struct account account;
	bool with_clients = ctx->args[ARG_CLIENTS].i != 0;
	if (with_clients)
		TRY(admin_bound_scope(ctx, "mintmark:clients:write"));
	TRY(admin_account_find(ctx, &account));
	json_str(&ctx->out, "account_id", account.id);
	TRY(admin_ready(ctx));
	struct audit_note note = admin_note(ctx, account.id, account.email);
	int rc = store_account_delete(ctx->admin->store, account.id, with_clients, admin_until_s(ctx), &note);
	if (rc == E_CONFLICT)
		return admin_fail(ctx, rc, "Clients act for this account: delete them first, or with it.");
	TRY(rc);
	if (with_clients)
		admin_changed(ctx, ADMIN_CHANGE_CLIENT, STR(""));
	admin_changed(ctx, ADMIN_CHANGE_ACCOUNT, account.id);
	return 0;
}

int admin_account_roles(struct admin_ctx *ctx)
{
	struct account account;
	TRY(admin_account_check_roles(ctx));
	TRY(admin_account_find(ctx, &account));
	TRY(admin_people_bound(ctx, ctx->args[ARG_ROLES].list));
	struct audit_note note = admin_note(ctx, account.id, account.email);
	TRY(store_account_set_roles(ctx->admin->store, account.id, ctx->args[ARG_ROLES].list, &note));
	admin_changed(ctx, ADMIN_CHANGE_ACCOUNT, account.id);
	account.roles = ctx->args[ARG_ROLES].list;
	admin_account_emit(&ctx->out, &account);
	return 0;
}

static int set_disabled(struct admin_ctx *ctx, bool disabled)
{
	struct account account;
	TRY(admin_account_find(ctx, &account));
	if (!disabled) { /* its clients come back to life with it */
		TRY(admin_bound_account(ctx, account.id));
		TRY(admin_people_bound(ctx, account.roles));
	}
	struct audit_note note = admin_note(ctx, account.id, account.email);
	TRY(store_account_set_disabled(ctx->admin->store, account.id, disabled, admin_until_s(ctx), &note));
	admin_changed(ctx, ADMIN_CHANGE_ACCOUNT, account.id);
	account.disabled = disabled;
	admin_account_emit(&ctx->out, &account);
	return 0;
}

int admin_account_disable(struct admin_ctx *ctx) { return set_disabled(ctx, true); }
int admin_account_enable(struct admin_ctx *ctx) { return set_disabled(ctx, false); }
