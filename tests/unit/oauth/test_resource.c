/* resource.c: what may be an audience and how `resource` picks one. RFC 8707 2. CC-30. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "oauth/resource.h"

static void knows_absolute_uris(void **state) /* CC-30 */
{
	static const struct {
		const char *uri;
		bool good;
	} rows[] = {
		{"https://api.example.com", true},
		{"https://api.example.com/v1?x=y", true},
		{"urn:example:api", true},
		{"api://orders", true},
		{"h2+x-y.z:1", true},
		{"", false},
		{"api", false},
		{"/relative", false},
		{"//host/path", false},
		{"https:", false},
		{"https://", false},
		{"https:///path", false},
		{"https://a/#f", false},
		{"https://a/#", false},
		{"https://a b/", false},
		{"1https://a/", false},
		{":a", false},
		{"https://\xc3\xa4/", false},
		{"https://a/\x7f", false},
		{"https://a/\"", false},
		{"https://a/<x>", false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(resource_is_uri(str_of(rows[i].uri)), rows[i].good);
}

static int ask(const char *first, const char *second, const struct api **ret_api)
{
	static struct api apis[2];
	struct client_view view = {.apis = apis, .n_apis = 2};
	struct form_value more = {.present = true, .value = str_of(second)};
	struct call call = {.client = &view};
	apis[0].audience = STR("https://a.example/");
	apis[1].audience = STR("https://b.example/");
	call.params[PARAM_RESOURCE].present = first != NULL;
	call.params[PARAM_RESOURCE].value = str_of(first);
	call.params[PARAM_RESOURCE].next = second ? &more : NULL;
	return resource_requested(&call, ret_api);
}

static void picks_by_exact_audience(void **state) /* CC-30, CC-42 */
{
	const struct api *api = NULL;
	(void)state;
	assert_int_equal(ask(NULL, NULL, &api), 0);
	assert_null(api);
	assert_int_equal(ask("https://b.example/", NULL, &api), 0);
	assert_true(str_eq(api->audience, STR("https://b.example/")));
	assert_int_equal(ask("https://b.example/", "https://b.example/", &api), 0);
	assert_int_equal(ask("https://b.example", NULL, &api), E_INVALID_TARGET);
	assert_int_equal(ask("HTTPS://b.example/", NULL, &api), E_INVALID_TARGET);
	assert_int_equal(ask("https://unknown.example/", NULL, &api), E_INVALID_TARGET);
	assert_int_equal(ask("https://a.example/", "https://b.example/", &api), E_INVALID_TARGET);
	assert_int_equal(ask("https://a.example/", "relative", &api), E_INVALID_TARGET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_absolute_uris),
		cmocka_unit_test(picks_by_exact_audience),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
