/* RFC 4180 in pieces; see csv.h. */
#include "series/csv.h"

#include <stdlib.h>

#include "base/fault.h"

enum { ROOM = 4 * CSV_RECORD_MAX };

static const char mark[] = {'\xEF', '\xBB', '\xBF'};

void csv_init(struct csv *csv, int (*read)(void *, void *, size_t, size_t *), void *context)
{
	*csv = (struct csv){.read = read, .context = context, .line = 1};
}

void csv_done(struct csv *csv)
{
	free(csv->mem);
	csv->mem = NULL;
}

/* More bytes behind those that are there; a record never needs more than half of the room. */
static int refill(struct csv *csv)
{
	size_t n = 0;
	if (csv->at > 0) {
		memmove(csv->mem, csv->mem + csv->at, csv->end - csv->at);
		csv->end -= csv->at;
		csv->at = 0;
	}
	TRY(csv->read(csv->context, csv->mem + csv->end, ROOM - csv->end, &n));
	csv->end += n;
	csv->bytes += n;
	csv->ended = n == 0;
	return 0;
}

static int start(struct csv *csv)
{
	if (csv->started)
		return 0;
	if (!csv->mem)
		csv->mem = fault_hit(FAULT_ALLOC) ? NULL : malloc(ROOM);
	if (!csv->mem)
		return E_NOMEM;
	while (!csv->ended && csv->end < sizeof(mark))
		TRY(refill(csv));
	if (csv->end >= sizeof(mark) && memcmp(csv->mem, mark, sizeof(mark)) == 0)
		csv->at = sizeof(mark);
	csv->started = true;
	return 0;
}

/* --- how long is the record at the front? Nothing is changed yet --- */

enum place { FIELD_BEGINS, IN_PLAIN, IN_QUOTES, BEHIND_QUOTES };

enum found { FOUND_END, FOUND_BAD, FOUND_NO_END };

struct extent {
	size_t len;     /* of the record without the end of its line */
	size_t whole;   /* with it */
	uint64_t lines; /* ends of lines, its own included */
};

/* Where a byte leads, by RFC 4180 2; -1: nowhere. */
static int step(enum place place, char c)
{
	if (place == IN_QUOTES)
		return c == '"' ? BEHIND_QUOTES : IN_QUOTES;
	if (c == ',')
		return FIELD_BEGINS;
	if (c == '"')
		return place == IN_PLAIN ? -1 : IN_QUOTES; /* the first one, or a doubled one */
	return place == BEHIND_QUOTES || c == '\r' ? -1 : IN_PLAIN;
}

/* Bytes of an end of line at this place; 0: none. */
static size_t line_end(struct str text, size_t at)
{
	if (text.p[at] == '\n')
		return 1;
	return text.p[at] == '\r' && at + 1 < text.len && text.p[at + 1] == '\n' ? 2 : 0;
}

static enum found measure(struct str text, bool ended, struct extent *ret_extent)
{
	int place = FIELD_BEGINS;
	struct extent extent = {.lines = 1};
	for (size_t at = 0; at < text.len; at++) {
		size_t end = line_end(text, at);
		if (end > 0 && place != IN_QUOTES) {
			*ret_extent = (struct extent){at, at + end, extent.lines};
			return FOUND_END;
		}
		if (text.p[at] == '\r' && at + 1 == text.len && !ended)
			return FOUND_NO_END;
		extent.lines += text.p[at] == '\n';
		place = step((enum place)place, text.p[at]);
		if (place < 0)
			return FOUND_BAD;
	}
	if (!ended)
		return FOUND_NO_END;
	*ret_extent = (struct extent){text.len, text.len, extent.lines};
	return place == IN_QUOTES ? FOUND_BAD : FOUND_END;
}

/* Most records have no quote: the end of the line is their end. */
static enum found find_end(struct str text, bool ended, struct extent *ret_extent)
{
	size_t line = str_find(text, '\n');
	bool whole = line < text.len;
	size_t len = whole && line > 0 && text.p[line - 1] == '\r' ? line - 1 : line;
	if ((!whole && !ended) || memchr(text.p, '"', len) || memchr(text.p, '\r', len))
		return measure(text, ended, ret_extent);
	*ret_extent = (struct extent){len, line + whole, 1};
	return FOUND_END;
}

/* --- its fields, decoded where they stand --- */

/* The field in quotes at p; *ret_next is what stands behind its closing quote. */
static struct str unquote(char *p, const char *end, char **ret_next)
{
	char *out = ++p, *begin = p;
	while (p < end) {
		if (*p == '"' && (p + 1 == end || p[1] != '"'))
			break;
		p += *p == '"';
		*out++ = *p++;
	}
	*ret_next = p + 1;
	return str_mem(begin, (size_t)(out - begin));
}

static int split(char *p, size_t len, struct csv_record *record)
{
	char *end = p + len;
	for (;;) {
		if (record->n == CSV_FIELDS_MAX)
			return E_CSV_LINE;
		struct str *field = &record->fields[record->n++];
		if (p < end && *p == '"') {
			*field = unquote(p, end, &p);
		} else {
			field->p = p;
			field->len = str_find((struct str){p, (size_t)(end - p)}, ',');
			p += field->len;
		}
		if (p >= end)
			return 0;
		p++; /* the comma */
	}
}

/* --- taking --- */

static struct str rest_of(const struct csv *csv) { return str_mem(csv->mem + csv->at, csv->end - csv->at); }

/* What can't be read ends with its first line, so that one quote too many does not swallow the file. */
static void skip_line(struct csv *csv)
{
	struct str text = rest_of(csv);
	size_t len = str_find(text, '\n');
	csv->skipping = len == text.len && !csv->ended;
	csv->line += len < text.len;
	csv->at += len < text.len ? len + 1 : len;
}

/* The front of what is read holds a whole record, or is longer than one may be. */
static int look(struct csv *csv, enum found *ret_found, struct extent *ret_extent)
{
	for (;;) {
		struct str text = rest_of(csv);
		bool full = text.len > CSV_RECORD_MAX;
		if (full)
			text.len = CSV_RECORD_MAX;
		*ret_found = text.len == 0 ? FOUND_NO_END : find_end(text, csv->ended && !full, ret_extent);
		if (*ret_found != FOUND_NO_END)
			return 0;
		if (full)
			*ret_found = FOUND_BAD;
		if (full || csv->ended)
			return 0;
		TRY(refill(csv));
	}
}

static int finish_skipping(struct csv *csv)
{
	while (csv->skipping) {
		if (csv->at == csv->end)
			TRY(refill(csv));
		skip_line(csv);
	}
	return 0;
}

static void take(struct csv *csv, enum found found, const struct extent *extent, struct csv_record *record)
{
	*record = (struct csv_record){.line = csv->line};
	if (found == FOUND_BAD) {
		record->error = E_CSV_LINE;
		skip_line(csv);
		return;
	}
	char *p = csv->mem + csv->at;
	csv->at += extent->whole;
	csv->line += extent->lines;
	record->error = split(p, extent->len, record);
}

int csv_next(struct csv *csv, struct csv_record *ret_record, bool *ret_more)
{
	enum found found;
	struct extent extent = {0};
	TRY(start(csv));
	do {
		TRY(finish_skipping(csv));
		TRY(look(csv, &found, &extent));
		if (found == FOUND_NO_END) {
			*ret_more = false;
			return 0;
		}
		take(csv, found, &extent, ret_record);
	} while (found == FOUND_END && extent.len == 0);
	*ret_more = true;
	return 0;
}
