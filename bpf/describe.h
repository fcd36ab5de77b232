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
/* The longest class of a created file has ten characters, and a dot before it. */
#define CLASS_BYTES 11

enum {
	EXT_MAGIC = 0xef53,
	XFS_MAGIC = 0x58465342,
	TMPFS_MAGIC = 0x01021994,
	F2FS_MAGIC = 0xf2f52010,
	PROC_MAGIC = 0x9fa0,
	PIPEFS_MAGIC = 0x50495045,
	SOCKFS_MAGIC = 0x534f434b,
	NSFS_MAGIC = 0x6e736673,
};

/*
 * The address that a pointer of the kernel's is, as a plain number: functions that are verified alone take no pointers.
 * It is also the only way to ask whether an argument of a hook is NULL: kernels up to 6.13 believe that it never is, and
 * remove `if (argument)` as always true, so that the next load is an oops.
 */
static __always_inline u64 plain(struct galgo_task *t, const void *pointer)
{
	*(volatile u64 *)&t->spare = (u64)pointer;
	return *(volatile u64 *)&t->spare;
}

/*
 * Appends a word. Without a branch, because each one doubles what the verifier has to look at: what does not fit goes
 * astray within the array, and galgo_describe finds that out by the count.
 */
static __always_inline void put(struct galgo_task *t, u64 word)
{
	u32 at = t->words;

	t->description[at & (GALGO_ARRAY - 1)] = word;
	t->words = at + 1;
}

/* Changes a word that was appended. */
static __always_inline void set(struct galgo_task *t, u32 at, u64 word)
{
	t->description[at & (GALGO_ARRAY - 1)] = word;
}

/*
 * Filesystems in which (inode number, generation) names one directory for good, so that it stands for the directory's
 * path until a directory is renamed.
 */
__noinline int galgo_names_directories(u64 magic)
{
	return magic == EXT_MAGIC || magic == XFS_MAGIC || magic == TMPFS_MAGIC || magic == F2FS_MAGIC;
}

/* Filesystems whose regular files have no content of their own. The list of src/sensor/seccomp/objects.ts. */
__noinline int galgo_is_pseudo(u64 magic)
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

static __always_inline u32 clock_sets(void)
{
	u32 at = GALGO_EPOCHS;
	u32 *sets = bpf_map_lookup_elem(&galgo_epochs, &at);

	return sets ? *sets : 0;
}

/*
 * Appends up to 255 bytes at `name`, padded with zeros to whole words. Returns the number of bytes. Names are short: four
 * words are read directly; longer names are copied.
 */
__noinline int galgo_name(struct galgo_task *t, u64 name, u32 length)
{
	u32 at, words;

	if (!t)
		return 0;
	if (length > GALGO_NAME - 1)
		length = GALGO_NAME - 1;
	KEEP(length);
	words = (length + 7) / 8;
	at = t->words;
	t->words = at + words;
	at &= GALGO_ARRAY - 1;
	KEEP(at);
	if (length <= 32) {
		t->description[at] = word_at(name);
		t->description[at + 1] = word_at(name + 8);
		t->description[at + 2] = word_at(name + 16);
		t->description[at + 3] = word_at(name + 24);
	} else {
		length &= GALGO_NAME - 1;
		KEEP(length);
		bpf_probe_read_kernel(&t->description[at], length, (void *)name);
	}
	/* what is behind the last byte is not of the name */
	if (length & 7)
		set(t, t->words - 1, t->description[(t->words - 1) & (GALGO_ARRAY - 1)] & ((1ULL << (8 * (length & 7))) - 1));
	return length;
}

