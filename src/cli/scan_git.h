/*
 * The objects of a git repository, read by git(1) without believing the repository: git runs in a folder of our own
 * that borrows nothing but the repository's object store. So there is no configuration, hook, attribute, filter, pager,
 * file system monitor, signature program, promisor remote or replacement of the repository's that git could act on,
 * and it does not matter who owns it (safe.directory). No network, no environment but PATH. Reads all objects, those
 * that no ref leads to among them.
 *
 * Must never run git with the scanned folder as its repository or its working directory. Single-threaded.
 */
#ifndef CLI_SCAN_GIT_H
#define CLI_SCAN_GIT_H

#include <limits.h>

#include "base/str.h"

enum { SCAN_GIT_ID_MAX = 64, /* hex digits of SHA-256 */ SCAN_GIT_PATH_MAX = 4096 };

struct scan_git;

/* What an object's bytes are given to. */
struct scan_git_object {
	struct str id;   /* hex */
	struct str type; /* blob, commit, tree, tag */
};
struct scan_git_reader {
	void (*begin)(void *arg, const struct scan_git_object *object);
	void (*bytes)(void *arg, struct str bytes);
	void (*end)(void *arg);
	void *arg;
};

/* A blob that a commit brought. */
struct scan_git_change {
	struct str commit, blob; /* hex */
	int64_t time_s;          /* of the commit, by its own word */
	struct str path;         /* cut to SCAN_GIT_PATH_MAX */
};
typedef void scan_git_change_fn(void *arg, const struct scan_git_change *change);

/*
 * git_dir: what is called .git, or a bare repository. objects: its object store. E_ABSENT: there is no git(1), or no
 * folder for temporary files. E_IO, E_NOMEM.
 */
must_check int scan_git_open(const char *git_dir, const char *objects, struct scan_git **ret_git);
/* NULL is allowed. */
void scan_git_close(struct scan_git *git);
/* All objects. E_IO: git could not read them all; those that it could read were given. */
must_check int scan_git_read(struct scan_git *git, const struct scan_git_reader *reader);
/* All changes of all commits that scan_git_read met. E_IO as above. */
must_check int scan_git_changes(struct scan_git *git, scan_git_change_fn *fn, void *arg);

#endif
