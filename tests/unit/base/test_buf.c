/* base/buf.c. */
#include "test.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fault.h"

static void max_is_a_limit_and_sticks(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 10);
	buf_put(&buf, STR("0123456789"));
	assert_int_equal(buf_status(&buf), 0);
	buf_put_char(&buf, 'x');
	assert_int_equal(buf_status(&buf), E_LIMIT);
	buf.len = 0; /* room again, yet the failure sticks */
	buf_put_char(&buf, 'x');
	assert_int_equal(buf_status(&buf), E_LIMIT);
	assert_int_equal(buf.len, 0);
	assert_null(buf_reserve(&buf, 1));
	buf_reset(&buf);
	buf_put(&buf, STR("again"));
	assert_int_equal(buf_status(&buf), 0);
	expect_str(buf_str(&buf), STR("again"));
	buf_done(&buf);
}

static void too_long_piece_is_not_cut(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 4);
	buf_put(&buf, STR("ab"));
	buf_put(&buf, STR("cde"));
	assert_int_equal(buf_status(&buf), E_LIMIT);
	expect_str(buf_str(&buf), STR("ab"));
	assert_null(buf_reserve(&buf, SIZE_MAX));
	buf_done(&buf);
}

static void grows_to_its_maximum(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 100000);
	for (unsigned i = 0; i < 100000; i++)
		buf_put_char(&buf, (char)('a' + i % 26));
	assert_int_equal(buf_status(&buf), 0);
	for (unsigned i = 0; i < 100000; i++)
		assert_int_equal(buf.p[i], 'a' + i % 26);
	buf_put_char(&buf, 'x');
	assert_int_equal(buf_status(&buf), E_LIMIT);
	buf_done(&buf);
}

static void heap_failure_sticks(void **state)
{
	(void)state;
#ifdef MINTMARK_FAULTS
	struct buf buf;
	buf_init(&buf, 10000);
	fault_arm(FAULT_ALLOC, 1);
	buf_put(&buf, STR("a"));
	assert_true(fault_reached(FAULT_ALLOC));
	assert_int_equal(buf_status(&buf), E_NOMEM);
	buf_put(&buf, STR("b"));
	assert_int_equal(buf_status(&buf), E_NOMEM);
	assert_int_equal(buf.len, 0);
	buf_reset(&buf);
	buf_put(&buf, STR("kept"));
	fault_arm(FAULT_ALLOC, 1);
	buf_reserve(&buf, 5000); /* growing fails: what was there stays */
	assert_int_equal(buf_status(&buf), E_NOMEM);
	expect_str(buf_str(&buf), STR("kept"));
	buf_done(&buf);
#else
	skip();
#endif
}

static void fixed_memory(void **state)
{
	(void)state;
	char mem[8];
	struct buf buf;
	buf_init_fixed(&buf, mem, sizeof(mem));
	buf_put(&buf, STR("secret"));
	assert_ptr_equal(buf.p, mem);
	buf_put(&buf, STR("123"));
	assert_int_equal(buf_status(&buf), E_LIMIT);
	buf_done(&buf);
	assert_memory_equal(mem, "\0\0\0\0\0\0", 6);
	buf_put(&buf, STR("again"));
	assert_int_equal(buf_status(&buf), 0);
	expect_str(buf_str(&buf), STR("again"));
}

static void numbers(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 1000);
	buf_put_u64(&buf, 0);
	buf_put_char(&buf, ' ');
	buf_put_u64(&buf, UINT64_MAX);
	buf_put_char(&buf, ' ');
	buf_put_i64(&buf, INT64_MIN);
	buf_put_char(&buf, ' ');
	buf_put_i64(&buf, INT64_MAX);
	buf_printf(&buf, " %s-%03d", "x", 7);
	expect_str(buf_str(&buf), STR("0 18446744073709551615 -9223372036854775808 9223372036854775807 x-007"));
	buf_done(&buf);
}

static void printf_respects_the_maximum(void **state)
{
	(void)state;
	char mem[8];
	struct buf buf;
	buf_init_fixed(&buf, mem, sizeof(mem));
	buf_printf(&buf, "%s", "1234567");
	assert_int_equal(buf_status(&buf), 0);
	expect_str(buf_str(&buf), STR("1234567"));
	buf_reset(&buf);
	buf_printf(&buf, "%s", "12345678"); /* vsnprintf's NUL needs room too */
	assert_int_equal(buf_status(&buf), E_LIMIT);
	assert_int_equal(buf.len, 0);
}

