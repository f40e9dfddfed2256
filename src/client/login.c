/* Logging in and out; see login.h. Must never write a token anywhere but into the person's own files. */
#include "client/login.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "client/cache.h"
#include "client/login_keep.h"
#include "client/obtain.h"
#include "client/source.h"
#include "client/token_request.h"
#include "http/http_out.h"

enum { ARENA_MAX = 1048576, TIMEOUT_MS = 300000, TIMEOUT_MAX_MS = 1800000, MS_NS = 1000000, SLICE_MS = 50 };

bool login_is_cancelled(const struct login *login)
{
	return login->settings->cancel && atomic_load(login->settings->cancel);
}

bool login_pause(const struct login *login, int64_t ms)
{
	for (; ms > 0; ms -= SLICE_MS) {
		const struct timespec pause = {.tv_nsec = (ms < SLICE_MS ? ms : SLICE_MS) * MS_NS};
		if (login_is_cancelled(login) || clock_mono_ns() >= login->end_ns)
			return false;
		(void)nanosleep(&pause, NULL);
	}
	return true;
}

int login_say_over(const struct login *login)
{
	if (login_is_cancelled(login))
		return trouble_set(login->trouble, MINTMARK_ERROR_CANCELLED, "The call was cancelled.");
	return trouble_set(login->trouble, MINTMARK_ERROR_LOGIN, "Nobody logged in in time. Try again.");
}

bool login_is_shown_safely(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] <= ' ' || text.p[i] > '~')
			return false;
	return true;
}

bool login_is_web(const struct login *login, struct str url)
{
	bool is_secure = str_has_prefix(url, STR("https://"));
	bool may_be_plain = str_has_prefix(login->issuer, STR("http://")) && str_has_prefix(url, STR("http://"));
	return (is_secure || may_be_plain) && login_is_shown_safely(url);
}

static void show_here(const mintmark_login_prompt *prompt)
{
	if (prompt->way == MINTMARK_LOGIN_DEVICE)
		fprintf(stderr, "To log in, open %s on any device and enter the code %s\n", prompt->url,
			prompt->user_code);
	else
		fprintf(stderr, "%s\n  %s\n",
			prompt->opened ? "Log in in the browser window that just opened, or open this address:"
				       : "To log in, open this address in a browser on this machine:",
			prompt->url);
}

void login_show(const struct login *login, const mintmark_login_prompt *prompt)
{
	if (login->options->show)
		login->options->show(login->options->arg, prompt);
	else
		show_here(prompt);
}

int login_exchange(struct login *login, struct str form, char ret_error[64])
{
	struct moment now;
	login->now(&now);
	const struct token_request request = {
		.settings = login->settings,
		.endpoint = login->endpoints.token,
		.is_own = http_out_same_origin(login->endpoints.token, login->issuer),
		.id = login->client_id,
		.form = form,
		.timeout_ms = login->settings->timeout_ms,
		.now_s = now.wall_s,
	};
	return token_request_send(&request, login->grant, ret_error, login->trouble);
}

/* A browser would open on a screen that somebody looks at. */
static bool has_browser(void)
{
	static const char *const signs[] = {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"};
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		const char *value = secure_getenv(signs[i]);
		if (value && value[0] && !secure_getenv("SSH_CONNECTION"))
			return true;
	}
	return false;
}

static bool wants_browser(const struct login *login)
{
	if (login->options->way != MINTMARK_LOGIN_ANY)
		return login->options->way == MINTMARK_LOGIN_BROWSER;
	if (login->endpoints.device.len == 0)
		return true;
	return login->endpoints.authorization.len > 0 && has_browser();
}

static int run_way(struct login *login)
{
	bool by_browser = wants_browser(login);
	struct str endpoint = by_browser ? login->endpoints.authorization : login->endpoints.device;
	if (endpoint.len == 0 || login->endpoints.token.len == 0)
		return trouble_set(login->trouble, MINTMARK_ERROR_SYNTAX, "%.*s does not offer to log in %s.",
				   STR_ARG(login->issuer), by_browser ? "by browser" : "by device");
	return by_browser ? login_browser(login) : login_device(login);
}

static int discover(struct login *login)
{
	_cleanup_(private_folder_close) struct private_folder folder = {.fd = -1};
	const struct settings *settings = login->settings;
	struct moment now;
	login->now(&now);
	if (login->client_id.len == 0)
		return trouble_set(
			login->trouble, MINTMARK_ERROR_ARGUMENT,
			"Log in as what? Name the public client: $%s_LOGIN_CLIENT_ID, or the program's option.",
			settings->prefix.p);
	if (settings->config_dir.len == 0)
		return trouble_set(login->trouble, MINTMARK_ERROR_FILE, "There is no home folder to keep a login in.");
	/* not from the cache: a login is rare, and servers learn new ways */
	const struct endpoint_request request = {settings, login->issuer, &folder, &now, settings->timeout_ms};
	return endpoint_find(&request, login->arena, &login->endpoints, login->trouble);
}