/* The name of a dentry, unless it changes while it is read. */
static __always_inline int put_name(struct galgo_task *t, u64 dentry)
{
	struct dentry *d = AS(struct dentry, dentry);
	u32 before = d->d_seq.seqcount.sequence;
	int length = galgo_name(t, plain(t, d->d_name.name), d->d_name.len);

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
	struct bpf_iter_num it;
	u32 length, have, *i;
	struct dentry *d;
	u64 name;

	if (!t)
		return 0;
	d = AS(struct dentry, dentry);
	length = d->d_name.len;
	name = plain(t, d->d_name.name);
	have = length < CLASS_BYTES ? length : CLASS_BYTES;
	t->found = 0;
	bpf_iter_num_new(&it, 1, CLASS_BYTES);
	while ((i = (u32 *)bpf_iter_num_next(&it))) {
		u32 behind = *i;

		if (behind >= have)
			break;
		/* `behind` characters are behind this one, and something is before it */
		if ((word_at(name + length - behind - 1) & 0xff) == '.' && behind + 1 < length) {
			t->found = behind;
			break;
		}
	}
	bpf_iter_num_destroy(&it);
	if (!t->found)
		return 0;
	return galgo_name(t, name + length - t->found, t->found);
}

/* A name of decimal digits as a number; 0 for any other. */
__noinline int galgo_number(u64 name, u32 length)
{
	u64 digits, number = 0;
	struct bpf_iter_num it;
	int ok = 1;

	if (length == 0 || length > 7)
		return 0;
	digits = word_at(name);
	bpf_iter_num_new(&it, 0, length);
	while (bpf_iter_num_next(&it)) {
		u64 digit = (digits & 0xff) - '0';

		digits >>= 8;
		if (digit > 9) {
			ok = 0;
			break;
		}
		number = 10 * number + digit;
	}
	bpf_iter_num_destroy(&it);
	return ok ? number : 0;
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
	/* a file that lies in no directory has a name all the same, as [eventpoll] */
	if (plain(t, AS(struct dentry, dentry)->d_parent) == dentry) {
		put(t, 0);
		set(t, start + 1, put_name(t, dentry));
	}
	bpf_iter_num_new(&it, 0, GALGO_DEPTH);
	while (bpf_iter_num_next(&it)) {
		struct dentry *d = AS(struct dentry, at);
		u64 parent = plain(t, d->d_parent);
		u32 head = t->words;

		if (parent == at) {
			done = 1;
			break;
		}
		put(t, 0);
		if ((rules & GALGO_RULE_PROC_SELF) && d->d_sb->s_magic == PROC_MAGIC &&
		    plain(t, d->d_parent->d_parent) == parent) {
			int number = galgo_number(plain(t, d->d_name.name), d->d_name.len);

			if (number && (number == task->pid || number == task->tgid)) {
				set(t, head, ~0ULL);
				at = parent;
				continue;
			}
		}
		set(t, head, put_name(t, at));
		at = parent;
	}
	bpf_iter_num_destroy(&it);
	if (!done)
		t->flags |= GALGO_RECORD_NEVER;
	set(t, start, t->words - start - 1);
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
		if (galgo_names_directories(sb->s_magic))
			put(t, 0); /* no words of names */
		else
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

/*
 * Does the content of a file count? Finer than or equal to what src/sensor/bpf and the rules make of it. What looks like a
 * needless function keeps its branches from multiplying with those of its caller when programs are verified.
 */
__noinline int galgo_content_counts(struct galgo_task *t, u32 which, u32 rules)
{
	u32 roles;

	if (!t)
		return 0;
	which &= 1;
	roles = t->in.roles[which];
	if (!(roles & ROLE_FILE))
		return 0;
	if ((AS(struct inode, t->in.inode[which])->i_mode & S_IFMT) != S_IFREG || !AS(struct inode, t->in.inode[which])->i_size)
		return 0;
	if (galgo_is_pseudo(AS(struct dentry, t->in.dentry[which])->d_sb->s_magic))
		return 0;
	if (roles & ROLE_PROGRAM)
		return 1;
	if (t->in.owner[which])
		return 0;
	return !((rules & GALGO_RULE_DIGEST_POLICY) && (roles & ROLE_WRITES));
}

/* The mount that object `which` is seen through, found where the hook does not say. */
__noinline int galgo_find_mount(struct galgo_task *t, u32 which)
{
	if (!t)
		return 0;
	which &= 1;
	if (t->in.mount[which])
		return 0;
	/* a dentry may be used again, so that what is remembered is of another object */
	if (t->in.dentry[which] == t->hint_dentry &&
	    plain(t, AS(struct vfsmount, t->hint_mount)->mnt_sb) == plain(t, AS(struct dentry, t->hint_dentry)->d_sb)) {
		t->in.mount[which] = t->hint_mount;
		return 0;
	}
	galgo_some_mount(t, plain(t, AS(struct dentry, t->in.dentry[which])->d_sb));
	t->in.mount[which] = t->mount;
	return 0;
}

/* Appends what is keyed of an object's name. Returns flags of its state. */
__noinline int galgo_named(struct galgo_task *t, u32 which, u32 rules)
{
	struct dentry *dentry;
	u64 magic;

	if (!t)
		return 0;
	which &= 1;
	dentry = AS(struct dentry, t->in.dentry[which]);
	magic = dentry->d_sb->s_magic;
	if (magic == PIPEFS_MAGIC || magic == SOCKFS_MAGIC || magic == NSFS_MAGIC) {
		if (magic == NSFS_MAGIC || !(rules & GALGO_RULE_PIPE_NUMBER))
			t->parent = AS(struct inode, t->in.inode[which])->i_ino;
		return 0;
	}
	if (!galgo_names_directories(magic)) {
		galgo_names(t, t->in.dentry[which], rules);
		return GALGO_OBJECT_WALKED;
	}
	t->parent = dentry->d_parent->d_inode->i_ino;
	if ((rules & GALGO_RULE_CREATED_CLASS) && (t->in.owner[which] || (t->in.roles[which] & ROLE_NEW))) {
		t->named = galgo_class(t, t->in.dentry[which]);
		return GALGO_OBJECT_CLASS;
	}
	t->named = galgo_name(t, plain(t, dentry->d_name.name), dentry->d_name.len);
	return 0;
}

#define OBJECT_WORDS (sizeof(struct galgo_object) / 8)

/* Appends what an object is followed by, by its roles. Returns flags of its state. */
__noinline int galgo_details(struct galgo_task *t, u32 which, u32 rules)
{
	u32 state = 0, roles;

	if (!t)
		return 0;
	which &= 1;
	roles = t->in.roles[which];
	if (t->in.owner[which]) {
		state |= GALGO_OBJECT_CREATED;
		put(t, t->in.owner[which] | (u64)t->in.instance[which] << 32);
	}
	if (galgo_content_counts(t, which, rules)) {
		struct inode *inode = AS(struct inode, t->in.inode[which]);

		state |= GALGO_OBJECT_CONTENT;
		if (inode->i_writecount.counter > 0) {
			state |= GALGO_OBJECT_WRITERS;
			t->flags |= GALGO_RECORD_NEVER;
		}
		put(t, inode->i_ino);
		put(t, inode->i_ctime_sec << 30 | (inode->i_ctime_nsec & ~I_CTIME_QUERIED));
		put(t, inode->i_size);
		put(t, inode->i_generation | (u64)clock_sets() << 32);
	}
	if (roles & ROLE_DIR) {
		struct inode *dir = AS(struct dentry, t->in.dentry[which])->d_parent->d_inode;

		state |= GALGO_OBJECT_DIR;
		put(t, dir->i_uid.val | (u64)dir->i_gid.val << 32);
		put(t, dir->i_mode);
	}
	if (roles & ROLE_TEMPORARY) {
		state |= GALGO_OBJECT_TEMPORARY;
		t->flags |= GALGO_RECORD_NEVER;
	}
	return state;
}

/* Appends object `which` of the input. */
__noinline int galgo_object(struct galgo_task *t, u32 which, u32 rules)
{
	u32 head, state, before;
	struct inode *inode, *dir;
	struct dentry *dentry;
	u64 levels = 0, mount;

	if (!t)
		return 0;
	which &= 1;
	if (t->in.roles[which] & ROLE_NONE) {
		put(t, (u64)GALGO_OBJECT_ABSENT << 16);
		return 0;
	}
	if (!t->in.mount[which])
		galgo_find_mount(t, which);
	dentry = AS(struct dentry, t->in.dentry[which]);
	inode = AS(struct inode, t->in.inode[which]);
	before = dentry->d_seq.seqcount.sequence;
	head = t->words;
	t->words = head + OBJECT_WORDS;
	state = galgo_details(t, which, rules);
	if (!t->in.inode[which])
		state |= GALGO_OBJECT_NEGATIVE;
	else if (!dentry->d_hash.pprev && plain(t, dentry->d_parent) != t->in.dentry[which])
		state |= GALGO_OBJECT_UNLINKED;
	if (t->in.mount[which] != t->root_mount)
		levels = galgo_levels(t, t->in.mount[which], t->root_mount);
	mount = AS(struct mount, mount_of(t->in.mount[which]))->mnt_id_unique;
	if (!mount) {
		mount = dentry->d_sb->s_dev;
		state |= GALGO_OBJECT_MOUNTLESS;
		t->flags |= GALGO_RECORD_NEVER;
	}
	t->parent = 0;
	t->named = 0;
	state |= galgo_named(t, which, rules);
	if ((before & 1) || dentry->d_seq.seqcount.sequence != before) {
		state |= GALGO_OBJECT_CHANGING;
		t->flags |= GALGO_RECORD_NEVER;
	}
	/* without an inode these are zeros: a bad address reads as such */
	set(t, head, inode->i_mode | (u64)state << 16 | (u64)(u16)t->named << 32 | levels << 48);
	set(t, head + 1, inode->i_uid.val | (u64)inode->i_gid.val << 32);
	set(t, head + 2, t->parent);
	dir = dentry->d_parent->d_inode;
	set(t, head + 3, t->parent ? dir->i_generation | (u64)epoch_of(dentry->d_sb->s_dev) << 32 : 0);
	set(t, head + 4, mount);
	return 0;
}

/* Appends the text of the input. Returns its length. */
__noinline int galgo_text(struct galgo_task *t)
{
	u32 at, length;
	long got;

	if (!t)
		return 0;
	at = t->words & (GALGO_ARRAY - 1);
	KEEP(at);
	length = t->in.text_length;
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
		length &= GALGO_NAME - 1;
		KEEP(length);
		bpf_probe_read_kernel(&t->description[at], length, (void *)t->in.text);
	}
	t->words += (length + 7) / 8;
	if (length & 7)
		set(t, t->words - 1, t->description[(t->words - 1) & (GALGO_ARRAY - 1)] & ((1ULL << (8 * (length & 7))) - 1));
	return length;
}

