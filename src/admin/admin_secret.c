/* Administration of client secrets; see admin_ops.h. RFC 6749 2.3.1, RFC 7591 3.2.1 (member names). */
#include "admin/admin_ops.h"
#include "crypto/digest.h"
#include "crypto/password.h"
#include "oauth/id.h"

/* The chosen secret of an imported client: only its Argon2id hash is kept. */
static int hash_chosen(struct admin_ctx *ctx, struct str client_id, struct admin_secret *secret)
{
	struct str text = ctx->args[ARG_CLIENT_SECRET].s;
	struct buf phc;
	if (!id_is_importable(client_id))
		return admin_fail(ctx, E_CONFLICT, "Only a client with an imported id may have a chosen secret.");
	if (id_secret_looks_generated(text))
		return admin_fail(ctx, E_INVALID_REQUEST, "A chosen secret must not look like a generated one.");
	buf_init_fixed(&phc, secret->phc, sizeof(secret->phc));
	TRY(password_hash(secret_of(text), &phc));
	secret->row.form = SECRET_CHOSEN;
	secret->row.phc = buf_str(&phc);
	return 0;
}

static int generate(struct admin_secret *secret)
{
	TRY(id_secret_new(secret->text));
	TRY(digest_sha256(str_of(secret->text), secret->row.sha256));
	secret->row.form = SECRET_GENERATED;
	secret->row.hint = (struct str){secret->text + ID_SECRET_LEN - ID_HINT_LEN, ID_HINT_LEN};
	return 0;
}

int admin_secret_make(struct admin_ctx *ctx, struct str client_id, struct admin_secret *ret_secret)
{
	*ret_secret = (struct admin_secret){0};
	TRY(admin_args_future(ctx, ARG_SECRET_EXPIRES_AT, &ret_secret->row.expires_s));
	if (ctx->args[ARG_CLIENT_SECRET].set)
		TRY(hash_chosen(ctx, client_id, ret_secret));
	else
		TRY(generate(ret_secret));
	TRY(id_new(ID_SECRET, ret_secret->id));
	ret_secret->row.id = str_of(ret_secret->id);
	ret_secret->row.client_id = client_id;
	ret_secret->row.label = ctx->args[ARG_LABEL].s;
	ret_secret->row.created_s = ctx->now_s;
	return 0;
}

void admin_secret_done(struct admin_secret *secret) { secret_wipe(secret, sizeof(*secret)); }

void admin_secret_emit_new(struct admin_ctx *ctx, const struct admin_secret *secret)
{
	json_str(&ctx->out, "secret_id", secret->row.id);
	if (secret->text[0])
		json_str(&ctx->out, "client_secret", str_of(secret->text));
	json_int(&ctx->out, "client_secret_expires_at", secret->row.expires_s); /* RFC 7591 3.2.1: 0 is never */
}

struct str admin_secret_state(const struct client_secret *secret, int64_t now_s)
{
	if (secret->revoked_s != 0)
		return STR("revoked");
	return model_secret_is_live(secret, now_s) ? STR("live") : STR("expired");
}

/* Its members, into an object that is open. */
static void emit(struct admin_ctx *ctx, const struct client_secret *secret)
{
	struct json_out *out = &ctx->out;
	json_str(out, "secret_id", secret->id);
	json_str(out, "state", admin_secret_state(secret, ctx->now_s));
	json_str(out, "form", secret->form == SECRET_CHOSEN ? STR("chosen") : STR("generated"));
	json_str(out, "hint", secret->hint);
	json_str(out, "label", secret->label);
	json_int(out, "created_at", secret->created_s);
	json_int(out, "expires_at", secret->expires_s);
	json_int(out, "revoked_at", secret->revoked_s);
	json_int(out, "last_used_at", secret->last_used_s);
	json_str(out, "last_used_address", secret->last_used_addr);
	json_int(out, "use_count", secret->use_count);
}

void admin_secret_emit_list(struct admin_ctx *ctx, const struct client *client)
{
	json_open(&ctx->out, "secrets", '[');
	for (size_t i = 0; i < client->n_secrets; i++) {
		json_open(&ctx->out, NULL, '{');
		emit(ctx, &client->secrets[i]);
		json_close(&ctx->out, '}');
	}
	json_close(&ctx->out, ']');
}

static int explain(struct admin_ctx *ctx, int rc)
{
	if (rc == E_LIMIT)
		return admin_fail(ctx, E_CONFLICT, "The client has %d live secrets already: revoke one first.",
				  MODEL_SECRETS_MAX);
	if (rc == E_CONFLICT)
		return admin_fail(ctx, rc, "The client has a chosen secret already: revoke it first.");
	return rc == E_ABSENT ? admin_fail(ctx, rc, "There is no such client.") : rc;
}

/* Secrets are listed by second and id: of two made in one second the later one has the greater id, so that pages know
 * which of them is the new one. */
