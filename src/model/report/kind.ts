// SPDX-License-Identifier: Apache-2.0
// Behaviours by kind, as a report groups them.
import type { HookName, SecurityEvent } from "../../event/event.ts";
import { isProgramUse, opensForWriting } from "../file-use.ts";

/** In the order in which they are shown. */
export const REPORT_KINDS = [
  "runs programs",
  "reads files",
  "writes files",
  "creates files and folders",
  "removes and renames",
  "changes attributes",
  "listens",
  "connects",
  "sends messages",
  "acts on processes",
  "changes privileges",
  "acts on the kernel",
  "does other things",
  "loads libraries",
] as const;

export type ReportKind = (typeof REPORT_KINDS)[number];

const BY_PREFIX: readonly (readonly [RegExp, ReportKind])[] = [
  [/^inode_(?:create|mkdir|link|symlink|mknod)$/, "creates files and folders"],
  [/^inode_(?:unlink|rmdir|rename)$/, "removes and renames"],
  [/^inode_(?:set|remove|kill)/, "changes attributes"],
  [/^socket_(?:bind|listen|accept)$/, "listens"],
  [/^(?:socket|unix_stream)_connect$/, "connects"],
  [/^socket_(?:sendmsg|recvmsg)$|^unix_may_send$|^netlink_|^msg_|^file_receive$/, "sends messages"],
  [/^task_fix_|^cap|^path_chroot$/, "changes privileges"],
  [/^(?:task|ptrace)_/, "acts on processes"],
  [/^(?:sb|kernel|bpf|quota|tun)|^move_mount$|^settime$|^syslog$/, "acts on the kernel"],
  [/^mmap_file$|^file_mprotect$/, "loads libraries"],
];

const known = new Map<HookName, ReportKind>();

/** The kind of a behaviour. Libraries and memory that every start needs are one of their own. */
export function reportKind(e: SecurityEvent): ReportKind {
  if (e.hook === "file_open") return openKind(e.cell.file.flags, e.cell.file.path.pathname);
  let kind = known.get(e.hook);
  if (kind === undefined) {
    kind = BY_PREFIX.find(([pattern]) => pattern.test(e.hook))?.[1] ?? "does other things";
    known.set(e.hook, kind);
  }
  return kind;
}

const LIBRARY =
  /^\/(?:usr\/(?:local\/)?)?lib(?:32|64|x32)?\/.*\.so(?:\.|$)|^\/etc\/ld\.so\.|^\/usr\/lib\/locale\//;

function openKind(flags: number, pathname: string): ReportKind {
  if (isProgramUse("file_open", flags)) return "runs programs";
  if (opensForWriting(flags)) return "writes files";
  return LIBRARY.test(pathname) ? "loads libraries" : "reads files";
}
