// SPDX-License-Identifier: Apache-2.0
// The head of the page and its first section: the verdict in one glance, what ran, what it did most, what to look at.
import type {
  ReportData,
  ReportOutcome,
  ReportRun,
  ReportFidelity,
} from "../../model/report/data.ts";
import { bars } from "./bars.ts";
import { chain, programName } from "./chain.ts";
import { copyable } from "./copy.ts";
import { button, h } from "./dom.ts";
import { count, duration, microseconds, moment, plural } from "./format.ts";
import { facts, mono, text, tiles } from "./facts.ts";
import { verdictOf } from "./verdict.ts";

/** Programs and violations that the overview names. */
const MAX_NAMED = 8;

/** The top of the page. */
export function mast(data: ReportData): HTMLElement {
  const verdict = verdictOf(data);
  const { run, model } = data;
  const what = run === undefined ? `model ${model?.file ?? ""}` : `run ${run.runId}`;
  return h(
    "header",
    { class: "mast" },
    h(
      "div",
      {},
      h("p", { class: "brand" }, "Galgo report"),
      h("h1", {}, data.name),
      h("p", { class: "muted mono" }, what),
    ),
    h(
      "p",
      { class: `verdict ${verdict.tone}`, role: "status" },
      h("strong", {}, verdict.words),
      h("span", {}, verdict.detail),
    ),
  );
}

export interface OverviewLinks {
  readonly violation: (index: number) => void;
}

export function overview(data: ReportData, go: OverviewLinks): HTMLElement {
  const { run, notices } = data;
  return h(
    "div",
    { class: "overview" },
    notices.length === 0 ? undefined : noticeList(notices),
    numbers(data),
    h(
      "div",
      { class: "columns" },
      h(
        "div",
        {},
        run === undefined ? modelFacts(data) : runFacts(run),
        itsModelPart(data),
        lossPart(run?.outcome),
      ),
      h("div", {}, violationsPart(data, go), kindsPart(data), programsPart(data)),
    ),
    h(
      "p",
      { class: "muted made" },
      `Made ${moment(data.made)} by Galgo ${data.version}. Nothing in this page asks for anything outside of it.`,
    ),
  );
}

function noticeList(notices: readonly string[]): HTMLElement {
  return h(
    "ul",
    { class: "notices", "aria-label": "Notices" },
    ...notices.map((text) => h("li", {}, text)),
  );
}

/** A few large numbers. */
function numbers(data: ReportData): HTMLElement {
  const { run, processes } = data;
  const drawn: [string, string] = [count(processes.rows.length + processes.left), processes.of];
  const of = run === undefined ? modelNumbers(data, drawn) : runNumbers(data, run.outcome, drawn);
  return tiles(of);
}

type Numbers = readonly (readonly [string, string])[];

function runNumbers(
  { run, model, behaviours }: ReportData,
  outcome: ReportOutcome | undefined,
  drawn: readonly [string, string],
): Numbers {
  const named = behaviours.rows.length + behaviours.more.reduce((sum, [, , n]) => sum + n, 0);
  if (outcome === undefined) return [[count(named), "behaviours"], drawn];
  const allowed = run?.mode === "free" ? undefined : model?.behaviours;
  return [
    [count(outcome.events), "events"],
    [count(outcome.lost), "lost"],
    [count(outcome.violations), "violations"],
    allowed === undefined ? [count(outcome.points), "behaviours"] : [count(allowed), "allowed"],
    drawn,
    [duration(outcome.durationMs), "duration"],
  ];
}

function modelNumbers({ model }: ReportData, drawn: readonly [string, string]): Numbers {
  if (model === undefined) return [drawn];
  const { completeness, rules } = model;
  return [
    [count(model.behaviours), "behaviours"],
    drawn,
    [count(completeness.runs), completeness.runs === 1 ? "learning run" : "learning runs"],
    [count(completeness.eventsSeen), "events seen"],
    [count(completeness.eventsLost), "lost"],
    [count(rules.filter(({ origin }) => origin !== "built-in").length), "own rules"],
  ];
}

