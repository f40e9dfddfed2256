/*
 * Defining series from a JSON document:
 *
 *   {"series": [{"id": "0188…", "names": {"raalabs": "IMO1234567/ME ShaftPower", "jsmea": ["…", "…"]},
 *                "name": "…", "description": "…", "source": "…", "scale": 1, "uom": "kW", "range_low": 0,
 *                "range_high": 15000, "vessel_imo": "IMO1234567", "vessel_name": "…"}]}
 *
 * Only `id` is required. A series that exists already gets exactly this description and these names; points stay.
 * All or nothing. Single-threaded use; blocks.
 */
#ifndef SERIES_DEFINE_H
#define SERIES_DEFINE_H

#include "base/buf.h"
#include "series/series_db.h"

enum { DEFINE_MAX = 64 << 20, DEFINE_TEXT_MAX = 2048, DEFINE_NAMES_MAX = 64 };

struct define_result {
	uint64_t created, changed;
};

/*
 * E_SYNTAX (why says which member of which series), E_LIMIT, E_LOCKED, E_STORE, E_NOMEM. why gets a sentence that is
 * safe to show.
 */
must_check int define_run(struct series_db *db, struct str json, struct buf *why, struct define_result *ret_result);

#endif
