// SPDX-License-Identifier: Apache-2.0
// The violations with their why: who, what, when, what is allowed nearby and in what it differs, what would allow it.
import type { ReportData, ReportNearest, ReportViolation } from "../../model/report/data.ts";
import { chain, chainText, programName } from "./chain.ts";
import { copyable } from "./copy.ts";
import { button, h } from "./dom.ts";
import { facts } from "./facts.ts";
import { count, microseconds, plural, since } from "./format.ts";

export interface ViolationsView {
  readonly element: HTMLElement;
  /** Opens one, by its place in the list. */
  open(index: number): void;
}

const DECISION_WORDS: Readonly<Record<ReportViolation["decision"], string>> = {
  denied: "The call was refused, and the process is untrusted from then on.",
  killed: "The whole workload was killed.",
  observed: "It was only recorded; nothing was refused.",
};

/** @param goProcess shows a process of the tree */
export function violationsView(data: ReportData, goProcess: (row: number) => void): ViolationsView {
  const { list, left, refused } = data.violations;
  const cards = list.map((violation) => card(data, violation, goProcess));
  const said = h("span", { class: "muted", role: "status" });
  const texts = list.map(({ words, actor, process }) =>
    `${words} ${chainText(data, actor)} ${process}`.toLowerCase(),
  );
  const search = h("input", {
    type: "search",
    placeholder: "Search violations",
    "aria-label": "Search violations",
    "data-search": true,
    spellcheck: "false",
    on: {
      input: () => {
        const wanted = search.value.trim().toLowerCase();
        let shown = 0;
        for (const [index, one] of cards.entries()) {
          one.hidden = !(texts[index] ?? "").includes(wanted);
          if (!one.hidden) shown += 1;
        }
        said.textContent =
          shown === cards.length ? "" : `${count(shown)} of ${count(cards.length)}`;
      },
    },
  });
  const first = cards[0];
  if (first !== undefined) first.open = true;
  const element = h(
    "div",
    { class: "violations" },
    h("p", { class: "intro" }, introOf(data)),
    list.length < 2 ? undefined : h("div", { class: "tools" }, search, said),
    ...cards,
    left > 0 ? h("p", { class: "muted" }, `and ${count(left)} more in forensics.jsonl`) : undefined,
    refused.length === 0 ? undefined : refusedPart(data),
  );
  return {
    element,
    open(index) {
      const one = cards[index];
      if (one === undefined) return;
      one.hidden = false;
      one.open = true;
      one.scrollIntoView({ block: "start" });
      one.querySelector("summary")?.focus({ preventScroll: true });
    },
  };
}

function introOf({ run, violations }: ReportData): string {
  const { list, left } = violations;
  if (run === undefined) return "A model by itself has no violations: make the report of a run.";
  if (run.mode === "free") return "The run had no model to violate: everything was allowed.";
  if (list.length === 0) return "Nothing was outside of the model.";
  const total = list.length + left;
  return `${plural(total, "behaviour")} outside of the model; each is told once, when it was met first.`;
}

function card(
  data: ReportData,
  violation: ReportViolation,
  goProcess: (row: number) => void,
): HTMLDetailsElement {
  const { number, decision, words, actor, atMs, times } = violation;
  const element = h(
    "details",
    { class: `card ${decision}` },
    h(
      "summary",
      {},
      h("span", { class: "no" }, String(number)),
      h(
        "span",
        { class: "said" },
        h("span", { class: "mono who" }, lastOf(data, actor)),
        " ",
        words,
      ),
      h("span", { class: "when muted" }, times > 1 ? `${count(times)} × since ` : "", since(atMs)),
      h("span", { class: `pill ${decision}` }, decision),
    ),
  );
  // what is closed costs nothing until it is opened
  const fill = (): void => {
    if (element.open && element.childElementCount === 1)
      element.append(body(data, violation, goProcess));
  };
  element.addEventListener("toggle", fill);
  window.addEventListener("beforeprint", () => {
    element.open = true;
    fill();
  });
  return element;
}

function lastOf(data: ReportData, actor: number): string {
  return programName(data, data.actors[actor]?.program ?? -1);
}

function body(
  data: ReportData,
  violation: ReportViolation,
  goProcess: (row: number) => void,
): HTMLElement {
  const { why, coefficient, row } = violation;
  return h(
    "div",
    { class: "card-body" },
    facts([
      ["Who", chain(data, violation.actor)],
      ["What", h("span", { class: "mono whole" }, violation.words)],
      ["Process", processWords(violation, row < 0 ? undefined : () => goProcess(row))],
      ["Outcome", h("span", {}, `${DECISION_WORDS[violation.decision]} ${heldWords(violation)}`)],
      [
        "Program",
        why === undefined || why.actorWords === "" ? undefined : h("span", {}, why.actorWords),
      ],
    ]),
    why === undefined
      ? h("p", { class: "muted" }, `galgo why ${data.name} ${violation.number} explains this one.`)
      : undefined,
    why === undefined || why.nearest.length === 0 ? undefined : nearestPart(data, why.nearest),
    why === undefined || why.remedies.length === 0 ? undefined : remedyPart(why.remedies),
    why === undefined ? undefined : eventPart(violation.hook, why.event),
    coefficient === undefined
      ? undefined
      : facts([["Coefficient", copyable(coefficient, "the coefficient")]]),
  );
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
    ...nearest.map(({ actor, words, differs }) =>
      h(
        "div",
        { class: "near" },
        h("p", {}, chain(data, actor), " ", h("span", { class: "mono" }, words)),
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

function remedyPart(remedies: readonly string[]): HTMLElement {
  return h(
    "section",
    {},
    h("h4", {}, "To allow it"),
    h("ul", {}, ...remedies.map((text) => h("li", {}, text))),
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

function refusedPart(data: ReportData): HTMLElement {
  const { refused } = data.violations;
  return h(
    "details",
    { class: "card quiet-card" },
    h(
      "summary",
      {},
      h(
        "span",
        { class: "said" },
        `${plural(refused.length, "kind")} of calls of untrusted processes, refused without a question`,
      ),
    ),
    h(
      "ul",
      { class: "refused" },
      ...refused.map(([actor, words]) =>
        h("li", {}, chain(data, actor), " ", h("span", { class: "mono" }, words)),
      ),
    ),
  );
}
