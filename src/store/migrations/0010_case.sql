-- An account's address is in lower case: people write theirs either way. Where two differ by case alone, each stays.
UPDATE account SET email = lower(email) WHERE email <> lower(email)
	AND (SELECT count(*) FROM account a WHERE lower(a.email) = lower(account.email)) = 1;

PRAGMA user_version = 10;
