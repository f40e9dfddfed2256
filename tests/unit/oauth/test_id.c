/* Ids and generated secrets: form, check digits, uniqueness. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/enc.h"
#include "base/fault.h"
#include "oauth/id.h"

enum { MANY = 100000 };

static void secret_refuses(void **state)
{
	(void)state;
	char good[ID_SECRET_LEN + 1];
	assert_int_equal(id_secret_new(good), 0);
	assert_true(id_secret_looks_generated(str_of(good)));
	assert_false(id_secret_looks_generated(STR("")));
	assert_false(id_secret_looks_generated(STR("mms_")));
	assert_false(id_secret_looks_generated((struct str){good, ID_SECRET_LEN - 1}));
	assert_false(id_secret_looks_generated((struct str){good, ID_SECRET_LEN + 1}));
	for (size_t i = 0; i < ID_SECRET_LEN; i++) { /* one character changed anywhere */
		char bad[ID_SECRET_LEN + 1];
		memcpy(bad, good, sizeof(bad));
		bad[i] = bad[i] == 'x' ? 'y' : 'x';
		assert_false(id_secret_looks_generated(str_of(bad)));
		bad[i] = '-'; /* outside the alphabet */
		assert_false(id_secret_looks_generated(str_of(bad)));
	}
}

/* The check digits are CRC-32 over everything before them, also written by an independent reader of the form. */
static void secret_check_digits(void **state)
{
	(void)state;
	const struct str alphabet = STR("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
	char secret[ID_SECRET_LEN + 1];
	assert_int_equal(id_secret_new(secret), 0);
	assert_int_equal(strlen(secret), ID_SECRET_LEN);
	assert_memory_equal(secret, "mms_", 4);
	uint64_t value = 0;
	for (size_t i = ID_SECRET_LEN - 6; i < ID_SECRET_LEN; i++)
		value = value * 62 + str_find(alphabet, secret[i]);
	assert_int_equal(value, enc_crc32((struct str){secret, ID_SECRET_LEN - 6}));
}

static void import_rules(void **state)
{
	(void)state;
	static const struct {
		const char *id;
		bool ok;
	} rows[] = {
		{"", false},           {"ab", false},          {"abc", true},          {"a b", false},
			{"a:b", false},
		{"mmc_abc", false},    {"mma_abc", false},     {"mmk_x", false},       {"mmr_x", false},
			{"mms_x", false},
		{"MMC_abc", true},     {"legacy.app-1~x_y", true}, {"a\xc3\xa9z", false}, {"a%20b", false},
		{"0123456789012345678901234567890123456789012345678901234567890123", true},
		{"01234567890123456789012345678901234567890123456789012345678901234", false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (id_is_importable(str_of(rows[i].id)) != rows[i].ok)
			fail_msg("%s", rows[i].id);
}

static int compare(const void *a, const void *b) { return memcmp(a, b, ID_LEN); }

static void ids_are_unique(void **state)
{
	(void)state;
	static const char *const prefixes[] = {"mmc_", "mma_", "mmk_", "mmr_", "mmx_", "mmg_"};
	char *all = malloc((size_t)MANY * ID_LEN);
	assert_non_null(all);
	for (size_t i = 0; i < MANY; i++) {
		char id[ID_LEN + 1];
		enum id_kind kind = (enum id_kind)(i % ID_KINDS);
		assert_int_equal(id_new(kind, id), 0);
		assert_true(id_has_form(kind, str_of(id)));
		assert_false(id_has_form((enum id_kind)((kind + 1) % ID_KINDS), str_of(id)));
		assert_memory_equal(id, prefixes[kind], 4);
		memcpy(all + i * ID_LEN, id, ID_LEN);
	}
	qsort(all, MANY, ID_LEN, compare);
	for (size_t i = 1; i < MANY; i++)
		assert_memory_not_equal(all + (i - 1) * ID_LEN, all + i * ID_LEN, ID_LEN);
	free(all);
}

static int compare_secret(const void *a, const void *b) { return memcmp(a, b, ID_SECRET_LEN); }

static void secrets_are_unique(void **state)
{
	(void)state;
	char *all = malloc((size_t)MANY * ID_SECRET_LEN);
	assert_non_null(all);
	for (size_t i = 0; i < MANY; i++) {
		char secret[ID_SECRET_LEN + 1];
		assert_int_equal(id_secret_new(secret), 0);
		memcpy(all + i * ID_SECRET_LEN, secret, ID_SECRET_LEN);
	}
	qsort(all, MANY, ID_SECRET_LEN, compare_secret);
	for (size_t i = 1; i < MANY; i++)
		assert_memory_not_equal(all + (i - 1) * ID_SECRET_LEN, all + i * ID_SECRET_LEN, ID_SECRET_LEN);
	free(all);
}

static void bearers(void **state)
{
	(void)state;
	unsigned char hash[32], again[32];
	char text[ID_SECRET_LEN + 1];
	for (enum id_bearer kind = 0; kind < BEARERS; kind++) {
		assert_int_equal(id_bearer_new(kind, text, hash), 0);
		struct str all = str_of(text);
		assert_int_equal(all.len, ID_SECRET_LEN);
		assert_int_equal(id_bearer_parse((kind + 1) % BEARERS, all, again), E_SYNTAX);
		assert_int_equal(id_bearer_parse(kind, (struct str){all.p, all.len - 1}, again), E_SYNTAX);
		assert_false(id_secret_looks_generated(all));
		assert_false(id_is_importable(all));
		assert_int_equal(id_bearer_parse(kind, all, again), 0);
		assert_memory_equal(hash, again, sizeof(hash));
		text[20] = text[20] == 'a' ? 'b' : 'a';
		assert_int_equal(id_bearer_parse(kind, all, again), E_SYNTAX);
	}
}

static void no_entropy_no_id(void **state)
{
	(void)state;
#ifdef MINTMARK_FAULTS
	char secret[ID_SECRET_LEN + 1] = "untouched";
	char id[ID_LEN + 1] = "untouched";
	fault_arm(FAULT_RANDOM, 1);
	assert_int_equal(id_secret_new(secret), E_RANDOM);
	fault_arm(FAULT_RANDOM, 1);
	assert_int_equal(id_new(ID_CLIENT, id), E_RANDOM);
	assert_string_equal(secret, "untouched");
	assert_string_equal(id, "untouched");
	fault_arm(FAULT_RANDOM, 0);
#else
	skip();
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secret_refuses),   cmocka_unit_test(secret_check_digits),
			cmocka_unit_test(import_rules),
		cmocka_unit_test(ids_are_unique),   cmocka_unit_test(secrets_are_unique),
			cmocka_unit_test(no_entropy_no_id), cmocka_unit_test(bearers),
	};
	return cmocka_run_group_tests_name("oauth_id", tests, NULL, NULL);
}
