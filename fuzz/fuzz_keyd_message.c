/*
 * keyd's side of the protocol: a raw message, as a compromised server could send it, to a keyd with loaded keys. The
 * first byte says who sends it. Whatever comes: an answer that is a frame, or the end of the connection; and never a
 * token that keyd's rules forbid.
 */
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "base/log.h"
#include "ipc/frame.h"
#include "jose/jwk.h"
#include "json/json.h"
#include "keys/keyd_verbs.h"

#define NOW_S INT64_C(1800000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct clock now;
static struct keyd_state state;
static struct keyd_channel channel;

static void must(bool right)
{
	if (!right)
		abort();
}

/* Keys that are the same in every run, so that a corpus can name them: Ed25519 from fixed seeds. */
static void load_key(unsigned char byte)
{
	static const char head[] = "\x30\x2E\x02\x01\x00\x30\x05\x06\x03\x2B\x65\x70\x04\x22\x04\x20";
	char der[48], sealed_mem[512], jwk_mem[512], bound_mem[128], kid[JWK_THUMBPRINT_LEN + 1];
	struct sig_key *key;
	struct buf sealed, jwk, bound;
	memcpy(der, head, 16);
	memset(der + 16, byte, 32);
	buf_init_fixed(&sealed, sealed_mem, sizeof(sealed_mem));
	buf_init_fixed(&jwk, jwk_mem, sizeof(jwk_mem));
	buf_init_fixed(&bound, bound_mem, sizeof(bound_mem));
	must(sig_key_from_private(SIG_EDDSA, (struct secret){(unsigned char *)der, sizeof(der)}, &key) == 0);
	must(jwk_thumbprint(key, kid) == 0);
	buf_put_str16(&bound, STR("EdDSA"));
	buf_put_str16(&bound, str_of(kid));
	buf_put(&sealed, STR("mk1"));
	buf_put(&sealed, buf_str(&bound));
	must(seal_close(state.master, STR("key"), buf_str(&bound), (struct secret){(unsigned char *)der, sizeof(der)},
			&sealed) == 0);
	must(keyring_load(&state.ring, state.master, buf_str(&sealed), &jwk) == 0);
	sig_key_unref(key);
}

static void set_up(void)
{
	if (state.clock)
		return;
	log_setup("fuzz", LOG_OFF, LOG_TEXT);
	now = clock_fixed(NOW_S * 1000000);
	state.clock = &now;
	state.policy.issuer = STR("https://m");
	for (int kind = 0; kind < TOKEN_KINDS; kind++)
		state.policy.cap_s[kind] = 3600;
	must(keyring_init(&state.ring) == 0);
	load_key(1);
	keyd_channel_init(&channel, &state, KEYD_LOOP);
}

/* What keyd signed must keep its promises, whoever asked. */
static void check_token(struct str token)
{
	char mem[SIGNER_FEED_TOKEN_MAX];
	struct str header, rest, payload, sig, text;
	struct json *doc;
	size_t len;
	int64_t exp, iat;
	must(str_cut(token, '.', &header, &rest));
	must(str_cut(rest, '.', &payload, &sig));
	must(sig.len > 0);
	must(enc_b64url_decode(payload, mem, sizeof(mem), &len) == 0);
	must(json_parse_object(str_mem(mem, len), &doc) == 0);
	must(json_get_str(doc, "iss", &text) == 0 && str_eq(text, STR("https://m")));
	must(json_get_int(doc, "exp", &exp) == 0 && exp > NOW_S - 120 && exp <= NOW_S + 3600);
	must(json_get_int(doc, "iat", &iat) == 0 && iat >= NOW_S - 120 && iat <= NOW_S + 120);
	json_free(doc);
}

static void check_sign(struct cur *body)
{
	uint16_t n;
	must(cur_u16be(body, &n) == 0 && n >= 1 && n <= SIGNER_BATCH_MAX);
	for (unsigned i = 0; i < n; i++) {
		uint8_t status;
		struct str token;
		must(cur_u8(body, &status) == 0 && cur_str16(body, SIGNER_FEED_TOKEN_MAX, &token) == 0);
		must((status == PROTO_OK) == (token.len > 0));
		if (token.len > 0)
			check_token(token);
	}
	must(cur_end(body) == 0);
}

/* An RSA key takes a long time to make, and a fuzzer would make little else. */
static bool is_rsa_generation(struct str message)
{
	return message.len == PROTO_HEAD + 7 && message.p[0] == PROTO_GENERATE && message.p[PROTO_HEAD + 2] != 'E';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str frame;
	unsigned verb;
	uint32_t seq;
	enum proto_status status;
	set_up();
	if (size < 1)
		return 0;
	struct str message = str_mem(data + 1, size - 1);
	if (is_rsa_generation(message))
		return 0;
	channel.caller = (enum keyd_caller)(1 << data[0] % 3);
	if (keyd_verbs_handle(&channel, message) < 0)
		return 0;
	must(frame_peek(&channel.out, PROTO_REPLY_MAX, &frame) == 0 && frame.len + FRAME_HEAD == channel.out.len);
	struct cur body = cur_of(frame);
	must(proto_get_reply_head(&body, &verb, &status, &seq) == 0 && verb == data[1]);
	if (status != PROTO_OK)
		must(body.left == 0);
	else if (verb == PROTO_SIGN)
		check_sign(&body);
	if (state.ring.table->n == 0) /* the fuzzer unloaded it */
		load_key(1);
	if (channel.out.cap > 1 << 20)
		buf_done(&channel.out);
	return 0;
}
