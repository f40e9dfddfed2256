/*
 * Frames: bounds before allocation, cuts, several at once; notes: descriptors arrive, oversized ones leave nothing
 * open.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fault.h"
#include "ipc/frame.h"
#include "ipc/note.h"

enum { MAX = 1000 };

struct pair {
	int fd[2];
	struct buf in;
};

static struct pair open_pair(int type)
{
	struct pair p;
	assert_int_equal(frame_pair(type, p.fd), 0);
	buf_init(&p.in, MAX + FRAME_HEAD);
	return p;
}

static void close_pair(struct pair *p)
{
	frame_close(&p->fd[0]);
	frame_close(&p->fd[1]);
	buf_done(&p->in);
}

static void put(struct pair *p, const char *bytes, size_t len)
{
	assert_int_equal(send(p->fd[0], bytes, len, 0), (ssize_t)len);
}

static void test_limit(void **state)
{
	static const char *const heads[] = {"\x00\x00\x03\xE9", "\xFF\xFF\xFF\xFF", "\x80\x00\x00\x00"};
	struct str frame;
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct pair p = open_pair(SOCK_STREAM);
		put(&p, heads[i], FRAME_HEAD);
		assert_int_equal(frame_feed(p.fd[1], MAX, false, &p.in), E_LIMIT);
		assert_true(p.in.cap <= MAX + FRAME_HEAD);
		assert_int_equal(frame_peek(&p.in, MAX, &frame), E_LIMIT);
		close_pair(&p);
	}
}

static void test_closed(void **state)
{
	static const struct {
		const char *sent;
		size_t len;
		int want;
	} rows[] = {{"", 0, E_ABSENT},
		    {"\0\0\0", 3, E_SYNTAX},
		    {"\0\0\0\5abcd", 8, E_SYNTAX},
		    {"\0\0\0\1a\0", 6, E_SYNTAX}};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pair p = open_pair(SOCK_STREAM);
		struct str frame;
		if (rows[i].len > 0)
			put(&p, rows[i].sent, rows[i].len);
		frame_close(&p.fd[0]);
		int rc = frame_feed(p.fd[1], MAX, true, &p.in);
		if (rc == 0 && frame_peek(&p.in, MAX, &frame) == 0)
			frame_drop(&p.in);
		if (rc == 0)
			rc = frame_feed(p.fd[1], MAX, true, &p.in);
		assert_int_equal(rc, rows[i].want);
		close_pair(&p);
	}
}

static void test_byte_by_byte(void **state)
{
	struct pair p = open_pair(SOCK_STREAM);
	struct str frame;
	(void)state;
	assert_int_equal(frame_feed(p.fd[1], MAX, false, &p.in), E_WOULD_BLOCK);
	for (size_t i = 0; i < 7; i++) {
		assert_int_equal(frame_peek(&p.in, MAX, &frame), E_WOULD_BLOCK);
		frame_drop(&p.in); /* does nothing to half a frame */
		put(&p, &"\0\0\0\3abc"[i], 1);
		assert_int_equal(frame_feed(p.fd[1], MAX, false, &p.in), 0);
	}
	assert_int_equal(frame_peek(&p.in, MAX, &frame), 0);
	assert_true(str_eq(frame, STR("abc")));
	frame_drop(&p.in);
	assert_int_equal(p.in.len, 0);
	close_pair(&p);
}

static void test_several(void **state)
{
	static char big[MAX];
	struct pair p = open_pair(SOCK_STREAM);
	struct buf out;
	struct str frame;
	(void)state;
	memset(big, 'x', sizeof(big));
	buf_init(&out, 4096);
	for (size_t len = MAX - 1; len <= MAX; len++) {
		buf_reset(&out);
		frame_begin(&out);
		buf_put_mem(&out, big, len);
		assert_int_equal(frame_end(&out), 0);
		assert_int_equal(frame_write(p.fd[0], buf_str(&out), 100), 0);
	}
	for (size_t len = MAX - 1; len <= MAX; len++) {
		while (frame_peek(&p.in, MAX, &frame) == E_WOULD_BLOCK)
			assert_int_equal(frame_feed(p.fd[1], MAX, false, &p.in), 0);
		assert_int_equal(frame.len, len);
		assert_memory_equal(frame.p, big, len);
		if (len == MAX) /* full: no room is no error */
			assert_int_equal(frame_feed(p.fd[1], MAX, false, &p.in), 0);
		frame_drop(&p.in);
	}
	buf_done(&out);
	close_pair(&p);
}

