// SPDX-License-Identifier: Apache-2.0
// Derives the floor of a sealed model: which files and directories may be read by the whole workload, without asking, because some
// program of the model reads them; and which behaviours nobody sees any more because of that. Refuses what would be too much.
import type { FileId } from "../../event/cell/file.ts";
import type { Behaviour, Disclosed } from "../disclosed/disclose.ts";
import { isDirectory, Places, type Place } from "../disclosed/places.ts";
import { secretOf, wideness } from "../disclosed/secrets.ts";
import type { FloorPath } from "../../sensor/seccomp/index.ts";

const O_ACCMODE = 3;
const O_WRONLY = 1;
/** O_CREAT, O_TRUNC */
const CHANGING = 0x40 | 0x200;
const FMODE_EXEC = 0x20;

/** Hooks after which paths mean something else, or which Landlock forbids as a whole. */
const FORBIDDEN_HOOKS: ReadonlySet<string> = new Set([
  "sb_mount",
  "sb_umount",
  "sb_remount",
  "sb_pivotroot",
  "move_mount",
  "path_chroot",
]);
const FORBIDDEN_CALLS: ReadonlySet<string> = new Set([
  "setns",
  "open_tree",
  "open_tree_attr",
  "fsmount",
  "fspick",
  "fsconfig",
  "mount_setattr",
  "open_by_handle_at",
]);
const CLONE_NEWNS = 0x20000n;

/** What a floored run starts with. */
export interface FloorPlan {
  readonly paths: readonly FloorPath[];
  /** Coefficients of the behaviours that are not held any more. */
  readonly unseen: ReadonlySet<string>;
  /** Directories that stand for what the model tells apart. */
  readonly widened: readonly Place[];
}

/** Why a model can have no floor, one sentence each. */
export interface FloorRefusal {
  readonly reasons: readonly string[];
}

/** @param allowed paths that somebody has said yes to: they, and what is below them, are not refused */
export function deriveFloor(
  { behaviours, untold }: Disclosed,
  allowed: readonly string[],
): FloorPlan | FloorRefusal {
  const reasons = new Set<string>();
  if (untold.length > 0) {
    reasons.add(
      `${untold.length} of its behaviours have no record, so what they read is not known`,
    );
  }
  for (const behaviour of behaviours) {
    const reason = forbidden(behaviour);
    if (reason !== undefined) reasons.add(reason);
  }
  const reads = new Reads(behaviours, allowed);
  for (const reason of reads.reasons) reasons.add(reason);
  if (reasons.size > 0) return { reasons: [...reasons].sort() };
  return { paths: reads.paths(), unseen: reads.unseen, widened: reads.widened() };
}

function forbidden({ event }: Behaviour): string | undefined {
  if (FORBIDDEN_HOOKS.has(event.hook))
    return `it does ${event.hook}, after which paths mean something else`;
  if (event.hook !== "syscall") return undefined;
  const { syscall } = event;
  const mounts =
    (syscall === "unshare" || syscall === "clone") &&
    ((event.cell.args[0] ?? 0n) & CLONE_NEWNS) !== 0n;
  return mounts || FORBIDDEN_CALLS.has(syscall)
    ? `it calls ${syscall}, after which paths mean something else, or files have none`
    : undefined;
}

/** Only reads: not held under a floor. */
function onlyReads({ flags }: FileId): boolean {
  return (flags & (O_ACCMODE | CHANGING | FMODE_EXEC)) === 0;
}

/** Everything that the kernel opens for reading in the name of the workload. */
class Reads {
  readonly reasons: string[] = [];
  readonly unseen: Set<string> = new Set();
  /** Names as recorded. */
  readonly #read: Set<string> = new Set();
  readonly #uses: Map<string, Set<FloorPath["use"]>> = new Map();
  readonly #widened: Map<string, Place> = new Map();
  readonly #places: Places;
  readonly #allowed: readonly string[];
  /**
   * Somebody has capabilities. Without any, what /proc gives to everybody is no secret: Landlock itself closes the insides of
   * processes that are not the workload's.
   */
  readonly #privileged: boolean;

  constructor(behaviours: readonly Behaviour[], allowed: readonly string[]) {
    this.#places = new Places(behaviours);
    this.#allowed = allowed.map((path) => path.replace(/(.)\/+$/, "$1"));
    this.#privileged = behaviours.some(({ event }) => event.coe.capeff !== 0n);
    for (const behaviour of behaviours) this.#note(behaviour);
    for (const behaviour of behaviours) this.#moved(behaviour);
  }

  paths(): FloorPath[] {
    const below = [...this.#uses].flatMap(([path, uses]) => (uses.has("below") ? [path] : []));
    const found: FloorPath[] = [];
    for (const [path, uses] of this.#uses) {
      if (below.some((directory) => directory !== path && isBelow(path, directory))) continue;
      if (uses.has("below")) found.push({ path, use: "below" });
      else for (const use of uses) found.push({ path, use });
    }
    return found.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  }

  widened(): Place[] {
    return [...this.#widened.values()];
  }

  #note({ coefficient, event, mapped }: Behaviour): void {
    if (event.hook !== "file_open" || mapped.hook !== "file_open") return;
    const { file } = event.cell;
    if (onlyReads(file)) this.unseen.add(coefficient);
    if ((file.flags & O_ACCMODE) === O_WRONLY) return;
    const place = this.#places.of(file.path, mapped.cell.file.path);
    if (place === undefined) return;
    this.#read.add(file.path.pathname);
    this.#allow(place, isDirectory(file.inode.mode) ? "listing" : "file", file.inode.mode);
  }

  /** What is read under its new name has to be allowed under the one that it has at the start. */
  #moved({ event, mapped }: Behaviour): void {
    if (event.hook !== "inode_rename" && event.hook !== "inode_link") return;
    if (mapped.hook !== event.hook) return;
    const { oldDentry, newDentry } = event.cell;
    const name = newDentry.path.pathname;
    const mode = oldDentry.inode?.mode ?? 0;
    const below = isDirectory(mode);
    if (!this.#read.has(name) && !(below && this.#readsBelow(name))) return;
    const place = this.#places.of(oldDentry.path, mapped.cell.oldDentry.path);
    if (place !== undefined) this.#allow(place, below ? "below" : "file", mode);
  }

  #readsBelow(directory: string): boolean {
    for (const path of this.#read) if (isBelow(path, directory)) return true;
    return false;
  }

  #allow(place: Place, exact: FloorPath["use"], mode: number): void {
    const { path, widened } = place;
    const use = widened === undefined ? exact : "below";
    this.#refuse(path, use, mode);
    if (widened !== undefined) this.#widened.set(path, place);
    const uses = this.#uses.get(path) ?? new Set();
    this.#uses.set(path, uses.add(use));
  }

  #refuse(path: string, use: FloorPath["use"], mode: number): void {
    if (use === "listing" || this.#allowed.some((allowed) => isBelow(path, allowed))) return;
    if (path === "/proc" && !this.#privileged) return;
    const why = use === "below" ? wideness(path) : secretOf(path, mode);
    if (why === undefined) return;
    const what = use === "below" ? `everything below ${path}` : path;
    const reason = `all its programs could read ${what}: ${why} (--floor-allow ${path} says that they may)`;
    if (!this.reasons.includes(reason)) this.reasons.push(reason);
  }
}

function isBelow(path: string, directory: string): boolean {
  return (
    path === directory || path.startsWith(directory.endsWith("/") ? directory : `${directory}/`)
  );
}
