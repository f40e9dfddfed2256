/*
 * The administration of clients and secrets: every operation, each named refusal, what caches are told, and faults on
 * the way. Also what holds for every request.
 */
#include "admin_world.h"

static void bad_requests(void **state)
{
	static const struct {
		const char *request, *code;
	} rows[] = {
		{"", "E_INVALID_REQUEST"},
		{"[]", "E_INVALID_REQUEST"},
		{"{", "E_INVALID_REQUEST"},
		{"{}", "E_INVALID_REQUEST"},
		{"{'op':1}", "E_INVALID_REQUEST"},
		{"{'op':'client.list','op':'client.list'}", "E_INVALID_REQUEST"},
		{"{'op':'client.list','args':[]}", "E_INVALID_REQUEST"},
		{"{'op':'client.list','more':1}", "E_INVALID_REQUEST"},
		{"{'op':'client.list'} x", "E_INVALID_REQUEST"},
		{"{'op':'client.steal'}", "E_NOT_IMPLEMENTED"},
		{"{'op':'Client.list'}", "E_NOT_IMPLEMENTED"},
		{"{'op':'client.list','args':{'limit':0}}", "E_INVALID_REQUEST"},
		{"{'op':'client.list','args':{'limit':501}}", "E_INVALID_REQUEST"},
		{"{'op':'client.list','args':{'limit':'5'}}", "E_INVALID_REQUEST"},
		{"{'op':'client.list','args':{'limit':1.5}}", "E_INVALID_REQUEST"},
		{"{'op':'client.list','args':{'client_id':'x'}}", "E_INVALID_REQUEST"},
		{"{'op':'client.list','args':{'nonsense':'x'}}", "E_INVALID_REQUEST"},
		{"{'op':'client.get'}", "E_INVALID_REQUEST"},
		{"{'op':'client.get','args':{'client_id':''}}", "E_INVALID_REQUEST"},
		{"{'op':'client.get','args':{'client_id':7}}", "E_INVALID_REQUEST"},
		{"{'op':'client.get','args':{'client_id':'none'}}", "E_ABSENT"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		refused(*state, rows[i].request, rows[i].code);
}

/* Names and labels are shown on terminals and pages: nothing that steers them gets in. */
static void control_characters(void **state)
{
	static const char *const bad[] = {"\\u0000", "\\n", "\\u001b[2J", "\\u007f", "\\u0085", "\\u202e", "\\u2066",
					  "\\u200f", "\\u2028"};
	char request[256];
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(request, sizeof(request), "{'op':'client.create','args':{'client_name':'a%sb'}}", bad[i]);
		refused(*state, request, "E_INVALID_REQUEST");
	}
	ok(*state, "{'op':'client.create','args':{'client_name':'Zähler \\u2013 Mühle №1'}}");
}

static void too_large(void **state)
{
	struct world *world = *state;
	size_t size = ADMIN_REQUEST_MAX + 1;
	char *request = malloc(size);
	struct str code;
	assert_non_null(request);
	memset(request, ' ', size);
	memcpy(request, "{}", 2);
	buf_reset(&world->answer);
	assert_int_equal(admin_call(&world->admin, str_mem(request, size), &world->answer), 0);
	json_free(world->doc);
	assert_int_equal(json_parse_object(buf_str(&world->answer), &world->doc), 0);
	assert_int_equal(json_get_str(world->doc, "code", &code), 0);
	assert_true(str_eq(code, STR("E_TOO_LARGE")));
	free(request);
}

static void client_create_refused(void **state)
{
	static const struct {
		const char *args, *code;
	} rows[] = {
		{"", "E_INVALID_REQUEST"},
		{"'client_name':''", "E_INVALID_REQUEST"},
		{"'client_name':'x','scope':'m:read  m:write'", "E_INVALID_SCOPE"},
		{"'client_name':'x','scope':' m:read'", "E_INVALID_SCOPE"},
		{"'client_name':'x','scope':'no:such'", "E_INVALID_SCOPE"},
		{"'client_name':'x','scope':'shared'", "E_CONFLICT"},
		{"'client_name':'x','scope':'o:read','audiences':['https://a.example/x']", "E_INVALID_SCOPE"},
		{"'client_name':'x','scope':'m:read','audiences':['https://none.example']", "E_ABSENT"},
		{"'client_name':'x','audiences':'https://a.example/x'", "E_INVALID_REQUEST"},
		{"'client_name':'x','audiences':[1]", "E_INVALID_REQUEST"},
		{"'client_name':'x','default_audience':'https://none.example'", "E_ABSENT"},
		{"'client_name':'x','account':'nobody@example.com'", "E_ABSENT"},
		{"'client_name':'x','account':'mma_0000000000000000000000'", "E_ABSENT"},
		{"'client_name':'x','expires_at':1799999999", "E_INVALID_REQUEST"},
		{"'client_name':'x','expires_at':-1", "E_INVALID_REQUEST"},
		{"'client_name':'x','client_secret_expires_at':1800000000", "E_INVALID_REQUEST"},
		{"'client_name':'x','token_lifetime':29", "E_INVALID_REQUEST"},
		{"'client_name':'x','token_lifetime':86401", "E_INVALID_REQUEST"},
		{"'client_name':'x','token_endpoint_auth_method':'private_key_jwt'", "E_INVALID_REQUEST"},
		{"'client_name':'x','token_endpoint_auth_method':'client_secret_jwt'", "E_INVALID_REQUEST"},
		{"'client_name':'x','client_secret':'long enough'", "E_CONFLICT"}, /* chosen, for an id of ours */
		{"'client_name':'x','client_id':'old','client_secret':'short'", "E_INVALID_REQUEST"},
		{"'client_name':'x','client_id':'old','client_secret':'caf\\u00e9 au lait'", "E_INVALID_REQUEST"},
		{"'client_name':'x','client_id':'old','token_endpoint_auth_method':'none','client_secret':'long "
		 "enough'", "E_INVALID_REQUEST"},
		{"'client_name':'x','client_id':'mmc_0000000000000000000000'", "E_INVALID_REQUEST"},
		/* RFC 9068 5: no client is an account */
		{"'client_name':'x','client_id':'mma_0000000000000000000000'", "E_INVALID_REQUEST"},
		{"'client_name':'x','client_id':'a b c'", "E_INVALID_REQUEST"},
		{"'client_name':'x','client_id':'ab'", "E_INVALID_REQUEST"},
	};
	char request[512];
	struct world *world = *state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(request, sizeof(request), "{'op':'client.create','args':{%s}}", rows[i].args);
		refused(world, request, rows[i].code);
	}
	assert_int_equal(world->changes[ADMIN_CHANGE_CLIENT], 0);
	assert_int_equal(count(ok(world, "{'op':'client.list'}"), "clients"), 0);
}

