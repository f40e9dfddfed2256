/* Starting roles with a fixed list of descriptors and a short environment; see role.h. */
#include "ipc/role.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "ipc/frame.h"
#include "ipc/sandbox.h"

enum {
	FIRST_FD = 3,
	FD_MAX = 4096,
	ENV_MAX = 32,
	FDS_TEXT_MAX = 32768,
	FDS_MAX = ROLE_LISTEN_MAX + ROLE_CHANNEL_MAX + 2
};

/* TZ is not here on purpose: roles get UTC, so that no time function looks for a zone file behind the sandbox. */
static const char *const env_allowed[] = {
	"PATH",         "LANG",          "LC_ALL",       "SSL_CERT_FILE", "SSL_CERT_DIR",
	"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS",
};

void role_fds_init(struct role_fds *fds) { *fds = (struct role_fds){.super = -1, .admin = -1}; }

void role_fds_close(struct role_fds *fds)
{
	frame_close(&fds->super);
	frame_close(&fds->admin);
	for (size_t i = 0; i < fds->n_listen; i++)
		frame_close(&fds->listen[i].fd);
	for (size_t i = 0; i < fds->n_keyd; i++)
		frame_close(&fds->keyd[i]);
	role_fds_init(fds);
}

/* All descriptors of the struct, in the order in which they are numbered from FIRST_FD. */
static size_t list_fds(struct role_fds *fds, int *out[FDS_MAX])
{
	size_t n = 0;
	if (fds->super >= 0)
		out[n++] = &fds->super;
	if (fds->admin >= 0)
		out[n++] = &fds->admin;
	for (size_t i = 0; i < fds->n_listen; i++)
		out[n++] = &fds->listen[i].fd;
	for (size_t i = 0; i < fds->n_keyd; i++)
		out[n++] = &fds->keyd[i];
	return n;
}

static void put_fds(struct buf *out, const struct role_fds *fds)
{
	buf_printf(out, "MINTMARK_FDS=loops=%u,pool=%u", fds->n_loops, fds->n_pool);
	if (fds->super >= 0)
		buf_printf(out, ",super=%d", fds->super);
	if (fds->admin >= 0)
		buf_printf(out, ",admin=%d", fds->admin);
	for (size_t i = 0; i < fds->n_listen; i++) {
		const struct role_listen *l = &fds->listen[i];
		buf_printf(out, ",listen=%d:%u:%u:%d", l->fd, l->listener, l->loop, l->tls);
	}
	for (size_t i = 0; i < fds->n_keyd; i++)
		buf_printf(out, ",keyd=%d", fds->keyd[i]);
	buf_put_char(out, '\0');
}

/* The child's environment; strings are borrowed from ours. */
static void pick_env(const struct role_spec *spec, char *fds_text, char *out[ENV_MAX])
{
	size_t n = 0;
	static char utc[] = "TZ=UTC0";
	out[n++] = fds_text;
	out[n++] = utc;
	for (char **e = environ; *e && n < ENV_MAX - 1; e++) {
		struct str name, value;
		bool wanted = false;
		if (!str_cut(str_of(*e), '=', &name, &value))
			continue;
		for (size_t i = 0; i < sizeof(env_allowed) / sizeof(env_allowed[0]); i++)
			wanted |= str_eq(name, str_of(env_allowed[i]));
		for (size_t i = 0; spec->env && spec->env[i]; i++)
			wanted |= str_eq(name, str_of(spec->env[i]));
		if (wanted)
			out[n++] = *e;
	}
	out[n] = NULL;
}

/* Move all descriptors to their numbers: first out of the way, then down, so that none overwrites another. */
static int place_fds(int *list[], size_t n)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(null, 0) < 0)
		return E_IO;
	for (size_t i = 0; i < n; i++) {
		int high = fcntl(*list[i], F_DUPFD_CLOEXEC, FIRST_FD + (int)n);
		if (high < 0)
			return E_IO;
		*list[i] = high;
	}
	for (size_t i = 0; i < n; i++) {
		if (dup2(*list[i], FIRST_FD + (int)i) < 0)
			return E_IO;
		*list[i] = FIRST_FD + (int)i;
	}
	return close_range(FIRST_FD + (unsigned)n, ~0U, 0) < 0 ? E_IO : 0;
}

static void reset_signals(void)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
	sigset_t none;
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child: never returns. */
static void become(const struct role_spec *spec, pid_t parent, struct role_fds *fds, struct buf *text)
{
	static char name[] = "mintmark", verb[] = "serve", config[] = "--config";
	char role_arg[32];
	int *list[FDS_MAX];
	char *env[ENV_MAX];
	struct buf role_buf;
	size_t n = list_fds(fds, list);

	buf_init_fixed(&role_buf, role_arg, sizeof(role_arg));
	buf_printf(&role_buf, "--role=%s", spec->role);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent) /* it may have died before the first call */
		_exit(127);
	if (place_fds(list, n) < 0 || buf_status(&role_buf) < 0)
		_exit(127);
	put_fds(text, fds);
	if (buf_status(text) < 0)
		_exit(127);
	pick_env(spec, text->p, env);
	reset_signals();
	char *argv[] = {name, verb, role_arg, config, (char *)(uintptr_t)spec->config_path, NULL};
	execve(spec->program ? spec->program : "/proc/self/exe", argv, env);
	_exit(127);
}

