/*
 * Request targets: what is taken is canonical, and is read as itself when it is sent again; and the operation found for
 * it is the one that a plain comparison with every template finds.
 */
#include "openapi/openapi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char document[] =
	"openapi: 3.0.3\n"
	"paths:\n"
	"  /: {get: {}}\n"
	"  /a: {get: {}}\n"
	"  /a/: {get: {}}\n"
	"  /a/b: {get: {}}\n"
	"  /a/{x}: {get: {}}\n"
	"  /a/{x}/c: {get: {}}\n"
	"  /a/{x}/{y}: {get: {}}\n"
	"  /a/{x}/c/{y}: {get: {}}\n"
	"  /a/b/{x}: {get: {}}\n"
	"  '/a/{x}:c': {get: {}}\n"
	"  '/a/b{x}d': {get: {}}\n"
	"  '/a/aa{x}ab{y}bb/c': {get: {}}\n"
	"  '/a/{x}..{y}.e': {get: {}}\n"
	"  /{x}/{y}: {get: {}}\n"
	"  /{x}/b/{y}: {parameters: [{name: y, in: path, x-mintmark-rest: true}], get: {}}\n"
	"  /a/b/c/{y}: {parameters: [{name: y, in: path, x-mintmark-rest: true}], get: {}}\n"
	"  /é/b: {get: {}}\n";

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static struct openapi *load(void)
{
	const struct openapi_source source = {"f.yaml", STR(document), NULL};
	char mem[OPENAPI_WHY_MAX];
	struct openapi *set = NULL;
	struct buf why;
	buf_init_fixed(&why, mem, sizeof(mem));
	check(openapi_load(&source, 1, STR(""), &set, &why) == 0);
	return set;
}

static struct str behind(struct str s, size_t n) { return (struct str){s.p + n, s.len - n}; }

/* The definition, tried out: "{}" is one byte or more of a segment, "{+}" all that is left. */
static bool fits(struct str shape, struct str text)
{
	if (shape.len == 0)
		return text.len == 0;
	if (str_eq(shape, STR("{+}")))
		return text.len > 0;
	if (!str_has_prefix(shape, STR("{}")))
		return text.len > 0 && shape.p[0] == text.p[0] && fits(behind(shape, 1), behind(text, 1));
	for (size_t n = 1; n <= text.len && text.p[n - 1] != '/'; n++)
		if (fits(behind(shape, 2), behind(text, n)))
			return true;
	return false;
}

static int rank(struct str segment)
{
	if (str_eq(segment, STR("{+}")))
		return 3;
	if (str_eq(segment, STR("{}")))
		return 2;
	return str_find(segment, '{') < segment.len;
}

/* Whether a is more literal than b, from the left. */
static bool wins(struct str a, struct str b)
{
	struct str x, y;
	bool more_a = true, more_b = true;
	while (more_a && more_b) {
		more_a = str_cut(a, '/', &x, &a);
		more_b = str_cut(b, '/', &y, &b);
		x = more_a ? x : a;
		y = more_b ? y : b;
		if (rank(x) != rank(y))
			return rank(x) < rank(y);
	}
	return false;
}

static void check_match(const struct openapi *set, const struct path *path)
{
	const struct openapi_operation *best = NULL;
	struct openapi_match match = {0};
	for (size_t i = 0; i < openapi_count(set); i++) {
		const struct openapi_operation *operation = openapi_at(set, i);
		if (fits(operation->shape, path->text) && (!best || wins(operation->shape, best->shape)))
			best = operation;
	}
	int rc = openapi_find(set, STR("GET"), path, &match);
	check(rc == (best ? 0 : E_NOT_FOUND));
	check(match.operation == best);
	for (size_t i = 0; best && i < best->params.n; i++) {
		struct str value = match.values[i];
		check(value.len > 0 && value.p >= path->text.p && value.p + value.len <= path->text.p + path->text.len);
	}
}

static void check_canonical(const struct path *path)
{
	static char again[PATH_MAX_LEN], mem[3 * PATH_MAX_LEN];
	struct path second;
	struct buf out;
	struct str segment, rest = path->text;
	check(rest.len > 0 && rest.p[0] == '/' && str_is_utf8(rest));
	for (size_t i = 0; i < rest.len; i++)
		check((unsigned char)rest.p[i] >= 0x20 && !strchr("\\;#\x7f", rest.p[i]));
	for (bool more = true; more;) {
		more = str_cut(rest, '/', &segment, &rest);
		segment = more ? segment : rest;
		check(!str_eq(segment, STR(".")) && !str_eq(segment, STR("..")));
	}
	buf_init_fixed(&out, mem, sizeof(mem));
	path_emit(path, &out);
	check(buf_status(&out) == 0);
	if (out.len <= PATH_MAX_LEN)
		check(path_parse(buf_str(&out), again, sizeof(again), &second) == 0 && str_eq(second.text, path->text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char mem[PATH_MAX_LEN];
	static struct openapi *set;
	struct str target = str_mem(data, size);
	struct path path;
	if (!set)
		set = load();
	int rc = path_parse(target, mem, sizeof(mem), &path);
	check((rc == 0) == (path_explain(target)[0] == 0));
	if (rc < 0)
		return 0;
	check_canonical(&path);
	if (path.text.len < 128)
		check_match(set, &path);
	return 0;
}
