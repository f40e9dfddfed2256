/*
 * Consent, what apps have beside other clients, figures of use; what goes with an account, a client, an API; and the
 * sweep.
 */
#include "people.h"

enum { HOUR_S = 3600, DAY_S = 86400, TODAY = NOW_S / DAY_S };

static int get_consent(struct world *world, const char *account, const char *client)
{
	struct consent got;
	return store_consent_get(world->store, str_of(account), str_of(client), &world->arena, &got);
}

static void consent_refused(void **state)
{
	struct world *world = *state;
	struct consent consent = a_consent(world, 1);
	FAILS(get_consent(world, "mma_0001", "mmc_0001"), E_ABSENT);
	FAILS(store_consent_delete(world->store, STR("mma_0001"), STR("mmc_0001"), &a_note), E_ABSENT);
	consent.account_id = STR("mma_none");
	FAILS(store_consent_put(world->store, &consent, &a_note), E_ABSENT);
	consent = a_consent(world, 7);
	FAILS(store_consent_put(world->store, &consent, &a_note), E_ABSENT);
	consent = a_consent(world, 1);
	consent.scope = STR("a\nb");
	FAILS(store_consent_put(world->store, &consent, &a_note), E_SYNTAX);
}

static void consent(void **state)
{
	struct world *world = *state;
	struct consent consent = a_consent(world, 1), got, *list;
	size_t n;
	OK(store_consent_put(world->store, &consent, &a_note));
	consent = a_consent(world, 2);
	OK(store_consent_put(world->store, &consent, &a_note));
	consent.scope = STR("openid");
	consent.changed_s = NOW_S + 50;
	OK(store_consent_put(world->store, &consent, &a_note));
	world_reopen(world);
	OK(store_consent_get(world->store, STR("mma_0001"), STR("mmc_0002"), &world->arena, &got));
	IS(got.account_id, "mma_0001");
	IS(got.client_id, "mmc_0002");
	IS(got.scope, "openid");
	assert_int_equal(got.created_s, NOW_S + 2);
	assert_int_equal(got.changed_s, NOW_S + 50);
	OK(store_consent_list(world->store, STR("mma_0001"), &world->arena, &list, &n));
	assert_int_equal(n, 2);
	IS(list[0].client_id, "mmc_0001");
	OK(store_consent_list(world->store, STR("mma_0002"), &world->arena, &list, &n));
	assert_int_equal(n, 0);
	FAILS(get_consent(world, "mma_0002", "mmc_0002"), E_ABSENT);
}

/* Who withdraws consent ends what the app got by it; others keep theirs. */
static void consent_withdrawn(void **state)
{
	struct world *world = *state;
	struct consent consent = a_consent(world, 1);
	OK(store_consent_put(world->store, &consent, &a_note));
	a_family_lives(world, 1);
	a_family_lives(world, 2);
	struct issue issue = an_issue(world, 3, true);
	struct family other = *issue.family;
	other.client_id = STR("mmc_0002");
	issue.family = &other;
	struct code code = a_code(world, 3);
	OK(store_code_put(world->store, &code, NULL));
	OK(store_code_redeem(world->store, code.sha256, &issue, &a_note));
	OK(store_consent_delete(world->store, STR("mma_0001"), STR("mmc_0001"), &a_note));
	FAILS(get_consent(world, "mma_0001", "mmc_0001"), E_ABSENT);
	assert_int_equal(get_family(world, 1).ended_s, NOW_S);
	assert_int_equal(get_family(world, 2).ended_s, NOW_S);
	assert_int_equal(get_family(world, 3).ended_s, 0);
	assert_true(is_revoked(world, STR("jti-0001")) && is_revoked(world, STR("jti-0002")));
	assert_false(is_revoked(world, STR("jti-0003")));
}

static void approve(struct world *world, unsigned n, const char *user_code, const char *client_id)
{
	struct device device = a_device(world, n), decision = a_decision(DEVICE_APPROVED);
	device.client_id = str_of(client_id);
	OK(store_device_put(world->store, &device));
	OK(store_device_decide(world->store, str_of(user_code), &decision, NOW_S, &a_note));
}

