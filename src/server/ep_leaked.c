/*
 * Reports of leaked client secrets: POST token=mms_… ends that secret and the tokens of its client, durably, before the
 * answer. Who holds a secret could use it, so holding it is proof enough to end it; nothing is told but whether it was
 * one of ours and is ended now. What hasn't the form of a generated secret, check digits included, costs no look into
 * the store. Must never log the secret. Pool thread.
 */
#include "crypto/digest.h"
#include "json/json.h"
#include "oauth/id.h"
#include "oauth/revoked.h"
#include "server/reply.h"
#include "server/route.h"
#include "server/server.h"
#include "server/worker.h"
#include "store/store.h"

static int end(struct call *call, const struct client_secret *secret)
{
	char actor_mem[MODEL_ACTOR_MAX];
	struct buf actor;
	int64_t now_s = call_now_s(call);
	buf_init_fixed(&actor, actor_mem, sizeof(actor_mem));
	buf_printf(&actor, "leak-report:%.*s", STR_ARG(call->peer_addr));
	const struct audit_note note = {now_s, buf_str(&actor), STR("secret.leaked"), secret->client_id, secret->id};
	TRY(store_secret_revoke(call->env->store, secret->client_id, secret->id, now_s, now_s + REVOKED_KEEP_S, &note));
	server_changed(task_of(call)->worker->server, ADMIN_CHANGE_CLIENT, secret->client_id);
	return 0;
}

/* A secret that is dead already: its tokens are, too, or were let live by who ended it. */
static int find_and_end(struct call *call, struct str text, bool *ret_ended)
{
	unsigned char sha256[SHA256_LEN];
	struct client_secret secret;
	*ret_ended = false;
	if (!id_secret_looks_generated(text))
		return 0;
	TRY(call_to_store_lane(call));
	TRY(digest_sha256(text, sha256));
	int rc = store_secret_find(call->env->store, sha256, &call->arena, &secret);
	if (rc == E_ABSENT)
		return 0;
	TRY(rc);
	*ret_ended = true;
	return secret.revoked_s > 0 ? 0 : end(call, &secret);
}

int ep_leaked_end(struct call *call)
{
	struct task *task = task_of(call);
	struct json_out out;
	bool ended;
	TRY(find_and_end(call, call_param(call, PARAM_TOKEN)->value, &ended));
	json_out_init(&out, &task->body);
	json_open(&out, NULL, '{');
	json_bool(&out, "revoked", ended);
	json_close(&out, '}');
	reply_result(task, 200, (struct str){0});
	return 0;
}
