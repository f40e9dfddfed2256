/* Answers for browsers: status and headers around what src/web wrote. Server process, on a loop or a pool thread. */
#ifndef SERVER_REPLY_PAGE_H
#define SERVER_REPLY_PAGE_H

#include "server/task.h"

/* What the call's steps left in call->answer; without an answer, 404's page. */
void reply_page(struct task *task);
/* Whether a failure is to be told as a page: the route's flag, or no route and a browser that asks. */
bool reply_page_wants(const struct task *task);
/* The page of a code: what happened and what to do next, nothing of the request. */
void reply_page_error(struct task *task, int code);

#endif
