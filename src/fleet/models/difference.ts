// SPDX-License-Identifier: Apache-2.0
// How a model differs from another one: its terms and rules, and behaviours in the words of the hosts that have told of them.
import { quote } from "../../base/quote.ts";
import { parseRecord } from "../../event/index.ts";
import { compareModels, type Risk, riskOf } from "../../model/diff/index.ts";
import { describeRule, type WorkloadModel } from "../../model/index.ts";
import type { ReportChange, ReportProgramChanges } from "../../model/report/data.ts";
import { REPORT_KINDS, reportKind } from "../../model/report/index.ts";
import type { ModelDiffAnswer } from "../../wire/api/index.ts";
import type { BehaviourItem } from "../../wire/link/index.ts";
import { pieces } from "../store/index.ts";
import { fleetHasher } from "./hasher.ts";
import { MAX_DIFFERENCES } from "./limits.ts";
import type { ModelDb } from "./tables.ts";

/** A model and its digest. */
export interface Compared {
  readonly digest: string;
  readonly model: WorkloadModel;
}

interface Said {
  readonly program: string;
  readonly change: Omit<ReportChange, "sign">;
}

const OTHER_KIND = REPORT_KINDS.length - 2;

/** `here` as what became of `other`. */
export async function modelDifference(
  db: ModelDb,
  here: Compared,
  other: Compared,
): Promise<ModelDiffAnswer> {
  const bare = (model: WorkloadModel) => ({ model, records: [] });
  const found = compareModels(bare(other.model), bare(here.model), fleetHasher);
  const { a: less, b: more } = found.behaviours.unnamed;
  const said = await wordsOf(db, [...less, ...more]);
  const programs = byProgram(less.slice(0, MAX_DIFFERENCES), more.slice(0, MAX_DIFFERENCES), said);
  const nameless = (all: readonly string[]) => all.filter((one) => !said.has(one));
  const [wasNameless, isNameless] = [nameless(less), nameless(more)];
  const over = (all: readonly string[]): number => Math.max(0, all.length - MAX_DIFFERENCES);
  return {
    other: other.digest,
    kinds: REPORT_KINDS,
    diff: {
      other: quote(other.model.metadata.name),
      file: other.digest,
      terms: [...found.terms, ...found.learning].map(({ what, a, b }) => ({ what, was: a, is: b })),
      rules: [
        ...found.rules.removed.map((rule) => ({ sign: "-" as const, words: describeRule(rule) })),
        ...found.rules.added.map((rule) => ({ sign: "+" as const, words: describeRule(rule) })),
      ],
      contents: [],
      common: found.common,
      sameButContents: 0,
      programs,
      unnamed: [wasNameless.length, isNameless.length],
      left: over(less) + over(more),
    },
    unnamed: {
      more: isNameless.slice(0, MAX_DIFFERENCES),
      less: wasNameless.slice(0, MAX_DIFFERENCES),
    },
  };
}

/** What hosts have said that coefficients stand for. */
async function wordsOf(
  db: ModelDb,
  coefficients: readonly string[],
): Promise<ReadonlyMap<string, Said>> {
  const said = new Map<string, Said>();
  for (const some of pieces(coefficients.slice(0, 2 * MAX_DIFFERENCES), 1)) {
    const rows = await db
      .selectFrom("behaviours")
      .select(["coefficient", "body"])
      .where("coefficient", "in", [...some])
      .execute();
    for (const { coefficient, body } of rows) said.set(coefficient, saidOf(body));
  }
  return said;
}

function saidOf(body: string): Said {
  const { words, program = "?", record } = JSON.parse(body) as BehaviourItem;
  const { kind, risk } = kindAndRisk(record);
  return { program, change: { kind, words: quote(words, 1_000), risk, size: 1, differs: [] } };
}

/** A record that can not be read says nothing of its kind; then it is better looked at. */
function kindAndRisk(record: string): { readonly kind: number; readonly risk: Risk } {
  try {
    const event = parseRecord(record);
    return { kind: reportKind(event), risk: riskOf(event) };
  } catch {
    return { kind: OTHER_KIND, risk: "warning" };
  }
}

function byProgram(
  less: readonly string[],
  more: readonly string[],
  said: ReadonlyMap<string, Said>,
): readonly ReportProgramChanges[] {
  const programs = new Map<string, ReportChange[]>();
  const add = (sign: "+" | "-", coefficients: readonly string[]): void => {
    for (const coefficient of coefficients) {
      const known = said.get(coefficient);
      if (known === undefined) continue;
      const changes = programs.get(known.program) ?? [];
      changes.push({ sign, ...known.change });
      programs.set(known.program, changes);
    }
  };
  add("+", more);
  add("-", less);
  return [...programs]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([program, changes]) => ({ chain: [quote(program)], status: "kept", changes }));
}
