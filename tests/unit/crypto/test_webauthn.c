/* WebAuthn's binary half: forged, cut and misdirected input first. WebAuthn 6.1, 6.5.4, 7.1, 7.2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "crypto/cbor.h"
#include "crypto/webauthn.h"
#include "webauthn_vectors.h"

enum { VECTORS = sizeof(vectors) / sizeof(vectors[0]), ROOM = WEBAUTHN_OBJECT_MAX + 1024 };

static const struct str rp = {"id.example", 10};

/* A copy at the end of its own heap block, so that the sanitizer sees a read beyond. */
static struct str copy(struct str s)
{
	char *p = malloc(s.len ? s.len : 1);
	assert_non_null(p);
	memcpy(p, s.p, s.len);
	return (struct str){p, s.len};
}

static int create(struct str object, struct str rp_id)
{
	struct webauthn_created created;
	struct str own = copy(object);
	int rc = webauthn_create(own, rp_id, &created);
	free((void *)(uintptr_t)own.p);
	return rc;
}

/* Where authData begins inside the object: its last member, of known length. */
static size_t data_at(const struct vector *v)
{
	struct str wanted = {v->data.p, SHA256_LEN};
	for (size_t i = 0; i + SHA256_LEN <= v->object.len; i++)
		if (memcmp(v->object.p + i, wanted.p, SHA256_LEN) == 0)
			return i;
	fail();
	return 0;
}

static int create_with(const struct vector *v, size_t at, unsigned char value)
{
	char bytes[2048];
	memcpy(bytes, v->object.p, v->object.len);
	bytes[at] = (char)value;
	return create((struct str){bytes, v->object.len}, rp);
}

static void create_refuses_flags(void **state)
{
	(void)state;
	static const struct {
		unsigned flags;
		int rc;
	} rows[] = {
		{0x00, E_SYNTAX}, {0xC5, E_SYNTAX} /* extensions that are not there */,
		{0x41, E_ACCESS_DENIED} /* nobody was verified */,
		{0x44, E_ACCESS_DENIED} /* nobody was there */, {0x40, E_ACCESS_DENIED},
		{0x55, E_ACCESS_DENIED} /* backed up, though it can't be */,
		{0x05, E_SYNTAX} /* no credential inside */,
		{0x45, 0}, {0x4D, 0}, {0x5D, 0},
	};
	for (size_t v = 0; v < VECTORS; v++)
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			if (create_with(&vectors[v], data_at(&vectors[v]) + 32, (unsigned char)rows[i].flags) !=
			    rows[i].rc)
				fail_msg("%s flags %x", vectors[v].name, rows[i].flags);
}

static void create_refuses_another_rp(void **state)
{
	(void)state;
	for (size_t v = 0; v < VECTORS; v++) {
		assert_int_equal(create(vectors[v].object, STR("evil.example")), E_ACCESS_DENIED);
		assert_int_equal(create(vectors[v].object, STR("id.example.")), E_ACCESS_DENIED);
		assert_int_equal(create(vectors[v].object, STR("")), E_SYNTAX);
	}
}

static void create_refuses_what_is_cut(void **state)
{
	(void)state;
	for (size_t v = 0; v < VECTORS; v++)
		for (size_t len = 0; len < vectors[v].object.len; len++)
			assert_int_equal(create((struct str){vectors[v].object.p, len}, rp), E_SYNTAX);
}

/* Whatever one byte becomes: a refusal, or a credential (bytes of its id, key or counter may be others). */
static void create_survives_any_byte(void **state)
{
	(void)state;
	for (size_t at = 0; at < vectors[0].object.len; at++)
		for (unsigned bit = 1; bit < 256; bit <<= 1) {
			unsigned char value = (unsigned char)vectors[0].object.p[at];
			int rc = create_with(&vectors[0], at, (unsigned char)(value ^ bit));
			assert_true(rc == 0 || rc == E_SYNTAX || rc == E_ACCESS_DENIED);
		}
}

