// SPDX-License-Identifier: Apache-2.0
// The behaviours by program and kind: searched, filtered, and only those in sight drawn.
import type { BehaviourRow, ReportData } from "../../model/report/data.ts";
import { actorOf, chain, chainText, programName } from "./chain.ts";
import { h, openAndClose, searchField } from "./dom.ts";
import { count, plural, since } from "./format.ts";
import { type Entry, type GroupLine, Grouped } from "./grouped.ts";
import { twist } from "./processes.ts";
import { RowList } from "./row-list.ts";

interface Listed extends Entry {
  readonly row: BehaviourRow;
  /** What the search looks at, lower case. */
  readonly text: string;
}

type Choice = "program" | "hook" | "test" | "use";

const USES: readonly (readonly [string, string])[] = [
  ["1", "Happened"],
  ["0", "Not needed"],
];

const OF_WORDS: Readonly<Record<ReportData["behaviours"]["of"], string>> = {
  run: "What the run did; how often is counted in this run.",
  model:
    "What the model allows; how often it happened is counted in this run, and 0 means that it was not needed.",
  learned:
    "What the model allows, as far as the records beside it tell; how often and when first is of learning.",
  unknown: "The records that name them are not there.",
};

export function behavioursView(data: ReportData): HTMLElement {
  return new Behaviours(data).element;
}

class Behaviours {
  readonly element: HTMLElement;
  readonly #data: ReportData;
  readonly #grouped: Grouped<Listed>;
  readonly #list: RowList<GroupLine>;
  readonly #listed: readonly Listed[];
  /** Whether it is known how often things happened. */
  readonly #counts: boolean;
  readonly #search: HTMLInputElement;
  readonly #choices: Readonly<Record<Choice, HTMLSelectElement>>;
  readonly #said = h("span", { class: "muted", role: "status" });
  readonly #detail = h("div", { class: "detail", "aria-live": "polite" });

