/* Tables and value lists; see print.h. */
#include "cli/print.h"

#include "base/enc.h"

enum { COLUMNS_MAX = 12, CELL_MAX = 65536, LABEL_WIDTH = 28 };

struct column {
	const char *member, *heading;
};

static const struct table {
	const char *name;
	struct column columns[COLUMNS_MAX];
} tables[] = {
	{"clients",
		{{"client_id", "CLIENT ID"}, {"client_name", "NAME"}, {"kind", "KIND"}, {"disabled", "DISABLED"},
		{"client_id_issued_at", "CREATED"}, {"expires_at", "EXPIRES"}, {"default_audience", "AUDIENCE"}}},
	{"accounts",
		{{"account_id", "ACCOUNT ID"}, {"email", "E-MAIL"}, {"name", "NAME"}, {"disabled", "DISABLED"},
		{"created_at", "CREATED"}, {"roles", "ROLES"}}},
	{"apis",
		{{"api_id", "API ID"}, {"audience", "AUDIENCE"}, {"name", "NAME"}, {"alg", "ALG"},
		{"token_lifetime", "LIFETIME"}, {"scopes", "SCOPES"}}},
	{"keys",
		{{"kid", "KID"}, {"alg", "ALG"}, {"state", "STATE"}, {"created_at", "CREATED"}, {"active_at", "ACTIVE"},
		{"retiring_at", "RETIRING"}, {"gone_at", "GONE"}}},
	{"entries",
		{{"seq", "SEQ"}, {"time", "TIME"}, {"actor", "ACTOR"}, {"action", "ACTION"}, {"target", "TARGET"},
		{"detail", "DETAIL"}}},
	{"credentials",
		{{"client_id", "CLIENT ID"}, {"issuer", "ISSUER"}, {"display_name", "NAME"}, {"created_at", "CREATED"},
		{"last_used", "LAST USED"}}},
	{"usage",
		{{"client_id", "CLIENT ID"}, {"client_name", "NAME"}, {"secrets", "SECRETS"},
		{"last_used_at", "LAST USED"}, {"last_used_address", "FROM"}, {"use_count", "USES"}}},
	{"by_secret",
		{{"secret_id", "SECRET ID"}, {"state", "STATE"}, {"hint", "HINT"}, {"last_used_at", "LAST USED"},
		{"last_used_address", "FROM"}, {"use_count", "USES"}, {"label", "LABEL"}}},
	{"secrets",
		{{"secret_id", "SECRET ID"}, {"state", "STATE"}, {"hint", "HINT"}, {"created_at", "CREATED"},
		{"expires_at", "EXPIRES"}, {"last_used_at", "LAST USED"}, {"last_used_address", "FROM"},
		{"use_count", "USES"}, {"label", "LABEL"}}},
	{"grants", {{"audience", "AUDIENCE"}, {"scope", "SCOPES"}}},
	{"operations",
		{{"method", "METHOD"}, {"path", "PATH"}, {"needs", "NEEDS"}, {"operation_id", "OPERATION ID"}}},
	{"changes",
		{{"change", "CHANGE"}, {"method", "METHOD"}, {"path", "PATH"}, {"before", "BEFORE"},
		{"after", "AFTER"}}},
	{"affected",
		{{"client_id", "CLIENT ID"}, {"client_name", "NAME"}, {"effect", "EFFECT"}, {"method", "METHOD"},
		{"path", "PATH"}}},
	{"scopes", {{"name", "SCOPE"}, {"description", "DESCRIPTION"}}},
};

void print_safe(FILE *file, struct str text)
{
	while (text.len > 0) {
		size_t len = str_printable(text);
		if (len > 0)
			fwrite(text.p, 1, len, file);
		else
			fputc('?', file);
		len = len > 0 ? len : 1;
		text = (struct str){text.p + len, text.len - len};
	}
}

/* What print_safe writes, in columns of a terminal (every character counts as one). */
static size_t width_of(struct str text)
{
	size_t width = 0;
	for (; text.len > 0; width++) {
		size_t len = str_printable(text);
		len = len > 0 ? len : 1;
		text = (struct str){text.p + len, text.len - len};
	}
	return width;
}

void print_shell_word(struct buf *out, struct str text)
{
	bool plain = text.len > 0;
	for (size_t i = 0; i < text.len; i++)
		plain = plain && (str_is_unreserved((struct str){text.p + i, 1}) || strchr(":/@%+", text.p[i]));
	if (plain) {
		buf_put(out, text);
		return;
	}
	buf_put_char(out, '\'');
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] == '\'')
			buf_put(out, STR("'\\''"));
		else
			buf_put_char(out, text.p[i]);
	buf_put_char(out, '\'');
}

void print_time(struct buf *out, int64_t t_s)
{
	char text[40] = "";
	struct buf stamp;
	if (t_s == 0) {
		buf_put_char(out, '-');
		return;
	}
	buf_init_fixed(&stamp, text, sizeof(text));
	enc_time(&stamp, t_s);
	if (stamp.len == 20)
		buf_printf(out, "%.10s %.8s UTC", text, text + 11);
	else
		buf_put_i64(out, t_s);
}

static bool is_moment(const char *member)
{
	static const char *const names[] = {"time", "exp", "iat", "nbf", "auth_time"}; /* RFC 7519 4.1, OIDC Core 2 */
	size_t len = strlen(member);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(member, names[i]) == 0)
			return true;
	return len > 3 && strcmp(member + len - 3, "_at") == 0;
}

