/* Sets of operations; see openapi.h. */
#include "openapi/openapi.h"

int openapi_load(const struct openapi_source *sources, size_t n, struct str issuer, struct openapi **ret_set,
		 struct buf *ret_why)
{
	(void)issuer;
	(void)ret_set;
	buf_printf(ret_why, "%s:1:1: OpenAPI documents can not be read yet", n > 0 ? sources[0].name : "");
	return E_CONFIG;
}

struct openapi *openapi_ref(struct openapi *set) { return set; }
void openapi_unref(struct openapi *set) { (void)set; }
void openapi_unrefp(struct openapi **set) { openapi_unref(*set); }

size_t openapi_count(const struct openapi *set)
{
	(void)set;
	return 0;
}

const struct openapi_operation *openapi_at(const struct openapi *set, size_t index)
{
	(void)set;
	(void)index;
	return NULL;
}

int openapi_find(const struct openapi *set, struct str method, const struct path *path,
		 struct openapi_match *ret_match)
{
	(void)set;
	(void)method;
	(void)path;
	(void)ret_match;
	return E_NOT_FOUND;
}

void openapi_allow(const struct openapi *set, const struct path *path, struct buf *out)
{
	(void)set;
	(void)path;
	(void)out;
}

enum openapi_verdict openapi_judge(const struct openapi_operation *operation, const struct str *scope,
				   struct str_list *ret_needed)
{
	(void)operation;
	(void)scope;
	(void)ret_needed;
	return OPENAPI_REFUSED;
}
