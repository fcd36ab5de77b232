// SPDX-License-Identifier: Apache-2.0
// A model of the training runs of a workload, and what it says of other runs of it.
import {
  BUILTIN_PROFILES,
  createMapper,
  createProfile,
  type LearningRun,
  mapRuns,
  modelFromRuns,
  scorersOf,
  type WorkloadModel,
  type WorkloadSequences,
} from "../../src/model/index.ts";
import {
  type Scored,
  SequenceMonitor,
  type SequenceScorer,
  SequenceStream,
} from "../../src/model/sequence/index.ts";
import { nodeHasher } from "../../src/tma/index.ts";

const HASHER = nodeHasher("sha256");

/** What is said of a run. */
export interface Judged extends Scored {
  /** Events whose behaviour is outside of the model: those that enforcing refuses. */
  readonly outside: number;
  /** An alarm was raised, or a process or the whole was judged to be strange. */
  readonly alarmed: boolean;
  readonly events: number;
}

/** Judges runs by what others of the same workload were like. */
export interface Judge {
  readonly model: WorkloadModel;
  readonly sequences: WorkloadSequences;
  judge(run: LearningRun): Judged;
}

/** @throws Error: the runs have no sequences */
export function judgeOf(train: readonly LearningRun[], alarmsPerDay: number): Judge {
  const profile = BUILTIN_PROFILES.portable;
  const fidelity = { sensor: "seccomp", sees: [], holds: [], absent: [], features: [] } as const;
  const terms = { name: "bench", profile, hasher: HASHER, fidelity, alarmsPerDay };
  const { model } = modelFromRuns(train, terms);
  const { sequences } = model.spec;
  if (sequences === undefined) throw new Error("the runs have no sequences");
  const scorers = scorersOf(sequences);
  const mapper = createMapper(HASHER);
  const judge = (run: LearningRun): Judged => {
    const rules = createProfile(model.spec.profile, mapper);
    // with the runs that were learned from, because they know who is behind the TASK_IDs
    const mapped = mapRuns([...train, run], { mapper, profile: rules }).runs.at(-1);
    return judged(run, mapped?.coefficients ?? [], { ...scorers, points: model.spec.points });
  };
  return { model, sequences, judge };
}

interface Scorers {
  readonly process: SequenceScorer;
  readonly workload: SequenceScorer;
  readonly points: readonly string[];
}

function judged(
  { sequence }: LearningRun,
  coefficients: readonly string[],
  { process, workload, points }: Scorers,
): Judged {
  const known = new Set(points);
  const behaviours = sequence?.behaviours ?? new Int32Array();
  let outside = 0;
  let alarmed = false;
  const monitor = new SequenceMonitor(process, () => {
    alarmed = true;
  });
  const whole = new SequenceStream(workload);
  for (const [at, behaviour] of behaviours.entries()) {
    const name = coefficients[behaviour] ?? "";
    if (!known.has(name)) outside++;
    monitor.event(String(sequence?.streams[at]), process.symbolOf(name));
    if (whole.next(workload.symbolOf(name)) !== undefined) alarmed = true;
  }
  const processes = monitor.finish();
  const verdict = whole.finish();
  // of many processes one is the strangest by chance
  const chance = Math.log(Math.max(1, processes.length));
  const strangest = Math.max(...processes.map(({ combined }) => combined.rarity)) - chance;
  const rarity = Math.max(verdict.combined.rarity, strangest);
  return {
    score: rarity,
    rarity,
    outside,
    alarmed: alarmed || !verdict.normal,
    events: behaviours.length,
  };
}
