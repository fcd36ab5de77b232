// SPDX-License-Identifier: Apache-2.0
// What /proc says of a task: credentials, parent, umask, name. Read with plain system calls into one buffer.
import { readdirSync } from "node:fs";
import { decodePath } from "../../base/path-text.ts";
import { sys } from "../../native/syscalls.ffi.ts";
import type { Coe } from "../../event/coe.ts";

const O_RDONLY_CLOEXEC = 0x80000;
/** Grows with the largest file: lists of groups, children and mappings have no limit of their own. */
let buffer = Buffer.alloc(16384);

/** Members of /proc/TID/status that matter here. */
export interface TaskStatus {
  readonly name: string;
  readonly umask: number;
  readonly tgid: number;
  readonly ppid: number;
  readonly threads: number;
  /** The first process of a pid namespace below this one: orphans of the namespace become its children. */
  readonly isInit: boolean;
  readonly coe: Coe;
  /** Label that a security module gave it (AppArmor, SELinux, Smack); empty when there is none that gives labels. */
  readonly label: string;
  /** Supplementary groups, as text: compared, and set when the agent acts for the task. */
  readonly groups: readonly number[];
}

/** Reads a file of /proc. undefined when it can not be read (the task is gone, or not ours to read). */
export function readProc(path: string): string | undefined {
  const fd = sys().open(Buffer.from(`${path}\0`, "latin1"), O_RDONLY_CLOEXEC, 0);
  return fd < 0 ? undefined : readProcAt(fd);
}

/** As `readProc`, of an open descriptor, which it closes. */
export function readProcAt(fd: number): string | undefined {
  let size = 0;
  for (;;) {
    if (size === buffer.length) buffer = Buffer.concat([buffer, Buffer.alloc(size)]);
    const got = sys().read(fd, buffer.subarray(size), buffer.length - size);
    if (got <= 0) break;
    size += got;
  }
  sys().close(fd);
  return buffer.toString("latin1", 0, size);
}

/** Status of a thread or process; undefined when it is gone or can not be read. */
export function readStatus(tid: number): TaskStatus | undefined {
  const text = readProc(`/proc/${tid}/status`);
  return text === undefined || text === "" ? undefined : parseStatus(text, labelOf(tid));
}

let labelled: boolean | undefined;

function labelOf(tid: number): string {
  labelled ??= (readProc("/proc/thread-self/attr/current") ?? "") !== "";
  return labelled ? (readProc(`/proc/${tid}/attr/current`) ?? "?") : "";
}

/** Parses the text of /proc/PID/status (proc_pid_status(5)). undefined when a member is missing. */
export function parseStatus(text: string, label = ""): TaskStatus | undefined {
  const field = (name: string): string => {
    const at = text.indexOf(`\n${name}:\t`);
    if (at < 0) return "";
    const from = at + name.length + 3;
    return text.slice(from, text.indexOf("\n", from));
  };
  const nameEnd = text.indexOf("\n");
  const uids = field("Uid").split("\t").map(Number);
  const gids = field("Gid").split("\t").map(Number);
  const [uid, euid, suid, fsuid] = uids;
  const [gid, egid, sgid, fsgid] = gids;
  if (uid === undefined || euid === undefined || suid === undefined || fsuid === undefined) return;
  if (gid === undefined || egid === undefined || sgid === undefined || fsgid === undefined) return;
  return {
    name: decodePath(Buffer.from(unescapeName(text.slice(6, nameEnd)), "latin1")),
    umask: Number.parseInt(field("Umask") || "22", 8),
    tgid: Number(field("Tgid")),
    ppid: Number(field("PPid")),
    threads: Number(field("Threads")),
    isInit: field("NSpid").endsWith("\t1"),
    label,
    coe: {
      uid,
      euid,
      suid,
      gid,
      egid,
      sgid,
      fsuid,
      fsgid,
      capeff: BigInt(`0x${field("CapEff") || "0"}`),
    },
    groups: field("Groups").trim().split(" ").filter(Boolean).map(Number),
  };
}

/** The kernel escapes newline and backslash in Name (proc_task_name). */
function unescapeName(name: string): string {
  return name.replace(/\\([n\\])/g, (_whole, escaped: string) => (escaped === "n" ? "\n" : "\\"));
}

/** Numbers of a task in its pid namespaces, the outermost that can be seen first. */
export interface NamespacePids {
  readonly tgids: readonly number[];
  readonly tids: readonly number[];
}

/** From the text of a status file. undefined when it has no such members. */
export function pidsInNamespaces(status: string): NamespacePids | undefined {
  const numbers = (name: string): number[] | undefined =>
    new RegExp(`^${name}:\\t([\\d\\t]+)$`, "m").exec(status)?.[1]?.split("\t").map(Number);
  const [tgids, tids] = [numbers("NStgid"), numbers("NSpid")];
  return tgids === undefined || tids === undefined ? undefined : { tgids, tids };
}

const KCMP = process.arch === "arm64" ? 272 : 312;
const KCMP_VM = 1;

/** Whether two processes run in one memory (vfork, CLONE_VM). Also true when this process may not compare them. */
export function shareMemory(pid: number, other: number): boolean {
  const order = Number(sys().syscall4(KCMP, pid, other, KCMP_VM, 0));
  return order === 0 || order === -1;
}

/** Children of all threads of a process, in no order. Empty when it is gone or the kernel has no CONFIG_PROC_CHILDREN. */
export function childrenOf(tgid: number): number[] {
  const found: number[] = [];
  // a thread that forked and ended has left its children to any other, one that was never seen perhaps
  for (const tid of threadsOf(tgid)) {
    const text = readProc(`/proc/${tgid}/task/${tid}/children`);
    if (text === undefined) continue;
    for (const pid of text.split(" ")) if (pid !== "") found.push(Number(pid));
  }
  return found;
}

/** Thread ids of a process. */
export function threadsOf(tgid: number): string[] {
  try {
    return readdirSync(`/proc/${tgid}/task`);
  } catch {
    return [];
  }
}

/** All processes that can be seen. */
export function processIds(): number[] {
  return readdirSync("/proc").map(Number).filter(Number.isInteger);
}
