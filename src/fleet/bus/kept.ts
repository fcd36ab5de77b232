// SPDX-License-Identifier: Apache-2.0
// Keeps the bus of a server running: one that ends by itself or is killed is started again, on the same folder and port.
import { setTimeout as delay } from "node:timers/promises";
import { type SpawnedNats, spawnNats, type SpawnTerms } from "./spawned.ts";

export interface KeptNats {
  /** Of the one that runs now. */
  readonly pid: number;
  /** Reads certificate and key again. */
  reload(): void;
  close(): Promise<void>;
}

const FIRST_WAIT_MS = 100;
const MAX_WAIT_MS = 10_000;
/** One that has run for so long is no failed start. */
const STEADY_MS = 30_000;

/** @param termsOf what each start is made with @throws FleetStartError: the first one does not start */
export async function keepNats(
  termsOf: () => Promise<Omit<SpawnTerms, "onEnd">>,
  tell: (word: "info" | "warning" | "error", text: string) => void,
): Promise<KeptNats> {
  const kept = new Kept(termsOf, tell);
  await kept.start();
  return kept;
}

class Kept implements KeptNats {
  readonly #termsOf: () => Promise<Omit<SpawnTerms, "onEnd">>;
  readonly #tell: (word: "info" | "warning" | "error", text: string) => void;
  readonly #end = new AbortController();
  #nats: SpawnedNats | undefined;
  #again: Promise<void> = Promise.resolve();
  #wait = FIRST_WAIT_MS;
  #started = 0;

  constructor(
    termsOf: () => Promise<Omit<SpawnTerms, "onEnd">>,
    tell: (word: "info" | "warning" | "error", text: string) => void,
  ) {
    this.#termsOf = termsOf;
    this.#tell = tell;
  }

  get pid(): number {
    return this.#nats?.pid ?? 0;
  }

  reload(): void {
    if (this.pid > 0) process.kill(this.pid, "SIGHUP");
  }

  async start(): Promise<void> {
    this.#started = performance.now();
    this.#nats = await spawnNats({
      ...(await this.#termsOf()),
      onEnd: (words) => this.#ended(words),
    });
  }

  async close(): Promise<void> {
    this.#end.abort();
    await this.#again;
    await this.#nats?.close();
  }

  #ended(words: string): void {
    this.#tell("error", `nats-server has ended (${words}); it is started again`);
    if (performance.now() - this.#started > STEADY_MS) this.#wait = FIRST_WAIT_MS;
    this.#again = this.#restart();
  }

  async #restart(): Promise<void> {
    for (; !this.#end.signal.aborted; this.#wait = Math.min(this.#wait * 2, MAX_WAIT_MS)) {
      try {
        await delay(this.#wait, undefined, { signal: this.#end.signal });
        return await this.start();
      } catch (error) {
        if (this.#end.signal.aborted) return;
        this.#tell("error", error instanceof Error ? error.message : String(error));
      }
    }
  }
}
