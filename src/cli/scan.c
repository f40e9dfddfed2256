/* The search; see scan.h. */
#include "cli/scan.h"

#include "base/enc.h"
#include "json/json.h"

enum { BASE64_LEN = (ID_SECRET_LEN * 8 + 5) / 6, WIDE_LEN = 2 * ID_SECRET_LEN - 1, PAYLOAD_MAX = 6144,
       HEADER_MAX = 768 };

static const char client_secret[] = "client secret", access_token[] = "access token";

static const char *const bearers[BEARERS] = {
	[BEARER_CODE] = "authorization code", [BEARER_REFRESH] = "refresh token", [BEARER_DEVICE] = "device code",
	[BEARER_LINK] = "link of a mail", [BEARER_SESSION] = "session cookie",
	[BEARER_REGISTRATION] = "registration token", [BEARER_PUSHED] = "pushed authorization request",
};

/* NULL: it is none. */
static const char *kind_of(struct str text)
{
	unsigned char sha256[32];
	if (id_secret_looks_generated(text))
		return client_secret;
	for (int kind = 0; kind < BEARERS; kind++)
		if (id_bearer_parse((enum id_bearer)kind, text, sha256) == 0)
			return bearers[kind];
	return NULL;
}

void scan_begin(struct scan *scan, const struct scan_wish *wish, scan_hit_fn *hit, void *arg)
{
	*scan = (struct scan){.wish = wish, .hit = hit, .arg = arg, .line = 1};
}

static void try_secret(struct scan *scan, struct str text, enum scan_form form)
{
	const char *kind = text.p[0] == 'm' && text.p[1] == 'm' && text.p[3] == '_' ? kind_of(text) : NULL;
	if (kind)
		scan->hit(scan->arg, &(struct scan_hit){text, kind, form, scan->line});
}

/* Every second byte is zero; which of the two the stream began with does not matter. */
static void try_wide(struct scan *scan, struct str bytes)
{
	char text[ID_SECRET_LEN];
	if (bytes.len < WIDE_LEN)
		return;
	for (size_t i = 0; i < WIDE_LEN; i += 2) {
		if (i > 0 && bytes.p[i - 1] != 0)
			return;
		text[i / 2] = bytes.p[i];
	}
	try_secret(scan, str_mem(text, sizeof(text)), SCAN_WIDE);
	secret_wipe(text, sizeof(text));
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

/*
 * Alone or behind one of our client ids and a colon (27 bytes) it begins with a group of its own. What comes behind it
 * may share its last character.
 */
static void try_base64(struct scan *scan, struct str bytes)
{
	char text[ID_SECRET_LEN + 1];
	size_t n = 0;
	unsigned bits = 0, held = 0;
	if (bytes.len < BASE64_LEN)
		return;
	for (size_t i = 0; i < BASE64_LEN; i++) {
		int value = base64_value(bytes.p[i]);
		if (value < 0)
			return;
		bits = (bits << 6 | (unsigned)value) & 0xffff;
		held += 6;
		if (held >= 8) {
			held -= 8;
			text[n++] = (char)(bits >> held & 0xff);
		}
	}
	try_secret(scan, str_mem(text, ID_SECRET_LEN), SCAN_BASE64);
	secret_wipe(text, sizeof(text));
}

/* --- access tokens --- */

static bool is_token_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' ||
	       c == '.';
}

static bool read_part(struct str part, char *text, size_t size, struct json **ret_doc)
{
	size_t len;
	return enc_b64url_decode(part, text, size, &len) == 0 && json_parse_object(str_mem(text, len), ret_doc) == 0;
}

/* RFC 9068 2.1, 4: with or without "application/". */
static bool has_type(struct str header)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	char text[HEADER_MAX];
	struct str typ;
	return read_part(header, text, sizeof(text), &doc) && json_get_str(doc, "typ", &typ) == 0 &&
	       (str_eq_ci(typ, STR("at+jwt")) || str_eq_ci(typ, STR("application/at+jwt")));
}

