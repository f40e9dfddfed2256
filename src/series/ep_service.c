/* The service itself: health, and its own OpenAPI document. */
#include "series/series_http.h"
#include "series/series_reply.h"
#include "series/series_routes.h"

int ep_service_health(struct series_call *call)
{
	if (series_db_probe(call->http->options.db) < 0)
		return E_UNAVAILABLE;
	series_reply_begin(call, STR("application/json"));
	buf_put(&call->task->body, STR("{\"status\":\"ok\"}"));
	return 0;
}

int ep_service_json(struct series_call *call)
{
	series_reply_begin(call, STR("application/json"));
	buf_put(&call->task->body, buf_str(&call->http->json));
	return 0;
}

int ep_service_yaml(struct series_call *call)
{
	series_reply_begin(call, STR("application/yaml"));
	buf_put(&call->task->body, buf_str(&call->http->yaml));
	return 0;
}
