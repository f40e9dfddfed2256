/*
 * The front of the store: what is the same whatever backend stands behind it. Checks arguments, is the fault point of
 * every verb, counts. Any process that may block; any thread. Never decides anything a rule should decide.
 */
#include "store/store.h"

#include "store/front.h"

void store_prepare(void) { sqlite_prepare(); }

int store_open(const struct store_options *options, struct store **ret_store)
{
	if (options->kind == STORE_MEMORY)
		return memory_open(options, ret_store);
	bool sane = options->path && options->readers >= 1 && options->readers <= 64 && options->cache_kib >= 64 &&
		    options->cache_kib <= 1048576;
	return sane ? sqlite_open(options, ret_store) : E_LIMIT;
}

void store_close(struct store *store)
{
	if (store)
		store->ops->close(store);
}

/* NULL: nothing is used up. */
static int check_taken(const struct store_once_key *taken)
{
	if (!taken)
		return 0;
	TRY(check_hash(taken->sha256));
	TRY(check_now(taken->now_s));
	return check_once_kind(taken->kind);
}

int store_account_put(struct store *store, const struct account *account, const struct audit_note *note)
{
	return store_account_enrol(store, &(struct enrolment){.account = account}, note);
}

int store_account_enrol(struct store *store, const struct enrolment *enrolment, const struct audit_note *note)
{
	struct front_span span;
	TRY(check_account(enrolment->account));
	TRY(check_phc(enrolment->phc));
	if (enrolment->link) {
		struct upstream_link link = *enrolment->link;
		link.account_id = enrolment->account->id;
		TRY(check_upstream(&link));
	}
	TRY(check_taken(enrolment->taken));
	TRY(check_note(note));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->account_put(store, enrolment, note));
}

int store_account_get(struct store *store, struct str key, bool by_email, struct arena *arena,
		      struct account *ret_account)
{
	struct front_span span;
	TRY(check_key(key, by_email ? MODEL_EMAIL_MAX : MODEL_ID_MAX));
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->account_get(store, key, by_email, arena, ret_account));
}

int store_account_list(struct store *store, const struct store_range *range, struct arena *arena,
		       struct account **ret_accounts, size_t *ret_n)
{
	struct front_span span;
	TRY(check_limit(range->limit));
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->account_list(store, range, arena, ret_accounts, ret_n));
}

static int update_account(struct store *store, const struct account *account, const struct store_once_key *taken,
			  const struct audit_note *note)
{
	struct front_span span;
	TRY(check_account(account));
	TRY(check_taken(taken));
	TRY(check_note(note));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->account_update(store, account, taken, note));
}

int store_account_update(struct store *store, const struct account *account, const struct audit_note *note)
{
	return update_account(store, account, NULL, note);
}

int store_account_confirm(struct store *store, const struct account *account, const struct store_once_key *taken,
			  const struct audit_note *note)
{
	return taken ? update_account(store, account, taken, note) : E_SYNTAX;
}

int store_account_set_roles(struct store *store, struct str id, struct str_list roles, const struct audit_note *note)
{
	struct front_span span;
	TRY(check_id_note(id, note));
	TRY(check_roles(roles));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->account_set_roles(store, id, roles, note));
}

int store_account_set_disabled(struct store *store, struct str id, bool disabled, int64_t until_s,
			       const struct audit_note *note)
{
	struct front_span span;
	TRY(check_id_note(id, note));
	TRY(check_end(until_s, disabled));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->account_set_disabled(store, id, disabled, until_s, note));
}

int store_account_delete(struct store *store, struct str id, bool with_clients, int64_t until_s,
			 const struct audit_note *note)
{
	struct front_span span;
	TRY(check_id_note(id, note));
	TRY(check_end(until_s, true));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->account_delete(store, id, with_clients, until_s, note));
}

int store_client_put(struct store *store, const struct client *client, const struct audit_note *note)
{
	return store_client_put_many(store, client, 1, note);
}

static int put_clients(struct store *store, const struct client *clients, size_t n, const struct store_once_key *taken,
		       const struct audit_note *note)
{
	struct front_span span;
	if (n == 0)
		return E_SYNTAX;
	for (size_t i = 0; i < n; i++)
		TRY(check_client(&clients[i]));
	TRY(check_taken(taken));
	TRY(check_note(note));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->client_put(store, clients, n, taken, note));
}

int store_client_put_many(struct store *store, const struct client *clients, size_t n, const struct audit_note *note)
{
	return put_clients(store, clients, n, NULL, note);
}

int store_client_register(struct store *store, const struct client *client, const struct store_once_key *taken,
			  const struct audit_note *note)
{
	return taken ? put_clients(store, client, 1, taken, note) : E_SYNTAX;
}

int store_client_get(struct store *store, struct str id, struct arena *arena, struct client *ret_client)
{
	struct front_span span;
	TRY(check_key(id, MODEL_ID_MAX));
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->client_get(store, id, arena, ret_client));
}

