// SPDX-License-Identifier: Apache-2.0
// Tells consoles of hosts that come, fall silent and are gone: by their heartbeats, which all servers hear.
import { quote } from "../../base/quote.ts";
import type { FleetContext } from "../server/context.ts";
import type { HostPresence } from "../../wire/api/index.ts";
import { GONE_MS, LATE_MS } from "../views/limits.ts";
import type { LiveHub } from "./hub.ts";
import { HOST_WATCH_MS, MAX_TOLD_HOSTS } from "./limits.ts";
import { rowsOf } from "./rows.ts";

export class HostWatch {
  readonly #context: FleetContext;
  readonly #hub: LiveHub;
  readonly #timer: NodeJS.Timeout;
  /** How they were when it was looked last. */
  #before: ReadonlyMap<string, HostPresence> = new Map();
  #isBusy = false;

  constructor(context: FleetContext, hub: LiveHub) {
    this.#context = context;
    this.#hub = hub;
    this.#timer = setInterval(() => void this.#turn(), HOST_WATCH_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #turn(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    const changed = this.#look();
    try {
      // In a storm consoles see the summary change, and read their list again
      const some = changed.slice(0, MAX_TOLD_HOSTS);
      const rows = some.length === 0 ? [] : await rowsOf(this.#context).hosts(some);
      for (const row of rows) this.#hub.tell("host", row);
    } catch (error) {
      this.#context.tell("warning", `consoles were not told of hosts: ${quote(String(error))}`);
    } finally {
      this.#isBusy = false;
    }
  }

  /** Those that lists would show as something else now, by the same limits. */
  #look(): readonly string[] {
    const { services, now } = this.#context;
    const at = now();
    const before = this.#before;
    const after = new Map<string, HostPresence>();
    for (const [host, heard] of services.heartbeats.value.heard) {
      const silent = at - heard.at;
      after.set(host, silent < LATE_MS ? "connected" : silent < GONE_MS ? "late" : "gone");
    }
    this.#before = after;
    return [...after].filter(([host, is]) => before.get(host) !== is).map(([host]) => host);
  }
}
