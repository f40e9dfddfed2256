/*
 * What waits for a person beside it: a device (RFC 8628 3.1, 3.2), or a program with the bridge login of
 * docs/rapidata.md. Here a request is made and found again; it is decided on a page (web/device.c) and redeemed by a
 * grant (grant_device.c) or by the bridge (server/ep_bridge.c). Pool threads of the server process.
 */
#ifndef OAUTH_DEVICE_H
#define OAUTH_DEVICE_H

#include "oauth/call.h"
#include "oauth/id.h"
#include "oauth/user_code.h"

enum { DEVICE_BRIDGE_S = 300 };

/* What the one who asks gets. Its owner wipes it. */
struct device_made {
	char code[ID_SECRET_LEN + 1];           /* device code, or read key */
	char user_code[USER_CODE_SHOWN_LEN + 1]; /* DEVICE_CODE: as people see it */
	char write_key[ID_SECRET_LEN + 1];      /* DEVICE_BRIDGE */
};

/* The client may use the device grant: E_UNAUTHORIZED_CLIENT. */
must_check int device_check_client(struct call *call);
/*
 * A new request of call->client from call->peer_addr. scope: already found good; agent: User-Agent, of which what can
 * be shown is kept. E_WOULD_BLOCK, E_STORE, E_NOMEM, E_RANDOM, E_CRYPTO.
 */
must_check int device_make(struct call *call, enum device_kind kind, struct str scope, struct str agent,
			   struct device_made *ret_made);
/* The user_code column of a bridge: SHA-256 of the write key in hexadecimal. E_SYNTAX: no key of ours. E_CRYPTO. */
enum { DEVICE_KEY_LEN = 64 };
must_check int device_write_key(struct str write_key, char ret_hex[DEVICE_KEY_LEN + 1]);
/*
 * Where a request stands, for whoever polls: RFC 8628 3.5. 0: it is approved (or was redeemed before: the store's verb
 * ends its family then). E_AUTHORIZATION_PENDING, E_POLLED_TOO_FAST, E_ACCESS_DENIED, E_EXPIRED_TOKEN, E_STORE.
 */
must_check int device_poll(struct call *call, const struct device *device);

#endif
