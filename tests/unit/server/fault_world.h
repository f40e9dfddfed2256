/*
 * A whole server in this process (event loop, pool, store in memory, a real keyd behind socketpairs) over a real
 * loopback socket, for the fault sweeps. Included by one test program each.
 */
#ifndef TESTS_SERVER_FAULT_WORLD_H
#define TESTS_SERVER_FAULT_WORLD_H

#include "../keys/fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "base/fault.h"
#include "oauth/revoked.h"
#include "oauth/throttle.h"
#include "server/keeper.h"
#include "server/route.h"
#include "server/server.h"
#include "server/worker.h"

enum { POOL = 2, REPLY_MAX = 32768, ID_MAX = 64, TRIALS_MAX = 2000, PATIENCE_S = 60 };

#define AUDIENCE "https://api.example/"

struct credentials {
	char id[ID_MAX], secret[ID_MAX];
};

struct world {
	struct fixture keyd;
	struct server server;
	struct admin admin;
	struct credentials client;
	int listen_fd;
	uint16_t port;
	struct arena arena;
};

static inline void make_config(struct server *server)
{
	static const char text[] = "issuer: " ISSUER "\nbehind_proxy: true\nkeys:\n  algs: [ES256]\n";
	char why_mem[CONFIG_WHY_MAX];
	struct buf why;
	buf_init_fixed(&why, why_mem, sizeof(why_mem));
	assert_int_equal(config_parse("/etc/mintmark/test.yaml", str_of(text), &server->config, &why), 0);
}

static inline void make_parts(struct world *w)
{
	struct server *server = &w->server;
	struct store_options store = {.kind = STORE_MEMORY};
	struct throttle_limits limits = {1000, 60};
	pthread_mutex_t *locks[] = {&server->keys_lock, &server->refresh_lock, &server->snapshot_lock,
				    &server->keeper_lock, &server->probe_lock};
	for (size_t i = 0; i < sizeof(locks) / sizeof(locks[0]); i++)
		pthread_mutex_init(locks[i], NULL);
	pthread_cond_init(&server->keeper_wake, NULL);
	server->clock = &w->keyd.clock;
	assert_int_equal(store_open(&store, &server->env.store), 0);
	assert_int_equal(revoked_new(server->env.store, &server->env.revoked), 0);
	assert_int_equal(directory_new(server->env.store, 64, &server->env.directory), 0);
	assert_int_equal(throttle_new(&limits, 64, &server->env.throttle), 0);
	assert_int_equal(route_table_new(server->config->issuer, &server->routes), 0);
	assert_int_equal(metrics_new(1, route_names, ROUTE_IDS, &server->metrics), 0);
	assert_int_equal(usage_new(1, &server->usage), 0);
}

static inline void make_signers(struct world *w)
{
	struct server *server = &w->server;
	struct pool_options options = {POOL, 64, 64, log_flush, 0};
	server->workers = calloc(1, sizeof(*server->workers));
	server->pool_signers = calloc(POOL, sizeof(*server->pool_signers));
	assert_true(server->workers && server->pool_signers);
	server->n_workers = 1;
	server->n_pool = POOL;
	assert_int_equal(worker_init(&server->workers[0], server, 0, fixture_connect(&w->keyd, KEYD_LOOP)), 0);
	for (unsigned i = 0; i < POOL; i++) {
		struct pool_signer *own = &server->pool_signers[i];
		atomic_init(&own->next_fd, -1);
		assert_int_equal(signer_new(fixture_connect(&w->keyd, KEYD_POOL), &own->signer), 0);
	}
	server->rotation = (struct rotation){.store = server->env.store, .clock = server->clock};
	assert_int_equal(signer_new(fixture_connect(&w->keyd, KEYD_CONTROL), &server->rotation.signer), 0);
	assert_int_equal(pool_new(&options, &server->pool), 0);
	w->admin = (struct admin){
		.store = server->env.store,
		.clock = server->clock,
		.signer = server->rotation.signer,
		.actor = STR("test"),
		.policy = admin_policy_of(server->config),
		.lock = &server->keys_lock,
		.changed = server_changed,
		.arg = server,
	};
}

static inline void start_listening(struct world *w)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);
	w->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(w->listen_fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(w->listen_fd, 16), 0);
	assert_int_equal(getsockname(w->listen_fd, (struct sockaddr *)&addr, &len), 0);
	w->port = ntohs(addr.sin_port);
	assert_int_equal(worker_listen(&w->server.workers[0], w->listen_fd, NULL), 0);
	assert_int_equal(worker_start(&w->server.workers[0]), 0);
}

/* Whether the change was acknowledged, as the caller of the command line sees it. */
static inline bool call(struct world *w, const char *request, struct buf *answer)
{
	buf_reset(answer);
	int rc = admin_call(&w->admin, str_of(request), answer);
	return rc == 0 && str_has_prefix(buf_str(answer), STR("{\"ok\":true,"));
}

