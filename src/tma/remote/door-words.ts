// SPDX-License-Identifier: Apache-2.0
// What a thread that decides and the daemon's door for verdicts say to each other: lines of JSON, one question at a time. The daemon has
// checked what the fleet signed; between the two there is a socket that only its owner can open.
import { isHex } from "../../base/hex.ts";

/** What a fleet rules about a behaviour that is outside of a model. */
export type RulingWord = "allow" | "deny" | "kill";

/** Bytes that one line may have. */
export const MAX_DOOR_LINE: number = 64 * 1024;
/** Characters of a record that go with a question. */
export const MAX_ASKED_RECORD: number = 32 * 1024;
/** Characters of words that go with a question. */
export const MAX_ASKED_WORDS = 1_024;

/** Said first: who will ask. */
export interface DoorHello {
  readonly v: 1;
  /** Id of the run. */
  readonly run: string;
  readonly name: string;
  /** Digest of the model that the behaviours are outside of, hex. */
  readonly model: string;
}

export interface DoorQuestion {
  /** Counts up; the answer has the same. */
  readonly q: number;
  /** hex */
  readonly coefficient: string;
  /** The event in words; untrusted text in it is quoted. */
  readonly words: string;
  /** The event as a record, where it is short enough. */
  readonly record?: string;
  readonly pid: number;
  /** How long the fleet may take (ms); 0: only what is known here counts now, and the fleet is asked meanwhile. */
  readonly withinMs: number;
}

export interface DoorAnswer {
  readonly q: number;
  /** none: the local model decides. */
  readonly verdict: RulingWord | "none";
  /** With none: why. */
  readonly why?: string;
}

/** A line, with its end. */
export function doorLine(message: DoorHello | DoorQuestion | DoorAnswer): string {
  return `${JSON.stringify(message)}\n`;
}

/** undefined: it is none */
export function readDoorHello(line: string): DoorHello | undefined {
  const { v, run, name, model } = membersOf(line);
  const known = v === 1 && isText(run, 128) && isText(name, 256) && isDigest(model);
  return known ? { v, run, name, model } : undefined;
}

/** undefined: it is none */
export function readDoorQuestion(line: string): DoorQuestion | undefined {
  const { q, coefficient, words, record, pid, withinMs } = membersOf(line);
  if (!isCount(q) || !isDigest(coefficient) || !isCount(pid) || !isCount(withinMs))
    return undefined;
  if (!isText(words, MAX_ASKED_WORDS)) return undefined;
  if (record !== undefined && !isText(record, MAX_ASKED_RECORD)) return undefined;
  return { q, coefficient, words, pid, withinMs, ...(record === undefined ? {} : { record }) };
}

/** undefined: it is none */
export function readDoorAnswer(line: string): DoorAnswer | undefined {
  const { q, verdict, why } = membersOf(line);
  const known = verdict === "allow" || verdict === "deny" || verdict === "kill";
  if (!isCount(q) || (!known && verdict !== "none")) return undefined;
  return { q, verdict, ...(isText(why, MAX_ASKED_WORDS) ? { why } : {}) };
}

function membersOf(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function isText(value: unknown, most: number): value is string {
  return typeof value === "string" && value.length <= most;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isDigest(value: unknown): value is string {
  return typeof value === "string" && [32, 48, 64].some((size) => isHex(value, size));
}
