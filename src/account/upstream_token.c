/* See upstream_token.h. */
#include "account/upstream_token.h"

#include "account/address.h"
#include "account/enrol.h"
#include "base/enc.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "jose/jwt.h"
#include "json/json.h"

enum { FORM_MAX = 16384, ANSWER_MAX = 65536, HEADER_MAX = 2048, SUBJECT_MAX = 255, SKEW_S = 60, CODE_MAX = 4096 };

/* RFC 6749 appendix B. */
static void put_field(struct buf *out, const char *name, struct str value)
{
	if (out->len > 0)
		buf_put_char(out, '&');
	buf_put(out, str_of(name));
	buf_put_char(out, '=');
	enc_url(out, value);
}

static bool uses_basic(const struct upstream_exchange *exchange)
{
	return exchange->options->secret.len > 0 && (exchange->site->takes_basic || !exchange->site->takes_post);
}

static struct str secret_text(const struct upstream_options *options)
{
	return str_mem(options->secret.p, options->secret.len);
}

static void put_form(const struct upstream_exchange *exchange, struct buf *out)
{
	put_field(out, "grant_type", STR("authorization_code"));
	put_field(out, "code", exchange->code);
	put_field(out, "redirect_uri", exchange->redirect_uri);
	put_field(out, "code_verifier", exchange->verifier); /* RFC 7636 4.5 */
	if (uses_basic(exchange))
		return;
	put_field(out, "client_id", exchange->options->client_id);
	if (exchange->options->secret.len > 0)
		put_field(out, "client_secret", secret_text(exchange->options));
}

/* RFC 6749 2.3.1: both are encoded before they are joined. */
static int put_basic(const struct upstream_options *options, struct buf *out)
{
	_cleanup_(buf_done) struct buf pair;
	buf_init(&pair, HEADER_MAX);
	enc_url(&pair, options->client_id);
	buf_put_char(&pair, ':');
	enc_url(&pair, secret_text(options));
	TRY(buf_status(&pair));
	buf_put(out, STR("Authorization: Basic "));
	enc_b64(out, buf_str(&pair));
	return buf_status(out);
}

static int ask_tokens(const struct upstream_exchange *exchange, struct buf *answer, int *ret_status)
{
	_cleanup_(buf_done) struct buf form, basic;
	struct str headers[3] = {STR("Content-Type: application/x-www-form-urlencoded"),
				 STR("Accept: application/json")};
	struct http_out_request request = {.method = "POST", .url = exchange->site->token, .headers = headers,
					   .n_headers = 2};
	struct http_out_limits limits = upstream_site_limits(exchange->options, exchange->site->token);
	struct http_out_answer head;
	buf_init(&form, FORM_MAX);
	buf_init(&basic, HEADER_MAX);
	limits.max_bytes = ANSWER_MAX;
	put_form(exchange, &form);
	TRY(buf_status(&form));
	if (uses_basic(exchange)) {
		TRY(put_basic(exchange->options, &basic));
		headers[request.n_headers++] = buf_str(&basic);
	}
	request.body = buf_str(&form);
	TRY(http_out_send(&request, &limits, answer, &head));
	*ret_status = head.status;
	return 0;
}

static int read_tokens(struct str text, struct arena *arena, struct upstream_tokens *ret_tokens)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	struct upstream_tokens tokens = {.id_token.len = 0};
	struct str id_token, access_token, type;
	int rc = json_parse_object_max(text, ANSWER_MAX, &doc);
	if (rc < 0)
		return rc == E_NOMEM ? rc : E_INVALID_GRANT;
	/* OpenID Connect Core 3.1.3.3; RFC 6749 5.1 */
	if (json_get_str(doc, "id_token", &id_token) < 0 || json_get_str(doc, "access_token", &access_token) < 0 ||
	    json_get_str(doc, "token_type", &type) < 0 || !str_eq_ci(type, STR("Bearer")))
		return E_INVALID_GRANT;
	TRY(arena_str(arena, id_token, &tokens.id_token));
	TRY(arena_str(arena, access_token, &tokens.access_token));
	*ret_tokens = tokens;
	return 0;
}

