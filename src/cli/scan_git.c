/* See scan_git.h. */
#include "cli/scan_git.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"

enum { PIECE = 65536, SHALLOW_MAX = 1 << 20, CONFIG_MAX = 1 << 20, HEADER_MAX = 160, ENV_MAX = PATH_MAX + 64 };

struct scan_git {
	char folder[PATH_MAX];                /* ours */
	char env_dir[ENV_MAX], env_objects[ENV_MAX], env_path[ENV_MAX];
	FILE *commits;                        /* ids of what was met; a file of ours */
	size_t hex_len;                       /* of an object's id */
	/* a running git */
	pid_t pid;
	int fd;
	char piece[PIECE];
	size_t at, len;
	bool ended;
};

/* --- a folder of our own --- */

static bool write_file(const struct scan_git *git, const char *name, struct str text)
{
	char path[PATH_MAX + 16];
	snprintf(path, sizeof(path), "%s/%s", git->folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return false;
	bool good = write(fd, text.p, text.len) == (ssize_t)text.len;
	return close(fd) == 0 && good;
}

/* A small plain file of the repository; nothing where there is none. */
static void read_small(const char *git_dir, const char *name, struct buf *out)
{
	char path[PATH_MAX];
	struct stat st;
	if (snprintf(path, sizeof(path), "%s/%s", git_dir, name) >= (int)sizeof(path))
		return;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= (off_t)out->max) {
		char *room = buf_reserve(out, (size_t)st.st_size);
		ssize_t n = room ? read(fd, room, (size_t)st.st_size) : -1;
		out->len += n > 0 ? (size_t)n : 0;
	}
	close(fd);
}

/* Only whether ids are SHA-256: "objectFormat = sha256" in a line of its own. */
static bool is_sha256(const char *git_dir)
{
	_cleanup_(buf_done) struct buf config;
	struct str line, key, value, rest;
	bool found = false;
	buf_init(&config, CONFIG_MAX);
	read_small(git_dir, "config", &config);
	for (rest = buf_str(&config); !found && rest.len > 0;) {
		if (!str_cut(rest, '\n', &line, &rest)) {
			line = rest;
			rest = STR("");
		}
		found = str_cut(line, '=', &key, &value) && str_eq_ci(str_trim_ows(key), STR("objectformat")) &&
			str_eq_ci(str_trim_ows(value), STR("sha256"));
	}
	return found;
}

/* Limits keep an object that unpacks to more than there is from taking the machine's memory. */
#define CONFIG                                                                                               \
	"\tbare = true\n\tbigFileThreshold = 64m\n\tpackedGitLimit = 128m\n\tpackedGitWindowSize = 16m\n" \
	"\tdeltaBaseCacheLimit = 64m\n"

static const char config_sha1[] = "[core]\n\trepositoryFormatVersion = 0\n" CONFIG;
static const char config_sha256[] =
	"[core]\n\trepositoryFormatVersion = 1\n" CONFIG "[extensions]\n\tobjectFormat = sha256\n";

static bool fill(struct scan_git *git, const char *git_dir)
{
	_cleanup_(buf_done) struct buf shallow;
	char path[PATH_MAX + 16];
	bool wide = is_sha256(git_dir);
	git->hex_len = wide ? 64 : 40;
	buf_init(&shallow, SHALLOW_MAX);
	read_small(git_dir, "shallow", &shallow);
	snprintf(path, sizeof(path), "%s/refs", git->folder);
	if (mkdir(path, 0700) < 0 || !write_file(git, "HEAD", STR("ref: refs/heads/none\n")) ||
	    !write_file(git, "config", str_of(wide ? config_sha256 : config_sha1)))
		return false;
	if (shallow.len > 0 && !write_file(git, "shallow", buf_str(&shallow)))
		return false;
	snprintf(path, sizeof(path), "%s/commits", git->folder);
	git->commits = fopen(path, "w+xe");
	return git->commits != NULL;
}

static int prepare(struct scan_git *git, const char *git_dir, const char *objects)
{
	char absolute[PATH_MAX];
	const char *tmp = getenv("TMPDIR"), *path = getenv("PATH");
	tmp = tmp && tmp[0] == '/' ? tmp : "/tmp";
	if (!realpath(objects, absolute))
		return E_IO;
	if (snprintf(git->folder, sizeof(git->folder), "%s/mintmark-scan-XXXXXX", tmp) >= (int)sizeof(git->folder) ||
	    !mkdtemp(git->folder)) {
		git->folder[0] = '\0';
		return E_ABSENT;
	}
	snprintf(git->env_dir, sizeof(git->env_dir), "GIT_DIR=%s", git->folder);
	snprintf(git->env_objects, sizeof(git->env_objects), "GIT_OBJECT_DIRECTORY=%s", absolute);
	snprintf(git->env_path, sizeof(git->env_path), "PATH=%s", path ? path : "/usr/local/bin:/usr/bin:/bin");
	return fill(git, git_dir) ? 0 : E_ABSENT;
}

