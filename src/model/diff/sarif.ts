// SPDX-License-Identifier: Apache-2.0
// A comparison as SARIF 2.1.0, the form in which services that show pull requests take findings:
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
import { describeRule } from "../rules/rule-words.ts";
import type { ProgramChanges } from "./changes.ts";
import type { ModelComparison } from "./compare-models.ts";
import { BEHAVIOUR_KINDS, KIND_WORDS } from "./kinds.ts";
import type { Risk } from "./risk.ts";

/** GitHub takes at most this many results of one run. */
export const MAX_SARIF_RESULTS = 5_000;

/** What the file says besides the comparison. */
export interface SarifContext {
  readonly version: string;
  /** Names of the two models, made fit to be shown. */
  readonly a: string;
  readonly b: string;
  /** Where the second model lies, as a URI reference (RFC 3986); results point there. */
  readonly uri: string;
  /** Line of a text in that file, from 1; undefined when it is not there. */
  lineOf(text: string): number | undefined;
}

interface Result {
  readonly rule: string;
  readonly level: Risk;
  readonly text: string;
  readonly fingerprint: string;
  /** What stands in the second model's file. */
  readonly at?: string;
  readonly chain?: readonly string[];
  readonly properties?: Readonly<Record<string, unknown>>;
}

/** One entry for every rule id that a result may have, in the order of `ruleIndex`. */
const RULES: readonly { readonly id: string; readonly text: string; readonly level: Risk }[] = [
  ...BEHAVIOUR_KINDS.map((kind) => ({
    id: `behaviour-added/${kind}`,
    text: `The workload may do more: ${KIND_WORDS[kind]}.`,
    level: "warning" as const,
  })),
  ...BEHAVIOUR_KINDS.map((kind) => ({
    id: `behaviour-changed/${kind}`,
    text: `The workload may do something otherwise: ${KIND_WORDS[kind]}.`,
    level: "warning" as const,
  })),
  ...BEHAVIOUR_KINDS.map((kind) => ({
    id: `behaviour-removed/${kind}`,
    text: `The workload may do less: ${KIND_WORDS[kind]}.`,
    level: "note" as const,
  })),
  { id: "content-changed", text: "A file that counts has new content.", level: "note" },
  { id: "behaviour-unnamed", text: "Behaviours that no record names.", level: "warning" },
  { id: "rule-changed", text: "What counts as the same behaviour has changed.", level: "warning" },
  { id: "terms-changed", text: "The terms of the models differ.", level: "warning" },
];

/** The log of a comparison, to be written as JSON. */
export function sarifOf(
  comparison: ModelComparison,
  context: SarifContext,
): Readonly<Record<string, unknown>> {
  const results = resultsOf(comparison);
  const left = results.length - MAX_SARIF_RESULTS;
  const notifications =
    left <= 0
      ? []
      : [{ level: "warning", message: { text: `${left} more differences were left out` } }];
  return {
    $schema:
      "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "galgo",
            semanticVersion: context.version,
            rules: RULES.map(({ id, text, level }) => ({
              id,
              shortDescription: { text },
              defaultConfiguration: { level },
            })),
          },
        },
        automationDetails: { id: `galgo-model-diff/${encodeURIComponent(context.b)}/` },
        columnKind: "utf16CodeUnits",
        invocations: [{ executionSuccessful: true, toolExecutionNotifications: notifications }],
        results: results.slice(0, MAX_SARIF_RESULTS).map((result) => resultJson(result, context)),
      },
    ],
  };
}

