/* E-mail addresses; see account/address.h. RFC 5321 4.1.2. What passes may stand in a mail's header. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "account/address.h"

static int parse(struct str text, struct arena *arena, struct str *ret_address)
{
	return address_parse(text, arena, ret_address);
}

static void refuses(void **state)
{
	static const struct str bad[] = {
		STR(""), STR("a"), STR("@"), STR("a@"), STR("@b"), STR("a@b@c"), STR("a b@c.example"),
		STR("a@b c.example"), STR("a\r\nBcc: x@y.example@z.example"), STR("a@b.example\r\nBcc: c@d.example"),
		STR("a@b.example\n"), STR("a@b.example\0c"), STR("a,b@c.example"), STR("<a@b.example>"),
		STR("\"a b\"@c.example"), STR("a(x)@b.example"), STR("a@[127.0.0.1]"), STR("a@b..c"), STR("a@.b"),
		STR("a@b."), STR("a@-b.example"), STR("a@b-.example"), STR("a@b_c.example"), STR("-oX@b.example"),
		STR("a@b.example>"), STR("a;b@c.example"), STR("a:b@c.example"), STR("\xC3\xA4@b.example"),
		STR("a@\xC3\xA4.example"), STR("a\t@b.example"), STR("a@b.example,c@d.example"),
	};
	char mem[300];
	struct arena arena;
	struct str address;
	(void)state;
	arena_init(&arena, 65536);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse(bad[i], &arena, &address) != E_SYNTAX)
			fail_msg("row %zu passes: %.*s", i, STR_ARG(bad[i]));
	memset(mem, 'a', sizeof(mem));
	memcpy(mem + 65, "@b.example", 10); /* a local part of 65 */
	assert_int_equal(parse(str_mem(mem, 75), &arena, &address), E_SYNTAX);
	memset(mem, 'a', sizeof(mem));
	mem[1] = '@';
	for (size_t i = 3; i < sizeof(mem); i += 2)
		mem[i] = '.';
	assert_int_equal(parse(str_mem(mem, 253), &arena, &address), 0);
	assert_int_equal(parse(str_mem(mem, 255), &arena, &address), E_SYNTAX);
	assert_int_equal(parse(str_mem(mem, 257), &arena, &address), E_SYNTAX);
	arena_done(&arena);
}

static void normalises(void **state)
{
	static const struct {
		struct str text, address;
	} rows[] = {
		{STR("alice@example.com"), STR("alice@example.com")},
		{STR("  alice@example.com\t"), STR("alice@example.com")},
		{STR("Alice@Example.COM"), STR("alice@example.com")}, /* RFC 5321 2.4 */
		{STR("a+b.c_d-e!#$%&'*/=?^`{|}~@x"), STR("a+b.c_d-e!#$%&'*/=?^`{|}~@x")},
	};
	struct arena arena;
	struct str address;
	(void)state;
	arena_init(&arena, 65536);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(parse(rows[i].text, &arena, &address), 0);
		assert_true(str_eq(address, rows[i].address));
		assert_true(address_is_normal(address));
	}
	assert_false(address_is_normal(STR("a@Example.com")));
	assert_false(address_is_normal(STR(" a@example.com")));
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(refuses), cmocka_unit_test(normalises)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
