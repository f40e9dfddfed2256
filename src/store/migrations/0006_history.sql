-- What happened to one client or account, without reading the whole trail; seq is the key, so it stands behind target.
CREATE INDEX audit_by_target ON audit (target);

PRAGMA user_version = 6;
