// SPDX-License-Identifier: Apache-2.0
// The sections of the page as tabs: by pointer, by arrow keys, by number, by the part of the address behind #.
import { h } from "./dom.ts";

/** One section. */
export interface Section {
  /** Behind # in the address. */
  readonly id: string;
  readonly title: string;
  /** Shown behind the title. */
  readonly badge?: string;
  readonly tone?: "bad";
  readonly content: HTMLElement;
}

export class Tabs {
  readonly list: HTMLElement;
  readonly panels: HTMLElement;
  readonly #tabs: readonly HTMLElement[];
  readonly #sections: readonly Section[];
  #chosen = 0;

  constructor(sections: readonly Section[]) {
    this.#sections = sections;
    this.#tabs = sections.map((section, index) => this.#tab(section, index));
    this.list = h(
      "div",
      { class: "tabs", role: "tablist", "aria-label": "Sections" },
      ...this.#tabs,
    );
    this.panels = h("main", {}, ...sections.map(panel));
    window.addEventListener("hashchange", () => this.#follow());
    const wanted = sections.findIndex(({ id }) => id === idInAddress());
    this.#choose(Math.max(0, wanted));
  }

  /** Shows a section. */
  go(id: string): void {
    const index = this.#sections.findIndex((section) => section.id === id);
    if (index >= 0) this.#choose(index);
  }

  /** The n-th section, from 1. */
  goNumber(number: number): void {
    if (this.#sections[number - 1] !== undefined) this.#choose(number - 1);
  }

  #follow(): void {
    this.go(idInAddress());
  }

  #tab({ id, title, badge, tone }: Section, index: number): HTMLElement {
    return h(
      "button",
      {
        type: "button",
        role: "tab",
        id: `tab-${id}`,
        "aria-controls": `panel-${id}`,
        on: {
          click: () => this.#choose(index),
          keydown: (event) => this.#key(event as KeyboardEvent),
        },
      },
      badge === undefined ? title : `${title} `,
      badge === undefined ? undefined : h("span", { class: `badge ${tone ?? ""}` }, badge),
    );
  }

  #key(event: KeyboardEvent): void {
    const last = this.#tabs.length - 1;
    const to = {
      ArrowRight: this.#chosen === last ? 0 : this.#chosen + 1,
      ArrowLeft: this.#chosen === 0 ? last : this.#chosen - 1,
      Home: 0,
      End: last,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.#choose(to);
    this.#tabs[to]?.focus();
  }

  #choose(index: number): void {
    this.#chosen = index;
    for (const [at, tab] of this.#tabs.entries()) {
      const chosen = at === index;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      this.panels.children[at]?.toggleAttribute("hidden", !chosen);
    }
    const tab = this.#tabs[index];
    // the first one is chosen before the page has its tabs
    requestAnimationFrame(() => tab?.scrollIntoView({ block: "nearest", inline: "nearest" }));
    const { id } = this.#sections[index] ?? { id: "" };
    const wanted = idInAddress();
    if (wanted !== id && !(index === 0 && wanted === "")) history.replaceState(null, "", `#${id}`);
  }
}

function idInAddress(): string {
  return location.hash.slice(1);
}

function panel({ id, title, content }: Section): HTMLElement {
  return h(
    "section",
    { role: "tabpanel", id: `panel-${id}`, "aria-labelledby": `tab-${id}`, class: "panel" },
    h("h2", {}, title),
    content,
  );
}
