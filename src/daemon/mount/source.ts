// SPDX-License-Identifier: Apache-2.0
// Where the pseudo-files get their content from.
import type { SecurityPoint } from "../../model/runtime/index.ts";
import type { ControlOrder, WorkloadStatus } from "../api/types.ts";

/** Files of a run that grow by lines. */
export type RecordKind = "trajectory" | "forensics";

/** The namespaces of a daemon. Every function fails with a FileError, whose errno the reader of the file gets. */
export interface NamespaceSource {
  list(): Promise<readonly WorkloadStatus[]>;
  status(id: string): Promise<WorkloadStatus>;
  /** In the order of discovery. */
  points(id: string): Promise<readonly SecurityPoint[]>;
  /** Lines of the run's file from number `from` (0: the first) on that are there now. */
  records(id: string, kind: RecordKind, from: number): AsyncIterable<string>;
  /** As `records`, and those that come later, until the run has ended or `signal` says so. */
  follow(id: string, kind: RecordKind, from: number, signal: AbortSignal): AsyncIterable<string>;
  /** @param asker the process that wrote the order: one of a workload may not */
  control(id: string, order: ControlOrder, asker: number): Promise<void>;
}
