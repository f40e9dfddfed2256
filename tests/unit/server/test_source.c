/* source.c: whose word about the source address is believed. RFC 9700 4.13. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/source.h"

static struct config *load(const char *text)
{
	char mem[CONFIG_WHY_MAX];
	struct buf why;
	struct config *config = NULL;
	buf_init_fixed(&why, mem, sizeof(mem));
	if (config_parse("/etc/mintmark/test.yaml", str_of(text), &config, &why) < 0)
		fail_msg("%.*s", STR_ARG(buf_str(&why)));
	return config;
}

struct row {
	const char *peer, *forwarded, *source;
};

static const struct row rows[] = {
	{"203.0.113.9", NULL, "203.0.113.9"},
	{"203.0.113.9", "198.51.100.1", "203.0.113.9"}, /* not a proxy of ours: not believed */
	{"10.0.0.1", "198.51.100.1", "198.51.100.1"},
	{"10.0.0.1", "192.0.2.66, 198.51.100.1", "198.51.100.1"}, /* what a client wrote before our proxy added */
	{"10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"},   /* two proxies of ours */
	{"10.0.0.1", "2001:db8::1", "2001:db8::1"},
	{"10.0.0.1", "unknown", "unknown"}, /* not the proxy's own: that may be in the networks of a client */
	{"10.0.0.1", "198.51.100.1:1234", "unknown"},
	{"10.0.0.1", "10.0.0.9, 198.51.100.1:1234", "unknown"},
	{"10.0.0.1", "", "10.0.0.1"},
	{"10.0.0.1", ",", "unknown"},
	{"10.0.0.1", "10.0.0.3", "10.0.0.3"},
};

static void believes_only_trusted_proxies(void **state)
{
	(void)state;
	struct config *config = load("issuer: https://as.example\nbehind_proxy: true\ntrusted_proxies: [10.0.0.0/8]\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_request request = {.peer_addr = str_of(rows[i].peer)};
		if (rows[i].forwarded)
			request.headers[request.n_headers++] =
				(struct http_header){STR("x-forwarded-for"), str_of(rows[i].forwarded)};
		struct str source = source_address(config, &request);
		if (!str_eq(source, str_of(rows[i].source)))
			fail_msg("row %zu: %.*s", i, STR_ARG(source));
	}
	config_unref(config);
}

static void metrics_are_for_this_machine_by_default(void **state)
{
	(void)state;
	struct config *config = load("issuer: https://as.example\nbehind_proxy: true\n");
	struct http_request request = {.peer_addr = STR("127.0.0.1")};
	assert_true(source_is_operator(config, &request));
	request.peer_addr = STR("203.0.113.9");
	assert_false(source_is_operator(config, &request));
	request.peer_addr = STR("127.0.0.1");
	request.headers[request.n_headers++] = (struct http_header){STR("X-Forwarded-For"), STR("203.0.113.9")};
	assert_false(source_is_operator(config, &request)); /* through a proxy on this machine */
	config_unref(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(believes_only_trusted_proxies),
		cmocka_unit_test(metrics_are_for_this_machine_by_default),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
