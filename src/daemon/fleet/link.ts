// SPDX-License-Identifier: Apache-2.0
// The link of a host with its fleet: questions and answers, heartbeats, and credentials that are renewed while they are good.
import { isDeepStrictEqual } from "node:util";
import { quote } from "../../base/quote.ts";
import {
  type AskKind,
  DOWN_ALL,
  downSubject,
  type Heartbeat,
  HEARTBEAT_MS,
  jsonOf,
  LinkError,
  problemOfAnswer,
  readCommitted,
  readRenewAnswer,
  upSubject,
  writeMessage,
} from "../../wire/link/index.ts";
import { Bus } from "./connect.ts";
import { credentialTimes, renewalIn } from "./credential.ts";
import { renewOverHttps } from "./enrol.ts";
import { FleetError } from "./errors.ts";
import { ASK_MS, HEARTBEAT_JITTER, MAX_REASONS, RENEW_PAUSE_MS, RENEW_SHARE } from "./limits.ts";
import type { Membership, MembershipFiles } from "./membership.ts";
import type { CommittedAnswer } from "./spool/uplink.ts";

export interface LinkParts {
  readonly files: MembershipFiles;
  readonly membership: Membership;
  now(): number;
  heartbeat(): Heartbeat;
  onOnline(): void;
  onOffline(): void;
  onMessage(subject: string, data: Uint8Array): void;
  /** The bus is elsewhere now. @throws FleetError NOT_WRITABLE */
  onServers(servers: readonly string[]): void;
  tell(word: "info" | "warning" | "error", text: string): void;
}

export class FleetLink {
  readonly #parts: LinkParts;
  readonly #bus: Bus;
  readonly #host: string;
  #jwt: string;
  #servers: readonly string[];
  #error: string | undefined;
  /** Why there is no new right to connect. */
  #refusal: string | undefined;
  /** What was told since there was a connection. */
  readonly #reasons = new Set<string>();
  #askedAt = Number.NEGATIVE_INFINITY;
  #beating: NodeJS.Timeout | undefined;
  #renewing: NodeJS.Timeout | undefined;
  #closed = false;

