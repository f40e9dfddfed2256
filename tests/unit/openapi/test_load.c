/* Documents: what is refused, with place and reason; then whole ones. */
#include "set.h"

#define P "paths: {/x: {get: {}}}\n"
#define V "openapi: 3.0.3\n"

static const struct {
	const char *text, *why; /* beginning behind the name; a part of the reason follows the blank */
} refused[] = {
	{"", ":1:1: the document is empty"},
	{"[]", ":1:1: an OpenAPI document is a mapping"},
	{"a", ":1:1: an OpenAPI document is a mapping"},
	{"openapi: 2.0.0\n" P, ":1:1: expected 'openapi"},
	{"openapi: 3.2.0\n" P, ":1:1: expected 'openapi"},
	{"openapi: 3.1\n" P, ":1:10: 'openapi' must be a text"},
	{"openapi: 3.01.0\n" P, ":1:1: expected 'openapi"},
	{"swagger: '2.0'\n" P, ":1:1: Swagger 2.0"},
	{V, ":1:1: paths are missing"},
	{V "paths: []\n", ":2:8: paths must be a mapping"},
	{V "pathes: {}\n", ":2:1: 'pathes' is unknown in a document"},
	{V "paths: {x: {}}\n", ":2:9: the path 'x' does not begin with '/'"},
	{V "paths: {'': {}}\n", ":2:9: the path '' does not begin with '/'"},
	{V "paths: {/x: 1}\n", ":2:13: expected a mapping"},
	{V "paths: {/x: {get: }}\n", ":2:19: an operation must be a mapping"},
	{V "paths: {/x: {fetch: {}}}\n", ":2:14: 'fetch' is unknown in a path item"},
	{V "paths: {/x: {GET: {}}}\n", ":2:14: 'GET' is unknown in a path item"},
	{V "paths: {/x: {get: {secuirty: []}}}\n", ":2:20: 'secuirty' is unknown in an operation"},
	{V "paths: {/x: {get: {Security: []}}}\n", ":2:20: 'Security' is unknown in an operation"},
	{V "paths: {/x: {get: {operationId: 1}}}\n", ":2:33: 'operationId' must be a text"},
	{V "paths: {/x: {get: {operationId: a}}, /y: {get: {operationId: a}}}\n", ": the operationId 'a' stands"},
	/* templates */
	{V "paths:\n  /a//b: {}\n", ":3:3: the path '/a//b' can not be used: an empty segment"},
	{V "paths:\n  //: {}\n", ":3:3: the path '//' can not be used: an empty segment"},
	{V "paths:\n  /a/../b: {}\n", ":3:3: the path '/a/../b' can not be used: a dot segment"},
	{V "paths:\n  /%2e: {}\n", ":3:3: the path '/%2e' can not be used: a dot segment"},
	{V "paths:\n  /a%2fb: {}\n", "an encoded slash"},
	{V "paths:\n  /a;b: {}\n", "a semicolon"},
	{V "paths:\n  '/a b': {}\n", "a blank that is not encoded"},
	{V "paths:\n  '/a#b': {}\n", "a fragment"},
	{V "paths:\n  '/a?b={c}': {}\n", "a query can not be part"},
	{V "paths:\n  '/{a': {}\n", "a '{' without '}'"},
	{V "paths:\n  '/{a/b}': {}\n", "a '{' without '}'"},
	{V "paths:\n  '/a}': {}\n", "a '}' without '{'"},
	{V "paths:\n  '/{}': {}\n", "a parameter without a name"},
	{V "paths:\n  '/{{a}}': {}\n", "a parameter without a name"},
	{V "paths:\n  '/{a}{b}': {}\n", "two parameters with nothing between"},
	{V "paths:\n  '/{a}/{a}': {}\n", "a parameter comes twice"},
	{V "paths:\n  '/{a}': {}\n  '/{b}': {}\n", ":4:3: the path '/{b}' can not be told from '/{a}' (t.yaml:3)"},
	{V "paths:\n  '/x/{a}': {get: {}}\n  '/x/{b}': {put: {}}\n", "can not be told from"},
	{V "paths:\n  /ab: {}\n  /a%62: {}\n", "can not be told from"},
	{V "paths:\n  '/{a}.json': {}\n  '/x.{b}': {}\n", "can not be told from"},
	{V "paths:\n  '/{a}-{b}': {}\n  '/{c}.{d}': {}\n", "can not be told from"},
	/* security */
	{V P "security: [{a: []}]\n", ":3:13: no security scheme 'a' is declared"},
	{V P "security: {}\n", ":3:11: security must be a list"},
	{V P "security: null\n", ":3:11: security must be a list"},
	{V P "security: [a]\n", ":3:12: an entry of security must be a mapping"},
	{V P "security: [null]\n", ":3:12: an entry of security must be a mapping"},
	{V P "components: {securitySchemes: {s: {type: OAuth2}}}\n", "'OAuth2' is no type of a security scheme"},
	{V P "components: {securitySchemes: {s: {}}}\n", "'type' is missing"},
	{V P "components: {securitySchemes: {s: {type: oauth2}}}\n", "a mapping of flows"},
	{V P "components: {securitySchemes: {s: {type: oauth2, flows: {clientCredential: {}}}}}\n", "is no flow"},
	{V P "components: {securitySchemes: {s: {type: oauth2, flows: {password: {tokenUrl: x}}}}}\n",
		"mapping of scopes"},
	{V P "components: {securitySchemes: {s: {type: oauth2, flows: {password: {scopes: {}}}}}}\n",
		"'tokenUrl' is missing"},
	{V P "components: {securitySchemes: {s: {type: openIdConnect}}}\n", "'openIdConnectUrl' is missing"},
	{V P "components: {securitySchemes: {s: {type: mutualTLS}}}\n", "came with OpenAPI 3.1"},
	{V P "components: {securitySchemes: {s: {type: http}}}\n", "'scheme' is missing"},
	{V P "components: {securitySchemes: {s: {type: http, scheme: bearer, scopes: x}}}\n", "'scopes' is unknown"},
	{V P "components: {securitySchemes: {s: {type: http, scheme: bearer}}}\nsecurity: [{s: x}]\n",
		"a list of scopes"},
	{V P "components: {securitySchemes: {s: {type: apiKey}}}\nsecurity: [{s: [x]}]\n", "can not have scopes"},
	{V P "components: {securitySchemes: {s: {type: openIdConnect, openIdConnectUrl: x}}}\n"
	     "security: [{s: ['a b']}]\n",
		":4:17: not a scope"},
	{V P "components: {securitySchemes: {s: {type: openIdConnect, openIdConnectUrl: x}}}\n"
	     "security: [{s: ['a\"']}]\n",
		":4:17: not a scope"},
	{V P "components: {securitySchemes: {s: {type: openIdConnect, openIdConnectUrl: x}}}\nsecurity: [{s: ['']}]\n",
		":4:17: not a scope"},
	{V P "components: {securitySchemes: {s: {type: openIdConnect, openIdConnectUrl: x}}}\nsecurity: [{s: [1]}]\n",
		":4:17: not a scope"},
	{V P "components: {securitySchemes: {s: {type: oauth2, flows: {password: {tokenUrl: x, scopes: {a: ''}}}}}}\n"
	     "security: [{s: [b]}]\n", ":4:17: no flow of the scheme 's' declares the scope 'b'"},
	/* references */
	{V "paths: {/x: {$ref: 'other.yaml#/x'}}\n", ":2:20: references to other documents are not followed"},
	{V "paths: {/x: {$ref: 'https://evil.example/x'}}\n", ":2:20: references to other documents"},
	{V "paths: {/x: {$ref: ''}}\n", ":2:20: references to other documents"},
	{V "paths: {/x: {$ref: '#/nowhere'}}\n", ":2:20: nothing stands where"},
	{V "paths: {/x: {$ref: '#x'}}\n", ":2:20: nothing stands where"},
	{V "paths: {/x: {$ref: '#/a~2'}}\n", ":2:20: nothing stands where"},
	{V "paths: {/x: {$ref: '#/%zz'}}\n", ":2:20: a malformed reference"},
	{V "paths: {/x: {$ref: 1}}\n", ":2:20: $ref must be a text"},
	{V "paths: {/x: {$ref: '#/openapi'}}\n", "expected a mapping"},
	{V "paths: {/x: {$ref: '#/paths/~1x'}}\n", "in a circle"},
	{V "paths: {/x: {$ref: '#/paths/~1y'}, /y: {$ref: '#/paths/~1x'}}\n", "in a circle"},
	{V "paths: {/x: {$ref: '#/paths/~1y', get: {}}, /y: {}}\n", "'get' can not stand beside $ref"},
	{V P "components: {securitySchemes: {s: {$ref: '#/components/securitySchemes/s'}}}\n", "in a circle"},
	{V "paths: {'/x/{a}': {get: {parameters: [{$ref: 'p.yaml'}]}}}\n", "references to other documents"},
	/* servers */
	{V P "servers: {}\n", ":3:10: servers must be a list"},
	{V P "servers: [{}]\n", ":3:11: a server must have a url"},
	{V P "servers: [{url: v1}]\n", "relative to where the document lies"},
	{V P "servers: [{url: '/a'}, {url: '/b'}]\n", ":3:24: the servers have different paths"},
	{V P "servers: [{url: '/a?b'}]\n", "query or fragment"},
	{V P "servers: [{url: 'https://h//a'}]\n", "empty host or segment"},
	{V P "servers: [{url: '/{v}'}]\n", "the variable 'v' of the server has no default"},
	{V P "servers: [{url: '/{v}', variables: {v: {default: a, enum: [a, b]}}}]\n", "makes the paths uncertain"},
	{V P "servers: [{url: '{v}', variables: {v: {default: 'https://h', enum: ['https://h', 'https://h/b']}}}]\n",
		"makes the paths uncertain"},
	{V P "servers: [{url: '/a/..'}]\n", "a dot segment"},
	{V "servers: [{url: '/a'}]\npaths: {/x: {servers: [{url: '/b'}], get: {}}}\n", "have different paths"},
	{V "servers: [{url: '/a'}]\npaths: {/x: {get: {servers: [{url: '/b'}]}}}\n", "have different paths"},
	/* rest parameters */
	{V "paths: {'/x/{a}': {parameters: [{name: a, in: path, x-mintmark-rest: 1}], get: {}}}\n",
		"must be true or false"},
	{V "paths: {'/{a}/{b}': {parameters: [{name: a, in: path, x-mintmark-rest: true}], get: {}}}\n",
		"last parameter"},
	{V "paths: {'/x': {parameters: [{name: a, in: query, x-mintmark-rest: true}], get: {}}}\n", "last parameter"},
	{V "paths: {'/{a}/x': {parameters: [{name: a, in: path, x-mintmark-rest: true}], get: {}}}\n",
		"that ends the path"},
	{V "paths: {'/a.{a}': {parameters: [{name: a, in: path, x-mintmark-rest: true}], get: {}}}\n",
		"that ends the path"},
	{V "paths: {'/{a}': {get: {parameters: [{name: a, in: path, x-mintmark-rest: true}]}, put: {}}}\n",
		"must agree"},
	{V "paths: {'/{a}': {parameters: {}}}\n", "parameters must be a list"},
};

