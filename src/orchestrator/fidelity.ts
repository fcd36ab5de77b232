// SPDX-License-Identifier: Apache-2.0
// Whether a sensor sees at least what a model was learned with. What is not seen can not be refused.
import { quote } from "../base/quote.ts";
import type { ModelFidelity } from "../model/workload-model.ts";
import type { Fidelity } from "../sensor/sensor.ts";

/** How this sensor is weaker than the one of the model, one sentence each; empty when it is not. */
export function weaknesses(model: ModelFidelity, here: Fidelity): string[] {
  const found: string[] = [];
  if (model.sensor === "unknown") {
    found.push("the model was not learned by Galgo: what it was learned with is unknown");
  } else if (model.sensor !== here.sensor) {
    found.push(
      `the model was learned with the sensor ${model.sensor}, this run has ${here.sensor}`,
    );
  }
  const unseen = missing(model.sees, here.sees);
  if (unseen.length > 0) found.push(`not seen here: ${unseen.join(", ")}`);
  const unheld = missing(model.holds, here.holds).filter((hook) => !unseen.includes(hook));
  if (unheld.length > 0) found.push(`seen here but not held: ${unheld.join(", ")}`);
  const absent = model.sensor === "unknown" ? [] : missing(here.absent, model.absent);
  if (absent.length > 0)
    found.push(`not known of an event here: ${absent.map((name) => quote(name)).join(", ")}`);
  return found;
}

function missing<T>(wanted: readonly T[], present: readonly T[]): T[] {
  const set = new Set(present);
  return wanted.filter((item) => !set.has(item));
}
