/* A keyd of our own; see keyd_child.h. */
#include "cli/keyd_child.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/config.h"
#include "ipc/frame.h"
#include "ipc/role.h"
#include "keys/master.h"

const char *keyd_child_env(const struct config *config)
{
	if (str_has_prefix(config->keys.master_key, STR("credential:")))
		return "CREDENTIALS_DIRECTORY";
	return master_env(config->keys.master_key.p);
}

static int start(const char *config_path, const struct config *config, int fd, pid_t *ret_pid)
{
	struct role_fds fds;
	const char *const env[] = {keyd_child_env(config), NULL};
	const struct role_spec spec = {.role = "keyd", .config_path = config_path, .fds = &fds, .env = env};
	role_fds_init(&fds);
	fds.keyd[fds.n_keyd++] = fd; /* no loops, no pool: the control channel alone, and nobody to tell 'R' */
	return role_start(&spec, ret_pid);
}

int keyd_child_start(const char *config_path, const struct config *config, struct keyd_child *ret_child)
{
	struct keyd_child child = {0};
	int pair[2] = {-1, -1};
	TRY(frame_pair(SOCK_STREAM, pair));
	int rc = start(config_path, config, pair[1], &child.pid);
	frame_close(&pair[1]);
	if (rc == 0)
		rc = signer_new(pair[0], &child.signer);
	if (rc < 0) {
		frame_close(&pair[0]);
		keyd_child_stop(&child);
		return rc;
	}
	*ret_child = child;
	return 0;
}

void keyd_child_stop(struct keyd_child *child)
{
	signer_free(child->signer); /* its channel closes: keyd ends by itself */
	child->signer = NULL;
	while (child->pid > 0 && waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	child->pid = 0;
}
