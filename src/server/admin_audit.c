/* Reading and checking the audit chain; see admin_ops.h. */
#include "base/enc.h"
#include "server/admin_ops.h"

static void emit_hash(struct admin_ctx *ctx, const char *member, const unsigned char hash[32])
{
	char text[64];
	struct buf hex;
	buf_init_fixed(&hex, text, sizeof(text));
	enc_hex(&hex, str_mem(hash, 32));
	json_str(&ctx->out, member, buf_str(&hex));
}

int admin_audit_list(struct admin_ctx *ctx)
{
	struct audit_entry *entries;
	size_t n;
	TRY(store_audit_list(ctx->admin->store, ctx->args[ARG_AFTER_SEQ].i, admin_limit(ctx), &ctx->arena, &entries,
			     &n));
	json_open(&ctx->out, "entries", '[');
	for (size_t i = 0; i < n; i++) {
		json_open(&ctx->out, NULL, '{');
		json_int(&ctx->out, "seq", entries[i].seq);
		json_int(&ctx->out, "time", entries[i].time_s);
		json_str(&ctx->out, "actor", entries[i].actor);
		json_str(&ctx->out, "action", entries[i].action);
		json_str(&ctx->out, "target", entries[i].target);
		json_str(&ctx->out, "detail", entries[i].detail);
		emit_hash(ctx, "hash", entries[i].hash);
		json_close(&ctx->out, '}');
	}
	json_close(&ctx->out, ']');
	if (n == admin_limit(ctx))
		json_int(&ctx->out, "next_seq", entries[n - 1].seq);
	return 0;
}

int admin_audit_verify(struct admin_ctx *ctx)
{
	int64_t seq = 0;
	struct audit_entry *head;
	size_t n;
	int rc = store_audit_verify(ctx->admin->store, &seq);
	if (rc == E_SIGNATURE)
		return admin_fail(ctx, E_CONFLICT, "The audit chain is broken at entry %lld: that entry, or one "
				  "before it, was changed, removed or cut off.", (long long)seq);
	TRY(rc);
	json_int(&ctx->out, "entries", seq);
	if (seq == 0)
		return 0;
	/* noted elsewhere, it shows later that nobody recomputed the whole chain; entries never change, so no race */
	TRY(store_audit_list(ctx->admin->store, seq - 1, 1, &ctx->arena, &head, &n));
	if (n != 1 || head->seq != seq)
		return E_STORE;
	json_int(&ctx->out, "head_seq", seq);
	emit_hash(ctx, "head_hash", head->hash);
	return 0;
}
