// SPDX-License-Identifier: Apache-2.0
// The namespace of a run as the main thread knows it. The thread that decides sleeps in the kernel between events and can not be
// asked, so its points come out of shared memory, its records out of their files, and measurement and state are computed here again.
import { setTimeout as pause } from "node:timers/promises";
import { DIGEST_SIZES } from "../../model/runtime/index.ts";
import type { Model } from "../../model/runtime/index.ts";
import { emptyModel } from "../../tma/index.ts";
import type { TmaSpec } from "../../tma/index.ts";
import { InstantError } from "../errors.ts";
import { readPulse } from "../heartbeat.ts";
import { SEAL_POLL_MS } from "./limits.ts";
import type { ManagedNamespace } from "./managed-namespace.ts";
import { ConsoleError } from "../quixote/protocol.ts";
import type { Instant } from "./instant.ts";
import { recordTexts } from "./record-texts.ts";
import type { SharedPointsReader } from "./shared-points.ts";

export interface MirrorParts {
  /** What the agent of the run started with. */
  readonly tma: TmaSpec;
  readonly points: SharedPointsReader;
  readonly heartbeat: SharedArrayBuffer;
  /** Files of records. */
  readonly trajectory: string;
  readonly forensics: string;
}

/** What somebody else than the thread that decides counts of the same namespace: programs in the kernel. */
export interface OtherCounts {
  /** Settles when whatever was recorded until now has been taken into account. @throws InstantError BUSY, ENDED */
  settled(): Promise<void>;
  /** Events that they have decided by themselves, and those that they have lost. @throws InstantError ENDED */
  counts(): { readonly events: number; readonly lost: number };
  close(): void;
}

/** A namespace at one instant: counts and values belong together. */
export interface NamespaceInstant extends Instant {
  /** hex */
  readonly state: string;
  /** hex */
  readonly measurement: string;
  /** hex; zeros where the model has none. */
  readonly aggregate: string;
}

export interface Mirror extends ManagedNamespace {
  /** When the model was sealed by an order. */
  readonly sealedAt: Date | undefined;
  /**
   * The namespace at an instant that is not before the call, for evidence: whatever a task was allowed to do before the call is in it, and
   * so is whatever was lost. Never waits for an event that is in hand.
   * @throws InstantError
   */
  instant(): Promise<NamespaceInstant>;
  /** The last instant that is known, for show: of the thread that decides alone. */
  latest(): NamespaceInstant;
  /** Coefficients (hex) with numbers from `from` to before `to` (default: as many as are published now), in the order of discovery. */
  coefficients(from: number, to?: number): Iterable<string>;
  /** Has the counts of the kernel be part of `instant`; closed with the mirror. */
  countWith(others: OtherCounts): void;
  close(): void;
}

export function createMirror(parts: MirrorParts): Mirror {
  return new RunMirror(parts);
}

class RunMirror implements Mirror {
  sealedAt: Date | undefined;
  readonly #parts: MirrorParts;
  readonly #model: Model;
  readonly #zeros: string;
  #others: OtherCounts | undefined;
  #closed = false;

  constructor(parts: MirrorParts) {
    this.#parts = parts;
    this.#zeros = "0".repeat(2 * DIGEST_SIZES[parts.tma.digest]);
    this.#model = emptyModel(parts.tma);
  }

  aggregate(): string {
    return this.#caughtUp().aggregate ?? this.#zeros;
  }

  measurement(): string {
    return this.#caughtUp().measurement();
  }

  state(): string {
    return this.#caughtUp().state();
  }

  async instant(): Promise<NamespaceInstant> {
    const others = this.#others;
    await others?.settled();
    return this.#parts.points.instant.read((instant) => {
      if (this.#closed) throw new InstantError("ENDED", "the run has ended");
      const now = this.#of(instant);
      // read after it: they only grow, and what is counted twice is a loss, never what hides one
      const more = others?.counts();
      if (more === undefined) return now;
      return { ...now, events: now.events + more.events, lost: now.lost + more.lost };
    });
  }

  latest(): NamespaceInstant {
    return this.#of(this.#parts.points.instant.latest());
  }

  coefficients(from: number, to?: number): Iterable<string> {
    const { points } = this.#parts;
    return points.coefficients(from, to ?? points.instant.latest().points);
  }

  countWith(others: OtherCounts): void {
    this.#others = others;
  }

  #of(instant: Instant): NamespaceInstant {
    const model = this.#caughtUp(instant);
    const { aggregate = this.#zeros } = model;
    const { base } = this.#parts.tma;
    const state = model.state();
    const measurement = model.measurement();
    return { ...(base === undefined ? {} : { base }), ...instant, state, measurement, aggregate };
  }

  points(): ReturnType<ManagedNamespace["points"]> {
    return this.#parts.points.points();
  }

  trajectory(): ReturnType<ManagedNamespace["trajectory"]> {
    return recordTexts(this.#parts.trajectory, "extended");
  }

  forensics(): ReturnType<ManagedNamespace["forensics"]> {
    return recordTexts(this.#parts.forensics, "violation");
  }

  events(): ReturnType<ManagedNamespace["events"]> {
    return recordTexts(this.#parts.forensics, "refused");
  }

  /**
   * The order is seen at the begin of each event. An event that began before it may still extend the model, so its end is awaited:
   * the worker says that it is busy before it looks for the order, and here it is the other way round.
   */
  async seal(): Promise<void> {
    const { points, heartbeat } = this.#parts;
    this.sealedAt ??= new Date();
    points.orderSeal();
    const { busySince } = readPulse(heartbeat);
    if (busySince === 0n) return;
    while (readPulse(heartbeat).busySince === busySince) {
      if (this.#closed) throw new ConsoleError("CLOSED", "the run has ended");
      await pause(SEAL_POLL_MS);
    }
  }

  close(): void {
    this.#closed = true;
    this.#others?.close();
    this.#parts.points.close();
  }

  /** Both values are defined over the order and the set of all points, valid or not. No instant is before one that was seen. */
  #caughtUp(instant: Instant = this.#parts.points.instant.latest()): Model {
    // sensors may learn of the platform's value only when the namespace is there
    if (instant.aggregate !== undefined) this.#model.setAggregate(instant.aggregate);
    const known = this.#model.counts.points;
    if (known === 0 && instant.base !== undefined) this.#model.setBase(instant.base);
    for (const coefficient of this.#parts.points.coefficients(known, instant.points))
      this.#model.load(coefficient);
    return this.#model;
  }
}
