#include "cli/cli.h"
int inspect_run(struct cli *cli) { (void)cli; return args_fail(EXIT_FAILED, "not yet"); }
int verify_run(struct cli *cli) { (void)cli; return args_fail(EXIT_FAILED, "not yet"); }
