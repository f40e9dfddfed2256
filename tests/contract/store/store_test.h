/*
 * What every test program of this folder includes. The same bodies run on every backend: "test_x memory" and "test_x
 * sqlite". Each test gets a fresh store in struct world.
 */
#ifndef TESTS_CONTRACT_STORE_TEST_H
#define TESTS_CONTRACT_STORE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "store/store.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { NOW_S = 1700000000, UNTIL_S = NOW_S + 86400, READERS = 4, CACHE_KIB = 256 };

struct world {
	struct store *store;
	struct arena arena; /* what is read and what is made up */
	char folder[64], path[80];
};

/* Sets the backend from argv; main() calls it first. */
void world_backend(int argc, char **argv);
bool world_is_sqlite(void);
int world_setup(void **state);
int world_teardown(void **state);
/* A new folder under /tmp and no store in it. */
int world_setup_folder(void **state);
must_check int world_open(struct world *world);
/* Close and open again; on memory nothing. */
void world_reopen(struct world *world);

#define OK(expr) assert_int_equal((expr), 0)
#define FAILS(expr, code) assert_int_equal((expr), (code))
#define IS(got, want) expect_str((got), str_of(want))
void expect_str(struct str got, struct str want);

/* "mmc_7" and so on, in the arena. */
struct str name_of(struct world *world, const char *prefix, unsigned n);
/* A note to audit; constant. */
extern const struct audit_note a_note;
/* Valid objects that differ by n. The API has the scopes read, write and admin. */
struct account an_account(struct world *world, unsigned n);
struct api an_api(struct world *world, unsigned n);
struct client a_client(struct world *world, unsigned n);
/* client may be empty; created at NOW_S + n. */
struct client_secret a_secret(struct world *world, struct str client, unsigned n);
struct signing_key a_key(struct world *world, unsigned n, enum key_state key_state);

/* What the store says now. */
struct account get_account(struct world *world, struct str id);
struct api get_api(struct world *world, struct str id);
struct client get_client(struct world *world, struct str id);
int64_t audit_count(struct world *world);

#endif
