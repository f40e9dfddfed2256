/* Configuration: every refusal names file, line, column and what was expected; see config/config.h. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"
#include "config/config.h"
#include "config/config_rows.h"

#define ISSUER "issuer: https://auth.example\n"

struct refusal {
	const char *text;
	const char *why; /* a part of the message */
};

/* The message of a refused text; static memory. */
static const char *refuse(struct str text)
{
	static char mem[CONFIG_WHY_MAX];
	struct buf why;
	struct config *config = NULL;
	buf_init_fixed(&why, mem, sizeof(mem) - 1);
	int rc = config_parse("dir/m.yaml", text, &config, &why);
	mem[why.len] = '\0';
	config_unref(config);
	if (rc != E_CONFIG)
		fail_msg("%d instead of a refusal:\n%.*s", rc, STR_ARG(text));
	assert_int_equal(buf_status(&why), 0);
	assert_null(strchr(mem, '\n'));
	return mem;
}

static void check_refusals(const struct refusal *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *why = refuse(str_of(rows[i].text));
		if (!strstr(why, rows[i].why))
			fail_msg("text:\n%s\nmessage:  %s\nexpected: %s", rows[i].text, why, rows[i].why);
	}
}
#define CHECK_REFUSALS(rows) check_refusals(rows, sizeof(rows) / sizeof((rows)[0]))

static struct config *parse_good(const char *text)
{
	char mem[CONFIG_WHY_MAX];
	struct buf why;
	struct config *config = NULL;
	buf_init_fixed(&why, mem, sizeof(mem) - 1);
	int rc = config_parse("dir/m.yaml", str_of(text), &config, &why);
	mem[why.len] = '\0';
	if (rc != 0)
		fail_msg("text:\n%s\nmessage: %s", text, mem);
	return config;
}

static void refuses_shapes(void **state)
{
	(void)state;
	static const struct refusal rows[] = {
		{"", "dir/m.yaml:1:1: the file is empty"},
		{"# nothing\n", "the file is empty"},
		{"- a\n", "dir/m.yaml:1:1: expected a mapping of options"},
		{"text\n", "expected a mapping of options"},
		{"listen: []\n", "issuer: missing; expected an http or https URL"},
		{ISSUER "issuer: https://b.example\n", "dir/m.yaml:2:1: issuer stands here a second time"},
		{ISSUER "tls: {}\ntls: {}\n", "dir/m.yaml:3:1: tls stands here a second time"},
		{ISSUER "tokens:\n  access_lifetime_s: 60\n  access_lifetime_s: 61\n",
			"dir/m.yaml:4:3: tokens.access_lifetime_s stands here a second"},
		{ISSUER "isuer: x\n", "dir/m.yaml:2:1: unknown option isuer; expected"},
		{ISSUER "tokens:\n  foo: 1\n", "dir/m.yaml:3:3: unknown option tokens.foo; expected"},
		{ISSUER "access_lifetime_s: 60\n", "dir/m.yaml:2:1: unknown option access_lifetime_s"},
		{ISSUER "tokens:\n  tokens: {}\n", "dir/m.yaml:3:3: unknown option tokens.tokens"},
		{ISSUER "'': 1\n", "dir/m.yaml:2:1: unknown option"},
		{ISSUER "\"a\\nb\": 1\n", "dir/m.yaml:2:1: unknown option ...;"},
		{ISSUER "[a]: 1\n", "dir/m.yaml:2:1: expected the name of an option"},
		{ISSUER "tokens: 5\n", "dir/m.yaml:2:9: tokens: expected a mapping of options"},
		{ISSUER "tokens:\n", "tokens: expected a mapping of options"},
		{ISSUER "tokens: [a]\n", "dir/m.yaml:2:9: tokens: expected a mapping"},
		{ISSUER "---\n" ISSUER, "dir/m.yaml:2:1: a second document starts"},
		{"issuer: &a https://auth.example\n", "dir/m.yaml:1:9: aliases, anchors and tags"},
		{ISSUER "listen: *a\n", "dir/m.yaml:2:9: aliases, anchors and tags"},
		{ISSUER "listen: !!seq []\n", "dir/m.yaml:2:9: aliases, anchors and tags"},
		{"&a {issuer: x}\n", "dir/m.yaml:1:1: aliases, anchors and tags"},
		{ISSUER "<<: {behind_proxy: true}\n", "dir/m.yaml:2:1: unknown option"},
		{ISSUER "listen: [[[[[[[[[[a]]]]]]]]]]\n",
			"dir/m.yaml:2:10: listen: a list or mapping stands where an item is due"},
		{ISSUER "issuer2: {a: b\n", "dir/m.yaml:2:1: unknown option issuer2"},
		{ISSUER "listen: [a\n",
			"dir/m.yaml:3:1: while parsing a flow sequence, did not find expected ',' or ']'"},
		{ISSUER "\tlisten: []\n", "dir/m.yaml:2:1: "},
		{ISSUER "log: {level: \"info\n",
			"dir/m.yaml:3:1: while scanning a quoted scalar, found unexpected end of stream"},
	};
	CHECK_REFUSALS(rows);
}

