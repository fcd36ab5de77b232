// SPDX-License-Identifier: Apache-2.0
// CELLs about names, inodes and their attributes.
import type { DentryId, DeviceId, InodeId } from "./file.ts";

export interface InodeCreateCell {
  readonly dir: InodeId;
  readonly dentry: DentryId;
  readonly mode: number;
}
export interface InodeRemoveCell {
  readonly dir: InodeId;
  readonly dentry: DentryId;
}
export interface InodeLinkCell {
  readonly oldDentry: DentryId;
  readonly dir: InodeId;
  readonly newDentry: DentryId;
}
export interface InodeSymlinkCell {
  readonly dir: InodeId;
  readonly dentry: DentryId;
  readonly oldName: string;
}
export interface InodeMknodCell {
  readonly dir: InodeId;
  readonly dentry: DentryId;
  readonly mode: number;
  readonly dev: DeviceId;
}
export interface InodeRenameCell {
  readonly oldDir: InodeId;
  readonly oldDentry: DentryId;
  readonly newDir: InodeId;
  readonly newDentry: DentryId;
}
/** `valid` is the kernel's ATTR_* mask; members that it does not name are 0. */
export interface InodeSetattrCell {
  readonly dentry: DentryId;
  readonly attr: {
    readonly valid: number;
    readonly mode: number;
    readonly uid: number;
    readonly gid: number;
    readonly size: bigint;
  };
}
export interface DentryCell {
  readonly dentry: DentryId;
}
export interface XattrNameCell {
  readonly dentry: DentryId;
  readonly name: string;
}
/** `value` is base64, as in the export record. */
export interface XattrSetCell {
  readonly dentry: DentryId;
  readonly name: string;
  readonly value: string;
  readonly flags: number;
}

/** Hooks about names and inodes. */
export interface InodeCells {
  inode_create: InodeCreateCell;
  inode_mkdir: InodeCreateCell;
  inode_unlink: InodeRemoveCell;
  inode_rmdir: InodeRemoveCell;
  inode_link: InodeLinkCell;
  inode_symlink: InodeSymlinkCell;
  inode_mknod: InodeMknodCell;
  inode_rename: InodeRenameCell;
  inode_setattr: InodeSetattrCell;
  inode_getattr: DentryCell;
  inode_setxattr: XattrSetCell;
  inode_getxattr: XattrNameCell;
  inode_listxattr: DentryCell;
  inode_removexattr: XattrNameCell;
  inode_killpriv: DentryCell;
}
