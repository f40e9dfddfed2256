/*
 * Notes: short messages with descriptors on a SOCK_SEQPACKET socketpair, where a message can't be cut in two. Every
 * process. Never waits. Thread-safe as long as one thread owns a descriptor's direction.
 */
#ifndef IPC_NOTE_H
#define IPC_NOTE_H

#include "base/str.h"

enum { NOTE_MAX = 64, NOTE_FDS_MAX = 250 };

/* At most NOTE_MAX bytes and NOTE_FDS_MAX descriptors, which stay the caller's. E_LIMIT, E_IO, E_WOULD_BLOCK. */
must_check int note_send(int fd, struct str bytes, const int *fds, size_t n_fds);

struct note {
	char bytes[NOTE_MAX];
	size_t len;
	int fds[NOTE_FDS_MAX]; /* the receiver's from now on, close-on-exec */
	size_t n_fds;
};
/* Never waits. E_WOULD_BLOCK; E_ABSENT: the peer closed; E_SYNTAX: cut, without what it carried; E_IO. */
must_check int note_receive(int fd, struct note *ret_note);

#endif
