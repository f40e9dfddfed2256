/* The permission table, and what ends a connection; what each verb answers and refuses. */
#include "fixture.h"

#include "base/fault.h"

static const enum keyd_caller callers[] = {KEYD_LOOP, KEYD_POOL, KEYD_CONTROL};

/* A change of who may do what is a change of this table, seen in review. */
static const struct {
	const char *name;
	unsigned callers;
	size_t max;
} permissions[PROTO_VERBS] = {
	[PROTO_SIGN] = {"SIGN", 7, 2 + 131072 + 36864},
	[PROTO_PUBLIC] = {"PUBLIC", 7, 0},
	[PROTO_GENERATE] = {"GENERATE", 4, 18},
	[PROTO_LOAD] = {"LOAD", 4, 6146},
	[PROTO_UNLOAD] = {"UNLOAD", 4, 66},
	[PROTO_SEAL] = {"SEAL", 6, 4132},
	[PROTO_OPEN] = {"OPEN", 6, 6180},
};

struct talk {
	struct fixture f;
	struct keyd_channel channel;
	struct buf request;
};

static void open_talk(struct talk *t, enum keyd_caller caller)
{
	fixture_init(&t->f);
	keyd_channel_init(&t->channel, &t->f.state, caller);
	buf_init(&t->request, 1 << 20);
}

static void close_talk(struct talk *t)
{
	keyd_channel_done(&t->channel);
	buf_done(&t->request);
	fixture_done(&t->f);
}

static void begin(struct talk *t, unsigned verb)
{
	buf_reset(&t->request);
	proto_put_head(&t->request, (enum proto_verb)verb, 77);
}

/* The request that stands there; the answer's status, and its body in *ret_body. Negative: the connection ends. */
static int ask(struct talk *t, unsigned verb, struct cur *ret_body)
{
	enum proto_status status;
	unsigned got;
	uint32_t seq;
	struct str frame;
	int rc = keyd_verbs_handle(&t->channel, buf_str(&t->request));
	if (rc < 0)
		return rc;
	assert_int_equal(frame_peek(&t->channel.out, PROTO_REPLY_MAX, &frame), 0);
	assert_int_equal(frame.len + FRAME_HEAD, t->channel.out.len);
	*ret_body = cur_of(frame);
	assert_int_equal(proto_get_reply_head(ret_body, &got, &status, &seq), 0);
	assert_int_equal(got, verb);
	assert_int_equal(seq, 77);
	if (status != PROTO_OK)
		assert_int_equal(ret_body->left, 0);
	return (int)status;
}

static struct str text(struct cur *body)
{
	struct str s;
	assert_int_equal(cur_str32(body, PROTO_REPLY_MAX, &s), 0);
	return s;
}

static void test_table(void **state)
{
	(void)state;
	for (unsigned verb = 0; verb < 300; verb++) {
		const struct keyd_verb *row = keyd_verbs_row(verb);
		if (verb == 0 || verb >= PROTO_VERBS) {
			assert_null(row);
			continue;
		}
		assert_string_equal(row->name, permissions[verb].name);
		assert_int_equal(row->callers, permissions[verb].callers);
		assert_int_equal(row->max, permissions[verb].max);
	}
}

static void test_unknown_and_oversized(void **state)
{
	static char fill[1 << 18];
	struct talk t;
	struct cur body;
	(void)state;
	for (size_t c = 0; c < 3; c++) {
		open_talk(&t, callers[c]);
		for (unsigned verb = 0; verb < 256; verb++) {
			const struct keyd_verb *row = keyd_verbs_row(verb);
			begin(&t, verb);
			if (row)
				buf_put_mem(&t.request, fill, row->max + 1);
			bool allowed = row && (permissions[verb].callers & (unsigned)callers[c]);
			assert_int_equal(ask(&t, verb, &body), allowed ? E_LIMIT : E_SYNTAX);
		}
		close_talk(&t);
	}
	open_talk(&t, (enum keyd_caller)8); /* nobody's bit */
	begin(&t, PROTO_PUBLIC);
	assert_int_equal(ask(&t, PROTO_PUBLIC, &body), E_SYNTAX);
	buf_reset(&t.request);
	buf_put(&t.request, STR("\2\0\0\0"));
	assert_int_equal(ask(&t, PROTO_PUBLIC, &body), E_SYNTAX); /* head cut short */
	close_talk(&t);
}

