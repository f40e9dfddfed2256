/* Refresh tokens and their places; see login_keep.h. Order of steps: RFC 6749 6, and what a crash leaves behind. */
#include "client/login_keep.h"

#include <stdio.h>

#include "client/grant.h"

enum { NOTE_PART_MAX = 480 };

void login_keep_init(struct login_keep *keep) { *keep = (struct login_keep){.folder.fd = -1, .lock = -1}; }

void login_keep_close(struct login_keep *keep)
{
	private_folder_closep(&keep->lock);
	private_folder_close(&keep->folder);
}

int login_keep_open(const struct settings *settings, struct login_keep *ret_keep, struct trouble *trouble)
{
	login_keep_init(ret_keep);
	ret_keep->settings = settings;
	TRY(private_folder_open(settings->config_dir.p, PRIVATE_CREATE | PRIVATE_DURABLE, &ret_keep->folder, trouble));
	TRY(private_folder_lock_file(&ret_keep->folder, LOGINS_LOCK, &ret_keep->lock, trouble));
	if (!private_folder_wait(ret_keep->lock, settings->timeout_ms))
		return trouble_set(trouble, MINTMARK_ERROR_TIMEOUT, "%s/" LOGINS_LOCK " is held by another process.",
				   ret_keep->folder.path);
	return MINTMARK_OK;
}

static int begin(const struct settings *settings, const struct logins_entry *entry, struct trouble *trouble,
		 struct storage_call *call)
{
	*call = (struct storage_call){.app = settings->app,
				      .issuer = entry->issuer,
				      .client_id = entry->client_id,
				      .folder = settings->config_dir,
				      .cancel = settings->cancel,
				      .may_start = settings->login_storage != STORAGE_AUTO ||
						   entry->storage != STORAGE_FILE,
				      .trouble = trouble};
	return storage_begin(call, settings->timeout_ms);
}

/* Which login, where: before what the place itself says. */
static int say_where(struct trouble *trouble, const struct logins_entry *entry)
{
	struct trouble why = *trouble;
	if (why.code != MINTMARK_ERROR_STORAGE)
		return why.code;
	return trouble_set(trouble, why.code, "The login at %.*s is kept in %s. %.*s", STR_ARG(entry->issuer),
			   storage_of(entry->storage)->words, NOTE_PART_MAX, why.text);
}

int login_keep_check(const struct settings *settings, struct trouble *trouble)
{
	struct storage_call call;
	const struct logins_entry nobody = {.storage = STORAGE_FILE};
	if (settings->login_storage == STORAGE_AUTO || settings->login_storage == STORAGE_FILE)
		return MINTMARK_OK;
	TRY(begin(settings, &nobody, trouble, &call));
	return storage_of(settings->login_storage)->check(&call);
}

/* Also for a login that is kept elsewhere: the file is where its successor goes when that place fails. */
int login_keep_prove(const struct login_keep *keep, struct trouble *trouble)
{
	return logins_rewrite(&keep->folder, trouble);
}

int login_keep_read(const struct settings *settings, const struct logins_entry *entry, struct arena *arena,
		    struct str *ret_token, struct trouble *trouble)
{
	_cleanup_(buf_done) struct buf token;
	struct storage_call call;
	bool found = false;
	const struct storage *storage = storage_of(entry->storage);
	buf_init(&token, GRANT_TOKEN_MAX);
	*ret_token = entry->refresh_token;
	if (entry->storage == STORAGE_FILE)
		return MINTMARK_OK;
	TRY(begin(settings, entry, trouble, &call));
	if (storage->get(&call, &token, &found) < 0)
		return say_where(trouble, entry);
	if (!found)
		return trouble_set(trouble, MINTMARK_ERROR_LOGIN,
				   "The login at %.*s was kept in %s and is not there any more. %s Log in again.",
				   STR_ARG(entry->issuer), storage->words, storage->end);
	return arena_str(arena, buf_str(&token), ret_token) < 0 ? trouble_of(trouble, E_NOMEM, "the login")
								 : MINTMARK_OK;
}

static int put(const struct login_keep *keep, const struct logins_entry *entry, struct trouble *trouble)
{
	struct storage_call call;
	TRY(begin(keep->settings, entry, trouble, &call));
	return storage_of(entry->storage)->put(&call, entry->refresh_token);
}

