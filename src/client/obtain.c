/* One token per host; see obtain.h. Must never hold two locks of token records. */
#include "client/obtain.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/rand.h"
#include "client/cache.h"
#include "client/endpoint.h"
#include "client/login_keep.h"
#include "client/source.h"
#include "client/token_request.h"
#include "http/http_out.h"

enum {
	ARENA_MAX = 1048576,
	ATTEMPTS = 3,
	LEEWAY_S = 5,        /* a token must outlive the request that it is put into */
	RENEW_REST_S = 60,   /* after a token that a 401 called for, the next one such */
	REST_FIRST_S = 1, REST_LAST_S = 64, REST_REFUSED_S = 5,
	SLICE_MS = 50, MS_NS = 1000000, LOCK_POLL_MS = 10,
};

/* One run. */
struct attempt {
	const struct obtain_request *request;
	const struct settings *settings;
	struct obtain_result *result;
	struct trouble *trouble;
	struct arena arena;
	struct moment now;
	struct source source;
	struct private_folder folder; /* fd -1: nothing is kept */
	struct cache_key key;
	char name[CACHE_NAME_MAX];
	struct cache_record record;
	int lock;
	struct login_keep keep; /* of a login, while its refresh token is used */
	char note[TROUBLE_MAX]; /* what came of keeping it */
};

static bool is_cancelled(const struct settings *settings) { return settings->cancel && atomic_load(settings->cancel); }

static uint32_t random_below(uint32_t n)
{
	uint32_t value = 0;
	if (rand_public(&value, sizeof(value)) < 0)
		value = 0; /* jitter is a courtesy */
	return value % n;
}

static void pause_ms(int64_t ms)
{
	const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * MS_NS};
	(void)nanosleep(&pause, NULL);
}

int64_t obtain_rest_s(const struct trouble *trouble, int64_t failures)
{
	if (trouble->retry_after_s > 0)
		return trouble->retry_after_s < CACHE_REST_MAX_S ? trouble->retry_after_s : CACHE_REST_MAX_S;
	int64_t rest_s = trouble->is_passing ? REST_FIRST_S : REST_REFUSED_S;
	for (int64_t i = 1; i < failures && rest_s < REST_LAST_S; i++)
		rest_s *= 2;
	return rest_s + random_below((uint32_t)(rest_s / 4 + 1));
}

/* Not the person's files, not this machine: what a server said, or that it can't be had. */
static bool is_worth_keeping(int code)
{
	static const int codes[] = {MINTMARK_ERROR_TIMEOUT, MINTMARK_ERROR_NETWORK, MINTMARK_ERROR_STATUS,
				    MINTMARK_ERROR_SYNTAX, MINTMARK_ERROR_LIMIT, MINTMARK_ERROR_ISSUER,
				    MINTMARK_ERROR_CREDENTIALS, MINTMARK_ERROR_SCOPE, MINTMARK_ERROR_BUSY};
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i] == code)
			return true;
	return false;
}

/* --- the cache --- */

static void make_key(struct attempt *a)
{
	static const char *const kinds[] = {"pair", "pair", "file", CACHE_KIND_LOGIN};
	const struct settings *settings = a->settings;
	bool is_login = a->source.kind == SOURCE_LOGIN;
	a->key = (struct cache_key){
		.issuer = settings->token_endpoint.len > 0 && !is_login ? settings->token_endpoint : a->source.issuer,
		.client_id = a->source.id,
		.secret = is_login ? (struct str){0} : a->source.secret, /* a login's changes with each use */
		.scope = settings->scope,
		.audience = settings->audience,
		.kind = kinds[a->source.kind],
	};
}

static int open_cache(struct attempt *a)
{
	make_key(a);
	if (cache_name(&a->key, a->name) < 0)
		return trouble_of(a->trouble, E_NOMEM, "the name of the kept token");
	if ((a->settings->flags & MINTMARK_CLIENT_MEMORY_ONLY) || a->settings->cache_dir.len == 0)
		return MINTMARK_OK;
	return private_folder_open(a->settings->cache_dir.p, PRIVATE_CREATE | PRIVATE_NO_LINK, &a->folder, a->trouble);
}

static int load(struct attempt *a)
{
	a->request->now(&a->now);
	return cache_load(&a->folder, a->name, &a->key, &a->now, &a->record, a->trouble);
}

