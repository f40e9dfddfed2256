/* Documents from files; see gate_docs.h. */
#include "cli/gate_docs.h"

#include <stdio.h>

#include "cli/cli.h"
#include "cli/files.h"

enum { NEEDS_MAX = 1 << 20 };

static void free_texts(struct buf *texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_done(&texts[i]);
}

static int read_files(const char *const *paths, size_t n, const char *prefix, struct openapi_source *sources,
		      struct buf *texts)
{
	for (size_t i = 0; i < n; i++) {
		int rc = files_read(paths[i], &texts[i]);
		if (rc == E_LIMIT)
			return args_fail(EXIT_FAILED, "%s is larger than %d bytes", paths[i], OPENAPI_TEXT_MAX);
		if (rc < 0)
			return args_fail(EXIT_FAILED, "%s can not be read", paths[i]);
		sources[i] = (struct openapi_source){paths[i], buf_str(&texts[i]), prefix};
	}
	return EXIT_OK;
}

int gate_docs_load(const char *const *paths, size_t n, const char *prefix, const char *issuer,
		   struct openapi **ret_set)
{
	struct openapi_source sources[OPENAPI_DOCUMENTS_MAX];
	struct buf texts[OPENAPI_DOCUMENTS_MAX];
	_cleanup_(buf_done) struct buf why;
	buf_init(&why, OPENAPI_WHY_MAX);
	for (size_t i = 0; i < n; i++)
		buf_init(&texts[i], OPENAPI_TEXT_MAX);
	int status = read_files(paths, n, prefix, sources, texts);
	int rc = status == EXIT_OK ? openapi_load(sources, n, str_of(issuer), ret_set, &why) : 0;
	free_texts(texts, n);
	if (rc == E_CONFIG)
		return args_fail(EXIT_FAILED, "%.*s", STR_ARG(buf_str(&why)));
	return rc < 0 ? args_fail_code(rc, "OpenAPI") : status;
}

static void put_words(struct str_list words, struct buf *out)
{
	for (size_t i = 0; i < words.n; i++) {
		buf_put(out, i > 0 ? STR(" ") : STR(""));
		buf_put(out, words.v[i]);
	}
	if (words.n == 0)
		buf_put(out, STR("any token"));
}

void gate_docs_needs(const struct openapi_operation *operation, struct buf *out)
{
	if (!operation) {
		buf_put(out, STR("-"));
		return;
	}
	if (operation->access != OPENAPI_ACCESS_TOKEN) {
		buf_put(out, operation->access == OPENAPI_ACCESS_PUBLIC ? STR("public") : STR("nobody"));
		return;
	}
	for (size_t i = 0; i < operation->n_alternatives; i++) {
		buf_put(out, i > 0 ? STR(" | ") : STR(""));
		put_words(operation->alternatives[i], out);
	}
}

void gate_docs_emit(const struct openapi_operation *operation, const char *name, struct json_out *out)
{
	static const char *const access[] = {
		[OPENAPI_ACCESS_REFUSED] = "refused",
		[OPENAPI_ACCESS_TOKEN] = "token",
		[OPENAPI_ACCESS_PUBLIC] = "public",
	};
	char member[64];
	_cleanup_(buf_done) struct buf needs;
	buf_init(&needs, NEEDS_MAX);
	gate_docs_needs(operation, &needs);
	json_str(out, name, buf_str(&needs));
	snprintf(member, sizeof(member), "%s_access", name);
	json_str(out, member, operation ? str_of(access[operation->access]) : STR("absent"));
	snprintf(member, sizeof(member), "%s_scopes", name);
	json_open(out, member, '[');
	for (size_t i = 0; operation && i < operation->n_alternatives; i++)
		json_strs(out, NULL, operation->alternatives[i]);
	json_close(out, ']');
}

bool gate_docs_admits(const struct openapi_operation *operation, struct str scope)
{
	struct str_list needed;
	if (!operation)
		return false;
	enum openapi_verdict verdict = openapi_judge(operation, &scope, &needed);
	return verdict == OPENAPI_ALLOWED || verdict == OPENAPI_PUBLIC;
}
