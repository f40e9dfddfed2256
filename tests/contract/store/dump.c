/* See dump.h. */
#include "dump.h"

#include "people.h"

static void put(struct buf *out, struct str s) { buf_put_str32(out, s); }

static void dump_accounts(struct store *store, struct arena *arena, struct buf *out)
{
	struct account *list;
	size_t n;
	OK(store_account_list(store, &(struct store_range){.limit = 1000}, arena, &list, &n));
	for (size_t i = 0; i < n; i++) {
		buf_put(out, STR("account "));
		put(out, list[i].id);
		put(out, list[i].email);
		put(out, list[i].name);
		buf_printf(out, "%d %d %lld %lld", list[i].email_verified, list[i].disabled, (long long)list[i].epoch,
			   (long long)list[i].created_s);
		for (size_t j = 0; j < list[i].roles.n; j++)
			put(out, list[i].roles.v[j]);
	}
}

static void dump_secret(const struct client_secret *secret, struct buf *out)
{
	buf_put(out, STR("secret "));
	put(out, secret->id);
	put(out, secret->client_id);
	put(out, secret->phc);
	put(out, secret->hint);
	put(out, secret->label);
	put(out, secret->last_used_addr);
	put(out, str_mem(secret->sha256, sizeof(secret->sha256)));
	buf_printf(out, "%d %lld %lld %lld %lld %lld", secret->form, (long long)secret->created_s,
		   (long long)secret->expires_s, (long long)secret->revoked_s, (long long)secret->last_used_s,
		   (long long)secret->use_count);
}

static void dump_client(const struct client *client, struct buf *out)
{
	buf_put(out, STR("client "));
	put(out, client->id);
	put(out, client->account_id);
	put(out, client->name);
	put(out, client->default_api);
	put(out, client->app.uri);
	for (size_t i = 0; i < client->networks.n; i++)
		put(out, client->networks.v[i]);
	for (size_t i = 0; i < client->app.redirect_uris.n; i++)
		put(out, client->app.redirect_uris.v[i]);
	buf_printf(out, "%d %d %d %lld %lld %lld %lld", client->kind, client->auth, client->disabled,
		   (long long)client->expires_s, (long long)client->lifetime_s, (long long)client->epoch,
		   (long long)client->created_s);
	for (size_t i = 0; i < client->n_grants; i++) {
		put(out, client->grants[i].api_id);
		put(out, client->grants[i].scope);
	}
	for (size_t i = 0; i < client->n_secrets; i++)
		dump_secret(&client->secrets[i], out);
}

static void dump_clients(struct store *store, struct arena *arena, struct buf *out)
{
	struct client *list, client;
	size_t n;
	int64_t imported;
	OK(store_client_list(store, &(struct store_client_range){.range.limit = 1000}, arena, &list, &n));
	for (size_t i = 0; i < n; i++) {
		OK(store_client_get(store, list[i].id, arena, &client));
		dump_client(&client, out);
	}
	OK(store_client_count_imported(store, &imported));
	buf_put_i64(out, imported);
}

static void dump_apis(struct store *store, struct arena *arena, struct buf *out)
{
	struct api *list;
	size_t n;
	OK(store_api_list(store, arena, &list, &n));
	for (size_t i = 0; i < n; i++) {
		buf_put(out, STR("api "));
		put(out, list[i].id);
		put(out, list[i].audience);
		put(out, list[i].name);
		put(out, list[i].alg);
		buf_printf(out, "%lld %lld", (long long)list[i].lifetime_s, (long long)list[i].created_s);
		for (size_t j = 0; j < list[i].n_scopes; j++) {
			put(out, list[i].scopes[j].name);
			put(out, list[i].scopes[j].description);
		}
		for (size_t j = 0; j < list[i].servers.n; j++)
			put(out, list[i].servers.v[j]);
	}
}

static void dump_keys(struct store *store, struct arena *arena, struct buf *out)
{
	struct signing_key *list;
	size_t n;
	OK(store_key_list(store, true, arena, &list, &n));
	for (size_t i = 0; i < n; i++) {
		buf_put(out, STR("key "));
		put(out, list[i].kid);
		put(out, list[i].alg);
		put(out, list[i].sealed);
		put(out, list[i].public_jwk);
		buf_printf(out, "%d %lld %lld %lld %lld", list[i].state, (long long)list[i].created_s,
			   (long long)list[i].active_s, (long long)list[i].retiring_s, (long long)list[i].gone_s);
	}
}

static void dump_revocations(struct store *store, struct arena *arena, struct buf *out)
{
	struct revocation_page page;
	OK(store_revocation_list(store, 0, 1000, arena, &page));
	buf_put_i64(out, page.feed.seq);
	for (size_t i = 0; i < page.n; i++) {
		const struct revocation *row = &page.revocations[i];
		buf_put(out, STR("revocation "));
		put(out, row->id);
		put(out, row->owner);
		buf_printf(out, "%d %lld %lld %lld %lld", row->kind, (long long)row->seq, (long long)row->epoch,
			   (long long)row->not_before_s, (long long)row->until_s);
	}
}

