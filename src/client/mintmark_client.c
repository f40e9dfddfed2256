/* The public face of clients; see mintmark/client.h. Must never pass an unchecked argument on. */
#include "client/client.h"

#include "base/secret.h"
#include "client/login.h"
#include "client/source.h"
#include "client/whoami.h"
#include "verify/public.h"

enum { SOURCE_TEXT_MAX = 16384 };

int mintmark_client_new(const mintmark_client_options *options, mintmark_client **ret_client)
{
	return ret_client ? client_new(options, ret_client) : MINTMARK_ERROR_ARGUMENT;
}

void mintmark_client_free(mintmark_client *client)
{
	if (client)
		client_free(client);
}

/* Where there is nothing but a person, the person is asked: once, then whatever comes of it. */
static int get(mintmark_client *client, struct token_slot_copy *copy)
{
	int rc = client_token(client, copy);
	if (rc != MINTMARK_ERROR_NO_CREDENTIALS || !login_is_possible(&client->settings))
		return rc;
	TRY(login_run(client, NULL));
	return client_token(client, copy);
}

int mintmark_client_token(mintmark_client *client, char *ret_token, size_t size)
{
	struct token_slot_copy copy = {.p = ret_token, .size = size};
	return client && ret_token ? get(client, &copy) : MINTMARK_ERROR_ARGUMENT;
}

int mintmark_client_header(mintmark_client *client, char *ret_header, size_t size)
{
	static const struct str name = {"Authorization: Bearer ", 22};
	if (!client || !ret_header)
		return MINTMARK_ERROR_ARGUMENT;
	if (size <= name.len)
		return MINTMARK_ERROR_LIMIT;
	struct token_slot_copy copy = {.p = ret_header + name.len, .size = size - name.len};
	TRY(get(client, &copy));
	memcpy(ret_header, name.p, name.len);
	return MINTMARK_OK;
}

int mintmark_client_renew(mintmark_client *client, const char *token)
{
	return client && token ? client_renew(client, str_of(token)) : MINTMARK_ERROR_ARGUMENT;
}

int mintmark_client_whoami(mintmark_client *client, char *ret_json, size_t size)
{
	return client && ret_json && size > 0 ? whoami_ask(client, ret_json, size) : MINTMARK_ERROR_ARGUMENT;
}

int mintmark_client_login(mintmark_client *client, const mintmark_login_options *options)
{
	return client ? login_run(client, options) : MINTMARK_ERROR_ARGUMENT;
}

int mintmark_client_logout(mintmark_client *client) { return client ? login_end(client) : MINTMARK_ERROR_ARGUMENT; }

void mintmark_client_forget(mintmark_client *client)
{
	if (client)
		client_forget(client);
}

void mintmark_client_cancel(mintmark_client *client)
{
	if (!client)
		return;
	atomic_store(&client->cancelled, true);
	pthread_mutex_lock(&client->lock);
	pthread_cond_broadcast(&client->changed);
	pthread_mutex_unlock(&client->lock);
}

int mintmark_client_source(mintmark_client *client, char *ret_text, size_t size)
{
	char text[SOURCE_TEXT_MAX];
	struct trouble trouble;
	struct buf out;
	if (!client || !ret_text || size == 0)
		return MINTMARK_ERROR_ARGUMENT;
	buf_init_fixed(&out, text, sizeof(text));
	int rc = source_describe(&client->settings, &out, &trouble);
	if (rc == MINTMARK_OK)
		public_put_text(&out, ret_text, size);
	else
		client_fail(client, &trouble);
	return rc;
}

int mintmark_client_explain(mintmark_client *client, char *ret_text, size_t size)
{
	char text[TROUBLE_MAX];
	struct buf out;
	if (!client || !ret_text || size == 0)
		return MINTMARK_ERROR_ARGUMENT;
	buf_init_fixed(&out, text, sizeof(text));
	client_explain(client, &out);
	public_put_text(&out, ret_text, size);
	return MINTMARK_OK;
}
