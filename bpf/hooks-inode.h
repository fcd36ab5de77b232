/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Hooks about names and inodes. Where the kernel has a hook with the directory's mount (path_*), that one is used: it comes
 * right before the inode_* hook of the same name, and may wait where that may not.
 */
#pragma once

#define S_ISVTX_OTHERS 01002
#define PERMISSIONS 0777
#define PRIVATE 0700

/* Remembers what is being created; galgo_created finds its inode. */
static __always_inline int create(struct galgo_task *t, struct dentry *dentry)
{
	u32 role = t->in.roles[0] & ROLE_TEMPORARY;
	int refused = decide(t);

	if (refused)
		return refused;
	t->creating = (u64)dentry;
	t->creating_instance = t->answer.instance;
	t->creating_role = role;
	return 0;
}

/* A directory for itself alone where everybody may make files: the rules name what lies below it another way. */
static __always_inline u32 temporary(const struct path *dir, u32 mode)
{
	u32 above = dir->dentry->d_inode->i_mode;

	return (mode & PERMISSIONS) == PRIVATE && (above & S_ISVTX_OTHERS) == S_ISVTX_OTHERS ? ROLE_TEMPORARY : 0;
}

SEC("lsm.s/path_mkdir")
int BPF_PROG(galgo_inode_mkdir, const struct path *dir, struct dentry *dentry, umode_t mode)
{
	struct galgo_task *t = begin(GALGO_HOOK_inode_mkdir, 1, 1);

	if (!t)
		return 0;
	with_dentry(t, 0, dentry, dir->mnt, ROLE_DIR | ROLE_NEW | temporary(dir, mode));
	t->in.args[0] = mode;
	return create(t, dentry);
}

/* Which mount the object of the next hook was reached through. */
static __always_inline int hint(struct dentry *dentry, struct vfsmount *mount)
{
	struct galgo_task *t = modeled();

	if (t) {
		t->hint_dentry = (u64)dentry;
		t->hint_mount = (u64)mount;
	}
	return 0;
}

/* Of both inode_create and inode_mknod, which may wait where this one may not. */
SEC("lsm/path_mknod")
int BPF_PROG(galgo_hint_mknod, const struct path *dir, struct dentry *dentry, umode_t mode, unsigned int dev)
{
	return hint(dentry, dir->mnt);
}

SEC("lsm.s/inode_create")
int BPF_PROG(galgo_inode_create, struct inode *dir, struct dentry *dentry, umode_t mode)
{
	struct galgo_task *t = begin(GALGO_HOOK_inode_create, 1, 1);

	if (!t)
		return 0;
	with_dentry(t, 0, dentry, NULL, ROLE_DIR | ROLE_NEW);
	t->in.args[0] = mode;
	return create(t, dentry);
}

SEC("lsm.s/inode_mknod")
int BPF_PROG(galgo_inode_mknod, struct inode *dir, struct dentry *dentry, umode_t mode, dev_t dev)
{
	struct galgo_task *t = begin(GALGO_HOOK_inode_mknod, 2, 1);

	if (!t)
		return 0;
	with_dentry(t, 0, dentry, NULL, ROLE_DIR | ROLE_NEW);
	t->in.args[0] = mode;
	t->in.args[1] = dev;
	return create(t, dentry);
}

SEC("lsm.s/path_symlink")
int BPF_PROG(galgo_inode_symlink, const struct path *dir, struct dentry *dentry, const char *old_name)
{
	struct galgo_task *t = begin(GALGO_HOOK_inode_symlink, 0, 1);

	if (!t)
		return 0;
	with_dentry(t, 0, dentry, dir->mnt, ROLE_DIR | ROLE_NEW);
	with_string(t, old_name);
	return create(t, dentry);
}

SEC("lsm.s/path_link")
int BPF_PROG(galgo_inode_link, struct dentry *old_dentry, const struct path *new_dir, struct dentry *new_dentry)
{
	struct galgo_task *t = begin(GALGO_HOOK_inode_link, 0, 2);

	if (!t)
		return 0;
	with_dentry(t, 0, old_dentry, new_dir->mnt, 0);
	with_dentry(t, 1, new_dentry, new_dir->mnt, ROLE_DIR);
	return decide(t);
}

SEC("lsm.s/path_unlink")
int BPF_PROG(galgo_inode_unlink, const struct path *dir, struct dentry *dentry)
{
	struct galgo_task *t = begin(GALGO_HOOK_inode_unlink, 0, 1);

	if (!t)
		return 0;
	with_dentry(t, 0, dentry, dir->mnt, ROLE_DIR);
	return decide(t);
}

SEC("lsm.s/path_rmdir")
int BPF_PROG(galgo_inode_rmdir, const struct path *dir, struct dentry *dentry)
{
	struct galgo_task *t = begin(GALGO_HOOK_inode_rmdir, 0, 1);

	if (!t)
		return 0;
	with_dentry(t, 0, dentry, dir->mnt, ROLE_DIR);
	return decide(t);
}

SEC("lsm.s/path_rename")
int BPF_PROG(galgo_inode_rename, const struct path *old_dir, struct dentry *old_dentry, const struct path *new_dir,
	     struct dentry *new_dentry, unsigned int flags)
{
	struct galgo_task *t = begin(GALGO_HOOK_inode_rename, 1, 2);

	if (!t)
		return 0;
	with_dentry(t, 0, old_dentry, old_dir->mnt, ROLE_DIR);
	with_dentry(t, 1, new_dentry, new_dir->mnt, ROLE_DIR);
	t->in.args[0] = flags;
	return decide(t);
}

SEC("lsm.s/inode_getattr")
int BPF_PROG(galgo_inode_getattr, const struct path *path)
{
	struct galgo_task *t = begin(GALGO_HOOK_inode_getattr, 0, 1);

	if (!t)
		return 0;
	with_path(t, 0, path, 0);
	return decide(t);
}
