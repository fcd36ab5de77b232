// SPDX-License-Identifier: Apache-2.0
// Elements, made in one expression. Text is only ever set as text, and styles through the object model: nothing here parses HTML.

export type Child = Node | string | undefined;

/** Attributes; `false` and undefined leave one out, `true` sets it empty. `on`: listeners by type. `style`: custom properties and others. */
export interface Props {
  readonly class?: string;
  readonly on?: Readonly<Record<string, (event: Event) => void>>;
  readonly style?: Readonly<Record<string, string>>;
  readonly [attribute: string]: unknown;
}

/** An element with attributes and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  const { on = {}, style = {}, ...attributes } = props;
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const [name, value] of Object.entries(style)) element.style.setProperty(name, value);
  for (const [type, listener] of Object.entries(on)) element.addEventListener(type, listener);
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/** Children with something between them. */
export function joined(children: readonly Child[], between: () => Node): Node[] {
  const found: Node[] = [];
  for (const child of children) {
    if (child === undefined) continue;
    if (found.length > 0) found.push(between());
    found.push(typeof child === "string" ? document.createTextNode(child) : child);
  }
  return found;
}

/** A button of the page's own. */
export function button(text: string, act: () => void, props: Props = {}): HTMLButtonElement {
  return h("button", { type: "button", ...props, on: { click: act } }, text);
}

/** The field of a section that `/` leads to. `typed`: after each change of its text. */
export function searchField(
  { label, hint = label }: { readonly label: string; readonly hint?: string },
  typed: () => void,
): HTMLInputElement {
  return h("input", {
    type: "search",
    placeholder: hint,
    "aria-label": label,
    "data-search": true,
    spellcheck: "false",
    on: { input: typed },
  });
}

/** Buttons that open and close everything there is. */
export function openAndClose(openAll: (open: boolean) => void): readonly HTMLButtonElement[] {
  return [button("Open all", () => openAll(true)), button("Close all", () => openAll(false))];
}
