// SPDX-License-Identifier: Apache-2.0
// A simulated host's connection to the bus: the daemon's, with credentials of its own.
import { Bus } from "../../src/daemon/fleet/connect.ts";
import { ASK_MS } from "../../src/daemon/fleet/limits.ts";
import { DOWN_ALL, downSubject } from "../../src/wire/link/index.ts";
import type { AgentWire } from "./agent.ts";
import type { Enrolled } from "./enrol.ts";

export interface BusListener {
  /** May be called again and again. */
  online(wire: AgentWire): void;
  offline(): void;
  /** @param kind last part of the subject */
  receive(kind: string, bytes: Uint8Array): void;
}

export class BusLine {
  readonly #bus: Bus;
  #failures = 0;

  constructor({ answer, key }: Enrolled, listener: BusListener) {
    const { host, servers, ca } = answer;
    // the private part stays in the object that signs
    const parts = { host, servers, ca, key: { ...key, seed: "" }, jwt: () => answer.jwt };
    const down = (["cmd", "committed", "ask"] as const).map((kind) => downSubject(host, kind));
    this.#bus = new Bus(parts, [...down, DOWN_ALL.cmd], {
      onOnline: () => listener.online(this.#wire),
      onOffline: () => {
        this.#failures += 1;
        listener.offline();
      },
      onRefused: () => Promise.resolve(),
      onMessage: (subject, bytes) => listener.receive(subject.split(".").at(-1) ?? "", bytes),
    });
  }

  get connected(): boolean {
    return this.#bus.online;
  }

  /** Connections that ended, and attempts that did not succeed. */
  get failures(): number {
    return this.#failures;
  }

  start(): void {
    this.#bus.start();
  }

  readonly #wire: AgentWire = {
    publish: (subject, bytes, id) => this.#bus.publish(subject, bytes, id),
    ask: (subject, bytes) => this.#bus.request(subject, bytes, ASK_MS),
  };
}
