/*
 * Streamed replies: the handler's next() makes a piece on a pool thread, the loop writes it, and the one after it is
 * made when the peer has taken this one. So a slow peer holds a task and one piece, but no thread. Everything runs on
 * the loop's thread except produce().
 */
#include "daemon/daemon_loop.h"

static void link_stream(struct daemon_task *task)
{
	struct daemon_loop *loop = task->owner;
	task->is_stream = true;
	task->prev_stream = NULL;
	task->next_stream = loop->streams;
	if (loop->streams)
		loop->streams->prev_stream = task;
	loop->streams = task;
}

static void unlink_stream(struct daemon_task *task)
{
	struct daemon_loop *loop = task->owner;
	if (task->prev_stream)
		task->prev_stream->next_stream = task->next_stream;
	else
		loop->streams = task->next_stream;
	if (task->next_stream)
		task->next_stream->prev_stream = task->prev_stream;
}

static void end(struct daemon_task *task, int rc)
{
	unlink_stream(task);
	if (rc < 0)
		task->code = rc;
	daemon_loop_tell(task);
	http_stream_end(task->exchange, rc == 0);
	buf_done(&task->piece); /* recycled tasks keep little */
	daemon_loop_recycle(task);
}

static void on_produced(void *arg);

/* Pool thread. */
static void produce(struct pool_job *job, unsigned thread)
{
	struct daemon_task *task = (struct daemon_task *)(void *)((char *)job - offsetof(struct daemon_task, job));
	(void)thread;
	buf_reset(&task->piece);
	task->piece_rc = task->next(task, &task->piece);
	if (task->piece_rc >= 0 && buf_status(&task->piece) < 0)
		task->piece_rc = buf_status(&task->piece);
	log_flush();
	loop_post_own(task->owner->loop, &task->post, on_produced, task);
}

static void order(struct daemon_task *task)
{
	task->job.run = produce;
	task->in_pool = true;
	int rc = pool_submit(task->owner->daemon->pool, POOL_LIGHT, &task->job);
	if (rc == 0)
		return;
	task->in_pool = false;
	end(task, rc);
}

static void on_produced(void *arg)
{
	struct daemon_task *task = arg;
	int rc = task->is_cut && task->piece_rc >= 0 ? E_UNAVAILABLE : task->piece_rc;
	task->in_pool = false;
	if (rc < 0) {
		end(task, rc);
		return;
	}
	int sent = http_stream_write(task->exchange, buf_str(&task->piece));
	if (sent < 0 || rc == 0) {
		end(task, sent < 0 ? sent : 0);
		return;
	}
	if (sent == 0)
		order(task);
}

static void on_writable(struct http_exchange *exchange, int rc, void *arg)
{
	struct daemon_task *task = arg;
	(void)exchange;
	if (rc < 0)
		end(task, rc);
	else
		order(task);
}

void daemon_stream_begin(struct daemon_task *task)
{
	struct http_reply reply = {.status = task->status, .headers = buf_str(&task->headers), .close = task->close};
	link_stream(task);
	int rc = http_stream_begin(task->exchange, &reply, on_writable, task);
	if (rc < 0)
		end(task, rc);
	else if (rc == 0)
		order(task);
}

void daemon_stream_cut(struct daemon_loop *loop)
{
	for (struct daemon_task *task = loop->streams, *next; task; task = next) {
		next = task->next_stream;
		task->is_cut = true;
		if (!task->in_pool)
			end(task, E_UNAVAILABLE);
	}
}
