// SPDX-License-Identifier: Apache-2.0
// Stopping all processes of a cgroup where they are (cgroup.freeze, Linux 5.2), and knowing when they have stopped.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { quote } from "../../base/quote.ts";

/** A task that waits for an answer of Galgo's stops when it has it. */
const TAKES_HOLD_MS = 2_000;
const LOOK_MS = 1;

/** Stops them. @returns whether all of them had stopped within two seconds @throws Error of the file system */
export async function freezeGroup(path: string): Promise<boolean> {
  return set(path, "1");
}

/** Lets them go on. @returns whether all of them went on within two seconds @throws Error of the file system */
export async function thawGroup(path: string): Promise<boolean> {
  return set(path, "0");
}

/** Why this group can not be frozen; found by trying, on a group without processes. */
export function noFreezer(path: string): string | undefined {
  try {
    writeFileSync(join(path, "cgroup.freeze"), "1", { flag: "r+" });
    const frozen = isFrozen(path);
    writeFileSync(join(path, "cgroup.freeze"), "0", { flag: "r+" });
    if (frozen !== undefined) return undefined;
    return `${quote(path)} does not tell whether it is frozen`;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    return `can not freeze the cgroup ${quote(path)} (${code})`;
  }
}

async function set(path: string, value: "0" | "1"): Promise<boolean> {
  writeFileSync(join(path, "cgroup.freeze"), value, { flag: "r+" });
  const wanted = value === "1";
  const end = performance.now() + TAKES_HOLD_MS;
  while (isFrozen(path) !== wanted) {
    if (performance.now() > end) return false;
    await pause(LOOK_MS);
  }
  return true;
}

/** undefined: the kernel does not tell. */
function isFrozen(path: string): boolean | undefined {
  const found = /^frozen ([01])$/m.exec(readFileSync(join(path, "cgroup.events"), "utf8"));
  return found === null ? undefined : found[1] === "1";
}
