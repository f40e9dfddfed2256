/* See signin.h. */
#include "account/signin.h"

#include "account/address.h"
#include "account/strength.h"
#include "base/log.h"
#include "crypto/password.h"
#include "oauth/throttle.h"
#include "store/store.h"

/* Longer ones were never taken; hashing them would only be work. The cut one can't be anybody's. */
static struct secret bounded(struct secret password)
{
	if (password.len > STRENGTH_BYTES_MAX)
		password.len = STRENGTH_BYTES_MAX + 1;
	return password;
}

/*
 * The account that an address names (empty: what was typed is none), and its login. One that there isn't costs the same
 * reads: an id that nobody has stands in. *ret_usable: this password may open it.
 */
static int look_up(struct call *call, struct str address, struct account *ret_account, struct login *ret_login,
		   bool *ret_usable)
{
	struct account account = {.id = STR("mma_0000000000000000000000")};
	struct login login = {.password_s = 0};
	struct str key = address.len > 0 ? address : STR("-");
	int rc = store_account_get(call->env->store, key, true, &call->arena, &account);
	if (rc < 0 && rc != E_ABSENT)
		return rc;
	rc = store_login_get(call->env->store, account.id, &call->arena, &login);
	if (rc < 0 && rc != E_ABSENT)
		return rc;
	*ret_usable = rc == 0 && !account.disabled && login.phc.len > 0;
	*ret_account = account;
	*ret_login = login;
	return 0;
}

static void audit_throttle(struct call *call, struct str account_id)
{
	struct audit_note note = {call_now_s(call), STR("system"), STR("throttle"),
				  account_id.len > 0 ? account_id : STR("sign-in"), call->peer_addr};
	LOG(LOG_WARN, "throttle", F("what", "sign-in"), F("account", account_id), F("peer", call->peer_addr));
	int rc = store_audit_append(call->env->store, &note);
	if (rc < 0)
		LOG(LOG_WARN, "audit_failed", F("error", err_row(rc)->symbol), F("action", "throttle"));
}

static int refuse(struct call *call, struct str email, struct str account_id)
{
	call->signin = SIGNIN_FAILED;
	if (throttle_fail(call->env->people, email, call->peer_addr, call_now_s(call)))
		audit_throttle(call, account_id);
	FAIL(call, ACCESS_DENIED, "wrong address or password, or the account can't be used");
}

static int check_throttle(struct call *call, struct str email)
{
	if (throttle_check(call->env->people, email, call->peer_addr, call_now_s(call), &call->retry_after_s) == 0)
		return 0;
	call->signin = SIGNIN_THROTTLED;
	FAIL(call, THROTTLED, "too many wrong passwords");
}

int signin_password(struct call *call, struct str email, struct secret password, struct account *ret_account,
		    struct login *ret_login)
{
	struct account account;
	struct login login;
	bool usable = false;
	struct str address = {0};
	int rc = address_parse(email, &call->arena, &address);
	if (rc == E_NOMEM)
		return rc;
	struct str key = rc == 0 ? address : str_trim_ows(email); /* one account, one measure, however it is spelled */
	TRY(check_throttle(call, key));
	TRY(look_up(call, address, &account, &login, &usable));
	password = bounded(password);
	rc = usable && password.len <= STRENGTH_BYTES_MAX ? password_check(password, login.phc)
							      : password_check_nothing(password);
	if (rc == E_SIGNATURE)
		return refuse(call, key, usable ? account.id : (struct str){0});
	TRY(rc);
	throttle_success(call->env->people, key, call->peer_addr, call_now_s(call));
	call->signin = SIGNIN_OK;
	*ret_account = account;
	*ret_login = login;
	return 0;
}

int signin_again(struct call *call, const struct account *account, struct secret password)
{
	struct account found;
	struct login login;
	TRY(signin_password(call, account->email, password, &found, &login));
	return str_eq(found.id, account->id) ? 0 : E_ACCESS_DENIED; /* the address is another's by now */
}
