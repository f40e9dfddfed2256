/*
 * Finding secrets of ours in bytes: by prefix, form and check digits, so that a hit is one (a chance of 2^-32 per
 * candidate aside) and nothing else is reported. Also as UTF-16 (what PowerShell writes) and in Base64 (Kubernetes
 * secrets, headers of HTTP Basic). Access tokens have no check digits: they are known by their header's type, and by a
 * client id of ours or the issuer that was asked for; expired ones are no secrets. A stream is fed piece by piece; what
 * lies across two pieces is found. Pure but for the clock that is handed in. Reads strangers' bytes; the time it takes
 * grows with their number alone.
 */
#ifndef CLI_SCAN_H
#define CLI_SCAN_H

#include "oauth/id.h"

enum { SCAN_TOKEN_MAX = 8192, /* of an access token (keys/signer.h) */ SCAN_PIECE = 65536 };

enum scan_form { SCAN_PLAIN, SCAN_WIDE, SCAN_BASE64 };

struct scan_hit {
	struct str secret;  /* as it was made, whatever its form here; wiped after the call */
	const char *kind;   /* for people; constant */
	enum scan_form form;
	uint64_t line;      /* from 1 */
};

typedef void scan_hit_fn(void *arg, const struct scan_hit *hit);

/* What is looked for. */
struct scan_wish {
	struct str issuer;  /* access tokens of it count, whatever their client id; empty: none */
	int64_t now_s;
};

struct scan {
	const struct scan_wish *wish;
	scan_hit_fn *hit;
	void *arg;
	uint64_t line;
	char tail[SCAN_TOKEN_MAX]; /* the end of what was fed: the beginning of a secret, maybe */
	size_t tail_len;
	char before;               /* what stood before the tail */
};

/* wish is borrowed. */
void scan_begin(struct scan *scan, const struct scan_wish *wish, scan_hit_fn *hit, void *arg);
void scan_feed(struct scan *scan, struct str bytes);
/* There is no more. Wipes what was kept. */
void scan_end(struct scan *scan);
/* Whether it is an access token, known by its form alone. */
bool scan_is_token(struct str secret);

#endif
