/*
 * Discovery and its memory; see endpoint.h. RFC 8414 3.3. Must never take an endpoint from metadata of another issuer.
 */
#include "client/endpoint.h"

#include <stdio.h>

#include "base/enc.h"
#include "crypto/digest.h"
#include "http/http_out.h"
#include "json/json.h"
#include "verify/fetch.h"

enum { KEPT_S = 86400, NAME_BYTES = 20, NAME_MAX_LEN = 80 };

static const struct member {
	const char *name;
	size_t at;
} members[] = {
	{"token_endpoint", offsetof(struct endpoint_set, token)},
	{"authorization_endpoint", offsetof(struct endpoint_set, authorization)},
	{"device_authorization_endpoint", offsetof(struct endpoint_set, device)},
	{"userinfo_endpoint", offsetof(struct endpoint_set, userinfo)},
	{"revocation_endpoint", offsetof(struct endpoint_set, revocation)},
};
enum { MEMBERS = sizeof(members) / sizeof(members[0]) };

static struct str *part_of(struct endpoint_set *set, size_t i)
{
	return (struct str *)(void *)((char *)set + members[i].at);
}

static void make_name(struct str issuer, char ret_name[NAME_MAX_LEN])
{
	unsigned char digest[SHA256_LEN];
	char hex[2 * NAME_BYTES + 1] = {0};
	struct buf name;
	digest_sha256_light(issuer, digest);
	buf_init_fixed(&name, hex, sizeof(hex) - 1);
	enc_hex(&name, str_mem(digest, NAME_BYTES));
	snprintf(ret_name, NAME_MAX_LEN, "metadata-%s.json", hex);
}

/* The members that matter, of metadata or of what was kept of them. E_SYNTAX: another issuer. */
static int read_members(const struct json *document, struct str issuer, struct arena *arena, struct endpoint_set *set)
{
	struct str named, url;
	if (json_get_str(document, "issuer", &named) < 0 || !str_eq(named, issuer))
		return E_SYNTAX;
	for (size_t i = 0; i < MEMBERS; i++)
		if (json_get_str(document, members[i].name, &url) == 0)
			TRY(arena_str(arena, url, part_of(set, i)));
	if (json_get_bool(document, "authorization_response_iss_parameter_supported", &set->checks_iss) < 0)
		set->checks_iss = false;
	return 0;
}

static int read_kept(struct str text, const struct endpoint_request *request, struct arena *arena,
		     struct endpoint_set *set)
{
	_cleanup_(json_freep) struct json *document = NULL;
	int64_t at_s;
	TRY(json_parse_object(text, &document));
	TRY(json_get_int(document, "at", &at_s));
	int64_t age_s = request->now->wall_s - at_s;
	if (age_s < 0 || age_s > KEPT_S)
		return E_ABSENT;
	return read_members(document, request->issuer, arena, set);
}

static int look_at_kept(const struct endpoint_request *request, struct arena *arena, struct endpoint_set *set,
			bool *ret_found, struct trouble *trouble)
{
	_cleanup_(buf_done) struct buf text;
	char name[NAME_MAX_LEN];
	*ret_found = false;
	buf_init(&text, PRIVATE_FILE_MAX);
	make_name(request->issuer, name);
	TRY(private_folder_read(request->folder, name, &text, ret_found, trouble));
	int rc = *ret_found ? read_kept(buf_str(&text), request, arena, set) : 0;
	if (rc == E_NOMEM)
		return trouble_of(trouble, rc, "the metadata");
	*ret_found = *ret_found && rc == 0;
	return MINTMARK_OK;
}

static void emit(const struct endpoint_request *request, struct endpoint_set *set, struct buf *out)
{
	struct json_out json;
	json_out_init(&json, out);
	json_open(&json, NULL, '{');
	json_str(&json, "issuer", request->issuer);
	json_int(&json, "at", request->now->wall_s);
	json_bool(&json, "authorization_response_iss_parameter_supported", set->checks_iss);
	for (size_t i = 0; i < MEMBERS; i++)
		if (part_of(set, i)->len > 0)
			json_str(&json, members[i].name, *part_of(set, i));
	json_close(&json, '}');
}

