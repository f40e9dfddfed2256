/* See mail.h. Server process, at its start. Must never log the password. */
#include "server/mail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/mailer.h"
#include "http/http_out_mail.h"
#include "ipc/frame.h"
#include "server/server.h"

bool mail_is_on(const struct config *config) { return config->mail.relay.len > 0 || config->mail.folder.len > 0; }

static int fail(const char *why)
{
	LOG(LOG_ERROR, "mail_setup_failed", F("why", why), F("errno", errno));
	return E_CONFIG;
}

static int keep(struct str text, struct mail_setup *setup)
{
	while (text.len > 0 && (text.p[text.len - 1] == '\n' || text.p[text.len - 1] == '\r'))
		text.len--;
	if (text.len == 0 || text.len > sizeof(setup->password))
		return fail("mail.password is empty or too long");
	memcpy(setup->password, text.p, text.len);
	setup->password_len = text.len;
	return 0;
}

/* A file that others can read is no place for a password; systemd's credentials belong to root. */
static int read_file(const char *path, bool credential, struct mail_setup *setup)
{
	char mem[sizeof(setup->password) + 2];
	struct buf text;
	struct stat st;
	_cleanup_(frame_close) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return fail("the file of mail.password can't be read");
	if (!credential && (st.st_mode & (S_IRWXG | S_IRWXO)))
		return fail("the file of mail.password is open to group or others (chmod 600)");
	buf_init_fixed(&text, mem, sizeof(mem));
	int rc = buf_read(&text, fd) < 0 ? fail("mail.password is too long") : keep(buf_str(&text), setup);
	secret_wipe(mem, sizeof(mem));
	return rc;
}

static int read_password(struct str where, struct mail_setup *setup)
{
	char path[4096];
	struct buf text;
	if (where.len == 0)
		return 0;
	if (str_has_prefix(where, STR("env:"))) {
		const char *value = getenv(where.p + 4);
		return value ? keep(str_of(value), setup) : fail("the variable of mail.password is not set");
	}
	if (!str_has_prefix(where, STR("credential:")))
		return read_file(where.p, false, setup);
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	buf_init_fixed(&text, path, sizeof(path));
	buf_printf(&text, "%s/%s", folder ? folder : "", where.p + 11);
	buf_put_char(&text, '\0');
	return buf_status(&text) < 0 ? fail("mail.password is too long") : read_file(path, true, setup);
}

int mail_prepare(const struct config *config, struct mail_setup *ret_setup)
{
	struct mail_setup setup = {.password_len = 0};
	if (config->mail.folder.len > 0 && mkdir(config->mail.folder.p, 0700) < 0 && errno != EEXIST)
		return fail("mail.folder can't be made");
	if (config->mail.relay.len > 0 && !http_out_mail_prepare())
		return fail("libcurl can't be loaded");
	TRY(read_password(config->mail.password, &setup));
	*ret_setup = setup;
	secret_wipe(&setup, sizeof(setup));
	return 0;
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
		.password = {(const unsigned char *)setup->password, setup->password_len},
		.ca_file = config->mail.ca_file.len > 0 ? config->mail.ca_file.p : NULL,
		.timeout_s = config->mail.timeout_s,
		.retry_s = config->mail.retry_s,
	};
	return mail_is_on(config) ? mailer_new(&options, &server->env.mailer) : 0;
}