static void refuses(void **state)
{
	static char why[OPENAPI_WHY_MAX];
	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct openapi *set = NULL;
		int rc = set_try("t.yaml", refused[i].text, NULL, &set, why);
		bool placed = refused[i].why[0] == ':' && refused[i].why[1] != ' ';
		const char *found = strstr(why, refused[i].why);
		if (rc != E_CONFIG || set || !found || (placed && found != why + strlen("t.yaml")))
			fail_msg("%s: %d, '%s' instead of '%s'", refused[i].text, rc, why, refused[i].why);
	}
}

static void accepts(void **state)
{
	static const char *const texts[] = {
		V P,
		V "paths: {}\n",
		"openapi: 3.1.0\ncomponents: {}\n",
		V "x-anything: {a: [1, 2]}\npaths: {x-more: 1, /x: {x-item: 1, get: {x-op: 1, responses: {}}}}\n",
		V "paths:\n  /x: {$ref: '#/x-items/a~1b%20c'}\nx-items: {'a/b c': {get: {}}}\n",
		V "paths:\n  /x: {$ref: '#/x-items/1', summary: s}\nx-items: [{}, {get: {}}]\n",
		V "paths:\n  '/{a}.{b}.y': {get: {}}\n  '/{a}:x': {get: {}}\n  '/{a}': {get: {}}\n",
		V P "servers: []\n",
		V P "servers: [{url: /}, {url: 'https://h'}, {url: 'https://h/'}]\n",
		V P "servers: [{url: '{s}://h', variables: {s: {default: https, enum: [https, http]}}}]\n",
		V P "servers: [{url: 'https://{r}.h', variables: {r: {default: eu, enum: [eu, us]}}}]\n",
		V "security: []\n" P,
		"\xEF\xBB\xBF" V P,
		"%YAML 1.2\n---\n" V P "...\n",
	};
	static char why[OPENAPI_WHY_MAX];
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct openapi *set = NULL;
		if (set_try("t.yaml", texts[i], NULL, &set, why) < 0)
			fail_msg("%s: %s", texts[i], why);
		openapi_free(set);
	}
}

