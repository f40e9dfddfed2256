/* Series from a JSON document; see define.h. The command line's process. */
#include "series/define.h"

#include "json/json.h"
#include "series/catalog.h"

struct definition {
	struct catalog_info info;
	const struct json *names; /* NULL: none */
};

struct define {
	struct db *db;
	struct buf *why;
	size_t index; /* of the series, from 0 */
	struct define_result result;
};

static int fail(const struct define *define, const char *member, const char *what)
{
	buf_printf(define->why, "series %zu: %s %s", define->index + 1, member, what);
	return E_SYNTAX;
}

/* --- reading --- */

static bool is_text(struct str text)
{
	if (text.len > DEFINE_TEXT_MAX)
		return false;
	for (size_t at = 0; at < text.len;) {
		size_t n = str_printable((struct str){text.p + at, text.len - at});
		if (n == 0)
			return false;
		at += n;
	}
	return true;
}

static int read_texts(const struct define *define, const struct json *object, struct catalog_info *info)
{
	const struct {
		const char *name;
		struct str *to;
	} rows[] = {{"name", &info->name},
		    {"description", &info->description},
		    {"source", &info->source},
		    {"uom", &info->uom},
		    {"vessel_imo", &info->vessel_imo},
		    {"vessel_name", &info->vessel_name}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int rc = json_get_str(object, rows[i].name, rows[i].to);
		if ((rc < 0 && rc != E_ABSENT) || (rc == 0 && !is_text(*rows[i].to)))
			return fail(define, rows[i].name, "is no text that can be shown");
	}
	return 0;
}

static int read_numbers(const struct define *define, const struct json *object, struct catalog_info *info)
{
	const struct {
		const char *name;
		double *to;
		bool *there;
	} rows[] = {{"scale", &info->scale, &info->has_scale},
		    {"range_high", &info->range_high, &info->has_range_high},
		    {"range_low", &info->range_low, &info->has_range_low}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int rc = json_get_number(object, rows[i].name, rows[i].to);
		*rows[i].there = rc == 0;
		if (rc < 0 && rc != E_ABSENT)
			return fail(define, rows[i].name, "is no number");
	}
	return 0;
}

static int check_members(const struct define *define, const struct json *object)
{
	static const char *const known[] = {"id",    "names",      "name",      "description", "source",     "uom",
					    "scale", "range_high", "range_low", "vessel_imo",  "vessel_name"};
	bool good = json_has_only(object, known, sizeof(known) / sizeof(known[0]));
	return good ? 0 : fail(define, "a member", "is unknown");
}

static int read_definition(const struct define *define, const struct json *object, struct definition *ret_definition)
{
	struct definition definition = {0};
	struct str id;
	TRY(check_members(define, object));
	if (json_get_str(object, "id", &id) < 0 || uuid_parse(id, &definition.info.id) < 0)
		return fail(define, "id", "is missing or no UUID");
	int rc = json_get_object(object, "names", &definition.names);
	if (rc < 0 && rc != E_ABSENT)
		return fail(define, "names", "is no object of domains");
	TRY(read_texts(define, object, &definition.info));
	TRY(read_numbers(define, object, &definition.info));
	*ret_definition = definition;
	return 0;
}

/* --- storing --- */

static void bind_text(struct query *query, struct str text)
{
	if (text.p)
		query_text(query, text);
	else
		query_ref(query, 0);
}

static void bind_number(struct query *query, bool there, double value)
{
	if (!there)
		query_ref(query, 0);
	else if (query->status == 0)
		query->status = db_error(query->db, sqlite3_bind_double(query->stmt, ++query->bound, value));
}

static int put_info(struct define *define, const struct catalog_info *info)
{
	_cleanup_(query_done) struct query query = query_of(define->db,
		"INSERT INTO series (id, name, description, source, uom, vessel_imo, vessel_name, scale, range_high, "
		"range_low) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, "
		"description = excluded.description, source = excluded.source, uom = excluded.uom, "
		"vessel_imo = excluded.vessel_imo, vessel_name = excluded.vessel_name, scale = excluded.scale, "
		"range_high = excluded.range_high, range_low = excluded.range_low");
	query_blob(&query, str_mem(info->id.b, sizeof(info->id.b)));
	bind_text(&query, info->name);
	bind_text(&query, info->description);
	bind_text(&query, info->source);
	bind_text(&query, info->uom);
	bind_text(&query, info->vessel_imo);
	bind_text(&query, info->vessel_name);
	bind_number(&query, info->has_scale, info->scale);
	bind_number(&query, info->has_range_high, info->range_high);
	bind_number(&query, info->has_range_low, info->range_low);
	return query_run(&query);
}

