/* The table of operations; see series_routes.h. Series process. */
#include "series/series_routes.h"

#include <stdlib.h>

#include "base/fault.h"

#define READS (ROUTE_BLOCKS | ROUTE_CHOOSES_FORMAT)

const struct series_route series_routes[] = {
	{"measurements.get", ep_read_measurements, READS},
	{"measurements.get_by_id", ep_read_measurements, READS},
	{"measurements.query", ep_read_measurements_query, READS},
	{"measurements.write", ep_write_measurements, ROUTE_BLOCKS},
	{"statistics.get", ep_read_statistics, READS},
	{"statistics.get_by_id", ep_read_statistics, READS},
	{"statistics.query", ep_read_statistics_query, READS},
	{"metadata.get", ep_read_metadata, READS},
	{"metadata.get_by_id", ep_read_metadata, READS},
	{"health.get", ep_service_health, ROUTE_BLOCKS | ROUTE_SHORT},
	{"openapi.json", ep_service_json, 0},
	{"openapi.yaml", ep_service_yaml, 0},
};

const size_t series_routes_n = sizeof(series_routes) / sizeof(series_routes[0]);

static const struct series_route *find(struct str id)
{
	for (size_t i = 0; i < series_routes_n; i++)
		if (str_eq(str_of(series_routes[i].id), id))
			return &series_routes[i];
	return NULL;
}

static int fill(const struct openapi *set, const struct series_route **table)
{
	size_t n = openapi_count(set);
	for (size_t i = 0; i < n; i++) {
		table[i] = find(openapi_at(set, i)->id);
		if (!table[i])
			return E_CONFIG;
	}
	return n == series_routes_n ? 0 : E_CONFIG; /* operationIds are unique (OpenAPI 3.0.3, Operation Object) */
}

int series_routes_bind(const struct openapi *set, const struct series_route ***ret_table)
{
	const struct series_route **table =
		fault_hit(FAULT_ALLOC) ? NULL : calloc(openapi_count(set) + 1, sizeof(*table));
	if (!table)
		return E_NOMEM;
	int rc = fill(set, table);
	if (rc < 0) {
		free(table);
		return rc;
	}
	*ret_table = table;
	return 0;
}
