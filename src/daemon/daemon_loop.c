/*
 * One event loop of a daemon: exchanges to tasks, tasks to the handler, inline or on the pool, and back. Everything
 * runs on the loop's thread except where noted; nothing here blocks.
 */
#include "daemon/daemon_loop.h"

#include <stdlib.h>

#include "base/fault.h"
#include "ipc/frame.h"

enum { FREE_TASKS_MAX = 512, BODY_KEPT_MAX = 65536 };

static struct daemon_task *make_task(struct daemon_loop *loop)
{
	struct daemon_task *task = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*task));
	if (!task)
		return NULL;
	const struct daemon_options *options = loop->daemon->options;
	task->owner = loop;
	task->loop = loop->index;
	arena_init(&task->arena, options->arena_max);
	buf_init(&task->headers, DAEMON_HEADERS_MAX);
	buf_init(&task->body, options->body_max);
	buf_init(&task->piece, HTTP_STREAM_WAITING_MAX / 4);
	return task;
}

static void free_task(struct daemon_task *task)
{
	buf_done(&task->headers);
	buf_done(&task->body);
	buf_done(&task->piece);
	arena_done(&task->arena);
	free(task);
}

static struct daemon_task *take_task(struct daemon_loop *loop)
{
	struct daemon_task *task = loop->free_tasks;
	if (!task)
		return make_task(loop);
	loop->free_tasks = task->next_free;
	loop->n_free_tasks--;
	return task;
}

static void begin(struct daemon_task *task, struct http_exchange *exchange)
{
	task->exchange = exchange;
	task->request = http_exchange_request(exchange);
	task->now_us = clock_now_us(task->owner->daemon->clock);
	task->start_ns = clock_mono_ns();
	task->may_block = task->close = task->is_stream = task->is_cut = task->in_pool = false;
	task->lane = POOL_LIGHT;
	task->data = NULL;
	task->next = NULL;
	task->status = 200;
	task->code = 0;
	(void)rand_id(task->request_id);
	http_exchange_set_data(exchange, task);
}

void daemon_loop_tell(struct daemon_task *task)
{
	const struct daemon_handler *handler = &task->owner->daemon->options->handler;
	if (handler->finished)
		handler->finished(task, handler->arg);
}

void daemon_loop_recycle(struct daemon_task *task)
{
	struct daemon_loop *loop = task->owner;
	task->exchange = NULL;
	task->request = NULL;
	if (loop->n_free_tasks == FREE_TASKS_MAX) {
		free_task(task);
		return;
	}
	arena_reset(&task->arena);
	if (task->body.cap > BODY_KEPT_MAX)
		buf_done(&task->body);
	task->next_free = loop->free_tasks;
	loop->free_tasks = task;
	loop->n_free_tasks++;
}

/* The handler has decided: answer. */
static void answer(struct daemon_task *task)
{
	if (buf_status(&task->headers) < 0 || buf_status(&task->body) < 0)
		daemon_refuse(task, E_NOMEM); /* the reply itself did not fit */
	if (task->next) {
		daemon_stream_begin(task);
		return;
	}
	struct http_reply reply = {task->status, buf_str(&task->headers), buf_str(&task->body), task->close};
	daemon_loop_tell(task); /* first: the request goes with its reply */
	http_exchange_reply(task->exchange, &reply);
	daemon_loop_recycle(task);
}

/* 0 or E_WOULD_BLOCK; every other code is a reply already. */
static int call_handler(struct daemon_task *task)
{
	const struct daemon_handler *handler = &task->owner->daemon->options->handler;
	buf_reset(&task->headers);
	buf_reset(&task->body);
	int rc = handler->handle(task, handler->arg);
	if (rc == E_WOULD_BLOCK && !task->may_block)
		return rc;
	if (rc < 0)
		daemon_refuse(task, rc);
	return 0;
}

static void on_returned(void *arg) { answer(arg); }

/* Pool thread. */
static void run_blocking(struct pool_job *job, unsigned thread)
{
	struct daemon_task *task = (struct daemon_task *)(void *)((char *)job - offsetof(struct daemon_task, job));
	(void)thread;
	(void)call_handler(task);
	log_flush();
	loop_post_own(task->owner->loop, &task->post, on_returned, task);
}

static void on_request(struct http_exchange *exchange, const struct http_request *request, void *arg)
{
	struct daemon_loop *loop = arg;
	struct daemon_task *task = take_task(loop);
	(void)request;
	if (!task) {
		struct http_reply reply = {.status = err_row(E_NOMEM)->status, .close = true};
		http_exchange_reply(exchange, &reply);
		return;
	}
	begin(task, exchange);
	if (call_handler(task) == E_WOULD_BLOCK) {
		task->may_block = true;
		task->job.run = run_blocking;
		int rc = pool_submit(loop->daemon->pool, task->lane, &task->job);
		if (rc == 0)
			return;
		daemon_refuse(task, rc);
	}
	answer(task);
}