/** Most serious first, so that a limit cuts off what matters least. */
function resultsOf(comparison: ModelComparison): readonly Result[] {
  const { behaviours } = comparison;
  const all = [
    ...behaviours.programs.flatMap(programResults),
    ...behaviours.contents.map(
      ({ path, use, behaviours: count }): Result => ({
        rule: "content-changed",
        level: use === "file" ? "note" : "warning",
        text: `new content of ${use === "file" ? "file" : use} ${JSON.stringify(path)}`,
        fingerprint: `content ${path}`,
        properties: { use, behaviours: count },
      }),
    ),
    ...unnamedResults(behaviours.unnamed),
    ...termResults(comparison),
  ];
  const levels: readonly Risk[] = ["error", "warning", "note"];
  return levels.flatMap((level) => all.filter((result) => result.level === level));
}

function programResults({ chain, status, added, removed, altered }: ProgramChanges): Result[] {
  const who = JSON.stringify(chain.at(-1) ?? "the first program");
  return [
    ...added.map(({ kind, words, risk, coefficients, tests }): Result => {
      const [point = ""] = coefficients;
      const properties = { change: "added", kind, program: status, tests, coefficients };
      const text = `${who} now ${words}`;
      const rule = `behaviour-added/${kind}`;
      return { rule, level: risk, text, fingerprint: point, at: point, chain, properties };
    }),
    ...altered.map(({ kind, words, risk, before, after, tests, differs }): Result => {
      const properties = { change: "changed", kind, program: status, tests, before, after };
      const fields = differs.map(({ field }) => field).join(", ");
      const text = `${who} ${words} with other ${fields}`;
      const rule = `behaviour-changed/${kind}`;
      const level = risk === "error" ? "warning" : risk;
      return { rule, level, text, fingerprint: after, at: after, chain, properties };
    }),
    ...removed.map(({ kind, words, coefficients, tests }): Result => {
      const [point = ""] = coefficients;
      const properties = { change: "removed", kind, program: status, tests, coefficients };
      const text = `${who} no longer ${words}`;
      const rule = `behaviour-removed/${kind}`;
      return { rule, level: "note", text, fingerprint: point, chain, properties };
    }),
  ];
}

function unnamedResults({ a, b }: ModelComparison["behaviours"]["unnamed"]): Result[] {
  const result = (points: readonly string[], change: string, level: Risk): Result[] => {
    const [first] = points;
    if (first === undefined) return [];
    const text = `${points.length} behaviours ${change} that no record names`;
    const properties = { change, coefficients: points.slice(0, MAX_SARIF_RESULTS) };
    return [{ rule: "behaviour-unnamed", level, text, fingerprint: first, properties }];
  };
  const [added] = result(b, "added", "error");
  return [
    ...(added === undefined ? [] : [{ ...added, at: b[0] ?? "" }]),
    ...result(a, "removed", "note"),
  ];
}

function termResults({ rules, terms }: ModelComparison): Result[] {
  const rule = (change: string, text: string): Result => ({
    rule: "rule-changed",
    level: "warning",
    text: `rule ${change}: ${text}`,
    fingerprint: `rule ${change} ${text}`,
  });
  return [
    ...rules.added.map((spec) => rule("added", describeRule(spec))),
    ...rules.removed.map((spec) => rule("removed", describeRule(spec))),
    ...terms.map(
      ({ what, a, b }): Result => ({
        rule: "terms-changed",
        level: "warning",
        text: `${what}: ${a} -> ${b}`,
        fingerprint: `terms ${what}`,
      }),
    ),
  ];
}

function resultJson(
  { rule, level, text, fingerprint, at, chain, properties }: Result,
  { uri, lineOf }: SarifContext,
): Readonly<Record<string, unknown>> {
  const startLine = (at === undefined ? undefined : lineOf(at)) ?? 1;
  return {
    ruleId: rule,
    ruleIndex: RULES.findIndex(({ id }) => id === rule),
    level,
    message: { text },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri }, region: { startLine } },
        ...(chain === undefined || chain.length === 0
          ? {}
          : { logicalLocations: [{ fullyQualifiedName: chain.join(" > "), kind: "module" }] }),
      },
    ],
    partialFingerprints: { "galgoBehaviour/v1": fingerprint },
    ...(properties === undefined ? {} : { properties }),
  };
}
