/*
 * What is in use: when each client's secrets were last used, from where, how often; see admin_ops.h. Figures are those
 * that the server has written to the store; it gathers them for some seconds first (server/usage.h).
 */
#include "admin/admin_ops.h"

enum { SCAN_MAX = 10000 }; /* each row reads a client with its secrets */

struct line {
	struct client client;
	int64_t live, last_used_s, use_count;
	struct str addr;
};

static const struct admin_column columns[] = {
	{"client_id", COLUMN_TEXT, true, STORE_BY_ID},       {"client_name", COLUMN_TEXT, false, 0},
	{"last_used_at", COLUMN_NUMBER, false, 0},           {"use_count", COLUMN_NUMBER, false, 0},
	{"client_id_issued_at", COLUMN_NUMBER, true, STORE_BY_TIME},
};

static void cell(const void *row, size_t column, struct admin_cell *ret_cell)
{
	const struct line *line = row;
	const struct admin_cell cells[] = {
		{line->client.id, 0}, {line->client.name, 0}, {{0}, line->last_used_s}, {{0}, line->use_count},
		{{0}, line->client.created_s},
	};
	*ret_cell = cells[column];
}

static void sum(struct admin_ctx *ctx, struct line *line)
{
	for (size_t i = 0; i < line->client.n_secrets; i++) {
		const struct client_secret *secret = &line->client.secrets[i];
		line->live += model_secret_is_live(secret, ctx->now_s);
		line->use_count += secret->use_count;
		if (secret->last_used_s <= line->last_used_s)
			continue;
		line->last_used_s = secret->last_used_s;
		line->addr = secret->last_used_addr;
	}
}

/* Its members, into an object that is open. */
static void emit(struct admin_ctx *ctx, const struct line *line)
{
	struct json_out *out = &ctx->out;
	json_str(out, "client_id", line->client.id);
	json_str(out, "client_name", line->client.name);
	json_int(out, "client_id_issued_at", line->client.created_s);
	json_int(out, "secrets", line->live);
	json_int(out, "last_used_at", line->last_used_s);
	json_str(out, "last_used_address", line->addr);
	json_int(out, "use_count", line->use_count);
}

static int emit_row(struct admin_ctx *ctx, const void *row)
{
	emit(ctx, row);
	return 0;
}

/* A client that is deleted in between keeps its place, without figures. */
static int load(struct admin_ctx *ctx, const struct client *client, struct arena *arena, struct line *ret_line)
{
	struct line line = {.client = *client};
	int rc = store_client_get(ctx->admin->store, client->id, arena, &line.client);
	if (rc < 0 && rc != E_ABSENT)
		return rc;
	sum(ctx, &line);
	*ret_line = line;
	return 0;
}

static int fetch(struct admin_ctx *ctx, const struct store_range *range, struct arena *arena, void **ret_rows,
		 size_t *ret_n)
{
	const struct store_client_range wanted = {.range = *range};
	struct client *clients;
	size_t n;
	TRY(store_client_list(ctx->admin->store, &wanted, arena, &clients, &n));
	struct line *lines = arena_array(arena, n + 1, sizeof(*lines));
	if (!lines)
		return E_NOMEM;
	for (size_t i = 0; i < n; i++)
		TRY(load(ctx, &clients[i], arena, &lines[i]));
	*ret_rows = lines;
	*ret_n = n;
	return 0;
}

static int64_t total(const struct store_counts *counts) { return counts->clients; }

int admin_usage_list(struct admin_ctx *ctx)
{
	static const struct admin_list list = {columns, sizeof(columns) / sizeof(columns[0]), sizeof(struct line), cell,
					       emit_row, fetch, total, SCAN_MAX, 0};
	return admin_page(ctx, &list, "usage");
}

int admin_usage_get(struct admin_ctx *ctx)
{
	struct line line = {0};
	struct json_out *out = &ctx->out;
	TRY(admin_client_find(ctx, &line.client));
	sum(ctx, &line);
	emit(ctx, &line);
	json_open(out, "by_secret", '[');
	for (size_t i = 0; i < line.client.n_secrets; i++) {
		const struct client_secret *secret = &line.client.secrets[i];
		json_open(out, NULL, '{');
		json_str(out, "secret_id", secret->id);
		json_str(out, "state", admin_secret_state(secret, ctx->now_s));
		json_str(out, "label", secret->label);
		json_str(out, "hint", secret->hint);
		json_int(out, "last_used_at", secret->last_used_s);
		json_str(out, "last_used_address", secret->last_used_addr);
		json_int(out, "use_count", secret->use_count);
		json_close(out, '}');
	}
	json_close(out, ']');
	return 0;
}
