/*
 * Lists: pages with order and filters, or a cursor; see admin_ops.h. A long list (clients, accounts, audit) is read in
 * an order that an index of the store serves; without a filter a page costs what it shows and what it skips, with one
 * the list is walked, at most scan_max rows of it. A short list (APIs, keys) is read whole and sorted here.
 */
#include <stdio.h>
#include <stdlib.h>

#include "admin/admin_ops.h"

enum { FILTERS_MAX = 16, BATCH = 500, BATCH_ARENA_MAX = 8 << 20, CURSOR_ROOM = MODEL_ID_MAX + 1 };

enum comparison { IS, IS_NOT, ABOVE, FROM, BELOW, UP_TO, PREFIX, CONTAINS };

static const struct {
	const char *name;
	enum comparison comparison;
	unsigned types; /* 1 << enum admin_column_type */
} comparisons[] = {
	{"eq", IS, 7},      {"ne", IS_NOT, 7},  {"gt", ABOVE, 3},      {"gte", FROM, 3},
	{"lt", BELOW, 3},   {"lte", UP_TO, 3},  {"prefix", PREFIX, 1}, {"contains", CONTAINS, 1},
};

struct filter {
	size_t column;
	enum comparison comparison;
	struct admin_cell value;
};

struct sheet {
	const struct admin_list *list;
	struct filter filters[FILTERS_MAX];
	size_t n_filters;
	struct store_range range;
	size_t sort_column;
	int64_t page;
	size_t offset, size;
	const struct filter *span; /* of the id: rows behind it need not be looked at; NULL: all */
	char after[CURSOR_ROOM];   /* where a walk begins */
	int64_t matched; /* rows that fit, of those that were looked at */
	bool complete;
};

static size_t find_column(const struct admin_list *list, struct str name)
{
	size_t i = 0;
	while (i < list->n_columns && !str_eq(name, str_of(list->columns[i].name)))
		i++;
	return i;
}

static int read_value(struct admin_ctx *ctx, const struct admin_column *column, struct str text,
		      struct admin_cell *ret_value)
{
	uint64_t number;
	struct admin_cell value = {.s = text};
	if (column->type == COLUMN_BOOLEAN) {
		value.i = str_eq(text, STR("true"));
		if (!value.i && !str_eq(text, STR("false")))
			return admin_fail(ctx, E_INVALID_REQUEST, "%s is compared with true or false.", column->name);
	}
	if (column->type == COLUMN_NUMBER) {
		if (str_to_u64(text, INT64_MAX, &number) < 0)
			return admin_fail(ctx, E_INVALID_REQUEST, "%s is compared with whole numbers.", column->name);
		value.i = (int64_t)number;
	}
	*ret_value = value;
	return 0;
}

static int read_filter(struct admin_ctx *ctx, const struct admin_list *list, const struct json *object,
		       struct filter *ret_filter)
{
	struct str field, op, value;
	if (json_get_str(object, "field", &field) < 0 || json_get_str(object, "op", &op) < 0 ||
	    json_get_str(object, "value", &value) < 0)
		return admin_fail(ctx, E_INVALID_REQUEST, "A filter has the texts field, op and value.");
	size_t column = find_column(list, field), i = 0;
	if (column == list->n_columns)
		return admin_fail(ctx, E_INVALID_REQUEST, "There is a filter by a field that %s does not know.",
				  ctx->op);
	while (i < sizeof(comparisons) / sizeof(comparisons[0]) && !str_eq(op, str_of(comparisons[i].name)))
		i++;
	if (i == sizeof(comparisons) / sizeof(comparisons[0]) ||
	    !(comparisons[i].types >> list->columns[column].type & 1))
		return admin_fail(ctx, E_INVALID_REQUEST, "%s can not be filtered by this comparison.",
				  list->columns[column].name);
	ret_filter->column = column;
	ret_filter->comparison = comparisons[i].comparison;
	return read_value(ctx, &list->columns[column], value, &ret_filter->value);
}

static int read_filters(struct admin_ctx *ctx, struct sheet *sheet)
{
	const struct json *array = ctx->args[ARG_FILTER].json, *object;
	size_t n = array ? json_array_len(array) : 0;
	if (n > FILTERS_MAX)
		return admin_fail(ctx, E_INVALID_REQUEST, "There are more than %d filters.", FILTERS_MAX);
	for (size_t i = 0; i < n; i++) {
		if (json_at_object(array, i, &object) < 0)
			return admin_fail(ctx, E_INVALID_REQUEST, "filter must be an array of objects.");
		TRY(read_filter(ctx, sheet->list, object, &sheet->filters[i]));
	}
	sheet->n_filters = n;
	return 0;
}