int upstream_token_redeem(const struct upstream_exchange *exchange, struct arena *arena,
			  struct upstream_tokens *ret_tokens)
{
	_cleanup_(buf_done) struct buf answer;
	int status = 0;
	buf_init(&answer, ANSWER_MAX);
	if (exchange->code.len == 0 || exchange->code.len > CODE_MAX)
		return E_INVALID_GRANT;
	int rc = ask_tokens(exchange, &answer, &status);
	if (rc < 0) {
		LOG(LOG_WARN, "upstream_token_failed", F("issuer", exchange->options->issuer),
		    F("error", err_row(rc)->symbol));
		return rc == E_NOMEM ? rc : E_UNAVAILABLE;
	}
	if (status != 200) {
		LOG(LOG_WARN, "upstream_token_refused", F("issuer", exchange->options->issuer), F("status", status));
		return status >= 500 ? E_UNAVAILABLE : E_INVALID_GRANT;
	}
	return read_tokens(buf_str(&answer), arena, ret_tokens);
}

/* OpenID Connect Core 3.1.3.6, 3.1.3.8: the left half of the hash that belongs to the signature's algorithm. */
static bool is_at_hash(enum sig_alg alg, struct str access_token, struct str at_hash)
{
	unsigned char digest[DIGEST_MAX], given[DIGEST_MAX];
	size_t len, given_len = 0;
	return digest_of_alg(alg, access_token, digest, &len) == 0 &&
	       enc_b64url_decode(at_hash, given, sizeof(given), &given_len) == 0 && given_len == len / 2 &&
	       secret_eq(given, given_len, digest, len / 2);
}

/* What jwt_check doesn't know: azp, nonce, at_hash. NULL: all of it holds. */
static const char *check_own(const struct upstream_exchange *exchange, const struct upstream_tokens *tokens,
			     const struct jws *jws, const struct jwt_claims *claims, const struct json *doc)
{
	struct str nonce, azp, at_hash;
	if (json_get_str(doc, "nonce", &nonce) < 0 ||
	    !secret_eq(nonce.p, nonce.len, exchange->nonce.p, exchange->nonce.len))
		return "nonce"; /* 3.1.3.7 step 11 */
	int rc = json_get_str(doc, "azp", &azp);
	if (rc == E_ABSENT ? claims->aud.n > 1 : rc < 0 || !str_eq(azp, exchange->options->client_id))
		return "azp"; /* steps 4 and 5 */
	rc = json_get_str(doc, "at_hash", &at_hash);
	if (rc != E_ABSENT && (rc < 0 || !is_at_hash(jws->alg, tokens->access_token, at_hash)))
		return "at_hash";
	return claims->sub.len == 0 || claims->sub.len > SUBJECT_MAX ? "sub" : NULL;
}

static void read_email(const struct json *doc, struct arena *arena, struct upstream_person *person)
{
	struct str email;
	bool verified = false;
	if (json_get_str(doc, "email", &email) < 0 || address_parse(email, arena, &person->email) < 0)
		return;
	person->email_verified = json_get_bool(doc, "email_verified", &verified) == 0 && verified;
}

static int read_person(const struct json *doc, struct str subject, struct arena *arena,
		       struct upstream_person *ret_person)
{
	struct upstream_person person = {.email.len = 0};
	struct str name, clean;
	TRY(arena_str(arena, subject, &person.subject));
	if (json_get_str(doc, "name", &name) == 0 && enrol_name(name, &clean) == 0)
		TRY(arena_str(arena, clean, &person.name));
	read_email(doc, arena, &person);
	*ret_person = person;
	return 0;
}

