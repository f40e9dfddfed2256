/* Going there and coming back; see upstream.h. Whose account it is: upstream_join.c. */
#include "account/upstream.h"

#include <stdlib.h>

#include "account/upstream_token.h"
#include "base/enc.h"
#include "base/fault.h"
#include "base/rand.h"
#include "crypto/digest.h"

enum { STATE_BYTES = 32, STATE_LEN = ENC_B64URL_LEN(STATE_BYTES) };

struct upstream {
	struct upstream_options options;
	struct upstream_keep *keep;
};

/* What one random text is for, in one browser. All texts of base64url. */
struct secrets {
	struct str state, nonce, verifier, challenge;
	unsigned char sha256[SHA256_LEN]; /* of state */
};

int upstream_new(const struct upstream_options *options, struct upstream **ret_upstream)
{
	struct upstream *upstream = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*upstream));
	if (!upstream)
		return E_NOMEM;
	upstream->options = *options;
	int rc = upstream_keep_new(&upstream->keep);
	if (rc < 0) {
		free(upstream);
		return rc;
	}
	*ret_upstream = upstream;
	return 0;
}

void upstream_free(struct upstream *upstream)
{
	if (!upstream)
		return;
	upstream_keep_free(upstream->keep);
	free(upstream);
}

const struct upstream_options *upstream_options(const struct upstream *upstream) { return &upstream->options; }

static int put_b64url(struct arena *arena, const unsigned char *bytes, struct str *ret_text)
{
	char mem[STATE_LEN];
	struct buf text;
	buf_init_fixed(&text, mem, sizeof(mem));
	enc_b64url(&text, str_mem(bytes, STATE_BYTES));
	TRY(buf_status(&text));
	return arena_str(arena, buf_str(&text), ret_text);
}

/* A hash of what only this browser and the provider's answer together have. */
static int derive(struct arena *arena, const char *what, struct str browser, struct str state, struct str *ret_text)
{
	unsigned char digest[SHA256_LEN];
	struct str text;
	TRY(arena_printf(arena, &text, "upstream %s %.*s %.*s", what, STR_ARG(browser), STR_ARG(state)));
	TRY(digest_sha256(text, digest));
	return put_b64url(arena, digest, ret_text);
}

static int fill_secrets(struct arena *arena, struct str browser, struct str state, struct secrets *ret_secrets)
{
	struct secrets secrets = {.state = state};
	unsigned char digest[SHA256_LEN];
	TRY(digest_sha256(state, secrets.sha256));
	TRY(derive(arena, "nonce", browser, state, &secrets.nonce));
	TRY(derive(arena, "verifier", browser, state, &secrets.verifier));
	TRY(digest_sha256(secrets.verifier, digest)); /* RFC 7636 4.2 */
	TRY(put_b64url(arena, digest, &secrets.challenge));
	*ret_secrets = secrets;
	return 0;
}

/* RFC 9700 4.4.2.2: each provider has a redirect URI of its own. */
static int redirect_uri(struct call *call, const struct upstream *upstream, struct str *ret_uri)
{
	struct str issuer = str_trim_end(call->policy->issuer, '/');
	return arena_printf(&call->arena, ret_uri, "%.*s/signin/upstream/%u", STR_ARG(issuer), upstream->options.slot);
}

static void put_param(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, "%s=", name);
	enc_url(out, value);
}

static void put_scope(struct buf *out, const struct upstream_options *options)
{
	buf_put(out, STR("&scope=openid"));
	for (size_t i = 0; i < options->scopes.n; i++) {
		if (str_eq(options->scopes.v[i], STR("openid")))
			continue;
		buf_put(out, STR("%20"));
		enc_url(out, options->scopes.v[i]);
	}
}

static int put_url(struct call *call, const struct upstream *upstream, const struct upstream_site *site,
		   const struct secrets *secrets, bool again, struct str *ret_url)
{
	_cleanup_(buf_done) struct buf url;
	struct str uri;
	buf_init(&url, UPSTREAM_URL_MAX);
	TRY(redirect_uri(call, upstream, &uri));
	buf_put(&url, site->authorization);
	buf_put_char(&url, memchr(site->authorization.p, '?', site->authorization.len) ? '&' : '?');
	put_param(&url, "response_type", STR("code"));
	put_param(&url, "&client_id", upstream->options.client_id);
	put_param(&url, "&redirect_uri", uri);
	put_scope(&url, &upstream->options);
	put_param(&url, "&state", secrets->state);
	put_param(&url, "&nonce", secrets->nonce);
	put_param(&url, "&code_challenge", secrets->challenge);
	put_param(&url, "&code_challenge_method", STR("S256"));
	if (again) { /* OpenID Connect Core 3.1.2.1: with max_age, auth_time is required */
		put_param(&url, "&prompt", STR("login"));
		put_param(&url, "&max_age", STR("0"));
	}
	TRY(buf_status(&url));
	return arena_str(&call->arena, buf_str(&url), ret_url);
}

int upstream_begin(struct call *call, struct upstream *upstream, const struct upstream_errand *errand,
		   struct str *ret_url)
{
	_cleanup_(upstream_site_unrefp) struct upstream_site *site = NULL;
	unsigned char bytes[STATE_BYTES];
	struct secrets secrets;
	struct str state;
	struct once once = {
		.kind = ONCE_UPSTREAM,
		.account_id = errand->account_id,
		.created_s = call_now_s(call),
		.expires_s = call_now_s(call) + UPSTREAM_WAIT_S,
	};
	if (errand->account_id.len == 0)
		TRY(call_count_stranger(call, STR("upstream")));
	TRY(rand_bytes(bytes, sizeof(bytes)));
	TRY(upstream_keep_get(upstream->keep, &upstream->options, -1, call_now_s(call), &site));
	TRY(put_b64url(&call->arena, bytes, &state));
	TRY(fill_secrets(&call->arena, errand->browser, state, &secrets));
	memcpy(once.sha256, secrets.sha256, sizeof(once.sha256));
	/* The nonce says which browser: whoever has it has the cookie. */
	TRY(arena_printf(&call->arena, &once.data, "%u %d %.*s %.*s", upstream->options.slot, errand->again,
			 STR_ARG(secrets.nonce), STR_ARG(errand->continue_to)));
	TRY(put_url(call, upstream, site, &secrets, errand->again, ret_url));
	return store_once_put(call->env->store, &once, NULL);
}

