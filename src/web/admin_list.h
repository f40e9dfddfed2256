/* Pages of administration: lists (admin_list.c), forms (admin_form.c), the overview (admin_home.c). Admins alone. */
#ifndef WEB_ADMIN_LIST_H
#define WEB_ADMIN_LIST_H

#include "web/web_op.h"

must_check int admin_list_step(struct call *call);
/* One account or API: what it is, and what can be done with it. */
must_check int admin_list_show(struct call *call);
must_check int admin_form_step(struct call *call);
must_check int admin_home_step(struct call *call);
/* Recomputes the audit chain. */
must_check int admin_home_verify(struct call *call);

/* Scopes of an API from an OpenAPI document. */
must_check int admin_import_step(struct call *call);

/* --- shared --- */
enum admin_kind { ADMIN_TEXT, ADMIN_TIME, ADMIN_FLAG /* "yes" or nothing */, ADMIN_YES_NO, ADMIN_WORDS, ADMIN_SCOPES };
/* A member of a JSON object as people read it, in the call's arena; empty: unset. E_NOMEM. */
must_check int admin_list_text(struct call *call, const struct json *object, const char *name, enum admin_kind kind,
			       struct str *ret_text);
/* The path below "/admin/". */
struct str admin_list_path(const struct call *call);
/* 303 to a page below "/admin/"; with the id when it is the page of one, "…/show". E_NOMEM. */
must_check int admin_list_go(struct call *call, const char *path, struct str id);
/* One object of an array `scopes`. */
void admin_list_put_scope(struct json_out *out, struct str name, struct str description);
/* Sets the frame's values: which part of administration this page is in. */
void admin_list_frame(struct call *call);

#endif
