/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Hooks about filesystems as a whole. */
#pragma once

/*
 * Arguments: which texts there are (enum galgo_present), flags. Object: where it is mounted. Texts: device, type; each is
 * empty when it is absent.
 */
SEC("lsm.s/sb_mount")
int BPF_PROG(galgo_sb_mount, const char *device, const struct path *path, const char *type, unsigned long flags, void *data)
{
	struct galgo_task *t = begin(GALGO_HOOK_sb_mount, 2, 1);

	if (!t)
		return 0;
	with_path(t, 0, path, 0);
	t->in.args[0] = (device ? GALGO_HAS_FIRST : 0) | (type ? GALGO_HAS_SECOND : 0);
	t->in.args[1] = flags;
	if (device)
		with_string(t, device);
	if (type)
		with_second_string(t, type);
	return decide(t);
}

/* Arguments: flags. Object: the root of what is unmounted, as it is seen there. */
SEC("lsm.s/sb_umount")
int BPF_PROG(galgo_sb_umount, struct vfsmount *mnt, int flags)
{
	struct galgo_task *t = begin(GALGO_HOOK_sb_umount, 1, 1);

	if (!t)
		return 0;
	with_addresses(t, 0, plain(t, mnt->mnt_root), plain(t, mnt));
	t->in.args[0] = (u32)flags;
	return decide(t);
}

/* A filesystem: its root as an object, its type as the text. Returns its flags. */
static __always_inline u64 with_superblock(struct galgo_task *t, u64 address)
{
	struct super_block *sb = AS(struct super_block, address);

	with_addresses(t, 0, plain(t, sb->s_root), 0);
	with_string(t, sb->s_type->name);
	return sb->s_flags;
}

/* Arguments: flags of the filesystem. Object: its root. Text: its type. */
SEC("lsm.s/sb_remount")
int BPF_PROG(galgo_sb_remount, struct super_block *sb, void *options)
{
	struct galgo_task *t = begin(GALGO_HOOK_sb_remount, 1, 1);

	if (!t)
		return 0;
	t->in.args[0] = with_superblock(t, plain(t, sb));
	return decide(t);
}

/* Objects: where the old root is put, the new root. */
SEC("lsm/sb_pivotroot")
int BPF_PROG(galgo_sb_pivotroot, const struct path *old_path, const struct path *new_path)
{
	struct galgo_task *t = begin(GALGO_HOOK_sb_pivotroot, 0, 2);

	if (!t)
		return 0;
	with_path(t, 0, old_path, 0);
	with_path(t, 1, new_path, 0);
	return decide_now(t);
}

/* Object: what is asked about. */
SEC("lsm.s/sb_statfs")
int BPF_PROG(galgo_sb_statfs, struct dentry *dentry)
{
	struct galgo_task *t = begin(GALGO_HOOK_sb_statfs, 0, 1);

	if (!t)
		return 0;
	with_dentry(t, 0, dentry, NULL, 0);
	return decide(t);
}

/* Objects: what is moved, where to. */
SEC("lsm/move_mount")
int BPF_PROG(galgo_move_mount, const struct path *from, const struct path *to)
{
	struct galgo_task *t = begin(GALGO_HOOK_move_mount, 0, 2);

	if (!t)
		return 0;
	with_path(t, 0, from, 0);
	with_path(t, 1, to, 0);
	return decide_now(t);
}

/* Arguments: command | type << 32, id, flags of the filesystem. Object: its root, absent for all filesystems. Text: its type. */
SEC("lsm/quotactl")
int BPF_PROG(galgo_quotactl, int cmds, int type, int id, const struct super_block *sb)
{
	struct galgo_task *t = begin(GALGO_HOOK_quotactl, 3, 1);
	u64 address;

	if (!t)
		return 0;
	address = plain(t, sb);
	t->in.args[0] = (u32)cmds | (u64)(u32)type << 32;
	t->in.args[1] = (u32)id;
	t->in.args[2] = 0;
	if (address)
		t->in.args[2] = with_superblock(t, address);
	else
		without_object(t, 0);
	return decide_now(t);
}

/* Object: the file with the quotas. */
SEC("lsm/quota_on")
int BPF_PROG(galgo_quota_on, struct dentry *dentry)
{
	struct galgo_task *t = begin(GALGO_HOOK_quota_on, 0, 1);

	if (!t)
		return 0;
	with_dentry(t, 0, dentry, NULL, 0);
	return decide_now(t);
}
