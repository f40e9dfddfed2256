/*
 * Entries of the audit trail as people read them: what happened, who did it, when and from where. What has no words
 * here is shown as it stands in the trail. Pure but for the page's memory.
 */
#ifndef WEB_HISTORY_H
#define WEB_HISTORY_H

#include "model/model.h"
#include "web/page.h"

/* For whom. */
struct history_reader {
	struct str account_id;       /* who reads */
	bool admin;                  /* on a page of administration: others have their ids */
	const struct client *client; /* whose history it is */
	int64_t now_s;
};

/* Words for an action such as "secret.add"; the action itself when there are none. */
struct str history_what(struct str action);
/*
 * Sets time, ago, what, who, and where they are known where, hint (of the secret that it is about) and detail. The
 * entry must live as long as vars.
 */
void history_show(struct page_vars *vars, const struct audit_entry *entry, const struct history_reader *reader);

#endif
