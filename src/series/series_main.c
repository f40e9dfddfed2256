/*
 * The series daemon; see series_main.h. Order: signals and log, database, verifier (whose thread fetches keys), HTTP.
 * Holds no key of ours and links nothing of the server's.
 */
#include "series/series_main.h"

#include "series/series_http.h"

enum {
	ARENA_MAX = 8 << 20, /* of a request: a selection of SELECTION_MAX series */
	BODY_MAX = 1 << 20,  /* of an answer that does not stream */
	POOL_THREADS = 8,
};

struct parts {
	struct series_db *db;
	mintmark_keyset *keyset;
	mintmark_feed *feed; /* NULL: never asked */
	mintmark_verifier *verifier;
	struct series_http *http;
};

static int open_db(const struct series_main_options *options, struct parts *parts, struct buf *why)
{
	const struct series_db_options db_options = {.create = true, .readers = POOL_THREADS};
	int rc = series_db_open(options->db, &db_options, &parts->db);
	if (rc < 0)
		buf_printf(why, rc == E_SYNTAX ? "%s is no database of series, or of a newer version"
					       : "the database %s can not be opened", options->db);
	return rc;
}

static int make_keyset(const struct series_main_options *options, struct parts *parts)
{
	const struct mintmark_keyset_options keyset = {
		.size = sizeof(keyset),
		.flags = options->plain_http ? MINTMARK_KEYSET_PLAIN_HTTP : 0,
		.ca_file = options->ca_file,
	};
	return mintmark_keyset_discover(options->issuer, &keyset, &parts->keyset);
}

static int make_feed(const struct series_main_options *options, struct parts *parts)
{
	const struct mintmark_feed_options feed = {
		.size = sizeof(feed),
		.flags = options->plain_http ? MINTMARK_FEED_PLAIN_HTTP : 0,
		.ca_file = options->ca_file,
	};
	if (options->revocation == SERIES_MAIN_OFF)
		return MINTMARK_OK;
	return mintmark_feed_new(options->issuer, parts->keyset, &feed, &parts->feed);
}

static int make_verifier(const struct series_main_options *options, struct parts *parts, struct buf *why)
{
	static const unsigned off[] = {[SERIES_MAIN_OPEN] = MINTMARK_OFF_REVOCATION_AGE,
				       [SERIES_MAIN_OFF] = MINTMARK_OFF_REVOCATION};
	int error = make_keyset(options, parts);
	if (error == MINTMARK_OK)
		error = make_feed(options, parts);
	const struct mintmark_policy policy = {
		.size = sizeof(policy),
		.issuer = options->issuer,
		.audience = options->audience,
		.algorithms = "ES256 ES384 RS256 PS256 EdDSA",
		.off = off[options->revocation],
		.feed = parts->feed,
	};
	if (error == MINTMARK_OK)
		error = mintmark_verifier_new(&policy, parts->keyset, &parts->verifier);
	if (error == MINTMARK_OK)
		return 0;
	buf_printf(why, "the verifier can not be made: %s", mintmark_error_text(error));
	return error == MINTMARK_ERROR_MEMORY ? E_NOMEM : E_CONFIG;
}

static int make_parts(const struct series_main_options *options, struct parts *parts, struct buf *why)
{
	TRY(open_db(options, parts, why));
	TRY(make_verifier(options, parts, why));
	const struct series_http_options http = {
		.db = parts->db,
		.verifier = parts->verifier,
		.issuer = str_of(options->issuer),
		.audience = str_of(options->audience),
		.environment = options->environment,
	};
	return series_http_new(&http, &parts->http, why);
}

static int run(const struct series_main_options *options, const struct parts *parts, struct buf *why)
{
	const struct daemon_options daemon = {
		.listen = options->listen,
		.n_listen = options->n_listen,
		.pool_threads = POOL_THREADS,
		.arena_max = ARENA_MAX,
		.body_max = BODY_MAX,
		.handler = {.handle = series_http_handle, .finished = series_http_finished, .arg = parts->http},
	};
	return daemon_run(&daemon, why);
}

int series_main(const struct series_main_options *options, struct buf *why)
{
	struct parts parts = {0};
	TRY(daemon_prepare("series", LOG_INFO, LOG_TEXT));
	int rc = make_parts(options, &parts, why);
	if (rc == 0)
		rc = run(options, &parts, why);
	if (rc == E_TIMEOUT) /* handlers still use the parts */
		return rc;
	series_http_free(parts.http);
	mintmark_verifier_free(parts.verifier);
	mintmark_feed_free(parts.feed);
	mintmark_keyset_free(parts.keyset);
	series_db_close(parts.db);
	return rc;
}
