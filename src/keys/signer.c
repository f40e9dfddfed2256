/*
 * The server's side of keyd; see signer.h. Server process; one owner at a time. Trusts nothing that arrives beyond
 * its own checks.
 */
#include "keys/signer.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fault.h"
#include "ipc/frame.h"
#include "keys/proto.h"

enum { SEND_TIMEOUT_MS = 100, CALL_TIMEOUT_MS = 10000, BUF_KEEP = 64 * 1024, BATCHES_MAX = 2 };

/* A request that keyd has not answered yet. */
struct batch {
	uint32_t seq;
	size_t n;   /* jobs */
	size_t len; /* bytes */
	int64_t sent_ns;
};

struct job_list {
	struct sign_job *head, *tail;
	size_t n;
};

struct signer {
	int fd;
	bool alive;
	bool stalled;            /* keyd did not answer in time, and has not answered since */
	uint32_t seq;            /* of the newest request */
	struct job_list waiting; /* not yet sent */
	struct job_list sent;    /* of all batches under way, in order */
	struct job_list done;    /* for the next collect */
	struct batch batches[BATCHES_MAX]; /* under way, oldest first */
	unsigned n_batches;
	size_t sent_len;         /* bytes of all of them */
	struct buf in, out;
	struct signer_stats stats;
};

static void push(struct job_list *list, struct sign_job *job)
{
	job->next = NULL;
	if (list->tail)
		list->tail->next = job;
	else
		list->head = job;
	list->tail = job;
	list->n++;
}

static struct sign_job *pop(struct job_list *list)
{
	struct sign_job *job = list->head;
	if (!job)
		return NULL;
	list->head = job->next;
	if (!list->head)
		list->tail = NULL;
	list->n--;
	job->next = NULL;
	return job;
}

/* All of more behind all of list. */
static void append(struct job_list *list, const struct job_list *more)
{
	if (!more->head)
		return;
	if (list->tail)
		list->tail->next = more->head;
	else
		list->head = more->head;
	list->tail = more->tail;
	list->n += more->n;
}

static void fail_job(struct signer *signer, struct sign_job *job)
{
	job->status = E_SIGNER;
	signer->stats.failures++;
	push(&signer->done, job);
}

static void fail_list(struct signer *signer, struct job_list *list)
{
	for (struct sign_job *job = pop(list); job; job = pop(list))
		fail_job(signer, job);
}

/* Nobody waits for the answers any more. */
static void fail_batches(struct signer *signer)
{
	fail_list(signer, &signer->sent);
	signer->n_batches = 0;
	signer->sent_len = 0;
}

/*
 * The channel can't be used any more; the descriptor stays open until signer_replace, so that nobody gets its number
 * meanwhile. keyd sees the end of the channel, ends too, and comes back with new ones.
 */
static void die(struct signer *signer)
{
	signer->alive = false;
	shutdown(signer->fd, SHUT_RDWR);
	fail_batches(signer);
	fail_list(signer, &signer->waiting);
	buf_done(&signer->in);
}

int signer_new(int fd, struct signer **ret_signer)
{
	struct signer *signer = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*signer));
	if (!signer)
		return E_NOMEM;
	signer->fd = fd;
	signer->alive = true;
	buf_init(&signer->in, PROTO_REPLY_MAX + FRAME_HEAD);
	buf_init(&signer->out, PROTO_REQUEST_MAX + FRAME_HEAD);
	*ret_signer = signer;
	return 0;
}

void signer_free(struct signer *signer)
{
	if (!signer)
		return;
	frame_close(&signer->fd);
	buf_done(&signer->in);
	buf_done(&signer->out);
	free(signer);
}

void signer_replace(struct signer *signer, int fd)
{
	fail_batches(signer);
	frame_close(&signer->fd);
	buf_done(&signer->in);
	signer->fd = fd;
	signer->alive = true;
	signer->stalled = false;
}

int signer_fd(const struct signer *signer) { return signer->fd; }

bool signer_alive(const struct signer *signer) { return signer->alive; }

bool signer_has_failed_jobs(const struct signer *signer) { return signer->done.n > 0; }

void signer_submit(struct signer *signer, struct sign_job *job) { push(&signer->waiting, job); }

/* An empty request in signer->out. */
static void begin(struct signer *signer, enum proto_verb verb)
{
	if (signer->out.cap > BUF_KEEP)
		buf_done(&signer->out);
	buf_reset(&signer->out);
	frame_begin(&signer->out);
	proto_put_head(&signer->out, verb, ++signer->seq);
}

/* Send signer->out. What is under way and this fit the socket's buffer together: this does not wait. */
static int transmit(struct signer *signer)
{
	TRY(frame_end(&signer->out));
	return frame_write(signer->fd, buf_str(&signer->out), SEND_TIMEOUT_MS);
}

