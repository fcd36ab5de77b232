// SPDX-License-Identifier: Apache-2.0
// One violation with its why: who, what, when, what is allowed nearby and in what it differs, what would allow it.
import type { ReportData, ReportNearest, ReportViolation } from "../../model/report/data.ts";
import { actorOf, chain, programName } from "./chain.ts";
import { copyable } from "./copy.ts";
import { button, h } from "./dom.ts";
import { facts, mono, text } from "./facts.ts";
import { microseconds, plural } from "./format.ts";

/** Tests that are named beside a neighbour. */
const MAX_TESTS = 5;

const DECISION_WORDS: Readonly<Record<ReportViolation["decision"], string>> = {
  denied: "The call was refused, and the process is untrusted from then on.",
  killed: "The whole workload was killed.",
  observed: "It was only recorded; nothing was refused.",
};

type Why = NonNullable<ReportViolation["why"]>;

/** What stands in an open violation. @param goProcess shows a process of the tree */
export function violationBody(
  data: ReportData,
  violation: ReportViolation,
  goProcess: (row: number) => void,
): HTMLElement {
  const { why, coefficient, number } = violation;
  const unexplained = `galgo why ${data.name} ${number} explains this one.`;
  return h(
    "div",
    { class: "card-body" },
    factsPart(data, violation, goProcess),
    ...(why === undefined ? [h("p", { class: "muted" }, unexplained)] : whyParts(data, why)),
    why === undefined ? undefined : eventPart(violation.hook, why.event),
    coefficient === undefined
      ? undefined
      : facts([["Coefficient", copyable(coefficient, "the coefficient")]]),
  );
}

function factsPart(
  data: ReportData,
  violation: ReportViolation,
  goProcess: (row: number) => void,
): HTMLElement {
  const { row, words, decision } = violation;
  return facts([
    ["Who", whoPart(data, violation)],
    ["What", mono(words)],
    ["Process", processWords(violation, row < 0 ? undefined : () => goProcess(row))],
    ["Outcome", text(`${DECISION_WORDS[decision]} ${heldWords(violation)}`)],
    ...whyFacts(violation.why),
  ]);
}

function whyFacts(why: Why | undefined): (readonly [string, HTMLElement | undefined])[] {
  if (why === undefined) return [];
  const { follows, refused, actorWords } = why;
  const after = follows === undefined ? "" : `violation ${follows.number}, ${follows.words}`;
  const then = refused === 0 ? "" : `${plural(refused, "other call")} of this process refused`;
  const told = (words: string): HTMLElement | undefined => (words === "" ? undefined : text(words));
  return [
    ["After", told(after)],
    ["Then", told(then)],
    ["Program", told(actorWords)],
  ];
}

function whyParts(data: ReportData, { nearest, advice, remedies }: Why): HTMLElement[] {
  return [
    ...(nearest.length === 0 ? [] : [nearestPart(data, nearest)]),
    ...(advice.length === 0 ? [] : [advicePart(advice)]),
    ...(remedies.length === 0 ? [] : [remedyPart(remedies)]),
  ];
}

function processWords({ process, pid, uid }: ReportViolation, go: (() => void) | undefined) {
  const text = `${process}, pid ${pid}, uid ${uid}`;
  return h(
    "span",
    {},
    text,
    go === undefined ? undefined : " ",
    go === undefined ? undefined : button("Show in the tree", go, { class: "link" }),
  );
}

function heldWords({ heldUs, reason }: ReportViolation): string {
  if (heldUs !== undefined) return `The task waited ${microseconds(heldUs)} for the decision.`;
  const found = "It could not be held: it was found out afterwards";
  return reason === undefined ? `${found}.` : `${found} (${reason}).`;
}

function nearestPart(data: ReportData, nearest: readonly ReportNearest[]): HTMLElement {
  return h(
    "section",
    { class: "nearest" },
    h("h4", {}, nearest.length === 1 ? "Nearest allowed" : "Nearest allowed, best first"),
    ...nearest.map(({ actor, words, differs, tests }) =>
      h(
        "div",
        { class: "near" },
        h("p", {}, chain(data, actor), " ", h("span", { class: "mono" }, words)),
        tests.length === 0
          ? undefined
          : h("p", { class: "muted" }, `learned in ${tests.slice(0, MAX_TESTS).join(", ")}`),
        differs.length === 0
          ? h("p", { class: "muted" }, "Nothing that is shown differs.")
          : differencesTable(differs),
      ),
    ),
  );
}

function differencesTable(differs: ReportNearest["differs"]): HTMLElement {
  const head = (text: string): HTMLElement => h("th", { scope: "col" }, text);
  const row = ({ field, expected, got }: ReportNearest["differs"][number]): HTMLElement =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, field),
      h("td", { class: "mono good" }, expected),
      h("td", { class: "mono bad-text" }, got),
    );
  return h(
    "table",
    { class: "plain" },
    h("thead", {}, h("tr", {}, head("What differs"), head("Allowed"), head("Here"))),
    h("tbody", {}, ...differs.map(row)),
  );
}

function advicePart(advice: readonly string[]): HTMLElement {
  return h(
    "section",
    {},
    h("h4", {}, "What it looks like"),
    h("ul", {}, ...advice.map((words) => h("li", {}, words))),
  );
}

function remedyPart([amend, learn]: readonly string[]): HTMLElement {
  const command = (words: string, line: string | undefined, name: string): Node[] =>
    line === undefined ? [] : [h("p", {}, words), copyable(line, name)];
  return h(
    "section",
    { class: "remedy" },
    h("h4", {}, "To allow it"),
    ...command(
      "Add exactly this to the model, after a look at it:",
      amend,
      "the command that adds it",
    ),
    ...command("Or let the workload do it while it learns:", learn, "the command that learns it"),
  );
}

const STANDING_WORDS = {
  known: "",
  changed: "not the one of the model",
  unknown: "not in the model",
};

/** The chain, and who of it the model does not know. */
function whoPart(data: ReportData, { actor, why }: ReportViolation): HTMLElement {
  const { before, program } = actorOf(data, actor);
  const strangers = [...before, program].flatMap((one, index) => {
    const standing = why?.standing[index] ?? "known";
    if (standing === "known") return [];
    return [
      h("li", { class: "bad-text" }, `${programName(data, one)}: ${STANDING_WORDS[standing]}`),
    ];
  });
  return h(
    "div",
    {},
    chain(data, actor),
    strangers.length === 0 ? undefined : h("ul", {}, ...strangers),
  );
}

function eventPart(
  hook: string,
  members: NonNullable<ReportViolation["why"]>["event"],
): HTMLElement {
  return h(
    "details",
    { class: "event" },
    h("summary", {}, `The event, member by member (${hook})`),
    h(
      "table",
      { class: "plain" },
      h(
        "tbody",
        {},
        ...members.map(([field, value]) =>
          h(
            "tr",
            {},
            h("th", { scope: "row", class: "mono" }, field),
            h("td", { class: "mono" }, value),
          ),
        ),
      ),
    ),
  );
}