static void refuses_depth(void **state)
{
	(void)state;
	assert_non_null(strstr(refuse(STR(ISSUER "behind_proxy: [[[[[[[[[[a]]]]]]]]]]\n")),
		"dir/m.yaml:2:22: nested too deep"));
}

static void refuses_values(void **state)
{
	(void)state;
	static const struct refusal rows[] = {
		{ISSUER "tokens:\n  access_lifetime_s: 59\n",
			"dir/m.yaml:3:22: tokens.access_lifetime_s: out of range; expected an integer 60 to 86400"},
		{ISSUER "tokens: {access_lifetime_s: 86401}\n",
			"dir/m.yaml:2:29: tokens.access_lifetime_s: out of range"},
		{ISSUER "tokens: {access_lifetime_s: 010}\n",
			"dir/m.yaml:2:29: tokens.access_lifetime_s: not a decimal integer"},
		{ISSUER "tokens: {access_lifetime_s: 0x100}\n",
			"not a decimal integer; expected an integer 60 to 86400"},
		{ISSUER "tokens: {access_lifetime_s: -100}\n", "not a decimal integer"},
		{ISSUER "tokens: {access_lifetime_s: +100}\n", "not a decimal integer"},
		{ISSUER "tokens: {access_lifetime_s: 1e3}\n", "not a decimal integer"},
		{ISSUER "tokens: {access_lifetime_s: '100'}\n", "not a decimal integer"},
		{ISSUER "tokens: {access_lifetime_s: 1h}\n", "not a decimal integer"},
		{ISSUER "tokens: {access_lifetime_s: }\n", "the value is missing"},
		{ISSUER "tokens: {access_lifetime_s: [60]}\n", "dir/m.yaml:2:29: tokens.access_lifetime_s: "},
		{ISSUER "tokens: {access_lifetime_s: {a: 60}}\n", "expected an integer 60 to 86400"},
		{ISSUER "tokens: {access_lifetime_s: 99999999999999999999999}\n",
			"dir/m.yaml:2:29: tokens.access_lifetime_s: "},
		{ISSUER "tokens: {access_lifetime_s: 4294967396}\n", "dir/m.yaml:2:29: tokens.access_lifetime_s: "},
		{ISSUER "behind_proxy: flase\n",
			"dir/m.yaml:2:15: behind_proxy: not a truth value; expected true or false"},
		{ISSUER "behind_proxy: yes\n", "not a truth value"},
		{ISSUER "behind_proxy: 1\n", "not a truth value"},
		{ISSUER "behind_proxy: 'true'\n", "not a truth value"},
		{ISSUER "behind_proxy: ~\n", "the value is missing"},
		{ISSUER "log:\n  level: loud\n", "expected one of debug, info, warn, error, off"},
		{ISSUER "log:\n  level: loud\n", "dir/m.yaml:3:10: log.level: "},
		{ISSUER "log:\n  level: 1\n", "dir/m.yaml:3:10: log.level: "},
		{ISSUER "log:\n  level: INFO\n", "dir/m.yaml:3:10: log.level: "},
		{ISSUER "listen: 127.0.0.1:80\n", "dir/m.yaml:2:9: listen: "},
		{ISSUER "listen: 127.0.0.1:80\n", "expected a list of at most 64 items, each address:port"},
		{ISSUER "listen: ['127.0.0.1:80', {a: b}]\n",
			"dir/m.yaml:2:26: listen: a list or mapping stands where"},
		{ISSUER "listen: ['127.0.0.1:80', ]\nstore: {path: ''}\n",
			"dir/m.yaml:3:15: store.path: not understood; expected a path"},
		{ISSUER "listen: ['127.0.0.1:80', 'x:80']\n", "dir/m.yaml:2:26: listen: not understood"},
		{ISSUER "store: {path: null}\n", "dir/m.yaml:2:15: store.path: the value is missing"},
		{ISSUER "store: {path: \"a\\0b\"}\n",
			"dir/m.yaml:2:15: store.path: control characters are not allowed"},
		{ISSUER "store: {path: \"a\\nb\"}\n", "control characters"},
	};
	CHECK_REFUSALS(rows);
}

