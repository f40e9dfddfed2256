/*
 * Links for people: an invitation, a password reset; see admin_ops.h. The link is in the answer, for whoever asked may
 * hand it on himself, and it is mailed where mails are sent.
 */
#include "account/link.h"
#include "account/mailer.h"
#include "admin/admin_ops.h"
#include "admin/manage_api.h"
#include "oauth/person.h"
#include "oauth/scope.h"

/* Who is Admin may do everything on pages: only who may do all that by operations gives it, or takes it over. */
int admin_people_bound(struct admin_ctx *ctx, struct str_list roles)
{
	static const char *const needed[] = {"mintmark:accounts:write", "mintmark:clients:write", "mintmark:apis:write",
					     "mintmark:keys:write"};
	if (!ctx->admin->scopes || !str_list_has(roles, STR(PERSON_ADMIN_ROLE)))
		return 0;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		TRY(admin_bound_scope(ctx, needed[i]));
	return 0;
}

/* "address role role": see link_invited. */
static int put_invited(struct admin_ctx *ctx, struct str email, struct str *ret_data)
{
	struct str_list roles = ctx->args[ARG_ROLES].list;
	*ret_data = email;
	for (size_t i = 0; i < roles.n; i++)
		TRY(arena_printf(&ctx->arena, ret_data, "%.*s %.*s", STR_ARG(*ret_data), STR_ARG(roles.v[i])));
	return 0;
}

/* Makes the link, writes the answer, mails it. */
static int hand_out(struct admin_ctx *ctx, const struct link_terms *terms, struct str email,
		    const struct audit_note *note)
{
	char text[ID_SECRET_LEN + 1], url_mem[ADMIN_LINK_MAX];
	struct buf url;
	buf_init_fixed(&url, url_mem, sizeof(url_mem));
	TRY(link_new(ctx->admin->store, terms, note, text));
	link_url(ctx->admin->policy.issuer, terms->kind, str_of(text), &url);
	secret_wipe(text, sizeof(text));
	const struct mailer_order order = {terms->kind == LINK_RESET ? MAIL_RESET : MAIL_INVITE, email, buf_str(&url),
					   terms->lifetime_s};
	struct mailer *mailer = ctx->admin->mailer;
	int rc = buf_status(&url);
	bool mailed = rc == 0 && mailer && mailer_send(mailer, &order) == 0;
	json_str(&ctx->out, "email", email);
	json_str(&ctx->out, "link", buf_str(&url));
	json_int(&ctx->out, "expires_at", terms->now_s + terms->lifetime_s);
	json_bool(&ctx->out, "mailed", mailed);
	secret_wipe(url_mem, sizeof(url_mem));
	return rc;
}

int admin_people_invite(struct admin_ctx *ctx)
{
	struct account account;
	struct link_terms terms = {.kind = LINK_INVITE, .now_s = ctx->now_s, .lifetime_s = ctx->admin->policy.invite_s};
	struct str email;
	TRY(admin_account_email(ctx, &email));
	TRY(admin_account_check_roles(ctx));
	TRY(admin_people_bound(ctx, ctx->args[ARG_ROLES].list));
	int rc = store_account_get(ctx->admin->store, email, true, &ctx->arena, &account);
	if (rc == 0)
		return admin_fail(ctx, E_EXISTS, "There is an account with this e-mail address already.");
	TRY(rc == E_ABSENT ? 0 : rc);
	TRY(put_invited(ctx, email, &terms.data));
	struct audit_note note = admin_note(ctx, email, terms.data);
	return hand_out(ctx, &terms, email, &note);
}

/* For somebody who lost a second factor or passkeys. Who takes them away is halfway in: as bound as a reset link. */
int admin_people_factors(struct admin_ctx *ctx)
{
	struct account account;
	TRY(admin_account_find(ctx, &account));
	TRY(admin_people_bound(ctx, account.roles));
	TRY(admin_bound_account(ctx, account.id));
	admin_account_emit(&ctx->out, &account);
	TRY(admin_ready(ctx));
	struct audit_note note = admin_note(ctx, account.id, account.email);
	return store_login_reset_factors(ctx->admin->store, account.id, &note);
}

int admin_people_reset(struct admin_ctx *ctx)
{
	struct account account;
	TRY(admin_account_find(ctx, &account));
	TRY(admin_people_bound(ctx, account.roles));
	TRY(admin_bound_account(ctx, account.id));
	if (account.disabled)
		return admin_fail(ctx, E_CONFLICT, "The account is disabled: enable it first.");
	const struct link_terms terms = {.kind = LINK_RESET, .account_id = account.id, .data = STR("password"),
					 .now_s = ctx->now_s, .lifetime_s = ctx->admin->policy.link_s};
	struct audit_note note = admin_note(ctx, account.id, account.email);
	return hand_out(ctx, &terms, account.email, &note);
}
