/*
 * Clients as the token endpoint needs them, kept in memory: a bounded cache of immutable, reference-counted views over
 * the store. A hit takes no store access; a miss on a thread that may not block is E_WOULD_BLOCK.
 *
 * A view that was read before a change was committed is never put into the cache after it: directory_drop() raises a
 * generation that the loader compares. So from the reply of a change on, no call sees the old state. Thread-safe.
 */
#ifndef OAUTH_DIRECTORY_H
#define OAUTH_DIRECTORY_H

#include "base/arena.h"
#include "model/model.h"

struct directory;
struct store;

/* Everything about one client, of one moment. */
struct client_view {
	struct client client;
	struct account account; /* CLIENT_ACCOUNT; else all empty */
	struct api *apis;       /* those that the client has grants for, and its default */
	size_t n_apis;
};

/* entries: how many views are kept at most (>= 16). E_NOMEM, E_RANDOM. */
must_check int directory_new(struct store *store, size_t entries, struct directory **ret_directory);
void directory_free(struct directory *directory);

/* E_ABSENT: no such client. E_WOULD_BLOCK: not in memory and !may_block. E_STORE, E_NOMEM. Release with
 * directory_view_unref. */
must_check int directory_client(struct directory *directory, struct str id, bool may_block,
				struct client_view **ret_view);
void directory_view_unref(struct client_view *view);

/* After a committed change and before it is acknowledged: forget one client, or (empty id) all. */
void directory_drop(struct directory *directory, struct str client_id);

/* Whether clients with imported ids exist: then an unknown id of that form costs a password hash (see clientauth.c). */
bool directory_has_imported(const struct directory *directory);
/* Read that anew from the store. */
must_check int directory_count_imported(struct directory *directory);

struct directory_stats {
	uint64_t hits, misses, entries;
};
void directory_stats(struct directory *directory, struct directory_stats *ret_stats);

#endif
