/* Mails of the server process: from the configuration to a running account/mailer.h. */
#ifndef SERVER_MAIL_H
#define SERVER_MAIL_H

#include "config/config.h"
#include "server/secret_source.h"

struct mailer;
struct server;

/* What is read before the sandbox closes. */
struct mail_setup {
	struct secret_source password;
};

/*
 * Makes the folder, reads the relay's password, loads what sending needs. What fails is logged. E_CONFIG. Before the
 * sandbox.
 */
must_check int mail_prepare(const struct config *config, struct mail_setup *ret_setup);
/* Whether the configuration says that mails are sent. */
bool mail_is_on(const struct config *config);
/* Sets server->env.mailer; nothing without mails. setup lives as long as it. mailer_new's errors. */
must_check int mail_start(struct server *server, const struct mail_setup *setup);

#endif
