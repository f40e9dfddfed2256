/*
 * Where a request comes from: the peer's address, or what trusted proxies say (RFC 7239 5.2 in its de-facto form
 * X-Forwarded-For). Nobody else is believed (RFC 9700 4.13). Pure functions.
 */
#ifndef SERVER_SOURCE_H
#define SERVER_SOURCE_H

#include "config/config.h"
#include "http/request.h"

/*
 * Numeric address; borrowed from the request. The last X-Forwarded-For entry that no trusted proxy wrote about itself;
 * "unknown" where that is no address: the proxy's own is never taken for the source of what it forwards so.
 */
struct str source_address(const struct config *config, const struct http_request *request);
/* May see /metrics, by metrics.access. A request that was forwarded, by whomever, is not from this machine. */
bool source_is_operator(const struct config *config, const struct http_request *request);

#endif
