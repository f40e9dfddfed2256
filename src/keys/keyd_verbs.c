/* keyd's verbs but SIGN, and the table that says who may say what; see keyd_verbs.h. Messages: proto.h. */
#include "keys/keyd_verbs.h"

#include "base/log.h"
#include "ipc/frame.h"

enum { EVERYBODY = KEYD_LOOP | KEYD_POOL | KEYD_CONTROL, BLOCKING = KEYD_POOL | KEYD_CONTROL, BUF_KEEP = 64 * 1024 };

/*
 * What SEAL and OPEN may be used for. "key" must never be here: sealed signing keys are opened by LOAD alone, and
 * stay inside.
 */
static const char *const purposes[] = {"session", "totp", "upstream"};

static bool is_purpose(struct str name)
{
	for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++)
		if (str_eq(name, str_of(purposes[i])))
			return true;
	return false;
}

/* Begin a str32 whose length is not known yet; end_text fills it in. */
static size_t begin_text(struct buf *out)
{
	buf_put_u32be(out, 0);
	return out->len;
}

static void end_text(struct buf *out, size_t start)
{
	size_t len = out->len - start;
	if (buf_status(out) < 0)
		return;
	for (unsigned i = 0; i < 4; i++)
		out->p[start - 4 + i] = (char)(unsigned char)(len >> (8 * (3 - i)));
}

/* What a failure means to the caller: refused, our fault, or (no memory) the end of the connection. */
static int settle(int rc, enum proto_status *ret_status)
{
	if (rc == E_NOMEM)
		return rc;
	if (rc < 0)
		*ret_status = rc == E_CRYPTO || rc == E_RANDOM ? PROTO_FAILED : PROTO_REFUSED;
	return 0;
}

static int public_keys(struct keyd_channel *channel, struct cur *body, struct buf *out, enum proto_status *ret_status)
{
	(void)ret_status;
	TRY(cur_end(body));
	size_t start = begin_text(out);
	keyring_view_jwks(&channel->view, out);
	end_text(out, start);
	return 0;
}

static int generate(struct keyd_channel *channel, struct cur *body, struct buf *out, enum proto_status *ret_status)
{
	_cleanup_(buf_done) struct buf jwk, sealed;
	struct str name;
	buf_init(&jwk, PROTO_JWK_MAX);
	buf_init(&sealed, PROTO_SEALED_MAX);
	TRY(cur_str16(body, PROTO_ALG_MAX, &name));
	TRY(cur_end(body));
	enum sig_alg alg = sig_alg_find(name);
	int rc = alg == SIG_NONE ? E_SYNTAX : keyring_generate(channel->state->master, alg, &jwk, &sealed);
	buf_put_str32(out, buf_str(&jwk));
	buf_put_str32(out, buf_str(&sealed));
	return settle(rc, ret_status);
}

static int load(struct keyd_channel *channel, struct cur *body, struct buf *out, enum proto_status *ret_status)
{
	struct str sealed;
	TRY(cur_str16(body, PROTO_SEALED_MAX, &sealed));
	TRY(cur_end(body));
	size_t start = begin_text(out);
	int rc = keyring_load(&channel->state->ring, channel->state->master, sealed, out);
	end_text(out, start);
	return settle(rc, ret_status);
}

static int unload(struct keyd_channel *channel, struct cur *body, struct buf *out, enum proto_status *ret_status)
{
	struct str kid;
	(void)out;
	TRY(cur_str16(body, PROTO_KID_MAX, &kid));
	TRY(cur_end(body));
	int rc = keyring_unload(&channel->state->ring, kid);
	if (rc == E_ABSENT) {
		*ret_status = PROTO_NO_KEY;
		return 0;
	}
	return settle(rc, ret_status);
}

static int seal(struct keyd_channel *channel, struct cur *body, struct buf *out, enum proto_status *ret_status)
{
	struct str purpose, plain;
	TRY(cur_str16(body, PROTO_PURPOSE_MAX, &purpose));
	TRY(cur_str16(body, PROTO_SECRET_MAX, &plain));
	TRY(cur_end(body));
	size_t start = begin_text(out);
	int rc = is_purpose(purpose) ? seal_close(channel->state->master, purpose, STR(""), secret_of(plain), out)
				     : E_SYNTAX;
	end_text(out, start);
	return settle(rc, ret_status);
}

static int open_sealed(struct keyd_channel *channel, struct cur *body, struct buf *out, enum proto_status *ret_status)
{
	struct str purpose, sealed;
	TRY(cur_str16(body, PROTO_PURPOSE_MAX, &purpose));
	TRY(cur_str16(body, PROTO_SEALED_MAX, &sealed));
	TRY(cur_end(body));
	size_t start = begin_text(out);
	int rc = is_purpose(purpose) ? seal_open(channel->state->master, purpose, STR(""), sealed, out) : E_SYNTAX;
	end_text(out, start);
	return settle(rc, ret_status);
}

