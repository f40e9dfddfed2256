/* An issuer on loopback: metadata, a key set and a revocation feed, each as the test wants it, and counted. */
#ifndef TESTS_VERIFY_ISSUER_H
#define TESTS_VERIFY_ISSUER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"

enum { ISSUER_METADATA, ISSUER_OAUTH, ISSUER_JWKS, ISSUER_FEED, ISSUER_PAGES };

struct issuer_page {
	const char *head; /* status line and fields, without the last empty line; NULL: "200 OK", application/json */
	struct str body;
	size_t repeat;    /* how often the body is sent */
};

struct issuer {
	char url[64], jwks_url[80], feed_url[80];
	char query[128]; /* of the last request for the feed */
	int fd;
	pthread_t thread;
	pthread_mutex_t lock;
	struct issuer_page pages[ISSUER_PAGES];
	atomic_int hits[ISSUER_PAGES];
	atomic_bool stalls, ends; /* takes connections and says nothing */
	void (*sign)(struct issuer *issuer, struct buf *out); /* the body of a page that has none */
};

static const char issuer_ok[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n";

static inline int issuer_page_of(const char *request)
{
	static const char *const paths[] = {"GET /.well-known/openid-configuration ",
					    "GET /.well-known/oauth-authorization-server ", "GET /jwks ",
					    "GET /revocations?"};
	for (int i = 0; i < ISSUER_PAGES; i++)
		if (strncmp(request, paths[i], strlen(paths[i])) == 0)
			return i;
	return -1;
}

static inline bool issuer_send(int fd, struct str bytes)
{
	return send(fd, bytes.p, bytes.len, MSG_NOSIGNAL) == (ssize_t)bytes.len;
}

static inline void issuer_answer(struct issuer *issuer, int fd)
{
	char request[4096];
	ssize_t len = recv(fd, request, sizeof(request) - 1, 0);
	request[len > 0 ? len : 0] = '\0';
	int page = issuer_page_of(request);
	if (page < 0)
		return;
	atomic_fetch_add(&issuer->hits[page], 1);
	while (atomic_load(&issuer->stalls) && !atomic_load(&issuer->ends))
		(void)poll(NULL, 0, 2);
	pthread_mutex_lock(&issuer->lock);
	struct issuer_page p = issuer->pages[page];
	if (page == ISSUER_FEED)
		snprintf(issuer->query, sizeof(issuer->query), "%.*s", (int)strcspn(request + 17, " "), request + 17);
	pthread_mutex_unlock(&issuer->lock);
	_cleanup_(buf_done) struct buf made;
	buf_init(&made, 65536);
	if (!p.body.p && issuer->sign)
		issuer->sign(issuer, &made);
	p.body = p.body.p ? p.body : buf_str(&made);
	bool ok = issuer_send(fd, str_of(p.head ? p.head : issuer_ok)) &&
		  issuer_send(fd, STR("Connection: close\r\n\r\n")) && issuer_send(fd, p.body);
	for (size_t i = 1; i < p.repeat && ok; i++)
		ok = issuer_send(fd, p.body);
}

static inline void *issuer_run(void *arg)
{
	struct issuer *issuer = arg;
	while (!atomic_load(&issuer->ends)) {
		struct pollfd ready = {.fd = issuer->fd, .events = POLLIN};
		if (poll(&ready, 1, 5) != 1)
			continue;
		int fd = accept(issuer->fd, NULL, NULL);
		issuer_answer(issuer, fd);
		close(fd);
	}
	return NULL;
}

static inline void issuer_set(struct issuer *issuer, int page, struct issuer_page what)
{
	pthread_mutex_lock(&issuer->lock);
	issuer->pages[page] = what;
	pthread_mutex_unlock(&issuer->lock);
}

/* keys: the body of the key set; the metadata are right, unless the test changes them. metadata: room for them. */
static inline void issuer_start(struct issuer *issuer, struct str keys, char *metadata, size_t size)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);
	memset(issuer, 0, sizeof(*issuer));
	pthread_mutex_init(&issuer->lock, NULL);
	issuer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(issuer->fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(issuer->fd, 16), 0);
	assert_int_equal(getsockname(issuer->fd, (struct sockaddr *)&addr, &len), 0);
	snprintf(issuer->url, sizeof(issuer->url), "http://127.0.0.1:%u", (unsigned)ntohs(addr.sin_port));
	snprintf(issuer->feed_url, sizeof(issuer->feed_url), "%s/revocations", issuer->url);
	snprintf(issuer->jwks_url, sizeof(issuer->jwks_url), "%s/jwks", issuer->url);
	snprintf(metadata, size, "{\"issuer\":\"%s\",\"jwks_uri\":\"%s\"}", issuer->url, issuer->jwks_url);
	issuer->pages[ISSUER_METADATA].body = issuer->pages[ISSUER_OAUTH].body = str_of(metadata);
	issuer->pages[ISSUER_JWKS].body = keys;
	assert_int_equal(pthread_create(&issuer->thread, NULL, issuer_run, issuer), 0);
}

static inline void issuer_stop(struct issuer *issuer)
{
	atomic_store(&issuer->ends, true);
	pthread_join(issuer->thread, NULL);
	close(issuer->fd);
	pthread_mutex_destroy(&issuer->lock);
}

#endif