/* A secret that fits the generated form would be looked up as one: it can't be chosen. */
static void chosen_must_not_look_generated(void **state)
{
	char secret[ID_SECRET_LEN + 1], request[256];
	assert_int_equal(id_secret_new(secret), 0);
	snprintf(request, sizeof(request),
		 "{'op':'client.create','args':{'client_name':'x','client_id':'old','client_secret':'%s'}}", secret);
	refused(*state, request, "E_INVALID_REQUEST");
	secret[20] = secret[20] == 'a' ? 'b' : 'a'; /* the check digits don't fit any more */
	snprintf(request, sizeof(request),
		 "{'op':'client.create','args':{'client_name':'x','client_id':'old','client_secret':'%s'}}", secret);
	ok(*state, request);
}

static void client_create(void **state)
{
	struct world *world = *state;
	struct arena arena;
	struct client client;
	unsigned char digest[SHA256_LEN];
	const struct json *made = ok(world,
		"{'op':'client.create','args':{'client_name':'x','scope':'openid m:read "
		"m:read','expires_at':1900000000,"
		"'client_secret_expires_at':1850000000,'token_lifetime':600,'label':'first',"
		"'token_endpoint_auth_method':'client_secret_post'}}");
	struct str id = text_of(made, "client_id"), secret = text_of(made, "client_secret");
	assert_true(id_has_form(ID_CLIENT, id));
	assert_true(id_secret_looks_generated(secret));
	assert_text(made, "scope", "openid m:read");
	assert_text(made, "kind", "service");
	assert_text(made, "default_audience", API_A); /* the API of the first scope that has one */
	assert_text(made, "token_endpoint_auth_method", "client_secret_post");
	assert_int_equal(number_of(made, "client_secret_expires_at"), 1850000000);
	assert_int_equal(number_of(made, "client_id_issued_at"), NOW_S);
	assert_int_equal(world->changes[ADMIN_CHANGE_CLIENT], 1);
	assert_true(str_eq(str_of(world->changed_id), id));
	/* the store has the digest and the hint, never the secret */
	arena_init(&arena, 1 << 20);
	assert_int_equal(store_client_get(world->store, id, &arena, &client), 0);
	assert_int_equal(client.n_secrets, 1);
	assert_int_equal(digest_sha256(secret, digest), 0);
	assert_memory_equal(client.secrets[0].sha256, digest, sizeof(digest));
	assert_true(str_eq(client.secrets[0].hint, (struct str){secret.p + secret.len - 4, 4}));
	assert_int_equal(client.secrets[0].expires_s, 1850000000);
	assert_int_equal(client.lifetime_s, 600);
	arena_done(&arena);
}

