// SPDX-License-Identifier: Apache-2.0
// Reads processes.jsonl, the account of processes that a run kept.
import { existsSync } from "node:fs";
import { quote } from "../../base/quote.ts";
import { RecordFileError } from "../errors.ts";
import { readLines } from "../records/line-reader.ts";
import type { ProcessLine } from "../records/process-log.ts";

/** What is read of processes.jsonl. */
export interface ProcessAccount {
  readonly lines: readonly ProcessLine[];
  /** Lines that the run did not keep. */
  readonly cut: number;
}

/** The account that a run kept; undefined when its sensor does not tell of processes. @throws RecordFileError */
export function readAccount(path: string): ProcessAccount | undefined {
  if (!existsSync(path)) return undefined;
  const lines: ProcessLine[] = [];
  let cut = 0;
  for (const { number, text } of readLines(path)) {
    const line = parseLine(path, number, text);
    if (line.what === "cut") cut += line.lines;
    else lines.push(line);
  }
  return lines.some(({ what }) => what === "start") ? { lines, cut } : undefined;
}

function parseLine(path: string, number: number, text: string): ProcessLine {
  try {
    const line = JSON.parse(text) as ProcessLine;
    if (isLine(line)) return line;
  } catch {
    // told below
  }
  const problem = `${quote(path)}: line ${number} tells of no process; the file is damaged`;
  throw new RecordFileError("BAD_RECORD", problem);
}

function isLine(line: ProcessLine): boolean {
  if (line.what === "cut") return Number.isSafeInteger(line.lines);
  const told = /^\d{1,19}$/.test(line.at) && Number.isSafeInteger(line.pid);
  const named = typeof line.name === "string" && typeof line.task === "string";
  if (!told || !named) return false;
  return line.what === "exec" || (Number.isSafeInteger(line.ppid) && "untrusted" in line);
}
