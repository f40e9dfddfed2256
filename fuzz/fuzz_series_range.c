/*
 * Ranges, moments, windows and values: what is accepted lies within the calendar, has an order, and is written so that
 * it is read again as the same.
 */
#include <math.h>
#include <stdlib.h>

#include "series/cursor.h"
#include "series/moment.h"
#include "series/points.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_moment(struct str text)
{
	char again[MOMENT_TEXT_LEN];
	int64_t us, same;
	if (moment_parse(text, &us) < 0 && moment_parse_epoch(text, &us) < 0)
		return;
	check(us >= MOMENT_MIN_US && us < MOMENT_END_US);
	moment_write(us, again);
	check(moment_parse(str_mem(again, sizeof(again)), &same) == 0 && same == us);
}

static void check_words(struct str text)
{
	int64_t window_us;
	double value, same = 0;
	if (cursor_parse_window(text, &window_us) == 0)
		check(window_us >= MOMENT_SECOND_US && window_us <= 366 * MOMENT_DAY_US);
	if (points_parse_value(text, &value) < 0)
		return;
	char copy[512];
	check(isfinite(value));
	if (text.len >= sizeof(copy))
		return;
	memcpy(copy, text.p, text.len);
	copy[text.len] = '\0';
	same = strtod(copy, NULL);
	check(value == same);
}

/* Lines: each begins with the letter of its parameter. */
static struct range_params read_params(struct str text)
{
	struct range_params params = {0};
	struct str *const slots[] = {&params.from, &params.to,    &params.from_epoch, &params.to_epoch, &params.since,
				     &params.last, &params.year,  &params.month,      &params.day};
	struct str line, rest = text;
	for (bool more = rest.len > 0; more;) {
		more = str_cut(rest, '\n', &line, &rest);
		line = more ? line : rest;
		if (line.len > 0 && line.p[0] >= 'a' && line.p[0] < 'a' + 9)
			*slots[line.p[0] - 'a'] = (struct str){line.p + 1, line.len - 1};
	}
	return params;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t nows[] = {0, INT64_C(1709210096500000), MOMENT_MIN_US, MOMENT_END_US - 1, -1};
	struct str text = str_mem(data, size);
	struct range_params params = read_params(text);
	for (size_t i = 0; i < sizeof(nows) / sizeof(nows[0]); i++) {
		struct range range;
		int rc = range_parse(&params, nows[i], &range);
		check(rc == 0 || rc == E_RANGE_SYNTAX || rc == E_RANGE_CONFLICT || rc == E_RANGE_ORDER);
		if (rc == 0)
			check(range.from_us >= MOMENT_MIN_US && range.from_us < range.to_us && range.to_us <=
				MOMENT_END_US);
	}
	check_moment(text);
	check_words(text);
	return 0;
}
