// SPDX-License-Identifier: Apache-2.0
// A list of any length of rows of one height, some of which open and close, walked through by keyboard. Only rows in sight are in the document.
import { h } from "./dom.ts";
import type { ListRow } from "./list-row.ts";

export interface RowListOptions<T extends ListRow> {
  /** Accessible name. */
  readonly label: string;
  /** Content of a row, as cells. */
  readonly cells: (row: T) => readonly HTMLElement[];
  readonly classOf?: (row: T) => string;
  readonly toggle: (row: T) => void;
  /** A row became the active one. */
  readonly active?: (row: T | undefined) => void;
}

/** Rows beyond both ends of what is in sight. */
const SPARE = 10;
/** Rows that are printed; a note tells of the others. */
const MAX_PRINTED = 500;

let serial = 0;

export class RowList<T extends ListRow> {
  readonly element: HTMLElement;
  readonly #options: RowListOptions<T>;
  readonly #body: HTMLElement;
  readonly #note: HTMLElement;
  readonly #id = `list${++serial}`;
  #rows: readonly T[] = [];
  #active = -1;
  #first = -1;
  #last = -1;
  #printing = false;

  constructor(options: RowListOptions<T>) {
    this.#options = options;
    this.#body = h("div", { class: "rows-body", role: "presentation" });
    this.#note = h("p", { class: "print-note" });
    this.element = h(
      "div",
      {
        class: "rows",
        role: "treegrid",
        tabindex: "0",
        "aria-label": options.label,
        on: {
          scroll: () => this.#draw(),
          keydown: (event) => this.#key(event as KeyboardEvent),
          click: (event) => this.#click(event),
        },
      },
      this.#body,
      this.#note,
    );
    new ResizeObserver(() => this.#draw(true)).observe(this.element);
    window.addEventListener("beforeprint", () => this.#print(true));
    window.addEventListener("afterprint", () => this.#print(false));
  }

  get rows(): readonly T[] {
    return this.#rows;
  }

  /** Shows other rows; the active one stays active when it is still there. */
  show(rows: readonly T[]): void {
    const key = this.#rows[this.#active]?.key;
    this.#rows = rows;
    this.element.setAttribute("aria-rowcount", String(rows.length));
    this.element.style.setProperty("--rows", String(rows.length));
    const at = key === undefined ? -1 : rows.findIndex((row) => row.key === key);
    if (at === this.#active) this.#draw(true);
    else this.activate(at, false);
  }

  /** Draws the rows in sight again. */
  refresh(): void {
    this.#draw(true);
  }

  /** Makes a row the active one, and brings it into sight. -1: none */
  activate(index: number, scroll = true): void {
    this.#active = Math.min(index, this.#rows.length - 1);
    const row = this.#rows[this.#active];
    if (row !== undefined && scroll) this.#reveal(this.#active);
    this.#draw(true);
    if (row === undefined) this.element.removeAttribute("aria-activedescendant");
    else this.element.setAttribute("aria-activedescendant", `${this.#id}-${this.#active}`);
    this.#options.active?.(row);
  }

  get #height(): number {
    const text = getComputedStyle(this.element).getPropertyValue("--row");
    return Number.parseFloat(text) || 28;
  }

  #reveal(index: number): void {
    const height = this.#height;
    const [top, bottom] = [index * height, (index + 1) * height];
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (bottom > scrollTop + clientHeight) this.element.scrollTop = bottom - clientHeight;
  }

  #draw(anew = false): void {
    if (this.#printing) return;
    const height = this.#height;
    const total = this.#rows.length;
    const { scrollTop, clientHeight } = this.element;
    const first = Math.max(0, Math.floor(scrollTop / height) - SPARE);
    const last = Math.min(total, Math.ceil((scrollTop + clientHeight) / height) + SPARE);
    if (!anew && first === this.#first && last === this.#last) return;
    [this.#first, this.#last] = [first, last];
    this.#body.style.setProperty("height", `${total * height}px`);
    this.#body.replaceChildren(...this.#elements(first, last, height));
  }

  #elements(first: number, last: number, height: number | undefined): HTMLElement[] {
    return this.#rows.slice(first, last).map((row, offset) => {
      const index = first + offset;
      const active = index === this.#active;
      const name = this.#options.classOf?.(row) ?? "";
      return h(
        "div",
        {
          id: `${this.#id}-${index}`,
          class: `row${active ? " active" : ""} ${name}`,
          role: "row",
          "aria-rowindex": index + 1,
          "aria-level": row.level,
          "aria-expanded": row.open === undefined ? undefined : String(row.open),
          "aria-selected": active ? "true" : undefined,
          "data-index": index,
          style: height === undefined ? {} : { top: `${index * height}px` },
        },
        ...this.#options.cells(row),
      );
    });
  }

  #print(on: boolean): void {
    this.#printing = on;
    this.element.classList.toggle("printing", on);
    const rest = this.#rows.length - MAX_PRINTED;
    this.#note.textContent = on && rest > 0 ? `and ${rest} more rows, not printed` : "";
    if (on) {
      this.#body.style.removeProperty("height");
      this.#body.replaceChildren(...this.#elements(0, MAX_PRINTED, undefined));
    } else this.#draw(true);
  }

  #click(event: Event): void {
    const target = event.target as HTMLElement;
    if (target.closest("a, button") !== null) return;
    const at = Number(target.closest<HTMLElement>("[data-index]")?.dataset["index"] ?? -1);
    const row = this.#rows[at];
    if (row === undefined) return;
    this.activate(at);
    if (row.open !== undefined) this.#options.toggle(row);
  }

  #key(event: KeyboardEvent): void {
    const other = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;
    if (other || event.target !== this.element) return;
    const to = this.#target(event.key);
    if (to === undefined) return;
    event.preventDefault();
    if (to !== "done") this.activate(Math.max(0, Math.min(to, this.#rows.length - 1)));
  }

  /** Where a key leads; "done": it opened or closed something; undefined: not ours. */
  #target(key: string): number | "done" | undefined {
    const at = this.#active;
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.#height) - 1);
    switch (key) {
      case "ArrowDown":
        return at + 1;
      case "ArrowUp":
        return at - 1;
      case "PageDown":
        return at + page;
      case "PageUp":
        return at - page;
      case "Home":
        return 0;
      case "End":
        return this.#rows.length - 1;
      case "Enter":
      case " ":
        return this.#set(this.#rows[at]?.open === false) ?? "done";
      case "ArrowRight":
        return this.#set(true) ?? at + 1;
      case "ArrowLeft":
        return this.#set(false) ?? this.#parentOf(at);
      default:
        return undefined;
    }
  }

  /** Opens or closes the active row. Undefined: there is nothing to be done. */
  #set(open: boolean): "done" | undefined {
    const row = this.#rows[this.#active];
    if (row?.open !== !open) return undefined;
    this.#options.toggle(row);
    return "done";
  }

  #parentOf(at: number): number {
    const level = this.#rows[at]?.level ?? 1;
    let up = at;
    while (up > 0 && (this.#rows[up]?.level ?? 0) >= level) up--;
    return up;
  }
}
