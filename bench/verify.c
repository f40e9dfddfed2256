/*
 * What checking a token costs, for `make bench`: one thread, warm keys, CPU microseconds per token as the median of
 * rounds in which the competitors take turns. Prints a table. Usage: verify [ROUNDS]; verify subjects: a token and its
 * key of each algorithm for bench/jose.mjs.
 *
 *   raw EVP verify   SHA-256 and EVP_PKEY_verify with everything kept: the least that a signature costs
 *   EVP_DigestVerify what OpenSSL's manual shows: a context per message, the key kept
 *   mintmark         form, algorithm, key, signature, typ, iss, aud, times, claims, revocation (300 entries), scopes
 *   others           signature only, as their manuals show it; those that keep no key parse it each time
 */
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#ifdef HAVE_LIBJWT
#include <jwt.h>
#endif
#ifdef HAVE_JOSE
#include <jansson.h>
#endif
#ifdef HAVE_RHONABWY
#include <rhonabwy.h>
#endif

static void must(_Bool holds, const char *what);
#define assert_int_equal(a, b) must((a) == (b), #a)

#include "../tests/unit/jose/forge.h"
#include "../tests/unit/verify/issuer.h"
#include "base/clock.h"
#include "crypto/digest.h"
#include "crypto/sig_key.h"
#include "mintmark/verify.h"

enum { ROUNDS_MAX = 99, TEXT_MAX = 8192 };

/* libjwt takes no other typ. */
#ifdef HAVE_LIBJWT
#define TYP "JWT"
static const unsigned switched_off = MINTMARK_OFF_TYP;
#else
#define TYP "at+jwt"
static const unsigned switched_off = 0;
#endif

/* One algorithm's token and key in every form that somebody needs. */
struct subject {
	enum sig_alg alg;
	struct str token, input;
	unsigned char sig[SIG_MAX]; /* as OpenSSL takes it */
	size_t sig_len;
	EVP_PKEY *pkey;
	EVP_MD *md;
	EVP_PKEY_CTX *kept;
	mintmark_verifier *fresh, *caching, *unasked; /* unasked: without revocation */
	char jwk[TEXT_MAX], pem[TEXT_MAX];
	void *peer; /* what a peer keeps */
};

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "bench/verify: %s failed\n", what);
	exit(1);
}

static void run_raw(struct subject *s)
{
	unsigned char digest[SHA256_LEN];
	must(digest_sha256(s->input, digest) == 0 &&
		     EVP_PKEY_verify(s->kept, s->sig, s->sig_len, digest, sizeof(digest)) == 1,
	     "EVP_PKEY_verify");
}

static void run_digest_verify(struct subject *s)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	must(ctx && EVP_DigestVerifyInit(ctx, NULL, s->md, NULL, s->pkey) == 1 &&
		     EVP_DigestVerify(ctx, s->sig, s->sig_len, (const unsigned char *)s->input.p, s->input.len) == 1,
	     "EVP_DigestVerify");
	EVP_MD_CTX_free(ctx);
}

static void check(mintmark_verifier *verifier, const struct subject *s)
{
	mintmark_token *token;
	must(mintmark_verifier_check(verifier, s->token.p, s->token.len, "measurements:read", &token) ==
		     MINTMARK_VERDICT_VALID,
	     "mintmark");
	mintmark_token_free(token);
}

static void run_fresh(struct subject *s) { check(s->fresh, s); }
static void run_cached(struct subject *s) { check(s->caching, s); }
static void run_unasked(struct subject *s) { check(s->unasked, s); }

#ifdef HAVE_LIBJWT
static void run_libjwt(struct subject *s)
{
	jwt_t *jwt = NULL;
	must(jwt_decode(&jwt, s->token.p, (const unsigned char *)s->pem, (int)strlen(s->pem)) == 0, "libjwt");
	jwt_free(jwt);
}
#endif

