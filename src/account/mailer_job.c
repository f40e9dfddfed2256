/* See mailer_job.h. */
#include "account/mailer_job.h"

#include <stdlib.h>

#include "account/link.h"
#include "base/fault.h"

enum { ARENA_MAX = 262144 };

int mailer_job_new(enum mailer_job_what what, const struct mailer_order *order, struct mailer_job **ret_job)
{
	if (order->to.len >= sizeof((*ret_job)->to_mem) || order->url.len >= sizeof((*ret_job)->url_mem))
		return E_LIMIT;
	struct mailer_job *job = fault_hit(FAULT_ALLOC) ? NULL : calloc(1, sizeof(*job));
	if (!job)
		return E_NOMEM;
	job->what = what;
	job->kind = order->kind;
	job->good_s = order->good_s;
	if (order->to.len > 0)
		memcpy(job->to_mem, order->to.p, order->to.len);
	if (order->url.len > 0)
		memcpy(job->url_mem, order->url.p, order->url.len);
	job->to = (struct str){job->to_mem, order->to.len};
	job->url = (struct str){job->url_mem, order->url.len};
	*ret_job = job;
	return 0;
}

void mailer_job_free(struct mailer_job *job)
{
	secret_wipe(job->url_mem, sizeof(job->url_mem));
	free(job);
}

static int make_link(struct mailer_job *job, const struct mailer_job_world *world, const struct link_terms *terms)
{
	char text[ID_SECRET_LEN + 1];
	struct buf url;
	const struct audit_note note = {world->now_s, STR("system"), STR("link.mail"),
					terms->account_id.len > 0 ? terms->account_id : job->to,
					terms->kind == LINK_RESET ? STR("reset") : STR("sign-up")};
	TRY(link_new(world->store, terms, &note, text));
	buf_init_fixed(&url, job->url_mem, sizeof(job->url_mem));
	link_url(world->issuer, terms->kind, str_of(text), &url);
	secret_wipe(text, sizeof(text));
	job->url = buf_str(&url);
	return buf_status(&url);
}

static int put_signin(struct mailer_job *job, const struct mailer_job_world *world)
{
	struct buf url;
	buf_init_fixed(&url, job->url_mem, sizeof(job->url_mem));
	buf_put(&url, str_trim_end(world->issuer, '/'));
	buf_put(&url, STR("/signin"));
	job->url = buf_str(&url);
	return buf_status(&url);
}

static int resolve(struct mailer_job *job, const struct mailer_job_world *world, struct arena *arena,
		   bool *ret_nothing)
{
	struct account account = {.email = {0}};
	struct link_terms terms = {.now_s = world->now_s, .lifetime_s = job->good_s};
	int rc = store_account_get(world->store, job->to, true, arena, &account);
	bool exists = rc == 0;
	TRY(rc == E_ABSENT ? 0 : rc);
	if (job->what == JOB_ASK_SIGNUP) {
		job->kind = exists ? MAIL_TAKEN : MAIL_SIGNUP;
		terms.kind = LINK_INVITE;
		terms.data = job->to;
		return exists ? put_signin(job, world) : make_link(job, world, &terms);
	}
	job->kind = MAIL_RESET;
	*ret_nothing = !exists || account.disabled;
	terms.kind = LINK_RESET;
	terms.account_id = account.id;
	terms.data = STR("password");
	return *ret_nothing ? 0 : make_link(job, world, &terms);
}

int mailer_job_resolve(struct mailer_job *job, const struct mailer_job_world *world, bool *ret_nothing)
{
	struct arena arena;
	arena_init(&arena, ARENA_MAX);
	int rc = resolve(job, world, &arena, ret_nothing);
	arena_done(&arena);
	if (rc == 0)
		job->what = JOB_SEND;
	return rc;
}
