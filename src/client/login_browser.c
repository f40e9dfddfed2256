/*
 * Authorization code with PKCE by the browser of this machine. RFC 8252 6 and 7.3 (loopback redirect), RFC 7636 (S256),
 * RFC 6749 10.12 (state), RFC 9207 (iss). The code is bound to our verifier and our redirect URI.
 */
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/enc.h"
#include "base/rand.h"
#include "base/secret.h"
#include "client/login.h"
#include "client/token_request.h"
#include "crypto/digest.h"

enum { VERIFIER_BYTES = 32, STATE_BYTES = 18, TEXT_ROOM = 64, URL_MAX = 8192 };

struct request {
	char verifier[TEXT_ROOM], challenge[TEXT_ROOM], state[TEXT_ROOM];
	struct str uri; /* redirect */
};

static int put_random(char ret_text[TEXT_ROOM], size_t n)
{
	unsigned char bytes[VERIFIER_BYTES];
	struct buf out;
	TRY(rand_bytes(bytes, n));
	buf_init_fixed(&out, ret_text, TEXT_ROOM - 1);
	enc_b64url(&out, str_mem(bytes, n));
	ret_text[out.len] = '\0';
	secret_wipe(bytes, sizeof(bytes));
	return 0;
}

/* RFC 7636 4.1 and 4.2. */
static int make_request(struct request *request)
{
	unsigned char digest[SHA256_LEN];
	struct buf out;
	TRY(put_random(request->verifier, VERIFIER_BYTES));
	TRY(put_random(request->state, STATE_BYTES));
	digest_sha256_light(str_of(request->verifier), digest);
	buf_init_fixed(&out, request->challenge, TEXT_ROOM - 1);
	enc_b64url(&out, str_mem(digest, sizeof(digest)));
	request->challenge[out.len] = '\0';
	return 0;
}

static int make_url(struct login *login, const struct request *request, struct str *ret_url)
{
	_cleanup_(buf_done) struct buf query, url;
	struct str endpoint = login->endpoints.authorization;
	buf_init(&query, URL_MAX);
	buf_init(&url, URL_MAX);
	token_request_put(&query, "response_type", STR("code"));
	token_request_put(&query, "client_id", login->client_id);
	token_request_put(&query, "redirect_uri", request->uri);
	token_request_put(&query, "scope", login->scope);
	token_request_put(&query, "resource", login->settings->audience);
	token_request_put(&query, "state", str_of(request->state));
	token_request_put(&query, "code_challenge", str_of(request->challenge));
	token_request_put(&query, "code_challenge_method", STR("S256"));
	buf_put(&url, endpoint);
	buf_put(&url, str_find(endpoint, '?') < endpoint.len ? STR("&") : STR("?")); /* RFC 6749 3.1 */
	buf_put(&url, buf_str(&query));
	int rc = buf_status(&query) < 0 ? buf_status(&query) : buf_status(&url);
	rc = rc < 0 ? rc : arena_str(login->arena, buf_str(&url), ret_url);
	return rc < 0 ? trouble_of(login->trouble, rc, "the address to open") : MINTMARK_OK;
}

/* The browser's helper in a child of its own, without our terminal's output; true when it went well. */
static bool open_browser(const char *url)
{
	extern char **environ;
	const char *named = secure_getenv("BROWSER");
	char program[] = "xdg-open";
	char *argv[] = {named && named[0] && !strchr(named, ':') ? (char *)(uintptr_t)named : program,
			(char *)(uintptr_t)url, NULL};
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int status = -1;
	if (posix_spawn_file_actions_init(&actions) != 0)
		return false;
	bool ok = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", 0, 0) == 0 &&
		  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", 1, 0) == 0 &&
		  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO) == 0 &&
		  posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) == 0;
	(void)posix_spawn_file_actions_destroy(&actions);
	/* a helper ends at once; a browser itself stays, and is not waited for */
	for (int i = 0; ok && i < 40 && waitpid(pid, &status, WNOHANG) == 0; i++)
		usleep(50000);
	return ok && (status == -1 || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
}

static int exchange(struct login *login, const struct request *request, struct str code)
{
	_cleanup_(buf_done) struct buf form;
	char error[64];
	buf_init(&form, TOKEN_REQUEST_FORM_MAX);
	token_request_put(&form, "grant_type", STR("authorization_code"));
	token_request_put(&form, "code", code);
	token_request_put(&form, "redirect_uri", request->uri);
	token_request_put(&form, "code_verifier", str_of(request->verifier));
	if (buf_status(&form) < 0)
		return trouble_of(login->trouble, buf_status(&form), "the token request");
	return login_exchange(login, buf_str(&form), error);
}

static int run(struct login *login, struct request *request)
{
	_cleanup_(private_folder_closep) int fd = -1;
	struct str url, code;
	if (!login_is_web(login, login->endpoints.authorization)) /* no other scheme gets to a helper program */
		return trouble_set(login->trouble, MINTMARK_ERROR_REFUSED,
				   "The authorization endpoint is no web address, or not as secure as the issuer's.");
	if (make_request(request) < 0)
		return trouble_of(login->trouble, E_RANDOM, "a login");
	TRY(login_listen_open(login, &fd, &request->uri));
	TRY(make_url(login, request, &url));
	mintmark_login_prompt prompt = {
		.way = MINTMARK_LOGIN_BROWSER, .url = url.p, .user_code = "", .complete_url = ""};
	prompt.opened = !login->options->no_browser && open_browser(url.p);
	login_show(login, &prompt);
	TRY(login_listen(login, fd, str_of(request->state), &code));
	return exchange(login, request, code);
}

int login_browser(struct login *login)
{
	struct request request = {0};
	int rc = run(login, &request);
	secret_wipe(&request, sizeof(request));
	return rc;
}
