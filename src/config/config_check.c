/*
 * What single values must look like, and which options contradict each other; see config_rows.h. Pure functions. RFC
 * 8414 2 (issuer: https, no query, no fragment), RFC 6454 7 (origin), RFC 4291 2.2 and 2.3 (addresses and prefixes).
 */
#include "account/address.h"
#include "config/config_rows.h"

enum { PARTS_MAX = 256 };

struct url {
	bool https;
	struct str host; /* without brackets */
	struct str path; /* from '/' on; may be empty */
};

static bool is_host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

static bool is_path_char(char c) { return c > 0x20 && c < 0x7F && !strchr("?#\"<>\\^`{|}", c); }

static bool all(struct str s, bool (*is)(char c))
{
	for (size_t i = 0; i < s.len; i++)
		if (!is(s.p[i]))
			return false;
	return true;
}

/* "host", "host:port", "[v6]", "[v6]:port": the host alone. */
static int parse_authority(struct str text, struct str *ret_host)
{
	struct str host = text, port, rest;
	uint16_t number;
	unsigned char addr[16];
	if (text.len > 0 && text.p[0] == '[') {
		if (!str_cut((struct str){text.p + 1, text.len - 1}, ']', &host, &rest))
			return E_SYNTAX;
		if (rest.len > 0 &&
			(rest.p[0] != ':' || addr_parse_port((struct str){rest.p + 1, rest.len - 1}, &number) < 0))
			return E_SYNTAX;
		TRY(addr_parse(host, addr));
		*ret_host = host;
		return 0;
	}
	if (str_cut(text, ':', &host, &port))
		TRY(addr_parse_port(port, &number));
	if (host.len == 0 || host.len > 255 || !all(host, is_host_char))
		return E_SYNTAX;
	*ret_host = host;
	return 0;
}

static int parse_url(struct str text, struct url *ret_url)
{
	struct url url = {.https = str_has_prefix(text, STR("https://"))};
	size_t scheme_len = url.https ? 8 : 7;
	if (!url.https && !str_has_prefix(text, STR("http://")))
		return E_SYNTAX;
	struct str rest = {text.p + scheme_len, text.len - scheme_len};
	size_t slash = str_find(rest, '/');
	url.path = (struct str){rest.p + slash, rest.len - slash};
	TRY(parse_authority((struct str){rest.p, slash}, &url.host));
	if (!all(url.path, is_path_char))
		return E_SYNTAX;
	*ret_url = url;
	return 0;
}

/* "." and ".." segments would be resolved away by clients, and the issuer would no longer be the same bytes. */
static bool has_dot_segment(struct str path)
{
	struct str segment, rest = path;
	while (str_cut(rest, '/', &segment, &rest))
		if (str_eq(segment, STR(".")) || str_eq(segment, STR("..")))
			return true;
	return str_eq(rest, STR(".")) || str_eq(rest, STR(".."));
}

static bool is_issuer(struct str text)
{
	struct url url;
	/* RFC 8414 2: the issuer has no query and no fragment; '?' and '#' are no characters of a path here. */
	return parse_url(text, &url) == 0 && !has_dot_segment(url.path);
}

static bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

static bool is_origin(struct str text)
{
	struct url url;
	if (parse_url(text, &url) < 0 || url.path.len > 0)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (is_upper(text.p[i]))
			return false; /* browsers send the host in lower case; this would never match */
	return true;
}

static bool is_loopback_host(struct str host)
{
	unsigned char addr[16];
	if (str_eq_ci(host, STR("localhost")))
		return true;
	return addr_parse(host, addr) == 0 && addr_is_loopback(addr);
}

int config_check_parse_endpoint(struct str text, struct config_endpoint *ret_endpoint)
{
	struct addr_endpoint endpoint;
	TRY(addr_parse_endpoint(text, &endpoint));
	*ret_endpoint = (struct config_endpoint){text, endpoint.addr, endpoint.len, endpoint.local};
	return 0;
}

static bool is_endpoint(struct str text)
{
	struct addr_endpoint endpoint;
	return addr_parse_endpoint(text, &endpoint) == 0;
}

static bool is_network(struct str text)
{
	struct addr_network network;
	return addr_parse_network(text, &network) == 0;
}

static bool is_path(struct str text) { return text.len > 0 && text.len < 1024; }

static bool is_env_char(char c) { return c == '_' || (is_host_char(c) && c != '.' && c != '-'); }

static bool is_master_key(struct str text)
{
	struct str name;
	if (str_has_prefix(text, STR("env:"))) {
		name = (struct str){text.p + 4, text.len - 4};
		return name.len > 0 && all(name, is_env_char) && !(name.p[0] >= '0' && name.p[0] <= '9');
	}
	if (str_has_prefix(text, STR("credential:"))) {
		name = (struct str){text.p + 11, text.len - 11};
		return name.len > 0 && name.len < 256 && str_is_unreserved(name) && name.p[0] != '.';
	}
	return is_path(text);
}

