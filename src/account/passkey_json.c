/* See passkey_json.h. */
#include "account/passkey_json.h"

#include "account/passkey.h"
#include "base/enc.h"
#include "crypto/webauthn.h"
#include "json/json.h"

enum { CLIENT_DATA_MAX = 4096, TIMEOUT_MS = PASSKEY_CHALLENGE_S * 1000 };

int passkey_json_b64url(struct str bytes, struct arena *arena, struct str *ret_text)
{
	size_t size = ENC_B64URL_LEN(bytes.len) + 1;
	struct buf text;
	char *mem = arena_alloc(arena, size);
	if (!mem)
		return E_NOMEM;
	buf_init_fixed(&text, mem, size);
	enc_b64url(&text, bytes);
	TRY(buf_status(&text));
	*ret_text = buf_str(&text);
	return 0;
}

/* "https://host:port/path": host with and without port. */
static void split(struct str issuer, struct str *ret_origin, struct str *ret_host)
{
	struct str scheme, rest = issuer;
	if (!str_cut(issuer, ':', &scheme, &rest) || rest.len < 2) {
		*ret_origin = *ret_host = (struct str){0};
		return;
	}
	struct str authority = str_mem(rest.p + 2, rest.len - 2);
	authority.len = str_find(authority, '/');
	*ret_origin = str_mem(issuer.p, scheme.len + 3 + authority.len);
	bool is_v6 = authority.len > 0 && authority.p[0] == '[';
	*ret_host = str_mem(authority.p, is_v6 ? str_find(authority, ']') + 1 : str_find(authority, ':'));
}

struct str passkey_json_host(struct str issuer)
{
	struct str origin, host;
	split(issuer, &origin, &host);
	return host;
}

int passkey_client_data(struct str bytes, const char *kind, struct str issuer,
			unsigned char ret_challenge[PASSKEY_CHALLENGE_LEN])
{
	_cleanup_(json_freep) struct json *doc = NULL;
	struct str type, challenge, origin, own, host;
	bool cross = false;
	size_t len = 0;
	if (bytes.len > CLIENT_DATA_MAX || json_parse_object(bytes, &doc) < 0)
		return E_ACCESS_DENIED;
	/* 7.1 step 7, 7.2 step 11 */
	if (json_get_str(doc, "type", &type) < 0 || !str_eq(type, str_of(kind)))
		return E_ACCESS_DENIED;
	/* 7.1 step 9, 7.2 step 13: exactly ours, not one that begins or ends like it */
	split(issuer, &own, &host);
	if (json_get_str(doc, "origin", &origin) < 0 || !str_eq(origin, own))
		return E_ACCESS_DENIED;
	/* 7.1 step 10, 7.2 step 14: never inside somebody else's frame */
	int rc = json_get_bool(doc, "crossOrigin", &cross);
	if ((rc < 0 && rc != E_ABSENT) || cross || json_has(doc, "topOrigin"))
		return E_ACCESS_DENIED;
	if (json_get_str(doc, "challenge", &challenge) < 0 ||
	    enc_b64url_decode(challenge, ret_challenge, PASSKEY_CHALLENGE_LEN, &len) < 0)
		return E_ACCESS_DENIED;
	return len == PASSKEY_CHALLENGE_LEN ? 0 : E_ACCESS_DENIED;
}

/* An absent member is empty. */
static int get_bytes(const struct json *object, const char *name, size_t max, struct arena *arena,
		     struct str *ret_bytes)
{
	struct str text;
	size_t len = 0;
	int rc = json_get_str(object, name, &text);
	if (rc == E_ABSENT)
		return 0;
	if (rc < 0 || text.len > ENC_B64URL_LEN(max))
		return E_ACCESS_DENIED;
	char *bytes = arena_alloc(arena, text.len + 1);
	if (!bytes)
		return E_NOMEM;
	if (enc_b64url_decode(text, bytes, text.len + 1, &len) < 0)
		return E_ACCESS_DENIED;
	*ret_bytes = str_mem(bytes, len);
	return 0;
}

