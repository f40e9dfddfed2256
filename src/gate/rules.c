/* Loading documents, and the metadata of the protected resource; see rules.h. RFC 9728 2 and 3.2. */
#include "gate/rules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/fault.h"
#include "ipc/frame.h"
#include "json/json.h"

enum { METADATA_MAX = 1 << 20, SCOPES_MAX = 16384 };

struct documents {
	struct openapi_source *sources;
	struct buf *texts;
	size_t n;
};

static void free_documents(struct documents *documents)
{
	for (size_t i = 0; documents->texts && i < documents->n; i++)
		buf_done(&documents->texts[i]);
	free(documents->texts);
	free(documents->sources);
}

static int read_file(const char *path, struct buf *text, struct buf *ret_why)
{
	_cleanup_(frame_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 ? E_IO : buf_read(text, fd);
	if (rc == 0)
		return 0;
	const char *why = rc == E_LIMIT ? "larger than a document may be" : strerror(errno);
	buf_printf(ret_why, "%s: %s", path, why);
	return rc == E_NOMEM ? E_NOMEM : E_CONFIG;
}

static int read_documents(const struct gate_options *options, struct documents *documents, struct buf *ret_why)
{
	size_t n = options->n_documents;
	documents->sources = fault_hit(FAULT_ALLOC) ? NULL : calloc(n, sizeof(*documents->sources));
	documents->texts = fault_hit(FAULT_ALLOC) ? NULL : calloc(n, sizeof(*documents->texts));
	if (!documents->sources || !documents->texts)
		return E_NOMEM;
	for (size_t i = 0; i < n; i++) {
		buf_init(&documents->texts[i], OPENAPI_TEXT_MAX);
		documents->n++;
		TRY(read_file(options->documents[i], &documents->texts[i], ret_why));
		documents->sources[i] = (struct openapi_source){
			options->documents[i], buf_str(&documents->texts[i]), options->base_path};
	}
	return 0;
}

static void add_scopes(const struct openapi_operation *operation, struct str_list *scopes)
{
	for (size_t i = 0; i < operation->n_alternatives; i++)
		for (size_t k = 0; k < operation->alternatives[i].n && scopes->n < SCOPES_MAX; k++)
			scopes->v[scopes->n++] = operation->alternatives[i].v[k];
}

/* All scopes that any operation can ask for, sorted, each once. */
static int gather_scopes(const struct openapi *set, struct arena *arena, struct str_list *ret_scopes)
{
	struct str_list all = {arena_array(arena, SCOPES_MAX, sizeof(struct str)), 0};
	size_t n = 0;
	if (!all.v)
		return E_NOMEM;
	for (size_t i = 0; i < openapi_count(set); i++)
		add_scopes(openapi_at(set, i), &all);
	qsort(all.v, all.n, sizeof(*all.v), str_order);
	for (size_t i = 0; i < all.n; i++)
		if (n == 0 || !str_eq(all.v[n - 1], all.v[i]))
			all.v[n++] = all.v[i];
	*ret_scopes = (struct str_list){all.v, n};
	return 0;
}

static int emit_metadata(const struct gate_options *options, struct str resource, struct rules *rules)
{
	struct str header = STR("header"), issuer = str_of(options->issuer);
	struct arena arena;
	struct str_list scopes;
	struct json_out out;
	if (resource.len == 0)
		return 0;
	arena_init(&arena, SCOPES_MAX * sizeof(struct str) * 2);
	int rc = gather_scopes(rules->set, &arena, &scopes);
	if (rc == 0) {
		json_out_init(&out, &rules->metadata);
		json_open(&out, NULL, '{');
		json_str(&out, "resource", resource); /* RFC 9728 3.3: what the document was derived from */
		json_strs(&out, "authorization_servers", (struct str_list){&issuer, 1});
		if (scopes.n > 0) /* RFC 9728 3.2: no empty arrays */
			json_strs(&out, "scopes_supported", scopes);
		json_strs(&out, "bearer_methods_supported", (struct str_list){&header, 1});
		json_close(&out, '}');
		rc = buf_status(&rules->metadata);
	}
	arena_done(&arena);
	return rc;
}

static int load(const struct gate_options *options, struct str resource, struct rules *rules, struct buf *ret_why)
{
	_cleanup_(free_documents) struct documents documents = {0};
	TRY(read_documents(options, &documents, ret_why));
	TRY(openapi_load(documents.sources, documents.n, str_of(options->issuer), &rules->set, ret_why));
	return emit_metadata(options, resource, rules);
}

int rules_load(const struct gate_options *options, struct str resource, struct rules **ret_rules,
	       struct buf *ret_why)
{
	struct rules *rules = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*rules));
	if (!rules)
		return E_NOMEM;
	atomic_init(&rules->refs, 1);
	buf_init(&rules->metadata, METADATA_MAX);
	int rc = load(options, resource, rules, ret_why);
	if (rc < 0) {
		rules_unref(rules);
		return rc;
	}
	*ret_rules = rules;
	return 0;
}

struct rules *rules_ref(struct rules *rules)
{
	atomic_fetch_add_explicit(&rules->refs, 1, memory_order_relaxed);
	return rules;
}

void rules_unref(struct rules *rules)
{
	if (!rules || atomic_fetch_sub_explicit(&rules->refs, 1, memory_order_acq_rel) > 1)
		return;
	openapi_free(rules->set);
	buf_done(&rules->metadata);
	free(rules);
}
