/*
 * Framed messages over a SOCK_STREAM socketpair: a big-endian u32 length, then that many bytes. Streams, because a
 * batch of 256 signatures does not fit a SOCK_SEQPACKET message (its size is bounded by the socket buffer, 208 KiB as
 * the kernel ships); short notes with descriptors (ipc/note.h) do use SOCK_SEQPACKET, where a message can't be cut in
 * two. Every process. Bounded: a length above the caller's maximum ends the connection, before anything is allocated
 * for it. Thread-safe as long as one thread owns a descriptor's direction.
 */
#ifndef IPC_FRAME_H
#define IPC_FRAME_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/str.h"

enum { FRAME_HEAD = 4 };

/* Start a frame in an empty buffer: room for the length. */
void frame_begin(struct buf *out);
/* Fill in the length. E_LIMIT, E_NOMEM: the buffer's own failure. */
must_check int frame_end(struct buf *out);

/*
 * Write all, waiting for room at most timeout_ms in total (-1: as long as it takes). E_IO: the peer is gone or the
 * time is over, and the stream can't be used any more. Never raises SIGPIPE.
 */
must_check int frame_write(int fd, struct str bytes, int timeout_ms);

/*
 * Append what has arrived to in, whose maximum is at least max + FRAME_HEAD; with wait, block until something has.
 * E_WOULD_BLOCK: nothing yet. E_ABSENT: the peer closed between two frames. E_SYNTAX: closed inside one. E_LIMIT: a
 * frame longer than max. E_IO, E_NOMEM.
 */
must_check int frame_feed(int fd, size_t max, bool wait, struct buf *in);
/* The first complete frame of in, without its length, borrowed. E_WOULD_BLOCK while it is incomplete; E_LIMIT. */
must_check int frame_peek(const struct buf *in, size_t max, struct str *ret_frame);
/* Forget the frame that frame_peek showed. */
void frame_drop(struct buf *in);

/* A connected pair, close-on-exec, blocking; type: SOCK_STREAM or SOCK_SEQPACKET. E_IO. */
must_check int frame_pair(int type, int ret_pair[2]);
/* Close when >= 0 and set to -1; for _cleanup_. */
void frame_close(int *fd);

#endif
