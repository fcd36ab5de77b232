// SPDX-License-Identifier: Apache-2.0
// The process tree over time: who started whom, from when to when, coloured by trust, with a mark where the model was violated.
import type { ProcessRow, ReportData } from "../../model/report/data.ts";
import { programName } from "./chain.ts";
import { button, h, openAndClose, searchField } from "./dom.ts";
import { count, duration, plural, shortPath, since } from "./format.ts";
import { RowList } from "./row-list.ts";
import { ticks, TimeView } from "./time-view.ts";
import { ProcessTree, type TreeLine } from "./tree.ts";

/** Bars of processes that are drawn as one line; more of them are one bar. */
const MAX_BARS = 120;

/** What is drawn of a report. */
export type ProcessData = Pick<ReportData, "programs" | "processes" | "violations">;

export interface ProcessesView {
  readonly element: HTMLElement;
  /** Shows and activates a process. */
  reveal(row: number): void;
}

/** @param goViolation shows a violation, by its place in the list. @param intro instead of what is said above a report's tree */
export function processesView(
  data: ProcessData,
  goViolation: (index: number) => void,
  intro?: string,
): ProcessesView {
  const view = new Processes(data, goViolation, intro);
  return { element: view.element, reveal: (row) => view.reveal(row) };
}

class Processes {
  readonly element: HTMLElement;
  readonly #data: ProcessData;
  readonly #goViolation: (index: number) => void;
  readonly #tree: ProcessTree;
  readonly #time: TimeView;
  readonly #list: RowList<TreeLine>;
  readonly #axis = h("div", { class: "axis", "aria-hidden": "true" });
  readonly #detail = h("div", { class: "detail", "aria-live": "polite" });
  readonly #said = h("span", { class: "muted", role: "status" });

  constructor(data: ProcessData, goViolation: (index: number) => void, intro?: string) {
    this.#data = data;
    this.#goViolation = goViolation;
    const { processes, programs, violations } = data;
    this.#tree = new ProcessTree(processes, programs, violations.list);
    this.#time = new TimeView(processes.spanMs, () => this.#redraw());
    this.#list = new RowList<TreeLine>({
      label: "Process tree",
      cells: (line) => [this.#nameCell(line), this.#laneCell(line)],
      classOf: (line) => this.#toneOf(line),
      toggle: (line) => {
        this.#tree.toggle(line.key);
        this.#show();
      },
      active: (line) => this.#tell(line),
    });
    this.#list.element.classList.add("tree");
    this.#time.listen(this.#list.element, ".lane", this.#axis);
    this.element = h(
      "div",
      { class: "processes" },
      this.#intro(intro),
      this.#tools(),
      h("div", { class: "tree-head" }, h("span", {}, this.#what), this.#axis),
      this.#list.element,
      this.#detail,
      legend(),
    );
    this.#show();
    this.#list.activate(processes.rows.length > 0 ? 0 : -1, false);
  }

  reveal(row: number): void {
    const key = this.#tree.reveal(row);
    this.#show();
    this.#list.activate(this.#list.rows.findIndex((line) => line.key === key));
    this.#list.element.focus();
  }

  get #what(): string {
    return this.#data.processes.of === "processes" ? "Process" : "Program";
  }

