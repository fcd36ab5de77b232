// SPDX-License-Identifier: Apache-2.0
// Output of the command line: data on stdout, Galgo's own words on stderr, colours only where a person looks.
export { count, plural } from "../base/counts.ts";
import { writeSync } from "node:fs";
import pico from "picocolors";
import { CodedError } from "../base/errors.ts";

/** WRITE_FAILED: stdout takes nothing (a full disk). */
class OutputError extends CodedError<"WRITE_FAILED"> {}

export type Painter = ReturnType<typeof pico.createColors>;

/** @param isTerminal whether the output is one @param env of whoever looks */
function wantsColor(
  isTerminal: boolean,
  env: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  if (env["NO_COLOR"] !== undefined && env["NO_COLOR"] !== "") return false;
  if (env["FORCE_COLOR"] !== undefined && env["FORCE_COLOR"] !== "" && env["FORCE_COLOR"] !== "0")
    return true;
  return isTerminal && env["TERM"] !== "dumb";
}

export function outPainter(): Painter {
  return pico.createColors(wantsColor(process.stdout.isTTY === true));
}

export function errPainter(): Painter {
  return pico.createColors(wantsColor(process.stderr.isTTY === true));
}

/**
 * Writes data to stdout at once. False when the reader is gone (`galgo show ... | head`): stop, it is no error.
 * Throws when data is missing for any other reason.
 */
export function out(text: string): boolean {
  const problem = writeAll(1, text);
  if (problem === undefined) return true;
  if (GONE.has(problem)) return false;
  throw new OutputError("WRITE_FAILED", `can not write to stdout (${problem})`);
}

/** One line of data. */
export function outLine(text: string): boolean {
  return out(`${text}\n`);
}

export function outJson(value: unknown): boolean {
  return outLine(JSON.stringify(value, plainBigInts, 2));
}

/** JSON has no 64-bit integers: they are written as decimal strings. */
export function plainBigInts(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}

/** Galgo's own words to whoever started a run, wherever that one's stderr is. */
export interface Voice {
  readonly paint: Painter;
  /** One line. */
  say(text: string): void;
  /** One line that tells of a failure. */
  sayError(text: string): void;
  /** Lines as they are. */
  sayRaw(text: string): void;
}

/** @param write takes whole lines @param env of the one who reads them */
export function voiceOf(
  write: (text: string) => void,
  isTerminal: boolean,
  env: Readonly<Record<string, string | undefined>>,
): Voice {
  const paint = pico.createColors(wantsColor(isTerminal, env));
  return {
    paint,
    say: (text) => write(`${paint.dim("galgo:")} ${text}\n`),
    sayError: (text) => write(`${paint.red("galgo:")} ${text}\n`),
    sayRaw: write,
  };
}

/** Our own stderr. */
export function ownVoice(): Voice {
  return voiceOf(sayRaw, process.stderr.isTTY === true, process.env);
}

/** One line of Galgo's own words. */
export function say(text: string): void {
  ownVoice().say(text);
}

/** One line that tells of a failure. */
export function sayError(text: string): void {
  ownVoice().sayError(text);
}

/** Lines on stderr as they are. */
export function sayRaw(text: string): void {
  writeAll(2, text);
}

const RETRY = new Set(["EAGAIN", "EINTR"]);
/** The reader of a pipe or socket has gone. */
const GONE = new Set(["EPIPE", "ECONNRESET"]);
const pause = new Int32Array(new SharedArrayBuffer(4));

/** The code of the error that ended it, if one did. Synchronous: a violation must be on the terminal before anything else happens, and process.exit() must not cut output off. */
function writeAll(fd: number, text: string): string | undefined {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "";
      if (!RETRY.has(code)) return code;
      // a full non-blocking pipe: give its reader a moment
      Atomics.wait(pause, 0, 0, 2);
    }
  }
  return undefined;
}

/** Columns padded to their widest cell; the last one is not padded. `width` ignores colour sequences. */
export function table(rows: readonly (readonly string[])[], indent = ""): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, width(cell));
  }
  return rows
    .map((row) => {
      const cells = row.map((cell, at) =>
        at === row.length - 1 ? cell : cell + " ".repeat((widths[at] ?? 0) - width(cell)),
      );
      return `${indent}${cells.join("  ")}`.trimEnd();
    })
    .join("\n");
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences that picocolors writes
const COLOR = /\u001b\[\d+m/g;

function width(text: string): number {
  return text.replace(COLOR, "").length;
}

/** Microseconds for people. */
export function microseconds(us: number): string {
  return us < 1_000 ? `${us.toFixed(us < 10 ? 1 : 0)} µs` : `${(us / 1_000).toFixed(1)} ms`;
}
