/* Digests against published vectors: FIPS 180-4, RFC 5869 A.1 and A.3, the SipHash paper's appendix. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/enc.h"
#include "crypto/digest.h"

static void sha256_vectors(void **state)
{
	unsigned char want[SHA256_LEN], got[SHA256_LEN];
	(void)state;
	assert_int_equal(digest_sha256(STR("abc"), got), 0);
	assert_int_equal(
		enc_hex_decode(STR("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"), want, 32), 0);
	assert_memory_equal(got, want, 32);
	assert_int_equal(digest_sha256((struct str){NULL, 0}, got), 0); /* the context starts anew each time */
	assert_int_equal(
		enc_hex_decode(STR("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"), want, 32), 0);
	assert_memory_equal(got, want, 32);
}

static void hkdf_vectors(void **state)
{
	unsigned char ikm[22], salt[13], info[10], want[42], got[42];
	(void)state;
	memset(ikm, 0x0b, sizeof(ikm));
	for (unsigned char i = 0; i < 13; i++)
		salt[i] = i;
	for (unsigned char i = 0; i < 10; i++)
		info[i] = (unsigned char)(0xf0 + i);
	assert_int_equal(digest_hkdf(str_mem(ikm, 22), str_mem(salt, 13), str_mem(info, 10), got, 42), 0);
	assert_int_equal(enc_hex_decode(STR("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5"
					    "b887185865"),
					want, 42),
			 0);
	assert_memory_equal(got, want, 42);
	assert_int_equal(digest_hkdf(str_mem(ikm, 22), STR(""), STR(""), got, 42), 0);
	assert_int_equal(enc_hex_decode(STR("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395fa"
					    "a4b61a96c8"),
					want, 42),
			 0);
	assert_memory_equal(got, want, 42);
}

static void siphash_vector(void **state)
{
	unsigned char key[16], text[15];
	(void)state;
	for (unsigned char i = 0; i < 16; i++)
		key[i] = i;
	for (unsigned char i = 0; i < 15; i++)
		text[i] = i;
	assert_true(digest_siphash(key, str_mem(text, 15)) == 0xa129ca6149be45e5ULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_vectors),
		cmocka_unit_test(hkdf_vectors),
		cmocka_unit_test(siphash_vector),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
