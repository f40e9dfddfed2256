/* Counters by thread and their text form; see metrics.h. Format: Prometheus exposition formats, text 0.0.4. */
#include "server/metrics.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fault.h"

enum { LINE = 64, OUTCOMES = ERR_COUNT + 1, BUCKETS = 13 };

/* Upper bounds of the latency buckets in microseconds, and as they are printed, in seconds. */
static const struct {
	uint64_t us;
	const char *le;
} bounds[BUCKETS] = {
	{100, "0.0001"},
	{250, "0.00025"},
	{500, "0.0005"},
	{1000, "0.001"},
	{2500, "0.0025"},
	{5000, "0.005"},
	{10000, "0.01"},
	{25000, "0.025"},
	{50000, "0.05"},
	{100000, "0.1"},
	{250000, "0.25"},
	{1000000, "1"},
	{2500000, "2.5"},
};

static const char *const reasons[AUTH_REASONS_N] = {
#define REASON_NAME(name, text) #name,
	AUTH_REASONS(REASON_NAME)
#undef REASON_NAME
};

struct endpoint {
	_Atomic uint64_t outcomes[OUTCOMES];    /* [0]: success; [1 + i]: row i of err.def */
	_Atomic uint64_t buckets[BUCKETS + 1]; /* the last one: slower than every bound */
	_Atomic uint64_t us;
};

struct metrics_slot {
	_Alignas(LINE) _Atomic uint64_t tokens[SIG_ALGS];
	_Atomic uint64_t auth_failures[AUTH_REASONS_N];
	_Atomic uint64_t crossings;
	_Atomic uint64_t signins[METRICS_SIGNINS];
	unsigned n_endpoints;
	struct endpoint endpoints[];
};

struct metrics {
	const char *const *names;
	unsigned n_endpoints, n_slots;
	int statm_fd; /* the sandbox would not let us open it later; -1: not there */
	struct metrics_slot *slots[];
};

static struct metrics_slot *new_slot(unsigned n_endpoints)
{
	size_t size = sizeof(struct metrics_slot) + n_endpoints * sizeof(struct endpoint);
	size = (size + LINE - 1) / LINE * LINE; /* nobody else in its last line either */
	struct metrics_slot *slot = fault_hit(FAULT_ALLOC) ? NULL : aligned_alloc(LINE, size);
	if (!slot)
		return NULL;
	memset(slot, 0, size);
	slot->n_endpoints = n_endpoints;
	return slot;
}

int metrics_new(unsigned slots, const char *const *endpoints, unsigned n_endpoints, struct metrics **ret_metrics)
{
	if (slots == 0 || slots > METRICS_SLOTS_MAX || n_endpoints == 0 || n_endpoints > METRICS_ENDPOINTS_MAX)
		return E_LIMIT;
	size_t size = sizeof(struct metrics) + slots * sizeof(struct metrics_slot *);
	struct metrics *metrics = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, size);
	if (!metrics)
		return E_NOMEM;
	metrics->names = endpoints;
	metrics->n_endpoints = n_endpoints;
	metrics->statm_fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	for (metrics->n_slots = 0; metrics->n_slots < slots; metrics->n_slots++) {
		metrics->slots[metrics->n_slots] = new_slot(n_endpoints);
		if (!metrics->slots[metrics->n_slots]) {
			metrics_free(metrics);
			return E_NOMEM;
		}
	}
	*ret_metrics = metrics;
	return 0;
}

void metrics_free(struct metrics *metrics)
{
	if (!metrics)
		return;
	for (unsigned i = 0; i < metrics->n_slots; i++)
		free(metrics->slots[i]);
	if (metrics->statm_fd >= 0)
		close(metrics->statm_fd);
	free(metrics);
}

struct metrics_slot *metrics_slot(struct metrics *metrics, unsigned index) { return metrics->slots[index]; }

/* One writer per slot: a load and a store, no locked instruction. */
static void add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n, memory_order_relaxed);
}

void metrics_request(struct metrics_slot *slot, unsigned endpoint, int code, uint64_t us)
{
	if (endpoint >= slot->n_endpoints)
		return;
	unsigned bucket = 0;
	while (bucket < BUCKETS && us > bounds[bucket].us)
		bucket++;
	unsigned outcome = code < 0 && code >= -ERR_COUNT ? (unsigned)-code : 0;
	if (code < -ERR_COUNT)
		outcome = 1 + ERR_INDEX_INTERNAL;
	struct endpoint *at = &slot->endpoints[endpoint];
	add(&at->outcomes[outcome], 1);
	add(&at->buckets[bucket], 1);
	add(&at->us, us);
}