static int read_sort(struct admin_ctx *ctx, struct sheet *sheet)
{
	struct str name = ctx->args[ARG_SORT].s;
	sheet->sort_column = sheet->list->n_columns;
	if (!ctx->args[ARG_SORT].set)
		return 0;
	if (name.p[0] == '-') {
		sheet->range.descending = true;
		name = (struct str){name.p + 1, name.len - 1};
	}
	size_t column = find_column(sheet->list, name);
	if (column == sheet->list->n_columns || (sheet->list->total && !sheet->list->columns[column].sorts))
		return admin_fail(ctx, E_INVALID_REQUEST, "sort names a field that this list is not sorted by.");
	sheet->sort_column = column;
	sheet->range.order = sheet->list->columns[column].order;
	return 0;
}

static int read_sheet(struct admin_ctx *ctx, struct sheet *sheet)
{
	const struct admin_value *args = ctx->args;
	sheet->page = args[ARG_PAGE].set ? args[ARG_PAGE].i : 1;
	sheet->size = args[ARG_PAGE_SIZE].set ? (size_t)args[ARG_PAGE_SIZE].i : ADMIN_PAGE_USUAL;
	sheet->offset = (size_t)(sheet->page - 1) * sheet->size;
	if (sheet->offset + sheet->size > ADMIN_SCAN_MAX)
		return admin_fail(ctx, E_INVALID_REQUEST,
				  "page lies behind entry %d: filter, or go by after and limit.", ADMIN_SCAN_MAX);
	TRY(read_sort(ctx, sheet));
	return read_filters(ctx, sheet);
}

static int order_of(const struct admin_cell *a, const struct admin_cell *b, enum admin_column_type type)
{
	if (type == COLUMN_TEXT)
		return str_cmp(a->s, b->s);
	return a->i < b->i ? -1 : a->i > b->i;
}

static bool holds(const struct filter *filter, const struct admin_cell *cell, enum admin_column_type type)
{
	int order = order_of(cell, &filter->value, type);
	switch (filter->comparison) {
	case IS:
		return order == 0;
	case IS_NOT:
		return order != 0;
	case ABOVE:
		return order > 0;
	case FROM:
		return order >= 0;
	case BELOW:
		return order < 0;
	case UP_TO:
		return order <= 0;
	case PREFIX:
		return str_has_prefix(cell->s, filter->value.s);
	default:
		return memmem(cell->s.p, cell->s.len, filter->value.s.p, filter->value.s.len) != NULL;
	}
}

static bool fits(const struct sheet *sheet, const void *row)
{
	for (size_t i = 0; i < sheet->n_filters; i++) {
		const struct filter *filter = &sheet->filters[i];
		struct admin_cell cell = {0};
		sheet->list->cell(row, filter->column, &cell);
		if (!holds(filter, &cell, sheet->list->columns[filter->column].type))
			return false;
	}
	return true;
}

static int emit_row(struct admin_ctx *ctx, const struct admin_list *list, const void *row)
{
	json_open(&ctx->out, NULL, '{');
	TRY(list->emit(ctx, row));
	json_close(&ctx->out, '}');
	return 0;
}

/* One row that is looked at: counted when it fits, shown when it lies on the page. */
static int take(struct admin_ctx *ctx, struct sheet *sheet, const void *row)
{
	if (!fits(sheet, row))
		return 0;
	size_t at = (size_t)sheet->matched++;
	return at >= sheet->offset && at < sheet->offset + sheet->size ? emit_row(ctx, sheet->list, row) : 0;
}

static const void *row_at(const struct admin_list *list, const void *rows, size_t i)
{
	return (const char *)rows + i * list->row_size;
}

/* What a cursor says of a row: the text of its first column. */
static void cursor_of(const struct admin_list *list, const void *row, char ret_text[CURSOR_ROOM])
{
	struct admin_cell cell = {0};
	list->cell(row, 0, &cell);
	if (list->columns[0].type == COLUMN_NUMBER)
		snprintf(ret_text, CURSOR_ROOM, "%lld", (long long)cell.i);
	else
		snprintf(ret_text, CURSOR_ROOM, "%.*s", STR_ARG(cell.s));
}

/*
 * Ids that are one value, or begin with it, stand together in the order of ids: the walk begins right before them. Ids
 * are ASCII without DEL, so what ends in DEL after a lower last byte is the nearest text below all of them.
 */
