/* AES-256-GCM sealing; see seal.h. keyd only: it alone has the master key. */
#include "crypto/seal.h"

#include "base/rand.h"
#include "crypto/digest.h"
#include "crypto/provider.h"

enum { VERSION = 0x01, NONCE_LEN = 12, TAG_LEN = 16, KEY_LEN = 32, PURPOSE_MAX = 64, PLAIN_MAX = 1 << 20 };

static int purpose_key(const unsigned char *master, struct str purpose, unsigned char ret_key[KEY_LEN])
{
	char info[32 + PURPOSE_MAX];
	struct buf text;
	buf_init_fixed(&text, info, sizeof(info));
	buf_put(&text, STR("mintmark seal v1:"));
	buf_put(&text, purpose);
	TRY(buf_status(&text));
	return digest_hkdf(str_mem(master, SEAL_MASTER_LEN), str_mem("", 0), buf_str(&text), ret_key, KEY_LEN);
}

static void free_context(EVP_CIPHER_CTX **ctx) { EVP_CIPHER_CTX_free(*ctx); }
static void wipe_key(unsigned char (*key)[KEY_LEN]) { secret_wipe(*key, KEY_LEN); }

/* One authenticated pass: key and nonce in, bound as AAD, len bytes from in to out. */
static int run(EVP_CIPHER_CTX *ctx, struct str bound, const unsigned char *in, size_t len, unsigned char *out)
{
	int n = 0;
	if (bound.len > INT32_MAX || len > PLAIN_MAX)
		return E_LIMIT;
	if (bound.len > 0 && EVP_CipherUpdate(ctx, NULL, &n, (const unsigned char *)bound.p, (int)bound.len) != 1)
		return provider_fail(E_CRYPTO);
	if (len > 0 && (EVP_CipherUpdate(ctx, out, &n, in, (int)len) != 1 || (size_t)n != len))
		return provider_fail(E_CRYPTO);
	return 0;
}

static EVP_CIPHER_CTX *start(const unsigned char *key, const unsigned char *nonce, int encrypt)
{
	const struct provider *provider = provider_get();
	EVP_CIPHER_CTX *ctx = provider ? EVP_CIPHER_CTX_new() : NULL;
	if (ctx && EVP_CipherInit_ex2(ctx, provider->aes_256_gcm, key, nonce, encrypt, NULL) == 1)
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

int seal_close(const unsigned char master[SEAL_MASTER_LEN], struct str purpose, struct str bound, struct secret plain,
	       struct buf *out)
{
	_cleanup_(wipe_key) unsigned char key[KEY_LEN];
	unsigned char nonce[NONCE_LEN];
	int n = 0;
	TRY(purpose_key(master, purpose, key));
	TRY(rand_bytes(nonce, sizeof(nonce))); /* SP 800-38D 8.2.2: random, so at most 2^32 seals per purpose key */
	_cleanup_(free_context) EVP_CIPHER_CTX *ctx = start(key, nonce, 1);
	unsigned char *at = (unsigned char *)buf_reserve(out, SEAL_OVERHEAD + plain.len);
	if (!at)
		return buf_status(out);
	if (!ctx)
		return provider_fail(E_CRYPTO);
	at[0] = VERSION;
	memcpy(at + 1, nonce, NONCE_LEN);
	unsigned char *body = at + 1 + NONCE_LEN;
	TRY(run(ctx, bound, plain.p, plain.len, body));
	if (EVP_CipherFinal_ex(ctx, body + plain.len, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, body + plain.len) != 1)
		return provider_fail(E_CRYPTO);
	out->len += SEAL_OVERHEAD + plain.len;
	return 0;
}

int seal_open(const unsigned char master[SEAL_MASTER_LEN], struct str purpose, struct str bound, struct str sealed,
	      struct buf *out)
{
	_cleanup_(wipe_key) unsigned char key[KEY_LEN];
	unsigned char tag[TAG_LEN];
	int n = 0;
	if (sealed.len < SEAL_OVERHEAD || sealed.p[0] != VERSION)
		return E_SYNTAX;
	const unsigned char *nonce = (const unsigned char *)sealed.p + 1;
	size_t len = sealed.len - SEAL_OVERHEAD;
	TRY(purpose_key(master, purpose, key));
	memcpy(tag, sealed.p + sealed.len - TAG_LEN, TAG_LEN);
	_cleanup_(free_context) EVP_CIPHER_CTX *ctx = start(key, nonce, 0);
	unsigned char *at = (unsigned char *)buf_reserve(out, len > 0 ? len : 1);
	if (!at)
		return buf_status(out);
	if (!ctx || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) != 1)
		return provider_fail(E_CRYPTO);
	TRY(run(ctx, bound, nonce + NONCE_LEN, len, at));
	if (EVP_CipherFinal_ex(ctx, tag, &n) != 1) {
		secret_wipe(at, len); /* bytes that were not authenticated are nobody's */
		return provider_fail(E_SIGNATURE);
	}
	out->len += len;
	return 0;
}
