/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Hooks about tasks and credentials. A task that is acted on is one argument, TASK below: its identity number |
 * enum galgo_target_flags << 32. Credentials are five, CREDS below: the eight ids in the order of struct galgo_who, two in a
 * word, and the effective capabilities.
 */
#pragma once

static __always_inline bool alive(struct galgo_task *t)
{
	struct galgo_namespace *ns = t->slot ? namespace_of(t) : NULL;

	return ns && ns->serial == t->serial && (ns->flags & GALGO_NS_ACTIVE);
}

/* Whether a process is the agent's, which its threads do not inherit. */
static __always_inline bool is_protected(struct task_struct *task)
{
	struct task_struct *leader;
	struct galgo_task *t;
	bool protected;

	bpf_rcu_read_lock();
	leader = task->group_leader;
	t = leader ? bpf_task_storage_get(&galgo_tasks, leader, NULL, 0) : NULL;
	protected = t && t->protect;
	bpf_rcu_read_unlock();
	return protected;
}

/* The word for a task. One function for all programs, which are smaller so. */
static __noinline u64 task_word(struct galgo_task *t, struct task_struct *task)
{
	struct galgo_task *other = bpf_task_storage_get(&galgo_tasks, task, NULL, 0);
	u32 identity = 0, flags = GALGO_TARGET_OUTSIDE;

	if (other && other->slot == t->slot && other->serial == t->serial) {
		identity = other->identity;
		flags = 0;
	} else if (is_protected(task) || (other && alive(other))) {
		flags |= GALGO_TARGET_PROTECTED;
	}
	return identity | (u64)flags << 32;
}

static __always_inline bool reaches_protected(struct galgo_task *t)
{
	return t->in.args[0] >> 32 & GALGO_TARGET_PROTECTED;
}

/*
 * Decides about what acts on the task of the first argument, where nobody can wait. What would reach the agent or another
 * namespace is refused whatever mode the namespace is in and whatever its model says; it is recorded as refused until it is
 * known.
 */
__noinline int galgo_settle(struct galgo_task *t, u32 unknown)
{
	struct galgo_namespace *ns;

	if (!t)
		return 0;
	if (!reaches_protected(t))
		return unknown ? galgo_pass_plain(t) : 0;
	ns = namespace_of(t);
	if (!ns || ns->serial != t->serial || !(ns->flags & GALGO_NS_ACTIVE))
		return 0;
	count(&ns->refused);
	if (!unknown)
		return -EPERM;
	count(&ns->misses);
	count(&ns->atomic);
	t->flags |= GALGO_RECORD_ATOMIC | GALGO_RECORD_REFUSED;
	if (galgo_publish_plain(t, 0))
		count(&ns->lost);
	t->busy = 0;
	return -EPERM;
}

static __always_inline int decide_target(struct galgo_task *t)
{
	return galgo_settle(t, galgo_event_plain(t)) ? -EPERM : 0;
}

static __always_inline void with_creds(struct galgo_task *t, u32 at, const struct cred *c)
{
	t->in.args[at] = c->uid.val | (u64)c->euid.val << 32;
	t->in.args[at + 1] = c->suid.val | (u64)c->gid.val << 32;
	t->in.args[at + 2] = c->egid.val | (u64)c->sgid.val << 32;
	t->in.args[at + 3] = c->fsuid.val | (u64)c->fsgid.val << 32;
	t->in.args[at + 4] = c->cap_effective.val;
}

/* --- signals, tracing -------------------------------------------------------------------------------------------------- */

/* SEND_SIG_PRIV instead of a struct kernel_siginfo: the kernel sends on its own account. SEND_SIG_NOINFO, 0, is kill(2) in 7.3. */
#define SEND_SIG_PRIV 1

/*
 * Arguments: TASK, signal. With credentials it is not the current task that sends (USB, in interrupts).
 */
SEC("lsm/task_kill")
int BPF_PROG(galgo_task_kill, struct task_struct *p, struct kernel_siginfo *info, int sig, const struct cred *cred)
{
	struct galgo_task *t = begin(GALGO_HOOK_task_kill, 2, 0);

	if (!t)
		return 0;
	/* as numbers: verifiers believe that no argument is NULL */
	if (plain(t, cred) || plain(t, info) == SEND_SIG_PRIV)
		return 0;
	t->in.args[0] = task_word(t, p);
	t->in.args[1] = (u32)sig;
	return decide_target(t);
}

