/*
 * Making an account with an invitation, or with the first administrator's link, which comes without an address. Server
 * process, pool threads. Must never give a role that the link doesn't name.
 */
#include "web/invite_page.h"

#include "account/address.h"
#include "account/enrol.h"
#include "web/link_page.h"

enum { STATUS_REFUSED = 422, STATUS_TAKEN = 409 };

enum field { TOKEN, EMAIL, NAME, PASSWORD, FIELDS };
static const struct form_param params[FIELDS] = {
	[TOKEN] = {"token", false}, [EMAIL] = {"email", false}, [NAME] = {"name", false},
	[PASSWORD] = {"password", false},
};
static const struct form_table table = {params, FIELDS};

/* An invitation that is being accepted. */
struct invitation {
	struct link_key key;
	struct str email;       /* empty: whoever holds the link says it */
	struct str_list roles;
	struct form_value values[FIELDS];
};

/* Of either kind: both lead here. */
static int peek(struct call *call, struct invitation *invitation)
{
	struct once once;
	invitation->key = (struct link_key){LINK_INVITE, invitation->values[TOKEN].value, call_now_s(call)};
	int rc = link_peek(call->env->store, &invitation->key, &call->arena, &once);
	if (rc == E_ABSENT) {
		invitation->key.kind = LINK_ADMIN;
		rc = link_peek(call->env->store, &invitation->key, &call->arena, &once);
	}
	TRY(rc);
	return link_invited(once.data, &call->arena, &invitation->email, &invitation->roles);
}

static int show(struct call *call, const struct invitation *invitation, int status, struct str problem)
{
	struct page_vars *vars = call->web->vars;
	const struct form_value *values = invitation->values;
	page_text(vars, "token", values[TOKEN].value);
	page_text(vars, "email", invitation->email);
	page_text(vars, "typed", values[EMAIL].value);
	page_text(vars, "person", values[NAME].value);
	page_number(vars, "least", call->policy->people.password_min);
	page_text(vars, "problem", problem);
	return web_show(call, status, "invite");
}

static int enrol(struct call *call, const struct invitation *invitation, struct enrol_terms *terms)
{
	unsigned char sha256[32];
	struct store_once_key taken;
	struct account account;
	TRY(link_once(&invitation->key, sha256, &taken));
	terms->taken = &taken;
	int rc = enrol_account(call, terms, &account);
	if (rc == E_EXISTS) /* the link stays good */
		return show(call, invitation, STATUS_TAKEN,
			    STR("There is an account with this address already. Sign in to it."));
	if (rc == E_REUSED)
		return E_ABSENT;
	TRY(rc);
	return web_sign_in(call, &account, AUTH_PASSWORD, STR("/"));
}

static int accept(struct call *call, struct invitation *invitation)
{
	const struct form_value *values = invitation->values;
	struct enrol_terms terms = {.email = invitation->email, .email_verified = true, .roles = invitation->roles,
				    .how = "invitation"};
	struct str problem;
	if (terms.email.len == 0) { /* typed by whoever holds the link: nobody has read mail there */
		terms.email_verified = false;
		int rc = address_parse(values[EMAIL].value, &call->arena, &terms.email);
		if (rc == E_SYNTAX)
			return show(call, invitation, STATUS_REFUSED,
				    STR("Enter an e-mail address such as name@example.com."));
		TRY(rc);
	}
	if (enrol_name(values[NAME].value, &terms.name) < 0)
		return show(call, invitation, STATUS_REFUSED, STR("Enter your name, at most 100 characters."));
	const struct link_page_password given = {values[PASSWORD].value, terms.email, terms.name};
	TRY(link_page_hash(call, &given, &terms.phc, &problem));
	if (problem.len > 0)
		return show(call, invitation, STATUS_REFUSED, problem);
	return enrol(call, invitation, &terms);
}

int invite_page(struct call *call)
{
	static const char advice[] = "Invitations are good once and for some days. If you have used it already, sign "
				     "in. Else ask for a new one.";
	struct invitation invitation = {.email = {0}};
	TRY(web_form(call, &table, invitation.values));
	int rc = call->policy->people.signup == SIGNUP_OFF ? E_ABSENT : 0;
	if (rc == 0)
		rc = peek(call, &invitation);
	if (rc == 0)
		rc = call->web->is_post ? accept(call, &invitation)
					: show(call, &invitation, 200, (struct str){0});
	return rc == E_ABSENT ? link_page_gone(call, advice) : rc;
}
