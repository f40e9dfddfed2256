/*
 * Administration: ONE table of operations on clients, secrets, accounts, APIs, keys and the audit chain. The control
 * socket, the command line without a server, and the management API all come through admin_call, so a rule stands in
 * one place.
 *
 * Runs in the server process (its control thread, its pool) or in the CLI. Blocks: never call it from an event loop.
 * Must never: put a secret into a log, an audit note or an error; answer before a change is durable.
 * Threading: one thread at a time per struct admin; several structs may share one store.
 */
#ifndef SERVER_ADMIN_H
#define SERVER_ADMIN_H

#include <pthread.h>

#include "base/buf.h"
#include "base/clock.h"
#include "keys/signer.h"
#include "store/store.h"

enum { ADMIN_REQUEST_MAX = 65536, ADMIN_ANSWER_MAX = 4 << 20, ADMIN_LIST_MAX = 500 };

/*
 * What a change made stale: drop what is cached of it. API: of every client too (grants and defaults may have gone with
 * it).
 */
enum admin_change { ADMIN_CHANGE_CLIENT, ADMIN_CHANGE_ACCOUNT, ADMIN_CHANGE_API, ADMIN_CHANGE_KEYS };

/* The part of the configuration that bounds what may be written. */
struct admin_policy {
	int64_t lifetime_s;       /* of an API's tokens when it does not say one */
	int64_t lifetime_max_s;   /* keyd's cap for access tokens */
	struct str default_alg;   /* of an API's tokens when it does not say one: "ES256" */
};

struct config;
/* Borrows from the configuration. */
struct admin_policy admin_policy_of(const struct config *config);

struct admin {
	struct store *store;
	const struct clock *clock;
	/* blocking use, this thread's own; NULL: operations that need keys fail with E_SIGNER */
	struct signer *signer;
	struct str actor;          /* for the audit chain: "cli:uid=1000" */
	struct admin_policy policy;
	/* held during a call: who else uses the signer and plans keys takes it too; NULL: nobody does */
	pthread_mutex_t *lock;
	/*
	 * Called after the commit and before the answer, in the calling thread, under lock. NULL: nobody caches. id: of
	 * what changed.
	 */
	void (*changed)(void *arg, enum admin_change what, struct str id);
	void *arg;
};

/*
 * request: {"op":"client.create","args":{...}}, at most ADMIN_REQUEST_MAX bytes. Appends one JSON object without line
 * breaks:
 *   {"ok":true,"result":{...}}  or  {"ok":false,"error":"already_exists","error_description":"...","code":"E_EXISTS"}.
 * 0 when an answer was written, whichever it is; E_NOMEM or E_LIMIT when not even that was possible. The answer may
 * hold a new secret: the caller wipes it (buf_done).
 */
must_check int admin_call(struct admin *admin, struct str request, struct buf *out);

/* For documentation and tests: the name of operation i, NULL behind the last. */
const char *admin_op_name(size_t i);
/* Whether operation op can not do without the parameter; false when there is no such operation. */
bool admin_op_requires(const char *op, const char *param);

#endif
