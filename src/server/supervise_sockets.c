/*
 * Binding: one TCP socket per loop with SO_REUSEPORT, unix-domain sockets that replace stale ones; see
 * supervise_sockets.h.
 */
#include "server/supervise_sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "ipc/frame.h"

enum { BACKLOG = 4096, TEXT_MAX = 160, OPEN_ATTEMPTS = 11, OPEN_RETRY_US = 100000 };

static bool is_unix(const struct sockaddr_storage *addr) { return addr->ss_family == AF_UNIX; }

static void put_address(struct buf *out, const struct sockaddr_storage *addr)
{
	char text[INET6_ADDRSTRLEN] = "";
	const struct sockaddr_in *v4 = (const void *)addr;
	const struct sockaddr_in6 *v6 = (const void *)addr;
	if (is_unix(addr))
		buf_printf(out, "unix:%s", ((const struct sockaddr_un *)(const void *)addr)->sun_path);
	else if (addr->ss_family == AF_INET6)
		buf_printf(out, "[%s]:%u", inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text)),
			   ntohs(v6->sin6_port));
	else
		buf_printf(out, "%s:%u", inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text)), ntohs(v4->sin_port));
}

/* E_LOCKED: the address is in use. */
static int fail(struct buf *ret_why, const struct sockaddr_storage *addr, const char *what)
{
	int saved = errno;
	put_address(ret_why, addr);
	buf_printf(ret_why, ": %s", what ? what : strerror(saved));
	return saved == EADDRINUSE ? E_LOCKED : E_CONFIG;
}

/* E_IO: errno says why. */
static int open_tcp(const struct sockaddr_storage *addr, socklen_t len, bool share, int *ret_fd)
{
	int on = 1;
	_cleanup_(frame_close) int fd = socket(addr->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return E_IO;
	if (addr->ss_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
		return E_IO;
	if (share && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0)
		return E_IO;
	if (bind(fd, (const struct sockaddr *)addr, len) < 0 || (share && listen(fd, BACKLOG) < 0))
		return E_IO;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

/*
 * SO_REUSEPORT lets any process of the same user share the address; a second supervisor would silently take half of
 * the connections. A bind without it fails when somebody listens there.
 */
static int probe_tcp(const struct sockaddr_storage *addr, socklen_t len)
{
	_cleanup_(frame_close) int fd = -1;
	return open_tcp(addr, len, false, &fd);
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

static int bind_tcp(const struct supervise_listener *listener, size_t index, unsigned n_loops, struct role_fds *fds)
{
	struct sockaddr_storage addr = listener->addr;
	socklen_t len = listener->addr_len;
	TRY(probe_tcp(&addr, len));
	for (unsigned loop = 0; loop < n_loops; loop++) {
		int fd = -1;
		TRY(open_tcp(&addr, len, true, &fd));
		TRY(add_listen(fds, fd, index, loop, listener->tls));
		if (getsockname(fd, (struct sockaddr *)&addr, &len) <
		    0) /* port 0: the others take the one that the first got */
			return E_IO;
	}
	char text[TEXT_MAX];
	struct buf where;
	buf_init_fixed(&where, text, sizeof(text));
	put_address(&where, &addr);
	LOG(LOG_INFO, "listening", F("address", buf_str(&where)), F("tls", listener->tls));
	return 0;
}

/* Take away a socket that nobody listens on. E_IO with errno EADDRINUSE when somebody does, or when it is no socket. */
static int remove_stale(const struct sockaddr_storage *addr, socklen_t len)
{
	const char *path = ((const struct sockaddr_un *)(const void *)addr)->sun_path;
	struct stat st;
	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : E_IO;
	_cleanup_(frame_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return E_IO;
	if (S_ISSOCK(st.st_mode) && connect(fd, (const struct sockaddr *)addr, len) < 0 && errno == ECONNREFUSED)
		return unlink(path) < 0 ? E_IO : 0;
	errno = EADDRINUSE;
	return E_IO;
}

static int bind_unix(const struct sockaddr_storage *addr, socklen_t len, mode_t mask, int *ret_fd)
{
	TRY(remove_stale(addr, len));
	_cleanup_(frame_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return E_IO;
	mode_t old = umask(mask); /* between bind and chmod anybody could connect */
	int rc = bind(fd, (const struct sockaddr *)addr, len);
	umask(old);
	if (rc < 0 || listen(fd, BACKLOG) < 0)
		return E_IO;
	*ret_fd = fd;
	fd = -1;
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
	if (bind_unix(&addr, len, 0177, &fds->admin) < 0)
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
	TRY(bind_unix(&listener->addr, listener->addr_len, 0117, &fd));
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
