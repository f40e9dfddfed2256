/*
 * Administration: ONE table of operations on clients, secrets, accounts, APIs, keys and the audit chain. The control
 * socket, the command line without a server, and the management API all come through admin_call, so a rule stands in
 * one place.
 *
 * Runs in the server process (its control thread, its pool) or in the CLI. Blocks: never call it from an event loop.
 * Must never: put a secret into a log, an audit note or an error; answer before a change is durable.
 * Threading: one thread at a time per struct admin; several structs may share one store.
 */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include <pthread.h>

#include "base/buf.h"
#include "base/clock.h"
#include "keys/signer.h"
#include "store/store.h"

enum { ADMIN_REQUEST_MAX = 65536, ADMIN_ANSWER_MAX = 4 << 20, ADMIN_LIST_MAX = 500, ADMIN_PAGE_USUAL = 100,
       ADMIN_LINK_MAX = 2300, ADMIN_SCAN_MAX = 100000 /* rows that one page may cost */ };

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
	struct str issuer;        /* whose management API nobody may take apart (admin/manage_api.h) */
	int64_t invite_s, link_s; /* how long links for people are good */
	bool makes_package_client; /* ADMIN_PACKAGE_CLIENT comes into being when it is asked for */
};

/* What the Python package `rapidata` calls itself (compat.rapidata). */
#define ADMIN_PACKAGE_CLIENT "rapidata-cli"

struct config;
/* Borrows from the configuration. */
struct admin_policy admin_policy_of(const struct config *config);

struct mailer;

struct admin {
	struct store *store;
	const struct clock *clock;
	/* blocking use, this thread's own; NULL: operations that need keys fail with E_SIGNER */
	struct signer *signer;
	struct mailer *mailer;     /* NULL: no mails are sent */
	struct str actor;          /* for the audit chain: "cli:uid=1000" */
	struct str peer;           /* his numeric address, noted behind the detail; empty: he is on this machine */
	/*
	 * The scopes of the caller's token for the management API: what it can't do itself it can't give to a client
	 * (admin_bound.c). NULL: the operator, who may do everything.
	 */
	const struct str_list *scopes;
	/*
	 * Somebody changes what is his own: then not what an administrator decided (struct client, held). Else an
	 * administrator does.
	 */
	bool own;
	bool paged;                /* lists come in pages unless a cursor is given; their array is "items" */
	struct admin_policy policy;
	/* held during a call: who else uses the signer and plans keys takes it too; NULL: nobody does */
	pthread_mutex_t *lock;
	/*
	 * Called after the commit and before the answer, in the calling thread, under lock. NULL: nobody caches. id: of
	 * what changed.
	 */
	void (*changed)(void *arg, enum admin_change what, struct str id);
	/* Last uses that are only in memory go into the store, before they are told. NULL: there are none. E_STORE,
	 * E_NOMEM. */
	int (*flush_use)(void *arg);
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

/* Why an operation failed. */
struct admin_failure {
	char why[256];     /* safe to show; begins with the parameter's name when it is about one */
	char missing[160]; /* E_INSUFFICIENT_SCOPE: the scope that the caller lacks; else empty */
};
/*
 * The same request, and the bare result object as the answer. Nothing is appended on failure, ret_failure is set
 * then. The codes of the operation, E_NOMEM, E_LIMIT.
 */
must_check int admin_run(struct admin *admin, struct str request, struct buf *out, struct admin_failure *ret_failure);
/* What a parameter of an operation looks like in JSON; ADMIN_NO_PARAM: there is none. */
enum admin_param { ADMIN_NO_PARAM, ADMIN_PARAM_TEXT, ADMIN_PARAM_NUMBER, ADMIN_PARAM_BOOLEAN, ADMIN_PARAM_ARRAY };
enum admin_param admin_param_of(const char *op, struct str name);

/* For documentation and tests: the name of operation i, NULL behind the last. */
const char *admin_op_name(size_t i);
/* The name of parameter i, of whatever operation; NULL behind the last. */
const char *admin_param_name(size_t i);
/* Whether operation op can not do without the parameter; false when there is no such operation. */
bool admin_op_requires(const char *op, const char *param);

#endif
