/*
 * Finding secrets of ours in bytes: by prefix, form and check digits, so that a hit is one (a chance of 2^-32 per
 * candidate aside) and nothing else is reported. A stream is fed piece by piece; one that lies across two pieces is
 * found. Pure.
 */
#ifndef CLI_SCAN_H
#define CLI_SCAN_H

#include "oauth/id.h"

/* Called with each: its bytes are wiped afterwards. line: from 1. */
typedef void scan_hit_fn(void *arg, struct str secret, uint64_t line);

struct scan {
	scan_hit_fn *hit;
	void *arg;
	uint64_t line;
	char tail[ID_SECRET_LEN]; /* the end of what was fed: the beginning of a secret, maybe */
	size_t tail_len;
};

void scan_begin(struct scan *scan, scan_hit_fn *hit, void *arg);
void scan_feed(struct scan *scan, struct str bytes);
/* What kind of secret it is, for people. Constant. */
const char *scan_kind(struct str secret);

#endif
