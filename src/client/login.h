/*
 * A person logs in to a public client: by this machine's browser (RFC 8252) or on another device (RFC 8628). Blocks,
 * up to the time that the person has. One login of a client at a time; thread-safe otherwise.
 */
#ifndef CLIENT_LOGIN_H
#define CLIENT_LOGIN_H

#include "client/client.h"
#include "client/endpoint.h"
#include "client/grant.h"

#define LOGIN_SCOPE "openid profile email offline_access"

/* One login. */
struct login {
	const struct settings *settings;
	const mintmark_login_options *options;
	struct str issuer, client_id, scope;
	struct endpoint_set endpoints;
	int64_t end_ns; /* clock_mono_ns(): the person's time is over */
	moment_fn *now;
	struct arena *arena;
	struct grant *grant; /* what comes of it */
	struct trouble *trouble;
	char *note; /* what came of it, for people: TROUBLE_MAX bytes */
};

/* Everything: find out how, let the person do it, keep it. The codes of mintmark_client_login(). */
must_check int login_run(struct mintmark_client *client, const mintmark_login_options *options);
/* The codes of mintmark_client_logout(). */
must_check int login_end(struct mintmark_client *client);
/* Whether a person could be asked to log in from within a call. */
bool login_is_possible(const struct settings *settings);

/* The two ways; they fill login->grant. */
must_check int login_browser(struct login *login);
must_check int login_device(struct login *login);

/*
 * Whether an address of the metadata may be shown and opened: a web address, nothing that steers a terminal, and no way
 * down from an issuer with https.
 */
bool login_is_web(const struct login *login, struct str url);
bool login_is_shown_safely(struct str text);
/* Tell the person. */
void login_show(const struct login *login, const mintmark_login_prompt *prompt);
/* Exchange what the way found out: form holds the grant. ret_error as token_request_send(). */
must_check int login_exchange(struct login *login, struct str form, char ret_error[64]);
/* Wait; false: the time is over or the client was cancelled. */
bool login_pause(const struct login *login, int64_t ms);
bool login_is_cancelled(const struct login *login);
/* Why it ended without a result. */
int login_say_over(const struct login *login);

/* --- login_listen.c --- */

enum { LOGIN_CODE_MAX = 4096 };

/* A listening socket on 127.0.0.1 and its redirect URI. MINTMARK_ERROR_SYSTEM. */
must_check int login_listen_open(struct login *login, int *ret_fd, struct str *ret_uri);
/*
 * Answer browsers until one brings an answer for this state: its code in the arena. MINTMARK_ERROR_LOGIN: refused,
 * another issuer (RFC 9207), or the time is over. MINTMARK_ERROR_CANCELLED, MINTMARK_ERROR_MEMORY.
 */
must_check int login_listen(struct login *login, int fd, struct str state, struct str *ret_code);

#endif
