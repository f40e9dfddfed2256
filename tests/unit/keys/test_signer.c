/* The server's side against a real keyd: batches in order, failures one by one, a keyd that dies, answers that lie. */
#include "fixture.h"

#include <poll.h>

#include "base/fault.h"

enum { MANY = 600 };

static void collect(struct signer *signer, struct sign_job **list, size_t *n)
{
	struct pollfd p = {.fd = signer_fd(signer), .events = POLLIN};
	struct sign_job *done;
	if (!signer_has_failed_jobs(signer))
		poll(&p, 1, 60000);
	signer_collect(signer, &done);
	for (; done; done = done->next)
		list[(*n)++] = done;
}

static void test_sign(void **state)
{
	struct fixture f;
	struct signer *signer;
	char kid[JWK_THUMBPRINT_LEN + 1];
	struct buf token;
	struct arena arena;
	struct jws jws;
	(void)state;
	fixture_init(&f);
	arena_init(&arena, 1 << 20);
	buf_init(&token, SIGNER_TOKEN_MAX);
	assert_int_equal(signer_new(fixture_connect(&f, KEYD_POOL), &signer), 0);
	for (enum sig_alg alg = SIG_ES256; alg < SIG_ALGS; alg++) {
		fixture_key(&f, alg, kid);
		struct sign_job job = {.claims = fixture_claims(kid), .token = &token};
		buf_reset(&token);
		assert_int_equal(signer_sign(signer, &job, 60000), 0);
		struct str payload = fixture_verify(&f, buf_str(&token), &arena, &jws);
		assert_true(str_eq(jws.typ, STR("at+jwt")));
		assert_true(str_eq(jws.kid, str_of(kid)));
		assert_int_equal(jws.alg, alg);
		struct str want =
			STR("{\"iss\":\"https://"
			    "mint.example\",\"sub\":\"mmc_0123456789abcdefghijkl\",\"aud\":\"https://api.example/\","
			    "\"exp\":1800003600,\"iat\":1800000000,\"jti\":\"AAECAwQFBgcICQoLDA0ODw\","
			    "\"client_id\":\"mmc_0123456789abcdefghijkl\",\"scope\":\"series:read series:write\"}");
		assert_int_equal(payload.len, want.len);
		assert_memory_equal(payload.p, want.p, want.len);
	}
	signer_free(signer);
	fixture_done(&f);
	buf_done(&token);
	arena_done(&arena);
}

/* More jobs than a batch, some of them bad: all come back, in order, each with its own verdict. */
static void test_batches(void **state)
{
	static struct sign_job jobs[MANY];
	static struct buf tokens[MANY];
	static char jti[MANY][16];
	struct sign_job *done[MANY + 1];
	struct fixture f;
	struct signer *signer;
	struct signer_stats stats;
	char kid[JWK_THUMBPRINT_LEN + 1];
	size_t n = 0;
	(void)state;
	fixture_init(&f);
	fixture_key(&f, SIG_EDDSA, kid);
	assert_int_equal(signer_new(fixture_connect(&f, KEYD_LOOP), &signer), 0);
	for (size_t i = 0; i < MANY; i++) {
		buf_init(&tokens[i], SIGNER_TOKEN_MAX);
		jobs[i] = (struct sign_job){.claims = fixture_claims(kid), .token = &tokens[i], .owner = &jobs[i]};
		snprintf(jti[i], sizeof(jti[i]), "jti-%zu", i);
		jobs[i].claims.jti = str_of(jti[i]);
		if (i % 7 == 3)
			jobs[i].claims.iss = STR("https://evil.example");
		if (i % 7 == 5)
			jobs[i].claims.kid = STR("unknown");
		signer_submit(signer, &jobs[i]);
	}
	while (n < MANY) {
		signer_flush(signer);
		collect(signer, done, &n);
	}
	for (size_t i = 0; i < MANY; i++) {
		struct arena arena;
		struct jws jws;
		char want[32];
		assert_ptr_equal(done[i], &jobs[i]);
		assert_ptr_equal(done[i]->owner, &jobs[i]);
		if (i % 7 == 3 || i % 7 == 5) {
			assert_int_equal(jobs[i].status, E_SIGNER);
			assert_int_equal(tokens[i].len, 0);
			continue;
		}
		assert_int_equal(jobs[i].status, 0);
		arena_init(&arena, 1 << 20);
		struct str payload = fixture_verify(&f, buf_str(&tokens[i]), &arena, &jws);
		snprintf(want, sizeof(want), "\"%s\"", jti[i]);
		assert_non_null(memmem(payload.p, payload.len, want, strlen(want)));
		arena_done(&arena);
	}
	signer_stats(signer, &stats);
	assert_int_equal(stats.jobs, MANY);
	assert_true(stats.batches >= 3);
	for (size_t i = 0; i < MANY; i++)
		buf_done(&tokens[i]);
	signer_free(signer);
	fixture_done(&f);
}

