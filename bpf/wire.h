/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What the kernel programs and user space share: maps' values, records, the description of an event that is keyed.
 * src/sensor/bpf/layout.gen.ts is generated from the built object's type information; nothing here has holes that matter
 * and every struct is a multiple of 8 bytes.
 */
#pragma once

/* --- limits -------------------------------------------------------------------------------------------------------- */

enum galgo_limits {
	GALGO_SLOTS = 64,		/* namespaces at once, slot 0 unused */
	GALGO_BUCKET = 4,		/* entries of a bucket of an interned set */
	GALGO_WORDS = 192,		/* longest description, in 64-bit words */
	GALGO_TURN = 2,			/* words that are hashed at a time: a description is filled up with zeros */
	GALGO_NAME = 256,		/* a name with its NUL */
	GALGO_PATH = 4096,		/* text area of a record */
	GALGO_DEPTH = 96,		/* components of a path */
	GALGO_MOUNTS = 8,		/* mounts between a file and the root that are keyed */
	GALGO_SB_MOUNTS = 64,		/* mounts of a superblock that are looked at for one that a task can see */
	GALGO_IPC = 65536,		/* System V objects whose creators are known */
	GALGO_KEY_WORDS = 32,		/* longest description that galgo_key takes */
	GALGO_EPOCHS = 1024,		/* counters of directory renames, by a hash of the device number */
	GALGO_RING_BYTES = 1 << 20,	/* ring buffer of an agent */
	GALGO_RING_RESERVE = 1 << 18,	/* part of it that only hooks which cannot wait may use */
	GALGO_COUNT_BITS = 40,		/* of an entry's word: count; above it: the identity after an exec */
};

/* --- hooks: TSEM's names; order is part of the wire ---------------------------------------------------------------- */

#define GALGO_HOOKS(X) \
	X(file_open) X(file_receive) X(file_ioctl) X(file_ioctl_compat) X(file_lock) X(file_fcntl) X(mmap_file) X(file_mprotect) \
	X(bprm_committed_creds) X(kernel_read_file) \
	X(inode_create) X(inode_mkdir) X(inode_mknod) X(inode_symlink) X(inode_link) X(inode_unlink) X(inode_rmdir) X(inode_rename) \
	X(inode_setattr) X(inode_getattr) X(inode_setxattr) X(inode_getxattr) X(inode_listxattr) X(inode_removexattr) \
	X(inode_killpriv) \
	X(socket_create) X(socket_socketpair) X(socket_connect) X(socket_bind) X(socket_accept) X(socket_listen) \
	X(socket_sendmsg) X(socket_recvmsg) X(socket_getsockname) X(socket_getpeername) X(socket_setsockopt) X(socket_shutdown) \
	X(unix_stream_connect) X(unix_may_send) \
	X(task_kill) X(task_setpgid) X(task_getpgid) X(task_getsid) X(task_setnice) X(task_setioprio) X(task_getioprio) \
	X(task_prlimit) X(task_setrlimit) X(task_setscheduler) X(task_getscheduler) X(task_prctl) \
	X(ptrace_access_check) X(ptrace_traceme) X(capable) X(capget) X(capset) \
	X(task_fix_setuid) X(task_fix_setgid) X(task_fix_setgroups) X(path_chroot) \
	X(ipc_permission) X(shm_associate) X(shm_shmctl) X(shm_shmat) X(sem_associate) X(sem_semctl) X(sem_semop) \
	X(msg_queue_associate) X(msg_queue_msgctl) X(msg_queue_msgsnd) X(msg_queue_msgrcv) \
	X(key_alloc) X(key_permission) X(netlink_send) \
	X(sb_mount) X(sb_umount) X(sb_remount) X(sb_pivotroot) X(sb_statfs) X(move_mount) X(quotactl) X(quota_on) \
	X(kernel_module_request) X(kernel_load_data) X(syslog) X(settime) X(bpf) X(bpf_map) X(bpf_prog) \
	X(tun_dev_create) X(tun_dev_attach_queue) X(tun_dev_attach) X(tun_dev_open)

enum galgo_hook {
#define X(name) GALGO_HOOK_##name,
	GALGO_HOOKS(X)
#undef X
	GALGO_HOOK_COUNT
};

/* --- maps' values ---------------------------------------------------------------------------------------------------- */

/* galgo_config[0] */
struct galgo_config {
	__u64 key[2];			/* of SipHash, random for each load */
	__u64 build;			/* of the user space that has loaded the programs */
};

enum galgo_namespace_flags {
	GALGO_NS_ACTIVE = 1,
	GALGO_NS_SEALED = 2,
	GALGO_NS_ENFORCING = 4,		/* unknown is refused where nobody can be asked */
	GALGO_NS_DYING = 8,		/* everything that waits or asks is refused */
};

/* Rules of the profile that make a description coarser. Each one only where the rule of the same name does so too. */
enum galgo_rules {
	GALGO_RULE_CREATED_CLASS = 1,
	GALGO_RULE_EPHEMERAL_PORT = 2,
	GALGO_RULE_PROC_SELF = 4,
	GALGO_RULE_TRUNCATE_SIZE = 8,
	GALGO_RULE_DIGEST_POLICY = 16,
	GALGO_RULE_PIPE_NUMBER = 32,
};

