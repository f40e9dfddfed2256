/*
 * Pages, order, filters and cursors of lists; what a caller with a token may not hand out; accounts, usage and single
 * secrets.
 */
#include "admin/manage_api.h"
#include "admin_world.h"
#include "oauth/scope.h"

/* Seven clients, a second apart; names differ, ids are random. */
static void fill(struct world *world)
{
	static const char *const names[] = {"alpha", "beta", "gamma", "alpine", "delta", "Alpha", "omega"};
	char request[256];
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		tick(world);
		snprintf(request, sizeof(request),
			 "{'op':'client.create','args':{'client_name':'%s','client_id':'id-%zu'%s}}", names[i], i,
			 i % 2 ? ",'account':'Alice@example.com'" : "");
		ok(world, request);
	}
	ok(world, "{'op':'client.disable','args':{'client_id':'id-2'}}");
}

/* The names on the page, "alpha beta". */
static void page_is(struct world *world, const char *args, const char *want, int64_t total)
{
	char request[512], got[256];
	size_t len = 0;
	snprintf(request, sizeof(request), "{'op':'client.list','args':{%s}}", args);
	const struct json *result = ok(world, request);
	for (size_t i = 0; i < count(result, "items"); i++)
		len += (size_t)snprintf(got + len, sizeof(got) - len, "%.*s ",
					STR_ARG(text_of(element(result, "items", i), "client_name")));
	got[len > 0 ? len - 1 : 0] = '\0';
	if (strcmp(got, want) != 0 || number_of(result, "total") != total)
		fail_msg("%s gave %s, %lld", args, got, (long long)number_of(result, "total"));
}

#define FILTER(field, op, value) "'filter':[{'field':'" field "','op':'" op "','value':'" value "'}]"

static void pages(void **state)
{
	static const struct {
		const char *args, *want;
		int64_t total;
	} rows[] = {
		{"'page':1", "alpha beta gamma alpine delta Alpha omega", 7},
		{"'page':1,'page_size':3", "alpha beta gamma", 7},
		{"'page':3,'page_size':3", "omega", 7},
		{"'page':4,'page_size':3", "", 7},
		{"'sort':'-client_id'", "omega Alpha delta alpine gamma beta alpha", 7},
		{"'sort':'client_id_issued_at','page_size':2", "alpha beta", 7},
		{"'sort':'-client_id_issued_at','page_size':2", "omega Alpha", 7},
		{"'sort':'-client_id_issued_at','page_size':2,'page':2", "delta alpine", 7},
		{FILTER("client_name", "eq", "alpha"), "alpha", 1},
		{FILTER("client_name", "ne", "alpha"), "beta gamma alpine delta Alpha omega", 6},
		{FILTER("client_name", "prefix", "alp"), "alpha alpine", 2},
		{FILTER("client_name", "contains", "lta"), "delta", 1},
		{FILTER("client_name", "contains", ""), "alpha beta gamma alpine delta Alpha omega", 7},
		{FILTER("client_name", "contains", "%"), "", 0},
		{FILTER("client_name", "gt", "delta"), "gamma omega", 2},
		{FILTER("disabled", "eq", "true"), "gamma", 1},
		{FILTER("client_id", "eq", "id-3"), "alpine", 1},
		{FILTER("client_id", "eq", "id-3") ",'sort':'-client_id_issued_at'", "alpine", 1},
		{FILTER("client_id", "eq", "id-"), "", 0},
		{FILTER("client_id", "eq", ""), "", 0},
		{FILTER("client_id", "eq", "id-33"), "", 0},
		{FILTER("client_id", "prefix", "id-"), "alpha beta gamma alpine delta Alpha omega", 7},
		{FILTER("client_id", "prefix", "id-") ",'sort':'-client_id'",
		 "omega Alpha delta alpine gamma beta alpha", 7},
		{FILTER("client_id", "prefix", "id-6"), "omega", 1},
		{FILTER("client_id", "prefix", "ie"), "", 0},
		{FILTER("client_id", "gt", "id-4"), "Alpha omega", 2},
		{FILTER("kind", "eq", "account") ",'sort':'-client_id'", "Alpha alpine beta", 3},
		{FILTER("client_id_issued_at", "lte", "1800000002"), "alpha beta", 2},
		{FILTER("client_id_issued_at", "gte", "1800000006") ",'page_size':1,'page':2", "omega", 2},
		{"'account':'Alice@example.com','page':1", "beta alpine Alpha", 3},
		{"'account':'Alice@example.com','page':2,'page_size':2", "Alpha", 3},
		{"'filter':[{'field':'client_name','op':'prefix','value':'a'},"
		 "{'field':'kind','op':'eq','value':'account'}]", "alpine", 1},
	};
	struct world *world = *state;
	fill(world);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		page_is(world, rows[i].args, rows[i].want, rows[i].total);
	const struct json *result = ok(world, "{'op':'client.list','args':{'page':2,'page_size':3}}");
	assert_int_equal(number_of(result, "page"), 2);
	assert_int_equal(number_of(result, "pageSize"), 3);
	assert_int_equal(number_of(result, "totalPages"), 3);
}

