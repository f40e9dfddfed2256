/* Where the published vectors are, and how a test says that they are not there. */
#ifndef TESTS_RFC_VECTORS_H
#define TESTS_RFC_VECTORS_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "jose/jwk.h"
#include "jose/jws.h"

enum { VECTORS_FILE_MAX = 1 << 20 };

/* MINTMARK_SHARED, or what the build passes as ../shared of the source folder. */
static inline void vectors_path(const char *name, char *ret_path, size_t size)
{
	const char *shared = getenv("MINTMARK_SHARED");
	if (!shared || !*shared)
		shared = getenv("MINTMARK_SHARED_DEFAULT");
	(void)snprintf(ret_path, size, "%s/vectors/%s", shared ? shared : "../shared", name);
}

static inline bool vectors_present(void)
{
	struct stat info;
	char path[4096];
	vectors_path("", path, sizeof(path));
	return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* TAP: everything skipped, and why. */
static inline int vectors_skip(void)
{
	puts("1..0 # SKIP skipped: ../shared/vectors is absent");
	return 0;
}

static inline int vectors_load(const char *name, struct json **ret_doc)
{
	static char text[VECTORS_FILE_MAX];
	char path[4096];
	vectors_path(name, path, sizeof(path));
	FILE *file = fopen(path, "rb");
	if (!file)
		return E_ABSENT;
	size_t len = fread(text, 1, sizeof(text), file);
	(void)fclose(file);
	return json_parse_object_max(str_mem(text, len), sizeof(text), ret_doc);
}

/* One JWK or a set -> a set. */
static inline int vectors_keys(const struct json *keys, struct jwks **ret_jwks)
{
	struct buf text;
	buf_init(&text, 65536);
	bool is_set = json_has(keys, "keys");
	if (!is_set)
		buf_put(&text, STR("{\"keys\":["));
	json_dump(keys, &text);
	if (!is_set)
		buf_put(&text, STR("]}"));
	int rc = jwks_parse(buf_str(&text), 65536, ret_jwks);
	buf_done(&text);
	return rc;
}

/* The whole way of a JWS with every algorithm allowed. */
static inline enum verdict vectors_verify(struct str token, const struct jwks *keys, struct arena *arena,
					  struct jws *ret_jws)
{
	enum verdict verdict = jws_parse(token, arena, ret_jws);
	return verdict == VERDICT_VALID ? jws_verify(ret_jws, keys, JWK_ALGS_ALL) : verdict;
}

#endif