/* keyd dies with a batch under way: its jobs and the waiting ones fail; after signer_replace all works. */
static void test_death(void **state)
{
	struct fixture f;
	struct signer *signer;
	char kid[JWK_THUMBPRINT_LEN + 1];
	int pair[2];
	struct buf token;
	struct sign_job *done[4];
	size_t n = 0;
	(void)state;
	fixture_init(&f);
	fixture_key(&f, SIG_ES256, kid);
	buf_init(&token, SIGNER_TOKEN_MAX);
	assert_int_equal(frame_pair(SOCK_STREAM, pair), 0);
	assert_int_equal(signer_new(pair[0], &signer), 0);
	struct sign_job a = {.claims = fixture_claims(kid), .token = &token}, b = a;
	signer_submit(signer, &a);
	signer_flush(signer);
	signer_submit(signer, &b);
	close(pair[1]);
	collect(signer, done, &n);
	assert_int_equal(n, 2);
	assert_int_equal(a.status, E_SIGNER);
	assert_int_equal(b.status, E_SIGNER);
	assert_false(signer_alive(signer));
	signer_submit(signer, &a);
	signer_flush(signer);
	assert_true(signer_has_failed_jobs(signer));
	signer_collect(signer, &done[0]);
	assert_ptr_equal(done[0], &a);
	assert_int_equal(signer_sign(signer, &b, 1000), E_SIGNER);
	assert_int_equal(signer_public(signer, &token), E_SIGNER);
	signer_replace(signer, fixture_connect(&f, KEYD_LOOP));
	assert_true(signer_alive(signer));
	assert_int_equal(signer_sign(signer, &a, 60000), 0);
	signer_free(signer);
	fixture_done(&f);
	buf_done(&token);
}

static void send_reply(int fd, const void *body, size_t len, uint32_t seq, unsigned verb, unsigned status)
{
	struct buf out;
	buf_init(&out, 1 << 20);
	frame_begin(&out);
	proto_put_reply_head(&out, (enum proto_verb)verb, (enum proto_status)status, seq);
	buf_put_mem(&out, body, len);
	assert_int_equal(frame_end(&out), 0);
	assert_int_equal(frame_write(fd, buf_str(&out), 1000), 0);
	buf_done(&out);
}

#define TOKEN "\0\0\5a.b.c"

/* What a broken keyd might answer to one job; only the first is an answer. */
static const struct {
	const char *what;
	struct str body;
	uint32_t seq;
	unsigned verb, status;
	bool good;
} answers[] = {
	{"right", STR("\0\1" TOKEN), 1, PROTO_SIGN, PROTO_OK, true},
	{"two for one", STR("\0\2" TOKEN TOKEN), 1, PROTO_SIGN, PROTO_OK, false},
	{"none", STR("\0\0"), 1, PROTO_SIGN, PROTO_OK, false},
	{"cut", STR("\0\1\0\0\5a.b"), 1, PROTO_SIGN, PROTO_OK, false},
	{"trailing byte", STR("\0\1" TOKEN "x"), 1, PROTO_SIGN, PROTO_OK, false},
	{"token with a quote", STR("\0\1\0\0\5a.\".c"), 1, PROTO_SIGN, PROTO_OK, false},
	{"token of two parts", STR("\0\1\0\0\3a.b"), 1, PROTO_SIGN, PROTO_OK, false},
	{"token of four parts", STR("\0\1\0\0\7a.b.c.d"), 1, PROTO_SIGN, PROTO_OK, false},
	{"token with an empty part", STR("\0\1\0\0\4a..c"), 1, PROTO_SIGN, PROTO_OK, false},
	{"empty token", STR("\0\1\0\0\0"), 1, PROTO_SIGN, PROTO_OK, false},
	{"token beside a refusal", STR("\0\1\1\0\5a.b.c"), 1, PROTO_SIGN, PROTO_OK, false},
	{"unknown job status", STR("\0\1\x09\0\0"), 1, PROTO_SIGN, PROTO_OK, false},
	{"unknown status", STR("\0\1" TOKEN), 1, PROTO_SIGN, 9, false},
	{"other verb", STR("\0\1" TOKEN), 1, PROTO_PUBLIC, PROTO_OK, false},
	{"number from the future", STR("\0\1" TOKEN), 2, PROTO_SIGN, PROTO_OK, false},
};

