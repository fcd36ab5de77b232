// SPDX-License-Identifier: Apache-2.0
// Files that the workload makes in one run and finds in another. What is done with them then has two forms each, and not every run shows both.
import type { DentryId, FileId, PathId } from "../../../event/cell/file.ts";
import type { HookName, SecurityEvent } from "../../../event/event.ts";
import { HOOKS } from "../../../event/index.ts";
import { isProgramUse } from "../../rules/file-use.ts";
import type { EventMapper } from "../../mapper.ts";
import type { Met } from "./met.ts";

/** Only who makes a file does these. */
const MAKING: ReadonlySet<HookName> = new Set<HookName>([
  "inode_create",
  "inode_mkdir",
  "inode_mknod",
  "inode_symlink",
  "inode_link",
]);

/** Something that was done with a file, and which runs did it with one they had made or found. */
interface Deed {
  readonly made: Set<number>;
  readonly found: Set<number>;
}

/** Files by name, with the runs that made or found them. */
export type FoundOrMade = ReadonlyMap<string, ReadonlySet<number>>;

/**
 * The names of files of which some deed was done by one run with a file that it had made and by another with one that it found, and some
 * other deed in one of these ways only. Not of programs and mapped code.
 */
export function foundOrMade(met: Met, mapper: EventMapper): FoundOrMade {
  const files = new Map<string, Map<string, Deed>>();
  const programs = new Set<string>();
  for (const { name, member, made, program, without, run } of usesOf(met, mapper.emptyDigest)) {
    if (program) programs.add(name);
    if (MAKING.has(without.hook)) continue;
    const deed = deedOf(files, name, `${member} ${mapper.coefficient(without)}`);
    (made ? deed.made : deed.found).add(run);
  }
  const result = new Map<string, ReadonlySet<number>>();
  for (const [name, deeds] of files)
    if (!programs.has(name) && lacksForms([...deeds.values()])) result.set(name, runsOf(deeds));
  return result;
}

function deedOf(files: Map<string, Map<string, Deed>>, name: string, key: string): Deed {
  const deeds = files.get(name) ?? new Map<string, Deed>();
  files.set(name, deeds);
  const deed = deeds.get(key) ?? { made: new Set<number>(), found: new Set<number>() };
  deeds.set(key, deed);
  return deed;
}

function lacksForms(deeds: readonly Deed[]): boolean {
  const both = deeds.some(
    ({ made, found }) => made.size > 0 && [...found].some((run) => !made.has(run)),
  );
  return both && deeds.some(({ made, found }) => made.size === 0 || found.size === 0);
}

function runsOf(deeds: ReadonlyMap<string, Deed>): ReadonlySet<number> {
  return new Set([...deeds.values()].flatMap(({ made, found }) => [...made, ...found]));
}

function* usesOf(met: Met, emptyDigest: string): Generator<Use & { readonly run: number }> {
  for (const { event, occurrences } of met.behaviours.values())
    for (const { raw, run } of occurrences)
      for (const use of usesIn({ raw, event }, met, emptyDigest)) yield { ...use, run };
}

interface Use {
  readonly name: string;
  readonly member: string;
  readonly made: boolean;
  readonly program: boolean;
  /** The event as mapped, with the file by its name alone. */
  readonly without: SecurityEvent;
}

interface Rewritten {
  readonly raw: SecurityEvent;
  readonly event: SecurityEvent;
}

function* usesIn({ raw, event }: Rewritten, { profile }: Met, emptyDigest: string): Generator<Use> {
  const before = raw.cell as unknown as Readonly<Record<string, unknown>>;
  const after = event.cell as unknown as Readonly<Record<string, unknown>>;
  for (const { member, kind } of HOOKS[event.hook].cell) {
    const holder = after[member] as Holder | undefined;
    if ((kind !== "file" && kind !== "dentry") || holder === undefined) continue;
    const name = profile.nameOf((before[member] as Holder).path, raw);
    if (!name.startsWith("/") || /\p{Cs}/u.test(name)) continue;
    const made = holder.path.owner !== undefined;
    const program = "flags" in holder && isProgramUse(event.hook, holder.flags);
    const cell = { ...after, [member]: byName(holder, name, emptyDigest) };
    yield { name, member, made, program, without: { ...event, cell } as unknown as SecurityEvent };
  }
}

type Holder = FileId | DentryId;

function byName(holder: Holder, pathname: string, digest: string): unknown {
  const path: PathId = { pathname };
  return "digest" in holder ? { ...holder, path, digest } : { ...holder, path };
}