void metrics_token(struct metrics_slot *slot, enum sig_alg alg)
{
	if (alg > SIG_NONE && alg < SIG_ALGS)
		add(&slot->tokens[alg], 1);
}

void metrics_auth_failure(struct metrics_slot *slot, enum auth_reason reason)
{
	if (reason < AUTH_REASONS_N)
		add(&slot->auth_failures[reason], 1);
}

void metrics_throttle_crossing(struct metrics_slot *slot) { add(&slot->crossings, 1); }

void metrics_signin(struct metrics_slot *slot, enum metrics_signin outcome) { add(&slot->signins[outcome], 1); }

/* The counter at this offset of every slot, added up. */
static uint64_t sum(const struct metrics *metrics, size_t offset)
{
	uint64_t total = 0;
	for (unsigned i = 0; i < metrics->n_slots; i++) {
		const char *at = (const char *)metrics->slots[i] + offset;
		total += atomic_load_explicit((const _Atomic uint64_t *)at, memory_order_relaxed);
	}
	return total;
}

static size_t offset_of(unsigned endpoint)
{
	return offsetof(struct metrics_slot, endpoints) + endpoint * sizeof(struct endpoint);
}

static void put_head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_lower(struct buf *out, const char *text)
{
	for (; *text; text++)
		buf_put_char(out, *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text);
}

static void put_seconds(struct buf *out, uint64_t us)
{
	buf_printf(out, "%llu.%06llu", (unsigned long long)(us / 1000000), (unsigned long long)(us % 1000000));
}

/* Successes stand there from the start; of the many ways to fail, those that happened. */
static void put_outcomes(const struct metrics *metrics, unsigned endpoint, struct buf *out)
{
	for (unsigned i = 0; i < OUTCOMES; i++) {
		uint64_t n = sum(metrics,
			offset_of(endpoint) + offsetof(struct endpoint, outcomes) + i * sizeof(uint64_t));
		if (n == 0 && i > 0)
			continue;
		buf_printf(out, "mintmark_requests_total{endpoint=\"%s\",outcome=\"", metrics->names[endpoint]);
		put_lower(out, i > 0 ? err_row(-(int)i)->symbol : "ok");
		buf_printf(out, "\"} %llu\n", (unsigned long long)n);
	}
}

static void put_histogram(const struct metrics *metrics, unsigned endpoint, struct buf *out)
{
	static const char name[] = "mintmark_request_duration_seconds";
	size_t at = offset_of(endpoint);
	uint64_t below = 0;
	for (unsigned i = 0; i <= BUCKETS; i++) {
		below += sum(metrics, at + offsetof(struct endpoint, buckets) + i * sizeof(uint64_t));
		buf_printf(out, "%s_bucket{endpoint=\"%s\",le=\"%s\"} %llu\n", name, metrics->names[endpoint],
			i < BUCKETS ? bounds[i].le : "+Inf", (unsigned long long)below);
	}
	buf_printf(out, "%s_sum{endpoint=\"%s\"} ", name, metrics->names[endpoint]);
	put_seconds(out, sum(metrics, at + offsetof(struct endpoint, us)));
	buf_printf(out, "\n%s_count{endpoint=\"%s\"} %llu\n", name, metrics->names[endpoint],
		(unsigned long long)below);
}

static void put_requests(const struct metrics *metrics, struct buf *out)
{
	put_head(out, "mintmark_requests_total", "counter", "Requests answered, by endpoint and outcome.");
	for (unsigned i = 0; i < metrics->n_endpoints; i++)
		put_outcomes(metrics, i, out);
	put_head(out, "mintmark_request_duration_seconds", "histogram",
		"Time from the last byte of a request to its answer, by endpoint.");
	for (unsigned i = 0; i < metrics->n_endpoints; i++)
		put_histogram(metrics, i, out);
}

static void put_tokens(const struct metrics *metrics, struct buf *out)
{
	put_head(out, "mintmark_tokens_issued_total", "counter", "Tokens issued, by signature algorithm.");
	for (unsigned i = SIG_NONE + 1; i < SIG_ALGS; i++)
		buf_printf(out, "mintmark_tokens_issued_total{alg=\"%s\"} %llu\n", sig_alg_row((enum sig_alg)i)->name,
			(unsigned long long)sum(metrics, offsetof(struct metrics_slot, tokens) + i * sizeof(uint64_t)));
}

