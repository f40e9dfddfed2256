/*
 * mintmark series import and mintmark series define: points from CSV (RFC 4180), series from JSON, into the database of
 * the time-series API, whether its daemon runs or not. Text of the file is never printed, only its line numbers.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/files.h"
#include "json/json.h"
#include "series/define.h"
#include "series/import.h"

enum { WHY_MAX = 1024, BAD_SHOWN = 20, BAR_WIDTH = 32, WRITER_CACHE_KIB = 32768, LINE_MAX = 1024 };

#define DEFAULT_DB "var/series.db"

struct source {
	const char *path;
	uint64_t bad_lines[BAD_SHOWN]; /* the first ones */
	int fd;
	uint64_t size; /* 0: not known */
	bool terminal; /* standard error is one: a bar is drawn */
	bool quiet;    /* bad lines are printed at the end, as JSON */
};

static void close_source(struct source *source)
{
	if (source->fd > STDIN_FILENO)
		close(source->fd);
}

/* Standard input for "-". Exit status. */
static int open_source(const char *path, struct source *source)
{
	struct stat about;
	source->path = strcmp(path, "-") == 0 ? "standard input" : path;
	source->terminal = isatty(STDERR_FILENO) == 1;
	if (strcmp(path, "-") == 0)
		return EXIT_OK;
	source->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (source->fd < 0)
		return args_fail(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_FAILED, "%s can not be opened", path);
	if (fstat(source->fd, &about) == 0 && S_ISREG(about.st_mode))
		source->size = (uint64_t)about.st_size;
	return EXIT_OK;
}

static int read_source(void *context, void *mem, size_t size, size_t *ret_n)
{
	const struct source *source = context;
	ssize_t n;
	do
		n = read(source->fd, mem, size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return E_IO;
	*ret_n = (size_t)n;
	return 0;
}

static int open_db(struct cli *cli, struct series_db **ret_db)
{
	const char *path = cli_value(cli, OPT_SERIES_DB) ? cli_value(cli, OPT_SERIES_DB) : DEFAULT_DB;
	const struct series_db_options options = {.create = true, .readers = 1, .writer_cache_kib = WRITER_CACHE_KIB};
	int rc = series_db_open(path, &options, ret_db);
	if (rc == E_SYNTAX)
		return args_fail(EXIT_FAILED, "%s is no database of series, or of a newer version", path);
	return rc < 0 ? args_fail_code(rc, "%s", path) : EXIT_OK;
}

/* --- import --- */

static void clear_bar(const struct source *source)
{
	if (source->terminal)
		fputs("\r\033[K", stderr);
}

static const char full_bar[BAR_WIDTH + 1] = "################################";

static void draw_bar(void *context, const struct import *import)
{
	const struct source *source = context;
	if (!source->terminal)
		return;
	fprintf(stderr, "\r\033[K");
	if (source->size > 0) {
		uint64_t done = import->bytes < source->size ? import->bytes : source->size;
		int filled = (int)(done * BAR_WIDTH / source->size);
		int percent = (int)(done * 100 / source->size);
		fprintf(stderr, "[%.*s%*s] %3d %%  ", filled, full_bar, BAR_WIDTH - filled, "", percent);
	}
	fprintf(stderr, "%llu points", (unsigned long long)import->points);
	fflush(stderr);
}

static void show_bad(void *context, const struct import *import, uint64_t line, int code)
{
	struct source *source = context;
	if (!import->skip_bad || import->n_bad > BAD_SHOWN)
		return;
	source->bad_lines[import->n_bad - 1] = line;
	if (source->quiet)
		return;
	clear_bar(source);
	args_fail(EXIT_OK, "%s:%llu: skipped: %s", source->path, (unsigned long long)line, err_row(code)->text);
}

static int read_header_option(struct cli *cli, enum import_header *ret_header)
{
	static const char *const names[] = {"auto", "yes", "no"};
	const char *value = cli_value(cli, OPT_HEADER);
	for (unsigned i = 0; value && i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(value, names[i]) != 0)
			continue;
		*ret_header = (enum import_header)i;
		return EXIT_OK;
	}
	return value ? args_fail(EXIT_USAGE, "--header: auto, yes or no") : EXIT_OK;
}

