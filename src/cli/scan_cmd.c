/*
 * mintmark scan: leaked secrets in files, folders and the history of git repositories, offline. What is found is named
 * by place, kind and last characters. With --revoke each is sent to the server, which ends it. Runs as whoever calls it
 * on folders of others: nothing in them is believed, followed or run.
 */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/scan_history.h"
#include "cli/scan_leak.h"

enum { BLOCK = 512 /* of st_blocks */, REPOSITORIES_MAX = 10000, LINK_MAX = PATH_MAX + 16 };

/* Of fts_number: a folder of a repository's own. */
enum { IS_GIT_DIR = 1 };

/* An object store that was read: several worktrees have one. */
struct store_id {
	dev_t dev;
	ino_t ino;
};

struct run {
	struct scan_found found;
	struct scan_wish wish;
	const char *path; /* of the file that is read now */
	struct store_id *stores;
	size_t n_stores;
};

static void complain(struct run *run, const char *path, int error)
{
	scan_found_complain(&run->found, path, strerror(error));
}

/* --- files --- */

static void report(void *arg, const struct scan_hit *hit)
{
	struct run *run = arg;
	size_t i;
	if (scan_found_remember(&run->found, hit, &i) < 0)
		return;
	const struct scan_place place = {.path = str_of(run->path), .line = hit->line, .form = hit->form};
	scan_found_place(&run->found, i, &place);
}

/* A file may say that it has more bytes than there are disks: where nothing was written nothing is read. */
static ssize_t read_piece(int fd, bool has_holes, char piece[SCAN_PIECE])
{
	off_t at = has_holes ? lseek(fd, 0, SEEK_CUR) : -1;
	off_t data = at >= 0 ? lseek(fd, at, SEEK_DATA) : -1;
	if (at >= 0 && data < 0 && errno == ENXIO)
		return 0;
	if (data > at) { /* what stood before a hole has ended */
		piece[0] = '\0';
		return 1;
	}
	if (at >= 0 && data < 0 && lseek(fd, at, SEEK_SET) < 0)
		return -1;
	return read(fd, piece, SCAN_PIECE);
}

static void read_file(struct run *run, const char *path, int fd, bool has_holes)
{
	char piece[SCAN_PIECE];
	struct scan scan;
	ssize_t n;
	run->path = path;
	scan_begin(&scan, &run->wish, report, run);
	while ((n = read_piece(fd, has_holes, piece)) > 0)
		scan_feed(&scan, str_mem(piece, (size_t)n));
	int error = errno;
	scan_end(&scan);
	secret_wipe(piece, sizeof(piece));
	if (n < 0)
		complain(run, path, error);
}

/* named: by the command line, so it may be a link, or a pipe; what is met in folders may have been replaced by one. */
static void scan_file(struct run *run, const char *path, bool named)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC | (named ? 0 : O_NONBLOCK | O_NOFOLLOW));
	if (fd < 0) {
		complain(run, path, errno);
		return;
	}
	if (fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || (named && S_ISFIFO(st.st_mode))))
		read_file(run, path, fd, S_ISREG(st.st_mode) && st.st_blocks * BLOCK < st.st_size);
	else
		scan_found_complain(&run->found, path, "it is no file");
	close(fd);
}

/* --- repositories --- */

static bool join(char out[PATH_MAX], const char *folder, const char *name)
{
	int n = name[0] == '/' ? snprintf(out, PATH_MAX, "%s", name) : snprintf(out, PATH_MAX, "%s/%s", folder, name);
	return n > 0 && n < PATH_MAX;
}

