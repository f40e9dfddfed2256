/* Redirect URIs; see redirect.h. Reads strangers' bytes. Must never match by prefix, pattern or after normalising. */
#include "oauth/redirect.h"

#include "base/enc.h"

enum { PORT_DIGITS_MAX = 5, PORT_MAX = 65535 };

static const struct str loopbacks[] = {{"http://127.0.0.1", 16}, {"http://[::1]", 12}};

static bool is_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

static struct str behind(struct str s, size_t n) { return (struct str){s.p + n, s.len - n}; }

/* Bytes of RFC 3986, and of its percent-encodings none that ends a line or a string. */
static bool is_clean(struct str uri)
{
	for (size_t i = 0; i < uri.len; i++) {
		unsigned char c = (unsigned char)uri.p[i];
		if (c <= 0x20 || c >= 0x7F || strchr("\"#*<>\\^`{|}", c))
			return false;
		if (c != '%')
			continue;
		int high = i + 2 < uri.len ? enc_hex_digit(uri.p[i + 1]) : -1;
		int low = high >= 0 ? enc_hex_digit(uri.p[i + 2]) : -1;
		if (low < 0 || high < 2 || high * 16 + low == 0x7F)
			return false;
	}
	return true;
}

/* "." and "..", also where a dot is written as %2e (RFC 3986 5.2.4, 6.2.2.2). */
static bool is_dots(struct str segment)
{
	size_t dots = 0;
	while (segment.len > 0) {
		bool encoded = segment.len >= 3 && str_eq_ci((struct str){segment.p, 3}, STR("%2e"));
		if (segment.p[0] != '.' && !encoded)
			return false;
		segment = behind(segment, encoded ? 3 : 1);
		dots++;
	}
	return dots == 1 || dots == 2;
}

static bool has_dot_segment(struct str path)
{
	struct str segment, rest = {path.p, str_find(path, '?')};
	while (str_cut(rest, '/', &segment, &rest))
		if (is_dots(segment))
			return true;
	return is_dots(rest);
}

/* Length of ":port" at the front; 0: there is none; SIZE_MAX: it is no port. */
static size_t port_len(struct str text)
{
	uint64_t port;
	if (text.len == 0 || text.p[0] != ':')
		return 0;
	size_t len = 1;
	while (len < text.len && len <= PORT_DIGITS_MAX && text.p[len] >= '0' && text.p[len] <= '9')
		len++;
	if (str_to_u64((struct str){text.p + 1, len - 1}, PORT_MAX, &port) < 0 || port == 0)
		return SIZE_MAX;
	return len;
}

/* Path, query, or nothing behind an authority. */
static bool is_rest(struct str rest) { return rest.len == 0 || rest.p[0] == '/' || rest.p[0] == '?'; }

/* "http://127.0.0.1:49152/x" -> its address part and what stands behind the port. */
static bool split_loopback(struct str uri, struct str *ret_address, struct str *ret_rest)
{
	for (size_t i = 0; i < sizeof(loopbacks) / sizeof(loopbacks[0]); i++) {
		if (!str_has_prefix(uri, loopbacks[i]))
			continue;
		struct str rest = behind(uri, loopbacks[i].len);
		size_t port = port_len(rest);
		if (port == SIZE_MAX || !is_rest(behind(rest, port)))
			return false;
		*ret_address = loopbacks[i];
		*ret_rest = behind(rest, port);
		return true;
	}
	return false;
}

static bool is_localhost(struct str uri)
{
	struct str prefix = STR("http://localhost");
	if (!str_has_prefix(uri, prefix))
		return false;
	size_t port = port_len(behind(uri, prefix.len));
	return port != SIZE_MAX && is_rest(behind(uri, prefix.len + port));
}

static bool is_v6_char(char c) { return enc_hex_digit(c) >= 0 || c == ':' || c == '.'; }

/* Names, IPv4 and IPv6 addresses; no user information, nothing but ASCII: an IDN must come in its xn-- form. */
static size_t host_len(struct str text)
{
	size_t len = 0;
	if (text.len > 0 && text.p[0] == '[') {
		for (len = 1; len < text.len && is_v6_char(text.p[len]); len++)
			;
		return len < text.len && text.p[len] == ']' && len > 2 ? len + 1 : 0;
	}
	while (len < text.len && (is_alnum(text.p[len]) || text.p[len] == '.' || text.p[len] == '-'))
		len++;
	return len;
}

