/*
 * Places for the refresh token of a person's login: the 0600 file logins.json itself, the kernel's keyring, the Secret
 * Service. One row of a table each. What is kept is named by where the login stands (folder, app, issuer, client), so
 * that two homes of one person do not share it. Blocks, up to the call's end. Thread-safe.
 */
#ifndef CLIENT_STORAGE_H
#define CLIENT_STORAGE_H

#include <stdatomic.h>

#include "base/buf.h"
#include "client/trouble.h"

enum storage_place {
	STORAGE_FILE, /* logins.json: no functions, client/logins.h does it */
	STORAGE_KEYRING,
	STORAGE_SECRET_SERVICE,
	STORAGE_PLACES,
	STORAGE_AUTO = STORAGE_PLACES, /* not a place: the Secret Service where one is usable, else the file */
};

enum { STORAGE_ID_MAX = 48, STORAGE_TIMEOUT_MS = 5000 };

/* One use of a place. Strings are borrowed and have a NUL behind them. */
struct storage_call {
	struct str app, issuer, client_id, folder;
	int64_t end_ns; /* clock_mono_ns(): give up */
	const atomic_bool *cancel; /* or NULL */
	bool may_start; /* somebody asked for this place: a program may be started for it */
	struct trouble *trouble;
	char id[STORAGE_ID_MAX]; /* storage_begin() */
};

/* All functions: MINTMARK_ERROR_STORAGE (the trouble says why and what to do), MINTMARK_ERROR_CANCELLED, _MEMORY. */
struct storage {
	const char *name; /* in logins.json, options, variables */
	const char *words; /* for people */
	const char *end;  /* for people: why something that was there is gone; a whole sentence */
	/* Whether it can be used now. trouble->is_passing: it is there, but does not do its part. */
	must_check int (*check)(struct storage_call *call);
	/* Appends. *ret_found = false: there is none. */
	must_check int (*get)(struct storage_call *call, struct buf *out, bool *ret_found);
	/* In the place of what was there; all or nothing. */
	must_check int (*put)(struct storage_call *call, struct str secret);
	/* None is fine. */
	must_check int (*remove)(struct storage_call *call);
};

/* The row of a place. */
const struct storage *storage_of(enum storage_place place);
/* By name, "auto" too. False: no such place. */
bool storage_find(struct str name, enum storage_place *ret_place);
/* Names what is kept, and sets the end so many milliseconds from now (STORAGE_TIMEOUT_MS at most). _MEMORY. */
must_check int storage_begin(struct storage_call *call, uint32_t timeout_ms);
/* Fill the call's trouble: MINTMARK_ERROR_CANCELLED or MINTMARK_ERROR_STORAGE when its time is over, else 0. */
must_check int storage_is_over(struct storage_call *call, const char *words);

extern const struct storage storage_keyring;
extern const struct storage storage_secret;

#endif
