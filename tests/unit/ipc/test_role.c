/* Starting a role: which descriptors and variables arrive, and what is refused. The role is this program itself. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "ipc/frame.h"
#include "ipc/role.h"
#include "ipc/sandbox.h"

enum { STRAY = 600 }; /* a descriptor that somebody forgot to mark close-on-exec */

static const struct {
	const char *text;
	int want;
} parse_rows[] = {
	{"", E_SYNTAX},
	{"loops=1", E_SYNTAX}, /* one channel per loop, per pool thread and for the control thread */
	{"loops=1,pool=0,keyd=5", E_SYNTAX},
	{"loops=1,pool=0,keyd=5,keyd=6,", E_SYNTAX},
	{"loops=1,pool=0,keyd=5,keyd=6,other=7", E_SYNTAX},
	{"loops=1,pool=0,keyd=5,keyd=x", E_SYNTAX},
	{"loops=1,pool=0,keyd=5,keyd=-1", E_SYNTAX},
	{"loops=65,pool=0,keyd=5,keyd=6", E_LIMIT},
	{"loops=1,pool=129,keyd=5,keyd=6", E_LIMIT},
	{"loops=1,pool=0,super=99999,keyd=5,keyd=6", E_LIMIT},
	{"loops=1,pool=0,keyd=5,keyd=6,listen=7", E_SYNTAX},
	{"loops=1,pool=0,keyd=5,keyd=6,listen=7:0:0", E_SYNTAX},
	{"loops=1,pool=0,keyd=5,keyd=6,listen=7:0:0:1:1", E_SYNTAX},
	{"loops=1,pool=0,keyd=5,keyd=6,listen=7:0:64:0", E_LIMIT},
	{"loops=1,pool=0,keyd=5,keyd=6,listen=7:0:0:2", E_LIMIT},
	{"loops=1,pool=0,keyd=5,keyd=6", 0},
	{"loops=1,pool=0,keyd=5,keyd=6,super=3,admin=4,listen=7:2:1:1", 0},
};

static void test_parse(void **state)
{
	static struct role_fds fds;
	(void)state;
	for (size_t i = 0; i < sizeof(parse_rows) / sizeof(parse_rows[0]); i++) {
		role_fds_init(&fds);
		int rc = role_parse_fds(str_of(parse_rows[i].text), &fds);
		if (rc != parse_rows[i].want)
			fail_msg("%s: %d", parse_rows[i].text, rc);
	}
	assert_int_equal(fds.super, 3);
	assert_int_equal(fds.admin, 4);
	assert_int_equal(fds.n_listen, 1);
	assert_int_equal(fds.listen[0].fd, 7);
	assert_int_equal(fds.listen[0].listener, 2);
	assert_int_equal(fds.listen[0].loop, 1);
	assert_true(fds.listen[0].tls);
	assert_int_equal(fds.n_keyd, 2);
	assert_int_equal(fds.keyd[1], 6);
}

static bool has_channels(const struct role_fds *fds)
{
	for (size_t i = 0; i < fds->n_keyd; i++)
		if (write(fds->keyd[i], &(char){(char)('a' + i)}, 1) != 1)
			return false;
	return fcntl(fds->keyd[0], F_GETFD) == FD_CLOEXEC;
}

static bool has_nothing_else(const struct role_fds *fds)
{
	return fds->super == 3 && fds->admin == -1 && fcntl(STRAY, F_GETFD) < 0 && !getenv("MINTMARK_FDS") &&
	       !getenv("ROLE_SECRET") && getenv("ROLE_WANTED");
}

static bool is_hardened(void)
{
	struct rlimit core;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_max != 0)
		return false;
	return SANDBOX_ASAN || prctl(PR_GET_DUMPABLE) == 0;
}

/* The role: write into each channel which one it is, then say by the exit status what is wrong. */
static int probe(void)
{
	static struct role_fds fds;
	if (role_enter("probe", &fds) < 0)
		return 5;
	if (!has_channels(&fds))
		return 6;
	if (!has_nothing_else(&fds))
		return 7;
	if (!is_hardened())
		return 8;
	return raise(SIGINT) != 0 || raise(SIGTERM) != 0 || raise(SIGHUP) != 0; /* ignored */
}

static int run(const struct role_spec *spec)
{
	pid_t pid;
	int status;
	assert_int_equal(role_start(spec, &pid), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Descriptors arrive in the order of the struct, whatever their numbers were: here 3, 4 ... backwards. */
static void test_start(void **state)
{
	static const char *const env[] = {"ROLE_WANTED", NULL};
	static struct role_fds fds;
	int pairs[4][2];
	(void)state;
	role_fds_init(&fds);
	for (int i = 0; i < 4; i++)
		assert_int_equal(frame_pair(SOCK_STREAM, pairs[i]), 0);
	fds.n_loops = 1;
	fds.n_pool = 1;
	fds.super = pairs[0][1];
	for (int i = 0; i < 3; i++)
		fds.keyd[fds.n_keyd++] = pairs[3 - i][1];
	assert_int_equal(dup2(0, STRAY), STRAY);
	setenv("ROLE_SECRET", "x", 1);
	setenv("ROLE_WANTED", "x", 1);
	struct role_spec spec = {.role = "probe", .config_path = "none", .fds = &fds, .env = env};
	assert_int_equal(run(&spec), 0);
	for (int i = 0; i < 3; i++) {
		char c = 0;
		assert_int_equal(recv(pairs[3 - i][0], &c, 1, MSG_DONTWAIT), 1);
		assert_int_equal(c, 'a' + i);
	}
	spec.program = "/nonexistent";
	assert_int_equal(run(&spec), 127);
	close(STRAY);
	for (int i = 0; i < 4; i++) {
		close(pairs[i][0]);
		close(pairs[i][1]);
	}
}

/* Without the variable, or with descriptors that are not there, nobody is a role. */
static void test_enter_refuses(void **state)
{
	static struct role_fds fds;
	(void)state;
	unsetenv("MINTMARK_FDS");
	assert_int_equal(role_enter("probe", &fds), E_CONFIG);
	setenv("MINTMARK_FDS", "loops=0,pool=0,keyd=900", 1);
	assert_int_equal(role_enter("probe", &fds), E_CONFIG);
	setenv("MINTMARK_FDS", "loops=0,pool=0,keyd=1", 1); /* standard output is no channel */
	assert_int_equal(role_enter("probe", &fds), E_CONFIG);
	unsetenv("MINTMARK_FDS");
}

int main(int argc, char **argv)
{
	log_setup("test", LOG_OFF, LOG_TEXT);
	if (argc == 5 && strcmp(argv[2], "--role=probe") == 0)
		return probe();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_enter_refuses),
		cmocka_unit_test(test_start),
	};
	return cmocka_run_group_tests_name("role", tests, NULL, NULL);
}
