/* See address.h. Server process and command line. Must never let a line end, a blank or a comma pass. */
#include "account/address.h"

enum { LOCAL_MAX = 64 };

static bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

static bool is_label_char(char c)
{
	return (c >= 'a' && c <= 'z') || is_upper(c) || (c >= '0' && c <= '9') || c == '-';
}

/* RFC 5321 4.1.2: labels of letters, digits and hyphens, none at either end. */
static bool is_label(struct str label)
{
	if (label.len == 0 || label.len > 63 || label.p[0] == '-' || label.p[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++)
		if (!is_label_char(label.p[i]))
			return false;
	return true;
}

static bool is_domain(struct str domain)
{
	struct str label, rest = domain;
	while (str_cut(rest, '.', &label, &rest))
		if (!is_label(label))
			return false;
	return is_label(rest);
}

static bool is_local(struct str local)
{
	if (local.len == 0 || local.len > LOCAL_MAX || local.p[0] == '-') /* no relay may take it for an option */
		return false;
	for (size_t i = 0; i < local.len; i++) {
		char c = local.p[i];
		if (c <= ' ' || c > '~' || strchr("\"(),:;<>[\\]@", c))
			return false;
	}
	return true;
}

static bool is_address(struct str text)
{
	struct str local, domain;
	return text.len <= ADDRESS_MAX && str_cut(text, '@', &local, &domain) && is_local(local) && is_domain(domain);
}

bool address_is_normal(struct str address)
{
	if (!is_address(address))
		return false;
	for (size_t i = str_find(address, '@'); i < address.len; i++)
		if (is_upper(address.p[i]))
			return false;
	return true;
}

int address_parse(struct str text, struct arena *arena, struct str *ret_address)
{
	text = str_trim_ows(text);
	if (!is_address(text))
		return E_SYNTAX;
	char *copy = arena_alloc(arena, text.len);
	if (!copy)
		return E_NOMEM;
	for (size_t i = 0; i < text.len; i++)
		copy[i] = is_upper(text.p[i]) ? (char)(text.p[i] + ('a' - 'A')) : text.p[i];
	*ret_address = (struct str){copy, text.len};
	return 0;
}