int passkey_json_parse(struct str text, struct arena *arena, struct passkey_json *ret_json)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	const struct json *response;
	struct passkey_json json = {.id.len = 0};
	struct str type;
	int rc = text.len > PASSKEY_JSON_MAX ? E_LIMIT : json_parse_object(text, &doc);
	if (rc == E_NOMEM)
		return rc;
	if (rc < 0 || json_get_str(doc, "type", &type) < 0 || !str_eq(type, STR("public-key")) ||
	    json_get_object(doc, "response", &response) < 0)
		return E_ACCESS_DENIED;
	const struct {
		const struct json *in;
		const char *name;
		size_t max;
		struct str *to;
	} rows[] = {
		{doc, "rawId", WEBAUTHN_ID_MAX, &json.id},
		{response, "clientDataJSON", CLIENT_DATA_MAX, &json.client_data},
		{response, "attestationObject", WEBAUTHN_OBJECT_MAX, &json.object},
		{response, "authenticatorData", WEBAUTHN_DATA_MAX, &json.data},
		{response, "signature", WEBAUTHN_SIG_MAX, &json.sig},
		{response, "userHandle", MODEL_ID_MAX, &json.user},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		TRY(get_bytes(rows[i].in, rows[i].name, rows[i].max, arena, rows[i].to));
	*ret_json = json;
	return 0;
}

static void put_b64url(struct json_out *json, const char *name, struct str bytes)
{
	char mem[ENC_B64URL_LEN(MODEL_PASSKEY_ID_MAX) + 1];
	struct buf text;
	buf_init_fixed(&text, mem, sizeof(mem));
	enc_b64url(&text, bytes);
	json_str(json, name, buf_str(&text));
}

static void put_known(struct json_out *json, const struct passkey *passkeys, size_t n)
{
	json_open(json, "excludeCredentials", '[');
	for (size_t i = 0; i < n; i++) {
		json_open(json, NULL, '{');
		json_str(json, "type", STR("public-key"));
		put_b64url(json, "id", passkeys[i].id);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void put_party(struct json_out *json, struct str issuer, const struct account *account)
{
	struct str host = passkey_json_host(issuer);
	json_open(json, "rp", '{');
	json_str(json, "id", host);
	json_str(json, "name", host);
	json_close(json, '}');
	json_open(json, "user", '{');
	put_b64url(json, "id", account->id);
	json_str(json, "name", account->email);
	json_str(json, "displayName", account->name.len > 0 ? account->name : account->email);
	json_close(json, '}');
}

static void put_algs(struct json_out *json)
{
	json_open(json, "pubKeyCredParams", '[');
	for (const int *alg = webauthn_algs; *alg != 0; alg++) {
		json_open(json, NULL, '{');
		json_str(json, "type", STR("public-key"));
		json_int(json, "alg", *alg);
		json_close(json, '}');
	}
	json_close(json, ']');
}

void passkey_json_put_create(const struct passkey_json_create *options, struct buf *out)
{
	struct json_out json;
	json_out_init(&json, out);
	json_open(&json, NULL, '{');
	put_party(&json, options->issuer, options->account);
	json_str(&json, "challenge", options->challenge);
	put_algs(&json);
	json_int(&json, "timeout", TIMEOUT_MS);
	put_known(&json, options->passkeys, options->n_passkeys);
	json_open(&json, "authenticatorSelection", '{');
	json_str(&json, "residentKey", STR("required"));
	json_bool(&json, "requireResidentKey", true);
	json_str(&json, "userVerification", STR("required"));
	json_close(&json, '}');
	json_str(&json, "attestation", STR("none"));
	json_close(&json, '}');
}

void passkey_json_put_get(struct str issuer, struct str challenge, struct buf *out)
{
	struct json_out json;
	json_out_init(&json, out);
	json_open(&json, NULL, '{');
	json_str(&json, "challenge", challenge);
	json_str(&json, "rpId", passkey_json_host(issuer));
	json_int(&json, "timeout", TIMEOUT_MS);
	json_str(&json, "userVerification", STR("required"));
	json_close(&json, '}');
}
