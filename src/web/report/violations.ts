// SPDX-License-Identifier: Apache-2.0
// The violations as a list that can be searched; each opens to its why.
import type { ReportData, ReportViolation } from "../../model/report/data.ts";
import { chain, chainText, programName } from "./chain.ts";
import { h, searchField } from "./dom.ts";
import { count, plural, since } from "./format.ts";
import { violationBody } from "./violation-card.ts";

export interface ViolationsView {
  readonly element: HTMLElement;
  /** Opens one, by its place in the list. */
  open(index: number): void;
}

/** @param goProcess shows a process of the tree */
export function violationsView(data: ReportData, goProcess: (row: number) => void): ViolationsView {
  const { list, left, refused } = data.violations;
  const cards = list.map((violation) => card(data, violation, goProcess));
  const [first] = cards;
  if (first !== undefined) first.open = true;
  const element = h(
    "div",
    { class: "violations" },
    h("p", { class: "intro" }, introOf(data)),
    list.length < 2 ? undefined : tools(data, cards),
    ...cards,
    left > 0 ? h("p", { class: "muted" }, `and ${count(left)} more in forensics.jsonl`) : undefined,
    refused.length === 0 ? undefined : refusedPart(data),
  );
  return { element, open: (index) => open(cards[index]) };
}

function open(one: HTMLDetailsElement | undefined): void {
  if (one === undefined) return;
  one.hidden = false;
  one.open = true;
  one.scrollIntoView({ block: "start" });
  one.querySelector("summary")?.focus({ preventScroll: true });
}

/** The search, and whether those are shown that only follow from others. */
function tools(data: ReportData, cards: readonly HTMLElement[]): HTMLElement {
  const { list } = data.violations;
  const said = h("span", { class: "muted", role: "status" });
  const texts = list.map(({ words, actor, process }) =>
    `${words} ${chainText(data, actor)} ${process}`.toLowerCase(),
  );
  const filter = (): void => {
    const wanted = search.value.trim().toLowerCase();
    let shown = 0;
    for (const [index, one] of cards.entries()) {
      const first = choice.value === "" || list[index]?.why?.follows === undefined;
      one.hidden = !first || !(texts[index] ?? "").includes(wanted);
      if (!one.hidden) shown += 1;
    }
    said.textContent = shown === cards.length ? "" : `${count(shown)} of ${count(cards.length)}`;
  };
  const search = searchField({ label: "Search violations" }, filter);
  const choice = h(
    "select",
    { "aria-label": "Which violations", on: { change: filter } },
    h("option", { value: "" }, "All violations"),
    h("option", { value: "first" }, "First causes only"),
  );
  choice.hidden = list.every(({ why }) => why?.follows === undefined);
  return h("div", { class: "tools" }, search, choice, said);
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
  const follows = violation.why?.follows;
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
      follows === undefined ? undefined : h("span", { class: "pill" }, `follows ${follows.number}`),
      h("span", { class: `pill ${decision}` }, decision),
    ),
  );
  // what is closed costs nothing until it is opened
  const fill = (): void => {
    if (element.open && element.childElementCount === 1)
      element.append(violationBody(data, violation, goProcess));
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
