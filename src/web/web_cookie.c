/*
 * Cookies (RFC 6265): read strictly, written with everything that keeps them to us. Server process, any thread.
 */
#include <stdio.h>

#include "http/request.h"
#include "web/web.h"

enum { NAME_MAX = 64 };

static bool is_https(const struct call *call) { return str_has_prefix(call->policy->issuer, STR("https:")); }

/* The prefix makes browsers refuse such a cookie from any other host, path or from plain http (RFC 6265bis 4.1.3). */
static struct str full_name(const struct call *call, const char *name, char ret_mem[NAME_MAX])
{
	snprintf(ret_mem, NAME_MAX, "%s%s", is_https(call) ? "__Host-" : "", name);
	return str_of(ret_mem);
}

/* Counts the pairs of that name in one field. */
static unsigned read_field(struct str field, struct str name, struct str *ret_value)
{
	unsigned n = 0;
	while (field.len > 0) {
		struct str pair = field, key, value;
		if (!str_cut(field, ';', &pair, &field))
			field.len = 0;
		pair = str_trim_ows(pair);
		if (!str_cut(pair, '=', &key, &value) || !str_eq(key, name))
			continue;
		*ret_value = value;
		n++;
	}
	return n;
}

int web_cookie(const struct call *call, const char *name, struct str *ret_value)
{
	char mem[NAME_MAX];
	struct str wanted = full_name(call, name, mem), value = {0};
	unsigned n = 0;
	for (size_t i = 0; i < call->request->n_headers; i++)
		if (str_eq_ci(call->request->headers[i].name, STR("Cookie")))
			n += read_field(call->request->headers[i].value, wanted, &value);
	if (n != 1 || value.len == 0) /* two of a name: one of them was planted, nobody knows which */
		return E_ABSENT;
	*ret_value = value;
	return 0;
}

int web_set_cookie(struct call *call, const char *name, struct str value, int64_t seconds)
{
	char mem[NAME_MAX], age[40] = "";
	struct str wanted = full_name(call, name, mem);
	if (seconds != 0)
		snprintf(age, sizeof(age), "; Max-Age=%lld", seconds > 0 ? (long long)seconds : 0LL);
	return arena_printf(&call->arena, &call->answer.cookies,
			    "%.*sSet-Cookie: %.*s=%.*s; Path=/; HttpOnly; SameSite=Lax%s%s\r\n",
			    STR_ARG(call->answer.cookies), STR_ARG(wanted), STR_ARG(seconds < 0 ? STR("") : value),
			    is_https(call) ? "; Secure" : "", age);
}
