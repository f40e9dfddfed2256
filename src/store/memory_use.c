/* Figures of use of the memory backend: per client and day, and from where. */
#include "store/memory.h"

enum { DAY_S = 86400, DAYS_MAX = 92 };

static bool is_old(const struct memory_state *state, const void *row, const void *arg)
{
	(void)state;
	return ((const struct memory_day *)row)->day.day < *(const int64_t *)arg - DAYS_MAX;
}

void memory_use_forget(struct memory_state *next, int64_t now_s)
{
	const int64_t day = now_s / DAY_S;
	memory_table_drop_some(next, &(struct memory_some){MEMORY_DAY, is_old, &day}, SIZE_MAX);
}

static int add_day(struct memory_state *next, struct str client_id, int64_t day, int64_t count)
{
	MEMORY_EACH(struct memory_day, row, next, MEMORY_DAY) {
		if (row->day.day != day || !str_eq(row->client_id, client_id))
			continue;
		row->day.count += count;
		return 0;
	}
	return memory_table_add(next, MEMORY_DAY, &(struct memory_day){{day, count}, client_id});
}

static bool is_of(const struct memory_host *row, struct str id)
{
	const struct str owner = row->host.secret_id;
	return str_eq(owner, id);
}

/* The one used longest ago makes room. */
static void drop_oldest(struct memory_state *next, struct str secret_id)
{
	size_t n = 0;
	const struct memory_host *oldest = NULL;
	MEMORY_EACH(struct memory_host, row, next, MEMORY_HOST) {
		if (!is_of(row, secret_id))
			continue;
		n++;
		if (!oldest || row->host.last_s < oldest->host.last_s)
			oldest = row;
	}
	if (n > MODEL_HOSTS_MAX)
		memory_table_drop(next, MEMORY_HOST, oldest);
}

static int add_host(struct memory_state *next, struct str client_id, const struct usage_row *use)
{
	MEMORY_EACH(struct memory_host, row, next, MEMORY_HOST) {
		if (!is_of(row, use->secret_id) || !str_eq(row->host.addr, use->addr))
			continue;
		if (use->last_used_s > row->host.last_s)
			row->host.last_s = use->last_used_s;
		return 0;
	}
	const struct memory_host host = {{use->secret_id, use->addr, use->last_used_s}, client_id};
	TRY(memory_table_add(next, MEMORY_HOST, &host));
	drop_oldest(next, use->secret_id);
	return 0;
}

int memory_use_add(struct memory_state *next, struct str client_id, const struct usage_row *row)
{
	TRY(add_day(next, client_id, row->last_used_s / DAY_S, row->count));
	return row->addr.len > 0 ? add_host(next, client_id, row) : 0;
}

struct asked {
	struct str client_id;
	int64_t from_day;
};

static bool is_day(const struct memory_state *state, const void *row, const void *arg)
{
	(void)state;
	const struct memory_day *day = row;
	const struct asked *asked = arg;
	return str_eq(day->client_id, asked->client_id) && day->day.day >= asked->from_day;
}

int memory_use_history(struct store *store, struct str client_id, int64_t from_day, struct arena *arena,
		       struct use_day **ret_days, size_t *ret_n)
{
	const struct asked asked = {client_id, from_day};
	const struct memory_some some = {MEMORY_DAY, is_day, &asked};
	const struct memory_listing order = {false, SIZE_MAX};
	return memory_unlock(store, memory_table_list(memory_lock(store), &some, order, arena, ret_days, ret_n));
}

/* Of a secret that is still there. */
static bool is_host(const struct memory_state *state, const void *row, const void *arg)
{
	const struct memory_host *host = row;
	const struct client *client = memory_client(state, *(const struct str *)arg);
	for (size_t i = 0; client && i < client->n_secrets; i++) {
		if (is_of(host, client->secrets[i].id))
			return true;
	}
	return false;
}

int memory_use_hosts(struct store *store, struct str client_id, struct arena *arena, struct secret_host **ret_hosts,
		     size_t *ret_n)
{
	const struct memory_some some = {MEMORY_HOST, is_host, &client_id};
	const struct memory_listing order = {true, SIZE_MAX};
	return memory_unlock(store, memory_table_list(memory_lock(store), &some, order, arena, ret_hosts, ret_n));
}
