/* See reload.h. */
#include "server/reload.h"

#include "base/log.h"
#include "ipc/frame.h"
#include "oauth/throttle.h"
#include "server/worker.h"

enum { WHY_MAX = 512 };

static int log_tls(const struct config *config, int rc, const char *why)
{
	if (rc < 0)
		LOG(LOG_ERROR, "tls_refused", F("certificate", config->tls.certificate), F("key", config->tls.key),
		    F("why", why));
	return rc;
}

int reload_open_tls(const struct config *config, struct tls_context **ret_tls)
{
	char why[WHY_MAX] = "";
	*ret_tls = NULL;
	if (!config->tls_enabled)
		return 0;
	int rc = tls_context_open(config->tls.certificate.p, config->tls.key.p, why, sizeof(why), ret_tls);
	return log_tls(config, rc, why);
}

/* The descriptor that came with this letter, -1: none did. */
static int find_fd(const struct note *note, char letter)
{
	for (size_t i = 0; i < note->n_fds && 1 + i < note->len; i++)
		if (note->bytes[1 + i] == letter)
			return note->fds[i];
	return -1;
}

static int read_tls(const struct config *config, const struct note *note, struct tls_context **ret_tls)
{
	char why[WHY_MAX] = "";
	*ret_tls = NULL;
	if (!config->tls_enabled)
		return 0;
	int rc = tls_context_read(find_fd(note, 't'), find_fd(note, 'k'), why, sizeof(why), ret_tls);
	return log_tls(config, rc, why);
}

static int read_config(struct server *server, const struct note *note, struct config **ret_config, struct buf *restart)
{
	_cleanup_(buf_done) struct buf text, why;
	int fd = find_fd(note, 'c');
	buf_init(&text, CONFIG_TEXT_MAX + 1); /* one byte more than is allowed: then the text is refused as too long */
	buf_init(&why, CONFIG_WHY_MAX);
	struct snapshot *snapshot = server_snapshot(server);
	int rc = fd >= 0 ? buf_read(&text, fd) : E_IO;
	if (rc == 0 || rc == E_LIMIT)
		rc = config_reload(snapshot->config, buf_str(&text), ret_config, restart, &why);
	snapshot_unref(snapshot);
	if (rc < 0)
		LOG(LOG_ERROR, "config_refused", F("why", why.len > 0 ? buf_str(&why) : str_of(err_row(rc)->symbol)));
	return rc;
}

static void apply(struct server *server, struct config *config, struct tls_context *tls, struct str restart)
{
	log_setup("server", (enum log_level)config->log.level, (enum log_format)config->log.format);
	struct throttle_limits throttle = {config->throttle.failures, config->throttle.window_s};
	throttle_set_limits(server->env.throttle, &throttle);
	struct throttle_limits people = {config->accounts.failures, config->accounts.window_s};
	throttle_set_limits(server->env.people, &people);
	struct throttle_limits guesses = {config->device.guesses, config->device.guess_window_s};
	throttle_set_limits(server->env.guesses, &guesses);
	struct throttle_limits strangers = {config->throttle.strangers, config->throttle.window_s};
	throttle_set_limits(server->env.strangers, &strangers);
	int rc = server_publish(server, config);
	for (unsigned i = 0; rc == 0 && i < server->n_workers; i++)
		rc = worker_reload(&server->workers[i], config, tls);
	LOG(rc < 0 ? LOG_ERROR : LOG_INFO, "config_reloaded", F("needs_restart", restart),
	    F("error", rc < 0 ? err_row(rc)->symbol : ""));
}

void reload_take(struct server *server, struct note *note)
{
	_cleanup_(config_unrefp) struct config *config = NULL;
	_cleanup_(buf_done) struct buf restart;
	struct tls_context *tls = NULL;
	buf_init(&restart, CONFIG_WHY_MAX);
	if (read_config(server, note, &config, &restart) == 0 && read_tls(config, note, &tls) == 0)
		apply(server, config, tls, buf_str(&restart));
	tls_context_unref(tls);
	for (size_t i = 0; i < note->n_fds; i++)
		frame_close(&note->fds[i]);
}
