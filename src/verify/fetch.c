/*
 * Metadata and key set of an issuer; see fetch.h. OpenID Connect Discovery 4, RFC 8414 3.1 and 3.3, RFC 7517 5 and 8.5.
 * Reads strangers' bytes. Must never follow a redirect, nor go where metadata alone point inside a private network.
 */
#include "verify/fetch.h"

#include <signal.h>

#include "base/fault.h"
#include "http/http_out.h"
#include "json/json.h"
#include "mintmark/error.h"

static const struct row {
	const char *text;
	int error;
} rows[FETCH_CAUSES] = {
	[FETCH_NOTHING] = {"was not fetched yet", MINTMARK_ERROR_TIMEOUT},
	[FETCH_DONE] = {"was fetched", MINTMARK_OK},
	[FETCH_STATUS] = {"was not answered with 200 (redirects are not followed)", MINTMARK_ERROR_STATUS},
	[FETCH_TIMEOUT] = {"took too long", MINTMARK_ERROR_TIMEOUT},
	[FETCH_NETWORK] = {"can not be had: no connection, no trusted certificate, or no HTTP", MINTMARK_ERROR_NETWORK},
	[FETCH_LIMIT] = {"has too many bytes or keys", MINTMARK_ERROR_LIMIT},
	[FETCH_REFUSED] = {"is at a scheme or an address that may not be used", MINTMARK_ERROR_REFUSED},
	[FETCH_URL] = {"has no sound URL", MINTMARK_ERROR_SYNTAX},
	[FETCH_TYPE] = {"is not of a JSON media type", MINTMARK_ERROR_SYNTAX},
	[FETCH_SYNTAX] = {"is malformed", MINTMARK_ERROR_SYNTAX},
	[FETCH_ISSUER] = {"names another issuer, compared byte by byte", MINTMARK_ERROR_ISSUER},
	[FETCH_EMPTY] = {"has no usable key", MINTMARK_ERROR_SYNTAX},
	[FETCH_TWINS] = {"names one kid for two different keys", MINTMARK_ERROR_SYNTAX},
	[FETCH_MEMORY] = {"did not fit into memory", MINTMARK_ERROR_MEMORY},
	[FETCH_JWT] = {"is not of the media type application/jwt", MINTMARK_ERROR_SYNTAX},
	[FETCH_NO_KEYS] = {"can not be verified: the issuer's keys are not there", MINTMARK_ERROR_UNTRUSTED},
	[FETCH_UNTRUSTED] = {"does not verify", MINTMARK_ERROR_UNTRUSTED},
	[FETCH_OLD] = {"was made before it was asked for", MINTMARK_ERROR_UNTRUSTED},
	[FETCH_ORDER] = {"does not go on where it was asked to", MINTMARK_ERROR_SYNTAX},
	[FETCH_ENTRIES] = {"has more entries than are kept", MINTMARK_ERROR_LIMIT},
};

const char *fetch_text(enum fetch_cause cause) { return rows[cause].text; }
int fetch_error(enum fetch_cause cause) { return rows[cause].error; }

static enum fetch_cause cause_of(int code)
{
	static const struct {
		int code;
		enum fetch_cause cause;
	} causes[] = {{0, FETCH_DONE},
		      {E_SYNTAX, FETCH_URL},
		      {E_INVALID_REQUEST, FETCH_REFUSED},
		      {E_LIMIT, FETCH_LIMIT},
		      {E_TIMEOUT, FETCH_TIMEOUT},
		      {E_NOT_FOUND, FETCH_STATUS},
		      {E_NOMEM, FETCH_MEMORY}};
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if (causes[i].code == code)
			return causes[i].cause;
	return FETCH_NETWORK;
}

/* RFC 8259 11, RFC 7517 8.5, RFC 6839 3.1: application/json and whatever is built on it. */
static bool is_json(struct str type)
{
	static const struct str prefix = {"application/", 12}, suffix = {"+json", 5};
	if (str_eq(type, STR("application/json")))
		return true;
	return type.len > prefix.len + suffix.len && str_has_prefix(type, prefix) &&
	       str_eq(str_mem(type.p + type.len - suffix.len, suffix.len), suffix);
}

