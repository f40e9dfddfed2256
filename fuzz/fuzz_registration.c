/* Client metadata: what is accepted keeps to the policy, holds together, and is accepted again as it is told back. */
#include "oauth/registration.h"
#include "oauth/scope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct str scopes[] = {{"openid", 6}, {"api", 3}};
static const struct registration_policy policy = {
	{scopes, 2}, CLIENT_GRANT_CODE | CLIENT_GRANT_REFRESH | CLIENT_GRANT_DEVICE};

static void check(const struct registration *registration, struct arena *arena)
{
	char why[REGISTRATION_WHY_MAX];
	struct scope_grant grants[2];
	struct json_out out;
	struct buf text;
	_cleanup_(json_freep) struct json *doc = NULL;
	struct registration again;
	struct client client = {.id = STR("mmc_x"), .name = registration->name, .auth = registration->auth,
				.app = registration->app, .grants = grants, .n_grants = registration->scopes.n};
	if (registration->scopes.n > 2 || (registration->app.grant_types & ~policy.grant_types))
		__builtin_trap();
	for (size_t i = 0; i < registration->scopes.n; i++)
		grants[i] = (struct scope_grant){{0}, registration->scopes.v[i]};
	buf_init(&text, 1 << 20);
	json_out_init(&out, &text);
	json_open(&out, NULL, '{');
	if (registration_emit(&client, arena, &out) < 0)
		__builtin_trap();
	json_close(&out, '}');
	if (json_parse_object_max(buf_str(&text), 1 << 20, &doc) < 0 ||
	    registration_parse(doc, &policy, false, arena, &again, why) < 0 ||
	    again.app.grant_types != registration->app.grant_types || again.auth != registration->auth ||
	    again.app.redirect_uris.n != registration->app.redirect_uris.n)
		__builtin_trap();
	buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[REGISTRATION_WHY_MAX];
	_cleanup_(json_freep) struct json *doc = NULL;
	struct registration registration;
	struct arena arena;
	if (json_parse_object(str_mem(data, size), &doc) < 0)
		return 0;
	arena_init(&arena, 4 << 20);
	if (registration_parse(doc, &policy, false, &arena, &registration, why) == 0)
		check(&registration, &arena);
	(void)!registration_parse(doc, &policy, true, &arena, &registration, why);
	arena_done(&arena);
	return 0;
}
