/* What stands in the folder web/, embedded at build time: templates, style, script, pictures. Constant data. */
#ifndef WEB_EMBED_H
#define WEB_EMBED_H

#include "base/str.h"

struct embed_file {
	const char *name; /* "frame.html" */
	struct str text;
	const char *hash; /* of the text, 16 hex digits: what an address that may be kept for ever carries */
};

extern const struct embed_file embed_files[];
extern const size_t embed_n;

/* NULL: no such file. */
const struct embed_file *embed_find(struct str name);

#endif
