/*
 * A new secret on its way to the one page that shows it; see credential.h. ATTACKS 47: shown once, kept by no cache.
 *
 * Between the POST that made it and the GET that shows it, the secret waits in a one-time row for at most five minutes,
 * added to a key stream that follows from the cookie's value. The store has the hash of that value alone, so what lies
 * in its file tells nothing.
 */
#include "base/enc.h"
#include "crypto/digest.h"
#include "http/request.h"
#include "oauth/id.h"
#include "web/credential.h"

enum { WAIT_S = 300, SECRET_MAX = 256 };

#define COOKIE "mintmark-secret"

/* The same once more gives the text back. */
static int veil(struct str key, struct str text, unsigned char ret_bytes[SECRET_MAX])
{
	if (text.len > SECRET_MAX)
		return E_LIMIT;
	TRY(digest_hkdf(key, STR("mintmark console"), STR("new secret"), ret_bytes, text.len));
	for (size_t i = 0; i < text.len; i++)
		ret_bytes[i] ^= (unsigned char)text.p[i];
	return 0;
}

static int put_row(struct call *call, struct str client_id, struct str secret, char ret_key[ID_SECRET_LEN + 1])
{
	unsigned char bytes[SECRET_MAX];
	char mem[2 * SECRET_MAX + MODEL_ID_MAX];
	struct once once = {.kind = ONCE_OTHER, .account_id = call->web->account.id, .created_s = call_now_s(call),
			    .expires_s = call_now_s(call) + WAIT_S};
	struct buf data;
	TRY(id_bearer_new(BEARER_LINK, ret_key, once.sha256));
	TRY(veil(str_mem(ret_key, ID_SECRET_LEN), secret, bytes));
	buf_init_fixed(&data, mem, sizeof(mem));
	buf_put(&data, client_id);
	buf_put_char(&data, ' ');
	enc_b64url(&data, str_mem(bytes, secret.len));
	TRY(buf_status(&data));
	once.data = buf_str(&data);
	return store_once_put(call->env->store, &once, NULL);
}

int credential_secret_put(struct call *call, const struct credential_place *place, const struct web_op *op)
{
	char key[ID_SECRET_LEN + 1];
	struct str client_id = web_op_text(call, op, "client_id"), secret, path;
	TRY(json_get_str(op->result, "client_secret", &secret));
	TRY(put_row(call, client_id, secret, key));
	int rc = web_set_cookie(call, COOKIE, str_mem(key, ID_SECRET_LEN), WAIT_S);
	secret_wipe(key, sizeof(key));
	TRY(rc);
	TRY(arena_printf(&call->arena, &path, "%.*s/made?id=%.*s", STR_ARG(place->root), STR_ARG(client_id)));
	return web_redirect(call, path);
}

/* Uses the row up. E_ABSENT: it is shown already, too old, of somebody else, or of another client. */
static int take(struct call *call, struct str client_id, struct str *ret_secret)
{
	unsigned char sha256[SHA256_LEN], bytes[SECRET_MAX];
	char plain[SECRET_MAX];
	struct once once;
	struct str key, id, text;
	size_t len;
	TRY(web_cookie(call, COOKIE, &key));
	if (id_bearer_parse(BEARER_LINK, key, sha256) < 0)
		return E_ABSENT;
	const struct store_once_key wanted = {sha256, ONCE_OTHER, call_now_s(call)};
	TRY(store_once_take(call->env->store, &wanted, &call->arena, &once, NULL));
	if (!str_eq(once.account_id, call->web->account.id) || !str_cut(once.data, ' ', &id, &text) ||
	    !str_eq(id, client_id) || enc_b64url_decode(text, plain, sizeof(plain), &len) < 0)
		return E_ABSENT;
	TRY(veil(key, str_mem(plain, len), bytes));
	int rc = arena_str(&call->arena, str_mem(bytes, len), ret_secret);
	secret_wipe(bytes, sizeof(bytes));
	return rc;
}

static void show_calls(struct call *call, const struct client *client, struct str secret)
{
	struct page_vars *vars = call->web->vars;
	page_text(vars, "secret", secret);
	page_text(vars, "issuer", call->policy->issuer);
	page_printf(vars, "token_endpoint", "%.*s/%s/token", STR_ARG(str_trim_end(call->policy->issuer, '/')),
		    call->policy->connect_family ? "connect" : "oauth2");
	page_text(vars, "client_name", client->name);
}

int credential_step_made(struct call *call)
{
	static const struct form_param params[] = {{"id", false}};
	static const struct form_table table = {params, 1};
	struct credential_place place;
	struct form_value value;
	struct client client;
	struct str secret = {0};
	TRY(credential_place(call, &place));
	TRY(web_form(call, &table, &value));
	TRY(credential_find(call, &place, value.value, &client));
	page_text(call->web->vars, "id", client.id);
	if (!str_eq(call->request->method, STR("GET"))) /* HEAD shows nothing, so it takes nothing */
		return web_show(call, 200, "credential_gone");
	int rc = take(call, client.id, &secret);
	if (rc == E_ABSENT)
		return web_show(call, 200, "credential_gone");
	TRY(rc);
	TRY(web_set_cookie(call, COOKIE, (struct str){0}, -1));
	show_calls(call, &client, secret);
	call->answer.script = true;
	return web_show(call, 200, "credential_made");
}
