/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* From a described event to a verdict: the interned set, the record, the question to the agent. */
#pragma once

#define EPERM 1
#define EINTR 4

static __always_inline struct galgo_namespace *namespace_of(struct galgo_task *t)
{
	u32 slot = t->slot;

	return bpf_map_lookup_elem(&galgo_namespaces, &slot);
}

static __always_inline void count(u64 *counter)
{
	__sync_fetch_and_add(counter, 1);
}

/* Looks the key up and counts. Returns 1 when it is interned. */
__noinline int galgo_known(struct galgo_task *t)
{
	u32 slot, zero = 0, i, round;
	struct galgo_bucket *bucket;
	void *set;
	u64 k0, k1, buckets;

	if (!t)
		return 0;
	slot = t->slot;
	k0 = t->key[0];
	k1 = t->key[1];
	set = bpf_map_lookup_elem(&galgo_sets, &slot);
	if (!set)
		return 0;
	bucket = bpf_map_lookup_elem(set, &zero);
	if (!bucket)
		return 0;
	buckets = bucket->entries[0].key[0];
	for (round = 0; round < 2; round++) {
		u32 at = 1 + (u32)((((round ? k1 : k0) >> 32) * buckets) >> 32);

		bucket = bpf_map_lookup_elem(set, &at);
		if (!bucket)
			return 0;
		for (i = 0; i < GALGO_BUCKET; i++) {
			struct galgo_entry *e = &bucket->entries[i];

			if (e->key[0] != k0 || e->key[1] != k1)
				continue;
			count(&e->word);
			if (t->in.hook == GALGO_HOOK_bprm_committed_creds)
				t->pending = e->word >> GALGO_COUNT_BITS;
			return 1;
		}
	}
	return 0;
}

/*
 * Whether the process of the current task was disciplined, by this thread's own state or by its leader's, which stands for
 * all threads. With `discipline` it is from now on.
 */
__noinline int galgo_untrusted(struct galgo_task *t, u32 discipline)
{
	struct task_struct *task = bpf_get_current_task_btf(), *leader;
	struct galgo_task *of_leader;
	int untrusted;

	if (!t)
		return 0;
	if (discipline)
		t->untrusted = 1;
	else if (t->untrusted || task->pid == task->tgid)
		return t->untrusted;
	untrusted = t->untrusted;
	/* by its number: a step from the task to its leader would make the verifier look through all types of the kernel */
	leader = bpf_task_from_pid(task->tgid);
	if (!leader)
		return untrusted;
	of_leader = bpf_task_storage_get(&galgo_tasks, leader, NULL, 0);
	if (of_leader) {
		if (discipline)
			of_leader->untrusted = 1;
		untrusted |= of_leader->untrusted;
	}
	bpf_task_release(leader);
	return untrusted;
}

/* Writes the components of a path, from the object up to the root of the task, across mounts. Returns flags. */
__noinline int galgo_path(struct galgo_path *area, struct galgo_task *t, u32 which)
{
	u64 root, root_mount, dentry, at, mount;
	struct bpf_iter_num it;
	u32 flags = GALGO_PATH_TRUNCATED;
	struct dentry *d;

	if (!area || !t)
		return 0;
	root = t->root_dentry;
	root_mount = mount_of(t->root_mount);
	dentry = at = t->in.dentry[which & 1];
	mount = mount_of(t->in.mount[which & 1]);
	area->length = 0;
	bpf_iter_num_new(&it, 0, GALGO_DEPTH + GALGO_MOUNTS);
	while (bpf_iter_num_next(&it)) {
		u32 length = area->length;
		u64 parent;
		long got;

		d = AS(struct dentry, at);
		if (at == root && mount == root_mount) {
			flags = 0;
			break;
		}
		parent = plain(t, d->d_parent);
		if (parent == at || at == plain(t, AS(struct mount, mount)->mnt.mnt_root)) {
			struct mount *m = AS(struct mount, mount);
			u64 above = plain(t, m->mnt_parent);

			if (!mount || above == mount) {
				flags = GALGO_PATH_UNREACHABLE;
				break;
			}
			at = plain(t, m->mnt_mountpoint);
			mount = above;
			continue;
		}
		KEEP(length);
		if (length > sizeof(area->text) - GALGO_NAME)
			break;
		got = bpf_probe_read_kernel_str(area->text + length, GALGO_NAME, d->d_name.name);
		if (got <= 0)
			break;
		area->length += got;
		at = parent;
	}
	bpf_iter_num_destroy(&it);
	d = AS(struct dentry, dentry);
	if (d->d_inode && !d->d_hash.pprev && plain(t, d->d_parent) != dentry)
		flags |= GALGO_PATH_UNLINKED;
	area->flags = flags;
	return flags;
}

