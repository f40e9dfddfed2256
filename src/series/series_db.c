/* The database file, its readers and its one writer; see series_db.h. https://sqlite.org/wal.html. */
#include "series/series_db.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "sql/db_file.h"
#include "sql/migrate.h"

enum {
	APPLICATION_ID = 0x4d696e53, /* "MinS"; set by the first migration */
	READERS = 8,
	READERS_MAX = 64,
	READER_CACHE_KIB = 2048,
	WRITER_CACHE_KIB = 8192,
	WAIT_MS = 2000,
	POLL_MS = 5,
	MOVE_PAGES = 1000,     /* of the log, above which it is moved into the file */
	TRUNCATE_PAGES = 32768 /* above which its room on the disk is given back */
};

/* Of migrations/NNNN_*.sql. */
extern const struct migrate_table series_migrations;

struct series_db {
	char *path;
	unsigned reader_cache_kib, writer_cache_kib;
	int lock_fd;
	struct {
		pthread_mutex_t lock;
		pthread_cond_t back;
		struct db *idle[READERS_MAX]; /* a stack: the warmest connection first */
		unsigned n_idle, n_open, max;
	} readers;
	struct {
		pthread_mutex_t lock; /* guards busy */
		pthread_cond_t free;  /* on the monotonic clock */
		bool busy;            /* from series_db_write to series_db_write_end; the rest is that thread's */
		struct db *db;        /* NULL after a failure: opened anew by the next writer */
	} writer;
};

/* The lock between processes. */
static int lock_file(struct series_db *db)
{
	static const struct timespec pause = {0, POLL_MS * 1000000};
	int64_t until_ns = clock_mono_ns() + WAIT_MS * INT64_C(1000000);
	for (;;) {
		int rc = db_file_lock(db->lock_fd, db->path);
		if (rc != E_LOCKED || clock_mono_ns() > until_ns)
			return rc;
		nanosleep(&pause, NULL);
	}
}

static int open_writer(struct series_db *db)
{
	struct db *writer;
	TRY(db_open(db->path, true, db->writer_cache_kib, &writer));
	int rc = migrate_run(writer, &series_migrations, APPLICATION_ID);
	if (rc < 0) {
		db_close(writer);
		return rc;
	}
	db->writer.db = writer;
	return 0;
}

/*
 * While another process holds the lock (an import), its file is there and in the present layout, so that opening it
 * writes nothing.
 */
static int prepare_file(struct series_db *db, bool create)
{
	if (!create && access(db->path, F_OK) < 0)
		return errno == ENOENT ? E_ABSENT : E_STORE;
	TRY(db_file_open_lock(db->path, &db->lock_fd));
	int rc = lock_file(db);
	bool locked = rc == 0;
	if (rc == E_LOCKED)
		rc = 0;
	if (locked && create)
		rc = db_file_create(db->path);
	if (rc == 0)
		rc = open_writer(db);
	if (locked)
		db_file_unlock(db->lock_fd);
	return rc;
}

static void init_writer(struct series_db *db)
{
	pthread_mutex_init(&db->writer.lock, NULL);
	(void)clock_cond_init(&db->writer.free);
}

static unsigned or_default(unsigned value, unsigned otherwise) { return value > 0 ? value : otherwise; }

int series_db_open(const char *path, const struct series_db_options *options, struct series_db **ret_db)
{
	struct series_db *db = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*db));
	if (!db)
		return E_NOMEM;
	db->lock_fd = -1;
	db->reader_cache_kib = or_default(options->cache_kib, READER_CACHE_KIB);
	db->writer_cache_kib = or_default(options->writer_cache_kib, WRITER_CACHE_KIB);
	db->readers.max = or_default(options->readers, READERS);
	if (db->readers.max > READERS_MAX)
		db->readers.max = READERS_MAX;
	pthread_mutex_init(&db->readers.lock, NULL);
	pthread_cond_init(&db->readers.back, NULL);
	init_writer(db);
	db->path = fault_hit(FAULT_ALLOC) ? NULL : strdup(path);
	int rc = db->path ? prepare_file(db, options->create) : E_NOMEM;
	if (rc < 0) {
		series_db_close(db);
		return rc;
	}
	*ret_db = db;
	return 0;
}

void series_db_close(struct series_db *db)
{
	if (!db)
		return;
	while (db->readers.n_idle > 0)
		db_close(db->readers.idle[--db->readers.n_idle]);
	/* The last connection of all processes moves the log into the file: not while another one writes. */
	bool locked = db->writer.db && db_file_lock(db->lock_fd, db->path) == 0;
	db_close(db->writer.db);
	if (locked)
		db_file_unlock(db->lock_fd);
	if (db->lock_fd >= 0)
		close(db->lock_fd);
	pthread_mutex_destroy(&db->readers.lock);
	pthread_cond_destroy(&db->readers.back);
	pthread_mutex_destroy(&db->writer.lock);
	pthread_cond_destroy(&db->writer.free);
	free(db->path);
	free(db);
}

