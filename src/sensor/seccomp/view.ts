// SPDX-License-Identifier: Apache-2.0
// How a task sees the filesystem: its root and namespaces, compared with the agent's own.
import { readlinkSync } from "node:fs";
import { sys } from "../../native/syscalls.ffi.ts";
import { O } from "../file/open-flags.ts";
import { forgetFilesystems, pathOfFd, statFd } from "../file/stat.ts";

/** A view; shared by all tasks that have it. */
export interface View {
  /** Same root directory and mount namespace as the agent: its absolute paths are ours. */
  readonly sameRoot: boolean;
  readonly sameUserNamespace: boolean;
  readonly samePidNamespace: boolean;
  /** Same network and IPC namespaces: /proc/sys shows the same settings. */
  readonly sameSettings: boolean;
  /** Descriptor (O_PATH) of the root when it is another; -1 otherwise, or when it can not be opened. */
  readonly rootFd: number;
  /** The root as the agent names it, without a trailing slash: "" for "/". */
  readonly prefix: string;
}

/** Views that are kept although nobody may use them any more. */
const MAX_KEPT = 64;

interface Facts {
  readonly root: string;
  readonly namespaces: readonly string[];
}

const KINDS = ["mnt", "user", "pid", "net", "ipc"] as const;

/** Makes and remembers views. Everything that can change one (chroot, setns, unshare, pivot_root) starts a new epoch. */
export class Views {
  readonly #own: Facts;
  #epoch = 0;
  #unsettled = 0;
  readonly #known = new Map<string, View>();

  constructor() {
    // what this thread served before may have had the same numbers for other filesystems
    forgetFilesystems();
    this.#own = factsOf("thread-self");
  }

  /** Whether a view that was looked up in `epoch` is still right. */
  current(epoch: number): boolean {
    return this.#unsettled === 0 && epoch === this.#epoch;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** A change is about to happen in a held task: until `settle` nothing that is read is remembered. */
  unsettle(): void {
    this.invalidate();
    this.#unsettled++;
  }

  /** The task that was about to change is held again, or gone. */
  settle(): void {
    this.#unsettled--;
    this.invalidate();
  }

  /** All views are read again at their next use. */
  invalidate(): void {
    this.#epoch++;
    forgetFilesystems();
    if (this.#known.size <= MAX_KEPT) return;
    for (const view of this.#known.values()) if (view.rootFd >= 0) sys().close(view.rootFd);
    this.#known.clear();
  }

  of(tid: number): View {
    const facts = factsOf(tid);
    const key = `${facts.root} ${facts.namespaces.join(" ")}`;
    let view = this.#known.get(key);
    if (view === undefined) {
      view = this.#make(tid, facts);
      this.#known.set(key, view);
    }
    return view;
  }

  close(): void {
    for (const view of this.#known.values()) if (view.rootFd >= 0) sys().close(view.rootFd);
    this.#known.clear();
  }

  #make(tid: number, facts: Facts): View {
    const same = (kind: (typeof KINDS)[number]): boolean => {
      const index = KINDS.indexOf(kind);
      return facts.namespaces[index] === this.#own.namespaces[index];
    };
    const sameRoot = facts.root === this.#own.root && same("mnt");
    const rootFd = sameRoot ? -1 : openRoot(tid);
    return {
      sameRoot,
      sameUserNamespace: same("user"),
      samePidNamespace: same("pid"),
      sameSettings: same("net") && same("ipc"),
      rootFd,
      prefix: rootFd < 0 ? "" : pathOfFd(rootFd).replace(/\/$/, ""),
    };
  }
}

function factsOf(task: number | "thread-self"): Facts {
  return { root: rootKey(task), namespaces: KINDS.map((kind) => namespaceOf(task, kind)) };
}

function openRoot(task: number | "thread-self"): number {
  const path = Buffer.from(`/proc/${task}/root\0`, "latin1");
  return sys().open(path, O.PATH | O.DIRECTORY | O.CLOEXEC, 0);
}

/** The same directory can be mounted twice: as roots they differ. */
function rootKey(task: number | "thread-self"): string {
  const fd = openRoot(task);
  if (fd < 0) return "?";
  const stat = statFd(fd);
  sys().close(fd);
  return stat === undefined ? "?" : `${stat.key}@${stat.mntId}`;
}

function namespaceOf(task: number | "thread-self", kind: string): string {
  try {
    return readlinkSync(`/proc/${task}/ns/${kind}`);
  } catch {
    return "?";
  }
}
