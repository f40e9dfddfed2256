/*
 * A feed of an issuer on loopback, which signs its answers as the test says; and clocks that the test moves: the
 * machine's, our wall clock, and the issuer's.
 */
#ifndef TESTS_VERIFY_FEED_FIXTURE_H
#define TESTS_VERIFY_FEED_FIXTURE_H

#include "fixture.h"
#include "issuer.h"
#include "verify/feed.h"

#define AS "https://as"
#define FEED_HEADER "{\"alg\":\"ES256\",\"kid\":\"ES256\",\"typ\":\"revocations+jwt\"}"
static const char feed_ok[] = "HTTP/1.1 200 OK\r\nContent-Type: application/jwt\r\n";

enum { POLL_S = 5 };

static _Atomic int64_t mono_ns, wall_us, issuer_us;
static int64_t feed_mono_ns(void) { return atomic_load(&mono_ns); }
static int64_t feed_wall_us(const struct clock *clock)
{
	(void)clock;
	return atomic_load(&wall_us);
}
static const struct clock feed_clock = {.now_us = feed_wall_us};

/* What the issuer says to a question from `since`; slot 1 is for one question only, and may be held back. */
struct said {
	char id[16], entries[1024];
	int64_t since, seq;
	bool more;
};
static struct said said[2];
static bool has_second;
static atomic_bool held;

static struct issuer issuer;
static char feed_metadata[2048], feed_keys[4096];
static mintmark_keyset *keyset;
static struct mintmark_feed *feed;

/* In the issuer's thread. */
static void sign_answer(struct issuer *from, struct buf *out)
{
	struct sig_signer *signer = NULL;
	struct buf claims;
	int64_t since = strtoll(strchr(from->query, '=') + 1, NULL, 10), now_s = atomic_load(&issuer_us) / 1000000;
	pthread_mutex_lock(&from->lock);
	bool is_second = has_second && said[1].since == since;
	struct said s = said[is_second];
	pthread_mutex_unlock(&from->lock);
	while (is_second && atomic_load(&held) && !atomic_load(&from->ends))
		(void)poll(NULL, 0, 2);
	buf_init(&claims, 65536);
	buf_printf(&claims,
		   "{\"iss\":\"" AS "\",\"iat\":%lld,\"exp\":%lld,\"feed\":\"%s\",\"since\":%lld,\"seq\":%lld,"
		   "\"more\":%s,\"revocations\":[%s]}",
		   (long long)now_s, (long long)now_s + 300, s.id, (long long)s.since, (long long)s.seq,
		   s.more ? "true" : "false", s.entries);
	if (sig_signer_new(forge_keys[SIG_ES256], &signer) == 0)
		(void)!jws_emit(signer, STR(FEED_HEADER), buf_str(&claims), out);
	sig_signer_free(signer);
	buf_done(&claims);
}

static inline void answer_slot(int slot, struct said what)
{
	pthread_mutex_lock(&issuer.lock);
	said[slot] = what;
	has_second = slot == 1;
	issuer.pages[ISSUER_FEED] = (struct issuer_page){feed_ok, {0}, 1};
	pthread_mutex_unlock(&issuer.lock);
}

static inline struct said say(const char *id, int64_t since, int64_t seq, bool more, const char *entries)
{
	struct said what = {.since = since, .seq = seq, .more = more};
	snprintf(what.id, sizeof(what.id), "%s", id);
	snprintf(what.entries, sizeof(what.entries), "%s", entries);
	return what;
}

#define answer_as(id, since, seq, more, entries) answer_slot(0, say(id, since, seq, more, entries))
#define answer(since, seq, more, entries) answer_as("f", since, seq, more, entries)
/* To a question from exactly this `since`, and not before release(). */
#define hold(id, since, seq, more, entries)                                    \
	do {                                                                   \
		atomic_store(&held, true);                                     \
		answer_slot(1, say(id, since, seq, more, entries));            \
	} while (0)
#define release() atomic_store(&held, false)

/* These bytes, whatever is asked; they live on. */
static inline void answer_with(const char *head, struct str body)
{
	issuer_set(&issuer, ISSUER_FEED, (struct issuer_page){head, body.p ? body : STR(""), 1});
}

static inline struct feed_state state_of(void)
{
	struct feed_state state;
	feed_describe(feed, &state);
	return state;
}

