/* What a kept token costs in a process: nanoseconds per mintmark_client_token(), on one thread and on two. */
#include <pthread.h>
#include <stdio.h>

#include "base/clock.h"
#include "mintmark/client.h"

enum { CALLS = 2000000, ROUNDS = 5 };

static mintmark_client *client;

static void *run(void *arg)
{
	char token[MINTMARK_TOKEN_MAX];
	int64_t start_ns = clock_mono_ns();
	for (long i = 0; i < CALLS; i++)
		if (mintmark_client_token(client, token, sizeof(token)) < 0)
			return NULL;
	*(double *)arg = (double)(clock_mono_ns() - start_ns) / CALLS;
	return NULL;
}

static double two(void)
{
	pthread_t threads[2];
	double ns[2] = {0};
	for (int i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, run, &ns[i]) != 0)
			return 0;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return (ns[0] + ns[1]) / 2;
}

int main(void)
{
	char token[MINTMARK_TOKEN_MAX];
	double one = 0;
	if (mintmark_client_new(NULL, &client) < 0 || mintmark_client_token(client, token, sizeof(token)) < 0)
		return 1;
	for (int i = 0; i < ROUNDS; i++) {
		(void)run(&one);
		printf("%.1f %.1f\n", one, two());
	}
	mintmark_client_free(client);
	return 0;
}
