// SPDX-License-Identifier: Apache-2.0
// What those who act on a host for its fleet get (commands, verdicts), and what they are.
import type { AskKind, Item } from "../../wire/link/index.ts";
import type { DaemonContext } from "../part.ts";
import type { Membership } from "./membership.ts";

/** The host's side of the fleet, as its parts see it. */
export interface FleetSide {
  readonly context: DaemonContext;
  readonly membership: Membership;
  /** For files of theirs; for the daemon's user alone. */
  readonly folder: string;
  /** A connection to the fleet stands. */
  readonly online: boolean;
  /**
   * Asks the fleet. @param body `v` is added @param timeoutMs default ASK_MS
   * @returns parsed JSON, to be checked by who asks (`read...Answer` of wire/link)
   * @throws FleetError NOT_ONLINE, NO_ANSWER; REFUSED: the fleet answers with a problem, whose code is in `facts.problem`
   */
  ask(kind: AskKind, body: object, timeoutMs?: number): Promise<Record<string, unknown>>;
  /** Settles when the items are on this host's disk: from then on the fleet gets them, whatever happens. @throws FleetError FULL */
  report(items: readonly Item[]): Promise<void>;
  /** Others sign the commands from now on. @param keys public keys, PEM @throws FleetError NOT_WRITABLE */
  setCommandKeys(keys: readonly string[]): void;
  /** The fleet gets the whole table of workloads again. */
  tellTable(): void;
  /** One line for people. */
  tell(word: "info" | "warning" | "error", text: string): void;
}

/** Somebody who acts on what the fleet sends. What is handed over was checked by nobody. */
export interface FleetReceiver {
  /** The text of an envelope, for this host or for all. */
  command?(envelope: string): void;
  verdict?(envelope: string): void;
  /** A connection stands, each time: what was sent meanwhile can be asked for. */
  connected?(): void;
  close(): Promise<void>;
}

export type OpenReceiver = (side: FleetSide) => FleetReceiver | Promise<FleetReceiver>;
