// SPDX-License-Identifier: Apache-2.0
// A host's connection to the bus of its fleet: over whichever server is there, again and again, each time after a pause that is not the same for
// all hosts.
import {
  type Authenticator,
  connect,
  headers,
  type NatsConnection,
  type NodeConnectionOptions,
} from "@nats-io/transport-node";
import { setTimeout as pause } from "node:timers/promises";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { inboxPrefix } from "../../wire/link/index.ts";
import { FleetError } from "./errors.ts";
import { CONNECT_MS, FIRST_CONNECT_PAUSE_MS, MAX_CONNECT_PAUSE_MS, PING_MS } from "./limits.ts";
import type { HostKey } from "./nkey.ts";

export interface BusParts {
  readonly host: string;
  readonly servers: readonly string[];
  /** PEM: whom servers have to be signed by. */
  readonly ca: string;
  readonly key: HostKey;
  /** The right to connect, as it is now. */
  jwt(): string;
}

export interface BusEvents {
  /** A connection stands, each time. */
  onOnline(): void;
  onOffline(why: string): void;
  /** The right to connect is not good (any more). */
  onRefused(): Promise<void>;
  onMessage(subject: string, data: Uint8Array): void;
}

/**
 * How a host connects: for this module, and for whoever plays a host. It is connected again by who asks, after `pauseAfter`.
 * @param server one of them: whose certificate it has to be is known only so. The package by itself holds that of an address against "localhost".
 */
export function connectOptions(parts: BusParts, server: string): NodeConnectionOptions {
  const name = new URL(server).hostname.replace(/^\[|\]$/g, "");
  const tls = {
    ca: parts.ca,
    checkServerIdentity: (_: string, certificate: PeerCertificate) =>
      checkServerIdentity(name, certificate),
  };
  return {
    servers: [server],
    authenticator: authenticator(parts),
    inboxPrefix: inboxPrefix(parts.host),
    name: `galgo ${parts.host}`,
    tls,
    timeout: CONNECT_MS,
    reconnect: false,
    ignoreClusterUpdates: true,
    pingInterval: PING_MS,
    noAsyncTraces: true,
  };
}

/** Longer after each failure, and not the same for all hosts (ms). */
export function pauseAfter(failures: number): number {
  const longest = Math.min(
    MAX_CONNECT_PAUSE_MS,
    FIRST_CONNECT_PAUSE_MS * 2 ** Math.min(failures, 16),
  );
  return longest * (0.2 + 0.8 * Math.random());
}

function authenticator({ key, jwt }: BusParts): Authenticator {
  return (nonce) => ({ jwt: jwt(), nkey: key.publicKey, sig: key.sign(nonce ?? "") });
}

export class Bus {
  readonly #parts: BusParts;
  readonly #events: BusEvents;
  readonly #subjects: readonly string[];
  readonly #stop = new AbortController();
  #connection: NatsConnection | undefined;
  #isOnline = false;
  #failures = 0;
  #turn = Math.floor(Math.random() * 1_000);
  #running: Promise<void> = Promise.resolve();

  /** @param subjects that are heard */
  constructor(parts: BusParts, subjects: readonly string[], events: BusEvents) {
    this.#parts = parts;
    this.#subjects = subjects;
    this.#events = events;
  }

  get online(): boolean {
    return this.#isOnline;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** @throws FleetError NOT_ONLINE */
  publish(subject: string, data: Uint8Array, id?: string): void {
    const connection = this.#required();
    if (id === undefined) {
      connection.publish(subject, data);
      return;
    }
    const head = headers();
    head.set("Nats-Msg-Id", id);
    connection.publish(subject, data, { headers: head });
  }

  /** @throws FleetError NOT_ONLINE, NO_ANSWER */
  async request(subject: string, data: Uint8Array, timeout: number): Promise<Uint8Array> {
    const connection = this.#required();
    try {
      return (await connection.request(subject, data, { timeout })).data;
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new FleetError("NO_ANSWER", `the fleet does not answer (${why})`, { cause });
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#connection?.close();
    await this.#running;
  }

  #required(): NatsConnection {
    if (this.#connection !== undefined && this.#isOnline) return this.#connection;
    throw new FleetError("NOT_ONLINE", "there is no connection to the fleet");
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#connect();
      } catch (error) {
        await this.#failed(error);
      }
      await pause(pauseAfter(this.#failures), undefined, { signal }).catch(() => undefined);
      this.#failures += 1;
    }
  }

  /** One after the other; which is the first is chance. */
  #server(): string {
    const { servers } = this.#parts;
    this.#turn += 1;
    return servers[this.#turn % servers.length] ?? "";
  }

  /** Settles when the connection has ended. */
  async #connect(): Promise<void> {
    const connection = await connect(connectOptions(this.#parts, this.#server()));
    if (this.#stop.signal.aborted) {
      await connection.close();
      return;
    }
    this.#connection = connection;
    for (const subject of this.#subjects)
      connection.subscribe(subject, {
        callback: (error, message) => {
          if (error === null) this.#events.onMessage(message.subject, message.data);
        },
      });
    this.#failures = 0;
    this.#isOnline = true;
    this.#events.onOnline();
    const error = await connection.closed();
    this.#isOnline = false;
    this.#connection = undefined;
    if (this.#stop.signal.aborted) return;
    await this.#failed(error ?? new Error("the connection has ended"));
  }

  async #failed(error: unknown): Promise<void> {
    const why = error instanceof Error ? error.message : String(error);
    this.#events.onOffline(why);
    if (REFUSED.test(why)) await this.#events.onRefused();
  }
}

/** What the bus says of credentials that it does not take. */
const REFUSED = /authori[sz]ation|authentication|expired|revoked/i;
