/*
 * The history of one git repository: what its objects hold, told by the oldest commit that brought it. Single-threaded.
 */
#ifndef CLI_SCAN_HISTORY_H
#define CLI_SCAN_HISTORY_H

#include "cli/scan_found.h"

/*
 * git_dir: a folder that looks like one (.git, a bare repository). objects: its object store. name: for output.
 * Adds to found; what can't be searched is said there.
 */
void scan_history(struct scan_found *found, const struct scan_wish *wish, const char *git_dir, const char *objects,
		  const char *name);

#endif
