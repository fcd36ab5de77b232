/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Who is who: identity, trust and namespace by fork and exec; what the namespace creates; renamed directories. */
#pragma once

/* A new task has what its parent has. Without it the new task would go unseen: then there is no new task. */
SEC("lsm.s/task_alloc")
int BPF_PROG(galgo_task_alloc, struct task_struct *task, unsigned long clone_flags)
{
	struct task_struct *current = bpf_get_current_task_btf();
	struct galgo_task *t = bpf_task_storage_get(&galgo_tasks, current, NULL, 0);
	struct galgo_namespace *ns;
	struct galgo_task *child;
	int untrusted;

	if (!t || !t->slot)
		return 0;
	ns = namespace_of(t);
	if (!ns || ns->serial != t->serial)
		return 0;
	if (ns->flags & GALGO_NS_DYING)
		return -EPERM;
	untrusted = galgo_untrusted(t, 0);
	child = bpf_task_storage_get(&galgo_tasks, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!child)
		return -12; /* ENOMEM */
	child->serial = t->serial;
	child->identity = t->identity | GALGO_IDENTITY_FORKED;
	child->untrusted = untrusted != 0;
	child->slot = t->slot;
	__sync_fetch_and_add(&ns->tasks, 1);
	return 0;
}

SEC("lsm/task_free")
int BPF_PROG(galgo_task_free, struct task_struct *task)
{
	struct galgo_task *t = bpf_task_storage_get(&galgo_tasks, task, NULL, 0);
	struct galgo_namespace *ns;

	if (!t || !t->slot)
		return 0;
	ns = namespace_of(t);
	if (ns && ns->serial == t->serial)
		__sync_fetch_and_add(&ns->tasks, -1);
	return 0;
}

/*
 * A program is about to run: the file is the last one (interpreters are resolved), the credentials are those it will have,
 * and the exec can still fail. The new identity takes effect when it can not any more.
 */
SEC("lsm.s/bprm_creds_from_file")
int BPF_PROG(galgo_exec, struct linux_binprm *bprm, struct file *unused)
{
	struct galgo_task *t = begin(GALGO_HOOK_bprm_committed_creds, 1, 1);

	if (!t)
		return 0;
	/* the leader ends in an exec of another thread */
	if (galgo_untrusted(t, 0))
		t->untrusted = 1;
	with_file(t, 0, bprm->file, ROLE_PROGRAM);
	t->in.args[7] = (u64)bprm->cred;
	t->pending = 0;
	return decide(t);
}

SEC("lsm/bprm_committed_creds")
int BPF_PROG(galgo_execed, struct linux_binprm *bprm)
{
	struct galgo_task *t = modeled();

	if (t && t->pending)
		t->identity = t->pending;
	if (t)
		t->pending = 0;
	return 0;
}

/*
 * What this task was allowed to create gets its inode. Only inside the call that creates: else a dentry that is used again
 * after a failure would make an object that was there before one of the namespace's.
 */
SEC("lsm/d_instantiate")
int BPF_PROG(galgo_created, struct dentry *dentry, struct inode *inode)
{
	struct galgo_task *t = modeled();

	if (!t || !plain(t, inode))
		return 0;
	if (t->creating[0].dentry == (u64)dentry)
		mark_created(t, inode, t->creating[0].instance, t->creating[0].role);
	else if (t->creating[1].dentry == (u64)dentry)
		mark_created(t, inode, t->creating[1].instance, t->creating[1].role);
	return 0;
}

/* The dentry is the third argument, or, of functions that newer kernels do not give the directory to, the second one. */
static __always_inline int creation_ends(u64 second, u64 third)
{
	struct galgo_task *t = modeled();
	u64 inner, outer;

	if (!t)
		return 0;
	inner = t->creating[1].dentry;
	outer = t->creating[0].dentry;
	if (inner && (inner == second || inner == third))
		t->creating[1].dentry = 0;
	else if (outer && (outer == second || outer == third))
		t->creating[0].dentry = 0;
	t->vfs_create[0] = 0;
	t->vfs_create[1] = 0;
	return 0;
}

SEC("fexit/vfs_mkdir")
int galgo_mkdir_ends(u64 *ctx)
{
	return creation_ends(ctx[1], ctx[2]);
}

SEC("fexit/vfs_mknod")
int galgo_mknod_ends(u64 *ctx)
{
	return creation_ends(ctx[1], ctx[2]);
}

SEC("fexit/vfs_symlink")
int galgo_symlink_ends(u64 *ctx)
{
	return creation_ends(ctx[1], ctx[2]);
}

/* Files that are made without being opened: by mknod, and by overlayfs in its upper layer. */
SEC("fentry/vfs_create")
int galgo_create_begins(u64 *ctx)
{
	struct galgo_task *t = modeled();

	if (t) {
		t->vfs_create[0] = ctx[1];
		t->vfs_create[1] = ctx[2];
	}
	return 0;
}

SEC("fexit/vfs_create")
int galgo_create_ends(u64 *ctx)
{
	return creation_ends(ctx[1], ctx[2]);
}

#define RENAME_EXCHANGE 2

/* A directory has another name: paths below it are others now. After the rename: who looked before it looked before it. */
SEC("fexit/vfs_rename")
int BPF_PROG(galgo_renamed, struct renamedata *rd, int result)
{
	struct inode *inode;
	u32 moved, at, *epoch;

	if (result)
		return 0;
	inode = rd->old_dentry->d_inode;
	moved = (inode->i_mode & S_IFMT) == S_IFDIR;
	if (rd->flags & RENAME_EXCHANGE)
		moved |= (rd->new_dentry->d_inode->i_mode & S_IFMT) == S_IFDIR;
	if (!moved)
		return 0;
	at = (inode->i_sb->s_dev * 2654435761u) >> 22;
	epoch = bpf_map_lookup_elem(&galgo_epochs, &at);
	if (epoch)
		__sync_fetch_and_add(epoch, 1);
	return 0;
}

/*
 * The clock was set, by whatever call: from now on a file can be changed and have the change time that it had before. Who does that
 * between the setting and this can be late by some microseconds, and finds that a content so young is not taken for known.
 */
SEC("fentry/clock_was_set")
int BPF_PROG(galgo_clock_set)
{
	u32 at = GALGO_EPOCHS;
	u32 *sets = bpf_map_lookup_elem(&galgo_epochs, &at);

	if (sets)
		__sync_fetch_and_add(sets, 1);
	return 0;
}
