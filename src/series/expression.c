/* Names, expressions and their matching; see expression.h. ISO 19848 for jsmea and vis. */
#include "series/expression.h"

static const char *const domain_names[EXPRESSION_DOMAINS] = {
	[EXPRESSION_ID] = "id",       [EXPRESSION_RAALABS] = "raalabs", [EXPRESSION_PARAMETERS] = "parameters",
	[EXPRESSION_MAKER] = "maker", [EXPRESSION_JSMEA] = "jsmea",     [EXPRESSION_VIS] = "vis-3-8a",
};

int expression_find_domain(struct str name, enum expression_domain *ret_domain)
{
	for (unsigned i = 0; i < EXPRESSION_DOMAINS; i++) {
		if (!str_eq(name, str_of(domain_names[i])))
			continue;
		*ret_domain = (enum expression_domain)i;
		return 0;
	}
	return E_SERIES_UNKNOWN;
}

const char *expression_domain_name(enum expression_domain domain) { return domain_names[domain]; }

bool expression_next_uuid(const struct expression *expression, size_t *at, struct uuid *ret_uuid)
{
	struct str text = expression->text;
	if (*at >= text.len)
		return false;
	struct str rest = {text.p + *at, text.len - *at};
	struct str one = {rest.p, str_find(rest, ',')};
	if (uuid_parse(one, ret_uuid) < 0)
		return false;
	*at += one.len + 1;
	return true;
}

/* "*", or UUIDs with single commas between. */
static int check_ids(struct expression *expression)
{
	struct uuid uuid;
	size_t n = 0, at = 0;
	if (str_eq(expression->text, STR("*"))) {
		expression->glob = true;
		return 0;
	}
	while (expression_next_uuid(expression, &at, &uuid))
		n++;
	/* the last one ends at the end: nothing was left over, not even a comma */
	return n > 0 && n <= EXPRESSION_UUIDS_MAX && at == expression->text.len + 1 ? 0 : E_SERIES_EXPRESSION;
}

/* Characters that can be shown, no backslash. */
static bool is_plain(struct str text)
{
	for (size_t at = 0; at < text.len;) {
		size_t n = str_printable((struct str){text.p + at, text.len - at});
		if (n == 0 || text.p[at] == '\\')
			return false;
		at += n;
	}
	return true;
}

/* A level "." or ".." can't be asked for in a path. */
static bool has_dot_level(struct str text)
{
	struct str level, rest = text;
	for (bool more = true; more;) {
		more = str_cut(rest, '/', &level, &rest);
		if (!more)
			level = rest;
		if (str_eq(level, STR(".")) || str_eq(level, STR("..")))
			return true;
	}
	return false;
}

static int check_text(struct expression *expression)
{
	struct str text = expression->text;
	size_t stars = 0;
	if (text.len == 0 || text.len > EXPRESSION_MAX || !is_plain(text) || has_dot_level(text))
		return E_SERIES_EXPRESSION;
	for (size_t i = 0; i < text.len; i++)
		stars += text.p[i] == '*';
	expression->glob = stars > 0;
	return stars <= EXPRESSION_STARS_MAX ? 0 : E_SERIES_EXPRESSION;
}

static int check(struct expression *expression)
{
	return expression->domain == EXPRESSION_ID ? check_ids(expression) : check_text(expression);
}

int expression_parse(struct str domain, struct str text, struct expression *ret_expression)
{
	struct expression expression = {.text = text};
	TRY(expression_find_domain(domain, &expression.domain));
	TRY(check(&expression));
	*ret_expression = expression;
	return 0;
}

int expression_parse_joined(struct str text, struct expression *ret_expression)
{
	struct str domain, rest;
	if (!str_cut(text, '/', &domain, &rest))
		return E_SERIES_EXPRESSION;
	return expression_parse(domain, rest, ret_expression);
}

int expression_check_name(enum expression_domain domain, struct str name)
{
	struct expression expression = {.domain = domain, .text = name};
	TRY(check(&expression));
	if (expression.glob || (domain == EXPRESSION_ID && name.len != UUID_TEXT_LEN))
		return E_SERIES_EXPRESSION;
	return 0;
}

/*
 * One pass with at most one point to go back to: the last star of the present level. A slash ends it, since levels of
 * both sides must fall together, so an earlier star can't mend what comes later. No recursion, at most text.len *
 * name.len comparisons.
 */
bool expression_matches(const struct expression *expression, struct str name, int64_t *work)
{
	struct str text = expression->text;
	size_t t = 0, n = 0, star = SIZE_MAX, kept = 0;
	while (n < name.len || t < text.len) {
		if (*work <= 0)
			return false;
		--*work;
		if (t < text.len && text.p[t] == '*') {
			star = t++;
			kept = n;
		} else if (t < text.len && n < name.len && text.p[t] == name.p[n]) {
			star = name.p[n] == '/' ? SIZE_MAX : star;
			t++;
			n++;
		} else if (star != SIZE_MAX && kept < name.len && name.p[kept] != '/') {
			n = ++kept; /* the star takes one more */
			t = star + 1;
		} else {
			return false;
		}
	}
	return true;
}

struct str expression_prefix(const struct expression *expression)
{
	return (struct str){expression->text.p, str_find(expression->text, '*')};
}
