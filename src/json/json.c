/*
 * Strict JSON parsing over jansson; see json.h. RFC 8259, RFC 7493 2.3 (no duplicate members). Runs in every process
 * and on bytes of strangers: depth and size are checked before jansson, which recurses, sees the text.
 */
#include "json/json.h"

#include <jansson.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/rand.h"

static const json_t *in(const struct json *value) { return (const json_t *)value; }
static const struct json *out_of(const json_t *value) { return (const struct json *)value; }

static pthread_once_t once = PTHREAD_ONCE_INIT;

/*
 * jansson 2.14 ignores some failed allocations while it reads: it loses characters of a string, then looks for the end
 * of that string behind the end of its buffer. So no failed allocation comes back to it: the parse is left at once, and
 * what it had allocated is freed from this list. Blocks carry no header of ours and go to whoever allocated them: in a
 * program that links libmintmark and uses jansson itself, its documents and ours meet the same two functions.
 */
struct parse {
	jmp_buf out;
	void **blocks; /* what this parse holds; on the heap */
	size_t n, max;
};

static _Thread_local struct parse *parsing; /* NULL: nothing is parsed in this thread */
static json_malloc_t allocate_next = malloc;
static json_free_t release_next = free;

static bool remember(struct parse *parse, void *block)
{
	if (parse->n == parse->max) {
		size_t max = parse->max > 0 ? 2 * parse->max : 64;
		void **blocks = realloc(parse->blocks, max * sizeof(*blocks));
		if (!blocks)
			return false;
		parse->blocks = blocks;
		parse->max = max;
	}
	parse->blocks[parse->n++] = block;
	return true;
}

/* The newest first: most are freed soon. */
static void forget(struct parse *parse, const void *block)
{
	size_t i = parse->n;
	while (i > 0 && parse->blocks[i - 1] != block)
		i--;
	if (i > 0)
		parse->blocks[i - 1] = parse->blocks[--parse->n];
}

static void *allocate(size_t size)
{
	struct parse *parse = parsing;
	void *block = fault_hit(FAULT_ALLOC) ? NULL : allocate_next(size);
	if (!parse)
		return block;
	if (block && remember(parse, block))
		return block;
	release_next(block);
	longjmp(parse->out, 1);
}

static void release(void *block)
{
	if (parsing && block)
		forget(parsing, block);
	release_next(block);
}

/* E_NOMEM, E_SYNTAX. parse is not of this function's frame, so that what changes before longjmp is certain after it. */
static int load_into(struct parse *parse, struct str text, json_t **ret_doc)
{
	json_error_t error;
	parsing = parse;
	if (setjmp(parse->out) != 0) {
		parsing = NULL;
		while (parse->n > 0)
			release_next(parse->blocks[--parse->n]);
		return E_NOMEM;
	}
	/* RFC 7515 4, RFC 7519 4: names must be unique; jansson itself refuses NUL, bad UTF-8 and trailing bytes */
	json_t *doc = json_loadb(text.p ? text.p : "", text.len, JSON_REJECT_DUPLICATES, &error);
	parsing = NULL;
	if (!doc)
		return E_SYNTAX;
	*ret_doc = doc;
	return 0;
}

static int load(struct str text, json_t **ret_doc)
{
	struct parse parse = {.n = 0};
	int rc = load_into(&parse, text, ret_doc);
	free(parse.blocks);
	return rc;
}

/* Seed jansson's tables from the kernel: left alone it would open /dev/urandom, which a sandboxed process can't. */
static void prepare(void)
{
	size_t seed = 0;
	json_get_alloc_funcs(&allocate_next, &release_next);
	json_set_alloc_funcs(allocate, release);
	if (rand_bytes(&seed, sizeof(seed)) < 0 || seed == 0)
		seed = (size_t)(uintptr_t)&once; /* address-space randomisation; only table balance rests on it */
	json_object_seed(seed);
}

/* Brackets outside of strings, counted; the grammar is left to jansson. */
static int scan_depth(struct str text)
{
	int depth = 0;
	bool in_string = false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];
		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '{' || c == '['))
			depth++;
		else if (!in_string && (c == '}' || c == ']'))
			depth--;
		if (depth > JSON_DEPTH_MAX)
			return E_LIMIT;
		if (depth < 0)
			return E_SYNTAX;
	}
	return 0;
}

static int parse(struct str text, size_t max, json_type type, struct json **ret_doc)
{
	json_t *doc;
	if (text.len > max)
		return E_LIMIT;
	TRY(scan_depth(text));
	(void)pthread_once(&once, prepare);
	TRY(load(text, &doc));
	if (json_typeof(doc) != type) {
		json_decref(doc);
		return E_SYNTAX;
	}
	*ret_doc = (struct json *)doc;
	return 0;
}