static void test_lies(void **state)
{
	struct sign_claims claims = fixture_claims("kid");
	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct signer *signer;
		struct buf token;
		int pair[2];
		struct sign_job *done;
		buf_init(&token, SIGNER_TOKEN_MAX);
		assert_int_equal(frame_pair(SOCK_STREAM, pair), 0);
		assert_int_equal(signer_new(pair[0], &signer), 0);
		struct sign_job job = {.claims = claims, .token = &token};
		signer_submit(signer, &job);
		signer_flush(signer);
		send_reply(pair[1], answers[i].body.p, answers[i].body.len, answers[i].seq, answers[i].verb,
			   answers[i].status);
		signer_collect(signer, &done);
		assert_ptr_equal(done, &job);
		if (signer_alive(signer) != answers[i].good || (job.status == 0) != answers[i].good)
			fail_msg("%s: status %d", answers[i].what, job.status);
		assert_true(answers[i].good || token.len == 0);
		signer_free(signer);
		close(pair[1]);
		buf_done(&token);
	}
}

/* A frame that claims to be huge ends the channel before anything is allocated for it. */
static void test_huge_frame(void **state)
{
	struct signer *signer;
	struct sign_job *done;
	int pair[2];
	(void)state;
	assert_int_equal(frame_pair(SOCK_STREAM, pair), 0);
	assert_int_equal(signer_new(pair[0], &signer), 0);
	assert_int_equal(frame_write(pair[1], STR("\xFF\xFF\xFF\xFFxxxx"), 1000), 0);
	signer_collect(signer, &done);
	assert_null(done);
	assert_false(signer_alive(signer));
	signer_free(signer);
	close(pair[1]);
}

/* keyd hangs: calls fail in time, and at once from then on; its late answer is nobody's, and shows that it lives. */
static void test_late_answer(void **state)
{
	struct signer *signer;
	struct sign_job *done;
	struct buf token;
	int pair[2];
	char sent[65536];
	(void)state;
	buf_init(&token, SIGNER_TOKEN_MAX);
	assert_int_equal(frame_pair(SOCK_STREAM, pair), 0);
	assert_int_equal(signer_new(pair[0], &signer), 0);
	struct sign_job job = {.claims = fixture_claims("kid"), .token = &token};
	assert_int_equal(signer_sign(signer, &job, 20), E_SIGNER);
	assert_true(signer_alive(signer) && recv(pair[1], sent, sizeof(sent), 0) > 0);
	assert_int_equal(signer_sign(signer, &job, 600000), E_SIGNER);
	assert_int_equal(signer_public(signer, &token), E_SIGNER);
	signer_submit(signer, &job);
	signer_flush(signer);
	assert_true(signer_has_failed_jobs(signer));
	signer_collect(signer, &done);
	assert_ptr_equal(done, &job);
	assert_int_equal(recv(pair[1], sent, sizeof(sent), MSG_DONTWAIT), -1); /* nobody was asked, so nobody waited */
	send_reply(pair[1], "\0\1\0\0\5o.l.d", 10, 1, PROTO_SIGN, PROTO_OK);
	signer_collect(signer, &done);
	assert_null(done);
	signer_submit(signer, &job);
	signer_flush(signer);
	assert_true(signer_is_waiting(signer));
	send_reply(pair[1], "\0\1\0\0\5n.e.w", 10, 2, PROTO_SIGN, PROTO_OK);
	signer_collect(signer, &done);
	assert_ptr_equal(done, &job);
	assert_int_equal(job.status, 0);
	assert_true(str_eq(buf_str(&token), STR("n.e.w")));
	signer_free(signer);
	close(pair[1]);
	buf_done(&token);
}