/* Every verb: each cut of a good body, and a byte too many, ends the connection. */
static void test_malformed(void **state)
{
	struct talk t;
	struct cur body;
	(void)state;
	open_talk(&t, KEYD_CONTROL);
	for (unsigned verb = PROTO_SIGN; verb < PROTO_VERBS; verb++) {
		char good[512];
		struct buf b;
		struct sign_claims claims = fixture_claims("kid");
		buf_init_fixed(&b, good, sizeof(good));
		if (verb == PROTO_SIGN) {
			buf_put_u16be(&b, 1);
			proto_put_claims(&b, &claims);
		} else if (verb != PROTO_PUBLIC) {
			buf_put_str16(&b, STR("a"));
			if (verb == PROTO_SEAL || verb == PROTO_OPEN)
				buf_put_str16(&b, STR("bc"));
		}
		assert_int_equal(buf_status(&b), 0);
		for (size_t len = 0; len <= b.len + 1; len++) {
			begin(&t, verb);
			buf_put_mem(&t.request, good, len < b.len ? len : b.len);
			if (len > b.len)
				buf_put_char(&t.request, 'x');
			int rc = ask(&t, verb, &body);
			if ((rc >= 0) != (len == b.len))
				fail_msg("%s with %zu of %zu bytes: %d", permissions[verb].name, len, b.len, rc);
		}
	}
	close_talk(&t);
}

static void test_sign_counts(void **state)
{
	static const unsigned counts[] = {0, SIGNER_BATCH_MAX + 1, 65535};
	struct talk t;
	struct cur body;
	struct sign_claims claims = fixture_claims("kid");
	(void)state;
	open_talk(&t, KEYD_LOOP);
	for (size_t i = 0; i < 3; i++) {
		begin(&t, PROTO_SIGN);
		buf_put_u16be(&t.request, (uint16_t)counts[i]);
		for (unsigned k = 0; k < counts[i] && t.request.len < 100000; k++)
			proto_put_claims(&t.request, &claims);
		assert_int_equal(ask(&t, PROTO_SIGN, &body), E_LIMIT);
	}
	close_talk(&t);
}

/* Generate, load what came, see it published, unload it; a second load changes nothing. */
static void test_key_life(void **state)
{
	struct talk t;
	struct cur body;
	(void)state;
	open_talk(&t, KEYD_CONTROL);
	for (enum sig_alg alg = SIG_ES256; alg < SIG_ALGS; alg++) {
		struct str name = str_of(sig_alg_row(alg)->name);
		char jwk_mem[PROTO_JWK_MAX], sealed_mem[PROTO_SEALED_MAX];
		struct buf jwk, sealed;
		buf_init_fixed(&jwk, jwk_mem, sizeof(jwk_mem));
		buf_init_fixed(&sealed, sealed_mem, sizeof(sealed_mem));
		begin(&t, PROTO_GENERATE);
		buf_put_str16(&t.request, name);
		assert_int_equal(ask(&t, PROTO_GENERATE, &body), PROTO_OK);
		buf_put(&jwk, text(&body));
		buf_put(&sealed, text(&body));
		assert_null(memmem(jwk.p, jwk.len, "\"d\"", 3));
		begin(&t, PROTO_PUBLIC); /* not kept */
		assert_int_equal(ask(&t, PROTO_PUBLIC, &body), PROTO_OK);
		assert_true(str_eq(text(&body), STR("{\"keys\":[]}")));
		for (int twice = 0; twice < 2; twice++) {
			begin(&t, PROTO_LOAD);
			buf_put_str16(&t.request, buf_str(&sealed));
			assert_int_equal(ask(&t, PROTO_LOAD, &body), PROTO_OK);
			assert_true(str_eq(text(&body), buf_str(&jwk)));
		}
		begin(&t, PROTO_PUBLIC);
		assert_int_equal(ask(&t, PROTO_PUBLIC, &body), PROTO_OK);
		struct str keys = text(&body);
		assert_int_equal(keys.len, jwk.len + strlen("{\"keys\":[]}"));
		assert_non_null(memmem(keys.p, keys.len, jwk.p, jwk.len));
		struct json *doc;
		struct str kid;
		assert_int_equal(json_parse_object(buf_str(&jwk), &doc), 0);
		assert_int_equal(json_get_str(doc, "kid", &kid), 0);
		for (int twice = 0; twice < 2; twice++) {
			begin(&t, PROTO_UNLOAD);
			buf_put_str16(&t.request, kid);
			assert_int_equal(ask(&t, PROTO_UNLOAD, &body), twice ? PROTO_NO_KEY : PROTO_OK);
		}
		json_free(doc);
	}
	begin(&t, PROTO_GENERATE);
	buf_put_str16(&t.request, STR("HS256"));
	assert_int_equal(ask(&t, PROTO_GENERATE, &body), PROTO_REFUSED);
	close_talk(&t);
}

