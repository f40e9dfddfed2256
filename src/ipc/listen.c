/* Binding; see listen.h. Supervisor and daemons. */
#include "ipc/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ipc/frame.h"

enum { BACKLOG = 4096 };

static bool is_unix(const struct sockaddr_storage *addr) { return addr->ss_family == AF_UNIX; }

void listen_put_address(struct buf *out, const struct sockaddr_storage *addr)
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

static int open_all(struct sockaddr_storage *addr, socklen_t len, unsigned n, int *fds)
{
	TRY(probe_tcp(addr, len));
	for (unsigned i = 0; i < n; i++) {
		socklen_t room = len;
		TRY(open_tcp(addr, len, true, &fds[i]));
		/* port 0: the others take the one that the first got */
		if (getsockname(fds[i], (struct sockaddr *)addr, &room) < 0)
			return E_IO;
	}
	return 0;
}

int listen_tcp(struct sockaddr_storage *addr, socklen_t len, unsigned n, int *ret_fds)
{
	for (unsigned i = 0; i < n; i++)
		ret_fds[i] = -1;
	int rc = open_all(addr, len, n, ret_fds);
	if (rc == 0)
		return 0;
	int saved = errno;
	for (unsigned i = 0; i < n; i++)
		frame_close(&ret_fds[i]);
	errno = saved;
	return rc;
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

int listen_unix(const struct sockaddr_storage *addr, socklen_t len, mode_t mode, int *ret_fd)
{
	TRY(remove_stale(addr, len));
	_cleanup_(frame_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return E_IO;
	mode_t old = umask(0777 & ~mode); /* between bind and chmod anybody could connect */
	int rc = bind(fd, (const struct sockaddr *)addr, len);
	umask(old);
	if (rc < 0 || listen(fd, BACKLOG) < 0)
		return E_IO;
	*ret_fd = fd;
	fd = -1;
	return 0;
}