static void create_refuses_maps(void **state)
{
	(void)state;
	static const struct str rows[] = {
		{"", 0},
		{"\xa0", 1},                                              /* nothing in it */
		/* one name thrice */
		{"\xa3\x63" "fmt\x64" "none\x63" "fmt\x64" "none\x63" "fmt\x64" "none", 28},
		{"\xa4\x63" "fmt\x64" "none\x67" "attStmt\xa0\x68" "authData\x41\x00\x61x\x00", 34},
		{"\xbf\x63" "fmt\x64" "none\xff", 11},                    /* indefinite length */
		/* deep */
		{"\xa3\x63" "fmt\x64" "none\x67" "attStmt\x81\x81\x81\x81\x81\x81\x00\x68" "authData\x41\x00", 36},
		/* 2^64 - 1 elements */
		{"\xa3\x63" "fmt\x64" "none\x67" "attStmt\x9b\xff\xff\xff\xff\xff\xff\xff\xff", 26},
		{"\xa3\x63" "fmt\x64" "none\x67" "attStmt\xa0\x68" "authData\x5b\xff\xff\xff\xff\xff\xff\xff\xff", 35},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (create(rows[i], rp) != E_SYNTAX)
			fail_msg("row %zu", i);
}

/* libcbor would take 2^32 times 16 bytes for a key that promises as many members. */
static void create_believes_no_promised_size(void **state)
{
	(void)state;
	const struct vector *v = &vectors[0];
	char bytes[2048];
	size_t key_at = data_at(v) + 37 + 16 + 2 + v->id.len;
	memcpy(bytes, v->object.p, v->object.len);
	memcpy(bytes + key_at, "\xba\xff\xff\xff\xff", 5);
	assert_int_equal(create((struct str){bytes, v->object.len}, rp), E_SYNTAX);
	memcpy(bytes + key_at, "\x9a\x7f\xff\xff\xff", 5);
	assert_int_equal(create((struct str){bytes, v->object.len}, rp), E_SYNTAX);
}

static void create_is_bounded(void **state)
{
	(void)state;
	char *large = calloc(1, ROOM);
	assert_non_null(large);
	memcpy(large, "\xa3\x63" "fmt\x64" "none\x67" "attStmt\x59\x41\x00", 20);
	assert_int_equal(create((struct str){large, ROOM}, rp), E_SYNTAX);
	free(large);
}

static void create_reads_all_algorithms(void **state)
{
	(void)state;
	for (size_t v = 0; v < VECTORS; v++) {
		struct webauthn_created created;
		assert_int_equal(webauthn_create(vectors[v].object, rp, &created), 0);
		assert_int_equal(created.id_len, vectors[v].id.len);
		assert_memory_equal(created.id, vectors[v].id.p, created.id_len);
		assert_int_equal(created.counter, v == 0 ? 8 : 0);
		/* The COSE key is the one inside, byte for byte. */
		struct str object = vectors[v].object;
		assert_memory_equal(created.key, object.p + object.len - created.key_len, created.key_len);
	}
}

static int check(const struct vector *v, const struct webauthn_assertion *in, struct str rp_id, uint32_t *ret_counter)
{
	struct webauthn_created created;
	struct webauthn_assertion assertion = *in;
	assert_int_equal(webauthn_create(v->object, rp, &created), 0);
	if (!assertion.key.p)
		assertion.key = str_mem(created.key, created.key_len);
	return webauthn_check(&assertion, rp_id, ret_counter);
}

static struct webauthn_assertion assertion_of(const struct vector *v)
{
	struct webauthn_assertion assertion = {.data = v->data, .sig = v->sig};
	assert_int_equal(digest_sha256(v->client, assertion.client_sha256), 0);
	return assertion;
}

static void check_refuses(void **state)
{
	(void)state;
	uint32_t counter = 99;
	for (size_t i = 0; i < VECTORS; i++) {
		const struct vector *v = &vectors[i];
		struct webauthn_assertion bad = assertion_of(v);
		char bytes[1024];
		assert_int_equal(check(v, &bad, STR("evil.example"), &counter), E_ACCESS_DENIED);
		bad.client_sha256[0] ^= 1; /* another challenge was signed */
		assert_int_equal(check(v, &bad, rp, &counter), E_ACCESS_DENIED);
		bad = assertion_of(v);
		memcpy(bytes, bad.sig.p, bad.sig.len);
		bytes[bad.sig.len - 1] ^= 1;
		bad.sig.p = bytes;
		assert_int_equal(check(v, &bad, rp, &counter), E_ACCESS_DENIED);
		bad.sig.len = 0;
		assert_int_equal(check(v, &bad, rp, &counter), E_SYNTAX);
		bad = assertion_of(v);
		bad.sig = vectors[(i + 1) % VECTORS].sig; /* of another algorithm */
		assert_int_equal(check(v, &bad, rp, &counter), E_ACCESS_DENIED);
		bad = assertion_of(v);
		bad.key = STR("\xA5\x01\x02\x03\x26");
		assert_int_equal(check(v, &bad, rp, &counter), E_SYNTAX);
		bad = assertion_of(v);
		memcpy(bytes, bad.data.p, bad.data.len);
		bytes[36] ^= 1; /* the counter is signed too */
		bad.data.p = bytes;
		assert_int_equal(check(v, &bad, rp, &counter), E_ACCESS_DENIED);
		bytes[36] ^= 1;
		bytes[32] = 0x01; /* not verified */
		assert_int_equal(check(v, &bad, rp, &counter), E_ACCESS_DENIED);
		for (bad.data.len = 0; bad.data.len < v->data.len; bad.data.len++)
			assert_true(check(v, &bad, rp, &counter) < 0);
	}
	assert_int_equal(counter, 99);
}

static void check_accepts(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS; i++) {
		uint32_t counter = 99;
		struct webauthn_assertion good = assertion_of(&vectors[i]);
		assert_int_equal(check(&vectors[i], &good, rp, &counter), 0);
		assert_int_equal(counter, i == 0 ? 9 : 0);
	}
}

static void cbor_refuses(void **state)
{
	(void)state;
	static const struct str rows[] = {
		{"", 0}, {"\x18", 1}, {"\x1c", 1}, {"\x5f\x41\x00\xff", 4}, {"\x42\x00", 2}, {"\x82\x00", 2},
		{"\xa1\x00", 2},
		{"\x81\x81\x81\x81\x81\x00", 6}, {"\xc1", 1}, {"\xbb\x80\x00\x00\x00\x00\x00\x00\x00\x00", 10},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cur cur = cur_of(rows[i]);
		assert_int_equal(cbor_skip(&cur), E_SYNTAX);
	}
	struct cur cur = cur_of(STR("\x83\x01\x42xy\xa1\x61z\xc1\xfb\x00\x00\x00\x00\x00\x00\x00\x00\x05"));
	assert_int_equal(cbor_skip(&cur), 0);
	assert_int_equal(cur.left, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(create_refuses_flags),   cmocka_unit_test(create_refuses_another_rp),
		cmocka_unit_test(create_refuses_what_is_cut), cmocka_unit_test(create_survives_any_byte),
		cmocka_unit_test(create_refuses_maps),    cmocka_unit_test(create_is_bounded),
		cmocka_unit_test(create_believes_no_promised_size),
		cmocka_unit_test(create_reads_all_algorithms), cmocka_unit_test(check_refuses),
		cmocka_unit_test(check_accepts),          cmocka_unit_test(cbor_refuses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