static void put_failures(const struct metrics *metrics, struct buf *out)
{
	put_head(out, "mintmark_auth_failures_total", "counter", "Failed client authentications, by reason.");
	for (unsigned i = 0; i < AUTH_REASONS_N; i++) {
		buf_put(out, STR("mintmark_auth_failures_total{reason=\""));
		put_lower(out, reasons[i]);
		buf_printf(out, "\"} %llu\n",
			(unsigned long long)sum(metrics,
				offsetof(struct metrics_slot, auth_failures) + i * sizeof(uint64_t)));
	}
	put_head(out, "mintmark_throttle_crossings_total", "counter",
		"Failures that made a client or an address throttled.");
	buf_printf(out, "mintmark_throttle_crossings_total %llu\n",
		(unsigned long long)sum(metrics, offsetof(struct metrics_slot, crossings)));
}

static void put_signins(const struct metrics *metrics, struct buf *out)
{
	static const char *const outcomes[METRICS_SIGNINS] = {
		[METRICS_SIGNIN_OK] = "ok", [METRICS_SIGNIN_FAILED] = "failed",
		[METRICS_SIGNIN_THROTTLED] = "throttled"};
	put_head(out, "mintmark_signins_total", "counter", "Passwords presented on pages, by outcome.");
	for (unsigned i = 0; i < METRICS_SIGNINS; i++)
		buf_printf(out, "mintmark_signins_total{outcome=\"%s\"} %llu\n", outcomes[i],
			(unsigned long long)sum(metrics,
				offsetof(struct metrics_slot, signins) + i * sizeof(uint64_t)));
}

/* A uint64_t member of a struct of figures. */
struct figure {
	const char *name, *type, *help;
	size_t offset;
	bool is_us; /* microseconds, printed as seconds */
};

static const struct figure store_figures[] = {
	{"mintmark_store_reads_total", "counter", "Reads of the store.", offsetof(struct store_stats, reads), false},
	{"mintmark_store_read_seconds_total", "counter", "Time spent in reads.",
		offsetof(struct store_stats, read_us), true},
	{"mintmark_store_writes_total", "counter", "Changes of the store.", offsetof(struct store_stats, writes),
		false},
	{"mintmark_store_commits_total", "counter", "Durable commits; one carries many changes.",
		offsetof(struct store_stats, commits), false},
	{"mintmark_store_commit_seconds_total", "counter", "Time spent in commits.",
		offsetof(struct store_stats, commit_us), true},
	{"mintmark_store_failures_total", "counter", "Store calls that failed.",
		offsetof(struct store_stats, failures), false},
};

static const struct figure signer_figures[] = {
	{"mintmark_keyd_batches_total", "counter", "Batches sent to keyd.", offsetof(struct signer_stats, batches),
		false},
	{"mintmark_keyd_jobs_total", "counter", "Signatures asked of keyd.", offsetof(struct signer_stats, jobs),
		false},
	{"mintmark_keyd_failures_total", "counter", "Signatures that keyd did not make.",
		offsetof(struct signer_stats, failures), false},
	{"mintmark_keyd_round_trip_seconds_total", "counter", "Time from sending a batch to its answer.",
		offsetof(struct signer_stats, round_trip_us), true},
};

static const struct figure http_figures[] = {
	{"mintmark_http_connections_accepted_total", "counter", "Connections accepted.",
		offsetof(struct http_server_stats, accepted), false},
	{"mintmark_http_connections_refused_total", "counter", "Connections refused by a cap.",
		offsetof(struct http_server_stats, refused_cap), false},
	{"mintmark_http_malformed_total", "counter", "Requests refused because they are no HTTP.",
		offsetof(struct http_server_stats, refused_syntax), false},
	{"mintmark_http_timeouts_total", "counter", "Connections ended by a deadline.",
		offsetof(struct http_server_stats, timeouts), false},
	{"mintmark_http_handshakes_failed_total", "counter", "TLS handshakes that failed.",
		offsetof(struct http_server_stats, handshakes_failed), false},
	{"mintmark_http_connections_open", "gauge", "Connections open now.", offsetof(struct http_server_stats, open),
		false},
};

static const struct figure feed_figures[] = {
	{"mintmark_feed_entries", "gauge", "Clients, accounts and tokens that the revocation feed names.",
		offsetof(struct metrics_feed, entries), false},
	{"mintmark_feed_newest", "gauge", "The newest number of the revocation feed.",
		offsetof(struct metrics_feed, newest), false},
	{"mintmark_feed_waiting", "gauge", "Requests that wait for news of the revocation feed.",
		offsetof(struct metrics_feed, waiting), false},
};