/* Whether the record's token will do. */
static bool is_good(const struct attempt *a)
{
	const struct grant *grant = &a->record.grant;
	int64_t least_s = a->request->has_usable ? grant->life_s * 3 / 10
						 : LEEWAY_S; /* who has one wants a younger one */
	if (grant->token.len == 0 || grant_left_s(grant) <= least_s || a->request->fresh)
		return false;
	return !str_eq(buf_str(&grant->token), a->request->rejected);
}

static int take_record(struct attempt *a)
{
	a->result->grant = a->record.grant;
	grant_init(&a->record.grant);
	return MINTMARK_OK;
}

/* Somebody failed a short while ago: the same for all. */
static int repeat_failure(struct attempt *a, int64_t rest_s)
{
	const struct cache_failure *failure = &a->record.failure;
	trouble_set(a->trouble, failure->code,
		    "%s (This is what came of it %lld s ago; the next attempt is in %lld s.)", failure->text,
		    (long long)moment_age_s(&a->record.failed, &a->now), (long long)rest_s);
	a->trouble->is_passing = failure->is_passing;
	a->trouble->retry_after_s = rest_s;
	a->result->rest_s = rest_s;
	return failure->code;
}

/* The API refused a token that was made because it refused one, and that is not long ago. */
static bool is_rejected_again(const struct attempt *a)
{
	const struct grant *grant = &a->record.grant;
	return a->request->rejected.len > 0 && grant->is_renewed && grant->age_s < RENEW_REST_S &&
	       str_eq(buf_str(&grant->token), a->request->rejected);
}

/* 1: there is a token. 0: the server has to be asked. Negative: a code. */
static int judge(struct attempt *a)
{
	if (is_good(a)) {
		(void)take_record(a);
		return 1;
	}
	if (is_rejected_again(a))
		return trouble_set(
			a->trouble, MINTMARK_ERROR_REJECTED,
			"The API refuses even a token that is %lld s old: check its audience, scopes and clock.",
			(long long)a->record.grant.age_s);
	int64_t rest_s = cache_rest_s(&a->record, &a->now);
	return rest_s > 0 ? repeat_failure(a, rest_s) : 0;
}

/* --- asking the server --- */

static int find_endpoint(struct attempt *a, struct str *ret_url, bool *ret_own)
{
	struct endpoint_set set;
	const struct endpoint_request request = {a->settings, a->source.issuer, &a->folder, &a->now,
						 a->settings->timeout_ms};
	if (a->settings->token_endpoint.len > 0) {
		*ret_url = a->settings->token_endpoint;
		*ret_own = true;
		return MINTMARK_OK;
	}
	TRY(endpoint_find(&request, &a->arena, &set, a->trouble));
	if (set.token.len == 0)
		return trouble_set(a->trouble, MINTMARK_ERROR_SYNTAX, "The metadata of %.*s name no token endpoint.",
				   STR_ARG(a->source.issuer));
	*ret_url = set.token;
	*ret_own = http_out_same_origin(set.token, a->source.issuer);
	return MINTMARK_OK;
}

static void put_form(const struct attempt *a, struct buf *form)
{
	bool is_login = a->source.kind == SOURCE_LOGIN;
	token_request_put(form, "grant_type", is_login ? STR("refresh_token") : STR("client_credentials"));
	if (is_login)
		token_request_put(form, "refresh_token", a->source.secret);
	token_request_put(form, "scope", a->settings->scope);
	token_request_put(form, "resource", a->settings->audience);
}

static int send_once(struct attempt *a, struct str form, uint32_t timeout_ms)
{
	struct str url;
	bool is_own = false;
	char error[64];
	TRY(find_endpoint(a, &url, &is_own));
	const struct token_request request = {
		.settings = a->settings,
		.endpoint = url,
		.is_own = is_own,
		.id = a->source.id,
		.secret = a->source.kind == SOURCE_LOGIN ? (struct str){0} : a->source.secret,
		.form = form,
		.timeout_ms = timeout_ms,
		.now_s = a->now.wall_s,
	};
	grant_done(&a->result->grant);
	grant_init(&a->result->grant);
	int rc = token_request_send(&request, &a->result->grant, error, a->trouble);
	if (rc == MINTMARK_ERROR_STATUS || rc == MINTMARK_ERROR_NETWORK || rc == MINTMARK_ERROR_REFUSED)
		endpoint_forget(&a->folder, a->source.issuer); /* it may have moved */
	return rc;
}

