/*
 * logins.json: what a person's login left behind, by issuer: { "ISSUER": {client_id, refresh_token, scope, created_at}
 * }, or with "storage" (client/storage.h) instead of the refresh token, which is kept there then. A refresh token is
 * used once where the server rotates them, so whoever uses one holds the file's lock until the next one stands there:
 * client/login_keep.h. Mode 0600, in ~/.config/app.
 */
#ifndef CLIENT_LOGINS_H
#define CLIENT_LOGINS_H

#include "base/arena.h"
#include "client/private_folder.h"
#include "client/storage.h"

#define LOGINS_FILE "logins.json"
#define LOGINS_LOCK "logins.json.lock"

struct logins_entry {
	struct str issuer, client_id, refresh_token, scope, created_at;
	enum storage_place storage; /* where the refresh token is; of STORAGE_FILE it is here */
};

/*
 * The login of an issuer, or the only one where no issuer is given; in the arena. MINTMARK_ERROR_FILE,
 * MINTMARK_ERROR_SYNTAX, MINTMARK_ERROR_MEMORY.
 */
must_check int logins_find(const struct private_folder *folder, struct str issuer, struct arena *arena,
			   struct logins_entry *ret_entry, bool *ret_found, struct trouble *trouble);
/* Put it in, or in the place of the issuer's present one. The caller holds the lock. As above. */
must_check int logins_put(const struct private_folder *folder, const struct logins_entry *entry,
			  struct trouble *trouble);
/*
 * The same content once more: whether there is space and the right to write, before something is done that can only be
 * kept by writing. As above.
 */
must_check int logins_rewrite(const struct private_folder *folder, struct trouble *trouble);
/* No such login is fine. The caller holds the lock. */
must_check int logins_remove(const struct private_folder *folder, struct str issuer, struct trouble *trouble);

#endif
