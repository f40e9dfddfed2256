/*
 * What a scan has found: each secret once, for the server and for counting, and the lines that are printed about its
 * places. Bounded. Must never print a secret, or bytes of others that could steer a terminal. Single-threaded.
 */
#ifndef CLI_SCAN_FOUND_H
#define CLI_SCAN_FOUND_H

#include "cli/scan.h"
#include "json/json.h"

enum { SCAN_SECRETS_MAX = 20000, SCAN_PLACES_MAX = 100000 };

struct scan_secret {
	char *text; /* NUL-terminated */
	size_t len;
	const char *kind;
};

struct scan_found {
	bool as_json;
	struct scan_secret *secrets;
	size_t n_secrets, n_places;
	uint32_t *slots;   /* a hash table of indices + 1 */
	uint64_t seed;
	bool is_full;      /* something was found that there is no room for */
	bool has_trouble;  /* something was not searched */
	struct buf json;
	struct json_out out;
};

/* Where it is. Empty parts are left out. */
struct scan_place {
	struct str path;
	uint64_t line;
	struct str repository; /* of a history */
	struct str commit, object;
	enum scan_form form;
};

/* E_NOMEM, E_RANDOM. */
must_check int scan_found_init(struct scan_found *found, bool as_json);
/* Wipes. */
void scan_found_done(struct scan_found *found);
/* The secret's index. E_LIMIT: there is no room (is_full). */
must_check int scan_found_remember(struct scan_found *found, const struct scan_hit *hit, size_t *ret_i);
/* Prints a line, or adds to the JSON document. */
void scan_found_place(struct scan_found *found, size_t i, const struct scan_place *place);
/* Says that something was not searched, and why. */
void scan_found_complain(struct scan_found *found, const char *path, const char *why);
/* Ends the JSON document and prints it. Exit status. */
must_check int scan_found_finish(struct scan_found *found);

#endif