/* Move what fits into one batch from waiting to ret_jobs, and write it into signer->out. */
static void gather(struct signer *signer, struct job_list *ret_jobs)
{
	struct buf *out = &signer->out;
	size_t room = PROTO_BATCH_MAX - signer->sent_len;
	begin(signer, PROTO_SIGN);
	size_t at = out->len;
	buf_put_u16be(out, 0);
	while (signer->waiting.n > 0 && ret_jobs->n < SIGNER_BATCH_MAX && out->len < room) {
		struct sign_job *job = pop(&signer->waiting);
		if (!proto_claims_fit(&job->claims)) {
			fail_job(signer, job);
			continue;
		}
		proto_put_claims(out, &job->claims);
		push(ret_jobs, job);
	}
	if (buf_status(out) < 0)
		return;
	out->p[at] = (char)(unsigned char)(ret_jobs->n >> 8);
	out->p[at + 1] = (char)(unsigned char)(ret_jobs->n & 0xFF);
}

/*
 * keyd should find the next batch when it is done with one: falling asleep and waking up cost it as much as half a
 * signature. But small batches cost too, so the next one must be as large as the one under way.
 */
static bool is_worth_sending(const struct signer *signer)
{
	if (signer->waiting.n == 0 || signer->n_batches == 0)
		return signer->waiting.n > 0;
	return signer->n_batches < BATCHES_MAX && signer->waiting.n >= signer->sent.n &&
	       signer->sent_len < PROTO_BATCH_MAX / 2;
}

void signer_flush(struct signer *signer)
{
	if (!is_worth_sending(signer))
		return;
	if (!signer->alive || signer->stalled) { /* nobody queues behind a keyd that hangs */
		fail_list(signer, &signer->waiting);
		return;
	}
	struct job_list jobs = {0};
	gather(signer, &jobs);
	if (jobs.n == 0)
		return;
	if (buf_status(&signer->out) < 0) { /* no memory: these fail, the channel is whole */
		fail_list(signer, &jobs);
		return;
	}
	signer->stats.batches++;
	signer->stats.jobs += jobs.n;
	signer->batches[signer->n_batches++] =
		(struct batch){.seq = signer->seq, .n = jobs.n, .len = signer->out.len, .sent_ns = clock_mono_ns()};
	signer->sent_len += signer->out.len;
	append(&signer->sent, &jobs);
	if (transmit(signer) < 0)
		die(signer);
}

/* Whether text can be a compact JWS: three non-empty runs of base64url. */
static bool is_compact(struct str text)
{
	static const char alphabet[256] = {
		['A' ... 'Z'] = 1, ['a' ... 'z'] = 1, ['0' ... '9'] = 1, ['-'] = 1, ['_'] = 1,
	};
	struct str head, claims, sig, rest;
	if (!str_cut(text, '.', &head, &rest) || !str_cut(rest, '.', &claims, &sig))
		return false;
	unsigned good = 0;
	for (size_t i = 0; i < text.len; i++)
		good += (unsigned)alphabet[(unsigned char)text.p[i]];
	return good == text.len - 2 && head.len > 0 && claims.len > 0 && sig.len > 0;
}

static int get_result(struct cur *cur, enum proto_status *ret_status, struct str *ret_token)
{
	uint8_t status;
	TRY(cur_u8(cur, &status));
	TRY(cur_str16(cur, SIGNER_FEED_TOKEN_MAX, ret_token));
	if (status >= PROTO_STATUSES)
		return E_SYNTAX;
	*ret_status = (enum proto_status)status;
	return 0;
}

/* Look at the whole answer before any of it is believed. */
static int check_results(struct cur cur, size_t n)
{
	enum proto_status status;
	struct str token;
	for (size_t i = 0; i < n; i++) {
		TRY(get_result(&cur, &status, &token));
		if (status == PROTO_OK ? !is_compact(token) : token.len > 0)
			return E_SYNTAX;
	}
	return cur_end(&cur);
}

static void finish_job(struct signer *signer, enum proto_status status, struct str token)
{
	struct sign_job *job = pop(&signer->sent);
	job->status = status != PROTO_OK || fault_hit(FAULT_SIGNER) ? E_SIGNER : 0;
	if (job->status == 0) {
		buf_put(job->token, token);
		job->status = buf_status(job->token);
	}
	signer->stats.failures += job->status < 0;
	push(&signer->done, job);
}

/* The oldest batch is answered. */
static struct batch pop_batch(struct signer *signer)
{
	struct batch batch = signer->batches[0];
	signer->n_batches--;
	signer->sent_len -= batch.len;
	memmove(signer->batches, signer->batches + 1, signer->n_batches * sizeof(batch));
	return batch;
}

