/* RFC 6238, RFC 4226; see totp.h. Pools of the server process. Must never log a key or a code. */
#include "account/totp.h"

#include "base/enc.h"
#include "crypto/digest.h"

static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

int totp_code(struct secret key, int64_t step, char ret_code[TOTP_DIGITS + 1])
{
	unsigned char counter[8], mac[SHA1_LEN];
	for (unsigned i = 0; i < sizeof(counter); i++)
		counter[i] = (unsigned char)((uint64_t)step >> (56 - 8 * i));
	TRY(digest_hmac_sha1(key, str_mem(counter, sizeof(counter)), mac));
	/* RFC 4226 5.3: four bytes at the place that the last half byte names, without the sign */
	unsigned at = mac[SHA1_LEN - 1] & 0x0F;
	uint32_t number = (uint32_t)(mac[at] & 0x7F) << 24 | (uint32_t)mac[at + 1] << 16 | (uint32_t)mac[at + 2] << 8 |
			  mac[at + 3];
	for (unsigned i = TOTP_DIGITS; i-- > 0; number /= 10)
		ret_code[i] = (char)('0' + number % 10);
	ret_code[TOTP_DIGITS] = '\0';
	secret_wipe(mac, sizeof(mac));
	return 0;
}

/* As apps show it, "123 456", and as people copy it. E_ACCESS_DENIED: no six digits. */
static int normalise(struct str code, char ret_digits[TOTP_DIGITS])
{
	size_t n = 0;
	for (size_t i = 0; i < code.len; i++) {
		if (code.p[i] == ' ')
			continue;
		if (code.p[i] < '0' || code.p[i] > '9' || n == TOTP_DIGITS)
			return E_ACCESS_DENIED;
		ret_digits[n++] = code.p[i];
	}
	return n == TOTP_DIGITS ? 0 : E_ACCESS_DENIED;
}

int totp_check(struct secret key, struct str code, int64_t now_s, int64_t *ret_step)
{
	char digits[TOTP_DIGITS], expected[TOTP_DIGITS + 1];
	int64_t found = -1;
	TRY(normalise(code, digits));
	for (int64_t step = totp_step(now_s) - TOTP_WINDOW; step <= totp_step(now_s) + TOTP_WINDOW; step++) {
		if (step < 0)
			continue;
		TRY(totp_code(key, step, expected));
		if (secret_eq(expected, TOTP_DIGITS, digits, TOTP_DIGITS)) /* all are compared: no time tells which */
			found = step;
	}
	secret_wipe(expected, sizeof(expected));
	if (found < 0)
		return E_ACCESS_DENIED;
	*ret_step = found;
	return 0;
}

void totp_base32(struct secret key, struct buf *out)
{
	uint32_t bits = 0;
	unsigned n = 0;
	for (size_t i = 0; i < key.len; i++) {
		bits = bits << 8 | key.p[i];
		for (n += 8; n >= 5; n -= 5)
			buf_put_char(out, base32[bits >> (n - 5) & 31]);
	}
	if (n > 0)
		buf_put_char(out, base32[bits << (5 - n) & 31]);
}

int totp_uri(struct str issuer, struct str account, struct secret key, struct buf *out)
{
	buf_put(out, STR("otpauth://totp/"));
	enc_url(out, issuer);
	buf_put(out, STR(":"));
	enc_url(out, account);
	buf_put(out, STR("?secret="));
	totp_base32(key, out);
	buf_put(out, STR("&issuer="));
	enc_url(out, issuer);
	return buf_status(out);
}
