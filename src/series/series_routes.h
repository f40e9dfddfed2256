/*
 * The operations of openapi/series.yaml and the functions behind them. The document says what exists, by which method
 * and path, and for which scopes; this table says only what is done. Constant data.
 */
#ifndef SERIES_SERIES_ROUTES_H
#define SERIES_SERIES_ROUTES_H

#include "series/series_call.h"

/* ROUTE_SHORT: never behind long queries. */
enum { ROUTE_BLOCKS = 1, ROUTE_CHOOSES_FORMAT = 2, ROUTE_SHORT = 4 };

struct series_route {
	const char *id; /* operationId */
	/* 0: the answer stands in the task. Else a code of base/err.def, with a word for the peer in call->why. */
	int (*run)(struct series_call *call);
	unsigned flags;
};

extern const struct series_route series_routes[];
extern const size_t series_routes_n;

/*
 * The row of each operation, by its index. ret_table: openapi_count(set) elements, the caller's to free.
 * E_CONFIG: an operation without a row, or a row without an operation. E_NOMEM.
 */
must_check int series_routes_bind(const struct openapi *set, const struct series_route ***ret_table);

/* ep_read.c, ep_write.c, ep_service.c */
int ep_read_measurements(struct series_call *call);
int ep_read_measurements_query(struct series_call *call);
int ep_read_statistics(struct series_call *call);
int ep_read_statistics_query(struct series_call *call);
int ep_read_metadata(struct series_call *call);
int ep_write_measurements(struct series_call *call);
int ep_service_health(struct series_call *call);
int ep_service_json(struct series_call *call);
int ep_service_yaml(struct series_call *call);

#endif
