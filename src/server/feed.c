/* See feed.h. Nothing here blocks; the list of those who wait is short enough to be walked. */
#include "server/feed.h"

#include "base/clock.h"
#include "base/log.h"
#include "keys/signer.h"
#include "server/task.h"
#include "server/worker.h"

static void start_timer(struct worker *worker, int64_t due_ns)
{
	worker->feed.timer_due_ns = due_ns;
	if (due_ns == INT64_MAX)
		return;
	int64_t left_ns = due_ns - clock_mono_ns();
	uint32_t left_ms = left_ns > 0 ? (uint32_t)(left_ns / 1000000) + 1 : 1;
	if (loop_timer_start(worker->feed.timer, left_ms) < 0)
		LOG(LOG_WARN, "timer_failed", F("worker", (int)worker->index));
}

static int64_t first_due(const struct feed *feed)
{
	int64_t due_ns = INT64_MAX;
	for (const struct task *task = feed->waiting; task; task = task->next)
		if (task->feed.due_ns < due_ns)
			due_ns = task->feed.due_ns;
	return due_ns;
}

static void on_timer(void *arg)
{
	struct worker *worker = arg;
	worker->feed.timer_due_ns = INT64_MAX;
	worker->feed.due = true;
}

int feed_init(struct worker *worker)
{
	for (size_t i = 0; i < FEED_ENTRIES; i++)
		buf_init(&worker->feed.entries[i].token, SIGNER_FEED_TOKEN_MAX);
	worker->feed.timer_due_ns = INT64_MAX;
	return loop_timer_new(worker->loop, on_timer, worker, &worker->feed.timer);
}

void feed_done(struct worker *worker)
{
	loop_timer_free(worker->feed.timer);
	for (size_t i = 0; i < FEED_ENTRIES; i++)
		buf_done(&worker->feed.entries[i].token);
}

void feed_park(struct worker *worker, struct task *task)
{
	struct feed *feed = &worker->feed;
	task->next = feed->waiting;
	feed->waiting = task;
	feed->n_waiting++;
	if (task->feed.due_ns < feed->timer_due_ns)
		start_timer(worker, task->feed.due_ns);
}

/* Each runs its step again; who has to wait on comes back to the list. */
void feed_resume(struct worker *worker)
{
	struct feed *feed = &worker->feed;
	if (!feed->due)
		return;
	feed->due = false;
	feed->timer_due_ns = 0; /* set once, behind the walk */
	struct task *task = feed->waiting;
	feed->waiting = NULL;
	feed->n_waiting = 0;
	while (task) {
		struct task *next = task->next;
		worker_advance(task);
		task = next;
	}
	start_timer(worker, first_due(feed));
}

static void on_news(void *arg)
{
	struct worker *worker = arg;
	atomic_store(&worker->feed.posted, false); /* before the look: what comes now is posted anew */
	worker->feed.due = true;
}

void feed_news(struct worker *worker)
{
	if (!atomic_exchange(&worker->feed.posted, true))
		loop_post_own(worker->loop, &worker->feed.post, on_news, worker);
}

/* Those who follow the feed or start with it share few answers. The rest has a budget. */
static bool is_affordable(struct feed *feed, const struct feed_entry *wanted, int64_t newest)
{
	if (wanted->since == 0 || wanted->since >= newest - FEED_NEAR)
		return true;
	if (feed->far_s != wanted->iat_s)
		feed->n_far = 0;
	feed->far_s = wanted->iat_s;
	return feed->n_far++ < FEED_FAR_PER_S;
}

int feed_entry_take(struct worker *worker, const struct feed_entry *wanted, int64_t newest,
		    struct feed_entry **ret_entry, bool *ret_is_ours)
{
	struct feed_entry *victim = NULL;
	for (size_t i = 0; i < FEED_ENTRIES; i++) {
		struct feed_entry *entry = &worker->feed.entries[i];
		if (entry->state != FEED_FREE && entry->since == wanted->since && entry->seq == wanted->seq &&
		    entry->iat_s == wanted->iat_s) {
			*ret_entry = entry;
			*ret_is_ours = false;
			return 0;
		}
		if (entry->state != FEED_PENDING && (!victim || entry->iat_s < victim->iat_s))
			victim = entry;
	}
	if (!victim || !is_affordable(&worker->feed, wanted, newest))
		return E_UNAVAILABLE;
	buf_reset(&victim->token);
	victim->state = FEED_PENDING;
	victim->since = wanted->since;
	victim->seq = wanted->seq;
	victim->iat_s = wanted->iat_s;
	*ret_entry = victim;
	*ret_is_ours = true;
	return 0;
}

void feed_entry_end(struct worker *worker, struct feed_entry *entry, bool ok)
{
	entry->state = ok ? FEED_READY : FEED_FAILED;
	worker->feed.due = true; /* others may wait for it */
}
