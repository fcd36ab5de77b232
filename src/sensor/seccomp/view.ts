// SPDX-License-Identifier: Apache-2.0
// How a process sees the filesystem: its root and mount namespace, compared with the agent's own.
import { readlinkSync } from "node:fs";
import { sys } from "../../native/syscalls.ffi.ts";
import { O } from "./open-flags.ts";
import { forgetFilesystems, pathOfFd, statFd } from "./stat.ts";

/** A view; shared by all processes that have it. */
export interface View {
  readonly epoch: number;
  /** Same root directory and mount namespace as the agent: its absolute paths are ours. */
  readonly sameRoot: boolean;
  readonly sameUserNamespace: boolean;
  /** Descriptor (O_PATH) of the root when it is another; -1 otherwise, or when it can not be opened. */
  readonly rootFd: number;
  /** The root as the agent names it, without a trailing slash: "" for "/". */
  readonly prefix: string;
}

/** Makes and remembers views. Everything that can change one (chroot, setns, unshare, pivot_root) starts a new epoch. */
export class Views {
  readonly #own: string;
  readonly #ownUser: string;
  #epoch = 0;
  readonly #made: View[] = [];

  constructor() {
    this.#own = `${rootKey("self")}|${namespaceOf("self", "mnt")}`;
    this.#ownUser = namespaceOf("self", "user");
  }

  current(view: View): boolean {
    return view.epoch === this.#epoch;
  }

  /** All views are read again at their next use. */
  invalidate(): void {
    this.#epoch++;
    forgetFilesystems();
    // descriptors of roots that nobody uses any more would add up
    for (const view of this.#made.splice(0)) if (view.rootFd >= 0) sys().close(view.rootFd);
  }

  of(tid: number): View {
    const sameRoot = `${rootKey(tid)}|${namespaceOf(tid, "mnt")}` === this.#own;
    const rootFd = sameRoot ? -1 : openRoot(tid);
    const prefix = rootFd < 0 ? "" : pathOfFd(rootFd).replace(/\/$/, "");
    const view = {
      epoch: this.#epoch,
      sameRoot,
      sameUserNamespace: namespaceOf(tid, "user") === this.#ownUser,
      rootFd,
      prefix,
    };
    this.#made.push(view);
    return view;
  }
}

function openRoot(pid: number | "self"): number {
  return sys().open(
    Buffer.from(`/proc/${pid}/root\0`, "latin1"),
    O.PATH | O.DIRECTORY | O.CLOEXEC,
    0,
  );
}

function rootKey(pid: number | "self"): string {
  const fd = openRoot(pid);
  if (fd < 0) return "?";
  const key = statFd(fd)?.key ?? "?";
  sys().close(fd);
  return key;
}

function namespaceOf(pid: number | "self", kind: "mnt" | "user"): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`);
  } catch {
    return "?";
  }
}
