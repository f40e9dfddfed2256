-- Accounts, clients with grants and secrets, APIs with scopes, signing keys, the audit chain.
-- Rows refer to each other by small integers, not by their text ids: a client, its grants and its secrets then lie next to
-- each other in the file and new ones are appended; only the two id indexes are written at random places.
PRAGMA application_id = 1298755188; -- "Mint"

CREATE TABLE state (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	clients_imported INTEGER NOT NULL, -- clients whose id has no mmc_ prefix
	probe INTEGER NOT NULL,
	audit_seq INTEGER NOT NULL, -- the newest link of the audit chain
	audit_hash BLOB NOT NULL
) STRICT;
INSERT INTO state VALUES (1, 0, 0, 0, zeroblob(32));

CREATE TABLE account (
	n INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	email TEXT NOT NULL UNIQUE,
	email_verified INTEGER NOT NULL,
	name TEXT NOT NULL,
	disabled INTEGER NOT NULL,
	epoch INTEGER NOT NULL,
	created_s INTEGER NOT NULL
) STRICT;

CREATE TABLE account_role (
	account_n INTEGER NOT NULL REFERENCES account (n),
	pos INTEGER NOT NULL,
	role TEXT NOT NULL,
	PRIMARY KEY (account_n, pos)
) STRICT, WITHOUT ROWID;

CREATE TABLE api (
	n INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	audience TEXT NOT NULL UNIQUE,
	name TEXT NOT NULL,
	alg TEXT NOT NULL,
	lifetime_s INTEGER NOT NULL,
	created_s INTEGER NOT NULL
) STRICT;

CREATE TABLE scope (
	n INTEGER PRIMARY KEY,
	api_n INTEGER REFERENCES api (n), -- NULL: an identity scope, made when it is first granted
	name TEXT NOT NULL,
	description TEXT NOT NULL,
	pos INTEGER NOT NULL,
	UNIQUE (api_n, name)
) STRICT;
CREATE UNIQUE INDEX scope_identity ON scope (name) WHERE api_n IS NULL;

CREATE TABLE client (
	n INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	kind INTEGER NOT NULL,
	account_n INTEGER REFERENCES account (n),
	name TEXT NOT NULL,
	auth INTEGER NOT NULL,
	disabled INTEGER NOT NULL,
	expires_s INTEGER NOT NULL,
	lifetime_s INTEGER NOT NULL,
	default_api_n INTEGER REFERENCES api (n),
	epoch INTEGER NOT NULL,
	created_s INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX client_by_account ON client (account_n, id) WHERE account_n IS NOT NULL;
CREATE INDEX client_by_default_api ON client (default_api_n) WHERE default_api_n IS NOT NULL;

CREATE TABLE client_grant (
	client_n INTEGER NOT NULL REFERENCES client (n),
	scope_n INTEGER NOT NULL REFERENCES scope (n),
	PRIMARY KEY (client_n, scope_n)
) STRICT, WITHOUT ROWID;
CREATE INDEX client_grant_by_scope ON client_grant (scope_n);

CREATE TABLE client_secret (
	client_n INTEGER NOT NULL REFERENCES client (n),
	created_s INTEGER NOT NULL,
	id TEXT NOT NULL UNIQUE,
	form INTEGER NOT NULL,
	sha256 BLOB NOT NULL, -- empty for chosen ones
	phc TEXT NOT NULL,    -- empty for generated ones
	hint TEXT NOT NULL,
	label TEXT NOT NULL,
	expires_s INTEGER NOT NULL,
	revoked_s INTEGER NOT NULL,
	last_used_s INTEGER NOT NULL,
	last_used_addr TEXT NOT NULL,
	use_count INTEGER NOT NULL,
	PRIMARY KEY (client_n, created_s, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE signing_key (
	kid TEXT PRIMARY KEY,
	alg TEXT NOT NULL,
	state INTEGER NOT NULL,
	sealed BLOB NOT NULL,
	public_jwk TEXT NOT NULL,
	created_s INTEGER NOT NULL,
	active_s INTEGER NOT NULL,
	retiring_s INTEGER NOT NULL,
	gone_s INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
	seq INTEGER PRIMARY KEY,
	time_s INTEGER NOT NULL,
	actor TEXT NOT NULL,
	action TEXT NOT NULL,
	target TEXT NOT NULL,
	detail TEXT NOT NULL,
	prev BLOB NOT NULL,
	hash BLOB NOT NULL
) STRICT;
-- A tripwire against slips of ours; what proves the table is the chain of hashes.
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;

PRAGMA user_version = 1;
