/* Key lifecycle against store and keyd; see rotation.h. Whatever line the process dies at, the next call goes on from
 * what the store has. */
#include "admin/rotation.h"

#include "base/log.h"
#include "config/config.h"
#include "json/json.h"

enum { ARENA_MAX = 8 << 20, DAY_S = 86400, CLOCK_ALLOWANCE_S = 60, ROUNDS_MAX = 4 };

static void add_alg(struct lifecycle_policy *policy, struct str alg)
{
	if (policy->n_algs < LIFECYCLE_ALGS_MAX && !lifecycle_uses(policy, alg))
		policy->algs[policy->n_algs++] = alg;
}

int rotation_policy(const struct rotation *rotation, const struct config *config, struct arena *arena,
		    struct lifecycle_policy *ret_policy)
{
	struct lifecycle_policy policy = {
		.rotate_every_s = (int64_t)config->keys.rotate_days * DAY_S,
		.prepublish_s = config->keys.prepublish_s,
		.retire_after_s = (int64_t)config->tokens.lifetime_max_s + CLOCK_ALLOWANCE_S,
	};
	struct api *apis;
	size_t n_apis;
	for (size_t i = 0; i < config->keys.algs.n; i++)
		add_alg(&policy, config->keys.algs.v[i]);
	TRY(store_api_list(rotation->store, arena, &apis, &n_apis));
	for (size_t i = 0; i < n_apis; i++)
		add_alg(&policy, apis[i].alg);
	*ret_policy = policy;
	return 0;
}

static int read_kid(struct str jwk, struct arena *arena, struct str *ret_kid)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	struct str kid;
	TRY(json_parse_object(jwk, &doc));
	TRY(json_get_str(doc, "kid", &kid));
	return arena_str(arena, kid, ret_kid);
}

int rotation_make(const struct rotation *rotation, struct str alg, struct str actor, struct arena *arena,
		  struct signing_key *ret_key)
{
	_cleanup_(buf_done) struct buf jwk, sealed;
	_cleanup_(buf_done) struct buf again;
	buf_init(&jwk, MODEL_JWK_MAX);
	buf_init(&sealed, MODEL_SEALED_MAX);
	buf_init(&again, MODEL_JWK_MAX);
	TRY(signer_generate(rotation->signer, alg, &jwk, &sealed));
	struct signing_key key = {
		.alg = alg,
		.state = KEY_NEXT,
		.sealed = buf_str(&sealed),
		.public_jwk = buf_str(&jwk),
		.created_s = clock_now_s(rotation->clock),
	};
	TRY(read_kid(buf_str(&jwk), arena, &key.kid));
	struct audit_note note = {key.created_s, actor, STR("key.create"), key.kid, key.alg};
	TRY(store_key_put(rotation->store, &key, &note));
	TRY(signer_load(rotation->signer, buf_str(&sealed), &again));
	LOG(LOG_INFO, "key_created", F("kid", key.kid), F("alg", alg));
	key.sealed = key.public_jwk = STR(""); /* they end with this function */
	*ret_key = key;
	return 0;
}

/* A key signs only when keyd has it for certain: the LOAD behind its generation may have failed. Loading twice does no
 * harm. */
static int load_promoted(const struct rotation *rotation, const struct lifecycle_plan *plan,
			 const struct signing_key *keys, size_t n)
{
	_cleanup_(buf_done) struct buf jwk;
	buf_init(&jwk, MODEL_JWK_MAX);
	for (size_t i = 0; i < plan->n_moves; i++) {
		for (size_t k = 0; plan->moves[i].to == KEY_ACTIVE && k < n; k++) {
			if (!str_eq(keys[k].kid, plan->moves[i].kid))
				continue;
			buf_reset(&jwk);
			TRY(signer_load(rotation->signer, keys[k].sealed, &jwk));
		}
	}
	return 0;
}

static int apply(const struct rotation *rotation, const struct lifecycle_plan *plan, int64_t now_s)
{
	struct audit_note note = {now_s, STR("system"), STR("key.lifecycle"), STR("keys"),
				  STR("states advanced by the clock")};
	if (plan->n_moves == 0)
		return 0;
	TRY(store_key_advance(rotation->store, plan->moves, plan->n_moves, now_s, &note));
	for (size_t i = 0; i < plan->n_moves; i++) {
		const struct key_move *move = &plan->moves[i];
		LOG(LOG_INFO, "key_moved", F("kid", move->kid), F("from", (int)move->from), F("to", (int)move->to));
		if (move->to == KEY_GONE && signer_unload(rotation->signer, move->kid) < 0)
			LOG(LOG_INFO, "key_was_not_loaded", F("kid", move->kid));
	}
	return 0;
}

static int advance_once(const struct rotation *rotation, const struct lifecycle_policy *policy, struct arena *arena,
			struct lifecycle_plan *ret_plan)
{
	struct signing_key made;
	struct signing_key *keys;
	size_t n;
	int64_t now_s = clock_now_s(rotation->clock);
	TRY(store_key_list(rotation->store, false, arena, &keys, &n));
	lifecycle_plan(policy, keys, n, now_s, ret_plan);
	for (size_t i = 0; i < ret_plan->n_generate; i++)
		TRY(rotation_make(rotation, ret_plan->generate[i], STR("system"), arena, &made));
	TRY(load_promoted(rotation, ret_plan, keys, n));
	return apply(rotation, ret_plan, now_s);
}

int rotation_advance(const struct rotation *rotation, const struct lifecycle_policy *policy, bool *ret_changed)
{
	struct lifecycle_policy rest = *policy;
	struct lifecycle_plan plan = {0};
	struct arena arena;
	int rc = 0;
	*ret_changed = false;
	arena_init(&arena, ARENA_MAX);
	for (int round = 0; rc == 0 && round < ROUNDS_MAX; round++) { /* generate, then plan again */
		rc = advance_once(rotation, &rest, &arena, &plan);
		bool due = plan.n_generate > 0 || plan.n_moves > 0;
		*ret_changed |= due; /* on failure too: of two new keys the first may be stored */
		if (rc < 0 || !due)
			break;
		if (plan.n_moves > 0)
			rest.rotate_now = false;
	}
	arena_done(&arena);
	return rc;
}

int rotation_load(const struct rotation *rotation)
{
	struct signing_key *keys;
	size_t n;
	struct arena arena;
	_cleanup_(buf_done) struct buf jwk;
	buf_init(&jwk, MODEL_JWK_MAX);
	arena_init(&arena, ARENA_MAX);
	int rc = store_key_list(rotation->store, false, &arena, &keys, &n);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (keys[i].state == KEY_RETIRING)
			continue; /* verifies, never signs */
		buf_reset(&jwk);
		rc = signer_load(rotation->signer, keys[i].sealed, &jwk);
	}
	arena_done(&arena);
	return rc;
}
