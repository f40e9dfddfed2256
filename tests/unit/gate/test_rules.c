/* rules.c: documents from files, metadata (RFC 9728 2, 3.2), lack of memory. */
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"
#include "gate/rules.h"

#define REST "info: {title: t, version: '1'}\ncomponents: {securitySchemes: {b: {type: http, scheme: bearer}}}\n"
#define HEAD "openapi: 3.0.3\n" REST
#define SCOPED "openapi: 3.1.0\n" REST
#define ANSWER "responses: {default: {description: x}}"

struct files {
	char paths[2][64];
	const char *documents[2];
	struct gate_options options;
};

static void write_file(char *path, const char *text)
{
	memcpy(path, "/tmp/mintmark-rules-XXXXXX", sizeof("/tmp/mintmark-rules-XXXXXX"));
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void open_files(struct files *files, const char *first, const char *second)
{
	*files = (struct files){.options = {.issuer = "https://as", .audience = "https://api"}};
	write_file(files->paths[0], first);
	files->documents[0] = files->paths[0];
	files->options.n_documents = 1;
	if (second) {
		write_file(files->paths[1], second);
		files->documents[1] = files->paths[1];
		files->options.n_documents = 2;
	}
	files->options.documents = files->documents;
}

static void close_files(struct files *files)
{
	for (size_t i = 0; i < files->options.n_documents; i++)
		unlink(files->paths[i]);
}

static int load(const struct files *files, struct str resource, struct rules **ret_rules, struct buf *why)
{
	buf_reset(why);
	return rules_load(&files->options, resource, ret_rules, why);
}

static void bad_documents_are_refused(void **state)
{
	static const char *const bad[] = {"", "x: [", "{}", HEAD, HEAD "paths: {/a: {get: {securty: []}}}\n",
					  HEAD "paths: {/a: {get: {security: [{c: []}]}}}\n"};
	char why_mem[OPENAPI_WHY_MAX];
	struct buf why;
	(void)state;
	buf_init_fixed(&why, why_mem, sizeof(why_mem));
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct files files;
		struct rules *rules = NULL;
		open_files(&files, bad[i], NULL);
		assert_int_equal(load(&files, STR(""), &rules, &why), E_CONFIG);
		assert_null(rules);
		assert_true(str_has_prefix(buf_str(&why), str_of(files.paths[0])));
		close_files(&files);
		assert_int_equal(load(&files, STR(""), &rules, &why), E_CONFIG); /* the file is gone */
	}
}

static void metadata_of_all_documents(void **state)
{
	char why_mem[OPENAPI_WHY_MAX];
	struct buf why;
	struct files files;
	struct rules *rules = NULL;
	(void)state;
	buf_init_fixed(&why, why_mem, sizeof(why_mem));
	open_files(&files, HEAD "paths: {/a: {get: {security: [{b: []}], " ANSWER "}}}\n",
		   SCOPED "paths: {/b: {get: {security: [{b: [z, y]}], " ANSWER "}, "
			  "put: {security: [{b: [y]}, {b: [x]}], " ANSWER "}}}\n");
	assert_int_equal(load(&files, STR("https://api/v1"), &rules, &why), 0);
	assert_int_equal(openapi_count(rules->set), 3);
	assert_true(str_eq(buf_str(&rules->metadata),
			   STR("{\"resource\":\"https://api/v1\",\"authorization_servers\":[\"https://as\"],"
			       "\"scopes_supported\":[\"x\",\"y\",\"z\"],\"bearer_methods_supported\":[\"header\"]}")));
	struct rules *second = rules_ref(rules);
	rules_unref(rules);
	assert_int_equal(openapi_count(second->set), 3);
	rules_unref(second);
	assert_int_equal(load(&files, STR(""), &rules, &why), 0);
	assert_int_equal(rules->metadata.len, 0);
	rules_unref(rules);
	rules_unref(NULL);
	close_files(&files);
}

/* RFC 9728 3.2, 9728-3.2: no empty arrays. */
static void no_scopes_no_member(void **state)
{
	char why_mem[OPENAPI_WHY_MAX];
	struct buf why;
	struct files files;
	struct rules *rules = NULL;
	(void)state;
	buf_init_fixed(&why, why_mem, sizeof(why_mem));
	open_files(&files, HEAD "paths: {/a: {get: {security: [], " ANSWER "}}}\n", NULL);
	assert_int_equal(load(&files, STR("https://api"), &rules, &why), 0);
	assert_null(memmem(rules->metadata.p, rules->metadata.len, "scopes", 6));
	rules_unref(rules);
	close_files(&files);
}

static void lack_of_memory(void **state)
{
	(void)state;
#ifdef MINTMARK_FAULTS
	char why_mem[OPENAPI_WHY_MAX];
	struct buf why;
	struct files files;
	buf_init_fixed(&why, why_mem, sizeof(why_mem));
	open_files(&files, HEAD "paths: {/a: {get: {security: [{b: []}], " ANSWER "}}}\n", NULL);
	for (long nth = 1;; nth++) {
		struct rules *rules = NULL;
		fault_arm(FAULT_ALLOC, nth);
		int rc = load(&files, STR("https://api"), &rules, &why);
		bool reached = fault_reached(FAULT_ALLOC);
		fault_arm(FAULT_ALLOC, 0);
		assert_true(nth < 500);
		rules_unref(rules);
		if (!reached) {
			assert_int_equal(rc, 0);
			break;
		}
		assert_true(rc < 0);
	}
	close_files(&files);
#else
	skip();
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_documents_are_refused),
		cmocka_unit_test(metadata_of_all_documents),
		cmocka_unit_test(no_scopes_no_member),
		cmocka_unit_test(lack_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
