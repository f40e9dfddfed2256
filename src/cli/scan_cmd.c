/*
 * mintmark scan: leaked secrets in files, folders and the history of git repositories, offline. What is found is named
 * by place, kind and last characters. With --revoke each client secret is sent to the server, which ends it.
 */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/enc.h"
#include "cli/print.h"
#include "cli/scan.h"
#include "cli/sdk.h"
#include "http/http_out.h"
#include "json/json.h"

enum { PIECE = 65536, FOUND_MAX = 100000, PLACE_MAX = 8192, REVOKE_MS = 15000, ANSWER_MAX = 65536, JSON_MAX = 1 << 26 };

/* A secret that was seen, once each. */
struct seen {
	char text[ID_SECRET_LEN];
};

struct run {
	struct cli *cli;
	const char *path;        /* of what is read now */
	const char *commit;      /* in a history; else NULL */
	uint64_t line_offset;
	struct seen *seen;
	size_t n_seen, n_places;
	bool failed, to_full;
	struct buf json;
	struct json_out out;
};

static bool remember(struct run *run, struct str secret)
{
	for (size_t i = 0; i < run->n_seen; i++)
		if (secret_eq(run->seen[i].text, ID_SECRET_LEN, secret.p, secret.len))
			return false;
	if (run->n_seen == FOUND_MAX) {
		run->to_full = true;
		return false;
	}
	struct seen *seen = run->n_seen % 64 ? run->seen : realloc(run->seen, (run->n_seen + 64) * sizeof(*seen));
	if (!seen) {
		run->to_full = true;
		return false;
	}
	run->seen = seen;
	memcpy(seen[run->n_seen++].text, secret.p, ID_SECRET_LEN);
	return true;
}

/* The last characters are what lists of secrets show too (OAuth id.h, ID_HINT_LEN). */
static void report(void *arg, struct str secret, uint64_t line)
{
	struct run *run = arg;
	bool is_new = remember(run, secret);
	struct str hint = {secret.p + secret.len - ID_HINT_LEN, ID_HINT_LEN};
	line += run->line_offset;
	if (run->commit && !is_new)
		return; /* a history says the same many times */
	run->n_places++;
	if (run->cli->json) {
		json_open(&run->out, NULL, '{');
		json_str(&run->out, "path", str_of(run->path));
		json_int(&run->out, "line", (int64_t)line);
		if (run->commit)
			json_str(&run->out, "commit", str_of(run->commit));
		json_str(&run->out, "kind", str_of(scan_kind(secret)));
		json_str(&run->out, "hint", hint);
		json_close(&run->out, '}');
		return;
	}
	print_safe(stdout, str_of(run->path));
	printf(":%llu: %s %.4s...%.*s", (unsigned long long)line, scan_kind(secret), secret.p, STR_ARG(hint));
	printf(run->commit ? " (commit %.12s)\n" : "\n", run->commit ? run->commit : "");
}

static void complain(struct run *run, const char *path, const char *why)
{
	run->failed = true;
	(void)args_fail(EXIT_FAILED, "%s: %s", path, why);
}

/* A whole file; what it lacks at its end is asked for by a line's end. */
static void read_file(struct run *run, const char *path, int fd)
{
	char piece[PIECE];
	struct scan scan;
	ssize_t n;
	run->path = path;
	scan_begin(&scan, report, run);
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		scan_feed(&scan, str_mem(piece, (size_t)n));
	static const char end[ID_SECRET_LEN] = {0};
	scan_feed(&scan, str_mem(end, sizeof(end)));
	secret_wipe(piece, sizeof(piece));
	if (n < 0)
		complain(run, path, strerror(errno));
}

static void scan_file(struct run *run, const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		complain(run, path, strerror(errno));
		return;
	}
	read_file(run, path, fd);
	close(fd);
}

/* --- git --- */

/* Where a line of `git log -p` belongs. */
struct history {
	struct run *run;
	char path[PLACE_MAX], commit[64];
	uint64_t line;
	bool in_message;
};

static void copy_text(char *to, size_t size, struct str text)
{
	size_t len = text.len < size - 1 ? text.len : size - 1;
	memcpy(to, text.p, len);
	to[len] = '\0';
}

static struct str behind(struct str line, size_t n) { return str_mem(line.p + n, line.len - n); }