/* galgo_namespaces[slot]; shared by mmap. The first part is written by user space, the second by the programs. */
struct galgo_namespace {
	__u32 flags;
	__u32 rules;
	__u32 serial;			/* never used twice by one load */
	__u32 anchor;			/* pid of the process whose program lies on the agent's filesystem; 0: nobody to ask */
	__u32 anchor_dev;		/* s_dev of that filesystem */
	__u32 pad;
	__u64 hooks[2];			/* a bit for each hook that is modeled; of others nothing is told, and nothing is refused */

	__u64 hits;			/* known events */
	__u64 misses;			/* unknown events */
	__u64 held;			/* of these: asked about */
	__u64 atomic;			/* of these: where nobody can wait */
	__u64 refused;			/* refused by the programs alone */
	__u64 unanswered;		/* asked about in vain by living tasks: the agent is gone */
	__u64 lost;			/* allowed without a record: the ring was full, or the description did not fit */
	__u64 sequence;			/* records made */
	__s64 tasks;			/* living tasks */
};

/* One entry of an interned set: a key, and a word with the count and, above GALGO_COUNT_BITS, the identity after an exec. */
struct galgo_entry {
	__u64 key[2];
	__u64 word;
};

/*
 * Element of an interned set (galgo_sets[slot]). Element 0 is no bucket: its first word is the number of buckets, which
 * begin at element 1. A key is in bucket (high half of key[0] * buckets) >> 32 or (high half of key[1] * buckets) >> 32.
 */
struct galgo_bucket {
	struct galgo_entry entries[GALGO_BUCKET];
};

/*
 * Identity numbers are given by the agent: an even one to each (TASK_ID, PTASK_ID) that an exec leads to, and the odd one
 * above it to what such a program forks (TASK_ID, TASK_ID). So the programs know a child's number without asking.
 */
enum galgo_identity {
	GALGO_IDENTITY_FORKED = 1,
	GALGO_IDENTITY_MAX = (1 << 24) - 1,
};

/* --- the description of an event: what is keyed ------------------------------------------------------------------------- */

/* Who. First in each description. */
struct galgo_who {
	__u32 identity;			/* number that the agent gave to (TASK_ID, PTASK_ID) */
	__u32 uid, euid, suid, gid, egid, sgid, fsuid, fsgid;
	__u32 pad;
	__u64 capeff;
	__u64 root_mount;		/* unique id of the mount of the task's root; 0 where the event has no objects */
	__u64 root_inode;
};

/*
 * What. Second. Then follow, in this order, `args` words, `objects` objects, `text` bytes, `more` bytes; texts are without
 * NUL and padded with zeros to whole words. What the words and texts of a hook are is said above its program
 * (bpf/hooks-*.h).
 */
struct galgo_what {
	__u8 hook;
	__u8 args;
	__u8 objects;
	__u8 pad;
	__u16 text;			/* bytes */
	__u16 more;			/* bytes of a second text, which is never long */
};

/* Of the word that tells a task: its identity number in the lower half, 0 when it is OUTSIDE; these above. */
enum galgo_target_flags {
	GALGO_TARGET_OUTSIDE = 1,	/* not of this namespace */
	GALGO_TARGET_PROTECTED = 2,	/* the agent's, or of another namespace: refused whatever the model says */
};

/* First word of sb_mount: which of the two texts there are. And of settime: which of the two times. */
enum galgo_present {
	GALGO_HAS_FIRST = 1,
	GALGO_HAS_SECOND = 2,
};

enum galgo_object_state {
	GALGO_OBJECT_ABSENT = 1,	/* no object (anonymous mapping): nothing else follows */
	GALGO_OBJECT_CONTENT = 2,	/* its content counts: struct galgo_content follows */
	GALGO_OBJECT_NEGATIVE = 4,	/* a name without an inode */
	GALGO_OBJECT_UNLINKED = 8,
	GALGO_OBJECT_WRITERS = 16,	/* somebody has it open for writing; only with CONTENT */
	GALGO_OBJECT_WALKED = 32,	/* the names of all components are keyed */
	GALGO_OBJECT_CLASS = 64,	/* of the name only what is behind the last dot is keyed */
	GALGO_OBJECT_DIR = 128,		/* attributes of its directory count: struct galgo_directory follows */
	GALGO_OBJECT_TEMPORARY = 256,	/* a directory that the namespace made for itself alone in a sticky one */
	GALGO_OBJECT_CHANGING = 512,	/* its name changed while it was read: never interned */
	GALGO_OBJECT_CREATED = 1024,	/* created inside the namespace: struct galgo_creation follows */
	GALGO_OBJECT_MOUNTLESS = 2048,	/* no mount of it was found: never interned */
};

/*
 * An object: attributes and where it is. Followed by creation, content and directory (by state), `levels` mounts, names.
 * The unique id of a mount stands for the filesystem: device number, magic, ids.
 */
