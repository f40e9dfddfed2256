/* Mail addresses: what is taken is kept in one spelling, and no mail to it has a header or a recipient too many. */
#include "account/address.h"
#include "account/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool truth)
{
	if (!truth)
		__builtin_trap();
}

/* The head is lines of "Name: value", of which one is To; none of them has two addresses. */
static void check_head(struct str text, struct str to)
{
	struct str line, rest = text;
	size_t recipients = 0;
	while (str_cut(rest, '\n', &line, &rest) && line.len > 1) {
		struct str name, value;
		expect(line.p[line.len - 1] == '\r' && !memchr(line.p, '\r', line.len - 1));
		expect(str_cut(str_mem(line.p, line.len - 1), ':', &name, &value) && value.len > 1);
		if (!str_eq(name, STR("To")))
			continue;
		recipients++;
		expect(str_eq(str_trim_ows(value), to) && !memchr(to.p, ',', to.len) && !memchr(to.p, ' ', to.len));
	}
	expect(recipients == 1);
}

static void check(struct str address)
{
	struct buf text;
	const struct message message = {.kind = MAIL_RESET, .from = STR("mint@example.com"), .to = address,
					.issuer = STR("https://id.example"), .url = STR("https://id.example/r"),
					.good_s = 60, .now_s = 1, .id = STR("x")};
	buf_init(&text, MESSAGE_MAX);
	expect(message_put(&message, &text) == 0);
	check_head(buf_str(&text), address);
	buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct str address, again;
	arena_init(&arena, 1 << 16);
	if (address_parse(str_mem(data, size), &arena, &address) == 0) {
		expect(address.len <= ADDRESS_MAX && address_is_normal(address));
		expect(address_parse(address, &arena, &again) == 0 && str_eq(address, again));
		check(address);
	} else {
		expect(!address_is_normal(str_mem(data, size)));
	}
	arena_done(&arena);
	return 0;
}
