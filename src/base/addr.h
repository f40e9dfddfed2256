/*
 * Socket addresses as an operator writes them: numeric addresses, networks, endpoints to listen on. IPv4 stands as
 * v4-mapped IPv6 (RFC 4291 2.5.5.2). Names are never resolved. Pure functions, thread-safe.
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <sys/socket.h>

#include "base/str.h"

/* Ready for bind(2). */
struct addr_endpoint {
	struct sockaddr_storage addr;
	socklen_t len;
	bool local; /* loopback or Unix socket */
};

struct addr_network {
	unsigned char addr[16];
	unsigned prefix; /* leading bits that count, 0..128 */
};

/* Numeric IPv4 or IPv6 address. E_SYNTAX. */
must_check int addr_parse(struct str text, unsigned char ret_addr[16]);
/* 1..65535 in decimal. E_SYNTAX. */
must_check int addr_parse_port(struct str text, uint16_t *ret_port);
/* "192.0.2.1:80", "[2001:db8::1]:80", "unix:/path". Port 1..65535. E_SYNTAX, E_LIMIT. */
must_check int addr_parse_endpoint(struct str text, struct addr_endpoint *ret_endpoint);
/* "10.0.0.0/8", "2001:db8::/32", or an address alone; bits behind the prefix must be zero. E_SYNTAX, E_LIMIT. */
must_check int addr_parse_network(struct str text, struct addr_network *ret_network);
bool addr_is_inside(const struct addr_network *network, const unsigned char addr[16]);
bool addr_is_loopback(const unsigned char addr[16]);

#endif