static inline void after(uint64_t rounds)
{
	for (int i = 0; i < 30000 && state_of().rounds < rounds; i++)
		(void)poll(NULL, 0, 2);
	assert_true(state_of().rounds >= rounds);
}

static inline void move_mono(int64_t seconds)
{
	atomic_fetch_add(&mono_ns, seconds * 1000000000);
	feed_poke(feed);
}

/* All clocks go on, by as much as makes the feed ask; and its question has been answered. */
static inline void pass(int64_t seconds)
{
	uint64_t rounds = state_of().rounds;
	atomic_fetch_add(&wall_us, seconds * 1000000);
	atomic_fetch_add(&issuer_us, seconds * 1000000);
	move_mono(seconds);
	after(rounds + 1);
}

static inline void query(char ret_text[128])
{
	pthread_mutex_lock(&issuer.lock);
	memcpy(ret_text, issuer.query, 128);
	pthread_mutex_unlock(&issuer.lock);
}

static inline void until_query(const char *wanted)
{
	char text[128] = "";
	for (int i = 0; i < 30000 && strcmp(text, wanted) != 0; i++) {
		query(text);
		(void)poll(NULL, 0, 2);
	}
	assert_string_equal(text, wanted);
}

static inline int try_feed(int64_t max_age_s, size_t entries_max)
{
	const struct fetch_source source = {.issuer = STR(AS), .url = str_of(issuer.feed_url)};
	const struct feed_timing timing = {.poll_ns = POLL_S * INT64_C(1000000000),
					   .max_age_ns = max_age_s * INT64_C(1000000000),
					   .timeout_ms = 20000,
					   .skew_s = 10,
					   .entries_max = entries_max,
					   .now_ns = feed_mono_ns,
					   .clock = &feed_clock};
	return feed_new(&source, keyset, &timing, &feed);
}

static inline void start_feed_silently(int64_t max_age_s, size_t entries_max)
{
	atomic_store(&mono_ns, INT64_C(1000000000000));
	atomic_store(&wall_us, INT64_C(1500000000));
	atomic_store(&issuer_us, INT64_C(1500000000));
	assert_int_equal(try_feed(max_age_s, entries_max), 0);
}

static inline void start_feed(int64_t max_age_s, size_t entries_max)
{
	start_feed_silently(max_age_s, entries_max);
	after(1);
}

static inline void stop_feed(void)
{
	feed_unref(feed);
	feed = NULL;
}

/* A verifier that asks the feed. */
static inline mintmark_verifier *make_verifier(unsigned off)
{
	struct mintmark_policy policy = fixture_policy;
	mintmark_verifier *verifier;
	policy.off = off;
	policy.feed = feed;
	assert_int_equal(mintmark_verifier_new(&policy, keyset, &verifier), MINTMARK_OK);
	verifier->clock = &feed_clock;
	return verifier;
}

/* A token of this client and epoch for account a, whose account_epoch is 4. */
static inline struct str token_with(const char *jti, const char *client_id, int epoch)
{
	char claims[512];
	snprintf(claims, sizeof(claims),
		 "{\"iss\":\"" AS "\",\"aud\":\"api\",\"sub\":\"a\",\"client_id\":\"%s\",\"jti\":\"%s\",\"iat\":1000,"
		 "\"exp\":100000,\"scope\":\"read\",\"epoch\":%d,\"account_epoch\":4}",
		 client_id, jti, epoch);
	return token_of(HEADER("ES256"), claims);
}

static inline int feed_setup(void **state)
{
	struct buf text;
	if (forge_setup(state) < 0)
		return -1;
	buf_init_fixed(&text, feed_keys, sizeof(feed_keys) - 1);
	buf_put(&text, STR("{\"keys\":["));
	if (jwk_emit(forge_keys[SIG_ES256], STR("ES256"), &text) < 0)
		return -1;
	buf_put(&text, STR("]}"));
	return mintmark_keyset_parse(feed_keys, text.len, &keyset);
}

static inline int feed_teardown(void **state)
{
	mintmark_keyset_free(keyset);
	return forge_teardown(state);
}

static inline int start_issuer(void **state)
{
	(void)state;
	issuer_start(&issuer, str_of(feed_keys), feed_metadata, sizeof(feed_metadata));
	issuer.sign = sign_answer;
	return 0;
}

static inline int stop_issuer(void **state)
{
	(void)state;
	issuer_stop(&issuer);
	return 0;
}

#endif
