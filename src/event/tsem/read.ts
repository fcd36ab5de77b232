// SPDX-License-Identifier: Apache-2.0
// Reading a line, by the rules of a dialect.
import { MAX_RECORD_CHARS } from "../limits.ts";
import { RecordError } from "../record-error.ts";
import { readKernelRecord } from "./kernel.ts";
import { readQuixoteRecord } from "./quixote.ts";
import type { TsemDialect, TsemRecord } from "./tsem-record.ts";

export interface TsemReadOptions {
  /** `kernel` unless given. */
  readonly dialect?: TsemDialect;
}

/**
 * The record that a line holds. The line is text as `decodePath` makes it of bytes, without its newline; a newline in a name may stand in it.
 * Throws `RecordError`: NOT_JSON, TOO_LONG, UNKNOWN_HOOK, BAD_MEMBER, and from the kernel dialect AMBIGUOUS (can be read in two ways), CUT,
 * INCOMPLETE (ends inside a text: `joinedState` says whether the next lines belong to it).
 */
export function readTsemRecord(line: string, options: TsemReadOptions = {}): TsemRecord {
  if (line.length > MAX_RECORD_CHARS) {
    const problem = `record has ${line.length} characters, at most ${MAX_RECORD_CHARS} are read`;
    throw new RecordError("TOO_LONG", problem);
  }
  switch (options.dialect ?? "kernel") {
    case "kernel":
      return readKernelRecord(line);
    case "quixote":
      return readQuixoteRecord(line, 2025);
    case "quixote-2024":
      return readQuixoteRecord(line, 2024);
  }
}