int role_start(const struct role_spec *spec, pid_t *ret_pid)
{
	struct role_fds fds = *spec->fds;
	_cleanup_(buf_done) struct buf text;
	buf_init(&text, FDS_TEXT_MAX);
	if (!buf_reserve(&text, FDS_TEXT_MAX))
		return buf_status(&text);
	log_flush();
	pid_t parent = getpid();
	pid_t pid = fork();
	if (pid < 0)
		return E_IO;
	if (pid == 0)
		become(spec, parent, &fds, &text);
	*ret_pid = pid;
	return 0;
}

/* "6:0:1:0" */
static int parse_listen(struct str text, struct role_fds *fds)
{
	static const uint64_t max[4] = {FD_MAX, ROLE_LISTEN_MAX, ROLE_LOOPS_MAX - 1, 1};
	uint64_t number[4];
	struct str rest = text;
	if (fds->n_listen == ROLE_LISTEN_MAX)
		return E_LIMIT;
	for (int i = 0; i < 4; i++) {
		struct str head = rest, tail = {0};
		if (str_cut(rest, ':', &head, &tail) != (i < 3))
			return E_SYNTAX;
		TRY(str_to_u64(i < 3 ? head : rest, max[i], &number[i]));
		rest = tail;
	}
	fds->listen[fds->n_listen++] = (struct role_listen){.fd = (int)number[0],
							    .listener = (unsigned)number[1],
							    .loop = (unsigned)number[2],
							    .tls = number[3] == 1};
	return 0;
}

static int parse_keyd(struct str text, struct role_fds *fds)
{
	uint64_t fd;
	if (fds->n_keyd == ROLE_CHANNEL_MAX)
		return E_LIMIT;
	TRY(str_to_u64(text, FD_MAX, &fd));
	fds->keyd[fds->n_keyd++] = (int)fd;
	return 0;
}

/* A row is a plain number (all of them are 4 bytes wide), or a list with a parser of its own. */
static const struct {
	const char *name;
	uint64_t max;
	size_t offset;
	int (*parse)(struct str text, struct role_fds *fds);
} fds_rows[] = {
	{"loops", ROLE_LOOPS_MAX, offsetof(struct role_fds, n_loops), NULL},
	{"pool", ROLE_POOL_MAX, offsetof(struct role_fds, n_pool), NULL},
	{"super", FD_MAX, offsetof(struct role_fds, super), NULL},
	{"admin", FD_MAX, offsetof(struct role_fds, admin), NULL},
	{"listen", 0, 0, parse_listen},
	{"keyd", 0, 0, parse_keyd},
};

static int parse_value(size_t row, struct str value, struct role_fds *fds)
{
	uint64_t number;
	if (fds_rows[row].parse)
		return fds_rows[row].parse(value, fds);
	TRY(str_to_u64(value, fds_rows[row].max, &number));
	uint32_t small = (uint32_t)number;
	memcpy((char *)fds + fds_rows[row].offset, &small, sizeof(small));
	return 0;
}

static int parse_item(struct str item, struct role_fds *fds)
{
	struct str name, value;
	if (!str_cut(item, '=', &name, &value))
		return E_SYNTAX;
	for (size_t i = 0; i < sizeof(fds_rows) / sizeof(fds_rows[0]); i++)
		if (str_eq(name, str_of(fds_rows[i].name)))
			return parse_value(i, value, fds);
	return E_SYNTAX;
}

int role_parse_fds(struct str text, struct role_fds *ret_fds)
{
	struct role_fds fds;
	struct str item, rest = text;
	role_fds_init(&fds);
	while (str_cut(rest, ',', &item, &rest))
		TRY(parse_item(item, &fds));
	TRY(parse_item(rest, &fds));
	if (fds.n_keyd != (size_t)fds.n_loops + fds.n_pool + 1)
		return E_SYNTAX;
	*ret_fds = fds;
	return 0;
}

int role_harden(void)
{
	struct rlimit none = {0, 0};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
		return E_IO;
	if (SANDBOX_ASAN) /* the leak check reads our own memory by ptrace */
		return 0;
	return prctl(PR_SET_DUMPABLE, 0) < 0 ? E_IO : 0;
}

/* A descriptor that is not there, or one above the list, means that somebody else set the variable. */
static int check_fds(struct role_fds *fds)
{
	int *list[FDS_MAX];
	size_t n = list_fds(fds, list);
	for (size_t i = 0; i < n; i++)
		if (*list[i] < FIRST_FD || fcntl(*list[i], F_SETFD, FD_CLOEXEC) < 0)
			return E_CONFIG;
	return 0;
}

/* What ps and top show: we were started as /proc/self/exe. */
static void set_name(const char *role)
{
	char name[16]; /* the kernel's limit */
	snprintf(name, sizeof(name), "mintmark-%s", role);
	(void)!prctl(PR_SET_NAME, name);
}

int role_enter(const char *role, struct role_fds *ret_fds)
{
	const char *text = getenv("MINTMARK_FDS");
	struct role_fds fds;
	log_setup(role, log_threshold(), LOG_TEXT);
	if (!text || role_parse_fds(str_of(text), &fds) < 0)
		return E_CONFIG;
	TRY(check_fds(&fds));
	unsetenv("MINTMARK_FDS");
	set_name(role);
	TRY(role_harden());
	*ret_fds = fds;
	return 0;
}
