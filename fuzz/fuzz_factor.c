/* Codes that people type: one of an app is right in one spelling only, blanks aside; recovery codes have one value. */
#include "account/recovery.h"
#include "account/totp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool truth)
{
	if (!truth)
		__builtin_trap();
}

static size_t count_digits(struct str text)
{
	size_t n = 0;
	for (size_t i = 0; i < text.len; i++)
		n += text.p[i] >= '0' && text.p[i] <= '9';
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned char key[TOTP_KEY_LEN] = {1};
	struct str text = str_mem(data, size);
	unsigned char sha256[SHA256_LEN], again[SHA256_LEN];
	int64_t step = 0;
	char upper[64];
	if (totp_check((struct secret){key, sizeof(key)}, text, 59, &step) == 0)
		expect(count_digits(text) == TOTP_DIGITS && step >= 0 && step <= 1 + TOTP_WINDOW);
	if (size > sizeof(upper) || recovery_parse(text, sha256) < 0)
		return 0;
	for (size_t i = 0; i < size; i++)
		upper[i] = (char)(text.p[i] >= 'a' && text.p[i] <= 'z' ? text.p[i] - 32 : text.p[i]);
	expect(recovery_parse(str_mem(upper, size), again) == 0 && memcmp(sha256, again, sizeof(again)) == 0);
	return 0;
}