#ifdef HAVE_JOSE
/* Its header has the name of one of ours. */
bool jose_jws_ver(void *cfg, const json_t *jws, const json_t *sig, const json_t *jwk, bool all);

static void run_jose(struct subject *s)
{
	struct str header, payload, sig;
	must(str_cut(s->token, '.', &header, &payload) && str_cut(payload, '.', &payload, &sig), "cutting");
	if (!s->peer)
		s->peer = json_loads(s->jwk, 0, NULL);
	json_t *jws = json_pack("{s:s%,s:s%,s:s%}", "protected", header.p, header.len, "payload", payload.p,
				payload.len, "signature", sig.p, sig.len);
	must(jose_jws_ver(NULL, jws, NULL, s->peer, false), "libjose");
	json_decref(jws);
}
#endif

#ifdef HAVE_RHONABWY
static void run_rhonabwy(struct subject *s)
{
	jwt_t *jwt = NULL;
	jwk_t *jwk = s->peer;
	if (!jwk)
		must(r_jwk_init(&jwk) == RHN_OK && r_jwk_import_from_json_str(jwk, s->jwk) == RHN_OK, "rhonabwy's key");
	s->peer = jwk;
	must(r_jwt_init(&jwt) == RHN_OK && r_jwt_parse(jwt, s->token.p, 0) == RHN_OK &&
		     r_jwt_verify_signature(jwt, jwk, 0) == RHN_OK,
	     "rhonabwy");
	r_jwt_free(jwt);
}
#endif

static const struct competitor {
	const char *name;
	void (*run)(struct subject *);
} competitors[] = {
	{"raw EVP verify", run_raw},
	{"EVP_DigestVerify", run_digest_verify},
	{"**mintmark, warm key**", run_fresh},
	{"**mintmark, kept token**", run_cached},
	{"mintmark, kept token, revocation off", run_unasked},
#ifdef HAVE_LIBJWT
	{"libjwt (signature only)", run_libjwt},
#endif
#ifdef HAVE_JOSE
	{"libjose (signature only)", run_jose},
#endif
#ifdef HAVE_RHONABWY
	{"rhonabwy (signature only)", run_rhonabwy},
#endif
};
enum { COMPETITORS = sizeof(competitors) / sizeof(competitors[0]) };

#define ISSUER "http://127.0.0.1:8080"
static struct issuer issuer;

/* In the issuer's thread. */
static void sign_feed(struct issuer *from, struct buf *out)
{
	static const char header[] = "{\"alg\":\"ES256\",\"kid\":\"ES256\",\"typ\":\"revocations+jwt\"}";
	struct sig_signer *signer = NULL;
	long long now_s = (long long)clock_now_s(&clock_system);
	struct buf claims;
	(void)from;
	buf_init(&claims, 65536);
	buf_printf(&claims,
		   "{\"iss\":\"" ISSUER "\",\"iat\":%lld,\"exp\":%lld,\"feed\":\"f\",\"since\":0,\"seq\":300,"
		   "\"more\":false,\"revocations\":[",
		   now_s, now_s + 300);
	for (int i = 1; i <= 300; i++)
		buf_printf(&claims, "%s{\"seq\":%d,\"client_id\":\"c%d\",\"epoch\":1,\"until\":%lld}",
			   i > 1 ? "," : "", i, i, now_s + 86400);
	buf_put(&claims, STR("]}"));
	must(sig_signer_new(forge_keys[SIG_ES256], &signer) == 0 &&
		     jws_emit(signer, str_of(header), buf_str(&claims), out) == 0,
	     "a feed");
	sig_signer_free(signer);
	buf_done(&claims);
}

static void start_issuer(void)
{
	static char metadata[512];
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: application/jwt\r\n";
	issuer_start(&issuer, STR("{}"), metadata, sizeof(metadata));
	issuer.sign = sign_feed;
	issuer_set(&issuer, ISSUER_FEED, (struct issuer_page){head, {0}, 1});
}