/* "You are logged in. The login is kept in ...", and what else there is to say. */
static void say_kept(struct login *login, const struct obtain_login *kept)
{
	struct buf out;
	buf_init_fixed(&out, login->note, TROUBLE_MAX - 1);
	buf_put(&out, STR("You are logged in. The login is kept in "));
	source_put_storage(login->settings, kept->storage, &out);
	buf_printf(&out, ".%s%s", kept->note[0] ? " " : "", kept->note);
	login->note[out.len] = '\0';
}

static int run(struct login *login)
{
	struct obtain_login kept;
	TRY(login_keep_check(login->settings, login->trouble));
	TRY(discover(login));
	TRY(run_way(login));
	TRY(obtain_keep_login(login->settings, login->now, login->issuer, login->grant, &kept, login->trouble));
	say_kept(login, &kept);
	return MINTMARK_OK;
}

int login_run(struct mintmark_client *client, const mintmark_login_options *options)
{
	static const mintmark_login_options defaults = {.size = sizeof(defaults)};
	struct trouble trouble = {0};
	char note[TROUBLE_MAX] = "";
	struct grant grant;
	struct arena arena;
	struct login login = {.note = note,
			      .settings = &client->settings,
			      .options = options ? options : &defaults,
			      .now = client->now,
			      .arena = &arena,
			      .grant = &grant,
			      .trouble = &trouble};
	if (login.options->size != sizeof(defaults) || login.options->timeout_ms > TIMEOUT_MAX_MS ||
	    (unsigned)login.options->way > MINTMARK_LOGIN_DEVICE)
		return MINTMARK_ERROR_ARGUMENT;
	arena_init(&arena, ARENA_MAX);
	grant_init(&grant);
	login.issuer = client->settings.issuer;
	login.client_id = client->settings.login_client;
	login.scope = client->settings.scope.len > 0 ? client->settings.scope : STR(LOGIN_SCOPE);
	uint32_t timeout_ms = login.options->timeout_ms > 0 ? login.options->timeout_ms : TIMEOUT_MS;
	login.end_ns = clock_mono_ns() + (int64_t)timeout_ms * MS_NS;
	int rc = run(&login);
	grant_done(&grant);
	arena_done(&arena);
	if (rc < 0)
		return client_fail(client, &trouble);
	client_drop(client); /* another person's, perhaps */
	client_note(client, note);
	return MINTMARK_OK;
}

