/*
 * Connections per source address: open addressing, linear probing, keyed hash (the peer chooses the keys). An IPv6
 * peer is its /64, for it owns all of it. Not thread-safe: one loop.
 */
#ifndef HTTP_PEER_TABLE_H
#define HTTP_PEER_TABLE_H

#include <stddef.h>

#include "base/err.h"

struct peer_table;

must_check int peer_table_new(struct peer_table **ret_table);
void peer_table_free(struct peer_table *table);
/* Count one more of addr (16 bytes, IPv4 mapped). E_THROTTLED when max are there already, E_NOMEM. max 0: no cap. */
must_check int peer_table_add(struct peer_table *table, const unsigned char addr[16], unsigned max);
/* One less. */
void peer_table_drop(struct peer_table *table, const unsigned char addr[16]);
/* How many of addr. */
unsigned peer_table_count(const struct peer_table *table, const unsigned char addr[16]);

#endif
