/*
 * Requests as a connection sees them: the input is a stream of pipelined requests, its first byte the seed of the
 * sizes of the pieces in which it comes. The connection's own reading, saving and growing code must give exactly the
 * requests and the verdict that the pure parser gives for the whole.
 */
#include <stdlib.h>
#include <sys/socket.h>

#include "http/conn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STREAM_MAX = 100000 };

struct record {
	int verdict;
	uint64_t hash; /* of all requests before it */
};

static void check(bool holds)
{
	if (!holds)
		abort();
}

static uint64_t mix(uint64_t hash, struct str s)
{
	hash = (hash ^ s.len) * UINT64_C(0x100000001b3);
	for (size_t i = 0; i < s.len; i++)
		hash = (hash ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static uint64_t mix_request(uint64_t hash, const struct http_request *request)
{
	check(request->method.len > 0 && request->path.len > 0 && request->n_headers <= HTTP_HEADERS_MAX);
	check(request->body.len <= HTTP_BODY_MAX && !(request->chunked && request->content_length > 0));
	hash = mix(mix(mix(hash, request->method), request->path), request->query);
	hash = mix(mix(hash, request->host), request->body);
	for (size_t i = 0; i < request->n_headers; i++)
		hash = mix(mix(hash, request->headers[i].name), request->headers[i].value);
	return (hash ^ (request->keep_alive ? 1U : 0U) ^ (request->has_query ? 2U : 0U)) * 31;
}

/* One request of the whole stream by the pure parser. */
static int parse_whole(char *bytes, size_t len, struct http_request *request, size_t *ret_used)
{
	size_t used = 0, body_used = 0;
	TRY(http_request_head(str_mem(bytes, len), request, &used));
	char *body = bytes + used;
	if (!request->chunked) {
		if (len - used < request->content_length)
			return E_WOULD_BLOCK;
		request->body = str_mem(body, (size_t)request->content_length);
		*ret_used = used + (size_t)request->content_length;
		return 0;
	}
	struct http_chunk chunk = {0};
	TRY(http_chunk_feed(&chunk, body, len - used, body, &body_used));
	request->body = str_mem(body, chunk.body_len);
	*ret_used = used + body_used;
	return 0;
}

static struct record run_whole(const uint8_t *data, size_t size)
{
	struct record record = {.hash = 1};
	struct http_request request;
	char *copy = malloc(size + 1);
	size_t at = 0, used = 0;
	memcpy(copy, data, size);
	while ((record.verdict = at < size ? parse_whole(copy + at, size - at, &request, &used) : E_WOULD_BLOCK) == 0) {
		record.hash = mix_request(record.hash, &request);
		at += used;
	}
	free(copy);
	return record;
}

/* All requests that are complete. */
static int take_requests(struct conn *conn, uint64_t *hash)
{
	int rc;
	while ((rc = conn_in_parse(conn)) == 0) {
		*hash = mix_request(*hash, &conn->exchange->request);
		conn_in_consume(conn);
	}
	if (rc == E_WOULD_BLOCK)
		check(conn_in_save(conn) == 0);
	return rc;
}

static struct record run_pieces(const uint8_t *data, size_t size, uint32_t seed)
{
	static int pair[2] = {-1, -1};
	struct http_server server = {0};
	struct conn conn = {.server = &server, .state = CONN_HEAD, .since_ms = 1};
	struct record record = {.verdict = E_WOULD_BLOCK, .hash = 1};
	if (pair[0] < 0)
		check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
	conn.fd = pair[1];
	for (size_t at = 0; at < size && record.verdict == E_WOULD_BLOCK;) {
		seed = seed * 1664525 + 1013904223;
		size_t n = 1 + (seed >> 16) % (seed & 0x8000 ? 7 : 9000);
		n = n < size - at ? n : size - at;
		check(send(pair[0], data + at, n, 0) == (ssize_t)n);
		at += n;
		int rc;
		while (record.verdict == E_WOULD_BLOCK && (rc = conn_in_fill(&conn)) != E_WOULD_BLOCK) {
			check(rc == 0);
			record.verdict = take_requests(&conn, &record.hash);
		}
	}
	char trash[8192];
	while (recv(pair[1], trash, sizeof(trash), 0) > 0)
		;
	conn_in_forget(&conn);
	if (conn.exchange)
		http_exchange_give(conn.exchange);
	for (struct http_exchange *exchange = server.spare_exchanges, *next; exchange; exchange = next) {
		next = exchange->next_spare;
		free(exchange);
	}
	return record;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > STREAM_MAX)
		return 0;
	struct record whole = run_whole(data + 1, size - 1);
	struct record pieces = run_pieces(data + 1, size - 1, data[0]);
	check(whole.verdict == pieces.verdict && whole.hash == pieces.hash);
	return 0;
}