bool login_is_possible(const struct settings *settings)
{
	return !(settings->flags & MINTMARK_CLIENT_NO_LOGIN) && settings->login_client.len > 0 &&
	       settings->issuer.len > 0 && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* --- logging out --- */

/* RFC 7009 2. *ret_told = false: it can not be told, or there is nothing to tell. */
static int tell_server(struct login *login, struct str refresh_token, bool *ret_told)
{
	_cleanup_(buf_done) struct buf form, text;
	char error[64];
	*ret_told = false;
	buf_init(&form, TOKEN_REQUEST_FORM_MAX);
	buf_init(&text, TOKEN_REQUEST_ANSWER_MAX);
	TRY(discover(login));
	if (login->endpoints.revocation.len == 0 || refresh_token.len == 0)
		return MINTMARK_OK;
	token_request_put(&form, "token", refresh_token);
	token_request_put(&form, "token_type_hint", STR("refresh_token"));
	if (buf_status(&form) < 0) /* half a form would be answered with 200, too: RFC 7009 2.2 */
		return trouble_of(login->trouble, buf_status(&form), "the revocation request");
	const struct token_request request = {
		.settings = login->settings,
		.endpoint = login->endpoints.revocation,
		.is_own = http_out_same_origin(login->endpoints.revocation, login->issuer),
		.id = login->client_id,
		.form = buf_str(&form),
		.timeout_ms = login->settings->timeout_ms,
	};
	TRY(token_request_post(&request, &text, error, login->trouble));
	*ret_told = true;
	return MINTMARK_OK;
}

/* What is removed on this machine. */
struct removed {
	bool login;
	enum storage_place storage;
	unsigned tokens;
};

/* The tokens of all scopes and audiences. */
static int remove_tokens(const struct login *login, struct removed *removed, struct trouble *trouble)
{
	_cleanup_(private_folder_close) struct private_folder folder = {.fd = -1};
	const struct settings *settings = login->settings;
	if (settings->cache_dir.len > 0)
		TRY(private_folder_open(settings->cache_dir.p, PRIVATE_NO_LINK, &folder, trouble));
	return cache_forget_login(&folder, login->issuer, login->client_id, &removed->tokens, trouble);
}

/*
 * The login and its tokens, each even when the other can't be removed. A login whose place can't be asked stays as it
 * is: its refresh token is needed to end it at the server.
 */
static int remove_here(struct login *login, const struct login_keep *keep, const struct logins_entry *entry,
		       struct removed *removed)
{
	struct trouble why;
	removed->storage = entry->storage;
	int rc = login_keep_remove(keep, entry, login->trouble);
	removed->login = rc == MINTMARK_OK;
	if (remove_tokens(login, removed, &why) < 0 && rc == MINTMARK_OK)
		rc = (*login->trouble = why).code;
	return rc;
}

static void say_removed(const struct login *login, const struct removed *removed, struct buf *out)
{
	buf_put(out, removed->login ? STR("Removed: the login, which was kept in ") : STR("The login is still in "));
	source_put_storage(login->settings, removed->storage, out);
	buf_printf(out, removed->login ? "; kept tokens: %u." : "; removed kept tokens: %u.", removed->tokens);
}

/* Both halves, and what came of them, in words. */
static int end_both(struct login *login, const struct login_keep *keep, const struct logins_entry *entry,
		    struct str refresh_token)
{
	struct removed removed = {0};
	struct trouble why;
	struct buf out;
	bool told;
	int rc = remove_here(login, keep, entry, &removed);
	why = *login->trouble;
	int rc_told = tell_server(login, refresh_token, &told);
	if (rc == MINTMARK_OK && rc_told < 0)
		why = *login->trouble;
	buf_init_fixed(&out, login->note, TROUBLE_MAX - 1);
	if (why.code < 0)
		buf_printf(&out, "%.700s ", why.text);
	say_removed(login, &removed, &out);
	buf_put(&out, told ? STR(" The server revoked it.")
			   : STR(" The server revoked nothing: what it gave may live on there until it ends."));
	login->note[out.len] = '\0';
	if (why.code < 0)
		trouble_set(login->trouble, why.code, "%s", login->note);
	return why.code;
}

/* Without a folder nothing is made. */
static int find_login(struct login *login, struct logins_entry *ret_entry)
{
	_cleanup_(private_folder_close) struct private_folder folder = {.fd = -1};
	bool found;
	if (login->settings->config_dir.len > 0)
		TRY(private_folder_open(login->settings->config_dir.p, PRIVATE_DURABLE, &folder, login->trouble));
	TRY(logins_find(&folder, login->settings->issuer, login->arena, ret_entry, &found, login->trouble));
	if (!found)
		return trouble_set(login->trouble, MINTMARK_ERROR_NO_CREDENTIALS, "Nobody is logged in.");
	login->issuer = ret_entry->issuer;
	login->client_id = ret_entry->client_id;
	return MINTMARK_OK;
}

static int end_held(struct login *login, const struct login_keep *keep)
{
	struct logins_entry entry;
	struct str refresh_token;
	TRY(find_login(login, &entry)); /* once more: it is ours now */
	int rc = login_keep_read(login->settings, &entry, login->arena, &refresh_token, login->trouble);
	if (rc < 0 && rc != MINTMARK_ERROR_LOGIN)
		return rc;
	if (rc < 0) { /* it went by itself: no reason to keep the rest */
		refresh_token = STR("");
		*login->trouble = (struct trouble){0};
	}
	return end_both(login, keep, &entry, refresh_token);
}

static int end(struct login *login)
{
	struct login_keep keep;
	struct logins_entry entry;
	TRY(find_login(login, &entry));
	int rc = login_keep_open(login->settings, &keep, login->trouble);
	if (rc == MINTMARK_OK)
		rc = end_held(login, &keep);
	login_keep_close(&keep);
	return rc;
}

int login_end(struct mintmark_client *client)
{
	static const mintmark_login_options defaults = {.size = sizeof(defaults)};
	struct trouble trouble = {0};
	char note[TROUBLE_MAX] = "";
	struct arena arena;
	struct login login = {.settings = &client->settings, .options = &defaults, .now = client->now, .arena = &arena,
			      .trouble = &trouble, .note = note};
	client_drop(client);
	arena_init(&arena, ARENA_MAX);
	int rc = end(&login);
	arena_done(&arena);
	if (rc < 0)
		return client_fail(client, &trouble);
	client_note(client, note);
	return MINTMARK_OK;
}
