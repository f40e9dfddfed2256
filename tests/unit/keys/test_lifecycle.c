/*
 * A simulated year and more of key rotation, hour by hour, with the process killed at random points: after each
 * generated key, before and after the moves. ATTACKS 48.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "keys/lifecycle.h"

enum { HOUR = 3600, DAY = 86400, KEYS = 400, START = 1800000000 };

struct world {
	struct signing_key keys[KEYS];
	char kids[KEYS][16];
	int64_t last_signed_s[KEYS];
	bool ordered[KEYS]; /* promoted by order or because there was no other */
	size_t n;
	int64_t now_s;
	struct lifecycle_policy policy;
	unsigned random;
	unsigned promotions;
};

static struct lifecycle_policy usual(void)
{
	return (struct lifecycle_policy){.algs = {STR("ES256"), STR("RS256")},
					 .n_algs = 2,
					 .rotate_every_s = 90 * DAY,
					 .prepublish_s = DAY,
					 .retire_after_s = DAY + 60};
}

static void begin(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->now_s = START;
	w->policy = usual();
	w->random = 1;
}

/* Deterministic: a failure repeats. */
static unsigned dice(struct world *w, unsigned sides)
{
	w->random = w->random * 1103515245 + 12345;
	return (w->random >> 16) % sides;
}

static void plan(struct world *w, struct lifecycle_plan *ret_plan)
{
	struct signing_key live[KEYS];
	size_t n = 0;
	for (size_t i = 0; i < w->n; i++)
		if (w->keys[i].state != KEY_GONE)
			live[n++] = w->keys[i];
	lifecycle_plan(&w->policy, live, n, w->now_s, ret_plan);
}

static void generate(struct world *w, struct str alg)
{
	size_t i = w->n++;
	assert_true(i < KEYS);
	snprintf(w->kids[i], sizeof(w->kids[i]), "kid-%zu", i);
	w->keys[i] =
		(struct signing_key){.kid = str_of(w->kids[i]), .alg = alg, .state = KEY_NEXT, .created_s = w->now_s};
}

static struct signing_key *find(struct world *w, struct str kid)
{
	for (size_t i = 0; i < w->n; i++)
		if (str_eq(w->keys[i].kid, kid))
			return &w->keys[i];
	fail_msg("unknown kid");
	return NULL;
}

static unsigned count(const struct world *w, const char *alg, enum key_state state)
{
	unsigned n = 0;
	for (size_t i = 0; i < w->n; i++)
		n += str_eq(w->keys[i].alg, str_of(alg)) && w->keys[i].state == state;
	return n;
}

static void move(struct world *w, const struct key_move *m, bool had_active)
{
	struct signing_key *key = find(w, m->kid);
	size_t i = (size_t)(key - w->keys);
	assert_int_equal(key->state, m->from);
	assert_true(m->to > m->from);
	key->state = m->to;
	if (m->to == KEY_ACTIVE) {
		w->promotions++;
		key->active_s = w->now_s;
		if (had_active && !w->policy.rotate_now) /* never used before it was published long enough */
			assert_true(w->now_s - key->created_s >= w->policy.prepublish_s);
	} else if (m->to == KEY_RETIRING) {
		key->retiring_s = w->now_s;
	} else {
		key->gone_s = w->now_s;
		if (w->last_signed_s[i] > 0) /* never gone while its last token may live */
			assert_true(w->now_s - w->last_signed_s[i] >= w->policy.retire_after_s);
	}
}

/* All moves: one transaction. */
static void apply(struct world *w, const struct lifecycle_plan *p)
{
	bool had[LIFECYCLE_MOVES_MAX];
	for (size_t i = 0; i < p->n_moves; i++)
		had[i] = count(w, find(w, p->moves[i].kid)->alg.p, KEY_ACTIVE) > 0;
	for (size_t i = 0; i < p->n_moves; i++)
		move(w, &p->moves[i], had[i]);
}