static void bad_pages(void **state)
{
	static const char *const rows[] = {
		"'page':0", "'page':-1", "'page':'1'", "'page':1.5", "'page':9223372036854775807", "'page_size':0",
		"'page_size':501", "'page':1001,'page_size':100", "'page':201,'page_size':500", "'sort':''",
		"'sort':'-'",
		"'sort':'--client_id'", "'sort':'client_name'", "'sort':'nonsense'", "'sort':'client_id,kind'",
		"'page':1,'after':'x'", "'sort':'client_id','limit':3", "'filter':{}", "'filter':[1]", "'filter':[{}]",
		"'filter':[{'field':'client_name','op':'eq'}]", FILTER("nonsense", "eq", "1"),
		FILTER("client_name", "like", "1"), FILTER("client_name", "", "1"), FILTER("disabled", "eq", "yes"),
		FILTER("disabled", "gt", "true"), FILTER("client_id_issued_at", "eq", "-1"),
		FILTER("client_id_issued_at", "eq", "1e3"), FILTER("client_id_issued_at", "prefix", "1"),
		FILTER("client_secret", "eq", "1"), FILTER("sha256", "prefix", "1"),
	};
	char request[512];
	struct world *world = *state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(request, sizeof(request), "{'op':'client.list','args':{%s}}", rows[i]);
		refused(world, request, "E_INVALID_REQUEST");
	}
	char many[2048] = "{'op':'client.list','args':{'filter':[";
	for (int i = 0; i < 17; i++)
		strncat(many, i ? ",{'field':'kind','op':'eq','value':'x'}" : "{'field':'kind','op':'eq','value':'x'}",
			sizeof(many) - strlen(many) - 1);
	strncat(many, "]}}", sizeof(many) - strlen(many) - 1);
	refused(world, many, "E_INVALID_REQUEST");
}

/* By cursor nothing is missed and nothing comes twice; short lists too. */
static void cursors(void **state)
{
	static const struct {
		const char *op, *list, *id;
		size_t n;
	} rows[] = {{"client.list", "clients", "client_id", 7}, {"usage.list", "usage", "client_id", 7},
		    {"account.list", "accounts", "account_id", 1}, {"api.list", "apis", "api_id", 2},
		    {"key.list", "keys", "kid", 1}};
	struct world *world = *state;
	fill(world);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char request[256], after[80] = "";
		size_t seen = 0;
		for (bool more = true; more;) {
			struct str next;
			snprintf(request, sizeof(request), "{'op':'%s','args':{'limit':1,'after':'%s'}}", rows[i].op,
				 after);
			const struct json *result = ok(world, request);
			size_t n = count(result, rows[i].list);
			assert_true(n <= 1);
			more = json_get_str(result, "next", &next) == 0;
			if (n == 1)
				assert_true(str_eq(next, text_of(element(result, rows[i].list, 0), rows[i].id)));
			if (more)
				snprintf(after, sizeof(after), "%.*s", STR_ARG(next));
			seen += n;
		}
		assert_int_equal(seen, rows[i].n);
	}
}

