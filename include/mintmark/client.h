/**
 * @file
 * A client of protected APIs: gets an access token by OAuth 2.0, keeps it, and gets the next one in time.
 *
 *     mintmark_client *client;
 *     char token[MINTMARK_TOKEN_MAX];
 *     if (mintmark_client_new(NULL, &client) == MINTMARK_OK &&
 *         mintmark_client_token(client, token, sizeof(token)) == MINTMARK_OK)
 *             ...
 *
 * Where the credentials come from, in this order (PREFIX and app are chosen by whoever offers the API; MINTMARK and
 * mintmark unless told otherwise):
 *   1. the options: client_id with client_secret or client_secret_file; or token_file;
 *   2. $PREFIX_CLIENT_ID with $PREFIX_CLIENT_SECRET or $PREFIX_CLIENT_SECRET_FILE, which is read anew for each request;
 *   3. $PREFIX_TOKEN_FILE: a file with a token that somebody else keeps fresh (`mintmark token-file --maintain`);
 *   4. ~/.config/app/credentials.json: of the issuer's entries the one that was used last;
 *   5. ~/.config/app/logins.json: what a login left behind, or where that is kept;
 *   6. a login now, where there is a terminal and login_client_id says as what: by browser, else by a code on another
 *      device. MINTMARK_CLIENT_NO_LOGIN leaves it out.
 * The issuer is an option or $PREFIX_ISSUER; without both, the one issuer of the credentials file. $PREFIX_SCOPE,
 * $PREFIX_AUDIENCE, $PREFIX_TOKEN_ENDPOINT, $PREFIX_CA_FILE stand for options that were not given.
 *
 * One token per host: tokens are kept in $XDG_CACHE_HOME/app (mode 0700, files 0600), and whoever needs a new one
 * takes a lock first; all other threads and processes wait for it or go on with the present one while that is valid. A
 * token is replaced at a random moment between 70 and 85 hundredths of its life. What failed is remembered too: until
 * the server's Retry-After, or for a growing while, nobody asks again and all get the same error.
 *
 * Where secrets go: to the token endpoint alone, by https with verified certificates, or plain http to loopback
 * addresses; redirects are never followed, proxies never used. The endpoint is given, or comes from the issuer's
 * metadata, which must name the issuer byte for byte (RFC 8414 3.3).
 *
 * Where a login is kept (login_storage, $PREFIX_LOGIN_STORAGE, decided when somebody logs in):
 *   auto            the Secret Service where one runs in this session and is open, else the file; the default
 *   file            ~/.config/app/logins.json, mode 0600
 *   keyring         the kernel's keyring: never on a disk, gone after a restart or three days without use
 *   secret-service  GNOME Keyring, KWallet, KeePassXC, by the session's D-Bus; libsystemd.so.0 is loaded for it
 * A login stays where it is until the next mintmark_client_login(). A place is asked only when a token has to be got by
 * the refresh token, for at most 5 seconds (or timeout_ms, when that is less); no dialog is opened: what is locked is
 * MINTMARK_ERROR_STORAGE. Should the place fail just after the server has given the next refresh token, then that goes
 * into the file, lest it be lost, and mintmark_client_explain() says so.
 *
 * Every call is limited in time (timeout_ms) and ends early with mintmark_client_cancel().
 *
 * fork(2): a child may go on using its client, unless another thread was inside a call at that moment.
 *
 * Thread-safety: any thread may use a client at any time; mintmark_client_free() is the last call of its owner. A valid
 * token is handed out without any lock.
 */
#ifndef MINTMARK_CLIENT_H
#define MINTMARK_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include <mintmark/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Room for any access token and its NUL: no longer ones are accepted. */
#define MINTMARK_TOKEN_MAX 16384
/** Room for any header field of mintmark_client_header() and its NUL. */
#define MINTMARK_HEADER_MAX (MINTMARK_TOKEN_MAX + 32)

/** A client; opaque. */
typedef struct mintmark_client mintmark_client;

