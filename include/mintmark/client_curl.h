/**
 * @file
 * libcurl and a client (mintmark/client.h): one call that sends a request with a token and, when the API answers 401,
 * once more with a fresh one. Everything is in this header, so libmintmark itself does not depend on a version of
 * libcurl, and programs that use another HTTP stack need none: mintmark_client_header() is for them.
 *
 *     CURL *curl = curl_easy_init();
 *     curl_easy_setopt(curl, CURLOPT_URL, "https://api.example.com/measurements");
 *     int rc = mintmark_client_curl(client, curl, NULL, NULL);
 *
 * The token goes to the host of CURLOPT_URL alone: libcurl takes the header off when it follows a redirect to another
 * host, unless CURLOPT_UNRESTRICTED_AUTH is set. Don't set that.
 *
 * Thread-safety: as of the two handles.
 */
#ifndef MINTMARK_CLIENT_CURL_H
#define MINTMARK_CLIENT_CURL_H

#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <mintmark/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Called before a request is sent again: forget the body of the first answer, rewind an upload. */
typedef void mintmark_client_curl_again(void *arg);

/**
 * What mintmark_client_curl() is told. Zero everywhere but in size means the defaults.
 */
typedef struct mintmark_client_curl_options {
	size_t size;                       /**< sizeof(mintmark_client_curl_options) */
	const struct curl_slist *headers;  /**< More header fields; CURLOPT_HTTPHEADER is set by the call. */
	mintmark_client_curl_again *again; /**< Before the second request; NULL: nothing has to be done. */
	void *arg;                         /**< Of again. */
} mintmark_client_curl_options;

/** @cond internal */
static inline void mintmark_client_curl_wipe(char *text, size_t size)
{
	for (volatile char *p = text; size > 0; size--)
		*p++ = 0;
}

static inline CURLcode mintmark_client_curl_once(CURL *curl, const struct curl_slist *more, const char *header)
{
	struct curl_slist *fields = NULL, *longer = NULL;
	CURLcode rc = CURLE_OUT_OF_MEMORY;
	for (; more; more = more->next) {
		longer = curl_slist_append(fields, more->data);
		if (!longer)
			goto out;
		fields = longer;
	}
	longer = curl_slist_append(fields, header);
	if (!longer)
		goto out;
	fields = longer;
	rc = curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields);
	if (rc == CURLE_OK)
		rc = curl_easy_perform(curl);
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL);
out:
	for (longer = fields; longer; longer = longer->next)
		mintmark_client_curl_wipe(longer->data, strlen(longer->data));
	curl_slist_free_all(fields);
	return rc;
}
/** @endcond */

/**
 * curl_easy_perform() with a token; after a 401 once more with a fresh one.
 *
 * @param client    the client
 * @param curl      a handle with everything set but CURLOPT_HTTPHEADER
 * @param options   NULL: the defaults
 * @param ret_code  what libcurl said; may be NULL. Only with MINTMARK_OK or MINTMARK_ERROR_NETWORK.
 * @retval MINTMARK_OK             there is an answer, of whatever status: CURLINFO_RESPONSE_CODE
 * @retval MINTMARK_ERROR_NETWORK  libcurl failed
 * @return otherwise why there is no token: as mintmark_client_token()
 */
MINTMARK_MUST_CHECK static inline int mintmark_client_curl(mintmark_client *client, CURL *curl,
							   const mintmark_client_curl_options *options,
							   CURLcode *ret_code)
{
	static const size_t scheme_len = sizeof("Authorization: Bearer ") - 1;
	char header[MINTMARK_HEADER_MAX];
	if (!client || !curl || (options && options->size != sizeof(*options)))
		return MINTMARK_ERROR_ARGUMENT;
	int rc = MINTMARK_OK;
	for (int i = 0; i < 2 && rc == MINTMARK_OK; i++) {
		long status = 0;
		rc = mintmark_client_header(client, header, sizeof(header));
		if (rc < 0)
			break;
		if (i > 0 && options && options->again)
			options->again(options->arg);
		CURLcode code = mintmark_client_curl_once(curl, options ? options->headers : NULL, header);
		if (ret_code)
			*ret_code = code;
		if (code != CURLE_OK)
			rc = MINTMARK_ERROR_NETWORK;
		if (code != CURLE_OK || i > 0 || curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK ||
		    status != 401)
			break;
		if (mintmark_client_renew(client, header + scheme_len) < 0)
			break; /* the 401 is the answer */
	}
	mintmark_client_curl_wipe(header, sizeof(header));
	return rc;
}

#ifdef __cplusplus
}
#endif
#endif
