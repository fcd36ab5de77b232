// SPDX-License-Identifier: Apache-2.0
// What the workload does more, less and otherwise than by another model: a changelog by program and kind of behaviour.
import type {
  ReportChange,
  ReportData,
  ReportDiff,
  ReportProgramChanges,
} from "../../model/report/data.ts";
import { h, openAndClose, searchField } from "./dom.ts";
import { count, plural } from "./format.ts";
import { type Entry, type GroupLine, Grouped } from "./grouped.ts";
import { twist } from "./processes.ts";
import { RowList } from "./row-list.ts";

/** `program` is the place of the program's changes in the list. */
interface Listed extends Entry {
  readonly change: ReportChange;
  readonly text: string;
}

export function diffView({ behaviours }: ReportData, diff: ReportDiff): HTMLElement {
  return changesView(behaviours.kinds, diff);
}

/** The same without a report around it. @param kinds of behaviours, as `diff` numbers them */
export function changesView(kinds: readonly string[], diff: ReportDiff): HTMLElement {
  const { terms, rules, contents, programs, left, unnamed } = diff;
  return h(
    "div",
    { class: "diff" },
    h("p", { class: "intro" }, introOf(diff)),
    programs.length === 0 ? undefined : new Changes(kinds, diff).element,
    left === 0
      ? undefined
      : h(
          "p",
          { class: "muted" },
          `${count(left)} more differ and are not listed; galgo model diff --all lists them.`,
        ),
    unnamed[0] + unnamed[1] === 0
      ? undefined
      : h(
          "p",
          { class: "muted" },
          `No record names ${count(unnamed[1])} that are new here and ${count(unnamed[0])} that are gone.`,
        ),
    contents.length === 0 ? undefined : contentsPart(contents),
    rules.length === 0
      ? undefined
      : h(
          "section",
          {},
          h("h3", {}, "What counts as the same"),
          h(
            "ul",
            { class: "rule-changes" },
            ...rules.map(({ sign, words }) =>
              h(
                "li",
                { class: sign === "+" ? "plus" : "minus" },
                h("span", { class: "sign" }, sign),
                h("span", { class: "words" }, words),
              ),
            ),
          ),
        ),
    terms.length === 0 ? undefined : termsPart(terms),
  );
}

function introOf({ other, file, common, sameButContents, programs }: ReportDiff): string {
  const of = (sign: string): number =>
    sum(programs, ({ changes }) =>
      sum(changes, (change) => (change.sign === sign ? change.size : 0)),
    );
  const altered = of("~");
  const contents =
    sameButContents === 0 ? "" : `, ${count(sameButContents)} differ only in the contents of files`;
  const otherwise = altered === 0 ? "" : `, ${count(altered)} otherwise`;
  return `Compared with ${other} (${file}): ${plural(common, "behaviour")} in both, ${count(of("+"))} new here, ${count(of("-"))} gone${otherwise}${contents}.`;
}

function sum<T>(list: readonly T[], value: (item: T) => number): number {
  return list.reduce((total, item) => total + value(item), 0);
}

function contentsPart(contents: ReportDiff["contents"]): HTMLElement {
  return h(
    "section",
    {},
    h("h3", {}, "New contents"),
    h(
      "table",
      { class: "plain" },
      h(
        "tbody",
        {},
        ...contents.map(({ path, use, behaviours }) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, use),
            h("td", { class: "mono" }, path),
            h(
              "td",
              { class: "muted" },
              behaviours === 0 ? "" : `${plural(behaviours, "behaviour")} the same otherwise`,
            ),
          ),
        ),
      ),
    ),
  );
}

function termsPart(terms: ReportDiff["terms"]): HTMLElement {
  const heads = ["Term", "There", "Here"].map((text) => h("th", { scope: "col" }, text));
  return h(
    "section",
    {},
    h("h3", {}, "Terms, and how they were learned"),
    h(
      "table",
      { class: "plain" },
      h("thead", {}, h("tr", {}, ...heads)),
      h(
        "tbody",
        {},
        ...terms.map(({ what, was, is }) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, what),
            h("td", { class: "mono" }, was),
            h("td", { class: "mono" }, is),
          ),
        ),
      ),
    ),
  );
}

class Changes {
  readonly element: HTMLElement;
  readonly #programs: readonly ReportProgramChanges[];
  readonly #kinds: readonly string[];
  readonly #listed: readonly Listed[];
  readonly #grouped: Grouped<Listed>;
  readonly #list: RowList<GroupLine>;
  readonly #detail = h("div", { class: "detail", "aria-live": "polite" });

