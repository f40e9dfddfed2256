/* Threads of one process share a token; see client.h. A usable token is handed out without the lock. */
#include "client/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/rand.h"
#include "base/secret.h"
#include "client/obtain.h"

enum { MS_NS = 1000000, LEEWAY_S = 5, RENEW_REST_S = 60, RETRY_S = 2, WAIT_ROUNDS = 3 };
#define S_NS INT64_C(1000000000)

int client_new(const mintmark_client_options *options, struct mintmark_client **ret_client)
{
	struct mintmark_client *client = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*client));
	if (!client)
		return MINTMARK_ERROR_MEMORY;
	int rc = settings_read(options, &client->settings);
	if (rc == MINTMARK_OK && (!clock_cond_init(&client->changed) || pthread_mutex_init(&client->lock, NULL) != 0))
		rc = MINTMARK_ERROR_SYSTEM;
	if (rc < 0) {
		settings_done(&client->settings);
		free(client);
		return rc;
	}
	client->settings.cancel = &client->cancelled;
	client->now = moment_now;
	*ret_client = client;
	return MINTMARK_OK;
}

void client_free(struct mintmark_client *client)
{
	token_slot_write(&client->slot, (struct str){0}, 0, 0);
	settings_done(&client->settings);
	(void)pthread_cond_destroy(&client->changed);
	(void)pthread_mutex_destroy(&client->lock);
	free(client);
}

/* --- below, the caller holds the lock --- */

/* At 70 to 85 hundredths of its life, another moment in each process. */
static int64_t refresh_ns(int64_t life_s)
{
	uint32_t random = 0;
	if (rand_public(&random, sizeof(random)) < 0)
		random = 0;
	return life_s * S_NS / 100 * 70 + life_s * S_NS / 100 * 15 / 65536 * (random % 65536);
}

static void take_grant(struct mintmark_client *client, const struct obtain_result *result)
{
	const struct grant *grant = &result->grant;
	int64_t began_ns = clock_boot_ns() - grant->age_s * S_NS;
	int64_t leeway_s = grant->life_s > 2 * LEEWAY_S ? LEEWAY_S : 0;
	token_slot_write(&client->slot, buf_str(&grant->token), began_ns + refresh_ns(grant->life_s),
			 began_ns + (grant->life_s - leeway_s) * S_NS);
	client->is_renewed = grant->is_renewed;
	client->obtained_ns = began_ns;
	client->failures = 0;
	client->rest_until_ns = 0;
	client->last = (struct trouble){0};
	memcpy(client->warning, result->warning, sizeof(client->warning));
	client->note[0] = '\0';
}

static void take_failure(struct mintmark_client *client, const struct trouble *trouble, int64_t rest_s, bool has_usable)
{
	client->last = *trouble;
	client->failures++;
	if (has_usable && rest_s < RETRY_S)
		rest_s = RETRY_S; /* there is time: no need to try at every call */
	client->rest_until_ns = rest_s > 0 ? clock_boot_ns() + rest_s * S_NS : 0;
}

/* In a child of fork(2) the thread that was at work is not there. */
static bool is_busy(const struct mintmark_client *client) { return client->busy && client->busy_pid == getpid(); }

/* Do the work, without the lock while it lasts. */
static int obtain(struct mintmark_client *client, struct str rejected, bool has_usable)
{
	struct obtain_result result;
	struct trouble trouble;
	const struct obtain_request request = {.settings = &client->settings,
					       .now = client->now,
					       .rejected = rejected,
					       .has_usable = has_usable,
					       .failures = client->failures};
	client->busy = true;
	client->busy_pid = getpid();
	pthread_mutex_unlock(&client->lock);
	int rc = obtain_token(&request, &result, &trouble);
	pthread_mutex_lock(&client->lock);
	client->busy = false;
	if (rc == MINTMARK_OK)
		take_grant(client, &result);
	else
		take_failure(client, &trouble, result.rest_s, has_usable);
	if (rc == MINTMARK_OK)
		grant_done(&result.grant);
	pthread_cond_broadcast(&client->changed);
	return rc;
}

/* Until nobody is at work: MINTMARK_OK, MINTMARK_ERROR_TIMEOUT, MINTMARK_ERROR_CANCELLED. */
static int wait_idle(struct mintmark_client *client)
{
	/* whoever is at work may wait for another process and then for the server */
	int64_t end_ns = clock_mono_ns() + (int64_t)client->settings.timeout_ms * MS_NS * WAIT_ROUNDS;
	while (is_busy(client)) {
		if (atomic_load(&client->cancelled))
			return MINTMARK_ERROR_CANCELLED;
		if (clock_cond_wait(&client->changed, &client->lock, end_ns) != 0 && clock_mono_ns() >= end_ns)
			return trouble_set(&client->last, MINTMARK_ERROR_TIMEOUT,
					   "Another thread has been getting a token for too long.");
	}
	return atomic_load(&client->cancelled) ? MINTMARK_ERROR_CANCELLED : MINTMARK_OK;
}

