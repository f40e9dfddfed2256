/*
 * rotation.c: the lifecycle of signing keys against a store and a keyd, by an injected clock, with failures at every
 * point. RFC 7517 4.5, OpenID Connect Core 10.1.1.
 */
#include "../keys/fixture.h"

#include "admin/rotation.h"
#include "base/fault.h"
#include "config/config.h"

enum { HOUR_S = 3600, DAY_S = 86400, LIFETIME_S = DAY_S, STEPS_YEAR = 365 * 24, KIDS_MAX = 64, ARENA_MAX = 8 << 20 };

struct world {
	struct fixture keyd;
	struct rotation rotation;
	struct config *config;
	struct arena arena; /* of the policy */
	struct lifecycle_policy policy;
};

static struct config *load(const char *algs)
{
	char text[512], why_mem[CONFIG_WHY_MAX];
	struct buf why;
	struct config *config = NULL;
	snprintf(text, sizeof(text), "issuer: " ISSUER "\nbehind_proxy: true\nkeys:\n  algs: [%s]\n", algs);
	buf_init_fixed(&why, why_mem, sizeof(why_mem));
	if (config_parse("/etc/mintmark/test.yaml", str_of(text), &config, &why) < 0)
		fail_msg("%.*s", STR_ARG(buf_str(&why)));
	return config;
}

static void read_policy(struct world *w)
{
	arena_reset(&w->arena);
	assert_int_equal(rotation_policy(&w->rotation, w->config, &w->arena, &w->policy), 0);
}

static void begin(struct world *w, const char *algs)
{
	struct store_options options = {.kind = STORE_MEMORY};
	memset(w, 0, sizeof(*w));
	fixture_init(&w->keyd);
	assert_int_equal(store_open(&options, &w->rotation.store), 0);
	assert_int_equal(signer_new(fixture_connect(&w->keyd, KEYD_CONTROL), &w->rotation.signer), 0);
	w->rotation.clock = &w->keyd.clock;
	w->config = load(algs);
	arena_init(&w->arena, ARENA_MAX);
	read_policy(w);
}

static void end(struct world *w)
{
	signer_free(w->rotation.signer);
	fixture_done(&w->keyd);
	store_close(w->rotation.store);
	config_unref(w->config);
	arena_done(&w->arena);
}

/* keyd comes back on a new channel and without keys, as after its process was restarted. */
static void restart_keyd(struct world *w)
{
	signer_replace(w->rotation.signer, fixture_connect(&w->keyd, KEYD_CONTROL));
	fixture_join(&w->keyd, w->keyd.n_channels - 1);
	keyring_done(&w->keyd.state.ring);
	assert_int_equal(keyring_init(&w->keyd.state.ring), 0);
}

static void forward(struct world *w, int64_t s) { w->keyd.clock.fixed_us += s * INT64_C(1000000); }

static int64_t now_s(const struct world *w) { return clock_now_s(&w->keyd.clock); }

static void advance(struct world *w, bool changed)
{
	bool ret_changed = !changed;
	assert_int_equal(rotation_advance(&w->rotation, &w->policy, &ret_changed), 0);
	assert_int_equal(ret_changed, changed);
}

static size_t list(struct world *w, bool with_gone, struct arena *arena, struct signing_key **ret_keys)
{
	size_t n;
	arena_init(arena, ARENA_MAX);
	assert_int_equal(store_key_list(w->rotation.store, with_gone, arena, ret_keys, &n), 0);
	return n;
}

static unsigned count(struct world *w, const char *alg, enum key_state state)
{
	struct arena arena;
	struct signing_key *keys;
	unsigned hits = 0;
	size_t n = list(w, true, &arena, &keys);
	for (size_t i = 0; i < n; i++)
		hits += str_eq(keys[i].alg, str_of(alg)) && keys[i].state == state;
	arena_done(&arena);
	return hits;
}

/* The kid that signs for alg. */
static void active_kid(struct world *w, struct str alg, char ret_kid[MODEL_ID_MAX + 1])
{
	struct arena arena;
	struct signing_key *keys;
	unsigned hits = 0;
	size_t n = list(w, false, &arena, &keys);
	for (size_t i = 0; i < n; i++) {
		if (keys[i].state != KEY_ACTIVE || !str_eq(keys[i].alg, alg))
			continue;
		memcpy(ret_kid, keys[i].kid.p, keys[i].kid.len);
		ret_kid[keys[i].kid.len] = '\0';
		hits++;
	}
	arena_done(&arena);
	assert_int_equal(hits, 1);
}

