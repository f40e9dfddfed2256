/* Signing and verifying: forged, cut, re-encoded signatures first (ATTACKS 8; RFC 7518 3.3 to 3.5; RFC 8032 5.1.7). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include <pthread.h>

#include "base/enc.h"
#include "crypto/sig.h"

static const struct str message = {"header.payload", 14};
static struct sig_key *keys[SIG_ALGS];

static int make_keys(void **state)
{
	(void)state;
	for (enum sig_alg alg = SIG_NONE + 1; alg < SIG_ALGS; alg++)
		if (sig_key_generate(alg, &keys[alg]) < 0)
			return -1;
	return 0;
}

static int drop_keys(void **state)
{
	(void)state;
	for (enum sig_alg alg = SIG_NONE + 1; alg < SIG_ALGS; alg++)
		sig_key_unref(keys[alg]);
	return 0;
}

static struct str sign(enum sig_alg alg, unsigned char *sig)
{
	struct sig_signer *signer = NULL;
	size_t len = 0;
	assert_int_equal(sig_signer_new(keys[alg], &signer), 0);
	assert_int_equal(sig_sign(signer, message, sig, &len), 0);
	sig_signer_free(signer);
	return str_mem(sig, len);
}

/* RFC 7518 3.1, RFC 8037 3.1, RFC 8725 3.2. */
static void names_are_exact(void **state)
{
	static const char *const unknown[] = {"none",	"None",	 "NONE",    "HS256",  "HS384",	"HS512",
					      "RSA1_5", "RS1",	 "es256",   "ES256 ", "ES256K", "ES512",
					      "RS512",	"PS384", "Ed25519", "",	      "EdDSA\n"};
	(void)state;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		assert_int_equal(sig_alg_find(str_of(unknown[i])), SIG_NONE);
	assert_null(sig_alg_row(SIG_NONE));
	assert_null(sig_alg_row(SIG_ALGS));
	for (enum sig_alg alg = SIG_NONE + 1; alg < SIG_ALGS; alg++)
		assert_int_equal(sig_alg_find(str_of(sig_alg_row(alg)->name)), alg);
}

static void refuses_flipped_bits(void **state)
{
	unsigned char sig[SIG_MAX];
	(void)state;
	for (enum sig_alg alg = SIG_NONE + 1; alg < SIG_ALGS; alg++) {
		struct str s = sign(alg, sig);
		for (size_t byte = 0; byte < s.len; byte += 7) {
			sig[byte] ^= 0x10;
			assert_int_equal(sig_verify(keys[alg], message, s), E_SIGNATURE);
			sig[byte] ^= 0x10;
		}
		assert_int_equal(sig_verify(keys[alg], STR("header.payloae"), s), E_SIGNATURE);
		assert_int_equal(sig_verify(keys[alg], message, s), 0);
	}
}

/* RFC 7518 3.4; RFC 8017 8.1.2, RFC 8017 8.2.2; ledger 7515-7: as long as the coordinates or the modulus, exactly. */
static void refuses_other_lengths(void **state)
{
	static char big[21830];
	unsigned char sig[SIG_MAX + 1] = {0};
	(void)state;
	memset(big, 1, sizeof(big));
	for (enum sig_alg alg = SIG_NONE + 1; alg < SIG_ALGS; alg++) {
		struct str s = sign(alg, sig);
		assert_int_equal(sig_verify(keys[alg], message, (struct str){NULL, 0}), E_SIGNATURE);
		assert_int_equal(sig_verify(keys[alg], message, str_mem(sig, s.len - 1)), E_SIGNATURE);
		assert_int_equal(sig_verify(keys[alg], message, str_mem(sig + 1, s.len - 1)), E_SIGNATURE);
		assert_int_equal(sig_verify(keys[alg], message, str_mem(sig, s.len + 1)), E_SIGNATURE);
		assert_int_equal(sig_verify(keys[alg], message, str_mem(big, sizeof(big))), E_SIGNATURE);
	}
}

