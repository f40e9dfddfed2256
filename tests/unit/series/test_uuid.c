/* UUID text (RFC 9562 4). */
#include "core.h"

static const struct {
	struct str text;
	int verdict;
} rows[] = {
	{BYTES(""), E_SYNTAX},
	{BYTES("0188cf3a-6f5b-7c53-9a3b-1e8f0c9d2a4"), E_SYNTAX},
	{BYTES("0188cf3a-6f5b-7c53-9a3b-1e8f0c9d2a411"), E_SYNTAX},
	{BYTES("0188cf3a-6f5b-7c53-9a3b-1e8f0c9d2a4g"), E_SYNTAX},
	{BYTES("0188cf3a06f5b-7c53-9a3b-1e8f0c9d2a41"), E_SYNTAX},
	{BYTES("0188cf3-a6f5b-7c53-9a3b-1e8f0c9d2a41"), E_SYNTAX},
	{BYTES("{188cf3a-6f5b-7c53-9a3b-1e8f0c9d2a4}"), E_SYNTAX},
	{BYTES("0188cf3a-6f5b-7c53-9a3b-1e8f0c9d2a4\0"), E_SYNTAX},
	{BYTES("------------------------------------"), E_SYNTAX},
	{BYTES("0188cf3a-6f5b-7c53-9a3b-1e8f0c9d2a41"), 0},
	{BYTES("0188CF3A-6F5B-7C53-9A3B-1E8F0C9D2A41"), 0},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct uuid uuid;
		char text[UUID_TEXT_LEN];
		if (uuid_parse(rows[i].text, &uuid) != rows[i].verdict)
			fail_msg("row %zu: %.*s", i, STR_ARG(rows[i].text));
		if (rows[i].verdict < 0)
			continue;
		uuid_write(&uuid, text);
		assert_true(str_eq(str_mem(text, sizeof(text)), STR("0188cf3a-6f5b-7c53-9a3b-1e8f0c9d2a41")));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
