/* What the verbs for people refuse before they touch anything: each text at its longest, one longer, and malformed. */
#include "people.h"

/* An object in which one text is replaced. */
union sample {
	struct session session;
	struct passkey passkey;
	struct upstream_link link;
	struct code code;
	struct family family;
	struct device device;
	struct consent consent;
	char bytes[1];
};

static int put_session(struct world *world, const union sample *sample)
{
	return store_session_put(world->store, &sample->session, NULL, &a_note);
}

static int put_passkey(struct world *world, const union sample *sample)
{
	return store_passkey_put(world->store, &sample->passkey, &a_note);
}

static int put_link(struct world *world, const union sample *sample)
{
	return store_upstream_put(world->store, &sample->link, &a_note);
}

static int put_code(struct world *world, const union sample *sample)
{
	return store_code_put(world->store, &sample->code, NULL);
}

static int put_family(struct world *world, const union sample *sample)
{
	struct issue issue = an_issue(world, 1, true);
	struct code code = a_code(world, 1);
	int rc = store_code_put(world->store, &code, NULL);
	assert_true(rc == 0 || rc == E_EXISTS);
	issue.family = &sample->family;
	return store_code_redeem(world->store, code.sha256, &issue, &a_note);
}

static int put_device(struct world *world, const union sample *sample)
{
	return store_device_put(world->store, &sample->device);
}

static int put_consent(struct world *world, const union sample *sample)
{
	return store_consent_put(world->store, &sample->consent, &a_note);
}

static union sample make(struct world *world, int (*put)(struct world *, const union sample *))
{
	union sample sample = {0};
	if (put == put_session)
		sample.session = a_session(world, 1);
	else if (put == put_passkey)
		sample.passkey = a_passkey(world, 1);
	else if (put == put_link)
		sample.link = a_link(world, 1);
	else if (put == put_code)
		sample.code = a_code(world, 1);
	else if (put == put_family)
		sample.family = *an_issue(world, 1, true).family;
	else if (put == put_device)
		sample.device = a_device(world, 1);
	else
		sample.consent = a_consent(world, 1);
	return sample;
}

/* NAMES: has to be of something that is there, so its longest is not tried. */
enum kind { NEEDED = 1, NAMES = 2 };

static const struct field {
	const char *name;
	int (*put)(struct world *world, const union sample *sample);
	size_t offset, max;
	unsigned kind;
} fields[] = {
#define FIELD(type, member, max, kind) {#type "." #member, put_##type, offsetof(union sample, type.member), max, kind}
	FIELD(session, id, MODEL_ID_MAX, NEEDED),
	FIELD(session, account_id, MODEL_ID_MAX, NEEDED | NAMES),
	FIELD(session, addr, MODEL_ADDR_MAX, 0),
	FIELD(session, agent, MODEL_AGENT_MAX, 0),
	FIELD(passkey, account_id, MODEL_ID_MAX, NEEDED | NAMES),
	FIELD(passkey, name, MODEL_NAME_MAX, 0),
	FIELD(link, issuer, MODEL_AUDIENCE_MAX, NEEDED),
	FIELD(link, subject, MODEL_AUDIENCE_MAX, NEEDED),
	FIELD(link, account_id, MODEL_ID_MAX, NEEDED | NAMES),
	FIELD(link, email, MODEL_EMAIL_MAX, 0),
	FIELD(code, client_id, MODEL_ID_MAX, NEEDED | NAMES),
	FIELD(code, account_id, MODEL_ID_MAX, NEEDED | NAMES),
	FIELD(code, session_id, MODEL_ID_MAX, 0),
	FIELD(code, redirect_uri, MODEL_URI_MAX, 0),
	FIELD(code, scope, MODEL_SCOPE_TEXT_MAX, 0),
	FIELD(code, api_id, MODEL_ID_MAX, NAMES),
	FIELD(code, nonce, MODEL_NONCE_MAX, 0),
	FIELD(code, challenge, MODEL_LABEL_MAX, 0),
	FIELD(family, id, MODEL_ID_MAX, NEEDED),
	FIELD(family, client_id, MODEL_ID_MAX, NEEDED | NAMES),
	FIELD(family, account_id, MODEL_ID_MAX, NEEDED | NAMES),
	FIELD(family, session_id, MODEL_ID_MAX, 0),
	FIELD(family, scope, MODEL_SCOPE_TEXT_MAX, 0),
	FIELD(family, nonce, MODEL_NONCE_MAX, 0),
	FIELD(device, user_code, MODEL_USER_CODE_MAX, NEEDED),
	FIELD(device, client_id, MODEL_ID_MAX, NEEDED | NAMES),
	FIELD(device, scope, MODEL_SCOPE_TEXT_MAX, 0),
	FIELD(device, api_id, MODEL_ID_MAX, NAMES),
	FIELD(device, addr, MODEL_ADDR_MAX, 0),
	FIELD(device, agent, MODEL_AGENT_MAX, 0),
	FIELD(device, note, MODEL_TARGET_MAX, 0),
	FIELD(consent, account_id, MODEL_ID_MAX, NEEDED | NAMES),
	FIELD(consent, client_id, MODEL_ID_MAX, NEEDED | NAMES),
	FIELD(consent, scope, MODEL_SCOPE_TEXT_MAX, 0),
};

