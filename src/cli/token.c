/*
 * mintmark verify and mintmark inspect. RFC 7515 3.1 (form), RFC 8414 3 (discovery), RFC 9068 4 (what is checked).
 * Revocation is asked for wherever keys are: an issuer without a feed is switched off by name.
 * A token may come by standard input, so that it need not stand in argv, where every process of the machine sees it.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/enc.h"
#include "cli/cli.h"
#include "cli/files.h"
#include "cli/print.h"
#include "mintmark/error.h"
#include "verify/feed.h"
#include "verify/fetch.h"
#include "verify/verify.h"

enum { TOKEN_MAX = 65536, FETCH_MS = 10000, ARENA_MAX = 1 << 20, TEXT_MAX = 1 << 18 };
enum { FEED_SKEW_S = 60, FEED_ENTRIES_MAX = 1 << 20 };
#define FEED_POLL_NS INT64_C(5000000000)
#define FEED_AGE_NS INT64_C(60000000000)

static struct str trim(struct str text)
{
	while (text.len > 0 && strchr(" \t\r\n", text.p[text.len - 1]))
		text.len--;
	while (text.len > 0 && strchr(" \t\r\n", text.p[0]))
		text = (struct str){text.p + 1, text.len - 1};
	return text;
}

/* The operand, or standard input for "-". mem keeps it. Exit status. */
static int read_token(const char *operand, struct buf *mem, struct str *ret_token)
{
	if (strcmp(operand, "-") != 0)
		buf_put(mem, str_of(operand));
	else if (files_read("/dev/stdin", mem) < 0)
		return args_fail(EXIT_FAILED, "standard input can not be read, or is longer than any token");
	if (buf_status(mem) < 0)
		return args_fail(EXIT_FAILED, "that is longer than any token");
	*ret_token = trim(buf_str(mem));
	return EXIT_OK;
}

/* A segment of base64url JSON. E_SYNTAX, E_LIMIT, E_NOMEM. */
static int decode_segment(struct str segment, struct json **ret_doc)
{
	_cleanup_(buf_done) struct buf json;
	size_t len;
	buf_init(&json, TOKEN_MAX);
	char *room = buf_reserve(&json, segment.len + 1);
	if (!room)
		return buf_status(&json);
	TRY(enc_b64url_decode(segment, room, segment.len + 1, &len));
	return json_parse_object(str_mem(room, len), ret_doc);
}

/* Header and claims as they stand there; nobody vouches for them. */
static int decode(struct str token, struct json **ret_header, struct json **ret_claims)
{
	struct str header, payload, rest;
	if (!str_cut(token, '.', &header, &rest) || !str_cut(rest, '.', &payload, &rest))
		return E_SYNTAX;
	TRY(decode_segment(header, ret_header));
	return decode_segment(payload, ret_claims);
}

static void print_decoded(const struct json *header, const struct json *claims, bool as_json)
{
	_cleanup_(buf_done) struct buf text;
	buf_init(&text, TEXT_MAX);
	if (!as_json) {
		puts("NOT VERIFIED: anybody can write such a token. To check it: mintmark verify.\n\nHeader");
		print_object(header);
		puts("\nClaims");
		print_object(claims);
		return;
	}
	buf_put(&text, STR("{\"verified\":false,\"header\":"));
	json_dump(header, &text);
	buf_put(&text, STR(",\"claims\":"));
	json_dump(claims, &text);
	printf("%.*s}\n", STR_ARG(buf_str(&text)));
}

int token_inspect(struct cli *cli)
{
	_cleanup_(buf_done) struct buf mem;
	_cleanup_(json_freep) struct json *header = NULL, *claims = NULL;
	struct str token;
	buf_init(&mem, TOKEN_MAX);
	int status = read_token(cli->operands[0], &mem, &token);
	if (status != EXIT_OK)
		return status;
	if (decode(token, &header, &claims) < 0)
		return args_fail(EXIT_FAILED, "that is no JSON Web Token: header.payload.signature");
	print_decoded(header, claims, cli->json);
	return EXIT_OK;
}

/* One run of verify. What the operator did not say is not checked, and the report says so. */
struct verification {
	struct verify_policy policy;
	struct jwks *keys;
	struct json *claims; /* of a valid token */
	struct arena arena;
	struct verify_report report;
	bool asks_feed, feed_may_be_missing; /* --revocation */
	bool feed_was_asked;
	struct buf feed_text; /* why the feed refuses; empty: it doesn't */
	enum fetch_cause feed_cause;
};

