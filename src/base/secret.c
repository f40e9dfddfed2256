/* Wiping and constant-time comparison; see secret.h. */
#include "base/secret.h"

void secret_wipe(void *p, size_t n)
{
	if (n > 0)
		explicit_bzero(p, n);
}

bool secret_eq(const void *a, size_t a_len, const void *b, size_t b_len)
{
	const volatile unsigned char *x = a;
	const volatile unsigned char *y = b;
	unsigned char diff = 0;
	if (a_len != b_len)
		return false;
	for (size_t i = 0; i < a_len; i++)
		diff |= (unsigned char)(x[i] ^ y[i]);
	return diff == 0;
}