static void refuses_issuers(void **state)
{
	(void)state;
	static const char *const rows[] = {"ftp://a.example", "https:a.example", "https://", "https:///x",
		"https://a.example?x", "https://a.example/#f", "https://u@a.example", "https://u:p@a.example",
		"https://a.example:0", "https://a.example:65536", "https://a.example:", "https://a.example:+1",
		"https://[::1", "https://[::g]", "https://[::1]x", "https://a b", "https://a.example/a b",
		"https://a.example/../x", "https://a.example/.", "https://a.example/\\u00e9", "HTTPS://a.example",
		"auth.example", "https://a_b", "https://a.example/<x>"};
	char text[256];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "issuer: \"%s\"\n", rows[i]);
		const char *why = refuse(str_of(text));
		if (!strstr(why,
			    "dir/m.yaml:1:9: issuer: not understood; expected an http or https URL without query and "
			    "fragment"))
			fail_msg("%s: %s", text, why);
	}
}

static void refuses_lists(void **state)
{
	(void)state;
	static const struct refusal rows[] = {
		{"[127.0.0.1]", "listen"},
		{"['::1:80']", "listen"},
		{"['[::1]']", "listen"},
		{"['[::1]80']", "listen"},
		{"['[127.0.0.1]:80']", "listen"},
		{"['127.0.0.1:080']", "listen"},
		{"['127.0.0.1:0']", "listen"},
		{"['127.0.0.1:65536']", "listen"},
		{"['127.1:80']", "listen"},
		{"['localhost:80']", "listen"},
		{"['unix:']", "listen"},
		{"['unix:a.sock']", "listen"},
		{"['[fe80::1%eth0]:80']", "listen"},
		{"['']", "listen"},
		{"['unix:/"
		 "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678"
		 "90123456789']",
			"listen"},
		{"[10.0.0.1/8]", "trusted_proxies"},
		{"[10.0.0.0/33]", "trusted_proxies"},
		{"[10.0.0.0/]", "trusted_proxies"},
		{"['fd00::/129']", "trusted_proxies"},
		{"['fd00::1/64']", "trusted_proxies"},
		{"[10.0.0.0/08]", "trusted_proxies"},
		{"[proxy]", "trusted_proxies"},
	};
	char text[512];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), ISSUER "%s: %s\n", rows[i].why, rows[i].text);
		const char *why = refuse(str_of(text));
		if (!strstr(why, "dir/m.yaml:2:") ||
			!strstr(why, "not understood; expected a list of at most 64 items, each "))
			fail_msg("%s: %s", text, why);
	}
}

static void refuses_too_many_items(void **state)
{
	(void)state;
	char mem[8192];
	struct buf text;
	buf_init_fixed(&text, mem, sizeof(mem));
	buf_put(&text, STR(ISSUER "trusted_proxies:\n"));
	for (int i = 0; i <= CONFIG_LIST_MAX; i++)
		buf_printf(&text, "- 10.0.0.%d\n", i);
	assert_non_null(strstr(refuse(buf_str(&text)), "dir/m.yaml:67:3: trusted_proxies: too many items"));
}

