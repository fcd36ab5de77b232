// SPDX-License-Identifier: Apache-2.0
// What every way to a TPM can do.

/** Commands are given one after the other, in the order of the calls. Errors are `TpmError`. */
export interface Transport {
  /** For messages. */
  readonly address: string;
  /** Gives one whole command and resolves to one whole response. */
  transact(command: Uint8Array): Promise<Uint8Array>;
  /** Lets the TPM go. What is under way ends with GONE. */
  close(): Promise<void>;
}

/** Runs tasks one after the other. One that fails does not keep the next from running. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  async run<T>(task: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(task);
    this.#last = mine.catch(() => undefined);
    return await mine;
  }

  /** Resolves when all that were given until now have ended. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
