// SPDX-License-Identifier: Apache-2.0
// Names with values: as a list, and as a few large numbers.
import { h } from "./dom.ts";

export type Fact = readonly [name: string, value: HTMLElement | undefined];

/** Names with values; those without a value are left out. */
export function facts(rows: readonly Fact[]): HTMLElement {
  return h(
    "dl",
    { class: "facts" },
    ...rows.flatMap(([name, value]) =>
      value === undefined ? [] : [h("dt", {}, name), h("dd", {}, value)],
    ),
  );
}

/** A few large numbers with what they count. */
export function tiles(list: readonly (readonly [value: string, name: string])[]): HTMLElement {
  return h(
    "ul",
    { class: "tiles" },
    ...list.map(([value, name]) => h("li", {}, h("strong", {}, value), h("span", {}, name))),
  );
}

export function text(value: string): HTMLElement {
  return h("span", {}, value);
}

export function mono(value: string): HTMLElement {
  return h("span", { class: "mono whole" }, value);
}
