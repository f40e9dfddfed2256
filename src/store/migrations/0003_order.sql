-- Lists by the time of making; new rows are appended to both.
CREATE INDEX client_by_time ON client (created_s, id);
CREATE INDEX account_by_time ON account (created_s, id);
PRAGMA user_version = 3;
