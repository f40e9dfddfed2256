/* Argon2id for chosen secrets; see password.h. Server process, pool threads only: never on an event loop. */
#include "crypto/password.h"

#include <errno.h>
#include <sodium.h>

#include "base/rand.h"
#include "crypto/provider.h"

enum { MEMORY_KIB = 19 * 1024, PASSES = 2, SALT_LEN = 16, HASH_LEN = 32 };

/* base64 without padding, as PHC strings have it. */
enum { B64_SALT_SIZE = 23, B64_HASH_SIZE = 44 };

static int derive(struct secret password, const unsigned char salt[SALT_LEN], unsigned char ret_hash[HASH_LEN])
{
	/* 0 bytes at NULL is a password too */
	const char *text = password.len > 0 ? (const char *)password.p : "";
	if (!provider_get())
		return E_CRYPTO;
	if (crypto_pwhash(ret_hash, HASH_LEN, text, password.len, salt, PASSES, (size_t)MEMORY_KIB * 1024,
			  crypto_pwhash_ALG_ARGON2ID13) != 0)
		return E_NOMEM; /* the only failure left for constant parameters */
	return 0;
}

int password_hash(struct secret password, struct buf *out)
{
	unsigned char salt[SALT_LEN], hash[HASH_LEN];
	char salt_text[B64_SALT_SIZE], hash_text[B64_HASH_SIZE];
	TRY(rand_bytes(salt, sizeof(salt)));
	TRY(derive(password, salt, hash));
	sodium_bin2base64(salt_text, sizeof(salt_text), salt, sizeof(salt), sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	sodium_bin2base64(hash_text, sizeof(hash_text), hash, sizeof(hash), sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	buf_printf(out, "$argon2id$v=19$m=%d,t=%d,p=1$%s$%s", MEMORY_KIB, PASSES, salt_text, hash_text);
	secret_wipe(hash, sizeof(hash));
	secret_wipe(hash_text, sizeof(hash_text));
	return buf_status(out);
}

int password_check(struct secret password, struct str phc)
{
	char text[PASSWORD_PHC_MAX + 1];
	const char *candidate = password.len > 0 ? (const char *)password.p : "";
	if (!provider_get())
		return E_CRYPTO;
	if (phc.len == 0 || phc.len > PASSWORD_PHC_MAX || memchr(phc.p, '\0', phc.len))
		return E_SIGNATURE;
	memcpy(text, phc.p, phc.len);
	text[phc.len] = '\0';
	errno = 0;
	int rc = crypto_pwhash_str_verify(text, candidate, password.len);
	int cause = errno;
	secret_wipe(text, sizeof(text));
	if (rc == 0)
		return 0;
	return cause == ENOMEM ? E_NOMEM : E_SIGNATURE; /* our own want of memory must not read as a wrong secret */
}

int password_check_nothing(struct secret password)
{
	static const unsigned char salt[SALT_LEN] = {0};
	unsigned char hash[HASH_LEN];
	int rc = derive(password, salt, hash);
	secret_wipe(hash, sizeof(hash));
	return rc == E_NOMEM ? rc : E_SIGNATURE;
}
