/* What the supervisor listens on: one TCP socket per loop, unix-domain sockets; see supervise_sockets.h. */
#include "server/supervise_sockets.h"

#include <errno.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "ipc/listen.h"

enum { TEXT_MAX = 160, OPEN_ATTEMPTS = 11, OPEN_RETRY_US = 100000 };

static bool is_unix(const struct sockaddr_storage *addr) { return addr->ss_family == AF_UNIX; }

/* E_LOCKED: the address is in use. */
static int fail(struct buf *ret_why, const struct sockaddr_storage *addr, const char *what)
{
	int saved = errno;
	listen_put_address(ret_why, addr);
	buf_printf(ret_why, ": %s", what ? what : strerror(saved));
	return saved == EADDRINUSE ? E_LOCKED : E_CONFIG;
}

static int add_listen(struct role_fds *fds, int fd, size_t listener, unsigned loop, bool tls)
{
	if (fds->n_listen == ROLE_LISTEN_MAX) {
		close(fd);
		errno = EMFILE;
		return E_LIMIT;
	}
	fds->listen[fds->n_listen++] =
		(struct role_listen){.fd = fd, .listener = (unsigned)listener, .loop = loop, .tls = tls};
	return 0;
}

static void log_listening(const struct sockaddr_storage *addr, bool tls)
{
	char text[TEXT_MAX];
	struct buf where;
	buf_init_fixed(&where, text, sizeof(text));
	listen_put_address(&where, addr);
	LOG(LOG_INFO, "listening", F("address", buf_str(&where)), F("tls", tls));
}

static int bind_tcp(const struct supervise_listener *listener, size_t index, unsigned n_loops, struct role_fds *fds)
{
	struct sockaddr_storage addr = listener->addr;
	int opened[ROLE_LOOPS_MAX], rc = 0;
	TRY(listen_tcp(&addr, listener->addr_len, n_loops, opened));
	for (unsigned loop = 0; loop < n_loops; loop++) /* what has no room is closed */
		rc = add_listen(fds, opened[loop], index, loop, listener->tls) < 0 ? E_LIMIT : rc;
	TRY(rc);
	log_listening(&addr, listener->tls);
	return 0;
}

static int control_address(const char *path, struct sockaddr_storage *ret_addr, socklen_t *ret_len)
{
	struct sockaddr_un *un = (void *)ret_addr;
	size_t len = strlen(path);
	*ret_addr = (struct sockaddr_storage){.ss_family = AF_UNIX};
	if (len >= sizeof(un->sun_path))
		return E_LIMIT;
	memcpy(un->sun_path, path, len);
	*ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
	return 0;
}

static int bind_control(const char *path, struct role_fds *fds, struct buf *ret_why)
{
	struct sockaddr_storage addr;
	socklen_t len;
	if (control_address(path, &addr, &len) < 0) {
		buf_printf(ret_why, "%s: too long for a socket's path", path);
		return E_CONFIG;
	}
	if (listen_unix(&addr, len, 0600, &fds->admin) < 0)
		return fail(ret_why, &addr,
			    errno == EADDRINUSE ? "somebody listens there: is another server running?" : NULL);
	return 0;
}

static int bind_listener(const struct supervise_listener *listener, size_t index, unsigned n_loops,
			 struct role_fds *fds)
{
	int fd = -1;
	if (!is_unix(&listener->addr))
		return bind_tcp(listener, index, n_loops, fds);
	TRY(listen_unix(&listener->addr, listener->addr_len, 0660, &fd));
	return add_listen(fds, fd, index, 0, listener->tls);
}

static int open_all(const struct supervise_options *options, struct role_fds *fds, struct buf *ret_why)
{
	if (options->n_loops < 1 || options->n_loops > ROLE_LOOPS_MAX || options->pool_threads < 1 ||
	    options->pool_threads > ROLE_POOL_MAX || options->n_listeners < 1) {
		buf_printf(ret_why, "loops must be 1..%d, pool threads 1..%d, and there must be a listener",
			   ROLE_LOOPS_MAX, ROLE_POOL_MAX);
		return E_CONFIG;
	}
	TRY(bind_control(options->control_path, fds, ret_why)); /* first: it tells that another server runs */
	for (size_t i = 0; i < options->n_listeners; i++)
		if (bind_listener(&options->listeners[i], i, options->n_loops, fds) < 0)
			return fail(ret_why, &options->listeners[i].addr, NULL);
	return 0;
}

/* The roles of a supervisor that was killed hold its sockets for a moment after its death: wait for them. */
int supervise_sockets_open(const struct supervise_options *options, struct role_fds *fds, struct buf *ret_why)
{
	int rc = E_LOCKED;
	for (int attempt = 0; rc == E_LOCKED && attempt < OPEN_ATTEMPTS; attempt++) {
		if (attempt > 0)
			usleep(OPEN_RETRY_US);
		buf_reset(ret_why);
		rc = open_all(options, fds, ret_why);
		if (rc < 0)
			role_fds_close(fds);
	}
	return rc == E_LOCKED ? E_CONFIG : rc;
}

void supervise_sockets_close(const struct supervise_options *options, struct role_fds *fds)
{
	role_fds_close(fds);
	unlink(options->control_path);
	for (size_t i = 0; i < options->n_listeners; i++)
		if (is_unix(&options->listeners[i].addr))
			unlink(((const struct sockaddr_un *)(const void *)&options->listeners[i].addr)->sun_path);
}