/* How much of the blame is the network's. */
static int status_of(enum fetch_cause cause)
{
	int error = fetch_error(cause);
	return error == MINTMARK_ERROR_NETWORK || error == MINTMARK_ERROR_STATUS || error == MINTMARK_ERROR_TIMEOUT ||
			       error == MINTMARK_ERROR_REFUSED
		       ? EXIT_UNREACHABLE
		       : EXIT_FAILED;
}

/* The issuer stands in the command line, so it may be reached by plain http; what its metadata name may not. */
static int fetch_set(struct str issuer, struct jwks **ret_keys)
{
	const struct fetch_source source = {.issuer = issuer, .timeout_ms = FETCH_MS, .plain_http = true};
	struct fetch_result result;
	const char *what;
	enum fetch_cause cause = fetch_keys(&source, &result, &what);
	if (cause != FETCH_DONE)
		return args_fail(status_of(cause), "the %s of %.*s %s", what, STR_ARG(issuer), fetch_text(cause));
	*ret_keys = result.jwks;
	return EXIT_OK;
}

static bool is_loopback(struct str host)
{
	static const char digits[] = "0123456789.";
	if (str_eq(host, STR("localhost")) || str_eq(host, STR("[::1]")))
		return true;
	for (size_t i = 0; i < host.len; i++)
		if (!memchr(digits, host.p[i], sizeof(digits) - 1))
			return false;
	return str_has_prefix(host, STR("127."));
}

/* Whoever is on the way can put his own keys into an answer over plain http. */
static void warn_in_clear(struct str issuer)
{
	struct str scheme = STR("http://");
	if (!str_has_prefix(issuer, scheme))
		return;
	struct str host = {issuer.p + scheme.len, issuer.len - scheme.len};
	size_t len = 0;
	bool bracket = host.len > 0 && host.p[0] == '[';
	while (len < host.len && !strchr(bracket ? "]/?#" : ":/?#", host.p[len]))
		len++;
	host.len = bracket && len < host.len ? len + 1 : len;
	if (!is_loopback(host))
		fputs("mintmark: warning: the keys come over plain http; anybody on the way can replace them.\n",
		      stderr);
}

static int load_keys(struct cli *cli, struct verification *run)
{
	_cleanup_(buf_done) struct buf text;
	const char *path = cli_value(cli, OPT_JWKS);
	buf_init(&text, FETCH_DOCUMENT_MAX);
	if (!path) {
		warn_in_clear(run->policy.issuer);
		return fetch_set(run->policy.issuer, &run->keys);
	}
	if (files_read(path, &text) < 0)
		return args_fail(EXIT_FAILED, "%s can not be read", path);
	if (jwks_parse(buf_str(&text), FETCH_DOCUMENT_MAX, &run->keys) < 0)
		return args_fail(EXIT_FAILED, "the key set is not one of RFC 7517");
	return EXIT_OK;
}

static int read_algs(const struct cli_values *values, unsigned *ret_algs)
{
	unsigned algs = values->n > 0 ? 0 : JWK_ALGS_ALL;
	for (unsigned i = 0; i < values->n; i++) {
		enum sig_alg alg = sig_alg_find(str_of(values->v[i]));
		if (alg == SIG_NONE)
			return args_fail(EXIT_USAGE, "--alg: '%s' is none of ES256, ES384, RS256, PS256, EdDSA",
					 values->v[i]);
		algs |= JWK_ALG(alg);
	}
	*ret_algs = algs;
	return EXIT_OK;
}

/* --scope "a b" --scope c */
static int read_scopes(const struct cli_values *values, struct arena *arena, struct str_list *ret_scopes)
{
	size_t room = 1;
	for (unsigned i = 0; i < values->n; i++)
		room += strlen(values->v[i]) + 1;
	struct str_list scopes = {arena_array(arena, room, sizeof(struct str)), 0};
	if (!scopes.v)
		return args_fail_code(E_NOMEM, "verify");
	for (unsigned i = 0; i < values->n; i++) {
		struct str word, rest = str_of(values->v[i]);
		for (bool more = true; more;) {
			more = str_cut(rest, ' ', &word, &rest);
			word = more ? word : rest;
			if (word.len > 0)
				scopes.v[scopes.n++] = word;
		}
	}
	*ret_scopes = scopes;
	return EXIT_OK;
}

