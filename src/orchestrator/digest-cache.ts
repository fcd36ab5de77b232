// SPDX-License-Identifier: Apache-2.0
// Digests of large programs, kept between runs: hashing the 99 MB of a Node binary takes 80 ms, more than all the rest of a start.
// Only for files that nobody but root can change (the sensor sees to that), and only until the next boot.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { MAX_KEPT_DIGESTS } from "./limits.ts";
import { writeAtomic } from "./state-dir.ts";

const OTHERS_MAY_WRITE = 0o022;
const HEX = /^[0-9a-f]{64,128}$/;

interface CacheFile {
  readonly boot: string;
  readonly digests: Readonly<Record<string, string>>;
}

/** Digests by content key. Empty when there are none, when they are from another boot, or when others could have written them. */
export function loadDigests(stateRoot: string, algorithm: string): Map<string, string> {
  const path = pathOf(stateRoot, algorithm);
  try {
    const { uid, mode } = statSync(path);
    if (uid !== process.getuid?.() || (mode & OTHERS_MAY_WRITE) !== 0) return new Map();
    const { boot, digests } = JSON.parse(readFileSync(path, "utf8")) as CacheFile;
    if (boot !== bootId()) return new Map();
    return new Map(Object.entries(digests).filter(([, digest]) => HEX.test(digest)));
  } catch {
    return new Map(); // a cache that can not be read only costs time
  }
}

/** Keeps digests for later runs. A failure is not worth a word: they are only computed again. */
export function saveDigests(
  stateRoot: string,
  algorithm: string,
  digests: ReadonlyMap<string, string>,
): void {
  const kept = [...digests].slice(-MAX_KEPT_DIGESTS);
  try {
    const file: CacheFile = { boot: bootId(), digests: Object.fromEntries(kept) };
    writeAtomic(pathOf(stateRoot, algorithm), JSON.stringify(file));
  } catch {
    // no room, or no right: the next run hashes again
  }
}

function pathOf(stateRoot: string, algorithm: string): string {
  return join(stateRoot, `.digests-${algorithm}.json`);
}

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
}
