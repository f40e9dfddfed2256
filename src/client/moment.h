/*
 * Two readings of now: the wall clock, which may be set wrong or be set right, and the time since this machine started,
 * which goes on evenly and through sleep. Ages are taken by the second where both ends were read in the same life of
 * the machine. Thread-safe.
 */
#ifndef CLIENT_MOMENT_H
#define CLIENT_MOMENT_H

#include "base/str.h"

enum { MOMENT_BOOT_ID_MAX = 40 };

struct moment {
	int64_t wall_s; /* since 1970 */
	int64_t boot_s; /* since the machine started */
	char boot_id[MOMENT_BOOT_ID_MAX]; /* of this life of the machine; "": not known */
};

typedef void moment_fn(struct moment *ret_moment);

/* The machine's. */
void moment_now(struct moment *ret_moment);
/* Seconds from then to now; negative: by this machine's clocks, then is still to come. */
int64_t moment_age_s(const struct moment *then, const struct moment *now);

#endif
