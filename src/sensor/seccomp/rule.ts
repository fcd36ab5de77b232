// SPDX-License-Identifier: Apache-2.0
// The form of the table's rows: system call -> hook -> how its arguments are read, and when it is notified at all.
import type { HookName } from "../../event/event.ts";
import type { SyscallName } from "./arch.ts";

/** Names of argument positions (0..5). A row names those that its handler reads. */
export interface Positions {
  readonly dirfd?: number;
  readonly path?: number;
  readonly dirfd2?: number;
  readonly path2?: number;
  readonly fd?: number;
  readonly flags?: number;
  readonly mode?: number;
  readonly value?: number;
  readonly size?: number;
  readonly name?: number;
  readonly id?: number;
  readonly tid?: number;
  readonly address?: number;
}

/** When the kernel filter notifies: a test of one argument's low 32 bits. All given tests must hold. */
export type When =
  | { readonly arg: number; readonly anyBit: number }
  /** Any of one set of bits, or of another unless a third bit is there. */
  | {
      readonly arg: number;
      readonly anyBit: number;
      readonly orBit: number;
      readonly unlessBit: number;
    }
  | { readonly arg: number; readonly noBit: number }
  | { readonly arg: number; readonly oneOf: readonly number[] }
  | { readonly arg: number; readonly pointer: "not-null" };

/** Which function answers a row (handlers/index.ts). */
export type HandlerName =
  | "open"
  | "exec"
  | "remove"
  | "rename"
  | "link"
  | "symlink"
  | "mkdir"
  | "mknod"
  | "chmod"
  | "chown"
  | "truncate"
  | "setxattr"
  | "removexattr"
  | "mount"
  | "umount"
  | "twoPaths"
  | "chroot"
  | "namespaces"
  | "socketCreate"
  | "socketPair"
  | "connect"
  | "bind"
  | "listen"
  | "accept"
  | "sendto"
  | "sendmsg"
  | "kill"
  | "ptrace"
  | "accessTask"
  | "setIds"
  | "setGroups"
  | "capset"
  | "prctl"
  | "mmap"
  | "mprotect"
  | "loadData"
  | "readFile"
  | "ioctl"
  | "syslog"
  | "bpf"
  | "settime"
  | "plain"
  | "clone"
  | "restrictSelf"
  | "prlimit"
  | "schedule"
  | "priority"
  | "signalOwner";

/** A row. */
export interface SyscallRule {
  readonly syscall: SyscallName;
  /** The hook whose events it gives; "none" for calls that only keep the sensor's own books. */
  readonly hook: HookName | "none";
  readonly handler: HandlerName;
  readonly at: Positions;
  readonly when?: readonly When[];
  /** Fixed argument of the handler, where several calls share one. */
  readonly variant?: string;
  /** For hook "syscall": argument positions that are part of the behaviour. */
  readonly args?: readonly number[];
}
