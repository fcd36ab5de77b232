// SPDX-License-Identifier: Apache-2.0
// What the model has that another one lacks, and the other way round, by program and kind of behaviour.
import type { DiffRow, ReportData, ReportDiff } from "../../model/report/data.ts";
import { programName } from "./chain.ts";
import { button, h } from "./dom.ts";
import { count, plural } from "./format.ts";
import { type Entry, type GroupLine, Grouped } from "./grouped.ts";
import { twist } from "./processes.ts";
import { RowList } from "./row-list.ts";

interface Listed extends Entry {
  readonly row: DiffRow;
  readonly text: string;
}

export function diffView(data: ReportData, diff: ReportDiff): HTMLElement {
  const { rows, terms, common, unnamed, left } = diff;
  const added = rows.filter(([side]) => side > 0).length;
  const [here, other] = [added + unnamed[0], rows.length - added + unnamed[1]];
  return h(
    "div",
    { class: "diff" },
    h(
      "p",
      { class: "intro" },
      `Compared with ${diff.other} (${diff.file}): ${plural(common, "behaviour")} in both, ${count(here)} only here, ${count(other)} only there.`,
    ),
    terms.length === 0 ? undefined : termsTable(terms),
    unnamed[0] + unnamed[1] === 0
      ? undefined
      : h(
          "p",
          { class: "muted" },
          `${count(unnamed[0] + unnamed[1])} of them are named by no record.`,
        ),
    left === 0
      ? undefined
      : h(
          "p",
          { class: "muted" },
          `${count(left)} more differ and are not listed; galgo model diff lists all.`,
        ),
    rows.length === 0 ? undefined : listPart(data, rows),
  );
}

function termsTable(terms: ReportDiff["terms"]): HTMLElement {
  const heads = ["Term", "Here", "There"].map((text) => h("th", { scope: "col" }, text));
  return h(
    "table",
    { class: "plain" },
    h("thead", {}, h("tr", {}, ...heads)),
    h(
      "tbody",
      {},
      ...terms.map(({ what, here, other }) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, what),
          h("td", { class: "mono" }, here),
          h("td", { class: "mono" }, other),
        ),
      ),
    ),
  );
}

function listPart(data: ReportData, rows: readonly DiffRow[]): HTMLElement {
  const listed = rows.map((row): Listed => {
    const [, program, kind, words] = row;
    const text = `${words} ${programName(data, program)}`.toLowerCase();
    return { row, program, kind, text };
  });
  const grouped = new Grouped(listed);
  const list = new RowList<GroupLine>({
    label: "Differences by program",
    cells: (line) => cellsOf(data, line, listed),
    classOf: (line) => `${line.type} ${sideClass(listed[line.index])}`,
    toggle: (line) => {
      grouped.toggle(line.key);
      show();
    },
  });
  const show = (): void => list.show(grouped.lines());
  const side = h(
    "select",
    { "aria-label": "Side", on: { change: () => filter() } },
    h("option", { value: "0" }, "Both sides"),
    h("option", { value: "1" }, "Only here"),
    h("option", { value: "-1" }, "Only there"),
  );
  const search = h("input", {
    type: "search",
    placeholder: "Search differences",
    "aria-label": "Search differences",
    "data-search": true,
    spellcheck: "false",
    on: { input: () => filter() },
  });
  const filter = (): void => {
    const wanted = search.value.trim().toLowerCase();
    const of = Number(side.value);
    const some = wanted !== "" || of !== 0;
    grouped.filter(
      some ? ({ row, text }) => (of === 0 || row[0] === of) && text.includes(wanted) : undefined,
    );
    show();
  };
  const all = (open: boolean) => (): void => {
    grouped.openAll(open);
    show();
  };
  show();
  return h(
    "div",
    {},
    h(
      "div",
      { class: "tools" },
      search,
      side,
      button("Open all", all(true)),
      button("Close all", all(false)),
    ),
    list.element,
  );
}

function sideClass(listed: Listed | undefined): string {
  return listed === undefined ? "" : listed.row[0] > 0 ? "plus" : "minus";
}

function cellsOf(data: ReportData, line: GroupLine, listed: readonly Listed[]): HTMLElement[] {
  if (line.type === "entry") {
    const [side, , , words] = listed[line.index]?.row ?? [1, 0, 0, ""];
    return [
      h(
        "span",
        { class: "sign", "aria-label": side > 0 ? "only here" : "only there" },
        side > 0 ? "+" : "−",
      ),
      h("span", { class: "mono cut words", role: "gridcell", title: words }, words),
    ];
  }
  const name =
    line.type === "program"
      ? programName(data, line.program)
      : (data.behaviours.kinds[line.kind] ?? "");
  return [
    h("span", { class: "twist", "aria-hidden": "true" }, twist(line.open)),
    h(
      line.type === "program" ? "strong" : "span",
      { class: line.type === "program" ? "mono cut" : "cut", role: "gridcell" },
      name,
    ),
    h("span", { class: "number" }, count(line.size)),
  ];
}
