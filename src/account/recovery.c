/* See recovery.h. Pools of the server process. Must never log a code. */
#include "account/recovery.h"

#include "base/rand.h"
#include "base/secret.h"

enum { DIGITS = 16, GROUP = 4 };

/* Crockford's base32: no I, L, O, U. */
static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

static int hash(const char digits[DIGITS], unsigned char ret_sha256[SHA256_LEN])
{
	return digest_sha256(str_mem(digits, DIGITS), ret_sha256);
}

static int new_code(char ret_code[RECOVERY_LEN + 1], unsigned char ret_sha256[SHA256_LEN])
{
	char digits[DIGITS];
	unsigned char bytes[DIGITS];
	size_t at = 0;
	TRY(rand_bytes(bytes, sizeof(bytes)));
	for (unsigned i = 0; i < DIGITS; i++) {
		digits[i] = alphabet[bytes[i] & 31];
		if (i > 0 && i % GROUP == 0)
			ret_code[at++] = '-';
		ret_code[at++] = digits[i];
	}
	ret_code[at] = '\0';
	int rc = hash(digits, ret_sha256);
	secret_wipe(bytes, sizeof(bytes));
	secret_wipe(digits, sizeof(digits));
	return rc;
}

int recovery_new(struct recovery *ret_recovery)
{
	for (unsigned i = 0; i < RECOVERY_CODES; i++)
		TRY(new_code(ret_recovery->codes[i], ret_recovery->sha256[i]));
	return 0;
}

/* What a character means; 0: nothing. */
static char canonical(char c)
{
	c = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
	c = c == 'o' ? '0' : c;
	c = c == 'i' || c == 'l' ? '1' : c;
	return c != '\0' && strchr(alphabet, c) ? c : '\0';
}

int recovery_parse(struct str text, unsigned char ret_sha256[SHA256_LEN])
{
	char digits[DIGITS];
	size_t n = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '-' || text.p[i] == ' ')
			continue;
		if (n == DIGITS || canonical(text.p[i]) == '\0')
			return E_SYNTAX;
		digits[n++] = canonical(text.p[i]);
	}
	int rc = n == DIGITS ? hash(digits, ret_sha256) : E_SYNTAX;
	secret_wipe(digits, sizeof(digits));
	return rc;
}
