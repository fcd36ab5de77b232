// SPDX-License-Identifier: Apache-2.0
// The bus as the parts of a server use it: the stream of parcels, questions of hosts, what goes down to them.
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import {
  connect,
  type ConnectionOptions,
  type Msg,
  type NatsConnection,
  RequestError,
  type Subscription,
} from "@nats-io/transport-node";
import {
  type AskKind,
  askProblem,
  downSubject,
  type DownKind,
  type HostId,
  isInboxOf,
  LinkError,
  MAX_MESSAGE_BYTES,
  ANSWER_QUEUE,
  parseUpSubject,
  writeMessage,
} from "../../wire/link/index.ts";
import { CodedError } from "../../base/errors.ts";
import { namesOneOf } from "../../native/tls-names.ts";
import { FleetError, FleetStartError } from "../errors.ts";
import type { FleetKeys } from "../keys/fleet-keys.ts";
import { MAX_ASKS } from "../limits.ts";
import { accountToken, type Revocations, serverToken } from "./tokens.ts";

export interface BusTerms {
  /** tls://HOST:PORT */
  readonly servers: readonly string[];
  readonly keys: FleetKeys;
  /** PEM of the CA that the servers of the bus are known by. */
  readonly ca: string;
  now(): number;
  tell(word: "info" | "warning" | "error", text: string): void;
}

/** Answers a question. What it throws is told to the host: a CodedError with its words, anything else without. */
export type Answerer = (host: HostId, body: Uint8Array) => Promise<object>;

export interface SubscribeOptions {
  /** Only one of all servers that name this group gets a message. */
  readonly queue?: string;
}

export interface FleetBus {
  /** For streams (`@nats-io/jetstream`). It stays the same while connections come and go. */
  readonly connection: NatsConnection;
  /** Whether it is connected now. */
  readonly isConnected: boolean;
  /** How often it has come back. */
  readonly reconnects: number;
  /** @throws LinkError TOO_LARGE */
  publish(subject: string, body: Uint8Array | object): void;
  /** To one host. @throws LinkError TOO_LARGE */
  down(host: HostId, kind: DownKind, body: Uint8Array | object): void;
  /** `onMessage` must not throw. */
  subscribe(
    subject: string,
    onMessage: (message: Msg) => void,
    options?: SubscribeOptions,
  ): Subscription;
  /** Questions of this kind are answered here and by other servers, each once. Answers go to an inbox of the host that has asked, or nowhere. */
  answer(kind: AskKind, answerer: Answerer): void;
  /** Changes which users the bus knows no longer; those that are connected are thrown out. @throws FleetError BUSY: it did not say that it has */
  revoke(revocations: Revocations): Promise<void>;
  /** Called with the connection each time that it has come back. */
  onReconnect(listener: () => void): void;
  close(): Promise<void>;
}

const DRAIN_MS = 2_000;
const CONNECT_MS = 20_000;
const REQUEST_MS = 5_000;
const RECONNECT_MS = 250;
const JITTER_MS = 500;

/** @throws FleetStartError NO_BUS */
export async function openBus(terms: BusTerms): Promise<FleetBus> {
  const connection = await connected(terms, "account", { maxReconnectAttempts: -1 });
  return new Bus(terms, connection);
}

/** @param account of hosts and servers, or of the bus itself */
async function connected(
  terms: BusTerms,
  account: "account" | "system",
  options: ConnectionOptions,
): Promise<NatsConnection> {
  const { keys, servers } = terms;
  // nats.js passes this on to Node, which would look for "localhost" otherwise
  const tls = { ca: terms.ca, checkServerIdentity: namesOneOf(servers) };
  try {
    return await connect({
      servers: [...servers],
      tls,
      name: `galgo fleet server of ${keys.fleet}`,
      inboxPrefix: `_INBOX.server-${randomBytes(8).toString("hex")}`,
      timeout: CONNECT_MS,
      reconnectTimeWait: RECONNECT_MS,
      reconnectJitter: JITTER_MS,
      reconnectJitterTLS: JITTER_MS,
      ignoreAuthErrorAbort: true,
      ignoreClusterUpdates: false,
      authenticator: (nonce) => ({
        nkey: keys.server.publicText,
        sig: Buffer.from(keys.server.sign(Buffer.from(nonce ?? ""))).toString("base64url"),
        // a new one each time: revocations of everybody are of those from before
        jwt: serverToken(keys, terms.now(), account),
      }),
      ...options,
    });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new FleetStartError(
      "NO_BUS",
      `no connection to the bus at ${servers.join(", ")}: ${why}`,
      { cause },
    );
  }
}

