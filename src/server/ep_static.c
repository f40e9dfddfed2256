/*
 * Style, script and picture of the pages, from memory. An address with the file's hash may be kept for ever; without,
 * an hour. Server process, on the loop.
 */
#include "http/request.h"
#include "server/reply.h"
#include "server/route.h"
#include "web/embed.h"

enum { KEPT_S = 31536000, LOOSE_S = 3600 };

static const char *media_type(struct str name)
{
	static const struct {
		const char *end, *type;
	} rows[] = {
		{"css", "text/css; charset=utf-8"},
		{"js", "text/javascript; charset=utf-8"},
		{"svg", "image/svg+xml"},
	};
	struct str stem, end = {0};
	(void)str_cut(name, '.', &stem, &end);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (str_eq(end, str_of(rows[i].end)))
			return rows[i].type;
	return "application/octet-stream";
}

int ep_static(struct call *call)
{
	struct task *task = task_of(call);
	struct str name = call->request->path, tag;
	for (size_t at = str_find(name, '/'); at < name.len; at = str_find(name, '/'))
		name = str_mem(name.p + at + 1, name.len - at - 1);
	const struct embed_file *file = embed_find(name);
	if (!file)
		FAIL(call, NOT_FOUND, "no such file is embedded");
	TRY(arena_printf(&call->arena, &tag, "\"%s\"", file->hash));
	bool exact = str_eq(call->request->query, str_of(file->hash));
	reply_document(task, media_type(name), file->text, tag, exact ? KEPT_S : LOOSE_S);
	return 0;
}
