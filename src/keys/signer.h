/*
 * The server's side of keyd: shaped like a local key, but the key is in another process. One signer per thread (a
 * socketpair each); a signer has one owner at a time.
 *
 * On a loop: signer_submit() gathers, signer_flush() at the end of the round sends all that waits as ONE batch, or lets
 * it wait and grow while keyd has work; signer_collect() when the descriptor is readable. On a pool thread:
 * signer_sign().
 */
#ifndef KEYS_SIGNER_H
#define KEYS_SIGNER_H

#include "base/buf.h"
#include "base/secret.h"
#include "base/str.h"

/*
 * What is signed decides the header's `typ`, the mandatory claims and the cap of the lifetime; keyd's table says how.
 */
enum token_kind { TOKEN_ACCESS, TOKEN_ID, TOKEN_LOGOUT, TOKEN_FEED, TOKEN_KINDS };

enum {
	SIGNER_EXTRA_MAX = 4096, SIGNER_TOKEN_MAX = 8192, SIGNER_BATCH_MAX = 256, SIGNER_SCOPE_MAX = 4096,
	/* TOKEN_FEED only. */
	SIGNER_FEED_EXTRA_MAX = 32768, SIGNER_FEED_TOKEN_MAX = 46080,
};

/*
 * The fixed claims, typed; keyd writes them, and `iss` from its own configuration. Empty strings are left out where
 * the kind allows.
 */
struct sign_claims {
	enum token_kind kind;
	struct str kid;       /* which loaded key; its algorithm follows from the key */
	struct str iss;       /* keyd refuses another than the configured one */
	struct str sub;
	struct str aud;       /* one audience */
	struct str client_id;
	struct str scope;
	struct str jti;
	int64_t iat_s, exp_s;
	int64_t epoch, account_epoch; /* TOKEN_ACCESS: of its client and account; 0 is left out */
	struct str extra;     /* more members as a JSON object ("{...}"), may not repeat a fixed claim; empty: none */
};

struct sign_job {
	struct sign_claims claims; /* borrowed until the job is done */
	int status;                /* 0: token is set; E_SIGNER: keyd is gone or refused */
	struct buf *token;         /* caller's; the compact JWS is appended */
	void *owner;               /* the caller's own pointer */
	struct sign_job *next;     /* the signer's queue */
};

struct signer;

/* fd: the socketpair to keyd; the signer owns it. */
must_check int signer_new(int fd, struct signer **ret_signer);
void signer_free(struct signer *signer);
/* keyd was restarted: use this socket from now on. Jobs of the old one have failed with E_SIGNER. */
void signer_replace(struct signer *signer, int fd);
int signer_fd(const struct signer *signer);
/* False after the peer is gone and before signer_replace. */
bool signer_alive(const struct signer *signer);

/* Queue a job; the job stays the caller's memory and must live until it is collected. */
void signer_submit(struct signer *signer, struct sign_job *job);
/*
 * Send what waits: at once when nothing is under way; behind one batch when it is as large; else it waits on. Failed
 * jobs come out of the next signer_collect.
 */
void signer_flush(struct signer *signer);
/* Non-blocking: read what has arrived; *ret_done is the list (by next) of finished jobs, NULL when there are none. */
void signer_collect(struct signer *signer, struct sign_job **ret_done);
/*
 * For a timer of the loop: when keyd has not answered the batch under way for max_ms, its jobs and those that wait fail
 * (E_SIGNER, by signer_collect), and from then on new ones fail at once, until the late answer shows that keyd lives.
 */
void signer_expire(struct signer *signer, uint32_t max_ms);
/*
 * For a loop, at the end of its round: while keyd has one batch to work on and another to go on with, sleep until the
 * first is answered, at most max_us (below a second). What arrives meanwhile can't be signed sooner anyway, and is
 * then read at once instead of piece by piece. Else returns at once.
 */
void signer_wait(const struct signer *signer, uint32_t max_us);
/* Whether a batch is under way. */
bool signer_is_waiting(const struct signer *signer);
/* Whether jobs wait for signer_collect to hand them back although the socket is silent (they failed). */
bool signer_has_failed_jobs(const struct signer *signer);
/*
 * Blocking, for pool threads and the CLI; returns the job's status. timeout_ms in total; after a timeout further calls
 * fail at once until keyd has answered the old one.
 */
must_check int signer_sign(struct signer *signer, struct sign_job *job, uint32_t timeout_ms);

/* The other verbs; blocking. E_SIGNER: refused or gone. */
/* A new key: its public JWK (JSON with kid, alg, use) and the sealed private key, appended. alg: "ES256" ... */
must_check int signer_generate(struct signer *signer, struct str alg, struct buf *ret_public_jwk,
			       struct buf *ret_sealed);
/* Make a sealed key usable; its public JWK comes back. E_SIGNER when it does not open. */
must_check int signer_load(struct signer *signer, struct str sealed, struct buf *ret_public_jwk);
/* Forget a loaded key (retired or rolled back). */
must_check int signer_unload(struct signer *signer, struct str kid);
/* {"keys":[...]} of all loaded keys. */
must_check int signer_public(struct signer *signer, struct buf *ret_jwks);
/* purpose: a name of keyd's table (never "key"). */
must_check int signer_seal(struct signer *signer, struct str purpose, struct secret plain, struct buf *ret_sealed);
must_check int signer_open(struct signer *signer, struct str purpose, struct str sealed, struct buf *ret_plain);

/* Figures for /metrics. */
struct signer_stats {
	uint64_t batches, jobs, failures, round_trip_us;
};
void signer_stats(const struct signer *signer, struct signer_stats *ret_stats);

#endif