/* is_own: the operator named this address, or it is at the origin that the operator named. */
static enum fetch_cause get(const struct fetch_source *source, struct str url, bool is_own, struct buf *out,
			    struct http_out_head *ret_head)
{
	const struct http_out_limits limits = {
		.timeout_ms = source->timeout_ms,
		.max_bytes = FETCH_DOCUMENT_MAX,
		.allow_private = is_own,
		.allow_http = is_own, /* so there is no way down from an issuer with https */
		.http_near_only = !source->plain_http,
		.ca_file = source->ca_file,
		.cancel = source->cancel,
		.why = source->why,
	};
	return cause_of(http_out_get_head(url, &limits, out, ret_head));
}

static enum fetch_cause get_json(const struct fetch_source *source, struct str url, bool is_own, struct buf *out,
				 struct http_out_head *ret_head)
{
	enum fetch_cause cause = get(source, url, is_own, out, ret_head);
	if (cause != FETCH_DONE)
		return cause;
	return is_json(str_of(ret_head->type)) ? FETCH_DONE : FETCH_TYPE;
}

enum fetch_cause fetch_jwt(const struct fetch_source *source, struct str url, struct buf *out)
{
	struct http_out_head head;
	enum fetch_cause cause = get(source, url, true, out, &head);
	if (cause != FETCH_DONE)
		return cause;
	return strcmp(head.type, "application/jwt") == 0 ? FETCH_DONE : FETCH_JWT; /* RFC 7519 10.3.1 */
}

/* OpenID Connect Discovery 4: appended. */
static void put_openid_url(struct str issuer, struct buf *out)
{
	buf_put(out, str_trim_end(issuer, '/'));
	buf_put(out, STR("/.well-known/openid-configuration"));
}

/* RFC 8414 3.1: between host and path. */
static void put_oauth_url(struct str issuer, struct buf *out)
{
	struct str scheme, rest = {0};
	if (!str_cut(issuer, ':', &scheme, &rest) || !str_has_prefix(rest, STR("//")))
		return; /* an empty URL is refused */
	rest = str_mem(rest.p + 2, rest.len - 2);
	size_t at = str_find(rest, '/');
	buf_printf(out, "%.*s://%.*s/.well-known/oauth-authorization-server", STR_ARG(scheme),
		   STR_ARG(str_mem(rest.p, at)));
	buf_put(out, str_trim_end(str_mem(rest.p + at, rest.len - at), '/'));
}

static enum fetch_cause get_metadata(const struct fetch_source *source, struct buf *out)
{
	static void (*const put[])(struct str, struct buf *) = {put_openid_url, put_oauth_url};
	enum fetch_cause cause = FETCH_STATUS;
	for (size_t i = 0; i < sizeof(put) / sizeof(put[0]) && cause == FETCH_STATUS; i++) {
		_cleanup_(buf_done) struct buf url;
		struct http_out_head head;
		buf_init(&url, HTTP_OUT_URL_MAX);
		put[i](source->issuer, &url);
		if (buf_status(&url) < 0)
			return buf_status(&url) == E_NOMEM ? FETCH_MEMORY : FETCH_URL;
		cause = get_json(source, buf_str(&url), true, out, &head);
	}
	return cause;
}

enum fetch_cause fetch_metadata(const struct fetch_source *source, struct buf *ret_text)
{
	_cleanup_(json_freep) struct json *metadata = NULL;
	struct str named;
	size_t start = ret_text->len;
	enum fetch_cause cause = get_metadata(source, ret_text);
	struct str text = str_mem(ret_text->p + start, ret_text->len - start);
	int rc = cause == FETCH_DONE ? json_parse_object_max(text, FETCH_DOCUMENT_MAX, &metadata) : 0;
	if (rc < 0)
		cause = rc == E_NOMEM ? FETCH_MEMORY : FETCH_SYNTAX;
	else if (cause == FETCH_DONE && json_get_str(metadata, "issuer", &named) < 0)
		cause = FETCH_SYNTAX;
	else if (cause == FETCH_DONE && !str_eq(named, source->issuer))
		cause = FETCH_ISSUER;
	if (cause != FETCH_DONE)
		ret_text->len = start;
	return cause;
}

