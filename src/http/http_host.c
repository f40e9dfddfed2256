/* Host names with ports, as the Host header and absolute targets carry them (RFC 3986 3.2.2, 3.2.3). Pure. */
#include <arpa/inet.h>

#include "http/bytes.h"
#include "http/request.h"

enum { NAME_MAX_LEN = 255 };

static bool is_name(struct str name)
{
	if (name.len == 0 || name.len > NAME_MAX_LEN)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!bytes_is(name.p[i], BYTES_NAME))
			return false;
	return true;
}

static bool is_port(struct str port)
{
	unsigned value = 0;
	for (size_t i = 0; i < port.len; i++) {
		if (!bytes_is(port.p[i], BYTES_DIGIT))
			return false;
		value = value * 10 + (unsigned)(port.p[i] - '0');
		if (value > 65535)
			return false;
	}
	return true;
}

static bool is_ipv6(struct str text)
{
	char copy[INET6_ADDRSTRLEN];
	unsigned char address[16];
	if (text.len >= sizeof(copy))
		return false;
	memcpy(copy, text.p, text.len);
	copy[text.len] = 0;
	return inet_pton(AF_INET6, copy, address) == 1;
}

bool http_host_is_valid(struct str host)
{
	struct str name = host, port = {"", 0};
	if (host.len > 0 && host.p[0] == '[') {
		size_t end = str_find(host, ']');
		struct str rest = {host.p + end, host.len - end};
		if (end == host.len || !is_ipv6((struct str){host.p + 1, end - 1}))
			return false;
		if (rest.len > 1 && rest.p[1] != ':')
			return false;
		return rest.len <= 2 || is_port((struct str){rest.p + 2, rest.len - 2});
	}
	(void)str_cut(host, ':', &name, &port);
	return is_name(name) && is_port(port);
}
