/* A store in memory with two accounts, and a call, for tests of the rules about accounts. */
#ifndef TEST_ACCOUNT_FIXTURE_H
#define TEST_ACCOUNT_FIXTURE_H

#include "account/factor.h"
#include "oauth/call.h"
#include "store/store.h"

enum { FIXTURE_NOW_S = 1700000000 };

struct fixture {
	struct call_env env;
	struct oauth_policy policy;
	struct call call;
	struct account ada, bob;
	bool keyd_is_gone;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);
/* A new request, that many seconds after FIXTURE_NOW_S. */
void fixture_call(struct fixture *fixture, int64_t after_s);
/* How many audit entries have this action. */
size_t fixture_audited(struct fixture *fixture, const char *action);

#endif
