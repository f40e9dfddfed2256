/* Source addresses; see source.h. */
#include "server/source.h"

#include "base/addr.h"

static bool is_numeric(struct str text)
{
	unsigned char addr[16];
	return addr_parse(text, addr) == 0;
}

/* The last field line of a header that may stand there several times. */
static struct str last_header(const struct http_request *request, struct str name)
{
	struct str value = {0};
	for (size_t i = 0; i < request->n_headers; i++)
		if (str_eq_ci(request->headers[i].name, name))
			value = request->headers[i].value;
	return value;
}

/* Cut the last element of a comma-separated list. */
static struct str pop_last(struct str *list)
{
	size_t at = list->len;
	while (at > 0 && list->p[at - 1] != ',')
		at--;
	struct str last = str_trim_ows((struct str){list->p + at, list->len - at});
	list->len = at > 0 ? at - 1 : 0;
	return last;
}

struct str source_address(const struct config *config, const struct http_request *request)
{
	struct str address = request->peer_addr;
	if (!config_trusts(config, address))
		return address;
	struct str list = last_header(request, STR("X-Forwarded-For"));
	while (list.len > 0 && config_trusts(config, address)) {
		struct str said = pop_last(&list);
		if (!is_numeric(said)) /* in no network, so a client that is bound to some is not heard */
			return STR("unknown");
		address = said;
	}
	return address;
}

bool source_is_operator(const struct config *config, const struct http_request *request)
{
	if (config->metrics.access != CONFIG_ACCESS_LOOPBACK)
		return config->metrics.access == CONFIG_ACCESS_ALL;
	if (http_header_count(request, STR("X-Forwarded-For")) > 0 || http_header_count(request, STR("Forwarded")) > 0)
		return false;
	return str_has_prefix(request->peer_addr, STR("127.")) || str_eq(request->peer_addr, STR("::1")) ||
	       str_eq(request->peer_addr, STR("unix"));
}
