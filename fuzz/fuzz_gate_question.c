/*
 * What a gate is asked: a request head from anybody who reaches it, in each mode. Never a method or path from another
 * place than the mode's, never a token that is no b64token or stands somewhere else, never a path outside the rule.
 */
#include <stdlib.h>

#include "gate/credential.h"
#include "gate/origin.h"
#include "openapi/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static bool is_within(struct str part, struct str whole)
{
	return part.len == 0 || (part.p >= whole.p && part.p + part.len <= whole.p + whole.len);
}

static void check_path(struct str target)
{
	static char mem[HTTP_HEAD_MAX];
	struct path path;
	int rc = path_parse(target, mem, sizeof(mem), &path);
	check(rc == 0 || rc == E_SYNTAX || rc == E_LIMIT);
	check((rc == E_SYNTAX) == (path_explain(target)[0] != '\0') || rc == E_LIMIT);
	if (rc == 0)
		check(path.text.len > 0 && path.text.p[0] == '/' && path.text.len <= target.len + 1);
}

static void check_mode(enum gate_mode mode, const struct http_request *request, struct str bytes)
{
	struct origin origin;
	struct str token;
	int rc = origin_read(mode, mode == GATE_ENVOY ? STR("") : STR("/check"), request, &origin);
	check(rc == 0 || rc == E_NOT_FOUND || rc == E_INVALID_REQUEST);
	if (rc < 0)
		return;
	check(is_within(origin.method, bytes) && is_within(origin.query, bytes));
	check(mode == GATE_ENVOY || str_eq(request->path, STR("/check")));
	check_path(origin.path);
	if (credential_check(request, origin.query) < 0)
		return;
	rc = credential_token(request, &token);
	check(rc == 0 || rc == E_ABSENT || rc == E_INVALID_TOKEN || rc == E_INVALID_REQUEST);
	if (rc == 0)
		check(token.len > 0 && is_within(token, bytes) && str_find(token, ' ') == token.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_request request;
	struct str bytes = str_mem(data, size);
	size_t used = 0;
	request = (struct http_request){0};
	if (http_request_head(bytes, &request, &used) < 0)
		return 0;
	request.body = (struct str){bytes.p + used, size - used};
	for (enum gate_mode mode = GATE_ENVOY; mode <= GATE_FORWARDED; mode++)
		check_mode(mode, &request, bytes);
	return 0;
}
