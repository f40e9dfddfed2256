/* mintmark: the one program; see cli.h. */
#include "cli/cli.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	struct cli cli;
	int status;
	if (args_parse(&cli, argc, argv, &status) < 0)
		return status;
	status = cli.command->run(&cli);
	if (fflush(stdout) != 0 && status == EXIT_OK)
		return args_fail(EXIT_FAILED, "the output can not be written");
	return status;
}