function signers(signedBy: NonNullable<ReportRun["modelSignedBy"]>): string {
  return signedBy.map(({ name, key }) => (name === key ? key : `${name} (key ${key})`)).join(", ");
}

function runFacts(run: ReportRun): HTMLElement {
  const { outcome, modelFile, modelState, modelSignedBy, floor, joined } = run;
  const expected = floor?.state ?? modelState;
  const same =
    expected === undefined || outcome === undefined ? undefined : expected === outcome.state;
  return h(
    "section",
    {},
    h("h3", {}, "The run"),
    facts([
      joined === undefined ? ["Command", mono(run.command.join(" "))] : ["Joined", mono(joined)],
      ["In", mono(run.cwd)],
      [
        "Mode",
        text(
          run.mode === "free"
            ? "free: nothing is refused"
            : `${run.mode}, on violation ${run.onViolation}`,
        ),
      ],
      ["Model", modelFile === undefined ? undefined : mono(modelFile)],
      ["Signed by", modelSignedBy === undefined ? undefined : text(signers(modelSignedBy))],
      ["Sensor", text(fidelityWords(run.sensor, run.outcome?.fidelity))],
      ["Rules", text(`${run.profile}, mapping ${run.mapping}, ${run.digest}`)],
      ["Started", text(moment(run.started))],
      ...outcomeRows(outcome),
      ["State", outcome === undefined ? undefined : stateValue(outcome.state, same, floor)],
      [
        "Measurement",
        outcome === undefined ? undefined : copyable(outcome.measurement, "the measurement"),
      ],
    ]),
  );
}

function stateValue(
  state: string,
  same: boolean | undefined,
  floor: ReportRun["floor"],
): HTMLElement {
  const value = copyable(state, "the state");
  if (same === undefined) return value;
  const whose =
    floor === undefined
      ? "the model's own"
      : `the model's without the ${count(floor.unseen)} behaviours that a floor leaves unseen`;
  const words = same
    ? `${whose}: nothing was outside of it`
    : `not ${whose.replace(" own", "")}: something was outside of it`;
  return h("span", {}, value, h("span", { class: "muted note" }, words));
}

function outcomeRows(outcome: ReportOutcome | undefined): [string, HTMLElement | undefined][] {
  if (outcome === undefined) return [];
  const { latency } = outcome;
  const waited = `median ${microseconds(latency.medianUs)}, 99 % within ${microseconds(latency.p99Us)}`;
  return [
    ["Took", text(duration(outcome.durationMs))],
    ["Exit", text(outcome.exit)],
    [
      "Killed",
      outcome.killed === undefined ? undefined : h("span", { class: "bad-text" }, outcome.killed),
    ],
    ["Decisions", latency.count === 0 ? undefined : text(`${count(latency.count)}: ${waited}`)],
  ];
}

function fidelityWords(sensor: string, fidelity: ReportFidelity | undefined): string {
  if (fidelity === undefined) return sensor;
  return `${sensor}: sees ${plural(fidelity.sees.length, "hook")}, holds ${fidelity.holds.length}`;
}

function modelFacts({ model }: ReportData): HTMLElement {
  if (model === undefined) return h("section", {});
  const { fidelity } = model;
  return h(
    "section",
    {},
    h("h3", {}, "The model"),
    facts([
      ["Sealed", text(model.sealed ? "yes" : "no: it can not be enforced yet")],
      ["Sensor", text(fidelityWords(fidelity.sensor, fidelity))],
      ["Rules", text(`${model.profile}, mapping ${model.mapping}, ${model.digest}`)],
      ["State", copyable(model.state, "the state")],
      ["Digest", copyable(model.modelDigest, "the digest of the model")],
    ]),
  );
}

