/*
 * A login's refresh token: read, replaced by its successor, moved and removed, wherever it is kept (client/storage.h).
 * Whoever holds one of these is alone with the logins of this folder; so between reading a refresh token and storing
 * the next one nobody uses it a second time.
 *
 * What is never done: letting go of a refresh token that the server gave before it stands somewhere. Where the place of
 * a login fails after the server has rotated, the successor goes into the 0600 file, and that is said.
 */
#ifndef CLIENT_LOGIN_KEEP_H
#define CLIENT_LOGIN_KEEP_H

#include "client/logins.h"
#include "client/settings.h"

struct login_keep {
	const struct settings *settings;
	struct private_folder folder;
	int lock; /* -1: not held */
};

/* Take the lock, waiting up to the settings' time. _FILE, _TIMEOUT. login_keep_close() in any case. */
must_check int login_keep_open(const struct settings *settings, struct login_keep *ret_keep, struct trouble *trouble);
void login_keep_close(struct login_keep *keep);
/* Neither open nor held. */
void login_keep_init(struct login_keep *keep);

/* Before anybody is asked to log in: whether the place that the settings name can be used. _STORAGE, _CANCELLED. */
must_check int login_keep_check(const struct settings *settings, struct trouble *trouble);

/*
 * Whether the successor of a refresh token could be kept, asked before it is spent: a full disk must not end a login.
 * _FILE, _SYNTAX, _MEMORY.
 */
must_check int login_keep_prove(const struct login_keep *keep, struct trouble *trouble);
/*
 * The refresh token, in the arena; empty: the server gave none. _STORAGE, _CANCELLED, _MEMORY; MINTMARK_ERROR_LOGIN: it
 * was there, and is gone.
 */
must_check int login_keep_read(const struct settings *settings, const struct logins_entry *entry, struct arena *arena,
			       struct str *ret_token, struct trouble *trouble);
/*
 * A new login, in the place of an earlier one: where the settings say. ret_entry->storage becomes the place;
 * note: what is worth telling, or "". _STORAGE, _FILE, _CANCELLED, _MEMORY.
 */
must_check int login_keep_first(const struct login_keep *keep, struct logins_entry *entry, char note[TROUBLE_MAX],
				struct trouble *trouble);
/* The successor of a refresh token: where the login is kept. As above. */
must_check int login_keep_next(const struct login_keep *keep, struct logins_entry *entry, char note[TROUBLE_MAX],
			       struct trouble *trouble);
/* The end of a login. As above; when it fails, the login is as it was. */
must_check int login_keep_remove(const struct login_keep *keep, const struct logins_entry *entry,
				 struct trouble *trouble);

#endif
