// SPDX-License-Identifier: Apache-2.0
// The folders in which BPF programs, links and maps are kept beyond the life of a process, and the lock for changing them.
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  statfsSync,
  unlinkSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { quote } from "../../base/quote.ts";
import { lazyUnmount, mountFilesystem } from "../../native/mount.ffi.ts";
import { tryLock } from "../../native/process.ffi.ts";
import { BpfSensorError } from "./errors.ts";
import { LOCK_DEADLINE_MS, LOCK_RETRY_MS } from "./limits.ts";

const BPF_FS_MAGIC = 0xcafe4a11;
const BPFFS = "/sys/fs/bpf";

/** Where Galgo keeps things, and the file that is locked while they change. */
export interface BpfPlace {
  /** A folder on a BPF file system; made when it is not there. */
  readonly folder: string;
  readonly lock: string;
}

export const DEFAULT_PLACE: BpfPlace = { folder: `${BPFFS}/galgo`, lock: "/run/galgo-bpf.lock" };

/**
 * Makes the folder. Where no BPF file system is mounted at its usual place, mounts it, as systemd does at boot.
 * @throws BpfSensorError NO_BPFFS
 */
export function makePlace(folder: string): void {
  try {
    if (folder.startsWith(`${BPFFS}/`) && !isBpffs(BPFFS)) mountFilesystem("bpf", BPFFS);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw noBpffs(folder, cause);
  }
  if (!isBpffs(folder)) throw noBpffs(folder, undefined);
}

/**
 * Whether programs could be pinned: makes a folder and removes it again.
 * @returns false when the BPF file system had to be mounted for that; it is unmounted again
 * @throws BpfSensorError NO_BPFFS
 */
export function tryPlace(): boolean {
  const mounted = isBpffs(BPFFS);
  const folder = `${BPFFS}/galgo-try-${process.pid}`;
  makePlace(folder);
  rmdirSync(folder);
  if (!mounted) lazyUnmount(BPFFS);
  return mounted;
}

function isBpffs(folder: string): boolean {
  return statfsSync(folder).type === BPF_FS_MAGIC;
}

function noBpffs(folder: string, cause: unknown): BpfSensorError {
  const why = cause instanceof Error ? `: ${cause.message}` : "";
  return new BpfSensorError(
    "NO_BPFFS",
    `${quote(folder)} is on no BPF file system${why}; as root: mount -t bpf bpf ${BPFFS}`,
    { cause },
  );
}

/** Removes a folder with what is pinned in it. Links first: their programs stop before anything that they use is gone. */
export function removePins(folder: string): void {
  if (!existsSync(folder)) return;
  const entries = readdirSync(folder, { withFileTypes: true });
  entries.sort((a, b) => Number(b.name === "links") - Number(a.name === "links"));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) removePins(path);
    else unlinkSync(path);
  }
  rmdirSync(folder);
}

/**
 * Does `work` while no other process does anything here. A process that dies lets go of the lock.
 * @throws BpfSensorError NO_LOCK, BUSY
 */
export async function locked<T>(path: string, work: () => T): Promise<T> {
  const fd = openLock(path);
  try {
    for (const until = performance.now() + LOCK_DEADLINE_MS; !tryLock(fd); ) {
      if (performance.now() > until) {
        throw new BpfSensorError(
          "BUSY",
          `another process has held ${quote(path)} for ${LOCK_DEADLINE_MS / 1000} seconds: see who with fuser ${path}`,
        );
      }
      await setTimeout(LOCK_RETRY_MS);
    }
    return work();
  } finally {
    closeSync(fd);
  }
}

function openLock(path: string): number {
  try {
    return openSync(path, "a", 0o600);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BpfSensorError("NO_LOCK", `can not open the lock of the bpf sensor: ${why}`, {
      cause,
    });
  }
}
