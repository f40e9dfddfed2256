/*
 * An operation of the administration (admin/admin.h) from a page: arguments in, result out, both as JSON. Keep it on
 * the stack with _cleanup_(web_op_done): the result may hold a new secret, which is wiped then.
 *
 *   _cleanup_(web_op_done) struct web_op op;
 *   web_op_begin(&op, "client.delete");
 *   json_str(&op.args, "client_id", id);
 *   TRY(web_op_run(call, &op));
 */
#ifndef WEB_WEB_OP_H
#define WEB_WEB_OP_H

#include "json/json.h"
#include "web/web.h"

struct web_op {
	struct json_out args;
	struct buf request, answer;
	struct json *result;       /* once it ran */
	char why[CALL_WHY_MAX];    /* why it failed; safe to show */
};

void web_op_begin(struct web_op *op, const char *name);
/* One filter of a list: those whose field is so. */
void web_op_filter(struct web_op *op, const char *field, const char *how, struct str value);
/* As the person who is signed in. The codes of the operation; E_NOMEM, E_LIMIT. */
must_check int web_op_run(struct call *call, struct web_op *op);
void web_op_done(struct web_op *op);
/* Whether the failure is one that the person can do something about: then `why` belongs on the page. */
bool web_op_is_refusal(int code);
/* A member of the result, in the call's arena; empty when there is none. */
struct str web_op_text(struct call *call, const struct web_op *op, const char *name);

#endif
