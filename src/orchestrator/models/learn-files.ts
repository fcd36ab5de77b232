// SPDX-License-Identifier: Apache-2.0
// Names of the files that learning writes.

/** Where the events behind a model are kept: they name its behaviours, which the model itself does not. */
export function recordsFileOf(modelFile: string): string {
  return `${modelFile}.records.jsonl`;
}
