/* The text of mails; see account/message.h. RFC 5322 2.1.1, 3.6; nobody adds a header. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "account/message.h"

static struct message usual(void)
{
	return (struct message){
		.kind = MAIL_RESET, .from = STR("mint@id.example"), .to = STR("ada@example.com"),
		.issuer = STR("https://id.example"), .url = STR("https://id.example/reset/new?token=mml_1"),
		.good_s = 3600, .now_s = 1700000000, .id = STR("abc-1"),
	};
}

static int put(const struct message *message, char mem[MESSAGE_MAX])
{
	struct buf out;
	buf_init_fixed(&out, mem, MESSAGE_MAX - 1);
	int rc = message_put(message, &out);
	mem[rc == 0 ? out.len : 0] = '\0';
	return rc;
}

static void nothing_gets_into_the_header(void **state)
{
	static const struct str bad[] = {
		STR("ada@example.com\r\nBcc: eve@example.com"), STR("ada@example.com, eve@example.com"),
		STR("ada@example.com\n"), STR("<ada@example.com>"), STR("ada example.com"), STR(""),
		STR("ada@EXAMPLE.com"), STR("\r\n.\r\nMAIL FROM:<x@y.z>@example.com"),
	};
	char mem[MESSAGE_MAX];
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct message message = usual();
		message.to = bad[i];
		assert_int_equal(put(&message, mem), E_SYNTAX);
		message = usual();
		message.from = bad[i];
		assert_int_equal(put(&message, mem), E_SYNTAX);
	}
	struct message message = usual();
	message.url = STR("https://id.example/x\r\nBcc: eve@example.com");
	assert_int_equal(put(&message, mem), E_SYNTAX);
	message = usual();
	message.issuer = STR("https://id.example\r\n\r\nhello");
	assert_int_equal(put(&message, mem), E_SYNTAX);
	message = usual();
	message.id = STR("a>\r\nX: y");
	assert_int_equal(put(&message, mem), E_SYNTAX);
}

static void lines_are_mail_lines(void **state)
{
	char mem[MESSAGE_MAX];
	(void)state;
	for (enum mail_kind kind = MAIL_INVITE; kind < MAIL_KINDS; kind++) {
		struct message message = usual();
		message.kind = kind;
		assert_int_equal(put(&message, mem), 0);
		assert_true(strlen(message_name(kind)) > 0);
		size_t start = 0, len = strlen(mem);
		assert_memory_equal(mem + len - 2, "\r\n", 2);
		for (size_t i = 0; i < len; i++) {
			assert_true((mem[i] >= ' ' && mem[i] <= '~') || mem[i] == '\r' || mem[i] == '\n');
			if (mem[i] != '\n')
				continue;
			assert_true(mem[i - 1] == '\r' && i - start < 998);
			start = i + 1;
		}
		assert_non_null(strstr(mem, "\r\nTo: ada@example.com\r\n"));
		assert_non_null(strstr(mem, "\r\nMessage-ID: <abc-1@id.example>\r\n"));
		assert_non_null(strstr(mem, "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"));
		assert_non_null(strstr(mem, "\r\n\r\nhttps://id.example/reset/new?token=mml_1\r\n"));
		bool promises = strstr(mem, "for 1 hour.") != NULL;
		assert_int_equal(promises, kind != MAIL_TAKEN && kind != MAIL_CHANGED && kind != MAIL_LEAKED);
	}
}

static void durations(void **state)
{
	static const struct {
		int64_t s;
		const char *text;
	} rows[] = {{604800, "7 days"}, {86400, "1 day"}, {7199, "1 hour"}, {7200, "2 hours"}, {300, "5 minutes"},
		    {59, "59 seconds"}};
	char mem[MESSAGE_MAX];
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct message message = usual();
		message.good_s = rows[i].s;
		assert_int_equal(put(&message, mem), 0);
		assert_non_null(strstr(mem, rows[i].text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_gets_into_the_header), cmocka_unit_test(lines_are_mail_lines),
		cmocka_unit_test(durations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
