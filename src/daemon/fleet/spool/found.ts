// SPDX-License-Identifier: Apache-2.0
// What an earlier daemon has left of a spool, put together from its state and the heads of the parcels that the state does not know yet.
import type { SpoolDisk } from "./disk.ts";
import {
  headOf,
  type ParcelHead,
  type ParcelPlace,
  placeOf,
  readState,
  STATE_FILE,
  type Tally,
  type Weight,
} from "./files.ts";

/** A parcel that is there. */
export interface Kept {
  readonly weight: Weight;
  readonly bytes: number;
}

export interface Found {
  /** undefined: there was no spool. */
  readonly epoch: string | undefined;
  next: number;
  bytes: number;
  /** In the order of their numbers. */
  readonly kept: Map<number, Kept>;
  readonly marks: Map<string, unknown>;
  readonly dropped: Map<string, number>;
  /** Files of committed parcels. */
  readonly done: string[];
  /** Heads of dropped parcels. */
  readonly gone: Map<number, string>;
}

interface FoundFile extends ParcelPlace {
  readonly name: string;
  readonly bytes: number;
}

/** @throws FleetError NOT_WRITABLE: what is there can not be read */
export function foundOn(disk: SpoolDisk): Found {
  const text = disk.read(STATE_FILE);
  const state = text === undefined ? undefined : readState(text);
  const found: Found = {
    epoch: state?.epoch,
    next: state?.next ?? 1,
    bytes: 0,
    kept: new Map(),
    marks: new Map(Object.entries(state?.marks ?? {})),
    dropped: new Map(Object.entries(state?.dropped ?? {})),
    done: [],
    gone: new Map(),
  };
  const counted = new Set(state?.gone ?? []);
  for (const file of filesOn(disk)) {
    const uncounted = file.left === "gone" && !counted.has(file.seq);
    if (file.seq >= found.next || uncounted) recover(disk, file, found);
    put(file, found);
  }
  return found;
}

/** In the order of their numbers. */
function filesOn(disk: SpoolDisk): readonly FoundFile[] {
  const files = disk.list().flatMap(({ name, bytes }) => {
    const place = placeOf(name);
    return place === undefined ? [] : [{ ...place, name, bytes }];
  });
  return files.sort((a, b) => a.seq - b.seq);
}

function put({ seq, weight, left, name, bytes }: FoundFile, found: Found): void {
  if (left === "gone") found.gone.set(seq, name);
  else if (left === "done") found.done.push(name);
  else {
    found.kept.set(seq, { weight, bytes });
    found.bytes += bytes;
  }
}

/** What the state on the disk does not know yet. */
function recover(disk: SpoolDisk, { name, seq, left }: FoundFile, found: Found): void {
  const file = disk.read(name);
  if (file === undefined) return;
  const { kinds, marks } = headOf(file);
  if (left === "gone") addTally(found.dropped, kinds);
  if (seq < found.next) return;
  found.next = seq + 1;
  applyMarks(found.marks, marks);
}

export function addTally(sum: Map<string, number>, kinds: Tally): void {
  for (const [kind, count] of Object.entries(kinds)) sum.set(kind, (sum.get(kind) ?? 0) + count);
}

/** null: forgotten. */
export function applyMarks(all: Map<string, unknown>, marks: ParcelHead["marks"]): void {
  for (const [key, value] of Object.entries(marks)) {
    if (value === null) all.delete(key);
    else all.set(key, value);
  }
}
