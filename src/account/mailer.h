/*
 * Sending mails: a thread of its own with a bounded queue, so that no page waits for a relay, and no page shows by its
 * time or its answer whether there is an account: what a page asks for is looked up here, after the answer. To an SMTP
 * relay, or into a folder where each mail becomes a file (development).
 *
 * A mail is tried five times, with waits that double; what waits when the process ends is lost, and whoever waits for
 * it asks again. To one address go at most five asked-for mails an hour, and one about leaks. Server process.
 * Thread-safe. Must never log a link or an address.
 */
#ifndef ACCOUNT_MAILER_H
#define ACCOUNT_MAILER_H

#include "account/message.h"
#include "base/clock.h"
#include "base/secret.h"

struct mailer;
struct store;

enum { MAILER_QUEUE_MAX = 512, MAILER_TRIES = 5, MAILER_URL_MAX = 2300 };

/* All borrowed for the mailer's life. */
struct mailer_options {
	struct store *store;
	const struct clock *clock;
	struct str issuer, from;
	struct str relay;        /* http/http_out_mail.h; empty: folder */
	const char *folder;
	struct str user;
	struct secret password;
	const char *ca_file;     /* NULL: the system's */
	uint32_t timeout_s, retry_s;
};

/* E_CONFIG: the folder can't be opened. E_NOMEM, E_RANDOM, E_INTERNAL. */
must_check int mailer_new(const struct mailer_options *options, struct mailer **ret_mailer);
/* Cancels what is being sent. NULL is allowed. */
void mailer_free(struct mailer *mailer);

/* A mail whose link is there. */
struct mailer_order {
	enum mail_kind kind;
	struct str to, url;
	int64_t good_s;
};
/* Copied. E_LIMIT: the queue is full, or something is too long. E_NOMEM. */
must_check int mailer_send(struct mailer *mailer, const struct mailer_order *order);

/* What somebody who is not signed in asks for; the answer never depends on what becomes of it. */
enum mailer_ask { MAILER_ASK_RESET, MAILER_ASK_SIGNUP };
/* email: as address_parse gave it. good_s: how long the link is to be good. Errors as above. */
must_check int mailer_ask(struct mailer *mailer, enum mailer_ask what, struct str email, int64_t good_s);

struct mailer_stats {
	uint64_t sent, failed, waiting;
};
void mailer_stats(struct mailer *mailer, struct mailer_stats *ret_stats);

#endif
