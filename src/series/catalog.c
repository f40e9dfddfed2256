/* Names and descriptions of series; see catalog.h. */
#include "series/catalog.h"

static int read_id(struct query *query, struct uuid *ret_id)
{
	query_get_mem(query, ret_id->b, sizeof(ret_id->b));
	return query_status(query);
}

/* --- resolving --- */

struct resolve {
	struct arena *arena;
	struct catalog_matches matches;
	const struct expression *expression;
	int64_t *work;
};

static int add_match(struct resolve *resolve, const struct catalog_match *match)
{
	struct catalog_matches *matches = &resolve->matches;
	if (matches->n == CATALOG_MATCHES_MAX)
		return E_SERIES_LIMIT;
	TRY(query_grow(resolve->arena, &matches->v, matches->n, sizeof(*matches->v)));
	matches->v[matches->n++] = *match;
	return 0;
}

static bool has_id(const struct catalog_matches *matches, const struct uuid *id)
{
	for (size_t i = 0; i < matches->n; i++)
		if (uuid_eq(&matches->v[i].id, id))
			return true;
	return false;
}

static int name_by_id(struct arena *arena, struct catalog_match *match)
{
	char *text = arena_alloc(arena, UUID_TEXT_LEN + 1);
	if (!text)
		return E_NOMEM;
	uuid_write(&match->id, text);
	match->name = (struct str){text, UUID_TEXT_LEN};
	return 0;
}

static int resolve_id(struct db *db, struct resolve *resolve, const struct uuid *id)
{
	struct catalog_match match = {.id = *id};
	_cleanup_(query_done) struct query query = query_of(db, "SELECT n FROM series WHERE id = ?");
	query_blob(&query, str_mem(id->b, sizeof(id->b)));
	int rc = query_row(&query);
	if (rc < 0)
		return rc == E_ABSENT ? E_SERIES_UNKNOWN : rc;
	match.n = query_get_int(&query);
	TRY(query_status(&query));
	TRY(name_by_id(resolve->arena, &match));
	return add_match(resolve, &match);
}

/* A list: at most EXPRESSION_UUIDS_MAX of them, so that looking for duplicates costs little. */
static int resolve_ids(struct db *db, struct resolve *resolve)
{
	struct uuid id;
	size_t at = 0;
	while (expression_next_uuid(resolve->expression, &at, &id))
		if (!has_id(&resolve->matches, &id))
			TRY(resolve_id(db, resolve, &id));
	return 0;
}

static int resolve_all(struct db *db, struct resolve *resolve)
{
	int more;
	_cleanup_(query_done) struct query query = query_of(db, "SELECT n, id FROM series ORDER BY id");
	while ((more = query_next(&query)) > 0) {
		struct catalog_match match = {.n = query_get_int(&query)};
		TRY(read_id(&query, &match.id));
		TRY(name_by_id(resolve->arena, &match));
		TRY(add_match(resolve, &match));
	}
	return more;
}

static int read_match(struct query *query, struct arena *arena, struct catalog_match *ret_match)
{
	*ret_match = (struct catalog_match){.name = query_get_str(query, arena)};
	ret_match->n = query_get_int(query);
	return read_id(query, &ret_match->id);
}

static int resolve_name(struct db *db, struct resolve *resolve)
{
	int more;
	_cleanup_(query_done) struct query query = query_of(db,
		"SELECT name.name, series.n, series.id FROM name JOIN series ON series.n = name.series "
		"WHERE name.domain = ? AND name.name = ? ORDER BY series.id");
	query_int(&query, (int64_t)resolve->expression->domain);
	query_text(&query, resolve->expression->text);
	while ((more = query_next(&query)) > 0) {
		struct catalog_match match;
		TRY(read_match(&query, resolve->arena, &match));
		TRY(add_match(resolve, &match));
	}
	return more;
}

