// SPDX-License-Identifier: Apache-2.0
// Models that clients have brought. The same one comes with each run of a program, so it is kept parsed; where a signature is demanded it is
// checked anew each time: keys expire, and policies change.
import { type ModelTrust, type UsedModel, useModel } from "../../orchestrator/index.ts";

/** Models that are kept; the one that was used longest ago goes first. */
const MAX_MODELS = 16;
/** What their files have together (bytes); one that has more is not kept. */
const MAX_BYTES: number = 32 * 1024 * 1024;

interface Kept {
  readonly file: string;
  readonly text: Buffer;
  readonly used: UsedModel;
}

export class ModelCache {
  #kept: readonly Kept[] = [];

  /**
   * The model with this text.
   * @param file its name, for messages
   * @param trust what is asked of it besides being one
   * @throws ModelUseError
   */
  read(text: Buffer, file: string, trust: ModelTrust): UsedModel {
    if (trust.requirement !== undefined) return useModel(text.toString("utf8"), file, trust);
    return this.#cached(text, file);
  }

  #cached(text: Buffer, file: string): UsedModel {
    const known = this.#kept.find((one) => one.file === file && one.text.equals(text));
    const found = known ?? { file, text, used: useModel(text.toString("utf8"), file) };
    let bytes = 0;
    this.#kept = [found, ...this.#kept.filter((one) => one !== found)]
      .slice(0, MAX_MODELS)
      .filter((one) => {
        bytes += one.text.length;
        return bytes <= MAX_BYTES;
      });
    return found.used;
  }
}
