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
#include <stdatomic.h>
#include <pthread.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
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
static void test_attack_43_special_addresses(void **state)
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
	atomic_bool over;   /* the client has what it wanted, or has given up */
};

static bool is_dialled(int fd, const atomic_bool *over)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	while (poll(&ready, 1, 5) != 1)
		if (atomic_load(over))
			return false;
	return true;
}

static void *serve(void *arg)
{
	struct peer *peer = arg;
	char request[2048];
	if (!is_dialled(peer->fd, &peer->over))
		return NULL;
	int fd = accept(peer->fd, NULL, NULL);
	peer->accepted++;
	if (!peer->answer) {
		while (!atomic_load(&peer->over))
			(void)poll(NULL, 0, 5);
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
	atomic_store(&peer->over, true);
	pthread_join(thread, NULL);
	close(peer->fd);
	return rc;
}

static const struct http_out_limits lax = {
	.timeout_ms = 60000, .max_bytes = 100, .allow_private = true, .allow_http = true};

static void test_attack_43_refuses_private_at_connect(void **state)
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

static void test_attack_43_refuses_schemes_and_forms(void **state)
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
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct peer peer = {.answer = rows[i].answer, .repeat = rows[i].repeat};
		struct buf out;
		buf_init(&out, 1000);
		buf_put_char(&out, '>');
		limits.timeout_ms = rows[i].code == E_TIMEOUT ? 200 : lax.timeout_ms;
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

/* A peer that keeps what it was sent. */
struct listener {
	int fd;
	const char *answer;
	char got[4096];
	atomic_bool over;
};

static void *hear(void *arg)
{
	struct listener *listener = arg;
	size_t len = 0;
	if (!is_dialled(listener->fd, &listener->over))
		return NULL;
	int fd = accept(listener->fd, NULL, NULL);
	for (;;) { /* until the body's last byte */
		struct pollfd more = {.fd = fd, .events = POLLIN};
		const char *end = strstr(listener->got, "\r\n\r\n");
		if (end && (!strstr(listener->got, "Content-Length: 5") || strlen(end + 4) == 5))
			break;
		if (poll(&more, 1, 60000) != 1)
			break;
		ssize_t n = read(fd, listener->got + len, sizeof(listener->got) - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	(void)!send(fd, listener->answer, strlen(listener->answer), MSG_NOSIGNAL);
	close(fd);
	return NULL;
}

/* Sends it to a listener of its own; url is what stands behind host and port. */
static int send_to(struct listener *listener, struct http_out_request request, const char *url, struct buf *out,
		   struct http_out_answer *ret_answer)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);
	pthread_t thread;
	char text[256];
	struct buf full;
	memset(listener->got, 0, sizeof(listener->got));
	atomic_store(&listener->over, false);
	listener->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener->fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(listener->fd, 4), 0);
	assert_int_equal(getsockname(listener->fd, (struct sockaddr *)&addr, &len), 0);
	assert_int_equal(pthread_create(&thread, NULL, hear, listener), 0);
	buf_init_fixed(&full, text, sizeof(text));
	buf_printf(&full, "http://127.0.0.1:%u%s", (unsigned)ntohs(addr.sin_port), url);
	request.url = buf_str(&full);
	int rc = http_out_send(&request, &lax, out, ret_answer);
	atomic_store(&listener->over, true);
	pthread_join(thread, NULL);
	close(listener->fd);
	return rc;
}

