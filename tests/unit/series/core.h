/* What the tests of the series' core share: a database of its own, definitions, points. */
#ifndef TESTS_UNIT_SERIES_CORE_H
#define TESTS_UNIT_SERIES_CORE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "series/define.h"
#include "series/moment.h"
#include "series/points.h"
#include "series/uuid.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BYTES(literal) {(literal), sizeof(literal) - 1}

#define UUID_A "0188cf3a-6f5b-7c53-9a3b-1e8f0c9d2a0a"
#define UUID_B "0188cf3a-6f5b-7c53-9a3b-1e8f0c9d2a0b"
#define UUID_C "0188cf3a-6f5b-7c53-9a3b-1e8f0c9d2a0c"
#define UUID_NONE "0188cf3a-6f5b-7c53-9a3b-1e8f0c9d2aff"

/* A and B share a name in maker; C has names whose levels are empty. */
static const char core_definitions[] =
	"{\"series\":["
	"{\"id\":\"" UUID_A "\",\"names\":{\"raalabs\":\"IMO1/ME ShaftPower\",\"jsmea\":\"ME//Power/\","
	"\"maker\":\"IMO1/M/x\"},"
	"\"name\":\"Power\",\"uom\":\"kW\",\"range_high\":15000.5},"
	"{\"id\":\"" UUID_B "\",\"names\":{\"raalabs\":[\"IMO1/ME ShaftTorque\",\"IMO1/Alias\"],"
	"\"maker\":\"IMO1/M/x\"}},"
	"{\"id\":\"" UUID_C "\",\"names\":{\"raalabs\":\"IMO2/ME ShaftPower\",\"jsmea\":\"ME//Power\"}}]}";

struct core {
	char dir[32];
	char path[64];
	struct series_db *db;
};

static inline void core_define(struct core *core, const char *json)
{
	struct buf why;
	struct define_result result;
	buf_init(&why, 1024);
	assert_int_equal(define_run(core->db, str_of(json), &why, &result), 0);
	buf_done(&why);
}

static inline void core_open(struct core *core)
{
	const struct series_db_options options = {.create = true};
	snprintf(core->dir, sizeof(core->dir), "/tmp/test_series_XXXXXX");
	assert_non_null(mkdtemp(core->dir));
	snprintf(core->path, sizeof(core->path), "%s/s.db", core->dir);
	assert_int_equal(series_db_open(core->path, &options, &core->db), 0);
}

static inline void core_close(struct core *core)
{
	static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
	char name[80];
	series_db_close(core->db);
	for (size_t i = 0; i < COUNT(ends); i++) {
		snprintf(name, sizeof(name), "%s%s", core->path, ends[i]);
		unlink(name);
	}
	assert_int_equal(rmdir(core->dir), 0);
}

/* The moment of a text that is right. */
static inline int64_t core_us(const char *text)
{
	int64_t us = 0;
	assert_int_equal(moment_parse(str_of(text), &us), 0);
	return us;
}

static inline void core_write(struct core *core, int64_t series, int64_t time_us, double value)
{
	struct points_row row = {series, time_us, value};
	assert_int_equal(points_write(core->db, &row, 1), 0);
}

static inline int64_t core_count(struct core *core)
{
	struct series_db_reader reader = {0};
	assert_int_equal(series_db_read(core->db, &reader), 0);
	struct query query = query_of(reader.db, "SELECT count(*) FROM point");
	assert_int_equal(query_row(&query), 0);
	int64_t n = query_get_int(&query);
	query_done(&query);
	series_db_read_end(&reader);
	return n;
}

#endif
