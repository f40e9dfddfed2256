/*
 * Which clients there are at the server, and what their tokens for one API may carry: for commands that say whom a
 * change of requirements would hit. Single-threaded.
 */
#ifndef CLI_GATE_LIVE_H
#define CLI_GATE_LIVE_H

#include "cli/transport.h"
#include "json/json.h"

struct gate_live {
	struct transport transport;
	struct str audience;
	struct json *api;           /* the answer of api.get */
	const struct json *scopes;  /* objects with name */
};

/* One client that lives: enabled, as its account is, and not expired. scope: all that a token for the API may carry. */
struct gate_live_client {
	struct str id, name, scope;
};

/* What fails is printed. Exit status; gate_live_close is due in any case. The struct starts zeroed. */
int gate_live_open(struct gate_live *live, struct cli *cli, const char *audience);
/* Whether the API has the scope, or it is one of OpenID Connect. */
bool gate_live_has_scope(const struct gate_live *live, struct str scope);
/* Every live client with a grant for the API, page by page. What fails is printed. Exit status. */
int gate_live_each(struct gate_live *live, void (*on_client)(void *arg, const struct gate_live_client *client),
		   void *arg);
void gate_live_close(struct gate_live *live);

#endif
