// SPDX-License-Identifier: Apache-2.0
// A comparison of two models as JSON.
import type { ModelComparison } from "../model/diff/index.ts";
import type { WorkloadModel } from "../model/index.ts";

/** The stable form: docs/diff-and-amend.md lists its members. */
export function diffJson(
  comparison: ModelComparison,
  { a, b }: { readonly a: WorkloadModel; readonly b: WorkloadModel },
): unknown {
  const { same, common, behaviours, rules, terms, learning } = comparison;
  const side = ({ metadata, spec }: WorkloadModel) => ({
    name: metadata.name,
    behaviours: spec.points.length,
    state: spec.state,
  });
  const plain = <T extends { readonly example: unknown }>({ example: _, ...change }: T) => change;
  return {
    same,
    a: side(a),
    b: side(b),
    common,
    programs: behaviours.programs.map(({ added, removed, altered, ...program }) => ({
      ...program,
      added: added.map(plain),
      removed: removed.map(plain),
      changed: altered.map(plain),
    })),
    contents: behaviours.contents,
    sameButContents: behaviours.sameButContents,
    alsoWithOtherContents: behaviours.alsoWithOtherContents,
    unnamed: behaviours.unnamed,
    rules,
    terms,
    learning,
  };
}