/* A caller who gets pages: "items", whatever the list; the newest entry of the audit chain first when asked. */
static void paged_caller(void **state)
{
	struct world *world = *state;
	fill(world);
	world->admin.paged = true;
	const struct json *result = ok(world, "{'op':'audit.list','args':{'sort':'-seq','page_size':3}}");
	int64_t total = number_of(result, "total");
	assert_int_equal(count(result, "items"), 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(number_of(element(result, "items", i), "seq"), total - (int64_t)i);
	assert_text(element(result, "items", 0), "action", "client.disable");
	result = ok(world, "{'op':'audit.list','args':{'sort':'-seq','page_size':3,'page':2}}");
	assert_int_equal(number_of(element(result, "items", 0), "seq"), total - 3);
	result = ok(world, "{'op':'audit.list','args':{'sort':'-seq'," FILTER("action", "eq", "api.create") "}}");
	assert_int_equal(number_of(result, "total"), 2);
	assert_text(element(result, "items", 0), "detail", API_B);
	assert_int_equal(count(ok(world, "{'op':'audit.list','args':{'after_seq':2,'limit':2}}"), "items"), 2);
	assert_int_equal(count(ok(world, "{'op':'client.list'}"), "items"), 7);
	assert_int_equal(count(ok(world, "{'op':'client.list','args':{'limit':2}}"), "items"), 2);
	result = ok(world, "{'op':'api.list','args':{'sort':'-audience'}}");
	assert_text(element(result, "items", 0), "audience", API_B);
	assert_int_equal(number_of(result, "totalPages"), 1);
	assert_int_equal(count(ok(world, "{'op':'key.list','args':{" FILTER("state", "eq", "next") "}}"), "items"), 0);
}

/* By the index: every entry about it, and no other, also when the trail is longer than one batch of a walk. */
static void trail_of_one(void **state)
{
	enum { ENTRIES = 1700 };
	struct world *world = *state;
	char target[16];
	for (int i = 0; i < ENTRIES; i++) {
		snprintf(target, sizeof(target), "mmc_%d", i % 2);
		const struct audit_note note = {NOW_S, STR("test"), i % 4 == 1 ? STR("odd") : STR("even"),
						str_of(target), STR("")};
		assert_int_equal(store_audit_append(world->store, &note), 0);
	}
	int64_t last = number_of(element(ok(world, "{'op':'audit.list','args':{'sort':'-seq','page_size':1}}"), "items",
					 0), "seq");
	const struct json *result = ok(world, "{'op':'audit.list','args':{'sort':'-seq','page_size':500,'page':2,"
					      FILTER("target", "eq", "mmc_1") "}}");
	assert_int_equal(number_of(result, "total"), ENTRIES / 2);
	assert_int_equal(count(result, "items"), ENTRIES / 2 - 500);
	for (size_t i = 0; i < ENTRIES / 2 - 500; i++)
		assert_int_equal(number_of(element(result, "items", i), "seq"), last - 1000 - 2 * (int64_t)i);
	result = ok(world, "{'op':'audit.list','args':{'sort':'-seq','filter':[{'field':'target','op':'eq','value':"
			   "'mmc_1'},{'field':'action','op':'eq','value':'odd'}]}}");
	assert_int_equal(number_of(result, "total"), ENTRIES / 4);
	result = ok(world, "{'op':'audit.list','args':{" FILTER("target", "eq", "mmc_1") "}}");
	assert_int_equal(number_of(result, "total"), ENTRIES / 2);
	assert_int_equal(number_of(ok(world, "{'op':'audit.list','args':{'sort':'-seq'," FILTER("target", "eq", "mmc_")
				   "}}"), "total"), 0);
}

/* More than may be looked at for one page. */
static void wide_lists(void **state)
{
	enum { CLIENTS = 1200 };
	struct world *world = *state;
	static struct client clients[CLIENTS];
	static char ids[CLIENTS][16];
	const struct audit_note note = {NOW_S, STR("test"), STR("client.import"), STR(""), STR("")};
	for (size_t i = 0; i < CLIENTS; i++) {
		snprintf(ids[i], sizeof(ids[i]), "many-%05zu", i);
		clients[i] = (struct client){
			.id = str_of(ids[i]), .name = i % 400 ? STR("x") : STR("y"), .created_s = NOW_S};
	}
	assert_int_equal(store_client_put_many(world->store, clients, CLIENTS, &note), 0);
	const struct json *result = ok(world, "{'op':'client.list','args':{" FILTER("client_name", "eq", "y") "}}");
	bool complete;
	assert_int_equal(count(result, "items"), 3);
	assert_int_equal(number_of(result, "total"), 3);
	assert_int_equal(json_get_bool(result, "complete", &complete), 0);
	assert_true(complete);
	result = ok(world, "{'op':'client.list','args':{" FILTER("client_name", "eq", "x")
		    ",'page':3,'page_size':500,'sort':'-client_id_issued_at'}}");
	assert_int_equal(number_of(result, "total"), 1197);
	assert_int_equal(count(result, "items"), 197);
}

/* Usage costs a read for each row: the walk ends, and says so. */
static void walks_end(void **state)
{
	enum { CLIENTS = 10400 };
	struct world *world = *state;
	struct client *clients = calloc(CLIENTS, sizeof(*clients));
	char(*ids)[16] = calloc(CLIENTS, sizeof(*ids));
	const struct audit_note note = {NOW_S, STR("test"), STR("client.import"), STR(""), STR("")};
	bool complete;
	assert_true(clients && ids);
	for (size_t i = 0; i < CLIENTS; i++) {
		snprintf(ids[i], sizeof(ids[i]), "many-%05zu", i);
		clients[i] = (struct client){.id = str_of(ids[i]), .name = STR("x"), .created_s = NOW_S};
	}
	assert_int_equal(store_client_put_many(world->store, clients, CLIENTS, &note), 0);
	const struct json *result = ok(world, "{'op':'usage.list','args':{" FILTER("last_used_at", "eq", "0")
					      ",'page_size':2}}");
	assert_int_equal(number_of(result, "total"), 10000);
	assert_int_equal(json_get_bool(result, "complete", &complete), 0);
	assert_false(complete);
	result = ok(world, "{'op':'usage.list','args':{" FILTER("client_id", "eq", "many-10350") "}}");
	assert_int_equal(number_of(result, "total"), 1);
	assert_int_equal(json_get_bool(result, "complete", &complete), 0);
	assert_true(complete); /* found by its place, not by walking there */
	result = ok(world, "{'op':'usage.list','args':{'page_size':2,'page':4}}");
	assert_int_equal(number_of(result, "total"), CLIENTS);
	free(clients);
	free(ids);
}

static const char *const issuer = "https://as.example/";

static void make_management(struct world *world)
{
	const struct manage_api_options options = {str_of(issuer), STR("ES256"), 3600, NOW_S};
	world->admin.policy.issuer = str_of(issuer);
	assert_int_equal(manage_api_ensure(world->store, &options), 0);
}

/* Made once, completed when something is missing, and left alone otherwise. */
static void management_api(void **state)
{
	struct world *world = *state;
	struct store_counts before, after;
	make_management(world);
	const struct json *api = ok(world, "{'op':'api.get','args':{'api':'https://as.example/api/v1'}}");
	assert_int_equal(count(api, "scopes"), 10);
	assert_int_equal(store_count(world->store, &before), 0);
	make_management(world);
	assert_int_equal(store_count(world->store, &after), 0);
	assert_int_equal(before.audit_seq, after.audit_seq);
	refused(world, "{'op':'api.delete','args':{'api':'https://as.example/api/v1'}}", "E_CONFLICT");
	refused(world, "{'op':'api.update','args':{'api':'https://as.example/api/v1','scopes':[]}}", "E_CONFLICT");
	ok(world, "{'op':'api.update','args':{'api':'https://as.example/api/v1','token_lifetime':300}}");
	/* an older one with fewer scopes, by an issuer that was another then */
	world->admin.policy.issuer = STR("https://other.example");
	ok(world, "{'op':'api.update','args':{'api':'https://as.example/api/v1','scopes':[{'name':'mine'}]}}");
	make_management(world);
	api = ok(world, "{'op':'api.get','args':{'api':'https://as.example/api/v1'}}");
	assert_int_equal(count(api, "scopes"), 11);
	assert_int_equal(number_of(api, "token_lifetime"), 300);
}

/* Nobody hands out what he does not hold: making, changing, enabling, a secret of one's own. */
static void no_escalation(void **state)
{
	static const char *const refusals[] = {
		"{'op':'client.create','args':{'client_name':'x','scope':'mintmark:keys:write'}}",
		"{'op':'client.create','args':{'client_name':'x','audiences':['https://as.example/api/v1']}}",
		"{'op':'client.update','args':{'client_id':'mine','scope':'mintmark:keys:read mintmark:audit:read'}}",
		"{'op':'client.update','args':{'client_id':'powerful','client_name':'y'}}",
		"{'op':'client.update','args':{'client_id':'powerful','scope':''}}",
		"{'op':'secret.add','args':{'client_id':'powerful'}}",
		"{'op':'secret.regenerate','args':{'client_id':'powerful'}}",
		"{'op':'client.enable','args':{'client_id':'powerful'}}",
	};
	static const char *const allowed[] = {
		"{'op':'client.create','args':{'client_name':'x','scope':'mintmark:clients:write m:read'}}",
		"{'op':'client.update','args':{'client_id':'mine','scope':'mintmark:clients:read'}}",
		"{'op':'secret.add','args':{'client_id':'mine'}}",
		"{'op':'client.disable','args':{'client_id':'powerful'}}",
		"{'op':'client.delete','args':{'client_id':'powerful'}}",
	};
	struct world *world = *state;
	struct str held[] = {STR("mintmark:clients:read"), STR("mintmark:clients:write")};
	const struct str_list scopes = {held, 2};
	make_management(world);
	ok(world, "{'op':'client.create','args':{'client_name':'x','client_id':'mine',"
		  "'scope':'mintmark:clients:read'}}");
	ok(world, "{'op':'client.create','args':{'client_name':'x','client_id':'powerful',"
		  "'scope':'mintmark:keys:write'}}");
	world->admin.scopes = &scopes;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct admin_failure failure;
		char request[256];
		struct store_counts before, after;
		snprintf(request, sizeof(request), "%s", refusals[i]);
		for (char *p = request; *p; p++)
			*p = *p == '\'' ? '"' : *p;
		assert_int_equal(store_count(world->store, &before), 0);
		buf_reset(&world->answer);
		if (admin_run(&world->admin, str_of(request), &world->answer, &failure) != E_INSUFFICIENT_SCOPE)
			fail_msg("%s", refusals[i]);
		assert_true(str_has_prefix(str_of(failure.missing), STR("mintmark:")));
		assert_false(str_list_has(scopes, str_of(failure.missing)));
		assert_int_equal(world->answer.len, 0);
		assert_int_equal(store_count(world->store, &after), 0);
		assert_int_equal(before.audit_seq, after.audit_seq);
	}
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		ok(world, allowed[i]);
	ok(world, "{'op':'account.create','args':{'email':'bob@example.com'}}");
	ok(world, "{'op':'account.delete','args':{'account':'bob@example.com'}}");
	world->admin.scopes = &(struct str_list){held, 1};
	refused(world, "{'op':'account.delete','args':{'account':'Alice@example.com','clients':true}}",
		"E_INSUFFICIENT_SCOPE");
}

