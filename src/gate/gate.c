/*
 * The gate: one question in, one answer out; see gate.h. The handler runs on an event loop; only a check that waits for
 * a fetch goes to a pool thread. Must never allow what it could not decide.
 */
#include "gate/gate.h"

#include <pthread.h>
#include <string.h>

#include "gate/answer.h"
#include "gate/credential.h"
#include "gate/figures.h"
#include "gate/origin.h"
#include "gate/resource.h"
#include "gate/rules.h"
#include "gate/trust.h"

enum {
	ARENA_MAX = 65536, BODY_MAX = 1 << 20, POOL_THREADS = 4, CONNECTIONS_MAX = 8192,
	HANDSHAKE_MS = 10000, HEAD_MS = 10000, BODY_MS = 10000, IDLE_MS = 120000, WRITE_MS = 10000,
	LOGS_PER_S = 200, /* refusals in the log; a flood is counted, not written */
	WARN_S = 10,
};

struct gate {
	const struct gate_options *options;
	struct str prefix, resource;
	struct buf metadata_url;
	struct answer_texts texts;
	struct trust trust;
	struct figures figures;
	pthread_mutex_t rules_lock; /* guards the pointer */
	struct rules *rules;
	_Atomic int64_t log_second;
	_Atomic unsigned logged;
	_Atomic int64_t warned_s; /* when it was last said why nobody can be judged */
};

/* One question on its way to an answer. */
struct question {
	struct gate *gate;
	struct daemon_task *task;
	struct rules *rules;
	struct origin origin;
	struct openapi_match match;
	mintmark_token *token;
	const char *why; /* for the log */
};

static struct rules *get_rules(struct gate *gate)
{
	pthread_mutex_lock(&gate->rules_lock);
	struct rules *rules = rules_ref(gate->rules);
	pthread_mutex_unlock(&gate->rules_lock);
	return rules;
}

static int refuse(struct question *question, struct refusal refusal)
{
	answer_refuse(question->task, &question->gate->texts, &refusal);
	return 0;
}

/* Which operation it is; the path by the one rule for all (openapi/path.h). */
static int find(struct question *question)
{
	struct arena *arena = &question->task->arena;
	struct str target = question->origin.path;
	struct path path;
	char *mem = arena_alloc(arena, target.len + 1);
	if (!mem)
		return refuse(question, (struct refusal){.code = E_NOMEM});
	if (path_parse(target, mem, target.len, &path) < 0) { /* ATTACKS 38 */
		question->why = path_explain(target);
		return refuse(question, (struct refusal){E_INVALID_REQUEST, "The path breaks the gate's rule.", {0}});
	}
	int rc = openapi_find(question->rules->set, question->origin.method, &path, &question->match);
	if (rc < 0)
		return refuse(question, (struct refusal){.code = E_UNDECLARED});
	return 1;
}

/* RFC 6750 3: a refusal says for what to get a token, so that it need not be tried out. */
static struct str_list scopes_to_ask_for(const struct question *question)
{
	struct str_list needed = {0};
	(void)openapi_judge(question->match.operation, NULL, &needed);
	return needed;
}

/* RFC 6750 3.1. 1: go on with question->token. */
static int check_token(struct question *question)
{
	struct str text;
	enum mintmark_verdict verdict = MINTMARK_VERDICT_UNCHECKED;
	int rc = credential_token(question->task->request, &text);
	if (rc == E_ABSENT)
		return refuse(question, (struct refusal){E_TOKEN_MISSING, NULL, scopes_to_ask_for(question)});
	if (rc < 0)
		return refuse(question, (struct refusal){.code = rc});
	rc = trust_check(&question->gate->trust, text, question->task->may_block, &verdict, &question->token);
	if (rc < 0)
		return rc;
	if (verdict == MINTMARK_VERDICT_VALID)
		return 1;
	bool ours = mintmark_verdict_status(verdict) >= 500; /* no keys, no feed: not the caller's fault */
	question->why = mintmark_verdict_name(verdict);
	if (ours)
		return refuse(question, (struct refusal){.code = E_UNAVAILABLE});
	return refuse(question, (struct refusal){E_INVALID_TOKEN, mintmark_verdict_text(verdict),
						 scopes_to_ask_for(question)});
}