static int sign(struct world *w, const char *kid, struct buf *token)
{
	struct sign_job job = {.claims = fixture_claims(kid), .token = token};
	job.claims.iat_s = now_s(w);
	job.claims.exp_s = now_s(w) + LIFETIME_S;
	buf_reset(token);
	return signer_sign(w->rotation.signer, &job, 60000);
}

/* Against the key set as the server publishes it: whatever is in the store and not gone. */
static enum verdict verify(struct world *w, struct str token)
{
	struct arena arena;
	struct signing_key *keys;
	struct buf text;
	struct json_out out;
	struct jwks *jwks = NULL;
	struct jws jws;
	size_t n = list(w, false, &arena, &keys);
	buf_init(&text, 1 << 20);
	json_out_init(&out, &text);
	json_open(&out, NULL, '{');
	json_open(&out, "keys", '[');
	for (size_t i = 0; i < n; i++)
		json_raw(&out, NULL, keys[i].public_jwk);
	json_close(&out, ']');
	json_close(&out, '}');
	assert_int_equal(jwks_parse(buf_str(&text), 1 << 20, &jwks), 0);
	enum verdict verdict = jws_parse(token, &arena, &jws);
	if (verdict == VERDICT_VALID)
		verdict = jws_verify(&jws, jwks, JWK_ALGS_ALL);
	jwks_free(jwks);
	buf_done(&text);
	arena_done(&arena);
	return verdict;
}

static bool keyd_has(struct world *w, struct str kid)
{
	struct buf jwks;
	buf_init(&jwks, 1 << 20);
	assert_int_equal(signer_public(w->rotation.signer, &jwks), 0);
	bool found = memmem(jwks.p, jwks.len, kid.p, kid.len) != NULL;
	buf_done(&jwks);
	return found;
}

static void check_signs(struct world *w, struct str alg)
{
	char kid[MODEL_ID_MAX + 1];
	struct buf token;
	buf_init(&token, SIGNER_TOKEN_MAX);
	active_kid(w, alg, kid);
	assert_int_equal(sign(w, kid, &token), 0);
	assert_int_equal(verify(w, buf_str(&token)), VERDICT_VALID);
	buf_done(&token);
}

static void check_all_sign(struct world *w)
{
	for (size_t i = 0; i < w->policy.n_algs; i++)
		check_signs(w, w->policy.algs[i]);
}

static void first_start_makes_active_keys(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "ES256, RS256, EdDSA");
	advance(&w, true);
	assert_int_equal(count(&w, "ES256", KEY_ACTIVE), 1);
	assert_int_equal(count(&w, "RS256", KEY_ACTIVE), 1);
	assert_int_equal(count(&w, "EdDSA", KEY_ACTIVE), 1);
	assert_int_equal(count(&w, "ES384", KEY_ACTIVE), 0);
	check_all_sign(&w);
	advance(&w, false);
	/* another life of keyd: what the store has is what signs */
	restart_keyd(&w);
	assert_int_equal(rotation_load(&w.rotation), 0);
	check_all_sign(&w);
	/* another master key: nothing opens, and that shows */
	memset(w.keyd.state.master, 1, sizeof(w.keyd.state.master));
	assert_int_equal(rotation_load(&w.rotation), E_SIGNER);
	end(&w);
}

/* What is known of each key that was ever seen. */
struct life {
	char kid[MODEL_ID_MAX + 1];
	int64_t published_s, active_s, retiring_s;
};

struct year {
	struct life lives[KIDS_MAX];
	size_t n;
	struct buf tokens[2][LIFETIME_S / HOUR_S + 1]; /* the last day's, by hour */
	size_t step;
};

static struct life *life_of(struct year *year, struct str kid, int64_t now)
{
	for (size_t i = 0; i < year->n; i++)
		if (str_eq(str_of(year->lives[i].kid), kid))
			return &year->lives[i];
	assert_true(year->n < KIDS_MAX);
	struct life *life = &year->lives[year->n++];
	memcpy(life->kid, kid.p, kid.len);
	life->published_s = now;
	return life;
}

static void watch_key(struct world *w, struct year *year, const struct signing_key *key)
{
	struct life *life = life_of(year, key->kid, now_s(w));
	if (key->state == KEY_ACTIVE && life->active_s == 0) {
		life->active_s = now_s(w);
		if (life->published_s != NOW_S) /* the very first ones sign at once */
			assert_true(life->active_s - life->published_s >= w->policy.prepublish_s);
	}
	if (key->state == KEY_RETIRING && life->retiring_s == 0)
		life->retiring_s = now_s(w);
	if (key->state == KEY_GONE) {
		assert_int_equal(key->sealed.len, 0);
		assert_true(key->gone_s - life->retiring_s >= LIFETIME_S);
		assert_false(keyd_has(w, key->kid));
	}
}