void series_db_closep(struct series_db **db) { series_db_close(*db); }

int series_db_probe(struct series_db *db)
{
	_cleanup_(series_db_read_end) struct series_db_reader reader = {0};
	TRY(series_db_read(db, &reader));
	_cleanup_(query_done) struct query query = query_of(reader.db, "SELECT count(*) FROM series WHERE n = 0");
	return query_row(&query);
}

/* --- readers --- */

/* An idle connection, or the right to open one (NULL). */
static struct db *take_reader(struct series_db *db)
{
	struct db *reader = NULL;
	pthread_mutex_lock(&db->readers.lock);
	while (db->readers.n_idle == 0 && db->readers.n_open == db->readers.max)
		pthread_cond_wait(&db->readers.back, &db->readers.lock);
	if (db->readers.n_idle > 0)
		reader = db->readers.idle[--db->readers.n_idle];
	else
		db->readers.n_open++;
	pthread_mutex_unlock(&db->readers.lock);
	return reader;
}

/* reader NULL: it is gone. */
static void give_reader(struct series_db *db, struct db *reader)
{
	pthread_mutex_lock(&db->readers.lock);
	if (reader)
		db->readers.idle[db->readers.n_idle++] = reader;
	else
		db->readers.n_open--;
	pthread_cond_signal(&db->readers.back);
	pthread_mutex_unlock(&db->readers.lock);
}

int series_db_read(struct series_db *db, struct series_db_reader *ret_reader)
{
	struct db *reader = take_reader(db);
	int rc = reader ? 0 : db_open(db->path, false, db->reader_cache_kib, &reader);
	if (rc == 0)
		rc = db_exec(reader, "BEGIN");
	if (rc < 0) {
		db_close(reader);
		give_reader(db, NULL);
		return rc;
	}
	*ret_reader = (struct series_db_reader){db, reader};
	return 0;
}

void series_db_read_end(struct series_db_reader *reader)
{
	if (!reader->owner)
		return;
	db_rollback(reader->db);
	if (reader->db->doubt || db_in_transaction(reader->db)) {
		db_close(reader->db);
		reader->db = NULL;
	}
	give_reader(reader->owner, reader->db);
	*reader = (struct series_db_reader){0};
}

/* --- the writer --- */

/* The lock between threads. */
static int lock_thread(struct series_db *db)
{
	int64_t until_ns = clock_mono_ns() + WAIT_MS * INT64_C(1000000);
	int rc = 0;
	pthread_mutex_lock(&db->writer.lock);
	while (db->writer.busy && rc == 0)
		rc = clock_cond_wait(&db->writer.free, &db->writer.lock, until_ns);
	bool mine = !db->writer.busy;
	db->writer.busy = true;
	pthread_mutex_unlock(&db->writer.lock);
	return mine ? 0 : E_LOCKED;
}

static void unlock_thread(struct series_db *db)
{
	pthread_mutex_lock(&db->writer.lock);
	db->writer.busy = false;
	pthread_cond_signal(&db->writer.free);
	pthread_mutex_unlock(&db->writer.lock);
}

static int begin(struct series_db *db)
{
	if (!db->writer.db)
		TRY(open_writer(db));
	return db_exec(db->writer.db, "BEGIN IMMEDIATE");
}

static void end_write(struct series_db *db)
{
	if (db->writer.db) {
		db_rollback(db->writer.db);
		if (db->writer.db->doubt) {
			db_close(db->writer.db);
			db->writer.db = NULL;
		}
	}
	db_file_unlock(db->lock_fd);
	unlock_thread(db);
}

int series_db_write(struct series_db *db, struct series_db_writer *ret_writer)
{
	TRY(lock_thread(db));
	int rc = lock_file(db);
	if (rc < 0) {
		unlock_thread(db);
		return rc;
	}
	rc = begin(db);
	if (rc < 0) {
		end_write(db);
		return rc;
	}
	*ret_writer = (struct series_db_writer){db, db->writer.db};
	return 0;
}

/* The log is moved into the file by the writer alone; a failure leaves it in the log, where it is as durable. */
static void move_log(struct db *db)
{
	if (db->wal_pages < MOVE_PAGES)
		return;
	int mode = db->wal_pages < TRUNCATE_PAGES ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE;
	int rc = db_checkpoint(db, mode);
	if (rc < 0)
		LOG(LOG_WARN, "checkpoint_failed", F("code", rc));
}

int series_db_commit(struct series_db_writer *writer)
{
	TRY(db_exec(writer->db, "COMMIT"));
	move_log(writer->db);
	return 0;
}

void series_db_write_end(struct series_db_writer *writer)
{
	if (writer->owner)
		end_write(writer->owner);
	*writer = (struct series_db_writer){0};
}