  constructor(data: ReportData) {
    this.#data = data;
    const { behaviours } = data;
    this.#listed = behaviours.rows.map((row): Listed => {
      const [actor, kind, , words] = row;
      const text = `${words} ${chainText(data, actor)}`.toLowerCase();
      return { row, kind, program: actorOf(data, actor).program, text };
    });
    this.#counts = this.#listed.some(({ row }) => row[4] > 0);
    this.#grouped = new Grouped(this.#listed, behaviours.more);
    this.#search = searchField({ label: "Search behaviours" }, () => this.#filter());
    this.#choices = {
      program: this.#choice("Program", this.#programs()),
      hook: this.#choice("Hook", entriesOf(behaviours.hooks)),
      test: this.#choice("Test", entriesOf(behaviours.tests)),
      use: this.#choice("Use", behaviours.of === "model" ? USES : []),
    };
    this.#list = new RowList<GroupLine>({
      label: "Behaviours by program",
      cells: (line) => this.#cells(line),
      classOf: (line) => line.type,
      toggle: (line) => {
        this.#grouped.toggle(line.key);
        this.#show();
      },
      active: (line) => this.#tell(line),
    });
    this.element = h(
      "div",
      { class: "behaviours" },
      h("p", { class: "intro" }, `${plural(this.#total, "behaviour")}. ${OF_WORDS[behaviours.of]}`),
      this.#tools(),
      this.#list.element,
      this.#detail,
    );
    this.#show();
  }

  get #total(): number {
    const { rows, more, unnamed } = this.#data.behaviours;
    return rows.length + unnamed + more.reduce((sum, [, , n]) => sum + n, 0);
  }

  #programs(): [string, string][] {
    const numbers = [...new Set(this.#listed.map(({ program }) => program))];
    const named = numbers.map((n): [string, string] => [String(n), programName(this.#data, n)]);
    return named.sort(([, a], [, b]) => (a < b ? -1 : 1));
  }

  #choice(name: string, entries: readonly (readonly [string, string])[]): HTMLSelectElement {
    const select = h(
      "select",
      { "aria-label": name, on: { change: () => this.#filter() } },
      h("option", { value: "" }, `Any ${name.toLowerCase()}`),
      ...entries.map(([value, text]) => h("option", { value }, text)),
    );
    select.hidden = entries.length < 2;
    return select;
  }

  #tools(): HTMLElement {
    const { program, hook, test, use } = this.#choices;
    const openAll = (open: boolean): void => {
      this.#grouped.openAll(open);
      this.#show();
    };
    return h(
      "div",
      { class: "tools" },
      this.#search,
      program,
      hook,
      test,
      use,
      ...openAndClose(openAll),
      this.#said,
    );
  }

  #filter(): void {
    this.#grouped.filter(this.#wanted());
    this.#list.element.scrollTop = 0;
    this.#show();
  }

  /** What the search and the choices ask for; undefined: nothing. */
  #wanted(): ((listed: Listed) => boolean) | undefined {
    const words = this.#search.value
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== "");
    const { program, hook, test, use } = this.#choices;
    const tests: ((listed: Listed) => boolean)[] = [];
    const ask = ({ value }: HTMLSelectElement, fits: (listed: Listed, n: number) => boolean) => {
      if (value !== "") tests.push((listed) => fits(listed, Number(value)));
    };
    ask(program, (listed, n) => listed.program === n);
    ask(hook, ({ row }, n) => row[2] === n);
    ask(test, ({ row }, n) => row[6].includes(n));
    ask(use, ({ row }, n) => row[4] > 0 === (n === 1));
    for (const word of words) tests.push(({ text }) => text.includes(word));
    return tests.length === 0 ? undefined : (listed) => tests.every((fits) => fits(listed));
  }

  #show(): void {
    this.#list.show(this.#grouped.lines());
    const all = this.#listed.length;
    const { shown } = this.#grouped;
    this.#said.textContent = shown === all ? "" : `${count(shown)} of ${count(all)}`;
  }

  #cells(line: GroupLine): HTMLElement[] {
    switch (line.type) {
      case "program":
        return [
          h("span", { class: "twist", "aria-hidden": "true" }, twist(line.open)),
          h(
            "strong",
            { class: "mono cut", role: "gridcell" },
            programName(this.#data, line.program),
          ),
          h("span", { class: "number" }, count(line.size)),
        ];
      case "kind":
        return [
          h("span", { class: "twist", "aria-hidden": "true" }, twist(line.open)),
          h(
            "span",
            { class: "cut", role: "gridcell" },
            this.#data.behaviours.kinds[line.kind] ?? "",
          ),
          h("span", { class: "number" }, count(line.size)),
        ];
      case "note":
        return [
          h(
            "span",
            { class: "muted", role: "gridcell" },
            `and ${count(line.size)} more, not listed one by one`,
          ),
        ];
      case "entry":
        return this.#entryCells(line.index);
    }
  }

  #entryCells(index: number): HTMLElement[] {
    const row = this.#listed[index]?.row;
    if (row === undefined) return [];
    const [actor, , , words, times, first] = row;
    const { before } = actorOf(this.#data, actor);
    const starter = before.at(-1);
    const by = starter === undefined ? "" : `from ${programName(this.#data, starter)}`;
    return [
      h("span", { class: "mono cut words", role: "gridcell", title: words }, words),
      h("span", { class: "by muted cut", role: "gridcell" }, by),
      h("span", { class: "when muted", role: "gridcell" }, since(first)),
      h(
        "span",
        { class: `number ${times === 0 ? "none" : ""}`, role: "gridcell" },
        this.#counts ? `${count(times)} ×` : "",
      ),
    ];
  }

  #tell(line: GroupLine | undefined): void {
    const listed = line?.type === "entry" ? this.#listed[line.index] : undefined;
    this.#detail.replaceChildren(...(listed === undefined ? [] : this.#detailOf(listed.row)));
  }

  #detailOf([actor, kind, hook, words, times, first, tests, runs]: BehaviourRow): HTMLElement[] {
    const { behaviours } = this.#data;
    const facts = [
      behaviours.kinds[kind] ?? "",
      behaviours.hooks[hook] ?? "",
      ...(this.#counts ? [plural(times, "time")] : []),
      ...(first < 0 ? [] : [`first ${since(first)}`]),
      ...(runs === 0 ? [] : [`in ${plural(runs, "run")}`]),
      ...(tests.length === 0
        ? []
        : [`tests: ${tests.map((test) => behaviours.tests[test] ?? "").join(", ")}`]),
    ];
    return [
      h("span", { class: "mono whole" }, words),
      h("span", {}, chain(this.#data, actor)),
      h("span", { class: "muted" }, facts.join(" · ")),
    ];
  }
}

function entriesOf(texts: readonly string[]): [string, string][] {
  const named = texts.map((text, index): [string, string] => [String(index), text]);
  return named.sort(([, a], [, b]) => (a < b ? -1 : 1));
}
