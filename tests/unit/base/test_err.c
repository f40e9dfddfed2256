/* base/err.c and err.def: what the table may say to a peer. */
#include "test.h"

/* RFC 6749 5.2: error and error_description hold only %x20-21 / %x23-5B / %x5D-7E. CC-46 */
static bool is_error_text(const char *s)
{
	for (; *s; s++)
		if (*s < 0x20 || *s > 0x7E || *s == '"' || *s == '\\')
			return false;
	return true;
}

static void every_row_is_fit_to_be_shown(void **state)
{
	(void)state;
	for (int code = -1; code >= -ERR_COUNT; code--) {
		const struct err_row *row = err_row(code);
		if (!row->wire[0] || !is_error_text(row->wire) || !row->text[0] || !is_error_text(row->text))
			fail_msg("%s may not be shown", row->symbol);
		if (row->status < 400 || row->status > 599)
			fail_msg("%s: status %d", row->symbol, row->status);
		if ((row->status >= 500) != (row->fault == FAULT_US) && row->status != 501 && row->status != 505)
			fail_msg("%s: status %d and whose fault it is disagree", row->symbol, row->status);
	}
}

static void unknown_codes_are_internal(void **state)
{
	(void)state;
	static const int codes[] = {0, 1, 4711, -ERR_COUNT - 1, -100000};
	for (size_t i = 0; i < COUNT(codes); i++)
		assert_ptr_equal(err_row(codes[i]), err_row(E_INTERNAL));
}

/* RFC 6749 5.2, RFC 8707 2, RFC 6750 3.1: names and statuses as registered. */
static void registered_errors(void **state)
{
	(void)state;
	static const struct {
		int code;
		const char *wire;
		int status;
	} rows[] = {
		{E_INVALID_REQUEST, "invalid_request", 400},
		{E_INVALID_CLIENT, "invalid_client", 401},
		{E_INVALID_GRANT, "invalid_grant", 400},
		{E_UNAUTHORIZED_CLIENT, "unauthorized_client", 400},
		{E_UNSUPPORTED_GRANT_TYPE, "unsupported_grant_type", 400},
		{E_INVALID_SCOPE, "invalid_scope", 400},
		{E_INVALID_TARGET, "invalid_target", 400},
		{E_INVALID_TOKEN, "invalid_token", 401},
		{E_INSUFFICIENT_SCOPE, "insufficient_scope", 403},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_string_equal(err_row(rows[i].code)->wire, rows[i].wire);
		assert_int_equal(err_row(rows[i].code)->status, rows[i].status);
	}
}

static int fails_then_counts(int code, int *calls)
{
	TRY(code);
	++*calls;
	return 0;
}

static void try_returns_the_code(void **state)
{
	(void)state;
	int calls = 0;
	assert_int_equal(fails_then_counts(E_LIMIT, &calls), E_LIMIT);
	assert_int_equal(calls, 0);
	assert_int_equal(fails_then_counts(7, &calls), 0);
	assert_int_equal(calls, 1);
	const char *p = "x";
	assert_string_equal(TAKE(p), "x");
	assert_null(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_fit_to_be_shown), cmocka_unit_test(unknown_codes_are_internal),
		cmocka_unit_test(registered_errors), cmocka_unit_test(try_returns_the_code),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
