/* Pairs of a person; see credentials.h. Reads a file that other programs write. */
#include "client/credentials.h"

#include "base/cur.h"
#include "base/enc.h"
#include "json/json.h"

enum { SECOND_US = 1000000, DAY_S = 86400 };

void credentials_put_time(struct buf *out, int64_t now_us)
{
	char text[32];
	struct buf time;
	buf_init_fixed(&time, text, sizeof(text));
	enc_time(&time, now_us / SECOND_US);
	if (time.len > 0)
		time.len--; /* Z */
	buf_put(out, buf_str(&time));
	buf_printf(out, ".%06dZ", (int)(now_us % SECOND_US));
}

/* Two or four digits and what stands behind them. */
static int take_number(struct str *rest, size_t digits, char behind, int *ret_value)
{
	uint64_t value;
	if (rest->len < digits + (behind != 0))
		return E_SYNTAX;
	struct str text = {rest->p, digits};
	while (text.len > 1 && text.p[0] == '0')
		text = str_mem(text.p + 1, text.len - 1);
	TRY(str_to_u64(text, 9999, &value));
	if (behind != 0 && rest->p[digits] != behind)
		return E_SYNTAX;
	*rest = str_mem(rest->p + digits + (behind != 0), rest->len - digits - (behind != 0));
	*ret_value = (int)value;
	return 0;
}

/* Days since 1970-01-01 in the Gregorian calendar, years from March so that the leap day comes last. */
static int64_t days_of(int year, int month, int day)
{
	int y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;
	return (int64_t)y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

/* ".123456" */
static int64_t take_fraction_us(struct str *rest)
{
	int64_t us = 0, unit = SECOND_US / 10;
	if (rest->len == 0 || rest->p[0] != '.')
		return 0;
	size_t i = 1;
	for (; i < rest->len && rest->p[i] >= '0' && rest->p[i] <= '9'; i++, unit /= 10)
		us += (rest->p[i] - '0') * unit;
	*rest = str_mem(rest->p + i, rest->len - i);
	return us;
}

/* "Z", "+01:00", or nothing. */
static int take_zone(struct str rest, int64_t *ret_offset_s)
{
	int hours, minutes;
	*ret_offset_s = 0;
	if (rest.len == 0 || str_eq(rest, STR("Z")))
		return 0;
	bool is_west = rest.p[0] == '-';
	if (!is_west && rest.p[0] != '+')
		return E_SYNTAX;
	rest = str_mem(rest.p + 1, rest.len - 1);
	TRY(take_number(&rest, 2, ':', &hours));
	TRY(take_number(&rest, 2, 0, &minutes));
	*ret_offset_s = (is_west ? -1 : 1) * (hours * 3600 + minutes * 60);
	return rest.len == 0 ? 0 : E_SYNTAX;
}

int credentials_read_time(struct str text, int64_t *ret_us)
{
	int year, month, day, hour, minute, second;
	int64_t offset_s;
	struct str rest = text;
	TRY(take_number(&rest, 4, '-', &year));
	TRY(take_number(&rest, 2, '-', &month));
	TRY(take_number(&rest, 2, 0, &day));
	if (rest.len == 0 || (rest.p[0] != 'T' && rest.p[0] != ' '))
		return E_SYNTAX;
	rest = str_mem(rest.p + 1, rest.len - 1);
	TRY(take_number(&rest, 2, ':', &hour));
	TRY(take_number(&rest, 2, ':', &minute));
	TRY(take_number(&rest, 2, 0, &second));
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60)
		return E_SYNTAX;
	int64_t us = take_fraction_us(&rest);
	TRY(take_zone(rest, &offset_s));
	int64_t s = days_of(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second - offset_s;
	*ret_us = s * SECOND_US + us;
	return 0;
}

static int copy(const struct json *object, const char *name, bool required, struct arena *arena, struct str *ret_value)
{
	struct str value;
	int rc = json_get_str(object, name, &value);
	if (rc == E_ABSENT && !required)
		return 0;
	TRY(rc < 0 ? E_SYNTAX : 0);
	return arena_str(arena, value, ret_value);
}

static int read_pair(const struct json *object, struct str endpoint, struct arena *arena, struct credential *pair)
{
	*pair = (struct credential){.last_used_us = INT64_MIN};
	TRY(arena_str(arena, endpoint, &pair->endpoint));
	TRY(copy(object, "client_id", true, arena, &pair->client_id));
	TRY(copy(object, "client_secret", true, arena, &pair->client_secret));
	TRY(copy(object, "display_name", false, arena, &pair->display_name));
	TRY(copy(object, "created_at", false, arena, &pair->created_at));
	TRY(copy(object, "last_used", false, arena, &pair->last_used));
	int64_t us;
	if (credentials_read_time(pair->last_used, &us) == 0)
		pair->last_used_us = us;
	return pair->client_id.len > 0 ? 0 : E_SYNTAX;
}

static int read_endpoint(const struct json *document, struct str endpoint, struct arena *arena,
			 struct credentials *list)
{
	const struct json *array, *object;
	struct str name;
	TRY(arena_str(arena, endpoint, &name)); /* a NUL behind it */
	TRY(json_get_array(document, name.p, &array) < 0 ? E_SYNTAX : 0);
	for (size_t i = 0; i < json_array_len(array); i++) {
		if (list->n == CREDENTIALS_MAX)
			return E_LIMIT;
		TRY(json_at_object(array, i, &object));
		TRY(read_pair(object, endpoint, arena, &list->v[list->n]));
		list->n++;
	}
	return 0;
}

int credentials_parse(struct str text, struct arena *arena, struct credentials *ret_list)
{
	_cleanup_(json_freep) struct json *document = NULL;
	const struct json *value;
	struct str endpoint;
	void *iter = NULL;
	ret_list->n = 0;
	TRY(json_parse_object(text, &document));
	while (json_each(document, &iter, &endpoint, &value))
		TRY(read_endpoint(document, endpoint, arena, ret_list));
	return 0;
}

static void emit_pair(struct json_out *json, const struct credential *pair)
{
	json_open(json, NULL, '{');
	json_str(json, "display_name", pair->display_name);
	json_str(json, "client_id", pair->client_id);
	json_str(json, "client_secret", pair->client_secret);
	json_str(json, "endpoint", pair->endpoint);
	json_str(json, "created_at", pair->created_at);
	json_str(json, "last_used", pair->last_used);
	json_close(json, '}');
}

static bool is_first(const struct credentials *list, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (str_eq(list->v[i].endpoint, list->v[at].endpoint))
			return false;
	return true;
}

static void emit_endpoint(const struct credentials *list, struct str endpoint, struct json_out *json)
{
	json_put_quoted(json->buf, endpoint);
	buf_put(json->buf, STR(":["));
	json->comma = false;
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->v[i].endpoint, endpoint))
			emit_pair(json, &list->v[i]);
	buf_put(json->buf, STR("]"));
}

