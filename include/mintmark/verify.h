/**
 * @file
 * The verifier of libmintmark: decides offline whether an access token (RFC 9068) may be honoured. Link with
 * -lmintmark.
 *
 * @code
 *	struct mintmark_policy policy = {.size = sizeof(policy)};
 *	policy.issuer = "https://as.example";
 *	policy.audience = "https://api.example";
 *	policy.algorithms = "ES256";
 *	if (mintmark_verifier_new(&policy, NULL, &verifier) < 0) …
 *	if (mintmark_verifier_check(verifier, token, len, "orders:read", &accepted) == MINTMARK_VERDICT_VALID) …
 * @endcode
 *
 * What is checked, in this order: form, algorithm, key, signature (RFC 7515 5.2, RFC 8725 3.1 to 3.4), typ, iss, aud,
 * exp, nbf, iat and that sub, client_id, iat and jti are there (RFC 9068 4 and 2.2), no cnf (RFC 7800 3.1), revocation
 * (mintmark/feed.h), scopes (RFC 6750 3.1). All of it is required unless it is switched off by name. Keys come from the
 * verifier's key set only, never from the token: jku, jwk, x5u and x5c are not read. Unsigned, HMAC and encrypted
 * tokens do not exist here.
 *
 * A verified token is kept in memory, found again by its SHA-256, until it expires, the key set changes, or room is
 * needed. Scopes, expiry, revocation and the ages of key set and feed are judged at every call, so a kept token is
 * refused as a fresh one would be.
 *
 * Thread-safety: any thread may use a verifier and a token at any time; the free functions are the last call of their
 * owner.
 */
#ifndef MINTMARK_VERIFY_H
#define MINTMARK_VERIFY_H

#include <stddef.h>
#include <stdint.h>

#include <mintmark/error.h>
#include <mintmark/feed.h>
#include <mintmark/keyset.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * What checking a token came to. Zero is no verdict and never success: compare with MINTMARK_VERDICT_VALID, nothing
 * else. Numbers never change; new reasons may come, so treat every other value as a refusal.
 */
enum mintmark_verdict {
	MINTMARK_VERDICT_UNCHECKED = 0,      /**< Not checked. */
	MINTMARK_VERDICT_VALID = 1,          /**< The token may be honoured. */
	MINTMARK_VERDICT_TOO_LARGE = 2,      /**< Larger than any access token may be (16 KiB). */
	MINTMARK_VERDICT_SEGMENTS = 3,       /**< Not header.payload.signature. */
	MINTMARK_VERDICT_ENCRYPTED = 4,      /**< A JWE, or compressed. */
	MINTMARK_VERDICT_ENCODING = 5,       /**< A part is not base64url without padding. */
	MINTMARK_VERDICT_HEADER = 6,         /**< The header is not a sound JSON object. */
	MINTMARK_VERDICT_CRITICAL = 7,       /**< crit or b64: an extension that is not understood. */
	MINTMARK_VERDICT_ALG_UNKNOWN = 8,    /**< alg is missing or no supported signature algorithm. */
	MINTMARK_VERDICT_ALG_REFUSED = 9,    /**< alg is not among the policy's. */
	MINTMARK_VERDICT_KEY_UNKNOWN = 10,   /**< No key of the set fits kid and alg. */
	MINTMARK_VERDICT_KEY_AMBIGUOUS = 11, /**< No kid, and several keys fit. */
	MINTMARK_VERDICT_KEY_ALG = 12,       /**< The key with this kid is for another algorithm. */
	MINTMARK_VERDICT_SIGNATURE = 13,     /**< The signature does not fit. */
	MINTMARK_VERDICT_TYPE = 14,          /**< typ is not at+jwt. */
	MINTMARK_VERDICT_CLAIMS = 15,        /**< The claims are not a sound JSON object. */
	MINTMARK_VERDICT_TIME = 16,          /**< exp, nbf or iat is no whole number of seconds, 1970 to 9999. */
	MINTMARK_VERDICT_CLAIM_MISSING = 17, /**< A required claim is missing. */
	MINTMARK_VERDICT_ISSUER = 18,        /**< iss is another issuer. */
	MINTMARK_VERDICT_AUDIENCE = 19,      /**< aud does not contain this audience. */
	MINTMARK_VERDICT_EXPIRED = 20,       /**< exp is past. */
	MINTMARK_VERDICT_NOT_YET = 21,       /**< nbf is in the future. */
	MINTMARK_VERDICT_FUTURE = 22,        /**< iat is in the future. */
	MINTMARK_VERDICT_SCOPE = 23,         /**< A required scope is missing. */
	MINTMARK_VERDICT_POLICY = 24,        /**< The policy or an argument is unusable. */
	MINTMARK_VERDICT_KEYS = 25,          /**< There are no keys, or they are too old. */
	MINTMARK_VERDICT_INTERNAL = 26,      /**< Out of memory, or the cryptography failed; not judged. */
	MINTMARK_VERDICT_BOUND = 27,         /**< cnf: it needs a proof that nobody checked (RFC 7800). */
	MINTMARK_VERDICT_REVOKED = 28,       /**< Named by the revocation feed. */
	MINTMARK_VERDICT_STALE = 29          /**< The revocation feed is not there, or too old. */
};

