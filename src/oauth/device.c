/* See device.h. RFC 8628 3.1, 3.2, 3.5, 6.1. Must never log a code or key. */
#include "oauth/device.h"

#include "base/enc.h"
#include "store/store.h"

enum { TRIES = 4 };

int device_check_client(struct call *call)
{
	const struct client *client = &call->client->client;
	if (client->kind != CLIENT_APP || !(client->app.grant_types & CLIENT_GRANT_DEVICE))
		FAIL(call, UNAUTHORIZED_CLIENT, "the client may not use the device grant");
	return 0;
}

/* What people can be shown of a text, at most max bytes. */
static struct str shown(struct str text, size_t max)
{
	size_t len = 0, n;
	while (len < text.len && (n = str_printable((struct str){text.p + len, text.len - len})) > 0 && len + n <= max)
		len += n;
	return (struct str){text.p, len};
}

int device_write_key(struct str write_key, char ret_hex[DEVICE_KEY_LEN + 1])
{
	unsigned char sha256[32];
	char hex[DEVICE_KEY_LEN + 1];
	struct buf buf;
	TRY(id_bearer_parse(BEARER_DEVICE, write_key, sha256));
	buf_init_fixed(&buf, hex, sizeof(hex));
	enc_hex(&buf, str_mem(sha256, sizeof(sha256)));
	hex[DEVICE_KEY_LEN] = '\0';
	memcpy(ret_hex, hex, sizeof(hex));
	return 0;
}

/* The second of the two: by what it is found in the browser. key: as it is kept. */
static int second(enum device_kind kind, struct device_made *made, char key[DEVICE_KEY_LEN + 1])
{
	unsigned char sha256[32];
	if (kind == DEVICE_BRIDGE) {
		TRY(id_bearer_new(BEARER_DEVICE, made->write_key, sha256));
		return device_write_key(str_of(made->write_key), key);
	}
	TRY(user_code_new(key));
	user_code_show(key, made->user_code);
	return 0;
}

static int try(struct call *call, struct device *device, struct device_made *made)
{
	char key[DEVICE_KEY_LEN + 1];
	TRY(id_bearer_new(BEARER_DEVICE, made->code, device->sha256));
	TRY(second(device->kind, made, key));
	device->user_code = str_of(key);
	return store_device_put(call->env->store, device);
}

int device_make(struct call *call, enum device_kind kind, struct str scope, struct str agent,
		struct device_made *ret_made)
{
	int64_t now_s = call_now_s(call);
	int64_t lifetime_s = kind == DEVICE_BRIDGE ? DEVICE_BRIDGE_S : call->policy->device_lifetime_s;
	struct device device = {
		.kind = kind,
		.client_id = call->client->client.id,
		.scope = scope,
		.api_id = call->api ? call->api->id : STR(""),
		.addr = call->peer_addr,
		.agent = shown(agent, MODEL_AGENT_MAX),
		.interval_s = call->policy->device_interval_s,
		.created_s = now_s,
		.expires_s = now_s + lifetime_s,
	};
	int rc = E_EXISTS;
	TRY(call_to_store_lane(call));
	for (int i = 0; i < TRIES && rc == E_EXISTS; i++) /* another device may have the same user code just now */
		rc = try(call, &device, ret_made);
	if (rc == E_EXISTS)
		FAIL(call, UNAVAILABLE, "no free user code");
	return rc;
}

int device_poll(struct call *call, const struct device *device)
{
	if (device->state == DEVICE_REDEEMED)
		return 0;
	if (call_now_s(call) >= device->expires_s)
		FAIL(call, EXPIRED_TOKEN, "the request is expired");
	if (device->state == DEVICE_DENIED)
		FAIL(call, ACCESS_DENIED, "somebody said no");
	if (device->state == DEVICE_APPROVED)
		return 0;
	if (device->kind == DEVICE_BRIDGE) /* its programs ask every second: nothing is written for that */
		FAIL(call, AUTHORIZATION_PENDING, "nobody has decided yet");
	/* RFC 8628 3.5: the interval is kept in the store, so that it grows for good whoever is asked */
	int rc = store_device_poll(call->env->store, device->sha256, call_now_s(call));
	if (rc == E_POLLED_TOO_FAST)
		FAIL(call, POLLED_TOO_FAST, "asked too soon");
	if (rc < 0 && rc != E_ABSENT)
		return rc;
	FAIL(call, AUTHORIZATION_PENDING, "nobody has decided yet");
}
