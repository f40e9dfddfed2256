/* Telling a server of what leaked; see server/ep_leaked.c. Blocks. */
#ifndef CLI_SCAN_LEAK_H
#define CLI_SCAN_LEAK_H

#include "cli/scan_found.h"

struct cli;

/* Each secret that a server can end, to --issuer. Says what was reported, never a secret. Exit status. */
int scan_leak_report(struct cli *cli, const struct scan_found *found);

#endif
