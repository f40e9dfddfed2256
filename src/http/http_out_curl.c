/* Linking or loading libcurl; see http_out_curl.h. HTTP_OUT_LAZY: load it. */
#include "http/http_out_curl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct http_out_curl functions;
static bool ready;

#ifdef HTTP_OUT_LAZY
static bool find_functions(void)
{
	void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return false;
#define FIND(name, symbol)                                                      \
	*(void **)(void *)&functions.name = dlsym(library, #symbol);            \
	if (!functions.name)                                                    \
		return false;
	HTTP_OUT_CURL(FIND)
#undef FIND
	return true;
}
#else
static bool find_functions(void)
{
	functions = (struct http_out_curl){
#define LINK(name, symbol) .name = (symbol),
		HTTP_OUT_CURL(LINK)
#undef LINK
	};
	return true;
}
#endif

static void prepare(void) { ready = find_functions() && functions.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK; }

const struct http_out_curl *http_out_curl(void)
{
	return pthread_once(&once, prepare) == 0 && ready ? &functions : NULL;
}
