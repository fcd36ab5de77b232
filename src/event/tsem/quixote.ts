// SPDX-License-Identifier: Apache-2.0
// Dialects `quixote` and `quixote-2024`: records as the Quixote agents of these years read them, with the rules that change their results.
// Where upstream lets a record through that poisons its model later (a TASK_ID that is no hex, a created object without a directory) it is refused here.
import { quote } from "../../base/quote.ts";
import type { SecurityEvent } from "../event.ts";
import { HOOKS } from "../hooks.ts";
import { memberError, RecordError } from "../record-error.ts";
import { type QuixoteYear, quixoteCell, quixoteCoe } from "./quixote-cell.ts";
import { closingBrace, QuixoteObject } from "./quixote-object.ts";
import { hookOfType } from "./scan-head.ts";
import { eventOf, LOG_HOOK } from "./scan-record.ts";
import type { TsemRecord } from "./tsem-record.ts";

const U32 = 0xffff_ffff;
const U64 = 0xffff_ffff_ffff_ffffn;
const DIGEST = /^(?:[0-9a-fA-F]{2})+$/;

/** Reads a line by the rules of one year. Throws `RecordError`. */
export function readQuixoteRecord(line: string, year: QuixoteYear): TsemRecord {
  if (line === '{"export": {"type": "event"}, }') return { kind: "nothing" };
  const record = envelope(line, year);
  const type = record.find("export")?.findText("type");
  if (type === "aggregate") {
    return { kind: "aggregate", value: record.get("aggregate").hex("value") };
  }
  if (type === "log") return readLog(record, year);
  const event = readEvent(record, year);
  // A type that Quixote does not know is read as an event.
  const kind = type === undefined ? "trajectory" : type === "async_event" ? type : "event";
  return { kind, event };
}

/** The `event` member of a line as it stands there. */
export function quixoteEventText(line: string, year: QuixoteYear): string {
  return envelope(line, year).get("event").text;
}

function envelope(line: string, year: QuixoteYear): QuixoteObject {
  if (!line.startsWith("{") || closingBrace(line, 0) !== line.length - 1) {
    throw new RecordError("NOT_JSON", `record is not one pair of braces: ${quote(line, 120)}`);
  }
  return new QuixoteObject(line, "", year !== 2024);
}

/** A log record: what happened (from 2025 on), or only which hook. */
function readLog(record: QuixoteObject, year: QuixoteYear): TsemRecord {
  if (record.find("event") !== undefined) {
    const event = readEvent(record, year);
    return { kind: "log", event, process: event.process, hook: event.hook };
  }
  const log = record.get("log");
  const hook = log.string("event");
  if (!LOG_HOOK.test(hook)) throw memberError("log.event", `is not a hook: ${quote(hook, 60)}`);
  return { kind: "log", process: log.string("process"), hook, action: log.string("action") };
}

function readEvent(record: QuixoteObject, year: QuixoteYear): SecurityEvent {
  const o = record.get("event");
  const type = o.string("type");
  const hook = hookOfType(type);
  if (hook !== type || HOOKS[hook].origin !== "tsem" || (year === 2024 && hook === NEW_IN_2025)) {
    throw new RecordError(
      "UNKNOWN_HOOK",
      `record type ${quote(type, 60)} is not a hook of Quixote`,
    );
  }
  const task = { taskId: o.hex("task_id"), pTaskId: digestOr(o.findText("p_task_id"), "") };
  const coe = quixoteCoe(record.get("COE"));
  const cell = quixoteCell(record, hook, year);
  const tgid = ignored(o, "tgid", U32);
  const context = ignored(o, "context", U32);
  const head = {
    pid: o.findText("pid") === undefined ? 0 : o.unsigned("pid", U32),
    tgid: tgid === undefined ? undefined : Number(tgid),
    tnum: o.findText("tnum") === undefined ? undefined : o.wide("tnum"),
    context: context === undefined ? undefined : Number(context),
    number: ignored(o, "number"),
    actor: {
      process: o.findText("process") ?? "",
      type,
      hook,
      ttd: ignored(o, "ttd"),
      pTtd: ignored(o, "p_ttd"),
      task,
    },
    ts: ignored(o, "ts") ?? 0n,
  };
  return eventOf(head, coe, cell);
}

const NEW_IN_2025 = "file_ioctl_compat";

/** Members that Quixote does not look at may be anything; what is no number is left out. */
function ignored(o: QuixoteObject, name: string, max: number | bigint = U64): bigint | undefined {
  const text = o.findText(name);
  if (text === undefined || !/^[0-9]{1,20}$/.test(text)) return undefined;
  const number = BigInt(text);
  return number > max ? undefined : number;
}

function digestOr(text: string | undefined, otherwise: string): string {
  return text !== undefined && DIGEST.test(text) ? text.toLowerCase() : otherwise;
}
