/*
 * The writer: one thread, the only read-write connection, group commit. Verbs queue up while the disk syncs; the next
 * transaction carries them all, each under a savepoint so that its failure undoes only itself. Callers wake after
 * COMMIT. A failure of the database itself fails the whole batch: everybody in it hears E_STORE and nothing of it
 * stays.
 *
 * After such a failure the log file may hold complete pages of the failed transaction behind its valid end (the sync
 * failed, not the write). SQLite does not look at them, but recovery after a crash would. So the writer is "sick" until
 * it has taken a new connection and emptied the log, and it tries that before every batch and while idle, until the
 * disk is well again.
 */
#include <errno.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/sqlite.h"

enum {
	BATCH_MAX = 256,
	CHECKPOINT_PAGES = 1000, /* 4 MiB: moved to the database between two batches, in some ten milliseconds */
	TRUNCATE_PAGES = 64000,  /* 256 MiB: readers kept the log from starting over for too long; wait for them now */
	GATHER_US = 150,
	RETRY_MS = 500,
};

struct sqlite_job {
	struct sqlite_job *next;
	int (*work)(struct db *db, const void *args);
	const void *args;
	const struct audit_note *note;
	int rc;
	bool done;
	pthread_cond_t wake;
};

static int run(struct db *db, const char *sql)
{
	_cleanup_(query_done) struct query query = query_of(db, sql);
	return query_run(&query);
}

static bool is_failure(int rc) { return rc == E_STORE || rc == E_NOMEM || rc == E_INTERNAL || rc == E_CRYPTO; }

static int work_and_audit(struct db *db, const struct sqlite_job *job)
{
	int rc = job->work(db, job->args);
	if (rc != 0 || !job->note)
		return rc;
	return sqlite_audit_link(db, job->note);
}

/* Negative: the whole batch is lost. What the verb itself came to is in job->rc. */
static int run_job(struct db *db, struct sqlite_job *job)
{
	TRY(run(db, "SAVEPOINT verb"));
	job->rc = work_and_audit(db, job);
	if (is_failure(job->rc) || !db_in_transaction(db))
		return is_failure(job->rc) ? job->rc : E_STORE;
	if (job->rc < 0)
		TRY(run(db, "ROLLBACK TO verb"));
	return run(db, "RELEASE verb");
}

static int run_batch(struct db *db, struct sqlite_job *first)
{
	TRY(run(db, "BEGIN IMMEDIATE"));
	for (struct sqlite_job *job = first; job; job = job->next)
		TRY(run_job(db, job));
	return run(db, "COMMIT");
}

/*
 * The new connection attaches to the log's index before the old one lets go: were the index ever without an owner,
 * SQLite would rebuild it from the file and find the failed pages.
 */
static int reopen(struct sqlite *sqlite)
{
	struct db *fresh;
	TRY(db_open(sqlite->path, true, sqlite->cache_kib, &fresh));
	int rc = run(fresh, "SELECT clients_imported FROM state");
	if (rc < 0) {
		db_close(fresh);
		return rc;
	}
	db_close(sqlite->writer.db);
	sqlite->writer.db = fresh;
	return 0;
}

static int heal(struct sqlite *sqlite)
{
	TRY(reopen(sqlite));
	TRY(db_checkpoint(sqlite->writer.db, SQLITE_CHECKPOINT_TRUNCATE));
	sqlite->writer.sick = false;
	LOG(LOG_WARN, "store_recovered", F("path", sqlite->path));
	log_flush();
	return 0;
}

static int commit_batch(struct sqlite *sqlite, struct sqlite_job *first)
{
	if (sqlite->writer.sick)
		TRY(heal(sqlite));
	int64_t start_ns = clock_mono_ns();
	int rc = run_batch(sqlite->writer.db, first);
	if (rc < 0) {
		db_rollback(sqlite->writer.db);
		sqlite->writer.sick = true;
		return rc;
	}
	atomic_fetch_add(&sqlite->store.commits, 1);
	atomic_fetch_add(&sqlite->store.commit_us, (uint64_t)(clock_mono_ns() - start_ns) / 1000);
	return 0;
}

static void wake_all(struct sqlite *sqlite, struct sqlite_job *first, int batch_rc)
{
	pthread_mutex_lock(&sqlite->writer.lock);
	for (struct sqlite_job *job = first, *next; job; job = next) {
		next = job->next; /* the job is gone once its caller has woken */
		if (batch_rc < 0)
			job->rc = is_failure(job->rc) ? job->rc : E_STORE;
		job->done = true;
		pthread_cond_signal(&job->wake);
	}
	pthread_mutex_unlock(&sqlite->writer.lock);
}

/*
 * Failing to checkpoint fails nobody: what was acknowledged is in the log, and the next batch shows whether the disk is
 * well. Readers may keep the log from starting over, so what counts is how much came since the last time.
 */