static void big_endian(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 100000);
	buf_put_u8(&buf, 0x01);
	buf_put_u16be(&buf, 0x0203);
	buf_put_u32be(&buf, 0x04050607);
	buf_put_u64be(&buf, 0x08090A0B0C0D0E0F);
	buf_put_str16(&buf, STR("ab"));
	buf_put_str32(&buf, STR("c"));
	expect_str(buf_str(&buf), STR("\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\0\2ab\0\0\0\1c"));
	static char large[65536];
	buf_put_str16(&buf, str_mem(large, sizeof(large)));
	assert_int_equal(buf_status(&buf), E_LIMIT);
	buf_reset(&buf);
	buf_put_str16(&buf, str_mem(large, sizeof(large) - 1));
	assert_int_equal(buf_status(&buf), 0);
	assert_int_equal(buf.len, 65537);
	buf_done(&buf);
}

static void consume(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 100);
	buf_consume(&buf, 1);
	buf_put(&buf, STR("abcdef"));
	buf_consume(&buf, 2);
	expect_str(buf_str(&buf), STR("cdef"));
	buf_consume(&buf, 0);
	expect_str(buf_str(&buf), STR("cdef"));
	buf_consume(&buf, 100);
	assert_int_equal(buf.len, 0);
	buf_put(&buf, (struct str){NULL, 0});
	assert_int_equal(buf_status(&buf), 0);
	buf_done(&buf);
	buf_done(&buf);
}

/* A pipe with len bytes in it and nobody behind. */
static int pipe_of(size_t len)
{
	char bytes[8192];
	int fds[2];
	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], bytes, len), len);
	close(fds[1]);
	return fds[0];
}

static void reads_to_the_end(void **state)
{
	(void)state;
	static const struct {
		size_t before, len, max;
		int rc;
	} rows[] = {
		{0, 0, 0, 0},       {0, 0, 10, 0},          {3, 7, 10, 0},       {3, 6, 10, 0},
		{3, 8, 10, E_LIMIT}, {0, 1, 0, E_LIMIT},    {0, 8192, 8192, 0},  {0, 5000, 100000, 0},
		{0, 8192, 8191, E_LIMIT},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf buf;
		int fd = pipe_of(rows[i].len);
		buf_init(&buf, rows[i].max);
		buf_put(&buf, (struct str){"abc", rows[i].before});
		if (buf_read(&buf, fd) != rows[i].rc)
			fail_msg("row %zu", i);
		size_t whole = rows[i].before + rows[i].len;
		assert_int_equal(buf.len, whole < rows[i].max ? whole : rows[i].max);
		for (size_t k = 0; k < buf.len; k++)
			assert_int_equal(buf.p[k], k < rows[i].before ? "abc"[k] : 'x');
		buf_done(&buf);
		close(fd);
	}
}

static void reading_fails(void **state)
{
	(void)state;
	struct buf buf;
	buf_init(&buf, 10);
	assert_int_equal(buf_read(&buf, -1), E_IO);
	int folder = open("/", O_RDONLY | O_DIRECTORY);
	assert_int_equal(buf_read(&buf, folder), E_IO);
	close(folder);
#ifdef MINTMARK_FAULTS
	int fd = pipe_of(1);
	buf_done(&buf); /* its memory would do */
	fault_arm(FAULT_ALLOC, 1);
	assert_int_equal(buf_read(&buf, fd), E_NOMEM);
	fault_arm(FAULT_ALLOC, 0);
	close(fd);
#endif
	buf_done(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(max_is_a_limit_and_sticks), cmocka_unit_test(too_long_piece_is_not_cut),
		cmocka_unit_test(grows_to_its_maximum),      cmocka_unit_test(heap_failure_sticks),
		cmocka_unit_test(fixed_memory),              cmocka_unit_test(numbers),
		cmocka_unit_test(printf_respects_the_maximum), cmocka_unit_test(big_endian),
		cmocka_unit_test(consume),                   cmocka_unit_test(reads_to_the_end),
		cmocka_unit_test(reading_fails),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
