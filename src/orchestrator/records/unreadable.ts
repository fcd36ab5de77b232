// SPDX-License-Identifier: Apache-2.0
// Keeps records of a run that could not be read, byte for byte: one JSON line each, as a replay writes them, in a file that is made with
// the first of them.
import { MAX_UNREADABLE_RECORDS } from "../limits.ts";
import { openRecordLog } from "./record-log.ts";
import type { RecordLog } from "./record-log.ts";
import type { UnreadableLine } from "../replay/traces.ts";

export class UnreadableRecords {
  readonly #path: string;
  #log: RecordLog | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** @param line which record of the run it was, from 1 @throws RecordFileError WRITE_FAILED */
  keep(text: string, problem: string, line: number): void {
    this.#log ??= openRecordLog(this.#path);
    if (this.#log.count >= MAX_UNREADABLE_RECORDS) return;
    const entry: UnreadableLine = { line, lines: 1, problem, text };
    this.#log.append(JSON.stringify(entry));
    this.#log.flush();
  }

  close(): void {
    this.#log?.close();
  }
}