static void narrow(struct sheet *sheet)
{
	for (size_t i = 0; i < sheet->n_filters && !sheet->span; i++) {
		const struct filter *filter = &sheet->filters[i];
		struct str value = filter->value.s;
		bool one = filter->comparison == IS;
		if (filter->column != 0 || sheet->list->columns[0].type != COLUMN_TEXT || value.len == 0 ||
		    value.len > MODEL_ID_MAX - 1 || !str_is_unreserved(value) || (!one && filter->comparison != PREFIX))
			continue;
		if (!one && (sheet->range.order != STORE_BY_ID || sheet->range.descending))
			continue;
		sheet->range.order = STORE_BY_ID; /* one row has no order */
		sheet->range.descending = false;
		sheet->span = filter;
		snprintf(sheet->after, sizeof(sheet->after), "%.*s%c\x7f", (int)value.len - 1, value.p,
			 value.p[value.len - 1] - 1);
	}
}

/* Whether the row, and all that follow, lie behind the span. */
static bool is_behind(const struct sheet *sheet, const void *row)
{
	struct admin_cell cell = {0};
	if (!sheet->span)
		return false;
	sheet->list->cell(row, 0, &cell);
	return !str_has_prefix(cell.s, sheet->span->value.s);
}

/* *ret_n: how many were taken; fewer than n: the rest lies behind. */
static int take_batch(struct admin_ctx *ctx, struct sheet *sheet, const void *rows, size_t n, size_t *ret_n)
{
	size_t i = 0;
	for (; i < n && !is_behind(sheet, row_at(sheet->list, rows, i)); i++)
		TRY(take(ctx, sheet, row_at(sheet->list, rows, i)));
	*ret_n = i;
	return 0;
}

static void take_index(struct admin_ctx *ctx, const struct sheet *sheet)
{
	for (size_t i = 0; sheet->list->indexed > 0 && i < sheet->n_filters; i++)
		if (sheet->filters[i].column == sheet->list->indexed && sheet->filters[i].comparison == IS)
			ctx->only = sheet->filters[i].value.s;
}

/* From the start (or the span's), batch by batch: each begins behind the last row of the one before. */
static int walk(struct admin_ctx *ctx, struct sheet *sheet)
{
	char *after = sheet->after;
	size_t n = BATCH, seen = 0;
	int rc = 0;
	struct arena arena;
	arena_init(&arena, BATCH_ARENA_MAX);
	narrow(sheet);
	take_index(ctx, sheet);
	sheet->range.limit = BATCH;
	while (rc == 0 && n == BATCH && seen < sheet->list->scan_max) {
		void *rows;
		sheet->range.after = str_of(after);
		rc = sheet->list->fetch(ctx, &sheet->range, &arena, &rows, &n);
		if (rc == 0)
			rc = take_batch(ctx, sheet, rows, n, &n);
		if (rc == 0 && n > 0)
			cursor_of(sheet->list, row_at(sheet->list, rows, n - 1), after);
		seen += n;
		arena_reset(&arena);
	}
	arena_done(&arena);
	sheet->complete = rc == 0 && n < BATCH;
	return rc == E_ABSENT && seen > 0 ? 0 : rc; /* the row that the next batch begins behind was deleted just now */
}

/* No filter: the store skips and counts. */
static int show(struct admin_ctx *ctx, struct sheet *sheet)
{
	struct store_counts counts;
	void *rows;
	size_t n;
	TRY(store_count(ctx->admin->store, &counts));
	sheet->matched = sheet->list->total(&counts);
	sheet->complete = true;
	sheet->range.skip = sheet->offset;
	sheet->range.limit = (unsigned)sheet->size;
	TRY(sheet->list->fetch(ctx, &sheet->range, &ctx->arena, &rows, &n));
	for (size_t i = 0; i < n; i++)
		TRY(emit_row(ctx, sheet->list, row_at(sheet->list, rows, i)));
	return 0;
}

static int compare_rows(const void *a, const void *b, void *arg)
{
	const struct sheet *sheet = arg;
	struct admin_cell x = {0}, y = {0};
	sheet->list->cell(a, sheet->sort_column, &x);
	sheet->list->cell(b, sheet->sort_column, &y);
	int order = order_of(&x, &y, sheet->list->columns[sheet->sort_column].type);
	return sheet->range.descending ? -order : order;
}

