/* One datagram to NOTIFY_SOCKET; see notify.h. */
#include "ipc/notify.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"

void notify_send(const char *state)
{
	struct str path = str_of(getenv("NOTIFY_SOCKET"));
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	if (path.len < 2 || path.len >= sizeof(un.sun_path) || (path.p[0] != '/' && path.p[0] != '@'))
		return;
	memcpy(un.sun_path, path.p, path.len);
	if (path.p[0] == '@') /* the abstract namespace */
		un.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&un,
		      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.len));
	close(fd);
}
