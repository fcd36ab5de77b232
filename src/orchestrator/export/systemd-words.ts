// SPDX-License-Identifier: Apache-2.0
// The syntax of unit files, and what their parts are made from.
import type { Behaviour } from "../disclosed/disclose.ts";
import type { RuleSpec } from "../../model/index.ts";
import type { CallUse } from "./calls.ts";
import type { NetworkUse } from "./network.ts";
import type { PlaceRights } from "./rights.ts";

/** Name and value; the name "#" is a comment. */
export type Directive = readonly [name: string, value: string];

/** What a unit is made from. */
export interface UnitParts {
  readonly name: string;
  /** State of the model. */
  readonly model: string;
  readonly behaviours: readonly Behaviour[];
  readonly rules: readonly RuleSpec[];
  /** Capabilities were seen being used, not only being had. */
  readonly seesCapabilities: boolean;
  readonly calls: readonly CallUse[];
  readonly rights: readonly PlaceRights[];
  readonly network: NetworkUse;
}

export function directiveLines(directives: readonly Directive[]): string[] {
  return directives.map(([name, value]) => (name === "#" ? `# ${value}` : `${name}=${value}`));
}

/** Words in lines of at most `count`. */
export function words(list: readonly string[], count: number): string[] {
  const lines: string[] = [];
  for (let at = 0; at < list.length; at += count) lines.push(list.slice(at, at + count).join(" "));
  return lines;
}

/** A path as a word of a list; undefined: unit files can not hold it. */
export function pathWord(path: string): string | undefined {
  if (/[\p{Cc}\p{Cs}"'\\]/u.test(path)) return undefined;
  const plain = path.replaceAll("%", "%%");
  return /\s/u.test(plain) ? `"${plain}"` : plain;
}
