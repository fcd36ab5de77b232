/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The kernel's types as far as the programs look at them. Offsets are relocated when the object is loaded (CO-RE), so
 * only names and types of members matter here, not what else is in a struct or in which order.
 */
#pragma once

typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u16 __le16;
typedef __u16 __sum16;
typedef __u32 __wsum;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s64 s64;
typedef _Bool bool;
typedef unsigned long size_t;
typedef long long loff_t;
typedef unsigned short umode_t;
typedef __u32 dev_t;

#define NULL ((void *)0)
#define true 1
#define false 0

enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_F_NO_PREALLOC = 1,
	BPF_F_MMAPABLE = 1 << 10,
	BPF_F_INNER_MAP = 1 << 12,
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1,
	BPF_RB_NO_WAKEUP = 1,
	BPF_RB_FORCE_WAKEUP = 2,
	BPF_RB_AVAIL_DATA = 0,
};

enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
	BPF_MAP_TYPE_SK_STORAGE = 24,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_INODE_STORAGE = 28,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct { __u32 val; } kuid_t;
typedef struct { __u32 val; } kgid_t;
typedef struct { __u64 val; } kernel_cap_t;
struct timespec64 { s64 tv_sec; long tv_nsec; };
struct timezone { int tz_minuteswest; int tz_dsttime; };
typedef struct { __u8 b[16]; } uuid_t;
typedef struct { int counter; } atomic_t;

struct list_head { struct list_head *next, *prev; };
struct hlist_bl_node { struct hlist_bl_node *next, **pprev; };
struct hlist_node { struct hlist_node *next, **pprev; };

struct qstr {
	union {
		struct { u32 hash; u32 len; };
		u64 hash_len;
	};
	const unsigned char *name;
};

struct file_system_type { const char *name; };
struct mount;
struct super_block {
	dev_t s_dev;
	unsigned long s_flags;
	unsigned long s_magic;
	struct dentry *s_root;
	struct file_system_type *s_type;
	char s_id[32];
	uuid_t s_uuid;
};
/* Before 6.17 the mounts of a superblock were a list; since then they are chained. */
struct super_block___list { struct list_head s_mounts; };
struct super_block___chain { struct mount *s_mounts; };

struct inode {
	umode_t i_mode;
	kuid_t i_uid;
	kgid_t i_gid;
	struct super_block *i_sb;
	unsigned long i_ino;
	unsigned int i_nlink;
	dev_t i_rdev;
	loff_t i_size;
	u32 i_generation;
	s64 i_ctime_sec;
	u32 i_ctime_nsec;
	atomic_t i_writecount;
};

typedef struct { u32 sequence; } seqcount_t;
typedef struct { seqcount_t seqcount; } seqcount_spinlock_t;
struct dentry {
	seqcount_spinlock_t d_seq;
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
};

struct vfsmount { struct dentry *mnt_root; struct super_block *mnt_sb; };
struct mnt_namespace;
struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
	u64 mnt_id_unique;
};
struct mount___list { struct list_head mnt_instance; };
struct mount___chain { struct mount *mnt_next_for_sb; };

struct path { struct vfsmount *mnt; struct dentry *dentry; };
struct fs_struct { int umask; struct path root, pwd; };
struct file { unsigned int f_mode; unsigned int f_flags; struct inode *f_inode; struct path f_path; };
struct linux_binprm { struct file *file; struct cred *cred; };
struct renamedata { struct dentry *old_dentry; struct dentry *new_dentry; unsigned int flags; };
struct iattr { unsigned int ia_valid; umode_t ia_mode; kuid_t ia_uid; kgid_t ia_gid; loff_t ia_size; };
struct vm_area_struct { struct file *vm_file; };

