/*
 * Pages from templates: web/NAME.html, embedded at build time, filled with values that are always escaped. There is no
 * way to put markup into a page from code.
 *
 * In a template:
 *   {{name}}           the value, escaped for text and for attributes in double quotes
 *   {{#name}}…{{/name}} once for each row of the list `name`; names inside are looked for in the row, then outside.
 *                      A value that is set (and not empty) counts as one row, an absent one as none
 *   {{^name}}…{{/name}} when there is none
 *   {{>name}}          another template; {{>=name}} the one that the value `name` names
 *   {{!text}}          nothing. As the very first of a page's template, text is its title
 * A template that is malformed fails the build's test; an unset name is empty. Values stand in text and in quoted
 * attributes only; one that is an address (href, src) must be ours or have been found good.
 *
 * Values live in the arena that the vars were made in. Not thread-safe: one page, one thread.
 */
#ifndef WEB_PAGE_H
#define WEB_PAGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

struct page_vars;

/* E_NOMEM. */
must_check int page_vars_new(struct arena *arena, struct page_vars **ret_vars);
/*
 * The value is borrowed; name is constant. Without memory the vars remember it and page_render fails with E_NOMEM, so
 * that pages can be described without a check per line.
 */
void page_text(struct page_vars *vars, const char *name, struct str value);
void page_number(struct page_vars *vars, const char *name, int64_t value);
/* Sets the name (to "1"), or leaves it unset. */
void page_flag(struct page_vars *vars, const char *name, bool value);
void page_printf(struct page_vars *vars, const char *name, const char *fmt, ...) printf_like(3, 4);
/* One more row of the list `name`. Never NULL: without memory it is a row that nobody sees, see above. */
struct page_vars *page_row(struct page_vars *vars, const char *name);
/* Appends the page. E_NOMEM, E_LIMIT (buffer full), E_INTERNAL: no such template, or it is malformed. */
must_check int page_render(const char *template_name, const struct page_vars *vars, struct buf *out);
/* The same of a template's text. */
must_check int page_fill(struct str text, const struct page_vars *vars, struct buf *out);
/* What the template says its page is called; empty when it says nothing. Constant data. */
struct str page_title(const char *template_name);

#endif