static int allow(struct question *question)
{
	answer_allow(question->task, question->match.operation, question->token);
	return 0;
}

/* By the token that was checked, or without one. */
static int judge(struct question *question)
{
	const struct openapi_operation *operation = question->match.operation;
	struct str_list needed = {0};
	if (operation->access == OPENAPI_ACCESS_PUBLIC)
		return allow(question);
	if (operation->access == OPENAPI_ACCESS_REFUSED)
		return refuse(question, (struct refusal){.code = E_UNSATISFIABLE});
	int rc = check_token(question);
	if (rc <= 0)
		return rc;
	struct str scope = str_of(mintmark_token_scopes(question->token));
	if (openapi_judge(operation, &scope, &needed) == OPENAPI_ALLOWED)
		return allow(question);
	return refuse(question, (struct refusal){E_INSUFFICIENT_SCOPE, NULL, needed});
}

static int decide(struct question *question)
{
	const struct http_request *request = question->task->request;
	if (credential_check(request, question->origin.query) < 0) {
		question->why = "credentials";
		return refuse(question, (struct refusal){.code = E_INVALID_REQUEST});
	}
	int rc = find(question);
	return rc <= 0 ? rc : judge(question);
}

/* Not more than LOGS_PER_S, so that a flood of refusals is no flood of lines. */
static bool may_log(struct gate *gate, int64_t now_s)
{
	if (atomic_exchange_explicit(&gate->log_second, now_s, memory_order_relaxed) != now_s)
		atomic_store_explicit(&gate->logged, 0, memory_order_relaxed);
	return atomic_fetch_add_explicit(&gate->logged, 1, memory_order_relaxed) < LOGS_PER_S;
}

/* The operator's question when all is 503; once in WARN_S is answer enough. */
static void warn_unavailable(struct gate *gate, int64_t now_s)
{
	int64_t warned_s = atomic_load(&gate->warned_s);
	char mem[1024];
	struct buf why;
	if (now_s - warned_s < WARN_S || !atomic_compare_exchange_strong(&gate->warned_s, &warned_s, now_s))
		return;
	buf_init_fixed(&why, mem, sizeof(mem));
	trust_put_state(&gate->trust, &why);
	LOG(LOG_WARN, "tokens_not_judged", F("why", buf_str(&why)));
}

/* Never the path as it was sent: it may hold what was meant for nobody's log. */
static void note(struct question *question)
{
	struct daemon_task *task = question->task;
	const struct openapi_operation *operation = question->match.operation;
	bool is_public = operation && operation->access == OPENAPI_ACCESS_PUBLIC;
	figures_count(&question->gate->figures, figures_outcome(task->code, is_public));
	if (task->code == E_UNAVAILABLE)
		warn_unavailable(question->gate, task->now_us / 1000000);
	if (task->code == 0 || !may_log(question->gate, task->now_us / 1000000))
		return;
	LOG(LOG_INFO, "refused", F("request_id", (const char *)task->request_id), F("status", task->status),
	    F("error", err_row(task->code)->symbol), F("why", question->why ? question->why : ""),
	    F("method", question->origin.method), F("operation", operation ? operation->path : STR("-")),
	    F("us", (clock_mono_ns() - task->start_ns) / 1000));
}

static int answer_question(struct gate *gate, struct daemon_task *task, const struct origin *origin)
{
	struct question question = {.gate = gate, .task = task, .origin = *origin};
	question.rules = get_rules(gate);
	int rc = decide(&question);
	if (rc == 0)
		note(&question);
	mintmark_token_free(question.token);
	rules_unref(question.rules);
	return rc;
}

static bool is_read(const struct http_request *request)
{
	return str_eq(request->method, STR("GET")) || str_eq(request->method, STR("HEAD"));
}

