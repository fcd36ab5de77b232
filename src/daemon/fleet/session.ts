// SPDX-License-Identifier: Apache-2.0
// A host in its fleet, from joining to leaving: what there is to tell goes onto the disk, from there to the fleet; what the fleet sends goes to whoever
// acts on it.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { quote } from "../../base/quote.ts";
import {
  DOWN_ALL,
  downSubject,
  type Heartbeat,
  parcelId,
  readCommitted,
  readHostAsk,
} from "../../wire/link/index.ts";
import type { DaemonContext } from "../part.ts";
import { Delivery } from "./delivery.ts";
import { MAX_SPOOL_BYTES, MAX_SPOOL_PARCELS } from "./limits.ts";
import { FleetLink } from "./link.ts";
import { BEGUN_FILE, type Membership, type MembershipFiles, SPOOL_FOLDER } from "./membership.ts";
import { newEpoch } from "./parcels.ts";
import { BegunRuns } from "./records/begun.ts";
import { KnownBehaviours } from "./records/known.ts";
import { Runs } from "./records/runs.ts";
import type { FleetReceiver, FleetSide, OpenReceiver } from "./side.ts";
import { folderDisk } from "./spool/disk.ts";
import { Spool } from "./spool/spool.ts";
import type { FleetStatus } from "./status.ts";

const KNOWN_FILE = "behaviours";

export interface SessionParts {
  readonly context: DaemonContext;
  readonly files: MembershipFiles;
  readonly membership: Membership;
  readonly receivers: readonly OpenReceiver[];
}

export class FleetSession {
  readonly #parts: SessionParts;
  readonly #spool: Spool;
  readonly #known: KnownBehaviours;
  readonly #begun: BegunRuns<unknown>;
  readonly #runs: Runs;
  readonly #delivery: Delivery;
  readonly #link: FleetLink;
  readonly #unlisten: () => void;
  #membership: Membership;
  #receivers: readonly FleetReceiver[] = [];

  /** @throws FleetError NOT_WRITABLE, BAD_MEMBERSHIP */
  static async open(parts: SessionParts): Promise<FleetSession> {
    const { files } = parts;
    mkdirSync(files.folder, { recursive: true, mode: 0o700 });
    const spool = await Spool.open({
      disk: folderDisk(join(files.folder, SPOOL_FOLDER)),
      maxBytes: parts.context.config.fleet["spool-bytes"] ?? MAX_SPOOL_BYTES,
      maxParcels: MAX_SPOOL_PARCELS,
      newEpoch: () => newEpoch(Date.now()),
    });
    const session = new FleetSession(parts, spool);
    await session.#openReceivers();
    session.#delivery.start();
    session.#link.start();
    return session;
  }

