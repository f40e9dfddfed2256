/*
 * Passkeys against the store in memory, with an authenticator in software (EdDSA): what must be refused first. WebAuthn
 * Level 3, 7.1 and 7.2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "account/passkey.h"
#include "account/passkey_json.h"
#include "base/enc.h"
#include "base/fault.h"
#include "crypto/sig.h"
#include "fixture.h"
#include "json/json.h"

#define OK(expr) assert_int_equal((expr), 0)
#define BROWSER STR("one-browser")

/* What the authenticator does; every field may be bent. */
struct stick {
	struct sig_key *key;
	struct str id, rp_id;
	unsigned flags;
	uint32_t counter;
};

/* What the browser says. */
struct page {
	const char *type, *origin, *more;
	struct str challenge; /* text */
	struct str user;
};

static void stick_init(struct stick *device)
{
	*device = (struct stick){.id = STR("credential-1"), .rp_id = STR("id.example"), .flags = 5};
	OK(sig_key_generate(SIG_EDDSA, &device->key));
}

static void stick_done(struct stick *device) { sig_key_unref(device->key); }

static void put_data(const struct stick *device, bool attested, struct buf *out)
{
	static const unsigned char aaguid[16];
	unsigned char hash[SHA256_LEN];
	OK(digest_sha256(device->rp_id, hash));
	buf_put_mem(out, hash, sizeof(hash));
	buf_put_u8(out, (uint8_t)(device->flags | (attested ? 0x40 : 0)));
	buf_put_u32be(out, device->counter);
	if (!attested)
		return;
	buf_put_mem(out, aaguid, sizeof(aaguid));
	buf_put_str16(out, device->id);
	buf_put(out, STR("\xA4\x01\x01\x03\x27\x20\x06\x21\x58\x20"));
	buf_put(out, sig_key_public(device->key)->x);
}

static struct str client_data(struct fixture *f, const struct page *page)
{
	struct str text;
	OK(arena_printf(&f->call.arena, &text,
			"{\"type\":\"%s\",\"challenge\":\"%.*s\",\"origin\":\"%s\",\"crossOrigin\":false%s}",
			page->type, STR_ARG(page->challenge), page->origin, page->more));
	return text;
}

static struct str b64(struct fixture *f, struct str bytes)
{
	struct str text;
	OK(passkey_json_b64url(bytes, &f->call.arena, &text));
	return text;
}

static struct str created(struct fixture *f, const struct stick *device, const struct page *page)
{
	char mem[1024], object_mem[1024];
	struct buf data, object;
	struct str text;
	buf_init_fixed(&data, mem, sizeof(mem));
	buf_init_fixed(&object, object_mem, sizeof(object_mem));
	put_data(device, true, &data);
	buf_put(&object, STR("\xA3\x63" "fmt\x64none\x67" "attStmt\xA0\x68" "authData\x58"));
	buf_put_u8(&object, (uint8_t)data.len);
	buf_put(&object, buf_str(&data));
	OK(arena_printf(&f->call.arena, &text,
			"{\"id\":\"x\",\"rawId\":\"%.*s\",\"type\":\"public-key\",\"response\":{"
			"\"clientDataJSON\":\"%.*s\",\"attestationObject\":\"%.*s\"}}",
			STR_ARG(b64(f, device->id)), STR_ARG(b64(f, client_data(f, page))),
			STR_ARG(b64(f, buf_str(&object)))));
	return text;
}

static struct str proved(struct fixture *f, const struct stick *device, const struct page *page)
{
	char mem[1024], signed_mem[1024];
	unsigned char hash[SHA256_LEN], sig[SIG_MAX];
	struct sig_signer *signer;
	struct buf data, message;
	struct str client = client_data(f, page), text;
	size_t len;
	buf_init_fixed(&data, mem, sizeof(mem));
	buf_init_fixed(&message, signed_mem, sizeof(signed_mem));
	put_data(device, false, &data);
	OK(digest_sha256(client, hash));
	buf_put(&message, buf_str(&data));
	buf_put_mem(&message, hash, sizeof(hash));
	OK(sig_signer_new(device->key, &signer));
	OK(sig_sign(signer, buf_str(&message), sig, &len));
	sig_signer_free(signer);
	OK(arena_printf(&f->call.arena, &text,
			"{\"rawId\":\"%.*s\",\"type\":\"public-key\",\"response\":{\"clientDataJSON\":\"%.*s\","
			"\"authenticatorData\":\"%.*s\",\"signature\":\"%.*s\",\"userHandle\":\"%.*s\"}}",
			STR_ARG(b64(f, device->id)), STR_ARG(b64(f, client)), STR_ARG(b64(f, buf_str(&data))),
			STR_ARG(b64(f, str_mem(sig, len))), STR_ARG(b64(f, page->user))));
	return text;
}

