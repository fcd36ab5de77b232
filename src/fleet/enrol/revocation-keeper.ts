// SPDX-License-Identifier: Apache-2.0
// Keeps the bus at what the database says of revoked hosts: also when it could not be told at once, or two servers told it different things.
import type { FleetBus } from "../bus/bus.ts";
import { REVOCATIONS_MS } from "../limits.ts";
import type { FleetStore } from "../store/index.ts";
import { loadRevocations } from "./revocations.ts";

export interface KeeperTerms {
  readonly store: FleetStore;
  readonly bus: Pick<FleetBus, "revoke" | "isConnected">;
  now(): number;
  tell(word: "info" | "warning" | "error", text: string): void;
}

export class RevocationKeeper {
  readonly #terms: KeeperTerms;
  readonly #timer: NodeJS.Timeout;
  /** What this server has told the bus last. */
  #told: string | undefined;
  #telling: Promise<unknown> = Promise.resolve();

  constructor(terms: KeeperTerms) {
    this.#terms = terms;
    this.#timer = setInterval(() => this.#check(), REVOCATIONS_MS);
    this.#timer.unref();
  }

  /** Tells the bus what the database says now, one after the other. @returns false: it could not be told, and will be */
  tell(): Promise<boolean> {
    const done = this.#telling.then(() => this.#tell(true));
    this.#telling = done;
    return done;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#telling;
  }

  #check(): void {
    this.#telling = this.#telling.then(() => this.#tell(false));
  }

  /** @param always also when it has heard the same from this server */
  async #tell(always: boolean): Promise<boolean> {
    const { store, bus, now, tell } = this.#terms;
    try {
      const revocations = await loadRevocations(store, now());
      const text = JSON.stringify(revocations);
      if (!always && (text === this.#told || !bus.isConnected)) return true;
      await bus.revoke(revocations);
      this.#told = text;
      return true;
    } catch (error) {
      this.#told = undefined;
      const why = error instanceof Error ? error.message : String(error);
      tell("error", `the bus could not be told which hosts are revoked: ${why}; trying again`);
      return false;
    }
  }
}