static bool is_https(struct str uri)
{
	if (!str_has_prefix(uri, STR("https://")))
		return false;
	struct str rest = behind(uri, 8);
	size_t host = host_len(rest);
	size_t port = host > 0 ? port_len(behind(rest, host)) : SIZE_MAX;
	return port != SIZE_MAX && is_rest(behind(rest, host + port));
}

static bool is_scheme_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+';
}

/* RFC 8252 7.1: a name under the app's control, reversed, so with a dot; one slash behind the colon. */
static bool is_private_use(struct str uri)
{
	struct str scheme, rest;
	bool dot = false;
	if (!str_cut(uri, ':', &scheme, &rest) || scheme.len == 0 || scheme.p[0] < 'a' || scheme.p[0] > 'z')
		return false;
	for (size_t i = 0; i < scheme.len; i++) {
		if (!is_scheme_char(scheme.p[i]))
			return false;
		dot |= scheme.p[i] == '.';
	}
	return dot && rest.len > 0 && rest.p[0] == '/' && !str_has_prefix(rest, STR("//"));
}

/* The path of what has been found well-formed. */
static struct str path_of(struct str uri)
{
	struct str scheme, rest;
	if (!str_cut(uri, ':', &scheme, &rest))
		return uri;
	if (!str_has_prefix(rest, STR("//")))
		return rest;
	rest = behind(rest, 2);
	return behind(rest, str_find(rest, '/'));
}

static const char *find_fault(struct str uri, bool native)
{
	struct str address, rest;
	if (uri.len == 0 || uri.len > MODEL_URI_MAX)
		return "is empty or too long";
	if (!is_clean(uri)) /* RFC 6749 3.1.2: no fragment */
		return "has a fragment, a star, or characters that a URI can't have";
	if (has_dot_segment(path_of(uri)))
		return "has dot segments";
	if (is_https(uri))
		return NULL;
	if (!native) /* RFC 9700 2.6 */
		return "is not https, which only native apps may have";
	if (split_loopback(uri, &address, &rest) || is_localhost(uri) || is_private_use(uri))
		return NULL;
	return "is neither https, nor http at a loopback address, nor of a private-use scheme like com.example.app:/x";
}

bool redirect_may_register(struct str uri, bool native, const char **ret_why)
{
	const char *fault = find_fault(uri, native);
	if (fault && ret_why)
		*ret_why = fault;
	return !fault;
}

/* RFC 8252 7.3: any port at 127.0.0.1 and [::1]; everything else must be equal. */
static bool differs_by_port(struct str registered, struct str uri)
{
	struct str address, rest, uri_address, uri_rest;
	return split_loopback(registered, &address, &rest) && split_loopback(uri, &uri_address, &uri_rest) &&
	       str_eq(address, uri_address) && str_eq(rest, uri_rest);
}

bool redirect_is_registered(const struct client_app *app, struct str uri)
{
	for (size_t i = 0; i < app->redirect_uris.n; i++) {
		struct str registered = app->redirect_uris.v[i];
		/* RFC 9700 2.1, 4.1.3: compared as strings */
		if (str_eq(registered, uri) || (app->native && differs_by_port(registered, uri)))
			return true;
	}
	return false;
}

bool redirect_is_logout(const struct client_app *app, struct str uri)
{
	return str_list_has(app->logout_uris, uri);
}

struct str redirect_origin(struct str uri)
{
	size_t scheme = str_find(uri, ':');
	struct str rest = behind(uri, scheme);
	if (!str_has_prefix(rest, STR("://")))
		return (struct str){uri.p, scheme + (rest.len > 0)};
	size_t at = scheme + 3;
	while (at < uri.len && uri.p[at] != '/' && uri.p[at] != '?')
		at++;
	return (struct str){uri.p, at};
}

struct str redirect_form_source(struct str uri)
{
	size_t scheme = str_find(uri, ':');
	return (struct str){uri.p, scheme < uri.len ? scheme + 1 : uri.len};
}

int redirect_with_query(struct str uri, struct str query, struct arena *arena, struct str *ret_uri)
{
	bool has_query = str_find(uri, '?') < uri.len;
	return arena_printf(arena, ret_uri, "%.*s%c%.*s", STR_ARG(uri), has_query ? '&' : '?', STR_ARG(query));
}
