// SPDX-License-Identifier: Apache-2.0
// One simulated host: the spool, the outbox and the uplink of the daemon, its heartbeats, and answers to what the fleet asks. What a daemon does
// with timers of its own, one wheel does here for all hosts of a process.
import { createHash, randomBytes } from "node:crypto";
import { deflateSync } from "node:zlib";
import type { Entry } from "../../src/daemon/fleet/outbox.ts";
import { Outbox } from "../../src/daemon/fleet/outbox.ts";
import { Spool } from "../../src/daemon/fleet/spool/spool.ts";
import { Uplink } from "../../src/daemon/fleet/spool/uplink.ts";
import {
  type Heartbeat,
  type Item,
  jsonOf,
  parcelId,
  problemOfAnswer,
  readCommandsAnswer,
  readCommitted,
  readHostAsk,
  statesDigest,
  upSubject,
  writeMessage,
  writeParcel,
} from "../../src/wire/link/index.ts";
import type { HostItems } from "./host-items.ts";
import { memoryDisk } from "./memory-disk.ts";

const MAX_SPOOL_BYTES: number = 32 * 1024 * 1024;
const MAX_SPOOL_PARCELS = 5_000;
const DEFLATE_FROM = 512;
/** So much may clocks differ. */
const CLOCKS_MS = 60_000;

/** A host's connection to the bus. */
export interface AgentWire {
  /** @param id by which the bus tells doubles */
  publish(subject: string, bytes: Uint8Array, id?: string): void;
  ask(subject: string, bytes: Uint8Array): Promise<Uint8Array>;
}

export interface AgentOptions {
  /** Id of the host in the fleet. */
  readonly id: string;
  readonly items: HostItems;
  /** There is something to be flushed at `outbox.dueAt`. */
  onDue(agent: Agent): void;
  /** A command came; what is answered is up to the caller. */
  onCommand(agent: Agent, envelope: Uint8Array): void;
}

export class Agent {
  readonly id: string;
  readonly items: HostItems;
  readonly #options: AgentOptions;
  readonly #spool: Spool;
  readonly #outbox: Outbox<Item>;
  readonly #uplink: Uplink;
  #wire: AgentWire | undefined;
  /** Commands from then on are asked for (ms since 1970). */
  #asked = 0;
  #digest: { readonly rev: number; readonly text: string } | undefined;
  /** Items by kind that were put in: what the database has to have in the end. */
  readonly told = new Map<string, number>();

  private constructor(options: AgentOptions, spool: Spool) {
    this.id = options.id;
    this.items = options.items;
    this.#options = options;
    this.#spool = spool;
    this.#outbox = new Outbox<Item>({
      spool,
      encode: ({ seq, items }) => this.#encode(seq, items),
      onTooLong: ({ kind }) => {
        throw new Error(`an item ${kind} that is too long`);
      },
    });
    this.#uplink = new Uplink(
      spool,
      {
        publish: (seq, payload) => {
          const id = parcelId({ host: this.id, epoch: spool.epoch, seq });
          this.#connection().publish(upSubject(this.id, "ev"), payload, id);
        },
        askCommitted: async (epoch, from, to) => {
          const ask = writeMessage({ v: 1, epoch, ranges: [[from, to]] }, "a question");
          const subject = upSubject(this.id, "ask.committed");
          return readCommitted(await this.#connection().ask(subject, ask));
        },
      },
      () => Promise.reject(new Error("the database has parcels that were never told")),
    );
  }

  static async open(options: AgentOptions): Promise<Agent> {
    const spool = await Spool.open({
      disk: memoryDisk(),
      maxBytes: MAX_SPOOL_BYTES,
      maxParcels: MAX_SPOOL_PARCELS,
      newEpoch: () => `${Date.now()}-${randomBytes(4).toString("hex")}`,
    });
    return new Agent(options, spool);
  }

  /** Parcels that are not known to be committed. */
  get waiting(): number {
    return this.#spool.size + this.#outbox.waiting;
  }

  get dueAt(): number {
    return this.#outbox.dueAt;
  }

  /** Parcels as often as they were sent. */
  get sent(): number {
    return this.#uplink.sent;
  }

  async online(wire: AgentWire, now: number): Promise<void> {
    this.#wire = wire;
    this.heartbeat();
    await this.#uplink.online(now);
    await this.#missedCommands(wire);
  }

  offline(): void {
    this.#wire = undefined;
    this.#uplink.offline();
  }

  put(items: readonly Item[], weight: Entry<Item>["weight"], urgent = false): void {
    for (const { kind } of items) this.told.set(kind, (this.told.get(kind) ?? 0) + 1);
    this.#outbox.put({ items, weight, urgent }, performance.now());
    this.#options.onDue(this);
  }

  async flush(): Promise<void> {
    await this.#outbox.flush();
    this.#uplink.pump(performance.now());
  }

  heartbeat(): void {
    if (this.#wire === undefined) return;
    const { epoch, oldest, next, bytes } = this.#spool.status();
    const beat: Heartbeat = {
      v: 1,
      at: Date.now(),
      rev: this.items.rev,
      states: this.#states(),
      workloads: this.items.count,
      spool: { epoch, oldest, next, bytes },
    };
    this.#wire.publish(upSubject(this.id, "hb"), writeMessage(beat, "a heartbeat"));
  }

  /** Now and then. */
  async tick(now: number): Promise<void> {
    await this.#uplink.tick(now);
    await this.#spool.tidy();
  }

  /** What comes on subjects of this host, and of all. @param kind last part of the subject */
  receive(kind: string, bytes: Uint8Array): void {
    if (kind === "committed") {
      const { epoch, ranges } = readCommitted(bytes);
      this.#uplink.committed(epoch, ranges, performance.now());
    } else if (kind === "ask") {
      const { table, states } = readHostAsk(bytes);
      if (table === true) this.put(this.items.table(), "usual");
      if (states !== undefined) this.put(this.items.points(states), "bulk");
    } else if (kind === "cmd") this.#options.onCommand(this, bytes);
  }

  /** What was ordered while it was away; where nobody answers, the next connection asks again. */
  async #missedCommands(wire: AgentWire): Promise<void> {
    const ask = writeMessage({ v: 1, since: this.#asked }, "a question");
    const answer = await wire.ask(upSubject(this.id, "ask.commands"), ask).catch(() => undefined);
    if (answer === undefined || problemOfAnswer(jsonOf(answer, "an answer")) !== undefined) return;
    const { commands } = readCommandsAnswer(answer);
    this.#asked = Date.now() - CLOCKS_MS;
    for (const command of commands) this.#options.onCommand(this, Buffer.from(command));
  }

  #encode(seq: number, items: readonly Item[]): Uint8Array {
    const { epoch } = this.#spool;
    const parcel = { v: 1, host: this.id, epoch, seq, at: Date.now(), items } as const;
    return writeParcel(parcel, (plain) =>
      plain.length < DEFLATE_FROM ? plain : deflateSync(plain),
    );
  }

  /** As it was, while the table is the same. */
  #states(): string {
    const { rev, states } = this.items;
    if (this.#digest?.rev !== rev) this.#digest = { rev, text: statesDigest(states, sha256) };
    return this.#digest.text;
  }

  #connection(): AgentWire {
    if (this.#wire === undefined) throw new Error("not connected");
    return this.#wire;
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