  #intro(own?: string): HTMLElement {
    const { of, rows, spanMs } = this.#data.processes;
    const text =
      of === "processes"
        ? `${plural(rows.length, "process", "processes")} in ${duration(spanMs)}. A bar reaches from the first to the last event that was seen of a process: it may have lived a little longer on both sides.`
        : `${plural(rows.length, "program")}, by who starts whom. The records tell of behaviours, not of processes: a bar reaches from the first to the last new behaviour of a program, however many processes ran it.`;
    return h(
      "p",
      { class: "intro" },
      rows.length === 0 ? "No records tell of processes." : (own ?? text),
    );
  }

  #tools(): HTMLElement {
    const search = searchField({ label: "Search processes", hint: "Program or pid" }, () => {
      this.#tree.search(search.value);
      this.#show();
    });
    const openAll = (open: boolean): void => {
      this.#tree.openAll(open);
      this.#show();
    };
    return h(
      "div",
      { class: "tools" },
      search,
      ...openAndClose(openAll),
      h(
        "span",
        { class: "group", role: "group", "aria-label": "Zoom" },
        button("−", () => this.#time.zoom(0.5), { "aria-label": "Zoom out" }),
        button("+", () => this.#time.zoom(2), { "aria-label": "Zoom in" }),
        button("Whole time", () => this.#time.whole()),
      ),
      this.#said,
    );
  }

  #show(): void {
    const lines = this.#tree.lines();
    this.#list.show(lines);
    this.#said.textContent = plural(lines.length, "line");
    this.#drawAxis();
  }

  #redraw(): void {
    this.#list.refresh();
    this.#drawAxis();
  }

  #drawAxis(): void {
    const { from, to } = this.#time;
    if (to <= from) return;
    this.#axis.replaceChildren(
      ...ticks(from, to).map((at) =>
        h("span", { style: { left: `${this.#time.place(at)}%` } }, duration(at)),
      ),
    );
  }

  #row(index: number): ProcessRow {
    return this.#data.processes.rows[index] ?? [-1, 0, 0, 0, -1, []];
  }

  /** What a process ran last. */
  #programOf(index: number): string {
    const [, , , , , ran] = this.#row(index);
    return programName(this.#data, ran.at(-1)?.[1] ?? -1);
  }

  #toneOf({ members, violations }: TreeLine): string {
    const untrusted = members.some((index) => this.#row(index)[4] >= 0);
    return `${untrusted ? "untrusted" : "trusted"}${violations.length > 0 ? " violating" : ""}`;
  }

  #nameCell(line: TreeLine): HTMLElement {
    const [first = -1] = line.members;
    const [, pid] = this.#row(first);
    const path = this.#programOf(first);
    const several = line.members.length > 1;
    return h(
      "span",
      { class: "name", role: "gridcell", style: { "--level": String(line.level) }, title: path },
      h("span", { class: "twist", "aria-hidden": "true" }, twist(line.open)),
      several ? h("span", { class: "times" }, `${count(line.members.length)} ×`) : undefined,
      h("span", { class: "mono cut" }, shortPath(path)),
      several || pid === 0 ? undefined : h("span", { class: "pid" }, String(pid)),
      line.hidden > 0
        ? h("span", { class: "badge bad", title: "violations below" }, count(line.hidden))
        : undefined,
    );
  }

  #laneCell(line: TreeLine): HTMLElement {
    const words = this.#laneWords(line);
    return h(
      "span",
      { class: "lane", role: "gridcell", "aria-label": words, title: words },
      ...this.#bars(line),
      ...line.violations.flatMap((index) => this.#mark(index)),
    );
  }

  #bars({ members }: TreeLine): HTMLElement[] {
    const rows = members.map((index) => this.#row(index)).filter(([, , start]) => start >= 0);
    if (rows.length > MAX_BARS) return this.#bar(spanOf(rows), "bar many");
    return rows.flatMap(([, , start, end, untrusted]) => [
      ...this.#bar([start, end], "bar"),
      ...(untrusted < 0 ? [] : this.#bar([Math.max(start, untrusted), end], "bar bad")),
    ]);
  }

  /** Where a violation happened. */
  #mark(index: number): HTMLElement[] {
    const violation = this.#data.violations.list[index];
    if (violation === undefined || violation.atMs < 0) return [];
    const place = this.#time.place(violation.atMs);
    if (place < 0 || place > 100) return [];
    const { number, words } = violation;
    return [
      button("", () => this.#goViolation(index), {
        class: "mark",
        tabindex: "-1",
        "aria-label": `Violation ${number}`,
        title: `${number}: ${words}`,
        style: { left: `${place}%` },
      }),
    ];
  }

  #bar([start, end]: readonly [number, number], name: string): HTMLElement[] {
    const { from, to } = this.#time;
    if (end < from || start > to) return [];
    const left = Math.max(0, this.#time.place(start));
    const right = Math.min(100, this.#time.place(end));
    return [h("i", { class: name, style: { left: `${left}%`, width: `${right - left}%` } })];
  }

  #laneWords({ members }: TreeLine): string {
    const [start, end] = spanOf(members.map((index) => this.#row(index)));
    return start < 0 ? "no time known" : `from ${duration(start)} to ${duration(end)}`;
  }

  #tell(line: TreeLine | undefined): void {
    this.#detail.replaceChildren(...(line === undefined ? [] : this.#detailOf(line)));
  }

  #detailOf(line: TreeLine): HTMLElement[] {
    const [first = -1] = line.members;
    const [parent, pid, start, end, untrusted, ran] = this.#row(first);
    if (line.members.length > 1) {
      const [from, to] = spanOf(line.members.map((index) => this.#row(index)));
      return [
        h("strong", { class: "mono" }, this.#programOf(first)),
        h(
          "span",
          {},
          `${count(line.members.length)} processes that ran the same and started the same; first seen ${since(from)}, last ${since(to)}`,
        ),
      ];
    }
    const facts = [
      pid === 0 ? "" : `pid ${pid}`,
      parent < 0
        ? "started by Galgo or unknown"
        : `started by ${shortPath(this.#programOf(parent))}${this.#row(parent)[1] === 0 ? "" : ` (${this.#row(parent)[1]})`}`,
      start < 0
        ? "no time known"
        : `seen from ${since(start)} to ${since(end)} (${duration(end - start)})`,
      untrusted < 0 ? "trusted" : `untrusted since ${since(untrusted)}`,
    ].filter((fact) => fact !== "");
    const runs = ran.map(([, program]) => programName(this.#data, program));
    return [
      h("strong", { class: "mono" }, runs.join(" → ")),
      h("span", { class: untrusted < 0 ? "" : "bad-text" }, facts.join(" · ")),
      ...line.violations.slice(0, 10).map((index) =>
        button(`Violation ${index + 1}`, () => this.#goViolation(index), {
          class: "link bad-text",
        }),
      ),
    ];
  }
}

function spanOf(rows: readonly ProcessRow[]): [number, number] {
  const known = rows.filter(([, , start]) => start >= 0);
  if (known.length === 0) return [-1, -1];
  return [
    known.reduce((least, [, , start]) => Math.min(least, start), Number.POSITIVE_INFINITY),
    known.reduce((most, [, , , end]) => Math.max(most, end), 0),
  ];
}

export function twist(open: boolean | undefined): string {
  return open === undefined ? "" : open ? "▾" : "▸";
}

function legend(): HTMLElement {
  const key = (name: string, text: string): HTMLElement =>
    h("span", {}, h("i", { class: `key ${name}` }), text);
  return h(
    "p",
    { class: "legend" },
    key("trusted", "trusted"),
    key("bad", "untrusted"),
    key("violation", "violation"),
    h("span", { class: "muted" }, "Ctrl + wheel or + and − zoom, drag moves, arrows walk the tree"),
  );
}
