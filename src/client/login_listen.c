/*
 * The loopback address that the browser is sent back to (RFC 8252 7.3): 127.0.0.1 and a port of the system's choice,
 * open for one login. Reads what anybody on this machine sends, so a request that is not ours is answered and changes
 * nothing. Several connections at a time, each with a time limit; GET of one path only.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/fault.h"
#include "base/secret.h"
#include "client/login.h"

enum { HEAD_MAX = 16384, HEAD_MS = 5000, SLICE_MS = 200, MS_NS = 1000000, BACKLOG = 64, PEERS = 16 };

static const char *const names[] = {"state", "code", "iss", "error", "error_description"};
enum { STATE, CODE, ISS, ERROR, ERROR_TEXT, NAMES };

struct answer {
	struct str v[NAMES]; /* p NULL: not there */
};

static const char page_done[] = "HTTP/1.1 200 OK\r\n", page_wrong[] = "HTTP/1.1 400 Bad Request\r\n",
		  page_absent[] = "HTTP/1.1 404 Not Found\r\n";

static void reply(int fd, const char *status, const char *heading, const char *text)
{
	char page[1536];
	struct buf out;
	buf_init_fixed(&out, page, sizeof(page));
	buf_put(&out, str_of(status));
	buf_put(&out, STR("Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\nConnection: close\r\n"
			  "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
			  "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n\r\n"));
	buf_printf(&out,
		   "<!doctype html><html lang=\"en\"><head><meta name=\"color-scheme\" content=\"light dark\">"
		   "<meta name=\"viewport\" content=\"width=device-width\"><title>%s</title></head>"
		   "<body><main><h1>%s</h1><p>%s</p></main></body></html>\n",
		   heading, heading, text);
	(void)!send(fd, page, out.len, MSG_NOSIGNAL);
	(void)shutdown(fd, SHUT_WR);
}

int login_listen_open(struct login *login, int *ret_fd, struct str *ret_uri)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);
	_cleanup_(private_folder_closep) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, BACKLOG) < 0 ||
	    getsockname(fd, (struct sockaddr *)&addr, &len) < 0)
		return trouble_set(login->trouble, MINTMARK_ERROR_SYSTEM, "No port of 127.0.0.1 can be opened.");
	if (arena_printf(login->arena, ret_uri, "http://127.0.0.1:%u/callback", (unsigned)ntohs(addr.sin_port)) < 0)
		return trouble_of(login->trouble, E_NOMEM, "a login");
	*ret_fd = fd;
	fd = -1;
	return MINTMARK_OK;
}

/* One name=value of the query. E_SYNTAX: malformed, or there twice (RFC 6749 3.1). */
static int take_pair(struct login *login, struct str pair, struct answer *answer)
{
	struct str name, value, decoded;
	if (!str_cut(pair, '=', &name, &value))
		return 0;
	for (size_t i = 0; i < NAMES; i++) {
		if (!str_eq(name, str_of(names[i])))
			continue;
		if (answer->v[i].p || value.len > LOGIN_CODE_MAX)
			return E_SYNTAX;
		TRY(enc_form_decode(value, login->arena, &decoded));
		answer->v[i] = decoded;
	}
	return 0;
}

/* E_ABSENT: another path. E_SYNTAX: no request of ours. */
static int read_answer(struct login *login, struct str head, struct answer *answer)
{
	static const struct str start = {"GET /callback?", 14};
	struct str target, rest, pair;
	if (!str_has_prefix(head, start))
		return E_ABSENT;
	rest = str_mem(head.p + start.len, head.len - start.len);
	if (!str_cut(rest, ' ', &target, &rest) || !str_has_prefix(rest, STR("HTTP/1.")))
		return E_SYNTAX;
	for (bool more = true; more;) {
		more = str_cut(target, '&', &pair, &rest);
		TRY(take_pair(login, more ? pair : target, answer));
		target = rest;
	}
	return 0;
}

/* RFC 6749 10.12: whoever does not know the state did not come from where we sent the person. */
static bool is_ours(const struct answer *answer, struct str state)
{
	struct str given = answer->v[STATE];
	return given.p && secret_eq(given.p, given.len, state.p, state.len);
}

/* RFC 9207 2.4: the issuer in the answer, where it is promised or there, must be the one that was asked. */
static bool is_of_issuer(const struct login *login, const struct answer *answer)
{
	struct str iss = answer->v[ISS];
	return iss.p ? str_eq(iss, login->issuer) : !login->endpoints.checks_iss;
}

