// SPDX-License-Identifier: Apache-2.0
// The shape of a model file: one schema, used to check files and to publish docs/reference/workload-model.schema.json.
import * as z from "zod/mini";
import { quote } from "../../base/quote.ts";
import { HOOK_NAMES } from "../../event/index.ts";
import { completenessSchema } from "../completeness/completeness-schema.ts";
import { DIGEST_NAMES } from "../hasher.ts";
import {
  MAX_AMENDMENTS,
  MAX_EVIDENCE_RUNS,
  MAX_EVIDENCE_VALUES,
  MAX_NAME_CHARS,
  MAX_PATH_CHARS,
  MAX_POINTS,
  MAX_PSEUDONYMS,
  MAX_RULES,
  MAX_WORD_CHARS,
} from "../limits.ts";
import { MAPPING_NAMES } from "../mapping-names.ts";
import type { WorkloadSequences } from "../learning/sequences.ts";
import { MAX_ALARMS_PER_DAY, MAX_GRAMS_CHARS, MAX_ORDER, MAX_SYMBOLS } from "../sequence/limits.ts";
import { QUANTILE_STEPS } from "../sequence/tail.ts";
import { ADDRESS_USES, PLAIN_RULES, type RuleSpec } from "../rules/rules.ts";
import { API_VERSION, MODEL_KIND, MODEL_SENSORS, type WorkloadModel } from "./workload-model.ts";

const digest = z.string().check(z.regex(/^(?:[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$/));
const count = z.int().check(z.nonnegative());
const name = z.string().check(z.regex(/^[A-Za-z0-9._-]+$/), z.maxLength(MAX_NAME_CHARS));
const word = z.string().check(z.minLength(1), z.maxLength(MAX_WORD_CHARS));

function ruleSchema(): z.ZodMiniType<RuleSpec> {
  const plainRules = z.strictObject({
    rule: z.enum(PLAIN_RULES),
  });
  const path = z.string().check(z.minLength(1), z.maxLength(MAX_PATH_CHARS));
  const port = z.int().check(z.gte(0), z.lte(65_535));
  const use = z.enum(ADDRESS_USES);
  const runId = z.string().check(z.regex(/^[0-9a-f]{16}$/));
  const grounds = {
    evidence: z.exactOptional(
      z.strictObject({
        runs: z.array(runId).check(z.minLength(1), z.maxLength(MAX_EVIDENCE_RUNS)),
        distinct: count,
        values: z
          .array(z.string().check(z.maxLength(MAX_PATH_CHARS)))
          .check(z.maxLength(MAX_EVIDENCE_VALUES)),
      }),
    ),
    asked: z.exactOptional(z.literal(true)),
  };
  return z.discriminatedUnion("rule", [
    plainRules,
    z.strictObject({ rule: z.literal("path-template"), template: path, ...grounds }),
    z.strictObject({ rule: z.literal("no-digest"), path, ...grounds }),
    z.strictObject({ rule: z.literal("found-or-made"), path, ...grounds }),
    z.strictObject({ rule: z.literal("no-program-digest"), path, ...grounds }),
    z.strictObject({
      rule: z.literal("port-class"),
      program: path,
      use,
      from: port,
      to: port,
      ...grounds,
    }),
    z.strictObject({
      rule: z.literal("host-class"),
      program: path,
      use,
      network: word,
      ...grounds,
    }),
    z.strictObject({
      rule: z.literal("value-class"),
      program: path,
      hook: z.enum(HOOK_NAMES),
      syscall: z.exactOptional(word),
      member: z
        .string()
        .check(
          z.regex(/^[a-zA-Z][a-zA-Z0-9]*(?:\.(?:0|[1-9][0-9]?))?$/),
          z.maxLength(MAX_NAME_CHARS),
        ),
      ...grounds,
    }),
  ]);
}

function sequencesSchema(): z.ZodMiniType<WorkloadSequences> {
  const number = z.number();
  const distribution = z.strictObject({
    quantiles: z.array(number).check(z.length(QUANTILE_STEPS + 1)),
    tail: number.check(z.positive()),
    above: z.int().check(z.gte(1)),
  });
  const model = z.strictObject({
    order: z.int().check(z.gte(1), z.lte(MAX_ORDER)),
    names: z.array(digest).check(z.minLength(1), z.maxLength(MAX_SYMBOLS)),
    grams: z.string().check(z.regex(/^[A-Za-z0-9+/]*={0,2}$/), z.maxLength(MAX_GRAMS_CHARS)),
    calibration: z.strictObject({
      highest: z.array(distribution).check(z.length(2)),
      verdict: distribution,
      alarm: distribution,
      combined: distribution,
      short: distribution,
      long: distribution,
      traces: count,
      blocks: count,
      durationMs: count,
    }),
    learned: z.strictObject({ traces: count, events: count, leftOut: count, rareNames: count }),
  });
  return z.strictObject({
    alarmsPerDay: number.check(z.positive(), z.lte(MAX_ALARMS_PER_DAY)),
    process: model,
    workload: model,
  });
}

function modelSchema(): z.ZodMiniType<WorkloadModel> {
  const words = z.array(word).check(z.maxLength(1000));
  const hooks = z.array(z.enum(HOOK_NAMES)).check(z.maxLength(HOOK_NAMES.length));
  return z.strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal(MODEL_KIND),
    metadata: z.strictObject({ name }),
    spec: z.strictObject({
      mapping: z.enum(MAPPING_NAMES),
      digest: z.enum(DIGEST_NAMES),
      profile: z.strictObject({ name, rules: z.array(ruleSchema()).check(z.maxLength(MAX_RULES)) }),
      aggregate: digest,
      base: z.exactOptional(digest),
      sealed: z.boolean(),
      fidelity: z.strictObject({
        sensor: z.enum(MODEL_SENSORS),
        sees: hooks,
        holds: hooks,
        absent: words,
        features: words,
      }),
      pseudonyms: z.array(digest).check(z.maxLength(MAX_PSEUDONYMS)),
      points: z.array(digest).check(z.maxLength(MAX_POINTS)),
      completeness: completenessSchema(),
      amended: z.exactOptional(
        z.strictObject({ points: count, from: z.array(digest).check(z.maxLength(MAX_AMENDMENTS)) }),
      ),
      promoted: z.exactOptional(
        z.strictObject({
          model: digest,
          sensor: z.enum(MODEL_SENSORS),
          runs: count,
          events: count,
          behaviours: count,
        }),
      ),
      sequences: z.exactOptional(sequencesSchema()),
      state: digest,
    }),
  });
}

