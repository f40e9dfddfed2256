/*
 * Outgoing requests: which addresses are refused (ATTACKS 43), caps, statuses, redirects; against a socket of our own
 * on loopback.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/http_out.h"

static bool is_public(const char *text)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return http_out_is_public((struct sockaddr *)&v4);
	assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
	return http_out_is_public((struct sockaddr *)&v6);
}

/* RFC 6890 2.2.2 and the registries that followed it. */
static void knows_special_addresses(void **state)
{
	static const char *const special[] = {
		"127.0.0.1", "127.255.255.255", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1",
		"100.127.255.255", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.0.0.1",
		"192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1",
		"240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
		"::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::1", "fe80::1", "fec0::1",
		"fc00::1", "fd12:3456::1", "ff02::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::1", "3fff::1"};
	static const char *const open[] = {"1.1.1.1",	     "9.9.9.9",		 "100.63.255.255",  "100.128.0.1",
					   "172.15.0.1",     "172.32.0.1",	 "192.1.0.1",	    "198.17.0.1",
					   "198.20.0.1",     "223.255.255.255",	 "2606:4700::1111", "2a00:1450::1",
					   "::ffff:1.1.1.1", "64:ff9b::101:101", "2001:4860::8888"};
	(void)state;
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (is_public(special[i]))
			fail_msg("%s", special[i]);
	for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
		if (!is_public(open[i]))
			fail_msg("%s", open[i]);
	struct sockaddr unix_socket = {.sa_family = AF_UNIX};
	assert_false(http_out_is_public(&unix_socket));
}

struct peer {
	int fd;
	uint16_t port;
	const char *answer; /* NULL: accept and say nothing */
	size_t repeat;      /* times the answer's last line is sent again */
	int accepted;
};

static void *serve(void *arg)
{
	struct peer *peer = arg;
	struct pollfd ready = {.fd = peer->fd, .events = POLLIN};
	char request[2048];
	if (poll(&ready, 1, 200) != 1)
		return NULL;
	int fd = accept(peer->fd, NULL, NULL);
	peer->accepted++;
	if (!peer->answer) {
		(void)poll(NULL, 0, 600);
	} else if (read(fd, request, sizeof(request)) > 0) {
		for (size_t i = 0; i <= peer->repeat; i++)
			if (send(fd, peer->answer, strlen(peer->answer), MSG_NOSIGNAL) < 0)
				break;
	}
	close(fd);
	return NULL;
}

/* GET from a peer that gives this answer once; host is what stands in the URL. */
static int get(struct peer *peer, const char *scheme, const char *host, const struct http_out_limits *limits,
	       struct buf *out)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);
	pthread_t thread;
	char url[128];
	struct buf text;
	peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(peer->fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(peer->fd, 4), 0);
	assert_int_equal(getsockname(peer->fd, (struct sockaddr *)&addr, &len), 0);
	assert_int_equal(pthread_create(&thread, NULL, serve, peer), 0);
	buf_init_fixed(&text, url, sizeof(url));
	buf_printf(&text, "%s://%s:%u/jwks", scheme, host, (unsigned)ntohs(addr.sin_port));
	int rc = http_out_get(buf_str(&text), limits, out);
	pthread_join(thread, NULL);
	close(peer->fd);
	return rc;
}

static const struct http_out_limits lax = {
	.timeout_ms = 2000, .max_bytes = 100, .allow_private = true, .allow_http = true};

static void refuses_private_at_connect(void **state)
{
	static const char *const hosts[] = {"127.0.0.1",    "localhost", "0x7f000001", "2130706433",
					    "017700000001", "0",	 "127.1"};
	struct http_out_limits limits = lax;
	struct buf out;
	(void)state;
	limits.allow_private = false;
	buf_init(&out, 1000);
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		struct peer peer = {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"};
		int rc = get(&peer, "http", hosts[i], &limits, &out);
		if (rc != E_INVALID_REQUEST || peer.accepted != 0 || out.len != 0)
			fail_msg("%s: %d", hosts[i], rc);
	}
}

static void refuses_schemes_and_forms(void **state)
{
	static const struct {
		struct str url;
		int code;
	} rows[] = {
		{STR(""), E_SYNTAX},
		{STR("http://user:pass@127.0.0.1:1/"), E_SYNTAX},
		{STR("http://127.0.0.1:1/\0x"), E_SYNTAX},
		{STR("http://127.0.0.1:99999/"), E_SYNTAX},
		{STR("file:///etc/passwd"), E_INVALID_REQUEST},
		{STR("gopher://127.0.0.1:1/"), E_INVALID_REQUEST},
		{STR("ftp://127.0.0.1:1/"), E_INVALID_REQUEST},
		{STR("dict://127.0.0.1:1/"), E_INVALID_REQUEST},
		{STR("http://127.0.0.1:1/"), E_IO}, /* nobody there */
	};
	struct http_out_limits limits = lax;
	struct buf out;
	(void)state;
	buf_init(&out, 1000);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int rc = http_out_get(rows[i].url, &lax, &out);
		if (rc != rows[i].code)
			fail_msg("%.*s: %d", STR_ARG(rows[i].url), rc);
	}
	limits.allow_http = false;
	assert_int_equal(http_out_get(STR("http://127.0.0.1:1/"), &limits, &out), E_INVALID_REQUEST);
	limits.timeout_ms = 0;
	assert_int_equal(http_out_get(STR("https://127.0.0.1:1/"), &limits, &out), E_SYNTAX);
}

static void judges_answers(void **state)
{
	static const struct {
		const char *answer;
		size_t repeat;
		int code;
	} rows[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi", 0, 0},
		{"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", 0, E_NOT_FOUND},
		{"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", 0, E_NOT_FOUND},
		{"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 0, E_NOT_FOUND},
		{"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", 0, E_IO}, /* cut short */
		{"HTTP/1.1 200 OK\r\n\r\n01234567890123456789", 6, E_LIMIT}, /* again, as body: too much */
		{"HTTP/1.1 200 OK\r\n\r\n0123456789", 20000, E_LIMIT}, /* without end */
		{"hello\r\n", 0, E_IO},
		{NULL, 0, E_TIMEOUT},
	};
	struct http_out_limits limits = lax;
	(void)state;
	limits.timeout_ms = 400;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct peer peer = {.answer = rows[i].answer, .repeat = rows[i].repeat};
		struct buf out;
		buf_init(&out, 1000);
		buf_put_char(&out, '>');
		int rc = get(&peer, "http", "127.0.0.1", &limits, &out);
		if (rc != rows[i].code || !str_eq(buf_str(&out), rc == 0 ? STR(">hi") : STR(">")))
			fail_msg("row %zu: %d", i, rc);
		buf_done(&out);
	}
}

static void caps_the_head(void **state)
{
	static char answer[HTTP_OUT_HEAD_MAX + 1000] = "HTTP/1.1 200 OK\r\n";
	struct peer peer = {.answer = answer};
	struct buf out;
	(void)state;
	while (strlen(answer) < HTTP_OUT_HEAD_MAX)
		memcpy(answer + strlen(answer), "X-Filler: 012345678901234567890123456789\r\n", 43);
	buf_init(&out, 1000);
	assert_int_equal(get(&peer, "http", "127.0.0.1", &lax, &out), E_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_special_addresses),   cmocka_unit_test(refuses_private_at_connect),
		cmocka_unit_test(refuses_schemes_and_forms), cmocka_unit_test(judges_answers),
		cmocka_unit_test(caps_the_head),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
