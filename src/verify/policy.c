/*
 * Reading a verifier's policy; see policy.h. Must never fill in what the caller left out: that is refused unless it is
 * switched off by name.
 */
#include "verify/policy.h"

enum { CACHE_MAX = 1 << 20 };

static const unsigned known_switches = MINTMARK_OFF_ISSUER | MINTMARK_OFF_AUDIENCE | MINTMARK_OFF_ALGORITHMS |
				       MINTMARK_OFF_TYP | MINTMARK_OFF_EXP | MINTMARK_OFF_SUB | MINTMARK_OFF_CLIENT_ID |
				       MINTMARK_OFF_IAT | MINTMARK_OFF_JTI | MINTMARK_OFF_CACHE | MINTMARK_OFF_BOUND |
				       MINTMARK_OFF_REVOCATION | MINTMARK_OFF_REVOCATION_AGE;

static int read_algorithms(const char *names, unsigned *ret_algs)
{
	unsigned algs = 0;
	struct str name, rest = str_of(names);
	for (bool more = rest.len > 0; more;) {
		more = str_cut(rest, ' ', &name, &rest);
		name = more ? name : rest;
		if (name.len == 0)
			continue;
		enum sig_alg alg = sig_alg_find(name);
		if (alg == SIG_NONE) /* RFC 8725 3.1, 3.2: a typing error must not widen or empty the set silently */
			return E_SYNTAX;
		algs |= JWK_ALG(alg);
	}
	*ret_algs = algs;
	return 0;
}

/* RFC 6749 3.3: %x21 / %x23-5B / %x5D-7E */
static bool is_scope(struct str scope)
{
	for (size_t i = 0; i < scope.len; i++)
		if (scope.p[i] < 0x21 || scope.p[i] > 0x7e || scope.p[i] == '"' || scope.p[i] == '\\')
			return false;
	return true;
}

int policy_scopes(const char *text, struct arena *arena, struct str_list *ret_scopes)
{
	struct str word, rest;
	TRY(arena_str(arena, str_of(text), &rest));
	struct str_list scopes = {arena_array(arena, rest.len / 2 + 1, sizeof(struct str)), 0};
	if (!scopes.v)
		return E_NOMEM;
	for (bool more = true; more;) {
		more = str_cut(rest, ' ', &word, &rest);
		word = more ? word : rest;
		if (!is_scope(word))
			return E_SYNTAX;
		if (word.len > 0)
			scopes.v[scopes.n++] = word;
	}
	*ret_scopes = scopes;
	return 0;
}

static unsigned translate(unsigned off, const unsigned (*rows)[2], size_t n)
{
	unsigned bits = 0;
	for (size_t i = 0; i < n; i++)
		bits |= off & rows[i][0] ? rows[i][1] : 0;
	return bits;
}

static void read_switches(unsigned off, struct verify_policy *policy)
{
	static const unsigned waive[][2] = {{MINTMARK_OFF_ISSUER, JWT_ANY_ISSUER},
					    {MINTMARK_OFF_AUDIENCE, JWT_ANY_AUDIENCE},
					    {MINTMARK_OFF_EXP, JWT_NO_EXP}};
	static const unsigned optional[][2] = {{MINTMARK_OFF_SUB, JWT_SUB},
					       {MINTMARK_OFF_CLIENT_ID, JWT_CLIENT_ID},
					       {MINTMARK_OFF_IAT, JWT_IAT},
					       {MINTMARK_OFF_JTI, JWT_JTI}};
	policy->waive = translate(off, waive, sizeof(waive) / sizeof(waive[0]));
	policy->optional = translate(off, optional, sizeof(optional) / sizeof(optional[0]));
	policy->any_typ = off & MINTMARK_OFF_TYP;
	policy->may_be_bound = off & MINTMARK_OFF_BOUND;
}

static bool is_sound(const struct mintmark_policy *policy)
{
	return policy->size == sizeof(*policy) && (policy->off & ~known_switches) == 0 &&
	       policy->skew_s <= JWT_SKEW_MAX_S && policy->cache_tokens <= CACHE_MAX;
}

/* There is a feed, an issuer whose feed can be asked for, or nobody wants one. Both at once is a slip. */
static bool has_feed(const struct mintmark_policy *policy)
{
	if (policy->off & MINTMARK_OFF_REVOCATION)
		return !policy->feed && !(policy->off & MINTMARK_OFF_REVOCATION_AGE);
	return policy->feed || (policy->issuer && *policy->issuer);
}

int policy_read(const struct mintmark_policy *policy, struct arena *arena, struct verify_policy *ret_policy,
		struct str_list *ret_scopes)
{
	struct verify_policy read = {.skew_s = policy->skew_s, .algs = JWK_ALGS_ALL};
	struct str_list scopes;
	if (!is_sound(policy) || !has_feed(policy))
		return MINTMARK_ERROR_ARGUMENT;
	read_switches(policy->off, &read);
	if (!(policy->off & MINTMARK_OFF_ALGORITHMS) && read_algorithms(policy->algorithms, &read.algs) < 0)
		return MINTMARK_ERROR_ARGUMENT;
	if (arena_str(arena, str_of(policy->issuer), &read.issuer) < 0 ||
	    arena_str(arena, str_of(policy->audience), &read.audience) < 0)
		return MINTMARK_ERROR_MEMORY;
	if (!verify_policy_is_usable(&read))
		return MINTMARK_ERROR_ARGUMENT;
	int rc = policy_scopes(policy->scopes, arena, &scopes);
	if (rc < 0)
		return rc == E_NOMEM ? MINTMARK_ERROR_MEMORY : MINTMARK_ERROR_ARGUMENT;
	*ret_policy = read;
	*ret_scopes = scopes;
	return MINTMARK_OK;
}
