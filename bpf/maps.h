/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Maps, and what is kept for each modeled task, created object and socket. */
#pragma once

/* What a hook says of an event before it is described. Addresses are plain numbers here: they are read with checks. */
struct galgo_input {
	u64 args[8];
	u64 dentry[2];
	u64 mount[2];			/* struct vfsmount */
	u64 inode[2];
	u32 owner[2];			/* of created objects: identity number of the creator */
	u32 instance[2];
	u16 roles[2];			/* enum galgo_role */
	u16 hook;
	u8 nargs;
	u8 nobjects;
	u64 text;			/* address */
	u32 text_length;		/* bytes; GALGO_TEXT_STRING: up to a NUL */
	u32 more_length;		/* bytes */
	u64 more;			/* address of a second, short text */
};

enum galgo_role {
	ROLE_FILE = 1,			/* an open file: its content may count */
	ROLE_PROGRAM = 2,		/* its content counts whoever made it */
	ROLE_WRITES = 4,		/* opened for writing */
	ROLE_DIR = 8,			/* the attributes of its directory are part of the event */
	ROLE_NEW = 16,			/* the name is being made by this task */
	ROLE_TEMPORARY = 32,		/* a temporary directory of the namespace's */
	ROLE_NONE = 64,			/* absent */
};

/* A power of two above GALGO_WORDS, so that an index is kept in bounds by a mask. */
#define GALGO_ARRAY 256

#define GALGO_TEXT_STRING 0xffffffffu

/* Known events of a task, found again by comparing instead of hashing. */
#define GALGO_MEMOS 4
#define GALGO_MEMO_WORDS 16

struct galgo_memo {
	u32 who;			/* galgo_acting.number when it was kept; 0: empty */
	u32 words;			/* behind who */
	u64 key[2];
	u64 description[GALGO_MEMO_WORDS];
};

/* Who acts, and the hash state behind that. */
struct galgo_acting {
	struct galgo_who who;
	u64 state[4];
	u32 number;
	u32 pad;
};

struct galgo_creating {
	u64 dentry;			/* 0: none */
	u32 instance;
	u32 role;
};

struct galgo_task {
	u32 slot;			/* of its namespace; 0: not modeled */
	u32 serial;			/* of that namespace */
	u32 identity;
	u32 pending;			/* identity after the exec that is under way */
	u8 untrusted;
	u8 busy;			/* a program is at work for this task: what it causes itself is no event */
	u8 protect;			/* of the agent: not to be touched by modeled tasks */
	u8 flags;			/* GALGO_RECORD_* of the event in hand */
	u32 words;			/* of the description so far */
	struct galgo_creating creating[2];	/* objects that are being created, one inside the other's making (overlayfs) */
	u64 vfs_create[2];		/* one of them is the dentry of a file that is created otherwise than by being opened */
	u64 opening;			/* dentry of a file that may be created by being opened, and its instance */
	u32 opening_instance;
	u32 pad;
	u64 hint_dentry;		/* the last path that a path hook has shown: which mount an object was reached through */
	u64 hint_mount;
	u64 root_dentry;		/* the task's root */
	u64 root_mount;			/* struct vfsmount of it */
	u64 mount;			/* what galgo_some_mount has found */
	u64 spare;
	u64 parent;			/* what is keyed of the directory of the object in hand, and of its name */
	u32 named;
	u32 found;
	struct galgo_acting acting[2];	/* who acted in the last event without objects, and in the last one with */
	u64 state[4];			/* of the hash */
	u32 who_number;			/* counts the changes of who acts */
	u32 rooted;			/* the event in hand has objects */
	u32 memo;			/* where it may be kept */
	u32 pad2;
	struct galgo_memo memos[GALGO_MEMOS];
	u64 key[2];
	struct galgo_answer answer;
	struct galgo_input in;
	u64 scratch[GALGO_NAME / 8 + 1];	/* texts that a hook makes or changes */
	u64 description[GALGO_ARRAY + GALGO_NAME / 8];
};

struct galgo_created {
	u32 serial;			/* of the namespace */
	u32 owner;
	u32 instance;
	u32 role;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct galgo_config);
} galgo_config SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, GALGO_SLOTS);
	__type(key, u32);
	__type(value, struct galgo_namespace);
} galgo_namespaces SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct galgo_task);
} galgo_tasks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_INODE_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct galgo_created);
} galgo_inodes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct galgo_created);
} galgo_socks SEC(".maps");

/* Who made a System V object, by the address of its struct kern_ipc_perm: there is no storage for these. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, GALGO_IPC);
	__type(key, u64);
	__type(value, struct galgo_created);
} galgo_ipc SEC(".maps");

struct galgo_set {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(u32));
	__uint(value_size, sizeof(struct galgo_bucket));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, GALGO_SLOTS);
	__type(key, u32);
	__array(values, struct galgo_set);
} galgo_sets SEC(".maps");

struct galgo_ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, GALGO_RING_BYTES);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, GALGO_SLOTS);
	__type(key, u32);
	__array(values, struct galgo_ring);
} galgo_rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GALGO_EPOCHS + 1); /* the last one counts how often the clock was set */
	__type(key, u32);
	__type(value, u32);
} galgo_epochs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct galgo_mark);
} galgo_mark_request SEC(".maps");

/* Of the program that makes a key for a test. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct galgo_task);
} galgo_nobody SEC(".maps");
