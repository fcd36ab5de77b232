// SPDX-License-Identifier: Apache-2.0
// Writes model files, whole or not at all.
import { writeFileSync } from "node:fs";
import { quote } from "../../base/quote.ts";
import { stringifyWorkloadModel } from "../../model/index.ts";
import type { WorkloadModel } from "../../model/index.ts";
import { StateError } from "../errors.ts";
import { writeAtomic } from "../state-dir.ts";

/** Records that go beside a model. */
export interface RecordTexts {
  readonly file: string;
  readonly texts: readonly string[];
}

/** A Galgo model and, before it, its records. @throws StateError NOT_WRITABLE */
export function writeModel(output: string, model: WorkloadModel, records?: RecordTexts): void {
  telling(output, () => {
    if (records !== undefined)
      writeAtomic(records.file, records.texts.map((text) => `${text}\n`).join(""));
  });
  writeModelText(output, stringifyWorkloadModel(model));
}

/** A model in any form; `-` is stdout. @throws StateError NOT_WRITABLE */
export function writeModelText(output: string, content: string): void {
  telling(output, () => {
    if (output === "-") writeFileSync(1, content);
    else writeAtomic(output, content, { mode: 0o644, durable: true });
  });
}

function telling(output: string, write: () => void): void {
  try {
    write();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new StateError(
      "NOT_WRITABLE",
      `can not write ${quote(output)} (${code}); choose another place with -o FILE`,
      { cause },
    );
  }
}
