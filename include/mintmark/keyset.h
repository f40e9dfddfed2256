/**
 * @file
 * Key sets: the public keys that a verifier (mintmark/verify.h) trusts, RFC 7517. A set is given once and for all, or
 * fetched from its issuer and kept up to date.
 *
 * A fetched set has one thread of its own, which alone talks to the network. It fetches
 *   - at once when the set is made;
 *   - again when four fifths of the answer's lifetime are over (Cache-Control: max-age, at most refresh_s);
 *   - when a token names a key that is not in the set, but never twice within interval_s, whatever arrives: the one
 *     caller that met the unknown key first waits for the answer, at most timeout_ms; all others go on with the set
 *     that there is;
 *   - again after interval_s when a fetch failed.
 * A document that can't be had, isn't application/json or application/…+json, is no key set, has no usable key, or
 * names one kid for two different keys changes nothing: the last good set stays in use until it is max_age_s old.
 * After that no token is accepted until a fetch succeeds. At most 256 KiB and 64 keys are read.
 *
 * Where may be fetched from: https with verified certificates (TLS 1.2 or later); plain http only from loopback
 * addresses, unless MINTMARK_KEYSET_PLAIN_HTTP says otherwise. Redirects are never followed, proxies never used. The
 * issuer or URL is yours, so it may have a private address; a jwks_uri that the issuer's metadata name may have one
 * only at the issuer's own origin (scheme, host and port), so that metadata can't point into your network. Addresses
 * are judged when the connection is made, after the name was resolved.
 *
 * fork(2): the thread doesn't exist in a child. Make key sets and verifiers after forking.
 *
 * Thread-safety: any thread may use a key set at any time; mintmark_keyset_free() is the last call of its owner.
 */
#ifndef MINTMARK_KEYSET_H
#define MINTMARK_KEYSET_H

#include <stddef.h>
#include <stdint.h>

#include <mintmark/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A key set; opaque. */
typedef struct mintmark_keyset mintmark_keyset;

/** Switches; a sum of them is struct mintmark_keyset_options.flags. */
enum mintmark_keyset_flags {
	MINTMARK_KEYSET_PLAIN_HTTP = 1 /**< Plain http from any address: whoever is on the way can forge keys. */
};

/** How a set is fetched. Zero everywhere but in size means the defaults. Strings are copied. */
struct mintmark_keyset_options {
	size_t size;         /**< sizeof(struct mintmark_keyset_options) */
	uint32_t refresh_s;  /**< Longest lifetime of an answer, seconds, 1 to 86400; default 300. */
	uint32_t interval_s; /**< Shortest time between two fetches, seconds, 1 to 3600; default 10. */
	uint32_t max_age_s;  /**< How old the last good set may get, seconds, 1 to 2592000; default 86400. */
	uint32_t timeout_ms; /**< For one document, in total, and for waiting callers, 1 to 60000; default 5000. */
	unsigned flags;      /**< A sum of enum mintmark_keyset_flags. */
	const char *ca_file; /**< PEM file of certificates to trust instead of the system's; NULL: the system's. */
};

/**
 * A fixed set from the text of a JWKS document. It is never fetched and never gets old.
 *
 * @param json        the document, {"keys": […]}; borrowed for the call
 * @param len         its length in bytes, at most 262144
 * @param ret_keyset  the set; free it with mintmark_keyset_free()
 * @retval MINTMARK_ERROR_SYNTAX  no key set, no usable key in it, or one kid for two different keys
 * @retval MINTMARK_ERROR_LIMIT   more than 262144 bytes or 64 keys
 * @retval MINTMARK_ERROR_ARGUMENT, MINTMARK_ERROR_MEMORY, MINTMARK_ERROR_SYSTEM
 */
MINTMARK_API MINTMARK_MUST_CHECK int mintmark_keyset_parse(const char *json, size_t len, mintmark_keyset **ret_keyset);

/**
 * The set of an issuer, by its metadata (OpenID Connect Discovery 4: ISSUER/.well-known/openid-configuration, then
 * RFC 8414 3: /.well-known/oauth-authorization-server inserted before the path). The issuer in them must be the same
 * byte by byte (RFC 8414 3.3). Returns at once; mintmark_keyset_wait() says whether it can be had.
 *
 * @param issuer      URL, at most 2000 bytes
 * @param options     NULL: the defaults
 * @param ret_keyset  the set; free it with mintmark_keyset_free()
 * @retval MINTMARK_ERROR_ARGUMENT  no issuer, a wrong size, or an option out of its range
 * @retval MINTMARK_ERROR_MEMORY, MINTMARK_ERROR_SYSTEM
 */
MINTMARK_API MINTMARK_MUST_CHECK int mintmark_keyset_discover(const char *issuer,
							      const struct mintmark_keyset_options *options,
							      mintmark_keyset **ret_keyset);

/**
 * The same from the URL of the JWKS document itself.
 *
 * @param url         at most 2000 bytes
 * @param options     NULL: the defaults
 * @param ret_keyset  the set; free it with mintmark_keyset_free()
 * @return            as mintmark_keyset_discover()
 */
MINTMARK_API MINTMARK_MUST_CHECK int mintmark_keyset_url(const char *url,
							 const struct mintmark_keyset_options *options,
							 mintmark_keyset **ret_keyset);

/**
 * Wait until the first fetch has ended: a start-up check. Nothing else needs it; a verifier waits by itself.
 *
 * @param keyset      the set
 * @param timeout_ms  how long to wait at most
 * @retval MINTMARK_OK             there is a set, and it is not too old
 * @retval MINTMARK_ERROR_TIMEOUT  no fetch has ended in time
 * @return otherwise why the last fetch failed: MINTMARK_ERROR_NETWORK, _STATUS, _SYNTAX, _LIMIT, _REFUSED, _ISSUER,
 *         _TIMEOUT, _MEMORY
 */
MINTMARK_API MINTMARK_MUST_CHECK int mintmark_keyset_wait(mintmark_keyset *keyset, uint32_t timeout_ms);

/**
 * What the set is and how its last fetch went, one sentence for logs and status pages: NUL-terminated, cut to size.
 *
 * @param keyset    the set
 * @param ret_text  room for size bytes; 512 are enough
 * @param size      of ret_text, at least 1
 * @retval MINTMARK_OK, MINTMARK_ERROR_ARGUMENT
 */
MINTMARK_API int mintmark_keyset_explain(mintmark_keyset *keyset, char *ret_text, size_t size);

/**
 * Give up the caller's hold; verifiers that use the set keep theirs. With the last one its thread ends; a fetch that is
 * under way is given up, which can take about a second. NULL is allowed.
 *
 * @param keyset  the set
 */
MINTMARK_API void mintmark_keyset_free(mintmark_keyset *keyset);

#ifdef __cplusplus
}
#endif
#endif
