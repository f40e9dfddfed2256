/* Reading credentials; see credential.h. RFC 6750 2.1, 2.2, 2.3, 3.1; RFC 9449 7.1. */
#include "gate/credential.h"

#include "base/enc.h"

enum { NAME_MAX_LEN = 64 };

/* The name of a form field, percent-decoded; longer ones are not ours. */
static bool is_access_token(struct str name)
{
	char decoded[NAME_MAX_LEN];
	size_t len = 0;
	if (name.len > sizeof(decoded) || enc_form_decode_to(name, decoded, &len) < 0)
		return false;
	return str_eq(str_mem(decoded, len), STR("access_token"));
}

static bool form_has_token(struct str form)
{
	struct str field, rest = form, name, value;
	for (bool more = form.len > 0; more;) {
		more = str_cut(rest, '&', &field, &rest);
		if (!more)
			field = rest;
		name = field;
		(void)str_cut(field, '=', &name, &value);
		if (is_access_token(name))
			return true;
	}
	return false;
}

static bool is_form(const struct http_request *request)
{
	struct str type, media, rest;
	if (request->body.len == 0 || http_header_one(request, STR("Content-Type"), &type) < 0)
		return false;
	media = type;
	(void)str_cut(type, ';', &media, &rest);
	return str_eq_ci(str_trim_ows(media), STR("application/x-www-form-urlencoded"));
}

int credential_check(const struct http_request *request, struct str query)
{
	if (http_header_count(request, STR("Authorization")) > 1) /* ATTACKS 40 */
		return E_INVALID_REQUEST;
	/* RFC 6750 2.3, 2.2: a token in URL or body is not taken, and beside a header it is a second method (3.1). */
	if (form_has_token(query) || (is_form(request) && form_has_token(request->body)))
		return E_INVALID_REQUEST;
	return 0;
}

int credential_token(const struct http_request *request, struct str *ret_token)
{
	struct str value, scheme, token = {0};
	/* RFC 9449 4.3: more than one DPoP header is refused; one alone says nothing about a bearer token. */
	if (http_header_count(request, STR("DPoP")) > 1)
		return E_INVALID_TOKEN;
	if (http_header_one(request, STR("Authorization"), &value) < 0)
		return E_ABSENT;
	scheme = value;
	(void)str_cut(value, ' ', &scheme, &token);
	if (str_eq_ci(scheme, STR("DPoP")))
		return E_INVALID_TOKEN;
	if (!str_eq_ci(scheme, STR("Bearer"))) /* RFC 9110 11.1: schemes don't care about case */
		return E_ABSENT;
	while (token.len > 0 && token.p[0] == ' ') /* RFC 9110 11.4: 1*SP */
		token = (struct str){token.p + 1, token.len - 1};
	if (!str_is_b64token(token))
		return E_INVALID_REQUEST;
	*ret_token = token;
	return 0;
}
