// SPDX-License-Identifier: Apache-2.0
// A page of docs/ whose blocks are tried.
import { readFileSync } from "node:fs";
import { GALGO } from "../cli/galgo.ts";

/** What stands in the blocks of a language, in their order. @param page `docs/NAME.md` */
export function blocksOf(page: string, language: string): readonly string[] {
  const text = readFileSync(page, "utf8");
  const found = [...text.matchAll(RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms"))];
  return found.map(([, block = ""]) => block);
}

/** The commands of a page as one script for sh, which ends at the first that fails; `galgo` is the one under test. */
export function scriptOf(page: string, ...more: readonly string[]): string {
  const words = GALGO.map((word) => `'${word}'`).join(" ");
  return [`galgo() { ${words} "$@"; }`, "set -eu", ...blocksOf(page, "sh"), ...more].join("\n");
}
