// SPDX-License-Identifier: Apache-2.0
// Whether trying again can help.
import { StoreError } from "../store/index.ts";

/** Classes of PostgreSQL's codes that say what is wrong with what was given: data exception, integrity constraint, syntax or access rule, too large. */
const GIVEN = /^(?:22|23|42|54)[0-9A-Z]{3}$/;
/** SQLite's words for the same. */
const GIVEN_WORDS =
  /constraint failed|datatype mismatch|no such (?:table|column)|syntax error|too big|too many/;

/**
 * True: the same statement will fail each time, however long one waits. Everything else (nobody there, no room on the disk, a connection that broke)
 * may be over in a moment, so what came is kept until it is.
 */
export function isLasting(error: unknown): boolean {
  if (error instanceof StoreError)
    return error.code === "QUERY_FAILED" && GIVEN_WORDS.test(error.message);
  if (error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError)
    return true;
  return error instanceof Error && "code" in error && GIVEN.test(String(error.code));
}

export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message === "" && "code" in error ? String(error.code) : error.message;
}