static enum device_state state_of(struct world *world, unsigned n)
{
	struct device device;
	OK(store_device_peek(world->store, hash_of(world, n), STR(""), &world->arena, &device));
	return device.state;
}

/* What was allowed and not fetched yet goes too: else the app fetches it behind the person's back. */
static void consent_withdrawn_before_it_was_used(void **state)
{
	struct world *world = *state;
	struct consent consent = a_consent(world, 1);
	struct code mine = a_code(world, 3), others = a_code(world, 4), got;
	bool used;
	others.client_id = STR("mmc_0002");
	OK(store_consent_put(world->store, &consent, &a_note));
	OK(store_code_put(world->store, &mine, NULL));
	OK(store_code_put(world->store, &others, NULL));
	approve(world, 5, "CODE0005", "mmc_0001");
	approve(world, 6, "CODE0006", "mmc_0002");
	OK(store_consent_delete(world->store, STR("mma_0001"), STR("mmc_0001"), &a_note));
	FAILS(store_code_peek(world->store, mine.sha256, &world->arena, &got, &used), E_ABSENT);
	OK(store_code_peek(world->store, others.sha256, &world->arena, &got, &used));
	assert_int_equal(state_of(world, 5), DEVICE_DENIED);
	assert_int_equal(state_of(world, 6), DEVICE_APPROVED);
}

static void expect_app(const struct client *got, const struct client *want)
{
	assert_int_equal(got->kind, CLIENT_APP);
	assert_int_equal(got->networks.n, want->networks.n);
	for (size_t i = 0; i < want->networks.n; i++)
		assert_true(str_eq(got->networks.v[i], want->networks.v[i]));
	const struct client_app *a = &got->app, *b = &want->app;
	assert_int_equal(a->grant_types, b->grant_types);
	assert_true(a->native == b->native && a->trusted == b->trusted && a->par_required == b->par_required);
	assert_int_equal(a->registered, b->registered);
	assert_memory_equal(a->registration_sha256, b->registration_sha256, 32);
	assert_int_equal(a->redirect_uris.n, b->redirect_uris.n);
	for (size_t i = 0; i < b->redirect_uris.n; i++)
		assert_true(str_eq(a->redirect_uris.v[i], b->redirect_uris.v[i]));
	assert_int_equal(a->logout_uris.n, b->logout_uris.n);
	assert_true(str_eq(a->id_token_alg, b->id_token_alg) && str_eq(a->uri, b->uri) &&
		    str_eq(a->logo_uri, b->logo_uri) && str_eq(a->policy_uri, b->policy_uri) &&
		    str_eq(a->tos_uri, b->tos_uri));
}

static void apps(void **state)
{
	struct world *world = *state;
	struct client app = an_app(world, 1), got, *list;
	size_t n;
	world_reopen(world);
	got = get_client(world, app.id);
	expect_app(&got, &app);
	OK(store_client_list(world->store, &(struct store_client_range){.range.limit = 10}, &world->arena, &list, &n));
	expect_app(&list[0], &app);
	app.app = (struct client_app){.trusted = true, .grant_types = CLIENT_GRANT_DEVICE};
	app.networks.n = 1;
	OK(store_client_update(world->store, &app, false, &a_note));
	got = get_client(world, app.id);
	expect_app(&got, &app);
	/* A service stays one, whatever an update says. */
	struct client service = a_client(world, 8);
	OK(store_client_put(world->store, &service, &a_note));
	service.networks = app.networks;
	service.app.trusted = true;
	OK(store_client_update(world->store, &service, false, &a_note));
	got = get_client(world, service.id);
	assert_int_equal(got.networks.n, 1);
	assert_true(got.kind == CLIENT_SERVICE && !got.app.trusted);
}

