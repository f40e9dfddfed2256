/* The loop: posts from other threads in order, watches that end themselves, timers, the round hook. */
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

#include "http/loop.h"

enum { THREADS = 4, POSTS = 5000 };

struct seen {
	struct loop *loop;
	unsigned next[THREADS];
	unsigned total, rounds;
	bool in_order;
};

struct post {
	struct seen *seen;
	unsigned thread, number;
};

static struct post posts[THREADS][POSTS];

static void on_post(void *arg)
{
	const struct post *post = arg;
	struct seen *seen = post->seen;
	seen->in_order &= seen->next[post->thread]++ == post->number;
	if (++seen->total == THREADS * POSTS)
		loop_stop(seen->loop);
}

static void *post_many(void *arg)
{
	struct post *mine = arg;
	for (unsigned i = 0; i < POSTS; i++)
		while (loop_post(mine->seen->loop, on_post, &mine[i]) < 0)
			;
	return NULL;
}

static void on_round(void *arg) { ((struct seen *)arg)->rounds++; }

static void test_posts_of_threads(void **state)
{
	(void)state;
	struct seen seen = {.in_order = true};
	pthread_t threads[THREADS];
	assert_int_equal(loop_new(&seen.loop), 0);
	loop_set_round_hook(seen.loop, on_round, &seen);
	for (unsigned t = 0; t < THREADS; t++) {
		for (unsigned i = 0; i < POSTS; i++)
			posts[t][i] = (struct post){&seen, t, i};
		assert_int_equal(pthread_create(&threads[t], NULL, post_many, posts[t]), 0);
	}
	assert_int_equal(loop_run(seen.loop), 0);
	for (unsigned t = 0; t < THREADS; t++)
		pthread_join(threads[t], NULL);
	assert_true(seen.in_order);
	assert_int_equal(seen.total, THREADS * POSTS);
	assert_in_range(seen.rounds, 1, THREADS * POSTS);
	loop_free(seen.loop);
}

static void post_again(void *arg)
{
	struct seen *seen = arg;
	if (++seen->total == 3)
		loop_stop(seen->loop);
	else
		assert_int_equal(loop_post(seen->loop, post_again, seen), 0);
}

/* A post from a post runs in a later round; one that never ran is given back with the loop. */
static void test_posts_of_posts(void **state)
{
	(void)state;
	struct seen seen = {0};
	assert_int_equal(loop_new(&seen.loop), 0);
	loop_set_round_hook(seen.loop, on_round, &seen);
	assert_int_equal(loop_post(seen.loop, post_again, &seen), 0);
	assert_int_equal(loop_run(seen.loop), 0);
	assert_int_equal(seen.total, 3);
	assert_in_range(seen.rounds, 3, 4);
	assert_int_equal(loop_post(seen.loop, post_again, &seen), 0);
	loop_free(seen.loop);
	assert_int_equal(seen.total, 3);
}

struct pair {
	struct loop *loop;
	struct loop_watch *watch;
	struct loop_timer *timer;
	unsigned reads, writes, fires;
};

static void on_pair(int fd, unsigned events, void *arg)
{
	struct pair *pair = arg;
	char byte;
	if (events & LOOP_WRITE) {
		pair->writes++;
		assert_int_equal(loop_watch_set(pair->watch, LOOP_READ), 0);
	}
	if (!(events & LOOP_READ))
		return;
	pair->reads++;
	assert_int_equal(read(fd, &byte, 1), 1);
	if (byte != 'q')
		return;
	loop_watch_free(pair->watch); /* from inside */
	loop_stop(pair->loop);
}

static void test_watch(void **state)
{
	(void)state;
	struct pair pair = {0};
	int fds[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	assert_int_equal(loop_new(&pair.loop), 0);
	assert_int_equal(loop_watch_new(pair.loop, fds[0], on_pair, &pair, &pair.watch), 0);
	assert_int_equal(loop_watch_set(pair.watch, LOOP_READ | LOOP_WRITE), 0);
	assert_int_equal(write(fds[1], "abq", 3), 3);
	assert_int_equal(loop_run(pair.loop), 0);
	assert_int_equal(pair.reads, 3); /* level-triggered: once per byte we took */
	assert_int_equal(pair.writes, 1);
	/* The freed watch is used again. */
	assert_int_equal(loop_watch_new(pair.loop, fds[0], on_pair, &pair, &pair.watch), 0);
	assert_int_equal(loop_watch_set(pair.watch, LOOP_READ), 0);
	assert_int_equal(write(fds[1], "q", 1), 1);
	assert_int_equal(loop_run(pair.loop), 0);
	assert_int_equal(pair.reads, 4);
	loop_free(pair.loop);
	close(fds[0]);
	close(fds[1]);
}

static void on_timer(void *arg)
{
	struct pair *pair = arg;
	if (++pair->fires < 3)
		assert_int_equal(loop_timer_start(pair->timer, 1), 0);
	else
		loop_stop(pair->loop);
}

static void fail_timer(void *arg)
{
	(void)arg;
	fail();
}

static void test_timer(void **state)
{
	(void)state;
	struct pair pair = {0};
	struct loop_timer *never;
	assert_int_equal(loop_new(&pair.loop), 0);
	assert_int_equal(loop_timer_new(pair.loop, on_timer, &pair, &pair.timer), 0);
	assert_int_equal(loop_timer_new(pair.loop, fail_timer, NULL, &never), 0);
	assert_int_equal(loop_timer_start(never, 0), 0);
	loop_timer_stop(never);
	assert_int_equal(loop_timer_start(pair.timer, 1), 0);
	assert_int_equal(loop_run(pair.loop), 0);
	assert_int_equal(pair.fires, 3);
	loop_timer_free(never);
	loop_timer_free(pair.timer);
	loop_free(pair.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_posts_of_threads),
		cmocka_unit_test(test_posts_of_posts),
		cmocka_unit_test(test_watch),
		cmocka_unit_test(test_timer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
