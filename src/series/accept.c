/* Choosing a format; see accept.h. RFC 9110 12.4.2 (q), 12.5.1. A malformed element counts for nothing. */
#include "series/accept.h"

enum { Q_ONE = 1000, NOT_NAMED = -1 };

static const struct format {
	struct str name, type, subtypes[3];
} formats[ACCEPT_FORMATS] = {
	[ACCEPT_JSON] = {{"json", 4}, {"application/json", 16}, {{"json", 4}}},
	[ACCEPT_NDJSON] = {{"ndjson", 6}, {"application/x-ndjson", 20}, {{"x-ndjson", 8}, {"ndjson", 6}, {"jsonl", 5}}},
};

static const struct str foreign[] = {{"parquet", 7}};

struct str accept_media_type(enum accept_format format) { return formats[format].type; }

static int choose_by_name(struct str name, enum accept_format *ret_format)
{
	for (size_t i = 0; i < ACCEPT_FORMATS; i++)
		if (str_eq(formats[i].name, name)) {
			*ret_format = (enum accept_format)i;
			return 0;
		}
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		if (str_eq(foreign[i], name))
			return E_NOT_ACCEPTABLE;
	return E_INVALID_REQUEST;
}

/* RFC 9110 12.4.2: 0 to 1 with at most three digits, in thousandths. E_SYNTAX. */
static int read_q(struct str text, int *ret_q)
{
	int q = 0, unit = Q_ONE;
	if (text.len == 0 || text.len > 5 || (text.p[0] != '0' && text.p[0] != '1') ||
	    (text.len > 1 && text.p[1] != '.'))
		return E_SYNTAX;
	for (size_t i = 0; i < text.len; i++) {
		if (i == 1)
			continue;
		if (text.p[i] < '0' || text.p[i] > '9')
			return E_SYNTAX;
		q += (text.p[i] - '0') * unit;
		unit /= 10;
	}
	if (q > Q_ONE)
		return E_SYNTAX;
	*ret_q = q;
	return 0;
}

/* Cut what stands before the next c; false at the end. */
static bool take_part(struct str *rest, char c, struct str *ret_part)
{
	if (!rest->p)
		return false;
	if (!str_cut(*rest, c, ret_part, rest)) {
		*ret_part = *rest;
		rest->p = NULL;
	}
	*ret_part = str_trim_ows(*ret_part);
	return true;
}

/* One element: its range and q. E_SYNTAX. */
static int read_element(struct str element, struct str *ret_range, int *ret_q)
{
	struct str part, name, value;
	int q = Q_ONE;
	if (!take_part(&element, ';', ret_range) || ret_range->len == 0)
		return E_SYNTAX;
	while (take_part(&element, ';', &part))
		if (str_cut(part, '=', &name, &value) && str_eq_ci(name, STR("q")))
			TRY(read_q(value, &q));
	*ret_q = q;
	return 0;
}

/* How closely a range fits: 0 not at all, 1 any type, 2 any subtype, 3 by name. */
static int match(const struct format *format, struct str range)
{
	struct str type, subtype;
	if (!str_cut(range, '/', &type, &subtype))
		return 0;
	if (str_eq(type, STR("*")))
		return str_eq(subtype, STR("*")) ? 1 : 0;
	if (!str_eq_ci(type, STR("application")))
		return 0;
	if (str_eq(subtype, STR("*")))
		return 2;
	for (size_t i = 0; i < sizeof(format->subtypes) / sizeof(format->subtypes[0]); i++)
		if (format->subtypes[i].len > 0 && str_eq_ci(subtype, format->subtypes[i]))
			return 3;
	return 0;
}

/* RFC 9110 12.5.1: the most specific range that fits decides. */
static int weigh(const struct format *format, struct str header)
{
	struct str element, range;
	int best = 0, weight = NOT_NAMED, q;
	while (take_part(&header, ',', &element)) {
		if (read_element(element, &range, &q) < 0)
			continue;
		int fit = match(format, range);
		if (fit > best || (fit == best && fit > 0 && q > weight)) {
			best = fit;
			weight = q;
		}
	}
	return weight;
}

int accept_choose(struct str name, struct str header, enum accept_format *ret_format)
{
	int weights[ACCEPT_FORMATS], best = 0;
	if (name.len > 0)
		return choose_by_name(name, ret_format);
	header = str_trim_ows(header);
	if (header.len == 0) {
		*ret_format = ACCEPT_JSON;
		return 0;
	}
	for (int i = 0; i < ACCEPT_FORMATS; i++) {
		weights[i] = weigh(&formats[i], header);
		if (weights[i] > weights[best])
			best = i;
	}
	if (weights[best] <= 0)
		return E_NOT_ACCEPTABLE;
	*ret_format = (enum accept_format)best;
	return 0;
}