static void registered_found_by_hash(void **state)
{
	struct world *world = *state;
	struct client one = get_client(world, an_app(world, 1).id), two = an_app(world, 9), three = an_app(world, 8);
	static const unsigned char nothing[32];
	struct str id = {0};
	OK(store_client_put(world->store, &two, &a_note));
	three.app.registered = false;
	OK(store_client_put(world->store, &three, &a_note));
	OK(store_client_find_registered(world->store, two.app.registration_sha256, &world->arena, &id));
	assert_true(str_eq(id, two.id));
	FAILS(store_client_find_registered(world->store, three.app.registration_sha256, &world->arena, &id), E_ABSENT);
	FAILS(store_client_find_registered(world->store, nothing, &world->arena, &id), E_ABSENT);
	FAILS(store_client_find_registered(world->store, NULL, &world->arena, &id), E_SYNTAX);
	memset(two.app.registration_sha256, 0, 32); /* how one is made useless */
	OK(store_client_update(world->store, &two, false, &a_note));
	FAILS(store_client_find_registered(world->store, an_app(world, 9).app.registration_sha256, &world->arena, &id),
	      E_ABSENT);
	OK(store_client_find_registered(world->store, one.app.registration_sha256, &world->arena, &id));
	assert_true(str_eq(id, one.id));
}

static void apps_refused(void **state)
{
	static char longest[MODEL_URI_MAX + 1];
	static struct str many[MODEL_URIS_MAX + 1];
	struct world *world = *state;
	struct client app = an_app(world, 9);
	memset(longest, 'u', sizeof(longest));
	for (size_t i = 0; i < COUNT(many); i++)
		many[i] = STR("https://app.example/");
	app.account_id = STR("mma_0001"); /* an app is nobody's */
	FAILS(store_client_put(world->store, &app, &a_note), E_SYNTAX);
	app.account_id = STR("");
	app.app.redirect_uris = (struct str_list){many, MODEL_URIS_MAX + 1};
	FAILS(store_client_put(world->store, &app, &a_note), E_LIMIT);
	app.app.redirect_uris.n--;
	app.app.logout_uris = app.app.redirect_uris;
	app.app.tos_uri = str_mem(longest, MODEL_URI_MAX + 1);
	FAILS(store_client_put(world->store, &app, &a_note), E_LIMIT);
	app.app.tos_uri.len--;
	many[3] = STR("a\nb");
	FAILS(store_client_put(world->store, &app, &a_note), E_SYNTAX);
	many[3] = STR("");
	FAILS(store_client_put(world->store, &app, &a_note), E_SYNTAX);
	many[3] = app.app.tos_uri;
	app.app.grant_types = 2 * CLIENT_GRANT_SELF;
	FAILS(store_client_put(world->store, &app, &a_note), E_SYNTAX);
	app.app.grant_types = CLIENT_GRANT_SELF;
	app.networks = (struct str_list){many, MODEL_NETWORKS_MAX + 1};
	FAILS(store_client_put(world->store, &app, &a_note), E_LIMIT);
	app.networks.n = 0;
	OK(store_client_put(world->store, &app, &a_note));
	struct client got = get_client(world, app.id);
	expect_app(&got, &app);
}

static void put_people(struct world *world)
{
	struct session session = a_session(world, 21);
	struct passkey passkey = a_passkey(world, 22);
	struct upstream_link link = a_link(world, 23);
	struct once once = a_once(world, ONCE_RESET, 24);
	struct code code = a_code(world, 25);
	struct device device = a_device(world, 27), decision = a_decision(DEVICE_APPROVED);
	struct consent consent = a_consent(world, 1);
	OK(store_session_put(world->store, &session, NULL, &a_note));
	OK(store_login_set_password(world->store, STR("mma_0001"), STR("$argon2id$"), session.sha256, 0, &a_note));
	OK(store_passkey_put(world->store, &passkey, &a_note));
	OK(store_upstream_put(world->store, &link, &a_note));
	OK(store_once_put(world->store, &once, NULL));
	OK(store_code_put(world->store, &code, NULL));
	a_family_lives(world, 26);
	OK(store_device_put(world->store, &device));
	OK(store_device_decide(world->store, STR("CODE0027"), &decision, NOW_S, &a_note));
	OK(store_consent_put(world->store, &consent, &a_note));
}

