/* See people.h. */
#include "people.h"

static unsigned char recent[HASHES_MAX][32];
static size_t n_recent;

void forget_hashes(void) { n_recent = 0; }

static void remember(const unsigned char hash[32])
{
	for (size_t i = 0; i < n_recent; i++) {
		if (memcmp(recent[i], hash, 32) == 0)
			return;
	}
	if (n_recent < HASHES_MAX)
		memcpy(recent[n_recent++], hash, 32);
}

const unsigned char *hash_of(struct world *world, unsigned n)
{
	unsigned char *hash = arena_alloc(&world->arena, 32);
	assert_non_null(hash);
	for (size_t i = 0; i < 32; i++)
		hash[i] = (unsigned char)(n >> (i % 4 * 8));
	remember(hash);
	return hash;
}

size_t recent_hashes(unsigned char hashes[HASHES_MAX][32])
{
	memcpy(hashes, recent, sizeof(recent));
	return n_recent;
}

struct client an_app(struct world *world, unsigned n)
{
	static struct str redirects[] = {STR("https://app.example/cb"), STR("http://127.0.0.1/cb")};
	static struct str logouts[] = {STR("https://app.example/bye")};
	static struct str networks[] = {STR("192.0.2.0/24"), STR("2001:db8::/32")};
	struct client client = a_client(world, n);
	client.kind = CLIENT_APP;
	client.auth = CLIENT_AUTH_NONE;
	client.networks = (struct str_list){networks, 2};
	client.app = (struct client_app){
		.grant_types = CLIENT_GRANT_CODE | CLIENT_GRANT_REFRESH,
		.native = true,
		.par_required = true,
		.id_token_alg = STR("EdDSA"),
		.redirect_uris = {redirects, 2},
		.logout_uris = {logouts, 1},
		.uri = STR("https://app.example/"),
		.logo_uri = STR("https://app.example/logo.png"),
		.policy_uri = STR("https://app.example/policy"),
		.tos_uri = STR("https://app.example/terms"),
		.registered = true,
	};
	memset(client.app.registration_sha256, (int)(n & 0xff), 32);
	return client;
}

int people_setup(void **state)
{
	forget_hashes();
	if (world_setup(state) < 0)
		return -1;
	struct world *world = *state;
	struct api api = an_api(world, 1);
	OK(store_api_put(world->store, &api, &a_note));
	for (unsigned n = 1; n <= 2; n++) {
		struct account account = an_account(world, n);
		struct client app = an_app(world, n);
		OK(store_account_put(world->store, &account, &a_note));
		OK(store_client_put(world->store, &app, &a_note));
	}
	return 0;
}

struct session a_session(struct world *world, unsigned n)
{
	struct session session = {
		.id = name_of(world, "mmx_", n),
		.account_id = STR("mma_0001"),
		.account_epoch = 1,
		.methods = AUTH_PASSWORD | AUTH_TOTP,
		.auth_s = NOW_S + n,
		.created_s = NOW_S,
		.expires_s = NOW_S + 3600,
		.seen_s = NOW_S,
		.addr = STR("192.0.2.7"),
		.agent = STR("Browser/1.0 (Zoë)"),
	};
	memcpy(session.sha256, hash_of(world, n), 32);
	return session;
}

struct passkey a_passkey(struct world *world, unsigned n)
{
	struct passkey passkey = {
		.account_id = STR("mma_0001"),
		.name = name_of(world, "key ", n),
		.key = STR("\xa5\x01\x02\x00\xff"),
		.created_s = NOW_S + n,
	};
	passkey.id = str_mem(hash_of(world, n), 32);
	return passkey;
}

struct upstream_link a_link(struct world *world, unsigned n)
{
	return (struct upstream_link){
		.issuer = name_of(world, "https://issuer.example/", n),
		.subject = name_of(world, "subject ", n),
		.account_id = STR("mma_0001"),
		.email = STR("zoe@issuer.example"),
		.created_s = NOW_S + n,
	};
}

struct once a_once(struct world *world, enum once_kind kind, unsigned n)
{
	struct once once = {
		.kind = kind,
		.account_id = STR("mma_0001"),
		.data = STR("first line\nsecond"),
		.created_s = NOW_S + n,
		.expires_s = NOW_S + 3600,
	};
	memcpy(once.sha256, hash_of(world, n), 32);
	return once;
}

