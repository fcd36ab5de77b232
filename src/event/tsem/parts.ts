// SPDX-License-Identifier: Apache-2.0
// The cheap look at a record: who acts is read and checked, on what stays text, so that what was seen before need not be decoded again.
import type { Coe } from "../coe.ts";
import type { HookName, TaskIdentity } from "../event.ts";
import { scanCoe } from "./scan-coe.ts";
import { scanHead } from "./scan-head.ts";
import { type ExportKind, scanExport } from "./scan-record.ts";
import { Scanner, scanned } from "./scanner.ts";
import type { TsemDialect } from "./tsem-record.ts";

/** Parts of a record that describes an event. `cell` is the text of the CELL, from brace to brace. */
export interface RecordParts {
  readonly kind: Exclude<ExportKind, "aggregate">;
  readonly hook: HookName;
  /** 0 where the line has none. */
  readonly pid: number;
  readonly process: string;
  /** Shared between records that have the same. */
  readonly task: TaskIdentity;
  readonly coe: Coe;
  /** Text of the `COE` member; the same string for records that follow each other with the same. */
  readonly coeText: string;
  readonly cell: string;
}

const scanner = new Scanner();
const CLOSE = 125;
const S64 = 0x7fff_ffff_ffff_ffffn;
const BRACE = /[{}]/;

/**
 * Parts of a line in a kernel's spelling, undefined for any other line, and for one that holds a backslash: `readTsemRecord` reads those, or
 * refuses them. `event` and `COE` are checked as it does, the CELL is not: when it has read a record of the same hook with the same
 * CELL in the same dialect, it reads this one too, and the CELL says the same.
 */
export function recordParts(
  line: string,
  dialect: TsemDialect = "kernel",
): RecordParts | undefined {
  if (line.includes("\\")) return undefined;
  scanner.start(line);
  const parts = scanned(scanner, scanParts);
  if (parts === undefined || dialect === "kernel" || suitsQuixote(parts)) return parts;
  return undefined;
}

function scanParts(s: Scanner): FoundParts | undefined {
  const kind = scanExport(s);
  if (kind === "aggregate") return undefined;
  if (kind !== "trajectory") s.fixed(", ");
  const head = scanHead(s);
  const { coe, text: coeText } = scanCoe(s);
  s.fixed(', "');
  s.fixed(head.actor.type);
  s.fixed('": ');
  const last = s.text.length - 1;
  if (s.text.charCodeAt(last) !== CLOSE) return undefined;
  const { pid = 0, tnum = 0, actor } = head;
  const { type, hook, process, task } = actor;
  const cell = s.text.slice(s.pos, last);
  return { kind, hook, pid, process, task, coe, coeText, cell, type, tnum };
}

/** What is needed to tell whether Quixote reads the record too. */
interface FoundParts extends RecordParts {
  readonly type: string;
  readonly tnum: number | bigint;
}

/** Quixote counts braces in names too, has signs, and knows today's names of hooks only. */
function suitsQuixote({ type, hook, process, tnum, coe }: FoundParts): boolean {
  return type === hook && tnum <= S64 && coe.capeff <= S64 && !BRACE.test(process);
}
