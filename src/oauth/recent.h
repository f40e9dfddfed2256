/*
 * What the token endpoint did lately: tokens and failures per minute of the last hour and per hour of the last day, and
 * who got most tokens in this hour and the last. For people who look, in memory, of fixed size; a restart forgets.
 * Thread-safe: one mutex, held for some adding.
 */
#ifndef OAUTH_RECENT_H
#define OAUTH_RECENT_H

#include "model/model.h"

struct recent;

enum { RECENT_MINUTES = 60, RECENT_HOURS = 24, RECENT_TOP = 10 };

struct recent_client {
	char id[MODEL_ID_MAX + 1];
	int64_t count; /* of whom there is no room for, about */
};

/* Oldest first; the last is the present minute, the present hour. */
struct recent_figures {
	int64_t minute_tokens[RECENT_MINUTES], minute_failures[RECENT_MINUTES];
	int64_t hour_tokens[RECENT_HOURS], hour_failures[RECENT_HOURS];
	struct recent_client top[RECENT_TOP]; /* most first; an empty id ends them */
};

/* E_NOMEM. */
must_check int recent_new(struct recent **ret_recent);
void recent_free(struct recent *recent); /* NULL is allowed */
void recent_token(struct recent *recent, struct str client_id, int64_t now_s);
void recent_failure(struct recent *recent, int64_t now_s);
void recent_read(struct recent *recent, int64_t now_s, struct recent_figures *ret_figures);

#endif
