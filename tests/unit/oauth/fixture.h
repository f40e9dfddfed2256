/* A store with two APIs, one account and some clients, for tests of the rules. Included by one test program each. */
#ifndef TEST_OAUTH_FIXTURE_H
#define TEST_OAUTH_FIXTURE_H

#include "crypto/digest.h"
#include "oauth/call.h"
#include "oauth/clientauth.h"
#include "oauth/grant.h"
#include "oauth/id.h"
#include "oauth/revoked.h"
#include "oauth/throttle.h"
#include "store/store.h"

enum { FIXTURE_NOW_S = 1000000 };

struct fixture {
	struct call_env env;
	struct oauth_policy policy;
	struct signing_kids kids;
	struct call call;
	char service_secret[ID_SECRET_LEN + 1];
};

int fixture_setup(void **state);
int fixture_teardown(void **state);
/* A call at FIXTURE_NOW_S of a client that is already authenticated. */
void fixture_authenticate(struct fixture *fixture, const char *client_id);
void fixture_param(struct fixture *fixture, enum call_param param, const char *value);
/* Forget the call. */
void fixture_reset(struct fixture *fixture);

#endif