static bool is_alg(struct str text)
{
	static const char *const names[] = {"ES256", "ES384", "RS256", "PS256", "EdDSA"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq(text, str_of(names[i])))
			return true;
	return false;
}

static bool is_relay(struct str text)
{
	struct str host, scheme = str_has_prefix(text, STR("smtps://")) ? STR("smtps://") : STR("smtp://");
	return str_has_prefix(text, scheme) &&
	       parse_authority((struct str){text.p + scheme.len, text.len - scheme.len}, &host) == 0;
}

static bool is_name(struct str text)
{
	for (struct str rest = text; rest.len > 0;) {
		size_t n = str_printable(rest);
		if (n == 0)
			return false;
		rest = (struct str){rest.p + n, rest.len - n};
	}
	return text.len > 0 && text.len <= 256;
}

/* RFC 6749 3.3 */
static bool is_scope(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] < '!' || text.p[i] > '~' || text.p[i] == '"' || text.p[i] == '\\')
			return false;
	return text.len > 0 && text.len <= 128;
}

static bool is_grant_type(struct str text)
{
	static const char *const types[] = {"authorization_code", "refresh_token", "client_credentials",
					    "urn:ietf:params:oauth:grant-type:device_code"};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (str_eq(text, str_of(types[i])))
			return true;
	return false;
}

const struct config_check config_check_scope = {is_scope, "a scope name"};
const struct config_check config_check_grant_type = {is_grant_type,
	"authorization_code, refresh_token, client_credentials or urn:ietf:params:oauth:grant-type:device_code"};
const struct config_check config_check_issuer = {is_issuer, "an http or https URL without query and fragment"};
const struct config_check config_check_endpoint = {is_endpoint, "address:port, [v6]:port or unix:/path"};
const struct config_check config_check_network = {is_network, "an address, or a network as address/bits"};
const struct config_check config_check_path = {is_path, "a path"};
const struct config_check config_check_master_key = {is_master_key, "a path, env:NAME or credential:NAME"};
const struct config_check config_check_alg = {is_alg, "one of ES256, ES384, RS256, PS256, EdDSA"};
static bool is_domain_char(char c) { return is_host_char(c) && !is_upper(c); }

static bool is_domain(struct str text)
{
	return text.len > 0 && text.len <= 253 && all(text, is_domain_char) && text.p[0] != '.' && text.p[0] != '-';
}

const struct config_check config_check_domain = {is_domain, "a domain in lower case, such as example.org"};
const struct config_check config_check_origin = {is_origin,
	"an origin as browsers send it, such as https://app.example"};

const struct config_check config_check_relay = {is_relay, "smtp://host, smtp://host:port or smtps://host"};
const struct config_check config_check_address = {address_is_normal, "an e-mail address with its domain in lower case"};
const struct config_check config_check_name = {is_name, "printable characters"};

static bool is_issuer_in_clear(const struct config *config)
{
	struct url url;
	bool parsed = parse_url(config->issuer, &url) == 0;
	/* RFC 8414 2, RFC 6749 3.2: TLS, unless the traffic never leaves the machine or a proxy ends TLS. */
	return !parsed || (!url.https && !is_loopback_host(url.host) && !config->behind_proxy);
}

static bool is_listening_in_clear(const struct config *config)
{
	bool open = false;
	for (size_t i = 0; i < config->listen.n; i++)
		open |= !config->endpoints[i].local;
	return open && !config->behind_proxy && !config->tls_enabled;
}

static bool is_listen_empty(const struct config *config) { return config->listen.n == 0; }

static bool is_listen_repeated(const struct config *config)
{
	for (size_t i = 1; i < config->listen.n; i++)
		for (size_t k = 0; k < i; k++)
			if (str_eq(config->listen.v[i], config->listen.v[k]))
				return true;
	return false;
}

static bool is_key_missing(const struct config *config)
{
	return config->tls.certificate.len > 0 && config->tls.key.len == 0;
}

static bool is_certificate_missing(const struct config *config)
{
	return config->tls.key.len > 0 && config->tls.certificate.len == 0;
}

static bool is_lifetime_capped(const struct config *config)
{
	return config->tokens.access_lifetime_s > config->tokens.lifetime_max_s;
}

static bool is_default_alg_keyless(const struct config *config)
{
	return !str_list_has(config->keys.algs, config->tokens.default_alg);
}

static bool is_prepublished_too_late(const struct config *config)
{
	return config->keys.prepublish_s < config->jwks.max_age_s;
}

