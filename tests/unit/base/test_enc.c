/* base/enc.c: strict decoders, known values, and round trips of every length. */
#include "test.h"

#include "base/enc.h"

struct decode_row {
	struct str text;
	int want;
	struct str bytes;
};

static void expect_decoded(const struct decode_row *row, int (*decode)(struct str, void *, size_t, size_t *))
{
	unsigned char out[16];
	size_t len = 4711;
	assert_int_equal(decode(row->text, out, sizeof(out), &len), row->want);
	if (row->want < 0)
		assert_int_equal(len, 4711);
	else
		expect_str(str_mem(out, len), row->bytes);
}

/* RFC 7515 2: base64url without padding, blanks or line breaks; RFC 4648 3.5: no trailing bits. */
static void b64url_decode(void **state)
{
	(void)state;
	static const struct decode_row rows[] = {
		{STR("A"), E_SYNTAX, STR("")},         {STR("AAAAA"), E_SYNTAX, STR("")},
		{STR("AA="), E_SYNTAX, STR("")},       {STR("AA=="), E_SYNTAX, STR("")},
		{STR("AAA="), E_SYNTAX, STR("")},      {STR("AB"), E_SYNTAX, STR("")},
		{STR("Zh"), E_SYNTAX, STR("")},        {STR("Zm9"), E_SYNTAX, STR("")},
		{STR("Zm9v\n"), E_SYNTAX, STR("")},    {STR("Zm 9"), E_SYNTAX, STR("")},
		{STR("+A"), E_SYNTAX, STR("")},        {STR("/w"), E_SYNTAX, STR("")},
		{STR("A\0"), E_SYNTAX, STR("")},       {STR("A\xC3"), E_SYNTAX, STR("")},
		{STR("AAAAAAAAAAAAAAAAAAAAAAA"), E_LIMIT, STR("")},
		{STR(""), 0, STR("")},                 {STR("AA"), 0, STR("\0")},
		{STR("Zg"), 0, STR("f")},              {STR("Zm8"), 0, STR("fo")},
		{STR("Zm9v"), 0, STR("foo")},          {STR("-_8"), 0, STR("\xFB\xFF")},
		{STR("A-z_"), 0, STR("\x03\xEC\xFF")},
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_decoded(&rows[i], enc_b64url_decode);
}

/* RFC 7617 by RFC 4648 4: padding is mandatory. */
static void b64_decode(void **state)
{
	(void)state;
	static const struct decode_row rows[] = {
		{STR("Zg"), E_SYNTAX, STR("")},        {STR("Zm8"), E_SYNTAX, STR("")},
		{STR("Zg="), E_SYNTAX, STR("")},       {STR("Zh=="), E_SYNTAX, STR("")},
		{STR("Zm9="), E_SYNTAX, STR("")},      {STR("===="), E_SYNTAX, STR("")},
		{STR("Z==="), E_SYNTAX, STR("")},      {STR("Zg=a"), E_SYNTAX, STR("")},
		{STR("Zm9v===="), E_SYNTAX, STR("")},  {STR("Zg==Zg=="), E_SYNTAX, STR("")},
		{STR("-_8="), E_SYNTAX, STR("")},      {STR("Zm 9"), E_SYNTAX, STR("")},
		{STR(""), 0, STR("")},                 {STR("Zg=="), 0, STR("f")},
		{STR("Zm8="), 0, STR("fo")},           {STR("Zm9v"), 0, STR("foo")},
		{STR("+/8="), 0, STR("\xFB\xFF")},     {STR("YTpi"), 0, STR("a:b")},
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_decoded(&rows[i], enc_b64_decode);
}

static void b64url_round_trip(void **state)
{
	(void)state;
	unsigned char bytes[100], back[100];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 73 + 200);
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		struct buf buf;
		size_t got = 0;
		buf_init(&buf, 1000);
		enc_b64url(&buf, str_mem(bytes, len));
		assert_int_equal(buf_status(&buf), 0);
		assert_int_equal(buf.len, ENC_B64URL_LEN(len));
		if (len > 0)
			assert_int_equal(enc_b64url_decode(buf_str(&buf), back, len - 1, &got), E_LIMIT);
		assert_int_equal(enc_b64url_decode(buf_str(&buf), back, len, &got), 0);
		expect_str(str_mem(back, got), str_mem(bytes, len));
		buf_done(&buf);
	}
}

