/* See page_admin.h. Server process, pool threads. */
#include "server/page_admin.h"

#include <stdio.h>

#include "admin/admin.h"
#include "openapi/openapi.h"
#include "server/server.h"
#include "server/task.h"
#include "server/worker.h"
#include "web/web.h"

int page_admin_run(struct call *call, struct str actor, struct str request, struct buf *out, char why[CALL_WHY_MAX])
{
	struct server *server = task_of(call)->worker->server;
	struct admin_failure failure;
	struct admin admin = {
		.store = server->env.store,
		.mailer = server->env.mailer,
		.clock = server->clock,
		.signer = server->rotation.signer,
		.actor = actor,
		.own = !call->web->as_admin,
		.peer = call->peer_addr,
		.paged = true,
		.policy = admin_policy_of(task_of(call)->snapshot->config),
		.lock = &server->keys_lock,
		.changed = server_changed,
		.flush_use = server_flush_use,
		.arg = server,
	};
	int rc = admin_run(&admin, request, out, &failure);
	if (rc < 0)
		snprintf(why, CALL_WHY_MAX, "%s", failure.why);
	return rc;
}

int page_admin_flush_use(struct call *call) { return server_flush_use(task_of(call)->worker->server); }

enum { SCOPES_MAX = 256, NEEDS_MAX = 1024 };

static int describe(const struct openapi_operation *operation, struct arena *arena, struct str *ret_text)
{
	enum { PATH_MAX_SHOWN = 150 };
	struct str path = operation->path;
	if (path.len > PATH_MAX_SHOWN)
		path.len = PATH_MAX_SHOWN;
	return arena_printf(arena, ret_text, "%.*s %.*s", STR_ARG(operation->method), STR_ARG(path));
}

/* Each scope that an operation asks for, once; what it permits says the first operation that asks. */
static int collect(const struct openapi_operation *operation, struct arena *arena, struct call_openapi *read)
{
	for (size_t i = 0; i < operation->n_alternatives; i++)
		for (size_t k = 0; k < operation->alternatives[i].n; k++) {
			struct str name = operation->alternatives[i].v[k];
			size_t at = 0;
			while (at < read->n_scopes && !str_eq(read->scopes[at].name, name))
				at++;
			if (at < read->n_scopes)
				continue;
			if (at == SCOPES_MAX)
				return E_LIMIT;
			TRY(arena_str(arena, name, &read->scopes[at].name));
			TRY(describe(operation, arena, &read->scopes[at].description));
			read->n_scopes++;
		}
	return 0;
}

/* As a sentence: all of an alternative are needed, one alternative is enough. */
static int say_needs(const struct openapi_operation *operation, struct arena *arena, struct str *ret_text)
{
	_cleanup_(buf_done) struct buf text;
	buf_init(&text, NEEDS_MAX);
	if (operation->access != OPENAPI_ACCESS_TOKEN)
		return arena_str(arena, operation->access == OPENAPI_ACCESS_PUBLIC
						? STR("nothing: it is open to everybody")
						: STR("what no token can be: it is closed"), ret_text);
	for (size_t i = 0; i < operation->n_alternatives; i++) {
		struct str_list scopes = operation->alternatives[i];
		buf_put(&text, i > 0 ? STR(", or ") : STR(""));
		buf_put(&text, scopes.n == 0 ? STR("any token") : STR(""));
		for (size_t k = 0; k < scopes.n; k++) {
			buf_put(&text, k > 0 ? STR(" and ") : STR(""));
			buf_put(&text, scopes.v[k]);
		}
	}
	if (buf_status(&text) == E_LIMIT)
		return arena_str(arena, STR("one of many combinations"), ret_text);
	TRY(buf_status(&text));
	return arena_str(arena, buf_str(&text), ret_text);
}

static int read_all(const struct openapi *set, struct arena *arena, struct call_openapi *read)
{
	for (; read->n_operations < openapi_count(set); read->n_operations++) {
		const struct openapi_operation *operation = openapi_at(set, read->n_operations);
		TRY(collect(operation, arena, read));
		if (read->n_operations >= CALL_OPERATIONS_SHOWN)
			continue;
		struct call_operation *row = &read->operations[read->n_operations];
		TRY(describe(operation, arena, &row->request));
		TRY(say_needs(operation, arena, &row->needs));
	}
	return 0;
}

int page_admin_openapi(struct str text, struct arena *arena, struct call_openapi *ret_read, char why[CALL_WHY_MAX])
{
	const struct openapi_source source = {.name = "document", .text = text, .prefix = ""};
	_cleanup_(openapi_freep) struct openapi *set = NULL;
	_cleanup_(buf_done) struct buf reason;
	buf_init(&reason, OPENAPI_WHY_MAX);
	struct call_openapi read = {
		.scopes = arena_array(arena, SCOPES_MAX, sizeof(*read.scopes)),
		.operations = arena_array(arena, CALL_OPERATIONS_SHOWN, sizeof(*read.operations)),
	};
	if (!read.scopes || !read.operations)
		return E_NOMEM;
	int rc = openapi_load(&source, 1, STR(""), &set, &reason);
	if (rc == E_CONFIG) {
		snprintf(why, CALL_WHY_MAX, "%.*s", STR_ARG(buf_str(&reason)));
		return E_SYNTAX;
	}
	TRY(rc);
	TRY(read_all(set, arena, &read));
	*ret_read = read;
	return 0;
}