/*
 * No event: who has asked for the signals of a descriptor is not who causes them, if anybody does. But any signal can be asked
 * for, for any process, so the agent's get none.
 */
SEC("lsm/file_send_sigiotask")
int BPF_PROG(galgo_signal_of_file, struct task_struct *task, struct fown_struct *owner, int sig)
{
	return is_protected(task) ? -EPERM : 0;
}

/* Arguments: TASK, mode. */
SEC("lsm/ptrace_access_check")
int BPF_PROG(galgo_ptrace_access_check, struct task_struct *child, unsigned int mode)
{
	struct galgo_task *t = begin(GALGO_HOOK_ptrace_access_check, 2, 0);

	if (!t)
		return 0;
	t->in.args[0] = task_word(t, child);
	t->in.args[1] = mode;
	return decide_target(t);
}

/* Arguments: TASK that shall trace. */
SEC("lsm/ptrace_traceme")
int BPF_PROG(galgo_ptrace_traceme, struct task_struct *parent)
{
	struct galgo_task *t = begin(GALGO_HOOK_ptrace_traceme, 1, 0);

	if (!t)
		return 0;
	t->in.args[0] = task_word(t, parent);
	return decide_target(t);
}

/* --- settings of tasks -------------------------------------------------------------------------------------------------- */

/* Arguments: TASK. */
SEC("lsm/task_setpgid")
int BPF_PROG(galgo_task_setpgid, struct task_struct *p)
{
	struct galgo_task *t = begin(GALGO_HOOK_task_setpgid, 1, 0);

	if (!t)
		return 0;
	t->in.args[0] = task_word(t, p);
	return decide_target(t);
}

/* Arguments: TASK. Questions are answered about every task. */
SEC("lsm/task_getpgid")
int BPF_PROG(galgo_task_getpgid, struct task_struct *p)
{
	struct galgo_task *t = begin(GALGO_HOOK_task_getpgid, 1, 0);

	if (!t)
		return 0;
	t->in.args[0] = task_word(t, p);
	return decide_plain_now(t);
}

/* Arguments: TASK. */
SEC("lsm/task_getsid")
int BPF_PROG(galgo_task_getsid, struct task_struct *p)
{
	struct galgo_task *t = begin(GALGO_HOOK_task_getsid, 1, 0);

	if (!t)
		return 0;
	t->in.args[0] = task_word(t, p);
	return decide_plain_now(t);
}

/* Arguments: TASK, niceness. */
SEC("lsm/task_setnice")
int BPF_PROG(galgo_task_setnice, struct task_struct *p, int nice)
{
	struct galgo_task *t = begin(GALGO_HOOK_task_setnice, 2, 0);

	if (!t)
		return 0;
	t->in.args[0] = task_word(t, p);
	t->in.args[1] = (u32)nice;
	return decide_target(t);
}

/* Arguments: TASK, priority. */
SEC("lsm/task_setioprio")
int BPF_PROG(galgo_task_setioprio, struct task_struct *p, int ioprio)
{
	struct galgo_task *t = begin(GALGO_HOOK_task_setioprio, 2, 0);

	if (!t)
		return 0;
	t->in.args[0] = task_word(t, p);
	t->in.args[1] = (u32)ioprio;
	return decide_target(t);
}

/* Arguments: TASK. */
SEC("lsm/task_getioprio")
int BPF_PROG(galgo_task_getioprio, struct task_struct *p)
{
	struct galgo_task *t = begin(GALGO_HOOK_task_getioprio, 1, 0);

	if (!t)
		return 0;
	t->in.args[0] = task_word(t, p);
	return decide_plain_now(t);
}

/* Arguments: flags | securebits of who acts << 32, CREDS of the other task, its securebits. The acting task's own are who. */
SEC("lsm/task_prlimit")
int BPF_PROG(galgo_task_prlimit, const struct cred *cred, const struct cred *tcred, unsigned int flags)
{
	struct galgo_task *t = begin(GALGO_HOOK_task_prlimit, 7, 0);

	if (!t)
		return 0;
	t->in.args[0] = flags | (u64)cred->securebits << 32;
	with_creds(t, 1, tcred);
	t->in.args[6] = tcred->securebits;
	return decide_plain_now(t);
}

