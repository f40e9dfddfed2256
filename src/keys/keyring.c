/* keyd's loaded keys; see keyring.h. RFC 7517 (JWK), RFC 7638 (thumbprint as key id), RFC 7515 4.1 (headers). */
#include "keys/keyring.h"

#include <stdlib.h>

#include "base/cur.h"
#include "base/enc.h"
#include "base/fault.h"
#include "jose/jws.h"
#include "json/json.h"
#include "keys/keyd_policy.h"

/* A sealed key: magic, str16 alg, str16 kid, then seal.h's text bound to alg and kid. */
static const struct str magic = {"mk1", 3};
static const struct str purpose = {"key", 3};

static void unref_key(struct keyring_key *key)
{
	if (!key || atomic_fetch_sub(&key->refs, 1) != 1)
		return;
	sig_key_unref(key->key);
	free(key);
}

static void unref_table(struct keyring_table *table)
{
	if (!table || atomic_fetch_sub(&table->refs, 1) != 1)
		return;
	for (size_t i = 0; i < table->n; i++)
		unref_key(table->keys[i]);
	free(table);
}

static struct keyring_table *new_table(void)
{
	struct keyring_table *table = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*table));
	if (table)
		table->refs = 1;
	return table;
}

int keyring_init(struct keyring *ring)
{
	struct keyring_table *table = new_table();
	if (!table)
		return E_NOMEM;
	*ring = (struct keyring){.table = table, .generation = 1};
	pthread_mutex_init(&ring->lock, NULL);
	return 0;
}

void keyring_done(struct keyring *ring)
{
	unref_table(ring->table);
	pthread_mutex_destroy(&ring->lock);
	ring->table = NULL;
}

static void put_bound(struct buf *out, struct str alg, struct str kid)
{
	buf_put_str16(out, alg);
	buf_put_str16(out, kid);
}

int keyring_generate(const unsigned char master[SEAL_MASTER_LEN], enum sig_alg alg, struct buf *ret_jwk,
		     struct buf *ret_sealed)
{
	_cleanup_(sig_key_unrefp) struct sig_key *key = NULL;
	_cleanup_(buf_done) struct buf der, bound;
	char kid[JWK_THUMBPRINT_LEN + 1];
	buf_init(&der, SIG_PRIVATE_MAX);
	buf_init(&bound, 2 * PROTO_KID_MAX);
	TRY(sig_key_generate(alg, &key));
	TRY(sig_key_private(key, &der));
	TRY(jwk_thumbprint(key, kid));
	put_bound(&bound, str_of(sig_alg_row(alg)->name), str_of(kid));
	TRY(buf_status(&bound));
	TRY(jwk_emit(key, str_of(kid), ret_jwk));
	buf_put(ret_sealed, magic);
	buf_put(ret_sealed, buf_str(&bound));
	return seal_close(master, purpose, buf_str(&bound), secret_of(buf_str(&der)), ret_sealed);
}

/* Open a sealed key and check that it is what its frame says. */
static int open_sealed(const unsigned char master[SEAL_MASTER_LEN], struct str sealed,
		       char ret_kid[JWK_THUMBPRINT_LEN + 1], struct sig_key **ret_key)
{
	_cleanup_(sig_key_unrefp) struct sig_key *key = NULL;
	_cleanup_(buf_done) struct buf der;
	struct cur cur = cur_of(sealed);
	struct str head, alg_name, kid;
	buf_init(&der, SIG_PRIVATE_MAX);
	TRY(cur_mem(&cur, magic.len, &head));
	TRY(cur_str16(&cur, PROTO_ALG_MAX, &alg_name));
	TRY(cur_str16(&cur, PROTO_KID_MAX, &kid));
	enum sig_alg alg = sig_alg_find(alg_name);
	if (!str_eq(head, magic) || alg == SIG_NONE)
		return E_SYNTAX;
	size_t bound_len = sealed.len - cur.left - magic.len;
	TRY(seal_open(master, purpose, str_mem(sealed.p + magic.len, bound_len), str_mem(cur.p, cur.left), &der));
	TRY(sig_key_from_private(alg, secret_of(buf_str(&der)), &key));
	TRY(jwk_thumbprint(key, ret_kid));
	if (!str_eq(str_of(ret_kid), kid))
		return E_SYNTAX;
	*ret_key = TAKE(key);
	return 0;
}

/* RFC 7515 4.1: alg, kid and typ follow from key and kind; the caller has no say. */
static int put_header(struct buf *out, const struct sig_key *key, struct str kid, enum token_kind kind)
{
	char mem[KEYRING_HEADER_MAX];
	struct buf text;
	buf_init_fixed(&text, mem, sizeof(mem));
	TRY(jws_emit_header(sig_key_public(key)->alg, str_of(keyd_policy_typ(kind)), kid, &text));
	enc_b64url(out, buf_str(&text));
	buf_put_char(out, '.');
	return buf_status(out);
}

/* All texts of a key, one behind the other; *ret_ends says where each ends. */
static int write_texts(const struct sig_key *key, struct str kid, struct buf *out, size_t ret_ends[2 + TOKEN_KINDS])
{
	buf_put(out, kid);
	ret_ends[0] = out->len;
	TRY(jwk_emit(key, kid, out));
	ret_ends[1] = out->len;
	for (int kind = 0; kind < TOKEN_KINDS; kind++) {
		TRY(put_header(out, key, kid, (enum token_kind)kind));
		ret_ends[2 + kind] = out->len;
	}
	return buf_status(out);
}

