/*
 * Time as a value that is handed in. Rules and stores never call time(): they get "now" from whoever took one reading
 * for the whole request. Thread-safe.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct clock {
	/* Wall time, microseconds since 1970-01-01T00:00:00Z. */
	int64_t (*now_us)(const struct clock *clock);
	int64_t fixed_us; /* for clock_fixed */
};

/* The machine's clock. */
extern const struct clock clock_system;
/* A clock that stands at *.fixed_us; tests move it. */
struct clock clock_fixed(int64_t now_us);

static inline int64_t clock_now_us(const struct clock *clock) { return clock->now_us(clock); }
static inline int64_t clock_now_s(const struct clock *clock) { return clock->now_us(clock) / 1000000; }

/* Monotonic nanoseconds for measuring durations and deadlines; no meaning between processes. */
int64_t clock_mono_ns(void);
/* The same, and it goes on while the machine sleeps: for how long something lives that a server handed out. */
int64_t clock_boot_ns(void);

/* A condition whose waits go by clock_mono_ns: a wall clock set back would prolong them. False: no memory. */
bool clock_cond_init(pthread_cond_t *cond);
/* As pthread_cond_wait, at most until then by clock_mono_ns. 0, also without reason; ETIMEDOUT. */
int clock_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t until_ns);

#endif
