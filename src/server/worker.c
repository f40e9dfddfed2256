/*
 * Event-loop threads; see worker.h. Everything here runs on the worker's own thread, except where noted. Nothing
 * blocks.
 */
#include "server/worker.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "config/config.h"
#include "crypto/tls.h"
#include "ipc/frame.h"
#include "server/audit.h"
#include "server/reply.h"
#include "server/server.h"
#include "server/task.h"
#include "server/usage.h"

enum { FREE_TASKS_MAX = 1024, SIGN_LOOK_MS = 1000, SIGN_MAX_MS = 5000, SIGN_WAIT_US = 300 };

static struct task *take_task(struct worker *worker)
{
	struct task *task = worker->free_tasks;
	if (task) {
		worker->free_tasks = task->next;
		worker->n_free_tasks--;
		return task;
	}
	return task_new(worker, &task) < 0 ? NULL : task;
}

static void finish(struct task *task)
{
	struct worker *worker = task->worker;
	task_finish(task);
	if (worker->n_free_tasks == FREE_TASKS_MAX) {
		task_free(task);
		return;
	}
	task->next = worker->free_tasks;
	worker->free_tasks = task;
	worker->n_free_tasks++;
}

static void done(struct task *task)
{
	if (task->code == E_FOREIGN_NETWORK)
		audit_network(task->worker->server, &task->call);
	bool no_signin = task->call.signin == SIGNIN_FAILED || task->call.signin == SIGNIN_THROTTLED;
	if (task->code == E_INVALID_CLIENT || task->code == E_THROTTLED || no_signin) {
		if (task->call.throttle_began)
			audit_throttle(task->worker->server, &task->call);
		delay_add(&task->worker->delay, task);
		return;
	}
	finish(task);
}

/* Posted by a pool thread. */
static void on_returned(void *arg) { done(arg); }

/* Pool thread: the same steps, straight down, blocking. */
static void run_blocking(struct pool_job *job, unsigned thread)
{
	struct task *task = (struct task *)(void *)((char *)job - offsetof(struct task, job));
	struct server *server = task->worker->server;
	task->pool_thread = thread;
	for (;;) {
		enum task_outcome outcome = task_run(task);
		if (outcome == TASK_DONE)
			break;
		if (outcome == TASK_SIGN) {
			task->call.job.status = server_sign_blocking(server, thread, &task->call.job);
			continue;
		}
		int rc = pool_submit(server->pool, task->call.lane, &task->job);
		if (rc == 0)
			return;
		task_refuse(task, rc);
		break;
	}
	log_flush();
	loop_post_own(task->worker->loop, &task->post, on_returned, task);
}

/* Run a task until it is done or waits for somebody. */
void worker_advance(struct task *task)
{
	struct worker *worker = task->worker;
	int rc;
	switch (task_run(task)) {
	case TASK_DONE:
		done(task);
		return;
	case TASK_SIGN:
		signer_submit(worker->signer, &task->call.job);
		return;
	case TASK_WAIT:
		feed_park(worker, task);
		return;
	case TASK_BLOCK:
		task->call.may_block = true;
		task->job.run = run_blocking;
		rc = pool_submit(worker->server->pool, task->call.lane, &task->job);
		if (rc == 0)
			return;
		task_refuse(task, rc);
		done(task);
		return;
	}
}

static void on_request(struct http_exchange *exchange, const struct http_request *request, void *arg)
{
	struct worker *worker = arg;
	struct task *task = take_task(worker);
	(void)request;
	if (task) {
		task_begin(task, exchange);
		worker_advance(task);
		return;
	}
	char headers_mem[512], body_mem[512];
	struct buf headers, body;
	struct http_reply reply = {.close = true};
	buf_init_fixed(&headers, headers_mem, sizeof(headers_mem));
	buf_init_fixed(&body, body_mem, sizeof(body_mem));
	reply_refusal(E_NOMEM, (struct str){0}, &headers, &body, &reply.status);
	reply.headers = buf_str(&headers);
	reply.body = buf_str(&body);
	http_exchange_reply(exchange, &reply);
}