int store_client_list(struct store *store, const struct store_client_range *range, struct arena *arena,
		      struct client **ret_clients, size_t *ret_n)
{
	struct front_span span;
	TRY(check_limit(range->range.limit));
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->client_list(store, range, arena, ret_clients, ret_n));
}

int store_client_update(struct store *store, const struct client *client, bool set_grants,
			const struct audit_note *note)
{
	struct front_span span;
	struct client part = *client; /* what the verb does not look at needs not be right */
	part.kind = CLIENT_SERVICE;
	part.account_id = STR("");
	part.epoch = part.created_s = 0;
	part.n_secrets = 0;
	part.n_grants = set_grants ? client->n_grants : 0;
	TRY(check_client(&part));
	TRY(check_note(note));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->client_update(store, &part, set_grants, note));
}

static int switch_client(struct store *store, struct str id, const struct client_switch *to,
			 const struct audit_note *note)
{
	struct front_span span;
	TRY(check_id_note(id, note));
	TRY(check_end(to->until_s, to->disabled));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->client_set_disabled(store, id, to, note));
}

int store_client_set_disabled(struct store *store, struct str id, bool disabled, int64_t until_s,
			      const struct audit_note *note)
{
	return switch_client(store, id, &(struct client_switch){disabled, false, until_s}, note);
}

int store_client_set_disabled_own(struct store *store, struct str id, bool disabled, int64_t until_s,
				  const struct audit_note *note)
{
	return switch_client(store, id, &(struct client_switch){disabled, true, until_s}, note);
}

int store_client_delete(struct store *store, struct str id, int64_t until_s, const struct audit_note *note)
{
	struct front_span span;
	TRY(check_id_note(id, note));
	TRY(check_end(until_s, true));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->client_delete(store, id, until_s, note));
}

int store_client_find_registered(struct store *store, const unsigned char sha256[32], struct arena *arena,
				 struct str *ret_id)
{
	struct front_span span;
	TRY(check_hash(sha256));
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->client_find_registered(store, sha256, arena, ret_id));
}

int store_client_forget_unused(struct store *store, const struct store_unused *unused, struct arena *arena,
			       struct str *ret_id, const struct audit_note *note)
{
	struct front_span span;
	TRY(check_note(note));
	TRY(check_end(unused->until_s, true));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->client_forget_unused(store, unused, arena, ret_id, note));
}

int store_client_count_imported(struct store *store, int64_t *ret_n)
{
	struct front_span span;
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->client_count_imported(store, ret_n));
}

int store_secret_add(struct store *store, const struct client_secret *secret, int64_t until_s,
		     const struct audit_note *note)
{
	return store_secret_rotate(store, secret, &(struct secret_terms){.until_s = until_s}, note);
}

int store_secret_rotate(struct store *store, const struct client_secret *secret, const struct secret_terms *terms,
			const struct audit_note *note)
{
	struct front_span span;
	TRY(check_secret(secret));
	TRY(check_id_note(secret->client_id, note));
	TRY(check_end(terms->until_s, false));
	TRY(check_end(terms->others_s, false));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->secret_rotate(store, secret, terms, note));
}

int store_secret_revoke(struct store *store, struct str client_id, struct str secret_id, int64_t now_s, int64_t until_s,
			const struct audit_note *note)
{
	struct front_span span;
	TRY(check_id(client_id));
	TRY(check_id_note(secret_id, note));
	TRY(check_now(now_s));
	TRY(check_end(until_s, false));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->secret_revoke(store, client_id, secret_id, now_s, until_s, note));
}

int store_secret_find(struct store *store, const unsigned char sha256[32], struct arena *arena,
		      struct client_secret *ret_secret)
{
	struct front_span span;
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->secret_find(store, sha256, arena, ret_secret));
}

int store_secret_regenerate(struct store *store, const struct client_secret *secret, int64_t now_s, int64_t until_s,
			    const struct audit_note *note)
{
	struct front_span span;
	TRY(check_secret(secret));
	TRY(check_id_note(secret->client_id, note));
	TRY(check_now(now_s));
	TRY(check_end(until_s, false));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->secret_regenerate(store, secret, now_s, until_s, note));
}

int store_usage_flush(struct store *store, const struct usage_row *rows, size_t n)
{
	struct front_span span;
	for (size_t i = 0; i < n; i++)
		TRY(check_usage(&rows[i]));
	if (n == 0)
		return 0;
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->usage_flush(store, rows, n));
}

int store_use_history(struct store *store, struct str client_id, int64_t from_day, struct arena *arena,
		      struct use_day **ret_days, size_t *ret_n)
{
	struct front_span span;
	TRY(check_id(client_id));
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->use_history(store, client_id, from_day, arena, ret_days, ret_n));
}