static bool is_folder(const char *folder, const char *name)
{
	char path[PATH_MAX];
	struct stat st;
	return join(path, folder, name) && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_git_dir(const char *folder)
{
	char path[PATH_MAX];
	struct stat st;
	return join(path, folder, "HEAD") && lstat(path, &st) == 0 && !S_ISDIR(st.st_mode) &&
	       is_folder(folder, "objects") && is_folder(folder, "refs");
}

static bool is_new_store(struct run *run, const char *objects)
{
	struct stat st;
	if (stat(objects, &st) < 0 || run->n_stores == REPOSITORIES_MAX)
		return true;
	for (size_t i = 0; i < run->n_stores; i++)
		if (run->stores[i].dev == st.st_dev && run->stores[i].ino == st.st_ino)
			return false;
	struct store_id *grown = realloc(run->stores, (run->n_stores + 1) * sizeof(*grown));
	if (grown) {
		run->stores = grown;
		run->stores[run->n_stores++] = (struct store_id){st.st_dev, st.st_ino};
	}
	return true;
}

static void scan_repository(struct run *run, const char *git_dir, const char *name)
{
	char objects[PATH_MAX];
	if (join(objects, git_dir, "objects") && is_new_store(run, objects))
		scan_history(&run->found, &run->wish, git_dir, objects, name);
}

/* The first line of a small file, without what must stand before it. */
static bool read_line(const char *path, struct str prefix, char out[PATH_MAX])
{
	char text[LINK_MAX];
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (fd >= 0)
		close(fd);
	struct str line = str_mem(text, n > 0 ? (size_t)n : 0);
	line.len = str_find(line, '\n');
	if (!str_has_prefix(line, prefix) || line.len - prefix.len >= PATH_MAX || line.len == prefix.len)
		return false;
	memcpy(out, line.p + prefix.len, line.len - prefix.len);
	out[line.len - prefix.len] = '\0';
	return true;
}

/* ".git" as a file names the repository's folder (worktrees, submodules), which may name the one it shares. */
static void scan_linked(struct run *run, const char *file, const char *parent)
{
	char target[PATH_MAX], git_dir[PATH_MAX], common[PATH_MAX], path[PATH_MAX];
	if (!read_line(file, STR("gitdir: "), target) || !join(git_dir, parent, target)) {
		scan_found_complain(&run->found, file, "it names no repository");
		return;
	}
	if (join(path, git_dir, "commondir") && read_line(path, STR(""), target) && join(common, git_dir, target))
		memcpy(git_dir, common, sizeof(common));
	if (is_git_dir(git_dir))
		scan_repository(run, git_dir, parent);
	else
		scan_found_complain(&run->found, file, "the repository that it names is not there");
}

/* --- folders --- */

static void visit_file(struct run *run, const FTSENT *entry)
{
	char parent[PATH_MAX];
	bool named = entry->fts_level == 0;
	if (strcmp(entry->fts_name, ".git") == 0 && entry->fts_pathlen < PATH_MAX) {
		size_t len = entry->fts_pathlen - (size_t)entry->fts_namelen;
		memcpy(parent, entry->fts_path, len);
		parent[len] = '\0';
		while (len > 1 && parent[len - 1] == '/')
			parent[--len] = '\0';
		scan_linked(run, entry->fts_path, len > 0 ? parent : ".");
	}
	scan_file(run, entry->fts_accpath, named);
}

/* proc and sys hold no files: some have no end, some wait for ever. */
static bool is_of_kernel(const char *path)
{
	struct statfs fs;
	return statfs(path, &fs) == 0 && (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC);
}

/* What git keeps beside its objects are plain files: configuration, logs of refs, hooks, messages. */
static void visit_folder(struct run *run, FTS *tree, FTSENT *entry)
{
	if (entry->fts_level > 0 && entry->fts_parent->fts_number == IS_GIT_DIR &&
	    strcmp(entry->fts_name, "objects") == 0) {
		(void)fts_set(tree, entry, FTS_SKIP);
		return;
	}
	if (entry->fts_level > 0 && entry->fts_dev != entry->fts_parent->fts_dev && is_of_kernel(entry->fts_path)) {
		(void)fts_set(tree, entry, FTS_SKIP);
		return;
	}
	if (!is_git_dir(entry->fts_path))
		return;
	entry->fts_number = IS_GIT_DIR;
	scan_repository(run, entry->fts_path, entry->fts_path);
}

static void visit(struct run *run, FTS *tree, FTSENT *entry)
{
	switch (entry->fts_info) {
	case FTS_D:
		visit_folder(run, tree, entry);
		break;
	case FTS_F:
		visit_file(run, entry);
		break;
	case FTS_DEFAULT: /* sockets, devices, pipes: of folders, nothing that holds bytes */
		if (entry->fts_level == 0)
			scan_file(run, entry->fts_accpath, true);
		break;
	case FTS_SLNONE:
		complain(run, entry->fts_path, ENOENT);
		break;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		complain(run, entry->fts_path, entry->fts_errno);
		break;
	default: /* behind a folder; links, which are not followed */
		break;
	}
}

static int by_name(const FTSENT **a, const FTSENT **b) { return strcmp((*a)->fts_name, (*b)->fts_name); }

static void scan_paths(struct run *run, char **paths)
{
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
	if (!tree) {
		complain(run, paths[0], errno);
		return;
	}
	errno = 0;
	for (FTSENT *entry; (entry = fts_read(tree)); errno = 0)
		visit(run, tree, entry);
	if (errno != 0)
		complain(run, paths[0], errno);
	(void)fts_close(tree);
}

static int finish(struct run *run, struct cli *cli)
{
	int status = scan_found_finish(&run->found);
	if (cli_has(cli, OPT_SCAN_REVOKE)) {
		int told = scan_leak_report(cli, &run->found);
		status = told != EXIT_OK ? told : status;
	}
	if (run->found.is_full)
		return args_fail(EXIT_USAGE, "there is more than can be remembered");
	if (status != EXIT_OK || run->found.has_trouble)
		return status != EXIT_OK ? status : EXIT_USAGE;
	return run->found.n_places > 0 ? EXIT_FAILED : EXIT_OK;
}

int scan_cmd_run(struct cli *cli)
{
	const char *issuer = cli_value(cli, OPT_SDK_ISSUER);
	struct run run = {.wish = {issuer ? str_of(issuer) : STR(""), clock_now_s(&clock_system)}};
	if (cli_has(cli, OPT_SCAN_REVOKE) && !issuer)
		return args_fail(EXIT_USAGE, "--revoke needs --issuer: whom to tell");
	int rc = scan_found_init(&run.found, cli->json);
	if (rc == 0)
		scan_paths(&run, cli->rest);
	int status = rc == 0 ? finish(&run, cli) : args_fail_code(rc, "scan");
	scan_found_done(&run.found);
	free(run.stores);
	return status;
}