static void on_refuse(int code, struct str peer_addr, struct buf *out_headers, struct buf *out_body, int *ret_status,
		      void *arg)
{
	char id_mem[RAND_ID_LEN + 1];
	struct str id = rand_id(id_mem);
	(void)arg;
	reply_refusal(code, id, out_headers, out_body, ret_status);
	LOG(LOG_INFO, "refused", F("request_id", id), F("error", err_row(code)->symbol), F("peer", peer_addr));
}

static void collect(struct worker *worker)
{
	struct sign_job *job;
	signer_collect(worker->signer, &job);
	while (job) {
		struct sign_job *next = job->next;
		worker_advance(job->owner);
		job = next;
	}
}

static void on_signer(int fd, unsigned events, void *arg)
{
	struct worker *worker = arg;
	(void)fd;
	(void)events;
	collect(worker);
	if (!signer_alive(worker->signer) && loop_watch_set(worker->signer_watch, 0) < 0)
		abort(); /* would spin on a dead socket */
}

/* A keyd that hangs must not keep requests waiting without end. */
static void watch_batch(struct worker *worker)
{
	if (worker->sign_timer_runs || !signer_is_waiting(worker->signer))
		return;
	worker->sign_timer_runs = loop_timer_start(worker->sign_timer, SIGN_LOOK_MS) == 0;
}

static void on_sign_timer(void *arg)
{
	struct worker *worker = arg;
	worker->sign_timer_runs = false;
	signer_expire(worker->signer, SIGN_MAX_MS); /* the round's hook collects what failed */
}

static void on_round(void *arg)
{
	struct worker *worker = arg;
	do {
		feed_resume(worker);
		signer_flush(worker->signer);
		signer_wait(worker->signer, SIGN_WAIT_US);
		while (signer_has_failed_jobs(worker->signer)) {
			collect(worker);
			signer_flush(worker->signer); /* a reply lets the next request of its connection in */
		}
	} while (worker->feed.due);
	watch_batch(worker);
	pthread_mutex_lock(&worker->stats_lock);
	http_server_stats(worker->http, &worker->stats.http);
	signer_stats(worker->signer, &worker->stats.signer);
	worker->stats.feed_waiting = worker->feed.n_waiting;
	pthread_mutex_unlock(&worker->stats_lock);
	log_flush();
}

void worker_stats(struct worker *worker, struct worker_stats *ret_stats)
{
	pthread_mutex_lock(&worker->stats_lock);
	*ret_stats = worker->stats;
	pthread_mutex_unlock(&worker->stats_lock);
}

static int watch_signer(struct worker *worker)
{
	loop_watch_free(worker->signer_watch);
	worker->signer_watch = NULL;
	TRY(loop_watch_new(worker->loop, signer_fd(worker->signer), on_signer, worker, &worker->signer_watch));
	return loop_watch_set(worker->signer_watch, LOOP_READ);
}

static struct http_limits limits_of(const struct config *config, unsigned loops)
{
	unsigned per_loop = config->limits.connections / loops;
	return (struct http_limits){
		.handshake_ms = config->limits.handshake_ms,
		.head_ms = config->limits.head_ms,
		.body_ms = config->limits.body_ms,
		.idle_ms = config->limits.idle_ms,
		.write_ms = config->limits.write_ms,
		.drain_ms = config->limits.drain_ms,
		.connections_max = per_loop > 0 ? per_loop : 1,
		.connections_per_addr_max = (config->limits.connections_per_address + loops - 1) / loops,
		.requests_per_connection = config->limits.requests_per_connection,
	};
}

int worker_init(struct worker *worker, struct server *server, unsigned index, int keyd_fd)
{
	*worker = (struct worker){.server = server, .index = index};
	pthread_mutex_init(&worker->stats_lock, NULL);
	TRY(signer_new(keyd_fd, &worker->signer));
	TRY(loop_new(&worker->loop));
	struct http_server_options options = {
		.loop = worker->loop,
		.limits = limits_of(server->config, server->n_workers),
		.handler = {.request = on_request, .refuse = on_refuse, .arg = worker},
	};
	TRY(http_server_new(&options, &worker->http));
	TRY(delay_init(&worker->delay, worker->loop, finish));
	TRY(loop_timer_new(worker->loop, on_sign_timer, worker, &worker->sign_timer));
	TRY(feed_init(worker));
	worker->metrics = metrics_slot(server->metrics, index);
	worker->usage = usage_slot(server->usage, index);
	loop_set_round_hook(worker->loop, on_round, worker);
	return watch_signer(worker);
}

