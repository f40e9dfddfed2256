/* A provider's metadata: any text is refused, or names endpoints that can stand in a request, and an algorithm. */
#include "account/upstream_site.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_url(struct str url)
{
	for (size_t i = 0; i < url.len; i++)
		if (url.p[i] <= 0x20 || url.p[i] >= 0x7F)
			__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct upstream_site site = {.algs = 0};
	arena_init(&site.arena, 65536);
	if (upstream_site_parse(STR("https://id.example"), str_mem(data, size), &site) == 0) {
		if (site.algs == 0 || site.token.len == 0 || !str_has_prefix(site.authorization, STR("https://")))
			__builtin_trap();
		check_url(site.authorization);
		check_url(site.token);
		check_url(site.jwks_uri);
		check_url(site.userinfo);
	}
	arena_done(&site.arena);
	return 0;
}
