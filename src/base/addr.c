/* Addresses as text; see addr.h. RFC 4291 2.2 and 2.3. */
#include "base/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

int addr_parse_port(struct str text, uint16_t *ret_port)
{
	uint64_t value;
	TRY(str_to_u64(text, 65535, &value));
	if (value == 0)
		return E_SYNTAX;
	*ret_port = (uint16_t)value;
	return 0;
}

/* NUL-terminated copy for libc's address functions. */
static bool copy_text(struct str text, char *ret, size_t size)
{
	if (text.len >= size || (text.len > 0 && memchr(text.p, '\0', text.len)))
		return false;
	memcpy(ret, text.len > 0 ? text.p : "", text.len);
	ret[text.len] = '\0';
	return true;
}

int addr_parse(struct str text, unsigned char ret_addr[16])
{
	char copy[INET6_ADDRSTRLEN];
	unsigned char addr[16] = {[10] = 0xFF, [11] = 0xFF};
	if (!copy_text(text, copy, sizeof(copy)))
		return E_SYNTAX;
	if (inet_pton(AF_INET, copy, addr + 12) != 1 && inet_pton(AF_INET6, copy, addr) != 1)
		return E_SYNTAX;
	memcpy(ret_addr, addr, sizeof(addr));
	return 0;
}

bool addr_is_loopback(const unsigned char addr[16])
{
	static const unsigned char v6_loopback[16] = {[15] = 1};
	static const unsigned char v4_mapped[12] = {[10] = 0xFF, [11] = 0xFF};
	return memcmp(addr, v6_loopback, 16) == 0 || (memcmp(addr, v4_mapped, 12) == 0 && addr[12] == 127);
}

static int parse_unix(struct str path, struct addr_endpoint *endpoint)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	if (path.len == 0 || path.p[0] != '/' || !copy_text(path, addr.sun_path, sizeof(addr.sun_path)))
		return E_SYNTAX;
	memcpy(&endpoint->addr, &addr, sizeof(addr));
	endpoint->len = sizeof(addr);
	endpoint->local = true;
	return 0;
}

static void fill_v4(struct addr_endpoint *endpoint, const unsigned char addr[16], uint16_t port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
	memcpy(&in.sin_addr, addr + 12, 4);
	memcpy(&endpoint->addr, &in, sizeof(in));
	endpoint->len = sizeof(in);
}

static void fill_v6(struct addr_endpoint *endpoint, const unsigned char addr[16], uint16_t port)
{
	struct sockaddr_in6 in = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	memcpy(&in.sin6_addr, addr, 16);
	memcpy(&endpoint->addr, &in, sizeof(in));
	endpoint->len = sizeof(in);
}

static int parse_inet(struct str text, struct addr_endpoint *endpoint)
{
	struct str host, port;
	unsigned char addr[16];
	uint16_t number;
	bool bracketed = text.len > 0 && text.p[0] == '[';
	if (bracketed &&
		(!str_cut((struct str){text.p + 1, text.len - 1}, ']', &host, &port) || port.len == 0 ||
			port.p[0] != ':'))
		return E_SYNTAX;
	if (bracketed)
		port = (struct str){port.p + 1, port.len - 1};
	else if (!str_cut(text, ':', &host, &port))
		return E_SYNTAX;
	TRY(addr_parse(host, addr));
	TRY(addr_parse_port(port, &number));
	if (bracketed && str_find(host, ':') == host.len)
		return E_SYNTAX; /* IPv4 in brackets */
	if (bracketed)
		fill_v6(endpoint, addr, number);
	else
		fill_v4(endpoint, addr, number);
	endpoint->local = addr_is_loopback(addr);
	return 0;
}

int addr_parse_endpoint(struct str text, struct addr_endpoint *ret_endpoint)
{
	struct addr_endpoint endpoint = {0};
	if (str_has_prefix(text, STR("unix:")))
		TRY(parse_unix((struct str){text.p + 5, text.len - 5}, &endpoint));
	else
		TRY(parse_inet(text, &endpoint));
	*ret_endpoint = endpoint;
	return 0;
}

/* Bits behind the prefix must be zero: "10.1.2.3/8" is more likely a slip than a wish. */
static bool has_host_bits(const struct addr_network *network)
{
	for (unsigned bit = network->prefix; bit < 128; bit++)
		if (network->addr[bit / 8] & (0x80U >> bit % 8))
			return true;
	return false;
}

int addr_parse_network(struct str text, struct addr_network *ret_network)
{
	struct addr_network network = {.prefix = 128};
	struct str addr = text, bits;
	bool has_prefix = str_cut(text, '/', &addr, &bits);
	bool v4 = str_find(addr, ':') == addr.len;
	uint64_t value;
	TRY(addr_parse(addr, network.addr));
	if (has_prefix) {
		TRY(str_to_u64(bits, v4 ? 32 : 128, &value));
		network.prefix = (unsigned)value + (v4 ? 96 : 0);
	}
	if (has_host_bits(&network))
		return E_SYNTAX;
	*ret_network = network;
	return 0;
}

bool addr_is_inside(const struct addr_network *network, const unsigned char addr[16])
{
	unsigned whole = network->prefix / 8, rest = network->prefix % 8;
	if (memcmp(network->addr, addr, whole) != 0)
		return false;
	return rest == 0 || ((network->addr[whole] ^ addr[whole]) & (0xFF00U >> rest & 0xFFU)) == 0;
}
