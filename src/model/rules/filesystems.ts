// SPDX-License-Identifier: Apache-2.0
// Which filesystems hold ordinary files: the same tree on one or another of them is the same to a program. Numbers are those of statfs(2), from
// include/uapi/linux/magic.h and the filesystems' own headers.

/** ext2, ext3 and ext4; stands for all that are listed. */
const ORDINARY = 0xef53;

const LOCAL: readonly number[] = [
  ORDINARY,
  0x58465342, // xfs
  0x9123683e, // btrfs
  0xf2f52010, // f2fs
  0xca451a4e, // bcachefs
  0x2fc12fc1, // zfs
  0x52654973, // reiserfs
  0x3153464a, // jfs
  0x3434, // nilfs2
  0x24051905, // ubifs
  0x4d44, // vfat
  0x2011bab0, // exfat
  0x5346544e, // ntfs
  0x7366746e, // ntfs3
  0x73717368, // squashfs
  0xe0f5e1e2, // erofs
  0x28cd3d45, // cramfs
  0x9660, // iso9660
  0x15013346, // udf
];
const UNIONS: readonly number[] = [
  0x794c7630, // overlayfs
  0x61756673, // aufs
  0xf15f, // ecryptfs
];
const MEMORY: readonly number[] = [
  0x01021994, // tmpfs
  0x858458f6, // ramfs
];
const SHARED: readonly number[] = [
  0x6969, // nfs
  0x00c36400, // ceph
  0xff534d42, // cifs
  0xfe534d42, // smb2
  0x01021997, // 9p
  0x01161970, // gfs2
  0x7461636f, // ocfs2
  0x0bd00bd0, // lustre
];

const MAGICS: ReadonlySet<number> = new Set([...LOCAL, ...UNIONS, ...MEMORY, ...SHARED]);

/**
 * The magic number that stands for the kind of filesystem. FUSE is no ordinary one: a process decides what its files hold, each time
 * that they are read. Neither are those that the kernel makes up (proc, sysfs, cgroup, devpts, bpf, ...).
 */
export function filesystemClass(magic: number): number {
  return MAGICS.has(magic) ? ORDINARY : magic;
}