/* Arguments: TASK, which limit, current, maximum. */
SEC("lsm/task_setrlimit")
int BPF_PROG(galgo_task_setrlimit, struct task_struct *p, unsigned int resource, struct rlimit *limit)
{
	struct galgo_task *t = begin(GALGO_HOOK_task_setrlimit, 4, 0);

	if (!t)
		return 0;
	t->in.args[0] = task_word(t, p);
	t->in.args[1] = resource;
	t->in.args[2] = limit->rlim_cur;
	t->in.args[3] = limit->rlim_max;
	return decide_target(t);
}

/* Arguments: TASK. */
SEC("lsm.s/task_setscheduler")
int BPF_PROG(galgo_task_setscheduler, struct task_struct *p)
{
	struct galgo_task *t = begin(GALGO_HOOK_task_setscheduler, 1, 0);

	if (!t)
		return 0;
	t->in.args[0] = task_word(t, p);
	if (reaches_protected(t))
		return decide_target(t);
	return decide_plain(t);
}

/* Arguments: TASK. */
SEC("lsm/task_getscheduler")
int BPF_PROG(galgo_task_getscheduler, struct task_struct *p)
{
	struct galgo_task *t = begin(GALGO_HOOK_task_getscheduler, 1, 0);

	if (!t)
		return 0;
	t->in.args[0] = task_word(t, p);
	return decide_plain_now(t);
}

/* Options that do not use their second argument, or for which it is an address in the task. */
#define PR_GET_PDEATHSIG 2
#define PR_GET_DUMPABLE 3
#define PR_GET_UNALIGN 5
#define PR_GET_KEEPCAPS 7
#define PR_GET_FPEMU 9
#define PR_GET_FPEXC 11
#define PR_GET_TIMING 13
#define PR_SET_NAME 15
#define PR_GET_NAME 16
#define PR_GET_ENDIAN 19
#define PR_GET_SECCOMP 21
#define PR_GET_TSC 25
#define PR_GET_SECUREBITS 27
#define PR_GET_TIMERSLACK 30
#define PR_GET_CHILD_SUBREAPER 37
#define PR_GET_TID_ADDRESS 40
#define BIT(number) (1ULL << (number))
#define WITHOUT_SECOND                                                                                                     \
	(BIT(PR_GET_PDEATHSIG) | BIT(PR_GET_DUMPABLE) | BIT(PR_GET_UNALIGN) | BIT(PR_GET_KEEPCAPS) | BIT(PR_GET_FPEMU) |    \
	 BIT(PR_GET_FPEXC) | BIT(PR_GET_TIMING) | BIT(PR_SET_NAME) | BIT(PR_GET_NAME) | BIT(PR_GET_ENDIAN) |                \
	 BIT(PR_GET_SECCOMP) | BIT(PR_GET_TSC) | BIT(PR_GET_SECUREBITS) | BIT(PR_GET_TIMERSLACK) |                         \
	 BIT(PR_GET_CHILD_SUBREAPER) | BIT(PR_GET_TID_ADDRESS))
#define PR_GET_AUXV 0x41555856
/*
 * Up to here the kernel does not look at the last two arguments and C libraries pass on whatever is in the registers; later
 * options want zeros.
 */
#define PR_LAST_CARELESS 36
#define PR_SET_MM 35
#define PR_SET_PTRACER 0x59616d61
/* Options whose last argument is an address, or both of the last: the size and name of named memory. */
#define PR_SYSCALL_USER_DISPATCH 59
#define PR_SCHED_CORE 62
#define PR_SET_VMA 0x53564d41

/*
 * Arguments: option, arg2, arg4, arg5. arg3 is never part of a behaviour; addresses in the task, and arguments that an option
 * does not have, are told as 0.
 */
SEC("lsm.s/task_prctl")
int BPF_PROG(galgo_task_prctl, int option, unsigned long arg2, unsigned long arg3, unsigned long arg4, unsigned long arg5)
{
	struct galgo_task *t = begin(GALGO_HOOK_task_prctl, 4, 0);
	u32 number = option;

	if (!t)
		return 0;
	if ((number < 64 && (WITHOUT_SECOND >> number & 1)) || number == PR_GET_AUXV)
		arg2 = 0;
	if ((number <= PR_LAST_CARELESS && number != PR_SET_MM) || number == PR_SET_PTRACER || number == PR_SET_VMA)
		arg4 = arg5 = 0;
	if (number == PR_SYSCALL_USER_DISPATCH || number == PR_SCHED_CORE)
		arg5 = 0;
	t->in.args[0] = number;
	t->in.args[1] = arg2;
	t->in.args[2] = arg4;
	t->in.args[3] = arg5;
	return decide_plain(t);
}

