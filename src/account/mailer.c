/* See mailer.h. */
#include "account/mailer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "account/link.h"
#include "account/mailer_job.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/rand.h"
#include "http/http_out_mail.h"
#include "oauth/throttle.h"

struct mailer {
	struct mailer_options options;
	int folder_fd;
	struct throttle *asked;  /* by address */
	struct throttle *leaked; /* the same, of reports: one tells as much as a hundred */
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct mailer_job *first; /* under lock, with all below */
	bool end;
	struct mailer_stats stats;
	unsigned number;          /* of files; the thread's own */
	struct http_out_wire wire;
	atomic_bool cancel;
};

static int append(struct mailer *mailer, struct mailer_job *job)
{
	pthread_mutex_lock(&mailer->lock);
	bool full = mailer->stats.waiting >= MAILER_QUEUE_MAX || mailer->end;
	if (!full) {
		struct mailer_job **link = &mailer->first;
		while (*link)
			link = &(*link)->next;
		*link = job;
		mailer->stats.waiting++;
		pthread_cond_signal(&mailer->wake);
	}
	pthread_mutex_unlock(&mailer->lock);
	return full ? E_LIMIT : 0;
}

static int submit(struct mailer *mailer, enum mailer_job_what what, const struct mailer_order *order)
{
	struct mailer_job *job;
	TRY(mailer_job_new(what, order, &job));
	int rc = append(mailer, job);
	if (rc < 0)
		mailer_job_free(job);
	return rc;
}

int mailer_send(struct mailer *mailer, const struct mailer_order *order)
{
	return submit(mailer, JOB_SEND, order);
}

int mailer_ask(struct mailer *mailer, enum mailer_ask what, struct str email, int64_t good_s)
{
	const struct mailer_order order = {.to = email, .good_s = good_s};
	return submit(mailer, what == MAILER_ASK_RESET ? JOB_ASK_RESET : JOB_ASK_SIGNUP, &order);
}

void mailer_stats(struct mailer *mailer, struct mailer_stats *ret_stats)
{
	pthread_mutex_lock(&mailer->lock);
	*ret_stats = mailer->stats;
	pthread_mutex_unlock(&mailer->lock);
}