/* The challenge of fresh options, as text. */
static struct str ask(struct fixture *f, bool create)
{
	struct buf out;
	struct json *doc;
	struct str challenge, kept;
	buf_init(&out, PASSKEY_OPTIONS_MAX);
	OK(create ? passkey_create_options(&f->call, &f->ada, BROWSER, &out)
		  : passkey_get_options(&f->call, BROWSER, &out));
	OK(json_parse_object(buf_str(&out), &doc));
	OK(json_get_str(doc, "challenge", &challenge));
	OK(arena_str(&f->call.arena, challenge, &kept));
	json_free(doc);
	buf_done(&out);
	return kept;
}

static struct page create_page(struct fixture *f)
{
	return (struct page){"webauthn.create", "https://id.example", "", ask(f, true), {NULL, 0}};
}

static struct page get_page(struct fixture *f)
{
	return (struct page){"webauthn.get", "https://id.example", "", ask(f, false), f->ada.id};
}

static int create(struct fixture *f, const struct stick *device, const struct page *page)
{
	return passkey_create(&f->call, &f->ada, BROWSER, created(f, device, page), STR("Key"));
}

static int get(struct fixture *f, const struct stick *device, const struct page *page)
{
	struct account account = {.id = STR("")};
	int rc = passkey_get(&f->call, BROWSER, proved(f, device, page), &account);
	assert_true(rc == 0 ? str_eq(account.id, f->ada.id) : account.id.len == 0);
	return rc;
}

static void client_data_refuses(void **state)
{
	(void)state;
#define C43 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define GOOD "\"type\":\"webauthn.get\",\"challenge\":\"" C43 "\""
	static const struct {
		const char *text;
		int rc;
	} rows[] = {
		{"", E_ACCESS_DENIED}, {"[]", E_ACCESS_DENIED}, {"{}", E_ACCESS_DENIED},
		{"{" GOOD "}", E_ACCESS_DENIED},
		{"{" GOOD ",\"origin\":\"https://id.example.evil\"}", E_ACCESS_DENIED},
		{"{" GOOD ",\"origin\":\"https://evil.id.example\"}", E_ACCESS_DENIED},
		{"{" GOOD ",\"origin\":\"https://id.example/\"}", E_ACCESS_DENIED},
		{"{" GOOD ",\"origin\":\"https://id.example:443\"}", E_ACCESS_DENIED},
		{"{" GOOD ",\"origin\":\"http://id.example\"}", E_ACCESS_DENIED},
		{"{" GOOD ",\"origin\":\"https://ID.example\"}", E_ACCESS_DENIED},
		{"{" GOOD ",\"origin\":\"https://id.example\",\"origin\":\"https://id.example\"}", E_ACCESS_DENIED},
		{"{" GOOD ",\"origin\":\"https://id.example\",\"crossOrigin\":true}", E_ACCESS_DENIED},
		{"{" GOOD ",\"origin\":\"https://id.example\",\"crossOrigin\":0}", E_ACCESS_DENIED},
		{"{" GOOD ",\"origin\":\"https://id.example\",\"topOrigin\":\"https://x\"}", E_ACCESS_DENIED},
		{"{\"type\":\"webauthn.create\",\"challenge\":\"" C43 "\",\"origin\":\"https://id.example\"}",
		 E_ACCESS_DENIED},
		{"{\"type\":\"webauthn.get\",\"challenge\":\"" C43 "=\",\"origin\":\"https://id.example\"}",
		 E_ACCESS_DENIED},
		{"{\"type\":\"webauthn.get\",\"challenge\":\"AAAA\",\"origin\":\"https://id.example\"}",
		 E_ACCESS_DENIED},
		{"{\"type\":\"webauthn.get\",\"challenge\":1,\"origin\":\"https://id.example\"}", E_ACCESS_DENIED},
		{"{" GOOD ",\"origin\":\"https://id.example\"}x", E_ACCESS_DENIED},
		{"{" GOOD ",\"origin\":\"https://id.example\"}", 0},
		{"{" GOOD ",\"origin\":\"https://id.example\",\"crossOrigin\":false,\"other\":[1]}", 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned char challenge[PASSKEY_CHALLENGE_LEN];
		if (passkey_client_data(str_of(rows[i].text), "webauthn.get", STR("https://id.example"), challenge) !=
		    rows[i].rc)
			fail_msg("%s", rows[i].text);
	}
}

static void json_refuses(void **state)
{
	struct fixture *f = *state;
	static const char *const rows[] = {
		"", "[]", "{}", "{\"type\":\"public-key\"}", "{\"type\":\"password\",\"response\":{}}",
		"{\"type\":\"public-key\",\"response\":[]}", "{\"type\":\"public-key\",\"response\":{},\"rawId\":1}",
		"{\"type\":\"public-key\",\"response\":{\"signature\":\"a+b=\"}}",
	};
	struct passkey_json json;
	struct account account;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (passkey_json_parse(str_of(rows[i]), &f->call.arena, &json) != E_ACCESS_DENIED)
			fail_msg("%s", rows[i]);
		assert_int_equal(passkey_get(&f->call, BROWSER, str_of(rows[i]), &account), E_ACCESS_DENIED);
		assert_int_equal(passkey_create(&f->call, &f->ada, BROWSER, str_of(rows[i]), STR("x")),
				 E_ACCESS_DENIED);
	}
	char *large = malloc(PASSKEY_JSON_MAX + 2);
	assert_non_null(large);
	memset(large, ' ', PASSKEY_JSON_MAX + 2);
	assert_int_equal(passkey_json_parse((struct str){large, PASSKEY_JSON_MAX + 1}, &f->call.arena, &json),
			 E_ACCESS_DENIED);
	free(large);
}

