/* clientauth_basic(): RFC 7617 2 and RFC 6749 2.3.1. CC-16, ATTACKS 17. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "oauth/clientauth.h"

struct row {
	const char *header;
	int code;
	const char *id, *secret;
};

static const struct row rows[] = {
	{"Basic aWQ6c2VjcmV0", 0, "id", "secret"},
	{"basic aWQ6c2VjcmV0", 0, "id", "secret"},              /* scheme in lower case */
	{"BASIC   aWQ6c2VjcmV0", 0, "id", "secret"},            /* 1*SP: RFC 9110 11.4 */
	{"Basic aWQ6YTpiOmM=", 0, "id", "a:b:c"},               /* first colon splits */
	{"Basic aWQ6YSUzQWIlMjBjK2Q=", 0, "id", "a:b c d"},     /* %3A %20 + */
	{"Basic aWQ6JUMzJUE0", 0, "id", "\xc3\xa4"},
	{"Basic aSU2NDpz", 0, "id", "s"},                       /* the id is encoded too */
	{"Basic aWQ6", 0, "id", ""},
	{"Basic aWQ6JXp6", E_INVALID_CLIENT, NULL, NULL},       /* %zz */
	{"Basic aWQ6JTAw", E_INVALID_CLIENT, NULL, NULL},       /* %00 */
	{"Basic aWQ6JWZm", E_INVALID_CLIENT, NULL, NULL},       /* %ff: no UTF-8 */
	{"Basic aWQ6/w==", E_INVALID_CLIENT, NULL, NULL},       /* raw 0xff */
	{"Basic OnNlY3JldA==", E_INVALID_CLIENT, NULL, NULL},   /* empty id */
	{"Basic aWRzZWNyZXQ=", E_INVALID_CLIENT, NULL, NULL},   /* no colon */
	{"Basic aWQ6c2VjcmV0=", E_INVALID_CLIENT, NULL, NULL},  /* padding too long */
	{"Basic aWQ6YTpiOmM", E_INVALID_CLIENT, NULL, NULL},    /* padding missing */
	{"Basic aWQ6YTpiOmN=", E_INVALID_CLIENT, NULL, NULL},   /* trailing bits */
	{"Basic aWQ6 c2VjcmV0", E_INVALID_CLIENT, NULL, NULL},
	{"Basic aWQ6c2VjcmV0 ", E_INVALID_CLIENT, NULL, NULL},
	{"Basic\taWQ6c2VjcmV0", E_INVALID_CLIENT, NULL, NULL},  /* a tab is no separator */
	{"Basic", E_INVALID_CLIENT, NULL, NULL},
	{"Basic ", E_INVALID_CLIENT, NULL, NULL},
	{"", E_INVALID_CLIENT, NULL, NULL},
	{"Bearer aWQ6c2VjcmV0", E_INVALID_CLIENT, NULL, NULL},  /* CC-19 */
	{"Basica aWQ6c2VjcmV0", E_INVALID_CLIENT, NULL, NULL},
	{"Basic _-==", E_INVALID_CLIENT, NULL, NULL},           /* the other alphabet */
};

static void reads_exactly_one_spelling(void **state) /* CC-16 */
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena arena;
		struct clientauth_presented presented = {0};
		arena_init(&arena, 65536);
		assert_int_equal(clientauth_basic(secret_of(str_of(rows[i].header)), &arena, &presented), rows[i].code);
		if (rows[i].code == 0) {
			assert_true(str_eq(presented.id, str_of(rows[i].id)));
			assert_true(str_eq(str_mem(presented.secret.p, presented.secret.len), str_of(rows[i].secret)));
			assert_true(presented.basic);
		}
		arena_done(&arena);
	}
}

static void refuses_oversized_headers(void **state)
{
	static char header[4096] = "Basic ";
	struct arena arena;
	struct clientauth_presented presented;
	(void)state;
	memset(header + 6, 'A', sizeof(header) - 6);
	arena_init(&arena, 65536);
	assert_int_equal(clientauth_basic(secret_of((struct str){header, sizeof(header)}), &arena, &presented),
			 E_INVALID_CLIENT);
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_exactly_one_spelling),
		cmocka_unit_test(refuses_oversized_headers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
