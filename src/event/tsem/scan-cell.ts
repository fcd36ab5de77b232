// SPDX-License-Identifier: Apache-2.0
// The CELL of a record in a kernel's spelling: the layout table of its hook, turned into fixed texts and readers once.
import type { HookName } from "../event.ts";
import { HOOKS } from "../hooks.ts";
import type { Field, FieldKind } from "../layout.ts";
import { BRACKETED, SCAN, type ScanValue } from "./scan-values.ts";
import { END, MISMATCH, type Scanner, scanned } from "./scanner.ts";

/** What the scan of a CELL gives; a system call without a hook has its name there. */
export interface ScannedCell {
  readonly members: Readonly<Record<string, unknown>>;
  readonly syscall?: string;
}

type Members = Record<string, unknown>;

/** A member of a CELL, or an object that holds several: the fixed texts before it and what reads it. */
interface Part {
  readonly optional: boolean;
  /** Text before the value when it is the first of its object, and when it is not. */
  readonly first: string;
  readonly next: string;
  readonly read: (s: Scanner, into: Members) => void;
}

function readParts(s: Scanner, parts: readonly Part[], into: Members, any: boolean): void {
  let isFirst = !any;
  for (const part of parts) {
    const fixed = isFirst ? part.first : part.next;
    if (!part.optional) s.fixed(fixed);
    else if (!s.skip(fixed)) continue;
    part.read(s, into);
    isFirst = false;
  }
}

/** Reads the CELL of one hook. */
export class CellScan {
  readonly #parts: readonly Part[];

  constructor(fields: readonly Field[], separator: string = ", ") {
    this.#parts = partsOf(fields, separator);
  }

  /** The members, from the opening brace. */
  read(s: Scanner): Readonly<Members> {
    s.fixed("{");
    return this.readRest(s, false);
  }

  /** The members behind the opening brace, or behind a member that is not in the layout. */
  readRest(s: Scanner, any: boolean): Readonly<Members> {
    const members: Members = {};
    readParts(s, this.#parts, members, any);
    s.fixed("}");
    return members;
  }
}

function partsOf(fields: readonly Field[], separator: string): readonly Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < fields.length; at++) {
    const group = fields[at]?.group;
    if (group === undefined) parts.push(partOf(fields, at, separator));
    else if (fields[at - 1]?.group !== group) parts.push(groupOf(fields, group));
  }
  return parts;
}

function partOf(fields: readonly Field[], index: number, separator: string): Part {
  const { member, kind, json, optional } = fields[index] as Field;
  const scan: ScanValue<unknown> = SCAN[kind];
  const follow = followOf(fields, index);
  const bracketed = BRACKETED.has(kind);
  const first = `"${json}": ${bracketed ? "" : '"'}`;
  const read: Part["read"] = bracketed
    ? (s, into) => {
        into[member] = scan(s, follow);
      }
    : (s, into) => {
        into[member] = scan(s, follow);
        s.fixed('"');
      };
  return { optional, first, next: separator + first, read };
}

function groupOf(fields: readonly Field[], name: string): Part {
  const parts = fields.flatMap(({ group }, at) =>
    group === name ? [partOf(fields, at, ", ")] : [],
  );
  const first = `"${name}": {`;
  const read: Part["read"] = (s, into) => {
    readParts(s, parts, into, false);
    s.fixed("}");
  };
  return { optional: parts.every((part) => part.optional), first, next: `, ${first}`, read };
}

/** Fixed text that stands behind a value (a scalar's closing quote not counted), as far as it is known. */
function followOf(fields: readonly Field[], index: number): string {
  const field = fields[index] as Field;
  const next = fields[index + 1];
  const closed = field.group !== undefined && next?.group !== field.group ? "}" : "";
  if (next === undefined) return `${closed}}}${END}`;
  if (next.optional) return closed;
  const opened = next.group !== undefined && next.group !== field.group;
  return `${closed}, "${opened ? next.group : next.json}": `;
}

const CELLS: ReadonlyMap<HookName, CellScan> = new Map(
  Object.values(HOOKS).map((hook) => [
    hook.name,
    // The kernel writes two blanks here.
    new CellScan(hook.cell, hook.name === "ptrace_access_check" ? ",  " : ", "),
  ]),
);

const field = (member: string, kind: FieldKind, json: string, group?: string): Field =>
  group === undefined
    ? { member, kind, optional: false, json }
    : { member, kind, optional: false, json, group };

type ReadCell = (s: Scanner) => Readonly<Members>;

const spelling = (...fields: readonly Field[]): ReadCell => {
  const cell = new CellScan(fields);
  return (s) => cell.read(s);
};

/**
 * 2023 says what was asked for (reqprot) beside what is done, and the flags only of anonymous memory. A mapping of a file has no place in
 * today's CELL, nor has one of which more was asked for than is done.
 */
const scanMapping2023: ReadCell = (s) => {
  s.fixed('{"type": "');
  s.word();
  s.fixed(', "reqprot": "');
  const asked = s.u32();
  s.fixed('", "prot": "');
  const prot = s.u32();
  s.fixed('", "flags": "');
  const flags = s.u32();
  s.fixed('"}');
  if (asked !== prot) throw MISMATCH;
  return { prot, flags };
};

/** Other spellings of a CELL: of kernels of 2024 and 2023, and of the description of the ABI. */
const VARIANTS: { readonly [H in HookName]?: ReadCell } = {
  mmap_file: scanMapping2023,
  task_kill: spelling(
    field("crossNs", "u32", "cross"),
    field("sig", "u32", "signal"),
    field("target", "task", "target"),
  ),
  bpf_map: spelling(
    field("mapType", "u32", "map_type", "map"),
    field("fmode", "u32", "fmode", "map"),
  ),
};

/** Reads the CELL of a hook. */
export function scanCell(s: Scanner, hook: HookName): ScannedCell {
  if (hook === "tun_dev_attach") return scanUnknown(s);
  if (hook === "syscall") return scanSyscall(s);
  const cell = CELLS.get(hook) as CellScan;
  const variant = VARIANTS[hook];
  return { members: variant === undefined ? cell.read(s) : readEither(s, cell, variant) };
}

/** No other spelling holds a text, so decisions of a guided scan are those of the first. */
function readEither(s: Scanner, cell: CellScan, variant: ReadCell): Readonly<Members> {
  const start = s.pos;
  const members = scanned(s, (scanner) => cell.read(scanner));
  if (members !== undefined) return members;
  s.pos = start;
  return variant(s);
}

/** Nobody has described this CELL. */
function scanUnknown(s: Scanner): ScannedCell {
  const members = SCAN.rest(s, "");
  return { members: members === "{}" ? {} : { members } };
}

/** Our own: the name of the call stands before the members. */
function scanSyscall(s: Scanner): ScannedCell {
  s.fixed('{"name": "');
  const syscall = s.word();
  return { syscall, members: (CELLS.get("syscall") as CellScan).readRest(s, true) };
}