/* Takes its own reference of the signature key. */
static int new_key(struct sig_key *sig_key, struct str kid, struct keyring_key **ret_key)
{
	size_t ends[2 + TOKEN_KINDS], at = 0;
	_cleanup_(buf_done) struct buf text;
	buf_init(&text, PROTO_JWK_MAX + 2 * TOKEN_KINDS * KEYRING_HEADER_MAX);
	TRY(write_texts(sig_key, kid, &text, ends));
	struct keyring_key *key = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*key) + text.len);
	if (!key)
		return E_NOMEM;
	memcpy(key->text, text.p, text.len);
	struct str *parts[2 + TOKEN_KINDS] = {&key->kid, &key->jwk};
	for (int kind = 0; kind < TOKEN_KINDS; kind++)
		parts[2 + kind] = &key->headers[kind];
	for (size_t i = 0; i < 2 + TOKEN_KINDS; i++) {
		*parts[i] = str_mem(key->text + at, ends[i] - at);
		at = ends[i];
	}
	key->refs = 1;
	key->key = sig_key_ref(sig_key);
	*ret_key = key;
	return 0;
}

static size_t index_of(const struct keyring_table *table, struct str kid)
{
	size_t i = 0;
	while (i < table->n && !str_eq(table->keys[i]->kid, kid))
		i++;
	return i;
}

/*
 * With the lock held: replace the table by one without the key at skip and with added (whose reference it takes), if
 * any.
 */
static int change(struct keyring *ring, size_t skip, struct keyring_key *added)
{
	struct keyring_table *table = new_table();
	if (!table)
		return E_NOMEM;
	for (size_t i = 0; i < ring->table->n; i++) {
		if (i == skip)
			continue;
		table->keys[table->n] = ring->table->keys[i];
		atomic_fetch_add(&table->keys[table->n++]->refs, 1);
	}
	if (added)
		table->keys[table->n++] = added;
	unref_table(ring->table);
	ring->table = table;
	atomic_fetch_add(&ring->generation, 1);
	return 0;
}

/* With the lock held. Takes key's reference, also on failure. */
static int add(struct keyring *ring, struct keyring_key *key)
{
	int rc = 0;
	bool known = index_of(ring->table, key->kid) < ring->table->n;
	if (!known)
		rc = ring->table->n < KEYRING_MAX ? change(ring, KEYRING_MAX, key) : E_LIMIT;
	if (known || rc < 0)
		unref_key(key);
	return rc;
}

int keyring_load(struct keyring *ring, const unsigned char master[SEAL_MASTER_LEN], struct str sealed,
		 struct buf *ret_jwk)
{
	_cleanup_(sig_key_unrefp) struct sig_key *sig_key = NULL;
	struct keyring_key *key = NULL;
	char kid[JWK_THUMBPRINT_LEN + 1];
	TRY(open_sealed(master, sealed, kid, &sig_key));
	TRY(new_key(sig_key, str_of(kid), &key));
	buf_put(ret_jwk, key->jwk);
	pthread_mutex_lock(&ring->lock);
	int rc = add(ring, key);
	pthread_mutex_unlock(&ring->lock);
	return rc < 0 ? rc : buf_status(ret_jwk);
}

int keyring_unload(struct keyring *ring, struct str kid)
{
	pthread_mutex_lock(&ring->lock);
	size_t i = index_of(ring->table, kid);
	int rc = i < ring->table->n ? change(ring, i, NULL) : E_ABSENT;
	pthread_mutex_unlock(&ring->lock);
	return rc;
}

void keyring_view_init(struct keyring_view *view, struct keyring *ring) { *view = (struct keyring_view){.ring = ring}; }

void keyring_view_done(struct keyring_view *view)
{
	for (size_t i = 0; i < KEYRING_MAX; i++)
		sig_signer_free(view->signers[i]);
	unref_table(view->table);
	keyring_view_init(view, view->ring);
}

/*
 * Carry the signers of keys that stay over to their new places; the others end, and with them the last use of a
 * forgotten key.
 */
static void move_signers(struct keyring_view *view, const struct keyring_table *fresh)
{
	struct sig_signer *moved[KEYRING_MAX] = {0};
	for (size_t i = 0; view->table && i < view->table->n; i++) {
		for (size_t k = 0; k < fresh->n; k++)
			if (fresh->keys[k] == view->table->keys[i])
				moved[k] = TAKE(view->signers[i]);
		sig_signer_free(view->signers[i]);
	}
	memcpy(view->signers, moved, sizeof(moved));
}

void keyring_view_refresh(struct keyring_view *view)
{
	struct keyring *ring = view->ring;
	if (atomic_load_explicit(&ring->generation, memory_order_acquire) == view->generation)
		return;
	pthread_mutex_lock(&ring->lock);
	struct keyring_table *fresh = ring->table;
	atomic_fetch_add(&fresh->refs, 1);
	view->generation = atomic_load(&ring->generation);
	pthread_mutex_unlock(&ring->lock);
	move_signers(view, fresh);
	unref_table(view->table);
	view->table = fresh;
}

int keyring_view_find(struct keyring_view *view, struct str kid, const struct keyring_key **ret_key,
		      struct sig_signer **ret_signer)
{
	size_t i = view->table ? index_of(view->table, kid) : 0;
	if (!view->table || i == view->table->n)
		return E_ABSENT;
	if (!view->signers[i])
		TRY(sig_signer_new(view->table->keys[i]->key, &view->signers[i]));
	*ret_key = view->table->keys[i];
	*ret_signer = view->signers[i];
	return 0;
}

void keyring_view_jwks(const struct keyring_view *view, struct buf *out)
{
	struct json_out j;
	json_out_init(&j, out);
	json_open(&j, NULL, '{');
	json_open(&j, "keys", '[');
	for (size_t i = 0; view->table && i < view->table->n; i++)
		json_raw(&j, NULL, view->table->keys[i]->jwk);
	json_close(&j, ']');
	json_close(&j, '}');
}
