/* Keeping the management API in the store; see manage_api.h. `mintmark init`, and the server before it serves. */
#include "admin/manage_api.h"

#include "oauth/id.h"

enum { ARENA_MAX = 4 << 20 };

static const struct {
	const char *name, *description;
} scopes[] = {
	{"mintmark:clients:read", "See clients and their secrets' hints"},
	{"mintmark:clients:write", "Make, change and delete clients and secrets"},
	{"mintmark:accounts:read", "See accounts"},
	{"mintmark:accounts:write", "Make, change and delete accounts"},
	{"mintmark:apis:read", "See APIs and their scopes"},
	{"mintmark:apis:write", "Make, change and delete APIs"},
	{"mintmark:keys:read", "See signing keys"},
	{"mintmark:keys:write", "Rotate signing keys"},
	{"mintmark:audit:read", "See the audit chain"},
	{"mintmark:usage:read", "See what is in use"},
};
enum { SCOPES = sizeof(scopes) / sizeof(scopes[0]) };

bool manage_api_is(struct str issuer, struct str audience)
{
	struct str base = str_trim_end(issuer, '/'), path = STR(MANAGE_API_PATH);
	return base.len > 0 && audience.len == base.len + path.len && str_has_prefix(audience, base) &&
	       str_eq(str_mem(audience.p + base.len, path.len), path);
}

void manage_api_put(struct str issuer, struct buf *out)
{
	buf_put(out, str_trim_end(issuer, '/'));
	buf_put(out, STR(MANAGE_API_PATH));
}

/* The scopes it has, then those that it lacks. */
static int complete(struct api *api, struct arena *arena, size_t *ret_added)
{
	size_t added = 0;
	struct api_scope *all = arena_array(arena, api->n_scopes + SCOPES, sizeof(*all));
	if (!all)
		return E_NOMEM;
	for (size_t i = 0; i < api->n_scopes; i++)
		all[i] = api->scopes[i];
	for (size_t i = 0; i < SCOPES; i++)
		if (!model_api_has_scope(api, str_of(scopes[i].name)))
			all[api->n_scopes + added++] =
				(struct api_scope){str_of(scopes[i].name), str_of(scopes[i].description)};
	api->scopes = all;
	api->n_scopes += added;
	*ret_added = added;
	return 0;
}

static int ensure(struct store *store, const struct manage_api_options *options, struct str audience,
		  struct arena *arena)
{
	char id[ID_LEN + 1];
	size_t added;
	struct api api;
	int rc = store_api_get(store, audience, true, arena, &api);
	if (rc < 0 && rc != E_ABSENT)
		return rc;
	bool absent = rc == E_ABSENT;
	if (absent) {
		TRY(id_new(ID_API, id));
		api = (struct api){.id = str_of(id), .audience = audience, .name = STR("Mintmark management"),
				   .alg = options->alg, .lifetime_s = options->lifetime_s,
				   .created_s = options->now_s};
	}
	TRY(complete(&api, arena, &added));
	if (added == 0)
		return 0;
	struct audit_note note = {options->now_s, STR("system"), absent ? STR("api.create") : STR("api.update"), api.id,
				  audience};
	return absent ? store_api_put(store, &api, &note) : store_api_update(store, &api, false, &note);
}

int manage_api_ensure(struct store *store, const struct manage_api_options *options)
{
	char mem[MODEL_AUDIENCE_MAX];
	struct buf audience;
	struct arena arena;
	buf_init_fixed(&audience, mem, sizeof(mem));
	manage_api_put(options->issuer, &audience);
	TRY(buf_status(&audience));
	arena_init(&arena, ARENA_MAX);
	int rc = ensure(store, options, buf_str(&audience), &arena);
	arena_done(&arena);
	return rc;
}
