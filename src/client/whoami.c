/*
 * Asking userinfo; see whoami.h. OpenID Connect Core 5.3. Sends the token only to an endpoint of the issuer's metadata.
 */
#include "client/whoami.h"

#include "base/secret.h"
#include "client/endpoint.h"
#include "client/source.h"
#include "client/token_request.h"
#include "http/http_out.h"
#include "json/json.h"

enum { ARENA_MAX = 1048576, ANSWER_MAX = 65536 };

static int find_url(struct mintmark_client *client, struct arena *arena, struct str *ret_url, struct str *ret_issuer,
		    struct trouble *trouble)
{
	_cleanup_(private_folder_close) struct private_folder folder = {.fd = -1};
	const struct settings *settings = &client->settings;
	struct endpoint_set set;
	struct source source;
	struct moment now;
	client->now(&now);
	TRY(source_find(settings, arena, &source, trouble));
	if (!(settings->flags & MINTMARK_CLIENT_MEMORY_ONLY) && settings->cache_dir.len > 0)
		TRY(private_folder_open(settings->cache_dir.p, PRIVATE_CREATE | PRIVATE_NO_LINK, &folder, trouble));
	const struct endpoint_request request = {settings, source.issuer, &folder, &now, settings->timeout_ms};
	TRY(endpoint_find(&request, arena, &set, trouble));
	if (set.userinfo.len == 0)
		return trouble_set(trouble, MINTMARK_ERROR_STATUS, "%.*s has no userinfo endpoint.",
				   STR_ARG(source.issuer));
	*ret_url = set.userinfo;
	*ret_issuer = source.issuer;
	return MINTMARK_OK;
}

static int get(const struct mintmark_client *client, struct str url, struct str issuer, struct str header,
	       struct buf *out, struct trouble *trouble)
{
	char why[HTTP_OUT_WHY_MAX] = "";
	bool is_own = http_out_same_origin(url, issuer);
	const struct settings *settings = &client->settings;
	const struct http_out_limits limits = {.timeout_ms = settings->timeout_ms,
					       .max_bytes = ANSWER_MAX,
					       .allow_private = is_own,
					       .allow_http = is_own,
					       .http_near_only = !(settings->flags & MINTMARK_CLIENT_PLAIN_HTTP),
					       .ca_file = settings->ca_file,
					       .cancel = settings->cancel,
					       .why = why};
	const struct str headers[] = {header, STR("Accept: application/json")};
	const struct http_out_request get = {"GET", url, headers, 2, {0}};
	struct http_out_answer answer;
	int rc = http_out_send(&get, &limits, out, &answer);
	if (rc < 0)
		return token_request_network(trouble, rc, url, why, settings);
	if (answer.status == 401)
		return trouble_set(trouble, MINTMARK_ERROR_REJECTED, "%.*s refuses the token.", STR_ARG(url));
	if (answer.status == 403) /* RFC 6750 3.1: insufficient_scope */
		return trouble_set(trouble, MINTMARK_ERROR_STATUS,
				   "%.*s answers with status 403: the token lacks a scope, openid for one, or its "
				   "client may not have it. Ask for that scope.",
				   STR_ARG(url));
	if (answer.status != 200)
		return trouble_set(trouble, MINTMARK_ERROR_STATUS, "%.*s answers with status %d%s", STR_ARG(url),
				   answer.status,
				   answer.status / 100 == 3 ? ": redirects are never followed with a token."
							    : ". Try again later.");
	return MINTMARK_OK;
}

static int copy_answer(struct str text, char *ret_json, size_t size, struct trouble *trouble)
{
	_cleanup_(json_freep) struct json *document = NULL;
	if (json_parse_object(text, &document) < 0)
		return trouble_set(trouble, MINTMARK_ERROR_SYNTAX, "The userinfo endpoint's answer is no JSON object.");
	if (text.len >= size)
		return trouble_set(trouble, MINTMARK_ERROR_LIMIT, "The answer has %zu bytes.", text.len);
	memcpy(ret_json, text.p, text.len);
	ret_json[text.len] = '\0';
	return MINTMARK_OK;
}

/* Once with the present token and, when that is refused, once with a fresh one. */
static int ask(struct mintmark_client *client, struct arena *arena, struct buf *out, struct trouble *trouble)
{
	static const struct str name = {"Authorization: Bearer ", 22};
	char header[MINTMARK_HEADER_MAX];
	struct str url = {0}, issuer = {0};
	int rc = find_url(client, arena, &url, &issuer, trouble);
	for (int i = 0; rc == MINTMARK_OK && i < 2; i++) {
		rc = mintmark_client_header(client, header, sizeof(header));
		if (rc < 0)
			break; /* explained already */
		buf_reset(out);
		rc = get(client, url, issuer, str_of(header), out, trouble);
		if (rc != MINTMARK_ERROR_REJECTED || i > 0 || mintmark_client_renew(client, header + name.len) < 0)
			break;
		rc = MINTMARK_OK;
	}
	secret_wipe(header, sizeof(header));
	return rc;
}

int whoami_ask(struct mintmark_client *client, char *ret_json, size_t size)
{
	_cleanup_(buf_done) struct buf out;
	struct trouble trouble = {0};
	struct arena arena;
	buf_init(&out, ANSWER_MAX);
	arena_init(&arena, ARENA_MAX);
	int rc = ask(client, &arena, &out, &trouble);
	if (rc == MINTMARK_OK)
		rc = copy_answer(buf_str(&out), ret_json, size, &trouble);
	arena_done(&arena);
	return trouble.code < 0 && rc < 0 ? client_fail(client, &trouble) : rc;
}
