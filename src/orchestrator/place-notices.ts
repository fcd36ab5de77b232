// SPDX-License-Identifier: Apache-2.0
// What a person should know of the place that a model is kept in.
import type { RunPlan } from "./plan.ts";

/** One line each. */
export function placeNotices({
  tma: { place, fillsUnknown },
}: Pick<RunPlan, "tma">): readonly string[] {
  const notices: string[] = [];
  if (place?.start.way === "sancho") {
    notices.push(
      `nothing that the device of --tma ${place.text} says is authenticated: whoever can write to its wire ` +
        "can speak for it, and only Galgo's own copy of the model holds against that",
    );
  }
  if (fillsUnknown === true) {
    notices.push(
      "events are mapped as Quixote does: what this sensor does not know has fixed values, most hooks have no parameters, " +
        "and on what Quixote has no name for there is no verdict",
    );
  }
  return notices;
}
