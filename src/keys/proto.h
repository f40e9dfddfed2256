/*
 * What server and keyd say to each other in frames (ipc/frame.h). One request, then its answer, per channel.
 *   request: u8 verb, u32 seq, body        answer: u8 verb, u8 status, u32 seq, body
 * The answer repeats the request's number: one that comes too late is not taken for the next one's.
 *
 *   verb      body of the request                      body of the answer (only with PROTO_OK)
 *   SIGN      u16 n, n * claims                        u16 n, n * (u8 status, str16 token)
 *   PUBLIC    -                                        str32 JWKS
 *   GENERATE  str16 alg                                str32 public JWK, str32 sealed private key
 *   LOAD      str16 sealed private key                 str32 public JWK
 *   UNLOAD    str16 kid                                -
 *   SEAL      str16 purpose, str16 plain               str32 sealed
 *   OPEN      str16 purpose, str16 sealed              str32 plain
 * claims: u8 kind, u64 each: iat exp epoch account_epoch, str16 each: kid iss sub aud client_id scope jti extra
 *
 * Pure functions, thread-safe.
 */
#ifndef KEYS_PROTO_H
#define KEYS_PROTO_H

#include "base/cur.h"
#include "keys/signer.h"

enum proto_verb {
	PROTO_SIGN = 1, PROTO_PUBLIC, PROTO_GENERATE, PROTO_LOAD, PROTO_UNLOAD, PROTO_SEAL, PROTO_OPEN, PROTO_VERBS
};
enum proto_status { PROTO_OK, PROTO_REFUSED, PROTO_NO_KEY, PROTO_FAILED, PROTO_STATUSES };

enum {
	PROTO_HEAD = 5,
	PROTO_REPLY_HEAD = 6,
	PROTO_CLAIMS_MAX = 36864, /* one job on the wire */
	PROTO_BATCH_MAX = 131072, /* a batch stops growing here: it fits the socket buffer, so sending never waits */
	PROTO_REQUEST_MAX = PROTO_HEAD + 2 + PROTO_BATCH_MAX + PROTO_CLAIMS_MAX,
	PROTO_REPLY_MAX = 4 * 1024 * 1024, /* above 256 tokens of SIGNER_TOKEN_MAX */
	PROTO_ALG_MAX = 16,
	PROTO_KID_MAX = 64,
	PROTO_PURPOSE_MAX = 32,
	PROTO_SECRET_MAX = 4096,
	PROTO_SEALED_MAX = 6144,
	PROTO_JWK_MAX = 4096,
	PROTO_TEXT_MAX = 4096,
};

void proto_put_head(struct buf *out, enum proto_verb verb, uint32_t seq);
/* E_SYNTAX: too short. The verb is not judged. */
must_check int proto_get_head(struct cur *cur, unsigned *ret_verb, uint32_t *ret_seq);

void proto_put_reply_head(struct buf *out, enum proto_verb verb, enum proto_status status, uint32_t seq);
/* E_SYNTAX: too short, or no status of ours. */
must_check int proto_get_reply_head(struct cur *cur, unsigned *ret_verb, enum proto_status *ret_status,
				    uint32_t *ret_seq);

/* Strings longer than 65535 fail the buffer. */
void proto_put_claims(struct buf *out, const struct sign_claims *claims);
/*
 * Strings are borrowed. E_SYNTAX: cut short, no kind of ours, a time that is negative; E_LIMIT: a string above its
 * maximum.
 */
must_check int proto_get_claims(struct cur *cur, struct sign_claims *ret_claims);
/* Whether the other side will read them: one that does not fit would end the channel for all. */
bool proto_claims_fit(const struct sign_claims *claims);

#endif
