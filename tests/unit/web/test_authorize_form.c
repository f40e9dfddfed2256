/* authorize_form.c: what was pushed is read back for its client, until its time is over. RFC 9126 2.2, 4. */
#include "../oauth/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "web/authorize_form.h"

static void pushed_requests_end(void **state) /* 9126-4 */
{
	struct fixture *fixture = *state;
	struct call *call = &fixture->call;
	struct authorize request;
	char text[ID_SECRET_LEN + 1];
	struct str query;
	struct once once = {.kind = ONCE_PAR, .data = STR("client_id=mmc_both&state=pushed"),
			    .created_s = FIXTURE_NOW_S, .expires_s = FIXTURE_NOW_S + 90};
	assert_int_equal(id_bearer_new(BEARER_PUSHED, text, once.sha256), 0);
	assert_int_equal(store_once_put(fixture->env.store, &once, NULL), 0);
	assert_int_equal(arena_printf(&call->arena, &query,
				      "client_id=mmc_both&state=x&request_uri=" AUTHORIZE_URN "%s", text), 0);
	call->now_us = (int64_t)(FIXTURE_NOW_S + 89) * 1000000;
	assert_int_equal(authorize_form_read(call, query, &request), 0);
	assert_true(request.is_pushed && str_eq(request.params[AUTHORIZE_STATE].value, STR("pushed")));
	call->now_us = (int64_t)(FIXTURE_NOW_S + 90) * 1000000;
	assert_int_equal(authorize_form_read(call, query, &request), E_INVALID_REQUEST_URI);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pushed_requests_end, fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
