// SPDX-License-Identifier: Apache-2.0
// Records that another orchestrator sent, made fit for printing: they may be anything.
import { quote } from "../base/quote.ts";
import { describeEvent, parseRecord, readTsemRecord, RecordError } from "../event/index.ts";
import type { SecurityEvent, TsemRecord } from "../event/index.ts";

/** Controls, ends of lines to somebody, what changes the direction of writing, lone surrogates. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const MAX_SHOWN = 2_048;

/** The event in words; the quoted text of what is no record that Galgo can read. */
export function recordWords(text: string): string {
  for (const read of READERS) {
    try {
      const event = read(text);
      if (event !== undefined) return `${quote(event.process)} ${describeEvent(event)}`;
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
    }
  }
  return quote(text, MAX_SHOWN);
}

/** Who wrote a line is not known. The kernel's spelling comes first: its reader refuses what could also mean something else. */
const READERS: readonly ((text: string) => SecurityEvent | undefined)[] = [
  (text) => eventOf(readTsemRecord(text)),
  parseRecord,
  (text) => eventOf(readTsemRecord(text, { dialect: "quixote" })),
];

function eventOf(record: TsemRecord): SecurityEvent | undefined {
  return "event" in record ? record.event : undefined;
}

/** One line of JSON: the record as it is, or a string with the text of what is no JSON. */
export function recordJson(text: string): string {
  // raw controls of valid JSON stand between its parts
  const json = isJson(text) ? text.replace(/[\t\n\r]/g, " ") : JSON.stringify(text);
  return json.replace(HIDDEN, escaped);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The others stand in strings only, where this means the same. */
function escaped(char: string): string {
  return Array.from({ length: char.length }, (_, at) => unit(char.charCodeAt(at))).join("");
}

function unit(code: number): string {
  return `\\u${code.toString(16).padStart(4, "0")}`;
}