/* Of all 64 last characters of a two-character group exactly the four without trailing bits are read. */
static void one_spelling_only(void **state)
{
	(void)state;
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	int good = 0;
	for (size_t i = 0; i < 64; i++) {
		char text[2] = {'Q', alphabet[i]};
		unsigned char out[1];
		size_t len;
		good += enc_b64url_decode(str_mem(text, 2), out, 1, &len) == 0;
	}
	assert_int_equal(good, 4);
}

static void full_buffer(void **state)
{
	(void)state;
	char mem[5];
	struct buf buf;
	buf_init_fixed(&buf, mem, sizeof(mem));
	enc_b64url(&buf, STR("abcd"));
	assert_int_equal(buf_status(&buf), E_LIMIT);
	assert_int_equal(buf.len, 0);
	buf_reset(&buf);
	enc_hex(&buf, STR("abc"));
	assert_int_equal(buf_status(&buf), E_LIMIT);
	buf_reset(&buf);
	enc_base62(&buf, (const unsigned char *)"x", 1, 6);
	assert_int_equal(buf_status(&buf), E_LIMIT);
	assert_int_equal(buf.len, 0);
}

/* RFC 6749 appendix B. CC-04 */
static void form(void **state)
{
	(void)state;
	static const struct {
		struct str text;
		int want;
		struct str value;
	} rows[] = {
		{STR("%"), E_SYNTAX, STR("")},        {STR("a%2"), E_SYNTAX, STR("")},
		{STR("%zz"), E_SYNTAX, STR("")},      {STR("%2g"), E_SYNTAX, STR("")},
		{STR("%%20"), E_SYNTAX, STR("")},     {STR("%00"), E_SYNTAX, STR("")},
		{STR("a\0b"), E_SYNTAX, STR("")},     {STR("\xFF"), E_SYNTAX, STR("")},
		{STR("%FF"), E_SYNTAX, STR("")},      {STR("%C3"), E_SYNTAX, STR("")},
		{STR("%C3+"), E_SYNTAX, STR("")},     {STR("%ED%A0%80"), E_SYNTAX, STR("")},
		{STR("% 20"), E_SYNTAX, STR("")},     {STR("%+1"), E_SYNTAX, STR("")},
		{STR("%-1"), E_SYNTAX, STR("")},      {STR(""), 0, STR("")},
		{STR("a+b"), 0, STR("a b")},          {STR("a%2Bb"), 0, STR("a+b")},
		{STR("%2525"), 0, STR("%25")},        {STR("%c3%A9"), 0, STR("\xC3\xA9")},
		{STR("\xC3%A9"), 0, STR("\xC3\xA9")}, {STR("a:b%3ac"), 0, STR("a:b:c")},
		{STR("mmc%5Fx"), 0, STR("mmc_x")},
	};
	struct arena arena;
	arena_init(&arena, 8192);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str value = STR("untouched");
		assert_int_equal(enc_form_decode(rows[i].text, &arena, &value), rows[i].want);
		expect_str(value, rows[i].want < 0 ? STR("untouched") : rows[i].value);
	}
	struct str value = STR("untouched");
	char large[9000];
	memset(large, 'a', sizeof(large));
	assert_int_equal(enc_form_decode(str_mem(large, sizeof(large)), &arena, &value), E_NOMEM);
	expect_str(value, STR("untouched"));
	arena_done(&arena);
}