/* RFC 9728 3.1 and 3.2. */
static int answer_metadata(struct gate *gate, struct daemon_task *task)
{
	struct rules *rules = get_rules(gate);
	buf_put(&task->headers, STR("Content-Type: application/json\r\nCache-Control: public, max-age=300\r\n"
				    "Access-Control-Allow-Origin: *\r\nX-Content-Type-Options: nosniff\r\n"));
	answer_nobody(task); /* without a prefix Envoy takes this 200 for a yes: ATTACKS 39 */
	buf_put(&task->body, buf_str(&rules->metadata));
	rules_unref(rules);
	return 0;
}

static int answer_health(struct gate *gate, struct daemon_task *task)
{
	(void)gate;
	buf_put(&task->headers, STR("Content-Type: application/json\r\nCache-Control: no-store\r\n"));
	buf_put(&task->body, STR("{\"status\":\"ok\"}"));
	return 0;
}

static bool is_local(const struct http_request *request)
{
	unsigned char addr[16];
	if (str_eq(request->peer_addr, STR("unix")))
		return true;
	return addr_parse(request->peer_addr, addr) == 0 && addr_is_loopback(addr);
}

static int answer_metrics(struct gate *gate, struct daemon_task *task)
{
	struct http_server_stats stats;
	if (!is_local(task->request) || http_header_count(task->request, STR("X-Forwarded-For")) > 0)
		return E_NOT_FOUND;
	daemon_stats(task, &stats);
	buf_put(&task->headers, STR("Content-Type: text/plain; version=0.0.4\r\nCache-Control: no-store\r\n"));
	figures_emit(&gate->figures, trust_fetches(&gate->trust), stats.open, &task->body);
	return 0;
}

/* Our own paths. E_ABSENT: it is none. */
static int answer_own(struct gate *gate, struct daemon_task *task)
{
	static const struct {
		struct str path;
		int (*answer)(struct gate *gate, struct daemon_task *task);
	} rows[] = {{{"/healthz", 8}, answer_health}, {{"/metrics", 8}, answer_metrics}};
	const struct http_request *request = task->request;
	if (gate->resource.len > 0 && is_read(request) && resource_is_metadata_path(gate->resource, request->path))
		return answer_metadata(gate, task);
	if (gate->prefix.len == 0) /* all other paths are the API's */
		return E_ABSENT;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (str_eq(request->path, rows[i].path))
			return is_read(request) ? rows[i].answer(gate, task) : E_METHOD_NOT_ALLOWED;
	return E_ABSENT;
}

static bool may_ask(const struct gate_options *options, const struct http_request *request)
{
	unsigned char addr[16];
	if (options->n_peers == 0 || str_eq(request->peer_addr, STR("unix")))
		return true;
	if (addr_parse(request->peer_addr, addr) < 0)
		return false;
	for (size_t i = 0; i < options->n_peers; i++)
		if (addr_is_inside(&options->peers[i], addr))
			return true;
	return false;
}

static int refuse_early(struct gate *gate, struct daemon_task *task, int code)
{
	const struct refusal refusal = {.code = code};
	answer_refuse(task, &gate->texts, &refusal);
	figures_count(&gate->figures, figures_outcome(code, false));
	if (may_log(gate, task->now_us / 1000000))
		LOG(LOG_WARN, "question_refused", F("request_id", (const char *)task->request_id),
		    F("error", err_row(code)->symbol), F("peer", task->request->peer_addr));
	return 0;
}

static int handle(struct daemon_task *task, void *arg)
{
	struct gate *gate = arg;
	struct origin origin;
	int rc = answer_own(gate, task);
	if (rc != E_ABSENT)
		return rc;
	if (!may_ask(gate->options, task->request))
		return refuse_early(gate, task, E_FORBIDDEN);
	rc = origin_read(gate->options->mode, gate->prefix, task->request, &origin);
	if (rc < 0)
		return refuse_early(gate, task, rc);
	return answer_question(gate, task, &origin);
}

