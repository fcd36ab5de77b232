// SPDX-License-Identifier: Apache-2.0
// Tables of commands: what was ordered, the signed envelopes, what became of it on each host, and which model each host was given last.
import type { Kysely } from "kysely";
import type { FleetSchema } from "../store/index.ts";

export interface CommandRecord {
  readonly id: string;
  readonly kind: string;
  /** JSON of CommandTarget, as it was ordered */
  readonly target: string;
  /** JSON */
  readonly args: string;
  readonly words: string;
  readonly by: string;
  readonly role: string;
  readonly issued: number;
  readonly expires: number;
  readonly rollout: string | null;
  /** its envelope is for every host, those besides that were counted too */
  readonly everybody: number;
}

/** One signed text, for the hosts that it names. */
export interface EnvelopeRecord {
  readonly command: string;
  readonly part: number;
  readonly text: string;
  /** JSON list of host ids; "" for all */
  readonly hosts: string;
  /** it was given to the bus; until then each server tries */
  readonly published: number;
}

export interface CommandHostRecord {
  readonly command: string;
  readonly host: string;
  readonly part: number;
  readonly status: string;
  readonly words: string;
  /** JSON list */
  readonly workloads: string;
  readonly at: number | null;
}

/** What a host was told last to run workloads of a name under. */
export interface HostModelRecord {
  readonly host: string;
  readonly name: string;
  /** null: what the host has itself */
  readonly digest: string | null;
  readonly command: string;
}

// a type, as Kysely's withTables wants no interface
export type CommandTables = {
  commands: CommandRecord;
  command_envelopes: EnvelopeRecord;
  command_hosts: CommandHostRecord;
  host_models: HostModelRecord;
};

export type CommandDb = Kysely<FleetSchema & CommandTables>;
