// SPDX-License-Identifier: Apache-2.0
// A model in words, for people.
import { quote } from "../base/quote.ts";
import { describeRule, modelDigest } from "../model/index.ts";
import type { WorkloadModel } from "../model/index.ts";
import type { ModelSignature } from "../orchestrator/inspect/index.ts";
import { nodeHasher } from "../tma/index.ts";
import { completenessRows } from "./completeness-text.ts";
import { count, outLine, plural, table } from "./render.ts";
import { subjectText } from "./verdict-text.ts";

/** @param signature of a signed file */
export function printModel(model: WorkloadModel, signature?: ModelSignature): void {
  const { metadata, spec } = model;
  const { completeness, fidelity } = spec;
  const unknown = fidelity.sensor === "unknown";
  const rows: [string, string][] = [
    ["name", quote(metadata.name)],
    ["sealed", spec.sealed ? "yes" : "no: it can not be enforced yet"],
    ["behaviours", count(spec.points.length)],
    ...(unknown
      ? [["learned from", "not known: Galgo did not learn it"] as [string, string]]
      : completenessRows(completeness)),
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
    ...provenanceRows(spec),
    ["state", spec.state],
    ["digest", modelDigest(model, nodeHasher(spec.digest))],
    ...signatureRows(signature),
  ];
  outLine(table(rows));
}

/** Here nobody says whose key counts. */
function signatureRows(signature: ModelSignature | undefined): [string, string][] {
  if (signature === undefined) return [];
  return [
    ["signed", "yes; nobody has checked by whom: galgo verify"],
    ...signature.subject.slice(0, 3).map((one): [string, string] => ["for", subjectText(one)]),
  ];
}

/** What was done with the model after it was learned. */
export function provenanceRows({
  amended,
  promoted,
  points,
}: WorkloadModel["spec"]): [string, string][] {
  return [
    ...(amended === undefined
      ? []
      : [
          [
            "amended",
            `${plural(amended.points, "behaviour")} added by hand` +
              (amended.from.length === 0 ? "" : `, in ${plural(amended.from.length, "amendment")}`),
          ] as [string, string],
        ]),
    ...(promoted === undefined
      ? []
      : [
          [
            "promoted",
            `${plural(promoted.runs, "clean shadow run")} (${promoted.sensor}), ${plural(promoted.events, "event")}, ` +
              `${count(promoted.behaviours)} of ${count(points.length)} behaviours met`,
          ] as [string, string],
        ]),
  ];
}
