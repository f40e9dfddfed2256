/* Logins of a person; see logins.h. */
#include "client/logins.h"

#include "json/json.h"

static int parse(const struct private_folder *folder, struct json **ret_document, struct trouble *trouble)
{
	_cleanup_(buf_done) struct buf text;
	bool found;
	buf_init(&text, PRIVATE_FILE_MAX);
	TRY(private_folder_read(folder, LOGINS_FILE, &text, &found, trouble));
	int rc = json_parse_object(found ? buf_str(&text) : STR("{}"), ret_document);
	if (rc == E_NOMEM)
		return trouble_of(trouble, rc, LOGINS_FILE);
	if (rc < 0)
		return trouble_set(trouble, MINTMARK_ERROR_SYNTAX,
				   "%s/" LOGINS_FILE " is not what it should be. Remove it and log in again.",
				   folder->path);
	return MINTMARK_OK;
}

static struct str text_of(const struct json *object, const char *name)
{
	struct str value;
	return json_get_str(object, name, &value) == 0 ? value : STR("");
}

static int copy_entry(struct str issuer, const struct json *object, struct arena *arena, struct logins_entry *entry)
{
	TRY(arena_str(arena, issuer, &entry->issuer));
	TRY(arena_str(arena, text_of(object, "client_id"), &entry->client_id));
	TRY(arena_str(arena, text_of(object, "refresh_token"), &entry->refresh_token));
	TRY(arena_str(arena, text_of(object, "scope"), &entry->scope));
	struct str storage = text_of(object, "storage");
	if (!storage_find(storage.len > 0 ? storage : STR("file"), &entry->storage))
		entry->storage = STORAGE_AUTO;
	return arena_str(arena, text_of(object, "created_at"), &entry->created_at);
}

int logins_find(const struct private_folder *folder, struct str issuer, struct arena *arena,
		struct logins_entry *ret_entry, bool *ret_found, struct trouble *trouble)
{
	_cleanup_(json_freep) struct json *document = NULL;
	const struct json *object, *found = NULL;
	struct str name, found_name = {0};
	void *iter = NULL;
	size_t n = 0;
	*ret_found = false;
	TRY(parse(folder, &document, trouble));
	for (; json_each(document, &iter, &name, &object); n++)
		if (issuer.len == 0 || str_eq(name, issuer)) {
			found = object;
			found_name = name;
		}
	if (!found || (issuer.len == 0 && n > 1))
		return MINTMARK_OK;
	if (copy_entry(found_name, found, arena, ret_entry) < 0)
		return trouble_of(trouble, E_NOMEM, LOGINS_FILE);
	if (ret_entry->storage == STORAGE_AUTO)
		return trouble_set(trouble, MINTMARK_ERROR_STORAGE,
				   "The login at %.*s is kept in a place that this version does not know. Log in "
				   "again.", STR_ARG(found_name));
	*ret_found = ret_entry->client_id.len > 0;
	return MINTMARK_OK;
}

static void emit_entry(struct json_out *json, const struct logins_entry *entry)
{
	json_open(json, NULL, '{');
	json_str(json, "client_id", entry->client_id);
	if (entry->storage == STORAGE_FILE)
		json_str(json, "refresh_token", entry->refresh_token);
	else
		json_str(json, "storage", str_of(storage_of(entry->storage)->name));
	json_str(json, "scope", entry->scope);
	json_str(json, "created_at", entry->created_at);
	json_close(json, '}');
}

/* All members but this issuer's, then the new one where there is one. */
static int replace(const struct private_folder *folder, struct str issuer, const struct logins_entry *entry,
		   struct trouble *trouble)
{
	_cleanup_(json_freep) struct json *document = NULL;
	_cleanup_(buf_done) struct buf text;
	const struct json *object;
	struct json_out json;
	struct str name;
	void *iter = NULL;
	buf_init(&text, PRIVATE_FILE_MAX);
	TRY(parse(folder, &document, trouble));
	buf_put(&text, STR("{"));
	while (json_each(document, &iter, &name, &object)) {
		if (str_eq(name, issuer))
			continue;
		buf_put(&text, text.len > 1 ? STR(",") : STR(""));
		json_put_quoted(&text, name);
		buf_put(&text, STR(":"));
		json_dump(object, &text);
	}
	if (entry) {
		buf_put(&text, text.len > 1 ? STR(",") : STR(""));
		json_put_quoted(&text, issuer);
		buf_put(&text, STR(":"));
		json_out_init(&json, &text);
		emit_entry(&json, entry);
	}
	buf_put(&text, STR("}\n"));
	if (buf_status(&text) < 0)
		return trouble_of(trouble, buf_status(&text), LOGINS_FILE);
	return private_folder_write(folder, LOGINS_FILE, buf_str(&text), trouble);
}

int logins_put(const struct private_folder *folder, const struct logins_entry *entry, struct trouble *trouble)
{
	return replace(folder, entry->issuer, entry, trouble);
}

int logins_remove(const struct private_folder *folder, struct str issuer, struct trouble *trouble)
{
	return replace(folder, issuer, NULL, trouble);
}

int logins_rewrite(const struct private_folder *folder, struct trouble *trouble)
{
	return replace(folder, STR(""), NULL, trouble); /* nobody's issuer is empty */
}
