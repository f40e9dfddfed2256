/*
 * Making keys, reading and writing them; see sig.h. RFC 7517/7518 members, RFC 8037 for Ed25519, PKCS#8 by RFC 5958 and
 * RFC 8410. Private keys exist in keyd only. Immutable after creation; the count of references is atomic.
 */
#include "crypto/sig_key.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/rand.h"
#include "crypto/provider.h"

enum { RSA_BITS = 2048, POINT_MAX = 1 + 2 * 48 };

static const char *group_of(const struct sig_alg_row *row) { return row->crv; }
static bool is_rsa(const struct sig_alg_row *row) { return row->coord_len == 0; }
static bool is_ed25519(const struct sig_alg_row *row) { return row->alg == SIG_EDDSA; }

static int new_key(enum sig_alg alg, struct sig_key **ret_key)
{
	const struct sig_alg_row *row = sig_alg_row(alg);
	if (!row)
		return E_SYNTAX;
	if (!provider_get())
		return E_CRYPTO;
	struct sig_key *key = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*key));
	if (!key)
		return E_NOMEM;
	key->refs = 1;
	key->row = row;
	key->members.alg = alg;
	*ret_key = key;
	return 0;
}

struct sig_key *sig_key_ref(struct sig_key *key)
{
	atomic_fetch_add_explicit(&key->refs, 1, memory_order_relaxed);
	return key;
}

void sig_key_unref(struct sig_key *key)
{
	if (!key || atomic_fetch_sub_explicit(&key->refs, 1, memory_order_acq_rel) != 1)
		return;
	EVP_PKEY_CTX_free(atomic_load(&key->spare));
	EVP_PKEY_free(key->pkey); /* clears the private numbers */
	secret_wipe(key, sizeof(*key));
	free(key);
}

void sig_key_unrefp(struct sig_key **key) { sig_key_unref(*key); }

const struct sig_public *sig_key_public(const struct sig_key *key) { return &key->members; }

const EVP_MD *sig_key_digest(const struct sig_key *key)
{
	const struct provider *provider = provider_get();
	if (!provider || key->row->alg == SIG_EDDSA)
		return NULL;
	return key->row->alg == SIG_ES384 ? provider->sha384 : provider->sha256;
}

/* Copy one number into key->bytes as big-endian bytes of its natural length. */
static int take_number(struct sig_key *key, const char *name, size_t offset, struct str *ret_member)
{
	BIGNUM *number = NULL;
	if (EVP_PKEY_get_bn_param(key->pkey, name, &number) != 1)
		return provider_fail(E_SYNTAX);
	size_t len = (size_t)BN_num_bytes(number);
	int rc = len <= sizeof(key->bytes) - offset ? 0 : E_SYNTAX;
	if (rc == 0)
		BN_bn2bin(number, key->bytes + offset);
	BN_free(number);
	*ret_member = str_mem(key->bytes + offset, len);
	return rc;
}

static int describe_rsa(struct sig_key *key)
{
	struct sig_public *members = &key->members;
	if (!EVP_PKEY_is_a(key->pkey, "RSA"))
		return E_SYNTAX;
	TRY(take_number(key, OSSL_PKEY_PARAM_RSA_N, 0, &members->n));
	TRY(take_number(key, OSSL_PKEY_PARAM_RSA_E, members->n.len, &members->e));
	return sig_rsa_check(members->n, members->e);
}

static int describe_ec(struct sig_key *key)
{
	char group[32];
	unsigned char point[POINT_MAX];
	size_t len = 0, coord = key->row->coord_len;
	if (!EVP_PKEY_is_a(key->pkey, "EC") || EVP_PKEY_get_group_name(key->pkey, group, sizeof(group), &len) != 1)
		return provider_fail(E_SYNTAX);
	/* OpenSSL has its own name for P-256 */
	const char *name = key->row->alg == SIG_ES256 ? "prime256v1" : "secp384r1";
	if (strcmp(group, name) != 0)
		return E_SYNTAX;
	if (EVP_PKEY_get_octet_string_param(key->pkey, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &len) != 1 ||
	    len != 1 + 2 * coord || point[0] != 0x04)
		return provider_fail(E_SYNTAX);
	memcpy(key->bytes, point + 1, 2 * coord);
	key->members.x = str_mem(key->bytes, coord); /* RFC 7518 6.2.1.2: always the full size of a coordinate */
	key->members.y = str_mem(key->bytes + coord, coord);
	return 0;
}

static int describe_ed25519(struct sig_key *key)
{
	memcpy(key->bytes, key->ed_public, sizeof(key->ed_public));
	key->members.x = str_mem(key->bytes, sizeof(key->ed_public));
	return 0;
}

/* Fill members from the key material, and with it check that the material is of this algorithm. */
static int describe(struct sig_key *key)
{
	if (is_ed25519(key->row))
		return describe_ed25519(key);
	return is_rsa(key->row) ? describe_rsa(key) : describe_ec(key);
}

