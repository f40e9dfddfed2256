/*
 * What a browser sends about a passkey, and what an authenticator signs: any bytes are a refusal or a credential whose
 * stored key reads back. The first byte says what the rest is.
 */
#include "account/passkey.h"
#include "account/passkey_json.h"
#include "crypto/webauthn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The COSE key of RFC 8032 7.1's first test. */
static const struct str key = {"\xA4\x01\x01\x03\x27\x20\x06\x21\x58\x20"
			       "\xd7\x5a\x98\x01\x82\xb1\x0a\xb7\xd5\x4b\xfe\xd3\xc9\x64\x07\x3a"
			       "\x0e\xe1\x72\xf3\xda\xa6\x23\x25\xaf\x02\x1a\x68\xf7\x07\x51\x1a", 42};

static void create(struct str rest)
{
	struct webauthn_created created;
	uint32_t counter;
	if (webauthn_create(rest, STR("id.example"), &created) < 0)
		return;
	struct webauthn_assertion assertion = {.data = rest, .sig = STR("x"),
					       .key = str_mem(created.key, created.key_len)};
	if (created.id_len == 0 || webauthn_check(&assertion, STR("id.example"), &counter) == 0)
		__builtin_trap();
}

static void check(struct str rest)
{
	uint32_t counter;
	size_t half = rest.len / 2;
	const struct webauthn_assertion assertion = {
		.data = {rest.p, half}, .sig = {rest.p + half, rest.len - half}, .key = key};
	if (webauthn_check(&assertion, STR("id.example"), &counter) == 0)
		__builtin_trap();
}

static void json(struct str rest)
{
	struct passkey_json parsed;
	struct arena arena;
	unsigned char challenge[PASSKEY_CHALLENGE_LEN];
	arena_init(&arena, 1 << 20);
	if (passkey_json_parse(rest, &arena, &parsed) == 0 && parsed.object.len > 0)
		create(parsed.object);
	arena_done(&arena);
	(void)!passkey_client_data(rest, "webauthn.get", STR("https://id.example"), challenge);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const targets[])(struct str rest) = {create, check, json};
	if (size > 0)
		targets[data[0] % 3](str_mem(data + 1, size - 1));
	return 0;
}
