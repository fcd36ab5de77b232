// SPDX-License-Identifier: Apache-2.0
// How the reported model differs from another one, named as far as the records of both tell.
import { quote } from "../../base/quote.ts";
import { diffModels } from "../../model/index.ts";
import type { WorkloadModel } from "../../model/index.ts";
import type { DiffRow, ReportDiff } from "../../model/report/data.ts";
import { REPORT_KINDS, reportKind } from "../../model/report/index.ts";
import { type NamedBehaviour, nameBehaviours } from "../model-files.ts";
import { wordsOf } from "./behaviours.ts";
import type { Cast } from "./cast.ts";
import { MAX_REPORT_DIFFERENCES } from "./limits.ts";

/** A model and the file that it was read from; its records lie beside it. */
export interface ModelFile {
  readonly model: WorkloadModel;
  readonly file: string;
}

/** What `here` has that `other` lacks, and the other way round. */
export function differenceOf(here: ModelFile, other: ModelFile, cast: Cast): ReportDiff {
  const diff = diffModels(here.model, other.model);
  const mine = rowsOf(1, diff.onlyInA, nameBehaviours(here.model, here.file), cast);
  const theirs = rowsOf(-1, diff.onlyInB, nameBehaviours(other.model, other.file), cast);
  const rows = [...mine, ...theirs];
  return {
    other: quote(other.model.metadata.name),
    file: quote(other.file),
    terms: diff.differences.map(({ what, a, b }) => ({ what, here: a, other: b })),
    common: diff.common,
    rows: rows.slice(0, MAX_REPORT_DIFFERENCES),
    unnamed: [diff.onlyInA.length - mine.length, diff.onlyInB.length - theirs.length],
    left: Math.max(0, rows.length - MAX_REPORT_DIFFERENCES),
  };
}

function rowsOf(
  side: 1 | -1,
  points: readonly string[],
  names: ReadonlyMap<string, NamedBehaviour>,
  cast: Cast,
): DiffRow[] {
  return points.flatMap((point): DiffRow[] => {
    const named = names.get(point);
    if (named === undefined) return [];
    const { event, actors } = named;
    const actor = cast.actors[cast.actor(actors, event.task)];
    const kind = REPORT_KINDS.indexOf(reportKind(event));
    return [[side, actor?.program ?? 0, kind, wordsOf(event, actors)]];
  });
}
