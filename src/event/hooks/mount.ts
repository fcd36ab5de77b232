// SPDX-License-Identifier: Apache-2.0
// Hooks about filesystems as a whole.
import type { MountCells } from "../cell/mount.ts";
import type { HookSpecs } from "../layout.ts";

const SUPERBLOCK = [
  ["dentry", "dentry", "sb.dentry"],
  ["fstype", "text", "sb.fstype"],
  ["sFlags", "u64", "sb.s_flags"],
] as const;

export const MOUNT_HOOKS: HookSpecs<MountCells> = {
  sb_mount: {
    words: "mounts a filesystem",
    cell: [
      ["devName", "text?"],
      ["path", "path"],
      ["type", "text?"],
      ["flags", "u64"],
    ],
  },
  sb_umount: {
    words: "unmounts a filesystem",
    cell: [
      ["dentry", "dentry", "mnt"],
      ["flags", "u32"],
    ],
  },
  sb_remount: { words: "changes how a filesystem is mounted", cell: SUPERBLOCK },
  sb_pivotroot: {
    words: "changes the root filesystem",
    cell: [
      ["from", "path", "old_path"],
      ["to", "path", "new_path"],
    ],
  },
  sb_statfs: { words: "asks about a filesystem", cell: [["dentry", "dentry"]] },
  move_mount: {
    words: "moves a mount",
    cell: [
      ["from", "path", "from_path"],
      ["to", "path", "to_path"],
    ],
  },
  quotactl: {
    words: "uses disk quotas",
    cell: [["cmds", "i32"], ["type", "i32"], ["id", "i32"], ...SUPERBLOCK],
  },
  quota_on: { words: "turns on disk quotas", cell: [["dentry", "dentry"]] },
};