/* "@@ -1,2 +34,5 @@": the line that comes next is 34. */
static void read_hunk(struct history *history, struct str line)
{
	struct str before, rest, number;
	uint64_t value;
	if (!str_cut(line, '+', &before, &rest))
		return;
	number = str_mem(rest.p, strspn(rest.p, "0123456789"));
	history->line = str_to_u64(number, INT32_MAX, &value) == 0 ? value : 0;
}

static void scan_line(struct history *history, struct str line, uint64_t number)
{
	struct scan scan;
	static const char end[ID_SECRET_LEN] = {0};
	history->run->path = history->in_message ? "(message)" : history->path;
	history->run->commit = history->commit;
	history->run->line_offset = number > 0 ? number - 1 : 0;
	scan_begin(&scan, report, history->run);
	scan_feed(&scan, line);
	scan_feed(&scan, str_mem(end, sizeof(end)));
}

/* \1 begins a commit, and can't begin a line of a difference. */
static void take_line(struct history *history, struct str line)
{
	if (line.len > 0 && line.p[0] == '\1') {
		copy_text(history->commit, sizeof(history->commit), behind(line, 1));
		history->in_message = true;
		return;
	}
	if (str_has_prefix(line, STR("diff --git "))) {
		history->in_message = false;
		history->path[0] = '\0';
	} else if (history->in_message) {
		scan_line(history, line, 1);
	} else if (line.len > 4 && str_has_prefix(line, STR("+++ "))) {
		struct str path = behind(line, 4);
		if (path.p[path.len - 1] == '\t') /* git puts it behind names with blanks */
			path.len--;
		copy_text(history->path, sizeof(history->path),
			  str_has_prefix(path, STR("b/")) ? behind(path, 2) : path);
	} else if (str_has_prefix(line, STR("@@ "))) {
		read_hunk(history, line);
	} else if (line.len > 0 && line.p[0] == '+') {
		scan_line(history, behind(line, 1), history->line++);
	}
}

static void read_log(struct run *run, FILE *log)
{
	struct history *history = calloc(1, sizeof(*history));
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	if (!history) {
		complain(run, "git", "no memory");
		return;
	}
	history->run = run;
	while ((n = getline(&line, &room, log)) >= 0)
		take_line(history, str_mem(line, (size_t)n - (n > 0 && line[n - 1] == '\n')));
	if (line)
		secret_wipe(line, room);
	free(line);
	free(history);
	run->commit = NULL;
	run->line_offset = 0;
}

/* git with nothing of the repository's that could run a program. NULL: it can't be started. */
static FILE *start_git(const char *folder, pid_t *ret_pid)
{
	int pipe_fds[2];
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return NULL;
	pid_t pid = fork();
	if (pid == 0) {
		dup2(pipe_fds[1], STDOUT_FILENO);
		execlp("git", "git", "-C", folder, "--no-pager", "-c", "core.fsmonitor=false", "-c",
		       "core.hooksPath=/dev/null", "-c", "core.quotePath=false", "-c", "diff.noprefix=false", "log",
		       "--all", "--reflog", "-p", "-m", "--text", "-U0", "--no-color", "--no-ext-diff", "--no-textconv",
		       "--no-renames", "--src-prefix=a/", "--dst-prefix=b/", "--format=%x01%H%n%an <%ae>%n%B",
		       (char *)NULL);
		_exit(127);
	}
	close(pipe_fds[1]);
	FILE *log = pid > 0 ? fdopen(pipe_fds[0], "r") : NULL;
	if (!log)
		close(pipe_fds[0]);
	*ret_pid = pid;
	return log;
}

static void scan_history(struct run *run, const char *folder)
{
	pid_t pid = -1;
	int status = 0;
	FILE *log = start_git(folder, &pid);
	if (log) {
		read_log(run, log);
		(void)fclose(log);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !log)
		complain(run, folder, "git can not be run");
	else if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		complain(run, folder, "its history is not searched: there is no git");
	else if (status != 0)
		complain(run, folder, "its history can not be read");
}

/* --- folders --- */

static void visit(struct run *run, FTS *tree, FTSENT *entry)
{
	char parent[PLACE_MAX];
	bool is_git = strcmp(entry->fts_name, ".git") == 0 && entry->fts_level > 0;
	if (is_git && (entry->fts_info == FTS_D || entry->fts_info == FTS_F)) { /* a file in worktrees and submodules */
		copy_text(parent, sizeof(parent), str_mem(entry->fts_path, entry->fts_pathlen - sizeof("/.git") + 1));
		scan_history(run, parent[0] ? parent : "/");
		(void)fts_set(tree, entry, FTS_SKIP); /* objects are compressed: git has read them */
	} else if (entry->fts_info == FTS_F) {
		scan_file(run, entry->fts_accpath);
	} else if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS) {
		complain(run, entry->fts_path, strerror(entry->fts_errno));
	}
}