static void refuses_contradictions(void **state)
{
	(void)state;
	static const struct refusal rows[] = {
		{"issuer: http://auth.example\n",
			"dir/m.yaml:1:9: issuer: plain http on a host that is not loopback; expected https"},
		{"issuer: http://127.0.0.1.example\n", "plain http"},
		{"issuer: http://[::2]:8080\n", "plain http"},
		{ISSUER "listen: []\n", "dir/m.yaml:2:9: listen: the list is empty"},
		{ISSUER "listen: ['0.0.0.0:80']\n",
			"dir/m.yaml:2:9: listen: plain http on an address that is not loopback"},
		{ISSUER "listen: ['127.0.0.1:80', '[::]:80']\n", "plain http on an address"},
		{ISSUER "listen: ['[::ffff:10.0.0.1]:80']\n", "plain http on an address"},
		{ISSUER "listen: ['127.0.0.1:80', '127.0.0.1:80']\n", "an address stands there twice"},
		{ISSUER "tls:\n  certificate: a.pem\n",
			"dir/m.yaml:3:16: tls.certificate: there is no tls.key; expected both or none"},
		{ISSUER "tls:\n  key: a.pem\n", "dir/m.yaml:3:8: tls.key: there is no tls.certificate"},
		{ISSUER "tokens: {lifetime_max_s: 600}\n",
			"dir/m.yaml:2:26: tokens.access_lifetime_s: longer than tokens.lifetime_max_s; expected at "
			"most that (tokens.access_lifetime_s is 3600, tokens.lifetime_max_s is 600)"},
		{ISSUER "tokens: {default_alg: PS256}\n", "dir/m.yaml:2:23: tokens.default_alg: not among keys.algs"},
		{ISSUER "keys: {algs: []}\n", "tokens.default_alg: not among keys.algs"},
		{ISSUER "keys: {algs: [RS256]}\n",
			"dir/m.yaml:2:14: tokens.default_alg: not among keys.algs; expected one of them "
			"(tokens.default_alg is 'ES256', keys.algs is RS256)"},
		{ISSUER "keys: {algs: [HS256]}\n", "dir/m.yaml:2:15: keys.algs: not understood"},
		{ISSUER "keys: {algs: [none]}\n", "keys.algs: not understood"},
		{ISSUER "keys: {prepublish_s: 299}\n", "keys.prepublish_s: shorter than jwks.max_age_s"},
		{ISSUER "keys: {rotate_days: 1}\n",
			"dir/m.yaml:2:21: keys.prepublish_s: not shorter than keys.rotate_days"},
		{ISSUER "limits: {connections: 100}\n",
			"limits.connections_per_address: more than limits.connections"},
		{ISSUER "keys: {master_key: 'env:'}\n",
			"keys.master_key: not understood; expected a path, env:NAME or credential:NAME"},
		{ISSUER "keys: {master_key: 'env:1A'}\n", "keys.master_key: not understood"},
		{ISSUER "keys: {master_key: 'credential:../x'}\n", "keys.master_key: not understood"},
		{ISSUER "cors: {token_origins: ['*']}\n", "cors.token_origins: not understood"},
		{ISSUER "cors: {token_origins: ['https://a.example/']}\n", "cors.token_origins: not understood"},
		{ISSUER "cors: {token_origins: ['https://A.example']}\n", "cors.token_origins: not understood"},
	};
	CHECK_REFUSALS(rows);
}

static void refuses_bytes(void **state)
{
	(void)state;
	assert_non_null(strstr(refuse(STR(ISSUER "# a\0b\n")), "dir/m.yaml:2:4: a NUL byte"));
	assert_non_null(strstr(refuse(STR(ISSUER "# \xC3\x28\n")), "not UTF-8"));
	assert_non_null(strstr(refuse(STR("\xFF\xFEi\0s\0")), "dir/m.yaml:1:4: a NUL byte"));
	char *big = malloc(CONFIG_TEXT_MAX + 1);
	assert_non_null(big);
	memset(big, '\n', CONFIG_TEXT_MAX + 1);
	memcpy(big, ISSUER, sizeof(ISSUER) - 1);
	assert_non_null(strstr(refuse((struct str){big, CONFIG_TEXT_MAX + 1}), "longer than 65536 bytes"));
	free(big);
}

