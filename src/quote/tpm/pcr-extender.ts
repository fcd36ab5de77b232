// SPDX-License-Identifier: Apache-2.0
// Coefficients on their way into a PCR: in the order in which they were given, in the background, with nothing forgotten.
import type { TpmHash } from "../../attest/tpm/index.ts";
import { COEFFICIENT_PCR } from "../../attest/tpm/index.ts";
import { TpmError } from "./errors.ts";
import { MAX_WAITING_EXTENSIONS } from "./limits.ts";
import type { Tpm } from "./tpm.ts";
import { Turns } from "./transport-type.ts";

export interface ExtenderOptions {
  readonly pcr?: number;
  readonly hash?: TpmHash;
  /** Digests that may wait. */
  readonly maxWaiting?: number;
}

/** Up to where coefficients are in the PCR. */
export interface ExtenderState {
  /** That many, from the first on, are in the PCR. */
  readonly extended: number;
  /** That many are not yet, or, when there is a `failure`, not at all. */
  readonly waiting: number;
  /** Why nothing is extended any more. The order would be wrong if later ones went on. */
  readonly failure: Error | undefined;
}

/** Extends digests in turn. The TPM may be used by others meanwhile, the PCR should not. */
export class PcrExtender {
  readonly pcr: number;
  readonly hash: TpmHash;
  /** The value of the PCR before the first digest: firmware, or an earlier run, may have left something there. */
  readonly start: Uint8Array;
  readonly #tpm: Tpm;
  readonly #maxWaiting: number;
  readonly #turns = new Turns();
  readonly #queue: Uint8Array[] = [];
  #working = false;
  #extended = 0;
  #dropped = 0;
  #failure: Error | undefined;

  private constructor(tpm: Tpm, start: Uint8Array, options: Required<ExtenderOptions>) {
    this.#tpm = tpm;
    this.start = start;
    this.pcr = options.pcr;
    this.hash = options.hash;
    this.#maxWaiting = options.maxWaiting;
  }

  /** Reads the PCR, so that what is added can be told from what was there. Errors: those of `Tpm.readPcrs`. */
  static async begin(tpm: Tpm, options: ExtenderOptions = {}): Promise<PcrExtender> {
    const { pcr = COEFFICIENT_PCR, hash = "sha256", maxWaiting = MAX_WAITING_EXTENSIONS } = options;
    const { values } = await tpm.readPcrs({ hash, pcrs: [pcr] });
    return new PcrExtender(tpm, values.get(pcr) ?? new Uint8Array(0), { pcr, hash, maxWaiting });
  }

  get state(): ExtenderState {
    const waiting = this.#queue.length + this.#dropped;
    return { extended: this.#extended, waiting, failure: this.#failure };
  }

  /**
   * Gives a digest; returns at once. When the TPM is too slow by `maxWaiting`, or gone, nothing more is extended:
   * `state` says so, and how many are missing.
   */
  add(digest: Uint8Array): void {
    if (this.#failure === undefined && this.#queue.length >= this.#maxWaiting)
      this.#failure = new TpmError(
        "TOO_SLOW",
        `${this.#maxWaiting} coefficients wait to be extended into PCR ${this.pcr}: the TPM is too slow for this workload`,
      );
    if (this.#failure !== undefined) {
      this.#dropped++;
      return;
    }
    this.#queue.push(digest.slice());
    if (this.#working) return;
    this.#working = true;
    void this.#turns.run(() => this.#work());
  }

  /** Runs `task` (a quote) while no digest is on its way, and says how many are in the PCR then. */
  async between<T>(
    task: () => Promise<T>,
  ): Promise<{ readonly extended: number; readonly result: T }> {
    return await this.#turns.run(async () => ({ extended: this.#extended, result: await task() }));
  }

  /** Resolves when all that was given until now is in the PCR, or never will be: see `state`. */
  async settled(): Promise<void> {
    do await this.#turns.idle();
    while (this.#working);
  }

  /** One digest in a turn, so that a quote waits for one at most. */
  async #work(): Promise<void> {
    const digest = this.#queue[0];
    try {
      if (digest !== undefined) await this.#tpm.extendPcr(this.pcr, digest, [this.hash]);
      this.#queue.shift();
      this.#extended++;
    } catch (error) {
      this.#failure ??= error instanceof Error ? error : new Error(String(error));
    }
    this.#working = this.#failure === undefined && this.#queue.length > 0;
    if (this.#working) void this.#turns.run(() => this.#work());
  }
}
