/* See mail.h. Server process, at its start. Must never log the password. */
#include "server/mail.h"

#include <errno.h>
#include <sys/stat.h>

#include "account/mailer.h"
#include "http/http_out_mail.h"
#include "server/server.h"

bool mail_is_on(const struct config *config) { return config->mail.relay.len > 0 || config->mail.folder.len > 0; }

static int fail(const char *why)
{
	LOG(LOG_ERROR, "mail_setup_failed", F("why", why), F("errno", errno));
	return E_CONFIG;
}

int mail_prepare(const struct config *config, struct mail_setup *ret_setup)
{
	if (config->mail.folder.len > 0 && mkdir(config->mail.folder.p, 0700) < 0 && errno != EEXIST)
		return fail("mail.folder can't be made");
	if (config->mail.relay.len > 0 && !http_out_mail_prepare())
		return fail("libcurl can't be loaded");
	return secret_source_read(config->mail.password, "mail.password", &ret_setup->password);
}

int mail_start(struct server *server, const struct mail_setup *setup)
{
	const struct config *config = server->config;
	const struct mailer_options options = {
		.store = server->env.store,
		.clock = server->clock,
		.issuer = config->issuer,
		.from = config->mail.from,
		.relay = config->mail.relay,
		.folder = config->mail.folder.p,
		.user = config->mail.user,
		.password = {(const unsigned char *)setup->password.bytes, setup->password.len},
		.ca_file = config->mail.ca_file.len > 0 ? config->mail.ca_file.p : NULL,
		.timeout_s = config->mail.timeout_s,
		.retry_s = config->mail.retry_s,
	};
	return mail_is_on(config) ? mailer_new(&options, &server->env.mailer) : 0;
}
