/* Where credentials are; see source.h. Must never put a secret into a trouble's text. */
#include "client/source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "client/credentials.h"
#include "client/logins.h"
#include "client/private_folder.h"

enum { PLACES_MAX = 980, DESCRIBE_ARENA = 1048576 };

/* Secrets that are mounted into containers are links and belong to root: who may write them is not ours to judge. */
int source_read_file(const char *path, struct arena *arena, struct str *ret_text, struct trouble *trouble)
{
	_cleanup_(buf_done) struct buf text;
	struct stat st;
	char why[128];
	buf_init(&text, PRIVATE_FILE_MAX);
	_cleanup_(private_folder_closep) int fd =
		fault_hit(FAULT_FILE) ? -1 : open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return trouble_set(trouble, MINTMARK_ERROR_FILE, "%s can not be opened: %s.", path,
				   strerror_r(errno, why, sizeof(why)));
	if (!S_ISREG(st.st_mode))
		return trouble_set(trouble, MINTMARK_ERROR_FILE, "%s is no file.", path);
	int rc = fault_hit(FAULT_FILE) ? E_IO : buf_read(&text, fd);
	if (rc < 0 && rc != E_NOMEM)
		return trouble_set(trouble, MINTMARK_ERROR_FILE, "%s can not be read whole.", path);
	while (rc == 0 && text.len > 0 && (text.p[text.len - 1] == '\n' || text.p[text.len - 1] == '\r'))
		text.len--;
	rc = rc < 0 ? rc : arena_str(arena, buf_str(&text), ret_text);
	return rc < 0 ? trouble_of(trouble, rc, path) : MINTMARK_OK;
}

static int keep_place(struct arena *arena, struct source *source, struct trouble *trouble, struct str place)
{
	struct str copy;
	if (arena_str(arena, place, &copy) < 0)
		return trouble_of(trouble, E_NOMEM, "the credentials");
	source->place = copy.p;
	return MINTMARK_OK;
}

/* An id and what belongs to it. */
static int take_pair(const struct settings_identity *identity, struct arena *arena, struct source *source,
		     struct trouble *trouble)
{
	source->kind = SOURCE_PAIR;
	source->id = identity->id;
	source->secret = identity->secret;
	if (source->secret.len > 0)
		return MINTMARK_OK;
	if (identity->secret_file.len == 0)
		return trouble_set(trouble, MINTMARK_ERROR_NO_CREDENTIALS,
				   "There is a client id (in %s) but no secret: set it, or name a file that has it.",
				   source->place);
	TRY(source_read_file(identity->secret_file.p, arena, &source->secret, trouble));
	if (source->secret.len > 0)
		return MINTMARK_OK;
	return trouble_set(trouble, MINTMARK_ERROR_FILE, "%s is empty: it should hold the client's secret.",
			   identity->secret_file.p);
}

/* The options, or the environment. */
static int look_at(const struct settings_identity *identity, struct arena *arena, struct source *source,
		   bool *ret_found, struct trouble *trouble)
{
	*ret_found = identity->id.len > 0 || identity->token_file.len > 0;
	if (identity->id.len > 0)
		return take_pair(identity, arena, source, trouble);
	source->kind = SOURCE_TOKEN_FILE;
	source->path = identity->token_file;
	return MINTMARK_OK;
}

static int take_stored(const struct settings *settings, struct str text, struct arena *arena, struct source *source,
		       bool *ret_found, struct trouble *trouble)
{
	struct credentials *list = arena_alloc(arena, sizeof(*list));
	int rc = list ? credentials_parse(text, arena, list) : E_NOMEM;
	if (rc == E_SYNTAX)
		return trouble_set(trouble, MINTMARK_ERROR_SYNTAX,
				   "%s/" CREDENTIALS_FILE " is not what it should be. Mend it, or remove it.",
				   settings->config_dir.p);
	if (rc < 0)
		return trouble_of(trouble, rc, CREDENTIALS_FILE);
	const struct credential *pair = credentials_newest(list, settings->issuer);
	if (!pair)
		return MINTMARK_OK;
	*ret_found = true;
	source->kind = SOURCE_STORED;
	source->id = pair->client_id;
	source->secret = pair->client_secret;
	if (source->issuer.len == 0)
		source->issuer = pair->endpoint;
	return MINTMARK_OK;
}

