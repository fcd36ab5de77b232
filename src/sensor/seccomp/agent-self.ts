// SPDX-License-Identifier: Apache-2.0
// What this thread is allowed to do on behalf of a task, and doing it with the task's credentials.
import { readlinkSync } from "node:fs";
import { sys } from "../../native/syscalls.ffi.ts";
import { type TaskStatus, readStatus } from "./proc.ts";
import { threadId } from "./thread-id.ts";
import { SensorBroken, Unseen } from "../file/unseen.ts";

const CLONE_FS = 0x200;
const CAP_SETUID_SETGID = 0xc0n;
/**
 * Capabilities without a say in what the agent does for tasks: KILL, SETGID, SETUID, SETPCAP, NET_BIND_SERVICE,
 * NET_BROADCAST, NET_RAW, IPC_LOCK, SYS_CHROOT, SYS_NICE, SYS_TIME, AUDIT_WRITE, WAKE_ALARM.
 */
const HARMLESS = [5, 6, 7, 8, 10, 11, 13, 14, 18, 23, 25, 29, 35].reduce(
  (mask, bit) => mask | (1n << BigInt(bit)),
  0n,
);
/** A user that is neither root nor anybody's: only to try whether switching works. */
const NOBODY = 65_534;

const NR = {
  x64: { setresuid: 117, setresgid: 119, setgroups: 116 },
  arm64: { setresuid: 147, setresgid: 149, setgroups: 159 },
} as const;

/** How the agent can act for a task: as it is, after taking the task's credentials, or not at all. */
export type Acting = "same" | "switch" | "no";

/** `trial`: where the agent is refused (EACCES, EPERM), the task itself may get further. */
export interface Ability {
  readonly acting: Acting;
  readonly trial: boolean;
}

const NEVER: Ability = { acting: "no", trial: false };

/** Whose credentials this thread has taken; undefined when it has its own. */
let borrowed: { readonly self: AgentSelf; readonly task: TaskStatus } | undefined;

/**
 * Runs `work` with the thread's own credentials, also in the middle of `AgentSelf.run`: for what the agent looks up
 * for itself (/proc of a task that is not dumpable, contents to be hashed).
 */
export function asAgent<T>(work: () => T): T {
  const lent = borrowed;
  if (lent === undefined) return work();
  lent.self.giveBack();
  try {
    return work();
  } finally {
    lent.self.take(lent.task);
  }
}

/** To be asked between two held calls. @throws SensorBroken when this thread could not get rid of a task's credentials */
export function requireOwnCredentials(): void {
  if (borrowed !== undefined)
    throw new SensorBroken("this thread can not take its own credentials back");
}

/** The acting thread. One per sensor thread; makes the thread's umask and working directory its own. */
export class AgentSelf {
  readonly status: TaskStatus;
  readonly userNamespace: string;
  /** False when the thread could not get a umask of its own: then nothing is created on a task's behalf. */
  readonly ownUmask: boolean;
  /** Whether it can take the credentials of others; found by trying. */
  readonly canSwitch: boolean;
  readonly #nr: (typeof NR)["x64" | "arm64"];
  readonly #noGroups = Buffer.alloc(4);

  constructor() {
    const status = readStatus(threadId());
    if (status === undefined) throw new SensorBroken("can not read /proc/thread-self/status");
    this.status = status;
    this.userNamespace = readlinkSync("/proc/self/ns/user");
    this.#nr = NR[process.arch === "arm64" ? "arm64" : "x64"];
    // the mode of what is created for a task comes from the task's umask, which only this thread may apply
    this.ownUmask = sys().unshare(CLONE_FS) === 0;
    if (this.ownUmask) sys().umask(0);
    this.canSwitch = this.#tryToSwitch();
  }

  /** @param sameUserNamespace whether the task lives in this process's user namespace. */
  actingFor(task: TaskStatus, sameUserNamespace: boolean): Ability {
    if (task.label !== this.status.label) return NEVER;
    if (!sameUserNamespace) return this.#acrossNamespaces(task);
    if (sameCredentials(task, this.status)) return { acting: "same", trial: false };
    const plain = (task.coe.capeff & ~HARMLESS) === 0n;
    return plain && this.#canBe(task) ? { acting: "switch", trial: false } : NEVER;
  }

