// SPDX-License-Identifier: Apache-2.0
// How complete the model is: the verdict, what each run brought, what estimates say of what nobody has seen, requirements, tests.
import type { ReportModel } from "../../model/report/data.ts";
import { chanceOfNew, expectedInNextRun, neverSeen } from "../../model/report/index.ts";
import { type Bar, bars } from "./bars.ts";
import { h } from "./dom.ts";
import { facts, text, tiles } from "./facts.ts";
import { count, duration, percent, plural } from "./format.ts";
import { growthPart } from "./saturation.ts";

export type Completeness = ReportModel["completeness"];

/** Runs and tests that have a bar of their own. */
const MAX_BARS = 60;
const RUN_DIGITS = 8;

export function completenessView(model: ReportModel): HTMLElement {
  const { completeness } = model;
  const { perRun, tests, requirements, activity } = completeness;
  return h(
    "div",
    { class: "completeness" },
    verdictPart(model),
    numbers(completeness),
    growthPart(completeness),
    unseenPart(completeness),
    perRun === undefined ? undefined : runsPart(perRun),
    requirements === undefined ? undefined : requirementsPart(requirements),
    tests === undefined ? undefined : testsPart(tests),
    activity === undefined ? undefined : activityPart(activity),
  );
}

function verdictPart({ ready, findings, history }: ReportModel): HTMLElement {
  return h(
    "section",
    { class: "readiness" },
    h(
      "p",
      { class: `verdict-line ${ready ? "good" : "bad-text"}` },
      ready ? "Ready to be enforced" : "Not ready to be enforced",
    ),
    h(
      "ul",
      { class: "findings" },
      ...findings.map(({ level, code, message }) =>
        h(
          "li",
          {},
          h("span", { class: `pill ${level}` }, level === "error" ? "reason" : "note"),
          h("span", { class: "whole" }, message),
          h("code", {}, code),
        ),
      ),
      ...history.map((words) => h("li", {}, h("span", { class: "pill" }, "history"), text(words))),
    ),
  );
}

function numbers({ runs, eventsSeen, eventsLost, behaviours }: Completeness): HTMLElement {
  return tiles([
    [count(runs), runs === 1 ? "run" : "runs"],
    [count(eventsSeen), "events seen"],
    [count(eventsLost), "events lost"],
    [count(behaviours), "behaviours"],
  ]);
}

/** Good-Turing and Chao2 in words. */
function unseenPart({ unseen, runs }: Completeness): HTMLElement | undefined {
  if (unseen === undefined) return undefined;
  const chance = chanceOfNew(unseen) / 1_000_000;
  const next = expectedInNextRun(unseen, runs);
  const never = neverSeen(unseen, runs);
  const once =
    unseen.once === 0
      ? "every behaviour was met more than once"
      : `${plural(unseen.once, "behaviour")} of ${plural(unseen.events, "event")} ${unseen.once === 1 ? "was" : "were"} met only once`;
  const inOne = `${plural(unseen.inOneRun, "behaviour")} in one run only, ${count(unseen.inTwoRuns)} in two`;
  return h(
    "section",
    {},
    h("h3", {}, "What nobody has seen"),
    facts([
      [
        "Next event",
        text(
          `A behaviour that was never seen has a chance of about ${percent(chance)}: ${once} (Good-Turing).`,
        ),
      ],
      [
        "Next run",
        text(
          next === undefined
            ? "One run says nothing of the next."
            : `About ${thousandths(next)} new behaviours are to be expected: ${inOne}.`,
        ),
      ],
      [
        "In all",
        never === undefined
          ? undefined
          : text(
              never <= 0
                ? "Nothing points to behaviours that no run showed (Chao2)."
                : `${thousandths(never)} behaviours, or more, that no run showed (Chao2).`,
            ),
      ],
    ]),
  );
}

/** Thousandths as a number with one digit behind the point where it needs one. */
function thousandths(value: number): string {
  const number = Math.abs(value) / 1_000;
  return Number.isInteger(number) ? count(number) : number.toFixed(1);
}

function runsPart(runs: NonNullable<Completeness["perRun"]>): HTMLElement {
  const list = runs.slice(0, MAX_BARS).map((run): Bar => {
    const { id, behaviours, onlyHere, eventsSeen, eventsLost, durationMs } = run;
    const lost = eventsLost === 0 ? "" : `, ${count(eventsLost)} lost`;
    const events = `${plural(eventsSeen, "event")}${lost}, ${duration(durationMs)}`;
    return {
      name: id.slice(0, RUN_DIGITS),
      value: behaviours,
      part: onlyHere,
      note: `${count(onlyHere)} only here`,
      detail: events,
    };
  });
  return h(
    "section",
    {},
    h("h3", {}, "By run"),
    h(
      "p",
      { class: "muted" },
      "Behaviours that each run showed; darker, those that no other run showed.",
    ),
    bars(list, "mono"),
    more(runs.length - MAX_BARS, "run"),
  );
}

function requirementsPart(list: NonNullable<Completeness["requirements"]>): HTMLElement {
  return h(
    "section",
    {},
    h("h3", {}, "Must have"),
    h(
      "ul",
      { class: "findings" },
      ...list.map(({ require, met }) =>
        h(
          "li",
          {},
          h("span", { class: `pill ${met ? "found" : "error"}` }, met ? "met" : "missing"),
          h("span", { class: "mono whole" }, require),
        ),
      ),
    ),
  );
}

function testsPart(tests: NonNullable<Completeness["tests"]>): HTMLElement {
  const most = [...tests].sort((a, b) => b.behaviours - a.behaviours);
  return h(
    "section",
    {},
    h("h3", {}, "By test"),
    h(
      "p",
      { class: "muted" },
      "Behaviours that were first seen during a test; darker, those that only it showed.",
    ),
    bars(
      most.slice(0, MAX_BARS).map(({ name, behaviours, onlyHere }) => ({
        ...{ name, value: behaviours, part: onlyHere },
        note: `${count(onlyHere)} only here`,
      })),
      "wide",
    ),
    more(tests.length - MAX_BARS, "test"),
  );
}

function activityPart(activity: NonNullable<Completeness["activity"]>): HTMLElement {
  const list = Object.entries(activity).map(([name, value]) => ({ name, value }));
  return h("section", {}, h("h3", {}, "What the workload did"), bars(list));
}

function more(rest: number, what: string): HTMLElement | undefined {
  return rest > 0 ? h("p", { class: "muted" }, `and ${plural(rest, `more ${what}`)}`) : undefined;
}
