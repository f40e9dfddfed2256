/* The path rule: what is refused first, then what it is read as, then that docs/gate.md tells the truth about it. */
#include "set.h"

static int parse(const char *target, char *mem, struct path *ret_path)
{
	return path_parse(str_of(target), mem, PATH_MAX_LEN, ret_path);
}

static void refuses(void **state)
{
	static const struct {
		const char *target, *why;
	} rows[] = {
		{"", "neither a path"},
		{"*", "neither a path"},
		{"a", "neither a path"},
		{"admin/x", "neither a path"},
		{"?/a", "neither a path"},
		{"http:/a", "neither a path"},
		{"http:///a", "neither a path"},
		{"ftp://h/a", "neither a path"},
		{"http://user@h/a", "neither a path"},
		{"httpx://h/a", "neither a path"},
		{"/a#b", "fragment"},
		{"/a?x#b", "fragment"},
		{"/a%23b", "'#'"},
		{"/a%2Fb", "encoded slash"},
		{"/a%2fb", "encoded slash"},
		{"/a%5Cb", "backslash"},
		{"/a%5cb", "backslash"},
		{"/a\\b", "backslash"},
		{"/a%00", "control"},
		{"/a%0a", "control"},
		{"/a%1F", "control"},
		{"/a%7f", "control"},
		{"/a\x01", "control"},
		{"/a\x7f", "control"},
		{"/a;b", "semicolon"},
		{"/a;jsessionid=1/b", "semicolon"},
		{"/a%3Bb", "semicolon"},
		{"/a b", "blank"},
		{"/a%", "percent"},
		{"/a%2", "percent"},
		{"/a%zz", "percent"},
		{"/a%2/", "percent"},
		{"/a%%32%65", "percent"},
		{"/a%u0041", "percent"},
		{"/.", "dot"},
		{"/..", "dot"},
		{"/./a", "dot"},
		{"/a/..", "dot"},
		{"/a/../b", "dot"},
		{"/a/./b", "dot"},
		{"/a/%2e/b", "dot"},
		{"/a/%2e%2e/b", "dot"},
		{"/a/.%2E", "dot"},
		{"http://h/../a", "dot"},
		{"/\xff", "UTF-8"},
		{"/\xc0\xaf", "UTF-8"},
		{"/%c0%af", "UTF-8"},
		{"/%ED%A0%80", "UTF-8"},
		{"/%C3/%A9", "UTF-8"},
	};
	static char mem[PATH_MAX_LEN];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct path path = {STR("untouched")};
		if (parse(rows[i].target, mem, &path) != E_SYNTAX || !str_eq(path.text, STR("untouched")))
			fail_msg("%s was taken", rows[i].target);
		if (!strstr(path_explain(str_of(rows[i].target)), rows[i].why))
			fail_msg("%s: %s", rows[i].target, path_explain(str_of(rows[i].target)));
	}
}

static void accepts(void **state)
{
	static const struct {
		const char *target, *text, *emitted;
	} rows[] = {
		{"/", "/", "/"},
		{"/a", "/a", "/a"},
		{"/a/", "/a/", "/a/"},
		{"//a//", "//a//", "//a//"}, /* only a rest parameter will match it */
		{"/a?b=/../;", "/a", "/a"},
		{"/a%20b", "/a b", "/a%20b"},
		{"/%61", "/a", "/a"},
		{"/%252e%252e", "/%2e%2e", "/%252e%252e"}, /* once, never twice */
		{"/%3F", "/?", "/%3F"},
		{"/...", "/...", "/..."},
		{"/a.", "/a.", "/a."},
		{"/.a", "/.a", "/.a"},
		{"/A", "/A", "/A"},
		{"/%C3%A9", "/\xC3\xA9", "/%C3%A9"},
		{"/\xC3\xA9", "/\xC3\xA9", "/%C3%A9"},
		{"/a:b@c,d'(e)*!$&+=", "/a:b@c,d'(e)*!$&+=", "/a:b@c,d'(e)*!$&+="},
		{"/%7B%22%7D", "/{\"}", "/%7B%22%7D"},
		{"http://h", "/", "/"},
		{"http://h?x", "/", "/"},
		{"HTTPS://h:8080/a/b?c", "/a/b", "/a/b"},
		{"http://h//a", "//a", "//a"},
	};
	static char mem[PATH_MAX_LEN], again[PATH_MAX_LEN], emitted[PATH_MAX_LEN];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct path path, second;
		struct buf out;
		buf_init_fixed(&out, emitted, sizeof(emitted));
		if (parse(rows[i].target, mem, &path) < 0)
			fail_msg("%s: %s", rows[i].target, path_explain(str_of(rows[i].target)));
		assert_true(str_eq(path.text, str_of(rows[i].text)));
		path_emit(&path, &out);
		assert_int_equal(buf_status(&out), 0);
		if (!str_eq(buf_str(&out), str_of(rows[i].emitted)))
			fail_msg("%s came out as %.*s", rows[i].target, STR_ARG(buf_str(&out)));
		assert_int_equal(path_parse(buf_str(&out), again, sizeof(again), &second), 0);
		assert_true(str_eq(path.text, second.text));
		assert_string_equal(path_explain(str_of(rows[i].target)), "");
	}
}

static void bounds(void **state)
{
	static char target[PATH_MAX_LEN + 2], mem[PATH_MAX_LEN];
	struct path path;
	(void)state;
	memset(target, 'a', sizeof(target));
	target[0] = '/';
	assert_int_equal(path_parse(str_mem(target, PATH_MAX_LEN), mem, sizeof(mem), &path), 0);
	assert_int_equal(path_parse(str_mem(target, PATH_MAX_LEN + 1), mem, sizeof(mem), &path), E_LIMIT);
	assert_int_equal(path_parse(str_mem(target, 11), mem, 10, &path), E_LIMIT);
	assert_int_equal(path_parse(str_mem(target, 10), mem, 10, &path), 0);
}

/* A row of the table in docs/gate.md: | `target` | `path` or "refused" | why | */
static void check_row(char *line)
{
	static char mem[PATH_MAX_LEN];
	char *target = line + 3, *end = strstr(target, "` | "), *said;
	struct path path;
	assert_non_null(end);
	*end = 0;
	said = end + 4;
	int rc = parse(target, mem, &path);
	if (strncmp(said, "refused |", 9) == 0) {
		if (rc == 0)
			fail_msg("docs/gate.md says that %s is refused", target);
		return;
	}
	assert_int_equal(said[0], '`');
	end = strstr(++said, "` |");
	assert_non_null(end);
	*end = 0;
	if (rc < 0 || !str_eq(path.text, str_of(said)))
		fail_msg("docs/gate.md says that %s is read as %s", target, said);
}

static void docs_are_true(void **state)
{
	static char line[4096];
	FILE *file = fopen(GATE_MD, "re");
	unsigned rows = 0;
	(void)state;
	assert_non_null(file);
	for (bool in = false; fgets(line, sizeof(line), file);) {
		in = in ? line[0] == '|' : strncmp(line, "| target |", 10) == 0;
		if (!in || line[2] != '`')
			continue;
		check_row(line);
		rows++;
	}
	fclose(file);
	assert_true(rows >= 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses),
		cmocka_unit_test(accepts),
		cmocka_unit_test(bounds),
		cmocka_unit_test(docs_are_true),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