static int check_row(struct query *query, struct resolve *resolve)
{
	struct str name = query_peek_str(query);
	TRY(query_status(query));
	*resolve->work -= CATALOG_ROW_WORK;
	bool fits = expression_matches(resolve->expression, name, resolve->work);
	if (*resolve->work <= 0)
		return E_SERIES_LIMIT;
	if (!fits)
		return 0;
	struct catalog_match match;
	query->column = 0;
	TRY(read_match(query, resolve->arena, &match));
	return add_match(resolve, &match);
}

/* Names that begin with what stands before the first star; of UTF-8 no byte is above F4, so FF ends them. */
static int resolve_glob(struct db *db, struct resolve *resolve)
{
	struct str prefix = expression_prefix(resolve->expression), end;
	int more;
	TRY(arena_printf(resolve->arena, &end, "%.*s\xff", STR_ARG(prefix)));
	_cleanup_(query_done) struct query query = query_of(db,
		"SELECT name.name, series.n, series.id FROM name JOIN series ON series.n = name.series "
		"WHERE name.domain = ? AND name.name >= ? AND name.name < ? ORDER BY name.name, series.id");
	query_int(&query, (int64_t)resolve->expression->domain);
	query_text(&query, prefix);
	query_text(&query, end);
	while ((more = query_next(&query)) > 0)
		TRY(check_row(&query, resolve));
	return more;
}

static size_t find_place(const struct catalog_set *set, int64_t n)
{
	size_t at = (size_t)((uint64_t)n * UINT64_C(0x9E3779B97F4A7C15) >> 32) & (set->size - 1);
	while (set->v[at] != 0 && set->v[at] != n)
		at = (at + 1) & (set->size - 1);
	return at;
}

static int grow_set(struct catalog_set *set, struct arena *arena)
{
	enum { FIRST = 64 };
	struct catalog_set larger = {.size = set->size > 0 ? 2 * set->size : FIRST, .n = set->n};
	larger.v = arena_array(arena, larger.size, sizeof(*larger.v));
	if (!larger.v)
		return E_NOMEM;
	for (size_t i = 0; i < set->size; i++)
		if (set->v[i] != 0)
			larger.v[find_place(&larger, set->v[i])] = set->v[i];
	*set = larger;
	return 0;
}

int catalog_set_add(struct catalog_set *set, int64_t n, struct arena *arena, bool *ret_new)
{
	if (2 * set->n >= set->size)
		TRY(grow_set(set, arena));
	size_t at = find_place(set, n);
	*ret_new = set->v[at] == 0;
	set->n += *ret_new;
	set->v[at] = n;
	return 0;
}

/* A series that several names of a glob lead to counts once, by its first name. */
static int drop_duplicates(struct resolve *resolve)
{
	struct catalog_matches *matches = &resolve->matches;
	struct catalog_set seen = {0};
	size_t n = 0;
	for (size_t i = 0; i < matches->n; i++) {
		bool is_new;
		TRY(catalog_set_add(&seen, matches->v[i].n, resolve->arena, &is_new));
		if (is_new)
			matches->v[n++] = matches->v[i];
	}
	matches->n = n;
	return 0;
}

static int run(struct db *db, struct resolve *resolve)
{
	const struct expression *expression = resolve->expression;
	if (expression->domain == EXPRESSION_ID)
		return expression->glob ? resolve_all(db, resolve) : resolve_ids(db, resolve);
	if (!expression->glob)
		return resolve_name(db, resolve);
	TRY(resolve_glob(db, resolve));
	return drop_duplicates(resolve);
}

int catalog_resolve(struct db *db, const struct expression *expression, struct arena *arena,
		    struct catalog_matches *ret_matches, int64_t *work)
{
	struct resolve resolve = {.arena = arena, .expression = expression, .work = work};
	TRY(run(db, &resolve));
	if (resolve.matches.n == 0)
		return E_SERIES_UNKNOWN;
	*ret_matches = resolve.matches;
	return 0;
}

