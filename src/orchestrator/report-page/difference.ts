// SPDX-License-Identifier: Apache-2.0
// How the reported model differs from another one, as `galgo model diff` puts it together.
import { quote } from "../../base/quote.ts";
import {
  type Alteration,
  type Change,
  compareModels,
  type ModelComparison,
  type ProgramChanges,
} from "../../model/diff/index.ts";
import { describeRule } from "../../model/index.ts";
import type { WorkloadModel } from "../../model/index.ts";
import type { ReportChange, ReportDiff, ReportProgramChanges } from "../../model/report/data.ts";
import { reportKind } from "../../model/report/index.ts";
import { nodeHasher } from "../../tma/index.ts";
import { recordsBeside } from "../models/diff-files.ts";
import { plainDifference } from "../explain/plain-difference.ts";
import { MAX_REPORT_DIFFERENCES } from "./limits.ts";

/** A model and the file that it was read from; its records lie beside it. */
export interface ModelFile {
  readonly model: WorkloadModel;
  readonly file: string;
}

/** `here` as what became of `other`. What is missing for it is said in `notices`. @throws RecordFileError */
export function differenceOf(here: ModelFile, other: ModelFile, notices: string[]): ReportDiff {
  const [was, is] = [other, here].map(({ model, file }) => ({
    model,
    records: recordsBeside(file, notices),
  }));
  if (was === undefined || is === undefined) throw new Error("two models are compared");
  const comparison = compareModels(was, is, nodeHasher);
  const { behaviours, terms, learning, rules, common } = comparison;
  const { alsoWithOtherContents: again } = behaviours;
  const { shown, left } = limited(behaviours.programs.map(programChanges));
  return {
    other: quote(other.model.metadata.name),
    file: quote(other.file),
    terms: [...terms, ...learning].map(({ what, a, b }) => ({ what, was: a, is: b })),
    rules: rulesOf(rules),
    contents: behaviours.contents.map(({ path, use, behaviours: same }) => ({
      path: quote(path),
      use,
      behaviours: same,
    })),
    common,
    sameButContents: behaviours.sameButContents + again.a + again.b,
    programs: shown,
    unnamed: [behaviours.unnamed.a.length, behaviours.unnamed.b.length],
    left,
  };
}

function rulesOf({ removed, added }: ModelComparison["rules"]): ReportDiff["rules"] {
  return [
    ...removed.map((rule) => ({ sign: "-" as const, words: describeRule(rule) })),
    ...added.map((rule) => ({ sign: "+" as const, words: describeRule(rule) })),
  ];
}

function programChanges({ chain, status, added, removed, altered }: ProgramChanges) {
  const changes: ReportProgramChanges = {
    chain: chain.map((name) => quote(name)),
    status,
    changes: [
      ...added.map((change) => changeOf("+", change)),
      ...altered.map(alterationOf),
      ...removed.map((change) => changeOf("-", change)),
    ],
  };
  return changes;
}

function changeOf(sign: "+" | "-", { words, risk, coefficients, example }: Change): ReportChange {
  const size = coefficients.length;
  return { sign, kind: reportKind(example), words, risk, size, differs: [] };
}

function alterationOf({ words, risk, example, differs }: Alteration): ReportChange {
  const nobody = { programOf: () => undefined };
  return {
    ...{ sign: "~", kind: reportKind(example), words, risk, size: 1 },
    differs: differs.map((difference) => plainDifference(difference, nobody)),
  };
}

/** As many changes as are listed, and how many there are beyond. */
function limited(programs: readonly ReportProgramChanges[]) {
  const shown: ReportProgramChanges[] = [];
  let room = MAX_REPORT_DIFFERENCES;
  let left = 0;
  for (const program of programs) {
    const changes = program.changes.slice(0, room);
    room -= changes.length;
    left += program.changes.length - changes.length;
    if (changes.length > 0) shown.push({ ...program, changes });
  }
  return { shown, left };
}
