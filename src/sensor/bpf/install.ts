// SPDX-License-Identifier: Apache-2.0
// One set of programs in the kernel for all namespaces of the machine. The first one who needs it loads it, others find it
// pinned, the last one to leave removes it. Each namespace has a slot in its maps.
import { existsSync, mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { openPinned } from "../../native/bpf-link.ffi.ts";
import { BpfMap } from "../../native/bpf-map.ffi.ts";
import { closeFd } from "../../native/tsem.ffi.ts";
import { type BpfPlace, DEFAULT_PLACE, locked, makePlace, removePins } from "./bpffs.ts";
import { BpfSensorError } from "./errors.ts";
import { NamespaceFlag } from "./layout.gen.ts";
import {
  addOwner,
  asDead,
  isAlive,
  removeOwner,
  restoreOwner,
  type SlotOwner,
  slotOwners,
} from "./owners.ts";
import { builtPrograms, loadPrograms, READY } from "./programs.ts";
import { clearSlot, flagsIn, newSerial, prepareSlot, serialIn, tasksIn } from "./namespace-slot.ts";

interface Claim {
  readonly owner: SlotOwner;
  readonly serial: number;
  /** Dead processes that had the slot. */
  readonly before?: readonly SlotOwner[];
}

/** The place of a namespace in the maps of the programs. `close` leaves it, and removes the programs after the last one. */
export class Installation {
  /** Folder of the pins. */
  readonly folder: string;
  readonly slot: number;
  /** Tells the namespace from all that had the slot before. */
  readonly serial: number;
  readonly #place: BpfPlace;
  readonly #owner: SlotOwner;
  readonly #maps = new Map<string, BpfMap>();
  #left = false;

  readonly #before: readonly SlotOwner[];

  constructor(place: BpfPlace, folder: string, claim: Claim) {
    this.#before = claim.before ?? [];
    this.#place = place;
    this.folder = folder;
    this.#owner = claim.owner;
    this.slot = claim.owner.slot;
    this.serial = claim.serial;
  }

  /** Names of the programs that are attached to hooks. */
  get attached(): readonly string[] {
    return readdirSync(join(this.folder, "links")).sort();
  }

  /** A map, opened once and closed by `close`. @throws BpfError CALL_FAILED (ENOENT: there is no such map) */
  map(name: string): BpfMap {
    let map = this.#maps.get(name);
    if (map === undefined) {
      map = BpfMap.open(join(this.folder, "maps", name));
      this.#maps.set(name, map);
    }
    return map;
  }

  /** Runs `work` with the descriptor of a program that is run on demand. */
  withProgram<T>(name: string, work: (fd: number) => T): T {
    const fd = openPinned(join(this.folder, "programs", name));
    try {
      return work(fd);
    } finally {
      closeFd(fd);
    }
  }

  /** Key with which the programs hash (four halves of 64-bit words). */
  get hashKey(): Uint32Array {
    const config = Buffer.alloc(this.map("galgo_config").info.valueBytes);
    this.map("galgo_config").get(0, config);
    return Uint32Array.from({ length: 4 }, (_, at) => config.readUInt32LE(4 * at));
  }

  /** Says where another agent finds what it would need to go on with the namespace: a folder. */
  leadTo(folder: string): void {
    const path = trailOf(this.folder, this);
    mkdirSync(join(this.folder, TRAILS), { recursive: true, mode: 0o700 });
    rmSync(path, { force: true });
    symlinkSync(folder, path);
  }

  /** Leaves the slot to the dead: the namespace stays as the kernel keeps it, and another agent may take it over. */
  async abandon(): Promise<void> {
    if (this.#left) return;
    this.#left = true;
    await locked(this.#place.lock, () => {
      for (const map of this.#maps.values()) map.close();
      const slots = join(this.folder, "slots");
      const before = this.#before.length > 0 ? this.#before : [asDead(this.#owner)];
      for (const dead of before) restoreOwner(slots, dead);
      removeOwner(slots, this.#owner);
    });
  }

  /** Leaves the slot: whoever still runs in the namespace is not modeled any more. */
  async close(): Promise<void> {
    if (this.#left) return;
    this.#left = true;
    await locked(this.#place.lock, () => {
      for (const map of this.#maps.values()) map.close();
      freeSlot(this.folder, this.#owner);
      removeUnused(this.folder, "keep");
    });
  }
}

const TRAILS = "trails";

/** A symbolic link on the BPF file system: gone when the programs are. */
function trailOf(folder: string, { slot, serial }: { slot: number; serial: number }): string {
  return join(folder, TRAILS, `${slot}_${serial}`);
}

/** A namespace whose agent died, and which the kernel keeps. */
export interface AbandonedNamespace {
  readonly build: string;
  readonly slot: number;
  readonly serial: number;
  /** Of the agent that died. */
  readonly pid: number;
  /** Tasks of the namespace that still run. */
  readonly tasks: number;
  readonly flags: number;
  /** Folder that its agent has left word in (`leadTo`); undefined: it left none. */
  readonly trail: string | undefined;
}

/** Changes nothing. @throws BpfError */
export function abandoned(place: BpfPlace = DEFAULT_PLACE): AbandonedNamespace[] {
  if (!existsSync(place.folder)) return [];
  return readdirSync(place.folder).flatMap((build) => {
    const folder = join(place.folder, build);
    return existsSync(join(folder, READY)) ? abandonedIn(folder, build) : [];
  });
}

function abandonedIn(folder: string, build: string): AbandonedNamespace[] {
  const dead = deadOwners(folder);
  if (dead.length === 0) return [];
  const namespaces = BpfMap.open(join(folder, "maps/galgo_namespaces"));
  try {
    return dead.map(({ slot, pid }) => {
      const serial = serialIn(namespaces, slot);
      const flags = flagsIn(namespaces, slot);
      const tasks = tasksIn(namespaces, slot);
      return { build, slot, serial, pid, tasks, flags, trail: followTrail(folder, slot, serial) };
    });
  } finally {
    namespaces.close();
  }
}

/** One for each slot that has no living owner: who died while it took a slot over has left two. */
function deadOwners(folder: string): SlotOwner[] {
  const owners = slotOwners(join(folder, "slots"));
  const served = new Set(owners.filter(isAlive).map(({ slot }) => slot));
  const dead = owners.filter(({ slot }) => !served.has(slot));
  return [...new Map(dead.map((owner) => [owner.slot, owner])).values()];
}

function followTrail(folder: string, slot: number, serial: number): string | undefined {
  try {
    return readlinkSync(trailOf(folder, { slot, serial }));
  } catch {
    return undefined;
  }
}

export interface AdoptOptions extends InstallOptions {
  /** Which namespace it has to be. */
  readonly slot: number;
  readonly serial: number;
}

/**
 * Takes over the slot of an agent that died. Nothing of the namespace changes: what its programs refuse is refused on.
 * @throws BpfSensorError NO_PROGRAMS, BUSY; NOT_ADOPTABLE, with the slot as it was
 */
export async function adoptSlot(options: AdoptOptions): Promise<Installation> {
  const place = options.place ?? DEFAULT_PLACE;
  const { build } = builtPrograms(options.object);
  const { slot, serial } = options;
  return await locked(place.lock, () => {
    const folder = join(place.folder, build);
    const found = existsSync(join(folder, READY)) ? abandonedIn(folder, build) : [];
    const left = found.find((each) => each.slot === slot && each.serial === serial);
    if (left === undefined) throw notThere(place, options);
    if ((left.flags & NamespaceFlag.active) === 0)
      throw new BpfSensorError("NOT_ADOPTABLE", "its agent had let go of it before it died");
    const slots = join(folder, "slots");
    const before = slotOwners(slots).filter((owner) => owner.slot === slot);
    const owner = addOwner(slots, slot);
    for (const dead of before) removeOwner(slots, dead);
    return new Installation(place, folder, { owner, serial, before });
  });
}

function notThere(place: BpfPlace, { slot, serial }: AdoptOptions): BpfSensorError {
  const elsewhere = abandoned(place).some((each) => each.slot === slot && each.serial === serial);
  return new BpfSensorError(
    "NOT_ADOPTABLE",
    elsewhere
      ? "the programs in the kernel are of another version of Galgo, which alone can go on with it"
      : "the kernel has it no more, or another process serves it",
  );
}

export interface InstallOptions {
  /** The built object file. */
  readonly object: string;
  readonly place?: BpfPlace;
}

/**
 * Finds or loads the programs, and claims a slot.
 * @throws BpfSensorError NO_PROGRAMS, NO_BPFFS, BUSY; BpfError NO_LIBBPF, LOAD_REFUSED, CALL_FAILED
 */
export async function install(options: InstallOptions): Promise<Installation> {
  const place = options.place ?? DEFAULT_PLACE;
  const built = builtPrograms(options.object);
  return await locked(place.lock, () => {
    makePlace(place.folder);
    const folder = join(place.folder, built.build);
    if (!existsSync(join(folder, READY))) {
      removePins(folder);
      loadPrograms(built, folder);
    }
    try {
      return new Installation(place, folder, claim(folder));
    } catch (error) {
      removeUnused(folder, "keep");
      throw error;
    }
  });
}

function claim(folder: string): Claim {
  const namespaces = BpfMap.open(join(folder, "maps/galgo_namespaces"));
  try {
    freeDeadSlots(folder, "keep");
    const slots = join(folder, "slots");
    const taken = new Set(slotOwners(slots).map(({ slot }) => slot));
    let slot = 1; // 0 stands for no namespace
    while (taken.has(slot)) slot++;
    if (slot >= namespaces.info.maxEntries) {
      throw new BpfSensorError(
        "BUSY",
        `${taken.size} namespaces are modeled by the bpf sensor, there is no place for more; galgo doctor --cleanup removes those of dead processes`,
      );
    }
    const serial = newSerial(namespaces);
    prepareSlot(namespaces, slot, serial);
    return { owner: addOwner(slots, slot), serial };
  } finally {
    namespaces.close();
  }
}

/** Whether a build of the programs is in the kernel: else the next namespace loads them, which takes seconds. */
export function isInstalled(build: string, place: BpfPlace = DEFAULT_PLACE): boolean {
  return existsSync(join(place.folder, build, READY));
}

/** A slot whose process died without leaving it. */
export interface DeadSlot {
  readonly build: string;
  readonly slot: number;
  readonly pid: number;
  /** Tasks of the namespace that still run. */
  readonly tasks: number;
  /** False: its programs go on deciding for those tasks. */
  readonly removed: boolean;
}

export interface CleanupReport {
  readonly slots: readonly DeadSlot[];
  /** Sets of programs that were removed, by build. */
  readonly programs: readonly string[];
}

/**
 * Removes what dead agents left.
 * @param living what to do with a namespace whose tasks still run: removing it sets them free, also from an enforced model
 * @throws BpfError, BpfSensorError
 */
export async function cleanup(
  living: "keep" | "remove",
  place: BpfPlace = DEFAULT_PLACE,
): Promise<CleanupReport> {
  if (!existsSync(place.folder)) return { slots: [], programs: [] };
  return await locked(place.lock, () => {
    const builds = readdirSync(place.folder);
    const slots = builds.flatMap((build) => {
      const folder = join(place.folder, build);
      return existsSync(join(folder, READY))
        ? freeDeadSlots(folder, living).map((dead) => ({ build, ...dead }))
        : [];
    });
    const programs = builds.filter((build) => removeUnused(join(place.folder, build), living));
    if (readdirSync(place.folder).length === 0) removePins(place.folder);
    return { slots, programs };
  });
}

/** What `cleanup` would look at: slots of dead processes, and sets of programs that no living one uses. Changes nothing. */
export function leftovers(place: BpfPlace = DEFAULT_PLACE): {
  readonly slots: number;
  readonly programs: number;
} {
  if (!existsSync(place.folder)) return { slots: 0, programs: 0 };
  const sets = readdirSync(place.folder).map((build) => {
    const slots = join(place.folder, build, "slots");
    return existsSync(slots) ? slotOwners(slots) : [];
  });
  return {
    slots: sets.flat().filter((owner) => !isAlive(owner)).length,
    programs: sets.filter((owners) => !owners.some(isAlive)).length,
  };
}

function freeDeadSlots(folder: string, living: "keep" | "remove"): Omit<DeadSlot, "build">[] {
  const dead = deadOwners(folder);
  if (dead.length === 0) return [];
  const namespaces = BpfMap.open(join(folder, "maps/galgo_namespaces"));
  try {
    return dead.map((owner) => {
      const tasks = tasksIn(namespaces, owner.slot);
      const removed = tasks === 0 || living === "remove";
      if (removed) freeSlot(folder, owner);
      return { slot: owner.slot, pid: owner.pid, tasks, removed };
    });
  } finally {
    namespaces.close();
  }
}

/** Takes everything of a namespace out of the maps. Its process is dead, or asks for it. */
function freeSlot(folder: string, owner: SlotOwner): void {
  const map = <T>(name: string, work: (map: BpfMap) => T): T => {
    const opened = BpfMap.open(join(folder, "maps", name));
    try {
      return work(opened);
    } finally {
      opened.close();
    }
  };
  map("galgo_namespaces", (namespaces) => clearSlot(namespaces, owner.slot));
  for (const name of ["galgo_sets", "galgo_rings"])
    map(name, (maps) => maps.setInner(owner.slot, undefined));
  for (const trail of trailsOf(folder, owner.slot)) rmSync(trail, { force: true });
  const slots = join(folder, "slots");
  for (const each of slotOwners(slots)) if (each.slot === owner.slot) removeOwner(slots, each);
}

function trailsOf(folder: string, slot: number): string[] {
  const trails = join(folder, TRAILS);
  if (!existsSync(trails)) return [];
  const of = readdirSync(trails).filter((name) => name.startsWith(`${slot}_`));
  return of.map((name) => join(trails, name));
}

/** Removes programs that no slot uses, and what an interrupted load left. @returns whether it did */
function removeUnused(folder: string, living: "keep" | "remove"): boolean {
  if (existsSync(join(folder, READY))) {
    freeDeadSlots(folder, living);
    if (slotOwners(join(folder, "slots")).length > 0) return false;
  }
  removePins(folder);
  return true;
}
