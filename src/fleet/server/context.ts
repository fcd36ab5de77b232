// SPDX-License-Identifier: Apache-2.0
// What every part of the server gets, and what parts do for each other.
import type { Audit } from "../audit/audit.ts";
import type { FleetBus } from "../bus/bus.ts";
import type { Commands } from "../commands/commands.ts";
import type { Enrolment } from "../enrol/enrolment.ts";
import type { ParcelConsumer } from "../ingest/consumer.ts";
import type { Heartbeats } from "../ingest/heartbeats.ts";
import type { Ingest } from "../ingest/ingest.ts";
import type { FleetKeys } from "../keys/fleet-keys.ts";
import type { FleetTls } from "../keys/tls.ts";
import type { LiveHub } from "../live/hub.ts";
import type { LiveRows } from "../live/rows.ts";
import type { Models } from "../models/models.ts";
import type { FleetStore } from "../store/index.ts";
import type { FleetViews } from "../views/views.ts";
import type { FleetHttp, Guard, Principal } from "./http.ts";
import type { FleetOptions } from "./options.ts";
import { Slot } from "./slot.ts";

/** Something that was done, or was to be done. */
export interface AuditEntry {
  /** Somebody, or what happened by itself: `server`, `rollout ID`. */
  readonly who: Pick<Principal, "kind" | "name" | "role"> | string;
  /** `host.revoke`, `token.create`: what was to be done. */
  readonly action: string;
  readonly target: string;
  readonly result: "done" | "refused" | "failed";
  readonly words: string;
  /** Network address; empty: from the server itself. */
  readonly address: string;
}

/** What servers tell each other and consoles: on the bus as `galgo.live.NAME`. */
export interface Live {
  tell(name: string, row: object): void;
}

/** A part that others need gives itself here when it starts; `value` is for what is asked of it later, at requests. */
export interface FleetServices {
  readonly guard: Slot<Guard>;
  readonly audit: Slot<Audit>;
  readonly live: Slot<Live>;
  readonly enrolment: Slot<Enrolment>;
  readonly commands: Slot<Commands>;
  readonly views: Slot<FleetViews>;
  readonly models: Slot<Models>;
  /** Items of parcels: parts register for their kinds. */
  readonly ingest: Slot<Ingest>;
  readonly heartbeats: Slot<Heartbeats>;
  readonly consumer: Slot<ParcelConsumer>;
  /** What consoles of this server hear. */
  readonly hub: Slot<LiveHub>;
  readonly liveRows: Slot<LiveRows>;
}

export interface FleetContext {
  readonly version: string;
  readonly options: FleetOptions;
  /** Folder of the server, for its user only. */
  readonly dataRoot: string;
  readonly keys: FleetKeys;
  readonly tls: FleetTls;
  readonly store: FleetStore;
  readonly bus: FleetBus;
  readonly http: FleetHttp;
  readonly services: FleetServices;
  /** Where hosts find the bus, for their enrolment; what was told last is what is so. */
  readonly places: HostPlaces;
  /** ms since 1970 */
  now(): number;
  /** One line for people. Never a secret. */
  tell(word: "info" | "warning" | "error", text: string): void;
}

export interface HostPlaces {
  /** tls://HOST:PORT */
  readonly servers: readonly string[];
  /** mqtts://HOST:PORT */
  readonly mqtt?: string;
  /** PEM of the CA of the bus, and of the console when there is no other. */
  readonly ca: string;
}

export function newServices(): FleetServices {
  return {
    guard: new Slot("the guard of the API"),
    audit: new Slot("the audit log"),
    live: new Slot("what consoles are told"),
    enrolment: new Slot("enrolment"),
    commands: new Slot("commands"),
    views: new Slot("views"),
    models: new Slot("the models"),
    ingest: new Slot("ingest"),
    heartbeats: new Slot("heartbeats"),
    consumer: new Slot("what takes parcels"),
    hub: new Slot("consoles of this server"),
    liveRows: new Slot("rows that consoles are told"),
  };
}

export interface RunningPart {
  /** Ends what it does, while store and bus are still there. */
  close(): Promise<void>;
}

export interface FleetPart {
  /** For messages. */
  readonly name: string;
  /** Adds its routes, answers, subscriptions. @throws an error with one line: the server then does not start */
  start(context: FleetContext): Promise<RunningPart>;
}
