-- How people prove who they are, and what they allowed: sessions, passwords and second factors, codes, families of tokens,
-- devices, consent. What goes with an account, a client or a family goes by the database's own cascade; each column that
-- refers has an index that begins with it.
ALTER TABLE client ADD COLUMN networks TEXT NOT NULL DEFAULT ''; -- CIDRs, one per line

CREATE TABLE client_app (
	client_n INTEGER PRIMARY KEY REFERENCES client (n) ON DELETE CASCADE,
	grant_types INTEGER NOT NULL,
	native INTEGER NOT NULL,
	trusted INTEGER NOT NULL,
	par_required INTEGER NOT NULL,
	id_token_alg TEXT NOT NULL,
	redirect_uris TEXT NOT NULL, -- one per line
	logout_uris TEXT NOT NULL,
	uri TEXT NOT NULL,
	logo_uri TEXT NOT NULL,
	policy_uri TEXT NOT NULL,
	tos_uri TEXT NOT NULL,
	registered INTEGER NOT NULL,
	registration_sha256 BLOB NOT NULL
) STRICT;

CREATE TABLE session (
	n INTEGER PRIMARY KEY,
	sha256 BLOB NOT NULL UNIQUE,
	id TEXT NOT NULL UNIQUE,
	account_n INTEGER NOT NULL REFERENCES account (n) ON DELETE CASCADE,
	account_epoch INTEGER NOT NULL,
	methods INTEGER NOT NULL,
	auth_s INTEGER NOT NULL,
	created_s INTEGER NOT NULL,
	expires_s INTEGER NOT NULL,
	seen_s INTEGER NOT NULL,
	addr TEXT NOT NULL,
	agent TEXT NOT NULL
) STRICT;
CREATE INDEX session_by_account ON session (account_n, auth_s);
CREATE INDEX session_by_expiry ON session (expires_s);

CREATE TABLE login (
	account_n INTEGER PRIMARY KEY REFERENCES account (n) ON DELETE CASCADE,
	phc TEXT NOT NULL,
	password_s INTEGER NOT NULL,
	totp BLOB NOT NULL, -- sealed
	totp_on INTEGER NOT NULL,
	totp_step INTEGER NOT NULL
) STRICT;

CREATE TABLE recovery (
	account_n INTEGER NOT NULL REFERENCES account (n) ON DELETE CASCADE,
	sha256 BLOB NOT NULL,
	PRIMARY KEY (account_n, sha256)
) STRICT, WITHOUT ROWID;

CREATE TABLE passkey (
	n INTEGER PRIMARY KEY,
	id BLOB NOT NULL UNIQUE,
	account_n INTEGER NOT NULL REFERENCES account (n) ON DELETE CASCADE,
	name TEXT NOT NULL,
	key BLOB NOT NULL,
	counter INTEGER NOT NULL,
	created_s INTEGER NOT NULL,
	last_used_s INTEGER NOT NULL
) STRICT;
CREATE INDEX passkey_by_account ON passkey (account_n, created_s, id);

CREATE TABLE upstream (
	issuer TEXT NOT NULL,
	subject TEXT NOT NULL,
	account_n INTEGER NOT NULL REFERENCES account (n) ON DELETE CASCADE,
	email TEXT NOT NULL,
	created_s INTEGER NOT NULL,
	PRIMARY KEY (issuer, subject),
	UNIQUE (account_n, issuer)
) STRICT, WITHOUT ROWID;

-- Who takes a row deletes it.
CREATE TABLE once (
	n INTEGER PRIMARY KEY,
	sha256 BLOB NOT NULL UNIQUE,
	kind INTEGER NOT NULL,
	account_n INTEGER REFERENCES account (n) ON DELETE CASCADE,
	data TEXT NOT NULL,
	created_s INTEGER NOT NULL,
	expires_s INTEGER NOT NULL
) STRICT;
CREATE INDEX once_by_kind ON once (kind, created_s);
CREATE INDEX once_by_account ON once (account_n);
CREATE INDEX once_by_expiry ON once (expires_s);

-- An API is named by its id: a family outlives it, and gives no token any more.
CREATE TABLE family (
	n INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	client_n INTEGER NOT NULL REFERENCES client (n) ON DELETE CASCADE,
	account_n INTEGER NOT NULL REFERENCES account (n) ON DELETE CASCADE,
	session_id TEXT NOT NULL,
	epoch INTEGER NOT NULL,
	account_epoch INTEGER NOT NULL,
	scope TEXT NOT NULL,
	api_id TEXT NOT NULL,
	nonce TEXT NOT NULL,
	methods INTEGER NOT NULL,
	auth_s INTEGER NOT NULL,
	created_s INTEGER NOT NULL,
	expires_s INTEGER NOT NULL,
	ended_s INTEGER NOT NULL,
	used_s INTEGER NOT NULL
) STRICT;
CREATE INDEX family_by_account ON family (account_n, created_s);
CREATE INDEX family_by_client ON family (client_n, account_n);
CREATE INDEX family_by_expiry ON family (expires_s);