/* A short list, whole. */
static int sort(struct admin_ctx *ctx, struct sheet *sheet)
{
	void *rows;
	size_t n;
	TRY(sheet->list->fetch(ctx, NULL, &ctx->arena, &rows, &n));
	if (sheet->sort_column < sheet->list->n_columns && n > 1)
		qsort_r(rows, n, sheet->list->row_size, compare_rows, sheet);
	sheet->complete = true;
	return take_batch(ctx, sheet, rows, n, &n);
}

static int page(struct admin_ctx *ctx, const struct admin_list *list)
{
	struct sheet sheet = {.list = list};
	struct json_out *out = &ctx->out;
	TRY(read_sheet(ctx, &sheet));
	json_open(out, "items", '[');
	if (!list->total)
		TRY(sort(ctx, &sheet));
	else if (sheet.n_filters > 0 || ctx->owner.len > 0)
		TRY(walk(ctx, &sheet));
	else
		TRY(show(ctx, &sheet));
	json_close(out, ']');
	json_int(out, "total", sheet.matched);
	json_bool(out, "complete", sheet.complete);
	json_int(out, "page", sheet.page);
	json_int(out, "pageSize", (int64_t)sheet.size);
	json_int(out, "totalPages", (sheet.matched + (int64_t)sheet.size - 1) / (int64_t)sheet.size);
	return 0;
}

/* How many rows of a short list stand before and on ARG_AFTER. */
static size_t skip_short(const struct admin_ctx *ctx, const struct admin_list *list, const void *rows, size_t n)
{
	struct str after = ctx->args[ARG_AFTER].s;
	for (size_t i = 0; after.len > 0 && i < n; i++) {
		struct admin_cell cell = {0};
		list->cell(row_at(list, rows, i), 0, &cell);
		if (str_eq(cell.s, after))
			return i + 1;
	}
	return after.len > 0 ? n : 0;
}

static int fetch_behind(struct admin_ctx *ctx, const struct admin_list *list, unsigned limit, void **ret_rows,
			size_t *ret_n)
{
	char number[CURSOR_ROOM];
	struct store_range range = {.after = ctx->args[ARG_AFTER].s, .limit = limit};
	if (list->total) {
		if (ctx->args[ARG_AFTER_SEQ].set) {
			snprintf(number, sizeof(number), "%lld", (long long)ctx->args[ARG_AFTER_SEQ].i);
			range.after = str_of(number);
		}
		return list->fetch(ctx, &range, &ctx->arena, ret_rows, ret_n);
	}
	void *rows;
	size_t n;
	TRY(list->fetch(ctx, NULL, &ctx->arena, &rows, &n));
	size_t at = skip_short(ctx, list, rows, n);
	*ret_rows = (char *)rows + at * list->row_size;
	*ret_n = n - at < limit ? n - at : limit;
	return 0;
}

static void emit_next(struct admin_ctx *ctx, const struct admin_list *list, const void *last)
{
	struct admin_cell cell = {0};
	list->cell(last, 0, &cell);
	if (list->columns[0].type == COLUMN_NUMBER)
		json_int(&ctx->out, "next_seq", cell.i);
	else
		json_str(&ctx->out, "next", cell.s);
}

static int behind(struct admin_ctx *ctx, const struct admin_list *list, const char *name)
{
	void *rows;
	size_t n;
	unsigned limit = ctx->args[ARG_LIMIT].set ? (unsigned)ctx->args[ARG_LIMIT].i : ADMIN_LIST_MAX;
	TRY(fetch_behind(ctx, list, limit, &rows, &n));
	json_open(&ctx->out, ctx->admin->paged ? "items" : name, '[');
	for (size_t i = 0; i < n; i++)
		TRY(emit_row(ctx, list, row_at(list, rows, i)));
	json_close(&ctx->out, ']');
	if (n == limit)
		emit_next(ctx, list, row_at(list, rows, n - 1));
	return 0;
}

int admin_page(struct admin_ctx *ctx, const struct admin_list *list, const char *name)
{
	const struct admin_value *args = ctx->args;
	bool by_page = args[ARG_PAGE].set || args[ARG_PAGE_SIZE].set || args[ARG_SORT].set || args[ARG_FILTER].set;
	bool by_cursor = args[ARG_AFTER].set || args[ARG_AFTER_SEQ].set || args[ARG_LIMIT].set;
	if (by_page && by_cursor)
		return admin_fail(ctx, E_INVALID_REQUEST,
				  "after and limit don't go with page, page_size, sort and filters.");
	return by_page || (ctx->admin->paged && !by_cursor) ? page(ctx, list) : behind(ctx, list, name);
}
