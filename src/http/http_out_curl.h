/*
 * libcurl's functions, as http_out.c calls them. In libmintmark they are linked as usual. In the program they are
 * loaded when the first request is made: its server roles make none, and curl with its thirty libraries would cost each
 * of three processes 4 MiB of memory.
 */
#ifndef HTTP_HTTP_OUT_CURL_H
#define HTTP_HTTP_OUT_CURL_H

#include <curl/curl.h>
#include <stdbool.h>

#define HTTP_OUT_CURL(X) \
	X(global_init, curl_global_init)   \
	X(easy_init, curl_easy_init)       \
	X(easy_setopt, curl_easy_setopt)   \
	X(easy_perform, curl_easy_perform) \
	X(easy_getinfo, curl_easy_getinfo) \
	X(easy_cleanup, curl_easy_cleanup) \
	X(slist_append, curl_slist_append) \
	X(slist_free_all, curl_slist_free_all) \
	X(url, curl_url)                   \
	X(url_set, curl_url_set)           \
	X(url_get, curl_url_get)           \
	X(url_cleanup, curl_url_cleanup)   \
	X(free, curl_free)

struct http_out_curl {
#define MEMBER(name, symbol) __typeof__(symbol) *name;
	HTTP_OUT_CURL(MEMBER)
#undef MEMBER
};

/* libcurl, initialised; NULL: it is not there or refused to start. Constant afterwards; thread-safe. */
const struct http_out_curl *http_out_curl(void);

/* http_out.c: whether a socket would lead to this machine itself (127.0.0.0/8, ::1). For requests and for mails. */
bool http_out_is_loopback(const struct sockaddr *addr);

#endif