static void gives_defaults(void **state)
{
	(void)state;
	struct config *config = parse_good("issuer: http://localhost:8080/base/\n");
	assert_string_equal(config->issuer.p, "http://localhost:8080/base/"); /* byte for byte: RFC 8414 3.3 */
	assert_int_equal(config->listen.n, 1);
	assert_true(config->endpoints[0].local);
	assert_int_equal(config->endpoints[0].addr.ss_family, AF_INET);
	assert_false(config->behind_proxy || config->tls_enabled);
	assert_true(config->log.requests);
	assert_string_equal(config->store.path.p, "dir/store/mintmark.db");
	assert_string_equal(config->control.socket.p, "dir/control.sock");
	assert_string_equal(config->keys.master_key.p, "dir/master.key");
	assert_int_equal(config->tls.certificate.len, 0);
	assert_int_equal(config->keys.algs.n, 2);
	assert_string_equal(config->keys.algs.v[1].p, "RS256");
	assert_int_equal(config->tokens.access_lifetime_s, 3600);
	assert_int_equal(config->limits.connections_per_address, 2000);
	assert_int_equal(config->log.level, LOG_INFO);
	assert_int_equal(config->metrics.access, CONFIG_ACCESS_LOOPBACK);
	assert_int_equal(config->discovery.family, CONFIG_FAMILY_OAUTH2);
	assert_int_equal(config->cors.token_origins.n, 0);
	config_unref(config);
}

static void reads_everything(void **state)
{
	(void)state;
	struct config *config = parse_good(
		"issuer: https://auth.example/x\n"
		"listen: ['0.0.0.0:443', '[::1]:8443', 'unix:/run/m.sock']\n"
		"trusted_proxies: [10.0.0.0/8, 192.0.2.7, 'fd00::/9']\n"
		"tls:\n  certificate: cert.pem\n  key: /abs/key.pem\n"
		"keys: {master_key: 'credential:mintmark', algs: [EdDSA]}\n"
		"tokens: {default_alg: EdDSA, access_lifetime_s: 86400}\n"
		"log: {level: 'off', format: json, requests: true}\n"
		"metrics: {access: all}\ndiscovery: {family: connect}\n"
		"cors: {token_origins: ['https://app.example:8443']}\n");
	assert_true(config->tls_enabled);
	assert_string_equal(config->tls.certificate.p, "dir/cert.pem");
	assert_string_equal(config->tls.key.p, "/abs/key.pem");
	assert_string_equal(config->keys.master_key.p, "credential:mintmark");
	assert_int_equal(config->listen.n, 3);
	assert_false(config->endpoints[0].local);
	assert_int_equal(((const struct sockaddr_in *)&config->endpoints[0].addr)->sin_port, htons(443));
	assert_int_equal(config->endpoints[1].addr.ss_family, AF_INET6);
	assert_int_equal(config->endpoints[2].addr.ss_family, AF_UNIX);
	assert_int_equal(config->log.level, LOG_OFF);
	assert_int_equal(config->log.format, LOG_JSON);
	assert_true(config->log.requests);
	assert_int_equal(config->metrics.access, CONFIG_ACCESS_ALL);
	assert_int_equal(config->discovery.family, CONFIG_FAMILY_CONNECT);
	assert_int_equal(config->cors.token_origins.n, 1);
	config_unref(config);
}

static void trusts_proxies(void **state)
{
	(void)state;
	struct config *config = parse_good(ISSUER "trusted_proxies: [10.0.0.0/9, 192.0.2.7, 'fd00::/9']\n");
	assert_true(config_trusts(config, STR("10.127.255.255")));
	assert_false(config_trusts(config, STR("10.128.0.0")));
	assert_true(config_trusts(config, STR("192.0.2.7")));
	assert_true(config_trusts(config, STR("::ffff:192.0.2.7")));
	assert_false(config_trusts(config, STR("192.0.2.8")));
	assert_true(config_trusts(config, STR("fd7f::1")));
	assert_false(config_trusts(config, STR("fd80::1")));
	assert_false(config_trusts(config, STR("")));
	assert_false(config_trusts(config, STR("unix")));
	config_unref(config);
	config = parse_good(ISSUER "behind_proxy: true\nlisten: ['0.0.0.0:80']\n");
	assert_true(config_trusts(config, STR("unix")));
	assert_false(config_trusts(config, STR("10.0.0.1")));
	config_unref(config);
}

