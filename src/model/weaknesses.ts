// SPDX-License-Identifier: Apache-2.0
// Whether what a sensor sees and holds is at least what a model was learned with. What is not seen can not be refused.
import { quote } from "../base/quote.ts";
import { DECIDES_ATOMIC } from "../event/index.ts";
import type { ModelFidelity } from "./file/workload-model.ts";

/** Of a sensor; members as those of a model's fidelity, whoever tells them. */
export interface SensorFidelity {
  readonly sensor: string;
  readonly sees: readonly string[];
  readonly holds: readonly string[];
  readonly absent: readonly string[];
  readonly features: readonly string[];
}

/** One way in which a sensor is weaker. `origin`: nobody knows what the model was learned with. `sensor`: it is another one. */
export interface Weakness {
  readonly kind: "origin" | "sensor" | "sees" | "holds" | "absent";
  /** A sentence. */
  readonly why: string;
}

/**
 * How a sensor is weaker than the one of the model; empty when it is not.
 * @param enforces what is outside the model will be refused
 */
export function weaknessesOf(
  model: ModelFidelity,
  here: SensorFidelity,
  enforces: boolean,
): Weakness[] {
  const found: Weakness[] = [];
  const unseen = missing(model.sees, here.sees);
  if (unseen.length > 0) found.push({ kind: "sees", why: `not seen here: ${listed(unseen)}` });
  // programs in the kernel refuse what they do not know where nobody can wait: as good as holding it
  const decided = enforces && here.features.includes(DECIDES_ATOMIC) ? here.sees : here.holds;
  const unheld = missing(model.holds, decided).filter((hook) => !unseen.includes(hook));
  if (unheld.length > 0) {
    found.push({ kind: "holds", why: `seen here but not held: ${listed(unheld)}` });
  }
  const absent = model.sensor === "unknown" ? [] : missing(here.absent, model.absent);
  if (absent.length > 0) {
    const why = `not known of an event here: ${absent.map((name) => quote(name)).join(", ")}`;
    found.push({ kind: "absent", why });
  }
  return [...otherSensor(model, here, found.length > 0), ...found];
}

/** Another sensor is a weakness by itself, unless it can leave out what the model's did not see, and sees all the rest. */
function otherSensor(model: ModelFidelity, here: SensorFidelity, weaker: boolean): Weakness[] {
  if (model.sensor === "unknown") {
    const why = "the model was not learned by Galgo: what it was learned with is unknown";
    return [{ kind: "origin", why }];
  }
  if (model.sensor === here.sensor || (here.sensor === "bpf" && !weaker)) return [];
  const why = `the model was learned with the sensor ${model.sensor}, this run has ${quote(here.sensor, 60)}`;
  return [{ kind: "sensor", why }];
}

function missing(wanted: readonly string[], present: readonly string[]): string[] {
  const set = new Set(present);
  return wanted.filter((item) => !set.has(item));
}

function listed(names: readonly string[]): string {
  return names.map((name) => quote(name)).join(", ");
}
