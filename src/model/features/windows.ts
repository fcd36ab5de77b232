// SPDX-License-Identifier: Apache-2.0
// Windows of the events of each process, and of all of them together, as numbers. Adding an event costs next to nothing; the numbers are made
// when somebody asks for them.
import { HOOK_NAMES, type HookName } from "../../event/index.ts";
import { FEATURE_NAMES, HOOKS_FROM, MAX_LOOP, WINDOW_EVENTS, WINDOW_STRIDE } from "./names.ts";

/** Processes that are followed at a time; the one that has been there longest is let go when there are more. One takes about 600 bytes. */
export const MAX_FEATURE_STREAMS = 4_096;

/** A window, as numbers. */
export interface FeatureWindow {
  readonly stream: "process" | "workload";
  /** Of the process; absent: of the workload. */
  readonly pid?: number;
  /** hex */
  readonly taskId?: string;
  /** Number of the window in its stream, from 0. */
  readonly window: number;
  /** In the order of FEATURE_NAMES. */
  readonly features: Float32Array<ArrayBuffer>;
}

const HOOK_INDEX: ReadonlyMap<HookName, number> = new Map(HOOK_NAMES.map((hook, at) => [hook, at]));

/** The last events of a stream. */
interface Ring {
  readonly pid: number | undefined;
  readonly taskId: string | undefined;
  readonly behaviours: Int32Array;
  readonly hooks: Uint8Array;
  events: number;
  windows: number;
  due: boolean;
}

export class FeatureWindows {
  readonly #maxStreams: number;
  readonly #workload: Ring = newRing(undefined, undefined);
  readonly #processes = new Map<number, Ring>();
  readonly #behaviours = new Map<string | number, number>();
  readonly #due: Ring[] = [];

  constructor(maxStreams: number = MAX_FEATURE_STREAMS) {
    this.#maxStreams = maxStreams;
  }

  /** An event that its model allows. @param taskId another one than before: the process is another program, and begins anew */
  add(event: { pid: number; taskId: string; hook: HookName; coefficient: string | number }): void {
    let behaviour = this.#behaviours.get(event.coefficient);
    if (behaviour === undefined) {
      behaviour = this.#behaviours.size;
      this.#behaviours.set(event.coefficient, behaviour);
    }
    const hook = HOOK_INDEX.get(event.hook) ?? 0;
    this.#put(this.#workload, behaviour, hook);
    this.#put(this.#processOf(event.pid, event.taskId), behaviour, hook);
  }

  /** Windows that are due; to be asked for after each event, or some of a busy process are not told of. */
  take(): readonly FeatureWindow[] {
    if (this.#due.length === 0) return NONE;
    return this.#due.splice(0).map((ring) => {
      ring.due = false;
      const { pid, taskId } = ring;
      const features = featuresOf(ring);
      const window = ring.windows++;
      if (pid === undefined || taskId === undefined)
        return { stream: "workload", window, features };
      return { stream: "process", pid, taskId, window, features };
    });
  }

  #put(ring: Ring, behaviour: number, hook: number): void {
    const at = ring.events % WINDOW_EVENTS;
    ring.behaviours[at] = behaviour;
    ring.hooks[at] = hook;
    ring.events += 1;
    const isFull = ring.events >= WINDOW_EVENTS && ring.events % WINDOW_STRIDE === 0;
    if (!isFull || ring.due) return;
    ring.due = true;
    this.#due.push(ring);
  }

  #processOf(pid: number, taskId: string): Ring {
    const known = this.#processes.get(pid);
    if (known !== undefined && known.taskId === taskId) return known;
    this.#processes.delete(pid);
    const [oldest] = this.#processes.keys();
    if (oldest !== undefined && this.#processes.size >= this.#maxStreams)
      this.#processes.delete(oldest);
    const ring = newRing(pid, taskId);
    this.#processes.set(pid, ring);
    return ring;
  }
}

const NONE: readonly FeatureWindow[] = [];

function newRing(pid: number | undefined, taskId: string | undefined): Ring {
  return {
    ...{ pid, taskId, events: 0, windows: 0, due: false },
    behaviours: new Int32Array(WINDOW_EVENTS),
    hooks: new Uint8Array(WINDOW_EVENTS),
  };
}

/** The events in the order in which they came. */
function ordered(ring: Ring): Int32Array {
  const from = ring.events % WINDOW_EVENTS;
  return Int32Array.from({ length: WINDOW_EVENTS }, (_, at) => {
    return ring.behaviours[(from + at) % WINDOW_EVENTS] ?? 0;
  });
}

function featuresOf(ring: Ring): Float32Array<ArrayBuffer> {
  const features = new Float32Array(FEATURE_NAMES.length);
  const events = ordered(ring);
  const counts = countsOf(events);
  const shares = [...counts.values()].map((count) => count / WINDOW_EVENTS);
  const pairs = new Set<number>();
  for (let at = 1; at < WINDOW_EVENTS; at++)
    pairs.add((events[at - 1] ?? 0) * 2 ** 24 + (events[at] ?? 0));
  const entropy = shares.reduce((sum, share) => sum - share * Math.log(share), 0);
  const loop = loopOf(events);
  features.set([
    ring.pid === undefined ? 1 : 0,
    counts.size / WINDOW_EVENTS,
    Math.max(...shares),
    entropy / Math.log(WINDOW_EVENTS),
    pairs.size / (WINDOW_EVENTS - 1),
    loop.share,
    loop.length / MAX_LOOP,
  ]);
  for (const hook of ring.hooks) {
    const at = HOOKS_FROM + hook;
    features[at] = (features[at] ?? 0) + 1 / WINDOW_EVENTS;
  }
  return features;
}

function countsOf(events: Int32Array): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const event of events) counts.set(event, (counts.get(event) ?? 0) + 1);
  return counts;
}

/** The distance at which most events repeat, and the share of them that do; the shortest such distance. */
function loopOf(events: Int32Array): { readonly share: number; readonly length: number } {
  let best = { share: 0, length: 0 };
  for (let length = 1; length <= MAX_LOOP; length++) {
    let same = 0;
    for (let at = length; at < WINDOW_EVENTS; at++) if (events[at] === events[at - length]) same++;
    const share = same / (WINDOW_EVENTS - length);
    if (share > best.share) best = { share, length };
  }
  return best;
}