/* The answer to a batch: all of it is well-formed, or the channel ends. */
static int finish_batch(struct signer *signer, size_t jobs, struct cur *cur, enum proto_status status)
{
	uint16_t n;
	struct str token;
	if (status != PROTO_OK) {
		while (jobs-- > 0)
			fail_job(signer, pop(&signer->sent));
		return cur_end(cur);
	}
	TRY(cur_u16be(cur, &n));
	if (n != jobs)
		return E_SYNTAX;
	TRY(check_results(*cur, n));
	while (jobs-- > 0) {
		TRY(get_result(cur, &status, &token));
		finish_job(signer, status, token);
	}
	return 0;
}

static int finish(struct signer *signer, struct str frame)
{
	struct cur cur = cur_of(frame);
	unsigned verb;
	enum proto_status status;
	uint32_t seq;
	TRY(proto_get_reply_head(&cur, &verb, &status, &seq));
	if (signer->stalled && signer->seq - seq < BATCHES_MAX) { /* too late for its jobs, but keyd lives */
		signer->stalled = seq != signer->seq;
		return 0;
	}
	if (verb != PROTO_SIGN || signer->n_batches == 0 || seq != signer->batches[0].seq)
		return E_SYNTAX;
	struct batch batch = pop_batch(signer);
	signer->stats.round_trip_us += (uint64_t)(clock_mono_ns() - batch.sent_ns) / 1000;
	return finish_batch(signer, batch.n, &cur, status);
}

/* Read what is there and finish the batches with it. */
static void receive(struct signer *signer)
{
	struct str frame;
	int rc = frame_feed(signer->fd, PROTO_REPLY_MAX, false, &signer->in);
	while (rc == 0) {
		rc = frame_peek(&signer->in, PROTO_REPLY_MAX, &frame);
		if (rc < 0)
			break;
		rc = finish(signer, frame);
		frame_drop(&signer->in);
	}
	if (rc < 0 && rc != E_WOULD_BLOCK)
		die(signer);
	else if (signer->in.len == 0 && signer->in.cap > BUF_KEEP)
		buf_done(&signer->in);
}

void signer_collect(struct signer *signer, struct sign_job **ret_done)
{
	if (signer->alive)
		receive(signer);
	*ret_done = signer->done.head;
	signer->done = (struct job_list){0};
}

/* Wait until something can be read. */
static int wait_readable(const struct signer *signer, int64_t deadline_ns)
{
	int64_t left_ns = deadline_ns - clock_mono_ns();
	struct pollfd p = {.fd = signer->fd, .events = POLLIN};
	if (left_ns <= 0)
		return E_TIMEOUT;
	if (poll(&p, 1, (int)(left_ns / 1000000) + 1) < 0)
		return 0; /* EINTR: the caller looks at the clock again */
	return 0;
}

void signer_expire(struct signer *signer, uint32_t max_ms)
{
	if (signer->n_batches == 0 || clock_mono_ns() - signer->batches[0].sent_ns < (int64_t)max_ms * 1000000)
		return;
	signer->stalled = true;
	fail_batches(signer);
	fail_list(signer, &signer->waiting);
}

void signer_wait(const struct signer *signer, uint32_t max_us)
{
	struct timespec left = {.tv_nsec = (long)max_us * 1000};
	struct pollfd p = {.fd = signer->fd, .events = POLLIN};
	if (signer->n_batches == BATCHES_MAX)
		(void)!ppoll(&p, 1, &left, NULL);
}

bool signer_is_waiting(const struct signer *signer) { return signer->sent.n > 0; }

/* A new request may be sent. After a stall the late answer must have come. */
static bool is_ready(struct signer *signer)
{
	if (signer->alive && signer->stalled)
		receive(signer);
	return signer->alive && !signer->stalled && signer->sent.n == 0;
}

int signer_sign(struct signer *signer, struct sign_job *job, uint32_t timeout_ms)
{
	int64_t deadline_ns = clock_mono_ns() + (int64_t)timeout_ms * 1000000;
	if (!is_ready(signer) || signer->waiting.n > 0)
		return job->status = E_SIGNER;
	signer_submit(signer, job);
	signer_flush(signer);
	while (signer->sent.n > 0) {
		if (wait_readable(signer, deadline_ns) < 0)
			signer_expire(signer, 0);
		else
			receive(signer);
	}
	signer->done = (struct job_list){0};
	return job->status;
}

/* The answer to the request under way. E_WOULD_BLOCK: not here yet. */
static int next_answer(struct signer *signer, enum proto_verb verb, struct cur *ret_body, enum proto_status *ret_status)
{
	struct str frame;
	unsigned got;
	uint32_t seq;
	TRY(frame_peek(&signer->in, PROTO_REPLY_MAX, &frame));
	*ret_body = cur_of(frame);
	TRY(proto_get_reply_head(ret_body, &got, ret_status, &seq));
	return seq == signer->seq && got == (unsigned)verb ? 0 : E_SYNTAX;
}

