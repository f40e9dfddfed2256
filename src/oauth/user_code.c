/* See user_code.h. RFC 8628 6.1. Server process; must never log a code: whoever has it can approve the device. */
#include "oauth/user_code.h"

#include "base/rand.h"
#include "base/secret.h"

/* RFC 8628 6.1: few letters, none of them a vowel, none that is mistaken for another or for a digit. */
static const char letters[] = "BCDFGHJKLMNPQRSTVWXZ";
enum { LETTERS = sizeof(letters) - 1, TYPED_MAX = 64, FAIR = 256 / LETTERS * LETTERS, BATCH = 4 * USER_CODE_LEN };

int user_code_new(char ret_code[USER_CODE_LEN + 1])
{
	unsigned char bytes[BATCH];
	char code[USER_CODE_LEN + 1] = "";
	size_t len = 0;
	while (len < USER_CODE_LEN) {
		TRY(rand_bytes(bytes, sizeof(bytes)));
		for (size_t i = 0; i < sizeof(bytes) && len < USER_CODE_LEN; i++)
			if (bytes[i] < FAIR) /* else the first letters came more often */
				code[len++] = letters[bytes[i] % LETTERS];
	}
	memcpy(ret_code, code, sizeof(code));
	secret_wipe(bytes, sizeof(bytes));
	return 0;
}

void user_code_show(const char code[USER_CODE_LEN + 1], char ret_shown[USER_CODE_SHOWN_LEN + 1])
{
	memcpy(ret_shown, code, USER_CODE_LEN / 2);
	ret_shown[USER_CODE_LEN / 2] = '-';
	memcpy(ret_shown + USER_CODE_LEN / 2 + 1, code + USER_CODE_LEN / 2, USER_CODE_LEN / 2 + 1);
}

static bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

static bool is_separator(char c) { return c >= ' ' && c <= '~' && !is_letter(c) && !(c >= '0' && c <= '9'); }

int user_code_parse(struct str typed, char ret_code[USER_CODE_LEN + 1])
{
	char code[USER_CODE_LEN + 1] = "";
	size_t len = 0;
	if (typed.len > TYPED_MAX)
		return E_SYNTAX;
	for (size_t i = 0; i < typed.len; i++) {
		char c = typed.p[i];
		if (is_separator(c)) /* RFC 8628 6.1: punctuation is for the eye */
			continue;
		char upper = is_letter(c) ? (char)(c & ~0x20) : '\0'; /* RFC 8628 6.1: case does not count */
		if (upper == '\0' || len == USER_CODE_LEN || !memchr(letters, upper, LETTERS))
			return E_SYNTAX;
		code[len++] = upper;
	}
	if (len != USER_CODE_LEN)
		return E_SYNTAX;
	memcpy(ret_code, code, sizeof(code));
	return 0;
}
