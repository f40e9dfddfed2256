/* Reading and checking the audit chain; see admin_ops.h. */
#include "admin/admin_ops.h"
#include "base/enc.h"

static void emit_hash(struct admin_ctx *ctx, const char *member, const unsigned char hash[32])
{
	char text[64];
	struct buf hex;
	buf_init_fixed(&hex, text, sizeof(text));
	enc_hex(&hex, str_mem(hash, 32));
	json_str(&ctx->out, member, buf_str(&hex));
}

static const struct admin_column columns[] = {
	{"seq", COLUMN_NUMBER, true, STORE_BY_ID}, {"time", COLUMN_NUMBER, false, 0},
	{"actor", COLUMN_TEXT, false, 0},          {"action", COLUMN_TEXT, false, 0},
	{"target", COLUMN_TEXT, false, 0},
};

static void cell(const void *row, size_t column, struct admin_cell *ret_cell)
{
	const struct audit_entry *entry = row;
	const struct admin_cell cells[] = {
		{{0}, entry->seq}, {{0}, entry->time_s}, {entry->actor, 0}, {entry->action, 0}, {entry->target, 0}};
	*ret_cell = cells[column];
}

static int emit_row(struct admin_ctx *ctx, const void *row)
{
	const struct audit_entry *entry = row;
	json_int(&ctx->out, "seq", entry->seq);
	json_int(&ctx->out, "time", entry->time_s);
	json_str(&ctx->out, "actor", entry->actor);
	json_str(&ctx->out, "action", entry->action);
	json_str(&ctx->out, "target", entry->target);
	json_str(&ctx->out, "detail", entry->detail);
	emit_hash(ctx, "hash", entry->hash);
	return 0;
}

/* The newest first: numbers have no gaps, so the place of each page is known. */
static int fetch_back(struct admin_ctx *ctx, const struct store_range *range, int64_t last, struct arena *arena,
		      struct audit_entry **ret_entries, size_t *ret_n)
{
	last -= (int64_t)range->skip;
	int64_t first = last > (int64_t)range->limit ? last - (int64_t)range->limit : 0;
	*ret_n = 0;
	if (last <= 0)
		return 0;
	TRY(store_audit_list(ctx->admin->store, first, (unsigned)(last - first), arena, ret_entries, ret_n));
	struct audit_entry *entries = *ret_entries;
	for (size_t i = 0; i < *ret_n / 2; i++) {
		struct audit_entry entry = entries[i];
		entries[i] = entries[*ret_n - 1 - i];
		entries[*ret_n - 1 - i] = entry;
	}
	return 0;
}

static int fetch_descending(struct admin_ctx *ctx, const struct store_range *range, struct arena *arena,
			    struct audit_entry **ret_entries, size_t *ret_n)
{
	struct store_counts counts;
	uint64_t above = 0;
	if (range->after.len > 0)
		TRY(str_to_u64(range->after, INT64_MAX, &above));
	if (ctx->only.len > 0) { /* a walk: no skip */
		const struct store_audit_about about = {ctx->only, (int64_t)above, range->limit};
		return store_audit_about(ctx->admin->store, &about, arena, ret_entries, ret_n);
	}
	TRY(store_count(ctx->admin->store, &counts));
	return fetch_back(ctx, range, above > 0 ? (int64_t)above - 1 : counts.audit_seq, arena, ret_entries, ret_n);
}

static int fetch(struct admin_ctx *ctx, const struct store_range *range, struct arena *arena, void **ret_rows,
		 size_t *ret_n)
{
	struct audit_entry *entries = NULL;
	uint64_t after = 0;
	if (range->descending) {
		TRY(fetch_descending(ctx, range, arena, &entries, ret_n));
	} else {
		if (range->after.len > 0)
			TRY(str_to_u64(range->after, INT64_MAX, &after));
		TRY(store_audit_list(ctx->admin->store, (int64_t)after + (int64_t)range->skip, range->limit, arena,
				     &entries, ret_n));
	}
	*ret_rows = entries;
	return 0;
}

static int64_t total(const struct store_counts *counts) { return counts->audit_seq; }

int admin_audit_list(struct admin_ctx *ctx)
{
	static const struct admin_list list = {
		columns, sizeof(columns) / sizeof(columns[0]), sizeof(struct audit_entry), cell, emit_row, fetch, total,
		ADMIN_SCAN_MAX, 4};
	return admin_page(ctx, &list, "entries");
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