/* OpenID Connect Core 2. Its clock may be behind ours. */
static int read_auth_time(const struct json *doc, int64_t now_s, int64_t *ret_auth_s)
{
	int64_t auth_s = 0;
	int rc = json_get_int(doc, "auth_time", &auth_s);
	if (rc == E_ABSENT)
		return 0;
	if (rc < 0 || auth_s <= 0)
		return E_INVALID_GRANT;
	*ret_auth_s = auth_s < now_s - SKEW_S ? auth_s + SKEW_S : now_s;
	return 0;
}

static int refuse(enum verdict verdict, const char **ret_why)
{
	*ret_why = verdict_name(verdict);
	if (verdict == VERDICT_INTERNAL)
		return E_CRYPTO;
	return verdict == VERDICT_KEY_UNKNOWN ? E_ABSENT : E_INVALID_GRANT;
}

int upstream_token_check(const struct upstream_exchange *exchange, const struct upstream_tokens *tokens,
			 struct arena *arena, struct upstream_person *ret_person, const char **ret_why)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	const struct jwt_policy policy = {
		.issuer = exchange->options->issuer,     /* 3.1.3.7 step 2 */
		.audience = exchange->options->client_id, /* step 3 */
		.require = JWT_SUB | JWT_IAT,
		.skew_s = SKEW_S,
	};
	struct jws jws;
	struct jwt_claims claims;
	enum verdict verdict = jws_parse(tokens->id_token, arena, &jws);
	if (verdict == VERDICT_VALID)
		verdict = jws_verify(&jws, exchange->site->jwks, exchange->site->algs);
	if (verdict == VERDICT_VALID)
		verdict = jwt_parse(jws.payload, arena, &claims);
	if (verdict == VERDICT_VALID)
		verdict = jwt_check(&jws, &claims, &policy, exchange->now_s);
	if (verdict != VERDICT_VALID)
		return refuse(verdict, ret_why);
	TRY(json_parse_object(jws.payload, &doc));
	*ret_why = check_own(exchange, tokens, &jws, &claims, doc);
	if (*ret_why)
		return E_INVALID_GRANT;
	int64_t auth_s = 0;
	*ret_why = "auth_time";
	TRY(read_auth_time(doc, exchange->now_s, &auth_s));
	TRY(read_person(doc, claims.sub, arena, ret_person));
	ret_person->auth_s = auth_s;
	return 0;
}

int upstream_token_userinfo(const struct upstream_exchange *exchange, const struct upstream_tokens *tokens,
			    struct arena *arena, struct upstream_person *person)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	_cleanup_(buf_done) struct buf answer, bearer;
	struct str url = exchange->site->userinfo, subject;
	struct str headers[2] = {STR("Accept: application/json")};
	struct http_out_answer head;
	buf_init(&answer, ANSWER_MAX);
	buf_init(&bearer, FORM_MAX);
	if (person->email.len > 0 || url.len == 0 || !str_is_b64token(tokens->access_token))
		return 0;
	buf_put(&bearer, STR("Authorization: Bearer "));
	buf_put(&bearer, tokens->access_token);
	headers[1] = buf_str(&bearer);
	struct http_out_limits limits = upstream_site_limits(exchange->options, url);
	limits.max_bytes = ANSWER_MAX;
	const struct http_out_request request = {.method = "GET", .url = url, .headers = headers, .n_headers = 2};
	int rc = buf_status(&bearer);
	if (rc == 0)
		rc = http_out_send(&request, &limits, &answer, &head);
	if (rc == 0 && head.status == 200)
		rc = json_parse_object_max(buf_str(&answer), ANSWER_MAX, &doc);
	if (rc == E_NOMEM)
		return rc;
	/* 5.3.2: without the same subject nothing of it is used */
	if (!doc || json_get_str(doc, "sub", &subject) < 0 || !str_eq(subject, person->subject))
		return 0;
	struct upstream_person more;
	TRY(read_person(doc, subject, arena, &more));
	person->email = more.email;
	person->email_verified = more.email_verified;
	person->name = person->name.len > 0 ? person->name : more.name;
	return 0;
}