int json_parse_object_max(struct str text, size_t max, struct json **ret_doc)
{
	return parse(text, max, JSON_OBJECT, ret_doc);
}

int json_parse_array(struct str text, struct json **ret_doc) { return parse(text, JSON_SIZE_MAX, JSON_ARRAY, ret_doc); }

int json_parse_object(struct str text, struct json **ret_doc)
{
	return json_parse_object_max(text, JSON_SIZE_MAX, ret_doc);
}

void json_free(struct json *doc) { json_decref((json_t *)doc); }
void json_freep(struct json **doc) { json_free(*doc); }

static struct str text_of(const json_t *value) { return str_mem(json_string_value(value), json_string_length(value)); }

/* The member of this JSON type. */
static int find(const struct json *object, const char *name, json_type type, const json_t **ret_value)
{
	const json_t *value = json_object_get(in(object), name);
	if (!value)
		return E_ABSENT;
	if (json_typeof(value) != type)
		return E_SYNTAX;
	*ret_value = value;
	return 0;
}

int json_get_str(const struct json *object, const char *name, struct str *ret_value)
{
	const json_t *value;
	TRY(find(object, name, JSON_STRING, &value));
	*ret_value = text_of(value);
	return 0;
}

int json_get_bool(const struct json *object, const char *name, bool *ret_value)
{
	const json_t *value = json_object_get(in(object), name);
	if (!value)
		return E_ABSENT;
	if (!json_is_boolean(value))
		return E_SYNTAX;
	*ret_value = json_is_true(value);
	return 0;
}

int json_get_int(const struct json *object, const char *name, int64_t *ret_value)
{
	const json_t *value;
	TRY(find(object, name, JSON_INTEGER, &value));
	*ret_value = json_integer_value(value);
	return 0;
}

int json_get_number(const struct json *object, const char *name, double *ret_value)
{
	const json_t *value = json_object_get(in(object), name);
	if (!value)
		return E_ABSENT;
	if (!json_is_number(value))
		return E_SYNTAX;
	*ret_value = json_number_value(value);
	return 0;
}

int json_get_object(const struct json *object, const char *name, const struct json **ret_value)
{
	const json_t *value;
	TRY(find(object, name, JSON_OBJECT, &value));
	*ret_value = out_of(value);
	return 0;
}

int json_get_array(const struct json *object, const char *name, const struct json **ret_value)
{
	const json_t *value;
	TRY(find(object, name, JSON_ARRAY, &value));
	*ret_value = out_of(value);
	return 0;
}

bool json_has(const struct json *object, const char *name) { return json_object_get(in(object), name) != NULL; }

bool json_has_value(const struct json *object, const char *name)
{
	const json_t *value = json_object_get(in(object), name);
	return value && !json_is_null(value);
}

size_t json_array_len(const struct json *array) { return json_array_size(in(array)); }

int json_at_str(const struct json *array, size_t index, struct str *ret_value)
{
	return json_is_str(out_of(json_array_get(in(array), index)), ret_value) ? 0 : E_SYNTAX;
}

int json_at_object(const struct json *array, size_t index, const struct json **ret_value)
{
	const json_t *value = json_array_get(in(array), index);
	if (!json_is_object(value))
		return E_SYNTAX;
	*ret_value = out_of(value);
	return 0;
}

bool json_each(const struct json *object, void **iter, struct str *ret_name, const struct json **ret_value)
{
	json_t *members = (json_t *)(uintptr_t)in(object); /* jansson's iterator takes no const; reading only */
	*iter = *iter ? json_object_iter_next(members, *iter) : json_object_iter(members);
	if (!*iter)
		return false;
	*ret_name = str_of(json_object_iter_key(*iter));
	*ret_value = out_of(json_object_iter_value(*iter));
	return true;
}

static bool is_one_of(struct str name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(name, str_of(names[i])))
			return true;
	return false;
}

bool json_has_only(const struct json *object, const char *const *names, size_t n)
{
	void *iter = NULL;
	struct str name;
	const struct json *value;
	while (json_each(object, &iter, &name, &value))
		if (!is_one_of(name, names, n))
			return false;
	return true;
}

bool json_is_str(const struct json *value, struct str *ret_value)
{
	if (!json_is_string(in(value)))
		return false;
	*ret_value = text_of(in(value));
	return true;
}

static int append(const char *bytes, size_t len, void *arg)
{
	buf_put_mem(arg, bytes, len);
	return 0;
}

void json_dump(const struct json *value, struct buf *out)
{
	if (json_dump_callback(in(value), append, out, JSON_COMPACT | JSON_ENCODE_ANY) != 0 && out->status == 0)
		out->status = E_NOMEM; /* a parsed value has no other way to fail */
}
