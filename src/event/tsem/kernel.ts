// SPDX-License-Identifier: Apache-2.0
// Dialect `kernel`: a line as a TSEM kernel of 2024 or 2025 writes it, names unescaped, or as JSON. docs/replay.md has the rules.
import { encodePath } from "../../base/path-text.ts";
import { quote } from "../../base/quote.ts";
import { MAX_RECORD_CHARS } from "../limits.ts";
import { RecordError } from "../record-error.ts";
import { recordOfJson } from "./from-json.ts";
import { type JsonTree, jsonTree } from "./json-tree.ts";
import { CUT_BYTES, MAX_QUIRK_CHARS } from "./limits.ts";
import { scanRecord } from "./scan-record.ts";
import { Scanner, type Span, scanned } from "./scanner.ts";
import { type Reading, readings } from "./splits.ts";
import type { TsemRecord } from "./tsem-record.ts";

const scanner = new Scanner();

/** The record that a line holds. Throws `RecordError` for a line that is none, that was cut, or that can be read in two ways. */
export function readKernelRecord(line: string): TsemRecord {
  return scanLine(line) ?? readOdd(line);
}

/** The record of a line that is in a kernel's spelling without anything odd, as most are; undefined for all others. */
export function plainRecord(line: string): TsemRecord | undefined {
  return line.length > MAX_RECORD_CHARS ? undefined : scanLine(line);
}

/** The record of a line in the kernel's spelling without quotes or backslashes in its texts: there is one way to read it. */
function scanLine(line: string): TsemRecord | undefined {
  scanner.start(line);
  return scanned(scanner, scanRecord);
}

/** What a line is, by itself: a record, the beginning of one that goes on in the next line, one that was cut, or none of these. */
export type LineState = "complete" | "begin" | "cut" | "other";

/** `complete` says that there is a way to read the line, or more than one. */
export function recordState(line: string): LineState {
  if (scanLine(line) !== undefined) return "complete";
  if (line.length > MAX_QUIRK_CHARS) return isJson(jsonTree(line)) ? "complete" : "other";
  const { found, tooMany, open } = readings(line);
  if (found.length > 0 || tooMany || isJson(jsonTree(line))) return "complete";
  if (isCut(line)) return "cut";
  return open ? "begin" : "other";
}

function isJson(tree: JsonTree | undefined): tree is JsonTree {
  return tree !== undefined && !tree.controls;
}

function isCut(line: string): boolean {
  return beginsAsKernel(line) && encodePath(line).length >= CUT_BYTES;
}

function beginsAsKernel(line: string): boolean {
  return line.startsWith('{"export": {"type": "') || line.startsWith('{"event": {"');
}

function readOdd(line: string): TsemRecord {
  const long = line.length > MAX_QUIRK_CHARS;
  const { found, tooMany, open } = long ? NOT_TRIED : readings(line);
  const [reading, second] = found;
  if (tooMany || second !== undefined) {
    throw ambiguous("a name in it holds what could be members of the record");
  }
  if (reading !== undefined) return soleReading(line, reading);
  const tree = jsonTree(line);
  if (!isJson(tree)) throw unreadable(line, open);
  return readJson(line, tree);
}

const NOT_TRIED = { found: [], tooMany: false, open: false } as const;

/** Checks that JSON does not see anything else in a line than the kernel's rules do. */
function soleReading(line: string, { record, spans, cellStart }: Reading): TsemRecord {
  const whole = jsonTree(line);
  checkTree(whole, spans, 0);
  const inCell = spans.filter(({ start }) => start > cellStart);
  checkTree(jsonTree(line.slice(cellStart, -1)), inCell, cellStart);
  if (isJson(whole) && spans.some((span) => looksEscaped(line.slice(span.start, span.end), span))) {
    throw ambiguous(
      "a backslash in it is that of a name, or an escape of JSON; write it as compact JSON (jq -c) if it is JSON",
    );
  }
  return record;
}

function checkTree(tree: JsonTree | undefined, spans: readonly Span[], offset: number): void {
  if (tree === undefined) return;
  if (tree.twice !== undefined) {
    throw ambiguous(`member ${quote(tree.twice, 60)} stands in it twice`);
  }
  if (!spans.every(({ start, end }) => tree.hasString(start - offset, end - offset))) {
    throw ambiguous("a name in it holds what could be members of the record");
  }
}

/** A kernel that does not escape may write such a name, and a JSON tool writes it for other names, more likely. */
function looksEscaped(raw: string, { escaped }: Span): boolean {
  return escaped ? /\\u[0-9a-fA-F]{4}/.test(raw) : /\\(?:"|u[0-9a-fA-F]{4})/.test(raw);
}

function readJson(line: string, tree: JsonTree): TsemRecord {
  if (tree.twice !== undefined) {
    throw ambiguous(`member ${quote(tree.twice, 60)} stands in it twice`);
  }
  if (beginsAsKernel(line) && line.includes("\\")) {
    throw ambiguous(
      "it is not quite as a kernel writes it, so a backslash in it may be one or begin an escape",
    );
  }
  return recordOfJson(tree.value);
}

function ambiguous(why: string): RecordError {
  return new RecordError("AMBIGUOUS", `record can be read in more than one way: ${why}`);
}

function unreadable(line: string, open: boolean): RecordError {
  if (isCut(line)) {
    const bytes = encodePath(line).length;
    const problem = `record is cut: it ends unfinished after ${bytes} bytes, and a TSEM kernel hands out 4096 at most`;
    return new RecordError("CUT", problem);
  }
  if (open) {
    return new RecordError("INCOMPLETE", "record ends in the middle of a text");
  }
  const problem = `record is neither in a TSEM kernel's spelling nor JSON: ${quote(line, 120)}`;
  return new RecordError("NOT_JSON", problem);
}