static void accepts_loopback_issuers(void **state)
{
	(void)state;
	static const char *const rows[] = {"http://localhost", "http://127.0.0.1:8080", "http://127.1.2.3/",
		"http://[::1]:80/a/b", "https://auth.example/~x/%20/"};
	char text[128];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "issuer: '%s'\n", rows[i]);
		struct config *config = parse_good(text);
		assert_string_equal(config->issuer.p, rows[i]);
		config_unref(config);
	}
	config_unref(parse_good("issuer: http://auth.example\nbehind_proxy: true\n"));
}

static void refuses_the_master_key_beside_the_store(void **state)
{
	(void)state;
	static const struct {
		const char *store, *key;
		bool good;
	} rows[] = {
		{"mintmark.db", "master.key", false},
		{"store/mintmark.db", "store/master.key", false},
		{"store/mintmark.db", "store/a/b/master.key", false},
		{"store/mintmark.db", "./x/..//store/./master.key", false},
		{"/master.db", "/etc/master.key", false},
		{"/var/../srv/a.db", "/srv/b/master.key", false},
		{"../x/a.db", "../x/y", false},
		{"/a/b/c.db", "/a/b", true},
		{"store/mintmark.db", "store/../master.key", true},
		{"store/mintmark.db", "store2/master.key", true},
		{"mintmark.db", "../master.key", true},
		{"/store/mintmark.db", "/master.key", true},
		{"mintmark.db", "env:KEY", true},
		{"mintmark.db", "credential:key", true},
		{"mintmark.db", "/etc/master.key", true}, /* only the running server can tell */
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];
		snprintf(text, sizeof(text), ISSUER "store: {path: '%s'}\nkeys: {master_key: '%s'}\n", rows[i].store,
			 rows[i].key);
		if (rows[i].good) {
			config_unref(parse_good(text));
			continue;
		}
		const char *why = refuse(str_of(text));
		if (!strstr(why, "dir/m.yaml:2:15: store.path:") || !strstr(why, "keys.master_key"))
			fail_msg("%s %s: %s", rows[i].store, rows[i].key, why);
	}
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void reloads(void **state)
{
	(void)state;
	char folder[] = "/tmp/mintmark-config-XXXXXX", path[64], mem[1024], mem2[1024];
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/m.yaml", folder);
	struct buf why, restart;
	struct config *old = NULL, *new = NULL;
	buf_init_fixed(&why, mem, sizeof(mem));
	buf_init_fixed(&restart, mem2, sizeof(mem2));

	assert_int_equal(config_load(path, &old, &why), E_IO);
	buf_reset(&why);
	write_file(path, ISSUER "listen: ['127.0.0.1:1', '127.0.0.1:2']\n");
	assert_int_equal(config_load(path, &old, &why), 0);
	struct str text = STR("issuer: https://other.example\nserver: {loops: 3}\nlog: {level: warn}\n"
			      "tls: {certificate: c.pem, key: k.pem}\n");
	assert_int_equal(config_reload(old, text, &new, &restart, &why), 0);
	assert_true(str_eq(buf_str(&restart), STR("issuer, listen, tls.certificate, tls.key, server.loops")));
	assert_false(new->tls_enabled);
	assert_string_equal(new->issuer.p, "https://auth.example");
	assert_int_equal(new->listen.n, 2);
	assert_string_equal(new->endpoints[1].text.p, "127.0.0.1:2");
	assert_int_equal(new->server.loops, 0);
	assert_int_equal(new->log.level, LOG_WARN);
	assert_int_equal(config_reload_diff(old, new, &restart), 0);
	config_unref(new);
	new = NULL;

	/* a bad text changes nothing */
	assert_int_equal(config_reload(old, STR(ISSUER "log: {level: loud}\n"), &new, &restart, &why), E_CONFIG);
	assert_null(new);
	assert_true(str_has_prefix(buf_str(&why), str_of(path)));
	config_unref(old);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

/* Every default passes its own check: otherwise writing it into the file would be refused. */
static void defaults_are_valid(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CONFIG_ROWS; i++) {
		const struct config_row *row = &config_rows[i];
		char text[512];
		if (!row->preset || row->preset[0] == '\0')
			continue;
		bool list = row->kind == CONFIG_LIST;
		const char *quote = row->kind == CONFIG_UINT || row->kind == CONFIG_BOOL ? "" : "'";
		char value[128];
		size_t n = 0;
		for (const char *p = row->preset; *p; p++) { /* "a b" -> "a', 'b" */
			int len = snprintf(value + n, sizeof(value) - n, list && *p == ' ' ? "', '" : "%c", *p);
			n += (size_t)len;
		}
		value[n] = '\0';
		snprintf(text, sizeof(text), ISSUER "%s%s%s: %s%s%s%s%s\n", row->section,
			row->section[0] ? ":\n  " : "", row->name, list ? "[" : "", quote, value, quote,
			list ? "]" : "");
		config_unref(parse_good(text));
	}
}

