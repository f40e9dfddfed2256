/*
 * The keys that keyd has loaded: an immutable table behind a mutex, replaced on every change. Each channel's thread
 * looks through its own view, which keeps a signer (a kept key context) per key. keyd only.
 */
#ifndef KEYS_KEYRING_H
#define KEYS_KEYRING_H

#include <pthread.h>
#include <stdatomic.h>

#include "crypto/seal.h"
#include "crypto/sig.h"
#include "keys/proto.h"

enum { KEYRING_MAX = 64, KEYRING_HEADER_MAX = 256 };

/* A loaded key; immutable, reference-counted. */
struct keyring_key {
	_Atomic unsigned refs;
	struct sig_key *key;
	struct str kid, jwk;              /* point into text */
	struct str headers[TOKEN_KINDS];  /* the JOSE header of each kind, base64url, with the dot behind it */
	char text[];
};

struct keyring_table {
	_Atomic unsigned refs;
	size_t n;
	struct keyring_key *keys[KEYRING_MAX];
};

struct keyring {
	pthread_mutex_t lock;
	struct keyring_table *table;
	_Atomic unsigned long generation; /* raised by each change */
};

/* One thread's sight of the ring. */
struct keyring_view {
	struct keyring *ring;
	struct keyring_table *table;
	unsigned long generation;
	struct sig_signer *signers[KEYRING_MAX]; /* made when first needed */
};

/* E_NOMEM. */
must_check int keyring_init(struct keyring *ring);
void keyring_done(struct keyring *ring);

/*
 * A new key, not added to any ring: its public JWK, and the private key sealed so that keyring_load needs nothing
 * else, appended.
 */
must_check int keyring_generate(const unsigned char master[SEAL_MASTER_LEN], enum sig_alg alg, struct buf *ret_jwk,
				struct buf *ret_sealed);
/*
 * Add a sealed key; its public JWK is appended. Adding one that is there changes nothing. E_SYNTAX, E_SIGNATURE: not
 * sealed by us, or altered; E_LIMIT: the ring is full; E_CRYPTO, E_NOMEM. Thread-safe.
 */
must_check int keyring_load(struct keyring *ring, const unsigned char master[SEAL_MASTER_LEN], struct str sealed,
			    struct buf *ret_jwk);
/* Forget a key; threads that sign with it drop it before their next batch. E_ABSENT, E_NOMEM. Thread-safe. */
must_check int keyring_unload(struct keyring *ring, struct str kid);

void keyring_view_init(struct keyring_view *view, struct keyring *ring);
void keyring_view_done(struct keyring_view *view);
/* Take over what has changed in the ring; cheap when nothing has. */
void keyring_view_refresh(struct keyring_view *view);
/* The key and this thread's signer for it; both live until the next refresh. E_ABSENT, E_CRYPTO, E_NOMEM. */
must_check int keyring_view_find(struct keyring_view *view, struct str kid, const struct keyring_key **ret_key,
				 struct sig_signer **ret_signer);
/* {"keys":[...]} of the view. */
void keyring_view_jwks(const struct keyring_view *view, struct buf *out);

#endif