static int order(const struct client *client, struct admin_secret *secret)
{
	enum { TRIES = 1000 };
	struct str last = {0};
	for (size_t i = 0; i < client->n_secrets; i++)
		if (client->secrets[i].created_s == secret->row.created_s)
			last = client->secrets[i].id;
	for (int i = 0; i < TRIES && str_cmp(secret->row.id, last) < 0; i++)
		TRY(id_new(ID_SECRET, secret->id)); /* row.id lies there */
	return 0;
}

/* A client without authentication has no use for a secret. */
static int prepare(struct admin_ctx *ctx, struct admin_secret *ret_secret)
{
	struct client client;
	TRY(admin_client_find(ctx, &client));
	TRY(admin_bound_client(ctx, &client)); /* who has a client's secret is that client */
	if (client.auth == CLIENT_AUTH_NONE)
		return admin_fail(ctx, E_CONFLICT, "The client does not authenticate, so it can have no secret.");
	TRY(admin_secret_make(ctx, client.id, ret_secret));
	return order(&client, ret_secret);
}

/* The answer of add and regenerate, written before they commit. */
static int emit_new(struct admin_ctx *ctx, const struct admin_secret *secret)
{
	json_str(&ctx->out, "client_id", secret->row.client_id);
	admin_secret_emit_new(ctx, secret);
	return admin_ready(ctx);
}

/* ARG_REVOKE_TOKENS as the verbs want it: 0, and the client's tokens live on. */
static int64_t tokens_until_s(const struct admin_ctx *ctx, bool by_default)
{
	const struct admin_value *value = &ctx->args[ARG_REVOKE_TOKENS];
	return (value->set ? value->i != 0 : by_default) ? admin_until_s(ctx) : 0;
}

int admin_secret_add(struct admin_ctx *ctx)
{
	int64_t others_s;
	_cleanup_(admin_secret_done) struct admin_secret secret = {0};
	TRY(admin_args_future(ctx, ARG_OTHERS_EXPIRE_AT, &others_s));
	TRY(prepare(ctx, &secret));
	TRY(emit_new(ctx, &secret));
	struct audit_note note = admin_note(ctx, secret.row.client_id, secret.row.id);
	const struct secret_terms terms = {tokens_until_s(ctx, false), others_s};
	TRY(explain(ctx, store_secret_rotate(ctx->admin->store, &secret.row, &terms, &note)));
	admin_changed(ctx, ADMIN_CHANGE_CLIENT, secret.row.client_id);
	return 0;
}

int admin_secret_regenerate(struct admin_ctx *ctx)
{
	_cleanup_(admin_secret_done) struct admin_secret secret = {0};
	TRY(prepare(ctx, &secret));
	TRY(emit_new(ctx, &secret));
	struct audit_note note = admin_note(ctx, secret.row.client_id, secret.row.id);
	int64_t until_s = tokens_until_s(ctx, true);
	TRY(explain(ctx, store_secret_regenerate(ctx->admin->store, &secret.row, ctx->now_s, until_s, &note)));
	admin_changed(ctx, ADMIN_CHANGE_CLIENT, secret.row.client_id);
	return 0;
}

int admin_secret_list(struct admin_ctx *ctx)
{
	struct client client;
	TRY(admin_client_find(ctx, &client));
	json_str(&ctx->out, "client_id", client.id);
	admin_secret_emit_list(ctx, &client);
	return 0;
}

int admin_secret_get(struct admin_ctx *ctx)
{
	struct client client;
	TRY(admin_client_find(ctx, &client));
	for (size_t i = 0; i < client.n_secrets; i++) {
		const struct client_secret *row = &client.secrets[i];
		if (!str_eq(row->id, ctx->args[ARG_SECRET_ID].s))
			continue;
		json_str(&ctx->out, "client_id", client.id);
		emit(ctx, row);
		return 0;
	}
	return admin_fail(ctx, E_ABSENT, "There is no such secret.");
}

int admin_secret_revoke(struct admin_ctx *ctx)
{
	struct str client_id = ctx->args[ARG_CLIENT_ID].s, secret_id = ctx->args[ARG_SECRET_ID].s;
	struct audit_note note = admin_note(ctx, client_id, secret_id);
	json_str(&ctx->out, "client_id", client_id);
	json_str(&ctx->out, "secret_id", secret_id);
	TRY(admin_ready(ctx));
	int64_t until_s = tokens_until_s(ctx, false);
	int rc = store_secret_revoke(ctx->admin->store, client_id, secret_id, ctx->now_s, until_s, &note);
	if (rc == E_ABSENT)
		return admin_fail(ctx, rc, "There is no such client, or it has no such secret.");
	TRY(rc);
	admin_changed(ctx, ADMIN_CHANGE_CLIENT, client_id);
	return 0;
}