static void checkpoint(struct sqlite *sqlite)
{
	struct db *db = sqlite->writer.db;
	if (db->wal_pages < sqlite->writer.moved_pages)
		sqlite->writer.moved_pages = 0;
	if (sqlite->writer.sick || db->wal_pages - sqlite->writer.moved_pages < CHECKPOINT_PAGES)
		return;
	sqlite->writer.moved_pages = db->wal_pages;
	bool flood = db->wal_pages >= TRUNCATE_PAGES;
	if (db_checkpoint(db, flood ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE) < 0)
		sqlite->writer.sick = true;
}

/* After a batch of many, those it woke come back at once: a short wait lets them share the next one too. */
static void gather(struct sqlite *sqlite)
{
	size_t want = sqlite->writer.last_batch;
	if (want < 2 || sqlite->writer.closing)
		return;
	int64_t until_ns = clock_mono_ns() + (int64_t)GATHER_US * 1000;
	while (sqlite->writer.n_queued < want) {
		if (clock_cond_wait(&sqlite->writer.work, &sqlite->writer.lock, until_ns) == ETIMEDOUT)
			return;
	}
}

/* Takes up to BATCH_MAX jobs off the queue. */
static struct sqlite_job *cut_batch(struct sqlite *sqlite)
{
	struct sqlite_job *first = sqlite->writer.first, *last = first;
	size_t n = 1;
	for (; n < BATCH_MAX && last->next; n++)
		last = last->next;
	sqlite->writer.first = last->next;
	if (!last->next)
		sqlite->writer.end = &sqlite->writer.first;
	last->next = NULL;
	sqlite->writer.n_queued -= n;
	sqlite->writer.last_batch = n;
	return first;
}

/* NULL: closing and nothing left. While sick and idle, tries to recover now and then. */
static struct sqlite_job *next_batch(struct sqlite *sqlite)
{
	struct sqlite_job *batch = NULL;
	pthread_mutex_lock(&sqlite->writer.lock);
	while (!sqlite->writer.first && !sqlite->writer.closing) {
		int64_t until_ns = clock_mono_ns() + (int64_t)RETRY_MS * 1000000;
		if (!sqlite->writer.sick) {
			pthread_cond_wait(&sqlite->writer.work, &sqlite->writer.lock);
			continue;
		}
		if (clock_cond_wait(&sqlite->writer.work, &sqlite->writer.lock, until_ns) != ETIMEDOUT)
			continue;
		pthread_mutex_unlock(&sqlite->writer.lock);
		(void)!heal(sqlite);
		pthread_mutex_lock(&sqlite->writer.lock);
	}
	if (sqlite->writer.first) {
		gather(sqlite);
		batch = cut_batch(sqlite);
	}
	pthread_mutex_unlock(&sqlite->writer.lock);
	return batch;
}

static void *write_until_closed(void *arg)
{
	struct sqlite *sqlite = arg;
	struct sqlite_job *batch;
	while ((batch = next_batch(sqlite))) {
		int rc = commit_batch(sqlite, batch);
		wake_all(sqlite, batch, rc);
		checkpoint(sqlite);
		log_flush();
	}
	return NULL;
}

static int outcome(int rc)
{
	static const int codes[] = {0, 0, E_REUSED, E_POLLED_TOO_FAST}; /* by SQLITE_… */
	return rc < 0 ? rc : codes[rc];
}

int sqlite_write(struct store *store, int (*work)(struct db *db, const void *args), const void *args,
		 const struct audit_note *note)
{
	struct sqlite *sqlite = sqlite_of(store);
	struct sqlite_job job = {.work = work, .args = args, .note = note, .wake = PTHREAD_COND_INITIALIZER};
	pthread_mutex_lock(&sqlite->writer.lock);
	*sqlite->writer.end = &job;
	sqlite->writer.end = &job.next;
	sqlite->writer.n_queued++;
	pthread_cond_signal(&sqlite->writer.work);
	while (!job.done)
		pthread_cond_wait(&job.wake, &sqlite->writer.lock);
	pthread_mutex_unlock(&sqlite->writer.lock);
	return outcome(job.rc);
}

int sqlite_write_start(struct sqlite *sqlite)
{
	if (!clock_cond_init(&sqlite->writer.work))
		return E_NOMEM;
	sqlite->writer.end = &sqlite->writer.first;
	if (pthread_create(&sqlite->writer.thread, NULL, write_until_closed, sqlite) != 0)
		return E_NOMEM;
	sqlite->writer.started = true;
	return 0;
}

void sqlite_write_stop(struct sqlite *sqlite)
{
	if (!sqlite->writer.started)
		return;
	pthread_mutex_lock(&sqlite->writer.lock);
	sqlite->writer.closing = true;
	pthread_cond_signal(&sqlite->writer.work);
	pthread_mutex_unlock(&sqlite->writer.lock);
	pthread_join(sqlite->writer.thread, NULL);
	pthread_cond_destroy(&sqlite->writer.work);
	sqlite->writer.started = false;
}
