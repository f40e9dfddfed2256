/* The JSON wrapper: what it accepts, it writes and reads back the same; what it quotes is JSON whatever the bytes. */
#include <stdlib.h>

#include "json/json_view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_values(const struct json *object)
{
	const struct json *value, *part;
	struct str name, text;
	int64_t number;
	bool flag;
	for (void *iter = NULL; json_each(object, &iter, &name, &value);) {
		char key[256];
		check(str_is_utf8(name));
		if (name.len >= sizeof(key))
			continue;
		memcpy(key, name.p, name.len);
		key[name.len] = '\0';
		check(json_has(object, key));
		int fits = (json_get_str(object, key, &text) == 0) + (json_get_int(object, key, &number) == 0) +
			   (json_get_bool(object, key, &flag) == 0) + (json_get_object(object, key, &part) == 0) +
			   (json_get_array(object, key, &part) == 0);
		check(fits <= 1); /* none: null or a fraction */
		check(!json_is_str(value, &text) || (str_is_utf8(text) && str_find(text, '\0') == text.len));
	}
}

static void check_member(const struct json *object, const struct json_view *view, const char *name)
{
	struct str a = {0}, b = {0};
	int64_t x = 0, y = 0;
	const struct json *list;
	check(json_get_str(object, name, &a) == json_view_str(view, name, &b) && str_eq(a, b));
	check(json_get_int(object, name, &x) == json_view_int(view, name, &y) && x == y);
	check(json_get_array(object, name, &list) == json_view_array(view, name, &list));
	check(json_has(object, name) == json_view_has(view, name));
}

/* The fast way gives the answers of the other one. */
static void check_view(struct str text, const struct json *object, int rc)
{
	struct json_view view;
	const struct json *value;
	struct str name;
	char key[256];
	check(json_view_parse(text, &view) == rc);
	if (rc < 0)
		return;
	size_t n = 0;
	for (void *iter = NULL; json_each(object, &iter, &name, &value); n++) {
		if (name.len >= sizeof(key))
			continue;
		memcpy(key, name.p, name.len);
		key[name.len] = '\0';
		check_member(object, &view, key);
	}
	check(view.doc || view.n == n);
	check_member(object, &view, "no such name");
	json_view_done(&view);
}

static void check_parse(struct str text)
{
	struct json *doc = NULL, *again = NULL;
	struct buf once, twice;
	int rc = json_parse_object(text, &doc);
	check(rc == 0 || rc == E_SYNTAX || rc == E_LIMIT);
	check_view(text, doc, rc);
	if (rc < 0)
		return;
	check_values(doc);
	buf_init(&once, 8 * JSON_SIZE_MAX);
	buf_init(&twice, 8 * JSON_SIZE_MAX);
	json_dump(doc, &once);
	check(buf_status(&once) == 0);
	check(json_parse_object_max(buf_str(&once), 8 * JSON_SIZE_MAX, &again) == 0);
	json_dump(again, &twice);
	check(str_eq(buf_str(&once), buf_str(&twice)));
	buf_done(&once);
	buf_done(&twice);
	json_free(doc);
	json_free(again);
}

/* NUL is the one character that quoting writes and parsing refuses. */
static void check_quoting(struct str bytes)
{
	struct buf out;
	struct json_out j;
	struct json *doc = NULL;
	struct str back;
	buf_init(&out, 8 * JSON_SIZE_MAX);
	json_out_init(&j, &out);
	json_open(&j, NULL, '{');
	json_str(&j, "v", bytes);
	json_close(&j, '}');
	check(buf_status(&out) == 0);
	int rc = json_parse_object_max(buf_str(&out), 8 * JSON_SIZE_MAX, &doc);
	check((rc == 0) == (str_find(bytes, '\0') == bytes.len));
	if (rc == 0) {
		check(json_get_str(doc, "v", &back) == 0);
		check(str_eq(back, bytes) == str_is_utf8(bytes));
	}
	json_free(doc);
	buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_parse(str_mem(data, size));
	check_quoting(str_mem(data, size < 4096 ? size : 4096));
	return 0;
}
