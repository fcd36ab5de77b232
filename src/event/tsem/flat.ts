// SPDX-License-Identifier: Apache-2.0
// The flat form of records, as Quixote's json2quixote writes it for devices: `pid{N} event{k=v, ...} COE{k=v, ...} hook{k=v, ...}`.
// That program stops inside of an event at the first member that is an object; here such a member is a group in its group.
import { quote } from "../../base/quote.ts";
import type { SecurityEvent } from "../event.ts";
import { HOOKS } from "../hooks.ts";
import { RecordError } from "../record-error.ts";
import type { TsemRecord } from "./tsem-record.ts";
import { eventTree, type Tree } from "./write.ts";

const HEAD = ["process", "type", "ttd", "p_ttd", "task_id", "p_task_id", "ts"] as const;
/** Of Galgo's own records; no TSEM kernel writes them. */
const OWN: ReadonlySet<string> = new Set(["created", "temporary"]);
const NAME = /^[a-z][a-z0-9_]*$/;
/** A value goes up to the next of these, and nothing can be escaped. */
const UNFIT = /[{}=,\p{Cc}\p{Surrogate}]/u;

/**
 * One line without its newline. A trajectory record has no pid in front; in all others it is 0 where it is not known.
 * @throws RecordError NOT_EXPRESSIBLE: another kind of record, a hook that TSEM does not have, or a text with a character that has a meaning here
 */
export function flatRecord(record: TsemRecord): string {
  switch (record.kind) {
    case "trajectory":
      return flatEvent(record.event);
    case "event":
    case "async_event":
      return `pid{${record.event.pid}} ${flatEvent(record.event)}`;
    case "log":
      return flatLog(record);
    default:
      throw unfit(`a record of the kind ${record.kind}`);
  }
}

function flatLog(record: TsemRecord & { kind: "log" }): string {
  const { event, process, hook, action } = record;
  if (event !== undefined) return `pid{${event.pid}} ${flatEvent(event)}`;
  return group("log", { process, event: hook, action: action ?? "" });
}

function flatEvent(event: SecurityEvent): string {
  if (HOOKS[event.hook].origin !== "tsem") throw unfit(`the hook ${event.hook}`);
  const tree = eventTree(event);
  const head = HEAD.map((name) => [name, objectOf(tree, "event")[name] ?? "0"] as const);
  const parts = [group("event", Object.fromEntries(head)), group("COE", objectOf(tree, "COE"))];
  return [...parts, ...cellGroups(event.hook, objectOf(tree, event.hook))].join(" ");
}

/** What is opened stands under the name `file`; of a mapping the file stands behind it. */
function cellGroups(hook: string, cell: Tree): readonly string[] {
  if (hook === "file_open") return [group("file", cell)];
  const { file, ...others } = cell;
  if (hook !== "mmap_file" || !isTree(file)) return [group(hook, cell)];
  return [group(hook, others), group("file", file)];
}

function group(name: string, members: Tree): string {
  const written = Object.entries(members)
    .filter(([member]) => !OWN.has(member))
    .map(([member, value]) => {
      if (!NAME.test(member)) throw unfit(`the member ${quote(member, 40)}`);
      if (typeof value === "string") return `${member}=${plain(value)}`;
      if (isTree(value)) return group(member, value);
      throw unfit(`the list ${member}`);
    });
  return `${name}{${written.join(", ")}}`;
}

function objectOf(tree: Tree, name: string): Tree {
  const value = tree[name];
  return isTree(value) ? value : {};
}

function isTree(value: Tree[string] | undefined): value is Tree {
  return typeof value === "object" && !Array.isArray(value);
}

function plain(text: string): string {
  if (text !== "" && !UNFIT.test(text)) return text;
  throw unfit(text === "" ? "an empty text" : `the text ${quote(text, 80)}`);
}

function unfit(what: string): RecordError {
  return new RecordError("NOT_EXPRESSIBLE", `the flat form has no spelling for ${what}`);
}