/** Switches; a sum of them is struct mintmark_client_options.flags. */
enum mintmark_client_flag {
	MINTMARK_CLIENT_MEMORY_ONLY = 1, /**< No files: tokens stay in this process, so others ask too. */
	MINTMARK_CLIENT_PLAIN_HTTP = 2,  /**< Plain http to any address: whoever is on the way reads all. */
	MINTMARK_CLIENT_POST = 4,        /**< Id and secret in the body (RFC 6749 2.3.1) instead of HTTP Basic. */
	MINTMARK_CLIENT_NO_LOGIN = 8,    /**< Never ask a person to log in from within a call. */
	MINTMARK_CLIENT_ALL_FLAGS = 15   /**< All of the above. */
};

/** What a client is told. Zero everywhere but in size means the defaults. Strings are copied. */
typedef struct mintmark_client_options {
	size_t size;                    /**< sizeof(mintmark_client_options) */
	const char *prefix;             /**< Of variables: [A-Z0-9_], at most 64; default MINTMARK. */
	const char *app;                /**< Name of the folders: [A-Za-z0-9._-], at most 64; default mintmark. */
	const char *issuer;             /**< URL, byte for byte; default $PREFIX_ISSUER. */
	const char *token_endpoint;     /**< URL; given: no discovery. Default $PREFIX_TOKEN_ENDPOINT. */
	const char *client_id;          /**< With a secret: the environment is not looked at. */
	const char *client_secret;      /**< Of client_id. */
	const char *client_secret_file; /**< A file with it, read anew each time; line ends are cut off. */
	const char *token_file;         /**< A file with a token: {"access_token": ..., "expires_at": seconds}. */
	const char *scope;              /**< Scopes, blanks between; default $PREFIX_SCOPE, else all. */
	const char *audience;           /**< The API's URI (RFC 8707); default $PREFIX_AUDIENCE, or none. */
	const char *login_client_id;    /**< The public client of logins; default $PREFIX_LOGIN_CLIENT_ID. */
	const char *ca_file;            /**< PEM file of certificates to trust instead of the system's. */
	uint32_t timeout_ms;            /**< For a call, in total, 1 to 600000; default 15000. */
	unsigned flags;                 /**< A sum of enum mintmark_client_flag. */
	const char *login_storage;      /**< Of new logins: auto, file, keyring, secret-service; see below. */
} mintmark_client_options;

/**
 * A client. Does no input or output: options and environment are read, files and servers when a token is needed.
 *
 * @param options     NULL: the defaults
 * @param ret_client  the client; free it with mintmark_client_free()
 * @retval MINTMARK_ERROR_ARGUMENT  a wrong size, or an option out of its range
 * @retval MINTMARK_ERROR_MEMORY, MINTMARK_ERROR_SYSTEM
 */
MINTMARK_API MINTMARK_MUST_CHECK int mintmark_client_new(const mintmark_client_options *options,
							 mintmark_client **ret_client);

/**
 * A valid access token, NUL-terminated: the one that there is, or a new one.
 *
 * @param client     the client
 * @param ret_token  room for size bytes; MINTMARK_TOKEN_MAX are always enough. Wipe it after use.
 * @param size       of ret_token
 * @retval MINTMARK_OK
 * @retval MINTMARK_ERROR_NO_CREDENTIALS  in none of the places; mintmark_client_explain() names them
 * @retval MINTMARK_ERROR_CREDENTIALS     the server refuses them (RFC 6749 5.2)
 * @retval MINTMARK_ERROR_SCOPE           it refuses scope or audience
 * @retval MINTMARK_ERROR_BUSY            it refuses for a while, or a failure is too fresh to ask again
 * @retval MINTMARK_ERROR_NETWORK         no connection, no trusted certificate, no HTTP
 * @retval MINTMARK_ERROR_TIMEOUT         it took longer than timeout_ms
 * @retval MINTMARK_ERROR_STATUS          another answer than 200; redirects are not followed
 * @retval MINTMARK_ERROR_SYNTAX          an answer or a file is not what it should be
 * @retval MINTMARK_ERROR_LIMIT           an answer is too large, or size is too small
 * @retval MINTMARK_ERROR_ISSUER          the metadata name another issuer
 * @retval MINTMARK_ERROR_REFUSED         the scheme or the address of an endpoint may not be used
 * @retval MINTMARK_ERROR_FILE            a file may not be trusted, or can't be read
 * @retval MINTMARK_ERROR_LOGIN           the login has ended: somebody has to log in again
 * @retval MINTMARK_ERROR_STORAGE         the place that keeps the login is locked, not there, or does not answer
 * @retval MINTMARK_ERROR_CANCELLED, MINTMARK_ERROR_ARGUMENT, MINTMARK_ERROR_MEMORY, MINTMARK_ERROR_SYSTEM
 */