static int remove_from(const struct login_keep *keep, const struct logins_entry *entry, struct trouble *trouble)
{
	struct storage_call call;
	if (entry->storage == STORAGE_FILE)
		return MINTMARK_OK;
	TRY(begin(keep->settings, entry, trouble, &call));
	return storage_of(entry->storage)->remove(&call) < 0 ? say_where(trouble, entry) : MINTMARK_OK;
}

/* The Secret Service where there is one that works; what is there but does not work is worth a word. */
static enum storage_place choose(const struct login_keep *keep, const struct logins_entry *entry,
				 char note[TROUBLE_MAX])
{
	struct storage_call call;
	struct trouble why = {0};
	if (keep->settings->login_storage != STORAGE_AUTO)
		return keep->settings->login_storage;
	if (begin(keep->settings, entry, &why, &call) == MINTMARK_OK && storage_secret.check(&call) == MINTMARK_OK)
		return STORAGE_SECRET_SERVICE;
	if (why.is_passing)
		snprintf(note, TROUBLE_MAX, "%.*s", NOTE_PART_MAX, why.text);
	return STORAGE_FILE;
}

/* Into its place. Where nobody asked for one by name, the file is always there. */
static int put_first(const struct login_keep *keep, struct logins_entry *entry, char note[TROUBLE_MAX],
		     struct trouble *trouble)
{
	entry->storage = entry->refresh_token.len > 0 ? choose(keep, entry, note) : STORAGE_FILE;
	if (entry->storage == STORAGE_FILE)
		return MINTMARK_OK;
	int rc = put(keep, entry, trouble);
	if (rc != MINTMARK_ERROR_STORAGE || keep->settings->login_storage != STORAGE_AUTO)
		return rc;
	snprintf(note, TROUBLE_MAX, "%.*s", NOTE_PART_MAX, trouble->text);
	entry->storage = STORAGE_FILE;
	return MINTMARK_OK;
}

static bool is_same_place(const struct logins_entry *a, const struct logins_entry *b)
{
	return a->storage == b->storage && str_eq(a->client_id, b->client_id);
}

/*
 * First the secret, then the file that says where it is, then what was there before: after a crash the file names
 * something that is whole.
 */
int login_keep_first(const struct login_keep *keep, struct logins_entry *entry, char note[TROUBLE_MAX],
		     struct trouble *trouble)
{
	struct logins_entry before = {0};
	struct trouble why;
	struct arena arena;
	bool had = false;
	note[0] = '\0';
	arena_init(&arena, PRIVATE_FILE_MAX * 2);
	int rc = logins_find(&keep->folder, entry->issuer, &arena, &before, &had, trouble);
	if (rc == MINTMARK_OK || rc == MINTMARK_ERROR_STORAGE) /* a place of a later version: it may be replaced */
		rc = put_first(keep, entry, note, trouble);
	if (rc == MINTMARK_OK)
		rc = logins_put(&keep->folder, entry, trouble);
	if (rc == MINTMARK_OK && had && !is_same_place(&before, entry) && remove_from(keep, &before, &why) < 0)
		snprintf(note, TROUBLE_MAX, "An earlier login could not be removed. %.*s", NOTE_PART_MAX, why.text);
	arena_done(&arena);
	return rc;
}

int login_keep_next(const struct login_keep *keep, struct logins_entry *entry, char note[TROUBLE_MAX],
		    struct trouble *trouble)
{
	struct trouble why;
	note[0] = '\0';
	if (entry->storage == STORAGE_FILE)
		return logins_put(&keep->folder, entry, trouble);
	/* logins.json names the place already */
	if (put(keep, entry, &why) == MINTMARK_OK)
		return MINTMARK_OK;
	const char *words = storage_of(entry->storage)->words;
	entry->storage = STORAGE_FILE;
	snprintf(note, TROUBLE_MAX, "The login could not be put back into %s and is in %s/" LOGINS_FILE
		 " now; to move it, log in again. %.*s", words, keep->settings->config_dir.p, NOTE_PART_MAX, why.text);
	return logins_put(&keep->folder, entry, trouble);
}

/* The other way round: as long as the file names it, the end can be tried once more. */
int login_keep_remove(const struct login_keep *keep, const struct logins_entry *entry, struct trouble *trouble)
{
	TRY(remove_from(keep, entry, trouble));
	return logins_remove(&keep->folder, entry->issuer, trouble);
}