/* What is told of an object beside its description. */
__noinline int galgo_extra(struct galgo_extra *extra, u64 dentry, u64 inode)
{
	struct super_block *sb;

	if (!extra)
		return 0;
	sb = AS(struct dentry, dentry)->d_sb;
	extra->inode = AS(struct inode, inode)->i_ino;
	extra->generation = AS(struct inode, inode)->i_generation;
	extra->nlink = AS(struct inode, inode)->i_nlink;
	extra->rdev = AS(struct inode, inode)->i_rdev;
	extra->dev = sb->s_dev;
	extra->magic = sb->s_magic;
	extra->path = 0;
	extra->path_flags = 0;
	bpf_probe_read_kernel(extra->s_id, sizeof(extra->s_id), &sb->s_id);
	bpf_probe_read_kernel(extra->s_uuid, sizeof(extra->s_uuid), &sb->s_uuid);
	return 0;
}

__noinline int galgo_head(struct galgo_record *r, struct galgo_task *t, u32 paths)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct galgo_namespace *ns;
	u32 words;

	if (!r || !t)
		return 0;
	ns = namespace_of(t);
	words = t->words;
	if (words > GALGO_WORDS)
		words = GALGO_WORDS;
	r->hook = t->in.hook;
	r->flags = t->flags;
	r->slot = t->slot;
	r->serial = t->serial;
	r->sequence = ns ? __sync_fetch_and_add(&ns->sequence, 1) : 0;
	r->ts = bpf_ktime_get_boot_ns();
	r->tid = task->pid;
	r->tgid = task->tgid;
	bpf_get_current_comm(r->comm, sizeof(r->comm));
	r->key[0] = t->key[0];
	r->key[1] = t->key[1];
	r->words = words;
	r->paths = paths;
	r->size = sizeof(*r) + paths * sizeof(struct galgo_path);
	bpf_probe_read_kernel(r->description, words * 8, t->description);
	if (t->in.nobjects > 0 && !(t->in.roles[0] & ROLE_NONE))
		galgo_extra(&r->extra[0], t->in.dentry[0], t->in.inode[0]);
	if (t->in.nobjects > 1)
		galgo_extra(&r->extra[1], t->in.dentry[1], t->in.inode[1]);
	return 0;
}

/* The text of the input, when the description holds only its beginning. */
__noinline int galgo_long_text(struct galgo_path *area, struct galgo_task *t)
{
	u32 length;
	long got;

	if (!area || !t)
		return 0;
	area->flags = 0;
	length = t->in.text_length;
	if (length == GALGO_TEXT_STRING) {
		got = bpf_probe_read_kernel_str(area->text, sizeof(area->text), (void *)t->in.text);
		length = got > 0 ? got - 1 : 0;
		if (length >= sizeof(area->text) - 1)
			area->flags = GALGO_PATH_TRUNCATED;
	} else {
		if (length > sizeof(area->text)) {
			length = sizeof(area->text);
			area->flags = GALGO_PATH_TRUNCATED;
		}
		bpf_probe_read_kernel(area->text, length, (void *)t->in.text);
	}
	area->length = length;
	return 0;
}

struct record_0 {
	struct galgo_record head;
};
struct record_1 {
	struct galgo_record head;
	struct galgo_path paths[1];
};
struct record_2 {
	struct galgo_record head;
	struct galgo_path paths[2];
};

/*
 * Makes a record. Hooks that can wait leave a part of the ring to those that can not. `wake` is false when the agent is
 * about to be asked, which wakes it. Returns 0, or -1 when there is no room.
 */
