/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * From what a hook knows to the description of an event: who, what, arguments, objects, text. The description is what is
 * hashed into the key, so it has to hold everything that the coefficient depends on, or something that stands for it
 * (docs/bpf-sensor.md has the argument). Global functions: verified by themselves, called by all programs.
 */
#pragma once

#define S_IFMT 0170000
#define S_IFREG 0100000
#define S_IFDIR 0040000
#define I_CTIME_QUERIED (1u << 31)
#define FMODE_EXEC 0x20
#define O_ACCMODE 3
#define FIRST_EPHEMERAL_PORT 32768

enum {
	EXT_MAGIC = 0xef53,
	XFS_MAGIC = 0x58465342,
	TMPFS_MAGIC = 0x01021994,
	F2FS_MAGIC = 0xf2f52010,
	PROC_MAGIC = 0x9fa0,
	PIPEFS_MAGIC = 0x50495045,
	SOCKFS_MAGIC = 0x534f434b,
};

/* The address that a pointer of the kernel's is, as a plain number: functions that are verified alone take no pointers. */
static __always_inline u64 plain(struct galgo_task *t, const void *pointer)
{
	*(volatile u64 *)&t->spare = (u64)pointer;
	return *(volatile u64 *)&t->spare;
}

static __always_inline void put(struct galgo_task *t, u64 word)
{
	u32 at = t->words;

	KEEP(at);
	if (at < GALGO_WORDS) {
		t->description[at] = word;
		t->words = at + 1;
	} else {
		t->flags |= GALGO_RECORD_NEVER | GALGO_RECORD_TRUNCATED;
	}
}

/*
 * Filesystems in which (inode number, generation) names one directory for good, so that it stands for the directory's
 * path until a directory is renamed.
 */
static __always_inline bool names_directories(u64 magic)
{
	return magic == EXT_MAGIC || magic == XFS_MAGIC || magic == TMPFS_MAGIC || magic == F2FS_MAGIC;
}

/* Filesystems whose regular files have no content of their own. The list of src/sensor/seccomp/objects.ts. */
static __always_inline bool is_pseudo(u64 magic)
{
	switch (magic) {
	case PROC_MAGIC:
	case 0x62656572: /* sysfs */
	case 0x64626720: /* debugfs */
	case 0x74726163: /* tracefs */
	case 0x27e0eb: /* cgroup */
	case 0x63677270: /* cgroup2 */
	case 0x73636673: /* securityfs */
	case 0xcafe4a11: /* bpf */
	case 0x1cd1: /* devpts */
	case PIPEFS_MAGIC:
	case SOCKFS_MAGIC:
	case 0x19800202: /* mqueue */
	case 0xde5e81e4: /* efivarfs */
	case 0x62656570: /* configfs */
		return true;
	}
	return false;
}

static __always_inline u32 epoch_of(u32 dev)
{
	u32 at = (dev * 2654435761u) >> 22;
	u32 *epoch = bpf_map_lookup_elem(&galgo_epochs, &at);

	return epoch ? *epoch : 0;
}

/*
 * Appends up to 255 bytes at `name`, padded with zeros to whole words. Returns the number of bytes. Names are short: four
 * words are read directly; longer names are copied.
 */
__noinline int galgo_name(struct galgo_task *t, u64 name, u32 length)
{
	u32 at, words, i;

	if (!t)
		return 0;
	if (length > GALGO_NAME - 1)
		length = GALGO_NAME - 1;
	words = (length + 7) / 8;
	at = t->words;
	if (at + words > GALGO_WORDS) {
		t->flags |= GALGO_RECORD_NEVER | GALGO_RECORD_TRUNCATED;
		return 0;
	}
	KEEP(at);
	if (at >= GALGO_WORDS)
		return 0;
	if (words <= 4) {
		for (i = 0; i < 4; i++)
			if (i < words)
				t->description[at + i] = word_at(name + 8 * i);
	} else {
		bpf_probe_read_kernel(&t->description[at], length & 255, (void *)name);
	}
	if (words) {
		u32 last = at + words - 1;

		KEEP(last);
		if ((length & 7) && last < GALGO_WORDS)
			t->description[last] &= (1ULL << (8 * (length & 7))) - 1;
	}
	t->words = at + words;
	return length;
}

