/*
 * Keys in: which members are no key (RFC 7518 3.3, 6.2, 6.3; RFC 8725 3.4, 3.5); keys out and
 * back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/fault.h"
#include "crypto/sig.h"

/* A P-256 public key: RFC 7515 A.3. */
static const unsigned char x[] = {127, 205, 206, 39,  112, 246, 196, 93, 65,  131, 203, 238, 111, 219, 75,  123,
				  88,  7,   51,  53,  123, 233, 239, 19, 186, 207, 110, 60,  123, 209, 84,  69};
static const unsigned char y[] = {199, 241, 68,  205, 27,  189, 155, 126, 135, 44, 223, 237, 185, 238, 185, 244,
				  179, 105, 93,  110, 169, 11,  36,  173, 138, 70, 35,  40,  133, 136, 229, 173};

static int make(struct sig_public members)
{
	struct sig_key *key = NULL;
	int rc = sig_key_from_public(&members, &key);
	assert_true((rc == 0) == (key != NULL));
	sig_key_unref(key);
	return rc;
}

/* RFC 7518 6.2.1.2, RFC 8725 3.4; ledger 7517-4, 8725-3.4. */
static void refuses_bad_points(void **state)
{
	unsigned char bad[33] = {0}, prime[32];
	struct sig_public good = {.alg = SIG_ES256, .x = str_mem(x, 32), .y = str_mem(y, 32)}, m;
	(void)state;
	assert_int_equal(make(good), 0);
	memcpy(bad, y, 32);
	bad[31] ^= 1;
	m = good, m.y = str_mem(bad, 32);
	assert_int_equal(make(m), E_SYNTAX); /* not on the curve */
	m = good, m.alg = SIG_ES384;
	assert_int_equal(make(m), E_SYNTAX); /* ATTACKS 4: another curve */
	m = good, m.x = str_mem(x, 31);
	assert_int_equal(make(m), E_SYNTAX);
	memcpy(bad + 1, x, 32);
	bad[0] = 0;
	m = good, m.x = str_mem(bad, 33); /* a leading zero too many */
	assert_int_equal(make(m), E_SYNTAX);
	m = good, m.y = (struct str){NULL, 0};
	assert_int_equal(make(m), E_SYNTAX);
	memset(bad, 0, sizeof(bad));
	m = (struct sig_public){.alg = SIG_ES256, .x = str_mem(bad, 32), .y = str_mem(bad, 32)};
	assert_int_equal(make(m), E_SYNTAX);
	memset(prime, 0xff, sizeof(prime));
	m = good, m.x = str_mem(prime, 32); /* above the field */
	assert_int_equal(make(m), E_SYNTAX);
	m = good, m.alg = SIG_NONE;
	assert_int_equal(make(m), E_SYNTAX);
	m = good, m.alg = SIG_ALGS;
	assert_int_equal(make(m), E_SYNTAX);
}

/* RFC 8037 2, RFC 8032 5.1.5, RFC 8725 3.4; ledger 8725-3.4. */
static void refuses_bad_ed25519(void **state)
{
	unsigned char point[33] = {0};
	struct sig_public m = {.alg = SIG_EDDSA, .x = str_mem(point, 32)};
	(void)state;
	assert_int_equal(make(m), E_SYNTAX); /* order 4 */
	point[0] = 1;
	assert_int_equal(make(m), E_SYNTAX); /* the neutral element */
	memset(point, 0xff, 32);
	assert_int_equal(make(m), E_SYNTAX); /* not canonical */
	point[0] = 2;
	memset(point + 1, 0, 31);
	assert_int_equal(make(m), E_SYNTAX); /* not on the curve */
	m.x.len = 31;
	assert_int_equal(make(m), E_SYNTAX);
	m.x.len = 33;
	assert_int_equal(make(m), E_SYNTAX);
}

/* RFC 7518 3.3, RFC 7518 6.3.1.1; ledger 8725-3.5. */
static void refuses_bad_rsa(void **state)
{
	unsigned char n[513] = {0}, e[16] = {1, 0, 1};
	struct sig_key *key = NULL;
	(void)state;
	assert_int_equal(sig_key_generate(SIG_RS256, &key), 0);
	struct sig_public good = *sig_key_public(key), m;
	m = good;
	assert_int_equal(m.n.len, 256);
	assert_int_equal(make(m), 0);
	memcpy(n + 1, good.n.p, 256);
	m = good, m.n = str_mem(n, 257);
	assert_int_equal(make(m), E_SYNTAX); /* 7517-5: leading zero octet */
	m = good, m.n.len = 128;
	assert_int_equal(make(m), E_SYNTAX); /* 7517-8: below 2048 bits */
	memcpy(n, good.n.p, 256);
	n[0] &= 0x7f;
	n[0] |= 0x40;
	m = good, m.n = str_mem(n, 256);
	assert_int_equal(make(m), E_SYNTAX); /* 2047 bits */
	memcpy(n, good.n.p, 256);
	n[255] &= 0xfe;
	assert_int_equal(make(m), E_SYNTAX); /* even */
	memset(n, 0xff, sizeof(n));
	m = good, m.n = str_mem(n, 513);
	assert_int_equal(make(m), E_SYNTAX); /* above 4096 bits */
	static const struct {
		unsigned char bytes[10];
		size_t len;
	} exponents[] = {{{0}, 0},  {{0}, 1},	    {{1}, 1},	       {{3}, 1},
			 {{17}, 1}, {{1, 0, 0}, 3}, {{0, 1, 0, 1}, 4}, {{1, 0, 0, 0, 0, 0, 0, 0, 1}, 9}};
	for (size_t i = 0; i < sizeof(exponents) / sizeof(exponents[0]); i++) {
		m = good, m.e = str_mem(exponents[i].bytes, exponents[i].len);
		assert_int_equal(make(m), E_SYNTAX);
	}
	m = good, m.e = str_mem(e, 3);
	assert_int_equal(make(m), 0);
	sig_key_unref(key);
}

