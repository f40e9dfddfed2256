/* RFC 7636; see pkce.h. Server process. */
#include "oauth/pkce.h"

#include "base/enc.h"
#include "base/secret.h"
#include "crypto/digest.h"

enum { VERIFIER_MIN = 43, VERIFIER_MAX = 128 };

bool pkce_is_challenge(struct str challenge)
{
	unsigned char digest[SHA256_LEN];
	size_t len = 0;
	return challenge.len == ENC_B64URL_LEN(SHA256_LEN) &&
	       enc_b64url_decode(challenge, digest, sizeof(digest), &len) == 0 && len == SHA256_LEN;
}

bool pkce_is_verifier(struct str verifier)
{
	return verifier.len >= VERIFIER_MIN && verifier.len <= VERIFIER_MAX && str_is_unreserved(verifier);
}

int pkce_check(struct str verifier, struct str challenge)
{
	unsigned char digest[SHA256_LEN], wanted[SHA256_LEN];
	size_t len = 0;
	if (!pkce_is_verifier(verifier)) /* RFC 7636 4.1 */
		return E_INVALID_GRANT;
	if (enc_b64url_decode(challenge, wanted, sizeof(wanted), &len) < 0 || len != sizeof(wanted))
		return E_INVALID_GRANT;
	TRY(digest_sha256(verifier, digest));
	return secret_eq(digest, sizeof(digest), wanted, sizeof(wanted)) ? 0 : E_INVALID_GRANT; /* RFC 7636 4.6 */
}
