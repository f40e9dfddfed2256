/* What went wrong, in words; see trouble.h. */
#include "client/trouble.h"

#include <stdarg.h>
#include <stdio.h>

/* Parts of the text come from servers and files: nothing of it may steer a terminal. */
static void make_printable(char *text)
{
	size_t len = strlen(text);
	for (size_t i = 0; i < len;) {
		size_t n = str_printable(str_mem(text + i, len - i));
		if (n == 0)
			text[i] = '?';
		i += n > 0 ? n : 1;
	}
}

static int fill(struct trouble *trouble, int code, const char *fmt, va_list args)
	__attribute__((format(printf, 3, 0), nonnull));
static int fill(struct trouble *trouble, int code, const char *fmt, va_list args)
{
	*trouble = (struct trouble){.code = code};
	vsnprintf(trouble->text, sizeof(trouble->text), fmt, args);
	make_printable(trouble->text);
	return code;
}

int trouble_set(struct trouble *trouble, int code, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	code = fill(trouble, code, fmt, args);
	va_end(args);
	return code;
}

int trouble_set_passing(struct trouble *trouble, int code, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	code = fill(trouble, code, fmt, args);
	va_end(args);
	trouble->is_passing = true;
	return code;
}

int trouble_of(struct trouble *trouble, int rc, const char *what)
{
	if (rc == E_NOMEM)
		return trouble_set(trouble, MINTMARK_ERROR_MEMORY, "There is no memory for %s.", what);
	if (rc == E_LIMIT)
		return trouble_set(trouble, MINTMARK_ERROR_LIMIT, "There is too much of %s.", what);
	return trouble_set(trouble, MINTMARK_ERROR_SYSTEM, "This machine does not do its part for %s.", what);
}
