// SPDX-License-Identifier: Apache-2.0
// What belongs to an instant of a namespace under the BPF sensor, and is not known to the thread that decides: what the programs have
// recognised by themselves, what they lost, and records that nobody has taken yet.
import { setTimeout as pause } from "node:timers/promises";
import { type AgentPlace, NamespaceWatch } from "../../sensor/bpf/index.ts";
import { InstantError } from "../errors.ts";
import type { OtherCounts } from "../live/mirror.ts";

/** How long records that were made before are waited for (ms), and between two looks. */
const SETTLE_MS = 1_000;
const LOOK_MS = 1;

export class ProgramsWatch implements OtherCounts {
  readonly #place: AgentPlace;
  /** Opened when somebody asks for the first time. */
  #watch: NamespaceWatch | undefined;
  #closed = false;

  constructor(place: AgentPlace) {
    this.#place = place;
  }

  async settled(): Promise<void> {
    const end = this.#open().produced;
    for (const until = performance.now() + SETTLE_MS; ; ) {
      if (this.#open().taken >= end) return;
      if (performance.now() >= until) break;
      await pause(LOOK_MS);
    }
    throw new InstantError(
      "BUSY",
      `events that have happened were not modeled within ${SETTLE_MS} ms: the workload does more than Galgo can follow; ask again`,
    );
  }

  counts(): { readonly events: number; readonly lost: number } {
    const counters = this.#open().counters();
    if (counters === undefined) throw ended();
    const { hits, lost, unanswered } = counters;
    return { events: Number(hits), lost: Number(lost + unanswered) };
  }

  close(): void {
    this.#closed = true;
    this.#watch?.close();
  }

  #open(): NamespaceWatch {
    if (this.#closed) throw ended();
    this.#watch ??= new NamespaceWatch(this.#place);
    return this.#watch;
  }
}

function ended(): InstantError {
  return new InstantError("ENDED", "the programs do not watch the workload any more");
}
