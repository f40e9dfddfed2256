/* The audit chain as every backend keeps it. What tampering with a file shows is in test_sqlite_audit.c. */
#include "store_test.h"

#include "store/audit.h"

static void empty(void **state)
{
	struct world *world = *state;
	struct audit_entry *entries;
	size_t n = 7;
	assert_int_equal(audit_count(world), 0);
	OK(store_audit_list(world->store, 0, 10, &world->arena, &entries, &n));
	assert_int_equal(n, 0);
}

static struct audit_note note_of(struct world *world, unsigned n)
{
	return (struct audit_note){NOW_S + n, name_of(world, "actor", n), name_of(world, "action", n),
				   name_of(world, "target", n), name_of(world, "detail", n)};
}

static void append(struct world *world, unsigned n)
{
	for (unsigned i = 1; i <= n; i++) {
		struct audit_note note = note_of(world, i);
		OK(store_audit_append(world->store, &note));
	}
}

static void entries_are_linked(void **state)
{
	struct world *world = *state;
	struct audit_entry *entries;
	unsigned char prev[32] = {0}, hash[32];
	size_t n;
	append(world, 5);
	world_reopen(world);
	OK(store_audit_list(world->store, 0, 1000, &world->arena, &entries, &n));
	assert_int_equal(n, 5);
	for (unsigned i = 0; i < 5; i++) {
		struct audit_note note = note_of(world, i + 1);
		assert_int_equal(entries[i].seq, i + 1);
		assert_int_equal(entries[i].time_s, note.now_s);
		expect_str(entries[i].actor, note.actor);
		expect_str(entries[i].action, note.action);
		expect_str(entries[i].target, note.target);
		expect_str(entries[i].detail, note.detail);
		assert_memory_equal(entries[i].prev, prev, 32);
		OK(audit_hash(&entries[i], hash));
		assert_memory_equal(entries[i].hash, hash, 32);
		memcpy(prev, hash, 32);
	}
	assert_int_equal(audit_count(world), 5);
}

static void pages(void **state)
{
	struct world *world = *state;
	struct audit_entry *entries;
	int64_t seen = 0;
	size_t n;
	append(world, 25);
	do {
		OK(store_audit_list(world->store, seen, 10, &world->arena, &entries, &n));
		for (size_t i = 0; i < n; i++)
			assert_int_equal(entries[i].seq, ++seen);
	} while (n == 10);
	assert_int_equal(seen, 25);
	FAILS(store_audit_list(world->store, 0, 0, &world->arena, &entries, &n), E_LIMIT);
	FAILS(store_audit_list(world->store, 0, 1001, &world->arena, &entries, &n), E_LIMIT);
}

static int64_t about(struct world *world, struct str target, int64_t before_seq, unsigned limit, size_t want_n)
{
	struct audit_entry *entries = NULL;
	size_t n = 7;
	int64_t last = before_seq > 0 ? before_seq : INT64_MAX;
	const struct store_audit_about which = {target, before_seq, limit};
	OK(store_audit_about(world->store, &which, &world->arena, &entries, &n));
	assert_int_equal(n, want_n);
	for (size_t i = 0; i < n; i++) {
		expect_str(entries[i].target, target);
		expect_str(entries[i].actor, name_of(world, "actor", (unsigned)entries[i].seq));
		assert_true(entries[i].seq < last);
		last = entries[i].seq;
	}
	return last;
}

/* Targets 0, 1, 2 in turn: 1, 4, 7 … are about target0001. */
static void about_one_target(void **state)
{
	struct world *world = *state;
	struct audit_entry *entries;
	size_t n;
	about(world, STR("target0001"), 0, 10, 0);
	for (unsigned i = 1; i <= 30; i++) {
		struct audit_note note = note_of(world, i);
		note.target = name_of(world, "target", i % 3);
		OK(store_audit_append(world->store, &note));
	}
	world_reopen(world);
	assert_int_equal(about(world, STR("target0001"), 0, 4, 4), 19);
	assert_int_equal(about(world, STR("target0001"), 19, 4, 4), 7);
	assert_int_equal(about(world, STR("target0001"), 7, 4, 2), 1);
	about(world, STR("target0001"), 1, 4, 0);
	assert_int_equal(about(world, STR("target0002"), 1000, 1000, 10), 2);
	about(world, STR("target000"), 0, 10, 0); /* a part of it is another */
	about(world, STR("target00011"), 0, 10, 0);
	about(world, STR("TARGET0001"), 0, 10, 0);
	about(world, STR(""), 0, 10, 0);
	struct store_audit_about which = {STR("target0001"), 0, 0};
	FAILS(store_audit_about(world->store, &which, &world->arena, &entries, &n), E_LIMIT);
	which.limit = 1001;
	FAILS(store_audit_about(world->store, &which, &world->arena, &entries, &n), E_LIMIT);
}

/* Where one field ends and the next begins is part of the hash, and so is every field. */
static void hash_covers_every_field(void **state)
{
	(void)state;
	const struct audit_entry base = {1, 2, STR("ab"), STR("c"), STR("d"), STR("e"), {0}, {0}};
	struct audit_entry others[8];
	unsigned char want[32], got[32];
	for (size_t i = 0; i < COUNT(others); i++)
		others[i] = base;
	others[0].seq = 2;
	others[1].time_s = 3;
	others[2].actor = STR("a");
	others[2].action = STR("bc");
	others[3].action = STR("C");
	others[4].target = STR("");
	others[4].detail = STR("de");
	others[5].detail = STR("e2");
	others[6].prev[31] = 1;
	others[7].target = STR("D");
	OK(audit_hash(&base, want));
	for (size_t i = 0; i < COUNT(others); i++) {
		OK(audit_hash(&others[i], got));
		assert_memory_not_equal(got, want, 32);
	}
}

/* The form that existing chains have; computed apart from this code, with Python. */
static void known_hash(void **state)
{
	(void)state;
	static const unsigned char want[] = {0x70, 0x9b, 0x2e, 0xaa, 0x69, 0xbb, 0x2f, 0xd6, 0x45, 0xda, 0x31,
					     0x03, 0xf5, 0x9c, 0x1f, 0x39, 0x5b, 0x26, 0x1c, 0xa8, 0xc4, 0x66,
					     0x7d, 0x34, 0xa0, 0x75, 0x51, 0x39, 0x6d, 0x49, 0xf8, 0xc2};
	struct audit_entry entry = {7,   NOW_S, STR("cli:uid=1000"), STR("client.create"), STR("mmc_1"), STR("because"),
				    {0}, {0}};
	unsigned char got[32];
	for (unsigned i = 0; i < 32; i++)
		entry.prev[i] = (unsigned char)i;
	OK(audit_hash(&entry, got));
	assert_memory_equal(got, want, 32);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(empty, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(entries_are_linked, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(pages, world_setup, world_teardown),
	cmocka_unit_test_setup_teardown(about_one_target, world_setup, world_teardown),
	cmocka_unit_test(hash_covers_every_field),
	cmocka_unit_test(known_hash),
};

int main(int argc, char **argv)
{
	world_backend(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