  constructor(kinds: readonly string[], { programs }: ReportDiff) {
    this.#programs = programs;
    this.#kinds = kinds;
    this.#listed = programs.flatMap(({ changes, chain }, program) =>
      changes.map((change): Listed => {
        const text = `${change.words} ${chain.join(" ")}`.toLowerCase();
        return { change, program, kind: change.kind, text };
      }),
    );
    this.#grouped = new Grouped(this.#listed);
    this.#list = new RowList<GroupLine>({
      label: "Changes by program",
      cells: (line) => this.#cells(line),
      classOf: (line) => `${line.type} ${this.#signClass(line)}`,
      toggle: (line) => {
        this.#grouped.toggle(line.key);
        this.#show();
      },
      active: (line) => this.#tell(line),
    });
    this.element = h("div", {}, this.#tools(), this.#list.element, this.#detail);
    this.#show();
  }

  #tools(): HTMLElement {
    const filter = (): void => {
      const wanted = search.value.trim().toLowerCase();
      const test = CHOICES.find(([value]) => value === choice.value)?.[2];
      const some = wanted !== "" || test !== undefined;
      const fits = ({ change, text }: Listed): boolean =>
        (test?.(change) ?? true) && text.includes(wanted);
      this.#grouped.filter(some ? fits : undefined);
      this.#show();
    };
    const search = searchField({ label: "Search changes" }, filter);
    const choice = h(
      "select",
      { "aria-label": "Which changes", on: { change: filter } },
      h("option", { value: "" }, "All changes"),
      ...CHOICES.map(([value, text]) => h("option", { value }, text)),
    );
    const openAll = (open: boolean): void => {
      this.#grouped.openAll(open);
      this.#show();
    };
    return h("div", { class: "tools" }, search, choice, ...openAndClose(openAll));
  }

  #show(): void {
    this.#list.show(this.#grouped.lines());
  }

  #signClass({ index }: GroupLine): string {
    const sign = this.#listed[index]?.change.sign;
    return sign === undefined ? "" : { "+": "plus", "-": "minus", "~": "other" }[sign];
  }

  #cells(line: GroupLine): HTMLElement[] {
    if (line.type === "entry") return this.#changeCells(line.index);
    const { chain = [], status } = this.#programs[line.program] ?? {};
    const whole = chain.length === 0 ? "before the first program" : chain.join(" › ");
    const name = line.type === "program" ? whole : (this.#kinds[line.kind] ?? "");
    const mark = line.type === "program" && status !== "kept" ? status : undefined;
    return [
      h("span", { class: "twist", "aria-hidden": "true" }, twist(line.open)),
      h(
        line.type === "program" ? "strong" : "span",
        { class: line.type === "program" ? "mono cut" : "cut", role: "gridcell", title: name },
        name,
      ),
      ...(mark === undefined
        ? []
        : [h("span", { class: `pill ${mark === "new" ? "found" : "denied"}` }, mark)]),
      h("span", { class: "number" }, count(line.size)),
    ];
  }

  #changeCells(index: number): HTMLElement[] {
    const change = this.#listed[index]?.change;
    if (change === undefined) return [];
    const { sign, words, risk, size } = change;
    const look = sign === "+" && risk === "error";
    return [
      h("span", { class: "sign", "aria-label": SIGN_WORDS[sign] }, sign === "-" ? "−" : sign),
      h("span", { class: "mono cut words", role: "gridcell", title: words }, words),
      ...(look ? [h("span", { class: "pill observed" }, "look")] : []),
      h("span", { class: "number" }, size > 1 ? `${count(size)} alike` : ""),
    ];
  }

  #tell(line: GroupLine | undefined): void {
    const listed = line?.type === "entry" ? this.#listed[line.index] : undefined;
    if (listed === undefined) {
      this.#detail.replaceChildren();
      return;
    }
    const { change, program } = listed;
    const differs = change.differs.map(
      ({ field, expected, got }) => `${field}: ${expected} → ${got}`,
    );
    this.#detail.replaceChildren(
      h("span", { class: "mono whole" }, change.words),
      h("span", { class: "mono muted" }, this.#programs[program]?.chain.join(" › ") ?? ""),
      h(
        "span",
        { class: "muted" },
        [SIGN_WORDS[change.sign], this.#kinds[change.kind] ?? "", ...differs].join(" · "),
      ),
    );
  }
}

const SIGN_WORDS: Readonly<Record<ReportChange["sign"], string>> = {
  "+": "new here",
  "-": "gone",
  "~": "otherwise",
};

const CHOICES: readonly (readonly [string, string, (change: ReportChange) => boolean])[] = [
  ["new", "New here", ({ sign }) => sign === "+"],
  ["look", "New and worth a look", ({ sign, risk }) => sign === "+" && risk === "error"],
  ["gone", "Gone", ({ sign }) => sign === "-"],
  ["other", "Otherwise", ({ sign }) => sign === "~"],
];
