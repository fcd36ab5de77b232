// SPDX-License-Identifier: Apache-2.0
// A cgroup (version 2) for a workload: the kernel kills everything in it at once, forks that are under way included.
// Made below Galgo's own group, wherever that is mounted; an ordinary user has one only where it was delegated to him.
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { quote } from "../base/quote.ts";
import { tryLock } from "../native/process.ffi.ts";
import type { WorkloadGroup } from "../sensor/seccomp/launch-types.ts";
import { ownCgroup } from "./cgroup-mount.ts";

const PREFIX = "galgo-";
/** So that nobody's own group, a container's named "galgo-db-7" say, is taken for what a dead Galgo left. */
const SUFFIX = ".workload";
const MAX_NAME = 64;
/** How many groups one Galgo may have at a time under one name. */
const MAX_SAME_NAME = 1000;
const FREEZE_PASSES = 100;
const REMOVE_FIRST_PAUSE_MS = 1;
const REMOVE_MAX_PAUSE_MS = 50;
const REMOVE_DEADLINE_MS = 10_000;

/** A cgroup of ours. */
export interface CgroupHandle extends WorkloadGroup {
  readonly path: string;
  /** Pids in this group, not in groups below it. */
  procs(): number[];
  /** Stops every process in the group (asynchronously), until `thaw`. */
  freeze(): void;
  thaw(): void;
  /**
   * Removes the group, with groups that the workload made in it, as soon as no process is left. The handle is closed then.
   * @returns false when it was still populated after ten seconds; the next start of Galgo tries again
   */
  remove(): Promise<boolean>;
}

/** Why there is no cgroup, in words. */
export interface NoCgroup {
  readonly unavailable: string;
}

/**
 * Makes the group `galgo-<name>-<pid>.workload` below the one that this process is in, after removing what dead Galgos left there.
 * @param name any text; what a cgroup name should not hold is replaced
 * @param beside a process (in our cgroup namespace) below whose group it is made instead
 */
export function createCgroup(
  name: string,
  beside: number | "self" = "self",
): CgroupHandle | NoCgroup {
  const own = ownCgroup(beside);
  if ("unavailable" in own) return own;
  removeStale(own.path);
  const base = `${PREFIX}${plain(name)}-${process.pid}`;
  for (let i = 0; i < MAX_SAME_NAME; i++) {
    const path = join(own.path, `${i === 0 ? base : `${base}.${i}`}${SUFFIX}`);
    try {
      mkdirSync(path);
    } catch (error) {
      if (codeOf(error) === "EEXIST") continue;
      return { unavailable: refusal("make a cgroup in", own.path, error) };
    }
    return opened(path);
  }
  return { unavailable: `there are ${MAX_SAME_NAME} groups named ${base} already` };
}

function plain(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]/g, "_").slice(0, MAX_NAME);
}

function opened(path: string): CgroupHandle | NoCgroup {
  try {
    // a group that no process can join would only look like one
    if (readFileSync(join(path, "cgroup.type"), "utf8").trim() !== "domain") {
      rmdirSync(path);
      return {
        unavailable: `processes can not join a cgroup in ${quote(path)}: its parent is threaded`,
      };
    }
    const directoryFd = openSync(path, "r");
    // held while this process lives, in whatever pid namespace another Galgo looks at it
    tryLock(directoryFd);
    return new Cgroup(path, directoryFd);
  } catch (error) {
    return { unavailable: refusal("use the cgroup", path, error) };
  }
}

class Cgroup implements CgroupHandle {
  readonly path: string;
  readonly directoryFd: number;
  #removed = false;

  constructor(path: string, directoryFd: number) {
    this.path = path;
    this.directoryFd = directoryFd;
  }

  add(pid: number): void {
    try {
      writeFileSync(join(this.path, "cgroup.procs"), String(pid));
    } catch (error) {
      throw new Error(refusal(`move process ${pid} into the cgroup`, this.path, error), {
        cause: error,
      });
    }
  }

  kill(): void {
    killGroup(this.path);
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

  async remove(): Promise<boolean> {
    if (this.#removed) return true;
    const deadline = performance.now() + REMOVE_DEADLINE_MS;
    let wait = REMOVE_FIRST_PAUSE_MS;
    while (!removeTree(this.path)) {
      if (performance.now() > deadline) return false;
      await pause(wait);
      wait = Math.min(2 * wait, REMOVE_MAX_PAUSE_MS);
    }
    this.#removed = true;
    closeSync(this.directoryFd);
    return true;
  }
}

// --- files of a group -------------------------------------------------------------------------------------------------

export function procsOf(path: string): number[] {
  try {
    return readFileSync(join(path, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
  } catch {
    return []; // removed, or of a kind without processes
  }
}

function groupsBelow(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(path, entry.name));
  } catch {
    return [];
  }
}

/** Kills everything in a group and in groups below it. Nothing happens when it is gone. */
function killGroup(path: string): void {
  try {
    writeFileSync(join(path, "cgroup.kill"), "1", { flag: "r+" });
    return;
  } catch (error) {
    if (codeOf(error) !== "ENOENT") return;
  }
  killByFreezing(path);
}

/** The same for Linux < 5.14, which has no cgroup.kill: frozen processes can not fork, and SIGKILL works on them. */
export function killByFreezing(path: string): void {
  const freezer = join(path, "cgroup.freeze");
  tryWrite(freezer, "1");
  // the freeze takes hold little by little: pass until nothing new is found
  const killed = new Set<number>();
  for (let pass = 0; pass < FREEZE_PASSES; pass++) {
    const fresh = [path, ...allBelow(path)].flatMap(procsOf).filter((pid) => !killed.has(pid));
    if (fresh.length === 0) break;
    for (const pid of fresh) {
      killed.add(pid);
      tryKill(pid);
    }
  }
  tryWrite(freezer, "0");
}

/** Groups below a group, at every depth. */
export function allBelow(path: string): string[] {
  return groupsBelow(path).flatMap((group) => [group, ...allBelow(group)]);
}

function tryWrite(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: "r+" });
  } catch {
    // the group is gone
  }
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // ended by itself
  }
}

/** @returns whether the group is gone */
function removeTree(path: string): boolean {
  for (const group of groupsBelow(path)) removeTree(group);
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    return codeOf(error) === "ENOENT";
  }
}

// --- what dead Galgos left --------------------------------------------------------------------------------------------

/** Kills and removes groups of Galgos that are no more: killed together with their guards, or by a power of that kind. */
function removeStale(parent: string): void {
  for (const path of groupsBelow(parent)) {
    const pid = /\/galgo-[^/]*-(\d+)(?:\.\d+)?\.workload$/.exec(path)?.[1];
    if (pid === undefined || isAlive(Number(pid)) || !isUnlocked(path)) continue;
    if (!removeTree(path)) {
      killGroup(path);
      removeTree(path); // what is still dying now goes at the next start
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== "ESRCH";
  }
}

/** False while a Galgo lives whose pid means nothing here, because it is in another pid namespace. */
function isUnlocked(path: string): boolean {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch {
    return false;
  }
  const unlocked = tryLock(fd);
  closeSync(fd);
  return unlocked;
}

function refusal(action: string, path: string, error: unknown): string {
  const code = codeOf(error) ?? String(error);
  const hint =
    code === "EACCES" || code === "EPERM" || code === "EROFS" ? " (not delegated to us)" : "";
  return `can not ${action} ${quote(path)}: ${code}${hint}`;
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
