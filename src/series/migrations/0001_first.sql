PRAGMA application_id = 0x4d696e53; -- "MinS"

CREATE TABLE series (
	n INTEGER PRIMARY KEY,
	id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
	name TEXT,
	description TEXT,
	source TEXT,
	uom TEXT,
	vessel_imo TEXT,
	vessel_name TEXT,
	scale REAL,
	range_high REAL,
	range_low REAL
) STRICT;

-- domain: enum expression_domain, whose numbers are fixed by this.
CREATE TABLE name (
	domain INTEGER NOT NULL,
	name TEXT NOT NULL,
	series INTEGER NOT NULL REFERENCES series (n) ON DELETE CASCADE,
	PRIMARY KEY (domain, name, series)
) STRICT, WITHOUT ROWID;
CREATE INDEX name_of_series ON name (series, domain, name);

-- No foreign key: it would cost a look-up for each point. Writers take numbers from the table series alone.
CREATE TABLE point (
	series INTEGER NOT NULL,
	time_us INTEGER NOT NULL,
	value REAL NOT NULL,
	PRIMARY KEY (series, time_us)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 1;
