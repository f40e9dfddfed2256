-- Programs that registered themselves and were never used go after a while. Of those that are there already nobody knows: 0.
ALTER TABLE client_app ADD COLUMN vouched INTEGER NOT NULL DEFAULT 0;
ALTER TABLE client_app ADD COLUMN unused_since_s INTEGER NOT NULL DEFAULT 0;
CREATE INDEX client_app_unused ON client_app (vouched, unused_since_s) WHERE unused_since_s > 0;

PRAGMA user_version = 9;
