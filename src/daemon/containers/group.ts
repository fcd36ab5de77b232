// SPDX-License-Identifier: Apache-2.0
// The cgroup of a container, where it is the container's own: its engine's name for it holds the container's id. A container that shares
// the group of others (rootless, without cgroups) must not be killed by it.
import { closeSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { quote } from "../../base/quote.ts";
import { cgroupRoot, procsOf } from "../../orchestrator/index.ts";
import type { CgroupHandle, NoCgroup } from "../../orchestrator/cgroup.ts";

/** @param pid of the container's first process */
export function containerGroup(id: string, pid: number): CgroupHandle | NoCgroup {
  const root = cgroupRoot();
  const member = membership(pid);
  if (root === undefined || member === undefined)
    return { unavailable: "no cgroup of version 2 is to be seen" };
  if (!isOf(id, member)) {
    return { unavailable: `its cgroup ${quote(member)} may be that of others too` };
  }
  const path = join(root, member);
  try {
    // of another mount of the hierarchy, or of a cgroup namespace
    if (!statSync(join(path, "cgroup.kill")).isFile()) throw new Error("no file");
    return new ContainerGroup(path, openSync(path, "r"));
  } catch {
    return { unavailable: `the cgroup ${quote(path)} can not be killed as one (Linux < 5.14?)` };
  }
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

class ContainerGroup implements CgroupHandle {
  readonly path: string;
  readonly directoryFd: number;

  constructor(path: string, directoryFd: number) {
    this.path = path;
    this.directoryFd = directoryFd;
  }

  add(pid: number): void {
    throw new Error(`process ${pid} is put into its cgroup by its container runtime`);
  }

  kill(): void {
    try {
      writeFileSync(join(this.path, "cgroup.kill"), "1", { flag: "r+" });
    } catch {
      // it is gone
    }
  }

  procs(): number[] {
    return procsOf(this.path);
  }

  freeze(): void {
    writeFileSync(join(this.path, "cgroup.freeze"), "1");
  }

  thaw(): void {
    writeFileSync(join(this.path, "cgroup.freeze"), "0");
  }

  /** The group is the runtime's: only our hold on it is given back. */
  async remove(): Promise<boolean> {
    closeSync(this.directoryFd);
    return true;
  }
}
