/* See page_admin.h. Server process, pool threads. */
#include "server/page_admin.h"

#include <stdio.h>

#include "openapi/openapi.h"
#include "server/admin.h"
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

enum { SCOPES_MAX = 256 };

struct scopes {
	struct api_scope *v;
	size_t n;
};

static int describe(const struct openapi_operation *operation, struct arena *arena, struct str *ret_text)
{
	enum { PATH_MAX_SHOWN = 150 };
	struct str path = operation->path;
	if (path.len > PATH_MAX_SHOWN)
		path.len = PATH_MAX_SHOWN;
	return arena_printf(arena, ret_text, "%.*s %.*s", STR_ARG(operation->method), STR_ARG(path));
}

/* Each scope that an operation asks for, once; what it permits says the first operation that asks. */
static int collect(const struct openapi_operation *operation, struct arena *arena, struct scopes *scopes)
{
	for (size_t i = 0; i < operation->n_alternatives; i++)
		for (size_t k = 0; k < operation->alternatives[i].n; k++) {
			struct str name = operation->alternatives[i].v[k];
			size_t at = 0;
			while (at < scopes->n && !str_eq(scopes->v[at].name, name))
				at++;
			if (at < scopes->n)
				continue;
			if (at == SCOPES_MAX)
				return E_LIMIT;
			TRY(arena_str(arena, name, &scopes->v[at].name));
			TRY(describe(operation, arena, &scopes->v[at].description));
			scopes->n++;
		}
	return 0;
}

int page_admin_openapi(struct str text, struct arena *arena, struct api_scope **ret_scopes, size_t *ret_n,
		       char why[CALL_WHY_MAX])
{
	const struct openapi_source source = {.name = "document", .text = text, .prefix = ""};
	_cleanup_(openapi_unrefp) struct openapi *set = NULL;
	_cleanup_(buf_done) struct buf reason;
	buf_init(&reason, OPENAPI_WHY_MAX);
	struct scopes scopes = {arena_array(arena, SCOPES_MAX, sizeof(*scopes.v)), 0};
	if (!scopes.v)
		return E_NOMEM;
	int rc = openapi_load(&source, 1, STR(""), &set, &reason);
	if (rc == E_CONFIG) {
		snprintf(why, CALL_WHY_MAX, "%.*s", STR_ARG(buf_str(&reason)));
		return E_SYNTAX;
	}
	TRY(rc);
	for (size_t i = 0; i < openapi_count(set); i++)
		TRY(collect(openapi_at(set, i), arena, &scopes));
	*ret_scopes = scopes.v;
	*ret_n = scopes.n;
	return 0;
}