enum fetch_cause fetch_read_metadata(struct str issuer, struct str text, struct buf *ret_url)
{
	_cleanup_(json_freep) struct json *metadata = NULL;
	struct str named, url;
	int rc = json_parse_object_max(text, FETCH_DOCUMENT_MAX, &metadata);
	if (rc < 0)
		return rc == E_NOMEM ? FETCH_MEMORY : FETCH_SYNTAX;
	if (json_get_str(metadata, "issuer", &named) < 0 || json_get_str(metadata, "jwks_uri", &url) < 0)
		return FETCH_SYNTAX;
	if (!str_eq(named, issuer)) /* RFC 8414 3.3: identical */
		return FETCH_ISSUER;
	buf_put(ret_url, url);
	rc = buf_status(ret_url);
	return rc == 0 ? FETCH_DONE : rc == E_NOMEM ? FETCH_MEMORY : FETCH_URL;
}

static enum fetch_cause discover(const struct fetch_source *source, struct buf *ret_url)
{
	_cleanup_(buf_done) struct buf text;
	buf_init(&text, FETCH_DOCUMENT_MAX);
	enum fetch_cause cause = get_metadata(source, &text);
	return cause == FETCH_DONE ? fetch_read_metadata(source->issuer, buf_str(&text), ret_url) : cause;
}

static enum fetch_cause read_keys(struct str text, struct fetch_result *ret_result)
{
	struct jwks *jwks;
	int rc = jwks_parse(text, FETCH_DOCUMENT_MAX, &jwks);
	if (rc == E_NOMEM || rc == E_CRYPTO)
		return FETCH_MEMORY;
	if (rc < 0)
		return rc == E_CONFLICT ? FETCH_TWINS : rc == E_LIMIT ? FETCH_LIMIT : FETCH_SYNTAX;
	if (jwks->n == 0 || digest_sha256(text, ret_result->digest) < 0) {
		rc = jwks->n == 0;
		jwks_free(jwks);
		return rc ? FETCH_EMPTY : FETCH_MEMORY;
	}
	ret_result->jwks = jwks;
	return FETCH_DONE;
}

static enum fetch_cause get_keys(const struct fetch_source *source, struct str url, struct fetch_result *ret_result)
{
	_cleanup_(buf_done) struct buf text;
	struct http_out_head head;
	bool is_own = source->url.len > 0 || http_out_same_origin(source->issuer, url);
	buf_init(&text, FETCH_DOCUMENT_MAX);
	enum fetch_cause cause = get_json(source, url, is_own, &text, &head);
	if (cause != FETCH_DONE)
		return cause;
	ret_result->max_age_s = head.max_age_s;
	return read_keys(buf_str(&text), ret_result);
}

enum fetch_cause fetch_keys(const struct fetch_source *source, struct fetch_result *ret_result, const char **ret_what)
{
	_cleanup_(buf_done) struct buf url;
	struct fetch_result result = {0};
	buf_init(&url, HTTP_OUT_URL_MAX);
	*ret_what = "metadata";
	enum fetch_cause cause = FETCH_DONE;
	if (source->url.len == 0 && (cause = discover(source, &url)) != FETCH_DONE)
		return cause;
	*ret_what = "key set";
	cause = get_keys(source, source->url.len > 0 ? source->url : buf_str(&url), &result);
	if (cause == FETCH_DONE)
		*ret_result = result;
	return cause;
}

int fetch_thread_new(void *(*run)(void *arg), void *arg, pthread_t *ret_thread)
{
	sigset_t all, before;
	(void)sigfillset(&all);
	if (fault_hit(FAULT_ALLOC) || pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
		return E_INTERNAL;
	int rc = pthread_create(ret_thread, NULL, run, arg);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc == 0 ? 0 : E_INTERNAL;
}