static bool is_wanted(const struct scan_wish *wish, struct str payload)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	char text[PAYLOAD_MAX];
	struct str issuer, client_id;
	int64_t exp_s;
	bool wanted = read_part(payload, text, sizeof(text), &doc) && json_get_int(doc, "exp", &exp_s) == 0 &&
		      exp_s > wish->now_s && json_get_str(doc, "client_id", &client_id) == 0 &&
		      json_get_str(doc, "iss", &issuer) == 0 &&
		      (id_has_form(ID_CLIENT, client_id) || (issuer.len > 0 && str_eq(issuer, wish->issuer)));
	secret_wipe(text, sizeof(text));
	return wanted;
}

static void try_token(struct scan *scan, struct str bytes)
{
	size_t len = 0;
	struct str header, rest, payload, signature;
	while (len < bytes.len && len < SCAN_TOKEN_MAX && is_token_char(bytes.p[len]))
		len++;
	while (len > 0 && bytes.p[len - 1] == '.') /* the end of a sentence */
		len--;
	struct str text = {bytes.p, len};
	if (!str_cut(text, '.', &header, &rest) || !str_cut(rest, '.', &payload, &signature) || signature.len == 0 ||
	    str_find(signature, '.') < signature.len)
		return;
	if (has_type(header) && is_wanted(scan->wish, payload))
		scan->hit(scan->arg, &(struct scan_hit){text, access_token, SCAN_PLAIN, scan->line});
}

bool scan_is_token(struct str secret) { return str_has_prefix(secret, STR("eyJ")); }

/* --- the stream --- */

static void look_at(struct scan *scan, struct str rest, char before)
{
	if (str_has_prefix(rest, STR("mm")) && rest.len >= ID_SECRET_LEN)
		try_secret(scan, str_mem(rest.p, ID_SECRET_LEN), SCAN_PLAIN);
	else if (str_has_prefix(rest, STR("m\0m")))
		try_wide(scan, rest);
	else if (str_has_prefix(rest, STR("bW1"))) /* "mm" */
		try_base64(scan, rest);
	else if (str_has_prefix(rest, STR("eyJ")) && !is_token_char(before))
		try_token(scan, rest); /* a run is read once, however often it has these letters */
}

/* All that begin within the first `starts` bytes. */
static void look(struct scan *scan, struct str bytes, size_t starts)
{
	for (size_t i = 0; i < starts; i++) {
		char c = bytes.p[i];
		if (c == '\n')
			scan->line++;
		else if (c == 'm' || c == 'b' || c == 'e')
			look_at(scan, str_mem(bytes.p + i, bytes.len - i), i > 0 ? bytes.p[i - 1] : scan->before);
	}
	if (starts > 0)
		scan->before = bytes.p[starts - 1];
}

/* A secret whose beginning was looked at must be there whole: the last bytes wait for what follows. */
static void feed_piece(struct scan *scan, struct str bytes)
{
	char joined[SCAN_TOKEN_MAX + SCAN_PIECE];
	size_t len = scan->tail_len + bytes.len;
	memcpy(joined, scan->tail, scan->tail_len);
	memcpy(joined + scan->tail_len, bytes.p, bytes.len);
	size_t keep = len < SCAN_TOKEN_MAX ? len : SCAN_TOKEN_MAX;
	look(scan, str_mem(joined, len), len - keep);
	memcpy(scan->tail, joined + len - keep, keep);
	scan->tail_len = keep;
	secret_wipe(joined, len);
}

void scan_feed(struct scan *scan, struct str bytes)
{
	while (bytes.len > 0) {
		size_t n = bytes.len < SCAN_PIECE ? bytes.len : SCAN_PIECE;
		feed_piece(scan, str_mem(bytes.p, n));
		bytes = str_mem(bytes.p + n, bytes.len - n);
	}
}

void scan_end(struct scan *scan)
{
	look(scan, str_mem(scan->tail, scan->tail_len), scan->tail_len);
	secret_wipe(scan->tail, sizeof(scan->tail));
	scan->tail_len = 0;
}
