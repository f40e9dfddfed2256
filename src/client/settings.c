/* Options, environment, folders; see settings.h. XDG Base Directory Specification. Must never be used by a set-uid
 * program's caller to choose files: secure_getenv(3). */
#include "client/settings.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

enum { STRINGS_MAX = 65536, NAME_MAX_LEN = 64, VALUE_MAX = 8192, TIMEOUT_MS = 15000, PASSWD_ROOM = 4096 };

static bool is_of(struct str s, const char *alphabet)
{
	for (size_t i = 0; i < s.len; i++)
		if (!strchr(alphabet, s.p[i]))
			return false;
	return s.len > 0 && s.len <= NAME_MAX_LEN;
}

bool settings_is_prefix(struct str s) { return is_of(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"); }

/* It becomes the name of a folder. */
bool settings_is_app(struct str s)
{
	return is_of(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") && s.p[0] != '.';
}

static int keep(struct settings *settings, const char *text, struct str *ret_copy)
{
	struct str s = str_of(text ? text : "");
	if (s.len > VALUE_MAX)
		return MINTMARK_ERROR_ARGUMENT;
	return arena_str(&settings->strings, s, ret_copy) < 0 ? MINTMARK_ERROR_MEMORY : MINTMARK_OK;
}

/* $PREFIX_NAME; empty counts as unset. */
static int read_variable(struct settings *settings, const char *name, struct str *ret_value)
{
	struct str full;
	if (arena_printf(&settings->strings, &full, "%.*s_%s", STR_ARG(settings->prefix), name) < 0)
		return MINTMARK_ERROR_MEMORY;
	return keep(settings, secure_getenv(full.p), ret_value);
}

/* What the program didn't say, the environment may. */
static int read_or(struct settings *settings, const char *option, const char *name, struct str *ret_value)
{
	if (option && option[0])
		return keep(settings, option, ret_value);
	return read_variable(settings, name, ret_value);
}

static int find_home(struct settings *settings, struct str *ret_home)
{
	char room[PASSWD_ROOM];
	struct passwd entry, *found = NULL;
	const char *home = secure_getenv("HOME");
	if (home && home[0] == '/')
		return keep(settings, home, ret_home);
	if (getpwuid_r(geteuid(), &entry, room, sizeof(room), &found) == 0 && found && entry.pw_dir[0] == '/')
		return keep(settings, entry.pw_dir, ret_home);
	return MINTMARK_OK;
}

/* XDG: a relative path is to be ignored. Credentials have a fixed place, where other SDKs of the format look too. */
static int find_folders(struct settings *settings)
{
	struct str home = {0};
	const char *cache = secure_getenv("XDG_CACHE_HOME");
	TRY(find_home(settings, &home));
	int rc = 0;
	if (home.len > 0)
		rc = arena_printf(&settings->strings, &settings->config_dir, "%s/.config/%s", home.p, settings->app.p);
	if (rc == 0 && cache && cache[0] == '/')
		rc = arena_printf(&settings->strings, &settings->cache_dir, "%s/%s", cache, settings->app.p);
	else if (rc == 0 && home.len > 0)
		rc = arena_printf(&settings->strings, &settings->cache_dir, "%s/.cache/%s", home.p, settings->app.p);
	return rc < 0 ? MINTMARK_ERROR_MEMORY : MINTMARK_OK;
}

static int read_names(struct settings *settings, const mintmark_client_options *o)
{
	TRY(keep(settings, o->prefix ? o->prefix : SETTINGS_PREFIX, &settings->prefix));
	TRY(keep(settings, o->app ? o->app : SETTINGS_APP, &settings->app));
	bool sound = settings_is_prefix(settings->prefix) && settings_is_app(settings->app);
	return sound ? MINTMARK_OK : MINTMARK_ERROR_ARGUMENT;
}

static int read_identities(struct settings *settings, const mintmark_client_options *o)
{
	const struct {
		const char *option, *name;
		size_t at;
	} rows[] = {
		{o->client_id, "CLIENT_ID", offsetof(struct settings_identity, id)},
		{o->client_secret, "CLIENT_SECRET", offsetof(struct settings_identity, secret)},
		{o->client_secret_file, "CLIENT_SECRET_FILE", offsetof(struct settings_identity, secret_file)},
		{o->token_file, "TOKEN_FILE", offsetof(struct settings_identity, token_file)},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		TRY(keep(settings, rows[i].option, (struct str *)(void *)((char *)&settings->options + rows[i].at)));
		TRY(read_variable(settings, rows[i].name,
				  (struct str *)(void *)((char *)&settings->environment + rows[i].at)));
	}
	return MINTMARK_OK;
}

static int read_storage(struct settings *settings, const char *option)
{
	struct str name;
	TRY(read_or(settings, option, "LOGIN_STORAGE", &name));
	if (name.len == 0)
		name = STR("auto");
	return storage_find(name, &settings->login_storage) ? MINTMARK_OK : MINTMARK_ERROR_ARGUMENT;
}

static int read_all(struct settings *settings, const mintmark_client_options *o)
{
	struct str ca_file;
	TRY(read_names(settings, o));
	TRY(read_identities(settings, o));
	TRY(read_or(settings, o->issuer, "ISSUER", &settings->issuer));
	TRY(read_or(settings, o->token_endpoint, "TOKEN_ENDPOINT", &settings->token_endpoint));
	TRY(read_or(settings, o->scope, "SCOPE", &settings->scope));
	TRY(read_or(settings, o->audience, "AUDIENCE", &settings->audience));
	TRY(read_or(settings, o->login_client_id, "LOGIN_CLIENT_ID", &settings->login_client));
	TRY(read_storage(settings, o->login_storage));
	TRY(read_or(settings, o->ca_file, "CA_FILE", &ca_file));
	if (ca_file.len == 0)
		TRY(keep(settings, secure_getenv("SSL_CERT_FILE"), &ca_file));
	settings->ca_file = ca_file.len > 0 ? ca_file.p : NULL;
	return find_folders(settings);
}

int settings_read(const mintmark_client_options *options, struct settings *ret_settings)
{
	static const mintmark_client_options defaults = {.size = sizeof(defaults)};
	/* what programs were built with that know no login_storage */
	enum { FIRST_SIZE = offsetof(mintmark_client_options, login_storage) };
	mintmark_client_options first = defaults;
	const mintmark_client_options *o = options ? options : &defaults;
	if (o->size == FIRST_SIZE) {
		memcpy(&first, o, FIRST_SIZE);
		first.size = sizeof(first);
		o = &first;
	}
	*ret_settings = (struct settings){.timeout_ms = TIMEOUT_MS};
	arena_init(&ret_settings->strings, STRINGS_MAX);
	if (o->size != sizeof(*o) || (o->flags & ~(unsigned)MINTMARK_CLIENT_ALL_FLAGS) || o->timeout_ms > 600000)
		return MINTMARK_ERROR_ARGUMENT;
	ret_settings->flags = o->flags;
	if (o->timeout_ms > 0)
		ret_settings->timeout_ms = o->timeout_ms;
	return read_all(ret_settings, o);
}

void settings_done(struct settings *settings) { arena_done(&settings->strings); }
