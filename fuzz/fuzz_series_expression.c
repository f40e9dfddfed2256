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

enum { SLOW_MAX = 24 };

/* By its definition: a star takes nothing, or one more character that is no slash. */
static bool matches_slowly(struct str text, struct str name)
{
	if (text.len == 0)
		return name.len == 0;
	struct str text_rest = {text.p + 1, text.len - 1}, name_rest = {name.p + 1, name.len - 1};
	if (*text.p != '*')
		return name.len > 0 && *name.p == *text.p && matches_slowly(text_rest, name_rest);
	if (matches_slowly(text_rest, name))
		return true;
	return name.len > 0 && *name.p != '/' && matches_slowly(text, name_rest);
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
