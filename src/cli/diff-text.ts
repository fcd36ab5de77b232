// SPDX-License-Identifier: Apache-2.0
// A comparison of two models for people: a changelog of what the workload does, by program and kind.
import { quote } from "../base/quote.ts";
import {
  BEHAVIOUR_KINDS,
  type BehaviourKind,
  type Change,
  type ContentChange,
  KIND_WORDS,
  type ModelComparison,
  type ProgramChanges,
} from "../model/diff/index.ts";
import { describeRule } from "../model/index.ts";
import { plainDifference } from "../orchestrator/inspect/index.ts";
import { type Folded, foldChanges, foldPrograms } from "./diff-fold.ts";
import { count, type Painter, plural } from "./render.ts";
import { chainText } from "./violation-text.ts";

/** Lines of one kind and program that are shown unless everything is wanted. */
export const MAX_SHOWN = 12;

/** A line of a comparison, before it is painted or put into markdown. */
export interface DiffLine {
  /** Heading of a part, of a program, of a kind; a change; what remains unshown. */
  readonly is: "part" | "program" | "kind" | "change" | "more";
  readonly sign?: "+" | "-" | "~";
  readonly text: string;
}

/** All lines; `all`: without a limit for each kind. */
export function diffLines(comparison: ModelComparison, all: boolean): readonly DiffLine[] {
  const { behaviours, rules, terms, learning } = comparison;
  const part = (text: string, lines: readonly DiffLine[]): readonly DiffLine[] =>
    lines.length === 0 ? [] : [{ is: "part", text }, ...lines];
  return [
    ...part("New content", [
      ...limited(behaviours.contents.map(contentLine), all),
      ...onceMoreLine("-", behaviours.alsoWithOtherContents.a, "that stay with other contents"),
      ...onceMoreLine("+", behaviours.alsoWithOtherContents.b, "of before, also with new contents"),
    ]),
    ...(all ? behaviours.programs : foldPrograms(behaviours.programs)).flatMap((program) =>
      programLines(program, all),
    ),
    ...part("Behaviours that no record names", [
      ...unnamedLine("-", behaviours.unnamed.a),
      ...unnamedLine("+", behaviours.unnamed.b),
    ]),
    ...part("What counts as the same", [
      ...rules.removed.map((rule) => changeLine("-", describeRule(rule))),
      ...rules.added.map((rule) => changeLine("+", describeRule(rule))),
    ]),
    ...part("Terms", terms.map(differenceLine)),
    ...part("How it was learned", learning.map(differenceLine)),
  ];
}

function changeLine(sign: "+" | "-" | "~", text: string): DiffLine {
  return { is: "change", sign, text };
}

function differenceLine({ what, a, b }: { what: string; a: string; b: string }): DiffLine {
  return changeLine("~", `${what}: ${a} -> ${b}`);
}

function limited(lines: readonly DiffLine[], all: boolean): readonly DiffLine[] {
  if (all || lines.length <= MAX_SHOWN) return lines;
  const more = lines.length - MAX_SHOWN + 1;
  return [
    ...lines.slice(0, MAX_SHOWN - 1),
    { is: "more", text: `and ${count(more)} more (--all shows them)` },
  ];
}

const USE_WORDS: Readonly<Record<ContentChange["use"], string>> = {
  program: "program ",
  code: "code ",
  file: "",
};

function contentLine({ path, use, behaviours }: ContentChange): DiffLine {
  const same = behaviours === 0 ? "" : ` (${plural(behaviours, "behaviour")} the same otherwise)`;
  return changeLine("~", `${USE_WORDS[use]}${quote(path)}${same}`);
}

function onceMoreLine(sign: "+" | "-", points: number, what: string): readonly DiffLine[] {
  return points === 0 ? [] : [changeLine(sign, `${plural(points, "behaviour")} ${what}`)];
}

function unnamedLine(sign: "+" | "-", points: readonly string[]): readonly DiffLine[] {
  if (points.length === 0) return [];
  const [first = ""] = points;
  return [
    changeLine(
      sign,
      points.length === 1 ? first : `${plural(points.length, "behaviour")}: ${first}, ...`,
    ),
  ];
}

function programLines(
  program: ProgramChanges & { readonly ways?: number },
  all: boolean,
): readonly DiffLine[] {
  const { chain, ways = 1 } = program;
  // of a program that does the same in many places the name is enough
  const name = chainText(ways === 1 ? chain : chain.slice(-1));
  const lines: DiffLine[] = [
    {
      is: "program",
      text: chain.length === 0 ? "Before the first program" : `${name}${statusText(program, ways)}`,
    },
  ];
  for (const kind of BEHAVIOUR_KINDS) {
    const changes = kindLines(program, kind, all);
    if (changes.length > 0)
      lines.push({ is: "kind", text: KIND_WORDS[kind] }, ...limited(changes, all));
  }
  return lines;
}

function statusText({ status }: ProgramChanges, ways: number): string {
  if (status === "kept") return "";
  const started = ways === 1 ? "" : `, started in ${count(ways)} ways`;
  return `  (${status === "new" ? "new program" : "gone"}${started})`;
}