static inline void take_member(const struct json *result, const char *name, char *out)
{
	struct str value;
	out[0] = '\0';
	if (json_get_str(result, name, &value) < 0)
		return;
	assert_true(value.len < ID_MAX);
	memcpy(out, value.p, value.len);
	out[value.len] = '\0';
}

static inline void take_credentials(const struct buf *answer, struct credentials *ret)
{
	struct json *doc = NULL;
	const struct json *result = NULL;
	assert_int_equal(json_parse_object(buf_str(answer), &doc), 0);
	assert_int_equal(json_get_object(doc, "result", &result), 0);
	take_member(result, "client_id", ret->id);
	take_member(result, "client_secret", ret->secret);
	json_free(doc);
}

static const char create_client[] =
	"{\"op\":\"client.create\",\"args\":{\"client_name\":\"one\",\"scope\":\"a:read a:write\"}}";

static inline void fill_store(struct world *w)
{
	struct buf answer;
	buf_init(&answer, ADMIN_ANSWER_MAX);
	assert_true(call(w, "{\"op\":\"api.create\",\"args\":{\"audience\":\"" AUDIENCE "\",\"scopes\":"
			    "[{\"name\":\"a:read\"},{\"name\":\"a:write\"}]}}", &answer));
	assert_true(call(w, create_client, &answer));
	take_credentials(&answer, &w->client);
	buf_done(&answer);
}

static inline void begin(struct world *w)
{
	memset(w, 0, sizeof(*w));
	fixture_init(&w->keyd);
	arena_init(&w->arena, 1 << 20);
	make_config(&w->server);
	make_parts(w);
	make_signers(w);
	assert_int_equal(keeper_prepare(&w->server), 0);
	fill_store(w);
	start_listening(w);
}

static inline void end(struct world *w)
{
	struct server *server = &w->server;
	if (worker_drain(&server->workers[0]) < 0)
		loop_stop(server->workers[0].loop);
	worker_join(&server->workers[0]);
	pool_free(server->pool);
	worker_done(&server->workers[0]);
	for (unsigned i = 0; i < POOL; i++) {
		int fd = atomic_exchange(&server->pool_signers[i].next_fd, -1);
		frame_close(&fd);
		signer_free(server->pool_signers[i].signer);
	}
	signer_free(server->rotation.signer);
	free(server->pool_signers);
	free(server->workers);
	usage_free(server->usage);
	metrics_free(server->metrics);
	route_table_free(server->routes);
	throttle_free(server->env.throttle);
	directory_free(server->env.directory);
	revoked_free(server->env.revoked);
	snapshot_unref(server->snapshot);
	store_close(server->env.store);
	config_unref(server->config);
	arena_done(&w->arena);
	fixture_done(&w->keyd);
}

/* What a peer sees: the whole answer, or nothing. */
struct reply {
	int status; /* 0: the connection was closed without an answer */
	struct str body;
	char text[REPLY_MAX];
	size_t len;
};

static inline void parse_reply(struct reply *reply)
{
	reply->text[reply->len] = '\0';
	const char *body = strstr(reply->text, "\r\n\r\n");
	reply->status = 0;
	if (reply->len == 0)
		return;
	assert_true(reply->len > 12 && memcmp(reply->text, "HTTP/1.1 ", 9) == 0);
	assert_non_null(body);
	const char *length = strstr(reply->text, "\r\nContent-Length: ");
	assert_true(length && length < body);
	reply->body = str_of(body + 4);
	assert_int_equal(strtoul(length + 18, NULL, 10), reply->body.len);
	reply->status = (int)strtoul(reply->text + 9, NULL, 10);
}

static inline int dial(const struct world *w)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(w->port),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval patience = {.tv_sec = PATIENCE_S};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

/* Nothing here may meet a fault point: no buffers, no arenas. */
static inline void exchange(const struct world *w, const char *request, size_t len, struct reply *ret)
{
	int fd = dial(w);
	ssize_t n = 1;
	*ret = (struct reply){.len = 0};
	if (send(fd, request, len, MSG_NOSIGNAL) == (ssize_t)len) {
		while (n > 0 && ret->len < REPLY_MAX - 1) {
			do { /* stopped and continued: a call with a time limit is not begun again by itself */
				n = recv(fd, ret->text + ret->len, REPLY_MAX - 1 - ret->len, 0);
			} while (n < 0 && errno == EINTR);
			ret->len += n > 0 ? (size_t)n : 0;
		}
		assert_true(n == 0 || errno == ECONNRESET); /* never: left hanging */
	}
	close(fd);
	parse_reply(ret);
}