/* Which of what put_people made is there: a bit each, in its order without the login. */
static unsigned which(struct world *world)
{
	struct store *store = world->store;
	struct arena *arena = &world->arena;
	struct session session;
	struct account account;
	struct passkey passkey;
	struct upstream_link wanted = a_link(world, 23), link;
	struct once once;
	struct code code;
	struct family family;
	struct refresh refresh;
	struct device device;
	bool used;
	const struct store_once_key key = {hash_of(world, 24), ONCE_RESET, NOW_S};
	const bool there[] = {
		store_session_get(store, hash_of(world, 21), NOW_S, arena, &session, &account) == 0,
		store_passkey_get(store, str_mem(hash_of(world, 22), 32), arena, &passkey) == 0,
		store_upstream_get(store, wanted.issuer, wanted.subject, arena, &link) == 0,
		store_once_peek(store, &key, arena, &once) == 0,
		store_code_peek(store, hash_of(world, 25), arena, &code, &used) == 0,
		store_family_get(store, STR("mmg_0026"), arena, &family) == 0,
		store_refresh_peek(store, hash_of(world, 1026), arena, &refresh, &family) == 0,
		store_device_peek(store, hash_of(world, 27), STR(""), arena, &device) == 0,
		get_consent(world, "mma_0001", "mmc_0001") == 0,
	};
	unsigned bits = 0;
	for (unsigned i = 0; i < COUNT(there); i++)
		bits |= (unsigned)there[i] << i;
	return bits;
}

static void all_go_with_the_account(void **state)
{
	struct world *world = *state;
	struct login login;
	put_people(world);
	assert_int_equal(which(world), 0x1ff);
	OK(store_account_delete(world->store, STR("mma_0002"), true, UNTIL_S, &a_note));
	assert_int_equal(which(world), 0x1ff);
	OK(store_account_delete(world->store, STR("mma_0001"), false, UNTIL_S, &a_note));
	assert_int_equal(which(world), 0);
	FAILS(store_login_get(world->store, STR("mma_0001"), &world->arena, &login), E_ABSENT);
	/* A successor of the same id begins with nothing. */
	struct account account = an_account(world, 1);
	OK(store_account_put(world->store, &account, &a_note));
	OK(store_login_get(world->store, STR("mma_0001"), &world->arena, &login));
	assert_int_equal(login.phc.len, 0);
	assert_int_equal(which(world), 0);
	world_reopen(world);
	assert_int_equal(which(world), 0);
}

static void grants_go_with_the_client(void **state)
{
	struct world *world = *state;
	put_people(world);
	OK(store_client_delete(world->store, STR("mmc_0002"), UNTIL_S, &a_note));
	assert_int_equal(which(world), 0x1ff);
	OK(store_client_delete(world->store, STR("mmc_0001"), UNTIL_S, &a_note));
	assert_int_equal(which(world), 0x0f); /* session, passkey, link, one-time row stay */
	struct client app = an_app(world, 1);
	OK(store_client_put(world->store, &app, &a_note));
	assert_int_equal(which(world), 0x0f);
}

/* A grant for an API that is gone is never turned into one for ourselves. */
static void grants_outlive_the_api(void **state)
{
	struct world *world = *state;
	struct code code;
	struct device device;
	bool used;
	put_people(world);
	OK(store_api_delete(world->store, STR("mmr_0001"), &a_note));
	OK(store_code_peek(world->store, hash_of(world, 25), &world->arena, &code, &used));
	IS(code.api_id, "mmr_0001");
	IS(get_family(world, 26).api_id, "mmr_0001");
	OK(store_device_peek(world->store, hash_of(world, 27), STR(""), &world->arena, &device));
	IS(device.api_id, "mmr_0001");
}

