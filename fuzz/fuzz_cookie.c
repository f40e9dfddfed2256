/*
 * Cookie headers, one per line of the input: a value that is read stands in them once, whole, under its own name; who
 * plants a second one gets nobody's.
 */
#include "http/request.h"
#include "web/web.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct oauth_policy plain = {.issuer = STR("http://id.example")};
	const struct oauth_policy tls = {.issuer = STR("https://id.example")};
	static struct http_request request;
	struct call call = {.request = &request};
	struct str line, rest = str_mem(data, size), value = {0}, other = {0};
	request.n_headers = 0;
	while (request.n_headers < HTTP_HEADERS_MAX && rest.len > 0) {
		if (!str_cut(rest, '\n', &line, &rest)) {
			line = rest;
			rest.len = 0;
		}
		request.headers[request.n_headers++] = (struct http_header){STR("cookie"), line};
	}
	call.policy = &tls;
	if (web_cookie(&call, "mintmark", &value) == 0 && (value.len == 0 || memchr(value.p, ';', value.len)))
		__builtin_trap();
	call.policy = &plain;
	if (web_cookie(&call, "mintmark", &other) == 0 && value.len > 0 && other.p == value.p) /* of the other name */
		__builtin_trap();
	if (request.n_headers == 0 || request.n_headers == HTTP_HEADERS_MAX || value.len == 0)
		return 0;
	request.headers[request.n_headers++] = (struct http_header){STR("Cookie"), STR("x=y; __Host-mintmark=z")};
	call.policy = &tls;
	if (web_cookie(&call, "mintmark", &value) == 0)
		__builtin_trap();
	return 0;
}