/* One run of the caller; it dies where the dice say. True when nothing is left to do. */
static bool run(struct world *w, bool may_die)
{
	struct lifecycle_plan p;
	for (int round = 0; round < 4; round++) {
		plan(w, &p);
		if (p.n_generate == 0 && p.n_moves == 0)
			return true;
		assert_true(p.n_generate == 0 || p.n_moves == 0);
		for (size_t i = 0; i < p.n_generate; i++) {
			if (may_die && dice(w, 3) == 0)
				return false;
			generate(w, p.generate[i]);
		}
		if (may_die && dice(w, 3) == 0)
			return false;
		apply(w, &p);
		if (p.n_moves > 0)
			w->policy.rotate_now = false;
		if (may_die && dice(w, 3) == 0)
			return false;
	}
	fail_msg("does not converge");
	return false;
}

static void sign(struct world *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->keys[i].state == KEY_ACTIVE)
			w->last_signed_s[i] = w->now_s;
}

static void test_first_start(void **state)
{
	struct world w;
	(void)state;
	begin(&w);
	assert_true(run(&w, false));
	assert_int_equal(w.n, 2);
	assert_int_equal(count(&w, "ES256", KEY_ACTIVE), 1);
	assert_int_equal(count(&w, "RS256", KEY_ACTIVE), 1);
	assert_true(run(&w, false)); /* idempotent */
	assert_int_equal(w.n, 2);
}

static void year(bool may_die, unsigned seed)
{
	struct world w;
	begin(&w);
	w.random = seed;
	while (!run(&w, may_die))
		continue;
	for (int hour = 0; hour < 400 * 24; hour++) {
		w.now_s += HOUR;
		run(&w, may_die);
		sign(&w);
		assert_int_equal(count(&w, "ES256", KEY_ACTIVE), 1);
		assert_int_equal(count(&w, "RS256", KEY_ACTIVE), 1);
		assert_true(count(&w, "ES256", KEY_NEXT) <= 1);
		assert_true(count(&w, "ES256", KEY_RETIRING) <= 1);
	}
	assert_int_equal(w.promotions, 2 + 2 * 4); /* 90, 180, 270, 360 days */
	assert_int_equal(count(&w, "ES256", KEY_GONE), 4);
}

static void test_year(void **state)
{
	(void)state;
	year(false, 1);
}

static void test_attack_48_year_with_deaths(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 10; seed++)
		year(true, seed);
}

/* The exact hours of one rotation. */
static void test_times(void **state)
{
	struct world w;
	(void)state;
	begin(&w);
	run(&w, false);
	w.now_s = START + 89 * DAY - 1;
	run(&w, false);
	assert_int_equal(count(&w, "ES256", KEY_NEXT), 0);
	w.now_s++;
	run(&w, false);
	assert_int_equal(count(&w, "ES256", KEY_NEXT), 1);
	w.now_s = START + 90 * DAY - 1;
	run(&w, false);
	assert_int_equal(count(&w, "ES256", KEY_RETIRING), 0);
	w.now_s++;
	run(&w, false);
	assert_int_equal(count(&w, "ES256", KEY_NEXT), 0);
	assert_int_equal(count(&w, "ES256", KEY_RETIRING), 1);
	w.now_s += DAY + 59;
	run(&w, false);
	assert_int_equal(count(&w, "ES256", KEY_GONE), 0);
	w.now_s++;
	run(&w, false);
	assert_int_equal(count(&w, "ES256", KEY_GONE), 1);
}

/* Nobody ran for a year: the next key must still be published before it signs. */
static void test_long_sleep(void **state)
{
	struct world w;
	(void)state;
	begin(&w);
	run(&w, false);
	w.now_s += 365 * DAY;
	run(&w, false);
	assert_int_equal(count(&w, "ES256", KEY_NEXT), 1);
	assert_int_equal(count(&w, "ES256", KEY_RETIRING), 0);
	w.now_s += DAY;
	run(&w, false);
	assert_int_equal(count(&w, "ES256", KEY_RETIRING), 1);
}