static void print_import(const struct source *source, const struct import *import)
{
	char mem[LINE_MAX];
	struct buf text;
	struct json_out out;
	if (!source->quiet) {
		printf("%llu points stored", (unsigned long long)import->points);
		if (import->n_bad > 0)
			printf("; %llu bad lines skipped, the first is line %llu", (unsigned long long)import->n_bad,
			       (unsigned long long)import->bad_line);
		putchar('\n');
		return;
	}
	buf_init_fixed(&text, mem, sizeof(mem));
	json_out_init(&out, &text);
	json_open(&out, NULL, '{');
	json_int(&out, "points", (int64_t)import->points);
	json_int(&out, "lines", (int64_t)import->lines);
	json_int(&out, "bad", (int64_t)import->n_bad);
	json_open(&out, "bad_lines", '[');
	for (size_t i = 0; i < import->n_bad && i < BAD_SHOWN; i++)
		json_int(&out, NULL, (int64_t)source->bad_lines[i]);
	json_close(&out, ']');
	json_close(&out, '}');
	printf("%.*s\n", STR_ARG(buf_str(&text)));
}

static int fail_import(const struct source *source, const struct import *import, int rc)
{
	clear_bar(source);
	if (import->bad_code == rc && import->bad_line > 0)
		return args_fail(EXIT_FAILED, "%s:%llu: %s Nothing was stored; --skip-bad leaves such lines out.",
				 source->path, (unsigned long long)import->bad_line, err_row(rc)->text);
	if (rc == E_LOCKED)
		return args_fail(EXIT_UNREACHABLE, "another import is writing; nothing was stored");
	return args_fail_code(rc, "%s; nothing was stored", source->path);
}

int series_data_import(struct cli *cli)
{
	_cleanup_(close_source) struct source source = {.quiet = cli->json};
	_cleanup_(series_db_closep) struct series_db *db = NULL;
	struct import import = {.skip_bad = cli_has(cli, OPT_SKIP_BAD), .context = &source,
				.on_progress = draw_bar, .on_bad = show_bad};
	int status = read_header_option(cli, &import.header);
	if (status == EXIT_OK)
		status = open_source(cli->operands[0], &source);
	if (status == EXIT_OK)
		status = open_db(cli, &db);
	if (status != EXIT_OK)
		return status;
	int rc = import_run(&import, db, read_source, &source);
	if (rc < 0)
		return fail_import(&source, &import, rc);
	clear_bar(&source);
	if (import.n_bad > BAD_SHOWN && !source.quiet)
		args_fail(EXIT_OK, "%s: and %llu more", source.path, (unsigned long long)(import.n_bad - BAD_SHOWN));
	print_import(&source, &import);
	return EXIT_OK;
}

/* --- define --- */

int series_data_define(struct cli *cli)
{
	const char *path = strcmp(cli->operands[0], "-") == 0 ? "/dev/stdin" : cli->operands[0];
	_cleanup_(buf_done) struct buf text, why;
	_cleanup_(series_db_closep) struct series_db *db = NULL;
	struct define_result result;
	buf_init(&text, DEFINE_MAX);
	buf_init(&why, WHY_MAX);
	int rc = files_read(path, &text);
	if (rc < 0)
		return args_fail_code(rc, "%s", path);
	int status = open_db(cli, &db);
	if (status != EXIT_OK)
		return status;
	rc = define_run(db, buf_str(&text), &why, &result);
	if (rc < 0 && why.len > 0)
		return args_fail(EXIT_FAILED, "%s: %.*s; nothing was changed", path, STR_ARG(buf_str(&why)));
	if (rc < 0)
		return args_fail_code(rc, "%s; nothing was changed", path);
	if (cli->json)
		printf("{\"created\":%llu,\"changed\":%llu}\n", (unsigned long long)result.created,
		       (unsigned long long)result.changed);
	else
		printf("%llu series defined, %llu of them new\n",
		       (unsigned long long)(result.created + result.changed), (unsigned long long)result.created);
	return EXIT_OK;
}
