/* Secret verbs of the memory backend. A client's secrets are ordered by created_s and id. */
#include "store/memory.h"

static struct client_secret *find(const struct client *client, struct str id)
{
	for (size_t i = 0; i < client->n_secrets; i++) {
		struct client_secret *row = &client->secrets[i];
		if (str_eq(row->id, id))
			return row;
	}
	return NULL;
}

static struct client_secret *find_anywhere(const struct memory_state *state, struct str id)
{
	for (size_t i = 0; i < state->n_clients; i++) {
		struct client_secret *secret = find(&state->clients[i], id);
		if (secret)
			return secret;
	}
	return NULL;
}

static int check(const struct memory_state *state, const struct client *client, const struct client_secret *secret)
{
	size_t living = 0, chosen = 0;
	for (size_t i = 0; i < client->n_secrets; i++) {
		bool alive = model_secret_is_live(&client->secrets[i], secret->created_s);
		living += alive;
		chosen += alive && client->secrets[i].form == SECRET_CHOSEN;
	}
	if (secret->form == SECRET_CHOSEN && (chosen > 0 || str_has_prefix(client->id, STR("mmc_"))))
		return E_CONFLICT;
	if (living >= MODEL_SECRETS_MAX)
		return E_LIMIT;
	return find_anywhere(state, secret->id) ? E_EXISTS : 0;
}

static void prune(struct client *client, int64_t now_s)
{
	size_t dead = 0;
	for (size_t i = client->n_secrets; i-- > 0;) {
		if (!model_secret_is_live(&client->secrets[i], now_s) && ++dead > MODEL_SECRETS_DEAD_MAX)
			memory_close_gap(client->secrets, &client->n_secrets, sizeof(*client->secrets), i);
	}
}

static bool is_before(const struct client_secret *a, const struct client_secret *b)
{
	return a->created_s < b->created_s || (a->created_s == b->created_s && str_cmp(a->id, b->id) < 0);
}

int memory_secret_insert(struct memory_state *next, struct client *client, const struct client_secret *secret)
{
	TRY(check(next, client, secret));
	struct client_secret row = *secret;
	row.client_id = client->id;
	TRY(memory_copy_secret(&next->arena, &row, &row));
	struct client_secret *secrets = arena_array(&next->arena, client->n_secrets + 1, sizeof(*secrets));
	if (!secrets)
		return E_NOMEM;
	size_t at = 0;
	for (; at < client->n_secrets && is_before(&client->secrets[at], &row); at++)
		secrets[at] = client->secrets[at];
	secrets[at] = row;
	for (; at < client->n_secrets; at++)
		secrets[at + 1] = client->secrets[at];
	client->secrets = secrets;
	client->n_secrets++;
	prune(client, secret->created_s);
	return 0;
}

static int rotate(struct memory_state *next, const struct client_secret *secret, int64_t now_s,
		  const struct secret_terms *terms)
{
	struct client *client = memory_client(next, secret->client_id);
	if (!client)
		return E_ABSENT;
	for (size_t i = 0; terms->others_s > 0 && i < client->n_secrets; i++) {
		struct client_secret *other = &client->secrets[i];
		if (model_secret_is_live(other, secret->created_s) &&
		    (other->expires_s == 0 || other->expires_s > terms->others_s))
			other->expires_s = terms->others_s;
	}
	TRY(memory_client_raise(next, client, now_s, terms->until_s));
	return memory_secret_insert(next, client, secret);
}

int memory_secret_rotate(struct store *store, const struct client_secret *secret, const struct secret_terms *terms,
			 const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_end(store, next, rotate(next, secret, note->now_s, terms), note);
}

static int revoke(struct memory_state *next, struct client *client, struct str secret_id, int64_t now_s,
		  int64_t until_s)
{
	struct client_secret *secret = client ? find(client, secret_id) : NULL;
	if (!secret)
		return E_ABSENT;
	if (secret->revoked_s != 0 && until_s == 0)
		return MEMORY_UNCHANGED;
	if (secret->revoked_s == 0)
		secret->revoked_s = now_s;
	return memory_client_raise(next, client, now_s, until_s);
}

int memory_secret_revoke(struct store *store, struct str client_id, struct str secret_id, int64_t now_s,
			 int64_t until_s, const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	int rc = revoke(next, memory_client(next, client_id), secret_id, now_s, until_s);
	return memory_end(store, next, rc, note);
}

static int regenerate(struct memory_state *next, const struct client_secret *secret, int64_t now_s, int64_t until_s)
{
	struct client *client = memory_client(next, secret->client_id);
	if (!client)
		return E_ABSENT;
	for (size_t i = 0; i < client->n_secrets; i++) {
		if (client->secrets[i].revoked_s == 0)
			client->secrets[i].revoked_s = now_s;
	}
	TRY(memory_client_raise(next, client, now_s, until_s));
	return memory_secret_insert(next, client, secret);
}

int memory_secret_regenerate(struct store *store, const struct client_secret *secret, int64_t now_s, int64_t until_s,
			     const struct audit_note *note)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	return memory_end(store, next, regenerate(next, secret, now_s, until_s), note);
}

static int flush(struct memory_state *next, const struct usage_row *row)
{
	struct client_secret *secret = find_anywhere(next, row->secret_id);
	if (!secret)
		return 0;
	secret->use_count += row->count;
	memory_client(next, secret->client_id)->app.unused_since_s = 0;
	TRY(memory_use_add(next, secret->client_id, row));
	if (row->last_used_s < secret->last_used_s)
		return 0;
	secret->last_used_s = row->last_used_s;
	return arena_str(&next->arena, row->addr, &secret->last_used_addr);
}

int memory_secret_usage_flush(struct store *store, const struct usage_row *rows, size_t n)
{
	struct memory_state *next;
	TRY(memory_begin(store, 0, &next));
	int rc = 0;
	int64_t newest_s = 0;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = flush(next, &rows[i]);
		newest_s = rows[i].last_used_s > newest_s ? rows[i].last_used_s : newest_s;
	}
	memory_use_forget(next, newest_s);
	return memory_end(store, next, rc, NULL);
}

static int find_hash(const struct memory_state *state, const unsigned char *sha256, struct arena *arena,
		     struct client_secret *ret_secret)
{
	for (size_t i = 0; i < state->n_clients; i++) {
		const struct client *client = &state->clients[i];
		for (size_t k = 0; k < client->n_secrets; k++) {
			const struct client_secret *row = &client->secrets[k];
			if (row->form != SECRET_GENERATED || memcmp(row->sha256, sha256, sizeof(row->sha256)) != 0)
				continue;
			struct client_secret found = {.revoked_s = row->revoked_s};
			TRY(arena_str(arena, client->id, &found.client_id));
			TRY(arena_str(arena, row->id, &found.id));
			*ret_secret = found;
			return 0;
		}
	}
	return E_ABSENT;
}

int memory_secret_find(struct store *store, const unsigned char sha256[32], struct arena *arena,
		       struct client_secret *ret_secret)
{
	return memory_unlock(store, find_hash(memory_lock(store), sha256, arena, ret_secret));
}
