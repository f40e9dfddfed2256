/* See page_admin.h. Server process, pool threads. */
#include "server/page_admin.h"

#include <stdio.h>

#include "server/admin.h"
#include "server/server.h"
#include "server/task.h"
#include "server/worker.h"

int page_admin_run(struct call *call, struct str actor, struct str request, struct buf *out, char why[CALL_WHY_MAX])
{
	struct server *server = task_of(call)->worker->server;
	struct admin_failure failure;
	struct admin admin = {
		.store = server->env.store,
		.clock = server->clock,
		.signer = server->rotation.signer,
		.actor = actor,
		.paged = true,
		.policy = admin_policy_of(task_of(call)->snapshot->config),
		.lock = &server->keys_lock,
		.changed = server_changed,
		.arg = server,
	};
	int rc = admin_run(&admin, request, out, &failure);
	if (rc < 0)
		snprintf(why, CALL_WHY_MAX, "%s", failure.why);
	return rc;
}