static void put_number(struct buf *out, const char *member, int64_t value)
{
	if (is_moment(member))
		print_time(out, value);
	else if (strcmp(member, "token_lifetime") == 0)
		buf_printf(out, value != 0 ? "%lld s" : "-", (long long)value);
	else
		buf_put_i64(out, value);
}

/* A text, or the name of an object. */
static bool name_at(const struct json *array, size_t i, struct str *ret_name)
{
	const struct json *object;
	return json_at_str(array, i, ret_name) == 0 ||
	       (json_at_object(array, i, &object) == 0 && json_get_str(object, "name", ret_name) == 0);
}

/* Names with blanks between; an array of anything else as JSON. */
static void put_array(struct buf *out, const struct json *array)
{
	struct str name;
	for (size_t i = 0; i < json_array_len(array); i++)
		if (!name_at(array, i, &name)) {
			json_dump(array, out);
			return;
		}
	for (size_t i = 0; i < json_array_len(array); i++) {
		buf_put(out, i > 0 ? STR(" ") : STR(""));
		buf_put(out, name_at(array, i, &name) ? name : STR(""));
	}
}

/* One member as text. */
static void put_cell(struct buf *out, const struct json *object, const char *member)
{
	struct str text;
	int64_t number;
	bool truth;
	const struct json *array, *inner;
	if (json_get_str(object, member, &text) == 0)
		buf_put(out, text);
	else if (json_get_int(object, member, &number) == 0)
		put_number(out, member, number);
	else if (json_get_bool(object, member, &truth) == 0)
		buf_put(out, truth ? STR("yes") : STR("no"));
	else if (json_get_array(object, member, &array) == 0)
		put_array(out, array);
	else if (json_get_object(object, member, &inner) == 0)
		json_dump(inner, out);
	if (out->len == 0)
		buf_put_char(out, '-');
}

static const struct table *find_table(const char *name)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (strcmp(tables[i].name, name) == 0)
			return &tables[i];
	return NULL;
}

static void measure(const struct table *table, const struct json *array, struct buf *cell, size_t widths[COLUMNS_MAX])
{
	for (size_t c = 0; c < COLUMNS_MAX && table->columns[c].member; c++) {
		widths[c] = strlen(table->columns[c].heading);
		for (size_t i = 0; i < json_array_len(array); i++) {
			const struct json *object;
			if (json_at_object(array, i, &object) < 0)
				continue;
			buf_reset(cell);
			put_cell(cell, object, table->columns[c].member);
			size_t width = width_of(buf_str(cell));
			widths[c] = width > widths[c] ? width : widths[c];
		}
	}
}

/* A cell, and the gap to the next one unless it is the last. */
static void put_padded(struct str text, size_t width, bool last)
{
	print_safe(stdout, text);
	if (last)
		putchar('\n');
	else
		printf("%*s", (int)(width - width_of(text)) + 2, "");
}

static bool is_last(const struct table *table, size_t c)
{
	return c + 1 == COLUMNS_MAX || !table->columns[c + 1].member;
}

void print_table(const char *name, const struct json *array, bool heading)
{
	const struct table *table = find_table(name);
	size_t widths[COLUMNS_MAX] = {0};
	_cleanup_(buf_done) struct buf cell;
	buf_init(&cell, CELL_MAX);
	if (!table || json_array_len(array) == 0)
		return;
	measure(table, array, &cell, widths);
	for (size_t c = 0; heading && c < COLUMNS_MAX && table->columns[c].member; c++)
		put_padded(str_of(table->columns[c].heading), widths[c], is_last(table, c));
	for (size_t i = 0; i < json_array_len(array); i++) {
		const struct json *object;
		if (json_at_object(array, i, &object) < 0)
			continue;
		for (size_t c = 0; c < COLUMNS_MAX && table->columns[c].member; c++) {
			buf_reset(&cell);
			put_cell(&cell, object, table->columns[c].member);
			put_padded(buf_str(&cell), widths[c], is_last(table, c));
		}
	}
}

/* Whether the member is an array that print_table knows. */
static bool is_table(const struct json *object, const char *member, const struct json **ret_array)
{
	return find_table(member) && json_get_array(object, member, ret_array) == 0;
}

static bool copy_name(struct str name, char *ret_text, size_t size)
{
	if (name.len >= size)
		return false;
	memcpy(ret_text, name.p, name.len);
	ret_text[name.len] = '\0';
	return true;
}

void print_object(const struct json *object)
{
	const struct json *value, *array;
	struct str name;
	char member[64];
	size_t lines = 0;
	_cleanup_(buf_done) struct buf cell;
	buf_init(&cell, CELL_MAX);
	for (void *iter = NULL; json_each(object, &iter, &name, &value);) {
		if (!copy_name(name, member, sizeof(member)) || is_table(object, member, &array))
			continue;
		buf_reset(&cell);
		put_cell(&cell, object, member);
		printf("%-*s", LABEL_WIDTH, member);
		print_safe(stdout, buf_str(&cell));
		putchar('\n');
		lines++;
	}
	for (void *iter = NULL; json_each(object, &iter, &name, &value);) {
		if (!copy_name(name, member, sizeof(member)) || !is_table(object, member, &array) ||
		    json_array_len(array) == 0)
			continue;
		if (lines++ > 0)
			putchar('\n');
		print_table(member, array, true);
	}
}