class Bus implements FleetBus {
  readonly connection: NatsConnection;
  readonly #terms: BusTerms;
  readonly #listeners: (() => void)[] = [];
  #reconnects = 0;
  #isConnected = true;
  #asks = 0;

  constructor(terms: BusTerms, connection: NatsConnection) {
    this.#terms = terms;
    this.connection = connection;
    void this.#watch();
  }

  get isConnected(): boolean {
    return this.#isConnected && !this.connection.isClosed();
  }

  get reconnects(): number {
    return this.#reconnects;
  }

  publish(subject: string, body: Uint8Array | object): void {
    this.connection.publish(subject, bytesOf(body, `a message for ${subject}`));
  }

  down(host: HostId, kind: DownKind, body: Uint8Array | object): void {
    this.publish(downSubject(host, kind), body);
  }

  subscribe(
    subject: string,
    onMessage: (message: Msg) => void,
    { queue }: SubscribeOptions = {},
  ): Subscription {
    return this.connection.subscribe(subject, {
      ...(queue !== undefined && { queue }),
      callback: (error, message) => {
        if (error === null) onMessage(message);
        else this.#terms.tell("error", `the bus refuses ${subject}: ${error.message}`);
      },
    });
  }

  answer(kind: AskKind, answerer: Answerer): void {
    const take = (message: Msg): void => void this.#answer(message, answerer);
    this.subscribe(`galgo.up.*.ask.${kind}`, take, { queue: ANSWER_QUEUE });
  }

  /** The host is the one of the subject: the bus lets nobody else publish there. Where the answer goes is the host's word, so it is looked at. */
  async #answer(message: Msg, answerer: Answerer): Promise<void> {
    const { host } = parseUpSubject(message.subject) ?? {};
    const { reply = "" } = message;
    if (host === undefined || !isInboxOf(host, reply)) return;
    if (this.#asks >= MAX_ASKS) {
      message.respond(
        bytesOf(askProblem("BUSY", "too many questions at a time; ask again"), "BUSY"),
      );
      return;
    }
    this.#asks += 1;
    try {
      message.respond(
        bytesOf(await this.#answerOf(host, message, answerer), `an answer to ${host}`),
      );
    } catch (error) {
      this.#terms.tell("error", `an answer to ${host} could not be given: ${String(error)}`);
    } finally {
      this.#asks -= 1;
    }
  }

  async #answerOf(host: HostId, message: Msg, answerer: Answerer): Promise<object> {
    try {
      return await answerer(host, message.data);
    } catch (error) {
      if (error instanceof CodedError) return askProblem(String(error.code), error.message);
      this.#terms.tell("error", `a question of ${host} (${message.subject}): ${String(error)}`);
      return askProblem("FAILED", "the server failed at this question; its log says where");
    }
  }

  async revoke(revocations: Revocations): Promise<void> {
    const { keys } = this.#terms;
    const system = await connected(this.#terms, "system", { reconnect: false });
    try {
      const token = accountToken(keys, this.#terms.now(), revocations);
      const answer = await system.request("$SYS.REQ.CLAIMS.UPDATE", token, { timeout: REQUEST_MS });
      const { error } = answer.json<{ error?: { description?: string } }>();
      if (error === undefined) return;
      throw new FleetError(
        "BUSY",
        `the bus did not take the revocations: ${error.description ?? ""}`,
      );
    } catch (cause) {
      if (!(cause instanceof RequestError)) throw cause;
      const problem = "the bus did not answer that it has taken the revocations";
      throw new FleetError("BUSY", problem, { cause });
    } finally {
      await system.close();
    }
  }

  onReconnect(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    // what was published is on its way; where nobody is connected, nothing is waited for
    if (this.isConnected)
      await Promise.race([
        this.connection.drain(),
        delay(DRAIN_MS, undefined, { ref: false }),
      ]).catch(() => undefined);
    await this.connection.close();
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.connection.status()) {
      if (type === "disconnect" && !this.connection.isDraining()) {
        this.#isConnected = false;
        this.#terms.tell("warning", "the connection to the bus is gone; trying again");
      } else if (type === "reconnect") {
        this.#isConnected = true;
        this.#reconnects += 1;
        this.#terms.tell("info", `connected to the bus again, at ${this.connection.getServer()}`);
        for (const listener of this.#listeners) listener();
      }
    }
  }
}

function bytesOf(body: Uint8Array | object, what: string): Uint8Array {
  if (!(body instanceof Uint8Array)) return writeMessage(body, what);
  if (body.length <= MAX_MESSAGE_BYTES) return body;
  throw new LinkError(
    "TOO_LARGE",
    `${what} has ${body.length} bytes, at most ${MAX_MESSAGE_BYTES} are sent`,
  );
}