#define WHO_WORDS (sizeof(struct galgo_who) / 8)

/*
 * Who acts. The root is part of it where there are objects, whose paths begin there: other events are the same in any root.
 * Returns true when it is who acted in this task's last event of the kind, so that the hash state behind it can be used again.
 */
static __always_inline bool put_who(struct galgo_task *t)
{
	struct task_struct *task = AS(struct task_struct, bpf_get_current_task_btf());
	struct cred *c = AS(struct cred, t->in.hook == GALGO_HOOK_bprm_committed_creds ? t->in.args[7] : plain(t, task->cred));
	struct fs_struct *fs = task->fs;
	u32 rooted = t->in.nobjects != 0, i;
	u64 *out = t->description;
	u64 now[WHO_WORDS];
	u64 *last, same = 0;

	now[0] = t->identity | (u64)c->uid.val << 32;
	now[1] = c->euid.val | (u64)c->suid.val << 32;
	now[2] = c->gid.val | (u64)c->egid.val << 32;
	now[3] = c->sgid.val | (u64)c->fsuid.val << 32;
	now[4] = c->fsgid.val;
	now[5] = c->cap_effective.val;
	now[6] = rooted ? AS(struct mount, mount_of((u64)fs->root.mnt))->mnt_id_unique : 0;
	now[7] = rooted ? fs->root.dentry->d_inode->i_ino : 0;
	t->rooted = rooted;
	last = (u64 *)&t->acting[rooted & 1].who;
	t->root_mount = (u64)fs->root.mnt;
	t->root_dentry = (u64)fs->root.dentry;
	for (i = 0; i < WHO_WORDS; i++) {
		same |= last[i] ^ now[i];
		out[i] = now[i];
	}
	if (!same)
		return true;
	for (i = 0; i < WHO_WORDS; i++)
		last[i] = now[i];
	t->acting[rooted & 1].number = ++t->who_number;
	return false;
}