/* Whichever allocation of ours or of libcyaml fails: E_NOMEM, no leak, no half-made configuration. */
static void survives_lack_of_memory(void **state)
{
	(void)state;
#ifdef MINTMARK_FAULTS
	for (long nth = 1; nth < 10000; nth++) {
		struct config *config = NULL;
		struct buf why;
		char mem[1024];
		buf_init_fixed(&why, mem, sizeof(mem));
		fault_arm(FAULT_ALLOC, nth);
		int rc = config_parse("m.yaml",
			STR(ISSUER "listen: ['127.0.0.1:1', '127.0.0.1:2']\ntokens: {default_alg: ES256}\n"), &config,
			&why);
		bool reached = fault_reached(FAULT_ALLOC);
		fault_arm(FAULT_ALLOC, 0);
		if (!reached) {
			assert_int_equal(rc, 0);
			assert_true(nth > 10);
			config_unref(config);
			return;
		}
		if (rc == 0)
			fail_msg("allocation %ld failed unnoticed", nth);
		assert_int_equal(rc, E_NOMEM);
		assert_null(config);
	}
	fail_msg("no end");
#else
	skip();
#endif
}

static void page_is_current(void **state)
{
	(void)state;
	char path[512];
	struct buf made;
	buf_init(&made, 1 << 20);
	config_reference(&made);
	assert_int_equal(buf_status(&made), 0);
	const char *root = getenv("MINTMARK_SOURCE");
	if (!root) {
		buf_done(&made);
		skip();
	}
	snprintf(path, sizeof(path), "%s/docs/configuration.md", root);
	char *text = calloc(1, 1 << 20);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd >= 0 ? read(fd, text, 1 << 20) : -1;
	bool same = len >= 0 && str_eq(buf_str(&made), str_mem(text, (size_t)len));
	if (fd >= 0)
		close(fd);
	free(text);
	buf_done(&made);
	if (!same)
		fail_msg("%s differs from the table of options: run `mintmark config reference > "
			 "docs/configuration.md`",
			path);
}

/* Rewrites the page: test_config_config --page docs/configuration.md */
static int write_page(const char *path)
{
	struct buf made;
	buf_init(&made, 1 << 20);
	config_reference(&made);
	FILE *file = fopen(path, "w");
	bool ok = file && fwrite(made.p, 1, made.len, file) == made.len;
	ok = file && fclose(file) == 0 && ok;
	buf_done(&made);
	return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--page") == 0)
		return write_page(argv[2]);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_shapes),
		cmocka_unit_test(refuses_depth),
		cmocka_unit_test(refuses_values),
		cmocka_unit_test(refuses_issuers),
		cmocka_unit_test(refuses_lists),
		cmocka_unit_test(refuses_too_many_items),
		cmocka_unit_test(refuses_contradictions),
		cmocka_unit_test(refuses_bytes),
		cmocka_unit_test(survives_lack_of_memory),
		cmocka_unit_test(gives_defaults),
		cmocka_unit_test(reads_everything),
		cmocka_unit_test(trusts_proxies),
		cmocka_unit_test(accepts_loopback_issuers),
		cmocka_unit_test(refuses_the_master_key_beside_the_store),
		cmocka_unit_test(reloads),
		cmocka_unit_test(defaults_are_valid),
		cmocka_unit_test(page_is_current),
	};
	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
