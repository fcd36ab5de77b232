// SPDX-License-Identifier: Apache-2.0
// Users and groups of a container that has a user namespace: in events they have the numbers that they have inside, so that a model does
// not depend on the range of the host that the container was given.
import type { Coe } from "../../event/coe.ts";
import { readProc } from "./proc.ts";

/** The id of what has none inside (/proc/sys/kernel/overflowuid). */
const OVERFLOW = 65_534;

interface Range {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** From our numbers to those of a user namespace. */
export class IdMap {
  readonly #users: readonly Range[];
  readonly #groups: readonly Range[];
  /** One process after the other has the same credentials. */
  #last: { readonly from: Coe; readonly to: Coe } | undefined;

  constructor(users: readonly Range[], groups: readonly Range[]) {
    this.#users = users;
    this.#groups = groups;
  }

  uid(id: number): number {
    return translated(this.#users, id);
  }

  gid(id: number): number {
    return translated(this.#groups, id);
  }

  coe(from: Coe): Coe {
    if (this.#last?.from === from) return this.#last.to;
    const to: Coe = {
      uid: this.uid(from.uid),
      euid: this.uid(from.euid),
      suid: this.uid(from.suid),
      gid: this.gid(from.gid),
      egid: this.gid(from.egid),
      sgid: this.gid(from.sgid),
      fsuid: this.uid(from.fsuid),
      fsgid: this.gid(from.fsgid),
      capeff: from.capeff,
    };
    this.#last = { from, to };
    return to;
  }
}

function translated(ranges: readonly Range[], id: number): number {
  const range = ranges.find(({ outside, count }) => id >= outside && id - outside < count);
  return range === undefined ? OVERFLOW : id - range.outside + range.inside;
}

/** The map of a process's user namespace; undefined when its numbers are ours, or can not be read. */
export function idMapOf(pid: number): IdMap | undefined {
  const users = readProc(`/proc/${pid}/uid_map`);
  const groups = readProc(`/proc/${pid}/gid_map`);
  return users === undefined || groups === undefined ? undefined : idMap(users, groups);
}

/** @param users text of uid_map, @param groups of gid_map (user_namespaces(7)) */
export function idMap(users: string, groups: string): IdMap | undefined {
  const [userRanges, groupRanges] = [rangesOf(users), rangesOf(groups)];
  // no map yet: nobody has a number inside, and nothing could be said
  if (userRanges.length === 0 || groupRanges.length === 0) return undefined;
  const same = [...userRanges, ...groupRanges].every(({ inside, outside }) => inside === outside);
  return same ? undefined : new IdMap(userRanges, groupRanges);
}

function rangesOf(text: string): Range[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([inside, outside, count]) =>
      inside === undefined || outside === undefined || count === undefined
        ? []
        : [{ inside, outside, count }],
    );
}