/* --- capabilities, ids -------------------------------------------------------------------------------------------------- */

/* Arguments: capability, options. Only for what the task has: the kernel asks other modules first. */
SEC("lsm/capable")
int BPF_PROG(galgo_capable, const struct cred *cred, struct user_namespace *ns, int cap, unsigned int opts)
{
	struct galgo_task *t = begin(GALGO_HOOK_capable, 2, 0);

	if (!t)
		return 0;
	t->in.args[0] = (u32)cap;
	t->in.args[1] = opts;
	return decide_plain_now(t);
}

/* Arguments: TASK, effective, inheritable, permitted. Other tasks are asked about where nobody may wait. */
SEC("lsm/capget")
int BPF_PROG(galgo_capget, struct task_struct *target, kernel_cap_t *effective, kernel_cap_t *inheritable,
	     kernel_cap_t *permitted)
{
	struct galgo_task *t = begin(GALGO_HOOK_capget, 4, 0);

	if (!t)
		return 0;
	t->in.args[0] = task_word(t, target);
	t->in.args[1] = word_at(plain(t, effective));
	t->in.args[2] = word_at(plain(t, inheritable));
	t->in.args[3] = word_at(plain(t, permitted));
	return decide_plain_now(t);
}

/* Arguments: effective, inheritable, permitted. */
SEC("lsm.s/capset")
int BPF_PROG(galgo_capset, struct cred *new, const struct cred *old, kernel_cap_t *effective, kernel_cap_t *inheritable,
	     kernel_cap_t *permitted)
{
	struct galgo_task *t = begin(GALGO_HOOK_capset, 3, 0);

	if (!t)
		return 0;
	t->in.args[0] = word_at(plain(t, effective));
	t->in.args[1] = word_at(plain(t, inheritable));
	t->in.args[2] = word_at(plain(t, permitted));
	return decide_plain(t);
}

/*
 * Arguments: LSM_SETID_* (1 setuid, 2 setreuid, 4 setresuid, 8 setfsuid), and of the new credentials real | effective << 32,
 * saved | filesystem's << 32. What was passed is not known, only what comes of it; the old ids are those of who acts.
 */
SEC("lsm/task_fix_setuid")
int BPF_PROG(galgo_task_fix_setuid, struct cred *new, const struct cred *old, int flags)
{
	struct galgo_task *t = begin(GALGO_HOOK_task_fix_setuid, 3, 0);

	if (!t)
		return 0;
	t->in.args[0] = (u32)flags;
	t->in.args[1] = new->uid.val | (u64)new->euid.val << 32;
	t->in.args[2] = new->suid.val | (u64)new->fsuid.val << 32;
	return decide_plain_now(t);
}

/* Arguments: as of task_fix_setuid. */
SEC("lsm/task_fix_setgid")
int BPF_PROG(galgo_task_fix_setgid, struct cred *new, const struct cred *old, int flags)
{
	struct galgo_task *t = begin(GALGO_HOOK_task_fix_setgid, 3, 0);

	if (!t)
		return 0;
	t->in.args[0] = (u32)flags;
	t->in.args[1] = new->gid.val | (u64)new->egid.val << 32;
	t->in.args[2] = new->sgid.val | (u64)new->fsgid.val << 32;
	return decide_plain_now(t);
}

/* Arguments: how many. Text: the ids, four bytes each, in ascending order. */
SEC("lsm/task_fix_setgroups")
int BPF_PROG(galgo_task_fix_setgroups, struct cred *new, const struct cred *old)
{
	struct galgo_task *t = begin(GALGO_HOOK_task_fix_setgroups, 1, 0);
	u64 groups;
	u32 number;

	if (!t)
		return 0;
	groups = plain(t, new->group_info);
	number = AS(struct group_info, groups)->ngroups;
	t->in.args[0] = number;
	with_bytes(t, (void *)(groups + bpf_core_field_offset(struct group_info, gid)), 4 * number);
	return decide_plain_now(t);
}

/* Object: the new root. */
SEC("lsm/path_chroot")
int BPF_PROG(galgo_path_chroot, const struct path *path)
{
	struct galgo_task *t = begin(GALGO_HOOK_path_chroot, 0, 1);

	if (!t)
		return 0;
	with_path(t, 0, path, 0);
	return decide_now(t);
}