#define NUMBERS(out, ...) put_numbers(out, (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / 8)

static void put_numbers(struct buf *out, const int64_t *numbers, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%lld ", (long long)numbers[i]);
}

static void dump_family(const struct family *row, struct buf *out)
{
	buf_put(out, STR("family "));
	put(out, row->id);
	put(out, row->client_id);
	put(out, row->api_id);
	NUMBERS(out, row->epoch, row->account_epoch, row->expires_s, row->ended_s, row->used_s);
}

static void dump_login(struct store *store, struct str account, struct arena *arena, struct buf *out)
{
	struct login login;
	struct passkey *keys;
	struct upstream_link *links;
	size_t n;
	OK(store_login_get(store, account, arena, &login));
	put(out, login.phc);
	put(out, login.totp);
	NUMBERS(out, login.password_s, login.totp_on, login.totp_step, (int64_t)login.n_recovery);
	OK(store_passkey_list(store, account, arena, &keys, &n));
	for (size_t i = 0; i < n; i++) {
		put(out, keys[i].id);
		put(out, keys[i].name);
		NUMBERS(out, keys[i].counter, keys[i].last_used_s);
	}
	OK(store_upstream_list(store, account, arena, &links, &n));
	for (size_t i = 0; i < n; i++) {
		put(out, links[i].issuer);
		put(out, links[i].subject);
	}
}

/* What an account has. */
static void dump_person(struct store *store, struct str account, struct arena *arena, struct buf *out)
{
	struct session *sessions;
	struct family *families;
	struct consent *consents;
	size_t n;
	buf_put(out, STR("person "));
	dump_login(store, account, arena, out);
	OK(store_session_list(store, account, NOW_S, arena, &sessions, &n));
	for (size_t i = 0; i < n; i++) {
		put(out, sessions[i].id);
		put(out, sessions[i].addr);
		NUMBERS(out, sessions[i].account_epoch, sessions[i].expires_s, sessions[i].seen_s);
	}
	OK(store_family_list(store, account, NOW_S, arena, &families, &n));
	for (size_t i = 0; i < n; i++)
		dump_family(&families[i], out);
	OK(store_consent_list(store, account, arena, &consents, &n));
	for (size_t i = 0; i < n; i++) {
		put(out, consents[i].client_id);
		put(out, consents[i].scope);
		NUMBERS(out, consents[i].created_s, consents[i].changed_s);
	}
}

static void dump_people(struct store *store, struct arena *arena, struct buf *out)
{
	struct account *list;
	size_t n;
	OK(store_account_list(store, &(struct store_range){.limit = 1000}, arena, &list, &n));
	for (size_t i = 0; i < n; i++)
		dump_person(store, list[i].id, arena, out);
	for (enum once_kind kind = 0; kind < ONCE_KINDS; kind++) {
		const struct store_once_range range = {kind, NOW_S, 1000};
		struct once *onces;
		OK(store_once_list(store, &range, arena, &onces, &n));
		for (size_t i = 0; i < n; i++)
			put(out, str_mem(onces[i].sha256, 32));
	}
}

/* Codes, refresh tokens and devices have no list: those that the test speaks of. */
static void dump_hashes(struct store *store, struct arena *arena, struct buf *out)
{
	unsigned char hashes[HASHES_MAX][32];
	size_t n = recent_hashes(hashes);
	struct code code;
	struct refresh refresh;
	struct family family;
	struct device device;
	bool used;
	for (size_t i = 0; i < n; i++) {
		if (store_code_peek(store, hashes[i], arena, &code, &used) == 0)
			buf_printf(out, "code %d %u ", used, hashes[i][0]);
		if (store_refresh_peek(store, hashes[i], arena, &refresh, &family) == 0) {
			NUMBERS(out, refresh.used_s);
			dump_family(&family, out);
		}
		if (store_device_peek(store, hashes[i], STR(""), arena, &device) == 0)
			NUMBERS(out, device.state, device.interval_s, device.polled_s, device.auth_s);
	}
}

void dump_store(struct store *store, struct buf *out)
{
	struct arena arena;
	int64_t entries = -1;
	arena_init(&arena, 64 << 20);
	dump_accounts(store, &arena, out);
	dump_clients(store, &arena, out);
	dump_apis(store, &arena, out);
	dump_keys(store, &arena, out);
	dump_revocations(store, &arena, out);
	dump_people(store, &arena, out);
	dump_hashes(store, &arena, out);
	OK(store_audit_verify(store, &entries));
	buf_put_i64(out, entries);
	OK(buf_status(out));
	arena_done(&arena);
}
