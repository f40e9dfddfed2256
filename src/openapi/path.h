/*
 * The one way in which a request's path is read before it is judged (docs/gate.md, "How a path is read"): the gate, the
 * management API and the series API all use it, so what is judged is what is served.
 *
 * From the request target the query is cut off; of an absolute-form target (RFC 9112 3.2.2) the path counts. Percent
 * sequences are decoded exactly once. Refused, because servers disagree about them: %2F %5C %00, control characters
 * (C0, DEL), backslash, ';' and '#' (each plain or encoded), a '%' without two hexadecimal digits, bytes that are not
 * UTF-8 (RFC 3629), "." and ".." as segments (plain or encoded). Nothing is ever rewritten: a path is taken as it is,
 * or refused. Case counts, and so does a slash at the end.
 *
 * An empty segment ("//") passes here, but only a rest parameter (openapi.h) matches one.
 *
 * Pure functions, no allocation, thread-safe.
 */
#ifndef OPENAPI_PATH_H
#define OPENAPI_PATH_H

#include "base/buf.h"
#include "base/str.h"

enum { PATH_MAX_LEN = 16384 };

/* A path that was read by the rule; nothing else may be judged. Only path_parse makes one. */
struct path {
	struct str text; /* decoded, begins with '/'; every '/' in it separates segments */
};

/*
 * target: the request target, origin-form or absolute-form. mem: the caller's, at least target.len bytes, in which the
 * decoded path is put; it must outlive ret_path. E_SYNTAX: refused by the rule; E_LIMIT: longer than PATH_MAX_LEN or
 * than size.
 */
must_check int path_parse(struct str target, void *mem, size_t size, struct path *ret_path);
/* Why path_parse refuses this target, in a few words for log and answer; "" when it does not. Never NULL. */
const char *path_explain(struct str target);
/*
 * The path as a request target again, appended: everything but RFC 3986 unreserved characters, '/' and sub-delims is
 * percent-encoded, in upper case. path_parse of it gives the same path.
 */
void path_emit(const struct path *path, struct buf *out);

#endif