static int read_revocation(struct cli *cli, struct verification *run)
{
	struct str how = str_of(cli_value(cli, OPT_REVOCATION));
	run->feed_may_be_missing = str_eq(how, STR("open"));
	if (how.len > 0 && !run->feed_may_be_missing && !str_eq(how, STR("closed")) && !str_eq(how, STR("off")))
		return args_fail(EXIT_USAGE, "--revocation: '%.*s' is none of closed, open, off", STR_ARG(how));
	run->asks_feed = !cli_has(cli, OPT_JWKS) && !str_eq(how, STR("off"));
	return EXIT_OK;
}

static int read_policy(struct cli *cli, struct verification *run)
{
	const char *skew = cli_value(cli, OPT_SKEW);
	if (!cli_has(cli, OPT_VERIFY_ISSUER) && !cli_has(cli, OPT_JWKS))
		return args_fail(EXIT_USAGE, "say whose keys decide: --issuer URL or --jwks FILE");
	if (skew && (when_duration(str_of(skew), &run->policy.skew_s) < 0 || run->policy.skew_s > JWT_SKEW_MAX_S))
		return args_fail(EXIT_USAGE, "--skew: '%s' is no duration of at most %d s", skew, JWT_SKEW_MAX_S);
	run->policy.issuer = str_of(cli_value(cli, OPT_VERIFY_ISSUER));
	run->policy.audience = str_of(cli_value(cli, OPT_VERIFY_AUDIENCE));
	run->policy.waive = (run->policy.issuer.len == 0 ? JWT_ANY_ISSUER : 0U) |
			    (run->policy.audience.len == 0 ? JWT_ANY_AUDIENCE : 0U);
	int status = read_algs(&cli->values[OPT_VERIFY_ALG], &run->policy.algs);
	if (status == EXIT_OK)
		status = read_revocation(cli, run);
	if (status != EXIT_OK)
		return status;
	return read_scopes(&cli->values[OPT_VERIFY_SCOPE], &run->arena, &run->policy.scopes);
}

/* Read the issuer's feed once, with the keys that verified the token. E_NOMEM, E_RANDOM, E_LIMIT, E_INTERNAL. */
static int ask_feed(struct verification *run, struct feed_state *ret_state)
{
	const struct fetch_source source = {.issuer = run->policy.issuer, .timeout_ms = FETCH_MS, .plain_http = true};
	const struct feed_timing timing = {.poll_ns = FEED_POLL_NS,
					   .max_age_ns = FEED_AGE_NS,
					   .timeout_ms = FETCH_MS,
					   .skew_s = FEED_SKEW_S,
					   .entries_max = FEED_ENTRIES_MAX,
					   .now_ns = clock_mono_ns,
					   .clock = &clock_system};
	struct mintmark_keyset *keyset;
	struct mintmark_feed *feed = NULL;
	_Atomic uint64_t clean = 0;
	TRY(keyset_new_fixed(run->keys, &keyset));
	run->keys = NULL; /* the set's now */
	int rc = feed_new(&source, keyset, &timing, &feed);
	keyset_unref(keyset);
	TRY(rc);
	feed_wait(feed, 0);
	feed_describe(feed, ret_state);
	enum verdict verdict = feed_judge(feed, &run->report.claims, &clean);
	if (verdict == VERDICT_REVOKED) {
		buf_put(&run->feed_text, str_of(verdict_text(verdict)));
		feed_put_reason(feed, &run->report.claims, &run->feed_text);
	}
	feed_unref(feed);
	if (verdict == VERDICT_STALE && !run->feed_may_be_missing)
		feed_put_text(ret_state, &run->feed_text);
	run->feed_was_asked = verdict != VERDICT_STALE;
	if (run->feed_text.len > 0)
		run->report.verdict = verdict;
	return buf_status(&run->feed_text);
}

/* RFC 9068 4 leaves revocation to us; scopes come after it, as in the library. */
static int judge_revocation(struct verification *run)
{
	struct feed_state state = {0};
	enum verdict verdict = run->report.verdict;
	if (!run->asks_feed || (verdict != VERDICT_VALID && verdict != VERDICT_SCOPE))
		return EXIT_OK;
	int rc = ask_feed(run, &state);
	run->feed_cause = state.last;
	return rc < 0 ? args_fail_code(rc, "verify") : EXIT_OK;
}

