/* The two clocks; see clock.h. */
#include "base/clock.h"

#include <time.h>

static int64_t read_system(const struct clock *clock)
{
	(void)clock;
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int64_t read_fixed(const struct clock *clock) { return clock->fixed_us; }

const struct clock clock_system = {.now_us = read_system};

struct clock clock_fixed(int64_t now_us) { return (struct clock){.now_us = read_fixed, .fixed_us = now_us}; }

static int64_t read_ns(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t clock_mono_ns(void) { return read_ns(CLOCK_MONOTONIC); }
int64_t clock_boot_ns(void) { return read_ns(CLOCK_BOOTTIME); }
