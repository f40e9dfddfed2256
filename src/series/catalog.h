/*
 * Which series there are: their names in several domains and their metadata. A series has any number of names; a name
 * may lead to several series. Thread-safe; blocks (SQLite).
 */
#ifndef SERIES_CATALOG_H
#define SERIES_CATALOG_H

#include "base/arena.h"
#include "series/expression.h"
#include "series/series_db.h"

enum { CATALOG_MATCHES_MAX = 10000 }; /* series that one expression may match */

/*
 * Work is counted over a whole request, so that no expression or set of permissions keeps a thread busy: a unit is
 * about 10 ns. A character compared costs 1, a name read CATALOG_ROW_WORK.
 */
#define CATALOG_WORK_MAX INT64_C(200000000)
enum { CATALOG_ROW_WORK = 100 };

struct catalog_match {
	int64_t n;       /* number of the series in the database */
	struct uuid id;
	struct str name; /* by which it was found, in the expression's domain; the UUID's text in the domain id */
};
struct catalog_matches {
	struct catalog_match *v;
	size_t n;
};

/*
 * The series that an expression names: each once, ordered by name, then UUID (in the domain id: in the order of the
 * list). In the arena. E_SERIES_UNKNOWN: none; in the domain id also when one of the list is missing. E_SERIES_LIMIT:
 * more than CATALOG_MATCHES_MAX, or *work used up. E_STORE, E_NOMEM.
 */
must_check int catalog_resolve(struct db *db, const struct expression *expression, struct arena *arena,
			       struct catalog_matches *ret_matches, int64_t *work);

/* A set of series by number, in an arena; starts as {0}. True in *ret_new when n was not in it. E_NOMEM. */
struct catalog_set {
	int64_t *v; /* open addressing; 0 is free */
	size_t size, n;
};
must_check int catalog_set_add(struct catalog_set *set, int64_t n, struct arena *arena, bool *ret_new);

/* Names of a series. */
struct catalog_name {
	enum expression_domain domain;
	struct str name;
};
struct catalog_names {
	struct catalog_name *v;
	size_t n;
};
/* In all domains but id, ordered by domain, then name; in the arena. E_STORE, E_NOMEM. */
must_check int catalog_names(struct db *db, int64_t n, struct arena *arena, struct catalog_names *ret_names);

/* What is known of a series. Texts that are absent have p == NULL. */
struct catalog_info {
	struct uuid id;
	struct str name, description, source, uom, vessel_imo, vessel_name;
	bool has_scale, has_range_high, has_range_low;
	double scale, range_high, range_low;
};
/* In the arena. E_ABSENT, E_STORE, E_NOMEM. */
must_check int catalog_describe(struct db *db, int64_t n, struct arena *arena, struct catalog_info *ret_info);

/*
 * For writing: the one series of "{domain}/{expression}" or of a bare UUID. E_SERIES_UNKNOWN, E_SERIES_AMBIGUOUS (a
 * name of several series), E_SERIES_EXPRESSION, E_STORE, E_NOMEM.
 */
must_check int catalog_find(struct db *db, struct str text, int64_t *ret_n);

#endif