static bool is_prepublished_too_long(const struct config *config)
{
	return config->keys.prepublish_s >= (uint64_t)config->keys.rotate_days * 86400;
}

static bool is_upstream_halved(const struct config *config)
{
	return (config->upstream1.issuer.len > 0) != (config->upstream1.client_id.len > 0) ||
	       (config->upstream2.issuer.len > 0) != (config->upstream2.client_id.len > 0) ||
	       (config->upstream3.issuer.len > 0) != (config->upstream3.client_id.len > 0);
}

/* The same host is enough: what is under way there would be read by everybody on the way. */
static bool is_clear(struct str issuer)
{
	struct url url;
	return issuer.len > 0 && parse_url(issuer, &url) == 0 && !url.https && !is_loopback_host(url.host);
}

static bool is_upstream_in_clear(const struct config *config)
{
	return is_clear(config->upstream1.issuer) || is_clear(config->upstream2.issuer) ||
	       is_clear(config->upstream3.issuer);
}

static bool is_address_cap_void(const struct config *config)
{
	return config->limits.connections_per_address > config->limits.connections;
}

static bool has_no_mail(const struct config *config)
{
	return config->mail.relay.len == 0 && config->mail.folder.len == 0;
}

static bool is_signup_mute(const struct config *config)
{
	return config->accounts.signup == CONFIG_SIGNUP_OPEN && has_no_mail(config);
}

static bool has_two_ways_of_mail(const struct config *config)
{
	return config->mail.relay.len > 0 && config->mail.folder.len > 0;
}

static bool is_relay_login_halved(const struct config *config)
{
	return (config->mail.user.len > 0) != (config->mail.password.len > 0);
}

static bool is_session_longer_idle(const struct config *config)
{
	return config->accounts.session_idle_s > config->accounts.session_max_s;
}

/*
 * The components of a path without empty ones, "." and what ".." takes back; the ".." at the front of a relative path
 * stay. PARTS_MAX: too many.
 */
static size_t split(struct str path, struct str parts[PARTS_MAX])
{
	struct str rest = path;
	size_t n = 0;
	for (bool more = true; more && n < PARTS_MAX;) {
		struct str part = rest, tail = {0};
		more = str_cut(rest, '/', &part, &tail);
		part = more ? part : rest;
		rest = tail;
		if (part.len == 0 || str_eq(part, STR(".")))
			continue;
		if (!str_eq(part, STR("..")) || (n == 0 ? path.p[0] != '/' : str_eq(parts[n - 1], STR(".."))))
			parts[n++] = part;
		else if (n > 0)
			n--;
	}
	return n;
}

/* By the names alone; the server looks again when it is running (server/confine.c). */
static bool is_master_in_store(const struct config *config)
{
	struct str store[PARTS_MAX], key[PARTS_MAX];
	struct str path = config->keys.master_key;
	if (str_has_prefix(path, STR("env:")) || str_has_prefix(path, STR("credential:")) ||
		(path.p[0] == '/') != (config->store.path.p[0] == '/'))
		return false;
	size_t n_store = split(config->store.path, store), n_key = split(path, key);
	if (n_store == PARTS_MAX || n_key == PARTS_MAX || n_store == 0)
		return false;
	for (size_t i = 0; i + 1 < n_store; i++) /* the last one is the database itself */
		if (i >= n_key || !str_eq(store[i], key[i]))
			return false;
	return n_key >= n_store && !str_eq(key[n_store - 1], STR(".."));
}

static struct config_mark mark_of(const struct config_source *source, unsigned row)
{
	const struct config_place *place = &source->places[row];
	return place->value.line > 0 ? place->value : place->key;
}

/* " (tokens.lifetime_max_s is 600)": an option's value, wherever it comes from. */
static void put_value(const struct config *config, unsigned row, struct buf *out)
{
	const void *value = (const char *)config + config_rows[row].offset;
	const struct str_list *list = value;
	config_rows_name(&config_rows[row], out);
	buf_put(out, STR(" is"));
	switch (config_rows[row].kind) {
	case CONFIG_UINT:
		buf_printf(out, " %u", *(const uint32_t *)value);
		break;
	case CONFIG_BOOL:
		buf_put(out, *(const bool *)value ? STR(" true") : STR(" false"));
		break;
	case CONFIG_TEXT:
	case CONFIG_PATH:
		buf_printf(out, " '%.*s'", STR_ARG(*(const struct str *)value));
		break;
	case CONFIG_LIST:
		buf_put(out, list->n == 0 ? STR(" empty") : STR(""));
		for (size_t i = 0; i < list->n; i++)
			buf_printf(out, "%s%.*s", i > 0 ? ", " : " ", STR_ARG(list->v[i]));
		break;
	case CONFIG_ENUM:
		buf_printf(out, " %s", config_rows[row].names->v[*(const uint32_t *)value]);
	}
}

