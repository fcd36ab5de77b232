// SPDX-License-Identifier: Apache-2.0
// The summary, to consoles of this server: when something was told, at most once a second, and now and then.
import { quote } from "../../base/quote.ts";
import type { FleetContext } from "../server/context.ts";
import type { LiveEvent, LiveHub } from "./hub.ts";
import { SUMMARY_AGAIN_MS, SUMMARY_MS } from "./limits.ts";
import { rowsOf } from "./rows.ts";

/** What a summary counts. */
const COUNTED: ReadonlySet<string> = new Set([
  "violation",
  "workload",
  "host",
  "command",
  "rollout",
  "verdict",
]);

export class SummaryTeller {
  readonly #context: FleetContext;
  readonly #hub: LiveHub;
  readonly #timer: NodeJS.Timeout;
  readonly #listener = ({ name }: LiveEvent): void => {
    this.#isDue ||= COUNTED.has(name);
  };
  #isDue = false;
  #last = 0;
  #work: Promise<void> | undefined;

  constructor(context: FleetContext, hub: LiveHub) {
    this.#context = context;
    this.#hub = hub;
    hub.watch(this.#listener);
    this.#timer = setInterval(() => this.#turn(), SUMMARY_MS);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#work;
  }

  #turn(): void {
    if (this.#hub.listeners === 0 || this.#work !== undefined) return;
    const now = performance.now();
    if (!this.#isDue && now - this.#last < SUMMARY_AGAIN_MS) return;
    this.#isDue = false;
    this.#last = now;
    this.#work = this.#tell().finally(() => {
      this.#work = undefined;
    });
  }

  async #tell(): Promise<void> {
    const { tell } = this.#context;
    try {
      this.#hub.tellHere("summary", await rowsOf(this.#context).summary());
    } catch (error) {
      tell("warning", `consoles get no summary: ${quote(String(error))}`);
    }
  }
}
