/*
 * Compact JSON Web Signatures (RFC 7515 7.1), read strictly and verified with a required set of algorithms (RFC
 * 8725 3.1). The header never chooses more than one key among those the caller trusts: jku, jwk, x5u and x5c are not
 * read at all. Pure functions, thread-safe.
 */
#ifndef JOSE_JWS_H
#define JOSE_JWS_H

#include "base/arena.h"
#include "jose/jwk.h"
#include "jose/verdict.h"

enum { JWS_TOKEN_MAX = 16384, JWS_HEADER_MAX = 4096, JWS_DOCUMENT_MAX = 65536 };

struct jws {
	enum sig_alg alg;
	struct str kid, typ, cty;  /* in the arena; p is NULL when the member is absent */
	struct str signing_input;  /* "header.payload" as sent, borrowed from the token */
	struct str header;         /* JSON text, in the arena */
	struct str payload;        /* bytes, in the arena; trust them only after jws_verify */
	struct str sig;            /* bytes, in the arena */
};

/*
 * Take a token apart without verifying anything. Up to about 3 * token.len bytes of the arena are used.
 * VERDICT_VALID means well-formed, no more. TOO_LARGE, SEGMENTS, ENCRYPTED, ENCODING, HEADER, CRITICAL, ALG_UNKNOWN,
 * INTERNAL.
 */
must_check enum verdict jws_parse(struct str token, struct arena *arena, struct jws *ret_jws);
/* The same for a signed document that is no token, at most JWS_DOCUMENT_MAX bytes. */
must_check enum verdict jws_parse_document(struct str text, struct arena *arena, struct jws *ret_jws);

/*
 * algs: the algorithms the caller accepts, a sum of JWK_ALG(); 0 accepts nothing. With a kid the key with exactly that
 * kid decides; without one, the only key that fits. ALG_REFUSED, KEY_UNKNOWN, KEY_AMBIGUOUS, KEY_ALG, SIGNATURE,
 * INTERNAL, or VALID.
 */
must_check enum verdict jws_verify(const struct jws *jws, const struct jwks *keys, unsigned algs);

/*
 * The protected header {"alg","typ","kid"} for a signer's key, appended; empty typ or kid are left out. The buffer's
 * failure.
 */
must_check int jws_emit_header(enum sig_alg alg, struct str typ, struct str kid, struct buf *out);
/*
 * Append a dot and the signature of what stands in out from start on: RFC 7515 5.1, 5 to 8. E_CRYPTO, the buffer's
 * failure.
 */
must_check int jws_sign(struct sig_signer *signer, size_t start, struct buf *out);
/*
 * Append the compact serialisation of header and payload, signed. header: JSON whose alg is the signer's. E_CRYPTO, the
 * buffer's failure.
 */
must_check int jws_emit(struct sig_signer *signer, struct str header, struct str payload, struct buf *out);

#endif