int store_secret_hosts(struct store *store, struct str client_id, struct arena *arena, struct secret_host **ret_hosts,
		       size_t *ret_n)
{
	struct front_span span;
	TRY(check_id(client_id));
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->secret_hosts(store, client_id, arena, ret_hosts, ret_n));
}

int store_api_put(struct store *store, const struct api *api, const struct audit_note *note)
{
	struct front_span span;
	TRY(check_api(api));
	TRY(check_note(note));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->api_put(store, api, note));
}

int store_api_get(struct store *store, struct str key, bool by_audience, struct arena *arena, struct api *ret_api)
{
	struct front_span span;
	TRY(check_key(key, by_audience ? MODEL_AUDIENCE_MAX : MODEL_ID_MAX));
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->api_get(store, key, by_audience, arena, ret_api));
}

int store_api_list(struct store *store, struct arena *arena, struct api **ret_apis, size_t *ret_n)
{
	struct front_span span;
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->api_list(store, arena, ret_apis, ret_n));
}

int store_api_update(struct store *store, const struct api *api, bool set_servers, const struct audit_note *note)
{
	struct front_span span;
	struct api part = *api;
	if (!set_servers)
		part.servers = (struct str_list){0};
	part.audience = STR("-"); /* immutable: not looked at */
	TRY(check_api(&part));
	TRY(check_note(note));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->api_update(store, api, set_servers, note));
}

int store_api_delete(struct store *store, struct str id, const struct audit_note *note)
{
	struct front_span span;
	TRY(check_id_note(id, note));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->api_delete(store, id, note));
}

int store_revocation_put_jti(struct store *store, const struct revocation *token, const struct audit_note *note)
{
	struct front_span span;
	TRY(check_id(token->id));
	TRY(check_id_note(token->owner, note));
	TRY(check_end(token->until_s, true));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->revocation_put_jti(store, token, note));
}

int store_revocation_list(struct store *store, int64_t after_seq, unsigned limit, struct arena *arena,
			  struct revocation_page *ret_page)
{
	struct front_span span;
	TRY(check_limit(limit));
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->revocation_list(store, after_seq, limit, arena, ret_page));
}

int store_revocation_sweep(struct store *store, int64_t now_s)
{
	struct front_span span;
	TRY(check_now(now_s));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->revocation_sweep(store, now_s));
}

int store_key_put(struct store *store, const struct signing_key *key, const struct audit_note *note)
{
	struct front_span span;
	TRY(check_signing_key(key));
	TRY(check_note(note));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->key_put(store, key, note));
}

int store_key_list(struct store *store, bool with_gone, struct arena *arena, struct signing_key **ret_keys,
		   size_t *ret_n)
{
	struct front_span span;
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->key_list(store, with_gone, arena, ret_keys, ret_n));
}

int store_key_advance(struct store *store, const struct key_move *moves, size_t n, int64_t now_s,
		      const struct audit_note *note)
{
	struct front_span span;
	if (n == 0)
		return E_SYNTAX;
	for (size_t i = 0; i < n; i++)
		TRY(check_move(&moves[i]));
	TRY(check_now(now_s));
	TRY(check_note(note));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->key_advance(store, moves, n, now_s, note));
}

int store_audit_append(struct store *store, const struct audit_note *note)
{
	struct front_span span;
	TRY(check_note(note));
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->audit_append(store, note));
}

int store_audit_list(struct store *store, int64_t after_seq, unsigned limit, struct arena *arena,
		     struct audit_entry **ret_entries, size_t *ret_n)
{
	struct front_span span;
	TRY(check_limit(limit));
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->audit_list(store, after_seq, limit, arena, ret_entries, ret_n));
}

int store_audit_about(struct store *store, const struct store_audit_about *about, struct arena *arena,
		      struct audit_entry **ret_entries, size_t *ret_n)
{
	struct front_span span;
	TRY(check_limit(about->limit));
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->audit_about(store, about, arena, ret_entries, ret_n));
}

int store_audit_verify(struct store *store, int64_t *ret_seq)
{
	struct front_span span;
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->audit_verify(store, ret_seq));
}

int store_count(struct store *store, struct store_counts *ret_counts)
{
	struct front_span span;
	TRY(front_begin(store, false, &span));
	return front_end(&span, store->ops->count(store, ret_counts));
}

int store_probe(struct store *store)
{
	struct front_span span;
	TRY(front_begin(store, true, &span));
	return front_end(&span, store->ops->probe(store));
}

void store_stats(struct store *store, struct store_stats *ret_stats)
{
	*ret_stats = (struct store_stats){
		.reads = atomic_load(&store->reads),
		.read_us = atomic_load(&store->read_us),
		.writes = atomic_load(&store->writes),
		.commits = atomic_load(&store->commits),
		.commit_us = atomic_load(&store->commit_us),
		.failures = atomic_load(&store->failures),
	};
}