/* Whether to ask once more, after a pause that still fits. */
static bool pause_before_next(struct attempt *a, int n, int64_t end_ns)
{
	int64_t ms = (int64_t)100 << (2 * n);
	ms += random_below((uint32_t)ms);
	if (a->trouble->retry_after_s > 0)
		ms = a->trouble->retry_after_s * 1000;
	if (!a->trouble->is_passing || a->request->has_usable || clock_mono_ns() + ms * MS_NS * 2 > end_ns)
		return false;
	for (; ms > 0 && !is_cancelled(a->settings); ms -= SLICE_MS)
		pause_ms(ms < SLICE_MS ? ms : SLICE_MS);
	return !is_cancelled(a->settings);
}

static int ask_server(struct attempt *a)
{
	_cleanup_(buf_done) struct buf form;
	int64_t end_ns = clock_mono_ns() + (int64_t)a->settings->timeout_ms * MS_NS;
	int rc = MINTMARK_ERROR_TIMEOUT;
	buf_init(&form, TOKEN_REQUEST_FORM_MAX);
	put_form(a, &form);
	if (buf_status(&form) < 0)
		return trouble_of(a->trouble, buf_status(&form), "the token request");
	for (int n = 0; n < ATTEMPTS; n++) {
		int64_t left_ms = (end_ns - clock_mono_ns()) / MS_NS;
		a->request->now(&a->now);
		rc = send_once(a, buf_str(&form), (uint32_t)(left_ms > 1 ? left_ms : 1));
		if (rc == MINTMARK_OK || !pause_before_next(a, n, end_ns))
			break;
	}
	return rc;
}

/* --- keeping what came of it --- */

static void warn(struct attempt *a, const struct trouble *why)
{
	snprintf(a->result->warning, sizeof(a->result->warning),
		 "The token is good but could not be kept: %.900s Every process asks for its own.", why->text);
}

static void store(struct attempt *a)
{
	struct trouble why;
	if (a->folder.fd < 0)
		return;
	if (cache_store(&a->folder, a->name, &a->key, &a->record, &why) < 0 && a->record.failure.code == 0)
		warn(a, &why);
}

static void keep_grant(struct attempt *a)
{
	struct grant *got = &a->result->grant;
	got->is_renewed = a->request->rejected.len > 0;
	a->record.failure = (struct cache_failure){0};
	a->record.moment = a->now;
	struct grant before = a->record.grant;
	a->record.grant = *got; /* lent for the writing */
	store(a);
	a->record.grant = before;
}

static void keep_failure(struct attempt *a)
{
	struct cache_failure *failure = &a->record.failure;
	int64_t count = failure->code < 0 ? failure->count : a->request->failures;
	a->result->rest_s = obtain_rest_s(a->trouble, count + 1);
	if (!is_worth_keeping(a->trouble->code))
		return;
	*failure = (struct cache_failure){.code = a->trouble->code,
					  .is_passing = a->trouble->is_passing,
					  .count = count + 1,
					  .rest_s = a->result->rest_s};
	memcpy(failure->text, a->trouble->text, sizeof(failure->text));
	a->request->now(&a->record.failed);
	if (str_eq(buf_str(&a->record.grant.token), a->request->rejected))
		buf_reset(&a->record.grant.token); /* refused: of no use to anybody */
	store(a);
}

/* A refresh token may be good for one use: from reading it until its successor stands there, it is ours alone. */
static int hold_login(struct attempt *a)
{
	if (a->source.kind != SOURCE_LOGIN)
		return MINTMARK_OK;
	TRY(login_keep_open(a->settings, &a->keep, a->trouble));
	TRY(source_find(a->settings, &a->arena, &a->source, a->trouble));
	if (a->source.kind != SOURCE_LOGIN)
		return MINTMARK_OK;
	const struct logins_entry entry = {.issuer = a->source.issuer,
					   .client_id = a->source.id,
					   .refresh_token = a->source.secret,
					   .storage = a->source.storage};
	TRY(login_keep_read(a->settings, &entry, &a->arena, &a->source.secret, a->trouble));
	return login_keep_prove(&a->keep, a->trouble);
}

