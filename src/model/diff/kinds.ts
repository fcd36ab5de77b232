// SPDX-License-Identifier: Apache-2.0
// What sort of thing a behaviour is, for people who read about many of them.
import type { HookName, SecurityEvent } from "../../event/event.ts";
import { isProgramUse, opensForWriting } from "../rules/file-use.ts";

/** In the order in which they are shown: what starts something comes first. */
export const BEHAVIOUR_KINDS = [
  "programs",
  "network",
  "privileges",
  "processes",
  "writes",
  "removes",
  "reads",
  "other",
] as const;

export type BehaviourKind = (typeof BEHAVIOUR_KINDS)[number];

/** Headings. */
export const KIND_WORDS: Readonly<Record<BehaviourKind, string>> = {
  programs: "starts programs",
  network: "network",
  privileges: "privileges",
  processes: "signals, tracing and limits of processes",
  writes: "writes and creates",
  removes: "removes and renames",
  reads: "reads",
  other: "other",
};

const O_CREAT_TRUNC = 0o100 | 0o1000;

const HOOKS_OF: Readonly<Record<Exclude<BehaviourKind, "programs" | "other">, readonly string[]>> =
  {
    network: ["socket_", "unix_", "netlink_", "tun_dev_"],
    privileges: [
      "bpf",
      "cap",
      "key_",
      "kernel_",
      "move_mount",
      "path_chroot",
      "quota",
      "sb_mount",
      "sb_pivotroot",
      "sb_remount",
      "sb_umount",
      "settime",
      "syslog",
      "task_fix_",
    ],
    processes: ["ptrace_", "task_"],
    writes: [
      "inode_create",
      "inode_link",
      "inode_mkdir",
      "inode_mknod",
      "inode_removexattr",
      "inode_setattr",
      "inode_setxattr",
      "inode_symlink",
      "inode_killpriv",
    ],
    removes: ["inode_unlink", "inode_rmdir", "inode_rename"],
    reads: ["inode_get", "inode_list", "sb_statfs", "file_"],
  };

/** The first list that has the beginning of the hook's name decides. */
function kindOfHook(hook: HookName): BehaviourKind {
  for (const [kind, starts] of Object.entries(HOOKS_OF))
    if (starts.some((start) => hook.startsWith(start))) return kind as BehaviourKind;
  return "other";
}

/** The sort of an event. */
export function kindOf(e: SecurityEvent): BehaviourKind {
  switch (e.hook) {
    case "file_open":
    case "file_receive": {
      const { flags } = e.cell.file;
      if (isProgramUse(e.hook, flags)) return "programs";
      return opensForWriting(flags) || (flags & O_CREAT_TRUNC) !== 0 ? "writes" : "reads";
    }
    case "mmap_file":
    case "file_mprotect":
      return e.cell.file === undefined ? "other" : "reads";
    case "file_ioctl":
    case "file_ioctl_compat":
    case "file_lock":
    case "file_fcntl":
      return "other";
    default:
      return kindOfHook(e.hook);
  }
}
