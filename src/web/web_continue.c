/*
 * Where a browser goes after signing in: the only judge of such values. Never anywhere but below our own issuer
 * (RFC 9700 4.11: no open redirector). Server process, pure.
 */
#include "web/web.h"

/* A segment that clients resolve away, in any spelling: it would lead out of the issuer's path. */
static bool is_dots(struct str segment)
{
	unsigned dots = 0;
	while (segment.len > 0) {
		size_t n = *segment.p == '.' ? 1 : segment.len >= 3 && memcmp(segment.p, "%2", 2) == 0 &&
			   (segment.p[2] == 'e' || segment.p[2] == 'E') ? 3 : 0;
		if (n == 0)
			return false;
		segment = str_mem(segment.p + n, segment.len - n);
		dots++;
	}
	return dots == 1 || dots == 2;
}

static bool is_path(struct str path)
{
	if (path.len == 0 || *path.p != '/')
		return false;
	while (path.len > 0) {
		path = str_mem(path.p + 1, path.len - 1); /* behind a slash */
		struct str segment = str_mem(path.p, str_find(path, '/'));
		bool last = segment.len == path.len;
		if (is_dots(segment) || (segment.len == 0 && !last)) /* "//": another host, to a browser */
			return false;
		path = str_mem(path.p + segment.len, path.len - segment.len);
	}
	return true;
}

static bool has_only_uri_characters(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] <= 0x20 || text.p[i] >= 0x7f || strchr("\\#\"<>", text.p[i]))
			return false;
	return true;
}

struct str web_continue(const struct call *call, struct str value)
{
	(void)call;
	struct str path = str_mem(value.p, str_find(value, '?'));
	return is_path(path) && has_only_uri_characters(value) ? value : STR("/");
}
