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

bool clock_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;
	if (pthread_condattr_init(&attr) != 0)
		return false;
	bool ok = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 && pthread_cond_init(cond, &attr) == 0;
	(void)pthread_condattr_destroy(&attr);
	return ok;
}

int clock_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t until_ns)
{
	const struct timespec until = {.tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000};
	return pthread_cond_timedwait(cond, lock, &until);
}