-- Living access tokens of a family; the dead ones go when it gives another.
CREATE TABLE family_token (
	family_n INTEGER NOT NULL REFERENCES family (n) ON DELETE CASCADE,
	jti TEXT NOT NULL,
	until_s INTEGER NOT NULL,
	PRIMARY KEY (family_n, jti)
) STRICT, WITHOUT ROWID;

CREATE TABLE refresh (
	n INTEGER PRIMARY KEY,
	sha256 BLOB NOT NULL UNIQUE,
	family_n INTEGER NOT NULL REFERENCES family (n) ON DELETE CASCADE,
	created_s INTEGER NOT NULL,
	expires_s INTEGER NOT NULL,
	used_s INTEGER NOT NULL,    -- when it was rotated
	next_n INTEGER NOT NULL,    -- the token that took its place; 0: none
	grace_over INTEGER NOT NULL -- its second use within the grace is spent
) STRICT;
CREATE INDEX refresh_by_family ON refresh (family_n);
CREATE INDEX refresh_by_expiry ON refresh (expires_s);

CREATE TABLE code (
	n INTEGER PRIMARY KEY,
	sha256 BLOB NOT NULL UNIQUE,
	client_n INTEGER NOT NULL REFERENCES client (n) ON DELETE CASCADE,
	account_n INTEGER NOT NULL REFERENCES account (n) ON DELETE CASCADE,
	session_id TEXT NOT NULL,
	redirect_uri TEXT NOT NULL,
	scope TEXT NOT NULL,
	api_id TEXT NOT NULL,
	nonce TEXT NOT NULL,
	challenge TEXT NOT NULL,
	methods INTEGER NOT NULL,
	auth_s INTEGER NOT NULL,
	created_s INTEGER NOT NULL,
	expires_s INTEGER NOT NULL,
	used INTEGER NOT NULL,
	family_n INTEGER REFERENCES family (n) ON DELETE SET NULL -- what began with it
) STRICT;
CREATE INDEX code_by_client ON code (client_n);
CREATE INDEX code_by_account ON code (account_n);
CREATE INDEX code_by_family ON code (family_n);
CREATE INDEX code_by_expiry ON code (expires_s);

CREATE TABLE device (
	n INTEGER PRIMARY KEY,
	sha256 BLOB NOT NULL UNIQUE,
	kind INTEGER NOT NULL,
	user_code TEXT NOT NULL, -- unique among the living; of several the newest counts
	client_n INTEGER REFERENCES client (n) ON DELETE CASCADE,
	scope TEXT NOT NULL,
	api_id TEXT NOT NULL,
	addr TEXT NOT NULL,
	agent TEXT NOT NULL,
	note TEXT NOT NULL,
	interval_s INTEGER NOT NULL,
	polled_s INTEGER NOT NULL,
	created_s INTEGER NOT NULL,
	expires_s INTEGER NOT NULL,
	state INTEGER NOT NULL,
	account_n INTEGER REFERENCES account (n) ON DELETE CASCADE,
	session_id TEXT NOT NULL,
	methods INTEGER NOT NULL,
	auth_s INTEGER NOT NULL,
	family_n INTEGER REFERENCES family (n) ON DELETE SET NULL
) STRICT;
CREATE INDEX device_by_user_code ON device (user_code);
CREATE INDEX device_by_client ON device (client_n);
CREATE INDEX device_by_account ON device (account_n);
CREATE INDEX device_by_family ON device (family_n);
CREATE INDEX device_by_expiry ON device (expires_s);

CREATE TABLE consent (
	account_n INTEGER NOT NULL REFERENCES account (n) ON DELETE CASCADE,
	client_n INTEGER NOT NULL REFERENCES client (n) ON DELETE CASCADE,
	scope TEXT NOT NULL,
	created_s INTEGER NOT NULL,
	changed_s INTEGER NOT NULL,
	PRIMARY KEY (account_n, client_n)
) STRICT, WITHOUT ROWID;
CREATE INDEX consent_by_client ON consent (client_n);

CREATE TABLE use_day (
	client_n INTEGER NOT NULL REFERENCES client (n) ON DELETE CASCADE,
	day INTEGER NOT NULL, -- since 1970
	count INTEGER NOT NULL,
	PRIMARY KEY (client_n, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE secret_host (
	client_n INTEGER NOT NULL REFERENCES client (n) ON DELETE CASCADE,
	secret_id TEXT NOT NULL,
	addr TEXT NOT NULL,
	last_s INTEGER NOT NULL,
	PRIMARY KEY (client_n, secret_id, addr)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 4;