function kindLines(
  { added, removed, altered, status }: ProgramChanges,
  kind: BehaviourKind,
  all: boolean,
): readonly DiffLine[] {
  const of = (changes: readonly Change[], sign: "+" | "-"): DiffLine[] => {
    const some = changes.filter((change) => change.kind === kind);
    const shown = all ? some : foldChanges(some, status !== "kept");
    return shown.map((change) => behaviourLine(change, sign));
  };
  return [
    ...of(added, "+"),
    ...altered
      .filter((change) => change.kind === kind)
      .map(({ words, differs }) => {
        const fields = differs
          .map((difference) => plainDifference(difference, { programOf: () => undefined }))
          .map(({ field, expected, got }) => `${field} ${expected} -> ${got}`);
        return changeLine("~", `${words}: ${fields.join(", ") || "another program started it"}`);
      }),
    ...of(removed, "-"),
  ];
}

/** A change as a line: how many behaviours read like this, and which tests showed them. */
export function behaviourLine({ words, coefficients, tests }: Folded, sign: "+" | "-"): DiffLine {
  const times = coefficients.length === 1 ? "" : ` (${coefficients.length} variants)`;
  const shown = tests.slice(0, 3).map((test) => quote(test, 60));
  const more = tests.length > shown.length ? ", ..." : "";
  const by = tests.length === 0 ? "" : `  [${shown.join(", ")}${more}]`;
  return changeLine(sign, `${words}${times}${by}`);
}

const INDENT = { part: "", program: "", kind: "  ", change: "    ", more: "    " } as const;

/** Lines for a terminal. */
export function linesText(lines: readonly DiffLine[], paint: Painter): string {
  const colors = { "+": paint.green, "-": paint.red, "~": paint.yellow } as const;
  return lines
    .map(({ is, sign, text }, i) => {
      const head = is === "part" || is === "program";
      const before = head && i > 0 ? "\n" : "";
      const body = sign === undefined ? text : colors[sign](`${sign} ${text}`);
      return `${before}${INDENT[is]}${head ? paint.bold(body) : is === "kind" ? paint.dim(body) : body}`;
    })
    .join("\n");
}

/** Lines for a comment on a pull request. */
export function linesMarkdown(lines: readonly DiffLine[]): string {
  const blocks: string[] = [];
  for (const [i, line] of lines.entries()) {
    const [heading, wasHeading] = [isHeading(line), i === 0 || isHeading(lines[i - 1])];
    if (heading) blocks.push(...(wasHeading ? [] : [FENCE]), "", `### ${headingText(line)}`, "");
    else blocks.push(...(wasHeading ? [`${FENCE}diff`] : []), diffText(line));
  }
  if (!isHeading(lines.at(-1))) blocks.push(FENCE);
  return blocks.join("\n");
}

const FENCE = "```";

function isHeading(line: DiffLine | undefined): boolean {
  return line === undefined || line.is === "part" || line.is === "program";
}

function headingText({ is, text }: DiffLine): string {
  return is === "program" ? code(text) : text;
}

/** A line of a block that is coloured as a diff; "!" is what marks a changed line there. */
function diffText({ is, sign, text }: DiffLine): string {
  const mark = is === "kind" ? "# " : sign === "~" ? "! " : sign === undefined ? "  " : `${sign} `;
  return `${mark}${text.replaceAll("`", "'")}`;
}

function code(text: string): string {
  return `\`${text.replaceAll("`", "'")}\``;
}

/** "3 behaviours more, 1 less, 2 otherwise; ...": everything in one line. */
export function summaryText(comparison: ModelComparison): string {
  const { behaviours, common, rules, terms } = comparison;
  if (comparison.same) return `the same: ${plural(common, "behaviour")}`;
  const points = (changes: readonly Change[]): number =>
    changes.reduce((sum, { coefficients }) => sum + coefficients.length, 0);
  const sum = (of: (program: ProgramChanges) => number): number =>
    behaviours.programs.reduce((total, program) => total + of(program), 0);
  const { unnamed, alsoWithOtherContents: again } = behaviours;
  const added = sum((program) => points(program.added)) + unnamed.b.length + again.b;
  const removed = sum((program) => points(program.removed)) + unnamed.a.length + again.a;
  const altered = sum((program) => program.altered.length);
  const parts = [
    `${plural(added, "behaviour")} more`,
    `${count(removed)} less`,
    ...(altered === 0 ? [] : [`${count(altered)} otherwise`]),
    ...(behaviours.contents.length === 0
      ? []
      : [`new content of ${plural(behaviours.contents.length, "file")}`]),
    ...(rules.added.length + rules.removed.length === 0
      ? []
      : [`${plural(rules.added.length + rules.removed.length, "rule")} changed`]),
    ...(terms.length === 0 ? [] : [`${plural(terms.length, "term")} changed`]),
  ];
  return `${parts.join(", ")}; ${count(common + behaviours.sameButContents)} the same`;
}
