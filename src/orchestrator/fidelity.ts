// SPDX-License-Identifier: Apache-2.0
// Whether a sensor sees at least what a model was learned with. What is not seen can not be refused.
import type { HookName } from "../event/index.ts";
import type { ModelFidelity } from "../model/file/workload-model.ts";
import { weaknessesOf } from "../model/index.ts";
import type { Fidelity } from "../sensor/sensor.ts";

/**
 * How this sensor is weaker than the one of the model, one sentence each; empty when it is not.
 * @param enforces what is outside the model will be refused
 */
export function weaknesses(model: ModelFidelity, here: Fidelity, enforces: boolean): string[] {
  return weaknessesOf(model, here, enforces).map(({ why }) => why);
}

/** Hooks that a run under this sensor leaves alone, because the model's sensor did not see them; undefined: none. */
export function leftAlone(model: ModelFidelity, here: Fidelity): readonly HookName[] | undefined {
  if (here.sensor !== "bpf" || model.sensor === "unknown") return undefined;
  const more = missing(here.sees, model.sees);
  return more.length === 0 ? undefined : more;
}

/** What is no weakness, but should be known; one sentence each. */
export function differences(model: ModelFidelity, here: Fidelity): string[] {
  const alone = leftAlone(model, here);
  if (alone === undefined) return [];
  return [
    `the model was learned where this could not be seen, so it is not looked at: ${alone.join(", ")}`,
  ];
}

function missing<T>(wanted: readonly T[], present: readonly T[]): T[] {
  const set = new Set(present);
  return wanted.filter((item) => !set.has(item));
}