/* The name of a dentry, unless it changes while it is read. */
static __always_inline int put_name(struct galgo_task *t, u64 dentry)
{
	struct dentry *d = AS(struct dentry, dentry);
	u32 before = d->d_seq.seqcount.sequence;
	int length = galgo_name(t, (u64)d->d_name.name, d->d_name.len);

	if ((before & 1) || d->d_seq.seqcount.sequence != before)
		t->flags |= GALGO_RECORD_NEVER;
	return length;
}

/*
 * What is behind the last dot of a name, when that can be a class of src/model/rewrite-path.ts (at most ten characters, and
 * something before the dot); else nothing.
 */
__noinline int galgo_class(struct galgo_task *t, u64 dentry)
{
	struct dentry *d;
	char tail[16] = {};
	u32 length, i, dot = 0, have;
	u64 name;

	if (!t)
		return 0;
	d = AS(struct dentry, dentry);
	length = d->d_name.len;
	name = (u64)d->d_name.name;
	have = length < 12 ? length : 12;
	bpf_probe_read_kernel(tail, have & 15, (void *)(name + length - have));
	for (i = 0; i < 12; i++)
		if (i < have && tail[i] == '.' && (i > 0 || length > have))
			dot = i + 1;
	if (!dot)
		return 0;
	return galgo_name(t, name + length - have + dot, have - dot);
}

/* A name of decimal digits as a number; 0 for any other. */
__noinline int galgo_number(u64 name, u32 length)
{
	char digits[8] = {};
	u32 number = 0, i;

	if (length == 0 || length > 7)
		return 0;
	bpf_probe_read_kernel(digits, length & 7, (void *)name);
	for (i = 0; i < 7; i++) {
		if (i >= length)
			break;
		if (digits[i] < '0' || digits[i] > '9')
			return 0;
		number = 10 * number + (digits[i] - '0');
	}
	return number;
}

/*
 * Appends the names of all components of a dentry within its filesystem: the number of words, then for each a word with its
 * length and the text.
 * In /proc the directory of the acting process itself is written as one that no name can be, where the rules call it self.
 */
__noinline int galgo_names(struct galgo_task *t, u64 dentry, u32 rules)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct bpf_iter_num it;
	u64 at = dentry, done = 0;
	u32 start;

	if (!t)
		return 0;
	start = t->words;
	put(t, 0); /* the number of words that follow */
	bpf_iter_num_new(&it, 0, GALGO_DEPTH);
	while (bpf_iter_num_next(&it)) {
		struct dentry *d = AS(struct dentry, at);
		u64 parent = plain(t, d->d_parent);
		u32 head = t->words;

		KEEP(head);
		if (parent == at) {
			done = 1;
			break;
		}
		put(t, 0);
		if ((rules & GALGO_RULE_PROC_SELF) && d->d_sb->s_magic == PROC_MAGIC &&
		    plain(t, d->d_parent->d_parent) == parent) {
			int number = galgo_number((u64)d->d_name.name, d->d_name.len);

			if (number && (number == task->pid || number == task->tgid)) {
				if (head < GALGO_WORDS)
					t->description[head] = ~0ULL;
				at = parent;
				continue;
			}
		}
		if (head < GALGO_WORDS)
			t->description[head] = put_name(t, at);
		at = parent;
	}
	bpf_iter_num_destroy(&it);
	if (!done)
		t->flags |= GALGO_RECORD_NEVER;
	KEEP(start);
	if (start < GALGO_WORDS)
		t->description[start] = t->words - start - 1;
	return 0;
}

/*
 * Appends where a mount is mounted, level by level up to the task's root. Returns the number of levels.
 */
__noinline int galgo_levels(struct galgo_task *t, u64 vfsmount, u64 root_vfsmount)
{
	struct bpf_iter_num it;
	u64 at = mount_of(vfsmount), root = mount_of(root_vfsmount);
	u32 levels = 0, done = 0;

	if (!t)
		return 0;
	if (at == root || !at)
		return 0;
	bpf_iter_num_new(&it, 0, GALGO_MOUNTS);
	while (bpf_iter_num_next(&it)) {
		struct mount *m = AS(struct mount, at);
		u64 parent = plain(t, m->mnt_parent);
		struct dentry *point = m->mnt_mountpoint;
		struct super_block *sb = point->d_sb;

		if (at == root || parent == at) {
			done = 1;
			break;
		}
		put(t, AS(struct mount, parent)->mnt_id_unique);
		put(t, point->d_inode->i_ino);
		put(t, point->d_inode->i_generation | (u64)epoch_of(sb->s_dev) << 32);
		if (!names_directories(sb->s_magic))
			galgo_names(t, plain(t, point), 0);
		levels++;
		at = parent;
	}
	bpf_iter_num_destroy(&it);
	if (!done)
		t->flags |= GALGO_RECORD_NEVER;
	return levels;
}

