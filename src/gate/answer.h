/*
 * The only place that turns a decision into status, headers and JSON: challenges (RFC 6750 3), identity headers for the
 * server behind the proxy. Pure but for the task it writes to.
 */
#ifndef GATE_ANSWER_H
#define GATE_ANSWER_H

#include "daemon/daemon.h"
#include "mintmark/verify.h"
#include "openapi/openapi.h"

struct answer_texts {
	struct str realm;
	struct str metadata_url; /* RFC 9728 5.1; empty: none */
};

/* What a refusal says beside its row in base/err.def. */
struct refusal {
	int code;
	const char *text;       /* instead of the row's; NULL: the row's */
	struct str_list scopes; /* E_INSUFFICIENT_SCOPE: which would do */
};

/*
 * 200 with who the caller is, all headers always: empty for a public operation (token NULL), so that a proxy that
 * copies them overwrites what the caller sent. Bytes outside %x21-7E and '%' are percent-encoded; blanks stay in Scope.
 */
void answer_allow(struct daemon_task *task, const struct openapi_operation *operation, mintmark_token *token);
/* The same headers, empty, on an answer that is none to a question but may be taken for one. */
void answer_nobody(struct daemon_task *task);
void answer_refuse(struct daemon_task *task, const struct answer_texts *texts, const struct refusal *refusal);

#endif