struct expected {
	const char *method, *target, *id;
	const char *needs; /* alternatives, " | " between; "public", "refused" */
};

static void put_needs(const struct openapi_operation *operation, char *text, size_t size)
{
	struct buf out;
	buf_init_fixed(&out, text, size - 1);
	for (size_t i = 0; i < operation->n_alternatives; i++) {
		buf_put(&out, i > 0 ? STR(" | ") : STR(""));
		for (size_t k = 0; k < operation->alternatives[i].n; k++) {
			buf_put(&out, k > 0 ? STR(" ") : STR(""));
			buf_put(&out, operation->alternatives[i].v[k]);
		}
	}
	if (operation->access == OPENAPI_ACCESS_PUBLIC)
		buf_put(&out, STR("public"));
	if (operation->access == OPENAPI_ACCESS_REFUSED)
		buf_put(&out, STR("refused"));
	text[out.len] = 0;
}

static void check_file(const char *name, const struct expected *rows, size_t n)
{
	static char text[65536], why[OPENAPI_WHY_MAX], needs[256];
	struct openapi *set = NULL;
	if (set_try(name, set_read(name, text, sizeof(text)), NULL, &set, why) < 0)
		fail_msg("%s", why);
	assert_int_equal(openapi_count(set), n);
	for (size_t i = 0; i < n; i++) {
		struct openapi_match match;
		if (set_find(set, rows[i].method, rows[i].target, &match) < 0)
			fail_msg("%s is not found", rows[i].target);
		put_needs(match.operation, needs, sizeof(needs));
		assert_string_equal(needs, rows[i].needs);
		assert_true(str_eq(match.operation->id, str_of(rows[i].id)));
	}
	openapi_free(set);
}

