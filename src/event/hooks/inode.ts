// SPDX-License-Identifier: Apache-2.0
// Hooks about names, inodes and their attributes.
import type { InodeCells } from "../cell/inode.ts";
import type { HookSpecs } from "../layout.ts";

const CREATE = [
  ["dir", "inode"],
  ["dentry", "dentry"],
  ["mode", "mode"],
] as const;
const REMOVE = [
  ["dir", "inode"],
  ["dentry", "dentry"],
] as const;
const XATTR_NAME = [
  ["dentry", "dentry"],
  ["name", "text"],
] as const;

export const INODE_HOOKS: HookSpecs<InodeCells> = {
  inode_create: { words: "creates a file", cell: CREATE },
  inode_mkdir: { words: "makes a directory", cell: CREATE },
  inode_unlink: { words: "removes a file", cell: REMOVE },
  inode_rmdir: { words: "removes a directory", cell: REMOVE },
  inode_link: {
    words: "links a file",
    cell: [
      ["oldDentry", "dentry"],
      ["dir", "inode"],
      ["newDentry", "dentry"],
    ],
  },
  inode_symlink: {
    words: "makes a symbolic link",
    cell: [
      ["dir", "inode"],
      ["dentry", "dentry"],
      ["oldName", "text"],
    ],
  },
  inode_mknod: {
    words: "makes a special file",
    cell: [
      ["dir", "inode"],
      ["dentry", "dentry"],
      ["mode", "mode"],
      ["dev", "device"],
    ],
  },
  inode_rename: {
    words: "renames a file",
    cell: [
      ["oldDir", "inode"],
      ["oldDentry", "dentry"],
      ["newDir", "inode"],
      ["newDentry", "dentry"],
    ],
  },
  inode_setattr: {
    words: "changes attributes of a file",
    cell: [
      ["dentry", "dentry"],
      ["attr", "attr"],
    ],
  },
  // The kernel calls it a path, and prints a dentry.
  inode_getattr: { words: "asks for attributes of a file", cell: [["dentry", "dentry", "path"]] },
  inode_setxattr: {
    words: "sets an extended attribute",
    cell: [
      ["dentry", "dentry"],
      ["name", "text"],
      ["value", "base64"],
      ["flags", "u32"],
    ],
  },
  inode_getxattr: { words: "reads an extended attribute", cell: XATTR_NAME },
  inode_listxattr: { words: "lists extended attributes", cell: [["dentry", "dentry"]] },
  inode_removexattr: { words: "removes an extended attribute", cell: XATTR_NAME },
  inode_killpriv: { words: "clears privileges of a file", cell: [["dentry", "dentry"]] },
};