struct code a_code(struct world *world, unsigned n)
{
	struct code code = {
		.client_id = STR("mmc_0001"),
		.account_id = STR("mma_0001"),
		.session_id = STR("mmx_0001"),
		.redirect_uri = STR("https://app.example/cb"),
		.scope = STR("openid read"),
		.api_id = STR("mmr_0001"),
		.nonce = name_of(world, "nonce ", n),
		.challenge = STR("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
		.methods = AUTH_PASSKEY,
		.auth_s = NOW_S - 5,
		.created_s = NOW_S,
		.expires_s = NOW_S + 60,
	};
	memcpy(code.sha256, hash_of(world, n), 32);
	return code;
}

struct device a_device(struct world *world, unsigned n)
{
	struct device device = {
		.kind = n % 2 ? DEVICE_CODE : DEVICE_BRIDGE,
		.user_code = name_of(world, "CODE", n),
		.client_id = STR("mmc_0001"),
		.scope = STR("read"),
		.api_id = STR("mmr_0001"),
		.addr = STR("192.0.2.9"),
		.agent = STR("tool/2"),
		.note = STR("a program on zoe's laptop"),
		.interval_s = 5,
		.created_s = NOW_S,
		.expires_s = NOW_S + 600,
	};
	memcpy(device.sha256, hash_of(world, n), 32);
	return device;
}

struct device a_decision(enum device_state decision)
{
	return (struct device){
		.state = decision,
		.account_id = STR("mma_0001"),
		.session_id = STR("mmx_0001"),
		.scope = STR("read openid"),
		.methods = AUTH_PASSWORD,
		.auth_s = NOW_S - 7,
	};
}

struct consent a_consent(struct world *world, unsigned n)
{
	return (struct consent){
		.account_id = STR("mma_0001"),
		.client_id = name_of(world, "mmc_", n),
		.scope = STR("openid read"),
		.created_s = NOW_S + n,
		.changed_s = NOW_S + n,
	};
}

static struct family *new_family(struct world *world, unsigned n)
{
	struct family *family = arena_alloc(&world->arena, sizeof(*family));
	assert_non_null(family);
	*family = (struct family){
		.id = name_of(world, "mmg_", n),
		.client_id = STR("mmc_0001"),
		.account_id = STR("mma_0001"),
		.session_id = STR("mmx_0001"),
		.epoch = 1,
		.account_epoch = 1,
		.scope = STR("openid read"),
		.api_id = STR("mmr_0001"),
		.nonce = STR("nonce"),
		.methods = AUTH_PASSKEY,
		.auth_s = NOW_S - 5,
		.created_s = NOW_S + n,
		.expires_s = NOW_S + 3600,
	};
	return family;
}

struct issue an_issue(struct world *world, unsigned n, bool first)
{
	struct refresh *refresh = arena_alloc(&world->arena, sizeof(*refresh));
	struct family_token *access = arena_alloc(&world->arena, sizeof(*access));
	assert_true(refresh && access);
	*refresh = (struct refresh){.created_s = NOW_S, .expires_s = NOW_S + 1800};
	memcpy(refresh->sha256, hash_of(world, 1000 + n), 32);
	*access = (struct family_token){name_of(world, "jti-", n), NOW_S + 900};
	return (struct issue){first ? new_family(world, n) : NULL, refresh, access, NOW_S};
}

void a_family_lives(struct world *world, unsigned n)
{
	struct code code = a_code(world, n);
	struct issue issue = an_issue(world, n, true);
	OK(store_code_put(world->store, &code, NULL));
	OK(store_code_redeem(world->store, code.sha256, &issue, &a_note));
}

bool is_revoked(struct world *world, struct str jti)
{
	struct revocation_page page;
	OK(store_revocation_list(world->store, 0, 1000, &world->arena, &page));
	for (size_t i = 0; i < page.n; i++) {
		const struct revocation *row = &page.revocations[i];
		if (row->kind != REVOCATION_JTI || !str_eq(row->id, jti))
			continue;
		IS(row->owner, "mmc_0001");
		assert_int_equal(row->until_s, NOW_S + 900);
		return true;
	}
	return false;
}

struct family get_family(struct world *world, unsigned n)
{
	struct family family = {0};
	OK(store_family_get(world->store, name_of(world, "mmg_", n), &world->arena, &family));
	return family;
}