static void test_write_times_out(void **state)
{
	static char much[1 << 20];
	struct pair p = open_pair(SOCK_STREAM);
	(void)state;
	assert_int_equal(frame_write(p.fd[0], str_mem(much, sizeof(much)), 30), E_IO); /* nobody reads */
	frame_close(&p.fd[1]);
	assert_int_equal(frame_write(p.fd[0], STR("x"), 30), E_IO); /* nobody there, and no SIGPIPE */
	close_pair(&p);
}

static void test_end_keeps_failure(void **state)
{
	char mem[8];
	struct buf out;
	(void)state;
	buf_init_fixed(&out, mem, sizeof(mem));
	frame_begin(&out);
	buf_put(&out, STR("12345"));
	assert_int_equal(frame_end(&out), E_LIMIT);
}

static int count_fds(void)
{
	int n = 0;
	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void test_note(void **state)
{
	struct pair p = open_pair(SOCK_SEQPACKET);
	struct note note;
	int fds[NOTE_FDS_MAX + 1];
	char text[NOTE_MAX + 1] = "K";
	(void)state;
	for (size_t i = 0; i <= NOTE_FDS_MAX; i++)
		fds[i] = p.fd[i % 2];
	assert_int_equal(note_receive(p.fd[1], &note), E_WOULD_BLOCK);
	assert_int_equal(note_send(p.fd[0], str_mem(text, sizeof(text)), NULL, 0), E_LIMIT);
	assert_int_equal(note_send(p.fd[0], STR("K"), fds, NOTE_FDS_MAX + 1), E_LIMIT);
	assert_int_equal(note_send(p.fd[0], STR(""), fds, 1), E_LIMIT);
	int before = count_fds();
	assert_int_equal(note_send(p.fd[0], STR("K"), fds, NOTE_FDS_MAX), 0);
	assert_int_equal(note_receive(p.fd[1], &note), 0);
	assert_int_equal(note.len, 1);
	assert_int_equal(note.bytes[0], 'K');
	assert_int_equal(note.n_fds, NOTE_FDS_MAX);
	assert_int_equal(count_fds(), before + NOTE_FDS_MAX);
	assert_int_equal(fcntl(note.fds[0], F_GETFD), FD_CLOEXEC);
	for (size_t i = 0; i < note.n_fds; i++)
		close(note.fds[i]);
	/* Longer than a note: refused, and what it carried is closed. */
	struct iovec iov = {.iov_base = text, .iov_len = sizeof(text)};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &p.fd[0], sizeof(int));
	assert_int_equal(sendmsg(p.fd[0], &msg, 0), (ssize_t)sizeof(text));
	assert_int_equal(note_receive(p.fd[1], &note), E_SYNTAX);
	assert_int_equal(count_fds(), before);
	frame_close(&p.fd[0]);
	assert_int_equal(note_receive(p.fd[1], &note), E_ABSENT);
	close_pair(&p);
}

#ifdef MINTMARK_FAULTS
static void test_faults(void **state)
{
	struct pair p = open_pair(SOCK_STREAM);
	(void)state;
	put(&p, "\0\0\0\1a", 5);
	fault_arm(FAULT_ALLOC, 1);
	assert_int_equal(frame_feed(p.fd[1], MAX, false, &p.in), E_NOMEM);
	fault_arm(FAULT_WRITE, 1);
	assert_int_equal(frame_write(p.fd[0], STR("x"), 10), E_IO);
	fault_arm(FAULT_WRITE, 0);
	close_pair(&p);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_closed),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_write_times_out),
		cmocka_unit_test(test_end_keeps_failure),
		cmocka_unit_test(test_note),
#ifdef MINTMARK_FAULTS
		cmocka_unit_test(test_faults),
#endif
	};
	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