/*
 * CVE-2017-15361: a modulus made of powers of 65537 modulo the small primes. 65537 itself, shifted up, is the simplest.
 */
static void refuses_predictable_rsa(void **state)
{
	unsigned char n[256] = {0};
	(void)state;
	/*
	 * 65537^128 mod 2^2048 is not reduced, so it is 65537^128 exactly: 2049 bits; 65537^127 has 2033. Take 128 in
	 * 257 bytes.
	 */
	unsigned char power[257] = {0};
	power[256] = 1;
	for (int i = 0; i < 128; i++) { /* times 65537: add itself shifted by two bytes */
		unsigned carry = 0;
		unsigned char shifted[257] = {0};
		memcpy(shifted, power + 2, 255);
		for (int k = 256; k >= 0; k--) {
			carry += (unsigned)power[k] + shifted[k];
			power[k] = (unsigned char)carry;
			carry >>= 8;
		}
	}
	(void)n;
	struct sig_public m = {.alg = SIG_RS256, .n = str_mem(power, 257), .e = STR("\1\0\1")};
	assert_int_equal(make(m), E_SYNTAX);
	power[200] ^= 2; /* no power any more; nobody checks that it is a product of two primes */
	assert_int_equal(make(m), 0);
}

/* RFC 5958, RFC 8410 7. */
static void private_keys_come_back(void **state)
{
	(void)state;
	for (enum sig_alg alg = SIG_NONE + 1; alg < SIG_ALGS; alg++) {
		struct sig_key *key = NULL, *back = NULL;
		struct buf der;
		buf_init(&der, SIG_PRIVATE_MAX);
		assert_int_equal(sig_key_generate(alg, &key), 0);
		assert_int_equal(sig_key_private(key, &der), 0);
		struct secret secret = secret_of(buf_str(&der));
		assert_int_equal(sig_key_from_private(alg, secret, &back), 0);
		const struct sig_public *a = sig_key_public(key), *b = sig_key_public(back);
		assert_true(str_eq(a->x, b->x) && str_eq(a->y, b->y) && str_eq(a->n, b->n) && str_eq(a->e, b->e));
		sig_key_unref(back);
		back = NULL;
		secret.len--; /* cut */
		assert_int_equal(sig_key_from_private(alg, secret, &back), E_SYNTAX);
		buf_put_char(&der, 'x'); /* a byte behind */
		assert_int_equal(sig_key_from_private(alg, secret_of(buf_str(&der)), &back), E_SYNTAX);
		der.len--;
		for (enum sig_alg other = SIG_NONE + 1; other < SIG_ALGS; other++) {
			bool both_rsa =
				alg >= SIG_RS256 && alg <= SIG_PS256 && other >= SIG_RS256 && other <= SIG_PS256;
			if (other != alg && !both_rsa)
				assert_int_equal(sig_key_from_private(other, secret_of(buf_str(&der)), &back),
						 E_SYNTAX);
		}
		assert_null(back);
		buf_done(&der);
		sig_key_unref(key);
	}
}

static void survives_want_of_memory_and_entropy(void **state)
{
	(void)state;
#ifndef MINTMARK_FAULTS
	skip();
#else
	struct sig_key *key = NULL;
	fault_arm(FAULT_ALLOC, 1);
	assert_int_equal(sig_key_generate(SIG_ES256, &key), E_NOMEM);
	fault_arm(FAULT_ALLOC, 0);
	fault_arm(FAULT_RANDOM, 1);
	assert_int_equal(sig_key_generate(SIG_EDDSA, &key), E_RANDOM);
	fault_arm(FAULT_RANDOM, 0);
	assert_null(key);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_bad_points),       cmocka_unit_test(refuses_bad_ed25519),
		cmocka_unit_test(refuses_bad_rsa),          cmocka_unit_test(refuses_predictable_rsa),
		cmocka_unit_test(private_keys_come_back),   cmocka_unit_test(survives_want_of_memory_and_entropy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
