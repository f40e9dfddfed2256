/*
 * Answers of any size in constant memory: rows of a selection as JSON or NDJSON, piece by piece, each when the peer has
 * taken the one before (daemon_next). Nothing is held between two pieces but the cursor's place. Runs on pool threads.
 */
#ifndef SERIES_SERIES_STREAM_H
#define SERIES_SERIES_STREAM_H

#include "series/series_params.h"

enum series_stream_kind { STREAM_POINTS, STREAM_STATISTICS, STREAM_METADATA };

struct series_stream {
	enum series_stream_kind kind;
	struct selection selection;
	struct cursor cursor;
	struct series_functions functions; /* of statistics */
	bool is_verbose;                   /* of metadata */
	bool started;
	size_t next;                       /* of metadata: index in the selection */
	size_t at;                         /* whose text stands in id; SIZE_MAX: nobody's */
	char id[UUID_TEXT_LEN];
};

/* Empty, in the call's arena. E_NOMEM. */
must_check int series_stream_new(struct series_call *call, struct series_stream **ret_stream);
/* The selection is made: answer 200 and stream its rows. */
void series_stream_begin(struct series_call *call, enum series_stream_kind kind);

#endif
