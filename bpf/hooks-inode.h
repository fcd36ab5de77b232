/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Hooks about names and inodes. Where the kernel has a hook with the directory's mount (path_*), that one is used: it comes
 * right before the inode_* hook of the same name, and may wait where that may not.
 */
#pragma once

#define S_ISVTX_OTHERS 01002
#define PERMISSIONS 0777
#define PRIVATE 0700

/* Remembers what is being created until the call that creates it has ended; galgo_created finds its inode. */
static __always_inline int create(struct galgo_task *t, struct dentry *dentry)
{
	u32 role = t->in.roles[0] & ROLE_TEMPORARY;
	struct galgo_creating *c;
	int refused = decide(t);

	if (refused)
		return refused;
	c = t->creating[0].dentry ? &t->creating[1] : &t->creating[0];
	c->dentry = (u64)dentry;
	c->instance = t->answer.instance;
	c->role = role;
	return 0;
}

/*
 * The mode that a new object is to have. Where a filesystem has access lists its hook is called with the mode as it was passed,
 * elsewhere without what the umask takes: told alike, so that a behaviour does not depend on where it happens.
 */
static __always_inline u32 masked(u32 mode)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return mode & ~task->fs->umask;
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
	t->in.args[0] = masked(mode);
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
	int refused;

	if (!t)
		return 0;
	with_dentry(t, 0, dentry, NULL, ROLE_DIR | ROLE_NEW);
	t->in.args[0] = masked(mode);
	if (t->vfs_create[0] == (u64)dentry || t->vfs_create[1] == (u64)dentry)
		return create(t, dentry);
	/* by an open, which tells whether it has created the file */
	refused = decide(t);
	t->opening = refused ? 0 : (u64)dentry;
	t->opening_instance = t->answer.instance;
	return refused;
}

