// SPDX-License-Identifier: Apache-2.0
// The namespace of a run as the main thread knows it. The thread that decides sleeps in the kernel between events and can not be
// asked, so its points come out of shared memory, its records out of their files, and measurement and state are computed here again.
import { setTimeout as pause } from "node:timers/promises";
import { createMapper, createModel } from "../../model/runtime/index.ts";
import type { Model } from "../../model/runtime/index.ts";
import { nodeHasher } from "../../tma/index.ts";
import type { TmaSpec } from "../../tma/index.ts";
import { readPulse } from "../heartbeat.ts";
import { SEAL_POLL_MS } from "./limits.ts";
import type { ManagedNamespace } from "./managed-namespace.ts";
import { ConsoleError } from "../quixote/protocol.ts";
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

export interface Mirror extends ManagedNamespace {
  /** When the model was sealed by an order. */
  readonly sealedAt: Date | undefined;
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
  #closed = false;

  constructor(parts: MirrorParts) {
    this.#parts = parts;
    const { mapping, digest, aggregate, base } = parts.tma;
    const hasher = nodeHasher(digest);
    this.#zeros = "0".repeat(2 * hasher.size);
    this.#model = createModel({
      hasher,
      baseFirst: createMapper(hasher, mapping).baseFirst,
      ...(aggregate === undefined ? {} : { aggregate }),
      ...(base === undefined ? {} : { base }),
    });
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
    this.#parts.points.close();
  }

  /** Both values are defined over the order and the set of all points, valid or not. */
  #caughtUp(): Model {
    const { points } = this.#parts;
    // read before base and aggregate: whoever sets these does it before the first point
    const { length } = points;
    // sensors may learn of the platform's value only when the namespace is there
    if (points.aggregate !== undefined) this.#model.setAggregate(points.aggregate);
    const known = this.#model.counts.points;
    if (known === 0 && points.base !== undefined) this.#model.setBase(points.base);
    for (const coefficient of points.coefficients(known, length)) this.#model.load(coefficient);
    return this.#model;
  }
}
