// SPDX-License-Identifier: Apache-2.0
// Hooks about names, inodes and their attributes (bpf/hooks-inode.h).
import type { InodeCells } from "../../../event/cell/inode.ts";
import { bits, dentry, directory, type HookSources, low, type Source, text } from "./source.ts";

const MADE = { dir: directory(0), dentry: { from: "new name", counted: true } } as const;
const NAMED = { dir: directory(0), dentry: { from: "new name", counted: false } } as const;
const REMOVED = { dir: directory(0), dentry: dentry(0) } as const;
const ATTRIBUTE = { dentry: dentry(0), name: text } as const;
const value: Source = { from: "base64" };

export const INODE_SOURCES: HookSources<keyof InodeCells> = {
  inode_create: { ...MADE, mode: low(0) },
  // of what mkdir(2) is passed only the permissions are of any effect
  inode_mkdir: { ...MADE, mode: bits(0, 0, 12) },
  inode_mknod: { ...NAMED, mode: low(0), dev: { from: "device", arg: 1 } },
  inode_symlink: { ...NAMED, oldName: text },
  inode_unlink: REMOVED,
  inode_rmdir: REMOVED,
  inode_link: { oldDentry: dentry(0), dir: directory(1), newDentry: dentry(1) },
  inode_rename: {
    oldDir: directory(0),
    oldDentry: dentry(0),
    newDir: directory(1),
    newDentry: dentry(1),
  },
  inode_setattr: { dentry: dentry(0), attr: { from: "attributes" } },
  inode_getattr: { dentry: dentry(0) },
  inode_setxattr: { dentry: dentry(0), name: { from: "more" }, value, flags: low(0) },
  inode_getxattr: ATTRIBUTE,
  inode_listxattr: { dentry: dentry(0) },
  inode_removexattr: ATTRIBUTE,
  inode_killpriv: { dentry: dentry(0) },
};
