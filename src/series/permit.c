/* What a token permits; see permit.h. RFC 6749 3.3, RFC 9396 2. */
#include "series/permit.h"

#include <stdlib.h>

#include "base/enc.h"
#include "json/json.h"
#include "series/moment.h"

enum { SERIES_WORK = 1000, IDENTIFIERS_MAX = 64, SCRATCH_MAX = 1 << 20 };

static const struct range always = {MOMENT_MIN_US, MOMENT_END_US};

static int add(struct permit_set *permits, struct arena *arena, const struct permit *permit)
{
	if (permits->n == PERMIT_MAX)
		return E_LIMIT;
	TRY(query_grow(arena, &permits->v, permits->n, sizeof(*permits->v)));
	permits->v[permits->n++] = *permit;
	return 0;
}

/* --- scopes --- */

static const struct str prefix = {"series:read:", 12};

/* The byte behind a '%'; what would become a level, a star or the end of a text is refused. */
static int read_percent(struct str text, size_t at, char *ret_c)
{
	if (text.len - at < 3)
		return E_SERIES_EXPRESSION;
	int high = enc_hex_digit(text.p[at + 1]), low = enc_hex_digit(text.p[at + 2]);
	if (high < 0 || low < 0)
		return E_SERIES_EXPRESSION;
	*ret_c = (char)(high << 4 | low);
	return *ret_c == '/' || *ret_c == '*' || *ret_c == '\0' ? E_SERIES_EXPRESSION : 0;
}

static int decode(struct str text, struct arena *arena, struct str *ret_text)
{
	char *out = arena_alloc(arena, text.len + 1);
	size_t n = 0;
	if (!out)
		return E_NOMEM;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];
		if (c == '%') {
			TRY(read_percent(text, i, &c));
			i += 2;
		}
		out[n++] = c;
	}
	*ret_text = (struct str){out, n};
	return 0;
}

static int read_scope(struct str token, struct arena *arena, struct expression *ret_expression)
{
	struct str text;
	TRY(decode((struct str){token.p + prefix.len, token.len - prefix.len}, arena, &text));
	int rc = expression_parse_joined(text, ret_expression);
	return rc == E_SERIES_UNKNOWN ? E_SERIES_EXPRESSION : rc;
}

int permit_check_scope(struct str token)
{
	enum { ROOM = 8192 };
	struct expression expression;
	struct arena arena;
	if (!str_has_prefix(token, prefix))
		return E_SERIES_EXPRESSION;
	arena_init(&arena, ROOM);
	int rc = read_scope(token, &arena, &expression);
	arena_done(&arena);
	return rc;
}

static int add_scope(struct permit_set *permits, struct str token, struct arena *arena)
{
	struct permit permit = {.when = always};
	if (!str_has_prefix(token, prefix))
		return 0;
	int rc = read_scope(token, arena, &permit.expression);
	if (rc == E_SERIES_EXPRESSION) {
		permits->n_malformed++;
		return 0;
	}
	TRY(rc);
	return add(permits, arena, &permit);
}

static int add_scopes(struct permit_set *permits, struct str scope, struct arena *arena)
{
	struct str token, rest = scope;
	while (str_cut(rest, ' ', &token, &rest))
		TRY(add_scope(permits, token, arena));
	return add_scope(permits, rest, arena);
}

/* --- RFC 9396 --- */

/* A limit that is not understood may not be dropped: every member is known, or the token is refused. */
static bool knows_members(const struct json *object)
{
	static const char *const known[] = {"type", "identifier", "identifiers", "from", "to", "locations", "actions"};
	return json_has_only(object, known, sizeof(known) / sizeof(known[0]));
}

/* Whether an array of strings has this one. Absent: *ret_has stays. */
static int look_into(const struct json *object, const char *name, struct str wanted, bool *ret_has)
{
	const struct json *array;
	struct str value;
	int rc = json_get_array(object, name, &array);
	if (rc < 0)
		return rc == E_ABSENT ? 0 : E_INVALID_TOKEN;
	*ret_has = false;
	for (size_t i = 0; i < json_array_len(array); i++) {
		if (json_at_str(array, i, &value) < 0)
			return E_INVALID_TOKEN;
		*ret_has = *ret_has || str_eq(value, wanted);
	}
	return 0;
}

static int read_moment(const struct json *object, const char *name, int64_t *ret_us)
{
	struct str text;
	int rc = json_get_str(object, name, &text);
	if (rc < 0)
		return rc == E_ABSENT ? 0 : E_INVALID_TOKEN;
	return moment_parse(text, ret_us) < 0 ? E_INVALID_TOKEN : 0;
}

static int add_identifier(struct permit_set *permits, struct arena *arena, struct str text, const struct range *when)
{
	struct permit permit = {.when = *when};
	struct str copy;
	TRY(arena_str(arena, text, &copy));
	if (expression_parse_joined(copy, &permit.expression) < 0)
		return E_INVALID_TOKEN;
	return add(permits, arena, &permit);
}

/* Either `identifier` or `identifiers`. */
static int add_identifiers(struct permit_set *permits, struct arena *arena, const struct json *object,
			   const struct range *when)
{
	const struct json *array;
	struct str text;
	if (json_has(object, "identifier") == json_has(object, "identifiers"))
		return E_INVALID_TOKEN;
	if (json_get_str(object, "identifier", &text) == 0)
		return add_identifier(permits, arena, text, when);
	if (json_get_array(object, "identifiers", &array) < 0 || json_array_len(array) > IDENTIFIERS_MAX)
		return E_INVALID_TOKEN;
	for (size_t i = 0; i < json_array_len(array); i++) {
		if (json_at_str(array, i, &text) < 0)
			return E_INVALID_TOKEN;
		TRY(add_identifier(permits, arena, text, when));
	}
	return 0;
}

