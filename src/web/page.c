/*
 * The slot filler; see page.h. Templates are read anew for each page: they are small, and what is parsed as it is
 * written has no second form. Whatever comes out of a slot is escaped here, there is no other way into a page.
 * Server process, any thread; one page, one thread.
 */
#include "web/page.h"

#include <stdarg.h>
#include <stdio.h>

#include "web/embed.h"

enum { DEPTH_MAX = 12, NAME_MAX = 64 }; /* sections and templates inside each other */

/* A named value, or a row of the list of that name. */
struct entry {
	const char *name;
	struct str value;
	struct page_vars *row; /* NULL: a value */
	struct entry *next;
};

struct page_vars {
	struct page_vars *outer; /* NULL: the page's own */
	struct page_vars *root;
	struct entry *first, *last;
	/* of the root alone */
	struct arena *arena;
	struct page_vars *unseen; /* the row that nobody sees */
	bool failed;
};

int page_vars_new(struct arena *arena, struct page_vars **ret_vars)
{
	struct page_vars *vars = arena_array(arena, 2, sizeof(*vars));
	if (!vars)
		return E_NOMEM;
	vars[0] = (struct page_vars){.root = vars, .arena = arena, .unseen = &vars[1]};
	vars[1] = (struct page_vars){.root = vars, .outer = vars};
	*ret_vars = vars;
	return 0;
}

static struct entry *find(const struct page_vars *vars, struct str name)
{
	for (struct entry *entry = vars->first; entry; entry = entry->next)
		if (str_eq(str_of(entry->name), name))
			return entry;
	return NULL;
}

static struct entry *append(struct page_vars *vars, const char *name)
{
	struct entry *entry = arena_alloc(vars->root->arena, sizeof(*entry));
	if (!entry) {
		vars->root->failed = true;
		return NULL;
	}
	entry->name = name;
	if (vars->last)
		vars->last->next = entry;
	else
		vars->first = entry;
	vars->last = entry;
	return entry;
}

void page_text(struct page_vars *vars, const char *name, struct str value)
{
	struct entry *entry = find(vars, str_of(name));
	if (!entry)
		entry = append(vars, name);
	if (!entry)
		return;
	entry->value = value;
	entry->row = NULL;
}

void page_printf(struct page_vars *vars, const char *name, const char *fmt, ...)
{
	char text[1024];
	struct str copy;
	va_list args;
	va_start(args, fmt);
	int len = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(text) || arena_str(vars->root->arena, str_of(text), &copy) < 0)
		vars->root->failed = true;
	else
		page_text(vars, name, copy);
}

void page_number(struct page_vars *vars, const char *name, int64_t value)
{
	page_printf(vars, name, "%lld", (long long)value);
}

void page_flag(struct page_vars *vars, const char *name, bool value)
{
	page_text(vars, name, value ? STR("1") : STR(""));
}

struct page_vars *page_row(struct page_vars *vars, const char *name)
{
	struct page_vars *row = arena_alloc(vars->root->arena, sizeof(*row));
	struct entry *entry = row ? append(vars, name) : NULL;
	if (!entry) {
		vars->root->failed = true;
		return vars->root->unseen;
	}
	*row = (struct page_vars){.outer = vars, .root = vars->root};
	entry->row = row;
	return row;
}

/* The nearest entry of the name: in the row, then outside. NULL: unset, or set to nothing. */
static struct entry *look_up(const struct page_vars *vars, struct str name)
{
	for (; vars; vars = vars->outer) {
		struct entry *entry = find(vars, name);
		if (entry)
			return entry->row || entry->value.len > 0 ? entry : NULL;
	}
	return NULL;
}

/* For text and for quoted attributes. What would turn text around or is no UTF-8 shows as a sign. */
static void put_escaped(struct buf *out, struct str text)
{
	while (text.len > 0) {
		size_t n = str_printable(text);
		if (str_has_prefix(text, STR("\r\n"))) /* lines as forms send them; the end of one is the second byte */
			text = str_mem(text.p + 1, text.len - 1);
		switch (n == 0 && *text.p != '\n' && *text.p != '\t' ? '\0' : *text.p) {
		case '\0': buf_put(out, STR("\xef\xbf\xbd")); break;
		case '&': buf_put(out, STR("&amp;")); break;
		case '<': buf_put(out, STR("&lt;")); break;
		case '>': buf_put(out, STR("&gt;")); break;
		case '"': buf_put(out, STR("&quot;")); break;
		case '\'': buf_put(out, STR("&#39;")); break;
		default: buf_put_mem(out, text.p, n > 0 ? n : 1); break;
		}
		n = n > 0 ? n : 1;
		text = str_mem(text.p + n, text.len - n);
	}
}

