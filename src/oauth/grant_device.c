/*
 * The device grant at the token endpoint: RFC 8628 3.4, 3.5. An approved device code is redeemed by exactly one
 * request; whoever brings it a second time ends what the first one got. Pool threads.
 */
#include "oauth/device.h"
#include "oauth/grant.h"
#include "oauth/person.h"

static int find(struct call *call, struct device *ret_device)
{
	const struct form_value *text = call_param(call, PARAM_DEVICE_CODE);
	if (!text) /* RFC 8628 3.4 */
		FAIL(call, INVALID_REQUEST, "no device_code");
	int rc = id_bearer_parse(BEARER_DEVICE, text->value, call->person->sha256);
	if (rc == E_SYNTAX)
		FAIL(call, INVALID_GRANT, "this is no device code of ours");
	TRY(rc);
	rc = store_device_peek(call->env->store, call->person->sha256, STR(""), &call->arena, ret_device);
	if (rc == E_ABSENT || (rc == 0 && ret_device->kind != DEVICE_CODE))
		FAIL(call, INVALID_GRANT, "unknown device code");
	TRY(rc);
	/* RFC 8628 3.4: it was issued to this client; another one's attempt changes nothing, not even the interval */
	if (!str_eq(ret_device->client_id, call->client->client.id))
		FAIL(call, INVALID_GRANT, "device code of another client");
	return 0;
}

static int check(struct call *call)
{
	struct device device;
	TRY(call_to_store_lane(call));
	TRY(person_new(call));
	TRY(find(call, &device));
	TRY(device_poll(call, &device));
	const struct person_source source = {
		.account_id = device.account_id,
		.session_id = device.session_id,
		.scope = device.scope,
		.api_id = device.api_id,
		.methods = device.methods,
		.auth_s = device.auth_s,
	};
	TRY(person_begin(call, &source)); /* of a used one: the commit ends what it gave */
	return person_check_resource(call);
}

static int commit(struct call *call)
{
	struct issue issue;
	const struct family *family = &call->person->family;
	TRY(person_issue(call, &issue));
	const struct audit_note why = {call_now_s(call), person_actor(call), STR("device.redeem"), family->account_id,
				       person_detail(family->scope)};
	return person_settle(call, store_device_redeem(call->env->store, call->person->sha256, &issue, &why));
}

const struct grant grant_device = {
	.type = "urn:ietf:params:oauth:grant-type:device_code",
	.app = CLIENT_GRANT_DEVICE,
	.is_public = true,
	.check = check,
	.mint = person_mint,
	.mint_id = person_mint_id,
	.commit = commit,
};