/* One flipped bit anywhere in a sealed key, a cut, another master key: it does not open. */
static void test_load_refuses(void **state)
{
	struct talk t;
	struct cur body;
	char jwk_mem[PROTO_JWK_MAX], mem[PROTO_SEALED_MAX];
	struct buf jwk, sealed;
	(void)state;
	open_talk(&t, KEYD_CONTROL);
	buf_init_fixed(&jwk, jwk_mem, sizeof(jwk_mem));
	buf_init_fixed(&sealed, mem, sizeof(mem));
	assert_int_equal(keyring_generate(t.f.state.master, SIG_EDDSA, &jwk, &sealed), 0);
	for (size_t i = 0; i < sealed.len; i++) {
		mem[i] = (char)(mem[i] ^ 1 << i % 8);
		begin(&t, PROTO_LOAD);
		buf_put_str16(&t.request, buf_str(&sealed));
		assert_int_equal(ask(&t, PROTO_LOAD, &body), PROTO_REFUSED);
		mem[i] = (char)(mem[i] ^ 1 << i % 8);
		begin(&t, PROTO_LOAD);
		buf_put_str16(&t.request, str_mem(mem, i));
		assert_int_equal(ask(&t, PROTO_LOAD, &body), PROTO_REFUSED);
	}
	t.f.state.master[31] ^= 1;
	begin(&t, PROTO_LOAD);
	buf_put_str16(&t.request, buf_str(&sealed));
	assert_int_equal(ask(&t, PROTO_LOAD, &body), PROTO_REFUSED);
	t.f.state.master[31] ^= 1;
	/* Nor is it a text that OPEN would open, under any purpose. */
	static const char *const purposes[] = {"key", "session", "totp", "upstream", ""};
	for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++) {
		for (size_t cut = 0; cut < 80; cut++) {
			begin(&t, PROTO_OPEN);
			buf_put_str16(&t.request, str_of(purposes[i]));
			buf_put_str16(&t.request, str_mem(mem + cut, sealed.len - cut));
			assert_int_equal(ask(&t, PROTO_OPEN, &body), PROTO_REFUSED);
		}
	}
	close_talk(&t);
}

/* Even who has the master key can't give a key another id: the id is the key's own thumbprint (RFC 7638). */
static void test_load_checks_kid(void **state)
{
	struct talk t;
	struct cur body;
	struct sig_key *key;
	char kid[JWK_THUMBPRINT_LEN + 1], der_mem[SIG_PRIVATE_MAX], mem[PROTO_SEALED_MAX], bound_mem[128];
	(void)state;
	open_talk(&t, KEYD_CONTROL);
	assert_int_equal(sig_key_generate(SIG_EDDSA, &key), 0);
	assert_int_equal(jwk_thumbprint(key, kid), 0);
	for (int wrong = 0; wrong < 2; wrong++) {
		struct buf der, sealed, bound;
		buf_init_fixed(&der, der_mem, sizeof(der_mem));
		buf_init_fixed(&sealed, mem, sizeof(mem));
		buf_init_fixed(&bound, bound_mem, sizeof(bound_mem));
		kid[0] = wrong ? (char)(kid[0] == 'A' ? 'B' : 'A') : kid[0];
		assert_int_equal(sig_key_private(key, &der), 0);
		buf_put_str16(&bound, STR("EdDSA"));
		buf_put_str16(&bound, str_of(kid));
		buf_put(&sealed, STR("mk1"));
		buf_put(&sealed, buf_str(&bound));
		assert_int_equal(
			seal_close(t.f.state.master, STR("key"), buf_str(&bound), secret_of(buf_str(&der)), &sealed),
			0);
		begin(&t, PROTO_LOAD);
		buf_put_str16(&t.request, buf_str(&sealed));
		assert_int_equal(ask(&t, PROTO_LOAD, &body), wrong ? PROTO_REFUSED : PROTO_OK);
	}
	sig_key_unref(key);
	close_talk(&t);
}