static void client_kinds(void **state)
{
	struct world *world = *state;
	const struct json *made = ok(world,
				     "{'op':'client.create','args':{'client_name':'x','account':'Alice@example.com',"
				     "'scope':'openid email'}}");
	assert_text(made, "kind", "account");
	assert_true(id_has_form(ID_ACCOUNT, text_of(made, "account_id")));
	assert_text(made, "default_audience", "");
	made = ok(world, "{'op':'client.create','args':{'client_name':'x','token_endpoint_auth_method':'none'}}");
	assert_false(json_has(made, "client_secret"));
	made = ok(world,
		  "{'op':'client.create','args':{'client_name':'x','audiences':['https://a.example/x',"
		  "'https://b.example'],'scope':'shared'}}");
	assert_int_equal(count(made, "grants"), 2);
	/* all its scopes */
	made = ok(world, "{'op':'client.create','args':{'client_name':'x','audiences':['https://b.example']}}");
	assert_text(made, "scope", "o:read shared");
	made = ok(world, "{'op':'client.create','args':{'client_name':'x','scope':'m:read "
			 "o:read','default_audience':'https://b.example'}}");
	assert_text(made, "default_audience", API_B);
	assert_int_equal(count(ok(world, "{'op':'client.list','args':{'account':'Alice@example.com'}}"), "clients"), 1);
	refused(world, "{'op':'client.list','args':{'account':'nobody@example.com'}}", "E_ABSENT");
}

static void imported_client(void **state)
{
	struct world *world = *state;
	struct arena arena;
	struct client client;
	const struct json *made = ok(world,
				     "{'op':'client.create','args':{'client_name':'x','client_id':'legacy.1',"
				     "'client_secret':'pa:ss %zz+w'}}");
	assert_text(made, "client_id", "legacy.1");
	assert_false(json_has(made, "client_secret")); /* its owner has it already */
	arena_init(&arena, 1 << 20);
	assert_int_equal(store_client_get(world->store, STR("legacy.1"), &arena, &client), 0);
	assert_int_equal(client.secrets[0].form, SECRET_CHOSEN);
	assert_int_equal(password_check(secret_of(STR("pa:ss %zz+w")), client.secrets[0].phc), 0);
	assert_int_equal(client.secrets[0].hint.len, 0);
	arena_done(&arena);
	refused(world, "{'op':'client.create','args':{'client_name':'x','client_id':'legacy.1'}}", "E_EXISTS");
	refused(world, "{'op':'secret.add','args':{'client_id':'legacy.1','client_secret':'another one'}}",
		"E_CONFLICT");
	ok(world, "{'op':'secret.add','args':{'client_id':'legacy.1'}}"); /* a generated one beside it is fine */
}

