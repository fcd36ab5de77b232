// SPDX-License-Identifier: Apache-2.0
// Writes model files, whole or not at all.
import { randomBytes } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { quote } from "../../base/quote.ts";
import { stringifyWorkloadModel } from "../../model/index.ts";
import type { WorkloadModel } from "../../model/index.ts";
import { StateError } from "../errors.ts";
import { refuseKey, refuseReplacing } from "./signed-file.ts";
import { replaceable, writeAtomic } from "../state-dir.ts";

/** Records that go beside a model. */
export interface RecordTexts {
  readonly file: string;
  readonly texts: readonly string[];
}

/** A Galgo model and, before it, its records. @throws StateError NOT_WRITABLE; ModelUseError BAD_OPTION: a signed model or a key is there */
export function writeModel(output: string, model: WorkloadModel, records?: RecordTexts): void {
  refuseReplacing(output);
  writingTo(output, () => {
    if (records !== undefined)
      writeAtomic(records.file, records.texts.map((text) => `${text}\n`).join(""));
  });
  writeModelText(output, stringifyWorkloadModel(model));
}

/** A model in any form; `-` is stdout. @throws StateError NOT_WRITABLE; ModelUseError BAD_OPTION: a key is there */
export function writeModelText(output: string, content: string): void {
  refuseKey(output);
  writingTo(output, () => {
    if (output === "-") writeFileSync(1, content);
    else writeAtomic(output, content, { mode: 0o644, durable: true });
  });
}

/** Found out before the work is done: a model that can not be written is a wasted run. @throws as `writeModel` */
export function requireWritable(file: string): void {
  refuseReplacing(file);
  writingTo(file, () => {
    const path = replaceable(file);
    if (existsSync(path)) accessSync(path, constants.W_OK);
    const probe = join(dirname(path), `.${randomBytes(6).toString("hex")}.galgo-tmp`);
    closeSync(openSync(probe, "wx", 0o600));
    rmSync(probe);
  });
}

/** Does it, and says where to write instead when it can not be done. @throws StateError NOT_WRITABLE */
export function writingTo(output: string, write: () => void): void {
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
