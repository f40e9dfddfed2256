/* keyd's system call filter; see sandbox.h. The only includer of <seccomp.h>. */
#include "ipc/sandbox.h"

#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>

#define ALWAYS(call) {SCMP_SYS(call), 0, {{0}}}

struct rule {
	int call;
	unsigned n_args;
	struct scmp_arg_cmp args[2];
};

/* Argument n has all bits of mask as in value. */
#define BITS(n, mask, value) {n, SCMP_CMP_MASKED_EQ, mask, value}

static const struct rule rules[] = {
	/* The channels and the log; no sendmsg and recvmsg: descriptors neither leave nor enter. */
	ALWAYS(read), ALWAYS(write), ALWAYS(writev), ALWAYS(recvfrom), ALWAYS(sendto), ALWAYS(poll), ALWAYS(ppoll),
	ALWAYS(close), ALWAYS(shutdown),
	/* Memory: never executable, never a file. */
	{SCMP_SYS(mmap), 2, {BITS(2, PROT_EXEC, 0), BITS(3, MAP_ANONYMOUS, MAP_ANONYMOUS)}},
	{SCMP_SYS(mprotect), 1, {BITS(2, PROT_EXEC, 0)}},
	ALWAYS(munmap), ALWAYS(mremap), ALWAYS(madvise), ALWAYS(brk), ALWAYS(mlock),
	/* Threads and the end. getpid: OpenSSL asks whether it was forked. */
	ALWAYS(futex), ALWAYS(sched_yield), ALWAYS(getpid), ALWAYS(gettid), ALWAYS(rt_sigprocmask),
	ALWAYS(rt_sigreturn), ALWAYS(restart_syscall), ALWAYS(exit), ALWAYS(exit_group),
	/* Time and entropy. */
	ALWAYS(clock_gettime), ALWAYS(gettimeofday), ALWAYS(clock_nanosleep), ALWAYS(getrandom),
#if SANDBOX_ASAN
	/* The sanitizer's own: alternate stacks of ending threads, its reports, its allocator's statistics. */
	ALWAYS(sigaltstack), ALWAYS(rt_sigaction), ALWAYS(getrusage), ALWAYS(sched_getaffinity), ALWAYS(tgkill),
#endif
};

static int add_rules(scmp_filter_ctx filter)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, rules[i].call, rules[i].n_args, rules[i].args) < 0)
			return E_IO;
	return seccomp_load(filter) < 0 ? E_IO : 0;
}

int sandbox_keyd(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc = E_IO;
	if (!filter)
		return E_NOMEM;
	if (seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) == 0)
		rc = add_rules(filter);
	seccomp_release(filter);
	return rc;
}
