/*
 * An issuer's metadata (RFC 8414 3.2) as a verifier reads them: the key set's URL comes out only of a document that
 * names exactly this issuer, and only as it stands there.
 */
#include <stdlib.h>

#include "http/http_out.h"
#include "json/json.h"
#include "verify/fetch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str issuer = STR("https://as.example");
	struct str text = str_mem(data, size), named, wanted;
	struct json *doc = NULL;
	struct buf url;
	buf_init(&url, 2048);
	enum fetch_cause cause = fetch_read_metadata(issuer, text, &url);
	check(cause == FETCH_DONE || cause == FETCH_SYNTAX || cause == FETCH_ISSUER || cause == FETCH_URL);
	if (cause == FETCH_DONE) {
		check(json_parse_object_max(text, FETCH_DOCUMENT_MAX, &doc) == 0);
		check(json_get_str(doc, "issuer", &named) == 0 && str_eq(named, issuer));
		check(json_get_str(doc, "jwks_uri", &wanted) == 0 && str_eq(wanted, buf_str(&url)));
		(void)http_out_same_origin(issuer, buf_str(&url));
	}
	json_free(doc);
	buf_done(&url);
	return 0;
}
