/* addr.c: addresses, endpoints and networks as text (RFC 4291 2.2, 2.3). */
#include "test.h"

#include <netinet/in.h>

#include "base/addr.h"

static void refuses_what_is_no_endpoint(void **state)
{
	static const char *const bad[] = {
		"", "80", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:080",
		"localhost:80", "::1:80", "[::1]", "[::1]80", "[127.0.0.1]:80", "127.1:80", "unix:", "unix:relative",
		"127.0.0.1:80 ", "0x7f.0.0.1:80"};
	struct addr_endpoint endpoint;
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(addr_parse_endpoint(str_of(bad[i]), &endpoint) < 0);
	char path[200] = "unix:/";
	memset(path + 6, 'a', sizeof(path) - 7);
	assert_int_equal(addr_parse_endpoint(str_mem(path, sizeof(path) - 1), &endpoint), E_SYNTAX);
	assert_int_equal(addr_parse_endpoint(str_mem("unix:/a\0b", 9), &endpoint), E_SYNTAX);
}

static void reads_endpoints(void **state)
{
	static const struct {
		const char *text;
		sa_family_t family;
		bool local;
	} rows[] = {
		{"127.0.0.1:80", AF_INET, true}, {"192.0.2.1:80", AF_INET, false}, {"[::1]:80", AF_INET6, true},
		{"[2001:db8::1]:80", AF_INET6, false}, {"unix:/run/x", AF_UNIX, true}, {"0.0.0.0:1", AF_INET, false},
	};
	struct addr_endpoint endpoint;
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(addr_parse_endpoint(str_of(rows[i].text), &endpoint), 0);
		assert_int_equal(endpoint.addr.ss_family, rows[i].family);
		assert_int_equal(endpoint.local, rows[i].local);
	}
}

static void judges_networks(void **state)
{
	static const struct {
		const char *network, *addr;
		bool inside;
	} rows[] = {
		{"10.0.0.0/8", "10.255.0.1", true}, {"10.0.0.0/8", "11.0.0.1", false},
		{"10.0.0.0/9", "10.128.0.0", false},
		{"10.0.0.0/9", "10.127.0.0", true}, {"10.1.2.3", "10.1.2.3", true}, {"10.1.2.3", "10.1.2.2", false},
		{"0.0.0.0/0", "::1", false}, {"::/0", "10.0.0.1", true}, {"2001:db8::/32", "2001:db8:1::", true},
		{"2001:db8::/32", "2001:db9::", false},
	};
	static const char *const bad[] = {"10.1.2.3/8", "10.0.0.0/33", "2001:db8::/129", "10.0.0.0/", "x/8", ""};
	struct addr_network network;
	unsigned char addr[16];
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(addr_parse_network(str_of(rows[i].network), &network), 0);
		assert_int_equal(addr_parse(str_of(rows[i].addr), addr), 0);
		assert_int_equal(addr_is_inside(&network, addr), rows[i].inside);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(addr_parse_network(str_of(bad[i]), &network) < 0);
	assert_int_equal(addr_parse(STR("127.9.9.9"), addr), 0);
	assert_true(addr_is_loopback(addr));
	assert_int_equal(addr_parse(STR("128.0.0.1"), addr), 0);
	assert_false(addr_is_loopback(addr));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_no_endpoint),
		cmocka_unit_test(reads_endpoints),
		cmocka_unit_test(judges_networks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