/*
 * Of a superblock's mounts the first one in the namespace of the task's root, for objects that were named without one.
 * Left in t->mount; 0 when there is none among the first ones.
 */
__noinline int galgo_some_mount(struct galgo_task *t, u64 sb)
{
	struct bpf_iter_num it;
	u64 ns, at, head = 0;
	bool chain = bpf_core_field_exists(struct mount___chain, mnt_next_for_sb);

	if (!t)
		return 0;
	t->mount = 0;
	if (plain(t, AS(struct vfsmount, t->root_mount)->mnt_sb) == sb) {
		t->mount = t->root_mount;
		return 0;
	}
	ns = plain(t, AS(struct mount, mount_of(t->root_mount))->mnt_ns);
	if (chain) {
		at = plain(t, AS(struct super_block___chain, sb)->s_mounts);
	} else {
		head = sb + bpf_core_field_offset(struct super_block___list, s_mounts);
		at = plain(t, AS(struct super_block___list, sb)->s_mounts.next);
	}
	bpf_iter_num_new(&it, 0, GALGO_SB_MOUNTS);
	while (bpf_iter_num_next(&it)) {
		u64 mount = chain ? at : at - bpf_core_field_offset(struct mount___list, mnt_instance);

		if (!at || at == head)
			break;
		if (plain(t, AS(struct mount, mount)->mnt_ns) == ns) {
			t->mount = mount + bpf_core_field_offset(struct mount, mnt);
			break;
		}
		at = chain ? plain(t, AS(struct mount___chain, at)->mnt_next_for_sb)
			   : plain(t, AS(struct list_head, at)->next);
	}
	bpf_iter_num_destroy(&it);
	return 0;
}

/* Does the content of an open file count? Finer than or equal to what src/sensor/bpf and the rules make of it. */
static __always_inline bool content_counts(u32 roles, u32 owner, u64 magic, u64 size, u32 rules)
{
	if (!(roles & ROLE_FILE) || size == 0 || is_pseudo(magic))
		return false;
	if (roles & ROLE_PROGRAM)
		return true;
	if (owner)
		return false;
	return !((rules & GALGO_RULE_DIGEST_POLICY) && (roles & ROLE_WRITES));
}

