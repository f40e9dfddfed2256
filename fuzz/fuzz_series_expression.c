/*
 * Expressions and scope tokens: what is accepted is bounded, shows on a terminal and has no level "." or ".."; matching
 * agrees with a matcher that tries everything, and stays within text times name.
 */
#include <stdlib.h>

#include "series/permit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

enum { SLOW_MAX = 200 };

/* By its definition, for every front of the text and of the name: a star takes nothing, or one that is no slash. */
static bool matches_slowly(struct str text, struct str name)
{
	static bool fits[SLOW_MAX + 1][SLOW_MAX + 1];
	for (size_t t = 0; t <= text.len; t++) {
		for (size_t n = 0; n <= name.len; n++) {
			bool star = t > 0 && text.p[t - 1] == '*';
			if (t == 0)
				fits[t][n] = n == 0;
			else if (star)
				fits[t][n] = fits[t - 1][n] || (n > 0 && name.p[n - 1] != '/' && fits[t][n - 1]);
			else
				fits[t][n] = n > 0 && text.p[t - 1] == name.p[n - 1] && fits[t - 1][n - 1];
		}
	}
	return fits[text.len][name.len];
}

static void check_match(const struct expression *expression, struct str name)
{
	int64_t room = (int64_t)((expression->text.len + 1) * (name.len + 1)), work = 2 * room + 2;
	int64_t before = work;
	bool fits = expression_matches(expression, name, &work);
	check(work > 0 && before - work <= 2 * room);
	if (expression->text.len <= SLOW_MAX && name.len <= SLOW_MAX)
		check(fits == matches_slowly(expression->text, name));
	if (fits)
		check(str_has_prefix(name, expression_prefix(expression)));
}

static void check_expression(struct str domain, struct str text)
{
	struct expression expression;
	struct uuid uuid;
	size_t at = 0, n = 0;
	int rc = expression_parse(domain, text, &expression);
	check(rc == 0 || rc == E_SERIES_UNKNOWN || rc == E_SERIES_EXPRESSION);
	if (rc < 0)
		return;
	check(text.len > 0 && str_is_utf8(text) && str_find(text, '\\') == text.len && str_find(text, 0) == text.len);
	check(expression.glob == (str_find(text, '*') < text.len));
	if (expression.domain != EXPRESSION_ID)
		check(text.len <= EXPRESSION_MAX && (expression.glob || expression_check_name(expression.domain,
			text) == 0));
	else if (!expression.glob)
		while (expression_next_uuid(&expression, &at, &uuid))
			n++;
	check(n <= EXPRESSION_UUIDS_MAX && (n == 0 || text.len == n * (UUID_TEXT_LEN + 1) - 1));
}

static void check_permits(struct str scope, struct str details)
{
	struct permit_set permits;
	struct arena arena;
	arena_init(&arena, 1 << 20);
	int rc = permit_parse(scope, details, STR("urn:x"), &arena, &permits);
	check(rc == 0 || rc == E_INVALID_TOKEN || rc == E_LIMIT || (rc == E_NOMEM && scope.len > 4096));
	for (size_t i = 0; rc == 0 && i < permits.n; i++)
		check(permits.v[i].when.from_us < permits.v[i].when.to_us);
	arena_done(&arena);
}

/* "first line \n the rest": domain and expression; expression and name; scope and details. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_mem(data, size), head = text, tail = {0};
	(void)str_cut(text, '\n', &head, &tail);
	check_expression(head, tail);
	check_expression(STR("jsmea"), head);
	check_expression(STR("id"), head);
	struct expression expression = {.domain = EXPRESSION_JSMEA, .text = head};
	if (head.len <= EXPRESSION_MAX && tail.len <= EXPRESSION_MAX)
		check_match(&expression, tail);
	check_permits(head, tail);
	int rc = permit_check_scope(head);
	check(rc == 0 || rc == E_SERIES_EXPRESSION || (rc == E_NOMEM && head.len > 4096));
	return 0;
}
