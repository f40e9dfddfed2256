/*
 * See recent.h. Rings of counters, each with the minute or hour that it is of. Clients are counted by the space-saving
 * scheme (Metwally 2005): who has no place takes that of the least and goes on from its count.
 */
#include "oauth/recent.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/fault.h"

enum { PLACES = 64, MINUTE_S = 60, HOUR_S = 3600, FIGURES = 2 };

enum figure { TOKENS, FAILURES };

struct cell {
	int64_t number; /* of the minute or hour since 1970 */
	int64_t count[FIGURES];
};

struct board {
	int64_t hour;
	struct recent_client places[PLACES];
};

struct recent {
	pthread_mutex_t lock;
	struct cell minutes[RECENT_MINUTES], hours[RECENT_HOURS];
	struct board boards[2]; /* of even and odd hours */
};

int recent_new(struct recent **ret_recent)
{
	struct recent *recent = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*recent));
	if (!recent)
		return E_NOMEM;
	pthread_mutex_init(&recent->lock, NULL);
	*ret_recent = recent;
	return 0;
}

void recent_free(struct recent *recent)
{
	if (!recent)
		return;
	pthread_mutex_destroy(&recent->lock);
	free(recent);
}

static void add_to(struct cell *ring, unsigned n, int64_t number, enum figure figure)
{
	struct cell *cell = &ring[(uint64_t)number % n];
	if (cell->number != number)
		*cell = (struct cell){.number = number};
	cell->count[figure]++;
}

static void add(struct recent *recent, int64_t now_s, enum figure figure)
{
	add_to(recent->minutes, RECENT_MINUTES, now_s / MINUTE_S, figure);
	add_to(recent->hours, RECENT_HOURS, now_s / HOUR_S, figure);
}

static void count_client(struct board *board, int64_t hour, struct str id)
{
	struct recent_client *place = NULL, *least = &board->places[0];
	if (board->hour != hour)
		*board = (struct board){.hour = hour};
	for (size_t i = 0; i < PLACES && !place; i++) {
		if (str_eq(str_of(board->places[i].id), id))
			place = &board->places[i];
		else if (board->places[i].count < least->count)
			least = &board->places[i];
	}
	if (!place) {
		place = least;
		memcpy(place->id, id.p, id.len);
		place->id[id.len] = '\0';
	}
	place->count++;
}

void recent_token(struct recent *recent, struct str client_id, int64_t now_s)
{
	pthread_mutex_lock(&recent->lock);
	add(recent, now_s, TOKENS);
	if (client_id.len > 0 && client_id.len <= MODEL_ID_MAX)
		count_client(&recent->boards[now_s / HOUR_S % 2], now_s / HOUR_S, client_id);
	pthread_mutex_unlock(&recent->lock);
}

void recent_failure(struct recent *recent, int64_t now_s)
{
	pthread_mutex_lock(&recent->lock);
	add(recent, now_s, FAILURES);
	pthread_mutex_unlock(&recent->lock);
}

static void read_ring(const struct cell *ring, unsigned n, int64_t now, enum figure figure, int64_t *ret_counts)
{
	for (unsigned i = 0; i < n; i++) {
		int64_t number = now - n + 1 + i;
		const struct cell *cell = &ring[(uint64_t)number % n];
		ret_counts[i] = cell->number == number ? cell->count[figure] : 0;
	}
}

static int by_count(const void *a, const void *b)
{
	const struct recent_client *x = a, *y = b;
	return x->count < y->count ? 1 : x->count > y->count ? -1 : strcmp(x->id, y->id);
}

static void read_top(const struct recent *recent, int64_t hour, struct recent_client top[RECENT_TOP])
{
	struct recent_client all[2 * PLACES] = {0};
	size_t n = 0;
	for (size_t b = 0; b < 2; b++)
		for (size_t i = 0; i < PLACES && recent->boards[b].hour >= hour - 1; i++) {
			const struct recent_client *place = &recent->boards[b].places[i];
			size_t at = 0;
			while (at < n && strcmp(all[at].id, place->id) != 0)
				at++;
			if (place->count == 0)
				continue;
			memcpy(all[at].id, place->id, sizeof(all[at].id));
			all[at].count += place->count;
			n = at == n ? n + 1 : n;
		}
	qsort(all, n, sizeof(all[0]), by_count);
	memcpy(top, all, RECENT_TOP * sizeof(*top));
}

void recent_read(struct recent *recent, int64_t now_s, struct recent_figures *ret_figures)
{
	int64_t minute = now_s / MINUTE_S, hour = now_s / HOUR_S;
	pthread_mutex_lock(&recent->lock);
	read_ring(recent->minutes, RECENT_MINUTES, minute, TOKENS, ret_figures->minute_tokens);
	read_ring(recent->minutes, RECENT_MINUTES, minute, FAILURES, ret_figures->minute_failures);
	read_ring(recent->hours, RECENT_HOURS, hour, TOKENS, ret_figures->hour_tokens);
	read_ring(recent->hours, RECENT_HOURS, hour, FAILURES, ret_figures->hour_failures);
	read_top(recent, hour, ret_figures->top);
	pthread_mutex_unlock(&recent->lock);
}
