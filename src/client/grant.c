/* Tokens as they come; see grant.h. RFC 6749 5.1, RFC 6750 2.1. Reads answers of servers and files of others. */
#include "client/grant.h"

#include "json/json.h"

void grant_init(struct grant *grant)
{
	*grant = (struct grant){0};
	buf_init(&grant->token, GRANT_TOKEN_MAX);
	buf_init(&grant->refresh, GRANT_TOKEN_MAX);
	buf_init(&grant->scope, GRANT_SCOPE_MAX);
}

void grant_done(struct grant *grant)
{
	buf_done(&grant->token);
	buf_done(&grant->refresh);
	buf_done(&grant->scope);
}

int64_t grant_left_s(const struct grant *grant)
{
	return grant->life_s > grant->age_s ? grant->life_s - grant->age_s : 0;
}

static const char answer[] = "The answer of the token endpoint";

static int bad(struct trouble *trouble, const char *who, const char *why)
{
	return trouble_set(trouble, MINTMARK_ERROR_SYNTAX, "%s %s%s", who, why,
			   who == answer ? " Is its address right, and does nothing in between answer for it?"
					 : " Let whoever writes it make it anew.");
}

/* The members that answers and files share. */
static int read_token(const struct json *document, const char *who, struct grant *grant, struct trouble *trouble)
{
	struct str token, text;
	if (json_get_str(document, "access_token", &token) < 0)
		return bad(trouble, who, "has no access_token.");
	if (!str_is_b64token(token)) /* RFC 6750 2.1: it goes into a header */
		return bad(trouble, who, "has an access_token that can not stand in a header.");
	if (token.len > GRANT_TOKEN_MAX)
		return trouble_set(trouble, MINTMARK_ERROR_LIMIT, "%s has a token of %zu bytes.", who, token.len);
	/* RFC 6749 7.1: a type that is not understood must not be used; in any case of letters */
	if (json_get_str(document, "token_type", &text) == 0 && !str_eq_ci(text, STR("bearer")))
		return bad(trouble, who, "has a token of another type than Bearer.");
	buf_put(&grant->token, token);
	if (json_get_str(document, "scope", &text) == 0 && text.len <= GRANT_SCOPE_MAX)
		buf_put(&grant->scope, text);
	if (json_get_str(document, "refresh_token", &text) == 0 && text.len <= GRANT_TOKEN_MAX)
		buf_put(&grant->refresh, text);
	int rc = buf_status(&grant->token) < 0 ? E_NOMEM : 0;
	if (rc < 0 || buf_status(&grant->scope) < 0 || buf_status(&grant->refresh) < 0)
		return trouble_of(trouble, E_NOMEM, "the token");
	return MINTMARK_OK;
}

static int64_t clamp(double life_s)
{
	return life_s < 0 ? 0 : life_s > GRANT_LIFE_MAX_S ? GRANT_LIFE_MAX_S : (int64_t)life_s;
}

static int parse(struct str text, const char *who, struct json **ret_document, struct trouble *trouble)
{
	int rc = json_parse_object(text, ret_document);
	if (rc == E_NOMEM)
		return trouble_of(trouble, rc, who);
	return rc < 0 ? bad(trouble, who, "is no JSON object.") : MINTMARK_OK;
}

int grant_read_answer(struct str text, int64_t now_s, struct grant *ret_grant, struct trouble *trouble)
{
	const char *who = answer;
	_cleanup_(json_freep) struct json *document = NULL;
	double life_s;
	TRY(parse(text, who, &document, trouble));
	if (!json_has(document, "token_type")) /* RFC 6749 5.1: required */
		return bad(trouble, who, "has no token_type.");
	TRY(read_token(document, who, ret_grant, trouble));
	bool said = json_get_number(document, "expires_in", &life_s) == 0;
	ret_grant->life_s = said ? clamp(life_s) : GRANT_LIFE_S;
	ret_grant->obtained_s = now_s;
	return MINTMARK_OK;
}

int grant_read_file(struct str text, const char *path, int64_t now_s, struct grant *ret_grant, struct trouble *trouble)
{
	_cleanup_(json_freep) struct json *document = NULL;
	double expires_s;
	TRY(parse(text, path, &document, trouble));
	TRY(read_token(document, path, ret_grant, trouble));
	if (json_get_number(document, "expires_at", &expires_s) < 0)
		return bad(trouble, path, "has no expires_at.");
	ret_grant->life_s = clamp(expires_s - (double)now_s);
	ret_grant->obtained_s = now_s;
	return MINTMARK_OK;
}

void grant_emit_file(const struct grant *grant, struct buf *out)
{
	struct json_out json;
	int64_t left_s = grant_left_s(grant);
	json_out_init(&json, out);
	json_open(&json, NULL, '{');
	json_str(&json, "access_token", buf_str(&grant->token));
	json_str(&json, "token_type", STR("Bearer"));
	json_int(&json, "expires_in", left_s);
	json_int(&json, "expires_at", grant->obtained_s + grant->life_s);
	json_str(&json, "scope", buf_str(&grant->scope));
	json_close(&json, '}');
	buf_put(out, STR("\n"));
}