static void swept(void **state)
{
	struct world *world = *state;
	bool more = true;
	FAILS(store_sweep(world->store, 0, 10, &more), E_SYNTAX);
	FAILS(store_sweep(world->store, NOW_S, 0, &more), E_LIMIT);
	put_people(world);
	struct once once = a_once(world, ONCE_RESET, 40);
	OK(store_once_put(world->store, &once, NULL));
	/* The code lived 60 s, the device 600, the refresh token 1800, the rest an hour. What is good for one use is
	 * unknown once it is over, so it stays for a minute only: strangers can have any number made. */
	static const struct {
		int64_t at_s;
		unsigned left;
	} sweeps[] = {
		{HOUR_S + 59, 0x1ff},      {HOUR_S + 61, 0x1e7},   {HOUR_S + 601, 0x167},
		{HOUR_S + 1801, 0x127},    {2 * HOUR_S - 1, 0x127}, {2 * HOUR_S + 1, 0x106},
	};
	for (size_t i = 0; i < COUNT(sweeps); i++) {
		OK(store_sweep(world->store, NOW_S + sweeps[i].at_s, 100, &more));
		assert_int_equal(which(world), sweeps[i].left);
		assert_false(more);
	}
}

/* A living family's tokens stay however often somebody sweeps; a family that ended stays until it would have. */
static void swept_in_parts(void **state)
{
	enum { ROWS = 25 };
	struct world *world = *state;
	bool more = false;
	struct once *list;
	size_t n, calls = 0;
	for (unsigned i = 1; i <= ROWS; i++) {
		struct once once = a_once(world, ONCE_VERIFY, i);
		once.expires_s = i <= 5 ? NOW_S + 2 * HOUR_S : NOW_S + 1;
		OK(store_once_put(world->store, &once, NULL));
	}
	a_family_lives(world, 1);
	OK(store_family_end(world->store, STR("mmg_0001"), &a_note));
	do {
		OK(store_sweep(world->store, NOW_S + 2 * HOUR_S - 1, 7, &more));
		assert_true(++calls < 10);
	} while (more);
	const struct store_once_range all = {ONCE_VERIFY, NOW_S, 1000};
	OK(store_once_list(world->store, &all, &world->arena, &list, &n));
	assert_int_equal(n, 5);
	assert_int_equal(get_family(world, 1).ended_s, NOW_S);
}

static void use(struct world *world, struct str secret, int64_t at_s, const char *addr, int64_t times)
{
	OK(store_usage_flush(world->store, &(struct usage_row){secret, at_s, str_of(addr), times}, 1));
}

static void used_by_day(void **state)
{
	struct world *world = *state;
	struct client client = a_client(world, 5);
	struct client_secret one = a_secret(world, client.id, 1), two = a_secret(world, client.id, 2);
	struct use_day *days;
	size_t n;
	OK(store_client_put(world->store, &client, &a_note));
	OK(store_secret_add(world->store, &one, 0, &a_note));
	OK(store_secret_add(world->store, &two, 0, &a_note));
	use(world, one.id, (TODAY - 2) * (int64_t)DAY_S, "::1", 3);
	use(world, one.id, TODAY * (int64_t)DAY_S, "::1", 4);
	use(world, two.id, (TODAY + 1) * (int64_t)DAY_S - 1, "::1", 5);
	use(world, STR("mmk_none"), NOW_S, "::1", 7);
	world_reopen(world);
	OK(store_use_history(world->store, client.id, TODAY - 2, &world->arena, &days, &n));
	assert_int_equal(n, 2);
	assert_int_equal(days[0].day, TODAY - 2);
	assert_int_equal(days[0].count, 3);
	assert_int_equal(days[1].day, TODAY);
	assert_int_equal(days[1].count, 9);
	OK(store_use_history(world->store, client.id, TODAY - 1, &world->arena, &days, &n));
	assert_int_equal(n, 1);
	use(world, two.id, (TODAY + 91) * (int64_t)DAY_S, "::1", 1); /* a quarter later */
	OK(store_use_history(world->store, client.id, 0, &world->arena, &days, &n));
	assert_int_equal(n, 2);
	assert_int_equal(days[0].day, TODAY);
	OK(store_client_delete(world->store, client.id, UNTIL_S, &a_note));
	OK(store_use_history(world->store, client.id, 0, &world->arena, &days, &n));
	assert_int_equal(n, 0);
}

