-- A leaked registration access token (RFC 7592) is looked for without its client's id.
CREATE INDEX client_app_by_registration ON client_app (registration_sha256) WHERE registered = 1;

PRAGMA user_version = 8;