static void client_change(void **state)
{
	struct world *world = *state;
	ok(world, "{'op':'client.create','args':{'client_name':'x','client_id':'one','scope':'m:read'}}");
	refused(world, "{'op':'client.update','args':{'client_id':'two','client_name':'y'}}", "E_ABSENT");
	refused(world, "{'op':'client.update','args':{'client_id':'one','scope':'no:such'}}", "E_INVALID_SCOPE");
	refused(world, "{'op':'client.update','args':{'client_id':'one','account':'x@example.com'}}",
		"E_INVALID_REQUEST");
	refused(world, "{'op':'client.update','args':{'client_id':'one','client_secret':'long enough'}}",
		"E_INVALID_REQUEST");
	const struct json *now = ok(world,
				    "{'op':'client.update','args':{'client_id':'one','client_name':'y',"
				    "'expires_at':1900000000}}");
	assert_text(now, "client_name", "y");
	assert_text(now, "scope", "m:read"); /* what was not given stays */
	now = ok(world, "{'op':'client.update','args':{'client_id':'one','scope':'o:read','default_audience':''}}");
	assert_text(now, "scope", "o:read");
	assert_text(now, "default_audience", "");
	assert_int_equal(number_of(now, "expires_at"), 1900000000);
	now = ok(world, "{'op':'client.update','args':{'client_id':'one','scope':'','expires_at':0}}");
	assert_text(now, "scope", "");
	assert_int_equal(number_of(now, "expires_at"), 0);
	for (int i = 0; i < 2; i++) { /* twice: the second time changes nothing and is no error */
		bool disabled = false;
		now = ok(world, "{'op':'client.disable','args':{'client_id':'one'}}");
		assert_int_equal(json_get_bool(now, "disabled", &disabled), 0);
		assert_true(disabled);
	}
	ok(world, "{'op':'client.enable','args':{'client_id':'one'}}");
	refused(world, "{'op':'client.disable','args':{'client_id':'two'}}", "E_ABSENT");
	refused(world, "{'op':'client.enable','args':{'client_id':'two'}}", "E_ABSENT");
	refused(world, "{'op':'client.delete','args':{'client_id':'two'}}", "E_ABSENT");
	ok(world, "{'op':'client.delete','args':{'client_id':'one'}}");
	refused(world, "{'op':'client.get','args':{'client_id':'one'}}", "E_ABSENT");
}

static void as(struct world *world, bool own) { world->admin.own = own; }

/* A credential of Alice with m:read, o:read and openid. */
static struct str a_credential(struct world *world, char id[64])
{
	const struct json *made = ok(world, "{'op':'client.create','args':{'client_name':'c','account':"
					    "'Alice@example.com','scope':'openid m:read o:read'}}");
	snprintf(id, 64, "%.*s", STR_ARG(text_of(made, "client_id")));
	return str_of(id);
}

static const struct json *change_it(struct world *world, struct str id, const char *op, const char *args,
				    const char *refused_with)
{
	char request[512];
	snprintf(request, sizeof(request), "{'op':'client.%s','args':{'client_id':'%.*s'%s}}", op, STR_ARG(id), args);
	if (!refused_with)
		return ok(world, request);
	refused(world, request, refused_with);
	return NULL;
}