static mintmark_feed *make_feed(void)
{
	mintmark_keyset *keyset;
	mintmark_feed *feed;
	struct mintmark_feed_options options = {
		.size = sizeof(options), .url = issuer.feed_url, .poll_s = 30, .max_age_s = 3600};
	char set[TEXT_MAX];
	struct buf text;
	buf_init_fixed(&text, set, sizeof(set));
	buf_put(&text, STR("{\"keys\":["));
	must(jwk_emit(forge_keys[SIG_ES256], STR("ES256"), &text) == 0, "a JWK");
	buf_put(&text, STR("]}"));
	must(mintmark_keyset_parse(set, text.len, &keyset) == 0, "a key set");
	must(mintmark_feed_new(ISSUER, keyset, &options, &feed) == 0 && mintmark_feed_wait(feed, 20000) == 0, "a feed");
	mintmark_keyset_free(keyset);
	return feed;
}

static mintmark_verifier *make_verifier(mintmark_keyset *keyset, mintmark_feed *feed, unsigned off)
{
	mintmark_verifier *verifier;
	struct mintmark_policy policy = {.size = sizeof(policy),
					 .issuer = ISSUER,
					 .audience = "https://api.example.com/measurements",
					 .algorithms = "ES256 RS256",
					 .off = switched_off | off,
					 .feed = feed};
	must(mintmark_verifier_new(&policy, keyset, &verifier) == 0, "a verifier");
	return verifier;
}

static void make_token(struct subject *s)
{
	char header[256], claims[1024];
	long long now_s = (long long)clock_now_s(&clock_system);
	const char *name = sig_alg_row(s->alg)->name;
	snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"typ\":\"" TYP "\",\"kid\":\"%s\"}", name, name);
	snprintf(claims, sizeof(claims),
		 "{\"iss\":\"http://127.0.0.1:8080\",\"sub\":\"mmc_0123456789ABCDEFGHIJKL\","
		 "\"aud\":\"https://api.example.com/measurements\",\"exp\":%lld,\"iat\":%lld,"
		 "\"jti\":\"0123456789012345678901\",\"client_id\":\"mmc_0123456789ABCDEFGHIJKL\","
		 "\"scope\":\"measurements:read measurements:write\"}",
		 now_s + 3600, now_s);
	s->token = forge_token(s->alg, str_of(header), str_of(claims)); /* a NUL stands behind it */
	s->input = s->token;
	while (s->input.p[s->input.len - 1] != '.')
		s->input.len--;
	s->input.len--;
}

static void make_keys(struct subject *s, mintmark_feed *feed)
{
	char set[TEXT_MAX];
	struct buf jwk;
	mintmark_keyset *keyset;
	BIO *bio = BIO_new(BIO_s_mem());
	buf_init_fixed(&jwk, s->jwk, sizeof(s->jwk) - 1);
	must(jwk_emit(forge_keys[s->alg], str_of(sig_alg_row(s->alg)->name), &jwk) == 0, "a JWK");
	int len = snprintf(set, sizeof(set), "{\"keys\":[%s]}", s->jwk);
	must(mintmark_keyset_parse(set, (size_t)len, &keyset) == 0, "a key set");
	s->fresh = make_verifier(keyset, feed, MINTMARK_OFF_CACHE);
	s->caching = make_verifier(keyset, feed, 0);
	s->unasked = make_verifier(keyset, NULL, MINTMARK_OFF_REVOCATION);
	mintmark_keyset_free(keyset);
	s->pkey = forge_keys[s->alg]->pkey;
	must(bio && PEM_write_bio_PUBKEY(bio, s->pkey) == 1 && BIO_read(bio, s->pem, sizeof(s->pem) - 1) > 0, "PEM");
	BIO_free(bio);
}