/* Not being able to keep it is no reason to fail; nor is another process that does so right now. */
static void keep(const struct endpoint_request *request, struct endpoint_set *set)
{
	_cleanup_(private_folder_closep) int lock = -1;
	_cleanup_(buf_done) struct buf text;
	struct trouble unheard;
	char name[NAME_MAX_LEN], lock_name[NAME_MAX_LEN + 8];
	buf_init(&text, PRIVATE_FILE_MAX);
	emit(request, set, &text);
	if (request->folder->fd < 0 || buf_status(&text) < 0)
		return;
	make_name(request->issuer, name);
	snprintf(lock_name, sizeof(lock_name), "%s.lock", name);
	if (private_folder_lock_file(request->folder, lock_name, &lock, &unheard) < 0 || !private_folder_try(lock))
		return;
	if (private_folder_write(request->folder, name, buf_str(&text), &unheard) < 0)
		return; /* the next one discovers again */
}

/* What to do about it. */
static const char *advise(int code)
{
	static const struct {
		int code;
		const char *text;
	} rows[] = {
		{MINTMARK_ERROR_ISSUER, " Set the issuer as its server spells it, to the last slash."},
		{MINTMARK_ERROR_NETWORK, " Does the server run, and are the address and this machine's clock right?"},
		{MINTMARK_ERROR_TIMEOUT, " Try again, or allow more time."},
		{MINTMARK_ERROR_STATUS, " Is this the issuer's address?"},
		{MINTMARK_ERROR_SYNTAX, " Is this the issuer's address, and does nothing in between answer for it?"},
		{MINTMARK_ERROR_LIMIT, " Is this the issuer's address, and does nothing in between answer for it?"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].code == code)
			return rows[i].text;
	return "";
}

static int discover(const struct endpoint_request *request, struct arena *arena, struct endpoint_set *set,
		    struct trouble *trouble)
{
	_cleanup_(buf_done) struct buf text;
	_cleanup_(json_freep) struct json *document = NULL;
	char why[HTTP_OUT_WHY_MAX] = "";
	const struct settings *settings = request->settings;
	const struct fetch_source source = {
		.issuer = request->issuer,
		.ca_file = settings->ca_file,
		.timeout_ms = request->timeout_ms,
		.plain_http = settings->flags & MINTMARK_CLIENT_PLAIN_HTTP,
		.cancel = settings->cancel,
		.why = why,
	};
	buf_init(&text, FETCH_DOCUMENT_MAX);
	enum fetch_cause cause = fetch_metadata(&source, &text);
	if (cause != FETCH_DONE) {
		int code = fetch_error(cause);
		trouble_set(trouble, code, "The metadata of %.*s %s%s%s%s.%s", STR_ARG(request->issuer),
			    fetch_text(cause), why[0] ? " (" : "", why, why[0] ? ")" : "",
			    advise(code));
		trouble->is_passing = code == MINTMARK_ERROR_NETWORK || code == MINTMARK_ERROR_TIMEOUT;
		return code;
	}
	int rc = json_parse_object_max(buf_str(&text), FETCH_DOCUMENT_MAX, &document);
	rc = rc < 0 ? rc : read_members(document, request->issuer, arena, set);
	return rc < 0 ? trouble_of(trouble, rc, "the metadata") : MINTMARK_OK;
}

int endpoint_find(const struct endpoint_request *request, struct arena *arena, struct endpoint_set *ret_set,
		  struct trouble *trouble)
{
	struct endpoint_set set = {0};
	bool found;
	if (request->issuer.len == 0)
		return trouble_set(trouble, MINTMARK_ERROR_ARGUMENT,
				   "Whom to ask? Name the issuer: $%s_ISSUER, or the program's option.",
				   request->settings->prefix.p);
	TRY(look_at_kept(request, arena, &set, &found, trouble));
	if (!found) {
		TRY(discover(request, arena, &set, trouble));
		keep(request, &set);
	}
	*ret_set = set;
	return MINTMARK_OK;
}

void endpoint_forget(const struct private_folder *folder, struct str issuer)
{
	char name[NAME_MAX_LEN];
	make_name(issuer, name);
	private_folder_remove(folder, name);
}
