// SPDX-License-Identifier: Apache-2.0
// Coefficients on their way into a PCR: in the order in which they were given, in the background, with nothing forgotten.
import type { TpmHash } from "../../attest/tpm/index.ts";
import { COEFFICIENT_PCR, replayPcr, sameBytes } from "../../attest/tpm/index.ts";
import { TpmError } from "./errors.ts";
import { MAX_WAITING_EXTENSIONS } from "./limits.ts";
import { nodeTpmCrypto } from "./node-crypto.ts";
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
  readonly #maxWaiting: number;
  readonly #turns = new Turns();
  /** All that were given, also those that are in the PCR. */
  readonly #digests: Uint8Array[] = [];
  #tpm: Tpm;
  #value: Uint8Array;
  #working = false;
  #extended = 0;
  #dropped = 0;
  /** The TPM did not answer: `resume` may help. */
  #away: Error | undefined;
  #failure: Error | undefined;

  private constructor(tpm: Tpm, start: Uint8Array, options: Required<ExtenderOptions>) {
    this.#tpm = tpm;
    this.start = start;
    this.#value = start;
    this.pcr = options.pcr;
    this.hash = options.hash;
    this.#maxWaiting = options.maxWaiting;
  }

  /** Reads the PCR, so that what is added can be told from what was there. Errors: those of `Tpm.readPcrs`. */
  static async begin(tpm: Tpm, options: ExtenderOptions = {}): Promise<PcrExtender> {
    const { pcr = COEFFICIENT_PCR, hash = "sha256", maxWaiting = MAX_WAITING_EXTENSIONS } = options;
    const start = await readOne(tpm, pcr, hash);
    return new PcrExtender(tpm, start, { pcr, hash, maxWaiting });
  }

  get state(): ExtenderState {
    const waiting = this.#digests.length - this.#extended + this.#dropped;
    return { extended: this.#extended, waiting, failure: this.#failure ?? this.#away };
  }

  /** Why digests wait for `resume`. */
  get away(): Error | undefined {
    return this.#away;
  }

  /** What the PCR has to hold now if nobody else extends it. */
  get value(): Uint8Array {
    return this.#value;
  }

  /** The digests that are in the PCR, in order. */
  get taken(): readonly Uint8Array[] {
    return this.#digests.slice(0, this.#extended);
  }

  /**
   * Gives a digest; returns at once. When the TPM is too slow by `maxWaiting`, nothing more is extended: `state` says so, and how many
   * are missing. When it is gone, digests wait for `resume`.
   */
  add(digest: Uint8Array): void {
    if (this.#failure === undefined && this.#digests.length - this.#extended >= this.#maxWaiting)
      this.#failure = new TpmError(
        "TOO_SLOW",
        `${this.#maxWaiting} coefficients wait to be extended into PCR ${this.pcr}: the TPM is too slow for this workload`,
      );
    if (this.#failure !== undefined) {
      this.#dropped++;
      return;
    }
    this.#digests.push(digest.slice());
    this.#start();
  }

  /** Runs `task` (a quote) while no digest is on its way, and says how many are in the PCR then. */
  async between<T>(
    task: () => Promise<T>,
  ): Promise<{ readonly extended: number; readonly result: T }> {
    return await this.#turns.run(async () => ({ extended: this.#extended, result: await task() }));
  }

  /** Resolves when all that was given until now is in the PCR, or not to be had: see `state`. */
  async settled(): Promise<void> {
    do await this.#turns.idle();
    while (this.#working);
  }

  /**
   * Goes on with another connection. An extension that had no answer may have happened: the PCR tells. When it holds anything else, it
   * was begun anew or somebody else has extended it, and this is the end: `failure`.
   */
  async resume(tpm: Tpm): Promise<void> {
    await this.#turns.run(async () => {
      const found = await readOne(tpm, this.pcr, this.hash);
      this.#tpm = tpm;
      const next = this.#digests[this.#extended];
      const after =
        next === undefined ? undefined : replayPcr(this.hash, [next], nodeTpmCrypto, this.#value);
      if (!sameBytes(found, this.#value)) {
        if (after === undefined || !sameBytes(found, after)) this.spoiled();
        else this.#took(after);
      }
      this.#away = undefined;
    });
    this.#start();
  }

  /** Extends nothing more. Resolves when what was under way has ended. */
  async stop(): Promise<void> {
    this.#failure ??= new TpmError("GONE", `nothing more is extended into PCR ${this.pcr}`);
    await this.settled();
  }

  /** The PCR was found to hold something else than `value`. */
  spoiled(): void {
    this.#failure ??= new TpmError(
      "FOREIGN",
      `PCR ${this.pcr} does not hold what was extended into it: the TPM was reset, or somebody else has extended it`,
    );
  }

  #took(value: Uint8Array): void {
    this.#value = value;
    this.#extended++;
  }

  #start(): void {
    if (this.#working || !this.#canGoOn) return;
    this.#working = true;
    void this.#turns.run(() => this.#work());
  }

  get #canGoOn(): boolean {
    const stopped = this.#failure ?? this.#away;
    return stopped === undefined && this.#extended < this.#digests.length;
  }

  /** One digest in a turn, so that a quote waits for one at most. */
  async #work(): Promise<void> {
    const digest = this.#digests[this.#extended];
    try {
      if (digest !== undefined && this.#canGoOn) {
        await this.#tpm.extendPcr(this.pcr, digest, [this.hash]);
        this.#took(replayPcr(this.hash, [digest], nodeTpmCrypto, this.#value));
      }
    } catch (error) {
      this.#away = error instanceof Error ? error : new Error(String(error));
    }
    this.#working = this.#canGoOn;
    if (this.#working) void this.#turns.run(() => this.#work());
  }
}

async function readOne(tpm: Tpm, pcr: number, hash: TpmHash): Promise<Uint8Array> {
  const { values } = await tpm.readPcrs({ hash, pcrs: [pcr] });
  const value = values.get(pcr);
  if (value !== undefined) return value;
  throw new TpmError("NO_BANK", `the TPM has no PCR ${pcr} in bank ${hash}`);
}