/* What an administrator did to a credential, its owner can't undo; what the owner did, both can. */
static void owners_undo_nothing_of_an_administrator(void **state)
{
	enum { OWNER, ADMIN };
	static const struct {
		unsigned who;
		const char *op, *args, *refused, *disabled_by;
		size_t n_held;
	} steps[] = {
		{OWNER, "disable", "", NULL, "owner", 0},
		{OWNER, "enable", "", NULL, "", 0},
		{OWNER, "disable", "", NULL, "owner", 0},
		{ADMIN, "disable", "", NULL, "admin", 1},
		{OWNER, "enable", "", "E_FORBIDDEN", "admin", 1},
		{OWNER, "update", ",'held':[]", "E_FORBIDDEN", "admin", 1},
		{ADMIN, "update", ",'held':['disabled']", "E_INVALID_REQUEST", "admin", 1},
		{ADMIN, "enable", "", NULL, "", 0},
		/* scopes: the owner's own changes hold nothing */
		{OWNER, "update", ",'scope':'openid m:read'", NULL, "", 0},
		{OWNER, "update", ",'scope':'openid m:read o:read'", NULL, "", 0},
		{ADMIN, "update", ",'scope':'openid m:read o:read m:write'", NULL, "", 0}, /* only more: nothing held */
		{ADMIN, "update", ",'scope':'openid m:read'", NULL, "", 1},
		{OWNER, "update", ",'scope':'openid m:read o:read'", "E_FORBIDDEN", "", 1},
		{OWNER, "update", ",'client_name':'mine'", NULL, "", 1},
		{OWNER, "update", ",'scope':'openid'", NULL, "", 1},
		{OWNER, "update", ",'scope':'openid m:read'", "E_FORBIDDEN", "", 1},
		{ADMIN, "update", ",'held':[]", NULL, "", 0},
		{OWNER, "update", ",'scope':'openid m:read'", NULL, "", 0},
		/* networks */
		{OWNER, "update", ",'networks':['192.0.2.0/24']", NULL, "", 0},
		{OWNER, "update", ",'networks':[]", NULL, "", 0},
		{ADMIN, "update", ",'networks':['192.0.2.0/24']", NULL, "", 1},
		{OWNER, "update", ",'networks':['192.0.2.0/24']", NULL, "", 1},
		{OWNER, "update", ",'networks':['192.0.2.0/24','198.51.100.7']", "E_FORBIDDEN", "", 1},
		{OWNER, "update", ",'networks':[]", "E_FORBIDDEN", "", 1},
		{ADMIN, "update", ",'networks':[]", NULL, "", 0},
		{OWNER, "update", ",'networks':['192.0.2.0/24']", NULL, "", 0},
		{ADMIN, "update", ",'held':['networks']", NULL, "", 1},
		{OWNER, "update", ",'networks':[]", "E_FORBIDDEN", "", 1},
	};
	struct world *world = *state;
	char mem[64];
	struct str id = a_credential(world, mem), by;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		as(world, steps[i].who == OWNER);
		(void)change_it(world, id, steps[i].op, steps[i].args, steps[i].refused);
		const struct json *shown = change_it(world, id, "get", "", NULL);
		by = (struct str){0};
		(void)!json_get_str(shown, "disabled_by", &by);
		if (!str_eq(by, str_of(steps[i].disabled_by)) || count(shown, "held") != steps[i].n_held)
			fail_msg("step %zu: %.*s", i, STR_ARG(buf_str(&world->answer)));
	}
}

/* compat.rapidata would make it anew: to disable it is what stays. */
static void what_comes_back_is_not_deleted(void **state)
{
	static const char delete[] = "{'op':'client.delete','args':{'client_id':'rapidata-cli'}}";
	struct world *world = *state;
	ok(world, "{'op':'client.create','args':{'client_name':'x','client_id':'rapidata-cli'}}");
	world->admin.policy.makes_package_client = true;
	refused(world, delete, "E_CONFLICT");
	ok(world, "{'op':'client.disable','args':{'client_id':'rapidata-cli'}}");
	world->admin.policy.makes_package_client = false;
	ok(world, delete);
}

