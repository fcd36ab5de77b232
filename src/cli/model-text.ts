// SPDX-License-Identifier: Apache-2.0
// A model in words, for people.
import { quote } from "../base/quote.ts";
import { describeRule, modelDigest } from "../model/index.ts";
import type { WorkloadModel } from "../model/index.ts";
import { nodeHasher } from "../tma/index.ts";
import { count, outLine, plural, table } from "./render.ts";

export function printModel(model: WorkloadModel): void {
  const { metadata, spec } = model;
  const { completeness, fidelity } = spec;
  const unknown = fidelity.sensor === "unknown";
  const rows: [string, string][] = [
    ["name", quote(metadata.name)],
    ["sealed", spec.sealed ? "yes" : "no: it can not be enforced yet"],
    ["behaviours", count(spec.points.length)],
    ["learned from", unknown ? "not known: Galgo did not learn it" : learnedText(completeness)],
    ["saturation", saturationText(completeness.saturation)],
    ["mapping", `${spec.mapping}, digest ${spec.digest}`],
    ["profile", spec.profile.name],
    ...spec.profile.rules.map((rule): [string, string] => ["  rule", describeRule(rule)]),
    [
      "sensor",
      unknown
        ? "not known"
        : `${fidelity.sensor}: sees ${plural(fidelity.sees.length, "hook")}, holds ${fidelity.holds.length}`,
    ],
    ...(spec.pseudonyms.length === 0
      ? []
      : [["pseudonyms", count(spec.pseudonyms.length)] as [string, string]]),
    ["state", spec.state],
    ["digest", modelDigest(model, nodeHasher(spec.digest))],
  ];
  outLine(table(rows));
}

function learnedText(completeness: WorkloadModel["spec"]["completeness"]): string {
  const { runs, eventsSeen, eventsLost } = completeness;
  return `${plural(runs, "run")}, ${plural(eventsSeen, "event")}, ${count(eventsLost)} lost`;
}

const TENTHS = 10;

/** New behaviours in the last tenth of each run: what is still growing is not learned. */
function saturationText(saturation: readonly number[]): string {
  const tails: string[] = [];
  for (let at = TENTHS; at <= saturation.length; at += TENTHS)
    tails.push(count(saturation[at - 1] ?? 0));
  return tails.length === 0 ? "unknown" : `new in the last tenth of each run: ${tails.join(", ")}`;
}