/* Whole or not at all: who looks into the folder never meets half a mail. */
static int write_file(struct mailer *mailer, struct str text)
{
	char name[64], temporary[80];
	int64_t now_us = clock_now_us(mailer->options.clock);
	snprintf(name, sizeof(name), "%lld-%06u.eml", (long long)now_us, mailer->number++);
	snprintf(temporary, sizeof(temporary), ".%s.new", name);
	int fd = openat(mailer->folder_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return E_IO;
	bool good = !fault_hit(FAULT_WRITE) && write(fd, text.p, text.len) == (ssize_t)text.len;
	good = close(fd) == 0 && good;
	if (good && renameat(mailer->folder_fd, temporary, mailer->folder_fd, name) == 0)
		return 0;
	(void)unlinkat(mailer->folder_fd, temporary, 0);
	return E_IO;
}

static int deliver(struct mailer *mailer, const struct mailer_job *job, struct str text)
{
	const struct mailer_options *options = &mailer->options;
	const struct http_out_limits limits = {
		.timeout_ms = options->timeout_s * 1000, .ca_file = options->ca_file, .cancel = &mailer->cancel};
	const struct http_out_mail mail = {
		&mailer->wire, options->relay, options->user, options->password, options->from, job->to, text};
	return options->relay.len > 0 ? http_out_mail(&mail, &limits) : write_file(mailer, text);
}

static int send_mail(struct mailer *mailer, struct mailer_job *job)
{
	_cleanup_(buf_done) struct buf text;
	char id[RAND_ID_LEN + 1];
	struct message message = {
		.kind = job->kind, .from = mailer->options.from, .to = job->to, .issuer = mailer->options.issuer,
		.url = job->url, .good_s = job->good_s, .now_s = clock_now_s(mailer->options.clock), .id = rand_id(id),
	};
	buf_init(&text, MESSAGE_MAX);
	TRY(message_put(&message, &text));
	return deliver(mailer, job, buf_str(&text));
}

/* To one address, only so many in an hour, whoever asks from wherever: nobody fills a stranger's mailbox by us. */
static bool is_too_much(struct mailer *mailer, const struct mailer_job *job)
{
	uint32_t wait_s;
	int64_t now_s = clock_now_s(mailer->options.clock);
	if (throttle_check_pair(mailer->asked, job->to, STR("mail"), now_s, &wait_s) < 0)
		return true;
	(void)throttle_fail(mailer->asked, job->to, STR("mail"), now_s);
	return false;
}

/* One report of a leak an hour: a scan may find many secrets of one account. */
static bool is_told(struct mailer *mailer, const struct mailer_job *job)
{
	uint32_t wait_s;
	int64_t now_s = clock_now_s(mailer->options.clock);
	if (throttle_check_pair(mailer->leaked, job->to, STR("mail"), now_s, &wait_s) < 0)
		return true;
	(void)throttle_fail(mailer->leaked, job->to, STR("mail"), now_s);
	return false;
}

/* Makes a mail of what was asked for. *ret_nothing: there is none to send, and that's that. */
static int resolve(struct mailer *mailer, struct mailer_job *job, bool *ret_nothing)
{
	const struct mailer_job_world world = {mailer->options.store, mailer->options.issuer,
					       clock_now_s(mailer->options.clock)};
	bool typed = job->what != JOB_SEND || job->kind == MAIL_VERIFY; /* somebody says an address */
	if (typed && job->tries == 0 && is_too_much(mailer, job)) {
		LOG(LOG_WARN, "mail_throttled");
		*ret_nothing = true;
		return 0;
	}
	if (job->kind == MAIL_LEAKED && job->tries == 0)
		*ret_nothing = is_told(mailer, job);
	if (job->what == JOB_SEND)
		return 0;
	return mailer_job_resolve(job, &world, ret_nothing);
}

static void note_end(struct mailer *mailer, bool sent, bool failed)
{
	pthread_mutex_lock(&mailer->lock);
	mailer->stats.waiting--;
	mailer->stats.sent += sent;
	mailer->stats.failed += failed;
	pthread_mutex_unlock(&mailer->lock);
}

static void put_back(struct mailer *mailer, struct mailer_job *job)
{
	int64_t wait_s = (int64_t)mailer->options.retry_s << (job->tries - 1);
	job->due_ns = clock_mono_ns() + wait_s * 1000000000;
	pthread_mutex_lock(&mailer->lock);
	struct mailer_job **link = &mailer->first;
	while (*link)
		link = &(*link)->next;
	*link = job;
	pthread_mutex_unlock(&mailer->lock);
}

static void work(struct mailer *mailer, struct mailer_job *job)
{
	bool nothing = false;
	int rc = resolve(mailer, job, &nothing);
	if (rc == 0 && !nothing)
		rc = send_mail(mailer, job);
	job->tries++;
	bool for_good = rc == E_SYNTAX || rc == E_NOT_FOUND || job->tries == MAILER_TRIES;
	if (rc < 0)
		LOG(LOG_WARN, "mail_not_sent", F("kind", message_name(job->kind)), F("error", err_row(rc)->symbol),
		    F("tries", job->tries), F("given_up", for_good));
	if (rc < 0 && !for_good) {
		put_back(mailer, job);
		return;
	}
	if (rc == 0 && !nothing)
		LOG(LOG_INFO, "mail_sent", F("kind", message_name(job->kind)), F("tries", job->tries));
	note_end(mailer, rc == 0 && !nothing, rc < 0);
	mailer_job_free(job);
}

/* Under lock: the first that is due; else *ret_next_ns is when one will be. */
static struct mailer_job *take_due(struct mailer *mailer, int64_t *ret_next_ns)
{
	int64_t now_ns = clock_mono_ns(), next_ns = now_ns + 60 * INT64_C(1000000000);
	for (struct mailer_job **link = &mailer->first; *link; link = &(*link)->next) {
		struct mailer_job *job = *link;
		if (job->due_ns <= now_ns) {
			*link = job->next;
			job->next = NULL;
			return job;
		}
		next_ns = job->due_ns < next_ns ? job->due_ns : next_ns;
	}
	*ret_next_ns = next_ns;
	return NULL;
}

static struct mailer_job *wait_for(struct mailer *mailer)
{
	int64_t next_ns;
	struct mailer_job *job = NULL;
	pthread_mutex_lock(&mailer->lock);
	while (!mailer->end && !(job = take_due(mailer, &next_ns)))
		(void)clock_cond_wait(&mailer->wake, &mailer->lock, next_ns);
	pthread_mutex_unlock(&mailer->lock);
	return job;
}

static void *run(void *arg)
{
	struct mailer *mailer = arg;
	for (struct mailer_job *job = wait_for(mailer); job; job = wait_for(mailer)) {
		work(mailer, job);
		log_flush();
	}
	log_flush();
	return NULL;
}

static int init(struct mailer *mailer)
{
	static const struct throttle_limits limits = {.failures = 5, .window_s = 3600};
	const char *folder = mailer->options.folder;
	static const struct throttle_limits once = {.failures = 1, .window_s = 3600};
	TRY(throttle_new(&limits, 4096, &mailer->asked));
	TRY(throttle_new(&once, 4096, &mailer->leaked));
	if (mailer->options.relay.len == 0) {
		mailer->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (mailer->folder_fd < 0)
			return E_CONFIG;
	}
	if (pthread_create(&mailer->thread, NULL, run, mailer) != 0)
		return E_INTERNAL;
	mailer->started = true;
	return 0;
}

int mailer_new(const struct mailer_options *options, struct mailer **ret_mailer)
{
	struct mailer *mailer = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*mailer));
	if (!mailer)
		return E_NOMEM;
	mailer->options = *options;
	mailer->folder_fd = -1;
	mailer->wire = (struct http_out_wire)HTTP_OUT_WIRE_INIT;
	pthread_mutex_init(&mailer->lock, NULL);
	(void)clock_cond_init(&mailer->wake);
	int rc = init(mailer);
	if (rc < 0) {
		mailer_free(mailer);
		return rc;
	}
	*ret_mailer = mailer;
	return 0;
}

void mailer_free(struct mailer *mailer)
{
	if (!mailer)
		return;
	atomic_store(&mailer->cancel, true);
	pthread_mutex_lock(&mailer->lock);
	mailer->end = true;
	pthread_cond_signal(&mailer->wake);
	pthread_mutex_unlock(&mailer->lock);
	http_out_mail_cut(&mailer->wire);
	if (mailer->started)
		pthread_join(mailer->thread, NULL);
	if (mailer->first)
		LOG(LOG_WARN, "mails_lost", F("mails", (long)mailer->stats.waiting));
	while (mailer->first) {
		struct mailer_job *job = mailer->first;
		mailer->first = job->next;
		mailer_job_free(job);
	}
	if (mailer->folder_fd >= 0)
		close(mailer->folder_fd);
	throttle_free(mailer->asked);
	throttle_free(mailer->leaked);
	pthread_cond_destroy(&mailer->wake);
	pthread_mutex_destroy(&mailer->lock);
	free(mailer);
}