/* credentials.json and logins.json of the person's folder. */
static int look_at_files(const struct settings *settings, struct arena *arena, struct source *source, bool *ret_found,
			 struct trouble *trouble)
{
	_cleanup_(buf_done) struct buf text;
	_cleanup_(private_folder_close) struct private_folder folder = {.fd = -1};
	bool found;
	buf_init(&text, PRIVATE_FILE_MAX);
	*ret_found = false;
	if (settings->config_dir.len == 0)
		return MINTMARK_OK;
	TRY(private_folder_open(settings->config_dir.p, 0, &folder, trouble));
	TRY(private_folder_read(&folder, CREDENTIALS_FILE, &text, &found, trouble));
	if (found)
		TRY(take_stored(settings, buf_str(&text), arena, source, ret_found, trouble));
	if (*ret_found)
		return keep_place(arena, source, trouble, STR(CREDENTIALS_FILE));
	struct logins_entry login;
	TRY(logins_find(&folder, settings->issuer, arena, &login, ret_found, trouble));
	if (!*ret_found)
		return MINTMARK_OK;
	source->kind = SOURCE_LOGIN;
	source->issuer = login.issuer;
	source->id = login.client_id;
	source->secret = login.refresh_token;
	source->storage = login.storage;
	return keep_place(arena, source, trouble, STR(LOGINS_FILE));
}

static int say_where(const struct settings *settings, struct trouble *trouble)
{
	char text[PLACES_MAX];
	struct buf out;
	buf_init_fixed(&out, text, sizeof(text) - 1);
	const char *prefix = settings->prefix.p;
	buf_printf(&out, "There are no credentials%s%.*s. Looked at: the program's options; $%s_CLIENT_ID with ",
		   settings->issuer.len > 0 ? " for " : "", STR_ARG(settings->issuer), prefix);
	buf_printf(&out, "$%s_CLIENT_SECRET or $%s_CLIENT_SECRET_FILE; $%s_TOKEN_FILE", prefix, prefix, prefix);
	if (settings->config_dir.len > 0)
		buf_printf(&out, "; %s/" CREDENTIALS_FILE "; %s/" LOGINS_FILE, settings->config_dir.p,
			   settings->config_dir.p);
	buf_printf(&out, ". Set the two variables, or log in (mintmark login");
	if (!str_eq(settings->app, STR(SETTINGS_APP)))
		buf_printf(&out, " --app %s", settings->app.p);
	if (!str_eq(settings->prefix, STR(SETTINGS_PREFIX)))
		buf_printf(&out, " --prefix %s", prefix);
	buf_printf(&out, ").");
	text[out.len] = '\0';
	return trouble_set(trouble, MINTMARK_ERROR_NO_CREDENTIALS, "%s", text);
}

int source_find(const struct settings *settings, struct arena *arena, struct source *ret_source,
		struct trouble *trouble)
{
	bool found;
	char place[160];
	struct buf name;
	struct source source = {.issuer = settings->issuer};
	TRY(keep_place(arena, &source, trouble, STR("the options")));
	TRY(look_at(&settings->options, arena, &source, &found, trouble));
	if (!found) {
		buf_init_fixed(&name, place, sizeof(place));
		buf_printf(&name, "$%s_CLIENT_ID", settings->prefix.p);
		TRY(keep_place(arena, &source, trouble, buf_str(&name)));
		TRY(look_at(&settings->environment, arena, &source, &found, trouble));
	}
	if (!found)
		TRY(look_at_files(settings, arena, &source, &found, trouble));
	if (!found)
		return say_where(settings, trouble);
	*ret_source = source;
	return MINTMARK_OK;
}

/* "the kernel's keyring"; of the file its whole path. */
void source_put_storage(const struct settings *settings, enum storage_place storage, struct buf *out)
{
	if (storage == STORAGE_FILE)
		buf_printf(out, "%s/", settings->config_dir.p);
	buf_put(out, str_of(storage_of(storage)->words));
}

static void put_source(const struct settings *settings, const struct source *source, struct buf *out)
{
	switch (source->kind) {
	case SOURCE_PAIR:
		buf_printf(out, "client %.*s of %s", STR_ARG(source->id), source->place);
		return;
	case SOURCE_STORED:
		buf_printf(out, "client %.*s of %s/" CREDENTIALS_FILE, STR_ARG(source->id), settings->config_dir.p);
		return;
	case SOURCE_TOKEN_FILE:
		buf_printf(out, "a token in %.*s", STR_ARG(source->path));
		return;
	case SOURCE_LOGIN:
		buf_printf(out, "a login to %.*s, kept in ", STR_ARG(source->id));
		source_put_storage(settings, source->storage, out);
	}
}

int source_describe(const struct settings *settings, struct buf *out, struct trouble *trouble)
{
	struct arena arena;
	struct source source;
	arena_init(&arena, DESCRIBE_ARENA);
	int rc = source_find(settings, &arena, &source, trouble);
	if (rc == MINTMARK_OK)
		put_source(settings, &source, out);
	arena_done(&arena);
	return rc;
}