/*
 * The permission table. Every row says its callers itself: a new verb is nobody's until somebody writes down whose it
 * is. Which keys there are is decided on one thread of the server, so it has the only channel that may change it.
 */
static const struct keyd_verb verbs[PROTO_VERBS] = {
	[PROTO_SIGN] =     {"SIGN",     PROTO_REQUEST_MAX - PROTO_HEAD,                   EVERYBODY, keyd_sign},
	[PROTO_PUBLIC] =   {"PUBLIC",   0,                                                EVERYBODY, public_keys},
	[PROTO_GENERATE] = {"GENERATE", 2 + PROTO_ALG_MAX,                                KEYD_CONTROL, generate},
	[PROTO_LOAD] =     {"LOAD",     2 + PROTO_SEALED_MAX,                             KEYD_CONTROL, load},
	[PROTO_UNLOAD] =   {"UNLOAD",   2 + PROTO_KID_MAX,                                KEYD_CONTROL, unload},
	[PROTO_SEAL] =     {"SEAL",     2 + PROTO_PURPOSE_MAX + 2 + PROTO_SECRET_MAX,     BLOCKING, seal},
	[PROTO_OPEN] =     {"OPEN",     2 + PROTO_PURPOSE_MAX + 2 + PROTO_SEALED_MAX,     BLOCKING, open_sealed},
};

const struct keyd_verb *keyd_verbs_row(unsigned verb)
{
	return verb < PROTO_VERBS && verbs[verb].handler ? &verbs[verb] : NULL;
}

void keyd_channel_init(struct keyd_channel *channel, struct keyd_state *state, enum keyd_caller caller)
{
	*channel = (struct keyd_channel){.state = state, .caller = caller};
	keyring_view_init(&channel->view, &state->ring);
	buf_init(&channel->out, PROTO_REPLY_MAX + FRAME_HEAD);
}

void keyd_channel_done(struct keyd_channel *channel)
{
	keyring_view_done(&channel->view);
	buf_done(&channel->out);
}

int keyd_verbs_handle(struct keyd_channel *channel, struct str request)
{
	struct cur cur = cur_of(request);
	enum proto_status status = PROTO_OK;
	struct buf *out = &channel->out;
	unsigned verb;
	uint32_t seq;
	TRY(proto_get_head(&cur, &verb, &seq));
	const struct keyd_verb *row = keyd_verbs_row(verb);
	if (!row || !(row->callers & channel->caller))
		return E_SYNTAX;
	if (cur.left > row->max)
		return E_LIMIT;
	keyring_view_refresh(&channel->view);
	buf_reset(out);
	frame_begin(out);
	proto_put_reply_head(out, (enum proto_verb)verb, status, seq);
	TRY(row->handler(channel, &cur, out, &status));
	if (status != PROTO_OK) { /* whatever the handler wrote does not leave */
		LOG(LOG_WARN, "keyd_refused", F("verb", row->name), F("status", (int)status));
		buf_reset(out);
		frame_begin(out);
		proto_put_reply_head(out, (enum proto_verb)verb, status, seq);
	}
	return frame_end(out);
}

/* Answer what stands in in. */
static int serve_gathered(struct keyd_channel *channel, int fd, struct buf *in)
{
	struct str request;
	for (;;) {
		int rc = frame_peek(in, PROTO_REQUEST_MAX, &request);
		if (rc == E_WOULD_BLOCK)
			return 0;
		TRY(rc);
		TRY(keyd_verbs_handle(channel, request));
		secret_wipe((void *)(uintptr_t)request.p, request.len);
		frame_drop(in);
		TRY(frame_write(fd, buf_str(&channel->out), -1));
		secret_wipe(channel->out.p, channel->out.len);
		if (channel->out.cap > BUF_KEEP)
			buf_done(&channel->out);
	}
}

int keyd_verbs_serve(struct keyd_channel *channel, int fd)
{
	_cleanup_(buf_done) struct buf in;
	buf_init(&in, PROTO_REQUEST_MAX + FRAME_HEAD);
	for (;;) {
		if (in.len == 0 && in.cap > BUF_KEEP)
			buf_done(&in);
		int rc = frame_feed(fd, PROTO_REQUEST_MAX, true, &in);
		if (rc == E_ABSENT)
			return 0;
		TRY(rc);
		TRY(serve_gathered(channel, fd, &in));
	}
}
