/*
 * Client ids and secrets on pages, in two places: a person's own below /tokens, all below /admin/clients. The pages and
 * their steps are the same; what differs is which clients are found and which scopes may be given. Changes go through
 * the operations of the administration (web/web_op.h). Server process, pool threads.
 */
#ifndef WEB_CREDENTIAL_H
#define WEB_CREDENTIAL_H

#include "web/web_op.h"
#include "web/web.h"

struct credential_place {
	bool admin;
	struct str root; /* "/tokens" or "/admin/clients" */
};

/* --- credential.c --- */
/* Which of the two this request is for; sets the frame's values. E_NOT_FOUND: admin pages, and it is no admin. */
must_check int credential_place(struct call *call, struct credential_place *ret_place);
/* Before figures about use are read: what is only in memory yet goes into the store. E_STORE, E_NOMEM. */
must_check int credential_flush_use(struct call *call);
/* One that this person may see here, with its last use as it is now. E_NOT_FOUND: also those of others (ATTACKS 47). */
must_check int credential_find(struct call *call, const struct credential_place *place, struct str id,
			       struct client *ret_client);
/* 303 to the page of one. */
must_check int credential_go(struct call *call, const struct credential_place *place, struct str id);

/* --- credential_form.c: what the forms have in common --- */
/* "30", "90", "365" days, "never", or "date" with a day. Sets error values on the page. E_SYNTAX: it is none. */
struct credential_expiry {
	struct str preset, day;
};
must_check int credential_expiry_read(struct call *call, const struct credential_expiry *expiry, int64_t *ret_s);
/* Shows the choice again as it was. */
void credential_expiry_show(struct call *call, const struct credential_expiry *expiry);
/* Networks, one to a line, as a JSON array `networks` of the operation. Whatever it is; the operation judges. */
void credential_networks_put(struct json_out *out, struct str lines);
/* What a form about scopes is filled with and judged by. Values are "API SCOPE" ("-" for identity scopes), chained. */
struct credential_scopes {
	const struct form_value *ticked;
	const struct form_value *given;  /* what the client has already, and so may keep; NULL: it is new */
	bool held;                       /* nothing can be added (struct client, held) */
	struct str default_api;          /* the client's; stays while something of that API is ticked */
};
/* What the client has. E_NOMEM. */
must_check int credential_scopes_given(struct call *call, const struct client *client,
				       const struct form_value **ret_given);
/*
 * Rows `apis` with rows `scopes` of what may be given in this place, or is given already; what is ticked is checked.
 * E_NOMEM, E_STORE.
 */
must_check int credential_scopes_show(struct call *call, const struct credential_place *place,
				      const struct credential_scopes *scopes);
/*
 * What was ticked, as members scope, audiences and default_audience of the operation. E_INVALID_SCOPE: nothing, and it
 * is no admin's form (an admin makes clients that only introspect); what is not to be given here; or a name that two of
 * the APIs have and that was ticked for one of them alone. Then the page has `error`.
 */
must_check int credential_scopes_put(struct call *call, const struct credential_place *place,
				     const struct credential_scopes *scopes, struct json_out *out);

/* --- credential_app.c: what only apps have; on pages of administration --- */
enum {
	CREDENTIAL_APP_REDIRECTS,
	CREDENTIAL_APP_LOGOUTS,
	CREDENTIAL_APP_AUTH,
	CREDENTIAL_APP_TYPE,
	CREDENTIAL_APP_TRUSTED,
	CREDENTIAL_APP_PAR,
	CREDENTIAL_APP_FIELDS
};
/* Their rows in the table of a form, in this order. */
#define CREDENTIAL_APP_PARAMS \
	{"redirect_uris", false}, {"logout_uris", false}, {"auth", false}, {"type", false}, {"trusted", false},        \
	{"par", false}
/* What the app has, for its page and its form. */
void credential_app_show(struct call *call, const struct client *client);
/* The form again as it was. values: those fields. */
void credential_app_show_form(struct call *call, const struct form_value *values);
/* As members of the operation. E_SYNTAX: the page has `error`, which names the line. */
must_check int credential_app_put(struct call *call, const struct form_value *values, struct json_out *out);

/* --- credential_secret.c: a new secret, shown once --- */
/*
 * Puts it away for the page that shows it, and sends the browser there (303): so reloading neither makes nor shows
 * another. The store gets it under a key that only the browser's cookie has.
 */
must_check int credential_secret_put(struct call *call, const struct credential_place *place, const struct web_op *op);

/* --- steps --- */
must_check int credential_step_list(struct call *call);
must_check int credential_step_new(struct call *call);
must_check int credential_step_made(struct call *call);
must_check int credential_step_show(struct call *call);
must_check int credential_step_edit(struct call *call);
must_check int credential_step_change(struct call *call); /* rotate, regenerate, revoke, disable, enable, delete */

#endif
