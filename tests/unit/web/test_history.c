/* history.c: entries of the audit trail as people read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "web/history.h"

static const struct client_secret secrets[] = {{.id = {"mmk_1", 5}, .hint = {"ab12", 4}}};
static const struct client client = {
	.id = {"mmc_own", 7}, .name = {"nightly", 7}, .secrets = (struct client_secret *)secrets, .n_secrets = 1};

static void expect(struct audit_entry entry, bool admin, const char *expected)
{
	const struct history_reader reader = {STR("mma_me"), admin, &client, 1700000840};
	struct arena arena;
	struct page_vars *vars;
	struct buf out;
	arena_init(&arena, 65536);
	buf_init(&out, 65536);
	entry.time_s = 1700000000;
	assert_int_equal(page_vars_new(&arena, &vars), 0);
	history_show(vars, &entry, &reader);
	const struct str template = STR("{{what}}|{{who}}|{{where}}|{{hint}}|{{detail}}|{{ago}}|{{time}}");
	assert_int_equal(page_fill(template, vars, &out), 0);
	assert_int_equal(buf_str(&out).len, strlen(expected));
	assert_memory_equal(buf_str(&out).p, expected, buf_str(&out).len);
	buf_done(&out);
	arena_done(&arena);
}

#define WHEN "|14 minutes ago|2023-11-14 22:13 UTC"

static void says_what_who_and_where(void **state)
{
	static const struct {
		const char *actor, *action, *detail, *own, *admin;
	} rows[] = {
		{"account:mma_me", "secret.add", "mmk_1 from 192.0.2.7", "New secret|You|192.0.2.7|ab12|" WHEN,
			NULL},
		{"account:mma_me", "secret.revoke", "mmk_gone", "Secret revoked|You|||mmk_gone" WHEN, NULL},
		{"account:mma_other", "client.disable", "nightly from 2001:db8::1",
			"Disabled|An administrator|2001:db8::1||" WHEN,
			"Disabled|Account mma_other|2001:db8::1||" WHEN},
		{"client:mmc_own", "client.register_update", "nightly",
			"Changed by itself|The program itself|||" WHEN, NULL},
		{"client:mmc_x", "secret.regenerate", "mmk_1",
			"All secrets replaced|Program mmc_x||ab12|" WHEN, NULL},
		{"system", "client.network", "192.0.2.9",
			"Refused: a right secret from a network that is not allowed|The server|192.0.2.9||" WHEN, NULL},
		/* a name is no address: the command line has none to note */
		{"cli:uid=0", "client.update", "x from 192.0.2.1",
			"Name, scopes or other settings changed|The operator, by command line|||x from 192.0.2.1" WHEN,
			NULL},
		{"account:mma_me", "client.update", "x from 192.0.2.1 from 192.0.2.2",
			"Name, scopes or other settings changed|You|192.0.2.2||x from 192.0.2.1" WHEN, NULL},
		{"account:mma_me", "client.update", "sent from home",
			"Name, scopes or other settings changed|You|||sent from home" WHEN, NULL},
		/* what nobody put into words stays as it is */
		{"moon", "client.teleport", "", "client.teleport|moon|||" WHEN, NULL},
		{"moon:1", "client.teleport", "", "client.teleport|moon:1|||" WHEN, NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct audit_entry entry = {
			.actor = str_of(rows[i].actor), .action = str_of(rows[i].action),
			.detail = str_of(rows[i].detail)};
		expect(entry, false, rows[i].own);
		expect(entry, true, rows[i].admin ? rows[i].admin : rows[i].own);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(says_what_who_and_where)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