  /** @throws FleetError BAD_MEMBERSHIP */
  constructor(parts: LinkParts) {
    this.#parts = parts;
    const { files, membership } = parts;
    const { host } = membership;
    this.#host = host;
    this.#servers = membership.servers;
    const servers = (): readonly string[] => this.#servers;
    this.#jwt = files.jwt();
    const heard = (["cmd", "committed", "ask"] as const).map((kind) => downSubject(host, kind));
    this.#bus = new Bus(
      {
        host,
        get servers() {
          return servers();
        },
        ca: files.ca(),
        key: files.key(),
        jwt: () => this.#jwt,
      },
      [...heard, DOWN_ALL.cmd, DOWN_ALL.verdict],
      {
        onOnline: () => this.#online(),
        onOffline: (why) => this.#offline(why),
        onRefused: () => this.#refused(),
        onMessage: (subject, data) => parts.onMessage(subject, data),
      },
    );
  }

  get online(): boolean {
    return this.#bus.online;
  }

  /** Why there is no connection. */
  get error(): string | undefined {
    if (this.#error === undefined || this.#refusal === undefined) return this.#error;
    return `${this.#error}; ${this.#refusal}`;
  }

  start(): void {
    this.#bus.start();
  }

  publish(kind: "ev" | "hb", data: Uint8Array, id?: string): void {
    this.#bus.publish(upSubject(this.#host, kind), data, id);
  }

  /** @throws FleetError NOT_ONLINE, NO_ANSWER, REFUSED, BAD_ANSWER */
  async ask(
    kind: AskKind,
    body: object,
    timeoutMs: number = ASK_MS,
  ): Promise<Record<string, unknown>> {
    return this.#parsed(await this.#asked(kind, body, timeoutMs));
  }

  async committed(epoch: string, from: number, to: number): Promise<CommittedAnswer> {
    const bytes = await this.#asked("committed", { epoch, ranges: [[from, to]] }, ASK_MS);
    this.#parsed(bytes);
    const answer = readCommitted(bytes);
    return answer.epoch === epoch ? answer : { ranges: [] };
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#beating);
    clearTimeout(this.#renewing);
    await this.#bus.close();
  }

  #asked(kind: AskKind, body: object, timeoutMs: number): Promise<Uint8Array> {
    const message = writeMessage({ v: 1, ...body }, `the question ${kind}`);
    return this.#bus.request(upSubject(this.#host, `ask.${kind}`), message, timeoutMs);
  }

  #parsed(bytes: Uint8Array): Record<string, unknown> {
    let value: unknown;
    try {
      value = jsonOf(bytes, "an answer of the fleet");
    } catch (cause) {
      if (!(cause instanceof LinkError)) throw cause;
      throw new FleetError("BAD_ANSWER", cause.message, { cause });
    }
    const problem = problemOfAnswer(value);
    if (problem !== undefined)
      throw new FleetError("REFUSED", `the fleet refuses: ${quote(problem.words, 500)}`, {
        facts: { problem: problem.problem },
      });
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
    throw new FleetError("BAD_ANSWER", "an answer of the fleet is no object");
  }

  #online(): void {
    const { membership, onOnline, tell } = this.#parts;
    this.#error = undefined;
    this.#refusal = undefined;
    this.#reasons.clear();
    tell("info", `connected with the fleet at ${quote(membership.url)} as ${membership.host}`);
    this.#beat();
    this.#renewLater(this.#parts.now());
    onOnline();
  }

  #offline(why: string): void {
    clearTimeout(this.#beating);
    this.#warn(
      `no connection with the fleet: ${quote(why, 300)}; what is to be told waits on the disk`,
    );
    this.#error = why;
    this.#parts.onOffline();
  }

  #beat(): void {
    clearTimeout(this.#beating);
    if (!this.#bus.online || this.#closed) return;
    try {
      this.publish("hb", writeMessage(this.#parts.heartbeat(), "a heartbeat"));
    } catch {
      // the connection is gone, which is told soon
    }
    const wait = HEARTBEAT_MS * (1 + HEARTBEAT_JITTER * (Math.random() - 0.5));
    this.#beating = setTimeout(() => this.#beat(), wait).unref();
  }

  /** Each reason once, however often it is tried and whichever comes in between. */
  #warn(text: string): void {
    if (this.#closed || this.#reasons.has(text)) return;
    if (this.#reasons.size >= MAX_REASONS) this.#reasons.clear();
    this.#reasons.add(text);
    this.#parts.tell("warning", text);
  }

  #renewLater(now: number | "just issued"): void {
    clearTimeout(this.#renewing);
    if (this.#closed) return;
    const times = credentialTimes(this.#jwt);
    if (!Number.isFinite(times.expires)) return;
    // not the same for all hosts that joined at one time
    const share = 1 - RENEW_SHARE * (0.7 + 0.3 * Math.random());
    this.#renewIn(renewalIn(times, share, now));
  }

  #renewIn(ms: number): void {
    this.#renewing = setTimeout(() => void this.#renew(), Math.min(ms, MAX_TIMER_MS)).unref();
  }

  async #renew(): Promise<void> {
    try {
      if (this.#bus.online) {
        const answer = readRenewAnswer(
          writeMessage(await this.ask("renew", {}), "new credentials"),
        );
        this.#take(answer.jwt);
        this.#move(answer.servers);
        this.#renewLater("just issued");
      } else this.#renewIn(RENEW_PAUSE_MS);
    } catch (error) {
      this.#trouble(error);
      this.#renewIn(RENEW_PAUSE_MS);
    }
  }

  /**
   * The bus does not take the credentials: they may have ended while this host was off. By this host's clock they may not have, and it may be wrong, or
   * the host was thrown out: then the fleet is asked too, and not as often.
   */
  async #refused(): Promise<void> {
    const { files, membership, now } = this.#parts;
    const isGood = credentialTimes(this.#jwt).expires > now();
    if (isGood && performance.now() - this.#askedAt < RENEW_PAUSE_MS) return;
    this.#askedAt = performance.now();
    try {
      const parts = { key: files.key(), ca: files.ca(), now: now() };
      this.#take(await renewOverHttps(membership, parts));
    } catch (error) {
      this.#trouble(error);
    }
  }

  /** @throws FleetError BAD_ANSWER, NOT_WRITABLE */
  #take(jwt: string): void {
    if (credentialTimes(jwt).expires === 0)
      throw new FleetError("BAD_ANSWER", "the fleet answers with something else than credentials");
    this.#jwt = jwt;
    this.#parts.files.renew(jwt);
  }

  #move(servers: readonly string[] | undefined): void {
    if (servers === undefined || isDeepStrictEqual(servers, this.#servers)) return;
    this.#servers = servers;
    this.#parts.onServers(servers);
  }

  #trouble(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.#refusal = `the right to connect is not renewed: ${why}`;
    this.#warn(`the right to connect with the fleet is not renewed: ${why}`);
  }
}

/** Timers of node hold no more (ms). */
const MAX_TIMER_MS = 2_000_000_000;
