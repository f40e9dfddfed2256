/* Looking headers up in a parsed request; see request.h. Pure. */
#include "http/request.h"

int http_header_one(const struct http_request *request, struct str name, struct str *ret_value)
{
	const struct http_header *hit = NULL;
	for (size_t i = 0; i < request->n_headers; i++) {
		if (!str_eq_ci(request->headers[i].name, name))
			continue;
		if (hit)
			return E_INVALID_REQUEST;
		hit = &request->headers[i];
	}
	if (!hit)
		return E_ABSENT;
	*ret_value = hit->value;
	return 0;
}

size_t http_header_count(const struct http_request *request, struct str name)
{
	size_t n = 0;
	for (size_t i = 0; i < request->n_headers; i++)
		n += str_eq_ci(request->headers[i].name, name) ? 1 : 0;
	return n;
}
