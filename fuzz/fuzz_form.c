/*
 * Form bodies: never a value that is not in the body, never one parameter twice, names agree with form_names_present.
 */
#include <stdlib.h>

#include "base/enc.h"
#include "http/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct form_param params[] = {{"grant_type", false}, {"scope", false}, {"a", false}, {"resource", true}};
static const struct form_table table = {params, sizeof(params) / sizeof(params[0])};

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_values(const struct form_value *values, uint64_t names)
{
	for (size_t i = 0; i < table.n; i++) {
		check(!values[i].present || (names & UINT64_C(1) << i));
		check(!values[i].next || params[i].repeats);
		for (const struct form_value *value = &values[i]; value && value->present; value = value->next)
			check(value->value.len > 0 && str_is_utf8(value->value) &&
			      str_find(value->value, 0) == value->value.len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str body = str_mem(data, size), half;
	struct form_value values[sizeof(params) / sizeof(params[0])];
	struct arena arena;
	arena_init(&arena, 1024 * 1024);
	uint64_t names = form_names_present(body, &table);
	int rc = form_parse(body, &table, &arena, values);
	check(rc == 0 || rc == E_INVALID_REQUEST || (rc == E_NOMEM && size > 10000));
	if (rc == 0)
		check_values(values, names);
	rc = enc_form_decode(body, &arena, &half);
	check(rc == 0 || rc == E_SYNTAX || rc == E_NOMEM);
	(void)form_is_media_type(body);
	arena_done(&arena);
	return 0;
}