/* Networks that a credential is born with are the limit of whoever made it. */
static void networks_from_the_beginning(void **state)
{
	static const char made[] = "{'op':'client.create','args':{'client_name':'c','account':'Alice@example.com',"
				   "'scope':'openid','networks':['192.0.2.0/24']}}";
	struct world *world = *state;
	as(world, true);
	assert_int_equal(count(ok(world, made), "held"), 0);
	as(world, false);
	assert_int_equal(count(ok(world, made), "held"), 1);
}

static void pages(void **state)
{
	struct world *world = *state;
	char after[80] = "", request[200];
	size_t seen = 0;
	for (int i = 0; i < 7; i++)
		ok(world, "{'op':'client.create','args':{'client_name':'x'}}");
	for (int page = 0; page < 4; page++) {
		snprintf(request, sizeof(request), "{'op':'client.list','args':{'limit':3,'after':'%s'}}", after);
		const struct json *result = ok(world, request);
		seen += count(result, "clients");
		if (!json_has(result, "next"))
			break;
		snprintf(after, sizeof(after), "%.*s", STR_ARG(text_of(result, "next")));
	}
	assert_int_equal(seen, 7);
	assert_int_equal(count(ok(world, "{'op':'account.list','args':{'limit':1}}"), "accounts"), 1);
}

static void secrets(void **state)
{
	struct world *world = *state;
	char first[80], request[200];
	ok(world, "{'op':'client.create','args':{'client_name':'x','client_id':'one'}}");
	tick(world);
	const struct json *made = ok(world,
				     "{'op':'secret.add','args':{'client_id':'one','label':'new',"
				     "'client_secret_expires_at':1800000100}}");
	assert_true(id_secret_looks_generated(text_of(made, "client_secret")));
	snprintf(first, sizeof(first), "%.*s", STR_ARG(text_of(made, "secret_id")));
	const struct json *list = ok(world, "{'op':'secret.list','args':{'client_id':'one'}}");
	assert_int_equal(count(list, "secrets"), 2);
	assert_text(element(list, "secrets", 1), "state", "live");
	assert_text(element(list, "secrets", 1), "label", "new");
	assert_false(json_has(element(list, "secrets", 1), "client_secret"));
	assert_null(memmem(world->answer.p, world->answer.len, "mms_", 4));
	world->clock.fixed_us = (NOW_S + 100) * 1000000;
	assert_text(element(ok(world, "{'op':'secret.list','args':{'client_id':'one'}}"), "secrets", 1), "state",
		    "expired");
	snprintf(request, sizeof(request), "{'op':'secret.revoke','args':{'client_id':'one','secret_id':'%s'}}", first);
	ok(world, request);
	ok(world, request);
	assert_text(element(ok(world, "{'op':'secret.list','args':{'client_id':'one'}}"), "secrets", 1), "state",
		    "revoked");
	refused(world, "{'op':'secret.revoke','args':{'client_id':'one','secret_id':'mmk_x'}}", "E_ABSENT");
	refused(world, "{'op':'secret.revoke','args':{'client_id':'two','secret_id':'mmk_x'}}", "E_ABSENT");
	refused(world, "{'op':'secret.revoke','args':{'client_id':'one'}}", "E_INVALID_REQUEST");
	refused(world, "{'op':'secret.add','args':{'client_id':'two'}}", "E_ABSENT");
	refused(world, "{'op':'secret.list','args':{'client_id':'two'}}", "E_ABSENT");
	refused(world, "{'op':'secret.regenerate','args':{'client_id':'two'}}", "E_ABSENT");
	refused(world, "{'op':'secret.regenerate','args':{'client_id':'one','client_secret':'long enough'}}",
		"E_INVALID_REQUEST");
}

static void regenerate_kills_all(void **state)
{
	struct world *world = *state;
	ok(world, "{'op':'client.create','args':{'client_name':'x','client_id':'one'}}");
	tick(world);
	ok(world, "{'op':'secret.add','args':{'client_id':'one'}}");
	tick(world);
	ok(world, "{'op':'secret.regenerate','args':{'client_id':'one'}}");
	const struct json *list = ok(world, "{'op':'secret.list','args':{'client_id':'one'}}");
	assert_int_equal(count(list, "secrets"), 3);
	assert_text(element(list, "secrets", 0), "state", "revoked");
	assert_text(element(list, "secrets", 1), "state", "revoked");
	assert_text(element(list, "secrets", 2), "state", "live");
	assert_int_equal(world->changes[ADMIN_CHANGE_CLIENT], 3);
}

