/* The rotation of signing keys; see lifecycle.h. RFC 7517 4.5, OpenID Connect Core 10.1.1. */
#include "keys/lifecycle.h"

/* One algorithm's keys. */
struct ring {
	const struct signing_key *next, *active; /* the oldest next, the newest active one */
};

static void add_move(struct lifecycle_plan *plan, const struct signing_key *key, enum key_state to)
{
	if (plan->n_moves < LIFECYCLE_MOVES_MAX)
		plan->moves[plan->n_moves++] = (struct key_move){.kid = key->kid, .from = key->state, .to = to};
}

bool lifecycle_uses(const struct lifecycle_policy *policy, struct str alg)
{
	for (size_t i = 0; i < policy->n_algs; i++)
		if (str_eq(policy->algs[i], alg))
			return true;
	return false;
}

static struct ring find_ring(const struct signing_key *keys, size_t n, struct str alg)
{
	struct ring ring = {0};
	for (size_t i = 0; i < n; i++) {
		const struct signing_key *key = &keys[i];
		if (!str_eq(key->alg, alg))
			continue;
		if (key->state == KEY_NEXT && (!ring.next || key->created_s < ring.next->created_s))
			ring.next = key;
		if (key->state == KEY_ACTIVE && (!ring.active || key->active_s > ring.active->active_s))
			ring.active = key;
	}
	return ring;
}

/* Is it time that the next key takes over? */
static bool is_due(const struct lifecycle_policy *policy, const struct ring *ring, int64_t now_s)
{
	if (!ring->active || policy->rotate_now)
		return true;
	/* Publication alone decides: is_wanted() made it in time, or the operator ordered it early. */
	return now_s - ring->next->created_s >= policy->prepublish_s;
}

/* Is it time that a next key exists? */
static bool is_wanted(const struct lifecycle_policy *policy, const struct ring *ring, int64_t now_s)
{
	if (!ring->active || policy->rotate_now)
		return true;
	return now_s - ring->active->active_s >= policy->rotate_every_s - policy->prepublish_s;
}

static void plan_alg(const struct lifecycle_policy *policy, const struct ring *ring, struct str alg, int64_t now_s,
		     struct lifecycle_plan *plan)
{
	if (!ring->next) {
		if (is_wanted(policy, ring, now_s) && plan->n_generate < LIFECYCLE_ALGS_MAX)
			plan->generate[plan->n_generate++] = alg;
		return;
	}
	if (!is_due(policy, ring, now_s))
		return;
	if (plan->n_moves + 2 > LIFECYCLE_MOVES_MAX) /* both moves or none: never zero active keys */
		return;
	if (ring->active)
		add_move(plan, ring->active, KEY_RETIRING);
	add_move(plan, ring->next, KEY_ACTIVE);
}

/* What a key does for itself: the end of its retirement, or its algorithm's, or a younger active key beside it. */
static void plan_key(const struct lifecycle_policy *policy, const struct signing_key *keys, size_t n,
		     const struct signing_key *key, int64_t now_s, struct lifecycle_plan *plan)
{
	bool used = lifecycle_uses(policy, key->alg);
	if (key->state == KEY_RETIRING && now_s - key->retiring_s >= policy->retire_after_s)
		add_move(plan, key, KEY_GONE);
	if (key->state == KEY_NEXT && !used) /* it never signed */
		add_move(plan, key, KEY_GONE);
	if (key->state == KEY_ACTIVE && (!used || find_ring(keys, n, key->alg).active != key))
		add_move(plan, key, KEY_RETIRING);
}

void lifecycle_plan(const struct lifecycle_policy *policy, const struct signing_key *keys, size_t n, int64_t now_s,
		    struct lifecycle_plan *ret_plan)
{
	struct lifecycle_plan plan = {0};
	for (size_t i = 0; i < policy->n_algs; i++) {
		struct ring ring = find_ring(keys, n, policy->algs[i]);
		plan_alg(policy, &ring, policy->algs[i], now_s, &plan);
	}
	for (size_t i = 0; i < n; i++)
		plan_key(policy, keys, n, &keys[i], now_s, &plan);
	if (plan.n_generate > 0) /* so that rotate_now moves all algorithms at once, or none yet */
		plan.n_moves = 0;
	*ret_plan = plan;
}