static void hex(void **state)
{
	(void)state;
	unsigned char out[2] = {7, 7};
	char mem[16];
	struct buf buf;
	assert_int_equal(enc_hex_decode(STR("000"), out, 2), E_SYNTAX);
	assert_int_equal(enc_hex_decode(STR("00000"), out, 2), E_SYNTAX);
	assert_int_equal(enc_hex_decode(STR("0g00"), out, 2), E_SYNTAX);
	assert_int_equal(enc_hex_decode(STR("000:"), out, 2), E_SYNTAX);
	assert_int_equal(enc_hex_decode(STR("0x00"), out, 2), E_SYNTAX);
	assert_int_equal(enc_hex_decode(STR("aBf0"), out, 2), 0);
	assert_memory_equal(out, "\xAB\xF0", 2);
	buf_init_fixed(&buf, mem, sizeof(mem));
	enc_hex(&buf, STR("\0\x0F\xF0\xAB"));
	expect_str(buf_str(&buf), STR("000ff0ab"));
}

static void base62(void **state)
{
	(void)state;
	static const struct {
		struct str number;
		unsigned digits;
		struct str want;
	} rows[] = {
		{STR(""), 3, STR("000")},           {STR("\0"), 2, STR("00")},         {STR("\x3D"), 1, STR("z")},
		{STR("\x3E"), 2, STR("10")},        {STR("\x3E"), 1, STR("0")},        {STR("\xFF"), 2, STR("47")},
		{STR("\0\0\xFF"), 4, STR("0047")},  {STR("\xFF\xFF\xFF\xFF"), 6, STR("4gfFC3")},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char mem[64];
		struct buf buf;
		buf_init_fixed(&buf, mem, sizeof(mem));
		enc_base62(&buf, (const unsigned char *)rows[i].number.p, rows[i].number.len, rows[i].digits);
		expect_str(buf_str(&buf), rows[i].want);
	}
}

/* 43 digits hold 256 bits: 2^256 - 1, computed apart from this code. */
static void base62_of_256_bits(void **state)
{
	(void)state;
	unsigned char ones[32];
	char mem[64];
	struct buf buf;
	memset(ones, 0xFF, sizeof(ones));
	buf_init_fixed(&buf, mem, sizeof(mem));
	enc_base62(&buf, ones, sizeof(ones), 43);
	expect_str(buf_str(&buf), STR("yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1"));
}

static void crc32(void **state)
{
	(void)state;
	assert_int_equal(enc_crc32(STR("")), 0);
	assert_int_equal(enc_crc32(STR("123456789")), 0xCBF43926);
	assert_int_equal(enc_crc32(STR("The quick brown fox jumps over the lazy dog")), 0x414FA339);
	assert_int_equal(enc_crc32(STR("\0\0\0\0")), 0x2144DF1C);
}

static void rfc3339(void **state)
{
	(void)state;
	static const struct {
		int64_t t_s;
		const char *want;
	} rows[] = {
		{0, "1970-01-01T00:00:00Z"},          {951782400, "2000-02-29T00:00:00Z"},
		{1795291260, "2026-11-21T20:01:00Z"}, {4102444799, "2099-12-31T23:59:59Z"},
		{-1, "1969-12-31T23:59:59Z"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char mem[64];
		struct buf buf;
		buf_init_fixed(&buf, mem, sizeof(mem));
		enc_time(&buf, rows[i].t_s);
		expect_str(buf_str(&buf), str_of(rows[i].want));
	}
	struct buf buf;
	buf_init(&buf, 100);
	enc_time(&buf, INT64_MAX); /* no such year: nothing, and no crash */
	assert_int_equal(buf.len, 0);
	buf_done(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(b64url_decode),
		cmocka_unit_test(b64_decode),
		cmocka_unit_test(b64url_round_trip),
		cmocka_unit_test(one_spelling_only),
		cmocka_unit_test(full_buffer),
		cmocka_unit_test(form),
		cmocka_unit_test(hex),
		cmocka_unit_test(base62),
		cmocka_unit_test(base62_of_256_bits),
		cmocka_unit_test(crc32),
		cmocka_unit_test(rfc3339),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
