// SPDX-License-Identifier: Apache-2.0
// The parts of the page, found once, and what is written into them. Text of a stream is only ever set as text.

/** Elements that the page must have, by id. */
export interface Page {
  readonly drop: HTMLElement;
  readonly file: HTMLInputElement;
  readonly mapping: HTMLSelectElement;
  readonly digest: HTMLSelectElement;
  readonly profile: HTMLSelectElement;
  readonly aggregate: HTMLInputElement;
  readonly status: HTMLElement;
  readonly progress: HTMLProgressElement;
  readonly facts: HTMLElement;
  readonly state: HTMLElement;
  readonly measurement: HTMLElement;
  readonly lost: HTMLElement;
  readonly records: HTMLElement;
  readonly points: HTMLElement;
}

/** @throws Error when the page lacks an element or has one of another kind */
export function findPage(): Page {
  return {
    drop: element("drop", HTMLElement),
    file: element("file", HTMLInputElement),
    mapping: element("mapping", HTMLSelectElement),
    digest: element("digest", HTMLSelectElement),
    profile: element("profile", HTMLSelectElement),
    aggregate: element("aggregate", HTMLInputElement),
    status: element("status", HTMLElement),
    progress: element("progress", HTMLProgressElement),
    facts: element("facts", HTMLElement),
    state: element("state", HTMLElement),
    measurement: element("measurement", HTMLElement),
    lost: element("lost", HTMLElement),
    records: element("records", HTMLElement),
    points: element("points", HTMLElement),
  };
}

function element<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${kind.name} with the id ${id}`);
}

/** Fills a choice; the first one is chosen unless one of the names was before. */
export function offer(select: HTMLSelectElement, names: readonly string[]): void {
  select.replaceChildren(...names.map((name) => new Option(name, name)));
}

/** A table of texts, with a line behind it that says how many rows are not shown. */
export function showTable(
  target: HTMLElement,
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  total: number,
): void {
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  for (const text of heads) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = text;
    head.append(cell);
  }
  const body = table.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    for (const text of row) line.insertCell().textContent = text;
  }
  const more = document.createElement("p");
  more.textContent = total > rows.length ? `${total - rows.length} more are not shown` : "";
  target.replaceChildren(...(total === 0 ? [] : [table, more]));
}