void credentials_emit(const struct credentials *list, struct buf *out)
{
	struct json_out json;
	json_out_init(&json, out);
	buf_put(out, STR("{"));
	for (size_t i = 0; i < list->n; i++) {
		if (!is_first(list, i))
			continue;
		if (i > 0)
			buf_put(out, STR(","));
		emit_endpoint(list, list->v[i].endpoint, &json);
	}
	buf_put(out, STR("}\n"));
}

static bool is_of(const struct credential *pair, struct str issuer)
{
	return issuer.len == 0 || str_eq(str_trim_end(pair->endpoint, '/'), str_trim_end(issuer, '/'));
}

struct credential *credentials_newest(struct credentials *list, struct str issuer)
{
	struct credential *newest = NULL;
	for (size_t i = 0; i < list->n; i++) {
		struct credential *pair = &list->v[i];
		if (issuer.len == 0 && !is_of(pair, list->v[0].endpoint))
			return NULL; /* which one is meant? */
		if (is_of(pair, issuer) && (!newest || pair->last_used_us > newest->last_used_us))
			newest = pair;
	}
	return newest;
}

struct credential *credentials_find(struct credentials *list, struct str issuer, struct str client_id)
{
	for (size_t i = 0; i < list->n; i++)
		if (is_of(&list->v[i], issuer) && str_eq(list->v[i].client_id, client_id))
			return &list->v[i];
	return NULL;
}

int credentials_put(struct credentials *list, const struct credential *pair)
{
	struct credential *present = credentials_find(list, pair->endpoint, pair->client_id);
	if (!present && list->n == CREDENTIALS_MAX)
		return E_LIMIT;
	*(present ? present : &list->v[list->n++]) = *pair;
	return 0;
}

void credentials_remove(struct credentials *list, const struct credential *pair)
{
	size_t at = (size_t)(pair - list->v);
	memmove(&list->v[at], &list->v[at + 1], (list->n - at - 1) * sizeof(*list->v));
	list->n--;
}