/* Appends the texts. Returns their lengths. */
__noinline int galgo_texts(struct galgo_task *t)
{
	u32 text = 0;

	if (!t)
		return 0;
	if (t->in.text)
		text = galgo_text(t);
	if (t->in.more_length >= GALGO_NAME - 1)
		t->flags |= GALGO_RECORD_NEVER | GALGO_RECORD_TRUNCATED;
	if (t->in.more_length)
		text |= galgo_name(t, t->in.more, t->in.more_length) << 16;
	return text;
}

/* Absorbs words of the description into the hash state behind the description of who acts. */
__noinline int galgo_absorb(struct galgo_task *t, u32 from, u32 to)
{
	struct bpf_iter_num it;
	struct sip s;
	u32 *next;

	if (!t)
		return 0;
	s.v0 = t->state[0];
	s.v1 = t->state[1];
	s.v2 = t->state[2];
	s.v3 = t->state[3];
	bpf_iter_num_new(&it, from / 2, GALGO_WORDS / 2);
	while ((next = (u32 *)bpf_iter_num_next(&it))) {
		u32 at = *next * 2;

		if (at >= to)
			break;
		at &= GALGO_ARRAY - 1;
		KEEP(at);
		sip_word(&s, t->description[at]);
		sip_word(&s, t->description[at + 1]);
	}
	bpf_iter_num_destroy(&it);
	t->state[0] = s.v0;
	t->state[1] = s.v1;
	t->state[2] = s.v2;
	t->state[3] = s.v3;
	return 0;
}

