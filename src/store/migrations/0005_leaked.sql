-- A leaked secret is looked for without its client's id. Chosen secrets have no hash here, and no two secrets the same.
CREATE INDEX client_secret_by_hash ON client_secret (sha256) WHERE form = 0;

PRAGMA user_version = 5;
