// SPDX-License-Identifier: Apache-2.0
// Models that clients have brought, parsed: the same one comes with each run of a program.
import { readModel } from "../../orchestrator/index.ts";
import type { WorkloadModel } from "../../model/index.ts";

/** Models that are kept; the one that was used longest ago goes first. */
const MAX_MODELS = 16;
/** What their files have together (bytes); one that has more is not kept. */
const MAX_BYTES: number = 32 * 1024 * 1024;

interface Kept {
  readonly file: string;
  readonly text: Buffer;
  readonly model: WorkloadModel;
}

export class ModelCache {
  #kept: readonly Kept[] = [];

  /**
   * The model with this text.
   * @param file its name, for messages
   * @throws ModelUseError
   */
  read(text: Buffer, file: string): WorkloadModel {
    const known = this.#kept.find((one) => one.file === file && one.text.equals(text));
    const found = known ?? { file, text, model: readModel(text.toString("utf8"), file) };
    let bytes = 0;
    this.#kept = [found, ...this.#kept.filter((one) => one !== found)]
      .slice(0, MAX_MODELS)
      .filter((one) => {
        bytes += one.text.length;
        return bytes <= MAX_BYTES;
      });
    return found.model;
  }
}