/* The hash state behind the description of who acts. */
__noinline int galgo_hash_who(struct galgo_task *t)
{
	struct galgo_config *config;
	u32 zero = 0, i;
	struct sip s;

	if (!t)
		return 0;
	config = bpf_map_lookup_elem(&galgo_config, &zero);
	if (!config)
		return 0;
	sip_begin(&s, config->key[0], config->key[1]);
	t->state[0] = s.v0;
	t->state[1] = s.v1;
	t->state[2] = s.v2;
	t->state[3] = s.v3;
	galgo_absorb(t, 0, WHO_WORDS);
	for (i = 0; i < 4; i++)
		t->acting[t->rooted & 1].state[i] = t->state[i];
	return 0;
}

/* The key: whole pairs of words behind the description of who acts. */
__noinline int galgo_hash(struct galgo_task *t)
{
	struct sip s;
	u32 words, i;

	if (!t)
		return 0;
	words = (t->words + GALGO_TURN - 1) & ~(GALGO_TURN - 1);
	for (i = 0; i < 4; i++)
		t->state[i] = t->acting[t->rooted & 1].state[i];
	galgo_absorb(t, WHO_WORDS, words);
	s.v0 = t->state[0];
	s.v1 = t->state[1];
	s.v2 = t->state[2];
	s.v3 = t->state[3];
	sip_end(&s, words, t->key);
	return 0;
}