static const struct figure mail_figures[] = {
	{"mintmark_mails_sent_total", "counter", "Mails that the relay took.", offsetof(struct metrics_mail, sent),
		false},
	{"mintmark_mails_failed_total", "counter", "Mails that were given up.", offsetof(struct metrics_mail, failed),
		false},
	{"mintmark_mails_waiting", "gauge", "Mails that wait to be sent.", offsetof(struct metrics_mail, waiting),
		false},
};

static void put_figures(const struct figure *figures, size_t n, const void *base, struct buf *out)
{
	for (size_t i = 0; base && i < n; i++) {
		uint64_t value;
		memcpy(&value, (const char *)base + figures[i].offset, sizeof(value));
		put_head(out, figures[i].name, figures[i].type, figures[i].help);
		buf_printf(out, "%s ", figures[i].name);
		if (figures[i].is_us)
			put_seconds(out, value);
		else
			buf_put_u64(out, value);
		buf_put_char(out, '\n');
	}
}
#define PUT_FIGURES(table, base, out) put_figures(table, sizeof(table) / sizeof((table)[0]), base, out)

static void put_keys(const struct metrics_extra *extra, struct buf *out)
{
	static const char *const states[] = {
		[KEY_NEXT] = "next", [KEY_ACTIVE] = "active", [KEY_RETIRING] = "retiring", [KEY_GONE] = "gone"};
	put_head(out, "mintmark_keyd_up", "gauge", "Whether the signer process is connected.");
	buf_printf(out, "mintmark_keyd_up %d\n", extra->keyd_up);
	if (extra->n_keys > 0)
		put_head(out, "mintmark_keys", "gauge", "Signing keys, by algorithm and state.");
	for (size_t i = 0; i < extra->n_keys; i++)
		buf_printf(out, "mintmark_keys{alg=\"%s\",state=\"%s\"} %u\n", extra->keys[i].alg,
			states[extra->keys[i].state], extra->keys[i].n);
}

/* Second field of /proc/self/statm, in bytes; 0 when it can't be read. */
static uint64_t resident_bytes(const struct metrics *metrics)
{
	char text[128];
	struct str rest, first, pages;
	uint64_t n = 0;
	ssize_t len = pread(metrics->statm_fd, text, sizeof(text), 0);
	if (len <= 0 || !str_cut(str_mem(text, (size_t)len), ' ', &first, &rest) ||
		!str_cut(rest, ' ', &pages, &rest) || str_to_u64(pages, UINT32_MAX, &n) < 0)
		return 0;
	return n * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t cpu_us(void)
{
	struct rusage usage;
	if (getrusage(RUSAGE_SELF, &usage) < 0)
		return 0;
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
		(uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void put_process(const struct metrics *metrics, const struct metrics_extra *extra, struct buf *out)
{
	put_head(out, "mintmark_build_info", "gauge", "The version that runs.");
	buf_put(out, STR("mintmark_build_info{version=\"" MINTMARK_VERSION "\"} 1\n"));
	put_head(out, "process_cpu_seconds_total", "counter", "CPU time of the server process.");
	buf_put(out, STR("process_cpu_seconds_total "));
	put_seconds(out, cpu_us());
	buf_put_char(out, '\n');
	put_head(out, "process_resident_memory_bytes", "gauge", "Resident memory of the server process.");
	buf_printf(out, "process_resident_memory_bytes %llu\n", (unsigned long long)resident_bytes(metrics));
	if (!extra || extra->started_s == 0)
		return;
	put_head(out, "process_start_time_seconds", "gauge", "Start of the server process, seconds since 1970.");
	buf_printf(out, "process_start_time_seconds %llu\n", (unsigned long long)extra->started_s);
}

void metrics_emit(const struct metrics *metrics, const struct metrics_extra *extra, struct buf *out)
{
	put_requests(metrics, out);
	put_tokens(metrics, out);
	put_failures(metrics, out);
	put_signins(metrics, out);
	if (extra) {
		PUT_FIGURES(signer_figures, extra->signer, out);
		PUT_FIGURES(store_figures, extra->store, out);
		PUT_FIGURES(http_figures, extra->http, out);
		PUT_FIGURES(feed_figures, extra->feed, out);
		PUT_FIGURES(mail_figures, extra->mail, out);
		put_keys(extra, out);
	}
	put_process(metrics, extra, out);
}
