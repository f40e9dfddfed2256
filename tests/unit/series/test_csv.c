/* CSV (RFC 4180) in pieces of any size. */
#include "core.h"

#include "series/csv.h"

/* Gives a text in pieces. */
struct source {
	struct str text;
	size_t piece;
	int fails; /* a code to give at the end instead of the end */
};

static int read_piece(void *context, void *mem, size_t size, size_t *ret_n)
{
	struct source *source = context;
	size_t n = source->piece < size ? source->piece : size;
	n = n < source->text.len ? n : source->text.len;
	if (n == 0 && source->fails < 0)
		return source->fails;
	memcpy(mem, source->text.p, n);
	source->text = (struct str){source->text.p + n, source->text.len - n};
	*ret_n = n;
	return 0;
}

/* Records as "line:field|field;", a bad one as "line!;". */
static const struct {
	struct str text;
	const char *records;
} rows[] = {
	/* malformed: the record ends with its first line, the next ones are read */
	{BYTES("a\"b,c\nd\n"), "1!;2:d;"},
	{BYTES("\"a\"b\nd\n"), "1!;2:d;"},
	{BYTES("\"a\" ,b\nd\n"), "1!;2:d;"},
	{BYTES("\"a\nb\nc"), "1!;2:b;3:c;"},
	{BYTES("\""), "1!;"},
	{BYTES("a\rb\nc"), "1!;2:c;"},
	{BYTES("a\nb\r"), "1:a;2!;"},
	{BYTES("a\r\r\nb"), "1!;2:b;"},
	{BYTES("a,\"\nb"), "1!;2:b;"},
	{BYTES("\"a\rb\"\nc\rd,\"e\"\nf"), "1:a\rb;2!;3:f;"},
	{BYTES(",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\nb"), "1!;2:b;"}, /* 33 fields */
	/* taken */
	{BYTES(""), ""},
	{BYTES("\n\r\n\n"), ""},
	{BYTES("\xef\xbb\xbf"), ""},
	{BYTES("\xef\xbb\xbf" "a,b\n"), "1:a|b;"},
	{BYTES("\xef\xbb"), "1:\xef\xbb;"},
	{BYTES("a"), "1:a;"},
	{BYTES("a,b\r\nc,d\r\n"), "1:a|b;2:c|d;"},
	{BYTES("a,b\nc,d"), "1:a|b;2:c|d;"},
	{BYTES("\na\n\nb\n"), "2:a;4:b;"},
	{BYTES(","), "1:|;"},
	{BYTES(",a,\n"), "1:|a|;"},
	{BYTES("\"\"\n"), "1:;"},
	{BYTES("\"\",\"\"\n"), "1:|;"},
	{BYTES("\"a,b\",c\n"), "1:a,b|c;"},
	{BYTES("\"a\"\"b\",\"\"\"\"\n"), "1:a\"b|\";"},
	{BYTES("\"a\nb\r\nc\",d\ne"), "1:a\nb\r\nc|d;4:e;"},
	{BYTES("\"a\"\r\nb"), "1:a;2:b;"},
	{BYTES(" a , b \n"), "1: a | b ;"},
	{BYTES(",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\n"), "1:|||||||||||||||||||||||||||||||;"}, /* 32 */
};

static void print_records(struct str text, size_t piece, struct buf *out)
{
	struct source source = {text, piece, 0};
	struct csv_record record;
	struct csv csv;
	bool more;
	csv_init(&csv, read_piece, &source);
	for (;;) {
		assert_int_equal(csv_next(&csv, &record, &more), 0);
		if (!more)
			break;
		buf_put_u64(out, record.line);
		buf_put_char(out, record.error ? '!' : ':');
		for (size_t i = 0; record.error == 0 && i < record.n; i++) {
			if (i > 0)
				buf_put_char(out, '|');
			buf_put(out, record.fields[i]);
		}
		buf_put_char(out, ';');
	}
	assert_int_equal(csv.bytes, text.len);
	csv_done(&csv);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t piece = 1; piece < 8; piece++) {
			struct buf out;
			buf_init(&out, 65536);
			print_records(rows[i].text, piece, &out);
			if (!str_eq(buf_str(&out), str_of(rows[i].records)))
				fail_msg("row %zu in pieces of %zu: %.*s, want %s", i, piece, STR_ARG(buf_str(&out)),
					rows[i].records);
			buf_done(&out);
		}
	}
}

/* Longer than a record may be, plain and in quotes; what follows is read, with the right number. */
static void test_long_records(void **state)
{
	(void)state;
	static char text[10 * CSV_RECORD_MAX];
	static const size_t lens[] = {CSV_RECORD_MAX + 1, 4 * CSV_RECORD_MAX, 9 * CSV_RECORD_MAX};
	for (size_t i = 0; i < COUNT(lens); i++) {
		for (int quoted = 0; quoted < 2; quoted++) {
			struct buf out;
			buf_init(&out, 65536);
			memset(text, 'x', lens[i]);
			text[0] = quoted ? '"' : 'x';
			memcpy(text + lens[i], "\nb,c\n", 5);
			print_records((struct str){text, lens[i] + 5}, 100000, &out);
			assert_true(str_eq(buf_str(&out), STR("1!;2:b|c;")));
			buf_done(&out);
		}
	}
}

static void test_many_lines(void **state)
{
	(void)state;
	enum { LINES = 100000 };
	struct buf text;
	struct source source;
	struct csv_record record;
	struct csv csv;
	bool more;
	buf_init(&text, 1 << 24);
	for (unsigned i = 1; i <= LINES; i++)
		buf_printf(&text, i % 3 == 0 ? "\"%u\",b\r\n" : "%u,b\n", i);
	source = (struct source){buf_str(&text), 65521, 0};
	csv_init(&csv, read_piece, &source);
	for (uint64_t i = 1; i <= LINES; i++) {
		uint64_t number;
		assert_int_equal(csv_next(&csv, &record, &more), 0);
		assert_true(more && record.error == 0 && record.line == i && record.n == 2);
		assert_int_equal(str_to_u64(record.fields[0], LINES, &number), 0);
		assert_true(number == i);
	}
	assert_int_equal(csv_next(&csv, &record, &more), 0);
	assert_false(more);
	csv_done(&csv);
	buf_done(&text);
}

static void test_read_fails(void **state)
{
	(void)state;
	struct source source = {STR("a,b\nc"), 100, E_IO};
	struct csv_record record;
	struct csv csv;
	bool more;
	csv_init(&csv, read_piece, &source);
	assert_int_equal(csv_next(&csv, &record, &more), 0);
	assert_int_equal(csv_next(&csv, &record, &more), E_IO);
	csv_done(&csv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_long_records),
					   cmocka_unit_test(test_many_lines), cmocka_unit_test(test_read_fails)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