/* RFC 7518 3.4 with FIPS 186-4 6.4: r and s in 1 .. n-1. */
static void refuses_ecdsa_out_of_range(void **state)
{
	static const char order[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
	unsigned char sig[SIG_MAX], bad[64], n[32];
	(void)state;
	assert_int_equal(enc_hex_decode(str_mem(order, 64), n, 32), 0);
	sign(SIG_ES256, sig);
	for (int what = 0; what < 7; what++) {
		memcpy(bad, sig, 64);
		if (what & 1)
			memset(bad, 0, 32);
		if (what & 2)
			memset(bad + 32, 0, 32);
		if (what == 4)
			memcpy(bad, n, 32);
		if (what == 5)
			memcpy(bad + 32, n, 32);
		if (what == 6)
			memset(bad, 0xff, 64);
		assert_int_equal(sig_verify(keys[SIG_ES256], message, str_mem(bad, 64)), what == 0 ? 0 : E_SIGNATURE);
	}
}

/* DER where r || s is due. The first valid signature, written as DER, must not pass. */
static void refuses_der(void **state)
{
	unsigned char sig[SIG_MAX], der[72] = {0x30, 70, 0x02, 33, 0};
	(void)state;
	sign(SIG_ES256, sig);
	memcpy(der + 5, sig, 32);
	der[37] = 0x02;
	der[38] = 33;
	memcpy(der + 40, sig + 32, 32);
	assert_int_equal(sig_verify(keys[SIG_ES256], message, str_mem(der, 72)), E_SIGNATURE);
	assert_int_equal(sig_verify(keys[SIG_ES256], message, str_mem(der, 64)), E_SIGNATURE);
}

/*
 * The high-s policy of ATTACKS 8: JOSE knows no low-s rule (RFC 7518 3.4), so both of a pair verify. Nothing here may
 * therefore take a signature for a token's identity; that is `jti`.
 */
static void accepts_both_s(void **state)
{
	static const char order[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
	unsigned char sig[SIG_MAX], n[32];
	int borrow = 0;
	(void)state;
	assert_int_equal(enc_hex_decode(str_mem(order, 64), n, 32), 0);
	sign(SIG_ES256, sig);
	for (int i = 31; i >= 0; i--) {
		int d = n[i] - sig[32 + i] - borrow;
		borrow = d < 0;
		sig[32 + i] = (unsigned char)(d & 0xff);
	}
	assert_int_equal(sig_verify(keys[SIG_ES256], message, str_mem(sig, 64)), 0);
}

static void refuses_another_key(void **state)
{
	unsigned char sig[SIG_MAX];
	(void)state;
	for (enum sig_alg alg = SIG_NONE + 1; alg < SIG_ALGS; alg++) {
		struct str s = sign(alg, sig);
		for (enum sig_alg other = SIG_NONE + 1; other < SIG_ALGS; other++)
			if (other != alg)
				assert_int_equal(sig_verify(keys[other], message, s), E_SIGNATURE);
	}
}

/* RFC 7518 3.5, ATTACKS 4: the same modulus under PS256 does not take an RS256 signature, and the other way round. */
static void rsa_schemes_do_not_mix(void **state)
{
	struct sig_public members = *sig_key_public(keys[SIG_RS256]);
	struct sig_key *twin = NULL;
	unsigned char sig[SIG_MAX];
	(void)state;
	members.alg = SIG_PS256;
	assert_int_equal(sig_key_from_public(&members, &twin), 0);
	assert_int_equal(sig_verify(twin, message, sign(SIG_RS256, sig)), E_SIGNATURE);
	sig_key_unref(twin);
}

/* RFC 8032 5.1.7: S >= L is refused, so a signature has one spelling. */
static void ed25519_s_is_canonical(void **state)
{
	static const char order_le[] = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
	unsigned char sig[SIG_MAX], l[32];
	unsigned carry = 0;
	(void)state;
	assert_int_equal(enc_hex_decode(str_mem(order_le, 64), l, 32), 0);
	sign(SIG_EDDSA, sig);
	for (size_t i = 0; i < 32; i++) {
		carry += (unsigned)sig[32 + i] + l[i];
		sig[32 + i] = (unsigned char)carry;
		carry >>= 8;
	}
	assert_int_equal(sig_verify(keys[SIG_EDDSA], message, str_mem(sig, 64)), E_SIGNATURE);
}

/*
 * The length of r || s is fixed even when a number has leading zeros: one in 128 has one, so 600 signatures meet
 * several.
 */
static void ecdsa_length_is_fixed(void **state)
{
	struct sig_signer *signer = NULL;
	(void)state;
	assert_int_equal(sig_signer_new(keys[SIG_ES256], &signer), 0);
	for (int i = 0; i < 600; i++) {
		unsigned char sig[SIG_MAX];
		size_t len = 0;
		assert_int_equal(sig_sign(signer, message, sig, &len), 0);
		assert_int_equal(len, 64);
		assert_int_equal(sig_verify(keys[SIG_ES256], message, str_mem(sig, len)), 0);
	}
	sig_signer_free(signer);
}

/* RFC 8037 A.4: the signature of a known key. */
static void ed25519_is_rfc_8037(void **state)
{
	unsigned char der[48] = {0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
				 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
	struct str input = STR("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
	struct sig_key *key = NULL;
	struct sig_signer *signer = NULL;
	unsigned char sig[SIG_MAX], want[64];
	size_t len = 0;
	(void)state;
	assert_int_equal(enc_b64url_decode(STR("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"), der + 16, 32, &len), 0);
	assert_int_equal(enc_b64url_decode(STR("hgyY0il_MGCjP0JzlnLWG1PPOt7-"
					       "09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"),
					   want, 64, &len),
			 0);
	assert_int_equal(sig_key_from_private(SIG_EDDSA, secret_of(str_mem(der, 48)), &key), 0);
	assert_int_equal(sig_signer_new(key, &signer), 0);
	assert_int_equal(sig_sign(signer, input, sig, &len), 0);
	assert_memory_equal(sig, want, 64);
	sig_signer_free(signer);
	sig_key_unref(key);
}

static void public_keys_do_not_sign(void **state)
{
	struct sig_key *public_key = NULL;
	struct sig_signer *signer = NULL;
	struct buf out;
	(void)state;
	for (enum sig_alg alg = SIG_NONE + 1; alg < SIG_ALGS; alg++) {
		assert_int_equal(sig_key_from_public(sig_key_public(keys[alg]), &public_key), 0);
		assert_int_equal(sig_signer_new(public_key, &signer), E_CRYPTO);
		assert_null(signer);
		buf_init(&out, SIG_PRIVATE_MAX);
		assert_int_equal(sig_key_private(public_key, &out), E_CRYPTO);
		assert_int_equal(out.len, 0);
		sig_key_unref(public_key);
	}
}

static void *race(void *arg)
{
	struct sig_signer *signer = NULL;
	long failures = 0;
	(void)arg;
	for (int i = 0; i < 50; i++) {
		unsigned char sig[SIG_MAX];
		size_t len = 0;
		enum sig_alg alg = i % 2 ? SIG_ES256 : SIG_EDDSA;
		struct sig_key *key = sig_key_ref(keys[alg]);
		failures += sig_signer_new(key, &signer) < 0 || sig_sign(signer, message, sig, &len) < 0 ||
			    sig_verify(key, message, str_mem(sig, len)) < 0;
		sig_signer_free(signer);
		sig_key_unref(key);
	}
	return (void *)failures;
}

static void threads_share_keys(void **state)
{
	pthread_t threads[4];
	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, race, NULL), 0);
	for (int i = 0; i < 4; i++) {
		void *failures = NULL;
		assert_int_equal(pthread_join(threads[i], &failures), 0);
		assert_null(failures);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_exact),
		cmocka_unit_test(refuses_flipped_bits),
		cmocka_unit_test(refuses_other_lengths),
		cmocka_unit_test(refuses_ecdsa_out_of_range),
		cmocka_unit_test(refuses_der),
		cmocka_unit_test(accepts_both_s),
		cmocka_unit_test(refuses_another_key),
		cmocka_unit_test(rsa_schemes_do_not_mix),
		cmocka_unit_test(ed25519_s_is_canonical),
		cmocka_unit_test(ecdsa_length_is_fixed),
		cmocka_unit_test(ed25519_is_rfc_8037),
		cmocka_unit_test(public_keys_do_not_sign),
		cmocka_unit_test(threads_share_keys),
	};
	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
