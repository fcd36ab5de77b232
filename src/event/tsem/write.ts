// SPDX-License-Identifier: Apache-2.0
// Writes records in the shapes of a TSEM kernel, always as valid JSON: in the kernel's spelling where every text is plain, else as compact JSON,
// which no kernel writes, so that a reader can tell an escape from a backslash in a name.
import { quote } from "../../base/quote.ts";
import type { SecurityEvent } from "../event.ts";
import { shown, writeRecord } from "../record.ts";
import { RecordError } from "../record-error.ts";
import { readQuixoteRecord } from "./quixote.ts";
import type { TsemRecord } from "./tsem-record.ts";

/** An object of a record: its members in order, every scalar a string. */
export interface Tree {
  readonly [member: string]: string | Tree | readonly string[];
}

/**
 * One line without its newline. `kernel` (the default) is read back by the same dialect, whatever the texts hold. `quixote` is what
 * the parser of Quixote reads as the same event; it throws `RecordError` NOT_EXPRESSIBLE for what this parser can not be given.
 * A log record without `action` is written with its event.
 */
export function writeTsemRecord(
  record: TsemRecord,
  dialect: "kernel" | "quixote" = "kernel",
): string {
  const tree = treeOf(record);
  return dialect === "quixote" ? writeForQuixote(tree) : withTwoBlanks(plainOrCompact(tree));
}

/** The kernel writes two blanks here. */
function withTwoBlanks(line: string): string {
  return line.replace(/("ptrace_access_check": \{"child": "[0-9a-f]*",)( "mode")/, "$1 $2");
}

/**
 * What `writeTsemRecord` makes of an event, out of the record that `writeRecord` has made of it (read as JSON): as it stands, so that it costs little.
 * @returns undefined when that is no object whose values are texts
 */
export function exportedRecord(
  record: unknown,
  kind: "event" | "async_event" | "log",
): string | undefined {
  if (!isTree(record)) return undefined;
  const { export: _, ...members } = record;
  const tree = { export: { type: kind }, ...withKnownPid(members) };
  return withTwoBlanks(plainOrCompact(tree));
}

/** An event of which no pid is known has pid 0, which no kernel writes. */
function withKnownPid(members: Tree): Tree {
  const { event } = members;
  if (!isTree(event) || event["pid"] !== "0") return members;
  const { pid: _, ...others } = event;
  return { ...members, event: others };
}

function isTree(value: unknown): value is Tree {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every(
    (member) => typeof member === "string" || isTexts(member) || isTree(member),
  );
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function writeForQuixote(tree: Tree): string {
  const line = spell(tree, quixoteText);
  try {
    readQuixoteRecord(line, 2025);
  } catch (cause) {
    const problem = `Quixote would not read the record: ${(cause as RecordError).message}`;
    throw new RecordError("NOT_EXPRESSIBLE", problem, { cause });
  }
  return line;
}

/** The members of an event as a kernel orders them. Without `pid` when it is not known. */
export function eventTree(event: SecurityEvent): Tree {
  const tree = JSON.parse(writeRecord(event)) as { event: Record<string, string> };
  if (event.pid === 0) delete tree.event["pid"];
  return tree as unknown as Tree;
}

function treeOf(record: TsemRecord): Tree {
  if (record.kind === "trajectory") return eventTree(record.event);
  if (record.kind === "aggregate") {
    return { export: { type: "aggregate" }, aggregate: { value: record.value } };
  }
  if (record.kind === "nothing") return { export: { type: "event" } };
  const kind = { export: { type: record.kind } };
  if (record.kind !== "log") return { ...kind, ...eventTree(record.event) };
  const { process, hook, action, event } = record;
  if (event !== undefined) return { ...kind, ...eventTree(event) };
  if (action === undefined) {
    throw new RecordError("NOT_EXPRESSIBLE", "a log record needs an event or an action");
  }
  return { ...kind, log: { process, event: hook, action } };
}

function plainOrCompact(tree: Tree): string {
  const compact = shown(JSON.stringify(tree));
  return compact.includes("\\") ? compact : spell(tree, (text) => text);
}

/** The kernel's spelling: one blank behind each colon and comma. */
export function spell(
  value: Tree | string | readonly string[],
  text: (text: string) => string,
): string {
  if (typeof value === "string") return `"${text(value)}"`;
  if (Array.isArray(value)) return `[${value.map((item) => `"${item}"`).join(", ")}]`;
  const members = Object.entries(value as Tree).map(
    ([name, member]) => `"${name}": ${spell(member, text)}`,
  );
  return `{${members.join(", ")}}`;
}

// Controls, and what is no character: JSON needs escapes for them that Quixote does not know.
const UNSPEAKABLE = /[^ -\u{10ffff}]|\p{Surrogate}/u;

function quixoteText(text: string): string {
  const why = unfit(text);
  if (why !== undefined) {
    throw new RecordError(
      "NOT_EXPRESSIBLE",
      `Quixote can not be given a text that ${why}: ${quote(text, 80)}`,
    );
  }
  return text.replace(/["\\]/g, "\\$&");
}

function unfit(text: string): string | undefined {
  if (text === "") return "is empty";
  if (UNSPEAKABLE.test(text)) return "holds control characters or bytes that are not UTF-8";
  if (text.endsWith("\\")) return "ends with a backslash";
  return balanced(text) ? undefined : "holds unpaired braces";
}

/** Quixote counts braces in texts too. */
function balanced(text: string): boolean {
  let depth = 0;
  for (const char of text) {
    if (char === "{") depth++;
    else if (char === "}" && --depth < 0) return false;
  }
  return depth === 0;
}
