// SPDX-License-Identifier: Apache-2.0
// A replay in words, and as JSON.
import { quote } from "../base/quote.ts";
import type { ReplayEnd, ReplayRequest } from "../orchestrator/replay/index.ts";
import { count, plural, table } from "./render.ts";

/** Hooks that are named in the summary. */
const SHOWN_HOOKS = 12;

export function replayText(end: ReplayEnd, request: ReplayRequest): string {
  const { spec, modelFile } = request;
  const { counts } = end;
  const invalid = end.points.filter(({ valid }) => !valid).length;
  const rows: [string, string][] = [
    ["records", recordsText(end)],
    ["events", `${count(end.events)} modeled, ${end.lost === 0 ? "none" : count(end.lost)} lost`],
    ...end.losses.map((loss): [string, string] => [
      "  lost",
      `${count(loss.count)} x ${loss.reason}: ${quote(loss.example)}`,
    ]),
    ...(counts.shortLogs === 0
      ? []
      : [
          ["  not told", `${plural(counts.shortLogs, "log record")} without the event`] as [
            string,
            string,
          ],
        ]),
    ["hooks", hooksText(end)],
    ["behaviours", count(end.points.length - invalid)],
    ...(request.model === undefined
      ? []
      : [["violations", count(end.violations)] as [string, string]]),
    ["rules", `mapping ${spec.mapping}, digest ${spec.digest}, profile ${spec.profile.name}`],
    ...(modelFile === undefined ? [] : [["model", quote(modelFile)] as [string, string]]),
    ["aggregate", `${end.aggregate} (${aggregateText(end, request)})`],
    ["state", end.state],
    ["measurement", end.measurement],
    ...(end.run === undefined ? [] : [["run", quote(end.run.path)] as [string, string]]),
  ];
  return table(rows);
}

function recordsText({ counts }: ReplayEnd): string {
  const kinds = [
    ["event", counts.event],
    ["async_event", counts.async_event],
    ["log", counts.log],
    ["trajectory", counts.trajectory],
    ["of Galgo", counts.galgo],
    ["aggregate", counts.aggregate],
    ["without content", counts.nothing],
    ["unreadable", counts.unreadable],
  ] as const;
  const parts = kinds
    .filter(([, number]) => number > 0)
    .map(([kind, number]) => `${count(number)} ${kind}`);
  return `${count(counts.records)}${parts.length === 0 ? "" : `: ${parts.join(", ")}`}`;
}

function hooksText({ hooks }: ReplayEnd): string {
  if (hooks.length === 0) return "none";
  const shown = hooks.slice(0, SHOWN_HOOKS).map(([hook, number]) => `${hook} ${count(number)}`);
  const more = hooks.length - shown.length;
  return shown.join(", ") + (more > 0 ? `, ${more} more` : "");
}

function aggregateText({ aggregateFrom }: ReplayEnd, { model }: ReplayRequest): string {
  if (model !== undefined) return "of the model";
  return { stream: "of the stream", given: "as given", zeros: "none was given" }[aggregateFrom];
}

export function replayJson(end: ReplayEnd, request: ReplayRequest): unknown {
  const { spec, file, modelFile, output } = request;
  return {
    file,
    mapping: spec.mapping,
    digest: spec.digest,
    profile: spec.profile.name,
    ...(modelFile === undefined ? {} : { model: modelFile }),
    records: end.counts,
    events: end.events,
    lost: end.lost,
    losses: end.losses,
    hooks: Object.fromEntries(end.hooks),
    points: end.points.length,
    violations: end.violations,
    aggregate: end.aggregate,
    aggregateFrom: request.model === undefined ? end.aggregateFrom : "model",
    state: end.state,
    measurement: end.measurement,
    notices: end.notices,
    ...(end.run === undefined ? {} : { run: end.run.path }),
    ...(output === undefined ? {} : { output }),
  };
}