static void used_from(void **state)
{
	struct world *world = *state;
	struct client client = a_client(world, 5);
	struct client_secret one = a_secret(world, client.id, 1), two = a_secret(world, client.id, 2);
	struct secret_host *hosts;
	char addr[20] = "192.0.2.";
	size_t n, own = 0;
	OK(store_client_put(world->store, &client, &a_note));
	OK(store_secret_add(world->store, &one, 0, &a_note));
	OK(store_secret_add(world->store, &two, 0, &a_note));
	for (unsigned i = 0; i < MODEL_HOSTS_MAX + 4; i++) {
		addr[8] = (char)('a' + i);
		use(world, one.id, NOW_S + 10 + i, addr, 1);
	}
	use(world, two.id, NOW_S + 5, "::1", 1);
	use(world, two.id, NOW_S + 3, "::1", 1); /* flushed late: the newest stays */
	world_reopen(world);
	OK(store_secret_hosts(world->store, client.id, &world->arena, &hosts, &n));
	assert_int_equal(n, MODEL_HOSTS_MAX + 1);
	for (size_t i = 0; i + 1 < n; i++) {
		assert_true(hosts[i].last_s > hosts[i + 1].last_s);
		own += str_eq(hosts[i].secret_id, one.id);
	}
	assert_int_equal(own, MODEL_HOSTS_MAX);
	assert_int_equal(hosts[0].last_s, NOW_S + 10 + MODEL_HOSTS_MAX + 3);
	assert_true(str_eq(hosts[n - 1].secret_id, two.id));
	IS(hosts[n - 1].addr, "::1");
	assert_int_equal(hosts[n - 1].last_s, NOW_S + 5);
}

static int forget_unused(struct world *world, int64_t open_before_s, int64_t vouched_before_s, struct str *ret_id)
{
	const struct store_unused unused = {open_before_s, vouched_before_s, UNTIL_S};
	return store_client_forget_unused(world->store, &unused, &world->arena, ret_id, &a_note);
}

/* Apps that registered themselves and that nobody ever let in go, the oldest first; used ones and others never. */
static void unused_ones_go(void **state)
{
	enum { OPEN = 10, LATER, ALLOWED, LOGGED_IN, GOT_A_TOKEN, VOUCHED, APPS };
	struct world *world = *state;
	struct client got;
	struct consent consent = a_consent(world, 1);
	struct str id = STR("untouched");
	for (unsigned n = OPEN; n < APPS; n++) {
		struct client app = an_app(world, n);
		struct client_secret secret = a_secret(world, app.id, n);
		app.app.unused_since_s = NOW_S + (n == LATER ? 100 : n);
		app.app.vouched = n == VOUCHED;
		app.secrets = &secret;
		app.n_secrets = 1;
		OK(store_client_put(world->store, &app, &a_note));
		app.app.unused_since_s = NOW_S + 9999; /* not for an update to say */
		app.app.vouched = false;
		OK(store_client_update(world->store, &app, false, &a_note));
	}
	consent.client_id = name_of(world, "mmc_", ALLOWED);
	OK(store_consent_put(world->store, &consent, &a_note));
	OK(store_consent_delete(world->store, consent.account_id, consent.client_id, &a_note));
	struct code code = a_code(world, 1);
	struct issue issue = an_issue(world, 1, true);
	struct family family = *issue.family;
	code.client_id = family.client_id = name_of(world, "mmc_", LOGGED_IN);
	issue.family = &family;
	OK(store_code_put(world->store, &code, NULL));
	OK(store_code_redeem(world->store, code.sha256, &issue, &a_note));
	struct str with_token = name_of(world, "mmc_", GOT_A_TOKEN);
	const struct usage_row use = {a_secret(world, with_token, GOT_A_TOKEN).id, NOW_S + 1, STR("192.0.2.1"), 1};
	OK(store_usage_flush(world->store, &use, 1));

	world_reopen(world);
	int64_t entries = audit_count(world);
	FAILS(forget_unused(world, 0, 0, &id), E_ABSENT);
	FAILS(forget_unused(world, NOW_S + OPEN, 0, &id), E_ABSENT);
	IS(id, "untouched");
	assert_int_equal(audit_count(world), entries);
	OK(forget_unused(world, NOW_S + OPEN + 1, 0, &id));
	IS(id, "mmc_0010");
	assert_int_equal(audit_count(world), entries + 1);
	FAILS(store_client_get(world->store, id, &world->arena, &got), E_ABSENT);
	struct audit_entry *said;
	size_t n;
	OK(store_audit_about(world->store, &(struct store_audit_about){id, 0, 1}, &world->arena, &said, &n));
	assert_int_equal(said[0].seq, entries + 1);
	FAILS(forget_unused(world, NOW_S + 100, 0, &id), E_ABSENT);
	OK(forget_unused(world, NOW_S + 101, 0, &id));
	IS(id, "mmc_0011");
	FAILS(forget_unused(world, NOW_S + 99999, 0, &id), E_ABSENT);
	OK(forget_unused(world, NOW_S + 99999, NOW_S + 99999, &id));
	IS(id, "mmc_0015");
	FAILS(forget_unused(world, NOW_S + 99999, NOW_S + 99999, &id), E_ABSENT);
	for (unsigned k = ALLOWED; k <= GOT_A_TOKEN; k++)
		(void)get_client(world, name_of(world, "mmc_", k));
	(void)get_client(world, STR("mmc_0001")); /* was registered before that was kept */
}