/* The same on a loop: a batch that is overdue fails with what waits behind it; one that is not stays. */
static void test_expire(void **state)
{
	struct signer *signer;
	struct sign_job *done;
	struct buf token;
	int pair[2];
	(void)state;
	buf_init(&token, SIGNER_TOKEN_MAX);
	assert_int_equal(frame_pair(SOCK_STREAM, pair), 0);
	assert_int_equal(signer_new(pair[0], &signer), 0);
	struct sign_job a = {.claims = fixture_claims("kid"), .token = &token}, b = a;
	signer_expire(signer, 0); /* nothing under way */
	signer_submit(signer, &a);
	signer_flush(signer);
	signer_submit(signer, &b);
	signer_expire(signer, 60000);
	assert_true(signer_is_waiting(signer));
	signer_expire(signer, 0);
	assert_false(signer_is_waiting(signer));
	signer_collect(signer, &done);
	assert_ptr_equal(done, &a);
	assert_ptr_equal(done->next, &b);
	assert_int_equal(a.status, E_SIGNER);
	assert_int_equal(b.status, E_SIGNER);
	assert_true(signer_alive(signer));
	signer_free(signer);
	close(pair[1]);
	buf_done(&token);
}

/* A hand-made keyd: both ends of a channel, and jobs that share a token's buffer. */
struct puppet {
	struct signer *signer;
	int fd;
	struct buf token;
	struct sign_job jobs[8];
};

static void puppet_init(struct puppet *puppet)
{
	int pair[2];
	buf_init(&puppet->token, 1 << 16);
	assert_int_equal(frame_pair(SOCK_STREAM, pair), 0);
	assert_int_equal(signer_new(pair[0], &puppet->signer), 0);
	puppet->fd = pair[1];
	for (size_t i = 0; i < 8; i++)
		puppet->jobs[i] = (struct sign_job){.claims = fixture_claims("kid"), .token = &puppet->token};
}

static void puppet_done(struct puppet *puppet)
{
	signer_free(puppet->signer);
	close(puppet->fd);
	buf_done(&puppet->token);
}

static void submit(struct puppet *puppet, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		signer_submit(puppet->signer, &puppet->jobs[i]);
	signer_flush(puppet->signer);
}

static uint64_t batches_of(const struct signer *signer)
{
	struct signer_stats stats;
	signer_stats(signer, &stats);
	return stats.batches;
}

static size_t collect_in_order(struct puppet *puppet, size_t first)
{
	struct sign_job *done;
	size_t n = 0;
	signer_collect(puppet->signer, &done);
	for (; done; done = done->next)
		assert_ptr_equal(done, &puppet->jobs[first + n++]);
	return n;
}

#define TWO_TOKENS "\0\2" TOKEN TOKEN

/* While keyd works, one more batch goes out, once it is as large; what comes then waits. Answers come back in order. */
static void test_two_under_way(void **state)
{
	struct puppet puppet;
	(void)state;
	puppet_init(&puppet);
	submit(&puppet, 0, 2);
	assert_int_equal(batches_of(puppet.signer), 1);
	submit(&puppet, 2, 3); /* smaller than what is under way */
	assert_int_equal(batches_of(puppet.signer), 1);
	submit(&puppet, 3, 4);
	assert_int_equal(batches_of(puppet.signer), 2);
	submit(&puppet, 4, 8); /* two are under way */
	assert_int_equal(batches_of(puppet.signer), 2);
	assert_int_equal(collect_in_order(&puppet, 0), 0);
	send_reply(puppet.fd, TWO_TOKENS, 18, 1, PROTO_SIGN, PROTO_OK);
	signer_wait(puppet.signer, 999999); /* returns at once: there is an answer */
	assert_int_equal(collect_in_order(&puppet, 0), 2);
	signer_flush(puppet.signer);
	assert_int_equal(batches_of(puppet.signer), 3);
	send_reply(puppet.fd, TWO_TOKENS, 18, 2, PROTO_SIGN, PROTO_OK);
	send_reply(puppet.fd, "\0\4" TOKEN TOKEN TOKEN TOKEN, 34, 3, PROTO_SIGN, PROTO_OK);
	assert_int_equal(collect_in_order(&puppet, 2), 6);
	assert_false(signer_is_waiting(puppet.signer));
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(puppet.jobs[i].status, 0);
	puppet_done(&puppet);
}

/* An answer to the second batch before the first: keyd is not what we think; nobody gets another's token. */
static void test_wrong_order(void **state)
{
	struct puppet puppet;
	(void)state;
	puppet_init(&puppet);
	submit(&puppet, 0, 1);
	submit(&puppet, 1, 2);
	assert_int_equal(batches_of(puppet.signer), 2);
	send_reply(puppet.fd, "\0\1" TOKEN, 10, 2, PROTO_SIGN, PROTO_OK);
	assert_int_equal(collect_in_order(&puppet, 0), 2);
	assert_int_equal(puppet.jobs[0].status, E_SIGNER);
	assert_int_equal(puppet.jobs[1].status, E_SIGNER);
	assert_false(signer_alive(puppet.signer));
	puppet_done(&puppet);
}