/* An answer of the authorization server, good or bad: the login is over. */
static int judge(struct login *login, int fd, const struct answer *answer, struct str *ret_code)
{
	struct str error = answer->v[ERROR], text = answer->v[ERROR_TEXT];
	if (!is_of_issuer(login, answer)) {
		reply(fd, page_wrong, "Not logged in",
		      "The answer came from another server than the one that was asked.");
		return trouble_set(login->trouble, MINTMARK_ERROR_ISSUER,
				   "The answer names another issuer than %.*s, or none: the login was given up.",
				   STR_ARG(login->issuer));
	}
	if (error.p || !answer->v[CODE].p || answer->v[CODE].len == 0) {
		reply(fd, page_done, "Not logged in", "You can close this window and try again in the terminal.");
		return trouble_set(login->trouble, MINTMARK_ERROR_LOGIN, "The login was refused: %.*s%s%.*s",
				   STR_ARG(error.p ? error : STR("no code came")), text.p ? ": " : ".",
				   STR_ARG(text.p ? text : STR("")));
	}
	reply(fd, page_done, "You are logged in", "You can close this window.");
	*ret_code = answer->v[CODE];
	return MINTMARK_OK;
}

/* 1: the login goes on. */
static int serve(struct login *login, int fd, struct str head, struct str state, struct str *ret_code)
{
	struct answer answer = {0};
	int rc = read_answer(login, head, &answer);
	if (rc == E_NOMEM)
		return trouble_of(login->trouble, rc, "the browser's answer");
	if (rc == E_ABSENT) {
		reply(fd, page_absent, "Nothing here", "This address waits for a login in a terminal.");
		return 1;
	}
	if (rc < 0 || !is_ours(&answer, state)) {
		reply(fd, page_wrong, "Not this login", "This answer does not belong to the login that is waited for.");
		return 1;
	}
	return judge(login, fd, &answer, ret_code);
}

/* --- connections --- */

/* Browsers open some in advance, and strangers may hold some open: none may stand in the way of another. */
struct peer {
	int fd; /* -1: free */
	int64_t end_ns;
	size_t len;
	char head[HEAD_MAX];
};

struct hall {
	struct login *login;
	struct str state;
	struct str *ret_code;
	struct peer peers[PEERS];
};

static void drop(struct peer *peer)
{
	private_folder_closep(&peer->fd);
	secret_wipe(peer->head, peer->len);
	peer->len = 0;
}

/* A free place, or that of whoever has been silent for longest. */
static struct peer *find_place(struct hall *hall)
{
	struct peer *oldest = &hall->peers[0];
	for (size_t i = 0; i < PEERS; i++) {
		if (hall->peers[i].fd < 0)
			return &hall->peers[i];
		if (hall->peers[i].end_ns < oldest->end_ns)
			oldest = &hall->peers[i];
	}
	drop(oldest);
	return oldest;
}

static void let_in(struct hall *hall, int listener)
{
	int fd;
	for (int i = 0; i < PEERS && (fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0; i++) {
		struct peer *peer = find_place(hall);
		peer->fd = fd;
		peer->end_ns = clock_mono_ns() + (int64_t)HEAD_MS * MS_NS;
	}
}

/* What has come. 1: the login goes on. */
static int hear(struct hall *hall, struct peer *peer)
{
	ssize_t n = recv(peer->fd, peer->head + peer->len, HEAD_MAX - peer->len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 1;
	peer->len += n > 0 ? (size_t)n : 0;
	if (n > 0 && peer->len < HEAD_MAX && !memmem(peer->head, peer->len, "\r\n\r\n", 4))
		return 1;
	int rc = serve(hall->login, peer->fd, str_mem(peer->head, peer->len), hall->state, hall->ret_code);
	drop(peer);
	return rc;
}

/* One round; 1: the login goes on. */
static int look_around(struct hall *hall, int listener)
{
	struct pollfd ready[PEERS + 1];
	int rc = 1;
	for (size_t i = 0; i < PEERS; i++)
		ready[i] = (struct pollfd){.fd = hall->peers[i].fd, .events = POLLIN};
	ready[PEERS] = (struct pollfd){.fd = listener, .events = POLLIN};
	(void)poll(ready, PEERS + 1, SLICE_MS);
	for (size_t i = 0; i < PEERS && rc == 1; i++) {
		struct peer *peer = &hall->peers[i];
		if (peer->fd >= 0 && ready[i].revents)
			rc = hear(hall, peer);
		else if (peer->fd >= 0 && clock_mono_ns() >= peer->end_ns)
			drop(peer);
	}
	if (rc == 1 && ready[PEERS].revents)
		let_in(hall, listener);
	return rc;
}

int login_listen(struct login *login, int fd, struct str state, struct str *ret_code)
{
	int rc = 1;
	struct hall *hall = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*hall));
	if (!hall)
		return trouble_of(login->trouble, E_NOMEM, "a login");
	hall->login = login;
	hall->state = state;
	hall->ret_code = ret_code;
	for (size_t i = 0; i < PEERS; i++)
		hall->peers[i].fd = -1;
	while (rc == 1 && !login_is_cancelled(login) && clock_mono_ns() < login->end_ns)
		rc = look_around(hall, fd);
	for (size_t i = 0; i < PEERS; i++)
		drop(&hall->peers[i]);
	free(hall);
	return rc == 1 ? login_say_over(login) : rc;
}
