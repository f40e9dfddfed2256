/*
 * The server's side of the key lifecycle: what the store has is loaded into keyd, new keys are made by keyd and stored,
 * and keys move next -> active -> retiring -> gone as keys/lifecycle.h plans. Used by the keeper, by the
 * administration's rotate, and by `mintmark init`. One caller at a time. Blocks.
 */
#ifndef ADMIN_ROTATION_H
#define ADMIN_ROTATION_H

#include "base/clock.h"
#include "keys/lifecycle.h"
#include "keys/signer.h"
#include "store/store.h"

struct config;

struct rotation {
	struct store *store;
	struct signer *signer; /* the control channel */
	const struct clock *clock;
};

/* Policy from the configuration, and from the APIs: an algorithm that an API uses is in use. Borrows from config and
 * arena. */
must_check int rotation_policy(const struct rotation *rotation, const struct config *config, struct arena *arena,
			       struct lifecycle_policy *ret_policy);
/*
 * Do what is due: generate, publish, promote, retire, remove. *ret_changed: something did, or (set on failure too) may
 * have. E_SIGNER, E_STORE, E_NOMEM.
 */
must_check int rotation_advance(const struct rotation *rotation, const struct lifecycle_policy *policy,
				bool *ret_changed);
/*
 * A new key in state KEY_NEXT: made by keyd, stored sealed, loaded; published by whoever lists the store's keys. actor:
 * for the audit chain. *ret_key: kid in the arena, alg borrowed, without sealed and public_jwk. E_SIGNER, E_STORE,
 * E_NOMEM.
 */
must_check int rotation_make(const struct rotation *rotation, struct str alg, struct str actor, struct arena *arena,
			     struct signing_key *ret_key);
/* LOAD every key that may be needed for signing. E_SIGNER: one did not open, or keyd is gone. */
must_check int rotation_load(const struct rotation *rotation);

#endif