/* Two options contradict each other: the place is that of one which the file has, the text names both values. */
static int fail_pair(const struct config *config, const struct config_source *source, unsigned row, unsigned other,
	const char *text)
{
	struct config_mark at = mark_of(source, row);
	int rc = config_rows_fail(source, at.line > 0 ? at : mark_of(source, other), "%s%s%s: %s",
		config_rows[row].section, config_rows[row].section[0] ? "." : "", config_rows[row].name, text);
	buf_put(source->why, STR(" ("));
	put_value(config, row, source->why);
	if (other != row) {
		buf_put(source->why, STR(", "));
		put_value(config, other, source->why);
	}
	buf_put(source->why, STR(")"));
	return rc;
}

int config_check_combined(const struct config *config, const struct config_source *source)
{
	static const struct {
		bool (*bad)(const struct config *config);
		unsigned row, other; /* whose places are named: row's, or other's when only that one is in the file */
		const char *text;
	} rules[] = {
		{is_issuer_in_clear, CONFIG_ROW__issuer, CONFIG_ROW__behind_proxy,
			"plain http on a host that is not loopback; expected https, or behind_proxy: true"},
		{is_upstream_halved, CONFIG_ROW_upstream1_issuer, CONFIG_ROW_upstream1_client_id,
			"a section upstream1 .. upstream3 has only one of issuer and client_id; expected both or none"},
		{is_upstream_in_clear, CONFIG_ROW_upstream1_issuer, CONFIG_ROW_upstream1_issuer,
			"the issuer of a section upstream1 .. upstream3 is plain http on a host that is not loopback; "
			"expected https"},
		{is_listen_empty, CONFIG_ROW__listen, CONFIG_ROW__listen,
			"the list is empty; expected at least one address"},
		{is_listen_repeated, CONFIG_ROW__listen, CONFIG_ROW__listen,
			"an address stands there twice; expected each address once"},
		{is_listening_in_clear, CONFIG_ROW__listen, CONFIG_ROW__behind_proxy,
			"plain http on an address that is not loopback; expected tls.certificate and tls.key, or "
			"behind_proxy: true"},
		{is_key_missing, CONFIG_ROW_tls_certificate, CONFIG_ROW_tls_key,
			"there is no tls.key; expected both or none"},
		{is_certificate_missing, CONFIG_ROW_tls_key, CONFIG_ROW_tls_certificate,
			"there is no tls.certificate; expected both or none"},
		{is_master_in_store, CONFIG_ROW_store_path, CONFIG_ROW_keys_master_key,
			"the file of keys.master_key lies below the folder of this one, where the server process "
			"may read everything; expected different folders, such as store/mintmark.db and master.key"},
		{is_lifetime_capped, CONFIG_ROW_tokens_access_lifetime_s, CONFIG_ROW_tokens_lifetime_max_s,
			"longer than tokens.lifetime_max_s; expected at most that"},
		{is_default_alg_keyless, CONFIG_ROW_tokens_default_alg, CONFIG_ROW_keys_algs,
			"not among keys.algs; expected one of them"},
		{is_prepublished_too_late, CONFIG_ROW_keys_prepublish_s, CONFIG_ROW_jwks_max_age_s,
			"shorter than jwks.max_age_s: verifiers would meet tokens whose key they have not seen; "
			"expected at least that"},
		{is_prepublished_too_long, CONFIG_ROW_keys_prepublish_s, CONFIG_ROW_keys_rotate_days,
			"not shorter than keys.rotate_days; expected less than that"},
		{is_address_cap_void, CONFIG_ROW_limits_connections_per_address, CONFIG_ROW_limits_connections,
			"more than limits.connections; expected at most that"},
		{is_signup_mute, CONFIG_ROW_accounts_signup, CONFIG_ROW_mail_relay,
			"nothing sends mails, so no address can be verified; expected mail.relay or mail.folder"},
		{has_two_ways_of_mail, CONFIG_ROW_mail_relay, CONFIG_ROW_mail_folder,
			"there is mail.folder too; expected one of them"},
		{is_relay_login_halved, CONFIG_ROW_mail_user, CONFIG_ROW_mail_password,
			"user name and password belong together; expected both or none"},
		{is_session_longer_idle, CONFIG_ROW_accounts_session_idle_s, CONFIG_ROW_accounts_session_max_s,
			"longer than accounts.session_max_s; expected at most that"},
	};
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].bad(config))
			return fail_pair(config, source, rules[i].row, rules[i].other, rules[i].text);
	return 0;
}