/* Method, path, headers and body as given; whatever status comes back is an answer. */
static void sends_what_is_given(void **state)
{
	static const struct {
		const char *method, *url, *body;
		const char *line, *field; /* what must arrive */
		int status;
	} rows[] = {
		{"POST", "/a", "hello", "POST /a HTTP/1.1\r\n", "\r\nContent-Length: 5\r\n", 201},
		{"POST", "/a", "", "POST /a HTTP/1.1\r\n", "\r\nContent-Length: 0\r\n", 204},
		{"PUT", "/a?b=c", "hello", "PUT /a?b=c HTTP/1.1\r\n", "\r\nContent-Length: 5\r\n", 200},
		{"PATCH", "/x/../a//b/", "hello", "PATCH /x/../a//b/ HTTP/1.1\r\n", "\r\nContent-Length: 5\r\n", 409},
		{"DELETE", "/%2e%2E/a", "", "DELETE /%2e%2E/a HTTP/1.1\r\n", "\r\nX-Secret: s3\r\n", 404},
		{"GET", "/", "", "GET / HTTP/1.1\r\n", "\r\nX-Secret: s3\r\n", 302},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct str headers[] = {STR("X-Secret: s3"), STR("Content-Type: text/plain")};
		char answer_text[128];
		struct listener listener = {.answer = answer_text};
		struct http_out_answer answer = {0};
		struct buf out, text;
		buf_init(&out, 1000);
		buf_init_fixed(&text, answer_text, sizeof(answer_text));
		buf_printf(&text, "HTTP/1.1 %d X\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
			   rows[i].status);
		buf_put_char(&text, '\0');
		struct http_out_request request = {rows[i].method, STR(""), headers, rows[i].body[0] ? 2 : 1,
						   str_of(rows[i].body)};
		int rc = send_to(&listener, request, rows[i].url, &out, &answer);
		const char *end = strstr(listener.got, "\r\n\r\n");
		if (rc != 0 || answer.status != rows[i].status ||
		    strncmp(listener.got, rows[i].line, strlen(rows[i].line)) != 0 ||
		    !strstr(listener.got, rows[i].field) || !end || strcmp(end + 4, rows[i].body) != 0)
			fail_msg("row %zu: %d, %d, %s", i, rc, answer.status, listener.got);
		assert_int_equal(strstr(listener.got, "Content-Type:") != NULL, rows[i].body[0] != '\0');
		buf_done(&out);
	}
}

static void keeps_headers_apart(void **state)
{
	static const struct str bad[] = {{"A: b\r\nC: d", 10}, {"A: b\nC: d", 9}, {"A: b\0c", 6}, {"A: b\r", 5}};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct http_out_request request = {"GET", STR("http://127.0.0.1:1/"), &bad[i], 1, STR("")};
		struct http_out_answer answer;
		struct buf out;
		buf_init(&out, 100);
		assert_int_equal(http_out_send(&request, &lax, &out, &answer), E_SYNTAX);
		buf_done(&out);
	}
}

static void test_attack_43_bounds_answers(void **state)
{
	struct listener listener = {.answer = "HTTP/1.1 500 X\r\nContent-Length: 101\r\n\r\n"
					      "0123456789012345678901234567890123456789012345678901234567890123456789"
					      "0123456789012345678901234567890"};
	struct http_out_request request = {"GET", STR(""), NULL, 0, STR("")};
	struct http_out_answer answer;
	struct buf out;
	(void)state;
	buf_init(&out, 1000);
	buf_put(&out, STR("before"));
	assert_int_equal(send_to(&listener, request, "/", &out, &answer), E_LIMIT);
	assert_int_equal(out.len, 6);
	buf_done(&out);
}

/* Every allocation of ours fails once: an error, nothing kept, nothing leaked (the sanitizer looks). */
static void faults(void **state)
{
#ifdef MINTMARK_FAULTS
	const struct str headers[] = {STR("A: b"), STR("C: d")};
	bool reached = true;
	for (long n = 1; reached; n++) {
		struct listener listener = {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"};
		struct http_out_request request = {"POST", STR(""), headers, 2, STR("hello")};
		struct http_out_answer answer = {0};
		struct buf out;
		buf_init(&out, 1000);
		fault_arm(FAULT_ALLOC, n);
		int rc = send_to(&listener, request, "/", &out, &answer);
		reached = fault_reached(FAULT_ALLOC);
		fault_arm(FAULT_ALLOC, 0);
		assert_int_equal(rc, reached ? E_NOMEM : 0);
		assert_int_equal(out.len, reached ? 0 : 2);
		buf_done(&out);
		assert_true(n < 50);
	}
	(void)state;
#else
	(void)state;
	skip();
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attack_43_special_addresses),
		cmocka_unit_test(test_attack_43_refuses_private_at_connect),
		cmocka_unit_test(test_attack_43_refuses_schemes_and_forms), cmocka_unit_test(judges_answers),
		cmocka_unit_test(caps_the_head),             cmocka_unit_test(sends_what_is_given),
		cmocka_unit_test(keeps_headers_apart),       cmocka_unit_test(test_attack_43_bounds_answers),
		cmocka_unit_test(faults),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