static void test_seal(void **state)
{
	static const char *const names[] = {"session", "totp", "upstream"};
	struct talk t;
	struct cur body;
	(void)state;
	open_talk(&t, KEYD_POOL);
	for (size_t i = 0; i < 3; i++) {
		char sealed[PROTO_SEALED_MAX];
		begin(&t, PROTO_SEAL);
		buf_put_str16(&t.request, str_of(names[i]));
		buf_put_str16(&t.request, STR("a secret"));
		assert_int_equal(ask(&t, PROTO_SEAL, &body), PROTO_OK);
		struct str s = text(&body);
		assert_null(memmem(s.p, s.len, "a secret", 8));
		memcpy(sealed, s.p, s.len);
		for (size_t k = 0; k < 3; k++) { /* a purpose opens its own only */
			begin(&t, PROTO_OPEN);
			buf_put_str16(&t.request, str_of(names[k]));
			buf_put_str16(&t.request, str_mem(sealed, s.len));
			assert_int_equal(ask(&t, PROTO_OPEN, &body), k == i ? PROTO_OK : PROTO_REFUSED);
			if (k == i)
				assert_true(str_eq(text(&body), STR("a secret")));
		}
	}
	begin(&t, PROTO_SEAL);
	buf_put_str16(&t.request, STR("key"));
	buf_put_str16(&t.request, STR("a secret"));
	assert_int_equal(ask(&t, PROTO_SEAL, &body), PROTO_REFUSED);
	close_talk(&t);
}

/* More keys than there is room for: refused, the others stay. */
static void test_full(void **state)
{
	struct talk t;
	struct cur body;
	char jwk_mem[PROTO_JWK_MAX], mem[PROTO_SEALED_MAX];
	struct buf jwk, sealed;
	(void)state;
	open_talk(&t, KEYD_CONTROL);
	for (int i = 0; i <= KEYRING_MAX; i++) {
		buf_init_fixed(&jwk, jwk_mem, sizeof(jwk_mem));
		buf_init_fixed(&sealed, mem, sizeof(mem));
		assert_int_equal(keyring_generate(t.f.state.master, SIG_EDDSA, &jwk, &sealed), 0);
		begin(&t, PROTO_LOAD);
		buf_put_str16(&t.request, buf_str(&sealed));
		assert_int_equal(ask(&t, PROTO_LOAD, &body), i < KEYRING_MAX ? PROTO_OK : PROTO_REFUSED);
	}
	assert_int_equal(t.f.state.ring.table->n, KEYRING_MAX);
	close_talk(&t);
}

/* An unloaded key signs no more on a channel that used it before; the others keep their signers. */
static void test_unload_reaches_threads(void **state)
{
	struct talk t;
	const struct keyring_key *key;
	struct sig_signer *a, *b, *again;
	char first[JWK_THUMBPRINT_LEN + 1], second[JWK_THUMBPRINT_LEN + 1];
	(void)state;
	open_talk(&t, KEYD_LOOP);
	fixture_key(&t.f, SIG_ES256, first);
	fixture_key(&t.f, SIG_EDDSA, second);
	keyring_view_refresh(&t.channel.view);
	assert_int_equal(keyring_view_find(&t.channel.view, str_of(first), &key, &a), 0);
	assert_int_equal(keyring_view_find(&t.channel.view, str_of(second), &key, &b), 0);
	assert_int_equal(keyring_unload(&t.f.state.ring, str_of(first)), 0);
	keyring_view_refresh(&t.channel.view);
	assert_int_equal(keyring_view_find(&t.channel.view, str_of(first), &key, &a), E_ABSENT);
	assert_int_equal(keyring_view_find(&t.channel.view, str_of(second), &key, &again), 0);
	assert_ptr_equal(again, b);
	close_talk(&t);
}

