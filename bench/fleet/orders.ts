// SPDX-License-Identifier: Apache-2.0
// What a bench orders of a process with simulated hosts, and what such a process says of them.
import type { EnrolPlace } from "./enrol.ts";

/** A share of the population: the hosts from `from` up to, not including, `to`. */
export interface CrowdShare {
  readonly total: number;
  readonly from: number;
  readonly to: number;
}

export type CrowdOrder =
  /** Enrols the hosts; answered when all have credentials. */
  | { readonly do: "join"; readonly share: CrowdShare; readonly place: EnrolPlace }
  /** Connects them, spread over so many ms; answered when each has been connected once. */
  | { readonly do: "connect"; readonly overMs: number }
  /** So many violations a second from now on; 0: none any more. */
  | { readonly do: "violations"; readonly perSecond: number }
  /** So many workloads are replaced by their next release a second from now on. */
  | { readonly do: "deployments"; readonly perSecond: number }
  /** Every host tells the counts of all of its workloads as often (ms); 0: no more. */
  | { readonly do: "counts"; readonly everyMs: number }
  | { readonly do: "report" };

/** When something happened (ns, CLOCK_MONOTONIC, as text: it goes through JSON). */
export type Moment = readonly [key: string, ns: string];

export interface CrowdReport {
  readonly hosts: number;
  readonly workloads: number;
  readonly connected: number;
  /** Attempts to connect that failed, since the beginning. */
  readonly failures: number;
  /** Parcels and items that are not known to be committed. */
  readonly waiting: number;
  /** Parcels as often as they were sent. */
  readonly sent: number;
  /** Items that were put into spools, by kind, since the beginning. */
  readonly told: Readonly<Record<string, number>>;
  /** Since the last report, by `HOST~RUN~NUMBER`. */
  readonly violations: readonly Moment[];
  /** Commands that were carried out since the last report: by `HOST ID`, when they had arrived. */
  readonly commands: readonly Moment[];
  /** Faults that should not be, since the last report. */
  readonly faults: readonly string[];
}

export interface CrowdMessage {
  readonly number: number;
  readonly order: CrowdOrder;
}

export interface CrowdAnswer {
  readonly number: number;
  readonly report?: CrowdReport;
  readonly fault?: string;
}
