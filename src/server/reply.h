/*
 * The only place that turns an error or a result into status, headers and JSON. Every answer of this server but
 * /metrics is a JSON object, every failure has a string `error`, and every answer names its request id.
 */
#ifndef SERVER_REPLY_H
#define SERVER_REPLY_H

#include "server/task.h"

struct own_token;

/* RFC 6749 5.2: {"error", "error_description", "request_id"}; the wording comes from base/err.def, never from the
 * request. */
void reply_error(struct task *task, int code);
/* The same without a task, for requests that never became one (server/worker.c). Appends to the buffers. */
void reply_refusal(int code, struct str request_id, struct buf *out_headers, struct buf *out_body, int *ret_status);
/*
 * 200, 201 or 204 with task->body as it is (204: without). location: of what was made; empty: none. Never cached: the
 * body may hold a new secret.
 */
void reply_result(struct task *task, int status, struct str location);
/* "application/json", with parameters tolerated. */
bool reply_is_json(struct str content_type);
/* RFC 6749 5.1. */
void reply_token(struct task *task);
/* 200 with a cacheable document, or 304 when the request's If-None-Match has its tag. max_age_s < 0: no-store. */
void reply_document(struct task *task, const char *media_type, struct str text, struct str etag, int64_t max_age_s);
/* RFC 9126 2.2: 201 with the name of what was pushed. */
void reply_pushed(struct task *task, struct str text);
/* OpenID Connect Core 5.3.2. */
void reply_userinfo(struct task *task, const struct own_token *token);
/* RFC 7662 2.2 of a refresh token that is good. */
void reply_introspection_refresh(struct task *task, const struct refresh *refresh, const struct family *family);
/* RFC 7662 2.2; NULL: {"active":false} and nothing else. */
void reply_introspection(struct task *task, const struct own_token *token);
/* RFC 7009 2.2: 200, whatever the token was. */
void reply_revoked(struct task *task);
/* An answer of the revocation feed; a null text: 304. */
void reply_feed(struct task *task, struct str text, struct str etag);
/* Whether the request's If-None-Match names the tag (RFC 9110 13.1.2). */
bool reply_tag_matches(const struct task *task, struct str etag);
/* 204 for a permitted CORS preflight. */
void reply_preflight(struct task *task);

#endif
