/*
 * application/x-www-form-urlencoded against a table of known parameters (WHATWG URL 5.1, RFC 6749 appendix B).
 * Pure but for the arena. Must never let two values of one parameter pass.
 */
#include "http/form.h"

#include "base/enc.h"

enum { NAME_ENCODED_MAX = 192 }; /* no known name is longer, even with every byte as %XX */

/* Row of the decoded name; table->n when it is unknown. */
static size_t find_row(const struct form_table *table, struct str name)
{
	size_t row = 0;
	while (row < table->n && !str_eq(str_of(table->params[row].name), name))
		row++;
	return row;
}

/* Cut the next pair off *rest. False at the end. */
static bool take_pair(struct str *rest, struct str *ret_name, struct str *ret_value)
{
	struct str pair;
	if (rest->len == 0)
		return false;
	if (!str_cut(*rest, '&', &pair, rest)) {
		pair = *rest;
		rest->len = 0;
	}
	*ret_name = pair;
	*ret_value = (struct str){"", 0};
	(void)str_cut(pair, '=', ret_name, ret_value);
	return true;
}

/* State of one form_parse. tails: the last value of each row, so that a long chain is not walked for each new one. */
struct parse {
	const struct form_table *table;
	struct arena *arena;
	struct form_value *values;
	struct form_value *tails[FORM_PARAMS_MAX];
	unsigned n_values; /* of parameters that repeat */
	uint64_t seen;
	char *scratch; /* room for any part of the body */
};

static int append(struct parse *parse, size_t row, struct str decoded)
{
	struct form_value *value = &parse->values[row];
	if (decoded.len == 0) /* RFC 6749 3.2: empty counts as absent */
		return 0;
	if (value->present) {
		if (++parse->n_values > FORM_REPEATS_MAX) /* nobody means that; and memory is bounded */
			return E_INVALID_REQUEST;
		value = arena_alloc(parse->arena, sizeof(*value));
		if (!value)
			return E_NOMEM;
		parse->tails[row]->next = value;
	}
	TRY(arena_str(parse->arena, decoded, &value->value));
	value->present = true;
	parse->tails[row] = value;
	return 0;
}

/* Into the scratch room. A wrong encoding is the peer's malformed request: RFC 6749 5.2, CC-04. */
static int decode_part(struct parse *parse, struct str text, struct str *ret_value)
{
	size_t len = 0;
	if (enc_form_decode_to(text, parse->scratch, &len) < 0)
		return E_INVALID_REQUEST;
	*ret_value = (struct str){parse->scratch, len};
	return 0;
}

static int take_parameter(struct parse *parse, struct str raw_name, struct str raw_value)
{
	struct str name, value;
	TRY(decode_part(parse, raw_name, &name));
	size_t row = find_row(parse->table, name);
	TRY(decode_part(parse, raw_value, &value));
	if (row == parse->table->n) /* RFC 6749 3.2: unrecognised parameters are ignored */
		return 0;
	uint64_t bit = UINT64_C(1) << row;
	/* RFC 6749 3.2, CC-07: a parameter must not be included more than once, even empty or with the same value. */
	if ((parse->seen & bit) && !parse->table->params[row].repeats)
		return E_INVALID_REQUEST;
	parse->seen |= bit;
	return append(parse, row, value);
}

int form_parse(struct str body, const struct form_table *table, struct arena *arena, struct form_value *values)
{
	struct parse parse = {.table = table, .arena = arena, .values = values};
	struct str rest = body, raw_name, raw_value;
	memset(values, 0, table->n * sizeof(*values));
	parse.scratch = arena_alloc(arena, body.len + 1);
	if (!parse.scratch)
		return E_NOMEM;
	while (take_pair(&rest, &raw_name, &raw_value))
		TRY(take_parameter(&parse, raw_name, raw_value));
	return 0;
}

uint64_t form_names_present(struct str query, const struct form_table *table)
{
	char name[NAME_ENCODED_MAX];
	uint64_t seen = 0;
	struct str rest = query, raw_name, raw_value;
	while (take_pair(&rest, &raw_name, &raw_value)) {
		size_t len = 0;
		if (raw_name.len > sizeof(name) || enc_form_decode_to(raw_name, name, &len) < 0)
			continue;
		size_t row = find_row(table, (struct str){name, len});
		if (row < table->n)
			seen |= UINT64_C(1) << row;
	}
	return seen;
}

bool form_is_media_type(struct str content_type)
{
	struct str type = content_type, parameters;
	(void)str_cut(content_type, ';', &type, &parameters);
	return str_eq_ci(str_trim_ows(type), STR("application/x-www-form-urlencoded"));
}
