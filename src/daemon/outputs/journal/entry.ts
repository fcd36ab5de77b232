// SPDX-License-Identifier: Apache-2.0
// One line of the journal, which is also the line of Galgo's own format (docs/reference/output-record.schema.json): what happened, to which
// workload, and under which id, the same however often it is sent.
import { shown } from "../../../event/index.ts";
import type { Mark } from "../../../orchestrator/inspect/index.ts";

/** trajectory, forensics: a record of the run's file of that name. lifecycle: beginning and end of workloads and of the daemon. */
export type EntryKind = "trajectory" | "forensics" | "lifecycle";

export const ENTRY_KINDS: readonly EntryKind[] = ["trajectory", "forensics", "lifecycle"];

/** The container of a workload. */
export interface EntryContainer {
  readonly id: string;
  readonly image?: string;
  /** "sha256:..." */
  readonly imageDigest?: string;
  readonly runtime?: string;
}

/** Whose entry it is. */
export interface EntryWorkload {
  readonly run: string;
  readonly name: string;
  readonly mode: string;
  readonly sensor: string;
  readonly container?: EntryContainer;
}

/** Where a record stands: `line` counts from 1, `end` is the offset behind it (bytes). */
export interface EntrySource {
  readonly file: string;
  readonly line: number;
  readonly end: number;
}

/** What became of a workload or of the daemon. */
export interface LifecycleFacts {
  readonly what:
    | "started"
    | "ended"
    | "failed"
    | "adopted"
    | "notice"
    | "daemon-started"
    | "daemon-ended";
  /** One line. */
  readonly text: string;
  /** Of an end. */
  readonly outcome?: {
    readonly exit?: { readonly code: number } | { readonly signal: string };
    readonly killed?: string;
    readonly events: number;
    readonly points: number;
    readonly violations: number;
    readonly refused: number;
    readonly lost: number;
    readonly state: string;
    readonly measurement: string;
  };
}

/** What an entry says beyond its number. */
export interface EntryBody {
  /** `<run id>/<kind>/<number>`; of the daemon itself `<id of its start>/lifecycle/<number>`. */
  readonly id: string;
  /** ISO 8601: when it happened as far as that is known, else when it was read. */
  readonly time: string;
  readonly kind: EntryKind;
  /** Absent when it is about the daemon. */
  readonly workload?: EntryWorkload;
  readonly source?: EntrySource;
  /** Program that acted, where the records tell. */
  readonly program?: string;
  /** Programs from the first one of the workload to the acting one; null where no record tells. */
  readonly chain?: readonly (string | null)[];
  /** The event in words. */
  readonly words?: string;
  /** Of an event outside the model. */
  readonly mark?: Mark;
  readonly lifecycle?: LifecycleFacts;
  /** The event in the shape of a TSEM trajectory record. */
  readonly record?: unknown;
}

export interface Entry extends EntryBody {
  readonly apiVersion: "galgo.dev/v1";
  /** Of the journal: grows by one with each entry. */
  readonly seq: number;
}

/**
 * The line of an entry, without newline. Escapes hide what could turn or end a line elsewhere.
 * @param recordText JSON of the record as it stands in its file, put in as it is
 */
export function entryLine(seq: number, body: EntryBody, recordText?: string): string {
  const { id, time, kind, record: _, ...rest } = body;
  const head = { apiVersion: "galgo.dev/v1", seq, id, time, kind, ...rest };
  const text = shown(JSON.stringify(head));
  return recordText === undefined ? text : `${text.slice(0, -1)},"record":${recordText}}`;
}

/** A line of the journal, read back. @throws SyntaxError */
export function readEntry(line: string): Entry {
  return JSON.parse(line) as Entry;
}
