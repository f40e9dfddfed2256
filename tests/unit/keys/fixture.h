/*
 * A real keyd at the other end of a real socketpair: its threads run here, so that the sanitizers and the leak check
 * see them.
 */
#ifndef TESTS_KEYS_FIXTURE_H
#define TESTS_KEYS_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "ipc/frame.h"
#include "jose/jwt.h"
#include "keys/keyd_verbs.h"

/* Channels of one fixture, those of signers that were replaced too. */
enum { FIXTURE_CHANNELS_MAX = 4096 };

#define NOW_S 1800000000
#define ISSUER "https://mint.example"

struct fixture_channel {
	pthread_t thread;
	struct keyd_state *state;
	enum keyd_caller caller;
	int fd, result;
	atomic_bool ended;
	bool joined;
};

struct fixture {
	struct keyd_state state;
	struct clock clock;
	struct fixture_channel channels[FIXTURE_CHANNELS_MAX];
	size_t n_channels;
};

static inline void *fixture_work(void *arg)
{
	struct fixture_channel *c = arg;
	struct keyd_channel channel;
	keyd_channel_init(&channel, c->state, c->caller);
	c->result = keyd_verbs_serve(&channel, c->fd);
	keyd_channel_done(&channel);
	atomic_store(&c->ended, true); /* before the peer can see it */
	frame_close(&c->fd);
	return NULL;
}

static inline void fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->clock = clock_fixed(NOW_S * INT64_C(1000000));
	f->state.clock = &f->clock;
	f->state.policy.issuer = STR(ISSUER);
	f->state.policy.cap_s[TOKEN_ACCESS] = 86400;
	f->state.policy.cap_s[TOKEN_ID] = 3600;
	f->state.policy.cap_s[TOKEN_LOGOUT] = 120;
	f->state.policy.cap_s[TOKEN_FEED] = 600;
	memset(f->state.master, 0x5A, sizeof(f->state.master));
	log_setup("test", LOG_OFF, LOG_TEXT);
	assert_int_equal(keyring_init(&f->state.ring), 0);
}

/* Start one channel; the other end is the caller's. */
static inline int fixture_connect(struct fixture *f, enum keyd_caller caller)
{
	int pair[2];
	assert_true(f->n_channels < FIXTURE_CHANNELS_MAX);
	struct fixture_channel *c = &f->channels[f->n_channels++];
	assert_int_equal(frame_pair(SOCK_STREAM, pair), 0);
	*c = (struct fixture_channel){.state = &f->state, .caller = caller, .fd = pair[1]};
	assert_int_equal(pthread_create(&c->thread, NULL, fixture_work, c), 0);
	return pair[0];
}

/* Wait for the first n channels, whose other ends are closed. */
static inline void fixture_join(struct fixture *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!f->channels[i].joined)
			pthread_join(f->channels[i].thread, NULL);
	for (size_t i = 0; i < n; i++)
		f->channels[i].joined = true;
}

/* After all other ends are closed. */
static inline void fixture_done(struct fixture *f)
{
	fixture_join(f, f->n_channels);
	keyring_done(&f->state.ring);
}

/* A loaded key of this algorithm; its kid. */
static inline void fixture_key(struct fixture *f, enum sig_alg alg, char ret_kid[JWK_THUMBPRINT_LEN + 1])
{
	struct buf jwk, sealed;
	struct json *doc;
	struct str kid;
	buf_init(&jwk, 8192);
	buf_init(&sealed, 8192);
	assert_int_equal(keyring_generate(f->state.master, alg, &jwk, &sealed), 0);
	buf_reset(&jwk);
	assert_int_equal(keyring_load(&f->state.ring, f->state.master, buf_str(&sealed), &jwk), 0);
	assert_int_equal(json_parse_object(buf_str(&jwk), &doc), 0);
	assert_int_equal(json_get_str(doc, "kid", &kid), 0);
	assert_int_equal(kid.len, JWK_THUMBPRINT_LEN);
	memcpy(ret_kid, kid.p, kid.len);
	ret_kid[kid.len] = '\0';
	json_free(doc);
	buf_done(&jwk);
	buf_done(&sealed);
}

static inline struct sign_claims fixture_claims(const char *kid)
{
	return (struct sign_claims){.kind = TOKEN_ACCESS,
				    .kid = str_of(kid),
				    .iss = STR(ISSUER),
				    .sub = STR("mmc_0123456789abcdefghijkl"),
				    .aud = STR("https://api.example/"),
				    .client_id = STR("mmc_0123456789abcdefghijkl"),
				    .scope = STR("series:read series:write"),
				    .jti = STR("AAECAwQFBgcICQoLDA0ODw"),
				    .iat_s = NOW_S,
				    .exp_s = NOW_S + 3600};
}

/* Verify a token with the ring's published keys; the payload, in the arena. */
static inline struct str fixture_verify(struct fixture *f, struct str token, struct arena *arena, struct jws *ret_jws)
{
	struct keyring_view view;
	struct buf text;
	struct jwks *keys;
	buf_init(&text, 65536);
	keyring_view_init(&view, &f->state.ring);
	keyring_view_refresh(&view);
	keyring_view_jwks(&view, &text);
	assert_int_equal(buf_status(&text), 0);
	assert_int_equal(jwks_parse(buf_str(&text), 65536, &keys), 0);
	assert_int_equal(jws_parse(token, arena, ret_jws), VERDICT_VALID);
	assert_int_equal(jws_verify(ret_jws, keys, JWK_ALGS_ALL), VERDICT_VALID);
	jwks_free(keys);
	keyring_view_done(&view);
	buf_done(&text);
	return ret_jws->payload;
}

#endif