/* Scopes of this prefix are the management API's alone: no other API can lend them its name. */
static void reserved_names(void **state)
{
	struct world *world = *state;
	refused(world, "{'op':'api.create','args':{'audience':'https://c.example',"
		       "'scopes':[{'name':'mintmark:clients:read'}]}}", "E_INVALID_SCOPE");
	refused(world, "{'op':'api.update','args':{'api':'https://b.example','scopes':[{'name':'mintmark:x'}]}}",
		"E_INVALID_SCOPE");
}

static void accounts(void **state)
{
	struct world *world = *state;
	const struct json *made = ok(world, "{'op':'account.update','args':{'account':'Alice@example.com',"
					    "'email':'al@EXAMPLE.com','name':'Al','email_verified':true}}");
	bool verified;
	assert_text(made, "email", "al@example.com");
	assert_text(made, "name", "Al");
	assert_int_equal(json_get_bool(made, "email_verified", &verified), 0);
	assert_true(verified);
	assert_int_equal(count(made, "roles"), 2);
	ok(world, "{'op':'account.create','args':{'email':'bob@example.com'}}");
	refused(world, "{'op':'account.update','args':{'account':'bob@example.com','email':'al@example.com'}}",
		"E_EXISTS");
	refused(world, "{'op':'account.update','args':{'account':'bob@example.com','email':'nonsense'}}",
		"E_INVALID_REQUEST");
	refused(world, "{'op':'account.update','args':{'account':'nobody@example.com'}}", "E_ABSENT");
	ok(world, "{'op':'client.create','args':{'client_name':'x','client_id':'hers','account':'al@example.com'}}");
	refused(world, "{'op':'account.delete','args':{'account':'al@example.com'}}", "E_CONFLICT");
	refused(world, "{'op':'account.delete','args':{'account':'al@example.com','clients':1}}", "E_INVALID_REQUEST");
	ok(world, "{'op':'account.delete','args':{'account':'al@example.com','clients':true}}");
	refused(world, "{'op':'client.get','args':{'client_id':'hers'}}", "E_ABSENT");
	refused(world, "{'op':'account.get','args':{'account':'al@example.com'}}", "E_ABSENT");
	ok(world, "{'op':'account.delete','args':{'account':'bob@example.com'}}");
}

