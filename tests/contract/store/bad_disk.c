/* See bad_disk.h. https://sqlite.org/c3ref/io_methods.html */
#include "bad_disk.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <string.h>

struct file {
	sqlite3_file base;
	bool is_main;
	sqlite3_file real[]; /* the real VFS's own, longer than this */
};

static sqlite3_vfs *real_vfs, our_vfs;
static _Atomic int now;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t released = PTHREAD_COND_INITIALIZER;
static bool hold, waiting;

static sqlite3_file *real_of(sqlite3_file *file) { return ((struct file *)file)->real; }

static bool hits(const sqlite3_file *file, int fault, int fault_main)
{
	int set = atomic_load(&now);
	return set == fault || (set == fault_main && ((const struct file *)file)->is_main);
}

static int close_file(sqlite3_file *file) { return real_of(file)->pMethods->xClose(real_of(file)); }

static int read_file(sqlite3_file *file, void *p, int n, sqlite3_int64 at)
{
	if (hits(file, BAD_DISK_READ, BAD_DISK_READ))
		return SQLITE_IOERR_READ;
	return real_of(file)->pMethods->xRead(real_of(file), p, n, at);
}

static int write_file(sqlite3_file *file, const void *p, int n, sqlite3_int64 at)
{
	if (hits(file, BAD_DISK_FULL, BAD_DISK_FULL_MAIN))
		return SQLITE_FULL;
	return real_of(file)->pMethods->xWrite(real_of(file), p, n, at);
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 size)
{
	return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int sync_file(sqlite3_file *file, int flags)
{
	pthread_mutex_lock(&lock);
	while (hold) {
		waiting = true;
		pthread_cond_wait(&released, &lock);
	}
	waiting = false;
	pthread_mutex_unlock(&lock);
	if (hits(file, BAD_DISK_SYNC, BAD_DISK_SYNC_MAIN))
		return SQLITE_IOERR_FSYNC;
	return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int lock_file(sqlite3_file *file, int level) { return real_of(file)->pMethods->xLock(real_of(file), level); }

static int unlock_file(sqlite3_file *file, int level) { return real_of(file)->pMethods->xUnlock(real_of(file), level); }

static int check_lock(sqlite3_file *file, int *result)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), result);
}

static int control(sqlite3_file *file, int op, void *arg)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int sector_size(sqlite3_file *file) { return real_of(file)->pMethods->xSectorSize(real_of(file)); }

static int characteristics(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **p)
{
	return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, p);
}

static int shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void shm_barrier(sqlite3_file *file) { real_of(file)->pMethods->xShmBarrier(real_of(file)); }

static int shm_unmap(sqlite3_file *file, int remove)
{
	return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = close_file,
	.xRead = read_file,
	.xWrite = write_file,
	.xTruncate = truncate_file,
	.xSync = sync_file,
	.xFileSize = file_size,
	.xLock = lock_file,
	.xUnlock = unlock_file,
	.xCheckReservedLock = check_lock,
	.xFileControl = control,
	.xSectorSize = sector_size,
	.xDeviceCharacteristics = characteristics,
	.xShmMap = shm_map,
	.xShmLock = shm_lock,
	.xShmBarrier = shm_barrier,
	.xShmUnmap = shm_unmap,
};

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
	(void)vfs;
	struct file *ours = (struct file *)file;
	int rc = real_vfs->xOpen(real_vfs, name, real_of(file), flags, out_flags);
	ours->base.pMethods = real_of(file)->pMethods ? &methods : NULL;
	ours->is_main = (flags & SQLITE_OPEN_MAIN_DB) != 0;
	return rc;
}

void bad_disk_install(void)
{
	real_vfs = sqlite3_vfs_find(NULL);
	our_vfs = *real_vfs;
	our_vfs.zName = "bad disk";
	our_vfs.szOsFile = (int)sizeof(struct file) + real_vfs->szOsFile;
	our_vfs.xOpen = open_file;
	sqlite3_vfs_register(&our_vfs, 1);
}

void bad_disk_set(enum bad_disk_fault fault) { atomic_store(&now, (int)fault); }

void bad_disk_hold_syncs(bool on)
{
	pthread_mutex_lock(&lock);
	hold = on;
	pthread_cond_broadcast(&released);
	pthread_mutex_unlock(&lock);
}

bool bad_disk_held(void)
{
	pthread_mutex_lock(&lock);
	bool is = hold && waiting;
	pthread_mutex_unlock(&lock);
	return is;
}