/*
 * Send signer->out and wait for its answer; the body is borrowed from signer->in. E_TIMEOUT; anything else: the
 * channel is broken.
 */
static int exchange(struct signer *signer, enum proto_verb verb, struct cur *ret_body, enum proto_status *ret_status)
{
	int64_t deadline_ns = clock_mono_ns() + (int64_t)CALL_TIMEOUT_MS * 1000000;
	TRY(transmit(signer));
	for (;;) {
		int rc = next_answer(signer, verb, ret_body, ret_status);
		if (rc != E_WOULD_BLOCK)
			return rc;
		TRY(wait_readable(signer, deadline_ns));
		rc = frame_feed(signer->fd, PROTO_REPLY_MAX, false, &signer->in);
		if (rc < 0 && rc != E_WOULD_BLOCK)
			return E_IO;
	}
}

static int take_texts(struct cur *body, struct buf *outs[2])
{
	struct str text;
	for (int i = 0; i < 2 && outs[i]; i++) {
		TRY(cur_str32(body, PROTO_REPLY_MAX, &text));
		buf_put(outs[i], text);
	}
	return cur_end(body);
}

/* A blocking call whose request stands in signer->out. Up to two strings come back. */
static int call(struct signer *signer, enum proto_verb verb, struct buf *ret_first, struct buf *ret_second)
{
	struct cur body = {0};
	enum proto_status status = PROTO_FAILED;
	struct buf *outs[2] = {ret_first, ret_second};
	TRY(buf_status(&signer->out));
	int rc = exchange(signer, verb, &body, &status);
	struct cur answer = body;
	if (rc == 0 && status == PROTO_OK)
		rc = take_texts(&body, outs);
	secret_wipe(signer->out.p, signer->out.len);
	if (rc == 0) {
		secret_wipe((void *)(uintptr_t)answer.p, answer.left);
		frame_drop(&signer->in);
	} else if (rc == E_TIMEOUT) {
		signer->stalled = true;
	} else {
		die(signer);
	}
	if (rc < 0 || status != PROTO_OK || fault_hit(FAULT_SIGNER))
		return E_SIGNER;
	TRY(ret_first ? buf_status(ret_first) : 0);
	return ret_second ? buf_status(ret_second) : 0;
}

/* Start the request of a blocking call. E_SIGNER: keyd is gone or hangs, or a batch is under way on this channel. */
static int begin_call(struct signer *signer, enum proto_verb verb)
{
	if (!is_ready(signer) || fault_hit(FAULT_SIGNER)) /* then keyd never hears of it */
		return E_SIGNER;
	begin(signer, verb);
	return 0;
}

int signer_generate(struct signer *signer, struct str alg, struct buf *ret_public_jwk, struct buf *ret_sealed)
{
	TRY(begin_call(signer, PROTO_GENERATE));
	buf_put_str16(&signer->out, alg);
	return call(signer, PROTO_GENERATE, ret_public_jwk, ret_sealed);
}

int signer_load(struct signer *signer, struct str sealed, struct buf *ret_public_jwk)
{
	TRY(begin_call(signer, PROTO_LOAD));
	buf_put_str16(&signer->out, sealed);
	return call(signer, PROTO_LOAD, ret_public_jwk, NULL);
}

int signer_unload(struct signer *signer, struct str kid)
{
	TRY(begin_call(signer, PROTO_UNLOAD));
	buf_put_str16(&signer->out, kid);
	return call(signer, PROTO_UNLOAD, NULL, NULL);
}

int signer_public(struct signer *signer, struct buf *ret_jwks)
{
	TRY(begin_call(signer, PROTO_PUBLIC));
	return call(signer, PROTO_PUBLIC, ret_jwks, NULL);
}

int signer_seal(struct signer *signer, struct str purpose, struct secret plain, struct buf *ret_sealed)
{
	TRY(begin_call(signer, PROTO_SEAL));
	buf_put_str16(&signer->out, purpose);
	buf_put_str16(&signer->out, str_mem(plain.p, plain.len));
	return call(signer, PROTO_SEAL, ret_sealed, NULL);
}

int signer_open(struct signer *signer, struct str purpose, struct str sealed, struct buf *ret_plain)
{
	TRY(begin_call(signer, PROTO_OPEN));
	buf_put_str16(&signer->out, purpose);
	buf_put_str16(&signer->out, sealed);
	return call(signer, PROTO_OPEN, ret_plain, NULL);
}

void signer_stats(const struct signer *signer, struct signer_stats *ret_stats) { *ret_stats = signer->stats; }
