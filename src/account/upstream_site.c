/* See upstream_site.h. */
#include "account/upstream_site.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/log.h"
#include "json/json.h"

enum { ARENA_MAX = 65536 };

struct upstream_keep {
	pthread_mutex_t lock;
	struct upstream_site *site; /* under lock */
	int64_t failed_s;           /* under lock; when it last could not be fetched */
};

struct http_out_limits upstream_site_limits(const struct upstream_options *options, struct str url)
{
	return (struct http_out_limits){
		.timeout_ms = UPSTREAM_TIMEOUT_MS,
		.max_bytes = UPSTREAM_DOCUMENT_MAX,
		.allow_private = options->private_addresses && http_out_same_origin(url, options->issuer),
		.allow_http = str_has_prefix(options->issuer, STR("http://")),
		.http_near_only = true,
		.ca_file = options->ca_file,
	};
}

void upstream_site_unref(struct upstream_site *site)
{
	if (!site || atomic_fetch_sub(&site->refs, 1) != 1)
		return;
	jwks_free(site->jwks);
	arena_done(&site->arena);
	free(site);
}

void upstream_site_unrefp(struct upstream_site **site) { upstream_site_unref(*site); }

static int copy_member(const struct json *doc, const char *name, struct upstream_site *site, struct str *ret_value)
{
	struct str value;
	TRY(json_get_str(doc, name, &value));
	if (value.len == 0 || value.len > HTTP_OUT_URL_MAX)
		return E_SYNTAX;
	for (size_t i = 0; i < value.len; i++) /* it goes into a header, and into a URL's front */
		if (value.p[i] <= 0x20 || value.p[i] >= 0x7F || value.p[i] == '#')
			return E_SYNTAX;
	return arena_str(&site->arena, value, ret_value);
}

/* The page that people are sent to: of a scheme that our own issuer would be allowed to have. */
static bool is_page(struct str url, struct str issuer)
{
	return str_has_prefix(url, STR("https://")) ||
	       (str_has_prefix(issuer, STR("http://")) && str_has_prefix(url, STR("http://")));
}

static bool has_word(const struct json *doc, const char *name, const char *word)
{
	const struct json *array;
	struct str value;
	if (json_get_array(doc, name, &array) < 0)
		return false;
	for (size_t i = 0; i < json_array_len(array); i++)
		if (json_at_str(array, i, &value) == 0 && str_eq(value, str_of(word)))
			return true;
	return false;
}

/* RFC 8725 3.1: what we can verify of what it says it signs with; `none` and HMAC do not exist here. */
static unsigned read_algs(const struct json *doc)
{
	unsigned algs = 0;
	for (enum sig_alg alg = SIG_ES256; alg < SIG_ALGS; alg++)
		if (has_word(doc, "id_token_signing_alg_values_supported", sig_alg_row(alg)->name))
			algs |= JWK_ALG(alg);
	return algs;
}

int upstream_site_parse(struct str issuer, struct str text, struct upstream_site *site)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	struct str named;
	TRY(json_parse_object_max(text, UPSTREAM_DOCUMENT_MAX, &doc));
	/* OpenID Connect Discovery 4.3, RFC 8414 3.3: exactly the issuer that was asked */
	if (json_get_str(doc, "issuer", &named) < 0 || !str_eq(named, issuer))
		return E_SYNTAX;
	TRY(copy_member(doc, "authorization_endpoint", site, &site->authorization));
	TRY(copy_member(doc, "token_endpoint", site, &site->token));
	TRY(copy_member(doc, "jwks_uri", site, &site->jwks_uri));
	int rc = copy_member(doc, "userinfo_endpoint", site, &site->userinfo);
	if (rc < 0 && rc != E_ABSENT)
		return rc;
	site->algs = read_algs(doc);
	if (site->algs == 0 || !is_page(site->authorization, issuer))
		return E_SYNTAX;
	rc = json_get_bool(doc, "authorization_response_iss_parameter_supported", &site->sends_iss);
	if (rc < 0 && rc != E_ABSENT)
		return E_SYNTAX;
	/* OpenID Connect Discovery 3: without the member it is Basic */
	site->takes_basic = !json_has(doc, "token_endpoint_auth_methods_supported") ||
			    has_word(doc, "token_endpoint_auth_methods_supported", "client_secret_basic");
	site->takes_post = has_word(doc, "token_endpoint_auth_methods_supported", "client_secret_post");
	return 0;
}