/* By login_keep_first() or login_keep_next(). */
static int put_login(struct attempt *a,
		     int (*put)(const struct login_keep *, struct logins_entry *, char[TROUBLE_MAX], struct trouble *))
{
	const struct grant *got = &a->result->grant;
	char time_text[32];
	struct buf created;
	buf_init_fixed(&created, time_text, sizeof(time_text));
	enc_time(&created, a->now.wall_s);
	struct logins_entry entry = {a->source.issuer,     a->source.id,      buf_str(&got->refresh),
				     buf_str(&got->scope), buf_str(&created), a->source.storage};
	int rc = put(&a->keep, &entry, a->note, a->trouble);
	a->source.storage = entry.storage;
	return rc;
}

/* RFC 6749 6: a new refresh token takes the place of the old one before anything else happens. */
static int keep_login(struct attempt *a)
{
	bool is_new = a->source.kind == SOURCE_LOGIN && a->result->grant.refresh.len > 0;
	return is_new ? put_login(a, login_keep_next) : MINTMARK_OK;
}

static int ask_and_keep(struct attempt *a)
{
	TRY(hold_login(a));
	if (a->source.kind == SOURCE_LOGIN && a->source.secret.len == 0)
		return trouble_set(a->trouble, MINTMARK_ERROR_LOGIN, "The login at %.*s has ended. Log in again.",
				   STR_ARG(a->source.issuer));
	int rc = ask_server(a);
	if (rc == MINTMARK_OK)
		rc = keep_login(a);
	if (rc < 0) {
		keep_failure(a);
		return rc;
	}
	keep_grant(a);
	if (a->note[0])
		memcpy(a->result->warning, a->note, sizeof(a->note));
	return rc;
}

/* --- one at a time --- */

static int say_held(struct attempt *a)
{
	return trouble_set(a->trouble, MINTMARK_ERROR_TIMEOUT,
			   "Another process has been getting a token for more than %u ms. End it: it holds the lock "
			   "%s/%s.lock.", a->settings->timeout_ms, a->folder.path, a->name);
}

/*
 * As judge(), once the lock is ours: then 0 means that it is us who ask. While others ask, their answer is looked for.
 */
static int wait_turn(struct attempt *a)
{
	int64_t end_ns = clock_mono_ns() + (int64_t)a->settings->timeout_ms * MS_NS;
	while (!private_folder_try(a->lock)) {
		if (a->request->has_usable)
			return trouble_set(a->trouble, MINTMARK_ERROR_BUSY, "Another process is getting a token.");
		if (is_cancelled(a->settings))
			return trouble_set(a->trouble, MINTMARK_ERROR_CANCELLED, "The call was cancelled.");
		if (clock_mono_ns() >= end_ns)
			return say_held(a);
		pause_ms(LOCK_POLL_MS + random_below(LOCK_POLL_MS));
		TRY(load(a));
		if (is_good(a)) {
			(void)take_record(a);
			return 1;
		}
	}
	TRY(load(a));
	return judge(a);
}

static int run_with_cache(struct attempt *a)
{
	char lock_name[CACHE_NAME_MAX + 8];
	TRY(load(a));
	int rc = judge(a);
	if (rc != 0)
		return rc < 0 ? rc : MINTMARK_OK;
	snprintf(lock_name, sizeof(lock_name), "%s.lock", a->name);
	TRY(private_folder_lock_file(&a->folder, lock_name, &a->lock, a->trouble));
	rc = wait_turn(a);
	if (rc != 0)
		return rc < 0 ? rc : MINTMARK_OK;
	return ask_and_keep(a);
}

static int read_token_file(struct attempt *a)
{
	struct str text;
	struct grant *grant = &a->result->grant;
	TRY(source_read_file(a->source.path.p, &a->arena, &text, a->trouble));
	TRY(grant_read_file(text, a->source.path.p, a->now.wall_s, grant, a->trouble));
	if (grant->life_s == 0)
		return trouble_set(a->trouble, MINTMARK_ERROR_FILE,
				   "The token in %s has expired. Does whoever keeps it fresh still run, and is this "
				   "machine's clock right?", a->source.path.p);
	if (str_eq(buf_str(&grant->token), a->request->rejected))
		return trouble_set(a->trouble, MINTMARK_ERROR_REJECTED, "The API refuses the token in %s.",
				   a->source.path.p);
	return MINTMARK_OK;
}