SEC("lsm.s/inode_mknod")
int BPF_PROG(galgo_inode_mknod, struct inode *dir, struct dentry *dentry, umode_t mode, dev_t dev)
{
	struct galgo_task *t = begin(GALGO_HOOK_inode_mknod, 2, 1);

	if (!t)
		return 0;
	with_dentry(t, 0, dentry, NULL, ROLE_DIR | ROLE_NEW);
	t->in.args[0] = masked(mode);
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

/* --- attributes ------------------------------------------------------------------------------------------------------- */

SEC("lsm/path_chmod")
int BPF_PROG(galgo_hint_chmod, const struct path *path, umode_t mode)
{
	return hint(path->dentry, path->mnt);
}

SEC("lsm/path_chown")
int BPF_PROG(galgo_hint_chown, const struct path *path)
{
	return hint(path->dentry, path->mnt);
}

SEC("lsm/path_truncate")
int BPF_PROG(galgo_hint_truncate, const struct path *path)
{
	return hint(path->dentry, path->mnt);
}

/* Of truncation through an open file, also while it is being opened. */
SEC("lsm/file_truncate")
int BPF_PROG(galgo_hint_file_truncate, struct file *file)
{
	return hint(file->f_path.dentry, file->f_path.mnt);
}

#define ATTR_MODE 1
#define ATTR_UID 2
#define ATTR_GID 4
#define ATTR_SIZE 8

/*
 * Arguments: what is valid, mode, owner | group << 32, size; 0 where it is not valid. Where one size stands for all others
 * (rule truncate-size), every size above 1 is told and keyed as 1.
 */
SEC("lsm.s/inode_setattr")
int BPF_PROG(galgo_inode_setattr, struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr)
{
	struct galgo_task *t = begin(GALGO_HOOK_inode_setattr, 4, 1);
	u32 valid;
	u64 size;

	if (!t)
		return 0;
	valid = attr->ia_valid;
	size = attr->ia_size;
	if (size > 1 && has_rule(t, GALGO_RULE_TRUNCATE_SIZE))
		size = 1;
	with_dentry(t, 0, dentry, NULL, 0);
	t->in.args[0] = valid;
	t->in.args[1] = valid & ATTR_MODE ? attr->ia_mode : 0;
	t->in.args[2] = (valid & ATTR_UID ? attr->ia_uid.val : 0) | (u64)(valid & ATTR_GID ? attr->ia_gid.val : 0) << 32;
	t->in.args[3] = valid & ATTR_SIZE ? size : 0;
	return decide(t);
}

/* Arguments: flags, size of the value. Texts: the value, the name. */
SEC("lsm.s/inode_setxattr")
int BPF_PROG(galgo_inode_setxattr, struct mnt_idmap *idmap, struct dentry *dentry, const char *name, const void *value,
	     size_t size, int flags)
{
	struct galgo_task *t = begin(GALGO_HOOK_inode_setxattr, 2, 1);
	u64 address = 0;

	if (!t)
		return 0;
	/* verifiers let a program have a pointer to const void only this way */
	bpf_get_func_arg(ctx, 3, &address);
	with_dentry(t, 0, dentry, NULL, 0);
	t->in.args[0] = (u32)flags;
	t->in.args[1] = size;
	with_bytes(t, (void *)address, size);
	with_second_string(t, name);
	return decide(t);
}

/* Text: the name. */
SEC("lsm.s/inode_getxattr")
int BPF_PROG(galgo_inode_getxattr, struct dentry *dentry, const char *name)
{
	struct galgo_task *t = begin(GALGO_HOOK_inode_getxattr, 0, 1);

	if (!t)
		return 0;
	with_dentry(t, 0, dentry, NULL, 0);
	with_string(t, name);
	return decide(t);
}

SEC("lsm/inode_listxattr")
int BPF_PROG(galgo_inode_listxattr, struct dentry *dentry)
{
	struct galgo_task *t = begin(GALGO_HOOK_inode_listxattr, 0, 1);

	if (!t)
		return 0;
	with_dentry(t, 0, dentry, NULL, 0);
	return decide_now(t);
}

/* Text: the name. */
SEC("lsm/inode_removexattr")
int BPF_PROG(galgo_inode_removexattr, struct mnt_idmap *idmap, struct dentry *dentry, const char *name)
{
	struct galgo_task *t = begin(GALGO_HOOK_inode_removexattr, 0, 1);

	if (!t)
		return 0;
	with_dentry(t, 0, dentry, NULL, 0);
	with_string(t, name);
	return decide_now(t);
}

SEC("lsm/inode_killpriv")
int BPF_PROG(galgo_inode_killpriv, struct mnt_idmap *idmap, struct dentry *dentry)
{
	struct galgo_task *t = begin(GALGO_HOOK_inode_killpriv, 0, 1);

	if (!t)
		return 0;
	with_dentry(t, 0, dentry, NULL, 0);
	return decide_now(t);
}

/* --- access lists: since 6.2 attributes with hooks of their own -------------------------------------------------------- */

#define ACL_USER 2
#define ACL_GROUP 8
#define ACL_VERSION 2
/* system.posix_acl_access, system.posix_acl_default: where they differ, and how long they are. */
#define ACL_KIND 17
#define ACL_ACCESS 23
#define ACL_DEFAULT 24
/* Entries that are told. */
#define ACL_ENTRIES 30
#define ACL_TOO_LONG (4 + 8 * (ACL_ENTRIES + 1))

/*
 * Writes an access list as the value of the attribute that it is: a version, then tag, permissions and id of each entry.
 * Of one with more than ACL_ENTRIES the text is not whole, as its size tells; it is never interned because its text is long.
 */
__noinline int galgo_acl(struct galgo_task *t, u64 acl)
{
	struct bpf_iter_num it;
	u32 count, *next;

	if (!t)
		return 0;
	count = AS(struct posix_acl, acl)->a_count;
	t->in.args[1] = 4 + 8 * (u64)count;
	t->in.text_length = count > ACL_ENTRIES ? ACL_TOO_LONG : 4 + 8 * count;
	t->in.text = plain(t, t->scratch) + 4;
	t->scratch[ACL_ENTRIES + 1] = 0;
	t->scratch[0] = (u64)ACL_VERSION << 32;
	bpf_iter_num_new(&it, 0, ACL_ENTRIES);
	while ((next = (u32 *)bpf_iter_num_next(&it))) {
		u32 at = *next;
		struct posix_acl_entry *e;
		u32 tag, id = ~0u;

		if (at >= count)
			break;
		e = AS(struct posix_acl_entry, acl + bpf_core_field_offset(struct posix_acl, a_entries) +
						       at * bpf_core_type_size(struct posix_acl_entry));
		tag = (u16)e->e_tag;
		if (tag == ACL_USER || tag == ACL_GROUP)
			id = e->e_uid.val;
		t->scratch[(at & 31) + 1] = tag | (u32)e->e_perm << 16 | (u64)id << 32;
	}
	bpf_iter_num_destroy(&it);
	return 0;
}

/* As inode_setxattr. */
SEC("lsm/inode_set_acl")
int BPF_PROG(galgo_inode_set_acl, struct mnt_idmap *idmap, struct dentry *dentry, const char *name, struct posix_acl *acl)
{
	struct galgo_task *t = begin(GALGO_HOOK_inode_setxattr, 2, 1);

	if (!t)
		return 0;
	with_dentry(t, 0, dentry, NULL, 0);
	t->in.args[0] = 0;
	galgo_acl(t, plain(t, acl));
	/* the list is where a second text would be made: its name is short and lies elsewhere */
	t->in.more = plain(t, name);
	t->in.more_length = (word_at(t->in.more + ACL_KIND) & 0xff) == 'd' ? ACL_DEFAULT : ACL_ACCESS;
	return decide_now(t);
}

/* As inode_getxattr. */
SEC("lsm/inode_get_acl")
int BPF_PROG(galgo_inode_get_acl, struct mnt_idmap *idmap, struct dentry *dentry, const char *name)
{
	struct galgo_task *t = begin(GALGO_HOOK_inode_getxattr, 0, 1);

	if (!t)
		return 0;
	with_dentry(t, 0, dentry, NULL, 0);
	with_string(t, name);
	return decide_now(t);
}

/* As inode_removexattr. */
SEC("lsm/inode_remove_acl")
int BPF_PROG(galgo_inode_remove_acl, struct mnt_idmap *idmap, struct dentry *dentry, const char *name)
{
	struct galgo_task *t = begin(GALGO_HOOK_inode_removexattr, 0, 1);

	if (!t)
		return 0;
	with_dentry(t, 0, dentry, NULL, 0);
	with_string(t, name);
	return decide_now(t);
}