/* RFC 4648 4. */
static inline void encode(const char *in, size_t len, char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < len; i += 3) {
		unsigned bits = 0;
		for (size_t k = 0; k < 3; k++)
			bits = bits << 8 | (i + k < len ? (unsigned char)in[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			*out++ = i + k > len ? '=' : digits[bits >> (18 - 6 * k) & 63];
	}
	*out = '\0';
}

static inline size_t compose(const struct credentials *who, bool basic, char *out, size_t size)
{
	char pair[2 * ID_MAX + 2], coded[4 * ID_MAX], header[512] = "", body[512] = "grant_type=client_credentials";
	if (basic) {
		int len = snprintf(pair, sizeof(pair), "%s:%s", who->id, who->secret);
		encode(pair, (size_t)len, coded);
		snprintf(header, sizeof(header), "Authorization: Basic %s\r\n", coded);
	} else {
		snprintf(body, sizeof(body), "grant_type=client_credentials&client_id=%s&client_secret=%s", who->id,
			 who->secret);
	}
	return (size_t)snprintf(out, size,
				"POST /oauth2/token HTTP/1.1\r\nHost: mint.example\r\nConnection: close\r\n%s"
				"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n\r\n%s",
				header, strlen(body), body);
}

static inline void ask(const struct world *w, const struct credentials *who, bool basic, struct reply *ret)
{
	char request[2048];
	size_t len = compose(who, basic, request, sizeof(request));
	exchange(w, request, len, ret);
}

/* Signed by a published key, with the claims of this client. */
static inline void check_token(struct world *w, struct str token, const char *client_id)
{
	struct jwks *jwks = NULL;
	struct jws jws;
	struct jwt_claims claims;
	struct jwt_policy policy = {.typ = STR("at+jwt"), .issuer = STR(ISSUER), .audience = STR(AUDIENCE),
					  .require = JWT_ACCESS_TOKEN};
	struct snapshot *snapshot = server_snapshot(&w->server);
	arena_reset(&w->arena);
	assert_int_equal(jwks_parse(snapshot->jwks, 1 << 20, &jwks), 0);
	assert_int_equal(jws_parse(token, &w->arena, &jws), VERDICT_VALID);
	assert_int_equal(jws_verify(&jws, jwks, JWK_ALG(SIG_ES256)), VERDICT_VALID);
	assert_int_equal(jwt_parse(jws.payload, &w->arena, &claims), VERDICT_VALID);
	assert_int_equal(jwt_check(&jws, &claims, &policy, NOW_S), VERDICT_VALID);
	assert_true(str_eq(claims.client_id, str_of(client_id)));
	assert_true(str_eq(claims.scope, STR("a:read a:write")));
	jwks_free(jwks);
	snapshot_unref(snapshot);
}

/* Its status, after its form was checked: a valid token, or a failure that is worded. */
static inline int check_reply(struct world *w, const struct reply *reply, const char *client_id)
{
	struct json *doc = NULL;
	struct str text;
	if (reply->status == 0)
		return 0;
	assert_int_equal(json_parse_object(reply->body, &doc), 0);
	if (reply->status == 200) {
		assert_int_equal(json_get_str(doc, "access_token", &text), 0);
		check_token(w, text, client_id);
	} else {
		assert_int_equal(json_get_str(doc, "error", &text), 0);
		assert_false(json_has(doc, "access_token"));
		assert_non_null(strstr(reply->text, "\r\nCache-Control: no-store\r\n"));
	}
	json_free(doc);
	return reply->status;
}

static inline int get_token(struct world *w, const struct credentials *who, bool basic)
{
	static struct reply reply;
	ask(w, who, basic, &reply);
	return check_reply(w, &reply, who->id);
}

/* A channel has ended, so keyd would end too; its thread may need a moment to see it. */
static inline bool keyd_notices(struct world *w, int within_ms)
{
	for (int tries = 0; tries < within_ms; tries++) {
		for (size_t i = 0; i < w->keyd.n_channels; i++)
			if (atomic_load(&w->keyd.channels[i].ended))
				return true;
		usleep(1000);
	}
	return false;
}

static inline bool keyd_noticed(struct world *w) { return keyd_notices(w, PATIENCE_S * 1000); }

/* What supervisor and keeper do within a second or two: a keyd that lost a channel comes back with whole ones. */
static inline void recover(struct world *w)
{
	struct server *server = &w->server;
	bool noticed = keyd_notices(w, 20); /* mostly nothing has happened to it */
	if (!noticed && keeper_prepare(server) == 0)
		return;
	assert_true(noticed || keyd_noticed(w));
	assert_int_equal(worker_replace_signer(&server->workers[0], fixture_connect(&w->keyd, KEYD_LOOP)), 0);
	for (unsigned i = 0; i < POOL; i++)
		atomic_store(&server->pool_signers[i].next_fd, fixture_connect(&w->keyd, KEYD_POOL));
	signer_replace(server->rotation.signer, fixture_connect(&w->keyd, KEYD_CONTROL));
	assert_int_equal(keeper_prepare(server), 0);
}

static inline void check_recovered(struct world *w, const struct credentials *who)
{
	int status = get_token(w, who, true);
	if (status == 200)
		return;
	assert_int_equal(status, 503); /* only the signer may need help */
	assert_true(keyd_noticed(w));
	recover(w);
	assert_int_equal(get_token(w, who, true), 200);
	assert_int_equal(get_token(w, who, false), 200);
}

#endif
