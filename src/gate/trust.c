/* Making the verifier from the gate's options; see trust.h. */
#include "gate/trust.h"

#include <errno.h>
#include <fcntl.h>

#include "ipc/frame.h"
#include "verify/feed.h"
#include "verify/keyset.h"
#include "verify/verifier.h"

enum { JWKS_MAX = 262144, CACHE_TOKENS = 16384 };

static int fail(struct buf *ret_why, const char *what, int error)
{
	buf_printf(ret_why, "%s: %s", what, mintmark_error_text(error));
	return error == MINTMARK_ERROR_MEMORY ? E_NOMEM : E_CONFIG;
}

static int read_set(const char *path, mintmark_keyset **ret_keyset, struct buf *ret_why)
{
	_cleanup_(buf_done) struct buf text;
	_cleanup_(frame_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	buf_init(&text, JWKS_MAX);
	if (fd < 0 || buf_read(&text, fd) < 0) {
		buf_printf(ret_why, "%s: %s", path, fd < 0 ? strerror(errno) : "can not be read");
		return E_CONFIG;
	}
	int error = mintmark_keyset_parse(text.p, text.len, ret_keyset);
	return error < 0 ? fail(ret_why, path, error) : 0;
}

static int fetch_set(const struct gate_options *options, mintmark_keyset **ret_keyset, struct buf *ret_why)
{
	const struct mintmark_keyset_options keyset = {
		.size = sizeof(keyset),
		.flags = options->plain_http ? MINTMARK_KEYSET_PLAIN_HTTP : 0,
		.ca_file = options->ca_file,
	};
	int error = mintmark_keyset_discover(options->issuer, &keyset, ret_keyset);
	return error < 0 ? fail(ret_why, options->issuer, error) : 0;
}

static int follow_feed(struct trust *trust, const struct gate_options *options, struct buf *ret_why)
{
	const struct mintmark_feed_options feed = {
		.size = sizeof(feed),
		.max_age_s = options->revocation_age_s,
		.flags = options->plain_http ? MINTMARK_FEED_PLAIN_HTTP : 0,
		.ca_file = options->ca_file,
	};
	if (options->revocation == GATE_REVOCATION_OFF)
		return 0;
	int error = mintmark_feed_new(options->issuer, trust->keyset, &feed, &trust->feed);
	return error < 0 ? fail(ret_why, "the revocation feed", error) : 0;
}

static unsigned switches(const struct gate_options *options)
{
	static const unsigned revocation[] = {
		[GATE_REVOCATION_CLOSED] = 0,
		[GATE_REVOCATION_OPEN] = MINTMARK_OFF_REVOCATION_AGE,
		[GATE_REVOCATION_OFF] = MINTMARK_OFF_REVOCATION,
	};
	return revocation[options->revocation] | (options->algorithms ? 0U : (unsigned)MINTMARK_OFF_ALGORITHMS);
}

int trust_init(struct trust *trust, const struct gate_options *options, struct buf *ret_why)
{
	TRY(options->jwks_file ? read_set(options->jwks_file, &trust->keyset, ret_why)
			       : fetch_set(options, &trust->keyset, ret_why));
	TRY(follow_feed(trust, options, ret_why));
	const struct mintmark_policy policy = {
		.size = sizeof(policy),
		.issuer = options->issuer,
		.audience = options->audience,
		.algorithms = options->algorithms,
		.off = switches(options),
		.skew_s = options->skew_s,
		.cache_tokens = CACHE_TOKENS,
		.feed = trust->feed,
	};
	int error = mintmark_verifier_new(&policy, trust->keyset, &trust->verifier);
	return error < 0 ? fail(ret_why, "the verifier", error) : 0;
}

void trust_done(struct trust *trust)
{
	mintmark_verifier_free(trust->verifier);
	mintmark_feed_free(trust->feed);
	mintmark_keyset_free(trust->keyset);
}

int trust_check(struct trust *trust, struct str token, bool may_block, enum mintmark_verdict *ret_verdict,
		mintmark_token **ret_token)
{
	if (!may_block)
		return verifier_check_nowait(trust->verifier, token, NULL, ret_verdict, ret_token);
	*ret_verdict = mintmark_verifier_check(trust->verifier, token.p, token.len, NULL, ret_token);
	return 0;
}

void trust_put_state(const struct trust *trust, struct buf *out)
{
	struct keyset_state keys;
	struct feed_state feed;
	keyset_describe(trust->keyset, &keys);
	keyset_put_text(&keys, out);
	if (!trust->feed)
		return;
	feed_describe(trust->feed, &feed);
	buf_put_char(out, ' ');
	feed_put_text(&feed, out);
}

uint64_t trust_fetches(const struct trust *trust)
{
	struct keyset_state state;
	keyset_describe(trust->keyset, &state);
	return state.fetches;
}
