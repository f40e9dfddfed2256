/* Records of kept tokens; see cache.h. Reads what other processes of this person wrote. */
#include "client/cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/enc.h"
#include "base/fault.h"
#include "base/secret.h"
#include "crypto/digest.h"
#include "json/json.h"

enum { VERSION = 1, KEY_MAX = 65536, NAME_BYTES = 20, FAILURE_COUNT_MAX = 1000000 };

void cache_init(struct cache_record *record)
{
	*record = (struct cache_record){0};
	grant_init(&record->grant);
}

void cache_done(struct cache_record *record) { grant_done(&record->grant); }

int cache_name(const struct cache_key *key, char ret_name[CACHE_NAME_MAX])
{
	_cleanup_(buf_done) struct buf text;
	unsigned char digest[SHA256_LEN];
	char hex[2 * NAME_BYTES + 1] = {0};
	struct buf name;
	buf_init(&text, KEY_MAX);
	const struct str parts[] = {str_of(key->kind), key->issuer, key->client_id,
				    key->secret,       key->scope,  key->audience};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		buf_put_str32(&text, parts[i]); /* no two different keys have one text */
	TRY(buf_status(&text));
	digest_sha256_light(buf_str(&text), digest);
	buf_init_fixed(&name, hex, sizeof(hex) - 1);
	enc_hex(&name, str_mem(digest, NAME_BYTES));
	snprintf(ret_name, CACHE_NAME_MAX, "token-%s", hex);
	return 0;
}

static bool is_about(const struct json *document, const char *name, struct str wanted)
{
	struct str value;
	return json_get_str(document, name, &value) == 0 && str_eq(value, wanted);
}

static bool is_of(const struct json *document, const struct cache_key *key)
{
	int64_t version;
	return json_get_int(document, "version", &version) == 0 && version == VERSION &&
	       is_about(document, "issuer", key->issuer) && is_about(document, "client_id", key->client_id);
}

static int read_moment(const struct json *object, struct moment *ret_moment)
{
	struct str id;
	TRY(json_get_int(object, "at", &ret_moment->wall_s));
	TRY(json_get_int(object, "at_boot", &ret_moment->boot_s));
	TRY(json_get_str(object, "boot_id", &id));
	if (id.len >= sizeof(ret_moment->boot_id))
		return E_SYNTAX;
	memcpy(ret_moment->boot_id, id.p, id.len);
	ret_moment->boot_id[id.len] = '\0';
	return 0;
}

static int read_token(const struct json *object, const struct moment *now, struct cache_record *record)
{
	struct grant *grant = &record->grant;
	struct str token, scope;
	TRY(read_moment(object, &record->moment));
	TRY(json_get_str(object, "access_token", &token));
	TRY(json_get_str(object, "scope", &scope));
	TRY(json_get_int(object, "life", &grant->life_s));
	TRY(json_get_bool(object, "renewed", &grant->is_renewed));
	grant->age_s = moment_age_s(&record->moment, now);
	grant->obtained_s = now->wall_s - grant->age_s;
	bool sound = grant->age_s >= 0 && grant->life_s >= 0 && grant->life_s <= GRANT_LIFE_MAX_S &&
		     str_is_b64token(token);
	if (!sound)
		return E_SYNTAX;
	buf_put(&grant->token, token);
	buf_put(&grant->scope, scope);
	TRY(buf_status(&grant->token));
	return buf_status(&grant->scope);
}

static int read_failure(const struct json *object, struct cache_record *record)
{
	struct cache_failure *failure = &record->failure;
	int64_t code;
	struct str text;
	TRY(read_moment(object, &record->failed));
	TRY(json_get_int(object, "code", &code));
	TRY(json_get_int(object, "count", &failure->count));
	TRY(json_get_int(object, "rest", &failure->rest_s));
	TRY(json_get_bool(object, "passing", &failure->is_passing));
	TRY(json_get_str(object, "text", &text));
	if (code >= 0 || code < MINTMARK_ERROR_LOGIN || failure->count < 1 || failure->count > FAILURE_COUNT_MAX ||
	    text.len >= sizeof(failure->text))
		return E_SYNTAX;
	failure->code = (int)code;
	memcpy(failure->text, text.p, text.len);
	failure->text[text.len] = '\0';
	return 0;
}

int cache_parse(struct str text, const struct cache_key *key, const struct moment *now, struct cache_record *ret_record)
{
	_cleanup_(json_freep) struct json *document = NULL;
	const struct json *object;
	TRY(json_parse_object(text, &document));
	if (!is_of(document, key))
		return E_SYNTAX;
	if (json_get_object(document, "token", &object) == 0)
		TRY(read_token(object, now, ret_record));
	if (json_get_object(document, "failure", &object) == 0)
		TRY(read_failure(object, ret_record));
	return 0;
}

static void emit_moment(struct json_out *json, const struct moment *moment)
{
	json_int(json, "at", moment->wall_s);
	json_int(json, "at_boot", moment->boot_s);
	json_str(json, "boot_id", str_of(moment->boot_id));
}

static void emit_token(struct json_out *json, const struct cache_record *record)
{
	json_open(json, "token", '{');
	emit_moment(json, &record->moment);
	json_int(json, "life", record->grant.life_s);
	json_bool(json, "renewed", record->grant.is_renewed);
	json_str(json, "scope", buf_str(&record->grant.scope));
	json_str(json, "access_token", buf_str(&record->grant.token));
	json_close(json, '}');
}