static __always_inline int publish(struct galgo_task *t, u32 may_wait, bool objects)
{
	u32 slot = t->slot, paths, long_text;
	u64 wake;
	void *ring;

	ring = bpf_map_lookup_elem(&galgo_rings, &slot);
	if (!ring)
		return -1;
	if (may_wait && bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) > GALGO_RING_BYTES - GALGO_RING_RESERVE)
		return -1;
	long_text = t->in.text && (t->in.text_length == GALGO_TEXT_STRING || t->in.text_length > GALGO_NAME - 8);
	paths = objects ? t->in.nobjects : 0;
	if (objects && paths && (t->in.roles[0] & ROLE_NONE))
		paths = 0;
	if (long_text)
		paths = 2;
	wake = may_wait ? BPF_RB_NO_WAKEUP : BPF_RB_FORCE_WAKEUP;
	if (paths == 0) {
		struct record_0 *r = bpf_ringbuf_reserve(ring, sizeof(*r), 0);

		if (!r)
			return -1;
		galgo_head(&r->head, t, 0);
		bpf_ringbuf_submit(r, wake);
	} else if (objects && paths == 1) {
		struct record_1 *r = bpf_ringbuf_reserve(ring, sizeof(*r), 0);

		if (!r)
			return -1;
		galgo_head(&r->head, t, 1);
		galgo_path(&r->paths[0], t, 0);
		bpf_ringbuf_submit(r, wake);
	} else {
		struct record_2 *r = bpf_ringbuf_reserve(ring, sizeof(*r), 0);

		if (!r)
			return -1;
		galgo_head(&r->head, t, 2);
		r->paths[0].length = 0;
		r->paths[0].flags = 0;
		if (objects && t->in.nobjects)
			galgo_path(&r->paths[0], t, 0);
		if (long_text)
			galgo_long_text(&r->paths[1], t);
		else if (objects)
			galgo_path(&r->paths[1], t, 1);
		bpf_ringbuf_submit(r, wake);
	}
	return 0;
}

/*
 * Each step comes twice: for events with objects, and, smaller, for those without. What a program does not call is not
 * loaded with it, and two of three hooks have no objects.
 */
__noinline int galgo_publish(struct galgo_task *t, u32 may_wait)
{
	return t ? publish(t, may_wait, true) : -1;
}

__noinline int galgo_publish_plain(struct galgo_task *t, u32 may_wait)
{
	return t ? publish(t, may_wait, false) : -1;
}

/* Describes the event and looks it up. Returns 0 when it is known and may happen, 1 when somebody has to be asked. */
static __always_inline int event(struct galgo_task *t, bool objects)
{
	struct galgo_namespace *ns = namespace_of(t);
	int recalled;

	if (!ns || ns->serial != t->serial || !(ns->flags & GALGO_NS_ACTIVE))
		return 0;
	if (!(ns->hooks[t->in.hook >> 6 & 1] >> (t->in.hook & 63) & 1))
		return 0;
	t->busy = 1;
	t->flags = 0;
	t->answer.instance = 1;
	recalled = objects ? galgo_describe(t, ns->rules) : galgo_describe_plain(t);
	if ((ns->flags & GALGO_NS_ENFORCING) && galgo_untrusted(t, 0)) {
		t->flags |= GALGO_RECORD_UNTRUSTED;
		return 1;
	}
	/* a description that is not whole could be that of another event */
	if (!(ns->flags & GALGO_NS_DYING) && !(t->flags & GALGO_RECORD_NEVER) && galgo_known(t)) {
		count(&ns->hits);
		if (!recalled)
			galgo_remember(t);
		t->busy = 0;
		return 0;
	}
	return 1;
}

__noinline int galgo_event(struct galgo_task *t)
{
	return t ? event(t, true) : 0;
}

__noinline int galgo_event_plain(struct galgo_task *t)
{
	return t ? event(t, false) : 0;
}

/* An unknown event where nobody can wait: recorded; refused when the namespace enforces. */
static __always_inline int pass(struct galgo_task *t, bool objects)
{
	struct galgo_namespace *ns = namespace_of(t);
	int refuse;

	if (!ns)
		return 0;
	count(&ns->misses);
	count(&ns->atomic);
	refuse = (ns->flags & (GALGO_NS_ENFORCING | GALGO_NS_DYING)) != 0;
	t->flags |= GALGO_RECORD_ATOMIC | (refuse ? GALGO_RECORD_REFUSED : 0);
	if (refuse) {
		galgo_untrusted(t, 1);
		count(&ns->refused);
	}
	if (objects ? galgo_publish(t, 0) : galgo_publish_plain(t, 0))
		count(&ns->lost);
	t->busy = 0;
	return refuse ? -EPERM : 0;
}

__noinline int galgo_pass(struct galgo_task *t)
{
	return t ? pass(t, true) : 0;
}

__noinline int galgo_pass_plain(struct galgo_task *t)
{
	return t ? pass(t, false) : 0;
}

