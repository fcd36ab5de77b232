/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Hooks about the kernel itself, and the programs that user space runs. */
#pragma once

/* Text: the name. */
SEC("lsm.s/kernel_module_request")
int BPF_PROG(galgo_kernel_module_request, char *name)
{
	struct galgo_task *t = begin(GALGO_HOOK_kernel_module_request, 0, 0);

	if (!t)
		return 0;
	with_string(t, name);
	return decide_plain(t);
}

/* Arguments: what is loaded, whether its content is wanted. */
SEC("lsm/kernel_load_data")
int BPF_PROG(galgo_kernel_load_data, int id, bool contents)
{
	struct galgo_task *t = begin(GALGO_HOOK_kernel_load_data, 2, 0);

	if (!t)
		return 0;
	t->in.args[0] = (u32)id;
	t->in.args[1] = contents;
	return decide_plain_now(t);
}

/* Arguments: type. */
SEC("lsm.s/syslog")
int BPF_PROG(galgo_syslog, int type)
{
	struct galgo_task *t = begin(GALGO_HOOK_syslog, 1, 0);

	if (!t)
		return 0;
	t->in.args[0] = (u32)type;
	return decide_plain(t);
}

/* Arguments: what is set (enum galgo_present: clock, time zone), seconds, nanoseconds, minutes west | daylight saving << 32. */
SEC("lsm.s/settime")
int BPF_PROG(galgo_settime, const struct timespec64 *ts, const struct timezone *tz)
{
	struct galgo_task *t = begin(GALGO_HOOK_settime, 4, 0);
	u64 time, zone;

	if (!t)
		return 0;
	time = plain(t, ts);
	zone = plain(t, tz);
	t->in.args[0] = (time ? GALGO_HAS_FIRST : 0) | (zone ? GALGO_HAS_SECOND : 0);
	/* what is not there reads as zeros */
	t->in.args[1] = AS(struct timespec64, time)->tv_sec;
	t->in.args[2] = AS(struct timespec64, time)->tv_nsec;
	t->in.args[3] = (u32)AS(struct timezone, zone)->tz_minuteswest | (u64)(u32)AS(struct timezone, zone)->tz_dsttime << 32;
	return decide_plain(t);
}

/* Arguments: command, size of the attributes. */
SEC("lsm.s/bpf")
int BPF_PROG(galgo_bpf, int cmd, union bpf_attr *attr, unsigned int size)
{
	struct galgo_task *t = begin(GALGO_HOOK_bpf, 2, 0);

	if (!t)
		return 0;
	t->in.args[0] = (u32)cmd;
	t->in.args[1] = size;
	return decide_plain(t);
}

/* Arguments: type, mode of the descriptor. */
SEC("lsm.s/bpf_map")
int BPF_PROG(galgo_bpf_map, struct bpf_map *map, u32 fmode)
{
	struct galgo_task *t = begin(GALGO_HOOK_bpf_map, 2, 0);

	if (!t)
		return 0;
	t->in.args[0] = map->map_type;
	t->in.args[1] = fmode;
	return decide_plain(t);
}

/* Arguments: type, type of attachment. */
SEC("lsm.s/bpf_prog")
int BPF_PROG(galgo_bpf_prog, struct bpf_prog *prog)
{
	struct galgo_task *t = begin(GALGO_HOOK_bpf_prog, 2, 0);

	if (!t)
		return 0;
	t->in.args[0] = prog->type;
	t->in.args[1] = prog->expected_attach_type;
	return decide_plain(t);
}

SEC("lsm/tun_dev_create")
int BPF_PROG(galgo_tun_dev_create)
{
	struct galgo_task *t = begin(GALGO_HOOK_tun_dev_create, 0, 0);

	return t ? decide_plain_now(t) : 0;
}

/* Which socket it is about is not said here. */
SEC("lsm/tun_dev_attach_queue")
int BPF_PROG(galgo_tun_dev_attach_queue, void *security)
{
	struct galgo_task *t = begin(GALGO_HOOK_tun_dev_attach_queue, 0, 0);

	return t ? decide_plain_now(t) : 0;
}

/* Arguments: SOCK. */
SEC("lsm/tun_dev_attach")
int BPF_PROG(galgo_tun_dev_attach, struct sock *sk, void *security)
{
	struct galgo_task *t = begin(GALGO_HOOK_tun_dev_attach, 2, 0);

	if (!t)
		return 0;
	with_sock(t, 0, sk);
	return decide_plain_now(t);
}

SEC("lsm/tun_dev_open")
int BPF_PROG(galgo_tun_dev_open, void *security)
{
	struct galgo_task *t = begin(GALGO_HOOK_tun_dev_open, 0, 0);

	return t ? decide_plain_now(t) : 0;
}

/* --- what user space runs ------------------------------------------------------------------------------------------------- */

/* Makes the key of a description as all keys are made, for a test. */
SEC("syscall")
int galgo_key(struct galgo_key_request *request)
{
	u32 zero = 0;
	struct galgo_task *t = bpf_map_lookup_elem(&galgo_nobody, &zero);

	if (!t || request->words < WHO_WORDS || request->words > GALGO_KEY_WORDS)
		return 1;
	bpf_probe_read_kernel(t->description, sizeof(request->description), request->description);
	t->words = request->words;
	set(t, t->words, 0);
	galgo_hash_who(t);
	galgo_hash(t);
	request->key[0] = t->key[0];
	request->key[1] = t->key[1];
	return 0;
}

#define PF_KTHREAD 0x00200000

static __always_inline bool is_meant(struct task_struct *task, struct galgo_mark *m)
{
	struct cgroup *cgroup;
	bool meant;

	if (!m->cgroup)
		return (u32)task->tgid == m->tgid;
	cgroup = bpf_cgroup_from_id(m->cgroup);
	if (!cgroup)
		return false;
	meant = bpf_task_under_cgroup(task, cgroup);
	bpf_cgroup_release(cgroup);
	return meant;
}

/*
 * Makes living tasks modeled. Tasks that are born meanwhile to a parent without mark are found by another pass, so user
 * space goes on until a pass has marked none.
 */
SEC("iter/task")
int galgo_mark(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct galgo_namespace *ns;
	struct galgo_task *t;
	struct galgo_mark *m;
	u32 zero = 0;

	m = bpf_map_lookup_elem(&galgo_mark_request, &zero);
	if (!m || !m->slot || !task || (task->flags & PF_KTHREAD))
		return 0;
	if (!is_meant(task, m))
		return 0;
	t = bpf_task_storage_get(&galgo_tasks, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!t) {
		m->failed++;
		return 0;
	}
	if (t->slot == m->slot && t->serial == m->serial)
		return 0;
	if (alive(t)) {
		m->failed++;
		return 0;
	}
	t->serial = m->serial;
	t->identity = m->identity;
	t->untrusted = 0;
	t->slot = m->slot;
	ns = namespace_of(t);
	if (ns && ns->serial == t->serial)
		__sync_fetch_and_add(&ns->tasks, 1);
	m->marked++;
	return 0;
}
