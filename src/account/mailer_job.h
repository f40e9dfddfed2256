/* One mail on its way through account/mailer.c, and what becomes of what somebody asked for. */
#ifndef ACCOUNT_MAILER_JOB_H
#define ACCOUNT_MAILER_JOB_H

#include "account/mailer.h"
#include "store/store.h"

enum mailer_job_what { JOB_SEND, JOB_ASK_RESET, JOB_ASK_SIGNUP };

struct mailer_job {
	struct mailer_job *next;
	enum mailer_job_what what;
	enum mail_kind kind;
	struct str to, url;      /* url: in url_mem */
	int64_t good_s;
	int64_t due_ns;          /* monotonic */
	int tries;
	char to_mem[MODEL_EMAIL_MAX + 1], url_mem[MAILER_URL_MAX];
};

/* E_LIMIT, E_NOMEM. */
must_check int mailer_job_new(enum mailer_job_what what, const struct mailer_order *order,
			      struct mailer_job **ret_job);
/* Wipes the link. */
void mailer_job_free(struct mailer_job *job);

struct mailer_job_world {
	struct store *store;
	struct str issuer;
	int64_t now_s;
};
/*
 * Looks the account up and makes the link, once: the job is JOB_SEND afterwards. *ret_nothing: nobody gets a mail. The
 * store's errors, E_RANDOM, E_CRYPTO: nothing happened.
 */
must_check int mailer_job_resolve(struct mailer_job *job, const struct mailer_job_world *world, bool *ret_nothing);

#endif