static void pet_shop_30(void **state)
{
	static const struct expected rows[] = {
		{"PUT", "/api/v3/pet", "updatePet", "read:pets write:pets"},
		{"POST", "/api/v3/pet", "addPet", "read:pets write:pets"},
		{"GET", "/api/v3/pet/findByStatus", "findPetsByStatus", "read:pets"},
		{"GET", "/api/v3/pet/7", "getPetById", "read:pets"},
		{"DELETE", "/api/v3/pet/7", "deletePet", "shop:staff write:pets"},
		{"GET", "/api/v3/store/inventory", "getInventory", "refused"},
		{"POST", "/api/v3/store/order", "placeOrder", "read:pets"},
		{"GET", "/api/v3/user/login", "loginUser", "public"},
		{"GET", "/api/v3/user/x", "getUserByName", "public"},
	};
	(void)state;
	check_file(DATA "/petstore30.yaml", rows, COUNT(rows));
}

static void pet_shop_31(void **state)
{
	static const struct expected rows[] = {
		{"GET", "/v2/pets", "listPets", "pets:read"},
		{"POST", "/v2/pets", "createPets", "pets:write"},
		{"GET", "/v2/pets/7", "showPet", "pets:read"},
		{"DELETE", "/v2/pets/7", "dropPet", "pets:drop pets:write | admin"},
		{"POST", "/v2/pets/7:adopt", "", "refused"},
		{"GET", "/v2/health", "", "public"},
	};
	(void)state;
	check_file(DATA "/petstore31.json", rows, COUNT(rows));
}