MINTMARK_API MINTMARK_MUST_CHECK int mintmark_client_token(mintmark_client *client, char *ret_token, size_t size);

/**
 * The same as a whole header field for any HTTP stack: "Authorization: Bearer ...", without line end, NUL-terminated.
 *
 * @param client      the client
 * @param ret_header  room for size bytes; MINTMARK_HEADER_MAX are always enough
 * @param size        of ret_header
 * @return            as mintmark_client_token()
 */
MINTMARK_API MINTMARK_MUST_CHECK int mintmark_client_header(mintmark_client *client, char *ret_header, size_t size);

/**
 * The API answered 401 to a token: drop it and see to another one. To be called once per request; the request is then
 * sent again with mintmark_client_token(). A token that was made because of a 401 is replaced no earlier than after a
 * minute, so that an API which refuses everything causes no flood of tokens.
 *
 * @param client  the client
 * @param token   the token that was refused; when there is another one already, nothing happens
 * @retval MINTMARK_OK              there is another token
 * @retval MINTMARK_ERROR_REJECTED  the API refuses what was made because of a refusal: a new one would not help
 * @return otherwise as mintmark_client_token()
 */
MINTMARK_API MINTMARK_MUST_CHECK int mintmark_client_renew(mintmark_client *client, const char *token);

/**
 * The claims that the server has about the token's subject (OpenID Connect Core 5.3, userinfo): a JSON object,
 * NUL-terminated.
 *
 * @param client    the client
 * @param ret_json  room for size bytes
 * @param size      of ret_json
 * @retval MINTMARK_ERROR_STATUS  the server has no such endpoint, or refuses the token there
 * @return otherwise as mintmark_client_token()
 */
MINTMARK_API MINTMARK_MUST_CHECK int mintmark_client_whoami(mintmark_client *client, char *ret_json, size_t size);

/** How a person logs in. */
enum mintmark_login_way {
	MINTMARK_LOGIN_ANY,     /**< By browser where there seems to be one, else by device. */
	MINTMARK_LOGIN_BROWSER, /**< The browser of this machine (RFC 8252: loopback redirect, PKCE). */
	MINTMARK_LOGIN_DEVICE   /**< A code that is entered on any other device (RFC 8628). */
};

/** What the person is to be told; strings are borrowed for the call. */
typedef struct mintmark_login_prompt {
	enum mintmark_login_way way; /**< MINTMARK_LOGIN_BROWSER or MINTMARK_LOGIN_DEVICE. */
	const char *url;             /**< To open; by device: where the code is entered. */
	const char *user_code;       /**< By device: the code; else "". */
	const char *complete_url; /**< By device: the URL with the code in it, for a QR code; "" where there is none. */
	int opened;                  /**< Whether a browser was started with the URL. */
} mintmark_login_prompt;

/** Shows the prompt. Must return soon. */
typedef void mintmark_login_show(void *arg, const mintmark_login_prompt *prompt);

