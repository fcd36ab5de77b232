// SPDX-License-Identifier: Apache-2.0
// Runs that nobody looks after any more, because the Galgo that had them was killed.
import { StateError } from "./errors.ts";
import { readRunRecord, type RunRecord } from "./run-record.ts";
import { runFolder, writeAtomic } from "./state-dir.ts";

/**
 * Writes into the run.json of a run that still says that it goes on that it has failed, and why.
 * @param path folder of the run
 * @returns what it said before; undefined: it can not be read, or its folder is gone
 * @throws the error of the file system when it can not be written
 */
export function failLeftRun(path: string, why: string): RunRecord | undefined {
  let record: RunRecord;
  const file = runFolder(path, { name: "", runId: "" }).run;
  try {
    record = readRunRecord(file);
  } catch (error) {
    if (error instanceof StateError) return undefined;
    throw error;
  }
  if (record.status !== "running") return record;
  const failed: RunRecord = { ...record, status: "failed", error: why };
  writeAtomic(file, `${JSON.stringify(failed, null, 2)}\n`, { durable: true });
  return record;
}
