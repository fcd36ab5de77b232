// SPDX-License-Identifier: Apache-2.0
// Whether a sensor sees at least what a model was learned with. What is not seen can not be refused.
import type { HookName } from "../event/index.ts";
import { quote } from "../base/quote.ts";
import type { ModelFidelity } from "../model/file/workload-model.ts";
import { DECIDES_ATOMIC } from "../sensor/bpf/index.ts";
import type { Fidelity } from "../sensor/sensor.ts";

/**
 * How this sensor is weaker than the one of the model, one sentence each; empty when it is not.
 * @param enforces what is outside the model will be refused
 */
export function weaknesses(model: ModelFidelity, here: Fidelity, enforces: boolean): string[] {
  const found: string[] = [];
  const unseen = missing(model.sees, here.sees);
  if (unseen.length > 0) found.push(`not seen here: ${unseen.join(", ")}`);
  // programs in the kernel refuse what they do not know where nobody can wait: as good as holding it
  const decided = enforces && here.features.includes(DECIDES_ATOMIC) ? here.sees : here.holds;
  const unheld = missing(model.holds, decided).filter((hook) => !unseen.includes(hook));
  if (unheld.length > 0) found.push(`seen here but not held: ${unheld.join(", ")}`);
  const absent = model.sensor === "unknown" ? [] : missing(here.absent, model.absent);
  if (absent.length > 0)
    found.push(`not known of an event here: ${absent.map((name) => quote(name)).join(", ")}`);
  return [...otherSensor(model, here, found.length > 0), ...found];
}

/** Another sensor is a weakness by itself, unless it can leave out what the model's did not see, and sees all the rest. */
function otherSensor(model: ModelFidelity, here: Fidelity, weaker: boolean): string[] {
  if (model.sensor === "unknown")
    return ["the model was not learned by Galgo: what it was learned with is unknown"];
  if (model.sensor === here.sensor || (here.sensor === "bpf" && !weaker)) return [];
  return [`the model was learned with the sensor ${model.sensor}, this run has ${here.sensor}`];
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
