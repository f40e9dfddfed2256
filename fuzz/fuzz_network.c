/* Addresses and networks, as people and proxies write them: what is taken is what it says, and contains itself. */
#include "base/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool truth)
{
	if (!truth)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_mem(data, size);
	struct addr_network network;
	struct addr_endpoint endpoint;
	unsigned char addr[16];
	if (addr_parse_network(text, &network) == 0) {
		expect(network.prefix <= 128 && addr_is_inside(&network, network.addr));
		for (unsigned bit = network.prefix; bit < 128; bit++)
			expect((network.addr[bit / 8] & 0x80 >> bit % 8) == 0);
	}
	if (addr_parse(text, addr) == 0) {
		expect(addr_parse_network(text, &network) == 0 && network.prefix == 128);
		expect(memcmp(network.addr, addr, sizeof(addr)) == 0);
	}
	if (addr_parse_endpoint(text, &endpoint) == 0)
		expect(endpoint.len > 0 && endpoint.len <= sizeof(endpoint.addr));
	return 0;
}
