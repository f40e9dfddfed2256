/*
 * A client within one process: the present token, and who of its threads gets the next one. See mintmark/client.h for
 * what callers are promised. The lock is never held during input or output.
 */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include <pthread.h>
#include <sys/types.h>

#include "client/moment.h"
#include "client/settings.h"
#include "client/token_slot.h"
#include "client/trouble.h"

struct mintmark_client {
	struct token_slot slot;
	atomic_bool cancelled;
	struct settings settings;
	moment_fn *now; /* moment_now(); tests hand in another */

	pthread_mutex_t lock; /* for everything below, and for writing slot */
	pthread_cond_t changed;
	bool busy;            /* a thread is getting a token */
	pid_t busy_pid;       /* of the process it belongs to: a child of fork(2) has no such thread */
	bool is_renewed;      /* the present token was made because of a 401 */
	int64_t obtained_ns;  /* when the present one came; clock_boot_ns() */
	int64_t rest_until_ns; /* don't ask again before; clock_boot_ns() */
	int64_t failures;     /* in a row */
	struct trouble last;  /* the last failure; code 0: there is none */
	char warning[TROUBLE_MAX];
	char note[TROUBLE_MAX]; /* what came of a login or a logout */
};

/* MINTMARK_ERROR_ARGUMENT, MINTMARK_ERROR_MEMORY, MINTMARK_ERROR_SYSTEM. */
must_check int client_new(const mintmark_client_options *options, struct mintmark_client **ret_client);
void client_free(struct mintmark_client *client);

/* Copy a usable token. The codes of mintmark_client_token(); MINTMARK_ERROR_LIMIT: copy->size is too small. */
must_check int client_token(struct mintmark_client *client, struct token_slot_copy *copy);
/* See to another token than this one. The codes of mintmark_client_renew(). */
must_check int client_renew(struct mintmark_client *client, struct str rejected);
void client_forget(struct mintmark_client *client);
/* Drop the token of this process alone. */
void client_drop(struct mintmark_client *client);
/* Note why a call failed. Returns its code. */
int client_fail(struct mintmark_client *client, const struct trouble *trouble);
/* What a login or a logout came to, for client_explain(). */
void client_note(struct mintmark_client *client, const char *note);
/* What is known about the last call, appended. */
void client_explain(struct mintmark_client *client, struct buf *out);

#endif
