// SPDX-License-Identifier: Apache-2.0
// Which template acts on a name, and what of the name it rests on.
import { matchesTemplate, nameOf, type NameUser, rootOf } from "../../template/match.ts";
import { compareTemplates } from "../../template/order.ts";
import { parseTemplate, type Template } from "../../template/template.ts";

/** A template that acts on a name. */
export interface Acting {
  readonly text: string;
  /** The name, as far as the template reaches. */
  readonly value: string;
}

/** Templates in the order in which they act. */
export class ActingTemplates {
  readonly #templates: readonly { readonly text: string; readonly template: Template }[];

  constructor(texts: readonly string[]) {
    this.#templates = texts
      .map((text) => ({ text, template: parseTemplate(text) }))
      .sort((a, b) => compareTemplates(a.template, b.template));
  }

  /** The template that acts on a name, as the other rules leave it; undefined when none does. */
  on(name: string, user: NameUser): Acting | undefined {
    const found = this.#templates.find(({ template }) => matchesTemplate(template, name, user));
    if (found === undefined) return undefined;
    return { text: found.text, value: reach(name, found.template) };
  }
}

function reach(name: string, { components, below }: Template): string {
  if (below !== true) return name;
  const { spans } = nameOf(name, rootOf(name).length);
  return name.slice(0, spans[components.length - 1]?.end ?? name.length);
}