/* A usable token is in the slot, or a code. */
static int make_usable(struct mintmark_client *client)
{
	int64_t now_ns = clock_boot_ns();
	enum token_slot_state state = token_slot_state(&client->slot, now_ns);
	if (state == TOKEN_SLOT_FRESH ||
	    (state == TOKEN_SLOT_DUE && (is_busy(client) || now_ns < client->rest_until_ns)))
		return MINTMARK_OK;
	if (state == TOKEN_SLOT_DUE) {
		(void)(obtain(client, (struct str){0}, true) +
		       0); /* the present one is good: a failure is for explain */
		return MINTMARK_OK;
	}
	TRY(wait_idle(client));
	now_ns = clock_boot_ns();
	if (token_slot_state(&client->slot, now_ns) != TOKEN_SLOT_EMPTY)
		return MINTMARK_OK;
	if (now_ns < client->rest_until_ns && client->last.code < 0)
		return client->last.code;
	return obtain(client, (struct str){0}, false);
}

/* --- without the lock --- */

static int copy_out(struct mintmark_client *client, int64_t now_ns, bool may_be_due, struct token_slot_copy *copy,
		    bool *ret_found)
{
	*ret_found = token_slot_read(&client->slot, now_ns, may_be_due, copy);
	return *ret_found && copy->len >= copy->size ? MINTMARK_ERROR_LIMIT : MINTMARK_OK;
}

int client_token(struct mintmark_client *client, struct token_slot_copy *copy)
{
	bool found;
	if (atomic_load_explicit(&client->cancelled, memory_order_relaxed))
		return MINTMARK_ERROR_CANCELLED;
	TRY(copy_out(client, clock_boot_ns(), false, copy, &found));
	if (found)
		return MINTMARK_OK;
	pthread_mutex_lock(&client->lock);
	int rc = make_usable(client);
	/* no writer now; a token of no life is still good for the caller that it was got for */
	if (rc == MINTMARK_OK)
		rc = copy_out(client, INT64_MIN, true, copy, &found);
	pthread_mutex_unlock(&client->lock);
	return rc < 0 || found ? rc : MINTMARK_ERROR_SYSTEM;
}

/* Whether the slot holds this very token. The caller holds the lock. */
static bool is_present(struct mintmark_client *client, struct str token)
{
	char text[GRANT_TOKEN_MAX + 1];
	struct token_slot_copy copy = {.p = text, .size = sizeof(text)};
	bool same = token_slot_read(&client->slot, INT64_MIN, true, &copy) &&
		    secret_eq(text, copy.len, token.p, token.len);
	secret_wipe(text, sizeof(text));
	return same;
}

static int renew(struct mintmark_client *client, struct str rejected)
{
	TRY(wait_idle(client));
	if (!is_present(client, rejected) && token_slot_state(&client->slot, clock_boot_ns()) != TOKEN_SLOT_EMPTY)
		return MINTMARK_OK; /* another thread was told the same */
	if (is_present(client, rejected) && client->is_renewed &&
	    clock_boot_ns() < client->obtained_ns + RENEW_REST_S * S_NS)
		return trouble_set(
			&client->last, MINTMARK_ERROR_REJECTED,
			"The API refuses even a fresh token: check its audience, its scopes and the API's clock.");
	int rc = obtain(client, rejected, false);
	if (rc < 0 && is_present(client, rejected))
		token_slot_write(&client->slot, (struct str){0}, 0, 0);
	return rc;
}

int client_renew(struct mintmark_client *client, struct str rejected)
{
	if (rejected.len == 0 || rejected.len > GRANT_TOKEN_MAX)
		return MINTMARK_ERROR_ARGUMENT;
	pthread_mutex_lock(&client->lock);
	int rc = renew(client, rejected);
	pthread_mutex_unlock(&client->lock);
	return rc;
}

void client_drop(struct mintmark_client *client)
{
	pthread_mutex_lock(&client->lock);
	token_slot_write(&client->slot, (struct str){0}, 0, 0);
	client->rest_until_ns = 0;
	pthread_mutex_unlock(&client->lock);
}

int client_fail(struct mintmark_client *client, const struct trouble *trouble)
{
	pthread_mutex_lock(&client->lock);
	client->last = *trouble;
	pthread_mutex_unlock(&client->lock);
	return trouble->code;
}

void client_note(struct mintmark_client *client, const char *note)
{
	pthread_mutex_lock(&client->lock);
	client->last = (struct trouble){0};
	client->warning[0] = '\0';
	snprintf(client->note, sizeof(client->note), "%s", note);
	pthread_mutex_unlock(&client->lock);
}

void client_forget(struct mintmark_client *client)
{
	client_drop(client);
	obtain_forget(&client->settings);
}

void client_explain(struct mintmark_client *client, struct buf *out)
{
	pthread_mutex_lock(&client->lock);
	if (atomic_load(&client->cancelled))
		buf_put(out, STR("The client was cancelled."));
	else if (client->last.code < 0)
		buf_put(out, str_of(client->last.text));
	else if (client->warning[0])
		buf_put(out, str_of(client->warning));
	else
		buf_put(out, client->note[0] ? str_of(client->note) : STR("All is well."));
	pthread_mutex_unlock(&client->lock);
}