static void watch_keys(struct world *w, struct year *year)
{
	struct arena arena;
	struct signing_key *keys;
	size_t n = list(w, true, &arena, &keys);
	for (size_t i = 0; i < n; i++)
		watch_key(w, year, &keys[i]);
	arena_done(&arena);
	assert_int_equal(count(w, "ES256", KEY_ACTIVE), 1);
	assert_int_equal(count(w, "EdDSA", KEY_ACTIVE), 1);
}

/* Sign each hour; what was signed a day ago still verifies in its last second. */
static void watch_tokens(struct world *w, struct year *year)
{
	const size_t hours = LIFETIME_S / HOUR_S + 1;
	struct str algs[] = {STR("ES256"), STR("EdDSA")};
	for (size_t a = 0; a < 2; a++) {
		char kid[MODEL_ID_MAX + 1];
		struct buf *oldest = &year->tokens[a][(year->step + 1) % hours];
		if (oldest->len > 0)
			assert_int_equal(verify(w, buf_str(oldest)), VERDICT_VALID);
		active_kid(w, algs[a], kid);
		assert_int_equal(sign(w, kid, &year->tokens[a][year->step % hours]), 0);
	}
	year->step++;
}

static void a_year(void **state)
{
	static struct year year;
	struct world w;
	(void)state;
	begin(&w, "ES256, EdDSA");
	year = (struct year){0};
	for (size_t i = 0; i < 2 * (LIFETIME_S / HOUR_S + 1); i++)
		buf_init(&year.tokens[i % 2][i / 2], SIGNER_TOKEN_MAX);
	for (unsigned step = 0; step < STEPS_YEAR; step++) {
		bool changed;
		assert_int_equal(rotation_advance(&w.rotation, &w.policy, &changed), 0);
		watch_keys(&w, &year);
		watch_tokens(&w, &year);
		forward(&w, HOUR_S);
	}
	/* at 0, 90, 180, 270 and 360 days; none is lost, none too many */
	assert_int_equal(year.n, 2 * 5);
	assert_int_equal(count(&w, "ES256", KEY_GONE), 4);
	assert_int_equal(count(&w, "ES256", KEY_ACTIVE), 1);
	for (size_t i = 0; i < 2 * (LIFETIME_S / HOUR_S + 1); i++)
		buf_done(&year.tokens[i % 2][i / 2]);
	end(&w);
}

/* The operator's order: all at once, once; old tokens live on. */
static void rotate_now(void **state)
{
	struct world w;
	char before[MODEL_ID_MAX + 1], after[MODEL_ID_MAX + 1];
	struct buf token;
	(void)state;
	begin(&w, "ES256, EdDSA");
	buf_init(&token, SIGNER_TOKEN_MAX);
	advance(&w, true);
	active_kid(&w, STR("ES256"), before);
	assert_int_equal(sign(&w, before, &token), 0);
	forward(&w, 60);
	w.policy.rotate_now = true;
	advance(&w, true);
	w.policy.rotate_now = false;
	active_kid(&w, STR("ES256"), after);
	assert_string_not_equal(before, after);
	assert_int_equal(count(&w, "ES256", KEY_RETIRING), 1);
	assert_int_equal(count(&w, "EdDSA", KEY_RETIRING), 1);
	assert_int_equal(count(&w, "ES256", KEY_NEXT), 0);
	check_all_sign(&w);
	advance(&w, false);
	forward(&w, LIFETIME_S - 61);
	advance(&w, false);
	assert_int_equal(verify(&w, buf_str(&token)), VERDICT_VALID);
	forward(&w, w.policy.retire_after_s);
	advance(&w, true);
	assert_int_equal(verify(&w, buf_str(&token)), VERDICT_KEY_UNKNOWN);
	assert_false(keyd_has(&w, str_of(before)));
	buf_done(&token);
	end(&w);
}

static void an_api_brings_its_algorithm(void **state)
{
	static const struct audit_note note = {NOW_S, STR("test"), STR("test"), STR("test"), STR("")};
	struct api api = {.id = STR("mmr_one"), .audience = STR("https://api.example/"), .alg = STR("ES384"),
			  .created_s = NOW_S};
	struct world w;
	(void)state;
	begin(&w, "ES256");
	advance(&w, true);
	assert_int_equal(store_api_put(w.rotation.store, &api, &note), 0);
	read_policy(&w);
	advance(&w, true);
	check_all_sign(&w);
	assert_int_equal(count(&w, "ES384", KEY_ACTIVE), 1);
	assert_int_equal(count(&w, "ES256", KEY_ACTIVE), 1);
	/* and takes it along: not before its last token has ended */
	assert_int_equal(store_api_delete(w.rotation.store, api.id, &note), 0);
	read_policy(&w);
	advance(&w, true);
	assert_int_equal(count(&w, "ES384", KEY_RETIRING), 1);
	forward(&w, w.policy.retire_after_s - 1);
	advance(&w, false);
	forward(&w, 1);
	advance(&w, true);
	assert_int_equal(count(&w, "ES384", KEY_GONE), 1);
	assert_int_equal(count(&w, "ES256", KEY_ACTIVE), 1);
	end(&w);
}