int sig_key_generate(enum sig_alg alg, struct sig_key **ret_key)
{
	_cleanup_(sig_key_unrefp) struct sig_key *key = NULL;
	TRY(new_key(alg, &key));
	key->is_private = true;
	if (is_ed25519(key->row)) {
		unsigned char seed[crypto_sign_SEEDBYTES];
		TRY(rand_bytes(seed, sizeof(seed)));
		crypto_sign_seed_keypair(key->ed_public, key->ed_secret, seed);
		secret_wipe(seed, sizeof(seed));
	} else if (is_rsa(key->row)) {
		key->pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)RSA_BITS);
	} else {
		key->pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", group_of(key->row));
	}
	if (!is_ed25519(key->row) && !key->pkey)
		return provider_fail(E_CRYPTO);
	if (describe(key) < 0)
		return E_CRYPTO;
	*ret_key = TAKE(key);
	return 0;
}

/* RFC 8410 7: PrivateKeyInfo of version 0 with the seed; everything in front of the seed is fixed. */
static const unsigned char ed25519_prefix[] = {0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
					       0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};

int sig_key_private(const struct sig_key *key, struct buf *out)
{
	if (!key->is_private)
		return E_CRYPTO;
	if (is_ed25519(key->row)) {
		buf_put_mem(out, ed25519_prefix, sizeof(ed25519_prefix));
		buf_put_mem(out, key->ed_secret, crypto_sign_SEEDBYTES);
		return buf_status(out);
	}
	unsigned char *der = NULL;
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key->pkey);
	int len = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;
	PKCS8_PRIV_KEY_INFO_free(info);
	if (len <= 0)
		return provider_fail(E_CRYPTO);
	buf_put_mem(out, der, (size_t)len);
	OPENSSL_clear_free(der, (size_t)len);
	return buf_status(out);
}

static int read_ed25519(struct sig_key *key, struct secret der)
{
	size_t prefix = sizeof(ed25519_prefix);
	if (der.len != prefix + crypto_sign_SEEDBYTES || memcmp(der.p, ed25519_prefix, prefix) != 0)
		return E_SYNTAX;
	crypto_sign_seed_keypair(key->ed_public, key->ed_secret, der.p + prefix);
	return 0;
}

static int read_pkcs8(struct sig_key *key, struct secret der)
{
	const unsigned char *at = der.p;
	if (der.len == 0 || der.len > SIG_PRIVATE_MAX)
		return E_SYNTAX;
	PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der.len);
	if (info && at == der.p + der.len)
		key->pkey = EVP_PKCS82PKEY(info);
	PKCS8_PRIV_KEY_INFO_free(info);
	return key->pkey ? 0 : provider_fail(E_SYNTAX);
}

int sig_key_from_private(enum sig_alg alg, struct secret der, struct sig_key **ret_key)
{
	_cleanup_(sig_key_unrefp) struct sig_key *key = NULL;
	TRY(new_key(alg, &key));
	key->is_private = true;
	TRY(is_ed25519(key->row) ? read_ed25519(key, der) : read_pkcs8(key, der));
	TRY(describe(key));
	*ret_key = TAKE(key);
	return 0;
}

/* An EVP key from named parts; NULL when OpenSSL finds them impossible (a point beside the curve). */
static EVP_PKEY *from_params(const char *type, OSSL_PARAM *params)
{
	EVP_PKEY *pkey = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	if (ctx && EVP_PKEY_fromdata_init(ctx) == 1 && EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static int build_ec(struct sig_key *key, const struct sig_public *members)
{
	size_t coord = key->row->coord_len;
	unsigned char point[POINT_MAX] = {0x04};
	if (members->x.len != coord || members->y.len != coord) /* RFC 7518 6.2.1.2: exactly the coordinate's size */
		return E_SYNTAX;
	memcpy(point + 1, members->x.p, coord);
	memcpy(point + 1 + coord, members->y.p, coord);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)group_of(key->row), 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * coord),
		OSSL_PARAM_construct_end(),
	};
	key->pkey = from_params("EC", params); /* RFC 8725 3.4: refuses points that are not on the curve */
	return key->pkey ? 0 : provider_fail(E_SYNTAX);
}

static int build_rsa(struct sig_key *key, const struct sig_public *members)
{
	TRY(sig_rsa_check(members->n, members->e));
	BIGNUM *n = BN_bin2bn((const unsigned char *)members->n.p, (int)members->n.len, NULL);
	BIGNUM *e = BN_bin2bn((const unsigned char *)members->e.p, (int)members->e.len, NULL);
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	if (n && e && builder && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1)
		params = OSSL_PARAM_BLD_to_param(builder);
	key->pkey = params ? from_params("RSA", params) : NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(builder);
	BN_free(n);
	BN_free(e);
	return key->pkey ? 0 : provider_fail(E_SYNTAX);
}

static int build_ed25519(struct sig_key *key, const struct sig_public *members)
{
	if (members->x.len != sizeof(key->ed_public)) /* RFC 8037 2, RFC 8032 5.1.5 */
		return E_SYNTAX;
	memcpy(key->ed_public, members->x.p, sizeof(key->ed_public));
	/* Refuse keys with which one signature fits many messages: small order, not on the curve, not canonical. */
	return crypto_core_ed25519_is_valid_point(key->ed_public) == 1 ? 0 : E_SYNTAX;
}

int sig_key_from_public(const struct sig_public *members, struct sig_key **ret_key)
{
	_cleanup_(sig_key_unrefp) struct sig_key *key = NULL;
	TRY(new_key(members->alg, &key));
	if (is_ed25519(key->row))
		TRY(build_ed25519(key, members));
	else
		TRY(is_rsa(key->row) ? build_rsa(key, members) : build_ec(key, members));
	TRY(describe(key));
	*ret_key = TAKE(key);
	return 0;
}