/* Every allocation fails once: no leak, no set, and never an answer that looks like the document's fault. */
/* An operation stands where its method is written. */
static void knows_lines(void **state)
{
	struct openapi *set = set_load(V "paths:\n  /a:\n    get:\n\n      summary: s\n  /b: {put: {}}\n");
	(void)state;
	assert_int_equal(openapi_at(set, 0)->line, 4);
	assert_int_equal(openapi_at(set, 1)->line, 7);
	openapi_free(set);
}

static void survives_lack_of_memory(void **state)
{
#ifdef MINTMARK_FAULTS
	static const char *const names[] = {DATA "/petstore30.yaml", DATA "/petstore31.json"};
	static char text[65536], why[OPENAPI_WHY_MAX];
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		set_read(names[i], text, sizeof(text));
		bool reached = true;
		for (long n = 1; reached; n++) {
			struct openapi *set = NULL;
			fault_arm(FAULT_ALLOC, n);
			int rc = set_try(names[i], text, NULL, &set, why);
			reached = fault_reached(FAULT_ALLOC);
			fault_arm(FAULT_ALLOC, 0);
			assert_int_equal(rc, reached ? E_NOMEM : 0);
			assert_int_equal(set == NULL, reached);
			assert_int_equal(why[0], 0);
			openapi_free(set);
		}
	}
#else
	(void)state;
	skip();
#endif
}

static void too_much(void **state)
{
	static char text[OPENAPI_TEXT_MAX + 2], why[OPENAPI_WHY_MAX];
	struct openapi *set = NULL;
	(void)state;
	memset(text, ' ', sizeof(text) - 1);
	memcpy(text, V, strlen(V));
	assert_int_equal(set_try("t.yaml", text, NULL, &set, why), E_CONFIG);
	assert_non_null(strstr(why, "larger than"));
	size_t len = (size_t)snprintf(text, sizeof(text), "{\"openapi\":\"3.0.0\",\"paths\":{\"/x\":{}");
	for (int i = 0; i <= OPENAPI_OPERATIONS_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, ",\"/%d/{x}\":{\"get\":{}}", i);
	snprintf(text + len, sizeof(text) - len, "}}");
	assert_int_equal(set_try("t.json", text, NULL, &set, why), E_CONFIG);
	assert_non_null(strstr(why, "too many operations"));
	assert_null(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses),
		cmocka_unit_test(accepts),
		cmocka_unit_test(pet_shop_30),
		cmocka_unit_test(pet_shop_31),
		cmocka_unit_test(knows_lines),
		cmocka_unit_test(survives_lack_of_memory),
		cmocka_unit_test(too_much),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
