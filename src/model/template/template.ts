// SPDX-License-Identifier: Apache-2.0
// Templates of names, as text and as parts: literal components and typed holes, `/srv/app/cache/{hex:40}/index.{n}.js`. holes.ts says what each hole
// stands for. One template has one text and one text one template.
import { quote } from "../../base/quote.ts";
import { ModelError } from "../errors.ts";
import {
  MAX_HOLE_CHARS,
  MAX_TEMPLATE_CHARS,
  MAX_TEMPLATE_COMPONENTS,
  MAX_TEMPLATE_PIECES,
} from "../limits.ts";
import { followsBadly, isHoleType, type Hole, type HoleType, isSized } from "./holes.ts";

/** Literal text, never empty, or a hole. */
export type Piece = string | Hole;

/** What stands between two slashes; empty for an empty component. No two literals follow each other. */
export type Component = readonly Piece[];

/** `/`: a pathname. `@`: the name of an abstract unix socket. Empty: a name that is relative, as targets of symbolic links may be. */
export type TemplateRoot = "/" | "@" | "";

export interface Template {
  readonly root: TemplateRoot;
  readonly components: readonly Component[];
  /** It ends with a slash: it stands for a directory, and for every name below it, of which the rest stays what it is. */
  readonly below?: true;
}

/** What may not stand in a template, because a name in a model is text: halves of UTF-16 pairs, which stand for bytes that are no UTF-8. */
const LONE_SURROGATE = /\p{Cs}/u;
const OPEN = "{";

/** Reads a template. Throws `ModelError` BAD_TEMPLATE that says what is wrong with it. */
export function parseTemplate(text: string): Template {
  const refuse = (why: string): ModelError =>
    new ModelError("BAD_TEMPLATE", `${quote(text)} is no template: ${why}`);
  checkText(text, refuse);
  const first = text.charAt(0);
  const root: TemplateRoot = first === "/" || first === "@" ? first : "";
  const below = text.length > 1 && text.endsWith("/");
  const parts = text.slice(root.length, below ? -1 : undefined).split("/");
  if (parts.length > MAX_TEMPLATE_COMPONENTS)
    throw refuse(`it has more than ${MAX_TEMPLATE_COMPONENTS} components`);
  if (parts.at(-1) === "")
    throw refuse(parts.length === 1 ? "it is empty" : "it ends with two slashes");
  const components = parts.map((part) => parseComponent(part, refuse));
  if (!components.some(hasHole)) throw refuse("it has no hole, as {n}");
  if (pathInside(components, below))
    throw refuse("{path} stands for the rest of a name, so it must be last");
  return below ? { root, components, below } : { root, components };
}

function checkText(text: string, refuse: Refuse): void {
  if (text.length > MAX_TEMPLATE_CHARS)
    throw refuse(`it has more than ${MAX_TEMPLATE_CHARS} characters`);
  if (LONE_SURROGATE.test(text)) throw refuse("it is not well-formed text");
  if (text.includes("\0")) throw refuse("it has a NUL in it");
}

function pathInside(components: readonly Component[], below: boolean): boolean {
  const before = below ? components : components.slice(0, -1);
  return before.some((component) => component.some(isPath));
}

/** The text of a template. */
export function printTemplate({ root, components, below }: Template): string {
  return root + components.map(printComponent).join("/") + (below === true ? "/" : "");
}

/**
 * What a name that matches becomes: the template with an empty component in front of the first one that has a hole. The kernel gives no
 * file such a name; texts that programs make up are told from it (see `TemplateIndex`). Of a name below the directory of a template this is
 * the beginning, and `restForm` of the rest the end.
 */
export function rewrittenForm({ root, components }: Template): string {
  const texts = components.map(printComponent);
  const at = components.findIndex(hasHole);
  const parts = [...texts.slice(0, at), "", ...texts.slice(at)];
  return (root === "@" ? "\0" : root) + parts.join("/");
}

/** What follows the directory of a template, with its first slash, as it stands in a rewritten name: like a literal of a template. */
export function restForm(rest: string): string {
  return rest.replaceAll(OPEN, "{{");
}

export function hasHole(component: Component): boolean {
  return component.some((piece) => typeof piece !== "string");
}

function isPath(piece: Piece): boolean {
  return typeof piece !== "string" && piece.type === "path";
}

function printComponent(component: Component): string {
  return component.map(printPiece).join("");
}

function printPiece(piece: Piece): string {
  if (typeof piece === "string") return piece.replaceAll(OPEN, "{{");
  return piece.size === undefined ? `{${piece.type}}` : `{${piece.type}:${piece.size}}`;
}

type Refuse = (why: string) => ModelError;

function parseComponent(text: string, refuse: Refuse): Component {
  const pieces: Piece[] = [];
  let at = 0;
  while (at < text.length) {
    if (text[at] === OPEN && text[at + 1] !== OPEN) {
      const end = text.indexOf("}", at);
      if (end < 0) throw refuse("a { is not closed; write {{ for the character itself");
      pieces.push(parseHole(text.slice(at + 1, end), refuse));
      at = end + 1;
    } else {
      const end = literalEnd(text, at);
      pieces.push(text.slice(at, end).replaceAll("{{", OPEN));
      at = end;
    }
  }
  if (pieces.length > MAX_TEMPLATE_PIECES)
    throw refuse(`a component has more than ${MAX_TEMPLATE_PIECES} pieces`);
  checkPieces(pieces, refuse);
  return pieces;
}

/** Where the literal that begins at `at` ends: before a single brace, or with the text. */
function literalEnd(text: string, at: number): number {
  let end = at;
  while (end < text.length) {
    if (text[end] !== OPEN) end += 1;
    else if (text[end + 1] === OPEN) end += 2;
    else break;
  }
  return end;
}

function parseHole(text: string, refuse: Refuse): Hole {
  const shown = quote(`{${text}}`);
  const colon = text.indexOf(":");
  const type = colon < 0 ? text : text.slice(0, colon);
  if (!isHoleType(type)) {
    throw refuse(
      `${shown} is no hole: there are {pid} {n} {hex} {hex:K} {uuid} {tmp} {id:K} {time} {name} {path}; write {{ for the character {`,
    );
  }
  if (colon < 0) {
    if (type === "id") throw refuse(`${shown} needs a length, as {id:22}`);
    return { type };
  }
  return { type, size: sizeOf(text.slice(colon + 1), { type, shown, refuse }) };
}

interface SizePlace {
  readonly type: HoleType;
  readonly shown: string;
  readonly refuse: Refuse;
}

function sizeOf(text: string, { type, shown, refuse }: SizePlace): number {
  if (!isSized(type)) throw refuse(`${shown}: {${type}} has no length`);
  const size = /^[1-9][0-9]{0,3}$/.test(text) ? Number(text) : 0;
  if (size < 1 || size > MAX_HOLE_CHARS)
    throw refuse(`the length in ${shown} is not a number from 1 to ${MAX_HOLE_CHARS}`);
  return size;
}

/** Each hole must end where its own characters end, so that there is one way to match. */
function checkPieces(pieces: readonly Piece[], refuse: Refuse): void {
  for (const [i, piece] of pieces.entries()) {
    if (typeof piece === "string") continue;
    const next = pieces[i + 1];
    const why = followsBadly(piece, next);
    if (why !== undefined) throw refuse(why);
    if (piece.type === "path" && pieces.length > 1)
      throw refuse("{path} stands for whole components");
  }
}