int scan_git_open(const char *git_dir, const char *objects, struct scan_git **ret_git)
{
	struct scan_git *git = calloc(1, sizeof(*git));
	if (!git)
		return E_NOMEM;
	git->pid = git->fd = -1;
	int rc = prepare(git, git_dir, objects);
	if (rc < 0) {
		scan_git_close(git);
		return rc;
	}
	*ret_git = git;
	return 0;
}

void scan_git_close(struct scan_git *git)
{
	static const char *const names[] = {"HEAD", "config", "shallow", "commits", "refs"};
	char path[PATH_MAX + 16];
	if (!git)
		return;
	if (git->commits)
		(void)fclose(git->commits);
	for (size_t i = 0; git->folder[0] && i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", git->folder, names[i]);
		(void)remove(path);
	}
	if (git->folder[0])
		(void)rmdir(git->folder);
	free(git);
}

/* --- running git --- */

/* In the child. What git has to say is about bytes of strangers: not for the terminal. */
static _Noreturn void become_git(struct scan_git *git, char *const *argv, int in, int out)
{
	static const struct rlimit no_core = {0, 0}, memory = {(rlim_t)8 << 30, (rlim_t)8 << 30};
	char *env[] = {
		git->env_path, git->env_dir, git->env_objects, (char[]){"GIT_CONFIG_NOSYSTEM=1"},
		(char[]){"GIT_CONFIG_GLOBAL=/dev/null"}, (char[]){"GIT_NO_REPLACE_OBJECTS=1"},
		(char[]){"GIT_NO_LAZY_FETCH=1"}, (char[]){"GIT_ALLOW_PROTOCOL=none"}, (char[]){"GIT_TERMINAL_PROMPT=0"},
		(char[]){"GIT_OPTIONAL_LOCKS=0"}, (char[]){"GIT_ATTR_NOSYSTEM=1"}, (char[]){"LC_ALL=C"}, NULL};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	(void)setrlimit(RLIMIT_CORE, &no_core);
	(void)setrlimit(RLIMIT_AS, &memory);
	(void)signal(SIGPIPE, SIG_DFL);
	if (chdir(git->folder) == 0 && null >= 0 && dup2(in >= 0 ? in : null, STDIN_FILENO) >= 0 &&
	    dup2(out, STDOUT_FILENO) >= 0 && dup2(null, STDERR_FILENO) >= 0)
		execvpe("git", argv, env);
	_exit(127);
}

static int start(struct scan_git *git, char *const *argv, int in)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return E_IO;
	git->pid = fork();
	if (git->pid == 0)
		become_git(git, argv, in, fds[1]);
	close(fds[1]);
	if (git->pid < 0) {
		close(fds[0]);
		return E_IO;
	}
	git->fd = fds[0];
	git->at = git->len = 0;
	git->ended = false;
	return 0;
}