/* A refusal of one batch is not one of the next. */
static void test_refused_batch(void **state)
{
	struct puppet puppet;
	(void)state;
	puppet_init(&puppet);
	submit(&puppet, 0, 1);
	submit(&puppet, 1, 3);
	assert_int_equal(batches_of(puppet.signer), 2);
	send_reply(puppet.fd, "", 0, 1, PROTO_SIGN, PROTO_FAILED);
	send_reply(puppet.fd, TWO_TOKENS, 18, 2, PROTO_SIGN, PROTO_OK);
	assert_int_equal(collect_in_order(&puppet, 0), 3);
	assert_int_equal(puppet.jobs[0].status, E_SIGNER);
	assert_int_equal(puppet.jobs[1].status, 0);
	assert_int_equal(puppet.jobs[2].status, 0);
	puppet_done(&puppet);
}

/* keyd hangs with two batches: all jobs fail; only when both late answers are here it counts as alive. */
static void test_two_late_answers(void **state)
{
	struct puppet puppet;
	(void)state;
	puppet_init(&puppet);
	submit(&puppet, 0, 1);
	submit(&puppet, 1, 2);
	signer_expire(puppet.signer, 0);
	assert_int_equal(collect_in_order(&puppet, 0), 2);
	send_reply(puppet.fd, "\0\1" TOKEN, 10, 1, PROTO_SIGN, PROTO_OK);
	assert_int_equal(collect_in_order(&puppet, 0), 0);
	submit(&puppet, 2, 3);
	assert_int_equal(collect_in_order(&puppet, 2), 1); /* failed: the second answer is still out */
	assert_int_equal(puppet.jobs[2].status, E_SIGNER);
	send_reply(puppet.fd, "\0\1" TOKEN, 10, 2, PROTO_SIGN, PROTO_OK);
	assert_int_equal(collect_in_order(&puppet, 0), 0);
	assert_true(signer_alive(puppet.signer));
	submit(&puppet, 3, 4);
	send_reply(puppet.fd, "\0\1" TOKEN, 10, 3, PROTO_SIGN, PROTO_OK);
	assert_int_equal(collect_in_order(&puppet, 3), 1);
	assert_int_equal(puppet.jobs[3].status, 0);
	puppet_done(&puppet);
}

static void test_too_large(void **state)
{
	static char big[SIGNER_EXTRA_MAX * 2];
	struct fixture f;
	struct signer *signer;
	struct sign_job *done;
	struct buf token;
	char kid[JWK_THUMBPRINT_LEN + 1];
	(void)state;
	memset(big, 'a', sizeof(big));
	fixture_init(&f);
	fixture_key(&f, SIG_ES256, kid);
	buf_init(&token, SIGNER_TOKEN_MAX);
	assert_int_equal(signer_new(fixture_connect(&f, KEYD_LOOP), &signer), 0);
	struct sign_job job = {.claims = fixture_claims(kid), .token = &token};
	job.claims.scope = str_mem(big, sizeof(big));
	signer_submit(signer, &job);
	signer_flush(signer);
	assert_true(signer_has_failed_jobs(signer));
	signer_collect(signer, &done);
	assert_ptr_equal(done, &job);
	assert_int_equal(job.status, E_SIGNER);
	assert_true(signer_alive(signer));
	job.claims.scope = str_mem(big, PROTO_TEXT_MAX); /* fits the wire but no token: extra beside it */
	job.claims.aud = str_mem(big, 1024);
	job.claims.sub = str_mem(big, 512);
	job.claims.client_id = str_mem(big, 512);
	assert_int_equal(signer_sign(signer, &job, 1000), E_SIGNER);
	assert_true(signer_alive(signer));
	job.claims = fixture_claims(kid);
	job.claims.scope = str_mem(big, 3000);
	assert_int_equal(signer_sign(signer, &job, 1000), 0);
	signer_free(signer);
	fixture_done(&f);
	buf_done(&token);
}

struct asker {
	pthread_t thread;
	struct signer *signer;
	const char *steady, *coming;
	unsigned good, unknown, wrong;
};