/* Asks the agent and waits: a getxattr on the anchor's program, which lies on the agent's filesystem. Returns 0; -EINTR when it was killed meanwhile. */
__noinline int galgo_ask(u32 anchor, u32 anchor_dev)
{
	struct task_struct *current = bpf_get_current_task_btf(), *task;
	struct galgo_task *t = bpf_task_storage_get(&galgo_tasks, current, NULL, 0);
	struct bpf_dynptr value;
	struct file *file;
	int got = -1;

	if (!t || !anchor)
		return -1;
	t->answer.flags = 0;
	t->answer.next = 0;
	t->answer.instance = 0;
	task = bpf_task_from_pid(anchor);
	if (!task)
		return -1;
	file = bpf_get_task_exe_file(task);
	if (file) {
		/* a pid that is used again leads to another filesystem */
		if (AS(struct file, file)->f_inode->i_sb->s_dev == anchor_dev) {
			bpf_dynptr_from_mem(&t->answer, sizeof(t->answer), 0, &value);
			got = bpf_get_file_xattr(file, "user.galgo", &value);
		}
		bpf_put_file(file);
	}
	bpf_task_release(task);
	if (got == sizeof(t->answer))
		return 0;
	return got == -EINTR ? -EINTR : -1;
}

/* How often a hook that finds the ring full asks the agent to empty it. */
#define TRIES 8

/* An unknown event where one can wait: recorded, asked about. Nobody there: refused when the namespace enforces. */
static __always_inline int wait(struct galgo_task *t, bool objects)
{
	struct galgo_namespace *ns = namespace_of(t);
	struct bpf_iter_num it;
	int unsaid, refuse, asked;

	if (!ns)
		return 0;
	count(&ns->misses);
	refuse = (ns->flags & GALGO_NS_ENFORCING) != 0;
	if (ns->flags & GALGO_NS_DYING) {
		t->busy = 0;
		return -EPERM;
	}
	t->flags |= GALGO_RECORD_HELD;
	unsaid = objects ? galgo_publish(t, 1) : galgo_publish_plain(t, 1);
	if (unsaid) {
		bpf_iter_num_new(&it, 0, TRIES);
		while (bpf_iter_num_next(&it)) {
			if (galgo_ask(ns->anchor, ns->anchor_dev))
				break;
			unsaid = objects ? galgo_publish(t, 1) : galgo_publish_plain(t, 1);
			if (!unsaid)
				break;
		}
		bpf_iter_num_destroy(&it);
	}
	if (unsaid) {
		count(refuse ? &ns->refused : &ns->lost);
		t->busy = 0;
		return refuse ? -EPERM : 0;
	}
	asked = galgo_ask(ns->anchor, ns->anchor_dev);
	if (asked) {
		/* one that was killed does not wait: it goes no further than this call */
		if (asked != -EINTR)
			count(&ns->unanswered);
		if (refuse)
			count(&ns->refused);
		t->pending = t->identity;
		t->busy = 0;
		return refuse ? -EPERM : 0;
	}
	count(&ns->held);
	if (t->answer.flags & GALGO_ANSWER_UNTRUSTED)
		galgo_untrusted(t, 1);
	t->pending = t->answer.next;
	t->busy = 0;
	return (t->answer.flags & GALGO_ANSWER_ALLOW) ? 0 : -EPERM;
}

__noinline int galgo_wait(struct galgo_task *t)
{
	return t ? wait(t, true) : 0;
}

__noinline int galgo_wait_plain(struct galgo_task *t)
{
	return t ? wait(t, false) : 0;
}

/* --- what hooks begin and end with ------------------------------------------------------------------------------------- */

static __always_inline struct galgo_task *modeled(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct galgo_task *t;

	/* most tasks of a machine are not modeled: they have no storage at all, which is seen without a call */
	if (!task->bpf_storage)
		return NULL;
	t = bpf_task_storage_get(&galgo_tasks, task, NULL, 0);
	return t && t->slot && !t->busy ? t : NULL;
}

static __always_inline struct galgo_task *begin(u32 hook, u32 args, u32 objects)
{
	struct galgo_task *t = modeled();

	if (!t)
		return NULL;
	t->in.hook = hook;
	t->in.nargs = args;
	t->in.nobjects = objects;
	t->in.text = 0;
	t->in.more_length = 0;
	return t;
}

/* In programs that may sleep. */
static __always_inline int decide(struct galgo_task *t)
{
	if (!galgo_event(t))
		return 0;
	return galgo_wait(t) ? -EPERM : 0;
}

/* In programs that may not. */
static __always_inline int decide_now(struct galgo_task *t)
{
	if (!galgo_event(t))
		return 0;
	return galgo_pass(t) ? -EPERM : 0;
}

/* The same for events without objects. */
static __always_inline int decide_plain(struct galgo_task *t)
{
	if (!galgo_event_plain(t))
		return 0;
	return galgo_wait_plain(t) ? -EPERM : 0;
}

