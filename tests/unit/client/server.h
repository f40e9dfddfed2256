/* A token endpoint on loopback: answers as the test wants, counts, and can be slow. */
#ifndef TESTS_CLIENT_SERVER_H
#define TESTS_CLIENT_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"

#define SERVER_FIELDS \
	"\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s"

struct server {
	char issuer[64], token_url[80];
	int fd;
	pthread_t thread;
	atomic_int requests;      /* for tokens */
	atomic_int status;        /* of the answer */
	atomic_int life_s, delay_ms;
	atomic_bool ends;
	/* further members of the metadata, and another answer to a POST; set while nobody asks */
	char more[320];
	void (*speak)(struct server *server, int number, char ret_body[640]);
	char last[8192];          /* the last request for a token; read when nobody asks */
};

static inline void server_answer(struct server *server, int fd)
{
	char request[8192], body[640], answer[1024];
	size_t len = 0;
	ssize_t n;
	request[0] = '\0';
	/* these clients send head and body of a form in at most a few pieces: until the body is there */
	while ((n = recv(fd, request + len, sizeof(request) - 1 - len, 0)) > 0) {
		len += (size_t)n;
		request[len] = '\0';
		const char *end = strstr(request, "\r\n\r\n"), *length = strstr(request, "Content-Length: ");
		unsigned long wanted = 0;
		for (const char *p = length ? length + 16 : ""; *p >= '0' && *p <= '9'; p++)
			wanted = wanted * 10 + (unsigned long)(*p - '0');
		if (end && strlen(end + 4) >= wanted)
			break;
	}
	if (strncmp(request, "POST ", 5) != 0) {
		snprintf(body, sizeof(body), "{\"issuer\":\"%s\",\"token_endpoint\":\"%s\"%s}", server->issuer,
			 server->token_url, server->more);
		snprintf(
			answer, sizeof(answer),
			"HTTP/1.1 200 OK" SERVER_FIELDS,
			strlen(body), body);
	} else {
		int number = atomic_fetch_add(&server->requests, 1) + 1;
		memcpy(server->last, request, sizeof(request));
		for (int ms = 0; ms < atomic_load(&server->delay_ms) && !atomic_load(&server->ends); ms += 5)
			(void)poll(NULL, 0, 5);
		int status = atomic_load(&server->status);
		if (status == 200 && server->speak)
			server->speak(server, number, body);
		else if (status == 200)
			snprintf(body, sizeof(body),
				 "{\"access_token\":\"token-%d\",\"token_type\":\"Bearer\",\"expires_in\":%d}", number,
				 atomic_load(&server->life_s));
		else
			snprintf(body, sizeof(body), "{\"error\":\"invalid_client\"}");
		snprintf(
			answer, sizeof(answer),
			"HTTP/1.1 %d X" SERVER_FIELDS,
			status, strlen(body), body);
	}
	(void)!send(fd, answer, strlen(answer), MSG_NOSIGNAL);
}

static inline void *server_run(void *arg)
{
	struct server *server = arg;
	while (!atomic_load(&server->ends)) {
		struct pollfd ready = {.fd = server->fd, .events = POLLIN};
		if (poll(&ready, 1, 5) != 1)
			continue;
		int fd = accept(server->fd, NULL, NULL);
		server_answer(server, fd);
		close(fd);
	}
	return NULL;
}

static inline void server_start(struct server *server)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);
	memset(server, 0, sizeof(*server));
	server->status = 200;
	server->life_s = 3600;
	server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server->fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(server->fd, 64), 0);
	assert_int_equal(getsockname(server->fd, (struct sockaddr *)&addr, &len), 0);
	snprintf(server->issuer, sizeof(server->issuer), "http://127.0.0.1:%u", (unsigned)ntohs(addr.sin_port));
	snprintf(server->token_url, sizeof(server->token_url), "%s/token", server->issuer);
	assert_int_equal(pthread_create(&server->thread, NULL, server_run, server), 0);
}

static inline void server_stop(struct server *server)
{
	atomic_store(&server->ends, true);
	pthread_join(server->thread, NULL);
	close(server->fd);
}

#endif
