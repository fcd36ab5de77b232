// SPDX-License-Identifier: Apache-2.0
// Names of the files that learning writes.

/** What a signed model is called beside the plain one, NAME.galgo.json. */
const SIGNED = /\.galgo\.(?:dsse|sigstore)\.json$/;

/** Where the events behind a model are kept: they name its behaviours, which the model itself does not. A signed one has those of the plain one. */
export function recordsFileOf(modelFile: string): string {
  return `${modelFile.replace(SIGNED, ".galgo.json")}.records.jsonl`;
}