static int put_with(struct world *world, const struct field *field, struct str value)
{
	union sample sample = make(world, field->put);
	*(struct str *)(void *)(sample.bytes + field->offset) = value;
	return field->put(world, &sample);
}

static void try_field(struct world *world, const struct field *field)
{
	static const struct str bad[] = {STR("a\nb"), STR("a\0b"), STR("a\x7f"), STR("\xff"), STR("\xed\xa0\x80")};
	static char longest[MODEL_SCOPE_TEXT_MAX + 1];
	memset(longest, 'a', sizeof(longest));
	print_message("%s\n", field->name);
	for (size_t i = 0; i < COUNT(bad); i++)
		FAILS(put_with(world, field, bad[i]), E_SYNTAX);
	FAILS(put_with(world, field, str_mem(longest, field->max + 1)), E_LIMIT);
	if (field->kind & NEEDED)
		FAILS(put_with(world, field, STR("")), E_SYNTAX);
	FAILS(put_with(world, field, str_mem(longest, field->max)), field->kind & NAMES ? E_ABSENT : 0);
}

static void texts(void **state)
{
	for (size_t i = 0; i < COUNT(fields); i++) {
		try_field(*state, &fields[i]);
		world_teardown(state);
		assert_int_equal(people_setup(state), 0);
	}
}

/* A time before 1970 and methods that there are none of. */
static void numbers(void **state)
{
	struct world *world = *state;
	struct code code = a_code(world, 1);
	struct device device = a_device(world, 1), decision = a_decision(DEVICE_DENIED);
	struct consent consent = a_consent(world, 1);
	struct issue issue = an_issue(world, 1, true);
	struct family family = *issue.family;
	code.expires_s = -1;
	FAILS(store_code_put(world->store, &code, NULL), E_SYNTAX);
	code = a_code(world, 1);
	code.methods = 2 * AUTH_UNDATED;
	FAILS(store_code_put(world->store, &code, NULL), E_SYNTAX);
	family.epoch = -1;
	issue.family = &family;
	FAILS(store_code_redeem(world->store, code.sha256, &issue, &a_note), E_SYNTAX);
	issue = an_issue(world, 1, true);
	issue.now_s = 0;
	FAILS(store_code_redeem(world->store, code.sha256, &issue, &a_note), E_SYNTAX);
	const struct family_token endless = {STR("jti"), 0};
	issue = an_issue(world, 1, true);
	issue.access = &endless;
	FAILS(store_code_redeem(world->store, code.sha256, &issue, &a_note), E_SYNTAX);
	device.interval_s = -1;
	FAILS(store_device_put(world->store, &device), E_SYNTAX);
	device = a_device(world, 1);
	device.kind = (enum device_kind)7;
	FAILS(store_device_put(world->store, &device), E_SYNTAX);
	decision.methods = 2 * AUTH_UNDATED;
	FAILS(store_device_decide(world->store, STR("CODE0001"), &decision, NOW_S, &a_note), E_SYNTAX);
	consent.changed_s = -1;
	FAILS(store_consent_put(world->store, &consent, &a_note), E_SYNTAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, people_setup, world_teardown)
static const struct CMUnitTest tests[] = {TEST(texts), TEST(numbers)};

int main(int argc, char **argv)
{
	world_backend(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