struct galgo_object {
	__u16 mode;
	__u16 state;
	__u16 name;			/* bytes of the keyed name, without padding; 0 if WALKED: then come a number of words and the names */
	__u16 levels;			/* mounts that follow */
	__u32 uid, gid;
	__u64 parent;			/* inode number of its directory; of the object itself for pipes, sockets, namespaces; 0 if WALKED */
	__u32 parent_generation;
	__u32 epoch;			/* directory renames in this filesystem */
	__u64 mount;			/* unique id; the device number if MOUNTLESS */
};

struct galgo_creation {
	__u32 owner;			/* identity number of the creator */
	__u32 instance;
};

struct galgo_content {
	__u64 inode;
	__u64 ctime;			/* seconds << 30 | nanoseconds */
	__u64 size;
	__u32 generation;
	__u32 clock;			/* how often the clock was set: a change time could come again */
};

struct galgo_directory {
	__u32 uid, gid;
	__u16 mode;
	__u16 pad[3];
};

/*
 * One mount between the object and the task's root: where its parent has it. Where the parent's filesystem does not name
 * directories for good (WALKED), the names of the mountpoint follow, as for an object.
 */
struct galgo_level {
	__u64 mount;			/* unique id of the parent mount */
	__u64 inode;			/* of the mountpoint */
	__u32 generation;
	__u32 epoch;
	__u64 names;			/* words of its names that follow */
};

/* --- records ------------------------------------------------------------------------------------------------------------- */

enum galgo_record_flags {
	GALGO_RECORD_HELD = 1,		/* the task waits for an answer */
	GALGO_RECORD_ATOMIC = 2,	/* nobody could wait */
	GALGO_RECORD_REFUSED = 4,	/* refused already */
	GALGO_RECORD_UNTRUSTED = 8,	/* the process was untrusted before */
	GALGO_RECORD_NEVER = 16,	/* not to be interned */
	GALGO_RECORD_TRUNCATED = 32,	/* text, names or path did not fit: the description is not whole */
	GALGO_RECORD_SETUP = 64,	/* galgo_mark: a task that is being attached */
};

/* What is not keyed because something keyed stands for it, or because no coefficient depends on it. */
struct galgo_extra {
	__u64 inode;
	__u32 generation;
	__u32 nlink;
	__u32 rdev;
	__u32 dev;			/* of the filesystem */
	__u64 magic;			/* of the filesystem */
	char s_id[32];
	__u8 s_uuid[16];
	__u32 path;			/* bytes of its components in the record's paths, 0: none */
	__u32 path_flags;		/* enum galgo_path_flags */
};

enum galgo_path_flags {
	GALGO_PATH_UNREACHABLE = 1,	/* does not lie below the task's root */
	GALGO_PATH_TRUNCATED = 2,
	GALGO_PATH_UNLINKED = 4,
	GALGO_PATH_CHANGING = 8,
};

/* Head of a record in the ring buffer. Then come `paths` path areas (struct galgo_path). */
struct galgo_record {
	__u32 size;			/* of all, paths included */
	__u16 hook;
	__u16 flags;
	__u32 slot;
	__u32 serial;
	__u64 sequence;
	__u64 ts;			/* ns since boot */
	__u32 tid, tgid;
	char comm[16];
	__u64 key[2];
	__u32 words;			/* of the description */
	__u32 paths;			/* path areas behind the head: 0, 1 or 2 */
	__u64 description[GALGO_WORDS];
	struct galgo_extra extra[2];
};

/*
 * A path: the components from the object up to the root, each with its NUL. Or, in the second area, a long text
 * (target of a symbolic link, value of an attribute) of `length` bytes.
 */
struct galgo_path {
	__u32 length;
	__u32 flags;
	char text[GALGO_PATH - 8];
};

/* --- answers (16 bytes, by FUSE) ------------------------------------------------------------------------------------------ */

enum galgo_answer_flags {
	GALGO_ANSWER_ALLOW = 1,
	GALGO_ANSWER_UNTRUSTED = 2,	/* the process is untrusted from now on */
};

struct galgo_answer {
	__u32 flags;
	__u32 next;			/* identity number after this exec; 0: no exec */
	__u32 instance;			/* of the object that is being created */
	__u32 pad;
};

/* --- what user space asks the programs to do ------------------------------------------------------------------------------- */

/* galgo_mark_request[0]: which living tasks become modeled; filled in before each pass of the iterator galgo_mark. */
struct galgo_mark {
	__u64 cgroup;			/* its id: tasks in it and below; 0: the threads of tgid */
	__u32 tgid;
	__u32 slot;
	__u32 serial;
	__u32 identity;
	__u32 marked;			/* tasks that this pass has marked */
	__u32 failed;			/* tasks that could not be: no memory, or modeled in another namespace */
};

/* Context of the program galgo_key: the key of a description, made as all keys are. */
struct galgo_key_request {
	__u64 words;			/* at least those of struct galgo_who */
	__u64 key[2];
	__u64 description[GALGO_KEY_WORDS];
};
