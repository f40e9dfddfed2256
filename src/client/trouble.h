/*
 * Why a call of the client failed: a public code, a sentence for people that says what to do, and whether asking again
 * may help. Functions of this folder that take a struct trouble return codes of mintmark/error.h and fill it when they
 * fail. It must never carry a secret or a token. One owner.
 */
#ifndef CLIENT_TROUBLE_H
#define CLIENT_TROUBLE_H

#include "base/str.h"
#include "mintmark/error.h"

enum { TROUBLE_MAX = 1024 };

struct trouble {
	int code;               /* enum mintmark_error */
	bool is_passing;        /* asking again may help: network, 429, 5xx */
	int64_t retry_after_s;  /* when; 0: nobody said */
	char text[TROUBLE_MAX]; /* NUL-terminated; what others said is made printable */
};

/* Fill it and return code. */
int trouble_set(struct trouble *trouble, int code, const char *fmt, ...) printf_like(3, 4);
/* The same of something that may pass. */
int trouble_set_passing(struct trouble *trouble, int code, const char *fmt, ...) printf_like(3, 4);
/* A failure of base/ or json/: memory, a limit, or anything else. Returns the public code. */
int trouble_of(struct trouble *trouble, int rc, const char *what);

#endif
