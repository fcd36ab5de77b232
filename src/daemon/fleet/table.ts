// SPDX-License-Identifier: Apache-2.0
// The table of this host's workloads as the fleet was told of it. Its revision grows with every change, over restarts too; a heartbeat carries it and
// the digest of all states, so that both sides notice when they differ.
import { createHash } from "node:crypto";
import type { CountsItem, Item, ItemCounts, WorkloadItem } from "../../wire/link/index.ts";
import { statesDigest } from "../../wire/link/index.ts";
import type { WorkloadOrigin, WorkloadStatus } from "../api/types.ts";
import { isWithin } from "./clock.ts";
import { COUNTS_MS, STATE_MS } from "./limits.ts";
import type { Entry } from "./outbox.ts";
import { cutName, cutWords } from "./words.ts";

/** Mark of the spool: the table's revision. */
const REV = "rev";

/** How a workload ended. */
export interface Ending {
  readonly status: "ended" | "failed";
  /** ms since 1970 */
  readonly ended: number;
  readonly outcome: string;
}

interface Told {
  readonly item: WorkloadItem;
  /** Of what is told at once when it changes, and of what may wait. */
  readonly urgent: string;
  readonly state: string;
  readonly at: number;
  counts: string;
  countsAt: number;
}

export class WorkloadTable {
  readonly #told = new Map<string, Told>();
  #rev: number;

  /**
   * @param rev of an earlier daemon, as its mark says
   * @param now where nothing is known of an earlier one: no table before had a higher revision
   */
  constructor(rev: unknown, now: number) {
    this.#rev = Number.isSafeInteger(rev) ? Number(rev) : now;
  }

  static readonly mark: string = REV;

  get rev(): number {
    return this.#rev;
  }

  get size(): number {
    return this.#told.size;
  }

  states(): string {
    const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
    return statesDigest(
      [...this.#told.values()].map(({ item }) => item),
      sha256,
    );
  }

  /** What has changed of a workload that runs; undefined: nothing that is to be told now. */
  look(status: WorkloadStatus, now: number): Entry<Item> | undefined {
    const told = this.#told.get(status.id);
    const urgent = JSON.stringify([status.status, status.mode, status.sealed, status.model]);
    if (told !== undefined && told.urgent === urgent) {
      // a workload that learns changes its state all the time
      if (told.state === status.state || isWithin(told.at, now, STATE_MS))
        return this.#counts(told, status, now);
    }
    return this.#tell(status, now, urgent);
  }

  /** All of it again, and the word that this is all. */
  whole(statuses: readonly WorkloadStatus[], now: number): Entry<Item>[] {
    const entries = statuses.map((status) =>
      this.#tell(status, now, this.#told.get(status.id)?.urgent ?? ""),
    );
    const runs = [...this.#told.keys()];
    const table: Item = { kind: "table", rev: this.#rev, at: now, runs };
    return [...entries, { items: [table], weight: "vital" }];
  }

  /** @param last as it was told last, or as it is known otherwise */
  end(run: string, ending: Ending, last: WorkloadItem | WorkloadStatus, now: number): Entry<Item> {
    const before = "kind" in last ? last : itemOf(last, this.#rev, now);
    this.#told.delete(run);
    this.#rev += 1;
    const { status, ended } = ending;
    const outcome = cutWords(ending.outcome);
    const item: WorkloadItem = { ...before, rev: this.#rev, at: now, status, ended, outcome };
    return { items: [item], weight: "vital", urgent: true, marks: { [REV]: this.#rev } };
  }

  #tell(status: WorkloadStatus, now: number, urgent: string): Entry<Item> {
    this.#rev += 1;
    const item = itemOf(status, this.#rev, now);
    const counts = JSON.stringify(status.counts);
    const told: Told = { item, urgent, state: status.state, at: now, counts, countsAt: now };
    this.#told.set(status.id, told);
    const marks = { [REV]: this.#rev };
    return { items: [item], weight: "vital", urgent: true, marks };
  }

  #counts(told: Told, { id: run, counts }: WorkloadStatus, at: number): Entry<Item> | undefined {
    const text = JSON.stringify(counts);
    if (text === told.counts || isWithin(told.countsAt, at, COUNTS_MS)) return undefined;
    told.counts = text;
    told.countsAt = at;
    const item: CountsItem = { kind: "counts", at, run, counts: countsOf(counts) };
    return { items: [item], weight: "bulk" };
  }
}

function itemOf(status: WorkloadStatus, rev: number, at: number): WorkloadItem {
  const { id: run, mode, sealed, onViolation, sensor, state, measurement, model, origin } = status;
  return {
    kind: "workload",
    ...{ rev, at, run, name: cutName(status.name), mode, sealed, onViolation, sensor },
    status: status.status,
    started: Date.parse(status.started),
    ...{ state, measurement },
    ...(model === undefined ? {} : { model: modelOf(model) }),
    ...originOf(origin),
    counts: countsOf(status.counts),
  };
}

function modelOf({
  name,
  digest,
  signedBy,
}: NonNullable<WorkloadStatus["model"]>): NonNullable<WorkloadItem["model"]> {
  const signers = (signedBy ?? []).slice(0, 16).map((signer) => cutWords(signer.name));
  return { name: cutName(name), digest, ...(signers.length === 0 ? {} : { signedBy: signers }) };
}

function originOf(
  origin: WorkloadOrigin,
): Pick<WorkloadItem, "origin" | "image" | "imageDigest" | "container"> {
  switch (origin.kind) {
    case "command":
      return { origin: cutWords(origin.command.join(" ")) };
    case "attached":
      return {
        origin: "cgroup" in origin ? cutWords(`cgroup ${origin.cgroup}`) : `process ${origin.pid}`,
      };
    case "container": {
      const { containerId, image, imageDigest } = origin;
      return {
        container: cutWords(containerId),
        ...(image === undefined ? {} : { image: cutWords(image) }),
        ...(imageDigest === undefined ? {} : { imageDigest: imageDigest.slice(0, 160) }),
      };
    }
  }
}

function countsOf({
  events,
  points,
  trajectory,
  violations,
  refused,
  lost,
}: ItemCounts): ItemCounts {
  return { events, points, trajectory, violations, refused, lost };
}
