// SPDX-License-Identifier: Apache-2.0
// Folders of recorded traces: files of whole numbers (one trace a file, or "process call" lines), or of records, one trace a process.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { quote } from "../../base/quote.ts";
import { BUILTIN_PROFILES, createMapper, createProfile, namePrograms } from "../../model/index.ts";
import { nodeHasher } from "../../tma/index.ts";
import { RecordFileError } from "../errors.ts";
import { isIdentity } from "../records/actors.ts";
import { readRecords } from "../records/record-file.ts";

/** Bytes of a file of numbers. */
const MAX_TRACE_BYTES = 256 * 1024 * 1024;
/** Folders within folders. */
const MAX_DEPTH = 32;

/** A trace of named events. */
export interface NamedTrace {
  readonly file: string;
  /** The first folder below the one that was named, without a number at its end: `Web_Shell_3` is `Web_Shell`. */
  readonly family: string;
  readonly names: readonly string[];
}

export interface TraceFolder {
  readonly traces: readonly NamedTrace[];
  /** Files that hold no trace. */
  readonly skipped: readonly string[];
}

/**
 * All traces of a file or folder and those below it, in the order of their paths. Hidden files are passed over; what is no trace is listed.
 * @throws RecordFileError NO_FILE, TOO_LONG, BAD_RECORD (a file of records that is damaged, or nothing here is a trace)
 */
export function readTraces(root: string): TraceFolder {
  const traces: NamedTrace[] = [];
  const skipped: string[] = [];
  for (const file of filesBelow(root, 0)) {
    const found = tracesOf(file);
    if (found === undefined) skipped.push(file);
    else for (const names of found) traces.push({ file, family: familyOf(root, file), names });
  }
  if (traces.length > 0) return { traces, skipped };
  throw new RecordFileError(
    "BAD_RECORD",
    `${quote(root)} holds no trace: a file of whole numbers with blanks between them, or of records (galgo show NAME trajectory --json)`,
  );
}

function filesBelow(path: string, depth: number): readonly string[] {
  if (depth > MAX_DEPTH)
    throw new RecordFileError("TOO_LONG", `${quote(path)} is more than ${MAX_DEPTH} folders deep`);
  if (!isFolder(path)) return [path];
  return readdirSync(path)
    .filter((name) => !name.startsWith("."))
    .sort()
    .flatMap((name) => filesBelow(join(path, name), depth + 1));
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new RecordFileError("NO_FILE", `can not read ${quote(path)} (${code})`, { cause });
  }
}

function familyOf(root: string, file: string): string {
  const [first, second] = relative(root, file).split(sep);
  const folder = second === undefined ? basename(root === file ? dirname(file) : root) : first;
  return (folder ?? "").replace(/[-_. ]?\d+$/, "") || "other";
}

/** The traces of a file; undefined when it holds none. */
function tracesOf(file: string): readonly (readonly string[])[] | undefined {
  const { size } = statSync(file);
  if (size > MAX_TRACE_BYTES)
    throw new RecordFileError("TOO_LONG", `${quote(file)} has more than ${MAX_TRACE_BYTES} bytes`);
  const text = readFileSync(file, "latin1");
  if (text.trimStart().startsWith("{")) return recordTraces(file);
  const lines = text.split("\n").map((line) => line.trim().split(/\s+/));
  const full = lines.filter(([first]) => first !== "");
  const words = full.flat();
  if (words.length === 0 || !words.every((word) => /^\d+$/.test(word))) return undefined;
  if (full.length > 1 && full.every(({ length }) => length === 2)) return byProcess(full);
  return [words];
}

/** Lines of process and call. */
function byProcess(lines: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const traces = new Map<string, string[]>();
  for (const [process = "", call = ""] of lines) appended(traces, process, call);
  return [...traces.values()];
}

function appended(traces: Map<string, string[]>, process: string, name: string): void {
  const trace = traces.get(process);
  if (trace === undefined) traces.set(process, [name]);
  else trace.push(name);
}

/** Records as they are, under the rules that learning begins with. */
function recordTraces(file: string): readonly (readonly string[])[] {
  const mapper = createMapper(nodeHasher("sha256"));
  const profile = createProfile(BUILTIN_PROFILES.portable, mapper);
  const events = [...readRecords(file)].map(({ event }) => event);
  namePrograms(events, { mapper, profile });
  const traces = new Map<string, string[]>();
  for (const event of events) {
    if (isIdentity(event)) continue;
    appended(traces, String(event.pid), mapper.coefficient(profile.rewrite(event)));
  }
  return [...traces.values()];
}
