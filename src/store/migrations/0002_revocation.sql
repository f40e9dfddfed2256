-- What ended before its time (RFC 7009, the revocation feed), and which clients are resource servers of which API.
-- feed: the identity of this store's feed; a copy that starts over must not be taken for the same one.
ALTER TABLE state ADD COLUMN feed TEXT NOT NULL DEFAULT '';
ALTER TABLE state ADD COLUMN revocation_seq INTEGER NOT NULL DEFAULT 0; -- the newest ever given; rows of it may be swept
UPDATE state SET feed = lower(hex(randomblob(16)));

-- One row per subject; each new word about it moves the row to the end of the feed.
CREATE TABLE revocation (
	seq INTEGER PRIMARY KEY,
	kind INTEGER NOT NULL,         -- 0 client, 1 account, 2 jti
	id TEXT NOT NULL,
	epoch INTEGER NOT NULL,        -- the lowest that is still good; 0 for a jti
	not_before_s INTEGER NOT NULL,
	until_s INTEGER NOT NULL,
	owner TEXT NOT NULL,           -- of a jti: the client it was issued to; else empty
	UNIQUE (kind, id)
) STRICT;
CREATE INDEX revocation_by_owner ON revocation (owner) WHERE owner <> '';
CREATE INDEX revocation_by_until ON revocation (until_s);

CREATE TABLE api_server (
	api_n INTEGER NOT NULL REFERENCES api (n),
	client_n INTEGER NOT NULL REFERENCES client (n),
	PRIMARY KEY (api_n, client_n)
) STRICT, WITHOUT ROWID;
CREATE INDEX api_server_by_client ON api_server (client_n);

PRAGMA user_version = 2;
