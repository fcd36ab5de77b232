// SPDX-License-Identifier: Apache-2.0
// Tells consoles of hosts that come and go: by their heartbeats, which all servers hear.
import { quote } from "../../base/quote.ts";
import type { FleetContext } from "../server/context.ts";
import type { LiveHub } from "./hub.ts";
import { CONNECTED_MS, HOST_WATCH_MS, MAX_TOLD_HOSTS } from "./limits.ts";
import { rowsOf } from "./rows.ts";

export class HostWatch {
  readonly #context: FleetContext;
  readonly #hub: LiveHub;
  readonly #timer: NodeJS.Timeout;
  /** Those that were connected when it was looked last. */
  #connected = new Set<string>();
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

  #look(): readonly string[] {
    const { services, now } = this.#context;
    const limit = now() - CONNECTED_MS;
    const heard = services.heartbeats.value.heard;
    const connected = new Set([...heard].filter(([, { at }]) => at >= limit).map(([host]) => host));
    const before = this.#connected;
    this.#connected = connected;
    const came = [...connected].filter((host) => !before.has(host));
    const left = [...before].filter((host) => !connected.has(host));
    return [...left, ...came];
  }
}
