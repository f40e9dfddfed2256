/* Times and numbers as people read them, as values of a page. UTC: a server doesn't know where its reader is. */
#ifndef WEB_SAY_H
#define WEB_SAY_H

#include "web/page.h"

/* "2026-11-22 14:03 UTC"; 0: unset. */
void say_time(struct page_vars *vars, const char *name, int64_t t_s);
/* "14:03", of UTC. */
void say_clock(struct page_vars *vars, const char *name, int64_t t_s);
/* "2026-11-22"; 0: unset. */
void say_day(struct page_vars *vars, const char *name, int64_t t_s);
/* "14 minutes ago", "in 3 days"; 0: unset. */
void say_ago(struct page_vars *vars, const char *name, int64_t t_s, int64_t now_s);
/* The end of a day that somebody entered as 2026-11-22. E_SYNTAX. */
must_check int say_parse_day(struct str text, int64_t *ret_end_s);
/*
 * The data of an SVG path: n bars of equal width, the highest `height` high, in a picture `width` wide. E_NOMEM. A
 * picture of zeros is a line.
 */
struct say_bars {
	const int64_t *values;
	size_t n;
	unsigned width, height;
	int64_t max; /* what stands for the full height; 0: the greatest of the values */
	unsigned lane, lanes; /* several series side by side: this is number `lane` of `lanes`; 0 of 0: alone */
};
must_check int say_bars(struct arena *arena, const struct say_bars *bars, struct str *ret_path);

#endif
