// SPDX-License-Identifier: Apache-2.0
// Watches a workload: a stream for each process and one for all of them together, within bounded memory, and whether what is normal drifts.
import {
  SequenceStream,
  type SequenceAlarm,
  type SequenceScorer,
  type SequenceVerdict,
  type Surprise,
} from "./stream.ts";

/** Processes that are followed at a time; the one that has been silent longest is judged and let go when there are more. One takes about 2 kB. */
export const MAX_STREAMS = 4096;
/** A process that has ended counts this much in the drift; the last hundred of them decide. */
const DRIFT_WEIGHT = 0.01;
/** Finished streams before drift is told. */
const DRIFT_LEAST = 100;
/** Of normal streams a tenth is rarer than 1 in 10; when this share is, the model is out of date. */
const DRIFT_SHARE = 0.3;
const ONE_IN_TEN: number = Math.LN10;

/** An alarm, or the verdict on a stream that is not normal. */
export type SequenceFinding =
  | {
      readonly kind: "alarm";
      readonly process: string;
      readonly alarm: SequenceAlarm;
      readonly surprises: readonly Surprise[];
    }
  | {
      readonly kind: "verdict";
      readonly process: string;
      readonly verdict: SequenceVerdict;
      readonly surprises: readonly Surprise[];
    };

/** How far a workload is from what was learned. */
export interface Drift {
  /** Finished streams. */
  readonly streams: number;
  /** Share of the last ones, with weights, that are rarer than one in ten normal ones: 0.1 when nothing has changed. */
  readonly share: number;
  readonly drifting: boolean;
}

export class SequenceMonitor {
  readonly #scorer: SequenceScorer;
  readonly #maxStreams: number;
  readonly #streams = new Map<string, SequenceStream>();
  readonly #found: (finding: SequenceFinding) => void;
  #finished = 0;
  #share = 0.1;

  constructor(
    scorer: SequenceScorer,
    found: (finding: SequenceFinding) => void,
    maxStreams: number = MAX_STREAMS,
  ) {
    this.#scorer = scorer;
    this.#found = found;
    this.#maxStreams = maxStreams;
  }

  /** An event of a process (any key that is its own, as pid and start time). */
  event(process: string, symbol: number): void {
    const stream = this.#streamOf(process);
    const alarm = stream.next(symbol);
    if (alarm !== undefined)
      this.#found({ kind: "alarm", process, alarm, surprises: stream.surprises() });
  }

  /** A process has ended, or has become another program: what is said of it; undefined when it did nothing. */
  ended(process: string): SequenceVerdict | undefined {
    const stream = this.#streams.get(process);
    if (stream === undefined) return undefined;
    this.#streams.delete(process);
    const verdict = stream.finish();
    this.#finished++;
    const rare = verdict.combined.rarity > ONE_IN_TEN ? 1 : 0;
    this.#share += DRIFT_WEIGHT * (rare - this.#share);
    if (!verdict.normal)
      this.#found({ kind: "verdict", process, verdict, surprises: stream.surprises() });
    return verdict;
  }

  /** All processes have ended: what is said of those that were still there. */
  finish(): readonly SequenceVerdict[] {
    return [...this.#streams.keys()].flatMap((process) => this.ended(process) ?? []);
  }

  drift(): Drift {
    const drifting = this.#finished >= DRIFT_LEAST && this.#share > DRIFT_SHARE;
    return { streams: this.#finished, share: this.#share, drifting };
  }

  #streamOf(process: string): SequenceStream {
    const known = this.#streams.get(process);
    if (known !== undefined) {
      // to the end: the first one is the one that has been silent longest
      this.#streams.delete(process);
      this.#streams.set(process, known);
      return known;
    }
    const [oldest] = this.#streams.keys();
    if (this.#streams.size >= this.#maxStreams && oldest !== undefined) this.ended(oldest);
    const stream = new SequenceStream(this.#scorer);
    this.#streams.set(process, stream);
    return stream;
  }
}
