/* resource.c: RFC 9728 2 and 3.1. */
#include "test.h"

#include "gate/resource.h"

#define WELL_KNOWN "/.well-known/oauth-protected-resource"

static void what_is_a_resource(void **state)
{
	static const char *const bad[] = {
		"", "urn:x:y", "https://", "https:///a", "http://?a", "ftp://a", "https://a/#b", "https://a b",
		"https://a\"", "https://a\\b", "HTTPS://a", "//a", "https://\x7f"};
	static const char *const good[] = {"https://a", "http://127.0.0.1:80/x?y", "https://a/"};
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (resource_is_url(str_of(bad[i])))
			fail_msg("%s", bad[i]);
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(resource_is_url(str_of(good[i])));
}

/* RFC 9728 3.1, 9728-3.1: between host and path; a slash that ends the host goes. */
static void where_metadata_are(void **state)
{
	static const struct {
		const char *resource, *url;
	} rows[] = {
		{"https://a.example", "https://a.example" WELL_KNOWN},
		{"https://a.example/", "https://a.example" WELL_KNOWN},
		{"https://a.example:8443/b/c", "https://a.example:8443" WELL_KNOWN "/b/c"},
		{"https://a.example/b/", "https://a.example" WELL_KNOWN "/b/"},
		{"https://a.example?b=/c", "https://a.example" WELL_KNOWN "?b=/c"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char mem[256];
		struct buf out;
		buf_init_fixed(&out, mem, sizeof(mem));
		resource_put_metadata_url(str_of(rows[i].resource), &out);
		assert_true(str_eq(buf_str(&out), str_of(rows[i].url)));
	}
}

static void which_paths_ask_for_them(void **state)
{
	static const struct {
		const char *resource, *path;
		bool yes;
	} rows[] = {
		{"https://a", WELL_KNOWN, true},
		{"https://a/", WELL_KNOWN, true},
		{"https://a", WELL_KNOWN "/", false},
		{"https://a", WELL_KNOWN "s", false},
		{"https://a/b", WELL_KNOWN "/b", true},
		{"https://a/b?c", WELL_KNOWN "/b", true},
		{"https://a/b", WELL_KNOWN, true},
		{"https://a/b", WELL_KNOWN "/bc", false},
		{"https://a/b", WELL_KNOWN "/c", false},
		{"https://a/b", "/b" WELL_KNOWN, false},
		{"https://a/b", "/b", false},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (resource_is_metadata_path(str_of(rows[i].resource), str_of(rows[i].path)) != rows[i].yes)
			fail_msg("row %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_a_resource),
		cmocka_unit_test(where_metadata_are),
		cmocka_unit_test(which_paths_ask_for_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