static void create_refuses(void **state)
{
	struct fixture *f = *state;
	struct stick good, bad;
	struct passkey *passkeys;
	size_t n;
	stick_init(&good);
	struct page page = create_page(f);
	struct str text = created(f, &good, &page);
	assert_int_equal(passkey_create(&f->call, &f->ada, STR("other-browser"), text, STR("x")), E_ACCESS_DENIED);
	assert_int_equal(create(f, &good, &page), E_ACCESS_DENIED); /* the challenge went with that try */
	page = create_page(f);
	text = created(f, &good, &page);
	assert_int_equal(passkey_create(&f->call, &f->bob, BROWSER, text, STR("x")), E_ACCESS_DENIED);
	page = create_page(f);
	page.challenge = ask(f, false); /* a challenge to sign in */
	assert_int_equal(create(f, &good, &page), E_ACCESS_DENIED);
	page = create_page(f);
	page.type = "webauthn.get";
	assert_int_equal(create(f, &good, &page), E_ACCESS_DENIED);
	page = create_page(f);
	page.origin = "https://evil.example";
	assert_int_equal(create(f, &good, &page), E_ACCESS_DENIED);
	page = create_page(f);
	assert_int_equal(passkey_create(&f->call, &f->ada, BROWSER, created(f, &good, &page), STR("")), E_SYNTAX);
	bad = good;
	bad.rp_id = STR("evil.example");
	page = create_page(f);
	assert_int_equal(create(f, &bad, &page), E_ACCESS_DENIED);
	bad = good;
	bad.flags = 1; /* nobody was verified */
	page = create_page(f);
	assert_int_equal(create(f, &bad, &page), E_ACCESS_DENIED);
	page = create_page(f);
	text = created(f, &good, &page);
	fixture_call(f, PASSKEY_CHALLENGE_S); /* forgets the texts too */
	page = create_page(f);
	fixture_call(f, 0);
	OK(store_passkey_list(f->env.store, f->ada.id, &f->call.arena, &passkeys, &n));
	assert_int_equal(n, 0);
	stick_done(&good);
}

