/*
 * Output for people: tables and lists of values from an operation's JSON result. Nothing of it can steer a terminal.
 * Single-threaded.
 */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include <stdio.h>

#include "json/json.h"

/* Text of others: control characters, text-direction marks and invalid UTF-8 come out as '?'. */
void print_safe(FILE *file, struct str text);
/* One word for a shell, appended: in single quotes unless it is plain. */
void print_shell_word(struct buf *out, struct str text);
/* "2026-11-21 20:01:00 UTC", appended; "-" for 0. */
void print_time(struct buf *out, int64_t t_s);
/* All members: single values as "name: value" lines, arrays of objects as tables behind them. */
void print_object(const struct json *object);
/* A table of the objects of an array; name decides the columns. heading: with the line of headings. */
void print_table(const char *name, const struct json *array, bool heading);

#endif