static __always_inline int decide_plain_now(struct galgo_task *t)
{
	if (!galgo_event_plain(t))
		return 0;
	return galgo_pass_plain(t) ? -EPERM : 0;
}

/* --- parts of the input -------------------------------------------------------------------------------------------------- */

static __always_inline void created_by(struct galgo_task *t, u32 which, struct inode *inode)
{
	struct galgo_created *c = bpf_inode_storage_get(&galgo_inodes, inode, NULL, 0);

	if (c && c->serial == t->serial) {
		t->in.owner[which] = c->owner;
		t->in.instance[which] = c->instance;
		t->in.roles[which] |= c->role;
	} else {
		t->in.owner[which] = 0;
		t->in.instance[which] = 0;
	}
}

/* The namespace has created an object: its inode says by whom. */
static __always_inline void mark_created(struct galgo_task *t, struct inode *inode, u32 instance, u32 role)
{
	struct galgo_created *c = bpf_inode_storage_get(&galgo_inodes, inode, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!c)
		return;
	c->serial = t->serial;
	c->owner = t->identity;
	c->instance = instance;
	c->role = role;
}

static __always_inline void with_dentry(struct galgo_task *t, u32 which, struct dentry *dentry, struct vfsmount *mount, u32 roles)
{
	struct inode *inode = dentry->d_inode;

	t->in.roles[which] = roles;
	t->in.dentry[which] = (u64)dentry;
	t->in.mount[which] = (u64)mount;
	t->in.inode[which] = (u64)inode;
	created_by(t, which, inode);
}

/* The object of a path: what a path leads to is only for the duration of an RCU section something to ask the kernel about. */
static __always_inline void with_path(struct galgo_task *t, u32 which, const struct path *path, u32 roles)
{
	t->in.mount[which] = (u64)path->mnt;
	/* what comes next is often about the same object, by a hook that does not say which mount */
	t->hint_dentry = (u64)path->dentry;
	t->hint_mount = (u64)path->mnt;
	bpf_rcu_read_lock();
	with_dentry(t, which, path->dentry, path->mnt, roles);
	bpf_rcu_read_unlock();
}

static __always_inline void with_file(struct galgo_task *t, u32 which, struct file *file, u32 roles)
{
	u32 flags = file->f_flags;
	struct inode *inode;

	roles |= ROLE_FILE;
	if (flags & FMODE_EXEC)
		roles |= ROLE_PROGRAM;
	if (flags & O_ACCMODE)
		roles |= ROLE_WRITES;
	t->in.roles[which] = roles;
	t->in.dentry[which] = (u64)AS(struct file, file)->f_path.dentry;
	t->in.mount[which] = (u64)AS(struct file, file)->f_path.mnt;
	inode = file->f_inode;
	t->in.inode[which] = (u64)inode;
	created_by(t, which, inode);
	t->in.args[0] = flags;
}

static __always_inline void with_string(struct galgo_task *t, const char *text)
{
	t->in.text = (u64)text;
	t->in.text_length = GALGO_TEXT_STRING;
}

static __always_inline void with_bytes(struct galgo_task *t, const void *bytes, u32 length)
{
	t->in.text = (u64)bytes;
	t->in.text_length = length;
}

/* A second text, for which there is only room when it is as short as a name; longer ones make the event one to be refused. */
static __always_inline void with_second_string(struct galgo_task *t, const char *text)
{
	long got = bpf_probe_read_kernel_str(t->scratch, GALGO_NAME, text);

	t->in.more = plain(t, t->scratch);
	t->in.more_length = got > 0 ? got - 1 : 0;
}

/* An object that only its addresses are known of: whether the namespace has made it is not asked. */
static __always_inline void with_addresses(struct galgo_task *t, u32 which, u64 dentry, u64 mount)
{
	t->in.roles[which] = 0;
	t->in.dentry[which] = dentry;
	t->in.mount[which] = mount;
	t->in.inode[which] = plain(t, AS(struct dentry, dentry)->d_inode);
	t->in.owner[which] = 0;
	t->in.instance[which] = 0;
}

static __always_inline void without_object(struct galgo_task *t, u32 which)
{
	t->in.roles[which] = ROLE_NONE;
}

/* Whether the rules of the namespace have one. */
static __always_inline bool has_rule(struct galgo_task *t, u32 rule)
{
	struct galgo_namespace *ns = namespace_of(t);

	return ns && (ns->rules & rule);
}
