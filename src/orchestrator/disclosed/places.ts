// SPDX-License-Identifier: Apache-2.0
// Where in the filesystem a behaviour takes place, for rules that know only paths: a file, or a directory where the model itself
// knows no single name (files that the workload makes, templates, temporary directories).
import { posix } from "node:path";
import type { PathId } from "../../event/cell/file.ts";
import type { SecurityEvent } from "../../event/index.ts";
import type { Behaviour } from "./disclose.ts";

/** Why a directory stands where the model has something narrower. */
export type Widening = "created by the workload" | "template" | "process directory";

export interface Place {
  readonly path: string;
  /** Everything below `path`, and why; undefined: just this object. */
  readonly widened?: Widening;
}

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
/** A component of its own in front of the first one that is not literal: no real path has it. */
const HOLE = "//";
const PROCESS = /^\/proc\/(?:self|thread-self|\{pid\}|[0-9]+)(?:\/|$)/;
const DELETED = / \(deleted\)$/;

export function isDirectory(mode: number): boolean {
  return (mode & S_IFMT) === S_IFDIR;
}

/** Finds places; knows which directories the workload made itself, because those need not be there the next time. */
export class Places {
  readonly #made = new Set<string>();

  constructor(behaviours: readonly Behaviour[]) {
    for (const { event } of behaviours) {
      const made = madeDirectory(event);
      if (made !== undefined) this.#made.add(made);
    }
  }

  /**
   * @param path as recorded
   * @param mapped as the rules of the model leave it
   * @returns undefined: not in the filesystem (pipes, sockets, memory)
   */
  of(path: PathId, mapped: PathId): Place | undefined {
    if (!path.pathname.startsWith("/") || path.pathname.startsWith("/memfd:")) return undefined;
    if (PROCESS.test(mapped.pathname)) return { path: "/proc", widened: "process directory" };
    const hole = mapped.pathname.indexOf(HOLE);
    if (hole >= 0) return { path: literal(mapped.pathname.slice(0, hole)), widened: "template" };
    const pathname = path.pathname.replace(DELETED, "");
    if (path.owner === undefined && !this.#belowMade(pathname)) return { path: pathname };
    return { path: this.#lasting(posix.dirname(pathname)), widened: "created by the workload" };
  }

  /** The directory in which a name is made, moved or removed. */
  parent(path: PathId, mapped: PathId): Place | undefined {
    const place = this.of(path, mapped);
    if (place === undefined || place.widened !== undefined) return place;
    return { path: this.#lasting(posix.dirname(place.path)) };
  }

  #belowMade(pathname: string): boolean {
    return this.#lasting(pathname) !== pathname;
  }

  /** The nearest directory that the workload did not make. */
  #lasting(directory: string): string {
    let outermost = directory;
    for (let at = directory; at !== "/"; at = posix.dirname(at)) {
      if (this.#made.has(at)) outermost = posix.dirname(at);
    }
    return outermost;
  }
}

function madeDirectory(event: SecurityEvent): string | undefined {
  if (event.hook === "inode_mkdir") return event.cell.dentry.path.pathname;
  if (event.hook !== "inode_rename") return undefined;
  const { oldDentry, newDentry } = event.cell;
  return isDirectory(oldDentry.inode?.mode ?? 0) ? newDentry.path.pathname : undefined;
}

/** Braces are doubled in templates. */
function literal(path: string): string {
  return path === "" ? "/" : path.replaceAll("{{", "{");
}
