// SPDX-License-Identifier: Apache-2.0
// Finds the imports of a TypeScript source by text. Formatted sources start every static import at column 0, which
// makes a parser unnecessary here; what stands in comments, strings and regular expressions does not count.

/** One import. `specifier` is undefined when it is computed. `thread` is a file named to be started or resolved. */
export interface ImportStatement {
  readonly kind: "static" | "dynamic" | "thread";
  readonly specifier: string | undefined;
  /** Removed by the compiler: `import type`, `export type`, `typeof import()`. */
  readonly typeOnly: boolean;
  /** From 1. */
  readonly line: number;
}

const STATIC =
  /^(?:import|export)\s+(?<type>type\s+(?!from\s))?(?:[^"'`;=()]*?\sfrom\s*)?["'](?<name>[^"'\n]+)["']/gm;
const DYNAMIC =
  /(?<type>typeof\s+)?\b(?:import|require)\(\s*(?:(?<quote>["'`])(?<name>[^"'`$\n]+)\k<quote>)?/g;
const THREAD = /\b(?:new URL|import\.meta\.resolve)\(\s*["'](?<name>\.[^"'\n]+\.ts)["']/g;

/** All imports of a source text, by kind. */
export function importsOf(text: string): readonly ImportStatement[] {
  const { code, isCode } = withoutComments(text);
  const found = (kind: ImportStatement["kind"], pattern: RegExp): readonly ImportStatement[] =>
    [...code.matchAll(pattern)]
      .filter((match) => isCode(match.index))
      .map((match) => ({
        kind,
        specifier: match.groups?.["name"],
        typeOnly: match.groups?.["type"] !== undefined,
        line: code.slice(0, match.index).split("\n").length,
      }));
  return [...found("static", STATIC), ...found("dynamic", DYNAMIC), ...found("thread", THREAD)];
}

const LITERAL = new RegExp(
  [
    /\/\/.*|\/\*[\s\S]*?\*\//.source,
    /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[\s\S]|[^`\\])*`/.source,
    // a slash after an operator or an opening bracket starts a regular expression
    /(?<=(?:[=(,:!&|?[;]|=>|return)\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//
      .source,
  ].join("|"),
  "g",
);

/** The text with comments blanked (same length), and whether an offset is outside of every literal. */
function withoutComments(text: string): { code: string; isCode: (at: number) => boolean } {
  const literals: (readonly [start: number, end: number])[] = [];
  const code = text.replace(LITERAL, (literal: string, at: number) => {
    literals.push([at, at + literal.length]);
    const isComment = literal.startsWith("//") || literal.startsWith("/*");
    return isComment ? literal.replace(/[^\n]/g, " ") : literal;
  });
  return { code, isCode: (at) => !literals.some(([start, end]) => at >= start && at < end) };
}