/**
 * Short name for programs and logs: "signature".
 *
 * @param verdict  any number
 * @return         constant, never NULL
 */
MINTMARK_API const char *mintmark_verdict_name(enum mintmark_verdict verdict);
/**
 * One sentence that is safe to show: which check failed and what would mend it.
 *
 * @param verdict  any number
 * @return         constant, never NULL
 */
MINTMARK_API const char *mintmark_verdict_text(enum mintmark_verdict verdict);
/**
 * The HTTP status that fits.
 *
 * @param verdict  any number
 * @return         200, 401 (RFC 6750 3.1 invalid_token), 403 (insufficient_scope), 500 or 503
 */
MINTMARK_API int mintmark_verdict_status(enum mintmark_verdict verdict);

/** What can be switched off, by name; a sum of them is struct mintmark_policy.off. */
enum mintmark_off {
	MINTMARK_OFF_ISSUER = 1,      /**< iss may be anything or missing: only the key set says who is trusted. */
	MINTMARK_OFF_AUDIENCE = 2,    /**< aud may be anything or missing: tokens for other APIs are accepted too. */
	MINTMARK_OFF_ALGORITHMS = 4,  /**< Any algorithm that the key is for: ES256 ES384 RS256 PS256 EdDSA. */
	MINTMARK_OFF_TYP = 8,         /**< typ may be anything or missing: ID tokens pass for access tokens. */
	MINTMARK_OFF_EXP = 16,        /**< exp may be missing; one that is there still counts. */
	MINTMARK_OFF_SUB = 32,        /**< sub may be missing. */
	MINTMARK_OFF_CLIENT_ID = 64,  /**< client_id may be missing. */
	MINTMARK_OFF_IAT = 128,       /**< iat may be missing; one in the future is still refused. */
	MINTMARK_OFF_JTI = 256,       /**< jti may be missing. */
	MINTMARK_OFF_CACHE = 512,     /**< Nothing is kept: every call verifies the signature. */
	MINTMARK_OFF_BOUND = 1024,    /**< cnf may be there: the caller checks the proof of possession itself. */
	/** Nobody is asked whether a token was revoked: it is good until it expires. For issuers without a feed. */
	MINTMARK_OFF_REVOCATION = 2048,
	/** While the feed is not there or too old, tokens are accepted that are not known to be revoked. */
	MINTMARK_OFF_REVOCATION_AGE = 4096
};

/** What a verifier demands. Strings are copied. Set everything to zero first; zero switches nothing off. */
struct mintmark_policy {
	size_t size;             /**< sizeof(struct mintmark_policy) */
	const char *issuer;      /**< iss, compared byte by byte. Required, or MINTMARK_OFF_ISSUER. */
	const char *audience;    /**< One of aud, byte by byte. Required, or MINTMARK_OFF_AUDIENCE. */
	const char *algorithms;  /**< Separated by blanks: "ES256 RS256". Required, or MINTMARK_OFF_ALGORITHMS. */
	const char *scopes;      /**< Separated by blanks: demanded by every call beside its own. NULL: none. */
	unsigned off;            /**< A sum of enum mintmark_off. */
	unsigned skew_s;         /**< Tolerated difference of clocks, seconds, 0 to 60. */
	unsigned cache_tokens;   /**< How many verified tokens are kept, 1 to 1048576 (about 4.5 KiB each); 0: 4096. */
	/**
	 * Whom to ask for revocations; the verifier holds it for itself. NULL: the issuer, as mintmark_feed_new() does
	 * by default, with the key set's ca_file and plain http; unless MINTMARK_OFF_REVOCATION.
	 */
	mintmark_feed *feed;
};

/** A verifier; opaque. Its policy never changes. */
typedef struct mintmark_verifier mintmark_verifier;
/** A token that was found valid; opaque. There is none for a refused token, so nobody can read its claims. */
typedef struct mintmark_token mintmark_token;

/**
 * Make a verifier.
 *
 * @param policy        borrowed for the call
 * @param keyset        whose keys decide; the verifier holds it for itself. NULL: discovered from the policy's issuer
 *                      with the default options of mintmark_keyset_discover()
 * @param ret_verifier  free it with mintmark_verifier_free()
 * @retval MINTMARK_ERROR_ARGUMENT  the policy lacks what is required and not switched off, names an unknown algorithm
 *                                  or a malformed scope (RFC 6749 3.3), has an unknown switch, a number out of its
 *                                  range or a wrong size
 * @retval MINTMARK_ERROR_MEMORY, MINTMARK_ERROR_SYSTEM
 */
