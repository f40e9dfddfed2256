/* Discovery and the key set: RFC 8414 3.2, OpenID Connect Discovery 4.2, RFC 7517 5. Both are made when something
 * changes, not per request. */
#include "server/reply.h"
#include "server/route.h"

int ep_metadata_jwks(struct call *call)
{
	struct task *task = task_of(call);
	reply_document(task, "application/json", task->snapshot->jwks, task->snapshot->jwks_etag,
		       task->snapshot->config->jwks.max_age_s);
	return 0;
}

int ep_metadata_document(struct call *call)
{
	struct task *task = task_of(call);
	reply_document(task, "application/json", task->snapshot->metadata, task->snapshot->metadata_etag,
		       task->snapshot->config->jwks.max_age_s);
	return 0;
}