#ifdef MINTMARK_FAULTS
/* Bring a new world to the point where the next advance has something to do. */
static void to_start(struct world *w) { (void)w; }

static void to_successor(struct world *w)
{
	advance(w, true);
	forward(w, w->policy.rotate_every_s - w->policy.prepublish_s);
}

static void to_promotion(struct world *w)
{
	to_successor(w);
	advance(w, true);
	forward(w, w->policy.prepublish_s);
}

static void to_gone(struct world *w)
{
	to_promotion(w);
	advance(w, true);
	forward(w, w->policy.retire_after_s);
}

static void to_order(struct world *w)
{
	advance(w, true);
	forward(w, 60);
	w->policy.rotate_now = true;
}

static void to_successor_and_order(struct world *w)
{
	to_successor(w);
	advance(w, true);
	w->policy.rotate_now = true;
}

static void (*const points[])(struct world *w) = {
	to_start, to_successor, to_promotion, to_gone, to_order, to_successor_and_order,
};

struct trial {
	enum fault_kind kind;
	void (*go_to)(struct world *w);
	bool restarts; /* the process dies at the failure */
};

/* The failure ended this life of the process, or its channel. */
static void revive(struct world *w, bool restarts)
{
	if (!restarts && signer_alive(w->rotation.signer))
		return;
	restart_keyd(w);
	assert_int_equal(rotation_load(&w->rotation), 0);
}

/* True when the armed fault was met. */
static bool try(const struct trial *trial, long nth)
{
	struct world w;
	unsigned active[2];
	bool changed, ordered;
	begin(&w, "ES256, EdDSA");
	trial->go_to(&w);
	active[0] = count(&w, "ES256", KEY_ACTIVE);
	active[1] = count(&w, "EdDSA", KEY_ACTIVE);
	unsigned waiting = count(&w, "ES256", KEY_NEXT) + count(&w, "EdDSA", KEY_NEXT);
	ordered = w.policy.rotate_now;
	fault_arm(trial->kind, nth);
	int rc = rotation_advance(&w.rotation, &w.policy, &changed);
	bool reached = fault_reached(trial->kind);
	fault_arm(trial->kind, 0);
	assert_true(rc == 0 || reached);
	/* a key that is stored gets published, whatever failed behind it */
	assert_true(changed || count(&w, "ES256", KEY_NEXT) + count(&w, "EdDSA", KEY_NEXT) == waiting);
	/* never without a key once there was one, and the one in use works */
	assert_true(count(&w, "ES256", KEY_ACTIVE) >= active[0]);
	assert_true(count(&w, "EdDSA", KEY_ACTIVE) >= active[1]);
	revive(&w, trial->restarts);
	if (active[0] > 0)
		check_all_sign(&w);
	w.policy.rotate_now = ordered && rc < 0;
	assert_int_equal(rotation_advance(&w.rotation, &w.policy, &changed), 0);
	w.policy.rotate_now = false;
	assert_int_equal(rotation_advance(&w.rotation, &w.policy, &changed), 0);
	assert_false(changed);
	check_all_sign(&w);
	end(&w);
	return reached;
}

static void converges_from_every_point(void **state)
{
	static const enum fault_kind kinds[] = {FAULT_STORE, FAULT_SIGNER, FAULT_RANDOM, FAULT_WRITE, FAULT_ALLOC};
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		for (size_t p = 0; p < sizeof(points) / sizeof(points[0]); p++) {
			struct trial trial = {kinds[i], points[p], false};
			for (long nth = 1; try(&trial, nth); nth++)
				;
			trial.restarts = true;
			for (long nth = 1; kinds[i] != FAULT_ALLOC && try(&trial, nth); nth++)
				;
		}
	}
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_start_makes_active_keys),
		cmocka_unit_test(a_year),
		cmocka_unit_test(rotate_now),
		cmocka_unit_test(an_api_brings_its_algorithm),
#ifdef MINTMARK_FAULTS
		cmocka_unit_test(converges_from_every_point),
#endif
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
