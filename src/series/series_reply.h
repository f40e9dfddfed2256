/* Wording of answers: headers that every answer has, and errors. */
#ifndef SERIES_SERIES_REPLY_H
#define SERIES_SERIES_REPLY_H

#include "series/series_call.h"

/* Headers of an answer of this type; the body is the caller's. */
void series_reply_begin(struct series_call *call, struct str media_type);
/* {"error": text, "code": word, "request_id": id}, with call->why as the text if there is one. */
void series_reply_error(struct series_call *call, int code);

#endif