static void get_refuses(void **state)
{
	struct fixture *f = *state;
	struct stick good, bad;
	stick_init(&good);
	struct page page = create_page(f);
	OK(create(f, &good, &page));
	page = create_page(f);
	assert_int_equal(create(f, &good, &page), E_EXISTS);
	page = get_page(f);
	bad = good;
	bad.id = STR("credential-2"); /* unknown: the same answer */
	assert_int_equal(get(f, &bad, &page), E_ACCESS_DENIED);
	page = get_page(f);
	page.user = f->bob.id;
	assert_int_equal(get(f, &good, &page), E_ACCESS_DENIED);
	page = get_page(f);
	page.user = STR("");
	assert_int_equal(get(f, &good, &page), E_ACCESS_DENIED);
	stick_init(&bad); /* another key, the same id */
	page = get_page(f);
	assert_int_equal(get(f, &bad, &page), E_ACCESS_DENIED);
	stick_done(&bad);
	bad = good;
	bad.flags = 1;
	page = get_page(f);
	assert_int_equal(get(f, &bad, &page), E_ACCESS_DENIED);
	page = get_page(f);
	page.challenge = ask(f, true);
	assert_int_equal(get(f, &good, &page), E_ACCESS_DENIED);
	page = get_page(f);
	page.more = ",\"crossOrigin\":false"; /* a name twice */
	assert_int_equal(get(f, &good, &page), E_ACCESS_DENIED);
	page = get_page(f);
	OK(get(f, &good, &page));
	assert_int_equal(get(f, &good, &page), E_ACCESS_DENIED); /* replayed */
	stick_done(&good);
}

static void get_refuses_the_disabled_and_the_deleted(void **state)
{
	static const struct audit_note note = {FIXTURE_NOW_S, STR("test"), STR("test"), STR("test"), STR("")};
	struct fixture *f = *state;
	struct stick device;
	stick_init(&device);
	struct page page = create_page(f);
	OK(create(f, &device, &page));
	OK(store_account_set_disabled(f->env.store, f->ada.id, true, FIXTURE_NOW_S + 9, &note));
	page = get_page(f);
	assert_int_equal(get(f, &device, &page), E_ACCESS_DENIED);
	OK(store_account_set_disabled(f->env.store, f->ada.id, false, FIXTURE_NOW_S + 9, &note));
	page = get_page(f);
	OK(get(f, &device, &page));
	OK(store_passkey_delete(f->env.store, f->ada.id, device.id, &note));
	page = get_page(f);
	assert_int_equal(get(f, &device, &page), E_ACCESS_DENIED);
	stick_done(&device);
}

/* WebAuthn 6.1.1, 7.2 step 22. */
static void a_copy_is_found(void **state)
{
	struct fixture *f = *state;
	struct stick device;
	stick_init(&device);
	device.counter = 5;
	struct page page = create_page(f);
	OK(create(f, &device, &page));
	static const struct {
		uint32_t counter;
		int rc;
	} rows[] = {{5, E_ACCESS_DENIED}, {4, E_ACCESS_DENIED}, {0, E_ACCESS_DENIED},
		    {6, 0},               {6, E_ACCESS_DENIED}, {90, 0}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		device.counter = rows[i].counter;
		page = get_page(f);
		assert_int_equal(get(f, &device, &page), rows[i].rc);
	}
	assert_int_equal(fixture_audited(f, "passkey.copied"), 4);
	stick_done(&device);
}

static void a_challenge_does_not_live_long(void **state)
{
	struct fixture *f = *state;
	struct stick device;
	char challenge[64];
	stick_init(&device);
	struct page page = create_page(f);
	OK(create(f, &device, &page));
	for (int64_t late = 0; late < 2; late++) {
		fixture_call(f, 0);
		page = get_page(f);
		snprintf(challenge, sizeof(challenge), "%.*s", STR_ARG(page.challenge));
		fixture_call(f, PASSKEY_CHALLENGE_S - 1 + late);
		page.challenge = str_of(challenge);
		assert_int_equal(get(f, &device, &page), late ? E_ACCESS_DENIED : 0);
	}
	stick_done(&device);
}

/* ATTACKS 48: without entropy there is no challenge. */
static void test_attack_48_no_challenge_without_entropy(void **state)
{
	(void)state;
#ifdef MINTMARK_FAULTS
	struct fixture *f = *state;
	char mem[PASSKEY_OPTIONS_MAX];
	struct buf out;
	buf_init_fixed(&out, mem, sizeof(mem));
	fault_arm(FAULT_RANDOM, 1);
	assert_int_equal(passkey_get_options(&f->call, BROWSER, &out), E_RANDOM);
	fault_arm(FAULT_RANDOM, 1);
	assert_int_equal(passkey_create_options(&f->call, &f->ada, BROWSER, &out), E_RANDOM);
	fault_arm(FAULT_RANDOM, 0);
	assert_int_equal(out.len, 0);
#endif
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(client_data_refuses), TEST(json_refuses), TEST(create_refuses), TEST(get_refuses),
		TEST(get_refuses_the_disabled_and_the_deleted), TEST(a_copy_is_found),
		TEST(a_challenge_does_not_live_long), TEST(test_attack_48_no_challenge_without_entropy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
