// SPDX-License-Identifier: Apache-2.0
// What this thread is allowed to do on behalf of a task, and doing it with the task's filesystem credentials.
import { readlinkSync } from "node:fs";
import { sys } from "../../native/syscalls.ffi.ts";
import { type TaskStatus, readStatus } from "./proc.ts";
import { threadId } from "./thread-id.ts";

const CLONE_FS = 0x200;
/** CAP_CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, FSETID, LINUX_IMMUTABLE, MKNOD, MAC_OVERRIDE: what setfsuid takes away. */
const FS_CAPABILITIES = 0x10800021fn;
const CAP_SETUID_SETGID = 0xc0n;

const NR = {
  x64: { setfsuid: 122, setfsgid: 123, setgroups: 116 },
  arm64: { setfsuid: 151, setfsgid: 152, setgroups: 159 },
} as const;

/** How the agent can act for a task: as it is, after taking the task's fs credentials, or not at all. */
export type Acting = "same" | "switch" | "no";

/** The acting thread. One per sensor thread; makes the thread's umask and working directory its own. */
export class AgentSelf {
  readonly status: TaskStatus;
  readonly userNamespace: string;
  /** False when the thread could not get a umask of its own: then nothing is created on a task's behalf. */
  readonly ownUmask: boolean;
  readonly #nr: (typeof NR)["x64" | "arm64"];
  readonly #groups = Buffer.alloc(4);

  constructor() {
    const status = readStatus(threadId());
    if (status === undefined) throw new Error("can not read /proc/thread-self/status");
    this.status = status;
    this.userNamespace = readlinkSync("/proc/self/ns/user");
    this.#nr = NR[process.arch === "arm64" ? "arm64" : "x64"];
    // the mode of what is created for a task comes from the task's umask, which only this thread may apply
    this.ownUmask = sys().unshare(CLONE_FS) === 0;
    if (this.ownUmask) sys().umask(0);
  }

  /** @param sameUserNamespace whether the task lives in this process's user namespace. */
  actingFor(task: TaskStatus, sameUserNamespace: boolean): Acting {
    if (!sameUserNamespace) return "no";
    if (sameCredentials(task, this.status)) return "same";
    const canSwitch =
      this.status.coe.euid === 0 &&
      (this.status.coe.capeff & CAP_SETUID_SETGID) === CAP_SETUID_SETGID;
    const plain = (task.coe.capeff & FS_CAPABILITIES) === 0n;
    return canSwitch && plain && task.coe.fsuid !== 0 ? "switch" : "no";
  }

  /** Runs `work` with the task's fsuid, fsgid and groups when `acting` is "switch"; always switches back. */
  run<T>(acting: Acting, task: TaskStatus, work: () => T): T {
    if (acting !== "switch") return work();
    this.#become(task.groups, task.coe.fsgid, task.coe.fsuid);
    try {
      return work();
    } finally {
      const own = this.status;
      sys().syscall1(this.#nr.setfsuid, own.coe.fsuid);
      this.#become(own.groups, own.coe.fsgid, own.coe.fsuid);
    }
  }

  #become(groups: readonly number[], fsgid: number, fsuid: number): void {
    const list = groups.length === 0 ? this.#groups : Buffer.alloc(4 * groups.length);
    groups.forEach((group, index) => {
      list.writeUInt32LE(group, 4 * index);
    });
    sys().syscallBuffer2(this.#nr.setgroups, groups.length, list);
    sys().syscall1(this.#nr.setfsgid, fsgid);
    sys().syscall1(this.#nr.setfsuid, fsuid);
  }
}

function sameCredentials(a: TaskStatus, b: TaskStatus): boolean {
  const x = a.coe;
  const y = b.coe;
  return (
    x.fsuid === y.fsuid &&
    x.fsgid === y.fsgid &&
    x.euid === y.euid &&
    x.uid === y.uid &&
    x.egid === y.egid &&
    x.gid === y.gid &&
    x.capeff === y.capeff &&
    a.groups.length === b.groups.length &&
    a.groups.every((group, index) => group === b.groups[index])
  );
}
