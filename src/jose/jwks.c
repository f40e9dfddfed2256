/* Sets of JSON Web Keys; see jwk.h. RFC 7517 5. Reads strangers' bytes. */
#include "jose/jwk.h"

#include <stdlib.h>

#include "base/fault.h"

void jwks_free(struct jwks *jwks)
{
	if (!jwks)
		return;
	for (size_t i = 0; i < jwks->n; i++)
		jwk_done(&jwks->keys[i]);
	free(jwks);
}

void jwks_freep(struct jwks **jwks) { jwks_free(*jwks); }

const struct jwk *jwks_find(const struct jwks *jwks, struct str kid)
{
	for (size_t i = 0; i < jwks->n && kid.len > 0; i++)
		if (str_eq(jwk_kid(&jwks->keys[i]), kid)) /* RFC 7515 4.1.4: bytes, no prefix, no normalising */
			return &jwks->keys[i];
	return NULL;
}

/* Same public numbers, whatever the algorithm. */
static bool is_same_material(const struct jwk *a, const struct jwk *b)
{
	const struct sig_public *x = NULL, *y = NULL;
	for (enum sig_alg alg = SIG_NONE + 1; alg < SIG_ALGS; alg++) {
		x = a->by_alg[alg] ? sig_key_public(a->by_alg[alg]) : x;
		y = b->by_alg[alg] ? sig_key_public(b->by_alg[alg]) : y;
	}
	/* the lengths tell the kinds apart: RSA has no x, Ed25519 no y */
	return x && y && str_eq(x->x, y->x) && str_eq(x->y, y->y) && str_eq(x->n, y->n) && str_eq(x->e, y->e);
}

/* The same key again: keep one, with the algorithms of both. */
static void merge(struct jwk *kept, struct jwk *again)
{
	for (enum sig_alg alg = SIG_NONE + 1; alg < SIG_ALGS; alg++)
		if (!kept->by_alg[alg])
			kept->by_alg[alg] = TAKE(again->by_alg[alg]);
}

static int add(struct jwks *jwks, const struct json *object)
{
	_cleanup_(jwk_done) struct jwk jwk = {0};
	int rc = jwk_parse(object, &jwk);
	if (rc == E_ABSENT || rc == E_SYNTAX) { /* RFC 7517 5: skip what is not understood */
		jwks->skipped++;
		return 0;
	}
	TRY(rc);
	struct jwk *twin = (struct jwk *)(uintptr_t)jwks_find(jwks, jwk_kid(&jwk));
	if (twin && !is_same_material(twin, &jwk))
		return E_CONFLICT;
	if (twin) {
		merge(twin, &jwk);
		return 0;
	}
	jwks->keys[jwks->n++] = jwk;
	jwk = (struct jwk){0};
	return 0;
}

int jwks_parse(struct str text, size_t max, struct jwks **ret_jwks)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	const struct json *list;
	TRY(json_parse_object_max(text, max, &doc));
	TRY(json_get_array(doc, "keys", &list) < 0 ? E_SYNTAX : 0);
	size_t n = json_array_len(list);
	if (n > JWKS_KEYS_MAX)
		return E_LIMIT;
	_cleanup_(jwks_freep) struct jwks *jwks = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*jwks));
	if (!jwks)
		return E_NOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct json *object;
		TRY(json_at_object(list, i, &object));
		TRY(add(jwks, object));
	}
	*ret_jwks = TAKE(jwks);
	return 0;
}