/* 127: execvpe has not found it. */
static int finish(struct scan_git *git)
{
	int status = 0;
	close(git->fd);
	pid_t pid;
	do
		pid = waitpid(git->pid, &status, 0);
	while (pid < 0 && errno == EINTR);
	if (pid == git->pid && WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return E_ABSENT;
	return pid == git->pid && status == 0 ? 0 : E_IO;
}

static bool more(struct scan_git *git)
{
	ssize_t n;
	if (git->at < git->len)
		return true;
	if (git->ended)
		return false;
	do
		n = read(git->fd, git->piece, sizeof(git->piece));
	while (n < 0 && errno == EINTR);
	git->at = 0;
	git->len = n > 0 ? (size_t)n : 0;
	git->ended = n <= 0;
	return n > 0;
}

/* What stands before the next `end`, without what there is no room for. False: there is nothing more. */
static bool next(struct scan_git *git, char end, char *text, size_t size, struct str *ret_text)
{
	size_t len = 0;
	if (!more(git))
		return false;
	while (more(git)) {
		char c = git->piece[git->at++];
		if (c == end)
			break;
		if (len < size)
			text[len++] = c;
	}
	*ret_text = (struct str){text, len};
	return true;
}

/* --- all objects --- */

static bool give(struct scan_git *git, uint64_t len, const struct scan_git_reader *reader)
{
	while (len > 0 && more(git)) {
		size_t n = git->len - git->at < len ? git->len - git->at : (size_t)len;
		reader->bytes(reader->arg, str_mem(git->piece + git->at, n));
		git->at += n;
		len -= n;
	}
	return len == 0 && more(git) && git->piece[git->at++] == '\n';
}

/* "<id> <type> <size>". */
static bool read_header(const struct scan_git *git, struct str line, struct scan_git_object *ret_object,
			uint64_t *ret_len)
{
	struct str rest, size;
	return str_cut(line, ' ', &ret_object->id, &rest) && str_cut(rest, ' ', &ret_object->type, &size) &&
	       ret_object->id.len == git->hex_len && str_to_u64(size, INT64_MAX, ret_len) == 0;
}

static int read_all(struct scan_git *git, const struct scan_git_reader *reader)
{
	char text[HEADER_MAX];
	struct str line;
	struct scan_git_object object;
	uint64_t len;
	while (next(git, '\n', text, sizeof(text), &line)) {
		if (!read_header(git, line, &object, &len))
			return E_IO;
		if (str_eq(object.type, STR("commit")) &&
		    fprintf(git->commits, "%.*s\n", STR_ARG(object.id)) < 0)
			return E_IO;
		reader->begin(reader->arg, &object);
		bool whole = give(git, len, reader);
		reader->end(reader->arg);
		if (!whole)
			return E_IO;
	}
	return 0;
}

int scan_git_read(struct scan_git *git, const struct scan_git_reader *reader)
{
	char *argv[] = {(char[]){"git"}, (char[]){"cat-file"}, (char[]){"--batch-all-objects"}, (char[]){"--batch"},
			(char[]){"--buffer"}, (char[]){"--unordered"}, NULL};
	TRY(start(git, argv, -1));
	int rc = read_all(git, reader);
	int end = finish(git);
	return end < 0 ? end : rc;
}

/* --- what the commits brought --- */

/* "\1<id> <seconds>", as --format below makes it. */
static void read_commit(struct str text, char id[SCAN_GIT_ID_MAX], struct scan_git_change *change)
{
	struct str hex, time;
	uint64_t time_s = 0;
	if (!str_cut((struct str){text.p + 1, text.len - 1}, ' ', &hex, &time) || hex.len > SCAN_GIT_ID_MAX)
		return;
	memcpy(id, hex.p, hex.len);
	change->commit = (struct str){id, hex.len};
	change->time_s = str_to_u64(time, INT64_MAX, &time_s) == 0 ? (int64_t)time_s : 0;
}

/* ":100644 100644 <old> <new> M". */
static bool read_blob(struct str text, char id[SCAN_GIT_ID_MAX], struct scan_git_change *change)
{
	struct str part, rest = text;
	for (int i = 0; i < 3; i++)
		if (!str_cut(rest, ' ', &part, &rest))
			return false;
	if (!str_cut(rest, ' ', &part, &rest) || part.len > SCAN_GIT_ID_MAX)
		return false;
	memcpy(id, part.p, part.len);
	change->blob = (struct str){id, part.len};
	return true;
}

static void read_changes(struct scan_git *git, scan_git_change_fn *fn, void *arg)
{
	char text[SCAN_GIT_PATH_MAX], commit[SCAN_GIT_ID_MAX], blob[SCAN_GIT_ID_MAX];
	struct scan_git_change change = {0};
	struct str part;
	while (next(git, '\0', text, sizeof(text), &part)) {
		if (part.len > 0 && part.p[0] == '\n') /* git ends the commit's line so */
			part = (struct str){part.p + 1, part.len - 1};
		if (part.len > 0 && part.p[0] == '\1') {
			read_commit(part, commit, &change);
		} else if (part.len > 0 && part.p[0] == ':' && read_blob(part, blob, &change) &&
			   next(git, '\0', text, sizeof(text), &change.path)) {
			fn(arg, &change);
		}
	}
}

int scan_git_changes(struct scan_git *git, scan_git_change_fn *fn, void *arg)
{
	char *argv[] = {(char[]){"git"}, (char[]){"diff-tree"}, (char[]){"--stdin"}, (char[]){"-r"}, (char[]){"-m"},
			(char[]){"--root"}, (char[]){"--raw"}, (char[]){"-z"}, (char[]){"--no-abbrev"},
			(char[]){"--no-renames"}, (char[]){"--format=%x01%H %ct"}, NULL};
	if (fflush(git->commits) != 0 || fseek(git->commits, 0, SEEK_SET) != 0)
		return E_IO;
	TRY(start(git, argv, fileno(git->commits)));
	read_changes(git, fn, arg);
	return finish(git);
}