/* What people allowed, they allowed to what they saw: another name or address, and they are asked again. */
static void consent_is_for_what_was_shown(void **state)
{
	static struct str others[] = {STR("https://app.example/cb"), STR("https://evil.example/cb")};
	struct world *world = *state;
	struct consent first = a_consent(world, 1), second = a_consent(world, 2);
	struct client app = an_app(world, 1);
	second.account_id = STR("mma_0001");
	OK(store_consent_put(world->store, &second, &a_note)); /* for app 2 */
	a_family_lives(world, 1);

	OK(store_consent_put(world->store, &first, &a_note));
	app.app.uri = STR("https://app.example/other");
	app.app.trusted = true;
	app.lifetime_s = 60;
	OK(store_client_update(world->store, &app, false, &a_note));
	OK(get_consent(world, "mma_0001", "mmc_0001"));
	app.name = STR("Another name");
	OK(store_client_update(world->store, &app, false, &a_note));
	FAILS(get_consent(world, "mma_0001", "mmc_0001"), E_ABSENT);

	OK(store_consent_put(world->store, &first, &a_note));
	OK(store_client_update(world->store, &app, true, &a_note));
	OK(get_consent(world, "mma_0001", "mmc_0001"));
	app.app.redirect_uris = (struct str_list){others, 2};
	OK(store_client_update(world->store, &app, false, &a_note));
	FAILS(get_consent(world, "mma_0001", "mmc_0001"), E_ABSENT);
	world_reopen(world);
	FAILS(get_consent(world, "mma_0001", "mmc_0001"), E_ABSENT);
	OK(get_consent(world, "mma_0001", "mmc_0002"));
	assert_int_equal(get_family(world, 1).ended_s, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, people_setup, world_teardown)
static const struct CMUnitTest tests[] = {
	TEST(consent_refused), TEST(consent_is_for_what_was_shown), TEST(unused_ones_go),
	TEST(consent),
	TEST(consent_withdrawn),
	TEST(consent_withdrawn_before_it_was_used),
	TEST(apps),
	TEST(registered_found_by_hash), TEST(apps_refused),
	TEST(all_go_with_the_account),
	TEST(grants_go_with_the_client),
	TEST(grants_outlive_the_api),
	TEST(swept),
	TEST(swept_in_parts),
	TEST(used_by_day),
	TEST(used_from),
};

int main(int argc, char **argv)
{
	world_backend(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