static int run(struct attempt *a)
{
	a->request->now(&a->now);
	if (is_cancelled(a->settings))
		return trouble_set(a->trouble, MINTMARK_ERROR_CANCELLED, "The call was cancelled.");
	TRY(source_find(a->settings, &a->arena, &a->source, a->trouble));
	if (a->source.kind == SOURCE_TOKEN_FILE)
		return read_token_file(a);
	TRY(open_cache(a));
	return a->folder.fd >= 0 ? run_with_cache(a) : ask_and_keep(a);
}

static void open_attempt(struct attempt *a)
{
	a->settings = a->request->settings;
	a->folder.fd = a->lock = -1;
	login_keep_init(&a->keep);
	arena_init(&a->arena, ARENA_MAX);
	cache_init(&a->record);
	*a->result = (struct obtain_result){0};
	grant_init(&a->result->grant);
	*a->trouble = (struct trouble){0};
}

static void close_attempt(struct attempt *a)
{
	login_keep_close(&a->keep);
	private_folder_closep(&a->lock);
	private_folder_close(&a->folder);
	cache_done(&a->record);
	arena_done(&a->arena);
}

int obtain_token(const struct obtain_request *request, struct obtain_result *ret_result, struct trouble *trouble)
{
	struct attempt a = {.request = request, .result = ret_result, .trouble = trouble};
	open_attempt(&a);
	int rc = run(&a);
	if (rc < 0)
		grant_done(&ret_result->grant);
	if (rc < 0 && ret_result->rest_s == 0 && is_worth_keeping(rc))
		ret_result->rest_s = obtain_rest_s(trouble, request->failures + 1);
	close_attempt(&a);
	return rc;
}

/* The cache is a convenience here: without it the first token is asked for by the new login. */
static void keep_first(struct attempt *a)
{
	char lock_name[CACHE_NAME_MAX + 8];
	struct trouble unheard;
	unsigned n;
	if (open_cache(a) < 0 || a->folder.fd < 0)
		return;
	/* what is there may be another person's */
	if (cache_forget_login(&a->folder, a->source.issuer, a->source.id, &n, &unheard) < 0)
		snprintf(a->note, sizeof(a->note), "Tokens of an earlier login may still be used: %.900s",
			 unheard.text);
	snprintf(lock_name, sizeof(lock_name), "%s.lock", a->name);
	if (private_folder_lock_file(&a->folder, lock_name, &a->lock, &unheard) == MINTMARK_OK &&
	    private_folder_wait(a->lock, a->settings->timeout_ms))
		keep_grant(a);
}

int obtain_keep_login(const struct settings *settings, moment_fn *now, struct str issuer, struct grant *grant,
		      struct obtain_login *ret_login, struct trouble *trouble)
{
	const struct obtain_request request = {.settings = settings, .now = now};
	struct obtain_result result;
	struct attempt a = {.request = &request, .result = &result, .trouble = trouble};
	open_attempt(&a);
	now(&a.now);
	a.source = (struct source){.kind = SOURCE_LOGIN, .issuer = issuer, .id = settings->login_client};
	result.grant = *grant; /* lent */
	int rc = login_keep_open(settings, &a.keep, trouble);
	if (rc == MINTMARK_OK)
		rc = put_login(&a, login_keep_first);
	if (rc == MINTMARK_OK) {
		keep_first(&a);
		ret_login->storage = a.source.storage;
		memcpy(ret_login->note, a.note, sizeof(a.note));
	}
	close_attempt(&a);
	return rc;
}

/* Nobody is told when it fails: a kept token ends by itself. */
static void remove_record(struct attempt *a)
{
	char file[CACHE_NAME_MAX + 8];
	if (open_cache(a) < 0)
		return;
	snprintf(file, sizeof(file), "%s.json", a->name);
	private_folder_remove(&a->folder, file);
}

void obtain_forget(const struct settings *settings)
{
	const struct obtain_request request = {.settings = settings, .now = moment_now};
	struct obtain_result result;
	struct trouble unheard;
	struct attempt a = {.request = &request, .result = &result, .trouble = &unheard};
	open_attempt(&a);
	if (source_find(settings, &a.arena, &a.source, &unheard) == MINTMARK_OK)
		remove_record(&a);
	close_attempt(&a);
}