  private constructor(parts: SessionParts, spool: Spool) {
    this.#parts = parts;
    this.#membership = parts.membership;
    this.#spool = spool;
    const { context, files, membership } = parts;
    const { registry } = context;
    const now = (): number => Date.now();
    this.#known = new KnownBehaviours(join(files.folder, KNOWN_FILE));
    this.#begun = new BegunRuns(join(files.folder, BEGUN_FILE));
    this.#delivery = new Delivery({
      host: membership.host,
      spool,
      now,
      wire: {
        publish: (seq, payload) => this.#publish(seq, payload),
        askCommitted: (epoch, from, to) => this.#link.committed(epoch, from, to),
      },
      look: () => {
        this.#runs.look();
        return this.#runs.pull();
      },
      onKept: (isAll) => {
        this.#known.keep();
        if (isAll) this.#begun.clear();
      },
      onTrouble: (text) => this.#tell("warning", text),
    });
    this.#runs = new Runs({
      registry,
      known: this.#known,
      begun: this.#begun,
      marks: spool.marks(),
      put: (entry) => this.#delivery.put(entry),
      full: () => this.#delivery.full,
      now,
      onProblem: (text) => this.#tell("warning", text),
    });
    this.#link = new FleetLink({
      files,
      membership,
      now,
      heartbeat: () => this.#heartbeat(),
      onOnline: () => this.#online(),
      onOffline: () => this.#delivery.offline(),
      onMessage: (subject, data) => this.#message(subject, data),
      onServers: (servers) => this.#change({ servers }),
      tell: (word, text) => this.#tell(word, text),
    });
    this.#unlisten = registry.listen((event) => {
      this.#runs.hear(event);
      if (event.type === "violation") this.#delivery.hurry();
      else this.#delivery.soon(0);
    });
  }

  status(): FleetStatus {
    const { host, name, fleet, url, group, labels, joined } = this.#membership;
    const { online, error } = this.#link;
    return {
      ...{ joined: true, connected: online, url, fleet, host, name, labels, since: joined },
      ...(group === undefined ? {} : { group }),
      spool: this.#spool.status(),
      ...(online || error === undefined ? {} : { error }),
    };
  }

  async close(): Promise<void> {
    this.#unlisten();
    for (const receiver of this.#receivers) await receiver.close();
    await this.#delivery.close();
    await this.#link.close();
  }

  async #openReceivers(): Promise<void> {
    const side = this.#side();
    const receivers: FleetReceiver[] = [];
    for (const open of this.#parts.receivers) receivers.push(await open(side));
    this.#receivers = receivers;
  }

  #side(): FleetSide {
    const { context, files } = this.#parts;
    const membership = (): Membership => this.#membership;
    const online = (): boolean => this.#link.online;
    return {
      context,
      get membership() {
        return membership();
      },
      folder: files.folder,
      get online() {
        return online();
      },
      ask: (kind, body, timeoutMs) => this.#link.ask(kind, body, timeoutMs),
      report: (items) => this.#delivery.report(items),
      setCommandKeys: (commandKeys) => this.#change({ commandKeys }),
      tellTable: () => this.#ask({ table: true }),
      tell: (word, text) => this.#tell(word, text),
    };
  }

  #change(changes: Partial<Membership>): void {
    const changed = { ...this.#membership, ...changes };
    this.#parts.files.change(changed);
    this.#membership = changed;
  }

  #publish(seq: number, payload: Uint8Array): void {
    const { host } = this.#membership;
    this.#link.publish("ev", payload, parcelId({ host, epoch: this.#spool.epoch, seq }));
  }

  #heartbeat(): Heartbeat {
    const { epoch, oldest, next, bytes, dropped } = this.#spool.status();
    const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
    const { table } = this.#runs;
    return {
      v: 1,
      at: Date.now(),
      rev: table.rev,
      states: table.states(),
      workloads: table.size,
      spool: { epoch, oldest, next, bytes, ...(lost === 0 ? {} : { dropped: lost }) },
    };
  }

  #online(): void {
    this.#delivery.online().catch((error: unknown) => this.#failed("sending", error));
    for (const receiver of this.#receivers) receiver.connected?.();
  }

  #message(subject: string, data: Uint8Array): void {
    const { host } = this.#membership;
    try {
      if (subject === downSubject(host, "committed")) {
        const { epoch, ranges } = readCommitted(data);
        this.#delivery.committed(epoch, ranges);
      } else if (subject === downSubject(host, "ask")) this.#ask(readHostAsk(data));
      else this.#hand(subject, new TextDecoder().decode(data));
    } catch (error) {
      this.#failed("a message", error);
    }
  }

  #hand(subject: string, envelope: string): void {
    for (const receiver of this.#receivers)
      if (subject === DOWN_ALL.verdict) receiver.verdict?.(envelope);
      else receiver.command?.(envelope);
  }

  #ask(asked: Parameters<Runs["tell"]>[0]): void {
    this.#runs.tell(asked);
    this.#delivery.soon(0);
  }

  #failed(what: string, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.#tell("warning", `${what} of the fleet: ${quote(why, 300)}`);
  }

  #tell(word: "info" | "warning" | "error", text: string): void {
    this.#parts.context.tell(word, `fleet: ${text}`);
  }
}
