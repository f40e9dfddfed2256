/* The public face of revocation feeds; see mintmark/feed.h. Must never pass an unchecked option on. */
#include "mintmark/feed.h"

#include "verify/feed.h"
#include "verify/public.h"

/* Room for what is appended. */
enum { ISSUER_MAX = 1900, S_NS = 1000000000, PARTS = 3 };

static int read_options(const struct mintmark_feed_options *o, struct fetch_source *source, struct feed_timing *timing)
{
	uint32_t poll_s, max_age_s, entries;
	if (o->size != sizeof(*o) || (o->flags & ~(unsigned)MINTMARK_FEED_PLAIN_HTTP))
		return MINTMARK_ERROR_ARGUMENT;
	const struct public_number numbers[] = {
		{o->poll_s, 1, 30, 5, &poll_s},
		{o->max_age_s, 1, 86400, 60, &max_age_s},
		{o->timeout_ms, 1, 60000, 5000, &timing->timeout_ms},
		{o->skew_s, 1, 60, 10, &timing->skew_s},
		{o->entries_max, 1, 4194304, 131072, &entries},
	};
	if (!public_numbers_read(numbers, sizeof(numbers) / sizeof(numbers[0])))
		return MINTMARK_ERROR_ARGUMENT;
	timing->max_age_ns = (int64_t)max_age_s * S_NS;
	timing->poll_ns = (int64_t)poll_s * S_NS;
	if (timing->poll_ns > timing->max_age_ns / PARTS) /* two requests may fail before it is too old */
		timing->poll_ns = timing->max_age_ns / PARTS;
	timing->entries_max = entries;
	timing->now_ns = clock_mono_ns;
	timing->clock = &clock_system;
	source->url = str_of(o->url);
	source->plain_http = o->flags & MINTMARK_FEED_PLAIN_HTTP;
	source->ca_file = o->ca_file;
	return MINTMARK_OK;
}

int mintmark_feed_new(const char *issuer, mintmark_keyset *keyset, const struct mintmark_feed_options *options,
		      mintmark_feed **ret_feed)
{
	static const struct mintmark_feed_options defaults = {.size = sizeof(defaults)};
	struct fetch_source source = {.issuer = str_of(issuer)};
	struct feed_timing timing;
	if (!keyset || !ret_feed || source.issuer.len == 0 || source.issuer.len > ISSUER_MAX)
		return MINTMARK_ERROR_ARGUMENT;
	int rc = read_options(options ? options : &defaults, &source, &timing);
	if (rc < 0)
		return rc;
	if (source.url.len > ISSUER_MAX)
		return MINTMARK_ERROR_ARGUMENT;
	rc = feed_new(&source, keyset, &timing, ret_feed);
	if (rc == 0)
		return MINTMARK_OK;
	return rc == E_NOMEM ? MINTMARK_ERROR_MEMORY : MINTMARK_ERROR_SYSTEM;
}

int mintmark_feed_wait(mintmark_feed *feed, uint32_t timeout_ms)
{
	struct feed_state state;
	if (!feed)
		return MINTMARK_ERROR_ARGUMENT;
	if (timeout_ms > 0)
		feed_wait(feed, timeout_ms);
	feed_describe(feed, &state);
	return state.is_fresh ? MINTMARK_OK : fetch_error(state.last);
}

int mintmark_feed_explain(mintmark_feed *feed, char *ret_text, size_t size)
{
	struct feed_state state;
	struct buf out;
	char text[512];
	if (!feed || !ret_text || size == 0)
		return MINTMARK_ERROR_ARGUMENT;
	feed_describe(feed, &state);
	buf_init_fixed(&out, text, sizeof(text));
	feed_put_text(&state, &out);
	public_put_text(&out, ret_text, size);
	return MINTMARK_OK;
}

void mintmark_feed_free(mintmark_feed *feed) { feed_unref(feed); }