/* Whether the verdict came after this check: the checks have an order (jose/jwt.c jwt_check, then scopes). */
static bool was_reached(const struct verification *run, enum verdict check)
{
	static const enum verdict order[] = {VERDICT_ISSUER, VERDICT_AUDIENCE, VERDICT_EXPIRED, VERDICT_NOT_YET,
					     VERDICT_FUTURE, VERDICT_BOUND,    VERDICT_STALE,   VERDICT_REVOKED,
					     VERDICT_SCOPE,  VERDICT_VALID};
	bool reached = false;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		reached = reached || order[i] == check;
		if (order[i] == run->report.verdict)
			return reached;
	}
	return false;
}

static void report_json(const struct verification *run, struct str text)
{
	_cleanup_(buf_done) struct buf json, claims;
	struct json_out out;
	bool valid = run->report.verdict == VERDICT_VALID;
	buf_init(&json, TEXT_MAX);
	buf_init(&claims, TEXT_MAX);
	json_out_init(&out, &json);
	json_open(&out, NULL, '{');
	json_bool(&out, "valid", valid);
	json_str(&out, "check", str_of(verdict_name(run->report.verdict)));
	json_str(&out, "explanation", text);
	json_bool(&out, "issuer_checked", was_reached(run, VERDICT_ISSUER) && !(run->policy.waive & JWT_ANY_ISSUER));
	json_bool(&out, "audience_checked",
		  was_reached(run, VERDICT_AUDIENCE) && !(run->policy.waive & JWT_ANY_AUDIENCE));
	json_bool(&out, "revocation_checked", run->feed_was_asked);
	if (valid) {
		json_dump(run->claims, &claims);
		json_raw(&out, "claims", buf_str(&claims));
	}
	json_close(&out, '}');
	printf("%.*s\n", STR_ARG(buf_str(&json)));
}

static void report_text(const struct verification *run, struct str text)
{
	bool valid = run->report.verdict == VERDICT_VALID;
	printf("%s (%s): ", valid ? "VALID" : "REFUSED", verdict_name(run->report.verdict));
	print_safe(stdout, text);
	putchar('\n');
	if (!valid)
		return;
	if (run->policy.waive & JWT_ANY_ISSUER)
		puts("Not checked: iss (say --issuer).");
	if (run->policy.waive & JWT_ANY_AUDIENCE)
		puts("Not checked: aud (say --audience).");
	if (!run->feed_was_asked)
		puts(run->asks_feed ? "Not checked: revocation (there is no feed now)."
				    : "Not checked: revocation (say --issuer without --jwks).");
	putchar('\n');
	print_object(run->claims);
}

static int verify(struct cli *cli, struct verification *run, struct str token)
{
	_cleanup_(buf_done) struct buf text;
	buf_init(&text, TEXT_MAX);
	int status = load_keys(cli, run);
	if (status != EXIT_OK)
		return status;
	enum verdict verdict = verify_token(&run->policy, run->keys, token, clock_now_s(&clock_system), &run->arena,
					    &run->report);
	status = judge_revocation(run);
	if (status != EXIT_OK)
		return status;
	verdict = run->report.verdict;
	if (verdict == VERDICT_VALID && json_parse_object(run->report.jws.payload, &run->claims) < 0)
		return args_fail_code(E_NOMEM, "verify");
	if (run->feed_text.len > 0)
		buf_put(&text, buf_str(&run->feed_text));
	else
		verify_explain(&run->policy, &run->report, &text);
	if (cli->json)
		report_json(run, buf_str(&text));
	else
		report_text(run, buf_str(&text));
	if (verdict == VERDICT_STALE)
		return status_of(run->feed_cause);
	return verdict == VERDICT_VALID ? EXIT_OK : EXIT_FAILED;
}

int token_verify(struct cli *cli)
{
	_cleanup_(buf_done) struct buf mem;
	static struct verification run; /* the report is large */
	struct str token;
	buf_init(&mem, TOKEN_MAX);
	arena_init(&run.arena, ARENA_MAX);
	buf_init(&run.feed_text, TEXT_MAX);
	int status = read_policy(cli, &run);
	if (status == EXIT_OK)
		status = read_token(cli->operands[0], &mem, &token);
	if (status == EXIT_OK)
		status = verify(cli, &run, token);
	jwks_free(run.keys);
	json_free(run.claims);
	arena_done(&run.arena);
	buf_done(&run.feed_text);
	return status;
}