/* Appends object `which` of the input. */
__noinline int galgo_object(struct galgo_task *t, u32 which, u32 rules)
{
	struct inode *inode, *dir;
	struct dentry *dentry;
	struct super_block *sb;
	u32 head, state = 0, roles, owner, mode = 0, uid = 0, gid = 0, dev, before;
	u64 magic, parent, vfsmount, size = 0;
	int name = 0, levels;

	if (!t)
		return 0;
	which &= 1;
	roles = t->in.roles[which];
	if (roles & ROLE_NONE) {
		put(t, (u64)GALGO_OBJECT_ABSENT << 48);
		return 0;
	}
	dentry = AS(struct dentry, t->in.dentry[which]);
	inode = AS(struct inode, t->in.inode[which]);
	owner = t->in.owner[which];
	vfsmount = t->in.mount[which];
	sb = dentry->d_sb;
	magic = sb->s_magic;
	dev = sb->s_dev;
	if (!vfsmount) {
		if (t->in.dentry[which] == t->hint_dentry) {
			vfsmount = t->hint_mount;
		} else {
			galgo_some_mount(t, plain(t, sb));
			vfsmount = t->mount;
		}
		t->in.mount[which] = vfsmount;
	}
	head = t->words;
	if (head + 7 + 4 + 2 > GALGO_WORDS) {
		t->flags |= GALGO_RECORD_NEVER | GALGO_RECORD_TRUNCATED;
		return 0;
	}
	t->words = head + 7;
	before = dentry->d_seq.seqcount.sequence;
	dir = dentry->d_parent->d_inode;
	if (t->in.inode[which]) {
		mode = inode->i_mode;
		uid = inode->i_uid.val;
		gid = inode->i_gid.val;
		size = inode->i_size;
		if (!dentry->d_hash.pprev && plain(t, dentry->d_parent) != t->in.dentry[which])
			state |= GALGO_OBJECT_UNLINKED;
	} else {
		state |= GALGO_OBJECT_NEGATIVE;
	}
	if ((mode & S_IFMT) == S_IFREG && content_counts(roles, owner, magic, size, rules)) {
		state |= GALGO_OBJECT_CONTENT;
		if (inode->i_writecount.counter > 0)
			state |= GALGO_OBJECT_WRITERS;
		put(t, inode->i_ino);
		put(t, inode->i_generation | (u64)(inode->i_ctime_nsec & ~I_CTIME_QUERIED) << 32);
		put(t, inode->i_ctime_sec);
		put(t, size);
	}
	if (roles & ROLE_DIR) {
		state |= GALGO_OBJECT_DIR;
		put(t, dir->i_uid.val | (u64)dir->i_gid.val << 32);
		put(t, dir->i_mode);
	}
	levels = galgo_levels(t, vfsmount, t->root_mount);
	parent = 0;
	if (magic == PIPEFS_MAGIC || magic == SOCKFS_MAGIC) {
		if (!(rules & GALGO_RULE_PIPE_NUMBER))
			parent = inode->i_ino;
	} else if (!names_directories(magic)) {
		u32 start = t->words;

		state |= GALGO_OBJECT_WALKED;
		galgo_names(t, t->in.dentry[which], rules);
		name = 8 * (t->words - start);
	} else {
		parent = dir->i_ino;
		if ((rules & GALGO_RULE_CREATED_CLASS) && (owner || (roles & ROLE_NEW))) {
			state |= GALGO_OBJECT_CLASS;
			name = galgo_class(t, t->in.dentry[which]);
		} else {
			name = galgo_name(t, (u64)dentry->d_name.name, dentry->d_name.len);
		}
	}
	if ((before & 1) || dentry->d_seq.seqcount.sequence != before) {
		state |= GALGO_OBJECT_CHANGING;
		t->flags |= GALGO_RECORD_NEVER;
	}
	if (roles & ROLE_TEMPORARY) {
		state |= GALGO_OBJECT_TEMPORARY;
		t->flags |= GALGO_RECORD_NEVER;
	}
	if (state & GALGO_OBJECT_WRITERS)
		t->flags |= GALGO_RECORD_NEVER;
	KEEP(head);
	if (head < GALGO_WORDS - 7) {
		t->description[head] = dev | (u64)mode << 32 | (u64)state << 48;
		t->description[head + 1] = uid | (u64)gid << 32;
		t->description[head + 2] = parent;
		t->description[head + 3] = parent ? dir->i_generation | (u64)epoch_of(dev) << 32 : 0;
		t->description[head + 4] = AS(struct mount, mount_of(vfsmount))->mnt_id_unique;
		t->description[head + 5] = owner | (u64)t->in.instance[which] << 32;
		t->description[head + 6] = (u32)magic | (u64)(u16)name << 32 | (u64)levels << 48;
	}
	return 0;
}

/* Appends the text of the input. Returns its length. */
__noinline int galgo_text(struct galgo_task *t)
{
	u32 at, length;
	long got;

	if (!t)
		return 0;
	at = t->words;
	length = t->in.text_length;
	if (at + GALGO_NAME / 8 > GALGO_WORDS) {
		t->flags |= GALGO_RECORD_NEVER | GALGO_RECORD_TRUNCATED;
		return 0;
	}
	KEEP(at);
	if (at >= GALGO_WORDS)
		return 0;
	if (length == GALGO_TEXT_STRING) {
		got = bpf_probe_read_kernel_str(&t->description[at], GALGO_NAME, (void *)t->in.text);
		length = got > 0 ? got - 1 : 0;
		if (length >= GALGO_NAME - 1)
			t->flags |= GALGO_RECORD_NEVER; /* perhaps longer: the record has the rest */
	} else {
		if (length > GALGO_NAME - 8) {
			length = GALGO_NAME - 8;
			t->flags |= GALGO_RECORD_NEVER;
		}
		bpf_probe_read_kernel(&t->description[at], length & 255, (void *)t->in.text);
	}
	if (length & 7) {
		u32 last = at + length / 8;

		KEEP(last);
		if (last < GALGO_WORDS)
			t->description[last] &= (1ULL << (8 * (length & 7))) - 1;
	}
	t->words = at + (length + 7) / 8;
	return length;
}