  /**
   * A task in a user namespace of its own has capabilities there that the agent can not have. With the same ids and no capability
   * the agent may do less than the task, never more.
   */
  #acrossNamespaces(task: TaskStatus): Ability {
    if (this.#canBe(task)) return { acting: "switch", trial: true };
    const powerless = (this.status.coe.capeff & ~HARMLESS) === 0n;
    return powerless && sameFileIds(task, this.status) ? { acting: "same", trial: true } : NEVER;
  }

  #canBe({ coe: { euid, fsuid, egid, fsgid } }: TaskStatus): boolean {
    return this.canSwitch && euid !== 0 && fsuid === euid && fsgid === egid;
  }

  /**
   * Runs `work` with the task's user, group and groups, and no capability, when `acting` is "switch"; always switches back.
   * @throws Unseen when the credentials can not be taken.
   */
  run<T>(acting: Acting, task: TaskStatus, work: () => T): T {
    if (acting !== "switch" || borrowed !== undefined) return work();
    this.take(task);
    try {
      return work();
    } finally {
      this.giveBack();
    }
  }

  /**
   * Takes a task's credentials. The effective user is changed, not only the filesystem's: the kernel asks for it in
   * places (/proc/sys, access checks), and leaving user 0 takes all capabilities out of force.
   * @throws Unseen
   */
  take(task: TaskStatus): void {
    borrowed = { self: this, task };
    if (this.#join(task.groups, task.coe.egid) && this.#become(task.coe.euid)) return;
    this.giveBack();
    throw new Unseen("credentials", `user ${task.coe.euid}, group ${task.coe.egid}`);
  }

  giveBack(): void {
    // first the user: the rest needs the capabilities that come back with it
    const user = this.#become(this.status.coe.euid);
    if (!user || !this.#join(this.status.groups, this.status.coe.egid))
      throw new SensorBroken("this thread can not take its own credentials back");
    borrowed = undefined;
  }

  #become(euid: number): boolean {
    return Number(sys().syscall3(this.#nr.setresuid, -1, euid, -1)) === 0;
  }

  #join(groups: readonly number[], egid: number): boolean {
    const list = groups.length === 0 ? this.#noGroups : Buffer.alloc(4 * groups.length);
    groups.forEach((group, index) => {
      list.writeUInt32LE(group, 4 * index);
    });
    return (
      Number(sys().syscallBuffer2(this.#nr.setgroups, groups.length, list)) === 0 &&
      Number(sys().syscall3(this.#nr.setresgid, -1, egid, -1)) === 0
    );
  }

  /** Securebits, a user namespace or a filter around Galgo can make a switch mean less than it says. */
  #tryToSwitch(): boolean {
    const { coe } = this.status;
    if (coe.euid !== 0 || coe.uid !== 0 || (coe.capeff & CAP_SETUID_SETGID) !== CAP_SETUID_SETGID)
      return false;
    const nobody = { ...coe, euid: NOBODY, egid: NOBODY };
    try {
      this.take({ ...this.status, coe: nobody, groups: [NOBODY] });
    } catch {
      return false;
    }
    const there = readStatus(threadId());
    this.giveBack();
    const back = readStatus(threadId());
    return (
      there !== undefined &&
      back !== undefined &&
      there.coe.euid === NOBODY &&
      there.coe.fsuid === NOBODY &&
      there.coe.fsgid === NOBODY &&
      there.coe.capeff === 0n &&
      there.groups.length === 1 &&
      sameCredentials(back, this.status)
    );
  }
}

/** What counts for files when there are no capabilities. */
function sameFileIds(a: TaskStatus, b: TaskStatus): boolean {
  const x = a.coe;
  const y = b.coe;
  return (
    x.fsuid === y.fsuid &&
    x.fsgid === y.fsgid &&
    x.euid === y.euid &&
    x.egid === y.egid &&
    a.groups.length === b.groups.length &&
    a.groups.every((group, index) => group === b.groups[index])
  );
}

function sameCredentials(a: TaskStatus, b: TaskStatus): boolean {
  const x = a.coe;
  const y = b.coe;
  return sameFileIds(a, b) && x.uid === y.uid && x.gid === y.gid && x.capeff === y.capeff;
}
