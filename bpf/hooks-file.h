/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Hooks about open files. */
#pragma once

/* This very open has created the file. */
#define FMODE_CREATED (1 << 20)

SEC("lsm.s/file_open")
int BPF_PROG(galgo_file_open, struct file *file)
{
	struct galgo_task *t = begin(GALGO_HOOK_file_open, 1, 1);

	if (!t)
		return 0;
	if (file->f_mode & FMODE_CREATED) {
		u64 dentry = plain(t, AS(struct file, file)->f_path.dentry);

		mark_created(t, file->f_inode, dentry == t->opening ? t->opening_instance : 1, 0);
		t->opening = 0;
	}
	with_file(t, 0, file, 0);
	return decide(t);
}

SEC("lsm.s/file_receive")
int BPF_PROG(galgo_file_receive, struct file *file)
{
	struct galgo_task *t = begin(GALGO_HOOK_file_receive, 1, 1);

	if (!t)
		return 0;
	with_file(t, 0, file, 0);
	return decide(t);
}

SEC("lsm.s/file_ioctl")
int BPF_PROG(galgo_file_ioctl, struct file *file, unsigned int cmd, unsigned long arg)
{
	struct galgo_task *t = begin(GALGO_HOOK_file_ioctl, 2, 1);

	if (!t)
		return 0;
	with_file(t, 0, file, 0);
	t->in.args[1] = cmd;
	return decide(t);
}

SEC("lsm/file_ioctl_compat")
int BPF_PROG(galgo_file_ioctl_compat, struct file *file, unsigned int cmd, unsigned long arg)
{
	struct galgo_task *t = begin(GALGO_HOOK_file_ioctl_compat, 2, 1);

	if (!t)
		return 0;
	with_file(t, 0, file, 0);
	t->in.args[1] = cmd;
	return decide_now(t);
}

SEC("lsm.s/file_lock")
int BPF_PROG(galgo_file_lock, struct file *file, unsigned int cmd)
{
	struct galgo_task *t = begin(GALGO_HOOK_file_lock, 2, 1);

	if (!t)
		return 0;
	with_file(t, 0, file, 0);
	t->in.args[1] = cmd;
	return decide(t);
}

/*
 * Commands of fcntl that are no events: descriptors and their flags, locks (file_lock tells of them), questions. They reach
 * nobody else, and every program uses them on descriptors that it has from others: of files that no record told of, so that
 * nothing could be interned beforehand.
 */
#define FCNTL_LINUX 1024
#define QUIET_COMMANDS (0xffULL | 1ULL << 9 | 1ULL << 11 | 3ULL << 16 | 7ULL << 36)
#define QUIET_LINUX_COMMANDS (1ULL << 1 | 15ULL << 3 | 1ULL << 8 | 3ULL << 10 | 1ULL << 13)

static __always_inline bool is_quiet(u32 cmd)
{
	if (cmd < 64)
		return QUIET_COMMANDS >> cmd & 1;
	cmd -= FCNTL_LINUX;
	return cmd < 64 && (QUIET_LINUX_COMMANDS >> cmd & 1);
}

SEC("lsm/file_fcntl")
int BPF_PROG(galgo_file_fcntl, struct file *file, unsigned int cmd, unsigned long arg)
{
	struct galgo_task *t;

	if (is_quiet(cmd))
		return 0;
	t = begin(GALGO_HOOK_file_fcntl, 2, 1);
	if (!t)
		return 0;
	with_file(t, 0, file, 0);
	t->in.args[1] = cmd;
	return decide_now(t);
}

/*
 * A mapping of a file, or of none. Verifiers before 6.14 believe that there is one, so that only the plain number tells; later
 * ones want the pointer itself to be looked at.
 */
static __always_inline void with_file_if_any(struct galgo_task *t, struct file *file)
{
	if (plain(t, file) && file) {
		with_file(t, 0, file, ROLE_PROGRAM);
	} else {
		t->in.roles[0] = ROLE_NONE;
		t->in.args[0] = 0;
	}
}

/* Arguments: flags of the file, protection, flags. */
SEC("lsm.s/mmap_file")
int BPF_PROG(galgo_mmap_file, struct file *file, unsigned long reqprot, unsigned long prot, unsigned long flags)
{
	struct galgo_task *t = begin(GALGO_HOOK_mmap_file, 3, 1);

	if (!t)
		return 0;
	with_file_if_any(t, file);
	t->in.args[1] = reqprot;
	t->in.args[2] = flags;
	return decide(t);
}

SEC("lsm/file_mprotect")
int BPF_PROG(galgo_file_mprotect, struct vm_area_struct *vma, unsigned long reqprot, unsigned long prot)
{
	struct galgo_task *t;
	struct file *file = vma->vm_file;

	/* only memory that becomes executable is an event */
	if (!(reqprot & 4))
		return 0;
	t = begin(GALGO_HOOK_file_mprotect, 2, 1);
	if (!t)
		return 0;
	with_file_if_any(t, file);
	t->in.args[1] = reqprot;
	return decide_now(t);
}

/* Arguments: flags of the file, what it is for, whether the content is wanted. */
SEC("lsm.s/kernel_read_file")
int BPF_PROG(galgo_kernel_read_file, struct file *file, int id, bool contents)
{
	struct galgo_task *t = begin(GALGO_HOOK_kernel_read_file, 3, 1);

	if (!t)
		return 0;
	with_file(t, 0, file, ROLE_PROGRAM);
	t->in.args[1] = id;
	t->in.args[2] = contents;
	return decide(t);
}
