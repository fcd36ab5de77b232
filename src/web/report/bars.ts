// SPDX-License-Identifier: Apache-2.0
// Bars beside names and numbers: a table that can be seen at a glance.
import { h } from "./dom.ts";
import { count } from "./format.ts";

export interface Bar {
  readonly name: string;
  readonly value: number;
  /** The last part of the value, drawn stronger. */
  readonly part?: number;
  /** Told when somebody asks. */
  readonly detail?: string;
  /** Behind the number. */
  readonly note?: string;
}

/** The longest bar is as wide as there is room. */
export function bars(list: readonly Bar[], nameClass = ""): HTMLElement {
  const most = Math.max(1, ...list.map(({ value }) => value));
  return h(
    "table",
    { class: "bars" },
    h("tbody", {}, ...list.map((bar) => rowOf(bar, most, nameClass))),
  );
}

function rowOf(
  { name, value, part, note, detail }: Bar,
  most: number,
  nameClass: string,
): HTMLElement {
  const share = (n: number): string => `${(n / most) * 100}%`;
  return h(
    "tr",
    {},
    h("th", { scope: "row", class: nameClass, title: detail ?? name }, name),
    h("td", { class: "number" }, count(value)),
    note === undefined ? undefined : h("td", { class: "bar-note" }, note),
    h(
      "td",
      { class: "bar-cell", "aria-hidden": "true" },
      h("i", { class: "bar-of", style: { width: share(value) } }),
      part === undefined || part === 0
        ? undefined
        : h("i", { class: "bar-part", style: { left: share(value - part), width: share(part) } }),
    ),
  );
}
