/*
 * Requests of the management API: whatever query and body say, what comes out is one JSON object with two members, for
 * the operation that was meant. First byte: which operation; then the query up to a line feed, then the body.
 */
#include <stdlib.h>

#include "admin/manage_request.h"
#include "admin/management.h"
#include "json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_request(struct str text, const char *op)
{
	struct json *doc;
	struct str name, value;
	const struct json *member, *args;
	size_t n = 0;
	int rc = json_parse_object(text, &doc);
	check(rc == 0 || rc == E_NOMEM || text.len > JSON_SIZE_MAX);
	if (rc < 0)
		return;
	for (void *iter = NULL; json_each(doc, &iter, &name, &member);)
		n++;
	check(n == 2);
	check(json_get_str(doc, "op", &value) == 0 && str_eq(value, str_of(op)));
	check(json_get_object(doc, "args", &args) == 0);
	json_free(doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct str names[] = {{"client_id", 9}}, values[] = {{"a\"b", 3}};
	struct str query, body = {0};
	char why[MANAGE_WHY_MAX];
	struct arena arena;
	struct buf out;
	if (size == 0)
		return 0;
	const struct management_row *row = &management_rows[data[0] % management_n_rows];
	if (!str_cut(str_mem(data + 1, size - 1), '\n', &query, &body))
		query = str_mem(data + 1, size - 1);
	const struct manage_request request = {
		.op = row->op, .names = names, .values = values, .n = strstr(row->path, "{client_id}") ? 1 : 0,
		.query = query, .takes_query = row->method[0] != 'P', .body = body};
	arena_init(&arena, 262144);
	buf_init(&out, 65536);
	int rc = manage_request_put(&request, &arena, &out, why);
	check(rc == 0 || rc == E_INVALID_REQUEST || rc == E_NOMEM || rc == E_LIMIT);
	if (rc == 0)
		check_request(buf_str(&out), row->op);
	buf_done(&out);
	arena_done(&arena);
	return 0;
}
