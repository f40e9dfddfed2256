/* The protected resource's identifier and where its metadata is found (RFC 9728 2, 3.1). Pure. */
#ifndef GATE_RESOURCE_H
#define GATE_RESOURCE_H

#include "base/buf.h"
#include "base/str.h"

/* An http or https URL without fragment, with a host, of characters that need no quoting in a challenge. */
bool resource_is_url(struct str resource);
/* Appended: the well-known URL, inserted between host and path. resource: resource_is_url. */
void resource_put_metadata_url(struct str resource, struct buf *out);
/*
 * Whether a request's path asks for the metadata: the well-known path with the resource's path behind it, or without,
 * for callers that know the host only.
 */
bool resource_is_metadata_path(struct str resource, struct str path);

#endif