/* State of one pass. vars NULL: nothing is written, the template is only read over. */
struct pass {
	struct str rest;
	struct buf *out;
	unsigned depth;
};

static int fill(struct pass *pass, const struct page_vars *vars, struct str until);

static int include(struct pass *pass, const struct page_vars *vars, struct str name)
{
	char file_name[NAME_MAX + 8];
	struct entry *entry = look_up(vars, name);
	if (str_has_prefix(name, STR("="))) { /* the template that a value names */
		entry = look_up(vars, str_mem(name.p + 1, name.len - 1));
		name = entry && entry->value.len <= NAME_MAX ? entry->value : (struct str){0};
	}
	snprintf(file_name, sizeof(file_name), "%.*s.html", STR_ARG(name));
	const struct embed_file *file = embed_find(str_of(file_name));
	if (!file || pass->depth == DEPTH_MAX)
		return E_INTERNAL;
	struct pass inner = {file->text, pass->out, pass->depth + 1};
	return fill(&inner, vars, (struct str){0});
}

/* The part up to {{/name}}, once for each row, or read over. */
static int section(struct pass *pass, const struct page_vars *vars, struct str name, bool negated)
{
	struct str start = pass->rest;
	struct entry *entry = look_up(vars, name);
	unsigned n = 0;
	if (pass->depth == DEPTH_MAX)
		return E_INTERNAL;
	pass->depth++;
	if (negated != (entry != NULL)) /* shown at all */
		for (; n == 0 || entry; n++) {
			pass->rest = start;
			TRY(fill(pass, entry && entry->row ? entry->row : vars, name));
			while (entry && (entry = entry->next) && !(entry->row && str_eq(str_of(entry->name), name)))
				;
		}
	if (n == 0)
		TRY(fill(pass, NULL, name));
	pass->depth--;
	return 0;
}

/* What stands between the braces. 1: it ends the section `until`. */
static int slot(struct pass *pass, const struct page_vars *vars, struct str name, struct str until)
{
	char sign = name.len > 0 ? *name.p : '/';
	struct str word = name.len > 0 && strchr("#^/>!", sign) ? str_mem(name.p + 1, name.len - 1) : name;
	if (sign == '!')
		return 0;
	if (word.len == 0 || word.len > NAME_MAX)
		return E_INTERNAL;
	if (sign == '/')
		return str_eq(word, until) ? 1 : E_INTERNAL;
	if (sign == '>')
		return vars ? include(pass, vars, word) : 0;
	if (sign == '#' || sign == '^')
		return section(pass, vars, word, sign == '^');
	struct entry *entry = look_up(vars, word);
	if (entry)
		put_escaped(pass->out, entry->value);
	return 0;
}

static size_t find_pair(struct str text, const char *pair)
{
	const char *at = text.len > 0 ? memmem(text.p, text.len, pair, 2) : NULL;
	return at ? (size_t)(at - text.p) : text.len;
}

static int fill(struct pass *pass, const struct page_vars *vars, struct str until)
{
	for (;;) {
		size_t n = find_pair(pass->rest, "{{");
		if (vars)
			buf_put_mem(pass->out, pass->rest.p, n);
		pass->rest = str_mem(pass->rest.p + n, pass->rest.len - n);
		if (pass->rest.len == 0)
			return until.len == 0 ? 0 : E_INTERNAL;
		size_t end = find_pair(pass->rest, "}}");
		if (end == pass->rest.len)
			return E_INTERNAL;
		struct str name = str_mem(pass->rest.p + 2, end - 2);
		pass->rest = str_mem(pass->rest.p + end + 2, pass->rest.len - end - 2);
		int rc = slot(pass, vars, name, until);
		if (rc != 0)
			return rc < 0 ? rc : 0;
	}
}

int page_fill(struct str text, const struct page_vars *vars, struct buf *out)
{
	struct pass pass = {text, out, 0};
	TRY(fill(&pass, vars, (struct str){0}));
	if (vars->root->failed)
		return E_NOMEM;
	return buf_status(out);
}

int page_render(const char *template_name, const struct page_vars *vars, struct buf *out)
{
	struct pass pass = {.out = out};
	TRY(include(&pass, vars, str_of(template_name)));
	if (vars->root->failed)
		return E_NOMEM;
	return buf_status(out);
}

struct str page_title(const char *template_name)
{
	char file_name[NAME_MAX + 8];
	snprintf(file_name, sizeof(file_name), "%s.html", template_name);
	const struct embed_file *file = embed_find(str_of(file_name));
	if (!file || !str_has_prefix(file->text, STR("{{!")))
		return (struct str){0};
	size_t end = find_pair(file->text, "}}");
	return str_trim_ows(str_mem(file->text.p + 3, end < 3 ? 0 : end - 3));
}