/* A slip of --issuer makes all of them so: what nobody can call is said before somebody tries. */
static void warn_of_unsatisfiable(const struct rules *rules)
{
	long n = 0;
	for (size_t i = 0; i < openapi_count(rules->set); i++)
		n += openapi_at(rules->set, i)->access == OPENAPI_ACCESS_REFUSED;
	if (n > 0)
		LOG(LOG_WARN, "unsatisfiable", F("operations", n), F("see", "mintmark gate check --issuer"));
}

/* Main thread, while questions go on: a bad document changes nothing. */
static void reload(void *arg)
{
	struct gate *gate = arg;
	struct rules *fresh = NULL;
	char why_mem[OPENAPI_WHY_MAX];
	struct buf why;
	buf_init_fixed(&why, why_mem, sizeof(why_mem));
	int rc = rules_load(gate->options, gate->resource, &fresh, &why);
	atomic_fetch_add(rc < 0 ? &gate->figures.reloads_failed : &gate->figures.reloads, 1);
	if (rc < 0) {
		LOG(LOG_ERROR, "reload_refused", F("why", buf_str(&why)), F("error", err_row(rc)->symbol));
		return;
	}
	pthread_mutex_lock(&gate->rules_lock);
	struct rules *old = gate->rules;
	gate->rules = fresh;
	pthread_mutex_unlock(&gate->rules_lock);
	LOG(LOG_INFO, "reloaded", F("operations", (long)openapi_count(fresh->set)),
	    F("before", (long)openapi_count(old->set)));
	warn_of_unsatisfiable(fresh);
	rules_unref(old);
}

static int set_up(struct gate *gate, struct buf *ret_why)
{
	const struct gate_options *options = gate->options;
	const char *preset = options->mode == GATE_ENVOY ? "" : "/check";
	gate->prefix = str_of(options->path_prefix ? options->path_prefix : preset);
	gate->resource = str_of(options->resource ? options->resource : options->audience);
	gate->texts.realm = str_of(options->realm ? options->realm : "mintmark");
	if (!resource_is_url(gate->resource)) {
		if (options->resource) {
			buf_put(ret_why, STR("--resource takes an http or https URL without fragment"));
			return E_CONFIG;
		}
		gate->resource = (struct str){"", 0};
	}
	if (gate->resource.len > 0)
		resource_put_metadata_url(gate->resource, &gate->metadata_url);
	gate->texts.metadata_url = buf_str(&gate->metadata_url);
	TRY(buf_status(&gate->metadata_url));
	TRY(daemon_prepare("gate", LOG_INFO, LOG_TEXT));
	TRY(rules_load(options, gate->resource, &gate->rules, ret_why));
	return trust_init(&gate->trust, options, ret_why);
}

static void done(struct gate *gate)
{
	trust_done(&gate->trust);
	rules_unref(gate->rules);
	buf_done(&gate->metadata_url);
}

int gate_run(const struct gate_options *options, struct buf *ret_why)
{
	static struct gate gate;
	gate.options = options;
	buf_init(&gate.metadata_url, 4096);
	pthread_mutex_init(&gate.rules_lock, NULL);
	int rc = set_up(&gate, ret_why);
	if (rc == 0) {
		const struct daemon_options daemon = {
			.listen = options->listen, .n_listen = options->n_listen, .loops = options->loops,
			.pool_threads = POOL_THREADS,
			.limits = {.handshake_ms = HANDSHAKE_MS, .head_ms = HEAD_MS, .body_ms = BODY_MS,
				   .idle_ms = IDLE_MS, .write_ms = WRITE_MS, .connections_max = CONNECTIONS_MAX},
			.arena_max = ARENA_MAX, .body_max = BODY_MAX, .handler = {handle, NULL, reload, &gate}};
		LOG(LOG_INFO, "rules", F("operations", (long)openapi_count(gate.rules->set)));
		warn_of_unsatisfiable(gate.rules);
		rc = daemon_run(&daemon, ret_why);
	}
	if (rc != E_TIMEOUT) /* threads that still run use all of it */
		done(&gate);
	return rc;
}