static void test_rotate_now(void **state)
{
	(void)state;
	for (int prepared = 0; prepared < 2; prepared++) {
		struct world w;
		begin(&w);
		run(&w, false);
		w.now_s += HOUR;
		if (prepared) /* one algorithm has its next key already: both rotate all the same */
			generate(&w, STR("ES256"));
		w.policy.rotate_now = true;
		assert_true(run(&w, false));
		assert_int_equal(count(&w, "ES256", KEY_ACTIVE), 1);
		assert_int_equal(count(&w, "ES256", KEY_RETIRING), 1);
		assert_int_equal(count(&w, "RS256", KEY_ACTIVE), 1);
		assert_int_equal(count(&w, "RS256", KEY_RETIRING), 1);
		assert_int_equal(w.n, 4);
	}
}

/* A successor that the operator ordered long before its time takes over once caches know it, not before. */
static void test_ordered_successor(void **state)
{
	struct world w;
	(void)state;
	begin(&w);
	run(&w, false);
	w.now_s += HOUR;
	generate(&w, STR("ES256"));
	w.now_s += w.policy.prepublish_s - 1;
	run(&w, false);
	assert_int_equal(count(&w, "ES256", KEY_RETIRING), 0);
	w.now_s += 1;
	assert_true(run(&w, false));
	assert_int_equal(count(&w, "ES256", KEY_ACTIVE), 1);
	assert_int_equal(count(&w, "ES256", KEY_RETIRING), 1);
	assert_int_equal(count(&w, "RS256", KEY_RETIRING), 0);
}

/* An algorithm goes out of use, another comes in. */
static void test_algs_change(void **state)
{
	struct world w;
	(void)state;
	begin(&w);
	run(&w, false);
	generate(&w, STR("RS256")); /* published, never used */
	w.policy.algs[1] = STR("EdDSA");
	assert_true(run(&w, false));
	assert_int_equal(count(&w, "EdDSA", KEY_ACTIVE), 1);
	assert_int_equal(count(&w, "RS256", KEY_ACTIVE), 0);
	assert_int_equal(count(&w, "RS256", KEY_RETIRING), 1);
	assert_int_equal(count(&w, "RS256", KEY_GONE), 1);
	w.now_s += 2 * DAY;
	run(&w, false);
	assert_int_equal(count(&w, "RS256", KEY_GONE), 2);
}

/* Two active keys of one algorithm (a backup played back): the younger stays. */
static void test_two_active(void **state)
{
	struct world w;
	(void)state;
	begin(&w);
	run(&w, false);
	generate(&w, STR("ES256"));
	w.keys[2].state = KEY_ACTIVE;
	w.keys[2].active_s = START + HOUR;
	w.now_s += 2 * HOUR;
	assert_true(run(&w, false));
	assert_int_equal(w.keys[2].state, KEY_ACTIVE);
	assert_int_equal(count(&w, "ES256", KEY_ACTIVE), 1);
	assert_int_equal(count(&w, "ES256", KEY_RETIRING), 1);
}

/* The clock jumps an hour back and forth, and once far back: nothing is promoted or removed too early. */
static void test_attack_48_clock_jumps(void **state)
{
	struct world w;
	(void)state;
	begin(&w);
	run(&w, false);
	for (int day = 0; day < 200; day++) {
		w.now_s += DAY;
		for (int jump = -1; jump <= 1; jump += 2) {
			w.now_s += jump * HOUR;
			run(&w, false);
			assert_int_equal(count(&w, "ES256", KEY_ACTIVE), 1);
			w.now_s -= jump * HOUR;
		}
	}
	size_t n = w.n;
	w.now_s = START - 365 * DAY;
	assert_true(run(&w, false));
	assert_int_equal(w.n, n);
	assert_int_equal(count(&w, "ES256", KEY_ACTIVE), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_start),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_year),
		cmocka_unit_test(test_attack_48_year_with_deaths),
		cmocka_unit_test(test_long_sleep),
		cmocka_unit_test(test_rotate_now), cmocka_unit_test(test_ordered_successor),
		cmocka_unit_test(test_algs_change),
		cmocka_unit_test(test_two_active),
		cmocka_unit_test(test_attack_48_clock_jumps),
	};
	return cmocka_run_group_tests_name("lifecycle", tests, NULL, NULL);
}
