// SPDX-License-Identifier: Apache-2.0
// What the management socket shows of a namespace, whatever sensor and agent are behind it.
import type { SecurityPoint } from "../../model/runtime/index.ts";

/** Records as text, one after the other: how many there are now, and the way to read that many. */
export interface RecordTexts {
  readonly count: number;
  /** Exactly `count` lines, each one JSON object without newline and NUL. Nothing is read before it is asked for. */
  lines(): Iterable<string>;
}

/** A namespace as a console sees it. Every value is of the moment it is asked for; errors end the console's session only. */
export interface ManagedNamespace {
  /** hex */
  aggregate(): string;
  /** hex */
  measurement(): string;
  /** hex */
  state(): string;
  /** In the order of discovery. */
  points(): readonly SecurityPoint[];
  /** Events that extended the model. */
  trajectory(): Promise<RecordTexts>;
  /** Events outside the sealed model. */
  forensics(): Promise<RecordTexts>;
  /** Events of untrusted processes, which are not modeled any more. */
  events(): Promise<RecordTexts>;
  /** Closes the model. Settles when no event can extend it any more. */
  seal(): Promise<void>;
}
