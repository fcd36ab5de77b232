// SPDX-License-Identifier: Apache-2.0
// A result as rows of tables. Text of others is quoted.
import type { VerifyResult } from "../../attest/verify/index.ts";
import { quote } from "../../base/quote.ts";

type Row = readonly string[];

/** Who says it, and what. */
export function factRows({ evidence, signedBy, token, policy, platform }: VerifyResult): Row[] {
  const rows: Row[] = [
    ["token", `sha256:${token}`],
    ["policy", `sha256:${policy.digest}`],
  ];
  if (evidence === undefined) return rows;
  const { workload, model, state, measurement, counts, mode, sealed, orchestrator } = evidence;
  rows.push(
    ["workload", `${quote(workload.name)}, run ${quote(workload.id)}`],
    ["image", workload.image ?? "none"],
    ["model", model === undefined ? "none" : `${quote(model.name)}, sha256:${model.digest}`],
    ["state", state],
    ["measurement", measurement],
    ["mode", sealed ? `${mode}, sealed` : mode],
    ...Object.entries(counts).map(([name, value]) => [name, `${value}`]),
    ["made", new Date(evidence.issuedAt * 1_000).toISOString()],
    ["run began", new Date(evidence.started * 1_000).toISOString()],
    ["Galgo", `${quote(orchestrator.version)}, build ${orchestrator.buildDigest}`],
    ["platform", platform ?? "none"],
  );
  if (signedBy !== undefined) rows.push(["signed by", `${quote(signedBy.name)}, ${signedBy.id}`]);
  return rows;
}

/** Behaviours that are more or fewer than those of the reference, and how many there are of all. */
export function differenceRows({ difference }: VerifyResult): {
  readonly rows: Row[];
  readonly total: number;
} {
  if (difference === undefined) return { rows: [], total: 0 };
  const { added, missing, counts } = difference;
  const row = (sign: string) => (each: (typeof added)[number]) => [
    sign,
    each.words ?? "",
    each.coefficient,
  ];
  const rows = [...added.map(row("more")), ...missing.map(row("fewer"))];
  return { rows, total: counts.added + counts.missing };
}
