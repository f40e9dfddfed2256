/* What makes an RSA public key unfit; see sig_key.h. RFC 7518 3.3, 6.3.1. Pure. */
#include "crypto/sig_key.h"

enum { BITS_MIN = 2048, BITS_MAX = 4096, EXPONENT_MIN = 65537, EXPONENT_LEN_MAX = 8 };

static size_t bit_len(struct str big)
{
	unsigned top = (unsigned char)big.p[0];
	size_t bits = big.len * 8;
	for (unsigned mask = 0x80; mask > 0 && !(top & mask); mask >>= 1)
		bits--;
	return bits;
}

static unsigned modulo(struct str big, unsigned p)
{
	unsigned rest = 0;
	for (size_t i = 0; i < big.len; i++)
		rest = (rest << 8 | (unsigned char)big.p[i]) % p;
	return rest;
}

static bool is_power(unsigned value, unsigned base, unsigned p)
{
	unsigned power = 1;
	do {
		if (power == value)
			return true;
		power = power * base % p;
	} while (power != 1);
	return false;
}

/*
 * CVE-2017-15361: one vendor's chips made primes k * M + (65537^a mod M), so modulo each small prime the modulus is a
 * power of 65537. A sound modulus passes all of these by chance about once in 2^27.
 */
static bool is_predictable(struct str n)
{
	static const unsigned char primes[] = {11, 13, 17, 19, 37, 53, 61, 71, 73,
					       79, 97, 103, 107, 109, 127, 151, 157};
	for (size_t i = 0; i < sizeof(primes); i++)
		if (!is_power(modulo(n, primes[i]), EXPONENT_MIN % primes[i], primes[i]))
			return false;
	return true;
}

static bool is_fit_exponent(struct str e)
{
	uint64_t value = 0;
	if (e.len == 0 || e.len > EXPONENT_LEN_MAX || e.p[0] == 0)
		return false;
	for (size_t i = 0; i < e.len; i++)
		value = value << 8 | (unsigned char)e.p[i];
	return value >= EXPONENT_MIN && value % 2 == 1;
}

int sig_rsa_check(struct str n, struct str e)
{
	if (n.len == 0 || n.len > BITS_MAX / 8 || n.p[0] == 0) /* RFC 7518 6.3.1.1: no extra leading zero octet */
		return E_SYNTAX;
	if (bit_len(n) < BITS_MIN) /* RFC 7518 3.3: 2048 bits or more */
		return E_SYNTAX;
	if ((n.p[n.len - 1] & 1) == 0 || !is_fit_exponent(e) || is_predictable(n))
		return E_SYNTAX;
	return 0;
}
