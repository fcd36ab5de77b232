// SPDX-License-Identifier: Apache-2.0
// The report page: reads the data that stands in it, makes its sections, and listens for keys.
import type { ReportData } from "../../model/report/data.ts";
import { REPORT_FORMAT } from "../../model/report/index.ts";
import { behavioursView } from "./behaviours.ts";
import { completenessView } from "./completeness.ts";
import { diffView } from "./diff.ts";
import { h } from "./dom.ts";
import { count } from "./format.ts";
import { latencyView } from "./latency.ts";
import { modelView } from "./model.ts";
import { mast, overview } from "./overview.ts";
import { processesView } from "./processes.ts";
import { type Section, Tabs } from "./tabs.ts";
import { violationsView } from "./violations.ts";

function start(): void {
  const place = document.getElementById("app");
  if (place === null) throw new Error("the page lacks its place");
  const data = read();
  if (data === undefined) {
    place.replaceChildren(
      h(
        "p",
        { class: "empty" },
        "This page holds no report: galgo report NAME -o FILE.html makes one.",
      ),
    );
    return;
  }
  const tabs = new Tabs(sections(data, (id) => tabs.go(id)));
  place.replaceChildren(mast(data), tabs.list, tabs.panels);
  document.addEventListener("keydown", (event) => key(event, tabs));
}

function read(): ReportData | undefined {
  const text = document.getElementById("data")?.textContent ?? "";
  if (text === "") return undefined;
  const data = JSON.parse(text) as ReportData;
  if (data.format !== REPORT_FORMAT) throw new Error("the data is of another version of Galgo");
  return data;
}

function sections(data: ReportData, go: (id: string) => void): Section[] {
  const { run, model, diff, behaviours, processes, violations } = data;
  const goViolation = (index: number): void => {
    go("violations");
    why.open(index);
  };
  const tree = processesView(data, goViolation);
  const why = violationsView(data, (row) => {
    go("processes");
    tree.reveal(row);
  });
  const total = violations.list.length + violations.left;
  const latency = run?.outcome?.latency;
  return [
    { id: "overview", title: "Overview", content: overview(data, { violation: goViolation }) },
    {
      id: "processes",
      title: processes.of === "processes" ? "Processes" : "Programs",
      badge: count(processes.rows.length + processes.left),
      content: tree.element,
    },
    {
      id: "behaviours",
      title: "Behaviours",
      badge: count(behaviours.rows.length + behaviours.unnamed),
      content: behavioursView(data),
    },
    {
      id: "violations",
      title: "Violations",
      badge: count(total),
      ...(total > 0 ? ({ tone: "bad" } as const) : {}),
      content: why.element,
    },
    ...(model === undefined
      ? []
      : [
          { id: "model", title: "Model", content: modelView(model) },
          { id: "completeness", title: "Completeness", content: completenessView(model) },
        ]),
    ...(diff === undefined
      ? []
      : [
          {
            id: "diff",
            title: "Difference",
            badge: count(diff.programs.reduce((sum, { changes }) => sum + changes.length, 0)),
            content: diffView(data, diff),
          },
        ]),
    ...(latency === undefined || latency.count === 0
      ? []
      : [{ id: "latency", title: "Latency", content: latencyView(latency) }]),
  ];
}

/** `/` goes to the search of the section, digits choose a section, Escape leaves a search. */
function key(event: KeyboardEvent, tabs: Tabs): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const target = event.target as HTMLElement;
  const typing = target.matches("input, select, textarea");
  if (event.key === "Escape" && target.matches("[data-search]")) {
    target.blur();
    return;
  }
  if (typing) return;
  if (event.key === "/") {
    const search = document.querySelector<HTMLInputElement>(".panel:not([hidden]) [data-search]");
    if (search === null) return;
    event.preventDefault();
    search.focus();
    search.select();
  } else if (/^[1-9]$/.test(event.key)) tabs.goNumber(Number(event.key));
}

start();
