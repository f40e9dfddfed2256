/* Tokens by which programs may register themselves (RFC 7591 1.2: initial access token); see admin_ops.h. */
#include "admin/admin_ops.h"
#include "oauth/id.h"

enum { USUAL_S = 86400 };

static void wipe(char (*text)[ID_SECRET_LEN + 1]) { secret_wipe(text, sizeof(*text)); }

int admin_register_token(struct admin_ctx *ctx)
{
	_cleanup_(wipe) char text[ID_SECRET_LEN + 1] = "";
	struct once once = {.kind = ONCE_REGISTER, .data = ctx->args[ARG_LABEL].s, .created_s = ctx->now_s,
			    .expires_s = ctx->now_s + USUAL_S};
	if (ctx->args[ARG_EXPIRES_AT].set) {
		TRY(admin_args_future(ctx, ARG_EXPIRES_AT, &once.expires_s));
		if (once.expires_s == 0)
			return admin_fail(ctx, E_INVALID_REQUEST, "expires_at: a registration token must end.");
	}
	TRY(id_bearer_new(BEARER_REGISTRATION, text, once.sha256));
	json_str(&ctx->out, "registration_token", str_of(text));
	json_int(&ctx->out, "expires_at", once.expires_s);
	TRY(admin_ready(ctx));
	const struct audit_note note = admin_note(ctx, STR("registration"), once.data);
	return store_once_put(ctx->admin->store, &once, &note);
}
