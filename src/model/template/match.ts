// SPDX-License-Identifier: Apache-2.0
// Whether a component of a name is one that a component of a template stands for. Reads the name once, from left to right.
import { ANYBODY, holeEnd, type NameUser } from "./holes.ts";
import { type Component, hasHole, type Template } from "./template.ts";

export { ANYBODY, type NameUser };

/** Where a component stands in a name. */
export interface Span {
  readonly at: number;
  readonly end: number;
}

/** A name taken apart. */
export interface Name {
  readonly text: string;
  readonly spans: Span[];
}

/** The parts of a name behind its root (`from` characters). */
export function nameOf(text: string, from: number): Name {
  const spans: Span[] = [];
  let at = from;
  for (;;) {
    const slash = text.indexOf("/", at);
    const end = slash < 0 ? text.length : slash;
    spans.push({ at, end });
    if (slash < 0) return { text, spans };
    at = slash + 1;
  }
}

/** True for what leads somewhere else or is nothing, and is therefore never part of what a hole stands for: empty, `.` and `..`. */
export function isDots(text: string, { at, end }: Span): boolean {
  const length = end - at;
  if (length > 2) return false;
  for (let i = at; i < end; i++) if (text[i] !== ".") return false;
  return true;
}

export function matchesComponent(
  component: Component,
  text: string,
  span: Span,
  user: NameUser | typeof ANYBODY,
): boolean {
  const { end } = span;
  let { at } = span;
  for (const piece of component) {
    if (typeof piece !== "string") {
      at = holeEnd(piece, text, { at, end }, user);
      if (at < 0) return false;
    } else if (at + piece.length <= end && text.startsWith(piece, at)) {
      at += piece.length;
    } else {
      return false;
    }
  }
  return at === end && !(hasHole(component) && isDots(text, span));
}

/** Characters in front of the first component of a name: the slash of a pathname, the NUL of an abstract socket name. */
export function rootOf(text: string): Template["root"] {
  const first = text.charCodeAt(0);
  return first === 0x2f ? "/" : first === 0 ? "@" : "";
}

/** Whether a name matches one template: what `TemplateIndex` finds among many. */
export function matchesTemplate(
  template: Template,
  text: string,
  user: NameUser | typeof ANYBODY,
): boolean {
  const { root, components, below } = template;
  if (rootOf(text) !== root) return false;
  const { spans } = nameOf(text, root.length);
  if (below === true) {
    const rest = spans.slice(components.length);
    if (rest.some(({ at, end }) => text.slice(at, end) === "..")) return false;
    spans.length = Math.min(spans.length, components.length);
  }
  const last = components.at(-1)?.[0];
  const open = typeof last === "object" && last.type === "path";
  if (open ? spans.length < components.length : spans.length !== components.length) return false;
  return spans.every((span, i) => {
    const component = components[Math.min(i, components.length - 1)];
    if (component === undefined) return false;
    return open && i >= components.length - 1
      ? !isDots(text, span)
      : matchesComponent(component, text, span, user);
  });
}
