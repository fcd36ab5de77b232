// SPDX-License-Identifier: Apache-2.0
// A record that is JSON but not in a kernel's spelling: written by this package where a name needs it, or passed through a JSON tool.
// Members may stand in any order; texts are JSON texts.
import { quote } from "../../base/quote.ts";
import type { HookName, SecurityEvent } from "../event.ts";
import { HOOKS } from "../hooks.ts";
import type { FieldName } from "../layout.ts";
import { Members, type Reader } from "../read-members.ts";
import { parseRecord } from "../read-record.ts";
import { readDigest, readText } from "../read-values.ts";
import { memberError } from "../record-error.ts";
import { isUntold } from "../untold.ts";
import { base64Of } from "./scan-values.ts";
import { hookOfType } from "./scan-head.ts";
import { LOG_HOOK } from "./scan-record.ts";
import type { TsemRecord } from "./tsem-record.ts";

/** A JSON object; members may be moved. */
type Json = Record<string, unknown>;

/** The record that a JSON value is. Throws `RecordError`. */
export function recordOfJson(value: unknown): TsemRecord {
  const m = new Members(value);
  const kind = m.find("export", readKind);
  switch (kind) {
    case undefined:
      return { kind: "trajectory", event: readEvent(value as Json) };
    case "aggregate": {
      const found = m.get("aggregate", readAggregate);
      m.end(["export", "aggregate"]);
      return { kind, value: found };
    }
    case "log":
      if (m.has("event")) break;
      return readLog(m);
    case "event":
    case "async_event":
      if (m.has("event")) break;
      m.end(["export"]);
      return { kind: "nothing" };
    default:
      throw memberError("export.type", `is not known: ${quote(kind, 40)}`);
  }
  const event = readEvent(value as Json);
  if (kind !== "log") return { kind, event };
  return { kind, event, process: event.process, hook: event.hook };
}

const readObject: Reader<Members> = (value, of, name) => new Members(value, of, name);

/** What else `export` says is of no interest. */
const readKind: Reader<string> = (value, of, name) =>
  new Members(value, of, name).get("type", readText);

const readAggregate: Reader<string> = (value, of, name) => {
  const m = new Members(value, of, name);
  const found = m.get("value", readDigest);
  m.end(["value"]);
  return found;
};

function readLog(record: Members): TsemRecord {
  const m = record.get("log", readObject);
  const process = m.get("process", readText);
  const hook = m.get("event", readText);
  const action = m.get("action", readText);
  m.end(["process", "event", "action"]);
  record.end(["export", "log"]);
  if (!LOG_HOOK.test(hook)) throw memberError("log.event", `is not a hook: ${quote(hook, 60)}`);
  if (action !== "LOG" && action !== "DENY") {
    throw memberError("log.action", `is neither LOG nor DENY: ${quote(action, 40)}`);
  }
  return { kind: "log", process, hook, action };
}

/** A kernel always tells on what a task acted. */
function readEvent(record: Json): SecurityEvent {
  const event = parseRecord(eventJson(record));
  if (isUntold(event)) throw memberError(event.hook, "is empty");
  return event;
}

/** The record with the names that our own records have, without what a newer kernel may say of the event beside the behaviour. */
function eventJson(record: Json): string {
  const { event } = record;
  if (!isObject(event)) return JSON.stringify(record);
  for (const name of Object.keys(event)) {
    if (!EVENT.has(name) && typeof event[name] === "string") delete event[name];
  }
  const type = String(event["type"]);
  const hook = hookOfType(type);
  if (hook !== undefined) {
    event["type"] = hook;
    move(record, { json: type }, hook);
    renameOld(record[hook], hook);
  }
  return JSON.stringify(record);
}

const EVENT: ReadonlySet<string> = new Set([
  "pid",
  "tgid",
  "tnum",
  "context",
  "number",
  "process",
  "type",
  "ttd",
  "p_ttd",
  "task_id",
  "p_task_id",
  "ts",
]);

/** Gives members of a CELL the names that they have today. */
function renameOld(cell: unknown, hook: HookName): void {
  if (!isObject(cell)) return;
  for (const field of HOOKS[hook].cell) {
    for (const alias of field.aliases ?? []) move(cell, alias, field.json);
    const value = cell[field.json];
    if (field.kind === "base64" && typeof value === "string") {
      cell[field.json] = base64Of(value) ?? value;
    }
  }
}

/** Gives a member another name, and takes it out of its group, unless there is one of that name. */
function move(object: Json, from: FieldName, name: string): void {
  const source = from.group === undefined ? object : object[from.group];
  if (!isObject(source) || source[from.json] === undefined || object[name] !== undefined) return;
  object[name] = source[from.json];
  delete source[from.json];
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
