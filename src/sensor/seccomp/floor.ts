// SPDX-License-Identifier: Apache-2.0
// A floor: Landlock guards reading in the kernel, so opens that can only read need not be held. Here are the ruleset that
// the launcher puts the workload under, and the table of what is still held above it. docs/floor.md says what that costs.
import { posix } from "node:path";
import { encodePath } from "../../base/path-text.ts";
import {
  allowBeneath,
  createRuleset,
  LANDLOCK_FS,
  landlockAbi,
} from "../../native/landlock.ffi.ts";
import { sys } from "../../native/syscalls.ffi.ts";
import { O } from "../file/open-flags.ts";
import { FileType, FsMagic, filesystemOf, pathOfFd, statFd } from "../file/stat.ts";
import type { SyscallRule } from "./rule.ts";
import { TABLE } from "./table.ts";

/** Below it renames between directories are refused whatever a ruleset says. */
export const FLOOR_ABI = 2;
/** Name of the floor among the features of a run. */
export const FLOOR_FEATURE = "floor-landlock";

/** Flags with which an open is more than reading: writing, creating, truncating, a file without a name. */
const CHANGING = O.ACCMODE | O.CREAT | O.TRUNC | O.TMPFILE;

/** The table above a floor. openat2 has its flags in memory that others may rewrite, so it stays as it is. */
export function floorTable(): readonly SyscallRule[] {
  return TABLE.map((rule) => {
    const { flags } = rule.at;
    if (rule.handler !== "open" || rule.variant !== undefined || flags === undefined) return rule;
    return { ...rule, when: [...(rule.when ?? []), { arg: flags, anyBit: CHANGING }] };
  });
}

/** Something that may be read: this file, the names in this directory and below it, or everything below this directory. */
export interface FloorPath {
  readonly path: string;
  readonly use: "file" | "listing" | "below";
}

/** A ruleset and what it could not be given. */
export interface Floor {
  readonly rulesetFd: number;
  readonly abi: number;
  /** Paths that are not there, or are not what they were; nothing of them can be read. */
  readonly missing: readonly string[];
  /** To be called when the workload is gone. */
  close(): void;
}

const RIGHTS: Readonly<Record<FloorPath["use"], number>> = {
  file: LANDLOCK_FS.readFile,
  listing: LANDLOCK_FS.readDir,
  below: LANDLOCK_FS.readFile | LANDLOCK_FS.readDir,
};

/**
 * Makes the ruleset. Rules hold on to the object that a path leads to now; a file that replaces it later is not covered.
 * @throws NativeError when the kernel refuses it
 */
export function createFloor(paths: readonly FloorPath[]): Floor {
  const { readFile, readDir, refer } = LANDLOCK_FS;
  const rulesetFd = createRuleset(readFile | readDir | refer);
  const pins: number[] = [];
  const missing = new Set<string>();
  const close = (): void => {
    for (const fd of [rulesetFd, ...pins.splice(0)]) sys().close(fd);
  };
  try {
    allow(rulesetFd, { path: "/", rights: refer, pins });
    for (const { path, use } of paths) {
      if (!allow(rulesetFd, { path, use, rights: RIGHTS[use], pins })) missing.add(path);
    }
  } catch (error) {
    close();
    throw error;
  }
  return { rulesetFd, abi: landlockAbi(), missing: [...missing], close };
}

interface Allowed {
  readonly path: string;
  readonly use?: FloorPath["use"];
  readonly rights: number;
  readonly pins: number[];
}

function allow(rulesetFd: number, { path, use, rights, pins }: Allowed): boolean {
  const name = Buffer.concat([encodePath(path), Buffer.from([0])]);
  const fd = sys().open(name, O.PATH | O.NOFOLLOW | O.CLOEXEC, 0);
  if (fd < 0) return false;
  let pinned = false;
  try {
    const stat = statFd(fd);
    if (stat === undefined || !isAsRecorded(path, fd, { stat, use })) return false;
    allowBeneath(rulesetFd, fd, rights);
    // inodes of /proc are made anew when nobody holds them, and then no rule knows them
    pinned = filesystemOf(fd, stat).magic === FsMagic.proc;
    if (pinned) pins.push(fd);
    return true;
  } finally {
    if (!pinned) sys().close(fd);
  }
}

/** A file must not have become a directory, whose rule would cover all below it, nor may a symlink lead elsewhere now. */
function isAsRecorded(
  path: string,
  fd: number,
  { stat, use }: { readonly stat: { readonly type: number }; readonly use: Allowed["use"] },
): boolean {
  const directory = stat.type === FileType.directory;
  if (directory === (use === "file") || stat.type === FileType.symlink) return false;
  return pathOfFd(fd) === posix.normalize(path);
}
