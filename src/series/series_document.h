/* openapi/series.yaml as it is served: embedded, with our issuer's token endpoint in it, as YAML and as JSON. */
#ifndef SERIES_SERIES_DOCUMENT_H
#define SERIES_SERIES_DOCUMENT_H

#include "series/series_http.h"

/* The caller's, to buf_done in any case. E_NOMEM, E_CONFIG. */
must_check int series_document_make(const struct series_http_options *options, struct buf *ret_yaml,
				    struct buf *ret_json);

#endif