MINTMARK_API MINTMARK_MUST_CHECK int mintmark_verifier_new(const struct mintmark_policy *policy,
							   mintmark_keyset *keyset, mintmark_verifier **ret_verifier);

/**
 * Check one token.
 *
 * Blocks only while there has never been a key set or a feed and its first fetch is under way, and, for one caller per
 * interval, when the token names a key that the set does not have; at most the timeout_ms of what is fetched, each
 * document.
 *
 * @param verifier   whose policy and keys decide
 * @param token      the token alone, without "Bearer "; borrowed for the call
 * @param len        its length in bytes
 * @param scopes     demanded by this call, separated by blanks; NULL or "": none beyond the policy's
 * @param ret_token  may be NULL; set for MINTMARK_VERDICT_VALID only: free it with mintmark_token_free()
 * @return           MINTMARK_VERDICT_VALID and nothing else means that the token may be honoured
 */
MINTMARK_API MINTMARK_MUST_CHECK enum mintmark_verdict mintmark_verifier_check(mintmark_verifier *verifier,
									       const char *token, size_t len,
									       const char *scopes,
									       mintmark_token **ret_token);

/**
 * Say in one sentence which check fails, what was found, and what would mend it. Checks anew, without the kept tokens
 * and without fetching anything. The text may quote the token's header and, when the signature fits, its claims, in
 * JSON's escaping; it contains no control characters and not the token itself.
 *
 * @param verifier  as for mintmark_verifier_check(), and so are:
 * @param token     the token alone
 * @param len       its length in bytes
 * @param scopes    demanded by this call
 * @param ret_text  room for size bytes; NUL-terminated, cut to size. 1024 are enough for most
 * @param size      of ret_text
 * @return          the verdict that the text is about
 */
MINTMARK_API enum mintmark_verdict mintmark_verifier_explain(mintmark_verifier *verifier, const char *token, size_t len,
							     const char *scopes, char *ret_text, size_t size);

/**
 * End a verifier. Tokens that were handed out live on.
 *
 * @param verifier  NULL is allowed
 */
MINTMARK_API void mintmark_verifier_free(mintmark_verifier *verifier);

/*
 * The claims of a valid token. Strings are NUL-terminated, borrowed, and live as long as the token. NULL (or -1 for
 * times) when the token has no such claim, which can only be where the policy does not demand it.
 */

/**
 * sub
 *
 * @param token  a valid token
 * @return       NULL: none
 */
MINTMARK_API const char *mintmark_token_subject(const mintmark_token *token);
/**
 * client_id (RFC 8693 4.3)
 *
 * @param token  a valid token
 * @return       NULL: none
 */
MINTMARK_API const char *mintmark_token_client_id(const mintmark_token *token);
/**
 * iss
 *
 * @param token  a valid token
 * @return       NULL: none
 */
MINTMARK_API const char *mintmark_token_issuer(const mintmark_token *token);
/**
 * jti
 *
 * @param token  a valid token
 * @return       NULL: none
 */
MINTMARK_API const char *mintmark_token_jti(const mintmark_token *token);
/**
 * scope: separated by blanks (RFC 8693 4.2)
 *
 * @param token  a valid token
 * @return       NULL: none
 */
MINTMARK_API const char *mintmark_token_scopes(const mintmark_token *token);
/**
 * Whether scope holds exactly this one.
 *
 * @param token  a valid token
 * @param scope  one scope
 * @return       1 or 0
 */
MINTMARK_API int mintmark_token_has_scope(const mintmark_token *token, const char *scope);
/**
 * exp
 *
 * @param token  a valid token
 * @return       seconds since 1970; -1: none
 */
MINTMARK_API int64_t mintmark_token_expiry(const mintmark_token *token);
/**
 * iat
 *
 * @param token  a valid token
 * @return       seconds since 1970; -1: none
 */
MINTMARK_API int64_t mintmark_token_issued_at(const mintmark_token *token);
/**
 * A claim that is a string.
 *
 * @param token  a valid token
 * @param name   of the claim
 * @return       NULL: there is none of this name, it is no string, or out of memory
 */
MINTMARK_API const char *mintmark_token_claim(mintmark_token *token, const char *name);
/**
 * Any claim as compact JSON text: a string has its quotes.
 *
 * @param token  a valid token
 * @param name   of the claim
 * @return       NULL: there is none, or out of memory
 */
MINTMARK_API const char *mintmark_token_claim_json(mintmark_token *token, const char *name);

/**
 * Every token that was handed out is freed once.
 *
 * @param token  NULL is allowed
 */
MINTMARK_API void mintmark_token_free(mintmark_token *token);

#ifdef __cplusplus
}
#endif
#endif