static void emit_failure(struct json_out *json, const struct cache_record *record)
{
	json_open(json, "failure", '{');
	emit_moment(json, &record->failed);
	json_int(json, "code", record->failure.code);
	json_int(json, "count", record->failure.count);
	json_int(json, "rest", record->failure.rest_s);
	json_bool(json, "passing", record->failure.is_passing);
	json_str(json, "text", str_of(record->failure.text));
	json_close(json, '}');
}

void cache_emit(const struct cache_record *record, const struct cache_key *key, struct buf *out)
{
	struct json_out json;
	json_out_init(&json, out);
	json_open(&json, NULL, '{');
	json_int(&json, "version", VERSION);
	json_str(&json, "kind", str_of(key->kind));
	json_str(&json, "issuer", key->issuer);
	json_str(&json, "client_id", key->client_id);
	if (record->grant.token.len > 0)
		emit_token(&json, record);
	if (record->failure.code < 0)
		emit_failure(&json, record);
	json_close(&json, '}');
	buf_put(out, STR("\n"));
}

int cache_load(const struct private_folder *folder, const char *name, const struct cache_key *key,
	       const struct moment *now, struct cache_record *ret_record, struct trouble *trouble)
{
	_cleanup_(buf_done) struct buf text;
	char file[CACHE_NAME_MAX + 8];
	bool found;
	buf_init(&text, PRIVATE_FILE_MAX);
	cache_done(ret_record);
	cache_init(ret_record);
	snprintf(file, sizeof(file), "%s.json", name);
	TRY(private_folder_read(folder, file, &text, &found, trouble));
	int rc = found ? cache_parse(buf_str(&text), key, now, ret_record) : 0;
	if (rc == E_NOMEM)
		return trouble_of(trouble, rc, "the kept token");
	if (rc < 0) {
		cache_done(ret_record);
		cache_init(ret_record);
	}
	return MINTMARK_OK;
}

int cache_store(const struct private_folder *folder, const char *name, const struct cache_key *key,
		const struct cache_record *record, struct trouble *trouble)
{
	_cleanup_(buf_done) struct buf text;
	char file[CACHE_NAME_MAX + 8];
	buf_init(&text, PRIVATE_FILE_MAX);
	snprintf(file, sizeof(file), "%s.json", name);
	cache_emit(record, key, &text);
	if (buf_status(&text) < 0)
		return trouble_of(trouble, buf_status(&text), "the kept token");
	return private_folder_write(folder, file, buf_str(&text), trouble);
}

/* --- all tokens of a login --- */

static bool is_record(const char *name)
{
	size_t len = strlen(name);
	return strncmp(name, "token-", 6) == 0 && len > 5 && len < CACHE_NAME_MAX + 8 &&
	       strcmp(name + len - 5, ".json") == 0;
}

/* Records of earlier versions say no kind. What can't be read as a record is nobody's token. */
static int is_of_login(const struct private_folder *folder, const char *name, const struct cache_key *key,
		       bool *ret_is, struct trouble *trouble)
{
	_cleanup_(buf_done) struct buf text;
	_cleanup_(json_freep) struct json *document = NULL;
	bool found;
	buf_init(&text, PRIVATE_FILE_MAX);
	*ret_is = false;
	TRY(private_folder_read(folder, name, &text, &found, trouble));
	int rc = found ? json_parse_object(buf_str(&text), &document) : E_SYNTAX;
	if (rc == E_NOMEM)
		return trouble_of(trouble, rc, "the kept tokens");
	*ret_is = rc == 0 && is_of(document, key) &&
		  (!json_has(document, "kind") || is_about(document, "kind", str_of(key->kind)));
	return MINTMARK_OK;
}

/* One file; counted when it was one of them. */
static int forget_record(const struct private_folder *folder, const char *name, const struct cache_key *key,
			 unsigned *n, struct trouble *trouble)
{
	bool is_it;
	if (!is_record(name))
		return MINTMARK_OK;
	TRY(is_of_login(folder, name, key, &is_it, trouble));
	if (is_it && (fault_hit(FAULT_FILE) || unlinkat(folder->fd, name, 0) < 0))
		return trouble_set(trouble, MINTMARK_ERROR_FILE, "%s/%s can not be removed.", folder->path, name);
	*n += is_it;
	return MINTMARK_OK;
}

int cache_forget_login(const struct private_folder *folder, struct str issuer, struct str client_id, unsigned *ret_n,
		       struct trouble *trouble)
{
	const struct cache_key key = {.issuer = issuer, .client_id = client_id, .kind = CACHE_KIND_LOGIN};
	struct trouble why;
	int rc = MINTMARK_OK;
	*ret_n = 0;
	if (folder->fd < 0)
		return MINTMARK_OK;
	int fd = fault_hit(FAULT_FILE) ? -1 : openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
	if (!list) {
		private_folder_closep(&fd);
		return trouble_set(trouble, MINTMARK_ERROR_FILE, "%s can not be read.", folder->path);
	}
	for (struct dirent *entry; (entry = readdir(list));)
		if (forget_record(folder, entry->d_name, &key, ret_n, &why) < 0) { /* the others go all the same */
			rc = why.code;
			*trouble = why;
		}
	closedir(list);
	return rc;
}

int64_t cache_rest_s(const struct cache_record *record, const struct moment *now)
{
	if (record->failure.code == 0)
		return 0;
	int64_t age_s = moment_age_s(&record->failed, now), rest_s = record->failure.rest_s;
	if (age_s < 0 || rest_s > CACHE_REST_MAX_S) /* a clock was set: nobody may be locked out by that */
		return 0;
	return age_s < rest_s ? rest_s - age_s : 0;
}
