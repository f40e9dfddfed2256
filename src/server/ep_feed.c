/*
 * GET /revocations?since=N&wait=S: the signed feed of what ended before its time (docs/revocation.md). Public: it names
 * ids, epochs and jtis, which open nothing. Waiting costs a connection and a task, no thread. A signature is made once
 * a second for each answer, whoever asks. On the loop only.
 */
#include <stdio.h>

#include "base/clock.h"
#include "http/form.h"
#include "http/request.h"
#include "oauth/revoked.h"
#include "server/reply.h"
#include "server/route.h"
#include "server/server.h"
#include "server/worker.h"
#include "token/revocations.h"

enum { ASK_SINCE, ASK_WAIT, ASKS, FULL_RETRY_S = 5 };

static const struct form_param params[ASKS] = {[ASK_SINCE] = {"since", false}, [ASK_WAIT] = {"wait", false}};
static const struct form_table table = {params, ASKS};

static int read_number(struct call *call, const struct form_value *value, uint64_t *ret_number)
{
	*ret_number = 0;
	if (value->present && str_to_u64(value->value, INT64_MAX, ret_number) < 0)
		FAIL(call, INVALID_REQUEST, "since or wait is no number");
	return 0;
}

int ep_feed_read(struct call *call)
{
	struct task *task = task_of(call);
	struct form_value values[ASKS];
	uint64_t since, wait_s;
	int rc = form_parse(call->request->query, &table, &call->arena, values);
	if (rc < 0)
		return call_fail(call, rc, "malformed query, or a parameter twice");
	TRY(read_number(call, &values[ASK_SINCE], &since));
	TRY(read_number(call, &values[ASK_WAIT], &wait_s));
	if (wait_s > FEED_WAIT_MAX_S)
		wait_s = FEED_WAIT_MAX_S;
	task->feed = (struct feed_ask){
		.since = (int64_t)since,
		.follows = values[ASK_SINCE].present && wait_s > 0,
		.due_ns = task->start_ns + (int64_t)wait_s * 1000000000,
	};
	return 0;
}

/* Those who have all there is wait for more, unless we are about to end. */
int ep_feed_wait(struct call *call)
{
	struct task *task = task_of(call);
	struct worker *worker = task->worker;
	bool has_all = task->feed.since == revoked_seq(call->env->revoked);
	bool in_time = clock_mono_ns() < task->feed.due_ns;
	if (task->feed.follows && has_all && in_time && !worker->draining &&
	    !revoked_is_stale(call->env->revoked)) {
		if (worker->feed.n_waiting < FEED_WAITING_MAX)
			return CALL_WAIT;
		call->retry_after_s = FULL_RETRY_S;
		FAIL(call, UNAVAILABLE, "too many wait for news");
	}
	call->now_us = clock_now_us(worker->server->clock); /* it may have waited: iat is the time of the answer */
	return 0;
}

static int build(struct call *call, const struct revoked_page *page, struct feed_entry *entry)
{
	struct str kid = call->kids->kid[call->policy->default_alg];
	if (kid.len == 0)
		FAIL(call, SIGNER, "no active key for the feed");
	const struct token_revocations claims = {
		.kid = kid,
		.issuer = call->policy->issuer,
		.feed = page->feed.id,
		.since = page->since,
		.seq = page->seq,
		.more = page->more,
		.revocations = page->revocations,
		.n = page->n,
		.iat_s = entry->iat_s,
	};
	TRY(token_revocations_claims(&claims, &call->arena, &call->job.claims));
	call->job.token = &entry->token;
	call->job.status = E_SIGNER;
	return CALL_SIGN;
}

/* Somebody else's signature: its end wakes us, not the clock (feed_entry_end). */
static int wait_for_other(struct task *task)
{
	task->feed.due_ns = INT64_MAX;
	return CALL_WAIT;
}

/* Made here, or found, or somebody else is at it. */
static int obtain(struct call *call, const struct revoked_page *page)
{
	struct task *task = task_of(call);
	const struct feed_entry wanted = {.since = page->since, .seq = page->seq, .iat_s = call_now_s(call)};
	struct feed_entry *entry = task->feed.entry; /* the one it waited for */
	bool is_ours = false;
	if (!entry || entry->since != wanted.since || entry->seq != wanted.seq || entry->state == FEED_FREE)
		TRY(feed_entry_take(task->worker, &wanted, page->feed.seq, &entry, &is_ours));
	task->feed.entry = entry;
	if (!is_ours)
		return entry->state == FEED_PENDING ? wait_for_other(task) : 0;
	int rc = build(call, page, entry);
	if (rc < 0)
		feed_entry_end(task->worker, entry, false);
	return rc;
}

int ep_feed_mint(struct call *call)
{
	struct task *task = task_of(call);
	struct revoked_page page;
	if (task->feed.entry && task->feed.entry->state == FEED_PENDING)
		return wait_for_other(task);
	TRY(revoked_page(call->env->revoked, task->feed.since, &call->arena, &page));
	snprintf(task->feed.etag, sizeof(task->feed.etag), "\"%.*s-%lld\"", STR_ARG(page.feed.id), (long long)page.seq);
	if (reply_tag_matches(task, str_of(task->feed.etag)))
		return 0; /* nothing to sign */
	int rc = obtain(call, &page);
	if (rc == E_UNAVAILABLE)
		FAIL(call, UNAVAILABLE, "too many different answers are asked for");
	return rc;
}

int ep_feed_reply(struct call *call)
{
	struct task *task = task_of(call);
	struct feed_entry *entry = task->feed.entry;
	struct str etag = str_of(task->feed.etag);
	if (!entry) {
		reply_feed(task, (struct str){0}, etag);
		return 0;
	}
	if (entry->state == FEED_PENDING) /* we made it */
		feed_entry_end(task->worker, entry, call->job.status == 0 && entry->token.len > 0);
	if (entry->state != FEED_READY)
		FAIL(call, SIGNER, "no signature");
	reply_feed(task, buf_str(&entry->token), etag);
	return 0;
}