static void secrets_are_bounded(void **state)
{
	struct world *world = *state;
	ok(world, "{'op':'client.create','args':{'client_name':'x','client_id':'one'}}");
	for (int i = 1; i < MODEL_SECRETS_MAX; i++)
		ok(world, "{'op':'secret.add','args':{'client_id':'one'}}");
	refused(world, "{'op':'secret.add','args':{'client_id':'one'}}", "E_CONFLICT");
	ok(world, "{'op':'client.create','args':{'client_name':'x','client_id':'public',"
		  "'token_endpoint_auth_method':'none'}}");
	refused(world, "{'op':'secret.add','args':{'client_id':'public'}}", "E_CONFLICT");
	refused(world, "{'op':'secret.regenerate','args':{'client_id':'public'}}", "E_CONFLICT");
}

/* Each allocation, store call and entropy call fails once: an error or the whole change, and no secret in an error. */
static void faults(void **state)
{
#ifdef MINTMARK_FAULTS
	static const enum fault_kind kinds[] = {FAULT_ALLOC, FAULT_STORE, FAULT_RANDOM};
	struct world *world = *state;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		for (long nth = 1; nth < 500; nth++) {
			size_t before = count(ok(world, "{'op':'client.list'}"), "clients");
			bool good = false;
			fault_arm(kinds[k], nth);
			json_free(world->doc);
			world->doc = NULL;
			buf_done(&world->answer);
			static const char request[] =
				"{\"op\":\"client.create\",\"args\":{\"client_name\":\"x\",\"scope\":\"m:read\"}}";
			int rc = admin_call(&world->admin, STR(request), &world->answer);
			bool reached = fault_reached(kinds[k]);
			fault_arm(kinds[k], 0);
			if (rc == 0) {
				assert_int_equal(json_parse_object(buf_str(&world->answer), &world->doc), 0);
				assert_int_equal(json_get_bool(world->doc, "ok", &good), 0);
				if (!good)
					assert_null(memmem(world->answer.p, world->answer.len, "mms_", 4));
			}
			size_t after = count(ok(world, "{'op':'client.list'}"), "clients");
			assert_true(after == before || after == before + 1);
			if (good)
				assert_int_equal(after, before + 1); /* acknowledged is there */
			if (!reached) {
				assert_true(good);
				break;
			}
		}
	}
#else
	(void)state;
	skip();
#endif
}

static void every_op_has_a_name(void **state)
{
	struct world *world = *state;
	size_t n = 0;
	for (; admin_op_name(n); n++) {
		char request[128];
		struct str code;
		snprintf(request, sizeof(request), "{'op':'%s','args':{'surely_unknown':1}}", admin_op_name(n));
		assert_int_equal(call(world, request), 0);
		assert_int_equal(json_get_str(world->doc, "code", &code), 0);
		assert_true(str_eq(code, STR("E_INVALID_REQUEST"))); /* not E_NOT_IMPLEMENTED, and nothing was done */
	}
	assert_int_equal(n, 35);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(bad_requests), CASE(control_characters), CASE(too_large), CASE(client_create_refused),
		CASE(chosen_must_not_look_generated), CASE(client_create), CASE(client_kinds), CASE(imported_client),
		CASE(client_change), CASE(owners_undo_nothing_of_an_administrator),
		CASE(networks_from_the_beginning),
		CASE(what_comes_back_is_not_deleted), CASE(pages), CASE(secrets), CASE(regenerate_kills_all),
		CASE(secrets_are_bounded), CASE(faults), CASE(every_op_has_a_name),
	};
	return cmocka_run_group_tests_name("admin", tests, NULL, NULL);
}
