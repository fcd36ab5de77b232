// SPDX-License-Identifier: Apache-2.0
// Whether a rule that was found may be one.
import { ModelError } from "../errors.ts";
import type { OwnRule } from "../rules.ts";
import { parseTemplate } from "../template/template.ts";

/** Why a found rule may not be one; undefined when it may. */
export function tooWide(rule: OwnRule): string | undefined {
  try {
    if (rule.rule === "path-template") parseTemplate(rule.template);
    return undefined;
  } catch (error) {
    if (error instanceof ModelError) return error.message;
    throw error;
  }
}