int worker_listen(struct worker *worker, int fd, struct tls_context *tls)
{
	if (worker->n_listen_fds == WORKER_LISTEN_MAX) {
		frame_close(&fd);
		return E_LIMIT;
	}
	worker->listen_fds[worker->n_listen_fds++] = fd;
	return http_server_listen(worker->http, fd, tls);
}

static void close_listeners(struct worker *worker)
{
	for (unsigned i = 0; i < worker->n_listen_fds; i++)
		frame_close(&worker->listen_fds[i]);
	worker->n_listen_fds = 0;
}

static void *run(void *arg)
{
	struct worker *worker = arg;
	if (loop_run(worker->loop) < 0)
		LOG(LOG_ERROR, "loop_failed", F("worker", (int)worker->index));
	log_flush();
	return NULL;
}

int worker_start(struct worker *worker)
{
	if (pthread_create(&worker->thread, NULL, run, worker) != 0)
		return E_INTERNAL;
	worker->started = true;
	return 0;
}

struct order {
	struct worker *worker;
	int keyd_fd;
	struct config *config;
	struct tls_context *tls;
};

static int post_order(struct order order, void (*fn)(void *))
{
	struct order *copy = fault_hit(FAULT_ALLOC) ? NULL : malloc(sizeof(*copy));
	if (!copy)
		return E_NOMEM;
	*copy = order;
	int rc = loop_post(order.worker->loop, fn, copy);
	if (rc < 0)
		free(copy);
	return rc;
}

static void on_new_signer(void *arg)
{
	struct order *order = arg;
	struct worker *worker = order->worker;
	signer_replace(worker->signer, order->keyd_fd);
	collect(worker);
	if (watch_signer(worker) < 0)
		LOG(LOG_ERROR, "watch_failed", F("worker", (int)worker->index));
	free(order);
}

int worker_replace_signer(struct worker *worker, int keyd_fd)
{
	return post_order((struct order){.worker = worker, .keyd_fd = keyd_fd}, on_new_signer);
}

static void on_reload(void *arg)
{
	struct order *order = arg;
	struct http_limits limits = limits_of(order->config, order->worker->server->n_workers);
	http_server_set_limits(order->worker->http, &limits);
	if (order->tls)
		http_server_set_tls(order->worker->http, order->tls);
	tls_context_unref(order->tls);
	config_unref(order->config);
	free(order);
}

int worker_reload(struct worker *worker, struct config *config, struct tls_context *tls)
{
	struct order order = {.worker = worker, .config = config_ref(config), .tls = tls ? tls_context_ref(tls) : NULL};
	int rc = post_order(order, on_reload);
	if (rc < 0) {
		config_unref(order.config);
		tls_context_unref(order.tls);
	}
	return rc;
}

static void on_drained(void *arg) { loop_stop(((struct worker *)arg)->loop); }

static void on_drain(void *arg)
{
	struct worker *worker = arg;
	worker->draining = true; /* from now on nobody waits for news */
	worker->feed.due = true;
	http_server_drain(worker->http, on_drained, worker);
	close_listeners(worker); /* the supervisor has closed its own */
}

int worker_drain(struct worker *worker) { return loop_post(worker->loop, on_drain, worker); }

void worker_join(struct worker *worker)
{
	if (worker->started)
		pthread_join(worker->thread, NULL);
	worker->started = false;
}

void worker_done(struct worker *worker)
{
	http_server_free(worker->http);
	close_listeners(worker);
	loop_watch_free(worker->signer_watch);
	delay_done(&worker->delay);
	loop_timer_free(worker->sign_timer);
	feed_done(worker);
	signer_free(worker->signer);
	while (worker->free_tasks) {
		struct task *task = worker->free_tasks;
		worker->free_tasks = task->next;
		task_free(task);
	}
	loop_free(worker->loop);
}

void worker_note_use(struct worker *worker, const struct call *call)
{
	struct server *server = worker->server;
	if (usage_note(worker->usage, call->secret->id, call_now_s(call), call->peer_addr))
		server_wake_keeper(server);
}