#define WHO_WORDS (sizeof(struct galgo_who) / 8)

/* Who acts. Returns true when it is who acted in this task's last event, so that the hash state behind it can be used again. */
static __always_inline bool put_who(struct galgo_task *t)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct cred *c = AS(struct cred, t->in.hook == GALGO_HOOK_bprm_committed_creds ? t->in.args[7] : plain(t, task->cred));
	struct fs_struct *fs = task->fs;
	struct galgo_who *w = &t->who;
	u64 *out = t->description;
	u64 now[WHO_WORDS];
	u64 *last = (u64 *)w;
	u64 same = 0;
	u32 i;

	now[0] = t->identity | (u64)c->uid.val << 32;
	now[1] = c->euid.val | (u64)c->suid.val << 32;
	now[2] = c->gid.val | (u64)c->egid.val << 32;
	now[3] = c->sgid.val | (u64)c->fsuid.val << 32;
	now[4] = c->fsgid.val;
	now[5] = c->cap_effective.val;
	now[6] = AS(struct mount, mount_of((u64)fs->root.mnt))->mnt_id_unique;
	now[7] = fs->root.dentry->d_inode->i_ino;
	t->root_mount = (u64)fs->root.mnt;
	for (i = 0; i < WHO_WORDS; i++) {
		same |= last[i] ^ now[i];
		out[i] = now[i];
	}
	if (!same)
		return true;
	for (i = 0; i < WHO_WORDS; i++)
		last[i] = now[i];
	return false;
}

/* Describes the event of the input and makes its key. */
__noinline int galgo_describe(struct galgo_task *t, u32 rules)
{
	struct galgo_config *config;
	struct bpf_iter_num it;
	struct sip s;
	u32 zero = 0, words, i, text = 0, *next;
	bool same;

	if (!t)
		return 0;
	same = put_who(t);
	t->words = WHO_WORDS + 1;
	for (i = 0; i < 8; i++)
		if (i < t->in.nargs)
			put(t, t->in.args[i]);
	if (t->in.nobjects > 0)
		galgo_object(t, 0, rules);
	if (t->in.nobjects > 1)
		galgo_object(t, 1, rules);
	if (t->in.text)
		text = galgo_text(t);
	t->description[WHO_WORDS] = t->in.hook | (u64)t->in.nargs << 16 | (u64)t->in.nobjects << 24 | (u64)text << 32;

	config = bpf_map_lookup_elem(&galgo_config, &zero);
	if (!config)
		return 0;
	if (same) {
		s.v0 = t->who_state[0];
		s.v1 = t->who_state[1];
		s.v2 = t->who_state[2];
		s.v3 = t->who_state[3];
	} else {
		sip_begin(&s, config->key[0], config->key[1]);
		for (i = 0; i < WHO_WORDS; i++)
			sip_word(&s, t->description[i]);
		t->who_state[0] = s.v0;
		t->who_state[1] = s.v1;
		t->who_state[2] = s.v2;
		t->who_state[3] = s.v3;
	}
	/* four words a turn: what is behind the end is made zero, and the length is in the description's own members */
	words = t->words;
	KEEP(words);
	if (words > GALGO_WORDS)
		return 0;
	t->description[words] = 0;
	t->description[words + 1] = 0;
	t->description[words + 2] = 0;
	words = (words + 3) & ~3u;
	bpf_iter_num_new(&it, WHO_WORDS / 4, GALGO_WORDS / 4);
	while ((next = (u32 *)bpf_iter_num_next(&it))) {
		u32 at = *next * 4;

		KEEP(at);
		if (at >= words || at > GALGO_WORDS - 4)
			break;
		sip_word(&s, t->description[at]);
		sip_word(&s, t->description[at + 1]);
		sip_word(&s, t->description[at + 2]);
		sip_word(&s, t->description[at + 3]);
	}
	bpf_iter_num_destroy(&it);
	sip_end(&s, words, t->key);
	return 0;
}