/* The errand that this state stands for, in this browser, at this provider. */
static int take_errand(struct call *call, const struct upstream *upstream, const struct secrets *secrets,
		       struct upstream_errand *errand)
{
	const struct store_once_key key = {secrets->sha256, ONCE_UPSTREAM, call_now_s(call)};
	struct once once;
	struct str slot, again, nonce, rest, continue_to;
	uint64_t number;
	TRY(store_once_take(call->env->store, &key, &call->arena, &once, NULL));
	if (!str_cut(once.data, ' ', &slot, &rest) || !str_cut(rest, ' ', &again, &rest) ||
	    !str_cut(rest, ' ', &nonce, &continue_to) || str_to_u64(slot, UPSTREAM_MAX, &number) < 0)
		FAIL(call, ABSENT, "state of an older version");
	if (number != upstream->options.slot) /* RFC 9700 4.4: an answer of another provider */
		FAIL(call, ABSENT, "state of another provider");
	if (!secret_eq(nonce.p, nonce.len, secrets->nonce.p, secrets->nonce.len))
		FAIL(call, ABSENT, "state of another browser");
	errand->account_id = once.account_id;
	errand->continue_to = continue_to;
	errand->again = str_eq(again, STR("1"));
	errand->begun_s = once.created_s;
	return 0;
}

/* RFC 9207 2.4: compared as it is; missing only where the provider does not send it. */
static int check_iss(struct call *call, const struct upstream *upstream, const struct upstream_site *site,
		     const struct upstream_reply *reply)
{
	if (reply->iss.len == 0 ? site->sends_iss : !str_eq(reply->iss, upstream->options.issuer))
		FAIL(call, INVALID_GRANT, "iss of the answer is missing or another's");
	return 0;
}

static int check(struct call *call, struct upstream *upstream, struct upstream_exchange *exchange,
		 const struct upstream_tokens *tokens, struct upstream_person *ret_person)
{
	_cleanup_(upstream_site_unrefp) struct upstream_site *newer = NULL;
	const char *why = "";
	int rc = upstream_token_check(exchange, tokens, &call->arena, ret_person, &why);
	if (rc == E_ABSENT) { /* it may have a new key */
		TRY(upstream_keep_get(upstream->keep, &upstream->options, exchange->site->fetched_s, exchange->now_s,
				      &newer));
		exchange->site = newer;
		rc = upstream_token_check(exchange, tokens, &call->arena, ret_person, &why);
	}
	if (rc == E_ABSENT || rc == E_INVALID_GRANT)
		FAIL(call, INVALID_GRANT, "id token: %s", why);
	TRY(rc);
	rc = upstream_token_userinfo(exchange, tokens, &call->arena, ret_person);
	exchange->site = NULL; /* newer goes */
	return rc;
}

static int redeem(struct call *call, struct upstream *upstream, const struct upstream_reply *reply,
		  const struct secrets *secrets, struct upstream_person *ret_person)
{
	_cleanup_(upstream_site_unrefp) struct upstream_site *site = NULL;
	struct upstream_exchange exchange = {.options = &upstream->options, .code = reply->code,
					     .verifier = secrets->verifier, .nonce = secrets->nonce,
					     .now_s = call_now_s(call)};
	struct upstream_tokens tokens;
	TRY(upstream_keep_get(upstream->keep, &upstream->options, -1, exchange.now_s, &site));
	TRY(check_iss(call, upstream, site, reply));
	if (reply->error.len > 0) /* RFC 6749 4.1.2.1; its words are the provider's, so nobody is shown them */
		FAIL(call, ACCESS_DENIED, "the provider answered with an error");
	TRY(redirect_uri(call, upstream, &exchange.redirect_uri));
	exchange.site = site;
	TRY(upstream_token_redeem(&exchange, &call->arena, &tokens));
	return check(call, upstream, &exchange, &tokens, ret_person);
}

int upstream_finish(struct call *call, struct upstream *upstream, const struct upstream_reply *reply,
		    struct upstream_errand *errand, struct upstream_person *ret_person)
{
	struct secrets secrets;
	if (reply->state.len != STATE_LEN)
		FAIL(call, ABSENT, "no state of ours");
	TRY(fill_secrets(&call->arena, errand->browser, reply->state, &secrets));
	TRY(take_errand(call, upstream, &secrets, errand));
	return redeem(call, upstream, reply, &secrets, ret_person);
}

int upstream_dated(struct call *call, const struct upstream *upstream, const struct upstream_errand *errand,
		   const struct upstream_person *person, unsigned *ret_methods)
{
	bool undated = person->auth_s == 0 && !upstream->options.asks_anew;
	/* OpenID Connect Core 3.1.2.1, 3.1.3.7 step 13: asked for with max_age=0, so it must be there, and be new. */
	if (errand->again && (undated || (person->auth_s > 0 && person->auth_s < errand->begun_s)))
		FAIL(call, ACCESS_DENIED, "the provider does not show that it asked anew");
	*ret_methods = undated ? AUTH_UNDATED : 0;
	return 0;
}