/** Made when it is asked for: most starts of Galgo read no model. */
let made: z.ZodMiniType<WorkloadModel> | undefined;

function schema(): z.ZodMiniType<WorkloadModel> {
  made ??= modelSchema();
  return made;
}

/** Faults of the shape, each with its place; empty when `value` is a WorkloadModel by its shape. */
export function shapeFaults(value: unknown): readonly string[] {
  const result = schema().safeParse(value);
  if (result.success) return [];
  return result.error.issues.map((issue) => faultOf(issue, value));
}

type Issue = z.core.$ZodIssue;

function faultOf(issue: Issue, value: unknown): string {
  const place = placeOf(issue.path);
  if (issue.code === "unrecognized_keys") {
    const keys = issue.keys.slice(0, 5).map((key) => placeOf([...issue.path, key]));
    return `${keys.join(", ")} is not known`;
  }
  if (valueAt(value, issue.path) === undefined) return `${place} is missing`;
  return `${place} ${problemOf(issue)}`;
}

function problemOf(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${issue.expected === "int" ? "a whole number" : issue.expected}`;
    case "invalid_value":
      return `must be ${issue.values.map(String).join(" or ")}`;
    case "invalid_union":
      return "is not a rule of this version";
    case "invalid_format":
      return `must match ${String(issue.pattern ?? issue.format)}`;
    case "too_big":
      return `must not exceed ${issue.maximum}`;
    case "too_small":
      return `must be at least ${issue.minimum}`;
    default:
      return "is wrong";
  }
}

function placeOf(path: readonly PropertyKey[]): string {
  const place = path.map((part) =>
    typeof part === "number" ? `[${part}]` : `.${quote(String(part), 60)}`,
  );
  return path.length === 0 ? "(top)" : place.join("").replace(/^\./, "");
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at: unknown = value;
  for (const part of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = (at as Readonly<Record<PropertyKey, unknown>>)[part];
  }
  return at;
}

/** The JSON Schema (draft 2020-12) of a model file. Lengths of digests, order and the state value are checked beyond it. */
export function workloadModelJsonSchema(): Readonly<Record<string, unknown>> {
  return {
    $id: "https://galgo.dev/schema/v1/workload-model.schema.json",
    title: "Galgo WorkloadModel",
    description:
      "What a workload may do: security state coefficients and the rules they were made with.",
    ...z.toJSONSchema(schema()),
  };
}
