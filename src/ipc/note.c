/* Notes with descriptors (SCM_RIGHTS, unix(7)); see note.h. */
#include "ipc/note.h"

#include <errno.h>
#include <sys/socket.h>

#include "ipc/frame.h"

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(NOTE_FDS_MAX * sizeof(int))];
};

int note_send(int fd, struct str bytes, const int *fds, size_t n_fds)
{
	union control control = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)bytes.p, .iov_len = bytes.len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	if (bytes.len == 0 || bytes.len > NOTE_MAX || n_fds > NOTE_FDS_MAX)
		return E_LIMIT;
	if (n_fds > 0) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, n_fds * sizeof(int));
	}
	ssize_t n;
	do { /* keyd's sandbox has no sendmsg: it may not hand out descriptors */
		n = n_fds > 0 ? sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT)
			      : send(fd, bytes.p, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? E_WOULD_BLOCK : E_IO;
	return 0;
}

static void take_fds(struct msghdr *msg, struct note *note)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n && note->n_fds < NOTE_FDS_MAX; i++)
			memcpy(&note->fds[note->n_fds++], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
	}
}

int note_receive(int fd, struct note *ret_note)
{
	union control control;
	struct note note = {0};
	struct iovec iov = {.iov_base = note.bytes, .iov_len = sizeof(note.bytes)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof(control.bytes)};
	ssize_t n;
	do {
		n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? E_WOULD_BLOCK : E_IO;
	if (n == 0)
		return E_ABSENT;
	take_fds(&msg, &note);
	note.len = (size_t)n;
	if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		for (size_t i = 0; i < note.n_fds; i++)
			frame_close(&note.fds[i]);
		return E_SYNTAX;
	}
	*ret_note = note;
	return 0;
}
