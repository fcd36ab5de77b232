// SPDX-License-Identifier: Apache-2.0
// The fleet's HTTP API for verdicts: what hosts have asked about, and what was ruled. Times are milliseconds since 1970.
import type { RulingWord } from "../link/verdict.ts";

/** `GET verdicts?state=pending|decided`: a behaviour outside of a model. */
export interface VerdictRow {
  /** MODEL~COEFFICIENT */
  readonly id: string;
  readonly model: string;
  readonly coefficient: string;
  /** Of the workload that asked first; as its host has sent it. */
  readonly name: string;
  /** The event in words, as its host has sent it. */
  readonly words: string;
  /** Empty where nobody has told. */
  readonly hook: string;
  /** Programs from the first one of the workload to the acting one, where a violation tells. */
  readonly chain: readonly (string | null)[];
  readonly hosts: number;
  readonly workloads: number;
  readonly first: number;
  readonly last: number;
  /** How often hosts have asked. */
  readonly asked: number;
  /** Absent: nobody has ruled, or that was taken back. */
  readonly verdict?: RulingWord;
  readonly by?: string;
  readonly at?: number;
  readonly reason?: string;
}

/** `POST verdicts/MODEL~COEFFICIENT` */
export interface VerdictOrder {
  readonly verdict: RulingWord | "taken back";
  readonly reason?: string;
}

/** What is answered where nobody has ruled. ask: that somebody has to; the host's own model decides meanwhile. */
export type UnknownPolicy = "ask" | "allow" | "deny";

/** `GET verdict-policy`, and `POST verdict-policy` with one of its rows. */
export interface VerdictPolicyRow {
  /** Digest; "": all that have no row of their own. */
  readonly model: string;
  readonly unknown: UnknownPolicy;
  readonly by: string;
  readonly at: number;
}
