/*
 * What a token costs at least, for `make bench`. Three measures, each on one thread:
 *
 *   yardstick sign ALG N           (a) N raw signatures, key and context kept; prints CPU microseconds per signature
 *   yardstick reply PORT [CERT KEY]        (b) the same bytes for every request, on our HTTP layer
 *   yardstick joined ALG PORT [CERT KEY]   (c) both: claims, jti, signature, reply; one batch of signatures per loop
 * round; no rules, no store, no signer process
 *
 * (b) and (c) serve until SIGTERM. The token of (c) has the claims and the size of ours.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/rand.h"
#include "crypto/sig.h"
#include "crypto/tls.h"
#include "http/server.h"

enum { BATCH_MAX = 1024, TOKEN_MAX = 4096 };

struct yardstick {
	struct loop *loop;
	struct http_server *http;
	struct sig_signer *signer; /* NULL: bare reply */
	struct str header;         /* base64url of the JOSE header */
	char header_mem[256], body_mem[TOKEN_MAX];
	struct str body;           /* of the bare reply */
	struct http_exchange *waiting[BATCH_MAX];
	size_t n_waiting;
};

static const char kid[] = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
static const struct str reply_headers =
	STR("Content-Type: application/json\r\nX-Content-Type-Options: nosniff\r\n"
	    "X-Request-Id: 0123456789abcdef\r\nCache-Control: no-store\r\nPragma: no-cache\r\n");

static void put_claims(struct buf *out)
{
	unsigned char random[16];
	long long now_s = (long long)clock_now_s(&clock_system);
	if (rand_public(random, sizeof(random)) < 0)
		abort();
	buf_put(out, STR("{\"iss\":\"http://127.0.0.1:8080\",\"sub\":\"mmc_0123456789ABCDEFGHIJKL\","
			 "\"aud\":\"https://api.example.com/measurements\",\"exp\":"));
	buf_put_i64(out, now_s + 3600);
	buf_put(out, STR(",\"iat\":"));
	buf_put_i64(out, now_s);
	buf_put(out, STR(",\"jti\":\""));
	enc_b64url(out, str_mem(random, sizeof(random)));
	buf_put(out, STR("\",\"client_id\":\"mmc_0123456789ABCDEFGHIJKL\",\"scope\":\"measurements:read "
			 "measurements:write\"}"));
}

static void put_token(struct yardstick *yardstick, struct buf *out)
{
	char claims_mem[1024];
	struct buf claims;
	unsigned char sig[SIG_MAX];
	size_t sig_len, start = out->len;
	buf_init_fixed(&claims, claims_mem, sizeof(claims_mem));
	put_claims(&claims);
	buf_put(out, yardstick->header);
	buf_put_char(out, '.');
	enc_b64url(out, buf_str(&claims));
	if (sig_sign(yardstick->signer, (struct str){out->p + start, out->len - start}, sig, &sig_len) < 0)
		abort();
	buf_put_char(out, '.');
	enc_b64url(out, str_mem(sig, sig_len));
}

static void put_body(struct yardstick *yardstick, struct buf *out)
{
	buf_put(out, STR("{\"access_token\":\""));
	put_token(yardstick, out);
	buf_put(out, STR("\",\"token_type\":\"Bearer\",\"expires_in\":3600,\"scope\":\"measurements:read "
			 "measurements:write\"}"));
}

static void answer(struct http_exchange *exchange, struct str body)
{
	struct http_reply reply = {200, reply_headers, body, false};
	http_exchange_reply(exchange, &reply);
}

static void on_round(void *arg)
{
	struct yardstick *yardstick = arg;
	char mem[BATCH_MAX][1600]; /* sign all first, then write all: what a signer's batch does */
	struct str bodies[BATCH_MAX];
	while (yardstick->n_waiting > 0) {
		size_t n = yardstick->n_waiting;
		for (size_t i = 0; i < n; i++) {
			struct buf body;
			buf_init_fixed(&body, mem[i], sizeof(mem[i]));
			put_body(yardstick, &body);
			bodies[i] = buf_str(&body);
		}
		yardstick->n_waiting = 0;
		struct http_exchange *batch[BATCH_MAX];
		memcpy(batch, yardstick->waiting, n * sizeof(batch[0]));
		for (size_t i = 0; i < n; i++)
			answer(batch[i], bodies[i]);
	}
}