static int add_detail(struct permit_set *permits, struct arena *arena, const struct json *object, struct str audience)
{
	struct range when = always;
	bool here = true, reads = true;
	struct str type;
	if (json_get_str(object, "type", &type) < 0) /* RFC 9396 2: required */
		return E_INVALID_TOKEN;
	if (!str_eq(type, STR("series")))
		return 0;
	if (!knows_members(object))
		return E_INVALID_TOKEN;
	TRY(look_into(object, "locations", audience, &here)); /* RFC 9396 2.2: where the object counts */
	TRY(look_into(object, "actions", STR("read"), &reads));
	TRY(read_moment(object, "from", &when.from_us));
	TRY(read_moment(object, "to", &when.to_us));
	if (when.from_us >= when.to_us)
		return E_INVALID_TOKEN;
	struct permit_set nowhere = {0};
	return add_identifiers(here && reads ? permits : &nowhere, arena, object, &when);
}

static int add_details(struct permit_set *permits, struct str details, struct str audience, struct arena *arena)
{
	_cleanup_(json_freep) struct json *array = NULL;
	const struct json *object;
	if (details.len > PERMIT_DETAILS_MAX)
		return E_INVALID_TOKEN;
	int rc = json_parse_array(details, &array);
	if (rc < 0)
		return rc == E_NOMEM ? rc : E_INVALID_TOKEN;
	for (size_t i = 0; i < json_array_len(array); i++) {
		if (json_at_object(array, i, &object) < 0)
			return E_INVALID_TOKEN;
		TRY(add_detail(permits, arena, object, audience));
	}
	return 0;
}

int permit_parse(struct str scope, struct str details, struct str audience, struct arena *arena,
		 struct permit_set *ret_permits)
{
	struct permit_set permits = {0};
	TRY(add_scopes(&permits, scope, arena));
	if (details.p)
		TRY(add_details(&permits, details, audience, arena));
	*ret_permits = permits;
	return 0;
}

/* --- deciding --- */

static bool has_uuid(const struct expression *expression, const struct uuid *id)
{
	struct uuid one;
	size_t at = 0;
	if (expression->glob)
		return true;
	while (expression_next_uuid(expression, &at, &one))
		if (uuid_eq(&one, id))
			return true;
	return false;
}

static bool covers(const struct expression *expression, const struct catalog_match *series,
		   const struct catalog_names *names, int64_t *work)
{
	if (expression->domain == EXPRESSION_ID)
		return has_uuid(expression, &series->id);
	for (size_t i = 0; i < names->n; i++)
		if (names->v[i].domain == expression->domain &&
		    expression_matches(expression, names->v[i].name, work))
			return true;
	return false;
}

static int by_from(const void *a, const void *b)
{
	const struct range *left = a, *right = b;
	return (left->from_us > right->from_us) - (left->from_us < right->from_us);
}

/* Times that overlap or touch become one. */
static void join(struct permit_times *times)
{
	size_t n = 0;
	if (times->n > 1)
		qsort(times->v, times->n, sizeof(*times->v), by_from);
	for (size_t i = 0; i < times->n; i++) {
		struct range *last = n > 0 ? &times->v[n - 1] : NULL;
		if (!last || times->v[i].from_us > last->to_us)
			times->v[n++] = times->v[i];
		else if (times->v[i].to_us > last->to_us)
			last->to_us = times->v[i].to_us;
	}
	times->n = n;
}

static int find_times(const struct permit_set *permits, struct db *db, const struct catalog_match *series,
		      struct arena *scratch, struct permit_times *times, int64_t *work)
{
	struct catalog_names names;
	TRY(catalog_names(db, series->n, scratch, &names));
	for (size_t i = 0; i < permits->n; i++) {
		if (!covers(&permits->v[i].expression, series, &names, work))
			continue;
		TRY(query_grow(scratch, &times->v, times->n, sizeof(*times->v)));
		times->v[times->n++] = permits->v[i].when;
	}
	join(times);
	return *work > 0 ? 0 : E_SERIES_LIMIT;
}

static int keep(const struct permit_times *times, struct arena *arena, struct permit_times *ret_times)
{
	struct permit_times kept = {NULL, times->n};
	if (times->n > 0) {
		kept.v = arena_array(arena, times->n, sizeof(*kept.v));
		if (!kept.v)
			return E_NOMEM;
		memcpy(kept.v, times->v, times->n * sizeof(*kept.v));
	}
	*ret_times = kept;
	return 0;
}

/* A request may judge thousands of series: of each only the times stay in its arena. */
int permit_times_of(const struct permit_set *permits, struct db *db, const struct catalog_match *series,
		    struct arena *arena, struct permit_times *ret_times, int64_t *work)
{
	struct permit_times times = {0};
	struct arena scratch;
	*work -= SERIES_WORK;
	arena_init(&scratch, SCRATCH_MAX);
	int rc = find_times(permits, db, series, &scratch, &times, work);
	if (rc == 0)
		rc = keep(&times, arena, ret_times);
	arena_done(&scratch);
	return rc;
}