static void on_refuse(int code, struct str peer, struct buf *headers, struct buf *body, int *ret_status, void *arg)
{
	char id[RAND_ID_LEN + 1];
	(void)arg;
	(void)rand_id(id);
	daemon_reply_refusal(code, str_of(id), headers, body, ret_status);
	LOG(LOG_INFO, "refused", F("request_id", (const char *)id), F("error", err_row(code)->symbol),
	    F("peer", peer));
}

static void on_round(void *arg)
{
	struct daemon_loop *loop = arg;
	pthread_mutex_lock(&loop->stats_lock);
	http_server_stats(loop->http, &loop->stats);
	pthread_mutex_unlock(&loop->stats_lock);
	log_flush();
}

static unsigned share(unsigned whole, unsigned loops)
{
	return whole == 0 ? 0 : (whole + loops - 1) / loops;
}

static struct http_limits limits_of(const struct daemon *daemon)
{
	struct http_limits limits = daemon->options->limits;
	if (limits.connections_max == 0)
		limits = (struct http_limits){.handshake_ms = 10000, .head_ms = 10000, .body_ms = 30000,
					      .idle_ms = 75000, .write_ms = 30000, .connections_max = 4096};
	limits.drain_ms = daemon_drain_ms(daemon);
	limits.connections_max = share(limits.connections_max, daemon->n_loops);
	limits.connections_per_addr_max = share(limits.connections_per_addr_max, daemon->n_loops);
	return limits;
}

static void on_cut(void *arg) { daemon_stream_cut(arg); }

int daemon_loop_init(struct daemon_loop *loop, struct daemon *daemon, unsigned index)
{
	*loop = (struct daemon_loop){.daemon = daemon, .index = index};
	pthread_mutex_init(&loop->stats_lock, NULL);
	TRY(loop_new(&loop->loop));
	const struct http_server_options options = {
		.loop = loop->loop, .limits = limits_of(daemon), .handler = {on_request, on_refuse, loop}};
	TRY(http_server_new(&options, &loop->http));
	TRY(loop_timer_new(loop->loop, on_cut, loop, &loop->cut_timer));
	loop_set_round_hook(loop->loop, on_round, loop);
	return 0;
}

int daemon_loop_listen(struct daemon_loop *loop, int fd)
{
	if (loop->n_listen_fds == DAEMON_LISTEN_MAX) {
		frame_close(&fd);
		return E_LIMIT;
	}
	loop->listen_fds[loop->n_listen_fds++] = fd;
	return http_server_listen(loop->http, fd, NULL);
}

static void *run(void *arg)
{
	struct daemon_loop *loop = arg;
	if (loop_run(loop->loop) < 0)
		LOG(LOG_ERROR, "loop_failed", F("loop", loop->index));
	log_flush();
	return NULL;
}

int daemon_loop_start(struct daemon_loop *loop)
{
	if (pthread_create(&loop->thread, NULL, run, loop) != 0)
		return E_INTERNAL;
	loop->started = true;
	return 0;
}

static void close_listeners(struct daemon_loop *loop)
{
	while (loop->n_listen_fds > 0)
		frame_close(&loop->listen_fds[--loop->n_listen_fds]);
}

static void on_drained(void *arg) { loop_stop(((struct daemon_loop *)arg)->loop); }

static void on_drain(void *arg)
{
	struct daemon_loop *loop = arg;
	http_server_drain(loop->http, on_drained, loop);
	close_listeners(loop); /* newcomers are refused, not reset */
	if (loop_timer_start(loop->cut_timer, daemon_drain_ms(loop->daemon)) < 0)
		daemon_stream_cut(loop);
}

int daemon_loop_drain(struct daemon_loop *loop) { return loop_post(loop->loop, on_drain, loop); }

void daemon_loop_done(struct daemon_loop *loop)
{
	http_server_free(loop->http);
	close_listeners(loop);
	loop_timer_free(loop->cut_timer);
	while (loop->free_tasks) {
		struct daemon_task *task = loop->free_tasks;
		loop->free_tasks = task->next_free;
		free_task(task);
	}
	loop_free(loop->loop);
	pthread_mutex_destroy(&loop->stats_lock);
}

void daemon_stats(struct daemon_task *task, struct http_server_stats *ret_stats)
{
	struct daemon *daemon = task->owner->daemon;
	struct http_server_stats sum = {0};
	for (unsigned i = 0; i < daemon->n_loops; i++) {
		struct daemon_loop *loop = &daemon->loops[i];
		pthread_mutex_lock(&loop->stats_lock);
		sum.accepted += loop->stats.accepted;
		sum.refused_cap += loop->stats.refused_cap;
		sum.refused_syntax += loop->stats.refused_syntax;
		sum.timeouts += loop->stats.timeouts;
		sum.handshakes_failed += loop->stats.handshakes_failed;
		sum.open += loop->stats.open;
		pthread_mutex_unlock(&loop->stats_lock);
	}
	*ret_stats = sum;
}
