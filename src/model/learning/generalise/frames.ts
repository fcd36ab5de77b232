// SPDX-License-Identifier: Apache-2.0
// Behaviours that differ in one part only, and whether that part differs between runs.
import { coversAll } from "./entries.ts";
import type { EventMapper } from "../../mapper.ts";
import type { Behaviour, Met } from "./met.ts";
import { type Part, partsOf } from "./parts.ts";

/** A value of a part, and the behaviours that have it. */
export interface PartValue {
  readonly part: Part;
  readonly runs: Set<number>;
  readonly behaviours: Behaviour[];
}

/** Behaviours that are the same but for one part. */
export interface Frame {
  readonly kind: Part["kind"];
  readonly member: string;
  /** Values that some of the runs met and others did not. */
  readonly changing: readonly PartValue[];
}

/** The frames of which two runs met different values, each one that the other did not. In the order of their keys. */
export function varyingFrames({ behaviours, runs }: Met, mapper: EventMapper): readonly Frame[] {
  const frames = new Map<string, Map<string, PartValue>>();
  for (const behaviour of behaviours.values()) {
    // what all runs did does not differ between any two
    if (behaviour.runs.size === runs) continue;
    for (const part of partsOf(behaviour.event, mapper.emptyDigest)) {
      const key = `${part.kind} ${part.member} ${mapper.coefficient(part.without)}`;
      const values = frames.get(key) ?? new Map<string, PartValue>();
      frames.set(key, values);
      const known = values.get(part.value) ?? { part, runs: new Set<number>(), behaviours: [] };
      values.set(part.value, known);
      for (const run of behaviour.runs) known.runs.add(run);
      known.behaviours.push(behaviour);
    }
  }
  return [...frames]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, values]) => frameOf([...values.values()]) ?? []);
}

function frameOf(values: readonly PartValue[]): Frame | undefined {
  const [first] = values;
  if (first === undefined || values.length < 2) return undefined;
  const runs = new Set(values.flatMap((value) => [...value.runs]));
  const changing = values.filter((value) => !coversAll(value.runs, runs));
  const differ = changing.some((a) =>
    changing.some((b) => !coversAll(a.runs, b.runs) && !coversAll(b.runs, a.runs)),
  );
  const { kind, member } = first.part;
  return differ ? { kind, member, changing } : undefined;
}