/* A request that breaks the rules over a real socket: the peer sees the end of the connection. */
static void test_connection_ends(void **state)
{
	struct fixture f;
	char c;
	(void)state;
	fixture_init(&f);
	int fd = fixture_connect(&f, KEYD_LOOP);
	assert_int_equal(frame_write(fd, STR("\0\0\0\5\x63\0\0\0\1"), 1000), 0);
	assert_int_equal(recv(fd, &c, 1, 0), 0);
	close(fd);
	fixture_done(&f);
	assert_int_equal(f.channels[0].result, E_SYNTAX);
}

#ifdef MINTMARK_FAULTS
/* Fail each allocation and each entropy call in turn: an honest failure, and the next request works. */
static void test_fault_sweep(void **state)
{
	static const enum fault_kind kinds[] = {FAULT_ALLOC, FAULT_RANDOM};
	(void)state;
	for (size_t k = 0; k < 2; k++) {
		bool reached = true;
		for (long nth = 1; reached; nth++) {
			struct talk t;
			struct cur body;
			open_talk(&t, KEYD_CONTROL);
			begin(&t, PROTO_GENERATE);
			buf_put_str16(&t.request, STR("EdDSA"));
			fault_arm(kinds[k], nth);
			int rc = ask(&t, PROTO_GENERATE, &body);
			reached = fault_reached(kinds[k]);
			fault_arm(kinds[k], 0);
			assert_true(!reached || rc == E_NOMEM || rc == PROTO_FAILED || rc == PROTO_REFUSED);
			begin(&t, PROTO_GENERATE);
			buf_put_str16(&t.request, STR("EdDSA"));
			assert_int_equal(ask(&t, PROTO_GENERATE, &body), PROTO_OK);
			close_talk(&t);
			assert_true(nth < 100);
		}
	}
}

static void test_sign_fault_sweep(void **state)
{
	bool reached = true;
	char kid[JWK_THUMBPRINT_LEN + 1];
	(void)state;
	for (long nth = 1; reached; nth++) {
		struct talk t;
		struct cur body;
		uint8_t status = 0;
		open_talk(&t, KEYD_LOOP);
		fixture_key(&t.f, SIG_ES256, kid);
		struct sign_claims claims = fixture_claims(kid);
		claims.extra = STR("{\"a\":1}");
		begin(&t, PROTO_SIGN);
		buf_put_u16be(&t.request, 1);
		proto_put_claims(&t.request, &claims);
		fault_arm(FAULT_ALLOC, nth);
		int rc = ask(&t, PROTO_SIGN, &body);
		reached = fault_reached(FAULT_ALLOC);
		fault_arm(FAULT_ALLOC, 0);
		if (rc == PROTO_OK) {
			assert_int_equal(cur_u8(&body, &status), 0);
			assert_int_equal(cur_u8(&body, &status), 0);
			assert_int_equal(cur_u8(&body, &status), 0);
		}
		assert_true(reached ? rc == E_NOMEM || status == PROTO_FAILED : rc == PROTO_OK && status == PROTO_OK);
		close_talk(&t);
		assert_true(nth < 100);
	}
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_unknown_and_oversized),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_sign_counts),
		cmocka_unit_test(test_load_refuses),
		cmocka_unit_test(test_key_life),
		cmocka_unit_test(test_load_checks_kid),
		cmocka_unit_test(test_seal),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_unload_reaches_threads),
		cmocka_unit_test(test_connection_ends),
#ifdef MINTMARK_FAULTS
		cmocka_unit_test(test_fault_sweep),
		cmocka_unit_test(test_sign_fault_sweep),
#endif
	};
	return cmocka_run_group_tests_name("keyd_verbs", tests, NULL, NULL);
}
