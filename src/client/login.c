/* Logging in and out; see login.h. Must never write a token anywhere but into the person's own files. */
#include "client/login.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "client/logins.h"
#include "client/obtain.h"
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

static int run(struct login *login)
{
	TRY(discover(login));
	TRY(run_way(login));
	return obtain_keep_login(login->settings, login->now, login->issuer, login->grant, login->trouble);
}

static int fail(struct mintmark_client *client, const struct trouble *trouble)
{
	pthread_mutex_lock(&client->lock);
	client->last = *trouble;
	pthread_mutex_unlock(&client->lock);
	return trouble->code;
}

int login_run(struct mintmark_client *client, const mintmark_login_options *options)
{
	static const mintmark_login_options defaults = {.size = sizeof(defaults)};
	struct trouble trouble = {0};
	struct grant grant;
	struct arena arena;
	struct login login = {.settings = &client->settings,
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
	return rc < 0 ? fail(client, &trouble) : MINTMARK_OK;
}

bool login_is_possible(const struct settings *settings)
{
	return !(settings->flags & MINTMARK_CLIENT_NO_LOGIN) && settings->login_client.len > 0 &&
	       settings->issuer.len > 0 && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

/* --- logging out --- */

static int tell_server(struct login *login, const struct logins_entry *entry)
{
	_cleanup_(buf_done) struct buf form, text;
	char error[64];
	buf_init(&form, TOKEN_REQUEST_FORM_MAX);
	buf_init(&text, TOKEN_REQUEST_ANSWER_MAX);
	TRY(discover(login));
	if (login->endpoints.revocation.len == 0 || entry->refresh_token.len == 0)
		return MINTMARK_OK;
	token_request_put(&form, "token", entry->refresh_token);
	token_request_put(&form, "token_type_hint", STR("refresh_token"));
	if (buf_status(&form) < 0) /* half a form would be answered with 200, too: RFC 7009 2.2 */
		return trouble_of(login->trouble, buf_status(&form), "the revocation request");
	const struct token_request request = {
		.settings = login->settings,
		.endpoint = login->endpoints.revocation,
		.is_own = http_out_same_origin(login->endpoints.revocation, login->issuer),
		.id = entry->client_id,
		.form = buf_str(&form),
		.timeout_ms = login->settings->timeout_ms,
	};
	return token_request_post(&request, &text, error, login->trouble);
}

static int end(struct login *login)
{
	_cleanup_(private_folder_close) struct private_folder folder = {.fd = -1};
	_cleanup_(private_folder_closep) int lock = -1;
	struct logins_entry entry;
	struct trouble why;
	bool found;
	if (login->settings->config_dir.len > 0)
		TRY(private_folder_open(login->settings->config_dir.p, PRIVATE_DURABLE, &folder, login->trouble));
	TRY(logins_find(&folder, login->settings->issuer, login->arena, &entry, &found, login->trouble));
	if (!found)
		return trouble_set(login->trouble, MINTMARK_ERROR_NO_CREDENTIALS, "Nobody is logged in.");
	TRY(private_folder_lock_file(&folder, LOGINS_LOCK, &lock, login->trouble));
	if (!private_folder_wait(lock, login->settings->timeout_ms))
		return trouble_set(login->trouble, MINTMARK_ERROR_TIMEOUT,
				   "%s/" LOGINS_LOCK " is held by another process.", folder.path);
	TRY(logins_find(&folder, entry.issuer, login->arena, &entry, &found, login->trouble));
	TRY(logins_remove(&folder, entry.issuer, login->trouble));
	login->issuer = entry.issuer;
	login->client_id = entry.client_id;
	/* who can't drop the kept token still ends the login, but does not say that all is gone */
	int rc = obtain_forget_login(login->settings, entry.issuer, entry.client_id, &why);
	TRY(tell_server(login, &entry));
	if (rc < 0)
		*login->trouble = why;
	return rc;
}

int login_end(struct mintmark_client *client)
{
	static const mintmark_login_options defaults = {.size = sizeof(defaults)};
	struct trouble trouble = {0};
	struct arena arena;
	struct login login = {.settings = &client->settings, .options = &defaults, .now = client->now, .arena = &arena,
			      .trouble = &trouble};
	client_forget(client);
	arena_init(&arena, ARENA_MAX);
	int rc = end(&login);
	arena_done(&arena);
	return rc < 0 ? fail(client, &trouble) : MINTMARK_OK;
}
