/*
 * What all page steps share: who is signed in, forms, answers. Steps of pages stand in src/web and are rows of
 * server/route.c with ROUTE_PAGE; they answer by call->answer and never see a task. Server process. Every page step
 * runs on a pool thread: web_step_begin stands first in its row.
 */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include "http/form.h"
#include "oauth/call.h"
#include "store/store.h"
#include "web/page.h"

/* The cookies; on the wire with the prefix __Host- unless the issuer is plain http. */
#define WEB_COOKIE_SESSION "mintmark"
#define WEB_COOKIE_FORM "mintmark-form"

struct web {
	struct page_vars *vars;  /* of the page to come; the frame's own are set: signed_in, name, admin, csrf ... */
	bool signed_in;
	struct session session;  /* with signed_in */
	struct account account;
	bool is_admin;           /* the account has the role Admin */
	bool as_admin;           /* web_step_admin let the person in: what is done here is an administrator's doing */
	bool is_post;
	struct str base;         /* the issuer's path, without its last slash: what every link begins with */
	struct str csrf;         /* goes into every form as the hidden field `csrf` */
	struct str target;       /* path and query of this very request */
	int64_t proved_s;        /* for web_sign_in: when the person showed who he is; 0: just now */
};

/* --- steps --- */
/*
 * To the pool (E_WOULD_BLOCK on a loop); session and form cookie read; call->web made. A cookie that is no session of
 * ours counts as none. A browser without form cookie gets one.
 */
must_check int web_step_begin(struct call *call);
/* The same, but hashing a password comes: on the lane for it. */
must_check int web_step_begin_hash(struct call *call);
/*
 * For a step that has read its form and is about to hash a password: E_WOULD_BLOCK, and the step runs again on the lane
 * for it; then 0.
 */
must_check int web_to_hash_lane(struct call *call);
/* Nobody signed in: 303 to the sign-in page, which comes back here. */
must_check int web_step_signed_in(struct call *call);
/* As above; somebody without the role Admin gets 404, as if there were no such page. */
must_check int web_step_admin(struct call *call);
/*
 * As web_step_signed_in, and the person proved who he is within the last 15 minutes: for what can't be undone or hands
 * out power (new passkey, password, e-mail address). Else 303 to the sign-in page, which comes back.
 */
must_check int web_step_fresh(struct call *call);

/* "/": to the tokens. */
must_check int web_step_start(struct call *call);

/* --- reading --- */
/*
 * The fields of the request by a table. GET: of the query. POST: of the body, after content type, Origin (or
 * Sec-Fetch-Site) and the field `csrf` were found good; the table has no row for csrf. E_INVALID_REQUEST, E_FORBIDDEN
 * (cross-site, or no or another csrf), E_NOMEM. values: table->n elements.
 */
must_check int web_form(struct call *call, const struct form_table *table, struct form_value *values);

/* --- answering: 0, so that a step may end with it --- */
/* The page, inside the frame (web/frame.html), with the status. Never cached. */
must_check int web_show(struct call *call, int status, const char *template_name);
/* 303 (RFC 9700 4.12) to a path below the issuer that begins with "/", "?…" included. */
must_check int web_redirect(struct call *call, struct str path);
/* 303 to an absolute URI that the caller has found good. */
must_check int web_redirect_away(struct call *call, struct str uri);
/* The error page: what went wrong by err.def, and `advice`, what to do next. Nothing of the request. */
must_check int web_fail_page(struct call *call, int code, const char *advice);
/* One more Set-Cookie. seconds: Max-Age; 0: for the browser's session; negative: delete it. Name as in docs/console.md;
 * HttpOnly, SameSite=Lax, Path=/, Secure and the prefix __Host- unless the issuer is plain http. E_NOMEM. */
must_check int web_set_cookie(struct call *call, const char *name, struct str value, int64_t seconds);
/* E_ABSENT. */
must_check int web_cookie(const struct call *call, const char *name, struct str *ret_value);

/* --- signing in and out --- */
/*
 * The person is who he says: new session with a new cookie, the old one ends (session fixation). continue_to: as
 * web_continue gave it. Sets the answer: 303 there. E_STORE, E_RANDOM, E_NOMEM, E_ABSENT: the account is disabled.
 */
must_check int web_sign_in(struct call *call, const struct account *account, unsigned methods, struct str continue_to);
/* 303 to the sign-in page, which comes back here. reauth: even if somebody is signed in. */
must_check int web_to_sign_in(struct call *call, bool reauth);
/* The page's session is over, if there is one, and its cookie goes. E_STORE, E_NOMEM. */
must_check int web_sign_out(struct call *call);
/*
 * Where to go afterwards: `value` when it is a path below the issuer of ours that begins with "/", has no "//", no
 * backslash, no control characters; else the start page. Never an absolute URI. What stands behind "?" may have "//".
 */
struct str web_continue(const struct call *call, struct str value);
/* The actor of audit notes: "account:mma_…" of who is signed in. In the call's arena; E_NOMEM. */
must_check int web_note(struct call *call, const char *action, struct str target, struct audit_note *ret_note);

#endif
