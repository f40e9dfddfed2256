/* Memory that start-up needed and nobody needs afterwards. Any process, any thread. */
#ifndef BASE_TRIM_H
#define BASE_TRIM_H

/*
 * Gives back the free parts of the heap, and the pages of code and constants of the program and its libraries: a
 * process that starts touches most of them once. They are read-only and of files, so whoever needs one again gets it
 * from the page cache. Needs no system call but madvise(2). Cannot fail: what can't be given back stays.
 */
void trim_start_up(void);

#endif
