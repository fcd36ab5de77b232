// SPDX-License-Identifier: Apache-2.0
// The cgroup of a container, where it is the container's own: its engine's name for it holds the container's id. A container that shares
// the group of others (rootless, without cgroups) must not be killed by it.
import { closeSync, constants, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { basename, join } from "node:path";
import { quote } from "../../base/quote.ts";
import { cgroupRoot, procsOf } from "../../orchestrator/index.ts";
import type { CgroupHandle, NoCgroup } from "../../orchestrator/cgroup.ts";

/** @param pid of the container's first process */
export function containerGroup(id: string, pid: number): ContainerGroup | NoCgroup {
  const root = cgroupRoot();
  const member = membership(pid);
  if (root === undefined || member === undefined)
    return { unavailable: "no cgroup of version 2 is to be seen" };
  if (!isOf(id, member)) {
    return { unavailable: `its cgroup ${quote(member)} may be that of others too` };
  }
  const path = join(root, member);
  try {
    // of another mount of the hierarchy, or of a cgroup namespace: then it is not there
    const directoryFd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
    return opened(path, directoryFd);
  } catch {
    return { unavailable: `the cgroup ${quote(path)} can not be killed as one (Linux < 5.14?)` };
  }
}

function opened(path: string, directoryFd: number): ContainerGroup {
  try {
    return new ContainerGroup(path, directoryFd, openSync(fileOf(directoryFd, "kill"), "w"));
  } catch (error) {
    closeSync(directoryFd);
    throw error;
  }
}

/** Its directory by descriptor: a container that is started anew has another group under the same path. */
function fileOf(directoryFd: number, name: "kill" | "freeze"): string {
  return `/proc/self/fd/${directoryFd}/cgroup.${name}`;
}

function membership(pid: number): string | undefined {
  try {
    return /^0::(\/.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, "utf8"))?.[1];
  } catch {
    return undefined;
  }
}

/** "ID", "libpod-ID", "docker-ID.scope", "cri-containerd-ID.scope", or a folder in such a one (Podman's "container"). */
function isOf(id: string, path: string): boolean {
  return path
    .split("/")
    .slice(-2)
    .map((part) => basename(part, ".scope"))
    .some((part) => part === id || (part.endsWith(`-${id}`) && id.length >= 32));
}

export class ContainerGroup implements CgroupHandle {
  readonly path: string;
  readonly directoryFd: number;
  /** Its open `cgroup.kill`. */
  readonly killFd: number;
  #closed = false;

  /** @param directoryFd and `killFd` are taken */
  constructor(path: string, directoryFd: number, killFd: number) {
    this.path = path;
    this.directoryFd = directoryFd;
    this.killFd = killFd;
  }

  add(pid: number): void {
    throw new Error(`process ${pid} is put into its cgroup by its container runtime`);
  }

  kill(): void {
    if (this.#closed) return;
    try {
      writeSync(this.killFd, "1");
    } catch {
      // it is gone
    }
  }

  procs(): number[] {
    return this.#closed ? [] : procsOf(`/proc/self/fd/${this.directoryFd}`);
  }

  freeze(): void {
    if (!this.#closed) writeFileSync(fileOf(this.directoryFd, "freeze"), "1");
  }

  thaw(): void {
    if (!this.#closed) writeFileSync(fileOf(this.directoryFd, "freeze"), "0");
  }

  /** The group is the runtime's, and whoever took the container still wants to kill it: he closes it. */
  async remove(): Promise<boolean> {
    return true;
  }

  /** Our hold on it is given back. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.directoryFd);
    closeSync(this.killFd);
  }
}