/* Sign with a key that stays and one that comes and goes. */
static void *ask(void *arg)
{
	struct asker *asker = arg;
	struct buf token;
	buf_init(&token, SIGNER_TOKEN_MAX);
	for (int i = 0; i < 300; i++) {
		struct sign_job job = {.claims = fixture_claims(i % 2 ? asker->steady : asker->coming),
				       .token = &token};
		buf_reset(&token);
		int rc = signer_sign(asker->signer, &job, 10000);
		asker->good += rc == 0;
		asker->unknown += rc == E_SIGNER && i % 2 == 0;
		asker->wrong += rc != 0 && i % 2 == 1;
	}
	buf_done(&token);
	return NULL;
}

/* Keys are loaded and unloaded while three channels sign. */
static void test_concurrent(void **state)
{
	struct fixture f;
	struct asker askers[3] = {0};
	struct signer *control;
	struct buf jwk, sealed;
	char steady[JWK_THUMBPRINT_LEN + 1], coming[JWK_THUMBPRINT_LEN + 1];
	(void)state;
	fixture_init(&f);
	fixture_key(&f, SIG_ES256, steady);
	buf_init(&jwk, 8192);
	buf_init(&sealed, 8192);
	assert_int_equal(signer_new(fixture_connect(&f, KEYD_CONTROL), &control), 0);
	assert_int_equal(signer_generate(control, STR("EdDSA"), &jwk, &sealed), 0);
	const char *kid = memmem(jwk.p, jwk.len, "\"kid\":\"", 7);
	assert_non_null(kid);
	memcpy(coming, kid + 7, JWK_THUMBPRINT_LEN);
	coming[JWK_THUMBPRINT_LEN] = '\0';
	for (size_t i = 0; i < 3; i++) {
		askers[i].steady = steady;
		askers[i].coming = coming;
		assert_int_equal(signer_new(fixture_connect(&f, i ? KEYD_LOOP : KEYD_POOL), &askers[i].signer), 0);
		assert_int_equal(pthread_create(&askers[i].thread, NULL, ask, &askers[i]), 0);
	}
	for (int i = 0; i < 200; i++) {
		buf_reset(&jwk);
		assert_int_equal(signer_load(control, buf_str(&sealed), &jwk), 0);
		buf_reset(&jwk);
		assert_int_equal(signer_public(control, &jwk), 0);
		assert_int_equal(signer_unload(control, str_of(coming)), 0);
	}
	for (size_t i = 0; i < 3; i++) {
		pthread_join(askers[i].thread, NULL);
		assert_int_equal(askers[i].wrong, 0);
		assert_int_equal(askers[i].good + askers[i].unknown, 300);
		signer_free(askers[i].signer);
	}
	signer_free(control);
	fixture_done(&f);
	buf_done(&jwk);
	buf_done(&sealed);
}

#ifdef MINTMARK_FAULTS
static void test_faults(void **state)
{
	struct fixture f;
	struct signer *signer;
	struct buf token;
	char kid[JWK_THUMBPRINT_LEN + 1];
	(void)state;
	fixture_init(&f);
	fixture_key(&f, SIG_ES256, kid);
	buf_init(&token, SIGNER_TOKEN_MAX);
	assert_int_equal(signer_new(fixture_connect(&f, KEYD_LOOP), &signer), 0);
	struct sign_job job = {.claims = fixture_claims(kid), .token = &token};
	fault_arm(FAULT_SIGNER, 1);
	assert_int_equal(signer_sign(signer, &job, 1000), E_SIGNER);
	assert_true(fault_reached(FAULT_SIGNER));
	assert_int_equal(token.len, 0);
	assert_int_equal(signer_sign(signer, &job, 1000), 0);
	fault_arm(FAULT_SIGNER, 1);
	assert_int_equal(signer_public(signer, &token), E_SIGNER);
	fault_arm(FAULT_SIGNER, 0);
	assert_true(signer_alive(signer));
	signer_free(signer);
	fixture_done(&f);
	buf_done(&token);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lies),        cmocka_unit_test(test_huge_frame),
		cmocka_unit_test(test_late_answer), cmocka_unit_test(test_expire), cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_two_under_way), cmocka_unit_test(test_wrong_order),
		cmocka_unit_test(test_refused_batch), cmocka_unit_test(test_two_late_answers),
		cmocka_unit_test(test_death),       cmocka_unit_test(test_sign),
		cmocka_unit_test(test_batches),    cmocka_unit_test(test_concurrent),
#ifdef MINTMARK_FAULTS
		cmocka_unit_test(test_faults),
#endif
	};
	return cmocka_run_group_tests_name("signer", tests, NULL, NULL);
}