/* A signature of our own over the token's text: ECDSA's DER is not in the token. */
static void make_raw(struct subject *s)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	s->md = EVP_MD_fetch(NULL, "SHA256", NULL);
	s->sig_len = sizeof(s->sig);
	must(ctx && s->md && EVP_DigestSignInit(ctx, NULL, s->md, NULL, s->pkey) == 1 &&
		     EVP_DigestSign(ctx, s->sig, &s->sig_len, (const unsigned char *)s->input.p, s->input.len) == 1,
	     "signing");
	EVP_MD_CTX_free(ctx);
	s->kept = EVP_PKEY_CTX_new_from_pkey(NULL, s->pkey, NULL);
	must(s->kept && EVP_PKEY_verify_init(s->kept) == 1 && EVP_PKEY_CTX_set_signature_md(s->kept, s->md) == 1,
	     "a context");
}

static double cpu_us(void)
{
	struct timespec now;
	must(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0, "the clock");
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double measure(const struct competitor *competitor, struct subject *s)
{
	enum { N = 1000 };
	double start = cpu_us();
	for (int i = 0; i < N; i++)
		competitor->run(s);
	return (cpu_us() - start) / N;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void bench(enum sig_alg alg, int rounds, mintmark_feed *feed)
{
	static double us[COMPETITORS][ROUNDS_MAX];
	static struct subject subjects[COMPETITORS];
	for (size_t c = 0; c < COMPETITORS; c++) {
		subjects[c] = (struct subject){.alg = alg};
		make_token(&subjects[c]);
		make_keys(&subjects[c], feed);
		make_raw(&subjects[c]);
		(void)measure(&competitors[c], &subjects[c]);
	}
	for (int r = 0; r < rounds; r++)
		for (size_t c = 0; c < COMPETITORS; c++)
			us[c][r] = measure(&competitors[c], &subjects[c]);
	printf("| %s, %zu bytes | CPU µs per token | × raw | × EVP_DigestVerify |\n|---|---|---|---|\n",
	       sig_alg_row(alg)->name, subjects[0].token.len);
	for (size_t c = 0; c < COMPETITORS; c++)
		qsort(us[c], (size_t)rounds, sizeof(double), compare);
	for (size_t c = 0; c < COMPETITORS; c++)
		printf("| %s | %.2f | %.2f | %.2f |\n", competitors[c].name, us[c][rounds / 2],
		       us[c][rounds / 2] / us[0][rounds / 2], us[c][rounds / 2] / us[1][rounds / 2]);
	putchar('\n');
}

static void print_subject(enum sig_alg alg)
{
	struct subject s = {.alg = alg};
	char text[TEXT_MAX];
	struct buf jwk;
	make_token(&s);
	buf_init_fixed(&jwk, text, sizeof(text));
	must(jwk_emit(forge_keys[alg], str_of(sig_alg_row(alg)->name), &jwk) == 0, "a JWK");
	printf("{\"alg\":\"%s\",\"token\":\"%.*s\",\"jwk\":%.*s}\n", sig_alg_row(alg)->name, STR_ARG(s.token),
	       STR_ARG(buf_str(&jwk)));
}

int main(int argc, char **argv)
{
	uint64_t rounds = 15;
	if (argc > 1 && strcmp(argv[1], "subjects") == 0) {
		must(forge_setup(NULL) == 0, "keys");
		print_subject(SIG_ES256);
		print_subject(SIG_RS256);
		return 0;
	}
	if (argc > 1 && (str_to_u64(str_of(argv[1]), ROUNDS_MAX, &rounds) < 0 || rounds == 0))
		return 2;
	must(forge_setup(NULL) == 0, "keys");
#ifdef HAVE_RHONABWY
	must(r_global_init() == RHN_OK, "rhonabwy");
#endif
	start_issuer();
	mintmark_feed *feed = make_feed();
	bench(SIG_ES256, (int)rounds, feed);
	bench(SIG_RS256, (int)rounds, feed);
	mintmark_feed_free(feed);
	issuer_stop(&issuer);
	return 0;
}