function lossPart(outcome: ReportOutcome | undefined): HTMLElement | undefined {
  if (outcome === undefined || outcome.losses.length === 0) return undefined;
  return h(
    "section",
    {},
    h("h3", {}, "Lost"),
    h(
      "ul",
      { class: "lost" },
      ...outcome.losses.map(({ reason, count: n, example }) =>
        h(
          "li",
          {},
          h("strong", {}, `${count(n)} ×`),
          ` ${reason} `,
          h("span", { class: "mono muted" }, example),
        ),
      ),
    ),
  );
}

function violationsPart(data: ReportData, go: OverviewLinks): HTMLElement | undefined {
  const { list, left } = data.violations;
  if (list.length === 0) return undefined;
  // what only follows from others is not what a reader has to look at first
  const first = list.flatMap((violation, index) =>
    violation.why?.follows === undefined ? [{ violation, index }] : [],
  );
  const shown = first.slice(0, MAX_NAMED);
  const following = list.length - first.length;
  const rest = [
    ...(first.length > shown.length ? [`${count(first.length - shown.length)} more`] : []),
    ...(following > 0 ? [`${count(following)} that follow from others`] : []),
    ...(left > 0 ? [`${count(left)} that are not listed`] : []),
  ];
  return h(
    "section",
    {},
    h("h3", {}, "Outside of the model"),
    h(
      "ol",
      { class: "brief" },
      ...shown.map(({ violation: { actor, words, number }, index }) =>
        h(
          "li",
          {},
          chain(data, actor),
          ` ${words} `,
          button("Why", () => go.violation(index), {
            class: "link",
            "aria-label": `Why violation ${number}`,
          }),
        ),
      ),
    ),
    rest.length === 0 ? undefined : h("p", { class: "muted" }, `and ${rest.join(", ")}`),
  );
}

/** What the run was held against, or what it made. */
function itsModelPart({ run, model }: ReportData): HTMLElement | undefined {
  if (run === undefined || model === undefined) return undefined;
  const { completeness, rules, ready, findings, behaviours } = model;
  const [reason] = findings;
  const own = rules.filter(({ origin }) => origin !== "built-in").length;
  const notReady = reason === undefined ? "not ready" : `not ready: ${reason.message}`;
  return h(
    "section",
    {},
    h("h3", {}, run.mode === "free" ? "The model that it makes" : "Its model"),
    facts([
      ["Name", text(model.name)],
      ["Readiness", text(ready ? "ready to be enforced" : notReady)],
      [
        "Learned from",
        text(`${plural(completeness.runs, "run")}, ${plural(completeness.eventsSeen, "event")}`),
      ],
      [
        "Allows",
        text(`${plural(behaviours, "behaviour")}, under ${plural(own, "rule")} of its own`),
      ],
    ]),
  );
}

function kindsPart({ behaviours }: ReportData): HTMLElement | undefined {
  const { kinds, rows, more } = behaviours;
  if (rows.length === 0) return undefined;
  const sums = kinds.map(() => 0);
  for (const [, kind] of rows) sums[kind] = (sums[kind] ?? 0) + 1;
  for (const [, kind, n] of more) sums[kind] = (sums[kind] ?? 0) + n;
  const named = kinds.map((name, kind) => ({ name, value: sums[kind] ?? 0 }));
  return h(
    "section",
    {},
    h("h3", {}, "Behaviours by kind"),
    bars(named.filter(({ value }) => value > 0)),
  );
}

function programsPart(data: ReportData): HTMLElement | undefined {
  const { rows } = data.behaviours;
  if (rows.length === 0) return undefined;
  const sums = new Map<number, number>();
  for (const [actor] of rows) {
    const program = data.actors[actor]?.program ?? -1;
    sums.set(program, (sums.get(program) ?? 0) + 1);
  }
  const named = [...sums].sort(([, a], [, b]) => b - a);
  const rest = named.length - MAX_NAMED;
  return h(
    "section",
    {},
    h("h3", {}, "By program"),
    bars(
      named
        .slice(0, MAX_NAMED)
        .map(([program, value]) => ({ name: programName(data, program), value })),
      "mono",
    ),
    rest > 0
      ? h("p", { class: "muted" }, `and ${plural(rest, "more program", "more programs")}`)
      : undefined,
  );
}
