/* Ticket keys; see tls_ticket.h. Must never write a key anywhere but into OpenSSL's contexts. */
#include "crypto/tls_ticket.h"

#include <pthread.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "base/clock.h"
#include "base/rand.h"
#include "crypto/provider.h"

enum { NAME_LEN = 16, KEY_LEN = 32, IV_LEN = 16 };
static const int64_t key_life_ns = INT64_C(4) * 3600 * 1000000000;

struct ticket_key {
	unsigned char name[NAME_LEN], cipher_key[KEY_LEN], mac_key[KEY_LEN];
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct ticket_key current, previous; /* guarded by mutex */
static int64_t born_ns;                     /* of current; 0: none yet */
static pthread_once_t fetch_once = PTHREAD_ONCE_INIT;
static EVP_CIPHER *aes_256_cbc;

static void fetch(void) { aes_256_cbc = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL); }

/* With the mutex held. Two generations open, only the younger seals. */
static int renew_if_due(void)
{
	struct ticket_key fresh;
	int64_t now_ns = clock_mono_ns();
	if (born_ns != 0 && now_ns - born_ns < key_life_ns)
		return 0;
	TRY(rand_bytes(&fresh, sizeof(fresh)));
	previous = born_ns != 0 ? current : fresh;
	current = fresh;
	born_ns = now_ns;
	return 0;
}

static int key_for_sealing(struct ticket_key *ret_key)
{
	pthread_mutex_lock(&mutex);
	int rc = renew_if_due();
	if (rc == 0)
		*ret_key = current;
	pthread_mutex_unlock(&mutex);
	return rc;
}

/* E_ABSENT: not one of ours any more. */
static int key_by_name(const unsigned char *name, struct ticket_key *ret_key, bool *ret_is_old)
{
	pthread_mutex_lock(&mutex);
	int rc = renew_if_due();
	bool is_current = memcmp(name, current.name, NAME_LEN) == 0; /* names are public */
	if (rc == 0 && !is_current && memcmp(name, previous.name, NAME_LEN) != 0)
		rc = E_ABSENT;
	if (rc == 0) {
		*ret_key = is_current ? current : previous;
		*ret_is_old = !is_current;
	}
	pthread_mutex_unlock(&mutex);
	return rc;
}

static int start(struct ticket_key *key, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int enc)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac_key, KEY_LEN),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	if (EVP_MAC_CTX_set_params(mac, params) != 1)
		return provider_fail(E_CRYPTO);
	if (EVP_CipherInit_ex2(cipher, aes_256_cbc, key->cipher_key, iv, enc, NULL) != 1)
		return provider_fail(E_CRYPTO);
	return 0;
}

/* OpenSSL's callback: -1 failure, 0 no ticket (a full handshake follows), 1 done, 2 done and hand out a new ticket. */
static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
		     int enc)
{
	struct ticket_key key;
	bool is_old = false;
	(void)ssl;
	int rc = enc ? key_for_sealing(&key) : key_by_name(name, &key, &is_old);
	if (rc == E_ABSENT || (rc < 0 && enc))
		return 0;
	if (rc < 0)
		return -1;
	if (enc) {
		memcpy(name, key.name, NAME_LEN);
		rc = rand_bytes(iv, IV_LEN);
	}
	if (rc == 0)
		rc = start(&key, iv, cipher, mac, enc);
	explicit_bzero(&key, sizeof(key));
	if (rc < 0)
		return -1;
	return is_old ? 2 : 1;
}

int tls_ticket_install(SSL_CTX *ctx)
{
	pthread_once(&fetch_once, fetch);
	if (!aes_256_cbc || SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket) != 1)
		return E_CRYPTO;
	return 0;
}
