/*
 * What keyd can't do any more once its sandbox is in place: each forbidden call kills the process with SIGSYS, from
 * the thread that installed the filter and from one that was there before. And what it still can.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rand.h"
#include "ipc/frame.h"
#include "ipc/note.h"
#include "ipc/role.h"
#include "ipc/sandbox.h"

static int sockets[2]; /* made before the sandbox */
static int file_fd;

static void do_open(void) { syscall(SYS_open, "/dev/null", O_RDONLY); }
static void do_openat(void) { syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY); }
static void do_creat(void) { syscall(SYS_creat, "/tmp/mint-sandbox", 0600); }
static void do_unlink(void) { syscall(SYS_unlink, "/tmp/mint-sandbox"); }
static void do_stat(void) { syscall(SYS_newfstatat, AT_FDCWD, "/", NULL, 0); }
static void do_readlink(void) { syscall(SYS_readlink, "/proc/self/exe", NULL, 0); }
static void do_socket(void) { syscall(SYS_socket, AF_INET, SOCK_STREAM, 0); }
static void do_socketpair(void) { syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, NULL); }
static void do_connect(void) { syscall(SYS_connect, sockets[0], NULL, 0); }
static void do_bind(void) { syscall(SYS_bind, sockets[0], NULL, 0); }
static void do_accept(void) { syscall(SYS_accept4, sockets[0], NULL, NULL, 0); }
static void do_sendmsg(void) { syscall(SYS_sendmsg, sockets[0], NULL, 0); }
static void do_recvmsg(void) { syscall(SYS_recvmsg, sockets[0], NULL, 0); }
static void do_execve(void) { syscall(SYS_execve, "/bin/true", NULL, NULL); }
static void do_fork(void) { syscall(SYS_fork); }
static void do_clone(void) { syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0); }
static void do_ptrace(void) { syscall(SYS_ptrace, PTRACE_TRACEME, 0, NULL, NULL); }
static void do_read_memory(void) { syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0); }
static void do_kill(void) { syscall(SYS_kill, getppid(), 0); }
static void do_prctl(void) { syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0); }
static void do_seccomp(void) { syscall(SYS_seccomp, 0, 0, NULL); }
static void do_ioctl(void) { syscall(SYS_ioctl, sockets[0], 0, NULL); }
static void do_dup(void) { syscall(SYS_dup, sockets[0]); }
static void do_map_exec(void)
{
	syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
static void do_map_file(void) { syscall(SYS_mmap, NULL, 4096, PROT_READ, MAP_PRIVATE, file_fd, 0); }
static void do_protect_exec(void) { syscall(SYS_mprotect, &sockets, 4096, PROT_READ | PROT_EXEC); }
static void do_io_uring(void) { syscall(SYS_io_uring_setup, 1, NULL); }

static const struct {
	const char *name;
	void (*fn)(void);
} forbidden[] = {
	{"open", do_open},
	{"openat", do_openat},
	{"creat", do_creat},
	{"unlink", do_unlink},
	{"stat", do_stat},
	{"readlink", do_readlink},
	{"socket", do_socket},
	{"socketpair", do_socketpair},
	{"connect", do_connect},
	{"bind", do_bind},
	{"accept", do_accept},
	{"sendmsg", do_sendmsg},
	{"recvmsg", do_recvmsg},
	{"execve", do_execve},
	{"fork", do_fork},
	{"clone", do_clone},
	{"ptrace", do_ptrace},
	{"process_vm_readv", do_read_memory},
	{"kill", do_kill},
	{"prctl", do_prctl},
	{"seccomp", do_seccomp},
	{"ioctl", do_ioctl},
	{"dup", do_dup},
	{"mmap executable", do_map_exec},
	{"mmap file", do_map_file},
	{"mprotect executable", do_protect_exec},
	{"io_uring_setup", do_io_uring},
};

struct other {
	pthread_barrier_t barrier;
	void (*fn)(void);
};

static void *other_thread(void *arg)
{
	struct other *other = arg;
	pthread_barrier_wait(&other->barrier);
	pthread_barrier_wait(&other->barrier);
	if (other->fn)
		other->fn();
	return NULL;
}

/* What keyd does all day; a thread of it ends, too. */
static void live(void)
{
	char c = 'x', random[16];
	void *big = malloc(3 << 20);
	memset(big, 1, 3 << 20);
	free(big);
	if (rand_bytes(random, sizeof(random)) < 0 || frame_write(sockets[0], str_mem(&c, 1), -1) < 0 ||
	    recv(sockets[1], &c, 1, 0) != 1 || note_send(sockets[0], STR("R"), NULL, 0) < 0)
		_exit(9);
	LOG(LOG_ERROR, "still_logs", F("time", 1));
	log_flush();
}

/* In a child: sandbox, then fn in this thread or in the other one. Ends with 0 when it survives. */
static void child(void (*mine)(void), void (*others)(void))
{
	struct other other = {.fn = others};
	pthread_t thread;
	int null = open("/dev/null", O_WRONLY);
	dup2(null, 2);
	file_fd = open("/proc/self/exe", O_RDONLY);
	setenv("TZ", "UTC0", 1); /* as role_start does */
	LOG(LOG_ERROR, "before");
	if (role_harden() < 0 || frame_pair(SOCK_STREAM, sockets) < 0 ||
	    pthread_barrier_init(&other.barrier, NULL, 2) != 0 ||
	    pthread_create(&thread, NULL, other_thread, &other) != 0)
		_exit(8);
	pthread_barrier_wait(&other.barrier);
	if (sandbox_keyd() < 0)
		_exit(7);
	pthread_barrier_wait(&other.barrier);
	pthread_join(thread, NULL);
	mine();
	_exit(0);
}

static int run(void (*mine)(void), void (*others)(void))
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		child(mine, others);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void test_forbidden(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		int status = run(forbidden[i].fn, NULL);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("%s: status %x", forbidden[i].name, (unsigned)status);
	}
}

static void test_other_thread(void **state)
{
	(void)state;
	int status = run(live, do_openat);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static void test_allowed(void **state)
{
	(void)state;
	int status = run(live, live);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	log_setup("test", LOG_ERROR, LOG_TEXT);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forbidden),
		cmocka_unit_test(test_other_thread),
		cmocka_unit_test(test_allowed),
	};
	return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
