/*
 * The request that is to be judged, as the proxy tells it. Pure. What the caller can write decides nothing: in each
 * mode exactly one place is read, and the others are not looked at (ATTACKS 38).
 */
#ifndef GATE_ORIGIN_H
#define GATE_ORIGIN_H

#include "gate/gate.h"

struct origin {
	struct str method;
	struct str path;  /* not decoded, up to '?' */
	struct str query; /* behind it */
};

/*
 * prefix: gate_options.path_prefix. The strings are borrowed from the request. E_NOT_FOUND: the question's path is not
 * below (GATE_ENVOY) or not the prefix. E_INVALID_REQUEST: a header is missing, repeated or malformed, or another one
 * asks the server behind us to take the method for a different one.
 */
must_check int origin_read(enum gate_mode mode, struct str prefix, const struct http_request *request,
			   struct origin *ret_origin);

#endif
