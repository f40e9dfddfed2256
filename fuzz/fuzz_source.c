/* X-Forwarded-For, one header per line of the input: an address comes out, or nobody; no stranger chooses it. */
#include "base/addr.h"
#include "server/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool truth)
{
	if (!truth)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_request request;
	static struct addr_network networks[1];
	static struct str names[] = {{"10.0.0.0/8", 10}};
	static struct config config = {.trusted_proxies = {names, 1}, .proxies = networks};
	struct str line, rest = str_mem(data, size);
	unsigned char addr[16];
	expect(addr_parse_network(names[0], &networks[0]) == 0);
	request.n_headers = 0;
	while (request.n_headers < HTTP_HEADERS_MAX && rest.len > 0) {
		if (!str_cut(rest, '\n', &line, &rest)) {
			line = rest;
			rest.len = 0;
		}
		request.headers[request.n_headers++] = (struct http_header){STR("X-Forwarded-For"), line};
	}
	request.peer_addr = STR("10.1.2.3");
	struct str address = source_address(&config, &request);
	expect(str_eq(address, STR("unknown")) || addr_parse(address, addr) == 0);
	request.peer_addr = STR("192.0.2.1"); /* nobody whom we trust */
	expect(str_eq(source_address(&config, &request), request.peer_addr));
	return 0;
}