static void usage(void **state)
{
	struct world *world = *state;
	char request[256], id[64];
	const struct json *made = ok(world, "{'op':'client.create','args':{'client_name':'x','client_id':'busy'}}");
	snprintf(id, sizeof(id), "%.*s", STR_ARG(text_of(made, "secret_id")));
	ok(world, "{'op':'client.create','args':{'client_name':'y','client_id':'idle'}}");
	const struct usage_row rows[] = {{str_of(id), NOW_S + 5, STR("192.0.2.7"), 42}};
	assert_int_equal(store_usage_flush(world->store, rows, 1), 0);
	const struct json *result = ok(world, "{'op':'usage.get','args':{'client_id':'busy'}}");
	assert_int_equal(number_of(result, "use_count"), 42);
	assert_int_equal(number_of(result, "secrets"), 1);
	assert_text(result, "last_used_address", "192.0.2.7");
	assert_text(element(result, "by_secret", 0), "secret_id", id);
	refused(world, "{'op':'usage.get','args':{'client_id':'none'}}", "E_ABSENT");
	result = ok(world, "{'op':'usage.list','args':{" FILTER("last_used_at", "eq", "0") "}}");
	assert_int_equal(number_of(result, "total"), 1);
	assert_text(element(result, "items", 0), "client_id", "idle");
	result = ok(world, "{'op':'usage.list','args':{" FILTER("use_count", "gte", "42") "}}");
	assert_text(element(result, "items", 0), "client_id", "busy");
	snprintf(request, sizeof(request), "{'op':'secret.get','args':{'client_id':'busy','secret_id':'%s'}}", id);
	result = ok(world, request);
	assert_text(result, "state", "live");
	assert_false(json_has(result, "client_secret"));
	snprintf(request, sizeof(request), "{'op':'secret.get','args':{'client_id':'idle','secret_id':'%s'}}", id);
	refused(world, request, "E_ABSENT");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(pages), CASE(bad_pages), CASE(cursors), CASE(paged_caller), CASE(trail_of_one),
		CASE(wide_lists), CASE(walks_end),
		CASE(management_api),
		CASE(no_escalation), CASE(reserved_names), CASE(accounts), CASE(usage),
	};
	return cmocka_run_group_tests_name("admin_page", tests, NULL, NULL);
}