static void on_request(struct http_exchange *exchange, const struct http_request *request, void *arg)
{
	struct yardstick *yardstick = arg;
	(void)request;
	if (!yardstick->signer || yardstick->n_waiting == BATCH_MAX)
		answer(exchange, yardstick->body);
	else
		yardstick->waiting[yardstick->n_waiting++] = exchange;
}

static void on_refuse(int code, struct str peer, struct buf *headers, struct buf *body, int *ret_status, void *arg)
{
	(void)peer;
	(void)headers;
	(void)body;
	(void)arg;
	*ret_status = err_row(code)->status;
}

static int make_signer(struct yardstick *yardstick, enum sig_alg alg)
{
	struct sig_key *key;
	struct buf header;
	char json[160];
	TRY(sig_key_generate(alg, &key));
	TRY(sig_signer_new(key, &yardstick->signer));
	sig_key_unref(key);
	int len = snprintf(json, sizeof(json), "{\"alg\":\"%s\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}",
			   sig_alg_row(alg)->name, kid);
	buf_init_fixed(&header, yardstick->header_mem, sizeof(yardstick->header_mem));
	enc_b64url(&header, (struct str){json, (size_t)len});
	yardstick->header = buf_str(&header);
	return 0;
}

static int listen_on(unsigned port)
{
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	return bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 4096) < 0 ? -1 : fd;
}

static int serve(struct yardstick *yardstick, unsigned port, const char *cert, const char *key)
{
	struct tls_context *tls = NULL;
	char why[512];
	const struct http_limits limits = {.handshake_ms = 10000, .head_ms = 10000, .body_ms = 10000, .idle_ms = 60000,
					   .write_ms = 10000, .connections_max = 20000};
	if (cert)
		TRY(tls_context_open(cert, key, why, sizeof(why), &tls));
	TRY(loop_new(&yardstick->loop));
	struct http_server_options options = {yardstick->loop, limits, {on_request, on_refuse, yardstick}};
	TRY(http_server_new(&options, &yardstick->http));
	int fd = listen_on(port);
	if (fd < 0)
		return E_IO;
	TRY(http_server_listen(yardstick->http, fd, tls));
	loop_set_round_hook(yardstick->loop, on_round, yardstick);
	return loop_run(yardstick->loop);
}

static double cpu_us(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static int time_signatures(struct yardstick *yardstick, long n)
{
	static const char message[] =
		"a signing input of about the length that a token has; its bytes do not matter, its length hardly, "
		"so this line is repeated until it has roughly four hundred and eighty bytes. a signing input of "
		"about the length that a token has; its bytes do not matter, its length hardly, so this line is "
		"repeated until it has roughly four hundred and eighty bytes. a signing input of about the length "
		"that a token has; its bytes do not matter, its length hardly, done.";
	unsigned char sig[SIG_MAX];
	size_t len;
	double start = cpu_us();
	for (long i = 0; i < n; i++)
		TRY(sig_sign(yardstick->signer, STR(message), sig, &len));
	printf("%.2f\n", (cpu_us() - start) / (double)n);
	return 0;
}

int main(int argc, char **argv)
{
	static struct yardstick yardstick;
	struct buf body;
	int rc = E_SYNTAX;
	signal(SIGPIPE, SIG_IGN);
	if (argc < 3) {
		fprintf(stderr, "usage: yardstick sign ALG N | reply PORT [CERT KEY] | joined ALG PORT [CERT KEY]\n");
		return 2;
	}
	bool bare = strcmp(argv[1], "reply") == 0;
	rc = make_signer(&yardstick, bare ? SIG_ES256 : sig_alg_find(str_of(argv[2])));
	if (rc == 0 && argc > 3 && strcmp(argv[1], "sign") == 0)
		rc = time_signatures(&yardstick, strtol(argv[3], NULL, 10));
	buf_init_fixed(&body, yardstick.body_mem, sizeof(yardstick.body_mem));
	if (rc == 0 && bare) {
		put_body(&yardstick, &body);
		yardstick.body = buf_str(&body);
		sig_signer_free(TAKE(yardstick.signer));
		rc = serve(&yardstick, (unsigned)strtoul(argv[2], NULL, 10), argc > 4 ? argv[3] : NULL, argv[4]);
	}
	if (rc == 0 && argc > 3 && strcmp(argv[1], "joined") == 0)
		rc = serve(&yardstick, (unsigned)strtoul(argv[3], NULL, 10), argc > 5 ? argv[4] : NULL, argv[5]);
	if (rc < 0)
		fprintf(stderr, "yardstick: %s\n", err_row(rc)->symbol);
	return rc < 0 ? 1 : 0;
}