static int fetch(const struct upstream_options *options, struct str url, struct buf *out)
{
	const struct http_out_limits limits = upstream_site_limits(options, url);
	int rc = http_out_get(url, &limits, out);
	if (rc < 0)
		LOG(LOG_WARN, "upstream_unreachable", F("issuer", options->issuer), F("url", url),
		    F("error", err_row(rc)->symbol));
	return rc;
}

static int fill(const struct upstream_options *options, struct upstream_site *site)
{
	_cleanup_(buf_done) struct buf text, keys;
	struct str url, base = str_trim_end(options->issuer, '/'); /* OpenID Connect Discovery 4.1 */
	buf_init(&text, UPSTREAM_DOCUMENT_MAX);
	buf_init(&keys, UPSTREAM_DOCUMENT_MAX);
	TRY(arena_printf(&site->arena, &url, "%.*s/.well-known/openid-configuration", STR_ARG(base)));
	TRY(fetch(options, url, &text));
	int rc = upstream_site_parse(options->issuer, buf_str(&text), site);
	if (rc == 0) {
		TRY(fetch(options, site->jwks_uri, &keys));
		rc = jwks_parse(buf_str(&keys), UPSTREAM_DOCUMENT_MAX, &site->jwks);
	}
	if (rc < 0)
		LOG(LOG_WARN, "upstream_refused", F("issuer", options->issuer), F("error", err_row(rc)->symbol),
		    F("why", site->jwks_uri.len > 0 ? "the key set is malformed"
						    : "the metadata are malformed or of another issuer"));
	return rc;
}

static int fetch_site(const struct upstream_options *options, int64_t now_s, struct upstream_site **ret_site)
{
	struct upstream_site *site = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*site));
	if (!site)
		return E_NOMEM;
	arena_init(&site->arena, ARENA_MAX);
	atomic_init(&site->refs, 1);
	site->fetched_s = now_s;
	int rc = fill(options, site);
	if (rc < 0) {
		upstream_site_unref(site);
		return rc == E_NOMEM ? rc : E_UNAVAILABLE;
	}
	*ret_site = site;
	return 0;
}

int upstream_keep_new(struct upstream_keep **ret_keep)
{
	struct upstream_keep *keep = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*keep));
	if (!keep)
		return E_NOMEM;
	pthread_mutex_init(&keep->lock, NULL);
	*ret_keep = keep;
	return 0;
}

void upstream_keep_free(struct upstream_keep *keep)
{
	if (!keep)
		return;
	upstream_site_unref(keep->site);
	pthread_mutex_destroy(&keep->lock);
	free(keep);
}

/* 0 and a reference; E_ABSENT: fetch it; E_UNAVAILABLE: that failed a moment ago. */
static int get_kept(struct upstream_keep *keep, int64_t newer_than_s, int64_t now_s, struct upstream_site **ret_site)
{
	int rc = E_ABSENT;
	pthread_mutex_lock(&keep->lock);
	struct upstream_site *site = keep->site;
	bool fresh = site && now_s >= site->fetched_s && now_s - site->fetched_s < UPSTREAM_KEEP_S;
	bool again = site && now_s - site->fetched_s >= UPSTREAM_AGAIN_S;
	if (fresh && (site->fetched_s > newer_than_s || !again)) {
		atomic_fetch_add(&site->refs, 1);
		*ret_site = site;
		rc = 0;
	} else if (keep->failed_s > 0 && now_s >= keep->failed_s && now_s - keep->failed_s < UPSTREAM_AGAIN_S) {
		rc = E_UNAVAILABLE;
	}
	pthread_mutex_unlock(&keep->lock);
	return rc;
}

/* Two who fetch at once both succeed; the later one stays. */
static void set_kept(struct upstream_keep *keep, struct upstream_site *site, int64_t failed_s)
{
	pthread_mutex_lock(&keep->lock);
	keep->failed_s = failed_s;
	if (site) {
		upstream_site_unref(keep->site);
		atomic_fetch_add(&site->refs, 1);
		keep->site = site;
	}
	pthread_mutex_unlock(&keep->lock);
}

int upstream_keep_get(struct upstream_keep *keep, const struct upstream_options *options, int64_t newer_than_s,
		      int64_t now_s, struct upstream_site **ret_site)
{
	struct upstream_site *site = NULL;
	int rc = get_kept(keep, newer_than_s, now_s, ret_site);
	if (rc != E_ABSENT)
		return rc;
	rc = fetch_site(options, now_s, &site);
	set_kept(keep, site, rc < 0 ? now_s : 0);
	TRY(rc);
	*ret_site = site;
	return 0;
}