static void scan_paths(struct run *run, char **paths)
{
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	if (!tree) {
		complain(run, paths[0], strerror(errno));
		return;
	}
	for (FTSENT *entry; (entry = fts_read(tree));)
		visit(run, tree, entry);
	(void)fts_close(tree);
}

/* --- telling the server --- */

static int send_one(struct cli *cli, const struct seen *seen, bool *ret_revoked)
{
	_cleanup_(buf_done) struct buf url, form, text;
	_cleanup_(json_freep) struct json *answer = NULL;
	const char *issuer = cli_value(cli, OPT_SDK_ISSUER);
	const struct http_out_limits limits = {.timeout_ms = REVOKE_MS, .max_bytes = ANSWER_MAX, .allow_private = true,
					       .allow_http = true, .http_near_only = true,
					       .ca_file = cli_value(cli, OPT_CA_FILE)};
	struct http_out_answer head;
	buf_init(&url, HTTP_OUT_URL_MAX);
	buf_init(&form, 4 * ID_SECRET_LEN);
	buf_init(&text, ANSWER_MAX);
	buf_put(&url, str_trim_end(str_of(issuer), '/'));
	buf_put(&url, STR("/oauth2/leaked"));
	buf_put(&form, STR("token="));
	enc_url(&form, str_mem(seen->text, ID_SECRET_LEN));
	TRY(buf_status(&url));
	TRY(buf_status(&form));
	const struct str headers[] = {STR("Content-Type: application/x-www-form-urlencoded")};
	const struct http_out_request request = {"POST", buf_str(&url), headers, 1, buf_str(&form)};
	TRY(http_out_send(&request, &limits, &text, &head));
	if (head.status != 200 || json_parse_object(buf_str(&text), &answer) < 0)
		return E_NOT_FOUND;
	return json_get_bool(answer, "revoked", ret_revoked);
}

static int revoke_all(struct run *run)
{
	for (size_t i = 0; i < run->n_seen; i++) {
		struct str text = {run->seen[i].text, ID_SECRET_LEN};
		bool revoked = false;
		if (!id_secret_looks_generated(text))
			continue;
		int rc = send_one(run->cli, &run->seen[i], &revoked);
		if (rc < 0)
			return args_fail(EXIT_UNREACHABLE,
					 "%s can not be told of a leaked secret, or is no Mintmark server",
					 cli_value(run->cli, OPT_SDK_ISSUER));
		fprintf(stderr, "client secret mms_...%.*s: %s\n", ID_HINT_LEN, text.p + text.len - ID_HINT_LEN,
			revoked ? "ended" : "not known there");
	}
	return EXIT_OK;
}

static int finish(struct run *run)
{
	if (run->cli->json) {
		json_close(&run->out, ']');
		json_close(&run->out, '}');
		if (buf_status(&run->json) < 0)
			return args_fail(EXIT_FAILED, "there is too much to report");
		printf("%.*s\n", STR_ARG(buf_str(&run->json)));
	}
	int status = cli_has(run->cli, OPT_SCAN_REVOKE) ? revoke_all(run) : EXIT_OK;
	if (run->to_full)
		return args_fail(EXIT_FAILED, "there are more secrets than can be remembered");
	if (status != EXIT_OK || run->failed)
		return status != EXIT_OK ? status : EXIT_USAGE;
	return run->n_places > 0 ? EXIT_FAILED : EXIT_OK;
}

int scan_cmd_run(struct cli *cli)
{
	struct run run = {.cli = cli};
	if (cli_has(cli, OPT_SCAN_REVOKE) && !cli_has(cli, OPT_SDK_ISSUER))
		return args_fail(EXIT_USAGE, "--revoke needs --issuer: whom to tell");
	buf_init(&run.json, JSON_MAX);
	json_out_init(&run.out, &run.json);
	json_open(&run.out, NULL, '{');
	json_open(&run.out, "found", '[');
	scan_paths(&run, cli->rest);
	int status = finish(&run);
	if (run.seen)
		secret_wipe(run.seen, run.n_seen * sizeof(*run.seen));
	free(run.seen);
	buf_done(&run.json);
	return status;
}