/* --- one series --- */

int catalog_names(struct db *db, int64_t n, struct arena *arena, struct catalog_names *ret_names)
{
	struct catalog_names names = {0};
	int more;
	_cleanup_(query_done) struct query query =
		query_of(db, "SELECT domain, name FROM name WHERE series = ? ORDER BY domain, name");
	query_int(&query, n);
	while ((more = query_next(&query)) > 0) {
		TRY(query_grow(arena, &names.v, names.n, sizeof(*names.v)));
		struct catalog_name *name = &names.v[names.n++];
		name->domain = (enum expression_domain)query_get_int(&query);
		name->name = query_get_str(&query, arena);
		TRY(query_status(&query));
	}
	TRY(more);
	*ret_names = names;
	return 0;
}

/* A text that may be NULL. */
static struct str get_text(struct query *query, struct arena *arena)
{
	if (query->status == 0 && sqlite3_column_type(query->stmt, query->column) == SQLITE_NULL) {
		query->column++;
		return (struct str){0};
	}
	return query_get_str(query, arena);
}

static double get_number(struct query *query, bool *ret_there)
{
	int column = query->column++;
	*ret_there = query->status == 0 && sqlite3_column_type(query->stmt, column) != SQLITE_NULL;
	return *ret_there ? sqlite3_column_double(query->stmt, column) : 0;
}

int catalog_describe(struct db *db, int64_t n, struct arena *arena, struct catalog_info *ret_info)
{
	struct catalog_info info;
	_cleanup_(query_done) struct query query = query_of(db,
		"SELECT id, name, description, source, uom, vessel_imo, vessel_name, scale, range_high, range_low "
		"FROM series WHERE n = ?");
	query_int(&query, n);
	TRY(query_row(&query));
	TRY(read_id(&query, &info.id));
	info.name = get_text(&query, arena);
	info.description = get_text(&query, arena);
	info.source = get_text(&query, arena);
	info.uom = get_text(&query, arena);
	info.vessel_imo = get_text(&query, arena);
	info.vessel_name = get_text(&query, arena);
	info.scale = get_number(&query, &info.has_scale);
	info.range_high = get_number(&query, &info.has_range_high);
	info.range_low = get_number(&query, &info.has_range_low);
	TRY(query_status(&query));
	*ret_info = info;
	return 0;
}

static int find_by_name(struct db *db, struct str text, int64_t *ret_n)
{
	struct expression expression;
	TRY(expression_parse_joined(text, &expression));
	if (expression.glob || expression.domain == EXPRESSION_ID)
		return E_SERIES_EXPRESSION;
	_cleanup_(query_done) struct query query =
		query_of(db, "SELECT series FROM name WHERE domain = ? AND name = ? LIMIT 2");
	query_int(&query, (int64_t)expression.domain);
	query_text(&query, expression.text);
	int rc = query_row(&query);
	if (rc < 0)
		return rc == E_ABSENT ? E_SERIES_UNKNOWN : rc;
	int64_t n = query_get_int(&query);
	rc = query_next(&query);
	if (rc != 0)
		return rc < 0 ? rc : E_SERIES_AMBIGUOUS;
	*ret_n = n;
	return 0;
}

int catalog_find(struct db *db, struct str text, int64_t *ret_n)
{
	struct uuid id;
	if (str_has_prefix(text, STR("id/")))
		text = (struct str){text.p + 3, text.len - 3};
	if (uuid_parse(text, &id) < 0)
		return find_by_name(db, text, ret_n);
	_cleanup_(query_done) struct query query = query_of(db, "SELECT n FROM series WHERE id = ?");
	query_blob(&query, str_mem(id.b, sizeof(id.b)));
	int rc = query_row(&query);
	if (rc < 0)
		return rc == E_ABSENT ? E_SERIES_UNKNOWN : rc;
	*ret_n = query_get_int(&query);
	return query_status(&query);
}
