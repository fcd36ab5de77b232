// SPDX-License-Identifier: Apache-2.0
// A whole record in a kernel's spelling: what kind it is, who acts (event, COE), on what (CELL).
import type { Coe } from "../coe.ts";
import type { EventBase, HookName, SecurityEvent } from "../event.ts";
import { type ScannedCell, scanCell } from "./scan-cell.ts";
import { scanCoe } from "./scan-coe.ts";
import { type Head, scanHead } from "./scan-head.ts";
import { MISMATCH, type Scanner } from "./scanner.ts";
import type { TsemRecord } from "./tsem-record.ts";

/** What `export` says, or `trajectory` where there is none. */
export type ExportKind = "event" | "async_event" | "log" | "aggregate" | "trajectory";

/** Steps over the `export` member, when there is one, to the next member. */
export function scanExport(s: Scanner): ExportKind {
  if (s.skip('{"event": {')) {
    s.pos -= '"event": {'.length;
    return "trajectory";
  }
  s.fixed('{"export": {"type": "');
  const kind = scanKind(s);
  s.fixed('"}');
  return kind;
}

function scanKind(s: Scanner): ExportKind {
  if (s.skip("event")) return "event";
  if (s.skip("async_event")) return "async_event";
  if (s.skip("log")) return "log";
  s.fixed("aggregate");
  return "aggregate";
}

/** The record that stands in the scanner. Throws `Mismatch`. */
export function scanRecord(s: Scanner): TsemRecord {
  const kind = scanExport(s);
  if (kind === "trajectory") return { kind, event: scanEvent(s) };
  if (kind === "aggregate") return scanAggregate(s);
  if (s.skip(", }") || s.skip("}")) {
    s.finish();
    return { kind: "nothing" };
  }
  s.fixed(", ");
  if (kind !== "log") return { kind, event: scanEvent(s) };
  if (s.skip('"log": {"process": "')) return scanLog(s);
  const event = scanEvent(s);
  return { kind, event, process: event.process, hook: event.hook };
}

function scanAggregate(s: Scanner): TsemRecord {
  s.fixed(', "aggregate": {"value": "');
  const value = s.digest();
  s.fixed('"}}');
  s.finish();
  return { kind: "aggregate", value };
}

function scanLog(s: Scanner): TsemRecord {
  const process = s.chosen('", "event": "');
  s.fixed('", "event": "');
  const hook = s.word();
  s.fixed(', "action": "');
  const action = s.word();
  s.fixed("}}");
  s.finish();
  if (!LOG_HOOK.test(hook) || (action !== "LOG" && action !== "DENY")) throw MISMATCH;
  return { kind: "log", process, hook, action };
}

/** A name that may be that of a hook. */
export const LOG_HOOK: RegExp = /^[a-z][a-z0-9_]{0,63}$/;

function scanEvent(s: Scanner): SecurityEvent {
  const head = scanHead(s);
  const { coe } = scanCoe(s);
  s.fixed(', "');
  s.fixed(head.actor.type);
  s.fixed('": ');
  s.cellStart = s.pos;
  const cell = scanCell(s, head.actor.hook);
  s.fixed("}");
  s.finish();
  return eventOf(head, coe, cell);
}

type Draft<T> = { -readonly [M in keyof T]: T[M] };

/** Puts an event together. The table gives each hook the layout of its own CELL type. */
export function eventOf(head: Head, coe: Coe, cell: ScannedCell): SecurityEvent {
  const { pid = 0, actor } = head;
  const { hook, process, task } = actor;
  const event: Draft<EventBase> & { hook: HookName; cell: unknown; syscall?: string } = {
    hook,
    pid,
    process,
    task,
    coe,
    ts: BigInt(head.ts),
    cell: cell.members,
  };
  if (head.tgid !== undefined) event.tgid = head.tgid;
  if (head.tnum !== undefined) event.tnum = BigInt(head.tnum);
  if (head.context !== undefined) event.context = head.context;
  if (head.number !== undefined) event.number = BigInt(head.number);
  if (actor.ttd !== undefined) event.ttd = BigInt(actor.ttd);
  if (actor.pTtd !== undefined) event.pTtd = BigInt(actor.pTtd);
  if (cell.syscall !== undefined) event.syscall = cell.syscall;
  return event as unknown as SecurityEvent;
}
