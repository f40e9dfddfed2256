-- What an administrator decided about a credential, so that its owner can't undo it: 1 it is disabled, 2 scopes were taken
-- away, 4 networks were set. Who disabled what is disabled now, says the trail; where it says nothing, not the owner.
ALTER TABLE client ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
UPDATE client SET held = 1 WHERE disabled = 1 AND coalesce((SELECT t.actor FROM audit t WHERE t.target = client.id
	AND t.action = 'client.disable' ORDER BY t.seq DESC LIMIT 1), '') <>
	coalesce('account:' || (SELECT a.id FROM account a WHERE a.n = client.account_n), '-');

PRAGMA user_version = 7;