/* Finds the key of an event that this task has had hashed before. Returns 1 when it has. */
__noinline int galgo_recall(struct galgo_task *t)
{
	struct galgo_memo *memo;
	u32 words, i, at;
	u64 differs = 0;

	if (!t)
		return 0;
	at = (t->in.hook ^ t->in.dentry[0] >> 6) & (GALGO_MEMOS - 1);
	t->memo = at;
	KEEP(at);
	memo = &t->memos[at & (GALGO_MEMOS - 1)];
	words = t->words - WHO_WORDS;
	if (memo->who != t->acting[t->rooted & 1].number || memo->words != words)
		return 0;
	for (i = 0; i < 8; i++)
		differs |= memo->description[i] ^ t->description[WHO_WORDS + i];
	if (words > 8)
		for (i = 8; i < GALGO_MEMO_WORDS; i++)
			differs |= memo->description[i] ^ t->description[WHO_WORDS + i];
	if (differs)
		return 0;
	t->key[0] = memo->key[0];
	t->key[1] = memo->key[1];
	return 1;
}

/* Keeps the event in hand, which is known. */
__noinline int galgo_remember(struct galgo_task *t)
{
	struct galgo_memo *memo;
	u32 words, i, at;

	if (!t)
		return 0;
	words = t->words - WHO_WORDS;
	if (words > GALGO_MEMO_WORDS)
		return 0;
	at = t->memo;
	KEEP(at);
	memo = &t->memos[at & (GALGO_MEMOS - 1)];
	memo->who = t->acting[t->rooted & 1].number;
	memo->words = words;
	memo->key[0] = t->key[0];
	memo->key[1] = t->key[1];
	for (i = 0; i < GALGO_MEMO_WORDS; i++)
		memo->description[i] = t->description[WHO_WORDS + i];
	return 0;
}

/* Begins a description: who acts, and the arguments. Returns 1 when it is who acted before. */
__noinline int galgo_opening(struct galgo_task *t)
{
	int same;
	u32 i;

	if (!t)
		return 0;
	same = put_who(t);
	t->words = WHO_WORDS + 1;
	/* all arguments, counted only as far as there are */
	for (i = 0; i < 2; i++)
		t->description[WHO_WORDS + 1 + i] = t->in.args[i];
	if (t->in.nargs > 2)
		for (i = 2; i < 8; i++)
			t->description[WHO_WORDS + 1 + i] = t->in.args[i];
	t->words += t->in.nargs;
	return same;
}

/* Ends a description, and makes its key. Returns 1 when the key was recalled. */
__noinline int galgo_closing(struct galgo_task *t, u32 same)
{
	u32 text = 0, words, i;

	if (!t)
		return 0;
	if (t->in.text || t->in.more_length)
		text = galgo_texts(t);
	t->description[WHO_WORDS] = t->in.hook | (u64)t->in.nargs << 8 | (u64)t->in.nobjects << 16 | (u64)text << 32;
	words = t->words;
	if (words > GALGO_WORDS) {
		t->flags |= GALGO_RECORD_NEVER | GALGO_RECORD_TRUNCATED;
		t->words = words = GALGO_WORDS;
	}
	/* zeros up to whole turns, and to what is compared; the description itself says how long it is */
	for (i = 0; i < 8; i++)
		set(t, words + i, 0);
	if (same && galgo_recall(t))
		return 1;
	if (!same)
		galgo_hash_who(t);
	galgo_hash(t);
	return 0;
}

/* Describes the event of the input and makes its key. Returns 1 when the key was recalled. */
__noinline int galgo_describe(struct galgo_task *t, u32 rules)
{
	int same;

	if (!t)
		return 0;
	same = galgo_opening(t);
	if (t->in.nobjects)
		galgo_object(t, 0, rules);
	if (t->in.nobjects > 1)
		galgo_object(t, 1, rules);
	return galgo_closing(t, same);
}

/* The same for events without objects: what a program does not call is not loaded with it. */
__noinline int galgo_describe_plain(struct galgo_task *t)
{
	return t ? galgo_closing(t, galgo_opening(t)) : 0;
}