/** How to log in. Zero everywhere but in size means the defaults. */
typedef struct mintmark_login_options {
	size_t size;               /**< sizeof(mintmark_login_options) */
	enum mintmark_login_way way; /**< Default: by whatever there is. */
	mintmark_login_show *show; /**< NULL: on the terminal's standard error. */
	void *arg;                 /**< Of show. */
	uint32_t timeout_ms;       /**< How long the person has, 1 to 1800000; default 300000. */
	int no_browser;            /**< Not 0: don't start a browser, only show the URL. */
} mintmark_login_options;

/**
 * Let a person log in, as the public client login_client_id, and keep what comes of it where login_storage says:
 * mintmark_client_token() works from then on, also in other processes and later, as long as the server renews it; kept
 * tokens of an earlier login go. Where the client's scope is empty, "openid profile email offline_access" is asked for.
 * mintmark_client_explain() tells where the login is kept.
 *
 * @param client   the client
 * @param options  NULL: the defaults
 * @retval MINTMARK_OK
 * @retval MINTMARK_ERROR_LOGIN     the person refused, or did nothing in time
 * @retval MINTMARK_ERROR_ARGUMENT  no issuer, no login_client_id, or an option out of its range
 * @retval MINTMARK_ERROR_STORAGE   the place that login_storage names can't be used; nobody was asked to log in
 * @return otherwise as mintmark_client_token()
 */
MINTMARK_API MINTMARK_MUST_CHECK int mintmark_client_login(mintmark_client *client,
							   const mintmark_login_options *options);

/**
 * End the login: it is removed from the place that keeps it, its kept tokens of all scopes and audiences go, and the
 * server is told to revoke its refresh token (RFC 7009). mintmark_client_explain() tells what was removed.
 *
 * @param client  the client
 * @retval MINTMARK_OK                    it is gone here and there
 * @retval MINTMARK_ERROR_NO_CREDENTIALS  there is no login
 * @retval MINTMARK_ERROR_STORAGE         the place that keeps it can't be asked: the login is as it was
 * @return otherwise why the server could not be told, or something not removed; mintmark_client_explain() tells what is
 * gone and what may live on
 */
MINTMARK_API MINTMARK_MUST_CHECK int mintmark_client_logout(mintmark_client *client);

/**
 * Where the credentials come from, for people: "client ID of $MINTMARK_CLIENT_ID", "a login to ID, kept in the kernel's
 * keyring". NUL-terminated, cut to size; never a secret. Reads files only.
 *
 * @param client    the client
 * @param ret_text  room for size bytes; 1024 are enough
 * @param size      of ret_text, at least 1
 * @retval MINTMARK_OK, MINTMARK_ERROR_NO_CREDENTIALS, MINTMARK_ERROR_FILE, MINTMARK_ERROR_SYNTAX,
 * MINTMARK_ERROR_ARGUMENT, MINTMARK_ERROR_MEMORY
 */
MINTMARK_API MINTMARK_MUST_CHECK int mintmark_client_source(mintmark_client *client, char *ret_text, size_t size);

/**
 * Forget the kept token, in memory and in the cache: the next one is asked for anew. Waits for nothing.
 *
 * @param client  the client
 */
MINTMARK_API void mintmark_client_forget(mintmark_client *client);

/**
 * What happened last, in a sentence or two for people: why the last failed call failed and what to do, or that all is
 * well. NUL-terminated, cut to size. Never holds a secret or a token.
 *
 * @param client    the client
 * @param ret_text  room for size bytes; 1024 are enough
 * @param size      of ret_text, at least 1
 * @retval MINTMARK_OK, MINTMARK_ERROR_ARGUMENT
 */
MINTMARK_API int mintmark_client_explain(mintmark_client *client, char *ret_text, size_t size);

/**
 * End all calls, those under way within about a second, and all that come. For programs that stop.
 *
 * @param client  the client
 */
MINTMARK_API void mintmark_client_cancel(mintmark_client *client);

/**
 * Wipe and free. No call may be under way. NULL is allowed.
 *
 * @param client  the client
 */
MINTMARK_API void mintmark_client_free(mintmark_client *client);

#ifdef __cplusplus
}
#endif
#endif