struct group_info { int ngroups; kgid_t gid[0]; };
struct cred {
	kuid_t uid, suid, euid, fsuid;
	kgid_t gid, sgid, egid, fsgid;
	unsigned int securebits;
	kernel_cap_t cap_effective;
	struct group_info *group_info;
};
struct task_struct {
	unsigned int flags;
	int pid;
	int tgid;
	char comm[16];
	const struct cred *cred;
	const struct cred *real_cred;
	struct task_struct *group_leader;
	struct fs_struct *fs;
	struct bpf_local_storage *bpf_storage;
};
struct rlimit { unsigned long rlim_cur, rlim_max; };

struct in6_addr { union { __u8 u6_addr8[16]; __u32 u6_addr32[4]; } in6_u; };
struct sock_common {
	unsigned short skc_family;
	union { struct { __be32 skc_daddr; __be32 skc_rcv_saddr; }; };
	union { struct { __be16 skc_dport; __u16 skc_num; }; };
	struct in6_addr skc_v6_rcv_saddr;
};
struct sock { struct sock_common __sk_common; u8 sk_kern_sock : 1; u16 sk_type; u16 sk_protocol; };
struct socket { short type; struct sock *sk; };
struct sockaddr_un { unsigned short sun_family; };
struct unix_address { int len; struct sockaddr_un name[0]; };
struct unix_sock { struct unix_address *addr; };
struct msghdr { void *msg_name; int msg_namelen; };
struct sk_buff { char cb[48]; };
struct scm_creds { kuid_t uid; kgid_t gid; };
struct netlink_skb_parms { struct scm_creds creds; u32 portid; u32 dst_group; u32 flags; bool nsid_is_set; int nsid; };

struct kern_ipc_perm { kuid_t uid; kgid_t gid; kuid_t cuid; kgid_t cgid; umode_t mode; };
struct sembuf;
struct msg_msg;
struct key { kuid_t uid; kgid_t gid; unsigned long flags; };
typedef struct __key_reference_with_attributes *key_ref_t;
struct posix_acl_entry { short e_tag; unsigned short e_perm; kuid_t e_uid; };
struct posix_acl { unsigned int a_count; struct posix_acl_entry a_entries[0]; };

enum bpf_prog_type { BPF_PROG_TYPE_UNSPEC };
enum bpf_attach_type { BPF_CGROUP_INET_INGRESS };
struct bpf_map { enum bpf_map_type map_type; };
struct bpf_prog { enum bpf_prog_type type; enum bpf_attach_type expected_attach_type; };
struct cgroup { int level; };
struct bpf_iter__task { struct task_struct *task; };
union bpf_attr;

#pragma clang attribute pop

struct user_namespace;
struct mnt_idmap;
struct kernel_siginfo;
struct fown_struct;


/* Types of kfuncs' arguments; the kernel compares them by name. */
struct bpf_dynptr { __u64 __opaque[2]; } __attribute__((aligned(8)));
struct bpf_iter_num { __u64 __opaque[1]; } __attribute__((aligned(8)));

extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __attribute__((section(".ksyms")));
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __attribute__((section(".ksyms")));
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __attribute__((section(".ksyms")));
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __attribute__((section(".ksyms")));
extern struct file *bpf_get_task_exe_file(struct task_struct *task) __attribute__((section(".ksyms")));
extern void bpf_put_file(struct file *file) __attribute__((section(".ksyms")));
extern int bpf_get_file_xattr(struct file *file, const char *name__str, struct bpf_dynptr *value_p) __attribute__((section(".ksyms")));
extern struct task_struct *bpf_task_from_pid(__s32 pid) __attribute__((section(".ksyms")));
extern void bpf_task_release(struct task_struct *p) __attribute__((section(".ksyms")));
extern void bpf_rcu_read_lock(void) __attribute__((section(".ksyms")));
extern void bpf_rcu_read_unlock(void) __attribute__((section(".ksyms")));
extern struct cgroup *bpf_cgroup_from_id(__u64 cgid) __attribute__((section(".ksyms")));
extern void bpf_cgroup_release(struct cgroup *cgrp) __attribute__((section(".ksyms")));
extern long bpf_task_under_cgroup(struct task_struct *task, struct cgroup *ancestor) __attribute__((section(".ksyms")));
