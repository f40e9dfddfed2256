/*
 * Project Wycheproof's vectors for JSON Web Signatures and Keys: each must get the stated verdict from our verifier, or
 * the verdict that the table below records, with its reason. A divergence that is not recorded fails, and so does a
 * record that does not diverge. RFC 7515, 7517, 7518, 8725.
 */
#include "vectors.h"

static const char jws_file[] = "wycheproof_json_web_signature_test.json";
static const char jwk_file[] = "wycheproof_json_web_key_test.json";

/* "valid" in the file, refused here on purpose. tcIds from first to last. */
static const struct record {
	const char *file;
	int64_t first, last;
	enum verdict verdict;
	const char *reason;
} records[] = {
	{jws_file, 1, 1, VERDICT_ALG_UNKNOWN,
	 "HMAC does not exist here: whoever verifies could also issue (RFC 8725 3.1)"},
	{jws_file, 264, 271, VERDICT_ALG_UNKNOWN,
	 "RS384 and RS512 are not offered: RS256 is the one every party has, PS256 the better one"},
	{jws_file, 320, 323, VERDICT_ALG_UNKNOWN, "PS384 is not offered"},
	{jws_file, 325, 328, VERDICT_ALG_UNKNOWN, "PS512 is not offered"},
	{jws_file, 346, 346, VERDICT_ALG_UNKNOWN, "PS384 is not offered (RFC 7520 4.2)"},
	{jws_file, 347, 347, VERDICT_ALG_UNKNOWN, "ES512 and P-521 are not offered (RFC 7520 4.3)"},
	{jws_file, 348, 348, VERDICT_ALG_UNKNOWN, "HMAC does not exist here (RFC 7520 4.4)"},
	{jws_file, 350, 350, VERDICT_ALG_UNKNOWN, "PS384 is not offered"},
	{jws_file, 351, 351, VERDICT_ALG_UNKNOWN, "ES512 and P-521 are not offered"},
	{jws_file, 352, 352, VERDICT_ALG_UNKNOWN, "HMAC does not exist here"},
	{jws_file, 357, 359, VERDICT_ALG_UNKNOWN, "HMAC does not exist here"},
	{jws_file, 372, 372, VERDICT_ENCODING,
	 "characters outside of base64url are refused, not skipped (RFC 7515 2); and the key is an HMAC key"},
	{jws_file, 373, 373, VERDICT_ALG_UNKNOWN,
	 "HMAC does not exist here; the character in the payload would be refused next"},
	{jws_file, 376, 377, VERDICT_ALG_UNKNOWN,
	 "HMAC does not exist here; white space in the header itself is lawful"},
	{jwk_file, 2, 2, VERDICT_ALG_UNKNOWN, "HMAC does not exist here"},
	{jwk_file, 13, 15, VERDICT_ALG_UNKNOWN, "HMAC does not exist here, however long the key"},
};

struct tally {
	size_t n, failed, recorded;
};

static const struct record *find_record(const char *file, int64_t id)
{
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
		if (records[i].file == file && id >= records[i].first && id <= records[i].last)
			return &records[i];
	return NULL;
}

static enum verdict judge(struct str token, const struct jwks *keys)
{
	struct arena arena;
	struct jws jws;
	arena_init(&arena, 1 << 20);
	enum verdict verdict = vectors_verify(token, keys, &arena, &jws);
	arena_done(&arena);
	return verdict;
}

static void run_one(const char *file, const struct json *test, const struct jwks *keys, struct tally *tally)
{
	struct str token, result, comment;
	int64_t id;
	if (json_get_str(test, "jws", &token) < 0 || json_get_str(test, "result", &result) < 0 ||
	    json_get_str(test, "comment", &comment) < 0 || json_get_int(test, "tcId", &id) < 0) {
		printf("not ok %zu - a test in %s has another form\n", ++tally->n, file);
		tally->failed++;
		return;
	}
	enum verdict verdict = judge(token, keys);
	const struct record *record = find_record(file, id);
	bool stated = str_eq(result, STR("valid")) == (verdict == VERDICT_VALID);
	bool ok = record ? !stated && verdict == record->verdict : stated;
	printf("%s %zu - %s tcId %lld %.*s: stated %.*s, ours %s%s%s\n", ok ? "ok" : "not ok", ++tally->n,
	       file == jws_file ? "jws" : "jwk", (long long)id, STR_ARG(comment), STR_ARG(result),
	       verdict_name(verdict), record ? "; recorded: " : "", record ? record->reason : "");
	tally->failed += !ok;
	tally->recorded += record != NULL;
}

/* Public keys where the group has them; otherwise the symmetric key, which is to be skipped as unusable. */
static int group_keys(const struct json *group, struct jwks **ret_jwks)
{
	const struct json *keys;
	if (json_get_object(group, "public", &keys) < 0)
		TRY(json_get_object(group, "private", &keys));
	return vectors_keys(keys, ret_jwks);
}

static int run_group(const char *file, const struct json *group, struct tally *tally)
{
	static const struct jwks none;
	_cleanup_(jwks_freep) struct jwks *jwks = NULL;
	const struct json *tests, *test;
	TRY(json_get_array(group, "tests", &tests));
	int rc = group_keys(group, &jwks);
	if (rc < 0 && rc != E_CONFLICT) /* a set that is refused as a whole verifies nothing */
		return rc;
	for (size_t i = 0; i < json_array_len(tests); i++) {
		TRY(json_at_object(tests, i, &test));
		run_one(file, test, jwks ? jwks : &none, tally);
	}
	return 0;
}

static int run_file(const char *file, struct tally *tally)
{
	_cleanup_(json_freep) struct json *doc = NULL;
	const struct json *groups, *group;
	int64_t n;
	size_t before = tally->n;
	TRY(vectors_load(file, &doc));
	TRY(json_get_array(doc, "testGroups", &groups));
	TRY(json_get_int(doc, "numberOfTests", &n));
	for (size_t i = 0; i < json_array_len(groups); i++) {
		TRY(json_at_object(groups, i, &group));
		TRY(run_group(file, group, tally));
	}
	return tally->n - before == (size_t)n ? 0 : E_SYNTAX;
}

int main(void)
{
	struct tally tally = {0};
	size_t recorded = 0;
	if (!vectors_present())
		return vectors_skip();
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
		recorded += (size_t)(records[i].last - records[i].first) + 1;
	const char *const files[] = {jws_file, jwk_file};
	for (size_t i = 0; i < 2; i++) {
		int rc = run_file(files[i], &tally);
		printf("%s %zu - %s was read to its end\n", rc == 0 ? "ok" : "not ok", ++tally.n, files[i]);
		tally.failed += rc != 0;
	}
	bool all_met = tally.recorded == recorded;
	printf("%s %zu - every recorded case is in the files\n", all_met ? "ok" : "not ok", ++tally.n);
	printf("1..%zu\n", tally.n);
	return tally.failed > 0 || !all_met;
}