static int find_series(struct define *define, const struct uuid *id, int64_t *ret_n)
{
	_cleanup_(query_done) struct query query = query_of(define->db, "SELECT n FROM series WHERE id = ?");
	query_blob(&query, str_mem(id->b, sizeof(id->b)));
	TRY(query_row(&query));
	*ret_n = query_get_int(&query);
	return query_status(&query);
}

static int drop_names(struct define *define, int64_t n)
{
	_cleanup_(query_done) struct query query = query_of(define->db, "DELETE FROM name WHERE series = ?");
	query_int(&query, n);
	return query_run(&query);
}

static int put_name(struct define *define, int64_t n, enum expression_domain domain, struct str name)
{
	if (domain == EXPRESSION_ID || expression_check_name(domain, name) < 0)
		return fail(define, expression_domain_name(domain), "has a name that can't be one");
	_cleanup_(query_done) struct query query = query_of(
		define->db, "INSERT INTO name (domain, name, series) VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
	query_int(&query, (int64_t)domain);
	query_text(&query, name);
	query_int(&query, n);
	return query_run(&query);
}

/* A name, or an array of names. */
static int put_domain(struct define *define, int64_t n, const struct json *names, struct str domain_name)
{
	enum expression_domain domain;
	struct str name;
	const struct json *array;
	if (expression_find_domain(domain_name, &domain) < 0)
		return fail(define, "names", "has a domain that is none");
	const char *member = expression_domain_name(domain);
	if (json_get_str(names, member, &name) == 0)
		return put_name(define, n, domain, name);
	if (json_get_array(names, member, &array) < 0 || json_array_len(array) > DEFINE_NAMES_MAX)
		return fail(define, member, "is neither a name nor an array of at most 64 names");
	for (size_t i = 0; i < json_array_len(array); i++) {
		if (json_at_str(array, i, &name) < 0)
			return fail(define, member, "has a name that is no text");
		TRY(put_name(define, n, domain, name));
	}
	return 0;
}

static int put_names(struct define *define, int64_t n, const struct json *names)
{
	void *iter = NULL;
	struct str domain;
	const struct json *value;
	while (json_each(names, &iter, &domain, &value))
		TRY(put_domain(define, n, names, domain));
	return 0;
}

static int put_series(struct define *define, const struct json *object)
{
	struct definition definition;
	int64_t n;
	TRY(read_definition(define, object, &definition));
	int rc = find_series(define, &definition.info.id, &n);
	if (rc < 0 && rc != E_ABSENT)
		return rc;
	uint64_t *count = rc == 0 ? &define->result.changed : &define->result.created;
	TRY(put_info(define, &definition.info));
	TRY(find_series(define, &definition.info.id, &n));
	TRY(drop_names(define, n));
	if (definition.names)
		TRY(put_names(define, n, definition.names));
	++*count;
	return 0;
}

static int put_all(struct define *define, const struct json *array)
{
	const struct json *object;
	for (; define->index < json_array_len(array); define->index++) {
		if (json_at_object(array, define->index, &object) < 0)
			return fail(define, "it", "is no object");
		TRY(put_series(define, object));
	}
	return 0;
}

static int read_document(struct str text, struct buf *why, struct json **ret_doc, const struct json **ret_array)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	int rc = json_parse_object_max(text, DEFINE_MAX, &doc);
	if (rc < 0) {
		buf_put(why, rc == E_SYNTAX ? STR("this is no JSON object") : str_of(err_row(rc)->text));
		return rc;
	}
	if (json_get_array(doc, "series", ret_array) < 0) {
		buf_put(why, STR("the member series is missing or no array"));
		return E_SYNTAX;
	}
	*ret_doc = TAKE(doc);
	return 0;
}

int define_run(struct series_db *db, struct str json, struct buf *why, struct define_result *ret_result)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	_cleanup_(series_db_write_end) struct series_db_writer writer = {0};
	const struct json *array;
	TRY(read_document(json, why, &doc, &array));
	TRY(series_db_write(db, &writer));
	struct define define = {.db = writer.db, .why = why};
	TRY(put_all(&define, array));
	TRY(series_db_commit(&writer));
	*ret_result = define.result;
	return 0;
}
