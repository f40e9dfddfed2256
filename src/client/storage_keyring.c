/*
 * Logins in the kernel's keyring: a key of type "user" in the person's persistent keyring, or, where the kernel has
 * none, in the user keyring. It never touches a disk; it is gone after a restart, or after three days in which nobody
 * used it (persistent-keyring(7)). Only who possesses the keyring may read it: processes of this user. By system calls;
 * never blocks. Containers often forbid them.
 */
#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/secret.h"
#include "client/storage.h"

enum { DESCRIPTION_MAX = 160, POSSESSOR_ONLY = 0x3f000000, SECRET_MAX = 32767 };

/* What the key is called. */
static void describe(const struct storage_call *call, char ret_text[DESCRIPTION_MAX])
{
	snprintf(ret_text, DESCRIPTION_MAX, "%.*s:login:%s", STR_ARG(call->app), call->id);
}

/* A fault point with what a container's filter answers. */
static bool fails(void)
{
	if (!fault_hit(FAULT_STORAGE))
		return false;
	errno = EPERM;
	return true;
}

static long control(int operation, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	return fails() ? -1 : syscall(SYS_keyctl, operation, a, b, c, d);
}

static int fail(const struct storage_call *call)
{
	static const struct {
		int number;
		const char *why;
	} rows[] = {
		{ENOSYS, "this kernel or container has none"},
		{EOPNOTSUPP, "this kernel has none"},
		{EPERM, "this system does not let programs use it, as is usual in containers"},
		{EACCES, "this system does not let programs use it, as is usual in containers"},
		{EDQUOT, "this user's quota of keys is used up"},
	};
	int number = errno;
	char text[128];
	const char *why = NULL;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		why = rows[i].number == number ? rows[i].why : why;
	if (number == ENOMEM)
		return trouble_of(call->trouble, E_NOMEM, "the kernel's keyring");
	return trouble_set(call->trouble, MINTMARK_ERROR_STORAGE,
			   "The kernel's keyring can not be used: %s. Keep the login elsewhere.",
			   why ? why : strerror_r(number, text, sizeof(text)));
}

/*
 * The persistent keyring, which is made when there is none and then possessed by way of the process's own; any use puts
 * its end off. geteuid(): the same person whose files we trust.
 */
static int find_ring(const struct storage_call *call, long *ret_ring)
{
	long ring = control(KEYCTL_GET_PERSISTENT, geteuid(), (unsigned long)KEY_SPEC_PROCESS_KEYRING, 0, 0);
	if (ring < 0 && errno == EOPNOTSUPP)
		ring = KEY_SPEC_USER_KEYRING;
	else if (ring < 0)
		return fail(call);
	*ret_ring = ring;
	return MINTMARK_OK;
}

static int find_key(const struct storage_call *call, long ring, long *ret_key, bool *ret_found)
{
	char description[DESCRIPTION_MAX];
	describe(call, description);
	long key = control(KEYCTL_SEARCH, (unsigned long)ring, (unsigned long)"user", (unsigned long)description, 0);
	*ret_found = key >= 0;
	*ret_key = key;
	if (key < 0 && errno != ENOKEY && errno != EKEYEXPIRED && errno != EKEYREVOKED)
		return fail(call);
	return MINTMARK_OK;
}

static int check(struct storage_call *call)
{
	long ring = 0, key;
	bool found;
	TRY(find_ring(call, &ring));
	return find_key(call, ring, &key, &found);
}

static int get(struct storage_call *call, struct buf *out, bool *ret_found)
{
	char secret[SECRET_MAX];
	long ring = 0, key;
	TRY(find_ring(call, &ring));
	TRY(find_key(call, ring, &key, ret_found));
	if (!*ret_found)
		return MINTMARK_OK;
	long len = control(KEYCTL_READ, (unsigned long)key, (unsigned long)secret, sizeof(secret), 0);
	if (len < 0)
		return fail(call);
	buf_put_mem(out, secret, (size_t)len < sizeof(secret) ? (size_t)len : sizeof(secret));
	secret_wipe(secret, (size_t)len < sizeof(secret) ? (size_t)len : sizeof(secret));
	return buf_status(out) < 0 ? trouble_of(call->trouble, buf_status(out), "the login") : MINTMARK_OK;
}

/* add_key(2): a key of this name in this keyring gets the new content, at once or not at all. */
static int put(struct storage_call *call, struct str secret)
{
	char description[DESCRIPTION_MAX];
	long ring = 0;
	TRY(find_ring(call, &ring));
	describe(call, description);
	long key = fails() ? -1 : syscall(SYS_add_key, "user", description, secret.p, secret.len, ring);
	if (key < 0)
		return fail(call);
	/* the default lets other processes of this user see its name, too: no secret */
	(void)control(KEYCTL_SETPERM, (unsigned long)key, POSSESSOR_ONLY, 0, 0);
	return MINTMARK_OK;
}

static int remove_key(struct storage_call *call)
{
	long ring = 0, key;
	bool found;
	TRY(find_ring(call, &ring));
	TRY(find_key(call, ring, &key, &found));
	if (found && control(KEYCTL_UNLINK, (unsigned long)key, (unsigned long)ring, 0, 0) < 0)
		return fail(call);
	return MINTMARK_OK;
}

const struct storage storage_keyring = {
	.name = "keyring",
	.words = "the kernel's keyring",
	.end = "It ends there with a restart, or after three days without use.",
	.check = check,
	.get = get,
	.put = put,
	.remove = remove_key,
};
